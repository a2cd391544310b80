"""What stands for everything outside of a dry run: the clock, people, senders of signals, and the
outputs of tasks.

An answer is there with the frame that asks for it, and time passes only when nothing else can
happen: then it is the time of the next timer.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from smithers import inbox, waits
from smithers.agent import Agent, Answered, Ask
from smithers.changes import (
    ENDED,
    AttemptEnded,
    AttemptStarted,
    Frame,
    Key,
    StatusChanged,
    WaitOpened,
)
from smithers.clock import Clock
from smithers.engine.attempts.answers import output_text
from smithers.errors import Permanent, SmithersError
from smithers.examples import made_of
from smithers.forms import Form
from smithers.signals import SentSignal
from smithers.store import (
    CachedAnswer,
    Claim,
    Cooldown,
    InboxRow,
    Model,
    NewRun,
    Note,
    Owner,
    RunRow,
)
from smithers.store.memory import MemoryStore
from smithers.tree import NotExact, Output, problem
from smithers.values import dataclass

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from smithers.agent import Event
    from smithers.engine.engine import Engine
    from smithers.sources import Code

__all__ = ["NOT_SCRIPTED", "DryStore", "Outside", "Script"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"\d+")
_TURNS = 5
"""After this number of turns of the loop without a frame, nothing is at work."""
_WHO = "dry run"
NOT_SCRIPTED = "not_scripted"
"""The reason of the error by which an agent says that it has no answer for a task."""


@dataclass(frozen=True, kw_only=True)
class Script:
    """What a dry run is given: `answers` answers tasks, people and signals by their ids, and
    raises `Permanent` with the reason `not_scripted` for others. With `runs_steps`, steps and
    commands are executed.
    """

    answers: Agent | None = None
    runs_steps: bool = False
    most_attempts: int = 1000
    most_frames: int = 3000


class Outside:
    """The outside of one dry run and its child runs. `engines` are those that drive them, by run.
    `stopped` says why the dry run was ended before its end.
    """

    def __init__(self, script: Script, folder: Path) -> None:
        self.script, self.folder = script, folder
        self.engines: dict[str, Engine] = {}
        self.stopped = ""
        self.is_unmade = False
        """Whether no output of a task could be made, which its error says."""
        self.guessed: dict[str, None] = {}
        """The steps whose type of output nobody wrote, which gave null."""
        self._now = datetime.now(UTC)
        self._running: set[tuple[str, int]] = set()
        self._untaken: dict[str, int] = {}
        self._frames = self._attempts = self._signals = self._sessions = 0
        self._made: dict[str, int] = {}

    def now(self) -> datetime:
        return self._now

    @property
    def clock(self) -> Clock:
        """All three readings go together."""

        def since_ns() -> int:
            return (self._now - _EPOCH) // timedelta(microseconds=1) * 1000

        return Clock(wall=self.now, monotonic_ns=since_ns, boottime_ns=since_ns)

    # -- outputs

    async def give(self, key: Key, output: Output[Any]) -> str | None:
        """The output that the script has for a task, as JSON text. Raises `AgentError`."""
        answer = await self._scripted(key.id, None if output.is_text else output.schema)
        return None if answer is None else output_text(answer, output)

    def make(self, task: str, output: Output[Any]) -> str:
        """An output that fits, as JSON text. Raises `Permanent` if none was found."""
        first = self.count(task)
        problems: list[str] = []
        for number in range(first, first + 3):
            for is_flat in (True, False):  # what is in lists may refer to what is not there
                try:
                    return output.dump(made_of(output.schema, number, is_flat=is_flat))
                except ValidationError as error:
                    problems.append(problem(error))
                except (NotExact, ValueError) as error:
                    problems.append(str(error))
        self.is_unmade = True
        raise Permanent(
            f"no output of task {task!r} could be made from its type: {problems[0]}",
            hint=f"give one with --script FILE:NAME, where NAME = Scripted({{{json.dumps(task)}:"
            " ...})",
            reason="not_made",
        )

    async def _scripted(self, task: str, schema: Any) -> Answered | None:
        """What the script answers; None if it has nothing for the task."""
        if self.script.answers is None:
            return None
        ask = Ask(prompt="", cwd=self.folder, task=task, schema=schema)
        found: Answered | None = None
        events = cast("AsyncGenerator[Event]", self.script.answers.run(ask))
        try:
            async with aclosing(events):
                async for event in events:
                    found = event if isinstance(event, Answered) else found
        except Permanent as error:
            if error.reason == NOT_SCRIPTED:
                return None
            raise
        return found

    def new_session(self) -> str:
        self._sessions += 1
        return f"dry-run-{self._sessions}"

    def count(self, task: str) -> int:
        """How many outputs were made before for the task, or for one whose id differs in numbers
        alone: `decide 2` follows `decide 1`.
        """
        kind = _NUMBER.sub("#", task)
        number = self._made.get(kind, 0)
        self._made[kind] = number + 1
        return number

    # -- what a frame asks for

    async def see(self, run_id: str, frame: Frame) -> Sequence[Note]:
        """What comes to a run by a frame of it, once that is kept."""
        notes: list[Note] = []
        self._frames += 1
        if frame.inbox >= self._untaken.get(run_id, 0):
            self._untaken.pop(run_id, None)
        for change in frame.changes:
            if isinstance(change, AttemptStarted):
                self._attempts += 1
                self._running.add((run_id, change.serial))
            elif isinstance(change, AttemptEnded):
                self._running.discard((run_id, change.serial))
            elif isinstance(change, StatusChanged) and change.status in ENDED:
                self._untaken.pop(run_id, None)
            elif isinstance(change, WaitOpened):
                note = await self._reply(run_id, change, frame)
                notes += [] if note is None else [note]
        self._bound()
        if (engine := self.engines.get(run_id)) is not None:
            engine.look()  # at once, to let time pass
        return notes

    def gave(self, row: InboxRow) -> None:
        """A run has an answer that it has not taken yet."""
        self._untaken[row.run_id] = row.id

    def _bound(self) -> None:
        script = self.script
        if self.stopped:
            return
        if self._attempts > script.most_attempts:
            self.stopped = f"it was stopped after {script.most_attempts} attempts"
        elif self._frames > script.most_frames:
            self.stopped = f"it was stopped after {script.most_frames} frames"
        if self.stopped:
            for engine in self.engines.values():
                engine.stop()

    async def _reply(self, run_id: str, wait: WaitOpened, frame: Frame) -> Note | None:
        key, at = wait.key, self._now
        if wait.kind == waits.EVENT:
            sent = await self._signal(wait)
            return Note(run_id=run_id, kind=inbox.SIGNAL, signal=sent.id, body=sent.body(), at=at)
        if wait.kind not in waits.ASKING:
            return None
        given = await self._answer(wait)
        body = {**given, "by": _WHO, "login": _WHO, "note": None, "digest": wait.digest}
        return Note(
            run_id=run_id,
            kind=inbox.ANSWER,
            key=key,
            opened=frame.number,
            body=json.dumps({**body, "at": at.isoformat()}, ensure_ascii=False),
            at=at,
        )

    async def _answer(self, wait: WaitOpened) -> dict[str, object]:
        """A decision is to approve, and data is made, unless the script says otherwise."""
        is_decision = wait.kind in waits.DECIDED
        form = Form.from_row(wait.form)
        given = await self._data(wait.key.id, {"type": "boolean"} if is_decision else form.schema)
        if is_decision:
            return {"approved": given not in (False, "deny", "false")}
        if given is not None:
            return {"value": given}
        number = self.count(wait.key.id)
        if form.choices:
            return {"value": form.choices[number % len(form.choices)]}
        return {"value": "text" if form.schema is None else made_of(form.schema, number)}

    async def _data(self, task: str, schema: Any) -> object:
        """What the script answers for a person or a sender."""
        try:
            answer = await self._scripted(task, schema)
        except SmithersError:  # nobody but an agent fails so
            return None
        if answer is None:
            return None
        return answer.text if answer.data is None else answer.data

    async def _signal(self, wait: WaitOpened) -> SentSignal:
        schema = Form.from_row(wait.form).schema if wait.form else None
        given = await self._data(wait.key.id, schema or {})
        if given is None and schema:
            given = made_of(schema, self.count(wait.key.id))
        self._signals += 1
        return SentSignal(
            id=f"dry-run-{self._signals}",
            event=wait.on[0],
            correlation=wait.on[1] if len(wait.on) > 1 else None,
            data=json.dumps(given, ensure_ascii=False),
            by=_WHO,
            login=_WHO,
        )

    # -- time

    async def pass_time(self) -> None:
        """If nothing is at work, move the clock to the next wait that is due."""
        seen = self._frames
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        if self._running or self._untaken or self._frames != seen:
            return
        dues = [
            wait.opened.due
            for engine in self.engines.values()
            for wait in engine.state.waits.values()
            if wait.opened.due is not None and wait.opened.due > self._now
        ]
        if dues:
            self._now = min(dues)
            for engine in self.engines.values():
                engine.look()


class DryStore(MemoryStore):
    """Where a dry run is kept."""

    def __init__(self, outside: Outside) -> None:
        super().__init__(now=outside.now)
        self._outside = outside

    async def create(
        self,
        run: NewRun,
        owner: Owner,
        frame: Frame,
        models: Sequence[Model] = (),
        code: Code | None = None,
    ) -> Claim:
        claim = await super().create(run, owner, frame, models, code)
        await self._put_answers(run.run_id, frame)
        return claim

    async def commit(
        self,
        claim: Claim,
        frame: Frame,
        models: Sequence[Model] = (),
        cooldowns: Sequence[Cooldown] = (),
        answers: Sequence[CachedAnswer] = (),
        starts: NewRun | None = None,
        here: bool = False,
    ) -> Sequence[InboxRow]:
        await super().commit(claim, frame, models, cooldowns, answers, starts, here)
        await self._put_answers(claim.run_id, frame)
        return await self.inbox(claim, frame.inbox)

    async def _put_answers(self, run_id: str, frame: Frame) -> None:
        for note in await self._outside.see(run_id, frame):
            self._outside.gave(await self.offer(note))

    async def changed(self, reader: str = "") -> bool:
        await self._outside.pass_time()
        return await super().changed(reader)

    def frames(self) -> list[tuple[RunRow, Sequence[Frame]]]:
        """Every run with its frames, in the order in which they began."""
        return [(run.row, run.frames) for run in self._runs.values()]
