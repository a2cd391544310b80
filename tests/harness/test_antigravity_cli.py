"""The adapter of `agy`, with a fake that does as others say of `agy`. No real one was ever run."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from harnesses.antigravity_cli import AntigravityCLI
from smithers.agent import Answered, Ask, Said, Started, ToolCalled, ToolReturned, Used
from smithers.errors import (
    AuthorError,
    BadOutput,
    Busy,
    NotInstalled,
    NotSignedIn,
    Permanent,
    Transient,
)
from tests.harness.helpers import events_of, outcome_of

pytestmark = pytest.mark.anyio

DONE: dict[str, Any] = {
    "conversation_id": "c-1",
    "status": "SUCCESS",
    "response": "All is done.",
    "usage": {"input_tokens": 9, "output_tokens": 3, "cache_read_tokens": 4, "thinking_tokens": 2},
}


def step(**fields: object) -> dict[str, Any]:
    return {"event": "step_update", "step_update": fields}


def stand_in(
    folder: Path,
    *events: dict[str, Any],
    version: str = "1.3.0",
    stderr: str = "",
    code: int = 0,
) -> AntigravityCLI:
    """A fake `agy`: it writes down what it was started with, and plays these events."""
    out, err = folder / "out", folder / "err"
    out.write_text("".join(json.dumps(event) + "\n" for event in events))
    err.write_text(stderr)
    program = folder / "agy"
    quoted = {name: shlex.quote(str(folder / name)) for name in ("out", "err", "argv", "env")}
    program.write_text(
        "#!/bin/sh\n"
        f'[ "$1" = --version ] && {{ echo "agy {version}"; exit 0; }}\n'
        f"printf '%s\\n' \"$@\" > {quoted['argv']}; env > {quoted['env']}\n"
        f"cat {quoted['out']}; cat {quoted['err']} >&2; exit {code}\n"
    )
    program.chmod(0o755)
    return AntigravityCLI("gemini-x-high", experimental=True, program=str(program))


def result(**fields: object) -> dict[str, Any]:
    return {"event": "result", "result": DONE | fields}


def ask(folder: Path, prompt: str = "Do it.", **fields: Any) -> Ask:
    return Ask(prompt=prompt, cwd=folder, **fields)


async def test_without_the_word_of_its_author_there_is_no_such_agent() -> None:
    with pytest.raises(AuthorError, match="never tested with a real agy"):
        AntigravityCLI()


async def test_what_it_says_are_events_with_its_session_and_what_it_used(tmp_path: Path) -> None:
    tool = {"name": "view_file", "parameters": {"path": "a.txt"}}
    agent = stand_in(
        tmp_path,
        {"event": "init", "conversation_id": "c-1"},
        step(step_type="VIEW_FILE", tool_info=tool, state="ACTIVE"),
        step(step_type="VIEW_FILE", tool_info=tool, state="DONE"),
        step(step_type="TEXT", text_delta="All is done."),
        {"event": "of_tomorrow"},
        result(),
    )
    events = [event for event in await events_of(agent, ask(tmp_path)) if "pid" not in repr(event)]
    assert events == [
        Started("c-1"),
        ToolCalled(call="1", name="view_file", arguments={"path": "a.txt"}),
        ToolReturned(call="1", text=""),
        Said("All is done."),
        Used(tokens_in=9, tokens_out=5, tokens_cached=4),
        Answered("All is done."),
    ]


async def test_it_may_only_read_unless_it_is_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTIGRAVITY_AGENT", "1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another")
    agent = stand_in(tmp_path, result())
    await events_of(agent, ask(tmp_path, session="c-0"))
    words = (tmp_path / "argv").read_text().splitlines()
    assert words[-2:] == ["-p", "Do it."]
    assert words[words.index("--mode") + 1] == "plan"
    assert words[words.index("--conversation") + 1] == "c-0"
    assert "--dangerously-skip-permissions" not in words
    env = (tmp_path / "env").read_text()
    assert "AGY_CLI_DISABLE_AUTO_UPDATE=1" in env
    assert "ANTIGRAVITY_AGENT" not in env
    assert "OPENAI_API_KEY" not in env
    free = AntigravityCLI(experimental=True, mode="all", program=str(tmp_path / "agy"))
    await events_of(free, ask(tmp_path))
    assert "--dangerously-skip-permissions" in (tmp_path / "argv").read_text().splitlines()


async def test_a_structured_answer_is_looked_for_in_its_words(tmp_path: Path) -> None:
    agent = stand_in(tmp_path, result(response='It is {"n": 7}.'))
    answered = (await events_of(agent, ask(tmp_path, schema={"type": "object"})))[-1]
    assert answered == Answered('It is {"n": 7}.', data={"n": 7})


@pytest.mark.parametrize(
    ("events", "stderr", "code", "error", "reason"),
    [
        ([result()], "print timeout after 300s", 0, Transient, "timeout"),
        ([result(response="")], "write_file was denied", 0, Permanent, "refused"),
        ([result(response="")], "", 0, BadOutput, "empty"),
        ([result()], "error: RESOURCE_EXHAUSTED", 0, Busy, "rate_limit"),
        (
            [result()],
            'AGY_ERROR: {"status": "UNAUTHENTICATED", "code": 401, "retryability": "none"}',
            3,
            NotSignedIn,
            "not_signed_in",
        ),
        (
            [],
            'AGY_ERROR: {"status": "INTERNAL", "code": 500, "retryability": "retryable"}',
            3,
            Transient,
            "server_error",
        ),
        ([], "", 0, Transient, "no_terminal_event"),
        ([result()], "", 1, Transient, "no_terminal_event"),
        ([result(status="ERROR", error="API key not valid")], "", 0, NotSignedIn, "not_signed_in"),
    ],
)
async def test_a_sign_of_a_failure_counts_for_more_than_success(
    tmp_path: Path,
    events: list[dict[str, Any]],
    stderr: str,
    code: int,
    error: type[Exception],
    reason: str,
) -> None:
    agent = stand_in(tmp_path, *events, stderr=stderr, code=code)
    _, raised = await outcome_of(agent, ask(tmp_path))
    assert isinstance(raised, error)
    assert getattr(raised, "reason", "") == reason


async def test_a_version_that_does_not_tell_its_failures_is_refused(tmp_path: Path) -> None:
    _, raised = await outcome_of(stand_in(tmp_path, result(), version="1.2.5"), ask(tmp_path))
    assert isinstance(raised, Permanent)
    assert "1.2.5 is too old; version 1.2.6 or newer is needed" in str(raised)
    assert not (tmp_path / "argv").exists()


async def test_a_program_that_is_not_there_is_told_with_where_to_get_it(tmp_path: Path) -> None:
    agent = AntigravityCLI(experimental=True, program="no-such-agy")
    _, raised = await outcome_of(agent, ask(tmp_path))
    assert isinstance(raised, NotInstalled)
    assert "antigravity.google" in str(raised)


@pytest.mark.parametrize("prompt", ["/usage", "x" * 200_000])
async def test_a_prompt_that_it_would_not_take_as_one_is_refused(
    tmp_path: Path, prompt: str
) -> None:
    _, raised = await outcome_of(stand_in(tmp_path, result()), ask(tmp_path, prompt))
    assert isinstance(raised, Permanent)
    assert not (tmp_path / "argv").exists()
