"""The nodes of a workflow's tree: values, made anew by each render, that do nothing themselves.

Node[T]
├── Task[T]       work of an agent; the typed handle of its output
│   ├── Step[T]       a Python function
│   └── Approval      a person's decision, a Task[Decision]
├── Sequence[T]   one child after the other     ┐ T is the output of `result`
├── Parallel[T]   all children at once          ┘
├── Branch        one of two, by a test
├── Loop          again, until a test holds
└── ForEach[T]    a subtree an item, over data that arrives later; a Node[list[T]]
"""

from __future__ import annotations

import collections.abc as abc
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Final, Generic, Literal, Protocol, cast, get_args, overload

from typing_extensions import TypeVar

from smithers.tree._budget import Budget, check_budget
from smithers.tree._checks import check_choice, check_count, check_items, check_takes, wrong
from smithers.tree._freeze import freeze
from smithers.tree._handles import Handle, shown
from smithers.tree._ids import check_id
from smithers.tree._places import Mark, here

__all__ = ["Branch", "ForEach", "Group", "Loop", "Node", "OnFailure", "Parallel", "Sequence"]

T = TypeVar("T")
Item = TypeVar("Item")
Item_co = TypeVar("Item_co", covariant=True)
T_co = TypeVar("T_co", covariant=True, default=object)
M = TypeVar("M")
_LAMBDA = "write lambda: ..."

OnFailure = Literal["fail", "continue"]
"""Whether a failure fails the nodes around it."""

OnGroupFailure = Literal["finish", "cancel", "continue"]
"""After a failure in a group: running attempts may finish, are cancelled, or nothing else ends."""


class Node(Handle, Generic[T_co]):
    """A part of the tree. Its output, if it has one, is a T."""

    kind: ClassVar[str] = "node"
    id: str | None
    """The author's id, or None for a container that has none."""
    address: str | None = None
    """Its id in the tree, once it is mounted."""
    mark: Mark
    budget: Budget | None = None
    """What it and all below it may use, or None for any amount."""

    @property
    def children(self) -> tuple[Node, ...]:
        """The direct children that are known when it is written."""
        return ()


def _children(kind: str, given: abc.Sequence[object], mark: Mark) -> tuple[Node, ...]:
    found: list[Node] = []
    for number, child in enumerate(given, 1):
        if child is None:
            continue
        if not isinstance(child, Node):
            given = f"a {type(child).__name__}: {shown(child)}"
            wrong(
                mark,
                f"child {number} of this {kind} must be a node, not {given}",
                "pass tasks and groups; unpack a list with *, and use None for no node",
            )
        found.append(cast("Node", child))
    return tuple(found)


def _container_id(given: str | None, kind: str, mark: Mark) -> str | None:
    return None if given is None else check_id(given, kind, mark)


class Group(Node[T_co]):
    """A sequence or a parallel; `result` names the child whose output is the group's."""

    result: Node[T_co] | None
    _given: tuple[Node, ...]

    def _become(
        self,
        given: abc.Sequence[object],
        result: Node[Any] | None,
        budget: Budget | None,
        mark: Mark,
        on_failure: str = "fail",
        choices: tuple[str, ...] = ("fail", "continue"),
    ) -> None:
        self.mark = mark
        self.id = None
        check_choice(mark, "on_failure", on_failure, choices)
        self.budget = check_budget(budget, f"this {self.kind}", mark)
        self._given = _children(self.kind, given, mark)
        if result is not None and not isinstance(cast("object", result), Node):
            wrong(
                mark,
                f"the result of this {self.kind} must be a node, not {shown(result)}",
                "set result= to a task inside it",
            )
        self.result = result

    @property
    def children(self) -> tuple[Node, ...]:
        return self._given


class Sequence(Group[T_co]):
    """Children that run one after the other. The first failure ends the sequence.

    With `on_failure="continue"`, that failure does not fail the enclosing nodes: the rest of the
    sequence is cancelled, and the sequence finishes without a result.
    """

    kind = "sequence"

    @overload
    def __init__(
        self: Sequence[None],
        *children: Node | None,
        on_failure: OnFailure = "fail",
        budget: Budget | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: Sequence[T],
        *children: Node | None,
        result: Node[T],
        on_failure: OnFailure = "fail",
        budget: Budget | None = None,
    ) -> None: ...
    def __init__(
        self,
        *children: Node | None,
        result: Node[Any] | None = None,
        on_failure: OnFailure = "fail",
        budget: Budget | None = None,
    ) -> None:
        self._become(children, result, budget, here(), on_failure)
        self.on_failure: Final = on_failure


class Parallel(Group[T_co]):
    """Children that run at the same time, at most `limit` of them.

    After a failure no further child starts. Running attempts may finish ("finish") or are cancelled
    ("cancel"); then the parallel fails. With "continue", the other children continue and the
    parallel finishes without those that failed.
    """

    kind = "parallel"

    @overload
    def __init__(
        self: Parallel[None],
        *children: Node | None,
        limit: int | None = None,
        on_failure: OnGroupFailure = "finish",
        budget: Budget | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: Parallel[T],
        *children: Node | None,
        limit: int | None = None,
        on_failure: OnGroupFailure = "finish",
        result: Node[T],
        budget: Budget | None = None,
    ) -> None: ...
    def __init__(
        self,
        *children: Node | None,
        limit: int | None = None,
        on_failure: OnGroupFailure = "finish",
        result: Node[Any] | None = None,
        budget: Budget | None = None,
    ) -> None:
        mark = here()
        self._become(children, result, budget, mark, on_failure, get_args(OnGroupFailure))
        check_count(mark, "limit", limit)
        self.limit: Final = limit
        self.on_failure: Final = on_failure


class Branch(Node[None]):
    """`then` if the test returns True, else `otherwise`. The test is called once and its answer is
    stored. With `on_failure="continue"`, a failure does not fail the enclosing nodes.
    """

    kind = "branch"

    def __init__(
        self,
        test: Callable[[], bool],
        then: Node | None,
        otherwise: Node | None = None,
        *,
        on_failure: OnFailure = "fail",
        id: str | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.mark = here()
        check_choice(self.mark, "on_failure", on_failure, ("fail", "continue"))
        self.on_failure: Final = on_failure
        self.id = _container_id(id, self.kind, self.mark)
        self.budget = check_budget(budget, f"this {self.kind}", self.mark)
        if not callable(test):
            wrong(self.mark, f"the test of this branch must be callable, not {test!r}", _LAMBDA)
        check_takes(self.mark, "the test of this branch", test, 0)
        self.test: Final = freeze(test, self.mark)
        then_, otherwise_ = (_children(self.kind, (arm,), self.mark) for arm in (then, otherwise))
        self.arms: Final = (then_, otherwise_)

    @property
    def children(self) -> tuple[Node, ...]:
        return self.arms[0] + self.arms[1]


class Loop(Node[None]):
    """Repeats its body until `until` returns True at the end of an iteration.

    After `max_iterations` the loop fails ("fail"), or finishes anyway ("finish"), which is
    reported. With `on_failure="continue"`, a failure ends the loop and does not fail the enclosing
    nodes.
    """

    kind = "loop"

    def __init__(
        self,
        *body: Node | None,
        until: Callable[[], bool],
        max_iterations: int,
        on_exhausted: Literal["fail", "finish"] = "fail",
        on_failure: OnFailure = "fail",
        id: str | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.mark = here()
        check_choice(self.mark, "on_failure", on_failure, ("fail", "continue"))
        self.on_failure: Final = on_failure
        self.id = _container_id(id, self.kind, self.mark)
        self.budget = check_budget(budget, f"this {self.kind}", self.mark)
        if not callable(until):
            wrong(
                self.mark,
                f"the until of this loop must be callable, not {until!r}",
                "write until=lambda: ...",
            )
        check_takes(self.mark, "the until of this loop", until, 0)
        check_count(self.mark, "max_iterations", max_iterations)
        check_choice(self.mark, "on_exhausted", on_exhausted, ("finish", "fail"))
        self.until: Final = freeze(until, self.mark)
        self.max_iterations: Final = max_iterations
        self.on_exhausted: Final = on_exhausted
        self.body: Final = _children(self.kind, body, self.mark)
        if not self.body:
            wrong(self.mark, "this loop has no body", "give it at least one node")

    @property
    def children(self) -> tuple[Node, ...]:
        return self.body


class _Items(Protocol[Item_co]):
    """A callable that gives items. As a `Callable` mypy would infer it only together with `key` and
    `each`, and so know nothing of an item inside their lambdas.
    """

    def __call__(self) -> Iterable[Item_co]: ...


class ForEach(Node[list[M]]):
    """A subtree for each item of a list that may become available later. Its output is the list of
    their outputs, in item order.

    `key` returns a unique string for an item. An empty list is an error unless `allow_empty` is
    set. With `on_failure="continue"`, failed items are left out and listed by `ctx.failures`.
    """

    kind = "foreach"

    @overload
    def __init__(
        self,
        items: _Items[Item],
        *,
        key: Callable[[Item], str],
        each: Callable[[Item], Node[M]],
        limit: int | None = None,
        allow_empty: bool = False,
        on_failure: OnGroupFailure = "finish",
        id: str | None = None,
        budget: Budget | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self,
        items: Iterable[Item],
        *,
        key: Callable[[Item], str],
        each: Callable[[Item], Node[M]],
        limit: int | None = None,
        allow_empty: bool = False,
        on_failure: OnGroupFailure = "finish",
        id: str | None = None,
        budget: Budget | None = None,
    ) -> None: ...
    def __init__(
        self,
        items: _Items[Any] | Iterable[Any],
        *,
        key: Callable[[Any], str],
        each: Callable[[Any], Node[M]],
        limit: int | None = None,
        allow_empty: bool = False,
        on_failure: OnGroupFailure = "finish",
        id: str | None = None,
        budget: Budget | None = None,
    ) -> None:
        mark = self.mark = here()
        self.id = _container_id(id, self.kind, mark)
        self.budget = check_budget(budget, f"this {self.kind}", mark)
        for name, given in (("key", key), ("each", each)):
            if not callable(given):
                wrong(
                    mark,
                    f"the {name} of this ForEach must be callable, not {given!r}",
                    f"write {name}=lambda item: ...",
                )
            check_takes(mark, f"the {name} of this ForEach", given, 1)
        if callable(items):
            check_takes(mark, "the items of this ForEach", items, 0)
        else:
            check_items(items, "this ForEach", mark)
        check_count(mark, "limit", limit)
        check_choice(mark, "on_failure", on_failure, get_args(OnGroupFailure))
        fixed = None if callable(items) else tuple(items)
        self.items: Final[Callable[[], Iterable[Any]]] = (
            freeze(items, mark) if callable(items) else lambda: fixed or ()
        )
        self.key: Final[Callable[[Any], str]] = freeze(key, mark)
        self.each: Final[Callable[[Any], Node[M]]] = freeze(each, mark)
        self.limit: Final = limit
        self.allow_empty: Final = allow_empty
        self.on_failure: Final = on_failure
