"""Executors that start nothing: what a task gives is scripted, or made from its type."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

from smithers.agent import Agent, Answered, Ask, Event, Started
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
from smithers.engine.attempts.agent import AgentExecutor
from smithers.engine.attempts.agent_attempt import AgentAttempt
from smithers.engine.attempts.command import CommandExecutor
from smithers.engine.dry.outside import NOT_SCRIPTED, Outside
from smithers.engine.threads import Threads
from smithers.errors import MachineError, Permanent
from smithers.kinds import Instance
from smithers.state import Attempted
from smithers.tree import AgentWork, CommandWork, Completed, Output, StepWork, Task
from smithers.values import dataclass

__all__ = ["DryExecutors"]


class DryExecutors(Executors):
    """The executors of a dry run."""

    def __init__(
        self,
        asking: Asking,
        bench: Bench,
        hooks: Hooks,
        threads: Threads,
        limits: Limits,
        *,
        outside: Outside,
    ) -> None:
        super().__init__(asking, bench, hooks, threads, limits)
        self._outside = outside
        if not outside.script.runs_steps:
            self._step = _Steps(asking, bench, outside, self._step)

    @cached_property
    def _agent(self) -> AgentExecutor:
        return _Agents(self._asking, self._bench, self._hooks, self._limits, self._outside)

    @cached_property
    def _command(self) -> Executor[Any]:
        real = CommandExecutor(self._asking, self._bench, self._hooks)
        if self._outside.script.runs_steps:
            return real
        return _Commands(self._asking, self._bench, self._outside, real)


class _Agents(AgentExecutor):
    """Asks a stand-in of the same name instead of each agent."""

    def __init__(
        self, asking: Asking, bench: Bench, hooks: Hooks, limits: Limits, outside: Outside
    ) -> None:
        super().__init__(asking, bench, hooks, limits)
        self._outside = outside

    def begin(self, one: Instance[Task], work: AgentWork) -> AgentAttempt | None:
        attempt = super().begin(one, work)
        if attempt is not None:
            attempt.agent = _StandIn(attempt.agent, attempt.output, self._outside)
        return attempt


class _StandIn:
    """Answers for an agent."""

    def __init__(self, agent: Agent, output: Output[Any], outside: Outside) -> None:
        self.name, self._output, self._outside = agent.name, output, outside
        self.can = replace(agent.can, steers=False, attaches=False)

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        output, outside = self._output, self._outside
        if (script := outside.script.answers) is not None:
            ask = replace(ask, schema=None if output.is_text else output.schema)
            try:
                async for event in script.run(ask):
                    yield event
            except Permanent as error:
                if error.reason != NOT_SCRIPTED:
                    raise
            else:
                return
        yield Started(ask.session or outside.new_session())
        if output.is_text:
            yield Answered(f"an answer to {ask.task}")
        else:
            yield Answered(outside.make(ask.task, output))


class _Unstarted(Executor[Any]):
    """Begins attempts as the real executor does, and starts nothing."""

    def __init__(self, asking: Asking, bench: Bench, outside: Outside, real: Executor[Any]) -> None:
        super().__init__(asking, bench)
        self.outside, self._real = outside, real

    @abstractmethod
    def made(self, task: str, work: Any, output: Output[Any]) -> str:
        """An output of the task, as JSON text. Raises `Permanent` if none can be made."""

    def is_ready(self, one: Instance[Task], work: Any) -> bool:
        return self._real.is_ready(one, work)

    def request(self, one: Instance[Task], work: Any) -> Request | None:
        return self._real.request(one, work)

    def begin(self, one: Instance[Task], work: Any) -> Execution | None:
        real = self._real.begin(one, work)
        if real is None:
            return None
        made = partial(self.made, one.key.id, work, real.output)
        return _Made(
            serial=real.serial, output=real.output, key=one.key, outside=self.outside, made=made
        )

    def retry(
        self, one: Instance[Task], work: Any, tries: Sequence[Attempted], failure: Failure
    ) -> None:
        self._real.retry(one, work, tries, failure)


class _Steps(_Unstarted):
    """Steps: those of our patterns are called, since they only work out what comes next."""

    def begin(self, one: Instance[Task], work: StepWork) -> Execution | None:
        module: object = getattr(work.run, "__module__", None)
        if isinstance(module, str) and module.startswith("smithers."):
            return self._real.begin(one, work)
        return super().begin(one, work)

    def made(self, task: str, work: StepWork, output: Output[Any]) -> str:
        if output.is_any:
            self.outside.guessed[task] = None
        return self.outside.make(task, output)


class _Commands(_Unstarted):
    """Commands: a program that may fail does so every other time."""

    def made(self, task: str, work: CommandWork, output: Output[Any]) -> str:
        if output.kind is not Completed:
            return self.outside.make(task, output)
        code = 0 if work.check else 1 - self.outside.count(task) % 2
        return output.dump(Completed(exit_code=code, stdout="", stderr="", duration_s=0.0))


@dataclass(kw_only=True)
class _Made(Execution):
    """An attempt of a step or a command that gives what is scripted or made."""

    key: Key
    outside: Outside
    made: Callable[[], str]

    async def run(self) -> str:
        given = await self.outside.give(self.key, self.output)
        return self.made() if given is None else given

    def result_of(self, error: Exception) -> Result:
        return Result("halted" if isinstance(error, MachineError) else "failed", error=error)
