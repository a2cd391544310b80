"""Nodes that decide by the author's callables: a branch, a loop, a fan-out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, Literal, Protocol, get_args, overload

from typing_extensions import TypeVar

from smithers.tree._budget import Budget, check_budget
from smithers.tree._checks import check_choice, check_count, check_items, check_takes, wrong
from smithers.tree._freeze import freeze
from smithers.tree._nodes import (
    Giving,
    Node,
    OnFailure,
    OnGroupFailure,
    children_of,
    container_id,
)
from smithers.tree._places import here
from smithers.tree._results import Computed, computed

__all__ = ["Branch", "ForEach", "Loop"]

T = TypeVar("T")
Item = TypeVar("Item")
Item_co = TypeVar("Item_co", covariant=True)
T_co = TypeVar("T_co", covariant=True, default=object)
M = TypeVar("M")
_LAMBDA = "write lambda: ..."


class Branch(Giving[T_co]):
    """`then` if the test returns True, else `otherwise`. The test is called once and its answer is
    stored. With `on_failure="continue"`, a failure does not fail the enclosing nodes.

    It gives what the chosen arm gives, and None if there is no such arm. `result` is a node inside
    it, of which it gives None if that was skipped, or a callable that is called once at its end.
    """

    kind = "branch"

    @overload
    def __init__(
        self: Branch[T],
        test: Callable[[], bool],
        then: Node[T],
        otherwise: Node[T],
        *,
        on_failure: OnFailure = "fail",
        id: str | None = None,
        budget: Budget | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: Branch[T | None],
        test: Callable[[], bool],
        then: Node[T] | None,
        otherwise: Node[T] | None = None,
        *,
        on_failure: OnFailure = "fail",
        id: str | None = None,
        budget: Budget | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: Branch[T | None],
        test: Callable[[], bool],
        then: Node | None,
        otherwise: Node | None = None,
        *,
        result: Node[T],
        on_failure: OnFailure = "fail",
        id: str | None = None,
        budget: Budget | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: Branch[T],
        test: Callable[[], bool],
        then: Node | None,
        otherwise: Node | None = None,
        *,
        result: Callable[[], T],
        on_failure: OnFailure = "fail",
        id: str | None = None,
        budget: Budget | None = None,
    ) -> None: ...
    def __init__(
        self,
        test: Callable[[], bool],
        then: Node | None,
        otherwise: Node | None = None,
        *,
        result: Node[Any] | Callable[[], Any] | None = None,
        on_failure: OnFailure = "fail",
        id: str | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.mark = here()
        self._handle(on_failure, self.mark)
        self.id = container_id(id, self.kind, self.mark)
        self.budget = check_budget(budget, f"this {self.kind}", self.mark)
        if not callable(test):
            wrong(self.mark, f"the test of this branch must be callable, not {test!r}", _LAMBDA)
        check_takes(self.mark, "the test of this branch", test, 0)
        self.test: Final = freeze(test, self.mark)
        then_, otherwise_ = (children_of(self.kind, (arm,), self.mark) for arm in (then, otherwise))
        self.arms: Final = (then_, otherwise_)
        self._give(result, self.mark)

    @property
    def children(self) -> tuple[Node, ...]:
        return self.arms[0] + self.arms[1]


class Loop(Giving[T_co]):
    """Repeats its body until `until` returns True at the end of an iteration.

    After `max_iterations` the loop fails ("fail"), or finishes anyway ("finish"), which is
    reported. With `on_failure="continue"`, a failure ends the loop and does not fail the enclosing
    nodes. If `stop_if_same` returns the same JSON value at the end of two iterations in a row, the
    loop ends as if its bound were reached. `result` is a node in the body, of which it gives the
    last iteration's output, or a callable that is called once, at the end of the loop.
    """

    kind = "loop"

    @overload
    def __init__(
        self: Loop[None],
        *body: Node | None,
        until: Callable[[], bool],
        max_iterations: int,
        on_exhausted: Literal["fail", "finish"] = "fail",
        stop_if_same: Callable[[], object] | None = None,
        on_failure: OnFailure = "fail",
        id: str | None = None,
        budget: Budget | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: Loop[T],
        *body: Node | None,
        until: Callable[[], bool],
        max_iterations: int,
        on_exhausted: Literal["fail", "finish"] = "fail",
        stop_if_same: Callable[[], object] | None = None,
        result: Node[T] | Callable[[], T],
        on_failure: OnFailure = "fail",
        id: str | None = None,
        budget: Budget | None = None,
    ) -> None: ...
    def __init__(
        self,
        *body: Node | None,
        until: Callable[[], bool],
        max_iterations: int,
        on_exhausted: Literal["fail", "finish"] = "fail",
        stop_if_same: Callable[[], object] | None = None,
        result: Node[Any] | Callable[[], Any] | None = None,
        on_failure: OnFailure = "fail",
        id: str | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.mark = here()
        self._handle(on_failure, self.mark)
        self.id = container_id(id, self.kind, self.mark)
        self.budget = check_budget(budget, f"this {self.kind}", self.mark)
        if not callable(until):
            wrong(
                self.mark,
                f"the until of this loop must be callable, not {until!r}",
                "write until=lambda: ...",
            )
        check_takes(self.mark, "the until of this loop", until, 0)
        if stop_if_same is not None and not callable(stop_if_same):
            said = f"the stop_if_same of this loop must be callable, not {stop_if_same!r}"
            wrong(self.mark, said, _LAMBDA)
        check_count(self.mark, "max_iterations", max_iterations)
        check_choice(self.mark, "on_exhausted", on_exhausted, ("finish", "fail"))
        self.until: Final = freeze(until, self.mark)
        what = "the stop_if_same of this loop"
        self.stop_if_same: Final[Computed[Any] | None] = (
            None if stop_if_same is None else computed(stop_if_same, what, self.mark)
        )
        self.max_iterations: Final = max_iterations
        self.on_exhausted: Final = on_exhausted
        self.body: Final = children_of(self.kind, body, self.mark)
        if not self.body:
            wrong(self.mark, "this loop has no body", "give it at least one node")
        self._give(result, self.mark)

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
    set. With `on_failure="continue"`, failed items are left out and listed by `ctx.failures`. Two
    items with the same key are an error, or, with `on_duplicate="first"`, the first of them counts.
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
        on_duplicate: Literal["fail", "first"] = "fail",
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
        on_duplicate: Literal["fail", "first"] = "fail",
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
        on_duplicate: Literal["fail", "first"] = "fail",
        id: str | None = None,
        budget: Budget | None = None,
    ) -> None:
        mark = self.mark = here()
        self.id = container_id(id, self.kind, mark)
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
        check_choice(mark, "on_duplicate", on_duplicate, ("fail", "first"))
        fixed = None if callable(items) else tuple(items)
        self.items: Final[Callable[[], Iterable[Any]]] = (
            freeze(items, mark) if callable(items) else lambda: fixed or ()
        )
        self.key: Final[Callable[[Any], str]] = freeze(key, mark)
        self.each: Final[Callable[[Any], Node[M]]] = freeze(each, mark)
        self.limit: Final = limit
        self.allow_empty: Final = allow_empty
        self.on_failure: Final = on_failure
        self.on_duplicate: Final = on_duplicate
