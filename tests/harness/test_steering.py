"""What is said to an agent while it runs: taken in when its program can, and never lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harnesses import ClaudeCode
from harnesses._claude_dialogue import Dialogue
from harnesses.recording import Ending, read_sessions
from smithers.agent import Agent, Answered, Ask, Event, Said, Started, Steered, ToolReturned, Used
from smithers.errors import Transient
from tests.harness.helpers import ROOT, events_of, kinds, outcome_of, replayed_codex, replayed_pi
from tests.harness.streams import claude_result

pytestmark = pytest.mark.anyio

BLUE = Steered("Make it blue.")


def claude(**options: Any) -> Agent:
    return ClaudeCode(replay=ROOT / "recordings" / "claude-code", **options)


STEERED: dict[str, tuple[Callable[..., Agent], dict[str, Any]]] = {
    "claude-code": (claude, {"allowed_tools": ["Bash"]}),
    "codex": (replayed_codex, {}),
    "pi": (replayed_pi, {"tools": ["read", "grep", "find", "ls", "bash", "edit", "write"]}),
}
"""Each with the options with which it was recorded while its tool ran."""


@pytest.fixture(params=sorted(STEERED))
def steered(request: pytest.FixtureRequest) -> tuple[Callable[..., Agent], dict[str, Any]]:
    return STEERED[request.param]


def told(*texts: str) -> asyncio.Queue[str]:
    messages = asyncio.Queue[str]()
    for text in texts:
        messages.put_nowait(text)
    return messages


def of_a_kind(events: list[Event], kind: type[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


async def test_a_message_is_taken_in_while_the_agent_works(
    steered: tuple[Callable[..., Agent], dict[str, Any]], tmp_path: Path
) -> None:
    agent_of, options = steered
    agent, messages = agent_of(**options), told(BLUE.text)
    assert agent.can.steers
    ask = Ask(prompt="Case steered-in-tool.", cwd=tmp_path, messages=messages)
    events = await events_of(agent, ask)
    assert of_a_kind(events, Steered) == [BLUE]
    (returned,) = of_a_kind(events, ToolReturned)
    assert events.index(returned) < events.index(BLUE)
    assert events[-1] == Answered("It is blue now.")
    assert messages.empty()


async def test_what_is_said_at_the_end_is_a_further_turn_whose_answer_counts(
    steered: tuple[Callable[..., Agent], dict[str, Any]], tmp_path: Path
) -> None:
    agent_of, _ = steered
    ask = Ask(prompt="Case steered-at-the-end.", cwd=tmp_path, messages=told(BLUE.text))
    events = await events_of(agent_of(), ask)
    assert of_a_kind(events, Said) == [Said("It is green."), Said("It is blue now.")]
    assert BLUE in events
    assert events[-1] == Answered("It is blue now.")
    first, second = of_a_kind(events, Used)
    assert isinstance(first, Used)
    assert first == second, "each turn is paid for once"


async def test_nobody_is_kept_waiting_for_a_message(
    steered: tuple[Callable[..., Agent], dict[str, Any]], tmp_path: Path
) -> None:
    agent_of, _ = steered
    events = await events_of(agent_of(), Ask(prompt="Case text.", cwd=tmp_path, messages=told()))
    assert events[-1] == Answered("Hello there.")


async def test_a_message_that_no_turn_took_in_is_not_said_to_be_told(
    steered: tuple[Callable[..., Agent], dict[str, Any]], tmp_path: Path
) -> None:
    agent_of, _ = steered
    ask = Ask(prompt="Case 401.", cwd=tmp_path, messages=told(BLUE.text))
    events, error = await outcome_of(agent_of(), ask)
    assert error is not None
    assert "Steered" not in kinds(events)


async def test_a_message_outlives_a_session_that_the_program_does_not_know(tmp_path: Path) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    prompt, raw = "Case resume-unknown.", tmp_path / "raw.jsonl"
    ask = Ask(prompt=prompt, cwd=tmp_path, session=unknown, followup=prompt, raw=raw)
    messages = told(BLUE.text)
    await events_of(claude(), replace(ask, messages=messages))
    first, second = (session.text("in") for session in read_sessions(raw))
    assert b"blue" not in first
    assert b"blue" in second or messages.get_nowait() == BLUE.text


async def test_what_takes_nothing_in_leaves_it_to_the_next_request(tmp_path: Path) -> None:
    codex, messages = replayed_codex(mode="exec"), told("Which word?")
    assert not codex.can.steers
    await events_of(codex, Ask(prompt="Case exec-resume.", cwd=tmp_path, messages=messages))
    assert messages.get_nowait() == "Which word?"


def spoken(dialogue: Dialogue, *messages: Mapping[str, object]) -> list[Event]:
    return [event for each in messages for event in dialogue.hear(json.dumps(each).encode())]


def became(id: str, state: str) -> dict[str, object]:
    return {"type": "command_lifecycle", "command_uuid": id, "state": state}


def test_messages_are_taken_in_one_by_one_and_a_dropped_one_never() -> None:
    dialogue = Dialogue(lambda _: None, session="s", text="Go")
    for text in ("one", "two", "three"):
        dialogue.tell(text)
    queued = [became(id, "queued") for id in "abc"]
    assert spoken(dialogue, *queued, became("b", "discarded")) == []
    assert spoken(dialogue, became("c", "started"), became("c", "completed")) == [Steered("three")]
    assert dialogue.pending
    assert spoken(dialogue, became("x", "started"), became("a", "started")) == [Steered("one")]
    assert not dialogue.pending


def test_a_message_that_begins_a_turn_is_waited_for_until_it_has_begun() -> None:
    init = {"type": "system", "subtype": "init", "session_id": "s"}
    dialogue = Dialogue(lambda _: None, session="s", text="Go")
    spoken(dialogue, init, claude_result(session_id="s"))
    assert (dialogue.over, dialogue.pending) == (True, False)
    dialogue.tell("one")
    assert spoken(dialogue, became("a", "queued"), became("a", "started")) == [Steered("one")]
    assert (dialogue.over, dialogue.pending) == (True, True)
    with pytest.raises(Transient):
        dialogue.answer(Ending(rc=0), "")
    spoken(dialogue, init)
    assert (dialogue.over, dialogue.pending) == (False, False)


def test_no_text_is_a_command_of_claude_code_and_none_is_changed() -> None:
    written: list[dict[str, Any]] = []
    dialogue = Dialogue(lambda line: written.append(json.loads(line)), session="s", text="/clear")
    dialogue.tell("\n/help")
    dialogue.tell("see @.env")
    assert [each["message"]["content"] for each in written] == ["/clear", "\n/help", "see @.env"]
    assert [each["text_not_typed"] for each in written] == [True, True, True]


async def test_a_prompt_that_begins_with_a_slash_is_answered_by_the_model(tmp_path: Path) -> None:
    prompt = "/help is what a program understands, but for you it is a text."
    events = await events_of(claude(), Ask(prompt=prompt, cwd=tmp_path))
    assert isinstance(events[0], Started)
    assert events[-1] == Answered("A path it is.")


async def test_a_recording_answers_however_its_prompt_was_told(tmp_path: Path) -> None:
    """Older ones were made with the prompt as an argument, and nothing on stdin."""
    recorded = (ROOT / "recordings" / "claude-code" / "text.jsonl").read_text(encoding="utf-8")
    lines = [line for line in recorded.splitlines() if '"s": "in"' not in line]
    assert len(lines) < len(recorded.splitlines())
    (tmp_path / "old.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    events = await events_of(ClaudeCode(replay=tmp_path), Ask(prompt="Case text.", cwd=tmp_path))
    assert events[-1] == Answered("Hello there.")
