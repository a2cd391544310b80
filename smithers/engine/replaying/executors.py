"""Executors that answer from a recording: no agent is asked, and no function or program is run."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from smithers import waits
from smithers.agent import Answered
from smithers.changes import Failure, Key
from smithers.engine.asking import Asking
from smithers.engine.attempts import (
    Bench,
    Execution,
    Executor,
    Executors,
    Hooks,
    Limits,
    Request,
    Result,
)
from smithers.engine.attempts.answers import output_text
from smithers.engine.reading import Reading
from smithers.engine.replaying.differences import unlike
from smithers.engine.replaying.director import Director, Turn
from smithers.engine.replaying.prompts import compare_prompt
from smithers.engine.replaying.recording import Done
from smithers.engine.settling import settle
from smithers.engine.threads import Threads
from smithers.errors import AuthorError, BadOutput, SmithersError
from smithers.kinds import Instance
from smithers.naming import key_name
from smithers.state import Attempted
from smithers.tree import NotExact, Task, Work, problem
from smithers.values import dataclass

__all__ = ["NotRecorded", "RecordedExecutors"]


class NotRecorded(SmithersError):
    """A task came up in a replay of which the recording has no end."""


class _Recorded(SmithersError):
    """A failure of the recording."""


class _Cancelled(SmithersError):
    """It was cancelled in the recording."""


class _RecordedMistake(AuthorError):
    """A failure of the recording that was the author's."""


class RecordedExecutors(Executors):
    """The executors of a replay."""

    def __init__(
        self,
        asking: Asking,
        bench: Bench,
        hooks: Hooks,
        threads: Threads,
        limits: Limits,
        *,
        director: Director,
    ) -> None:
        super().__init__(asking, bench, hooks, threads, limits)
        self._all = (asking, bench, director)

    def of(self, work: Work) -> Executor[Any]:
        return RecordedExecutor(*self._all, super().of(work))


class RecordedExecutor(Executor[Any]):
    """Ends tasks as the recording has it, when the recording has it."""

    def __init__(
        self, asking: Asking, bench: Bench, director: Director, real: Executor[Any]
    ) -> None:
        super().__init__(asking, bench)
        self._director, self._real = director, real

    def _find(self, key: Key) -> tuple[int, Done | None]:
        number = self._director.round_of(key, self.asking.frame.number)
        return number, self._director.find(key, number)

    def is_answered(self, one: Instance[Task], work: Any) -> bool:
        """Whether it ended without an attempt: it had the answer of an earlier run, or a budget was
        spent.
        """
        number, done = self._find(one.key)
        if self._director.holds(one.key, number, lambda: self._release(one.key)):
            self.asking.wait_for(one, ())
            return True
        if done is None or done.outcome not in ("finished", "skipped", "failed"):
            return False
        if done.attempts and not (done.outcome == "skipped" and done.error is not None):
            return False
        if missing := self._missing(done):
            self.asking.wait_for(one, missing)
        elif done.outcome == "failed":
            return self._fails_unasked(one, work, done)
        else:
            settle(
                self.asking.frame,
                self.asking.plan,
                one.key,
                done.outcome,
                error=done.error,
                output=done.output,
                model=one.node.output.model if done.output is not None else None,
                type=done.type,
            )
        return True

    def _release(self, key: Key) -> None:
        """It may start now; another render may have made another instance of it."""
        if (one := self.asking.plan.instances.get(key)) is not None:
            self.asking.plan.up.append(one)

    def _fails_unasked(self, one: Instance[Task], work: Any, done: Done) -> bool:
        """It failed before it was attempted: by a budget, or because its request failed."""
        if self.request(one, work) is None:
            return True
        settle(self.asking.frame, self.asking.plan, one.key, "failed", error=done.error)
        return True

    def request(self, one: Instance[Task], work: Any) -> Request | None:
        return self._real.request(one, work)

    def begin(self, one: Instance[Task], work: Any) -> Execution | None:
        number, done = self._find(one.key)
        if done is not None and not done.attempts and done.outcome not in ("finished", "failed"):
            self.asking.wait_for(one, ())  # until what surrounds it ends: it never started
            return None
        if done is not None and (missing := self._missing(done)):
            self.asking.wait_for(one, missing)
            return None
        if (request := self.request(one, work)) is None:
            return None
        self.asking.frame.close_wait(one.key, waits.DATA)
        if done is not None:
            self._compare(one, done, request)
        who = request.who or ("" if done is None else done.agent or "")
        serial = self.open_attempt(one, who, prompt=request.prompt)
        return _Attempt(
            serial=serial,
            output=one.node.output,
            played=self._director.begin(one.key, number),
            director=self._director,
            done=done,
            reading=self._reading(one, () if done is None else done.reads),
        )

    def _missing(self, done: Done) -> tuple[Key, ...]:
        """What it has read in the recording, and what is not there yet."""
        return tuple(key for key in done.reads if self._is_missing(key))

    def _is_missing(self, key: Key) -> bool:
        if (found := self.asking.plan.instances.get(key)) is not None:
            return not found.settled
        view = self.asking.view
        return key.id not in view.mounts.by_id and view.could_add(key.id)

    def _reading(self, one: Instance[Task], reads: Sequence[Key]) -> Reading:
        """What it has read in the recording, as of the frames of the replay."""
        reading, instances = self.asking.reading(one), self.asking.plan.instances
        for key in reads:
            found = instances.get(key)
            if found is not None and found.settled:
                reading.used[key] = found.settled_at
        return reading

    def _compare(self, one: Instance[Task], done: Done, request: Request) -> None:
        mask, key, prompt = self.bench.secrets.mask, one.key, request.prompt
        if prompt is not None and done.asked is not None:
            for kind, old, new in compare_prompt(mask(done.asked), mask(prompt), one.node.output):
                what = "prompt" if kind == "prompt" else "schema of the answer"
                self._director.differs(
                    kind, key, f"the {what} of {key_name(key)} differs", old, new
                )
            self._compare_stream(one, done)
        elif prompt is None and done.agent not in (None, request.who):
            message = f"the command of {key_name(key)} differs"
            self._director.differs("command", key, message, done.agent, request.who)

    def _compare_stream(self, one: Instance[Task], done: Done) -> None:
        """Whether what the agent answered, by its stream, gives the stored output."""
        director, mask = self._director, self.bench.secrets.mask
        if director.read_answer is None or done.outcome != "finished" or done.output is None:
            return
        if (answer := director.read_answer(done)) is None:
            director.streams["missing"] += 1
            return
        director.streams["checked"] += 1
        said, _ = answer
        found = [_output_of(each, one) for each in (Answered(*answer), Answered(said))]
        unlikes = [unlike(mask(done.output), mask(text)) for text in found]
        if all(unlikes) and unlikes[0] is not None:  # data that is large was cut in the stream
            message = f"the stream of {key_name(one.key)} gives another answer"
            director.differs("stream", one.key, message, *unlikes[0])

    def retry(
        self, one: Instance[Task], work: Any, tries: Sequence[Attempted], failure: Failure
    ) -> None:
        self.fail(one, failure)


def _output_of(answer: Answered, one: Instance[Task]) -> str:
    """What an answer gives, or why it gives nothing."""
    try:
        return output_text(answer, one.node.output)
    except (BadOutput, AuthorError) as error:
        return str(error)


@dataclass(kw_only=True)
class _Attempt(Execution):
    """An attempt that ends as the recording has it."""

    played: Turn
    director: Director
    done: Done | None
    reading: Reading

    async def run(self) -> str:
        try:
            await self.played.over.wait()
        except asyncio.CancelledError:
            self.director.told()
            raise
        self.director.told()
        done = self.done
        if done is None or done.outcome is None:
            raise NotRecorded("the run that is replayed does not have it")
        if done.outcome == "finished":
            self.type = done.type
            return self._checked("null" if done.output is None else done.output, done)
        if done.outcome == "cancelled":
            raise _Cancelled("it was cancelled")
        error = done.error or Failure(kind="Failed", message=f"it was {done.outcome}")
        if error.kind == AuthorError.__name__:
            raise _RecordedMistake(error.message)
        raise _Recorded(error.message)

    def _checked(self, text: str, done: Done) -> str:
        """The output, if it still is one."""
        try:
            self.output.parse_as(text, done.type)
        except (ValidationError, NotExact) as error:
            why = problem(error) if isinstance(error, ValidationError) else str(error)
            message = f"the recorded output of {key_name(done.key)} no longer fits:\n{why}"
            self.director.differs("output", done.key, message)
            raise BadOutput(f"the recorded output no longer fits: {why}") from error
        return text

    def result_of(self, error: Exception) -> Result:
        return Result("cancelled" if isinstance(error, _Cancelled) else "failed", error=error)

    def may_retry(self, error: Exception) -> bool:
        return False

    def explain(self, error: Exception, failure: Failure) -> Failure:
        if isinstance(error, _Recorded | _RecordedMistake) and self.done and self.done.error:
            return self.done.error
        return failure

    def reads(self) -> Reading:
        return self.reading
