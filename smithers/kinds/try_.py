"""A try: a body, what catches its failure, and what runs whenever the body began.

Its children are the body, then the groups `catch` and `finally`, so that what is drawn of a run
names each part.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, cast, overload

from typing_extensions import TypeVar

from smithers.changes import Failure, Key, Outcome
from smithers.kinds._container import Container
from smithers.kinds._definition import Definition
from smithers.kinds._failures import find_failure
from smithers.kinds._instance import Instance
from smithers.kinds._kind import NOTHING, Asking, Planning
from smithers.kinds.sequence import Ordered
from smithers.state import RunState
from smithers.texts import object_from
from smithers.tree import (
    Budget,
    Giving,
    Group,
    Mark,
    Node,
    OnFailure,
    body_of,
    check_budget,
    check_takes,
    container_id,
    freeze,
    here,
    wrong,
)
from smithers.values import dataclass

__all__ = ["CATCH", "FINALLY", "HANDLER", "TRY", "Catch", "Caught", "Finally", "Handler", "Try"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True, default=object)


@dataclass(frozen=True, kw_only=True, slots=True)
class Caught:
    """A failure that a `Try` has caught. `key` is the task that failed, with its iteration as it
    is typed (`review[2]`), `error_class` the name of the class of its error.
    """

    key: str
    error_class: str
    error: Failure


class Catch(Group[None]):
    """The part of a `Try` that runs if its body has failed."""

    kind = "catch"

    def __init__(self, children: tuple[Node, ...], mark: Mark) -> None:
        self._become(children, None, None, mark)


class Handler(Catch):
    """A catch that is made by the author's function once there is something to catch."""

    def __init__(self, make: Callable[[Caught], Node], mark: Mark) -> None:
        super().__init__((), mark)
        check_takes(mark, "the catch of this try", make, 1, "caught")
        self.make: Final = freeze(make, mark)


class Finally(Group[None]):
    """The part of a `Try` that runs whenever the body began."""

    kind = "finally"

    def __init__(self, child: Node, mark: Mark) -> None:
        self._become((child,), None, None, mark)


class Try(Giving[T_co]):
    """A body whose failure is caught, or that is cleaned up after.

    If the body fails, `catch` runs: a node, or a function from `Caught` to a node. If it finishes,
    the try finishes, and the failure is final: a resume does not run the body again. `finally_`
    runs once whenever the body began: after success, failure and denial, when a group around it
    stops, at a deadline, and when the run is cancelled (for at most `grace_s` of the workflow).
    """

    kind = "try"

    @overload
    def __init__(
        self: Try[None],
        *body: Node | None,
        catch: Node | Callable[[Caught], Node] | None = None,
        finally_: Node | None = None,
        on_failure: OnFailure = "fail",
        id: str | None = None,
        budget: Budget | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: Try[T],
        *body: Node | None,
        catch: Node | Callable[[Caught], Node] | None = None,
        finally_: Node | None = None,
        result: Node[T] | Callable[[], T],
        on_failure: OnFailure = "fail",
        id: str | None = None,
        budget: Budget | None = None,
    ) -> None: ...
    def __init__(
        self,
        *body: Node | None,
        catch: Node | Callable[[Caught], Node] | None = None,
        finally_: Node | None = None,
        result: Node[Any] | Callable[[], Any] | None = None,
        on_failure: OnFailure = "fail",
        id: str | None = None,
        budget: Budget | None = None,
    ) -> None:
        mark = self.mark = here()
        self.id = container_id(id, self.kind, mark)
        self.budget = check_budget(budget, f"this {self.kind}", mark)
        self._handle(on_failure, mark)
        self.body: Final = body_of(self.kind, body, mark)
        if catch is None and finally_ is None:
            wrong(mark, "this try has neither catch= nor finally_=", "add one, or write Sequence")
        self.catch: Final = None if catch is None else _catch(catch, mark)
        self.finally_: Final = None if finally_ is None else _finally(finally_, mark)
        self._give(result, mark)

    @property
    def children(self) -> tuple[Node, ...]:
        return tuple(one for one in (self.body, self.catch, self.finally_) if one is not None)


def _catch(given: object, mark: Mark) -> Catch:
    if isinstance(given, Node):
        return Catch((cast("Node", given),), mark)
    if not callable(given) or isinstance(given, type):
        wrong(
            mark,
            f"the catch of this try must be a node or a callable, not {given!r}",
            "pass a node, or lambda caught: ... that returns one",
        )
    return Handler(cast("Callable[[Caught], Node]", given), mark)


def _finally(given: object, mark: Mark) -> Finally:
    if not isinstance(given, Node):
        wrong(
            mark,
            f"the finally_ of this try must be a node, not {given!r}",
            "pass a task or a group",
        )
    return Finally(cast("Node", given), mark)


class CatchKind(Ordered[Catch]):
    """The node that catches; its parent activates it once it has caught something."""

    name = "catch"
    comes_to_all = True

    def end(self, plan: Planning, one: Instance[Catch]) -> None:
        plan.mark(one, "finished", one.settled_at)


class HandlerKind(CatchKind):
    """The same, of a function: its subtree is a scope, made from what was caught."""

    expands = True
    is_alone = False

    def activate(self, plan: Planning, one: Instance[Catch]) -> None:
        if (ended := plan.state.ended.get(one.key)) is not None:  # its function raised
            plan.mark(one, ended.outcome, ended.frame)
            return
        self.make_below(plan, one)
        self.advance(plan, one)

    def make_below(self, plan: Planning, one: Instance[Catch]) -> None:
        if not one.children and self.can_expand(plan.state, one):
            plan.make_children(one, plan.expand(one) or ())

    def can_expand(self, state: RunState, one: Instance[Catch]) -> bool:
        return _caught(state, _parent(one).key) is not None

    def may_expand(self, state: RunState, definition: Definition[Catch]) -> bool:
        above = None if definition.parent is None else definition.parent.id
        return any(
            key.id == above and kind == "caught" and choice.value != "null"
            for (key, kind), choice in state.choices.items()
        )

    def subtree(self, node: Catch, value: object) -> Node[Any]:
        assert isinstance(node, Handler)
        assert isinstance(value, Caught)
        return node.make(value)

    def recall(self, state: RunState, definition: Definition, path: tuple[int, ...]) -> object:
        assert definition.parent is not None
        caught = _caught(state, Key(definition.parent.id, path))
        return NOTHING if caught is None else caught


class FinallyKind(Ordered[Finally]):
    name = "finally"
    comes_to_all = True

    def end(self, plan: Planning, one: Instance[Finally]) -> None:
        plan.mark(one, "finished", one.settled_at)


class TryKind(Container[Try]):
    """Two choices make its decisions the same after a crash: `caught`, by which a body that failed
    while a group around it stopped is not caught, and `began`, which remembers that a body had
    begun of which nothing is left in the rows: a question that was withdrawn.
    """

    name = "try"
    chooses = True
    is_ordered = comes_to_all = True

    def handles(self, node: Try) -> bool:
        return node.catch is not None or super().handles(node)

    def activate(self, plan: Planning, one: Instance[Try]) -> None:
        plan.make_children(one, one.definition.children)
        plan.activate(one.children[0])

    def child_settled(self, plan: Planning, one: Instance[Try], child: Instance) -> None:
        if one.dropping is not None:  # it was never activated
            self.settle_by_children(plan, one)
        else:
            self.chosen(plan, one)

    def chosen(self, plan: Planning, one: Instance[Try]) -> None:
        """Bring up the next part, once those before it are settled and decided."""
        body, catch, final = _parts(one)
        if not body.settled:
            return
        if catch is not None and not catch.settled:
            self._catch(plan, one, body, catch)
        elif final is not None and not final.settled:
            self._finish(plan, one, body, final)
        elif not one.open:
            self.end_parts(plan, one)

    def _catch(self, plan: Planning, one: Instance, body: Instance, catch: Instance) -> None:
        if catch.status != "idle":
            return
        if self._must_decide(plan.state, one, body):
            plan.resolve_later(one)
            return
        is_bad = body.failing or body.status == "cancelled"
        caught = body.failing and _caught(plan.state, one.key) is not None
        if caught:
            plan.absorb(body)
            body.failing, one.worst = False, "finished"
        if caught and not one.stopped:
            plan.activate(catch)
        else:
            outcome: Outcome = "cancelled" if is_bad else "skipped"
            plan.drop(catch, outcome, cancel=False)

    def _finish(self, plan: Planning, one: Instance, body: Instance, final: Instance) -> None:
        if final.status != "idle":
            return
        if self._must_remember(plan.state, one, body):
            plan.resolve_later(one)
            return
        choice = plan.state.choices.get((one.key, "began"))
        if body.status in ("finished", "failed") or choice is not None:
            plan.activate(final)
        else:
            outcome: Outcome = "skipped" if body.status == "skipped" else "cancelled"
            plan.drop(final, outcome, cancel=False)

    def _must_decide(self, state: RunState, one: Instance, body: Instance) -> bool:
        """Whether the body has failed, and no row says whether that is caught: a resume that ran
        it again makes void that it was not.
        """
        if not body.failing:
            return False
        choice = state.choices.get((one.key, "caught"))
        return choice is None or (choice.value == "null" and choice.frame < body.settled_at)

    def _must_remember(self, state: RunState, one: Instance, body: Instance) -> bool:
        """Whether the body was cancelled after it began, and no row says that `finally_` runs."""
        began = body.status == "cancelled" and (one.entered or one.begun)
        return began and one.node.finally_ is not None and (one.key, "began") not in state.choices

    def resolve(self, asking: Asking, one: Instance[Try]) -> bool:
        body, catch, _ = _parts(one)
        state = asking.state
        if catch is not None and self._must_decide(state, one, body):
            asking.choose(one, "caught", self._decide(asking, one, body, catch))
        elif self._must_remember(state, one, body):
            asking.choose(one, "began", "true")
        else:
            return super().resolve(asking, one)
        return False

    def _decide(self, asking: Asking, one: Instance, body: Instance, catch: Instance) -> str:
        """What is caught, as JSON text: null while a group around it stops."""
        found = find_failure(asking.state, body)
        if one.stopped or found is None:
            return "null"
        key, error = found
        caught = Caught(key=str(key), error_class=error.kind, error=error)
        if catch.kind.expands:
            asking.prepare(catch, caught)
        row = {"key": caught.key, "error_class": caught.error_class, "error": error.to_json()}
        return json.dumps(row, ensure_ascii=False)

    def drop(self, plan: Planning, one: Instance[Try], outcome: Outcome, *, cancel: bool) -> None:
        """Its body and catch do not continue; `finally_` runs if the body began."""
        if one.status == "idle":
            if not _has_begun_below(plan, one):
                super().drop(plan, one, outcome, cancel=cancel)
                return
            one.entered = True
        one.status, one.stopped = "up", True
        if outcome == "skipped" and one.worst == "finished":
            one.worst = outcome
        one.entered = one.entered or one.begun
        body, catch, _ = _parts(one)
        plan.drop(body, outcome, cancel=cancel)
        if catch is not None and catch.status == "up":
            plan.drop(catch, outcome, cancel=cancel)
        if not one.open:  # its result is missing
            self.end_parts(plan, one)

    def cleans_up(self, state: RunState, one: Instance[Try]) -> bool:
        if one.status != "up" or not one.begun:
            return False
        _, _, final = _parts(one)
        return final is not None and not final.settled


def _parts(one: Instance[Try]) -> tuple[Instance, Instance | None, Instance | None]:
    """The body, the catch and the finally of a try whose children are made."""
    body, *rest = one.children
    catch = rest[0] if one.node.catch is not None else None
    return body, catch, rest[-1] if one.node.finally_ is not None else None


def _parent(one: Instance) -> Instance:
    assert one.parent is not None
    return one.parent


def _caught(state: RunState, key: Key) -> Caught | None:
    """What a try has caught; None if it has caught nothing, or has not decided yet."""
    choice = state.choices.get((key, "caught"))
    row = None if choice is None else object_from(choice.value)
    if row is None:
        return None
    error = Failure(**row["error"])
    return Caught(key=row["key"], error_class=row["error_class"], error=error)


def _has_begun_below(plan: Planning, one: Instance) -> bool:
    """Whether something below it has begun, before an edit put something else before it."""
    one.kind.make_below(plan, one)
    return any(
        child.kind.has_begun(plan.state, child) or _has_begun_below(plan, child)
        for child in one.children
    )


CATCH = CatchKind()
HANDLER = HandlerKind()
FINALLY = FinallyKind()
TRY = TryKind()
