"""What a step does: a Python function, in the loop or in a thread, within its clock."""

from __future__ import annotations

import asyncio
import inspect
import shlex
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import cast

from pydantic import ValidationError

from smithers import waits
from smithers.changes import Failure
from smithers.context import READER, NotYet
from smithers.engine.asking import Asking
from smithers.engine.attempts.execution import Execution, Marks, Result
from smithers.engine.attempts.executor import Bench, Executor, Request
from smithers.engine.fingerprints import of_step
from smithers.engine.printing import RAISED, Printed, bind_output, format_raised
from smithers.engine.programs import Hooks, Programs
from smithers.engine.reading import Reading
from smithers.engine.threads import Job, Threads
from smithers.errors import AuthorError, BadOutput, MachineError, SmithersError, Transient
from smithers.host import to_the_end
from smithers.kinds import Instance
from smithers.state import Attempted
from smithers.tree import Attempt, NotExact, StepWork, Task, is_async, problem
from smithers.values import dataclass

__all__ = ["StepExecutor"]

_WHO = "python"


class StepExecutor(Executor[StepWork]):
    """Calls the functions of steps."""

    def __init__(self, asking: Asking, bench: Bench, hooks: Hooks, threads: Threads) -> None:
        super().__init__(asking, bench)
        self._hooks = hooks
        self._threads = threads

    def request(self, one: Instance[Task], work: StepWork) -> Request:
        return Request(_WHO)

    def begin(self, one: Instance[Task], work: StepWork) -> StepAttempt:
        bench, node, frame = self.bench, one.node, self.asking.frame
        frame.close_wait(one.key, waits.DATA)
        fingerprint = of_step(work, node.output, self.asking.input_digests)
        serial = self.open_attempt(one, _WHO, fingerprint=fingerprint)
        tools = _Tools(partial(self.programs, one, serial, self._hooks))
        number = len(frame.state.tries[one.key])
        attempt = Attempt(f"{bench.run_id}/{one.key}", number, tools.note, tools.programs)
        reading = self.asking.reading(one)
        reading.mode, reading.attempt = "step", attempt
        return StepAttempt(
            serial=serial,
            work=work,
            attempt=attempt,
            reading=reading,
            output=node.output,
            is_beside=not is_async(work.run),
            timeout_s=node.timeout_s,
            threads=self._threads,
            tools=tools,
        )

    def retry(
        self, one: Instance[Task], work: StepWork, tries: Sequence[Attempted], failure: Failure
    ) -> None:
        self.retry_if_asked(one, work.retry, tries, failure)


class _Tools:
    """The programs of a step, and its log with what it prints: made when it first uses one of them,
    in whatever thread. Most steps use none.
    """

    def __init__(self, make: Callable[[], Programs]) -> None:
        self._make = make
        self._is_over = False
        self.loop: asyncio.AbstractEventLoop | None = None
        self.marks: Marks | None = None

    def programs(self) -> Programs:
        if (known := self._made) is not None:
            return known
        new = self._make()
        new.loop = self.loop
        if self.marks is not None:
            new.marks = self.marks(new.serial)
        made: Programs = vars(self).setdefault("made", new)  # another thread may be first
        if self._is_over:  # after `close` has looked, or while it did
            made.refuse()
            made.stream.close()
        return made

    @property
    def _made(self) -> Programs | None:
        made: Programs | None = vars(self).get("made")
        return made

    def printed(self) -> Printed:
        return self.programs().printed

    def note(self, text: str) -> None:
        self.log({"event": "heartbeat", "note": text})

    def log(self, data: Mapping[str, object]) -> None:
        self.programs().stream.write(data)

    async def close(self, *, used: bool) -> None:
        """End what still runs if any was used. Nothing starts, and nothing is written, after it."""
        self._is_over = True
        if (made := self._made) is not None:
            made.refuse()
            if used:
                await to_the_end(made.close())
            made.printed.close()
            made.stream.close()


@dataclass(kw_only=True)
class StepAttempt(Execution):
    """One call of a step's function."""

    owns_children = True
    is_function = True

    work: StepWork
    attempt: Attempt
    reading: Reading
    timeout_s: float | None
    threads: Threads
    tools: _Tools
    _is_late: bool = False
    _is_in_thread: bool = False
    _is_awaitable: bool = False
    """Whether what a call in a thread gave is to be awaited."""
    _job: Job | None = None
    """The call in a thread, if it began before all else of this."""
    _is_over: bool = False
    """Whether that was done at once, and left nothing that is waited for. It is asked only then: a
    thread that the function has left behind may still use its attempt.
    """

    @property
    def is_on_loop(self) -> bool:
        return self.attempt.used or not self._is_in_thread

    def tag(self, marks: Marks) -> None:
        self.tools.marks = marks

    def begin(self) -> bool:
        self._bind()
        self._is_in_thread = True
        self._job = self.threads.begin(self._made)
        self._is_over = self._job.is_done and not (self._is_awaitable or self.attempt.used)
        return self._is_over

    def _bind(self) -> None:
        READER.set(self.reading)
        bind_output(self.tools.printed)
        self.tools.loop = asyncio.get_running_loop()

    async def run(self) -> str:
        """The output as JSON text. Raises `NotYet`, or what the function raised."""
        if self._job is None:
            self._bind()
        timeout_s = self.timeout_s
        if timeout_s is not None and self._is_over:
            timeout_s = None
        try:
            value = await (self._call() if timeout_s is None else self._within(timeout_s))
        except asyncio.CancelledError:
            self.attempt.cancel()
            raise
        finally:
            await self.tools.close(used=self.attempt.used and not self._is_over)
        if self.reading.missed:
            raise NotYet(self.reading.missed)
        try:
            text, self.type = self.output.dump_typed(value)
            return text
        except ValidationError as error:
            said = f"the result does not match output=:\n{problem(error)}"
            raise BadOutput(
                said, hint=("return a value that matches output=, or change output=")
            ) from error
        except NotExact as error:
            hint = "return plain JSON data, or declare output=: a model or a dataclass"
            raise AuthorError(f"the result cannot be stored: {error}", hint=hint) from error

    def reads(self) -> Reading:
        return self.reading

    def result_of(self, error: Exception) -> Result:
        """A function may use another store, and what the system refuses it is its own affair. One
        with an effect that was not done in time is interrupted: a person is asked what follows.
        """
        if self.work.effect and self._is_late:
            return Result("held", error=error)
        return Result("halted" if isinstance(error, MachineError) else "failed", error=error)

    def may_retry(self, error: Exception) -> bool:
        return self.work.retry is None or self.work.retry.retries(error)

    def explain(self, error: Exception, failure: Failure) -> Failure:
        programs, hint = self.tools.programs(), failure.hint
        if not isinstance(error, SmithersError) and not hint:
            key = shlex.quote(programs.key)
            hint = f"for the traceback and the output, type `smithers logs {programs.run_id} {key}`"
        if self.work.effect:  # an exception is no interruption: nobody is asked before it
            told = hint
            hint = f"if the run is resumed, {programs.key} runs again, with its effect"
            hint = "; ".join(one for one in (told, hint) if one)
            return replace(failure, hint=hint, for_resume=True)
        return replace(failure, hint=hint)

    async def _within(self, timeout_s: float) -> object:
        clock = asyncio.timeout(timeout_s)
        try:
            async with clock:
                return await self._call()
        except TimeoutError as error:
            if not clock.expired():
                raise  # the function's own
            self.attempt.cancel()
            self._is_late = True
            raise Transient(f"no result within {timeout_s:g} s") from error

    async def _call(self) -> object:
        job = self._job
        try:
            if not self.is_beside:
                return await cast("Awaitable[object]", self._given())
            self._is_in_thread = True
            try:
                value = await (
                    self.threads.run(self._made) if job is None else self.threads.end(job)
                )
            finally:
                self._is_in_thread = False
            return await cast("Awaitable[object]", value) if self._is_awaitable else value
        except (NotYet, asyncio.CancelledError):
            raise
        except BaseException as error:
            if self.reading.missed and isinstance(error, Exception):
                raise NotYet(self.reading.missed) from error  # it is why the function raised
            self._log(error)
            raise

    def _made(self) -> object:
        """What the function gives, in a thread."""
        value = self._given()
        self._is_awaitable = inspect.isawaitable(value)
        return value

    def _given(self) -> object:
        work = self.work
        return work.run(self.attempt) if work.takes_attempt else work.run()

    def _log(self, error: BaseException) -> None:
        """Keep the traceback where the output is; without it the failure has its last line."""
        with suppress(MachineError):
            self.tools.log({"event": RAISED, "text": format_raised(error)})
