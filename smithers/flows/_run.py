"""`Run`: what an imperative flow calls and awaits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from collections.abc import Sequence as ListLike
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, cast, overload

from pydantic import BaseModel
from typing_extensions import TypeVar

from smithers.agent import Agent
from smithers.flows._calls import Call, Driver, Gathering
from smithers.flows._flow import Flow
from smithers.tree import (
    RENDERING,
    Approval,
    Attempt,
    Bindings,
    Budget,
    Cache,
    Chosen,
    Command,
    Completed,
    Decision,
    HumanTask,
    Node,
    OnFailure,
    Retry,
    Step,
    Task,
    Timer,
    check_count,
    here,
    shown,
    wrong,
)

if TYPE_CHECKING:
    from smithers.context import Context, State
    from smithers.workflows import NoInput, Workflow

__all__ = ["Run"]

In_co = TypeVar("In_co", covariant=True)
T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
Input = TypeVar("Input")
Model = TypeVar("Model", bound=BaseModel)
_FEW = Retry()
_Agents = Agent | str | ListLike[Agent | str]
_Words = str | ListLike[str]


class Run(Generic[In_co]):
    """A run, as its flow sees it: the input, and calls that are durable.

    Each call has an id that is unique in its flow. A call starts when it is awaited, and gives the
    output of a task; one that fails raises `CallFailed`. After a crash the flow runs again from its
    start, and every call that has ended gives at once what it gave before. So the code between the
    calls must be pure: time, chance and whatever it asks of the world come from `now`, `random`,
    `choose` and `step`. Nothing else than calls of `run` can be awaited.
    """

    def __init__(self, input: In_co, context: Context[Any], driver: Driver) -> None:
        self.input = input
        self.ctx = context
        """The context, for the callables of a tree in `node`."""
        self._driver = driver

    @property
    def id(self) -> str:
        """The id of the run."""
        return self.ctx.run_id

    # -- calls

    @overload
    def task(
        self,
        id: str,
        *,
        agent: _Agents,
        prompt: str,
        retry: Retry = ...,
        timeout_s: float | None = None,
        idle_s: float = 300.0,
        continues: Call[Any] | str | None = None,
        forks: Call[Any] | str | None = None,
        cwd: str | Path | None = None,
        budget: Budget | None = None,
        cache: Cache | None = None,
        pool: str | None = None,
        priority: int = 0,
    ) -> Call[str]: ...
    @overload
    def task(
        self,
        id: str,
        *,
        agent: _Agents,
        prompt: str,
        output: type[T],
        retry: Retry = ...,
        timeout_s: float | None = None,
        idle_s: float = 300.0,
        continues: Call[Any] | str | None = None,
        forks: Call[Any] | str | None = None,
        cwd: str | Path | None = None,
        budget: Budget | None = None,
        cache: Cache | None = None,
        pool: str | None = None,
        priority: int = 0,
    ) -> Call[T]: ...
    def task(
        self,
        id: str,
        *,
        agent: _Agents,
        prompt: str,
        output: Any = str,
        retry: Retry = _FEW,
        timeout_s: float | None = None,
        idle_s: float = 300.0,
        continues: Call[Any] | str | None = None,
        forks: Call[Any] | str | None = None,
        cwd: str | Path | None = None,
        budget: Budget | None = None,
        cache: Cache | None = None,
        pool: str | None = None,
        priority: int = 0,
    ) -> Call[Any]:
        """Work of an agent, as a `Task`. With `continues` or `forks` it takes up the session of
        another call of this flow, or of a task of the tree by its id.
        """

        def make() -> Node[Any]:
            return Task(
                id,
                agent=agent,
                prompt=prompt,
                output=output,
                retry=retry,
                timeout_s=timeout_s,
                idle_s=idle_s,
                continues=self._session(continues),
                forks=self._session(forks),
                cwd=cwd,
                budget=budget,
                cache=cache,
                pool=pool,
                priority=priority,
            )

        return self._call(self.task, id, make)

    @overload
    def step(
        self,
        id: str,
        run: Callable[[], Coroutine[Any, Any, T]] | Callable[[Attempt], Coroutine[Any, Any, T]],
        *,
        output: type[T] | None = None,
        retry: Retry | None = None,
        timeout_s: float | None = None,
        effect: bool = False,
        pool: str | None = None,
        priority: int = 0,
    ) -> Call[T]: ...
    @overload
    def step(
        self,
        id: str,
        run: Callable[[], T],
        *,
        output: type[T] | None = None,
        retry: Retry | None = None,
        timeout_s: float | None = None,
        effect: bool = False,
        pool: str | None = None,
        priority: int = 0,
    ) -> Call[T]: ...
    @overload
    def step(
        self,
        id: str,
        run: Callable[[Attempt], T],
        *,
        output: type[T] | None = None,
        retry: Retry | None = None,
        timeout_s: float | None = None,
        effect: bool = False,
        pool: str | None = None,
        priority: int = 0,
    ) -> Call[T]: ...
    def step(
        self,
        id: str,
        run: Callable[..., Any],
        *,
        output: Any = None,
        retry: Retry | None = None,
        timeout_s: float | None = None,
        effect: bool = False,
        pool: str | None = None,
        priority: int = 0,
    ) -> Call[Any]:
        """A Python function, as a `Step`."""

        def make() -> Node[Any]:
            return Step(
                id,
                run,
                output=output,
                retry=retry,
                timeout_s=timeout_s,
                effect=effect,
                pool=pool,
                priority=priority,
            )

        return self._call(self.step, id, make)

    def choose(self, id: str, choose: Callable[[], T], *, output: type[T] | None = None) -> Call[T]:
        """What a function returns, called once and recorded: for what is read from the world at
        almost no cost, such as an environment variable. Work belongs in a `step`.
        """
        return self._call(self.choose, id, lambda: Chosen(id, choose, output=output))

    @overload
    def command(
        self,
        id: str,
        argv: _Words,
        *,
        shell: bool = False,
        cwd: str | Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | bytes | None = None,
        check: bool = True,
        output: type[Completed] = ...,
        timeout_s: float | None = None,
        idle_s: float | None = None,
        retry: Retry | None = None,
        pool: str | None = None,
        priority: int = 0,
    ) -> Call[Completed]: ...
    @overload
    def command(
        self,
        id: str,
        argv: _Words,
        *,
        output: type[T],
        shell: bool = False,
        cwd: str | Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | bytes | None = None,
        check: Literal[True] = True,
        timeout_s: float | None = None,
        idle_s: float | None = None,
        retry: Retry | None = None,
        pool: str | None = None,
        priority: int = 0,
    ) -> Call[T]: ...
    def command(
        self,
        id: str,
        argv: _Words,
        *,
        shell: bool = False,
        cwd: str | Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | bytes | None = None,
        check: Any = True,
        output: Any = Completed,
        timeout_s: float | None = None,
        idle_s: float | None = None,
        retry: Retry | None = None,
        pool: str | None = None,
        priority: int = 0,
    ) -> Call[Any]:
        """A program, as a `Command`."""

        def make() -> Node[Any]:
            return Command(
                id,
                argv,
                shell=shell,
                cwd=cwd,
                env=env,
                stdin=stdin,
                check=check,
                output=output,
                timeout_s=timeout_s,
                idle_s=idle_s,
                retry=retry,
                pool=pool,
                priority=priority,
            )

        return self._call(self.command, id, make)

    def approval(
        self,
        id: str,
        *,
        ask: str,
        on_deny: OnFailure = "fail",
        timeout_s: float | None = None,
        on_timeout: Literal["deny", "fail"] = "deny",
        allowed_by: Iterable[str] = (),
    ) -> Call[Decision]:
        """A person's decision, as an `Approval`. A denial raises `CallFailed`, unless
        `on_deny="continue"`.
        """

        def make() -> Node[Decision]:
            return Approval(
                id,
                ask=ask,
                on_deny=on_deny,
                timeout_s=timeout_s,
                on_timeout=on_timeout,
                allowed_by=allowed_by,
            )

        return self._call(self.approval, id, make)

    @overload
    def human(
        self,
        id: str,
        *,
        ask: str,
        choices: Iterable[str] | None = None,
        timeout_s: float | None = None,
        on_timeout: Literal["fail"] = "fail",
        allowed_by: Iterable[str] = (),
    ) -> Call[str]: ...
    @overload
    def human(
        self,
        id: str,
        *,
        ask: str,
        choices: Iterable[str] | None = None,
        timeout_s: float,
        on_timeout: Literal["continue"],
        allowed_by: Iterable[str] = (),
    ) -> Call[str | None]: ...
    @overload
    def human(
        self,
        id: str,
        *,
        ask: str,
        output: type[T],
        timeout_s: float | None = None,
        on_timeout: Literal["fail"] = "fail",
        allowed_by: Iterable[str] = (),
    ) -> Call[T]: ...
    @overload
    def human(
        self,
        id: str,
        *,
        ask: str,
        output: type[T],
        timeout_s: float,
        on_timeout: Literal["continue"],
        allowed_by: Iterable[str] = (),
    ) -> Call[T | None]: ...
    def human(self, id: str, **given: Any) -> Call[Any]:
        """A person's answer, as a `HumanTask`."""
        return self._call(self.human, id, lambda: cast("Node[Any]", HumanTask(id, **given)))

    @overload
    def event(
        self,
        id: str,
        *,
        event: str,
        correlation: str | None = None,
        timeout_s: float | None = None,
        on_timeout: OnFailure = "fail",
    ) -> Call[object]: ...
    @overload
    def event(
        self,
        id: str,
        *,
        event: str,
        output: type[T],
        correlation: str | None = None,
        timeout_s: float | None = None,
        on_timeout: Literal["fail"] = "fail",
    ) -> Call[T]: ...
    @overload
    def event(
        self,
        id: str,
        *,
        event: str,
        output: type[T],
        timeout_s: float,
        on_timeout: Literal["continue"],
        correlation: str | None = None,
    ) -> Call[T | None]: ...
    def event(self, id: str, **given: Any) -> Call[Any]:
        """The data of a signal that somebody sends to the run, as a `WaitForEvent`."""
        return self._call(self.event, id, lambda: self._driver.event(id, **given))

    def sleep(
        self, id: str, *, seconds: float | None = None, until: datetime | None = None
    ) -> Call[datetime]:
        """A time to wait for, as a `Timer`, with no process if it is far away."""
        return self._call(self.sleep, id, lambda: Timer(id, seconds=seconds, until=until))

    @overload
    def subflow(self, id: str, workflow: Workflow[Model, T], *, input: Model) -> Call[T]: ...
    @overload
    def subflow(self, id: str, workflow: Workflow[NoInput, T]) -> Call[T]: ...
    def subflow(self, id: str, workflow: Workflow[Any, Any], *, input: Any = None) -> Call[Any]:
        """A run of another workflow, as a `Subflow`."""
        return self._call(self.subflow, id, lambda: self._driver.subflow(id, workflow, input=input))

    @overload
    def flow(
        self, id: str, run: Callable[[Run[Input]], Coroutine[Any, Any, T]], *, input: Input
    ) -> Call[T]: ...
    @overload
    def flow(self, id: str, run: Callable[[Run[None]], Coroutine[Any, Any, T]]) -> Call[T]: ...
    def flow(
        self, id: str, run: Callable[[Any], Coroutine[Any, Any, Any]], *, input: Any = None
    ) -> Call[Any]:
        """Another flow inside this one, as a `Flow`: its calls have their own ids."""
        return self._call(self.flow, id, lambda: cast("Node[Any]", Flow(id, run, input=input)))

    def node(self, node: Node[T]) -> Call[T]:
        """A tree inside the flow. Its root needs an id, and its ids are as they are written."""
        given = cast("object", node)
        mark = here()
        if not isinstance(given, Node):
            wrong(mark, f"run.node needs a node, not {shown(given)}", "pass a task or a container")
        if node.id is None:
            said = f"the {node.kind} in run.node has no id"
            wrong(mark, said, f'set one, for example {type(node).__name__}(..., id="review")')
        call = Call(node.id, node, self.node.__name__, self._driver)
        self._driver.add(call)
        return call

    # -- several at once

    @overload
    def gather(  # pyright: ignore[reportOverlappingOverload]  # as of asyncio.gather
        self, one: Awaitable[A], two: Awaitable[B], /, *, limit: int | None = None
    ) -> Awaitable[tuple[A, B]]: ...
    @overload
    def gather(
        self,
        one: Awaitable[A],
        two: Awaitable[B],
        three: Awaitable[C],
        /,
        *,
        limit: int | None = None,
    ) -> Awaitable[tuple[A, B, C]]: ...
    @overload
    def gather(
        self,
        one: Awaitable[A],
        two: Awaitable[B],
        three: Awaitable[C],
        four: Awaitable[D],
        /,
        *,
        limit: int | None = None,
    ) -> Awaitable[tuple[A, B, C, D]]: ...
    @overload
    def gather(
        self,
        one: Awaitable[A],
        two: Awaitable[B],
        three: Awaitable[C],
        four: Awaitable[D],
        five: Awaitable[E],
        /,
        *,
        limit: int | None = None,
    ) -> Awaitable[tuple[A, B, C, D, E]]: ...
    @overload
    def gather(self, *awaitables: Awaitable[T], limit: int | None = None) -> Awaitable[list[T]]: ...
    @overload
    def gather(
        self,
        *awaitables: Awaitable[T],
        limit: int | None = None,
        return_exceptions: Literal[True],
    ) -> Awaitable[list[T | BaseException]]: ...
    def gather(
        self,
        *awaitables: Awaitable[Any],
        limit: int | None = None,
        return_exceptions: bool = False,
    ) -> Awaitable[Any]:
        """A list of what several calls, or coroutines that await calls, give, in their order.

        At most `limit` of them are under way at the same time. After a failure no other one starts;
        those that are under way end, and then the first failure in their order is raised. With
        `return_exceptions`, all of them run, and a failure stands in the list instead of a value.
        """
        mark = here()
        check_count(mark, "limit", limit)
        for number, one in enumerate(awaitables, 1):
            if not hasattr(one, "__await__"):
                said = f"awaitable {number} of run.gather is {shown(one)}, which cannot be awaited"
                wrong(mark, said, "pass calls and coroutines; unpack a list with *")
        return Gathering(awaitables, limit, mark, self._driver, returns_failures=return_exceptions)

    # -- what is not awaited

    def state(self, call: Call[Any] | str) -> State:
        """How a call of this flow has ended, itself or by its id; "open" if it has not."""
        return self._driver.state_of(call if isinstance(call, str) else call.id)

    def now(self) -> datetime:
        """The time (aware UTC) at which the flow came to this point, also when it runs again."""
        return self._driver.now()

    def random(self) -> float:
        """A random number in [0, 1), also the same when the flow runs again."""
        return self._driver.random()

    def _call(self, method: Callable[..., object], id: str, make: Callable[[], Node[T]]) -> Call[T]:
        bindings = Bindings()
        token = RENDERING.set(bindings)
        try:
            node = make()
            bindings.close()
        finally:
            RENDERING.reset(token)
        node.id = f"{self._driver.prefix}{id}"
        call = Call(id, node, method.__name__, self._driver)
        self._driver.add(call)
        return call

    def _session(self, given: Call[Any] | str | None) -> Task[Any] | str | None:
        if isinstance(given, Call):
            return cast("Task[Any]", given.node)
        return None if given is None else self._driver.id_of(given)
