"""An attempt while it runs, whatever is attempted, and how it ends."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import Context, copy_context
from datetime import datetime
from typing import Any, ClassVar, Literal

from smithers.changes import Failure, Key, UsageCounted
from smithers.context import NotYet
from smithers.engine.budgets import RepairRefused
from smithers.engine.reading import Reading
from smithers.state import Message
from smithers.tree import Output, plain_text
from smithers.values import dataclass

__all__ = ["Execution", "Marks", "Result", "Running"]

Marks = Callable[[int], Mapping[str, str]]
"""The variables of the environment that tag the processes of an attempt, by its number."""


@dataclass(frozen=True, slots=True)
class Result:
    """How an attempt ended: with its output as JSON text, an error, or reads that were missing; or
    it is held, since its budget allows no repair, for a person who continues in its session, or
    since a step with an effect was not done in time: its node is asked what it needs. It is halted
    by an error of the store or of this machine, for which nobody who worked is to blame.
    """

    kind: Literal["succeeded", "failed", "deferred", "cancelled", "held", "halted"]
    text: str = ""
    error: Exception | None = None
    missed: tuple[Key, ...] = ()


@dataclass(kw_only=True)
class Execution(ABC):
    """The work of one attempt. What it gives is text of `output`."""

    owns_children: ClassVar[bool] = False
    """Whether it may have processes of this one as children, and ask for their exit codes."""

    is_function: ClassVar[bool] = False
    """Whether it only calls a function of the author's. All else begins with a program, or with a
    request that is paid.
    """

    serial: int
    output: Output[Any]
    type: str | None = None
    """The class of what was given, if the task declares none or a base of it."""
    turn: str | None = None
    """The point in an agent's session after its last answer, if the agent named it."""
    cache_key: str | None = None
    """By which later runs find what it gives; None if it is for this run alone."""

    is_beside: bool = False
    """Whether it does its work beside the loop, so that it can `begin` without a task."""

    def begin(self) -> bool:
        """Begin what it does beside the loop, before anything of `run`, where nothing else begins
        in this turn; whether that is over, so that `run` will wait for nothing.
        """
        raise NotImplementedError

    @abstractmethod
    async def run(self) -> str:
        """The output as JSON text. Raises `NotYet` if it reads what is not settled."""

    @abstractmethod
    def result_of(self, error: Exception) -> Result:
        """Whether the attempt has failed by this error, or is halted."""

    @property
    def is_on_loop(self) -> bool:
        """Whether it needs the loop's thread now, so that it would wait while that does something
        else.
        """
        return True

    def explain(self, error: Exception, failure: Failure) -> Failure:
        """The failure by this error, with what a person should do about it."""
        return failure

    def may_retry(self, error: Exception) -> bool:
        """Whether the retry of the task names this error; else the task fails at once."""
        return True

    def note_failure(self, error: Exception, failure: Failure, began: datetime) -> None:  # noqa: B027
        """Remember what it means for other attempts; this one began then."""

    def tag(self, marks: Marks) -> None:  # noqa: B027
        """Tag the processes that it starts."""

    def tell(self, message: Message) -> None:  # noqa: B027
        """A person says something to the agent that is at work, if one is."""

    def reads(self) -> Reading | None:
        """What it has read while it ran."""
        return None

    def take_usage(self) -> list[UsageCounted]:
        """What it used of each model since this was last called."""
        return []


class Running:
    """An attempt that was started, or is to be started with the frame in the making."""

    def __init__(
        self, key: Key, attempt: Execution, done: Callable[[Running, Result], None]
    ) -> None:
        self.key = key
        self.attempt = attempt
        self.serial = attempt.serial
        self._done = done
        self._cancelled = False
        self.task: asyncio.Task[None] | None = None
        self._stopped = False
        self._held = False
        self._is_heard = False
        self._has_begun = False
        """Whether it is at work already before its task has its first turn."""

    def start(self, group: asyncio.TaskGroup, marks: Marks, *, alone: bool) -> None:
        """Begin, `alone` if nothing else begins now; `marks` tag the processes that it starts. It
        gets a task only where it has to wait.
        """
        self.attempt.tag(marks)
        context: Context | None = None
        if alone and self.attempt.is_beside and not self._cancelled:
            context = copy_context()
            self._has_begun = True
            if context.run(self.attempt.begin):
                with suppress(StopIteration):
                    context.run(self._run().send, None)
                return
        self.task = group.create_task(self._run(), name=str(self.key), context=context)
        if self._cancelled:  # between its preparation and here
            self._cancel(self.task)

    def tell(self, message: Message) -> None:
        """A person says something to the agent that is at work, if one is."""
        self.attempt.tell(message)

    def cancel(self) -> None:
        """Stop it; its result comes when all of it has ended."""
        self._stopped = True
        self._cancelled = True
        if self.task is not None:
            self._cancel(self.task)

    def hold(self) -> None:
        """Stop it, so that a person can continue in its session."""
        self._held = True
        self.cancel()

    def _cancel(self, task: asyncio.Task[None]) -> None:
        if not self._is_heard:  # one that is cancelled before its first turn tells nothing itself
            self._is_heard = True
            task.add_done_callback(self._ended)
        if self._has_begun:  # a task that is cancelled before its first turn would end nothing
            task.get_loop().call_soon(task.cancel)
        else:
            task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():  # else it told its result itself, a turn of the loop earlier
            self._done(self, Result("held" if self._held else "cancelled"))

    async def _run(self) -> None:
        try:
            result = Result("succeeded", text=await self.attempt.run())
        except NotYet as missed:
            result = Result("deferred", missed=missed.on)
        except RepairRefused as error:
            result = Result("held", error=error)
        except Exception as error:
            result = self.attempt.result_of(error)
        except asyncio.CancelledError:
            if self._stopped:
                raise
            own = RuntimeError("it raised asyncio.CancelledError itself")
            result = Result("failed", error=own)
        except BaseException as error:  # it must not end the engine
            said = plain_text(error)
            words = f"{type(error).__name__}({said!r})" if said else type(error).__name__
            raised = RuntimeError(f"the function raised {words}")
            result = Result("failed", error=raised.with_traceback(error.__traceback__))
        self._done(self, result)
