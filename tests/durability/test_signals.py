"""SIGINT, SIGTERM and SIGHUP at any moment: the exit code is theirs, and the run can be resumed."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from tests.durability.commands import Project, until
from tests.forked import Started

ENDING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
MOMENTS = 25
EACH = pytest.mark.parametrize("number", ENDING, ids=lambda one: one.name)
ROOT = Path(__file__).parents[2]


# -- at many moments


def signalled(project: Project, at: int, number: int, run: str) -> subprocess.CompletedProcess[str]:
    """`up` of a quick run that sends itself a signal at one of its calls."""
    command = [sys.executable, "-m", "tests.durability.signalled", str(project.folder / "calls")]
    return subprocess.run(
        [*command, str(at), str(number), "up", "quick.py", "--run-id", run],
        cwd=project.folder,
        env={**project.environment, "PYTHONPATH": f"{ROOT}:{project.folder}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def check_signals(project: Project, number: signal.Signals, moments: range) -> None:
    """Send the signal at these of the moments; each time a run of its own."""
    for run in ("first", "whole"):  # the first one makes the database, and its trust record
        whole = signalled(project, 0, number, run)
        assert whole.returncode == 0, whole.stderr
    calls = int((project.folder / "calls").read_text())
    for moment in moments:
        at, run = calls * (moment + 1) // (MOMENTS + 1), f"r{moment}"
        project.ledger_file.unlink()
        done = signalled(project, at, number, run)
        where = f"{number.name} at call {at} of {calls}: {done.stderr}"
        assert done.returncode == 128 + number, where
        assert "Traceback" not in done.stderr, where
        assert is_left_in_order(project, run), where
        known = run in {one["run_id"] for one in project.json("ps")["runs"]}
        again = ["resume", run] if known else ["up", "quick.py", "--run-id", run]
        after = project.run(*again)
        assert (after.returncode, after.stdout) == (0, "3\n"), f"{where}\n{after.stderr}"
        assert project.ledger[-1] == "third", where
        for body in ("first", "third"):  # nothing that finished ran again
            attempts = project.tasks(run)[body]["attempts"]
            finished = [one["state"] for one in attempts].count("succeeded")
            assert finished == 1, where
    assert project.json("supervise", "--once")["done"] == []


def is_left_in_order(project: Project, run: str) -> bool:
    """Whether nobody owns the run, nothing of it is said to run, and nothing wakes it."""
    with closing(sqlite3.connect(project.database)) as db:
        owned = "SELECT count(*) FROM runs WHERE run_id = ? AND (owner OR wake_at OR called)"
        running = "SELECT count(*) FROM attempts WHERE run_id = ? AND state = 'running'"
        return all(db.execute(sql, (run,)).fetchone() == (0,) for sql in (owned, running))


@pytest.mark.sampled(1)
@pytest.mark.timeout(600)
@EACH
def test_a_signal_at_any_moment_gives_its_code_and_a_run_that_can_be_resumed(
    project: Project, number: signal.Signals
) -> None:
    check_signals(project, number, range(ENDING.index(number), MOMENTS, 4 * len(ENDING)))


@pytest.mark.trust
@pytest.mark.timeout(1800)
@EACH
def test_each_signal_at_each_moment_gives_its_code(
    project: Project, number: signal.Signals
) -> None:
    check_signals(project, number, range(MOMENTS))


# -- a terminal that is closed, and one that was left before


def attempt_states(project: Project, task: str) -> list[str]:
    return [one["state"] for one in project.tasks()[task]["attempts"]]


def test_a_closed_terminal_ends_a_run_as_politely_as_sigterm(project: Project) -> None:
    screen, terminal = pty.openpty()
    takes_it = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)"
    command = project.command("up", "stubborn.py:polite", "--run-id", "r1")
    owner = subprocess.Popen(
        [sys.executable, "-c", f"{takes_it}; os.execv(sys.argv[1], sys.argv[1:])", *command],
        cwd=project.folder,
        env={**project.environment, "TERM": "xterm"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    closed = threading.Event()

    def look_on() -> None:
        while not closed.is_set():
            if select.select([screen], [], [], 0.05)[0]:
                os.read(screen, 1 << 16)

    looking = threading.Thread(target=look_on)
    looking.start()
    try:
        until(lambda: "begun" in project.ledger, "the agent")
    finally:
        closed.set()
        looking.join()
        os.close(screen)
    assert owner.wait(timeout=60) == 129
    assert project.ledger == ["begun", "asked"]
    assert attempt_states(project, "polite") == ["interrupted"]
    assert project.processes() == []
    assert project.json("supervise", "--once")["done"] == []


@pytest.mark.long
def test_sighup_that_was_ignored_at_the_start_stays_ignored(project: Project) -> None:
    command = project.command("up", "stubborn.py:polite", "--run-id", "r1")
    shell = subprocess.Popen(
        ["/bin/sh", "-c", "trap '' HUP; exec \"$@\"", "sh", *command],
        cwd=project.folder,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: "begun" in project.ledger, "the agent")
    shell.send_signal(signal.SIGHUP)
    (project.folder / "go").touch()
    assert shell.communicate(timeout=60)[0] == "done\n"
    assert shell.returncode == 0


def test_what_prints_on_a_terminal_that_is_gone_does_not_fail_by_that(project: Project) -> None:
    (project.folder / "loud.py").write_text(
        "import sys\n"
        "from ledger import hold, note\n"
        "from smithers import *\n"
        "def shout() -> str:\n"
        "    note('begun')\n"
        "    while hold('hold'):\n"
        "        pass\n"
        "    print('hello', flush=True)\n"
        "    print('hello', file=sys.stderr, flush=True)\n"
        "    note('said')\n"
        "    return 'done'\n"
        "@workflow\n"
        "def loud(ctx: Context[NoInput]) -> Node:\n"
        "    return Sequence(Step('shout', shout), Step('after', lambda: 1))\n"
    )
    (project.folder / "hold").touch()
    screen, terminal = pty.openpty()
    owner = Started(
        project.command("up", "loud.py", "--run-id", "r1"),
        cwd=project.folder,
        env={**project.environment, "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    until(lambda: "begun" in project.ledger, "the step")
    os.close(screen)  # nobody's controlling terminal: no signal comes of it
    (project.folder / "hold").unlink()
    assert owner.wait(timeout=60) == 0
    assert project.ledger == ["begun", "said"]
    assert project.json("ps")["runs"][0]["status"] == "finished"


# -- a second signal


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    ("first", "second"),
    [(signal.SIGTERM, signal.SIGINT), (signal.SIGINT, signal.SIGTERM), (signal.SIGINT,) * 2],
)
def test_a_second_signal_ends_at_once_with_its_code_and_no_descendant_survives(
    project: Project, first: signal.Signals, second: signal.Signals
) -> None:
    owner = project.start("up", "stubborn.py:slow", "--run-id", "r1")
    until(lambda: "begun" in project.ledger, "the agent")
    owner.send_signal(first)
    until(lambda: "asked" in project.ledger, "the question to end")
    owner.send_signal(second)
    owner.communicate(timeout=60)
    assert owner.returncode == 128 + second
    until(lambda: not project.processes(), "the end of every process")
    assert project.json("supervise", "--once")["done"] == [], "a person ended it"
    assert project.json("ps")["runs"][0]["status"] == "stale"


def test_a_terminal_that_closes_sends_sighup_twice_and_that_is_one_event(project: Project) -> None:
    owner = project.start("up", "stubborn.py:polite", "--run-id", "r1")
    until(lambda: "begun" in project.ledger, "the agent")
    owner.send_signal(signal.SIGHUP)
    owner.send_signal(signal.SIGHUP)
    owner.communicate(timeout=60)
    assert owner.returncode == 129
    assert attempt_states(project, "polite") == ["interrupted"]


@pytest.mark.sampled(1)
@EACH
def test_the_program_of_a_step_ends_with_the_run_that_is_stopped(
    project: Project, number: signal.Signals
) -> None:
    owner = project.start("up", "stubborn.py:calls_a_program", "--run-id", "r1")
    until(lambda: project.ledger, "the program")
    owner.send_signal(number)
    owner.communicate(timeout=60)
    assert owner.returncode == 128 + number
    until(lambda: not project.processes(), "the end of every process")
    assert attempt_states(project, "waits") == ["interrupted"]


# -- every other command that stays


@pytest.mark.sampled(1)
@EACH
def test_supervise_ends_with_the_code_of_the_signal(
    project: Project, number: signal.Signals
) -> None:
    assert project.run("trust").returncode == 0
    child = project.start("supervise")
    assert child.stderr is not None
    assert "supervising" in child.stderr.readline()
    child.send_signal(number)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 128 + number
    assert said.endswith("stopped; the runs that were started continue\n")


@pytest.mark.long
@EACH
def test_the_mcp_server_ends_with_the_code_of_the_signal(
    project: Project, number: signal.Signals
) -> None:
    server = subprocess.Popen(
        project.command("mcp"),
        cwd=project.folder,
        env=project.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    client = {"name": "test", "version": "1"}
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client}
    asked = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
    server.stdin.write(json.dumps(asked) + "\n")
    server.stdin.flush()
    assert "smithers" in server.stdout.readline()
    server.send_signal(number)
    assert server.wait(timeout=60) == 128 + number
    server.communicate()


@pytest.mark.sampled(1)
@EACH
def test_up_detach_that_is_ended_leaves_no_process_behind(
    project: Project, number: signal.Signals
) -> None:
    (project.folder / "hangs.py").write_text(
        "import ledger\nledger.note('here')\nwhile True: pass\n"
    )
    child = project.start("up", "hangs.py", "--run-id", "r1", "--detach")
    until(lambda: "here" in project.ledger, "the import")
    child.send_signal(number)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 128 + number
    assert "Traceback" not in said
    until(lambda: not project.processes(), "the end of every process")
    assert not project.database.exists()


@pytest.mark.long
@EACH
def test_the_demo_ends_with_the_code_of_the_signal(
    project: Project, number: signal.Signals
) -> None:
    child = project.start("demo", "shown")
    assert child.stderr is not None
    for line in child.stderr:
        if "research started" in line:
            break
    child.send_signal(number)
    child.communicate(timeout=60)
    assert child.returncode == 128 + number
    until(lambda: not project.processes(), "the end of every process")


def test_an_interruption_that_python_swallows_in_a_callback_is_not_reported() -> None:
    code = """
import gc, os, signal, sys, weakref
from smithers.cli._signals import SIGNALS

class Thing:
    pass

SIGNALS.catch()
thing = Thing()
reference = weakref.ref(thing, lambda _: os.kill(os.getpid(), signal.SIGTERM))
del thing
print(SIGNALS.got)
sys.exit(SIGNALS.final_code(0))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (143, "")
