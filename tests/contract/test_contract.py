"""Every agent keeps the same promises: harnesses on their recordings and as the real programs,
models on the scripted model server. Each adapter joins by one line in `adapters`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar, cast
from uuid import uuid4

import pytest

from harnesses.recording import read_sessions
from smithers.agent import (
    Agent,
    Answered,
    Event,
    Said,
    Spawned,
    Started,
    Steered,
    ToolCalled,
    ToolReturned,
    Used,
)
from smithers.errors import BadOutput, Busy, NotInstalled, Transient
from tests.contract.adapters import ADAPTERS
from tests.contract.cases import FAILURES, FURTHER
from tests.contract.scenes import Adapter, Scene
from tests.harness.helpers import alive, until
from tests.models.cases import KEY, OF_THEIRS
from tests.scripted_model import Status, Text

pytestmark = pytest.mark.anyio

E = TypeVar("E", bound=Event)
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def marks(adapter: Adapter) -> list[pytest.MarkDecorator]:
    if adapter.way == "live":
        return [pytest.mark.live, pytest.mark.timeout(300)]
    return OF_THEIRS if adapter.way == "scripted" else []


def each(*cases: str, live: bool = True) -> pytest.MarkDecorator:
    """Every adapter with each session that shows one of these cases."""
    found = [
        pytest.param(adapter, case, session, marks=marks(adapter), id=f"{adapter.id}-{session}")
        for adapter in ADAPTERS
        if live or adapter.way != "live"
        for case in cases
        for session in adapter.showing(case)
    ]
    return pytest.mark.parametrize(("adapter", "case", "session"), found)


def sessions_in(events: Iterable[Event]) -> list[str]:
    return [event.session for event in events if isinstance(event, Started)]


def one(kind: type[E], events: Iterable[Event]) -> E:
    (found,) = [event for event in events if isinstance(event, kind)]
    return found


@each("success")
async def test_an_answer_comes_after_its_session_what_was_said_and_what_it_took(
    adapter: Adapter, case: str, session: str, tmp_path: Path
) -> None:
    with adapter.scene(session, tmp_path) as scene:
        events = await scene.answered()
    first, *_, used, answer = [event for event in events if not isinstance(event, Spawned)]
    assert isinstance(first, Started)
    assert first.session
    assert isinstance(used, Used)
    assert used.tokens_in > 0
    assert [type(event) for event in events].count(Answered) == 1
    assert answer == Answered("Hello there.")
    assert "".join(event.text for event in events if isinstance(event, Said)) == "Hello there."
    assert (used.cost is not None) == scene.agent.can.reports_cost


@each("tools")
async def test_a_tool_call_and_its_result_carry_one_id(
    adapter: Adapter, case: str, session: str, tmp_path: Path
) -> None:
    with adapter.scene(session, tmp_path) as scene:
        events = await scene.answered()
    called, returned = one(ToolCalled, events), one(ToolReturned, events)
    assert called.call == returned.call
    assert called.name
    assert "hello" in json.dumps(called.arguments)
    assert returned.text.startswith("hello")
    used = [event for event in events if isinstance(event, Used)]
    assert sum(event.tokens_in for event in used) == 20
    assert events[-1] == Answered("Said hello.")


@each("structured output")
async def test_an_answer_by_schema_is_given_as_data(
    adapter: Adapter, case: str, session: str, tmp_path: Path
) -> None:
    with adapter.scene(session, tmp_path) as scene:
        answer = (await scene.answered())[-1]
    assert isinstance(answer, Answered)
    assert answer.data == {"n": 7}


@each("repair")
async def test_an_answer_that_does_not_fit_is_told_and_repaired_in_its_session(
    adapter: Adapter, case: str, session: str, tmp_path: Path
) -> None:
    with adapter.scene(session, tmp_path) as scene:
        first, error = await scene.played()
        if error is None:  # the engine finds what does not fit
            assert isinstance(first[-1], Answered)
            assert first[-1].data == {"n": "x"}
        else:
            assert isinstance(error, BadOutput)
            assert error.reason == "structured_invalid"
        assert scene.then is not None
        begun = sessions_in(first)
        second = await scene.then.answered(session=begun[-1])
    assert sessions_in(second) == [begun[-1]]
    assert isinstance(second[-1], Answered)
    assert second[-1].data == {"n": 7}


@each("session resumed")
async def test_a_resumed_session_is_told_the_followup_and_pays_for_its_own_turn_alone(
    adapter: Adapter, case: str, session: str, tmp_path: Path
) -> None:
    with adapter.scene(session, tmp_path) as scene:
        assert scene.agent.can.resumes
        (begun,) = sessions_in(await scene.answered())
        assert scene.then is not None
        events = await scene.then.answered(session=begun, prompt="The prompt is not said again.")
    assert sessions_in(events) == [begun]
    assert events[-1] == Answered("It was heron.")
    (used,) = [event for event in events if isinstance(event, Used)]
    # The agent that only repeats counts words; a replay of `codex exec` has no file of what was
    # spent before.
    assert used.tokens_in == {"echo": 3, "codex-by-exec": 20}.get(adapter.id, 10)
    if scene.then.model is not None and scene.then.model.requests:
        sent = json.dumps(scene.then.model.requests[-1].body)
        assert sent.index("The word is heron.") < sent.index("Which word?")
        assert "not said again" not in sent


@each("session forked")
async def test_a_fork_has_a_session_of_its_own_in_which_it_goes_on(
    adapter: Adapter, case: str, session: str, tmp_path: Path
) -> None:
    with adapter.scene(session, tmp_path) as scene:
        assert scene.agent.can.forks
        (begun,) = sessions_in(await scene.answered())
        assert scene.then is not None
        events = await scene.then.answered(forks=begun, session=None)
    (copy,) = sessions_in(events)
    assert copy not in ("", begun)
    assert events[-1] == Answered("It was heron.")


@each("session resumed", live=False)
async def test_a_fork_that_has_its_session_goes_on_in_that(
    adapter: Adapter, case: str, session: str, tmp_path: Path
) -> None:
    with adapter.scene(session, tmp_path) as scene:
        if not scene.agent.can.forks:
            assert "session forked" in adapter.lacks
            return
        (begun,) = sessions_in(await scene.answered())
        assert scene.then is not None
        events = await scene.then.answered(session=begun, forks=str(uuid4()))
    assert sessions_in(events) == [begun]


@each("session resumed", live=False)
async def test_a_copy_at_a_turn_that_was_not_recorded_is_played_as_the_session_itself(
    adapter: Adapter, case: str, session: str, tmp_path: Path
) -> None:
    with adapter.scene(session, tmp_path) as scene:
        if adapter.way != "recorded" or not scene.agent.can.forks_at:
            return
        (begun,) = sessions_in(await scene.answered())
        assert scene.then is not None
        events = await scene.then.answered(session=None, forks=begun, at="a turn")
    assert events[-1] == Answered("It was heron.")


@each("unknown session", "fork of an unknown session")
async def test_an_unknown_session_is_begun_anew_with_the_whole_prompt_and_says_so(
    adapter: Adapter, case: str, session: str, tmp_path: Path
) -> None:
    with adapter.scene(session, tmp_path) as scene:
        events = await scene.answered()
    begun = sessions_in(events)
    assert len(set(begun)) == len(begun)
    assert begun[-1] != UNKNOWN
    if case == "unknown session":
        assert begun[0] == UNKNOWN
    assert events[-1] == Answered("A new beginning.")


@each("steered")
async def test_what_is_said_while_it_runs_is_taken_in_before_it_answers(
    adapter: Adapter, case: str, session: str, tmp_path: Path
) -> None:
    with adapter.scene(session, tmp_path) as scene:
        assert scene.agent.can.steers
        events = await scene.answered()
    (message,) = scene.case.messages
    assert events.index(one(ToolReturned, events)) < events.index(Steered(message))
    assert one(Steered, events) == Steered(message)
    answer = scene.case.script[-1]
    assert isinstance(answer, Text)
    assert events[-1] == Answered(answer.text)
    if scene.model is not None:
        assert message in json.dumps(scene.model.requests[-1].body)


@pytest.mark.sampled(72)
@each(*FAILURES, *FURTHER)
async def test_a_failure_is_told_by_its_class_its_reason_and_when_it_ends(
    adapter: Adapter, case: str, session: str, tmp_path: Path
) -> None:
    before = datetime.now(UTC)
    with adapter.scene(session, tmp_path) as scene:
        events, error = await scene.played()
    wanted = adapter.wanted(case, session)
    assert error is not None, events
    assert (type(error), error.reason) == (wanted.error, wanted.reason), error
    assert error.__cause__ is None or adapter.way != "scripted"
    assert KEY[:9] not in str(error)
    assert not any(isinstance(event, Answered) for event in events)
    if scene.model is not None and any(isinstance(step, Status) for step in scene.case.script):
        asked = [each for each in scene.model.requests if each.step]
        assert len(asked) == adapter.asks.get(session, 1)
    if isinstance(error, Busy) and wanted.told is not None:
        assert (error.resumes_at is not None) == wanted.told
        assert error.resumes_at is None or error.resumes_at > before
    assert not any(alive(event.pid) for event in events if isinstance(event, Spawned))


@each("exit without a terminal event")
async def test_what_was_cut_off_is_gone_on_with_in_its_session_where_it_has_one(
    adapter: Adapter, case: str, session: str, tmp_path: Path
) -> None:
    with adapter.scene(session, tmp_path) as scene:
        first, error = await scene.played()
        assert type(error) is Transient
        assert scene.then is not None
        (begun,) = sessions_in(first)
        second = await scene.then.answered(session=begun)
    assert sessions_in(second)[0] == begun
    assert isinstance(second[-1], Answered)
    assert "wait was" in second[-1].text or len(sessions_in(second)) == 2


@each("silence")
async def test_the_whole_has_its_limit(
    adapter: Adapter, case: str, session: str, tmp_path: Path
) -> None:
    with adapter.scene(session, tmp_path) as scene:
        _, error = await scene.played(idle_s=60.0, timeout_s=scene.idle_s)
    assert type(error) is Transient
    assert error.reason == "timeout"
    assert f"within {scene.idle_s:g} s" in error.said


@each("silence")
async def test_a_run_that_is_cancelled_ends_its_program_and_its_connection(
    adapter: Adapter, case: str, session: str, tmp_path: Path
) -> None:
    heard: list[Event] = []

    async def listen(scene: Scene) -> None:
        async with aclosing(cast("AsyncGenerator[Event, None]", scene.agent.run(ask))) as events:
            async for event in events:
                heard.append(event)  # noqa: PERF401 (what was heard until then is looked at)

    raw = tmp_path / "raw.jsonl"
    with adapter.scene(session, tmp_path) as scene:
        ask = scene.ask(idle_s=60.0, raw=raw)
        task = asyncio.ensure_future(listen(scene))
        if scene.model is None:
            await until(lambda: bool(heard))
        else:
            await until(lambda: bool(scene.model and scene.model.requests), 60)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        if scene.model is not None:
            await until(scene.model.hung_up.is_set)
    assert not any(alive(event.pid) for event in heard if isinstance(event, Spawned))
    assert adapter.is_alone or all(kept.ending is not None for kept in read_sessions(raw))


@each("tools", live=False)
async def test_a_run_may_be_closed_at_any_event(
    adapter: Adapter, case: str, session: str, tmp_path: Path
) -> None:
    with adapter.scene(session, tmp_path / "whole") as scene:
        whole = await scene.answered()
    for number in range(1, len(whole)):
        with adapter.scene(session, tmp_path / str(number)) as scene:
            run = cast("AsyncGenerator[Event, None]", scene.agent.run(scene.ask()))
            async with aclosing(run) as events:
                heard = [await anext(events) for _ in range(number)]
        assert [type(event) for event in heard] == [type(event) for event in whole[:number]]


@each("success", live=False)
async def test_a_kept_stream_is_for_its_owner_alone_and_can_be_read_again(
    adapter: Adapter, case: str, session: str, tmp_path: Path
) -> None:
    raw = tmp_path / "attempts" / "1.jsonl"
    with adapter.scene(session, tmp_path) as scene:
        await scene.answered(raw=raw)
    if adapter.is_alone:
        assert not raw.exists(), "it has no stream of its own"
        return
    assert raw.stat().st_mode & 0o777 == 0o600
    (kept,) = read_sessions(raw)
    assert kept.ending is not None
    assert kept.text("out")
    assert KEY not in raw.read_text()


MISSING = [each for each in ADAPTERS if each.missing is not None and each.way != "live"]


@pytest.mark.parametrize("adapter", MISSING, ids=lambda adapter: adapter.id)
async def test_what_is_missing_comes_with_the_way_to_get_it(
    adapter: Adapter, tmp_path: Path
) -> None:
    assert adapter.missing is not None
    agent: Agent = adapter.missing()
    case = adapter.by_name["text"]
    _, error = await Scene(agent=agent, case=case, cwd=tmp_path, idle_s=5).played()
    assert isinstance(error, NotInstalled)
    assert error.reason == "not_installed"
    assert f"install it with `{adapter.install}" in error.hint
