"""The nodes of a workflow's tree: values, made anew by each render, that do nothing themselves.

Node[T]
├── Task[T]       work of an agent; the typed handle of its output
│   ├── Step[T]       a Python function
│   ├── Approval      a person's decision, a Task[Decision]
│   ├── HumanTask[T]  a person's answer
│   └── Timer         a time, a Task[datetime]
├── Sequence[T]   one child after the other     ┐ T is the output of `result`
├── Parallel[T]   all children at once          ┘
├── Branch[T]     one of two, by a test; T is the output of the one that was chosen
├── Loop[T]       again, until a test holds; T is the output of `result` in the last iteration
└── ForEach[T]    a subtree an item, over data that arrives later; a Node[list[T]]
"""

from __future__ import annotations

import collections.abc as abc
from collections.abc import Callable
from copy import copy
from types import FunctionType
from typing import Any, ClassVar, Final, Generic, Literal, cast, get_args, overload

from typing_extensions import TypeVar

from smithers.tree._budget import Budget, check_budget
from smithers.tree._checks import check_choice, check_count, check_takes, wrong
from smithers.tree._freeze import freeze
from smithers.tree._handles import Handle, shown
from smithers.tree._ids import check_id
from smithers.tree._places import Mark, here
from smithers.tree._results import Computed, computed

__all__ = [
    "Giving",
    "Group",
    "Node",
    "OnFailure",
    "OnGroupFailure",
    "Parallel",
    "Part",
    "Sequence",
    "body_of",
    "children_of",
    "container_id",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True, default=object)

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
    """The id in the tree of one that the author gave none, once it is mounted."""
    mark: Mark
    budget: Budget | None = None
    """What it and all below it may use, or None for any amount."""
    pool: str | None = None
    """The name of the limit that a task shares with others; a container has none."""

    @property
    def children(self) -> tuple[Node, ...]:
        """The direct children that are known when it is written."""
        return ()


def children_of(kind: str, given: abc.Sequence[object], mark: Mark) -> tuple[Node, ...]:
    """The children of a container as they were given, without None. Raises `AuthorError`."""
    for number, child in enumerate(given, 1):
        if child is not None and not isinstance(child, Node):
            what = f"a {type(child).__name__}: {shown(child)}"
            hint = "pass tasks and groups; unpack a list with *, and use None for no node"
            if isinstance(child, FunctionType):
                hint = f"write Step({child.__name__!r}, {child.__name__})"
            wrong(mark, f"child {number} of this {kind} must be a node, not {what}", hint)
    return tuple(cast("list[Node]", [child for child in given if child is not None]))


def container_id(given: str | None, kind: str, mark: Mark) -> str | None:
    """The author's id of a container, if there is one. Raises `AuthorError`."""
    return None if given is None else check_id(given, kind, mark)


class Giving(Node[T_co]):
    """A container that gives what its `result` gives: a node inside it, or a callable."""

    result: Node[Any] | Computed[Any] | None = None
    on_failure: str = "fail"
    """Whether its failure fails the nodes around it, and for a group what else ends."""

    def _handle(
        self, on_failure: str, mark: Mark, choices: tuple[str, ...] = get_args(OnFailure)
    ) -> None:
        check_choice(mark, "on_failure", on_failure, choices)
        self.on_failure = on_failure

    def _give(self, given: object, mark: Mark) -> None:
        if given is None or isinstance(given, Node):
            self.result = given
        elif callable(given):
            self.result = computed(given, f"the result of this {self.kind}", mark)
        else:
            wrong(
                mark,
                f"the result of this {self.kind} must be a node or a callable, not {shown(given)}",
                "set result= to a task inside it",
            )


class Group(Giving[T_co]):
    """A sequence or a parallel."""

    _given: tuple[Node, ...]

    def _become(
        self,
        given: abc.Sequence[object],
        result: object,
        budget: Budget | None,
        mark: Mark,
        on_failure: str = "fail",
        choices: tuple[str, ...] = get_args(OnFailure),
        id: str | None = None,
    ) -> None:
        self.mark = mark
        self.id = container_id(id, self.kind, mark)
        self._handle(on_failure, mark, choices)
        self.budget = check_budget(budget, f"this {self.kind}", mark)
        self._given = children_of(self.kind, given, mark)
        self._give(result, mark)

    @property
    def children(self) -> tuple[Node, ...]:
        return self._given


class Part(Node[None]):
    """The next part of a sequence: what its `then` gives, once all before it is settled."""

    kind = "part"

    def __init__(self, make: Callable[[], Node | None], mark: Mark) -> None:
        self.id, self.mark = None, mark
        if isinstance(cast("object", make), Node) or not callable(make):
            said = f"the then of this sequence must be a callable, not {shown(make)}"
            wrong(mark, said, "write then=lambda: ..., which returns a node, or None at the end")
        check_takes(mark, "the then of this sequence", make, 0)
        self.make: Final = freeze(make, mark)


class Sequence(Group[T_co]):
    """Children that run one after the other. The first failure ends the sequence.

    `then` is a callable that gives the next child once all others are settled, or None if there is
    none. It may read their outputs with `ctx[...]`, and is called once. If the child that it gives
    is a `Sequence` with a `then` and neither id, `result`, `on_failure` nor `budget`, that `then`
    continues this sequence: it may have thousands of parts.

    With `on_failure="continue"`, a failure does not fail the enclosing nodes: the rest of the
    sequence is cancelled, and the sequence finishes without a result. `result` is a node inside
    it, or a callable that is called once, when all children have ended.
    """

    kind = "sequence"

    @overload
    def __init__(
        self: Sequence[None],
        *children: Node | None,
        then: Callable[[], Node | None] | None = None,
        on_failure: OnFailure = "fail",
        budget: Budget | None = None,
        id: str | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: Sequence[T],
        *children: Node | None,
        then: Callable[[], Node | None] | None = None,
        result: Node[T] | Callable[[], T],
        on_failure: OnFailure = "fail",
        budget: Budget | None = None,
        id: str | None = None,
    ) -> None: ...
    def __init__(
        self,
        *children: Node | None,
        then: Callable[[], Node | None] | None = None,
        result: Node[Any] | Callable[[], Any] | None = None,
        on_failure: OnFailure = "fail",
        budget: Budget | None = None,
        id: str | None = None,
    ) -> None:
        mark = here()
        self._become(children, result, budget, mark, on_failure, id=id)
        if then is not None:
            self.part = Part(then, mark)
            self._given = (*self._given, self.part)

    part: Part | None = None
    """What is made by `then`, if it has one: its last child."""

    def split(self) -> tuple[Sequence[Any], Part | None]:
        """It as a part of another sequence, and the part that comes after it there. Options that
        are about it as a whole keep its `then` inside it.
        """
        options = (self.id, self.result, self.budget)
        if self.part is None or options != (None, None, None) or self.on_failure != "fail":
            return self, None
        alone = copy(self)
        alone.part, alone._given = None, self._given[:-1]
        return alone, self.part


def body_of(kind: str, given: abc.Sequence[object], mark: Mark) -> Node:
    """The body of a container as one node. Raises `AuthorError`."""
    nodes = children_of(kind, given, mark)
    if not nodes:
        wrong(mark, f"this {kind} has no body", "give it at least one node")
    return nodes[0] if len(nodes) == 1 else Sequence(*nodes)


class Parallel(Group[T_co]):
    """Children that run at the same time, at most `limit` of them.

    After a failure no further child starts. Running attempts may finish ("finish") or are cancelled
    ("cancel"); then the parallel fails. With "continue", the other children continue and the
    parallel finishes without those that failed. `result` is a node inside it, or a callable that is
    called once, when all children have ended.
    """

    kind = "parallel"

    @overload
    def __init__(
        self: Parallel[None],
        *children: Node | None,
        limit: int | None = None,
        on_failure: OnGroupFailure = "finish",
        budget: Budget | None = None,
        id: str | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: Parallel[T],
        *children: Node | None,
        limit: int | None = None,
        on_failure: OnGroupFailure = "finish",
        result: Node[T] | Callable[[], T],
        budget: Budget | None = None,
        id: str | None = None,
    ) -> None: ...
    def __init__(
        self,
        *children: Node | None,
        limit: int | None = None,
        on_failure: OnGroupFailure = "finish",
        result: Node[Any] | Callable[[], Any] | None = None,
        budget: Budget | None = None,
        id: str | None = None,
    ) -> None:
        mark = here()
        self._become(children, result, budget, mark, on_failure, get_args(OnGroupFailure), id)
        check_count(mark, "limit", limit)
        self.limit: Final = limit
