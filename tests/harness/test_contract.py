"""Every agent keeps the same promises; each adapter joins by one line in AGENTS."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import cast
from uuid import uuid4

import pytest

from harnesses import ClaudeCode, Echo
from harnesses.recording import read_sessions
from smithers.agent import Agent, Answered, Ask, Event, Started
from tests.harness.helpers import (
    ROOT,
    events_of,
    replayed_antigravity,
    replayed_codex,
    replayed_gemini,
    replayed_pi,
)

RECORDINGS = ROOT / "recordings"


AGENTS: list[tuple[Agent, str, str]] = [
    (Echo(), "hello", "go on"),
    (ClaudeCode(replay=RECORDINGS / "claude-code"), "Case resume.", "Which word?"),
    (replayed_codex(), "Case resume.", "Which word?"),
    (replayed_codex(mode="exec"), "Case exec-resume.", "Which word?"),
    (replayed_pi(), "Case resume.", "Which word?"),
    (replayed_gemini(), "Case resume.", "Which word?"),
    (replayed_antigravity(), "Case resume.", "Which word?"),
]
"""Each with a prompt that it answers, and a follow-up in the same session."""

pytestmark = pytest.mark.anyio


@pytest.fixture(
    params=AGENTS, ids=["echo", "claude-code", "codex", "codex-exec", "pi", "gemini", "antigravity"]
)
def case(request: pytest.FixtureRequest) -> tuple[Agent, str, str]:
    found: tuple[Agent, str, str] = request.param
    return found


async def test_a_run_begins_with_its_session_and_ends_with_one_answer(
    case: tuple[Agent, str, str], tmp_path: Path
) -> None:
    agent, prompt, _ = case
    events = await events_of(agent, Ask(prompt=prompt, cwd=tmp_path))
    assert isinstance(events[0], Started)
    assert [type(event) for event in events].count(Answered) == 1
    assert isinstance(events[-1], Answered)


async def test_a_resumed_run_keeps_its_session_and_is_told_the_followup(
    case: tuple[Agent, str, str], tmp_path: Path
) -> None:
    agent, prompt, followup = case
    if not agent.can.resumes:
        pytest.skip(f"{agent.name} does not resume sessions")
    session = str(uuid4())
    ask = Ask(prompt=prompt, cwd=tmp_path, session=session, followup=followup)
    events = await events_of(agent, ask)
    assert [event for event in events if isinstance(event, Started)] == [Started(session)]


async def test_a_forked_run_has_a_session_of_its_own_and_is_told_the_followup(
    case: tuple[Agent, str, str], tmp_path: Path
) -> None:
    agent, prompt, followup = case
    if not agent.can.forks:
        pytest.skip(f"{agent.name} does not fork sessions")
    copied = str(uuid4())
    ask = Ask(prompt=prompt, cwd=tmp_path, forks=copied, followup=followup)
    events = await events_of(agent, ask)
    (begun,) = [event.session for event in events if isinstance(event, Started)]
    assert begun not in ("", copied)
    assert isinstance(events[-1], Answered)


async def test_a_forked_run_that_has_its_session_goes_on_in_that(
    case: tuple[Agent, str, str], tmp_path: Path
) -> None:
    agent, prompt, followup = case
    if not agent.can.forks:
        pytest.skip(f"{agent.name} does not fork sessions")
    own, copied = str(uuid4()), str(uuid4())
    ask = Ask(prompt=prompt, cwd=tmp_path, session=own, forks=copied, followup=followup)
    events = await events_of(agent, ask)
    assert [event for event in events if isinstance(event, Started)] == [Started(own)]


async def test_a_fork_of_an_unknown_session_is_begun_anew(
    case: tuple[Agent, str, str], tmp_path: Path
) -> None:
    agent, prompt, _ = case
    if not agent.can.forks or isinstance(agent, Echo):
        pytest.skip(f"{agent.name} does not fork sessions, or knows every one")
    text = "Case exec-fork-unknown." if "exec" in prompt else "Case fork-unknown."
    unknown = "00000000-0000-4000-8000-000000000000"
    ask = Ask(prompt=text, cwd=tmp_path, forks=unknown, followup=text)
    events = await events_of(agent, ask)
    assert unknown not in [event.session for event in events if isinstance(event, Started)]
    assert events[-1] == Answered("A new beginning.")


async def test_a_run_may_be_closed_at_any_event(
    case: tuple[Agent, str, str], tmp_path: Path
) -> None:
    agent, prompt, _ = case
    whole = await events_of(agent, Ask(prompt=prompt, cwd=tmp_path))
    for number in range(1, len(whole)):
        run = cast("AsyncGenerator[Event, None]", agent.run(Ask(prompt=prompt, cwd=tmp_path)))
        async with aclosing(run) as events:
            for _ in range(number):
                await anext(events)


async def test_a_kept_stream_is_for_its_owner_alone_and_can_be_read_again(
    case: tuple[Agent, str, str], tmp_path: Path
) -> None:
    agent, prompt, _ = case
    if isinstance(agent, Echo):
        pytest.skip("echo has no stream of its own")
    raw = tmp_path / "attempts" / "1.jsonl"
    await events_of(agent, Ask(prompt=prompt, cwd=tmp_path, raw=raw))
    assert raw.stat().st_mode & 0o777 == 0o600
    (session,) = read_sessions(raw)
    assert session.ending is not None
    assert session.text("out")
