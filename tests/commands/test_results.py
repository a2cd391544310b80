"""What a command gives, and how it fails: each with a clear result."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import BaseModel

from smithers import Command, Completed, Parallel, Retry, Sequence, Step
from smithers.changes import Key
from smithers.engine import program_start
from smithers.engine.program_output import KEPT_BYTES
from smithers.errors import AuthorError
from smithers.host import CannotStart, GuardedProcess
from smithers.secrets import Secrets
from tests.commands.running import PYTHON, end_of, events_of, failure_of, output_of, run_of


class Report(BaseModel):
    passed: int


def test_a_command_gives_what_it_wrote_and_how_it_ended() -> None:
    given = output_of(
        Command("c", [*PYTHON, "import sys; print('ä'); print('e', file=sys.stderr)"])
    )
    assert given.pop("duration_s") > 0
    assert given == {"exit_code": 0, "stdout": "ä\n", "stderr": "e\n"}


def test_an_output_of_text_is_stdout_and_of_a_model_its_json() -> None:
    assert output_of(Command("c", ["printf", "a\n\nb"], output=str)) == "a\n\nb"
    assert output_of(Command("c", ["echo", '{"passed": 3}'], output=Report)) == {"passed": 3}
    assert output_of(Command("c", ["echo", "[1, 2]"], output=list[int])) == [1, 2]


def test_each_part_may_read_outputs_and_waits_for_them() -> None:
    def make(ctx: Any) -> Any:
        first = Command("first", ["echo", "one"], output=str)
        folder = Command("folder", "mkdir sub; echo sub", shell=True, output=str)
        second = Command(
            "second",
            lambda: [
                *PYTHON,
                "import os, sys; print(os.getcwd(), os.environ['X'], sys.stdin.read())",
            ],
            cwd=lambda: ctx[folder].strip(),
            env=lambda: {"X": ctx[first].strip()},
            stdin=lambda: ctx[first],
            output=str,
        )
        return Parallel(second, folder, first)

    run = run_of(make)
    run.go()
    output = run.state.ended[Key("second")].output
    assert isinstance(output, str)
    assert json.loads(output) == f"{run.folder / 'sub'} one one\n\n"


def test_without_check_an_exit_code_and_a_signal_are_data() -> None:
    assert output_of(Command("c", ["sh", "-c", "exit 3"], check=False))["exit_code"] == 3
    assert output_of(Command("c", ["sh", "-c", "kill -9 $$"], check=False))["exit_code"] == -9


def test_stdin_is_empty_unless_it_is_given() -> None:
    assert output_of(Command("c", ["cat"], output=str)) == ""
    text = "x" * 3_000_000
    assert output_of(Command("c", ["wc", "-c"], stdin=text, output=int)) == 3_000_000


def test_a_program_that_does_not_read_its_stdin_ends_as_it_does() -> None:
    assert output_of(Command("c", ["true"], stdin="x" * 1_000_000))["exit_code"] == 0


SAID: list[tuple[str, Command[Any], str, str]] = [
    (
        "an exit code",
        Command("c", [*PYTHON, "import sys; print('no such table', file=sys.stderr); sys.exit(4)"]),
        "exited with code 4\nstderr: no such table",
        "type `smithers logs r1 c`",
    ),
    ("a signal", Command("c", "kill -SEGV $$", shell=True), "was ended by SIGSEGV", "logs r1 c"),
    (
        "a missing program",
        Command("c", ["no-such-program", "x"]),
        "`no-such-program x` was not started: 'no-such-program' was not found",
        "install it, or write its whole path",
    ),
    (
        "words in one",
        Command("c", ["git status"]),
        "'git status' was not found",
        "write each word as an item of the list, or one string with shell=True",
    ),
    ("a missing file", Command("c", ["./gone.sh"]), "was not found", "correct the path, or cwd="),
    (
        "not executable",
        Command("c", ["/etc/passwd"]),
        "'/etc/passwd' is not executable",
        "chmod +x /etc/passwd",
    ),
    (
        "a missing folder",
        Command("c", ["true"], cwd="gone"),
        "gone does not exist",
        "make it first, or change cwd=",
    ),
    (
        "10 MB in one word",
        Command("c", ["echo", "x" * 10_000_000]),
        "one of its words or variables has 10000000 bytes, more than the system can pass on",
        "pass the text with stdin=, or in a file",
    ),
    (
        "10 MB in a variable",
        Command("c", ["echo"], env={"X": "x" * 10_000_000}),
        "one of its words or variables has 10000000 bytes, more than the system can pass on",
        "pass the text with stdin=, or in a file",
    ),
    (
        "too many words",
        Command("c", ["echo", *["x" * 1000] * 9000]),
        "its words and variables are too many, more than the system can pass on",
        "pass the text with stdin=, or in a file",
    ),
    (
        "no JSON",
        Command("c", ["echo", "done"], output=Report),
        "what `echo done` wrote to stdout does not match output=",
        "have it write one JSON value and nothing else to stdout, or change output=",
    ),
    (
        "bytes as JSON",
        Command("c", ["printf", r'"\377"'], output=list),
        "wrote bytes to stdout that are not UTF-8, so they are not JSON",
        "leave out output=, or have it write JSON",
    ),
    (
        "too late",
        Command("c", ["sleep", "60"], timeout_s=0.2),
        "not finished within 0.2 s",
        "type `smithers logs r1 c`",
    ),
    (
        "silence",
        Command("c", [*PYTHON, "import time; print(1, flush=True); time.sleep(60)"], idle_s=0.5),
        "no output for 0.5 s",
        "type `smithers logs r1 c`",
    ),
]


@pytest.mark.sampled(5)
@pytest.mark.parametrize(
    ("command", "said", "hint"), [one[1:] for one in SAID], ids=[one[0] for one in SAID]
)
def test_a_failure_says_what_happened_and_what_to_do(
    command: Command[Any], said: str, hint: str
) -> None:
    failure = failure_of(command)
    assert said in failure.message
    assert hint in failure.hint


WRONG: list[tuple[str, Command[Any], str, str]] = [
    (
        "no words",
        Command("c", lambda: list[str]()),
        "the argv of command 'c' names no program",
        'write ["git", "status"]',
    ),
    (
        "a NUL",
        Command("c", lambda: ["echo", "a\0b"]),
        "word 1 of the argv of command 'c' contains a NUL character",
        "pass the text with stdin=, or remove it",
    ),
    (
        "a number as a word",
        Command("c", lambda: cast("list[str]", ["sleep", 5])),
        "word 1 of the argv of command 'c' must be a string or a path, not 5",
        "write str(...)",
    ),
]


@pytest.mark.parametrize(
    ("command", "said", "hint"), [one[1:] for one in WRONG], ids=[one[0] for one in WRONG]
)
def test_what_no_program_can_take_is_an_error_of_the_author(
    command: Command[Any], said: str, hint: str
) -> None:
    with pytest.raises(AuthorError) as raised:
        failure_of(command)
    assert said in raised.value.said
    assert hint in raised.value.hint
    assert raised.value.place is not None
    assert raised.value.place.file == __file__


def test_a_script_without_an_interpreter_line_is_named(tmp_path: Path) -> None:
    script = tmp_path / "plain"
    script.write_text("echo hello\n")
    script.chmod(0o755)
    failure = failure_of(Command("c", [script]))
    assert "Exec format error" in failure.message
    assert "begin the script with a line such as #!/bin/sh" in failure.hint
    script.write_text("#!/no/such/interpreter\n")
    assert (
        "interpreter in its first line was not found" in failure_of(Command("c", [script])).message
    )


@pytest.mark.sampled(1)
@pytest.mark.parametrize("number", [errno.ETXTBSY, errno.EAGAIN, errno.EMFILE, errno.ENOMEM])
def test_a_start_that_fails_for_a_passing_reason_is_tried_again(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[int] = []

    class Busy(GuardedProcess):
        async def pids(self) -> Any:
            if len(refused) < 3:
                refused.append(number)
                raise CannotStart(number, os.strerror(number))
            return await super().pids()

    monkeypatch.setattr(program_start, "GuardedProcess", Busy)
    assert output_of(Command("c", ["echo", "there"], output=str)) == "there\n"
    assert len(refused) == 3


def test_a_command_is_tried_again_only_if_it_is_asked_for() -> None:
    once = "test -e again && exit 0; touch again; exit 1"
    assert failure_of(Command("c", once, shell=True)).kind == "CommandFailed"
    at_once = Retry(tries=2, first_s=0, jitter=0)
    assert end_of(Command("c", once, shell=True, retry=at_once)).outcome == "finished"


def test_bytes_that_are_not_utf8_are_replaced_and_kept_in_the_file() -> None:
    run = run_of(lambda ctx: Command("c", ["printf", r"a\377\000b"]))
    run.go()
    output = run.state.ended[Key("c")].output
    assert isinstance(output, str)
    assert json.loads(output)["stdout"] == "a\ufffd\0b"
    assert (run.settings.streams / "1.stdout").read_bytes() == b"a\xff\0b"


def test_of_a_long_output_the_end_is_given_and_the_file_has_all() -> None:
    code = "import sys; [sys.stdout.write('ä' * 50000) for _ in range(30)]; print('end')"
    seen: list[str] = []

    def make(ctx: Any) -> Any:
        long = Command("c", [*PYTHON, code], output=str)
        return Sequence(long, Step("read", lambda: seen.append(ctx[long])))

    run = run_of(make)
    run.go()
    size = (run.settings.streams / "1.stdout").stat().st_size
    assert size == 2 * 50000 * 30 + 4
    first, _, rest = seen[0].partition("\n")
    assert (
        first == f"… [{size - KEPT_BYTES} bytes omitted; "
        f"{run.folder.name}/streams/1.stdout has all of it]"
    )
    assert rest.endswith("äend\n")
    assert "\ufffd" not in rest


def test_a_json_output_that_is_too_long_is_an_error() -> None:
    code = "import sys; [sys.stdout.write('1' * 1000000) for _ in range(17)]"
    failure = failure_of(Command("c", [*PYTHON, code], output=int))
    assert "wrote 17000000 bytes to stdout: more than 16777216 of JSON" in failure.message


def test_what_it_writes_is_shown_without_secrets_and_given_as_it_is() -> None:
    secret = "sk-0123456789abcdef"
    node = Command("c", ["sh", "-c", f"echo {secret}; echo {secret} >&2; exit 1"])
    run = run_of(lambda ctx: node, secrets=Secrets({"API_KEY": secret}))
    run.go()
    failure = run.state.ended[Key("c")].error
    assert failure is not None
    assert "stderr: ${API_KEY}" in failure.message
    assert secret not in repr(run.state.attempts)
    streams = run.settings.streams
    assert secret not in (streams / "1.events.jsonl").read_text()
    assert [event["event"] for event in events_of(run)] == [
        "command",
        "printed",
        "printed",
        "exited",
    ]
    assert (streams / "1.stdout").read_text() == f"{secret}\n"
    assert stat.S_IMODE((streams / "1.stdout").stat().st_mode) == 0o600


def test_its_environment_is_that_of_the_run_without_the_keys_of_agents(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-key")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-key")
    monkeypatch.setenv("GITHUB_TOKEN", "of-the-author")
    monkeypatch.setenv("SMITHERS_RUN", "another")
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    env = {"OPENAI_API_KEY": "named", "SMITHERS_RUN": "mine", "SMITHERS_ATTEMPT": "mine"}
    found = output_of(Command("c", [*PYTHON, code], env=env, output=dict[str, str]))
    assert "ANTHROPIC_API_KEY" not in found
    assert (found["OPENAI_API_KEY"], found["GITHUB_TOKEN"]) == ("named", "of-the-author")
    assert found["SMITHERS_RUN"] == "r1"
    assert found["SMITHERS_ATTEMPT"].endswith(":r1:1:1")


def test_whoever_watches_hears_the_last_line() -> None:
    run = run_of(lambda ctx: Command("c", "echo first; echo last", shell=True))
    run.go()
    assert [getattr(event, "text", "") for _, event in run.watch.events][-1] == "last"


def test_completed_cannot_be_changed() -> None:
    done = Completed(exit_code=0, stdout="", stderr="", duration_s=0.1)
    with pytest.raises(ValueError, match="frozen"):
        setattr(done, "exit_code", 1)  # noqa: B010  # the checkers flag it written plainly


def test_a_secret_that_its_author_gives_to_a_program_is_masked_as_well() -> None:
    secret = "hunter2-and-more"
    node = Command(
        "c", ["sh", "-c", "echo $MY_TOKEN; echo $MY_TOKEN >&2; exit 1"], env={"MY_TOKEN": secret}
    )
    run = run_of(lambda ctx: node)
    assert run.go().status == "failed"
    assert secret not in repr(run.state)
    assert secret not in (run.settings.streams / "1.events.jsonl").read_text()
