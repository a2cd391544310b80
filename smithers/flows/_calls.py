"""What a flow awaits: one call, or several that are under way at the same time."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextvars import ContextVar
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Protocol, cast

from typing_extensions import TypeVar

from smithers.changes import Failure
from smithers.errors import AuthorError, SmithersError
from smithers.tree import NODE_MARK, Mark, Node, author_place

if TYPE_CHECKING:
    from smithers.context import State

__all__ = [
    "RUNNING",
    "Call",
    "CallFailed",
    "Driver",
    "Gathering",
    "Request",
    "check_running",
    "close_unstarted",
]

T_co = TypeVar("T_co", covariant=True, default=object)


class CallFailed(SmithersError):
    """A call of a flow did not finish. It is raised where the call is awaited.

    `id` is the call's, `state` how it ended ("failed", "cancelled" or "skipped"), and `error` why,
    if there is an error. A failure that the flow catches is final: a resume does not run the call
    again.
    """

    def __init__(self, id: str, state: State, error: Failure | None) -> None:
        said = f"{id} was {state}" if state != "failed" else f"{id} failed"
        super().__init__(said if error is None else f"{said}: {error.message}")
        self.id = id
        self.state: State = state
        self.error = error


class Driver(Protocol):
    """What runs a flow, as its `Run` uses it."""

    @property
    def prefix(self) -> str:
        """What comes before the ids of its calls in the tree: empty for the flow of a workflow."""
        ...

    @property
    def is_open(self) -> bool:
        """Whether it is not put away."""
        ...

    def add(self, call: Call[Any], /) -> None:
        """Know a call that the flow has made. Raises `AuthorError` if its id is taken."""

    def id_of(self, id: str, /) -> str:
        """The id in the tree of a call that the flow has made; else the id itself."""
        ...

    def now(self) -> datetime: ...

    def random(self) -> float: ...

    def state_of(self, id: str, /) -> State: ...

    def event(self, *given: Any, **named: Any) -> Node[Any]: ...

    def subflow(self, *given: Any, **named: Any) -> Node[Any]: ...


RUNNING: ContextVar[Driver | None] = ContextVar("RUNNING", default=None)
"""The flow whose coroutines run in this context."""


def check_running(used: str, driver: Driver) -> None:
    """A flow is used by its own code, while it is run. Raises `AuthorError`.

    A flow that is put away is closed where it waits. Its `finally` does nothing durable then: it
    runs when the flow has come to that point again.
    """
    if driver.is_open and RUNNING.get() is driver:
        return
    raised = sys.exc_info()[1]
    if isinstance(raised, GeneratorExit):
        raise raised
    if driver.is_open:
        raise AuthorError(
            f"{used} is used outside its flow",
            place=author_place(),
            hint="use run in the code of its flow alone, not in the function of a step, in another"
            " flow or in a thread; pass them values",
        )


class Call(Generic[T_co]):
    """A call of `run`, which starts when it is awaited. Awaited once more, it gives the same.

    It is not the output: what uses it as if it were is an error that says so.
    """

    __slots__ = ("driver", "id", "method", "node", "number")

    def __init__(self, id: str, node: Node[T_co], method: str, driver: Driver) -> None:
        self.id = id
        """As its author wrote it."""
        self.node = node
        self.method = method
        """The method of `run` that made it."""
        self.driver = driver
        self.number = -1
        """Its place among the calls of its flow that were started; -1 before that."""

    @property
    def mark(self) -> Mark:
        return self.node.mark

    def __await__(self) -> Generator[Any, Any, T_co]:
        check_running(f"run.{self.method}({self.id!r}, ...)", self.driver)
        return cast("T_co", (yield self))

    def __repr__(self) -> str:
        return f"<Call {self.id!r}{NODE_MARK}"

    if not TYPE_CHECKING:  # a checker refuses these by itself

        def __bool__(self) -> bool:
            _refuse(self, "in a test")

        def __str__(self) -> str:
            _refuse(self, "as text")

        def __format__(self, spec: str) -> str:
            _refuse(self, "as text")

        def __iter__(self) -> NoReturn:
            _refuse(self, "as a list")

        def __add__(self, other: object) -> NoReturn:
            _refuse(self, "in an addition")

        __radd__ = __add__

        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("_"):  # asyncio, copy and pickle look for their own
                raise AttributeError(name)
            _refuse(self, f"for its {name!r}")


def _refuse(call: Call[Any], used: str) -> NoReturn:
    raise AuthorError(
        f"run.{call.method}({call.id!r}, ...) is used {used}, but it was not awaited",
        place=author_place(),
        hint=f"write await run.{call.method}({call.id!r}, ...)",
    )


class Gathering:
    """Several awaitables at the same time, at most `limit` of them."""

    __slots__ = ("driver", "given", "limit", "mark", "returns_failures")

    def __init__(
        self,
        given: Sequence[Awaitable[Any]],
        limit: int | None,
        mark: Mark,
        driver: Driver,
        *,
        returns_failures: bool,
    ) -> None:
        self.given = given
        self.limit = limit
        self.mark = mark
        self.driver = driver
        self.returns_failures = returns_failures

    def __await__(self) -> Generator[Any, Any, Any]:
        try:
            check_running("run.gather(...)", self.driver)
        except (GeneratorExit, AuthorError):
            self.close()
            raise
        return (yield self)

    def close(self) -> None:
        """It is not awaited any longer: what of it did not start never does."""
        close_unstarted(self.given)


def close_unstarted(given: Sequence[Awaitable[Any]]) -> None:
    """Close coroutines that never start, those in an inner `run.gather` too."""
    for one in given:
        if isinstance(one, Call):
            continue
        close = cast("Callable[[], None] | None", getattr(one, "close", None))
        if close is not None:
            close()


Request = Call[Any] | Gathering
"""What a flow may await."""
