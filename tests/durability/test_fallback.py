"""Agents over their limits, through the command: several processes share what one of them met."""

from __future__ import annotations

import signal

from tests.durability.commands import Project, until


def up(project: Project, flow: str, run: str, *more: str) -> tuple[str, ...]:
    return ("up", f"fallback.py:{flow}", "--run-id", run, *more)


def test_the_next_agent_takes_over_and_later_runs_and_tasks_leave_the_first_alone(
    project: Project,
) -> None:
    (project.folder / "first.busy").write_text("3600")
    assert project.run(*up(project, "twice", "r1")).stdout.strip() == "by second"
    assert project.run(*up(project, "either", "r2")).stdout.strip() == "by second"
    assert project.ledger == ["first", "second", "second", "second"]
    attempts = project.tasks("r1")["work"]["attempts"]
    told = [(one["agent"], one["state"], one["skipped"]) for one in attempts]
    assert told == [("first", "failed", []), ("second", "succeeded", ["first-account"])]
    assert project.tasks("r2")["work"]["attempts"][0]["skipped"] == ["first-account"]


def test_a_run_that_goes_on_sees_what_another_process_met_meanwhile(project: Project) -> None:
    waiting = project.start(*up(project, "later", "r1"))
    until(lambda: project.is_running("gate"), "the gate")
    (project.folder / "first.busy").write_text("3600")
    assert project.run(*up(project, "either", "r2")).returncode == 0
    (project.folder / "first.busy").unlink()
    (project.folder / "open").touch()
    assert waiting.communicate(timeout=30)[0].strip() == "by second"
    assert project.ledger == ["first", "second", "second"]


def test_a_new_owner_after_a_kill_knows_who_cools_down(project: Project) -> None:
    (project.folder / "first.busy").write_text("3600")
    (project.folder / "second.slow").touch()
    process = project.start(*up(project, "either", "r1"))
    until(lambda: project.ledger == ["first", "second"], "the second agent")
    project.kill(process)
    (project.folder / "first.busy").unlink()
    (project.folder / "second.slow").unlink()
    assert project.run("resume", "r1").stdout.strip() == "by second"
    assert project.ledger == ["first", "second", "second"]


def test_all_busy_the_run_waits_wakes_alone_and_finishes(project: Project) -> None:
    for name in ("first", "second"):
        (project.folder / f"{name}.busy").write_text("4")
    process = project.start(*up(project, "either", "r1"))
    told: list[str] = []

    def is_told() -> bool:  # while it is busy, each wait is followed by another
        told.append(project.run("why", "r1").stdout)
        cools = [f"{name} is cooling down until" in told[-1] for name in ("first", "second")]
        return all(cools)

    until(is_told, "both cooldowns")
    assert "as reported" in told[-1]
    assert "too many requests" in told[-1]
    for name in ("first", "second"):
        (project.folder / f"{name}.busy").unlink()
    assert process.communicate(timeout=60)[0].strip() in ("by first", "by second")
    assert process.returncode == 0
    *refused, last = [one["state"] for one in project.tasks()["work"]["attempts"]]
    assert (set(refused), last) == ({"failed"}, "succeeded")


def test_a_run_that_waits_for_long_leaves_and_says_for_whom(project: Project) -> None:
    (project.folder / "first.busy").write_text("3600")
    (project.folder / "second.busy").touch()  # tells no time: our backoff
    done = project.run(*up(project, "either", "r1", "--linger", "0"))
    assert done.returncode == 3
    assert "second is cooling down until" in done.stderr
    (run,) = project.json("ps")["runs"]
    (wait,) = run["waiting_for"]
    cooling = {one["key"]: (one["agent"], one["told"]) for one in wait["cooling"]}
    assert wait["kind"] == "cooldown"
    assert cooling == {"first-account": ("first", True), "second-account": ("second", False)}
    assert wait["due"] == min(one["until"] for one in wait["cooling"])
    assert "first is cooling down, second is cooling down until" in project.run("ps").stdout
    assert "too many requests" in project.run("inspect", "r1").stdout
    assert project.run("resume", "r1", "--linger", "0").returncode == 3
    assert project.ledger == ["first", "second"], "nobody is asked before its time"


def test_a_stopped_run_that_lingers_for_a_cooldown_can_be_resumed(project: Project) -> None:
    for name in ("first", "second"):
        (project.folder / f"{name}.busy").write_text("3600")
    process = project.start(*up(project, "either", "r1", "--linger", "7200"))
    until(lambda: project.ledger == ["first", "second"], "both refusals")
    until(lambda: project.json("ps")["runs"][0]["waiting_for"], "the wait")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 143
    assert project.run("resume", "r1", "--linger", "0").returncode == 3
    assert project.ledger == ["first", "second"]


def test_why_names_who_was_passed_over_while_the_run_goes_on(project: Project) -> None:
    (project.folder / "first.busy").write_text("3600")
    (project.folder / "second.slow").touch()
    process = project.start(*up(project, "either", "r1"))
    until(lambda: project.ledger == ["first", "second"], "the second agent")
    why = project.run("why", "r1").stdout
    assert "(attempt 2, second)" in why
    assert "skipped: first is cooling down until" in why
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)


def test_without_an_agent_the_run_waits_and_says_what_to_do(project: Project) -> None:
    for name in ("first", "second"):
        (project.folder / f"{name}.gone").touch()
    done = project.run(*up(project, "either", "r1"))
    assert done.returncode == 3
    assert "first is not installed" in done.stderr
    assert "install it with `apt install second`" in done.stderr
    assert "then: smithers resume r1" in done.stderr
    assert "smithers resume r1" in project.run("why", "r1").stdout
    assert "(an agent must be set up)" in project.run("ps").stdout
    (wait,) = project.json("ps")["runs"][0]["waiting_for"]
    assert (wait["kind"], wait["due"]) == ("agents", None)
    (project.folder / "second.gone").unlink()
    assert project.run("resume", "r1").stdout.strip() == "by second"
    told = [(one["attempt"], one["agent"]) for one in project.tasks()["work"]["attempts"]]
    assert told == [(1, "first"), (2, "second"), (3, "first"), (4, "second")]
