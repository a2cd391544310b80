"""A signal that is typed is kept once, for the task that takes it, or refused and not recorded."""

from __future__ import annotations

import getpass
import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from smithers.errors import Refused
from smithers.hub import Hub
from tests.cli.command import FLOWS, Said, database, really, smithers

LOGIN = getpass.getuser()


def up(folder: Path, run_id: str = "r1") -> Path:
    said = smithers(folder, "up", f"{FLOWS}:waits_for_events", "--run-id", run_id)
    assert said.code == 3, said.err
    return folder


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that waits for a plan, to which nobody sends one."""
    folder = up(tmp_path_factory.mktemp("waiting"))
    assert smithers(folder, "send", "r1", "go", "--id", "g", "--resume").code == 3
    return folder


def send(folder: Path, *words: str) -> Said:
    return smithers(folder, "send", "r1", *words)


def signals(folder: Path, run_id: str = "r1") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = smithers(folder, "inspect", run_id, "--json").document["signals"]
    return found


PLAN = ("plan", "--correlation", "order 7")
REFUSED: dict[str, tuple[tuple[str, ...], str, str]] = {
    "a wrong field": (
        ("r1", *PLAN, "--data", '{"step": [], "days": "x"}'),
        "the data does not fit plan, which waits for it:\n"
        "    | days: 'x' is not of type 'integer'\n"
        "    | steps: is missing",
        "its fields are steps, days",
    ),
    "no data": (
        ("r1", *PLAN),
        "the data does not fit plan, which waits for it:\n"
        "    | the data: None is not of type 'object'",
        "its fields are steps, days",
    ),
    "no JSON": (
        ("r1", *PLAN, "--data", "{steps}"),
        "the data is not JSON: Expecting property name enclosed in double quotes",
        'for example --data \'{"name": "value"}\' or --data @FILE',
    ),
    "a file that is not there": (
        ("r1", *PLAN, "--data", "@missing.json"),
        "the data missing.json cannot be read: No such file or directory",
        "give --data @FILE the path of a readable file",
    ),
    "another signal with the same id": (
        ("r1", "go", "--data", "1", "--id", "g"),
        "another signal with the id 'g' was already sent to run r1",
        "nothing was sent; give it another id",
    ),
    "an event without a name": (
        ("r1", ""),
        "the event of the signal, '', is empty",
        "use 1 to 200 printable characters",
    ),
    "an id of two lines": (
        ("r1", "go", "--id", "a\nb"),
        "the id of the signal, 'a\\nb', has characters that cannot be printed",
        "use 1 to 200 printable characters",
    ),
    "an unknown run": (
        ("r2", "go"),
        "there is no run 'r2' in this database",
        "list the runs with `smithers ps`",
    ),
    "an unknown workflow": (
        ("--all", "waits_for_event", "go"),
        "there is no run of a workflow 'waits_for_event'",
        "did you mean waits_for_events?",
    ),
    "all at once": (
        ("--all", "waits_for_events", "go", "--resume"),
        "--all and --resume cannot be combined",
        "leave one out",
    ),
    "a process for nothing": (("r1", "go", "--detach"), "--detach needs --resume", "add --resume"),
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_sent_exits_2_with_the_fix_and_records_nothing(
    waiting: Path, case: str
) -> None:
    words, wrong, fix = REFUSED[case]
    before = signals(waiting)
    said = smithers(waiting, "send", *words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"error: {wrong}")
    assert f"hint: {fix}" in said.err
    assert signals(waiting) == before


def test_data_that_is_too_large_is_refused(waiting: Path) -> None:
    (waiting / "large.json").write_text(json.dumps("x" * (1 << 20)))
    said = send(waiting, "x", "--data", "@large.json")
    assert said.code == 2
    assert "the data of the signal has 1048578 bytes; the limit is 1048576" in said.err


@pytest.mark.parametrize("data", [{1, 2}, float("nan"), object()])
def test_what_is_not_json_is_refused(waiting: Path, data: object) -> None:
    with pytest.raises(Refused, match="the data of the signal is not JSON"):
        Hub(database(waiting)).send("r1", "x", data, by="ann")


@pytest.mark.parametrize("what", ["event", "correlation", "id"])
def test_a_name_that_is_no_string_is_refused(waiting: Path, what: str) -> None:
    names: dict[str, Any] = {"event": "x", what: 7}
    with pytest.raises(Refused, match=f"the {what} of the signal, 7, must be a string, not int"):
        Hub(database(waiting)).send("r1", by="ann", **names)


def test_inspect_names_the_event_that_is_waited_for(waiting: Path) -> None:
    assert (
        "waiting (event plan (correlation order 7)) since" in smithers(waiting, "inspect", "r1").out
    )


def test_what_runs_below_a_run_may_not_send(waiting: Path) -> None:
    for words in (("r1", "go"), ("--all", "waits_for_events", "go")):
        said = smithers(waiting, "send", *words, env={"SMITHERS_ATTEMPT": "r1:1"})
        assert said.code == 2
        assert "an agent may not send signals to " in said.err


def test_an_ended_run_takes_nothing(tmp_path: Path) -> None:
    assert smithers(tmp_path, "up", f"{FLOWS}:works", "--run-id", "r1").code == 0
    said = send(tmp_path, "go")
    assert (said.code, "run r1 has ended: it is finished" in said.err) == (2, True)
    said = smithers(tmp_path, "send", "--all", "works", "go")
    assert (said.code, "no run of workflow 'works' is unfinished" in said.err) == (2, True)


@pytest.mark.long
def test_the_command_that_why_prints_sends_what_fits(tmp_path: Path) -> None:
    up(tmp_path)
    ended = smithers(tmp_path, "ps")
    assert "go (event go)" in ended.out
    for _ in range(2):
        (reason,) = smithers(tmp_path, "why", "r1", "--json").document["reasons"]
        assert reason["kind"] == "event"
        said = smithers(tmp_path, *shlex.split(reason["command"])[1:], "--json")
        assert said.document["outcome"] == "sent"
        assert said.document["task"] == reason["task"]
        (reason,) = smithers(tmp_path, "why", "r1", "--json").document["reasons"]
        assert f"which {LOGIN} has sent; the run continues when it is resumed" in reason["sentence"]
        ended = smithers(tmp_path, *shlex.split(reason["command"])[1:])
    assert json.loads(ended.out) == {"steps": [], "days": 3}
    assert [one["state"] for one in signals(tmp_path)] == ["taken", "taken"]


@pytest.mark.long
def test_the_command_for_names_that_look_like_options_can_be_typed(tmp_path: Path) -> None:
    said = smithers(tmp_path, "up", f"{FLOWS}:waits_for_an_option", "--run-id", "r1")
    (command,) = [line for line in said.err.splitlines() if line.startswith("next: ")]
    assert command == "next: smithers send --correlation=-k --data 0 -- r1 -x"
    path = database(tmp_path)
    named = smithers(tmp_path, "why", "r1", "--db", str(path)).out.splitlines()[-1].strip()
    assert named == f"smithers send --correlation=-k --data 0 --db {path} -- r1 -x"
    assert smithers(tmp_path, *shlex.split(named)[1:]).code == 0
    assert smithers(tmp_path, "resume", "r1").code == 0


def test_a_signal_is_kept_once_and_told_so(tmp_path: Path) -> None:
    up(tmp_path)
    first = send(tmp_path, "go", "--id", "one", "--by", "hook", "--json").document
    assert (first["by"], first["login"], first["outcome"]) == ("hook", LOGIN, "sent")
    said = send(tmp_path, "go", "--id", "one")
    assert (said.code, said.err) == (0, "")
    assert "signal one of the event go was already sent to r1; nothing was recorded" in said.out
    again = send(tmp_path, "go", "--id", "one", "--resume", "--json").document
    assert again["signal"]["outcome"] == "already sent"
    assert again["status"] == "waiting"
    assert [one["id"] for one in signals(tmp_path)] == ["one"]


@pytest.mark.long
def test_the_receipt_names_the_task_that_takes_the_signal(tmp_path: Path) -> None:
    up(tmp_path)
    tasks = [send(tmp_path, "go", "--id", id, "--json").document["task"] for id in "aab"]
    assert tasks == ["go", None, None]  # the wait is for the first, which no task has taken yet
    said = send(tmp_path, "go", "--id", "c")
    assert "is kept for a later task: those of r1 that wait now take earlier ones" in said.out
    assert smithers(tmp_path, "resume", "r1").code == 3
    again = send(tmp_path, "go", "--id", "a", "--json").document
    assert (again["outcome"], again["task"]) == ("already sent", "go")


@pytest.mark.long
def test_an_event_that_nothing_waits_for_is_kept_and_those_that_are_waited_for_are_named(
    tmp_path: Path,
) -> None:
    up(tmp_path)
    said = send(tmp_path, "goo")
    assert said.code == 0
    assert "is kept: no task of r1 waits for it yet; r1 waits for go" in said.out
    assert [one["state"] for one in signals(tmp_path)] == ["sent"]
    send(tmp_path, *PLAN, "--data", '{"steps": 5}', "--id", "early")
    assert send(tmp_path, "go", "--resume").code == 3
    assert [one["state"] for one in signals(tmp_path)] == ["kept", "set aside", "taken"]
    shown = smithers(tmp_path, "why", "r1").out
    assert (
        "plan set aside signal early of the event plan (correlation order 7):"
        " steps: 5 is not of type 'array'" in shown
    )
    inspected = smithers(tmp_path, "inspect", "r1").out
    assert 'signal early (plan (correlation order 7), {"steps": 5}) set aside by plan' in inspected
    send(tmp_path, *PLAN, "--data", '{"steps": ["a"]}', "--resume")
    assert [one["state"] for one in signals(tmp_path)] == [
        "not taken",
        "set aside",
        "taken",
        "taken",
    ]
    assert "of the event goo, which" in smithers(tmp_path, "why", "r1").out


def test_a_signal_to_a_cancelled_run_is_not_lost_silently(tmp_path: Path) -> None:
    up(tmp_path)
    send(tmp_path, "go", "--id", "one")
    assert smithers(tmp_path, "cancel", "r1").code == 0
    (found,) = signals(tmp_path)
    assert (found["id"], found["state"]) == ("one", "not taken")
    why = smithers(tmp_path, "why", "r1").out
    assert f"signal one of the event go, which {LOGIN} has sent, was not taken" in why


@pytest.mark.long
def test_a_run_that_continues_passes_on_what_it_has_not_taken(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(
        "from smithers import *\n"
        "@workflow\n"
        "def flow(ctx):\n"
        "    one = WaitForEvent('one', event='number', output=int)\n"
        "    return Sequence(one, ContinueAsNew(NoInput()))\n"
    )
    assert smithers(tmp_path, "up", "flow.py", "--run-id", "r1").code == 3
    send(tmp_path, "other", "--id", "a")
    assert send(tmp_path, "number", "--data", "1", "--id", "b", "--resume").code == 3
    found = {one["id"]: (one["state"], one["task"]) for one in signals(tmp_path)}
    assert found == {"a": ("passed on", None), "b": ("taken", "one")}
    (next_one,) = signals(tmp_path, "r1-2")
    assert (next_one["id"], next_one["state"]) == ("a", "kept")
    assert smithers(tmp_path, "send", "r1-2", "number", "--data", "2", "--resume").code == 3
    late = send(tmp_path, "number", "--data", "2")
    assert (late.code, "hint: send it to r1-3, as which the run has continued" in late.err) == (
        2,
        1,
    )
    told = [("cancel",), ("steer", "one", "Be brief"), ("budget", "--add-calls", "1")]
    for command, *more in told:  # each names the last run, and does nothing to it unasked
        said = smithers(tmp_path, command, "r1", *more)
        assert (said.code, "hint: name r1-3, as which" in said.err) == (2, True), said
    why = smithers(tmp_path, "why", "r1").out
    assert (
        "it continued as r1-2, and then others did: the last is r1-3\n    smithers why r1-3" in why
    )


@pytest.mark.long
def test_an_id_counts_once_in_runs_that_continue_each_other(tmp_path: Path) -> None:
    smithers(tmp_path, "up", f"{FLOWS}:waits_and_continues", "--run-id", "r1")
    words = ("send", "--all", "waits_and_continues", "go", "--id", "d1")
    assert "was sent to r1" in smithers(tmp_path, *words).out
    assert smithers(tmp_path, "resume", "r1").code == 3
    said = smithers(tmp_path, *words)
    assert "signal d1 of the event go was already sent to r1; nothing was recorded" in said.out
    assert signals(tmp_path, "r1-2") == []
    assert smithers(tmp_path, "send", "r1-2", "go", "--id", "d1", "--data", "1").code == 2


@pytest.mark.long
def test_every_unfinished_run_of_a_workflow_gets_it(tmp_path: Path) -> None:
    for run_id in ("r1", "r2", "r3"):
        up(tmp_path, run_id)
    assert smithers(tmp_path, "cancel", "r3").code == 0
    send(tmp_path, "go", "--id", "x", "--data", "1")
    said = smithers(tmp_path, "send", "--all", "waits_for_events", "go", "--id", "x")
    assert said.code == 1
    assert "signal x of the event go was sent to r2: go takes it" in said.out
    assert "not sent to r1: another signal with the id 'x'" in said.err
    assert "sent to 1 of 2 runs of waits_for_events" in said.err
    again = smithers(tmp_path, "send", "--all", "waits_for_events", "stop", "--json")
    assert again.code == 0
    sent = again.document["sent"]
    assert [one["run_id"] for one in sent] == ["r2", "r1"]
    assert len({one["id"] for one in sent}) == 2
    none = smithers(tmp_path, "send", "--all", "waits_for_events", "go", "--id", "x", "--data", "2")
    assert (none.code, none.out) == (2, "")


def test_what_is_secret_is_masked_where_it_is_shown(tmp_path: Path) -> None:
    secret = {"APP_TOKEN": "abcdefgh-0123456789"}
    up(tmp_path)
    data = json.dumps({"steps": secret["APP_TOKEN"]})
    send(tmp_path, *PLAN, "--data", data)
    assert smithers(tmp_path, "send", "r1", "go", "--resume", env=secret).code == 3
    for command in ("why", "inspect", "timeline"):
        said = smithers(tmp_path, command, "r1", env=secret)
        assert secret["APP_TOKEN"] not in said.out + said.err
    assert signals(tmp_path)[0]["data"] == {"steps": secret["APP_TOKEN"]}


@pytest.mark.long
def test_supervise_wakes_the_run_that_waits_for_a_signal_and_no_other(tmp_path: Path) -> None:
    for run_id in ("r1", "r2"):
        up(tmp_path, run_id)
    smithers(tmp_path, "trust")
    send(tmp_path, "goo")
    assert "r1" not in really(tmp_path, "supervise", "--once").err
    smithers(tmp_path, "send", "r2", "go")
    said = really(tmp_path, "supervise", "--once")
    assert "r2" in said.err + said.out
    assert "r1" not in said.err + said.out
