"""Runs are started, waited for and read through the server, and live without it."""

from __future__ import annotations

import asyncio
import getpass
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from smithers.hub import Hub
from tests.durability.commands import until
from tests.mcp_server.serving import Calls, Era, Project, human, in_both_eras, in_one_era

pytestmark = pytest.mark.anyio


@pytest.mark.sampled(1)
@in_both_eras
async def test_a_run_is_started_waited_for_and_read(project: Project, era: Era) -> None:
    async with project.client(era) as call:
        started = await call("start_run", workflow="shouts", input={"topic": "whales"})
        assert started["started"] is True
        assert started["workflow"] == "shouts"
        waited = await call("wait_run", run_id=started["run_id"], timeout_s=50)
        assert (waited["status"], waited["timed_out"]) == ("finished", False)
        assert waited["output"] == "WHALES"
        read = await call("get_run", run_id=started["run_id"])
        assert read["output"] == "WHALES"
        assert read["tasks"]["finished"] == 1


_CACHED = """
from harnesses import Echo
from smithers import Cache, Context, NoInput, Node, Task, workflow


@workflow
def cached(ctx: Context[NoInput]) -> Node:
    return Task("said", agent=Echo(), prompt="hello", cache=Cache())
"""


@pytest.mark.long
async def test_an_answer_of_an_earlier_run_is_shown_as_cached(project: Project, era: Era) -> None:
    (project.folder / "cached.py").write_text(_CACHED)
    async with project.client(era) as call:
        runs = [(await call("start_run", workflow="cached.py"))["run_id"]]
        await call("wait_run", run_id=runs[0], timeout_s=50)
        runs.append((await call("start_run", workflow="cached.py"))["run_id"])
        await call("wait_run", run_id=runs[1], timeout_s=50)
        read = [await call("get_run", run_id=run_id) for run_id in runs]
        assert [one["states"] for one in read] == [["said finished"], ["said finished, cached"]]
        tasks = [await call("get_task", run_id=run_id, task="said") for run_id in runs]
        assert [one["cached"] for one in tasks] == [None, runs[0]]
        assert tasks[1]["attempts"] == []


async def test_a_wait_that_ends_by_time_is_no_error_and_leaves_the_run_alone(
    project: Project, era: Era
) -> None:
    async with project.client(era) as call:
        run_id = (await call("start_run", workflow="holds"))["run_id"]
        waited = await call("wait_run", run_id=run_id, timeout_s=0.3)
        assert waited["timed_out"] is True
        assert waited["status"] == "running"
        (project.folder / "go").touch()
        done = await call("wait_run", run_id=run_id, timeout_s=50)
        assert (done["status"], done["output"]) == ("finished", "gone on")
    assert (project.folder / "ledger").read_text() == "held\n"


@pytest.mark.sampled(1)
@in_both_eras
async def test_a_cancelled_wait_leaves_the_run_alone(project: Project, era: Era) -> None:
    async with project.client(era) as call:
        run_id = (await call("start_run", workflow="holds"))["run_id"]
        wait = asyncio.ensure_future(call("wait_run", run_id=run_id, timeout_s=50))
        await asyncio.wait([wait], timeout=1)
        wait.cancel()
        with pytest.raises(asyncio.CancelledError):
            await wait
        assert (await call("get_run", run_id=run_id))["status"] == "running"
        (project.folder / "go").touch()
        assert (await call("wait_run", run_id=run_id, timeout_s=50))["status"] == "finished"


async def test_a_wait_for_a_change_gives_the_events_after_its_cursor(
    project: Project, era: Era
) -> None:
    async with project.client(era) as call:
        started = await call("start_run", workflow="holds")
        run_id, after = started["run_id"], started["cursor"]
        seen: list[str] = []
        (project.folder / "go").touch()
        for _ in range(20):
            waited = await call(
                "wait_run", run_id=run_id, after=after, until="change", timeout_s=50
            )
            assert waited["timed_out"] is False
            seen += waited["events"]
            after = waited["cursor"]
            if waited["status"] == "finished" and not waited["more"]:
                break
        else:
            pytest.fail("the run did not end")
    assert seen == list(project.hub.event_lines(run_id, started["cursor"], 10_000).lines)
    assert [line[15:] for line in seen][-1] == "the run finished"


@pytest.mark.sampled(1)
@in_both_eras
async def test_a_wait_tells_its_progress(project: Project, era: Era) -> None:
    told: list[tuple[float, float | None, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))

    async with project.client(era) as call:
        run_id = (await call("start_run", workflow="holds"))["run_id"]
        asked = {"run_id": run_id, "timeout_s": 1}
        await call.client.call_tool("wait_run", asked, progress_callback=hear)
    assert told
    assert told[0][1] == 1
    assert "running" in str(told[0][2])
    assert [one[0] for one in told] == sorted(one[0] for one in told)


@in_one_era
async def test_one_request_id_is_one_run(project: Project, era: Era) -> None:
    async with project.client(era) as call:
        first, second = await asyncio.gather(
            call("start_run", workflow="shouts", input={"topic": "a"}, request_id="k"),
            call("start_run", workflow="shouts", input={"topic": "a"}, request_id="k"),
        )
        assert first["run_id"] == second["run_id"]
        again = await call("start_run", workflow="shouts", input={"topic": "a"}, request_id="k")
        assert (again["run_id"], again["started"]) == (first["run_id"], False)
        other = await call("start_run", workflow="shouts", input={"topic": "b"}, request_id="k")
        assert other.error.startswith("CONFLICT: this request_id was used for another start")
        assert "with a different input" in other.error
        elsewhere = await call("start_run", workflow="flows:asks", request_id="k")
        assert elsewhere.error.startswith("CONFLICT: this request_id was used for another start")
        assert "of workflow shouts in" in elsewhere.error
        assert len((await call("list_runs"))["runs"]) == 1


@pytest.mark.long
async def test_one_request_id_is_one_run_over_a_crash_of_the_server(project: Project) -> None:
    """The server is killed while it starts the run, and another one is asked the same."""
    asked = {"workflow": "holds", "request_id": "k"}
    with pytest.raises(ExceptionGroup):
        await _start_and_kill(project, asked)
    async with project.stdio("legacy") as call:
        second = await call("start_run", **asked)
        third = await call("start_run", **asked)
        assert second["run_id"] == third["run_id"]
        (project.folder / "go").touch()
        assert (await call("wait_run", run_id=third["run_id"], timeout_s=50))[
            "status"
        ] == "finished"
        assert len((await call("list_runs"))["runs"]) == 1
    assert (project.folder / "ledger").read_text() == "held\n"


async def _start_and_kill(project: Project, asked: dict[str, Any]) -> None:
    async with project.stdio("2026-07-28") as call, asyncio.TaskGroup() as group:
        group.create_task(_start(call, asked))
        await asyncio.to_thread(_kill_the_server_that_starts_a_run)


async def _start(call: Calls, asked: dict[str, Any]) -> None:
    await call("start_run", **asked)


def servers() -> list[psutil.Process]:
    return [one for one in psutil.Process().children() if "mcp" in _words(one)]


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:  # it has ended
        return []


def _kill_the_server_that_starts_a_run() -> None:
    def starting() -> list[psutil.Process]:
        return [one for one in servers() if any("up" in _words(each) for each in one.children())]

    until(starting, "a server that starts a run")
    for server in starting():
        server.send_signal(signal.SIGKILL)


async def test_a_run_outlives_the_server_that_started_it(project: Project, era: Era) -> None:
    async with project.stdio(era) as call:
        run_id = (await call("start_run", workflow="holds"))["run_id"]
        (server,) = servers()
        os.kill(server.pid, signal.SIGKILL)
    (project.folder / "go").touch()
    await asyncio.to_thread(
        until, lambda: project.hub.status(run_id) == "finished", "the end of the run"
    )
    async with project.client(era) as call:
        assert (await call("get_run", run_id=run_id))["output"] == "gone on"
    assert [(one.what, one.face) for one in project.hub.audit(run_id)] == [("start", "mcp")]


def test_a_server_ends_with_its_client_though_its_pipe_stays_open(tmp_path: Path) -> None:
    """The client hands its ends of the pipes to a child, as a shell tool may, and is killed."""
    starter = (
        "import os, subprocess, sys, time\n"
        "server = subprocess.Popen([sys.executable, '-m', 'smithers', 'mcp'], pass_fds=(),"
        " stdin=int(sys.argv[1]), stdout=subprocess.DEVNULL)\n"
        "print(server.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    reads, writes = os.pipe()
    words = [sys.executable, "-c", starter, str(reads)]
    with subprocess.Popen(words, cwd=tmp_path, pass_fds=(reads,), stdout=subprocess.PIPE) as client:
        assert client.stdout is not None
        server = psutil.Process(int(client.stdout.readline()))
        until(lambda: len(server.threads()) > 1, "a server that reads")
        client.kill()
    try:
        until(lambda: not server.is_running() or server.status() == "zombie", "its end")
    finally:
        os.close(reads)
        os.close(writes)


@in_one_era
async def test_the_server_wakes_runs_that_lost_their_owner(project: Project, era: Era) -> None:
    async with project.client(era, supervises=True) as call:
        run_id = (await call("start_run", workflow="holds"))["run_id"]
        await asyncio.to_thread(
            until, lambda: (project.folder / "ledger").exists(), "the start of the step"
        )
        owner = project.hub.inspect(run_id).run.owner
        assert owner is not None
        os.kill(owner.pid, signal.SIGKILL)
        (project.folder / "go").touch()
        assert (await call("wait_run", run_id=run_id, timeout_s=50))["status"] == "finished"
    assert (project.folder / "ledger").read_text() == "held\n" * 2


async def test_a_server_makes_no_database_where_nobody_starts_a_run(
    tmp_path: Path, era: Era
) -> None:
    project = Project(tmp_path, trusted=False)
    async with project.client(era, supervises=True) as call:
        assert (await call("list_runs"))["runs"] == []
        assert "NOT_FOUND" in (await call("get_run", run_id="r1")).error
        assert "NOT_FOUND" in (await call("wait_run", run_id="r1")).error
    assert not project.database.exists()


@pytest.mark.long
@in_one_era
async def test_a_failed_run_is_explained_and_resumed(project: Project, era: Era) -> None:
    async with project.client(era) as call:
        run_id = (await call("start_run", workflow="fails"))["run_id"]
        failed = await call("wait_run", run_id=run_id, timeout_s=50)
        assert failed["status"] == "failed"
        assert "it is broken" in str(failed["error"])
        explained = await call("explain_run", run_id=run_id)
        assert "it is broken" in str(explained["reasons"])
        assert explained["reasons"][0]["tool"] == "resume_run"
        (project.folder / "mended").touch()
        assert (await call("resume_run", run_id=run_id))["resumed"] is True
        done = await call("wait_run", run_id=run_id, timeout_s=50)
        assert (done["status"], done["output"]) == ("finished", "mended")
        again = await call("resume_run", run_id=run_id)
        assert (again["resumed"], again["why"]) == (False, "it has finished")
        task = await call("get_task", run_id=run_id, task="work")
        assert [one["state"] for one in task["attempts"]] == ["succeeded", "failed"]


@in_one_era
async def test_an_agent_at_work_is_steered(project: Project, era: Era) -> None:
    async with project.client(era) as call:
        run_id = (await call("start_run", workflow="listens"))["run_id"]
        at_work = lambda: project.hub.states(run_id)[0].state == "running"  # noqa: E731
        await asyncio.to_thread(until, at_work, "its agent")
        sent = await call("steer_run", run_id=run_id, task="plan", message="Be brief")
        assert sent["state"] in ("kept", "told")
        done = await call("wait_run", run_id=run_id, timeout_s=50)
        assert (done["status"], done["output"]) == ("finished", "Be brief")
        page = await call("get_events", run_id=run_id, after=sent["cursor"])
        assert [line[15:] for line in page["events"] if "message" in line] == [
            f"{getpass.getuser()} sent plan message {sent['id']}: Be brief"[:51],
            f"plan attempt 1 received message {sent['id']}",
        ]
        late = await call("steer_run", run_id=run_id, task="plan", message="Really")
        assert "REFUSED: run" in late.error
        assert "has ended" in late.error


@in_one_era
async def test_an_event_is_sent_to_a_run_that_waits_for_it(project: Project, era: Era) -> None:
    async with project.client(era) as call:
        run_id = (await call("start_run", workflow="waits_for_a_plan"))["run_id"]
        await asyncio.to_thread(until, lambda: project.hub.status(run_id) == "waiting", "the wait")
        (wait,) = (await call("get_run", run_id=run_id))["waiting_for"]
        assert wait["kind"] == "event"
        assert "waiting for the event plan (correlation 7)" in wait["sentence"]
        assert f"send {run_id} plan --correlation 7 --data '{{\"days\": 1}}'" in wait["command"]
        kept = await call("send_event", run_id=run_id, event="other", id="one")
        assert (kept["outcome"], kept["waits_for"]) == ("kept", ["plan (correlation 7)"])
        again = await call("send_event", run_id=run_id, event="other", id="one")
        assert again["outcome"] == "already sent"
        asked = {"run_id": run_id, "event": "plan", "correlation": "7"}
        wrong = await call("send_event", **asked, data={"days": 0})
        assert "INVALID_ARGUMENT: the data does not fit plan" in wrong.error
        sent = await call("send_event", **asked, data={"days": 2})
        assert (sent["outcome"], sent["task"]) == ("sent", "plan")
        done = await call("wait_run", run_id=run_id, timeout_s=50)
        assert done["status"] == "finished"
        assert done["output"]["days"] == 2
        late = await call("send_event", **asked)
        assert "has ended" in late.error


@in_one_era
async def test_a_run_is_cancelled_for_good(project: Project, era: Era) -> None:
    async with project.client(era) as call:
        run_id = (await call("start_run", workflow="holds"))["run_id"]
        assert (await call("cancel_run", run_id=run_id))["outcome"] in ("asked", "cancelled")
        assert (await call("wait_run", run_id=run_id, timeout_s=50))["status"] == "cancelled"
        assert "REFUSED" in (await call("resume_run", run_id=run_id)).error
        error = (await call("cancel_run", run_id=run_id)).error
        assert "has ended: it is cancelled\nnext: get_run shows how it ended" in error


@in_one_era
async def test_events_are_told_in_order_in_a_persons_words(project: Project, era: Era) -> None:
    async with project.client(era) as call:
        run_id = (await call("start_run", workflow="shouts", input={"topic": "a"}))["run_id"]
        await call("wait_run", run_id=run_id, timeout_s=50)
        whole = await call("get_events", run_id=run_id)
        assert [line[15:] for line in whole["events"]] == [
            "said started (attempt 1, python)",
            "the run is running",
            "said finished",
            "the run finished",
        ]
        rest = await call("get_events", run_id=run_id, after=whole["cursor"])
        assert (rest["events"], rest["cursor"]) == ([], whole["cursor"])


@pytest.mark.long
@in_one_era
async def test_a_long_output_is_cut_and_said_to_be(project: Project, era: Era) -> None:
    async with project.client(era) as call:
        run_id = (await call("start_run", workflow="much"))["run_id"]
        waited = await call("wait_run", run_id=run_id, timeout_s=50)
        assert waited["output_cut"] is True
        pieces, after = list[str](), None
        while True:
            asked = {"run_id": run_id, "task": "text", "max_tokens": 40_000}
            task = await call("get_task", **asked, after=after)
            pieces.append(task["output"])
            if (after := task["rest"]) is None:
                break
        assert "".join(pieces) == "x" * 300_000


@in_one_era
async def test_runs_are_listed_newest_first_and_by_status(project: Project, era: Era) -> None:
    async with project.client(era) as call:
        ids = [
            (await call("start_run", workflow="shouts", input={"topic": one}))["run_id"]
            for one in ("a", "b")
        ]
        for run_id in ids:
            await call("wait_run", run_id=run_id, timeout_s=50)
        assert [one["run_id"] for one in (await call("list_runs"))["runs"]] == ids[::-1]
        page = await call("list_runs", limit=1, status="finished")
        assert ([one["run_id"] for one in page["runs"]], page["more"]) == (ids[1:], 1)
        older = await call("list_runs", limit=1, after=page["rest"])
        assert ([one["run_id"] for one in older["runs"]], older["rest"]) == (ids[:1], None)
        assert (await call("list_runs", status="failed"))["runs"] == []


async def test_the_same_hub_is_behind_the_command_line(project: Project) -> None:
    async with project.client("legacy") as call:
        run_id = (await call("start_run", workflow="shouts", input={"topic": "a"}))["run_id"]
        await call("wait_run", run_id=run_id, timeout_s=50)
    assert Hub(Path(project.database)).summary(run_id).output == '"A"'


def _supervises(database: Path) -> bool:
    with closing(sqlite3.connect(database)) as db:
        (count,) = db.execute("SELECT count(*) FROM supervisors").fetchone()
    return bool(count)


@pytest.mark.long
@in_one_era
async def test_a_server_whose_database_is_deleted_says_so_and_uses_the_next_one(
    project: Project, era: Era, capfd: pytest.CaptureFixture[str]
) -> None:
    database = project.hub.database
    said = ""

    def told() -> bool:
        nonlocal said
        said += capfd.readouterr().err
        return f"the database {database} was deleted or moved" in said

    trusts = human("accept", decision="trust")  # a new database is another one
    async with project.client(era, answers=trusts, supervises=True) as call:
        first = await call("start_run", workflow="shouts", input={"topic": "a"})
        await call("wait_run", run_id=first["run_id"], timeout_s=50)
        await asyncio.to_thread(until, lambda: _supervises(database), "the supervisor")
        for file in database.parent.glob(f"{database.name}*"):
            if file.is_file():
                file.unlink()
        await asyncio.to_thread(until, told, "a word on the deleted database")
        second = await call("start_run", workflow="shouts", input={"topic": "b"})
        waited = await call("wait_run", run_id=second["run_id"], timeout_s=50)
        assert waited["output"] == "B"
        await asyncio.to_thread(until, lambda: _supervises(database), "the supervisor again")
