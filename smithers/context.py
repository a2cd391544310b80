"""What a workflow function receives: its input, and typed reads of its tasks' outputs."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Generic, Literal, Protocol, TypeVar, cast, overload

from pydantic import BaseModel

from smithers.changes import Failure, Key
from smithers.errors import AuthorError
from smithers.tree import ForEach, Node, Output, Task, here, output_of
from smithers.values import dataclass

__all__ = ["READER", "Context", "ItemFailure", "NotYet", "Reader", "State"]

In = TypeVar("In", bound=BaseModel)
T = TypeVar("T")
State = Literal["open", "finished", "failed", "skipped", "cancelled"]
"""How a node has ended; "open" is one that has not, which only the workflow function can see."""


class NotYet(BaseException):
    """An output that was read is not settled yet. This is control flow, so no `except Exception`
    catches it. Its one argument is what it waits for.
    """

    @property
    def on(self) -> tuple[Key, ...]:
        return cast("tuple[Key, ...]", self.args[0])

    def __str__(self) -> str:  # seldom asked for, and a structure may read much that is not there
        return f"is waiting for {', '.join(map(str, self.on))}"


@dataclass(frozen=True, kw_only=True)
class ItemFailure:
    """An item of a `ForEach` without an output: its key, how it ended, and why."""

    key: str
    state: str
    error: Failure | None


class Reader(Protocol):
    """How the engine answers reads for the code that is reading."""

    def value(self, node: Node[Any]) -> object:
        """The node's output. Raises `NotYet`, or `AuthorError` where there can be none."""
        ...

    def maybe(self, node: Node[Any]) -> object | None: ...

    def maybe_by_id(self, id: str, output: Output[Any]) -> object | None: ...

    def previous(self, node: Node[Any]) -> object | None: ...

    def failures(self, node: ForEach[Any]) -> list[ItemFailure]: ...

    def items(self, node: ForEach[Any]) -> dict[str, object]: ...

    def note(self, node: Node[Any]) -> str | None:
        """What was said when a node last sent work back."""
        ...

    def ending(self, node: Node[Any] | str) -> tuple[State, Failure | None]:
        """How a node has ended, by itself or by its id."""
        ...


READER: ContextVar[Reader | None] = ContextVar("READER", default=None)


def _reader() -> Reader:
    if (reader := READER.get()) is None:
        raise AuthorError(
            "ctx was read outside the workflow function, its callables and its steps",
            place=here().place,
            hint="read outputs in the workflow function, in a callable of a node, or in a step; a"
            " flow awaits them: value = await run.node(task)",
        )
    return reader


class Context(Generic[In]):
    """The input of a run, and reads of its outputs.

    In a callable or a step, `ctx[task]` waits until the task is settled and returns its output, or
    fails the reader; `ctx.get(task)` also waits and returns None if there is no output. In the
    workflow function itself only `ctx.get`, `ctx.state` and `ctx.error` can be used: they return
    immediately, and the function runs again when the answer changes.
    """

    def __init__(self, input: In, run_id: str) -> None:
        self.input = input
        self.run_id = run_id

    def __getitem__(self, node: Node[T]) -> T:
        return (READER.get() or _reader()).value(node)  # type: ignore[return-value]  # its own type, by its adapter  # pyright: ignore[reportReturnType]

    @overload
    def get(self, node: Node[T], /) -> T | None:
        """The output of a task, or None if it has none; by
        id if the task is not in scope.
        """

    @overload
    def get(self, node: str, output: type[T], /) -> T | None: ...
    def get(self, node: Node[Any] | str, output: Any = str, /) -> Any:
        """The output of a task, or None where it gave none; by id where it is not in scope."""
        if isinstance(node, str):
            return _reader().maybe_by_id(node, output_of(output))
        return (READER.get() or _reader()).maybe(node)

    def previous(self, node: Node[T]) -> T | None:
        """The output in the previous iteration of the innermost loop around both; None in the
        first.
        """
        return _reader().previous(node)  # type: ignore[return-value]  # its own type, by its adapter  # pyright: ignore[reportReturnType]

    def items(self, each: ForEach[T]) -> dict[str, T]:
        """The outputs of a `ForEach` by the keys of its items, in item order."""
        return _reader().items(each)  # type: ignore[return-value]  # its own type, by its adapter  # pyright: ignore[reportReturnType]

    def failures(self, each: ForEach[Any]) -> list[ItemFailure]:
        """The items that a `ForEach` with `on_failure="continue"` left out, in item order."""
        return _reader().failures(each)

    def note(self, node: Task[Any], /) -> str | None:
        """What was said when a node with a `Rework` last sent work back: the note of the person who
        denied it, or the error by which it failed. None before that, and for a denial without a
        note. It waits for nothing.
        """
        return _reader().note(node)

    def state(self, node: Node[Any] | str, /) -> State:
        """How a node has ended, a container as well; by id if it is not in scope.

        A callable or a step waits until the node is settled, and no ending fails it. In the
        workflow function itself the answer is "open" until then.
        """
        return _reader().ending(node)[0]

    def error(self, node: Node[Any] | str, /) -> Failure | None:
        """Why a node failed, also if its failure is tolerated; None if it did not. Waits as `state`
        does.

        That of a container is the error of the first node below it, in document order, by which it
        failed.
        """
        return _reader().ending(node)[1]
