"""Drives a workflow in memory, with made answers, and counts what was asked for."""

from __future__ import annotations

import builtins
import sys
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from pydantic import BaseModel

from smithers import waits
from smithers.agent import Event
from smithers.changes import (
    AttemptStarted,
    Failure,
    Frame,
    Key,
    NodeMounted,
    UsageCounted,
    WaitOpened,
)
from smithers.engine.children import Children
from smithers.engine.driving import Driving
from smithers.engine.dry.executors import DryExecutors
from smithers.engine.dry.outside import DryStore, Outside, Script
from smithers.engine.dry.scripts import load_script
from smithers.engine.dry.untaken import Untaken, find_untaken
from smithers.engine.endings import Ending
from smithers.engine.engine import Engine
from smithers.engine.inputs import given_or_made
from smithers.engine.loading import Loaded
from smithers.engine.pools import NO_LIMIT
from smithers.engine.printing import output_bound
from smithers.engine.settings import Settings
from smithers.errors import AuthorError, Place
from smithers.naming import key_name
from smithers.secrets import Secrets
from smithers.settings import Found
from smithers.state import RunState
from smithers.store import Claim, Model, NewRun, Owner
from smithers.values import dataclass
from smithers.waits import traits, words_of

__all__ = ["DryRun", "DryTask", "dry_run", "dry_run_of"]

_OWNER = Owner(id="dry-run", host="", pid=0, started="")
_FEW = 3
_HINT = (
    "if a made output is the reason, give a better one:"
    " `smithers up FILE --dry-run --script FILE:NAME`"
)
_NO_SCRIPT = Script()
_EVER_S = 1e9
"""A dry run stays for every timer."""
_COUNTED = (waits.APPROVAL, waits.HUMAN, waits.EVENT, waits.TIMER, waits.CHILD)
"""The kinds of waits that are all that a node does."""


@dataclass(frozen=True, kw_only=True)
class DryTask:
    """What a dry run would have started: `times` attempts of a task by an agent, or the questions
    of a node. `agent` is empty for what no agent does.
    """

    workflow: str
    task: str
    kind: str
    agent: str
    times: int


@dataclass(frozen=True, kw_only=True)
class DryRun:
    """How a dry run came out. `made_input` is the input as JSON text if none was given. `status` is
    that of the run, or `stopped` at a limit of the dry run; `why` says why it has not finished, or
    what failed in it and was tolerated; `place` is where its error is. `untaken` is what is in its
    tree and was not started. `timers_s` is how long its timers would take. `guessed` are the steps
    that have no type of output, and gave null. `mistakes` are those of the author, with their
    places, that an `on_failure="continue"` tolerates in a run as well. `is_partial` and
    `over_budget` are as for a run: failures were tolerated, or tasks not paid for; a budget is
    spent.
    """

    workflow: str
    run_id: str
    made_input: str | None
    status: str
    why: str
    place: Place | None
    hint: str
    output: str | None
    tasks: tuple[DryTask, ...]
    untaken: tuple[Untaken, ...]
    guessed: tuple[str, ...]
    mistakes: tuple[tuple[Place | None, Failure], ...]
    timers_s: float
    is_partial: bool
    over_budget: bool

    @property
    def calls(self) -> int:
        """How often agents would be asked."""
        return sum(one.times for one in self.tasks if one.agent)


class _Watch:
    """Keeps the notes for a person."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def frame(self, frame: Frame, state: RunState) -> None: ...

    def event(self, key: Key, event: Event) -> None: ...

    def note(self, text: str) -> None:
        self.notes.append(text)


async def dry_run(
    driving: Driving,
    file: str,
    *,
    name: str | None,
    input: str | None,
    run_id: str,
    script: tuple[str, str] | None = None,
    runs_steps: bool = False,
) -> DryRun:
    """Run a workflow to its end in memory: no agent is asked, and nothing is started or written,
    but for what steps and commands do with `runs_steps`. Without an `input`, one is made from its
    types. `script` names an agent that answers: a file, and a variable in it.

    Raises `AuthorError` for a workflow that is wrong, and `Refused` for an input that it does not
    take.
    """
    with _no_bytecode(), output_bound(), driving.loading(file, name) as (loaded, found):
        given, text = given_or_made(loaded.workflow, input)
        answers = None if script is None else load_script(Path(script[0]), script[1])
        how = Script(answers=answers, runs_steps=runs_steps)
        done = await dry_run_of(loaded, given, text, found, driving.secrets, run_id, how)
        return replace(done, made_input=text) if input is None else done


async def dry_run_of(
    loaded: Loaded,
    given: BaseModel,
    text: str,
    found: Found,
    secrets: Secrets,
    run_id: str = "dry-run",
    script: Script = _NO_SCRIPT,
) -> DryRun:
    """The same of a workflow that is loaded, with an input, which is also given as JSON text."""
    with tempfile.TemporaryDirectory(prefix="smithers-dry-run-") as streams:
        outside = Outside(script, Path.cwd())
        run = _new(loaded, run_id, text, outside.now())
        settings = _settings(secrets, found, loaded, outside, Path(streams) / run_id)
        dry = _Dry(loaded, given, run, settings, outside)
        return dry.outcome(await dry.drive())


@contextmanager
def _no_bytecode() -> Generator[None]:
    """Importing the author's modules writes no cache beside them."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


class _Dry:
    """One dry run."""

    def __init__(
        self, loaded: Loaded, given: BaseModel, run: NewRun, settings: Settings, outside: Outside
    ) -> None:
        self._loaded, self._given, self._run = loaded, given, run
        self._settings, self._outside = settings, outside
        self._store = DryStore(outside)
        self._watch = _Watch()
        self._continued = ""  # the last child run as which another has continued

    def _make(self, *given: Any, run: NewRun, **more: Any) -> Engine:
        """An engine of this run, or of one of its child runs."""
        engine = Engine(
            *given,
            run=run,
            executors=partial(DryExecutors, outside=self._outside),
            children=self._children,
            **more,
        )
        self._outside.engines[run.run_id] = engine
        if run.first_run is not None:
            self._continued = run.run_id
        return engine

    def _children(self, _: object, *given: Any) -> Children:
        return Children(self._make, *given)

    def _engine(self, state: RunState, **more: Any) -> Engine:
        common: dict[str, Any] = {"settings": self._settings, "observer": self._watch}
        workflow, run = self._loaded.workflow, self._run
        return self._make(workflow, self._given, run=run, state=state, **common, **more)

    async def drive(self) -> Ending:
        """Start the run, and go on with it while it gets what it waits for."""
        run, store = self._run, self._store

        async def first(frame: Frame, models: Sequence[Model]) -> Claim:
            return await store.create(run, _OWNER, frame, models)

        engine = self._engine(RunState())
        ending = await engine.run(store, first=first)
        while ending.status.status == "waiting" and not ending.stopped:
            assert engine.claim is not None
            await store.release(engine.claim)
            nobody = Claim(run_id=run.run_id, owner="", fence=0)
            state = RunState.of((await store.load(run.run_id)).frames)
            rows = await store.inbox(nobody, state.inbox)
            if not rows:
                return ending
            claimed = await store.claim(run.run_id, _OWNER, source=run.source)
            engine = self._engine(state, inbox=rows)
            ending = await engine.run(store, claim=claimed.claim)
        return ending

    def outcome(self, ending: Ending) -> DryRun:
        outside, run = self._outside, self._run
        status, why, hint = str(ending.status.status), "", ""
        error = ending.status.error
        if outside.stopped:
            status, why = "stopped", outside.stopped
            hint = "bound its loops, or give answers that end them with --script FILE:NAME"
            if self._continued:  # a schedule, which is to have no end
                status, hint = "continued", ""
                why = f"its child run continued as {self._continued}, when {why}"
        elif status == "continued":
            why = f"it would continue as {ending.status.next_run}, which is not run here"
            if ending.tolerated:
                why += f", although this failed: {'; '.join(self._failures())}"
        elif status == "waiting":
            why = "; ".join(self._open_waits())
        elif ending.tolerated:
            why = "; ".join(self._failures())
        elif error is not None:
            why = _said(error)
            hint = self._hint(error)
            if outside.guessed and not outside.is_unmade:
                untyped = ", ".join(map(repr, [*outside.guessed][:_FEW]))
                hint = f"{untyped} gave null: write output=, or annotate what its function returns"
        if mistakes := self._mistakes():
            hint = hint or mistakes[0].hint
        output = ending.status.output
        tasks = tuple(self._tasks())
        return DryRun(
            workflow=run.workflow,
            run_id=run.run_id,
            made_input=None,
            status=status,
            why=why,
            place=None if error is None else _place_of(error),
            hint=hint,
            output=output if isinstance(output, str) else None,
            tasks=tasks,
            untaken=tuple(find_untaken(outside.engines.values(), tasks)),
            guessed=tuple(outside.guessed),
            mistakes=tuple((_place_of(one), one) for one in mistakes),
            is_partial=ending.tolerated or ending.unpaid,
            over_budget=ending.over_budget,
            timers_s=(outside.now() - run.created_at).total_seconds(),
        )

    def _hint(self, error: Failure) -> str:
        """What to change. Hints of other failures than the author's callables' tell how to resume
        a run, but nothing of this one was stored.
        """
        if self._outside.is_unmade:
            return error.hint
        is_python = hasattr(builtins, error.kind) and not self._outside.script.runs_steps
        is_authors = is_python or error.kind == AuthorError.__name__
        hint = _HINT
        if is_authors and error.hint:
            return f"{error.hint}; {hint}"
        return hint

    def _open_waits(self) -> Iterator[str]:
        for (key, kind), wait in self._outside.engines[self._run.run_id].state.waits.items():
            words, on = traits(kind).words.opened, ", ".join(wait.opened.on)
            yield words_of(words, name=key_name(key), asked=wait.opened.asked, on=on)

    def _mistakes(self) -> list[Failure]:
        """What no run would get right, though the run finishes without it."""
        ended = self._outside.engines[self._run.run_id].state.ended
        found = {_said(one.error): one.error for one in ended.values() if one.error is not None}
        return [one for one in found.values() if one.kind == AuthorError.__name__]

    def _failures(self) -> Iterator[str]:
        """What failed in a run that finishes all the same: the first few, since many fail alike."""
        ended = self._outside.engines[self._run.run_id].state.ended
        failed = [(key, one.error) for key, one in ended.items() if one.outcome == "failed"]
        for key, error in failed[:_FEW]:
            yield f"{key_name(key)}: {_said(error)}" if error else key_name(key)
        if len(failed) > _FEW:
            yield f"and {len(failed) - _FEW} more"

    def _tasks(self) -> Iterator[DryTask]:
        """What was started, in the order in which it was first."""
        counts: dict[tuple[str, str, str, str], int] = {}
        for run, frames in self._store.frames():
            for at in _started(run.workflow, frames):
                counts[at] = counts.get(at, 0) + 1
        for (workflow, task, kind, agent), times in counts.items():
            yield DryTask(workflow=workflow, task=task, kind=kind, agent=agent, times=times)


def _started(workflow: str, frames: Sequence[Frame]) -> Iterator[tuple[str, str, str, str]]:
    """Each start in a run: of an attempt, of another call of its agent, or of a question."""
    kinds: dict[str, str] = {}
    attempts: dict[int, tuple[str, str, str, str]] = {}
    children: set[Key] = set()
    for change in (one for frame in frames for one in frame.changes):
        if isinstance(change, NodeMounted):
            kinds[change.id] = change.kind
        elif isinstance(change, AttemptStarted) and change.key not in children:
            id, is_call = change.key.id, change.prompt is not None
            agent = change.agent if is_call else ""
            yield attempts.setdefault(change.serial, (workflow, id, kinds.get(id, "task"), agent))
        elif isinstance(change, UsageCounted) and change.serial in attempts:
            yield from [attempts[change.serial]] * change.calls
        elif isinstance(change, WaitOpened) and change.kind in _COUNTED:
            if change.kind == waits.CHILD:  # its row counts what the child run used
                children.add(change.key)
            yield (workflow, change.key.id, kinds.get(change.key.id, change.kind), "")


def _place_of(error: Failure) -> Place | None:
    if error.place is None:
        return None
    file, line, column = error.place.rsplit(":", 2)
    return Place(file=file, line=int(line), column=int(column))


def _said(error: Failure) -> str:
    return error.message if error.place is None else f"{error.place}: {error.message}"


def _new(loaded: Loaded, run_id: str, input: str, at: datetime) -> NewRun:
    return NewRun(
        run_id=run_id,
        workflow=loaded.workflow.name,
        file=str(loaded.file),
        folder=str(Path.cwd()),
        interpreter=sys.executable,
        environment=(),
        input=input,
        source=loaded.source,
        created_at=at.astimezone(UTC),
        allow_runs=loaded.workflow.allow_runs,
    )


def _settings(
    secrets: Secrets, found: Found, loaded: Loaded, outside: Outside, streams: Path
) -> Settings:
    pools = found.values.pools
    return Settings(
        folder=Path.cwd(),
        streams=streams,
        max_concurrency=found.values.max_concurrency,
        linger_s=_EVER_S,
        pools={name: one.limit or NO_LIMIT for name, one in pools.items()},
        secrets=secrets,
        clock=outside.clock,
        random=Random(0),
        seed=lambda key: 0,
        owner=lambda: _OWNER,
        sources=loaded.sources,
    )
