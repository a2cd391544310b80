"""Attempts: what executes the work of tasks, one executor for each kind of work.

The union of works is closed: mypy and pyright name `Executors.of` and `visited` if one is added to
it.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, assert_never

from smithers.engine.asking import Asking
from smithers.engine.attempts.cached import AnswerCache
from smithers.engine.attempts.execution import Execution, Result, Running
from smithers.engine.attempts.executor import Bench, Executor, Request
from smithers.engine.attempts.hooks import Hooks
from smithers.engine.attempts.limits import Limits
from smithers.engine.attempts.step import StepExecutor
from smithers.engine.threads import Threads
from smithers.tree import (
    AgentWork,
    ChildWork,
    CommandWork,
    EventWork,
    HumanWork,
    PersonWork,
    StepWork,
    TimerWork,
    Work,
)

if TYPE_CHECKING:
    from smithers.engine.attempts.agent import AgentExecutor

__all__ = [
    "AnswerCache",
    "Bench",
    "Execution",
    "Executor",
    "Executors",
    "Hooks",
    "Limits",
    "Request",
    "Result",
    "Running",
    "Visitor",
    "visited",
]

R_co = TypeVar("R_co", covariant=True)


class Visitor(Protocol[R_co]):
    """What is made of a work, one method for each kind of it."""

    def of_agent(self, work: AgentWork, /) -> R_co: ...

    def of_step(self, work: StepWork, /) -> R_co: ...

    def of_command(self, work: CommandWork, /) -> R_co: ...

    def of_person(self, work: PersonWork, /) -> R_co: ...

    def of_human(self, work: HumanWork, /) -> R_co: ...

    def of_child(self, work: ChildWork, /) -> R_co: ...

    def of_event(self, work: EventWork, /) -> R_co: ...

    def of_timer(self, work: TimerWork, /) -> R_co: ...


def visited(work: Work, visitor: Visitor[R_co]) -> R_co:
    """What a visitor makes of a work."""
    match work:
        case AgentWork():
            return visitor.of_agent(work)
        case StepWork():
            return visitor.of_step(work)
        case CommandWork():
            return visitor.of_command(work)
        case PersonWork():
            return visitor.of_person(work)
        case HumanWork():
            return visitor.of_human(work)
        case ChildWork():
            return visitor.of_child(work)
        case EventWork():
            return visitor.of_event(work)
        case TimerWork():
            return visitor.of_timer(work)
        case _:
            assert_never(work)


class Executors:
    """The executors of a run."""

    def __init__(
        self, asking: Asking, bench: Bench, hooks: Hooks, threads: Threads, limits: Limits
    ) -> None:
        self._asking, self._bench, self._hooks, self._limits = asking, bench, hooks, limits
        self._step: Executor[Any] = StepExecutor(asking, bench, hooks, threads)
        self._known: dict[type[Work], Executor[Any]] = {}

    @cached_property
    def _agent(self) -> AgentExecutor:
        # Imported by runs that ask agents; so is what runs programs, by those that run one.
        from smithers.engine.attempts.agent import AgentExecutor

        return AgentExecutor(self._asking, self._bench, self._hooks, self._limits)

    @cached_property
    def _command(self) -> Executor[Any]:
        from smithers.engine.attempts.command import CommandExecutor

        return CommandExecutor(self._asking, self._bench, self._hooks)

    def of(self, work: Work) -> Executor[Any]:
        """What executes this work."""
        if (known := self._known.get(type(work))) is None:
            known = self._known[type(work)] = self._find(work)
        return known

    def _find(self, work: Work) -> Executor[Any]:
        match work:
            case AgentWork():
                return self._agent
            case StepWork():
                return self._step
            case CommandWork():
                return self._command
            case PersonWork() | HumanWork():
                raise AssertionError("a person is asked by the kind of the node, not attempted")
            case TimerWork():
                raise AssertionError("a timer is waited for by the kind of the node, not attempted")
            case ChildWork():
                raise AssertionError("a child run is started by the kind of the node")
            case EventWork():
                raise AssertionError("a signal is waited for by the kind of the node")
            case _:
                assert_never(work)
