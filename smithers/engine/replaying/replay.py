"""Runs a workflow against a recording, in memory: nothing is written, asked or started."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from smithers.agent import Event
from smithers.changes import Frame, Key, Large
from smithers.engine.children import Children
from smithers.engine.engine import Engine
from smithers.engine.pools import NO_LIMIT
from smithers.engine.replaying.differences import Difference, Output, compare_ends
from smithers.engine.replaying.director import Director, ReadAnswer
from smithers.engine.replaying.executors import RecordedExecutors
from smithers.engine.replaying.recording import Recording
from smithers.engine.settings import Settings
from smithers.secrets import Secrets
from smithers.state import RunState
from smithers.store import Claim, Model, NewRun, Note, Owner
from smithers.store.memory import MemoryStore
from smithers.values import dataclass
from smithers.workflows import Workflow

__all__ = ["ReadAnswer", "Replayed", "StreamCounts", "replay"]

_NOWHERE = Path("/nonexistent/smithers-replay")
_OWNER = Owner(id="replay", host="", pid=0, started="")


@dataclass(frozen=True, kw_only=True)
class StreamCounts:
    """The answers of agents: `checked` were compared with the stored output, and the streams of
    `missing` are not there.
    """

    checked: int = 0
    missing: int = 0


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """How a replay came out. `attempts` were answered from the recording."""

    run_id: str
    status: str
    attempts: int
    differences: tuple[Difference, ...]
    streams: StreamCounts = field(default_factory=StreamCounts)

    @property
    def equal(self) -> bool:
        return not self.differences


class _Store(MemoryStore):
    """Where a replay is kept, and by which the director gives what comes."""

    def __init__(self, director: Director) -> None:
        super().__init__(now=director.now)
        self._director = director

    async def changed(self, reader: str = "") -> bool:
        return await self._director.look()

    def put(self, note: Note) -> None:
        self._put(self._run(note.run_id), note)


class _Children(Children):
    """The child runs of a replay: none is started, the recording has their ends."""

    def __init__(self, *given: Any, director: Director) -> None:
        super().__init__(*given)
        self._director = director

    @property
    def active(self) -> bool:
        return self._director.has_more

    @property
    def busy(self) -> bool:
        return self._director.has_more

    def take_news(self) -> bool:
        return self._director.take_news()

    def follow(self, group: object) -> None:
        self._asking.children.clear()


class _Watch:
    """Shows the director what is committed."""

    def __init__(self, director: Director) -> None:
        self._director = director

    def frame(self, frame: Frame, state: RunState) -> None:
        self._director.committed(frame)

    def event(self, key: Key, event: Event) -> None: ...

    def note(self, text: str) -> None: ...


async def replay(
    workflow: Workflow[Any, Any],
    recording: Recording,
    *,
    folder: Path,
    secrets: Secrets,
    read_answer: ReadAnswer | None = None,
) -> Replayed:
    """Drive the workflow to its end with what the recording has. `read_answer` gives the text and
    the data that an agent answered by its stream; without it streams are not looked at.

    Raises `AuthorError` for a tree that is wrong, and `Refused` for an input that it does not take.
    """
    director = Director(recording)
    director.read_answer = read_answer
    store = _Store(director)
    director.put = store.put
    engine = await _drive(workflow, recording, director, store, folder, secrets)
    state = engine.state
    texts = {
        key: store.output(recording.run_id, key, ended.frame)
        for key, ended in state.ended.items()
        if isinstance(ended.output, Large)
    }
    found = director.differences
    ends = list(compare_ends(recording, state, Output(state, texts), found))
    return Replayed(
        run_id=recording.run_id,
        status=state.run_status,
        attempts=director.attempts,
        differences=(*found, *ends),
        streams=StreamCounts(**director.streams),
    )


async def _drive(
    workflow: Workflow[Any, Any],
    recording: Recording,
    director: Director,
    store: _Store,
    folder: Path,
    secrets: Secrets,
) -> Engine:
    input = workflow.parse_input(recording.input)
    run = _new(recording, workflow, folder)
    common: dict[str, Any] = {
        "run": run,
        "settings": _settings(workflow, recording, director, folder, secrets),
        "observer": _Watch(director),
        "executors": partial(RecordedExecutors, director=director),
        "children": partial(_Children, director=director),
    }

    async def first(frame: Frame, models: Sequence[Model]) -> Claim:
        return await store.create(run, _OWNER, frame, models)

    engine = Engine(workflow, input, state=RunState(), **common)
    _lead(director, engine)
    ending = await engine.run(store, first=first)
    while ending.status.status == "waiting" and not ending.stopped and director.skip():
        assert engine.claim is not None
        await store.release(engine.claim)
        claimed = await store.claim(run.run_id, _OWNER, source=run.source)
        history = await store.load(run.run_id)
        state = RunState.of(history.frames)
        nobody = Claim(run_id=run.run_id, owner="", fence=0)
        rows = await store.inbox(nobody, state.inbox)
        engine = Engine(workflow, input, state=state, inbox=rows, **common)
        _lead(director, engine)
        ending = await engine.run(store, claim=claimed.claim)
    return engine


def _lead(director: Director, engine: Engine) -> None:
    director.state, director.ring, director.stop = engine.state, engine.look, engine.stop


def _new(recording: Recording, workflow: Workflow[Any, Any], folder: Path) -> NewRun:
    return NewRun(
        run_id=recording.run_id,
        workflow=workflow.name,
        file=recording.file,
        folder=str(folder),
        interpreter="",
        environment=(),
        input=recording.input,
        source="",
        created_at=recording.created_at,
        first_run=recording.first_run,
        number=recording.number,
        allow_runs=workflow.allow_runs,
    )


def _seed(recording: Recording, key: Key) -> int:
    """That of the flow in the run, or the same in each replay."""
    started = recording.choices.get((key, "started"))
    return 0 if started is None else int(json.loads(started)["seed"])


def _settings(
    workflow: Workflow[Any, Any],
    recording: Recording,
    director: Director,
    folder: Path,
    secrets: Secrets,
) -> Settings:
    """Nothing limits a replay: what waited for a slot in the run waits for its turn here."""
    pools = dict.fromkeys((*recording.pools, *workflow.pools), NO_LIMIT)
    return Settings(
        folder=folder,
        streams=_NOWHERE,
        max_concurrency=NO_LIMIT,
        linger_s=0.0,
        pools=pools,
        secrets=secrets,
        clock=director.clock,
        random=Random(0),
        seed=partial(_seed, recording),
        owner=lambda: _OWNER,
    )
