"""Programs that the function of a step starts: `attempt.run` and `attempt.arun`."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from smithers import Attempt, CommandFailed, Completed, Sequence, Step
from smithers.changes import Key
from smithers.errors import AuthorError, Stalled
from tests.commands.running import PYTHON, end_of, events_of, failure_of, output_of, run_of


def test_a_step_runs_programs_as_a_command_does() -> None:
    def work(attempt: Attempt) -> list[object]:
        done = attempt.run(["cat"], stdin="in", env={"X": "1"})
        print(done.stdout)  # noqa: T201  # is kept beside what the program wrote
        return [
            done.stdout,
            attempt.run("pwd", shell=True, output=str),
            attempt.run(["echo", "[1]"], output=list[int]),
        ]

    run = run_of(lambda ctx: Step("s", work))
    run.go()
    output = run.state.ended[Key("s")].output
    assert isinstance(output, str)
    assert json.loads(output) == ["in", f"{run.folder}\n", [1]]
    words = [one.get("text") or one["event"] for one in events_of(run)]
    assert words[:3] == ["command", "in", "exited"]
    assert (run.settings.streams / "1.stdout").read_text() == f"in{run.folder}\n[1]\n"


def test_an_async_step_awaits_them_and_may_run_several_at_once() -> None:
    async def work(attempt: Attempt) -> list[str]:
        one = attempt.arun(["echo", "one"], output=str)
        two = attempt.arun(["echo", "two"], output=str)
        return list(await asyncio.gather(one, two))

    assert output_of(Step("s", work)) == ["one\n", "two\n"]


def test_its_failure_is_an_exception_that_the_author_may_catch() -> None:
    def work(attempt: Attempt) -> list[object]:
        with pytest.raises(CommandFailed) as failed:
            attempt.run(["sh", "-c", "echo out; echo err >&2; exit 7"])
        with pytest.raises(CommandFailed) as missing:
            attempt.run(["no-such-program"])
        with pytest.raises(Stalled):
            attempt.run(["sleep", "60"], idle_s=0.1)
        error = failed.value
        return [error.exit_code, error.stdout, error.stderr, missing.value.exit_code]

    assert output_of(Step("s", work)) == [7, "out\n", "err\n", None]


def test_a_failure_that_is_not_caught_fails_the_step_at_the_line_of_the_call() -> None:
    failure = failure_of(Step("s", lambda attempt: attempt.run(["false"]).stdout))
    assert (failure.kind, failure.message) == ("CommandFailed", "`false` exited with code 1")
    assert failure.hint == "for all that it wrote, type `smithers logs r1 s`"
    assert failure.place is not None
    assert failure.place.startswith(__file__)


def test_without_check_it_gives_the_exit_code() -> None:
    assert output_of(Step("s", lambda attempt: attempt.run(["false"], check=False).exit_code)) == 1


async def runs_in_the_loop(attempt: Attempt) -> Completed:
    return attempt.run(["true"])


def test_the_loop_is_never_blocked_by_a_program() -> None:
    failure = failure_of(Step("s", runs_in_the_loop))
    assert "attempt.run would block the event loop" in failure.message
    assert failure.hint == "in an async step, write await attempt.arun(...)"
    assert failure.place is not None
    assert failure.place.startswith(__file__)


def test_a_step_that_is_not_async_is_pointed_to_run() -> None:
    failure = failure_of(Step("s", lambda attempt: attempt.arun(["true"])))
    assert failure.hint == "in a step that is not async, write attempt.run(...)"


def test_a_read_that_is_missing_after_a_program_ran_is_an_error() -> None:
    def make(ctx: Any) -> Any:
        def work(attempt: Attempt) -> None:
            attempt.run(["true"])
            ctx[late]

        late = Step("late", lambda: 1)
        return Sequence(Step("s", work), late)

    run = run_of(make)
    run.go()
    failure = run.state.ended[Key("s")].error
    assert failure is not None
    assert "after it had used its Attempt" in failure.message


def test_what_a_step_leaves_running_ends_with_it() -> None:
    tasks: list[asyncio.Task[Completed]] = []

    async def work(attempt: Attempt) -> str:
        tasks.append(asyncio.create_task(attempt.arun(["sleep", "300"])))
        await asyncio.sleep(0.2)
        return "done"

    ended = end_of(Step("s", work))
    assert ended.outcome == "finished"
    assert tasks[0].cancelled()


def test_an_attempt_made_by_hand_runs_nothing() -> None:
    with pytest.raises(AuthorError, match="this Attempt was made by hand"):
        Attempt("key", 1, print).run([*PYTHON, "pass"])


def test_wrong_arguments_name_the_call() -> None:
    def work(attempt: Attempt) -> None:
        attempt.run("git status")

    failure = failure_of(Step("s", work))
    assert failure.message == "the argv of attempt.run must be a list of words, not 'git status'"
    assert failure.hint == 'write ["git", "status"], or shell=True with one string'
