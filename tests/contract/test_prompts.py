"""A prompt is data: what a program would interpret reaches the model byte for byte, whichever way
it comes in, and no file is read and no command run because a text names it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, aclosing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest

from harnesses.process import Command, Replay
from harnesses.recording import Moment, Recording, read_sessions
from recordings.playing import Place
from smithers.agent import Agent, Ask, Event, Started, Steered, ToolCalled, Used
from smithers.errors import Permanent
from tests.contract.adapters import ADAPTERS, RECORDED
from tests.contract.prompts import JOINED, MARK, TEXTS, Lures, put_lures, user_blocks
from tests.contract.scenes import Adapter
from tests.contract.test_contract import marks
from tests.harness.helpers import ROOT
from tests.scripted_model import ScriptedModel, Step, Text

pytestmark = pytest.mark.anyio

HANDOVER = (
    "<handover>\nAnother agent worked on this. Its last words:\n{text}\n</handover>\n\nGo on."
)
AT_ONCE = 3
"""How many real programs run side by side."""

every = pytest.mark.parametrize(
    "adapter", [each for each in ADAPTERS if not each.is_alone], ids=lambda adapter: adapter.id
)
on_a_model = pytest.mark.parametrize(
    "adapter",
    [
        pytest.param(each, marks=marks(each), id=each.id)
        for each in ADAPTERS
        if each.way != "recorded" and not each.is_alone
    ],
)


@every
def test_an_adapter_says_what_it_changes_and_nothing_else_is_changed(
    adapter: Adapter, tmp_path: Path
) -> None:
    place = Place(home=tmp_path, config=tmp_path, cwd=tmp_path, records=tmp_path)
    can = adapter.made(adapter.by_name["text"], place, "http://127.0.0.1:1").can
    assert adapter.is_exact == (can.changes_prompts == ())
    assert all(each.endswith(".") for each in can.changes_prompts)


# On recordings: what is written to the program.


class OneRecording(Replay):
    """The same recording for whatever is asked, with `message` in the place of its message."""

    def __init__(self, path: Path, message: str = "") -> None:
        super().__init__(path.parent)
        self._path, self._message = path, message

    def find(self, command: Command, *, repeats: bool = True) -> Recording:
        (found,) = read_sessions(self._path)
        old, new = (json.dumps(text)[1:-1].encode() for text in ("Make it blue.", self._message))
        moments = [self._renamed(each, old, new) for each in found.moments]
        return replace(found, moments=tuple(moments))

    def _renamed(self, moment: Moment, old: bytes, new: bytes) -> Moment:
        return replace(moment, data=moment.data.replace(old, new)) if self._message else moment


recorded = pytest.mark.parametrize(
    "adapter", [each for each in RECORDED if each.handed], ids=lambda adapter: adapter.id
)


def recorded_agent(adapter: Adapter, session: str, tmp_path: Path, message: str = "") -> Agent:
    case = adapter.by_name[session]
    folder = ROOT / "recordings" / adapter.name.split("-by-")[0]
    replay = OneRecording(folder / f"{case.name}.jsonl", message)
    case = replace(case, options={**case.options, "replay": replay})
    place = Place(home=tmp_path, config=tmp_path, cwd=tmp_path, records=tmp_path)
    return adapter.made(case, place, "http://127.0.0.1:1")


async def texts_handed(adapter: Adapter, agent: Agent, ask: Ask) -> list[str]:
    """What was given to the program as data, or nothing where the text was refused."""
    raw = ask.cwd / "raw.jsonl"
    raw.unlink(missing_ok=True)
    try:
        async for _ in agent.run(replace(ask, raw=raw)):
            pass
    except Permanent:
        return []
    assert adapter.handed is not None
    return [text for session in read_sessions(raw) for text in adapter.handed(session)]


def as_expected(adapter: Adapter, text: str, handed: Sequence[str]) -> bool:
    wanted = adapter.reads(text)
    return (not handed) if wanted is None else wanted in handed


@recorded
async def test_every_text_is_handed_over_as_data_first_and_as_a_followup(
    adapter: Adapter, tmp_path: Path
) -> None:
    first = recorded_agent(adapter, "text", tmp_path)
    again = recorded_agent(adapter, "resume", tmp_path)
    session = "00000000-0000-4000-8000-000000000009"
    for name, text in TEXTS.items():
        ask = Ask(prompt=text, cwd=tmp_path)
        assert as_expected(adapter, text, await texts_handed(adapter, first, ask)), name
        ask = Ask(prompt="Go", followup=text, session=session, cwd=tmp_path)
        assert as_expected(adapter, text, await texts_handed(adapter, again, ask)), name


@recorded
async def test_every_message_to_a_running_program_is_handed_over_as_data(
    adapter: Adapter, tmp_path: Path
) -> None:
    if "steered" in adapter.lacks:
        return
    for name, text in TEXTS.items():
        agent = recorded_agent(adapter, "steered-in-tool", tmp_path, message=text)
        messages = asyncio.Queue[str]()
        messages.put_nowait(text)
        ask = Ask(prompt="Go", cwd=tmp_path, messages=messages)
        assert as_expected(adapter, text, await texts_handed(adapter, agent, ask)), name


# On the scripted model: what the model is given.


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A folder full of lures, an agent in it, and the model that it asks."""

    adapter: Adapter
    agent: Agent
    model: ScriptedModel
    place: Place
    lures: Lures

    async def play(self, ask: Ask, *messages: str, at: type[Event] = Started) -> list[Event]:
        """The events of a request; the messages are sent at the first event of a kind."""
        left, queue, events = [*messages], asyncio.Queue[str](), list[Event]()
        if left:
            ask = replace(ask, messages=queue)
        run = cast("AsyncGenerator[Event, None]", self.agent.run(replace(ask, idle_s=100)))
        async with aclosing(run):
            async for event in run:
                events.append(event)
                while left and isinstance(event, at):
                    queue.put_nowait(left.pop(0))
        return events

    async def check(self, text: str, ask: Ask) -> str:
        """Plays a request in which `text` is said; gives its session."""
        before = len(self.model.requests)
        if self.adapter.reads(text) is None:
            with pytest.raises(Permanent):
                await self.play(ask)
            assert len(self.model.requests) == before, "it was paid for"
            return ask.session or ""
        events = await self.play(ask)
        self.check_requests(text, in_words=ask.schema is not None)
        return next(each.session for each in events if isinstance(each, Started))

    def check_requests(self, *texts: str, in_words: bool = False) -> None:
        """The last request has these texts, and none has anything of the files. With `in_words` an
        adapter may add that the answer is to fit a schema.
        """
        blocks = [self.adapter.unwrapped(text) for text in self.blocks]
        for text in texts:
            wanted = self.adapter.reads(text) or ""
            asked = in_words and any(each.startswith(f"{wanted}\n\n") for each in blocks)
            assert asked or wanted in blocks, (text[:200], [each[:500] for each in blocks[-3:]])
        self.check_files()

    def check_messages(self, *texts: str, in_tool: bool) -> None:
        """The same of messages to one that runs."""
        reads = self.adapter.reads_message if in_tool else None
        if reads is None and not self.adapter.joins:
            return self.check_requests(*texts)
        for text in texts:
            wanted = (reads or self.adapter.reads)(text) or ""
            assert any(wanted in block for block in self.blocks), (wanted[:300], self.blocks[-3:])
        return self.check_files()

    def check_files(self) -> None:
        bodies = [each.body for each in self.model.requests]
        assert MARK not in json.dumps(bodies)
        assert self.lures.touched == []

    @property
    def blocks(self) -> list[str]:
        asked = [each for each in self.model.requests if each.step is not None]
        return user_blocks(asked[-1].body)


@contextmanager
def stage(adapter: Adapter, session: str, folder: Path, *script: Step) -> Any:
    adapter.needs()
    case = adapter.by_name[session]
    places = {name: folder / name for name in ("home", "config", "cwd", "records")}
    for made in places.values():
        made.mkdir(parents=True)
    place = Place(**places)
    lures = put_lures(place)
    with ExitStack() as stack:
        model = stack.enter_context(ScriptedModel(script or case.script))
        agent = adapter.made(case, place, model.url)
        yield Stage(adapter=adapter, agent=agent, model=model, place=place, lures=lures)


async def side_by_side(jobs: Iterable[Callable[[], Awaitable[None]]]) -> None:
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(job: Callable[[], Awaitable[None]]) -> None:
        async with turn:
            await job()

    async with asyncio.TaskGroup() as group:
        for job in jobs:
            group.create_task(one(job))


def texts_for(adapter: Adapter) -> Mapping[str, str]:
    return TEXTS if adapter.way == "scripted" else JOINED


@pytest.mark.sampled(1)
@on_a_model
async def test_the_model_reads_a_first_prompt_as_it_was_given(
    adapter: Adapter, tmp_path: Path
) -> None:
    async def job(name: str, text: str) -> None:
        with stage(adapter, "text", tmp_path / name) as scene:
            await scene.check(text, Ask(prompt=text, cwd=scene.place.cwd))

    def later(name: str, text: str) -> Callable[[], Awaitable[None]]:
        return lambda: job(name, text)

    handover = HANDOVER.format(text=JOINED["anywhere"])
    texts = {**texts_for(adapter), "handover": handover}
    await side_by_side(later(name, text) for name, text in texts.items())


@pytest.mark.sampled(1)
@on_a_model
async def test_the_model_reads_a_followup_and_a_repair_as_they_were_given(
    adapter: Adapter, tmp_path: Path
) -> None:
    """One session, in which every text is said, every other one with a schema as a repair is."""
    case = adapter.by_name.get("structured-ok")
    with stage(adapter, "text", tmp_path) as scene:
        session = await scene.check("Begin", Ask(prompt="Begin", cwd=scene.place.cwd))
        for number, text in enumerate(texts_for(adapter).values()):
            schema = case.schema if case is not None and number % 2 else None
            scene.model.rewrite(case.script if case is not None and schema else [Text("Yes.")])
            ask = Ask(prompt="Again", followup=text, session=session, schema=schema,
                      cwd=scene.place.cwd)  # fmt: skip
            await scene.check(text, ask)


@on_a_model
@pytest.mark.parametrize("at", [ToolCalled, Used], ids=["in-tool", "at-the-end"])
async def test_the_model_reads_what_is_said_while_it_runs_as_it_was_given(
    adapter: Adapter, at: type[Event], tmp_path: Path
) -> None:
    if "steered" in adapter.lacks:
        return
    case = adapter.by_name["steered-in-tool"]
    script = [*(case.script[:1] if at is ToolCalled else [Text("Green.")]), Text("Blue.")]
    texts = [text for text in TEXTS.values() if adapter.reads(text) is not None]
    with stage(adapter, "steered-in-tool", tmp_path, *script) as scene:
        ask = Ask(prompt="Go", cwd=scene.place.cwd)
        events = await scene.play(ask, *texts, at=at)
        assert [each.text for each in events if isinstance(each, Steered)] == texts
        scene.check_messages(*texts, in_tool=at is ToolCalled)
