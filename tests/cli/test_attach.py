"""A person in a task's session, on a real terminal: the agent lets go, and goes on afterwards."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pexpect
import psutil
import pytest

from smithers import reports, views
from smithers.errors import SmithersError
from smithers.wire import inspection_json
from tests.cli.command import (
    Said,
    database,
    ended,
    environment,
    eventually,
    really,
    started,
    state_of,
)
from tests.cli.command import smithers as run_here
from tests.harness.helpers import alive

FLOWS = Path(__file__).with_name("attach_flows.py")
_PATIENCE_S = 60


@pytest.fixture(autouse=True)
def one_at_a_time(tmp_path: Path) -> Generator[None]:
    """Two programs in one session are the worst outcome."""
    yield
    assert not list(tmp_path.glob("sessions/*.two"))


@contextmanager
def going(folder: Path, workflow: str, task: str = "fix") -> Generator[Any]:
    """A run whose owner is at work on a task that does not end by itself."""
    with started(folder, "up", f"{FLOWS}:{workflow}", "--run-id", "r1") as child:
        eventually(lambda: bool(session_of(folder, task)) or child.poll() is not None)
        assert child.poll() is None, ended(child)
        eventually(lambda: bool(list(folder.glob("sessions/*.worker"))))
        yield child


@contextmanager
def attached(
    folder: Path, *more: str, task: str = "fix", run: str = "r1", ready: bool = True
) -> Generator[pexpect.spawn[str]]:
    """`smithers attach` on a terminal; it does not outlive the test, and neither does its owner."""
    command = ["-m", "smithers", "attach", run, task, "--by", "ann", *more]
    person: pexpect.spawn[str] = pexpect.spawn(
        sys.executable,
        command,
        cwd=str(folder),
        env=environment({"NO_COLOR": "1"}),
        encoding="utf-8",
        timeout=_PATIENCE_S,
        dimensions=(40, 100),
    )
    try:
        if ready:
            person.expect("ready")
        yield person
    finally:
        person.close(force=True)


def left(person: pexpect.spawn[str]) -> tuple[int | None, str]:
    """How the command ended, and its last words."""
    person.expect(pexpect.EOF)
    words = str(person.before)
    person.close()
    return person.exitstatus, words


def inspected(folder: Path) -> dict[str, Any]:
    return inspection_json(views.inspect(reports.snapshot(database(folder), "r1")))


def attempts(folder: Path, task: str = "fix") -> list[dict[str, Any]]:
    try:
        tasks: list[dict[str, Any]] = inspected(folder)["tasks"]
    except (SmithersError, sqlite3.Error):  # it is being made
        return []
    found: list[dict[str, Any]] = []
    for one in tasks:
        found += one["attempts"] if one["id"] == task else []
    return found


def states(folder: Path, task: str = "fix") -> list[str]:
    return [one["state"] for one in attempts(folder, task)]


def session_of(folder: Path, task: str = "fix") -> str | None:
    found = attempts(folder, task)
    return found[-1]["session_id"] if found else None


def is_held(folder: Path) -> bool:
    waits = inspected(folder)["waits"]
    return any(wait["kind"] == "attached" for wait in waits)


def finished(folder: Path) -> str:
    eventually(lambda: reports.status_of(database(folder), "r1") == "finished")
    return str(inspected(folder)["run"]["output"])


def test_the_run_goes_on_in_the_session_in_which_the_person_was(tmp_path: Path) -> None:
    with going(tmp_path, "three") as owner:
        worker = int((tmp_path / "sessions" / "worker.pid").read_text())
        with attached(tmp_path) as person:
            assert states(tmp_path) == ["interrupted"]
            assert not alive(worker)
            assert is_held(tmp_path)
            person.sendline("mind the gap")
            person.expect("heard mind the gap")
            person.sendline("/quit")
            code, words = left(person)
        assert code == 0
        assert "fix continues in its session" in words
        said = ended(owner)
    assert said.code == 0
    first, second = attempts(tmp_path)
    assert (first["state"], second["state"]) == ("interrupted", "succeeded")
    assert first["session_id"] == second["session_id"]
    told = finished(tmp_path).splitlines()
    assert told[1] == "person: mind the gap"
    assert "a person has worked in this session" in told[2]
    assert state_of(tmp_path, "r1", "total") == "finished"


def test_the_program_has_the_persons_terminal(tmp_path: Path) -> None:
    with going(tmp_path, "three"), attached(tmp_path, ready=False) as person:
        person.expect("TERM is xterm-256color, of run r1")
        person.expect("window 40 by 100")
        person.expect("ready")
        person.setwinsize(30, 90)  # pyright: ignore[reportUnknownMemberType]  # untyped there
        person.expect("window 30 by 90")
        person.sendcontrol("c")
        person.expect("that was ctrl-c")
        person.sendline("/suspend")
        person.expect("back again")
        person.sendline("/quit")
        assert left(person)[0] == 0


@pytest.mark.long
def test_the_rest_of_the_run_goes_on_while_a_person_is_there(tmp_path: Path) -> None:
    with going(tmp_path, "beside"), attached(tmp_path) as person:
        assert state_of(tmp_path, "r1", "after") == "pending"
        (tmp_path / "open").touch()
        eventually(lambda: state_of(tmp_path, "r1", "after") == "finished")
        assert is_held(tmp_path)
        person.sendline("/quit")
        assert left(person)[0] == 0
        finished(tmp_path)


@pytest.mark.long
def test_what_the_terminal_started_does_not_outlive_it(tmp_path: Path) -> None:
    with going(tmp_path, "three"), attached(tmp_path) as person:
        person.sendline("/background")
        person.expect("begun")
        session = tmp_path / "sessions" / str(session_of(tmp_path))
        pid = int(session.with_name(session.name + ".background").read_text())
        assert alive(pid)
        person.sendline("/quit")
        assert left(person)[0] == 0
        assert not alive(pid)
        finished(tmp_path)


@pytest.mark.long
def test_what_goes_on_writing_to_the_terminal_keeps_nobody_there(tmp_path: Path) -> None:
    with going(tmp_path, "three"), attached(tmp_path) as person:
        person.sendline("/chatter")
        person.expect("chatter\r")
        person.sendline("/quit")
        code, words = left(person)
        assert code == 0
        assert "fix continues in its session" in words
        finished(tmp_path)


def test_below_the_terminal_nothing_is_decided_even_without_marks(tmp_path: Path) -> None:
    typed = f"{sys.executable} -m smithers approve r1 --db {database(tmp_path)}"
    with going(tmp_path, "three"), attached(tmp_path) as person:
        for command in (typed, f"env -i {typed}", f"env -i setsid -w {typed}"):
            person.sendline(f"/run {command}")
            person.expect(r"code 2: error: an agent may not decide.*end")
        person.sendline(f"/orphan {typed}")
        person.expect(r"code 0: error: an agent may not decide.*end")
        person.sendline("/quit")
        assert left(person)[0] == 0


@pytest.mark.long
def test_a_program_that_fails_is_told_and_the_run_goes_on(tmp_path: Path) -> None:
    with going(tmp_path, "three"):
        with attached(tmp_path) as person:
            person.sendline("/fail")
            code, words = left(person)
        assert code == 1
        assert "the program exited with code 3" in words
        finished(tmp_path)


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGHUP,
        *(pytest.param(one, marks=pytest.mark.trust) for one in (signal.SIGTERM, signal.SIGINT)),
    ],
)
def test_a_command_that_is_ended_releases_what_it_holds(
    number: signal.Signals, tmp_path: Path
) -> None:
    with going(tmp_path, "three"):
        with attached(tmp_path) as person:
            person.kill(number)
            assert left(person)[0] == 128 + number
        finished(tmp_path)
    assert states(tmp_path) == ["interrupted", "succeeded"]


@pytest.mark.long
def test_a_terminal_that_goes_away_releases_it_as_well(tmp_path: Path) -> None:
    with going(tmp_path, "three"):
        with attached(tmp_path) as person, open(os.devnull) as nothing:
            os.dup2(nothing.fileno(), person.child_fd)
        finished(tmp_path)
    assert states(tmp_path) == ["interrupted", "succeeded"]


def test_a_command_that_is_killed_loses_its_hold_and_its_program_ends(tmp_path: Path) -> None:
    with going(tmp_path, "three"), attached(tmp_path) as person:
        assert person.pid is not None
        programs = psutil.Process(person.pid).children(recursive=True)
        assert programs
        person.kill(signal.SIGKILL)
        finished(tmp_path)
        assert not [one for one in programs if alive(one.pid)]
    assert states(tmp_path) == ["interrupted", "succeeded"]


@pytest.mark.long
def test_a_killed_owner_is_followed_by_one_that_keeps_the_hold(tmp_path: Path) -> None:
    with going(tmp_path, "three") as owner, attached(tmp_path) as person:
        owner.kill()
        owner.wait(10)
        after = run_here(tmp_path, "resume", "r1", "--detach")
        assert after.code == 0, after.err
        assert is_held(tmp_path)
        assert states(tmp_path) == ["interrupted"]
        person.sendline("still here")
        person.expect("heard still here")
        person.sendline("/quit")
        code, words = left(person)
        assert code == 0
        assert "fix continues in its session" in words
        assert "person: still here" in finished(tmp_path)


@pytest.mark.long
def test_leaving_a_run_that_lost_its_owner_starts_one(tmp_path: Path) -> None:
    with going(tmp_path, "three") as owner:
        with attached(tmp_path) as person:
            owner.kill()
            owner.wait(10)
            person.sendline("/quit")
            code, words = left(person)
        assert code == 0, words
        assert "in process" in words
        finished(tmp_path)
    assert states(tmp_path) == ["interrupted", "succeeded"]


@pytest.mark.long
def test_with_no_resume_the_command_that_goes_on_is_told(tmp_path: Path) -> None:
    with going(tmp_path, "three") as owner:
        with attached(tmp_path, "--no-resume") as person:
            owner.kill()
            owner.wait(10)
            person.sendline("/quit")
            code, words = left(person)
        assert code == 0
        assert "no process is driving r1" in words
        assert "smithers resume r1" in words
    told = run_here(tmp_path, "resume", "r1")
    assert told.code == 0, told.err
    assert states(tmp_path) == ["interrupted", "succeeded"]


@pytest.mark.long
def test_a_run_that_nobody_drives_gets_an_owner_that_holds_the_task(tmp_path: Path) -> None:
    with going(tmp_path, "three") as owner:
        owner.send_signal(signal.SIGINT)
        assert ended(owner).code == 130
    assert states(tmp_path) == ["interrupted"]
    refusal = on_a_terminal(tmp_path, "fix", "--no-resume")
    assert (refusal.code, "no process is driving run r1" in refusal.out) == (2, True)
    with attached(tmp_path) as person:
        assert states(tmp_path) == ["interrupted"]
        assert reports.status_of(database(tmp_path), "r1") == "running"
        person.sendline("/quit")
        assert left(person)[0] == 0
    finished(tmp_path)
    assert states(tmp_path) == ["interrupted", "succeeded"]


@pytest.mark.long
def test_who_does_not_wait_any_longer_stops_nothing(tmp_path: Path) -> None:
    with going(tmp_path, "three") as owner:
        owner.send_signal(signal.SIGSTOP)
        with attached(tmp_path, ready=False) as person:
            person.expect("opening the session of fix of r1")
            eventually(lambda: reports.attention(database(tmp_path), "r1")[1])
            person.sendcontrol("c")
            assert left(person)[0] == 130
        owner.send_signal(signal.SIGCONT)
        eventually(lambda: not reports.attention(database(tmp_path), "r1")[1])
        assert states(tmp_path) == ["running"]


@pytest.mark.long
def test_a_second_person_is_refused_with_the_first_one(tmp_path: Path) -> None:
    with going(tmp_path, "three"), attached(tmp_path) as person:
        refusal = on_a_terminal(tmp_path, "fix")
        assert refusal.code == 2
        assert "ann is already attached to the session of fix" in refusal.out
        assert is_held(tmp_path)
        why = run_here(tmp_path, "why", "r1")
        assert "ann has been attached to the session of fix since" in why.out
        assert "fix (ann is attached)" in run_here(tmp_path, "ps").out
        person.sendline("/quit")
        assert left(person)[0] == 0
        finished(tmp_path)


def test_two_that_attach_at_once_are_never_both_there(tmp_path: Path) -> None:
    with going(tmp_path, "three"):
        with attached(tmp_path, ready=False) as one, attached(tmp_path, ready=False) as two:
            patterns: list[Any] = ["ready", "is already attached to the session of fix"]
            found = [person.expect(patterns) for person in (one, two)]
            assert sorted(found) == [0, 1]
            first = one if found[0] == 0 else two
            first.sendline("/quit")
            assert left(first)[0] == 0
        finished(tmp_path)
    assert states(tmp_path) == ["interrupted", "succeeded"]


def on_a_terminal(folder: Path, task: str, *more: str, run: str = "r1") -> Said:
    """The whole of a command that opens nothing."""
    with attached(folder, *more, task=task, run=run, ready=False) as person:
        code, words = left(person)
    return Said(code=code or 0, out=" ".join(words.split()), err="")


@pytest.mark.long
def test_what_cannot_be_attached_to_is_refused_before_anything_is_stopped(tmp_path: Path) -> None:
    with going(tmp_path, "refused", "gone") as owner:
        eventually(lambda: session_of(tmp_path, "mute") is not None)
        for task, said in {
            "done": "done of run r1 has ended: it is finished",
            "mute": "desk, the agent of mute, cannot open its sessions in a terminal",
            "gone": "Desk is not installed hint: install it with `apt install desk`",
            "later": "later of run r1 has not started",
            "other": "other of run r1 is not a task of this run hint: running tasks: gone, mute",
        }.items():
            refusal = on_a_terminal(tmp_path, task)
            assert refusal.code == 2, refusal
            assert said in refusal.out
        unknown = on_a_terminal(tmp_path, "gone", run="r2")
        assert (unknown.code, "there is no run 'r2'" in unknown.out) == (2, True)
        no_terminal = really(tmp_path, "attach", "r1", "gone")
        assert no_terminal.code == 2
        assert "attach needs a terminal" in no_terminal.err
        assert states(tmp_path, "mute") == states(tmp_path, "gone") == ["running"]
        owner.kill()
    assert run_here(tmp_path, "cancel", "r1").code == 0
    ended_run = on_a_terminal(tmp_path, "gone")
    assert (ended_run.code, "run r1 is cancelled" in ended_run.out) == (2, True)
