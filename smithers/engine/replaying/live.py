"""Executing one task of a run again, in a fork, while everything else is answered by the run.

The fork inherits what the run had when the task started, so it holds the rows of all that came
before; in it only this task is executed, and then it is left to whoever resumes it. What the rest
of the run would have made of the new output, a replay in memory tells: nobody's answer is repeated
in the fork.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from smithers import waits
from smithers.changes import AttemptStarted, Failure, Frame, Key, Reset, WaitOpened
from smithers.engine.asking import Asking
from smithers.engine.attempts import Bench, Execution, Executor, Executors, Hooks, Limits, Request
from smithers.engine.children import Children
from smithers.engine.driving import Driving
from smithers.engine.ending import Forked
from smithers.engine.engine import Engine
from smithers.engine.replaying.differences import Difference, unlike
from smithers.engine.replaying.owned import replay_run
from smithers.engine.replaying.recording import Done, Recording
from smithers.engine.replaying.replay import Replayed
from smithers.engine.settings import Unwatched
from smithers.engine.threads import Threads
from smithers.errors import Refused
from smithers.kinds import Instance, has_effect
from smithers.naming import key_name
from smithers.state import Attempted, Ended, RunState
from smithers.store import RunRow
from smithers.tree import Task, Work
from smithers.values import dataclass

__all__ = ["LiveReplay", "Start", "find_start", "replay_live", "run_only"]


@dataclass(frozen=True)
class Start:
    """An attempt of a task: its round, and the frame in which it started."""

    key: Key
    round: int
    frame: int


@dataclass(frozen=True, kw_only=True)
class LiveReplay:
    """A task that was executed in a fork, and what the run would have made of it."""

    fork: Forked
    key: Key
    replayed: Replayed


def find_start(frames: Sequence[Frame], run_id: str, name: str, first: int) -> Start:
    """The first attempt of a task in or after a frame. Raises `Refused` if there is none."""
    children = set[Key]()
    """The nodes that start child runs: what these use is counted by attempts as well."""
    rounds: dict[Key, int] = {}
    for frame in frames:
        resets = [change for change in frame.changes if isinstance(change, Reset)]
        if any(reset.cause is not None for reset in resets):
            for reset in resets:
                rounds[reset.key] = rounds.get(reset.key, 0) + 1
        for change in frame.changes:
            if isinstance(change, WaitOpened) and change.kind == waits.CHILD:
                children.add(change.key)
        for change in frame.changes:
            if (
                isinstance(change, AttemptStarted)
                and frame.number >= first
                and name in (change.key.id, str(change.key))
                and change.key not in children
            ):
                return Start(change.key, rounds.get(change.key, 0), frame.number)
    raise Refused(
        f"no attempt of {name!r} started in run {run_id} in or after frame {first}",
        hint=f"`smithers timeline {shlex.quote(run_id)}` shows what started in which frame",
    )


class _Only:
    """The one task that may start. Once it has nothing to do, the run is left."""

    def __init__(self, key: Key, driving: Driving) -> None:
        self.key = key
        self.state = RunState()
        self.refused: str | None = None
        self.is_over = False
        self._driving = driving

    def look(self) -> None:
        """Nothing happens at the moment: leave the run, unless an attempt of the task runs or is
        to be made again.
        """
        tries = self.state.tries.get(self.key, ())
        runs = any(one.state == "running" for one in tries)
        if not (runs or (self.key, waits.RETRY) in self.state.waits or self.is_over):
            self.is_over = True
            self._driving.stop(by="fork", comes_back=False)


class _OnlyExecutors(Executors):
    def __init__(
        self,
        asking: Asking,
        bench: Bench,
        hooks: Hooks,
        threads: Threads,
        limits: Limits,
        *,
        only: _Only,
    ) -> None:
        super().__init__(asking, bench, hooks, threads, limits)
        self._given, self._only = (asking, bench), only
        only.state = asking.state

    def of(self, work: Work) -> Executor[Any]:
        return _OnlyExecutor(*self._given, super().of(work), self._only)


class _OnlyExecutor(Executor[Any]):
    """Executes the one task, and starts nothing else."""

    def __init__(self, asking: Asking, bench: Bench, real: Executor[Any], only: _Only) -> None:
        super().__init__(asking, bench)
        self._real, self._only = real, only
        self.is_paid = real.is_paid

    def is_informed(self) -> bool:
        return self._real.is_informed()

    def is_answered(self, one: Instance[Task], work: Any) -> bool:
        """Others wait for whoever resumes the run; this one is not answered by an earlier run."""
        if one.key == self._only.key and has_effect(one.node):
            self._only.refused = (
                f"{key_name(one.key)} has an effect, which a replay does not repeat"
            )
        if one.key == self._only.key and self._only.refused is None:
            return False
        self.asking.wait_for(one, ())
        return True

    def is_ready(self, one: Instance[Task], work: Any) -> bool:
        return self._real.is_ready(one, work)

    def request(self, one: Instance[Task], work: Any) -> Request | None:
        return self._real.request(one, work)

    def begin(self, one: Instance[Task], work: Any) -> Execution | None:
        return self._real.begin(one, work)

    def retry(
        self, one: Instance[Task], work: Any, tries: Sequence[Attempted], failure: Failure
    ) -> None:
        self._real.retry(one, work, tries, failure)


class _NoChildren(Children):
    """Starts no child run, and keeps the run from being left before the task is over."""

    def __init__(self, *given: Any, only: _Only) -> None:
        super().__init__(*given)
        self._only = only

    @property
    def active(self) -> bool:
        return not self._only.is_over

    @property
    def busy(self) -> bool:
        return not self._only.is_over

    def take_news(self) -> bool:
        self._only.look()
        return self._only.is_over

    def follow(self, group: object) -> None:
        self._asking.children.clear()


async def run_only(driving: Driving, run_id: str, key: Key) -> None:
    """Drive a run until one task has ended, or cannot; nothing else is executed. Raises as `resume`
    of `Driving` does, and `Refused` for a step with an effect.
    """
    only = _Only(key, driving)
    await driving.resume(
        run_id,
        file=None,
        name=None,
        input=None,
        observer=Unwatched(),
        max_concurrency=None,
        linger_s=0.0,
        makes=partial(
            Engine,
            executors=partial(_OnlyExecutors, only=only),
            children=partial(_NoChildren, only=only),
        ),
    )
    if only.refused is not None:
        hint = f"run it in the fork with `smithers resume {shlex.quote(run_id)}`"
        raise Refused(only.refused, hint=hint)


def replay_live(
    driving: Driving,
    run: RunRow,
    recording: Recording,
    start: Start,
    ended: tuple[Ended, str | None] | None,
) -> Replayed:
    """What the run would have made of how the task has ended in a fork; None if it has not."""
    done = recording.done[start.key, start.round]
    if ended is None:
        message = f"{key_name(start.key)} has not ended in the fork"
        difference = Difference(kind="outcome", key=start.key, message=message)
        return Replayed(
            run_id=run.run_id, status=recording.status, attempts=0, differences=(difference,)
        )
    now = replace(
        done, outcome=ended[0].outcome, output=ended[1], type=ended[0].type, error=ended[0].error
    )
    edited = replace(recording, done={**recording.done, (start.key, start.round): now})
    found = asyncio.run(replay_run(driving, run, edited, None))
    own = list(_own(done, now))
    readers = _readers(recording, start.key, found.differences) if own else ()
    return replace(found, differences=(*own, *found.differences, *readers))


def _own(done: Done, now: Done) -> Iterator[Difference]:
    name = key_name(done.key)
    if done.outcome != now.outcome:
        why = "" if now.error is None else f": {now.error.message}"
        message = f"{name} {now.outcome}{why}; in the run it {done.outcome}"
        yield Difference(kind="outcome", key=done.key, message=message)
    elif (texts := unlike(done.output, now.output)) is not None:
        message = f"the output of {name} differs"
        yield Difference(kind="output", key=done.key, message=message, old=texts[0], new=texts[1])


def _readers(recording: Recording, key: Key, known: Iterable[Difference]) -> Iterator[Difference]:
    """The steps that have read the task: what they would have made of it, nobody knows."""
    told = {one.key for one in known}
    for done in recording.last().values():
        is_step = done.asked is None and done.attempts > 0
        if is_step and key in done.reads and done.key not in told:
            message = f"{key_name(done.key)} reads the output of {key_name(key)}"
            yield Difference(kind="input", key=done.key, message=message)
