"""What a step prints or raises is in the log of its attempt, and shown where it always was."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from smithers import Context, Node, NoInput, Parallel, Retry, Step, workflow
from smithers.changes import Key
from smithers.engine import printing
from smithers.engine.attempts import executor
from smithers.engine.loading import load_workflow
from smithers.engine.printing import output_bound
from smithers.engine.programs import Programs
from smithers.secrets import Secrets
from smithers.store.files import events_file
from tests.rules.runs import Run

Event = dict[str, Any]


def run_of(*steps: Callable[[], Node[Any]], secrets: Secrets | None = None) -> tuple[Run, str, str]:
    """The run of these steps at once; and what was shown on stdout and stderr."""

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Parallel(*(make() for make in steps))

    run, out, err = Run(flow, secrets=secrets), io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), output_bound():
        run.go()
    return run, out.getvalue(), err.getvalue()


def events_of(run: Run, task: str, number: int = 1) -> list[Event]:
    tries = run.state.tries[Key(task)]
    file = events_file(run.settings.streams, tries[number - 1].serial)
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text().splitlines()]


def printed(run: Run, task: str, stream: str = "stdout") -> str:
    found = [one["text"] for one in events_of(run, task) if one.get("stream") == stream]
    return "\n".join(found)


def say(*words: object, to: Any = None) -> None:
    print(*words, file=to)  # it is what these tests are about


def test_steps_that_run_at_once_do_not_mix_their_output() -> None:
    turn = threading.Barrier(2)

    def thread(name: str) -> None:
        for number in range(20):
            say(name, number)
            turn.wait(10)

    async def task(name: str) -> None:
        for number in range(20):
            say(name, number)
            await asyncio.sleep(0)

    run, out, _ = run_of(
        lambda: Step("one", lambda: thread("one")),
        lambda: Step("two", lambda: thread("two")),
        lambda: Step("three", lambda: task("three")),
        lambda: Step("four", lambda: task("four")),
    )
    for name in ("one", "two", "three", "four"):
        lines = [f"{name} {number}" for number in range(20)]
        assert printed(run, name).splitlines() == lines
        assert [line for line in out.splitlines() if line.startswith(name)] == lines


def test_a_log_has_stderr_and_logging_and_a_line_without_an_end() -> None:
    def work() -> None:
        handler = logging.StreamHandler()
        logger = logging.getLogger("tests.printing")
        logger.addHandler(handler)
        logger.warning("logged")
        logger.removeHandler(handler)
        sys.stdout.write("begun, ")
        say("warned", to=sys.stderr)
        sys.stdout.write("not ended")

    run, out, err = run_of(lambda: Step("a", work))
    assert printed(run, "a", "stderr") == "logged\nwarned"
    assert printed(run, "a") == "begun, not ended"
    assert (out, err) == ("begun, not ended", "logged\nwarned\n")


def test_a_thread_that_continues_after_its_attempt_writes_no_log() -> None:
    over, said = threading.Event(), threading.Event()

    def late() -> None:
        over.wait(60)
        say("too late")
        said.set()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Step("late", late, timeout_s=0.01)

    run, out = Run(flow), io.StringIO()
    with redirect_stdout(out), output_bound():
        assert run.go().status == "failed"
        before = events_of(run, "late")
        over.set()
        assert said.wait(60)
    assert out.getvalue() == "too late\n"
    assert events_of(run, "late") == before


def test_a_step_that_uses_neither_log_nor_programs_has_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[int] = []

    def counted(*, serial: int, **fields: Any) -> Programs:
        made.append(serial)
        return Programs(serial=serial, **fields)

    monkeypatch.setattr(executor, "Programs", counted)
    run, _, _ = run_of(lambda: Step("quiet", lambda: 1), lambda: Step("loud", lambda: say("a")))
    assert made == [run.state.tries[Key("loud")][0].serial]
    assert printed(run, "loud") == "a"


def test_what_is_printed_outside_of_a_step_is_in_no_log() -> None:
    def work() -> None:
        thread = threading.Thread(target=lambda: say("from a thread of its own"))
        thread.start()
        thread.join()

    run, out, _ = run_of(lambda: Step("a", work))
    assert events_of(run, "a") == []
    assert out == "from a thread of its own\n"


def test_the_streams_are_the_old_ones_afterwards() -> None:
    before = sys.stdout, sys.stderr
    with output_bound():
        with output_bound():
            assert sys.stdout is not before[0]
        assert sys.stdout is not before[0]
    assert (sys.stdout, sys.stderr) == before


def test_a_log_is_masked() -> None:
    secrets = Secrets({"DEPLOY_TOKEN": "tok-4f9a8b7c6d5e"})
    run, out, _ = run_of(lambda: Step("a", lambda: say("token tok-4f9a8b7c6d5e")), secrets=secrets)
    assert printed(run, "a") == "token ${DEPLOY_TOKEN}"
    assert out == "token tok-4f9a8b7c6d5e\n", "shown as it always was"


_SECRET = "tok-4f9a8b7c6d5e"


@pytest.mark.parametrize(
    "pieces",
    [
        ["x" * (printing.LINE_CHARS - 5), _SECRET[:9], _SECRET[9:], "y" * 100_000],
        ["x" * printing.LINE_CHARS + _SECRET + "y" * (printing.HELD_CHARS - 8), "y" * 100_000],
    ],
    ids=["written in two", "where the line is cut"],
)
def test_a_secret_is_masked_across_the_pieces_of_a_long_line(pieces: list[str]) -> None:
    secrets = Secrets({"DEPLOY_TOKEN": _SECRET})

    def work() -> None:
        for piece in pieces:
            sys.stdout.write(piece)

    run, _, _ = run_of(lambda: Step("a", work), secrets=secrets)
    told = "".join(one["text"] for one in events_of(run, "a"))
    assert "tok-" not in told
    assert "6d5e" not in told
    assert told.count("${DEPLOY_TOKEN}") == 1


def test_a_log_keeps_the_first_and_the_last_of_much_output(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(printing, "_MOST_CHARS", 1000)
    monkeypatch.setattr(printing, "_LAST_CHARS", 100)

    def work() -> None:
        for number in range(1000):
            say(f"line {number}")

    run, out, _ = run_of(lambda: Step("a", work))
    told = printed(run, "a")
    assert told.startswith("line 0\nline 1\n")
    assert told.endswith("line 999")
    assert "characters omitted]" in told
    assert len(told) < 1300
    assert len(out.splitlines()) == 1000


def test_each_attempt_has_its_own_output_and_traceback() -> None:
    calls: list[int] = []

    def work() -> None:
        calls.append(1)
        say("call", len(calls))
        if len(calls) == 1:
            raise ValueError("at first")

    run, _, _ = run_of(lambda: Step("a", work, retry=Retry(tries=2, first_s=0)))
    first, second = events_of(run, "a", 1), events_of(run, "a", 2)
    assert [one["event"] for one in first] == ["printed", "raised"]
    assert first[1]["text"].startswith("Traceback (most recent call last):\n")
    assert first[1]["text"].endswith("ValueError: at first")
    assert "/smithers/engine/" not in first[1]["text"], "it begins in the author's file"
    assert f'File "{__file__}"' in first[1]["text"]
    assert [one["text"] for one in second] == ["call 2"]


def test_an_exception_of_an_async_step_has_its_cause_in_the_log() -> None:
    async def work() -> None:
        try:
            await asyncio.sleep(0)
            raise KeyError("cause")
        except KeyError as error:
            raise ValueError("effect") from error

    run, _, _ = run_of(lambda: Step("a", work))
    (raised,) = events_of(run, "a")
    assert "KeyError: 'cause'" in raised["text"]
    assert raised["text"].endswith("ValueError: effect")


# -- where an error is


def failure_of_file(folder: Path, text: str) -> tuple[str, str]:
    """The message and the place of the step `a` of a file."""
    file = folder / "flow.py"
    file.write_text(text)
    run = Run(load_workflow(file).workflow)
    assert run.go().status == "failed"
    error = run.state.ended[Key("a")].error
    assert error is not None
    return error.message, (error.place or "").removeprefix(f"{folder}/")


@pytest.fixture
def imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))


_FLOW = """\
import sys
sys.path.append({elsewhere!r})
import helper_elsewhere
from smithers import Step, workflow

def work():
    helper_elsewhere.fail()

@workflow
def flow(ctx):
    return Step("a", work)
"""


@pytest.mark.usefixtures("imported")
def test_the_place_is_the_last_line_below_the_workflows_folder(tmp_path: Path) -> None:
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "project"
    elsewhere.mkdir()
    folder.mkdir()
    (elsewhere / "helper_elsewhere.py").write_text("def fail():\n    return {}['x']\n")
    told = failure_of_file(folder, _FLOW.format(elsewhere=str(elsewhere)))
    assert told == ("KeyError: 'x'", "flow.py:7:5")


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize(
    ("streams", "told"),
    [("echo why >&2", "\nstderr: why"), ("echo lost", "\nstdout: lost"), ("true", "")],
)
def test_a_program_that_failed_has_the_end_of_what_it_wrote(
    tmp_path: Path, streams: str, told: str
) -> None:
    call = f"subprocess.run(['sh', '-c', {streams!r} + '; exit 3'], check=True, capture_output=1)"
    said, place = failure_of_file(
        tmp_path,
        "import subprocess\nfrom smithers import Step, workflow\n\n"
        f"def work():\n    {call}\n\n"
        '@workflow\ndef flow(ctx):\n    return Step("a", work)\n',
    )
    command = ["sh", "-c", f"{streams}; exit 3"]
    assert said == f"{_called_process_error(command)}{told}"
    assert place == "flow.py:5:5"


def _called_process_error(command: list[str]) -> str:
    return f"CalledProcessError: {subprocess.CalledProcessError(3, command)}"


@pytest.mark.usefixtures("imported")
def test_a_group_of_exceptions_is_told_by_its_first(tmp_path: Path) -> None:
    said, place = failure_of_file(
        tmp_path,
        "import asyncio\nfrom smithers import Step, workflow\n\n"
        "async def inner():\n    raise ValueError('no')\n\n"
        "async def work():\n    async with asyncio.TaskGroup() as group:\n"
        "        group.create_task(inner())\n\n"
        '@workflow\ndef flow(ctx):\n    return Step("a", work)\n',
    )
    assert said.startswith("ValueError: no (in ExceptionGroup: ")
    assert place == "flow.py:5:5"
