"""A saga: a body whose actions are undone, last first, if it fails or is cancelled.

Its children are the body and then, once undoing has begun, the undo of each action that is undone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final, Literal, NamedTuple, overload

from typing_extensions import TypeVar

from smithers import waits
from smithers.changes import Failure, Key, Outcome, WaitKind
from smithers.kinds._container import Container
from smithers.kinds._definition import Definition
from smithers.kinds._failures import find_failure
from smithers.kinds._instance import Instance
from smithers.kinds._kind import Asking, Planning
from smithers.kinds._questions import open_question
from smithers.kinds.task import has_effect, was_interrupted
from smithers.naming import key_name
from smithers.state import Ended, RunState
from smithers.tree import (
    Budget,
    Decision,
    ForEach,
    Giving,
    Mark,
    Node,
    OnFailure,
    Task,
    body_of,
    check_budget,
    check_choice,
    container_id,
    here,
    shown,
    wrong,
)

__all__ = ["COMPENSATED", "SAGA", "Compensated", "Saga", "UndoFailed"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True, default=object)
OnCancel = Literal["undo", "leave"]

UndoFailed: Final = "UndoFailed"
"""The kind of the error of a saga that could not undo everything."""

_FINAL = "a saga that was undone is final: resuming the run does not change it, start a new run"
_AGAIN = "resume the run to run that undo again and to undo the rest"


class Compensated(Giving[T_co]):
    """An action of a `Saga`, and what undoes it. Its output is that of the action.

    `undo` runs if the saga around it fails or is cancelled after `action` finished, or after it was
    interrupted. It may read the output of the action.
    """

    kind = "compensated"

    def __init__(self, action: Node[T_co], undo: Node) -> None:
        mark = self.mark = here()
        for name, given in (("action", action), ("undo", undo)):
            _check_node(given, name, mark)
        named = action.id or undo.id  # what is to be undone is kept under it
        self.id = None if named is None else f"{named}/{self.kind}1"
        self.action: Final = action
        self.undo: Final = undo
        self._give(action if _has_output(action) else None, mark)

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.action, self.undo)


def _has_output(action: Node[Any]) -> bool:
    if isinstance(action, Giving):
        return action.result is not None
    return isinstance(action, Task | ForEach)


def _check_node(given: object, name: str, mark: Mark) -> None:
    if not isinstance(given, Node):
        wrong(
            mark,
            f"the {name} of this compensated must be a node, not {shown(given)}",
            "pass a task or a group",
        )


class Saga(Giving[T_co]):
    """A body whose `Compensated` actions are undone, last first, if it does not finish.

    If the body fails, the saga undoes what was done and fails. If it is cancelled, with a group
    around it, at a deadline or with the run, the saga undoes as well, unless `on_cancel="leave"`.
    A saga that was undone is final: a resume does not run it again.
    """

    kind = "saga"

    @overload
    def __init__(
        self: Saga[None],
        *body: Node | None,
        on_cancel: OnCancel = "undo",
        on_failure: OnFailure = "fail",
        id: str | None = None,
        budget: Budget | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: Saga[T],
        *body: Node | None,
        result: Node[T] | Callable[[], T],
        on_cancel: OnCancel = "undo",
        on_failure: OnFailure = "fail",
        id: str | None = None,
        budget: Budget | None = None,
    ) -> None: ...
    def __init__(
        self,
        *body: Node | None,
        result: Node[Any] | Callable[[], Any] | None = None,
        on_cancel: OnCancel = "undo",
        on_failure: OnFailure = "fail",
        id: str | None = None,
        budget: Budget | None = None,
    ) -> None:
        mark = self.mark = here()
        self.id = container_id(id, self.kind, mark)
        self.budget = check_budget(budget, f"this {self.kind}", mark)
        self._handle(on_failure, mark)
        check_choice(mark, "on_cancel", on_cancel, ("undo", "leave"))
        self.on_cancel: Final = on_cancel
        self.body: Final = body_of(self.kind, body, mark)
        self._give(result, mark)

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.body,)


class CompensatedKind(Container[Compensated[Any]]):
    """It settles with its action. Its undo is made by the saga around it."""

    name = "compensated"
    is_ordered = comes_to_all = True

    def check(self, definition: Definition[Compensated]) -> None:
        if next(_sagas(definition), None) is None:
            wrong(
                definition.node.mark,
                "Compensated is not inside a Saga that could undo it",
                "put it in a Saga, for example Saga(Compensated(action, undo), ...)",
            )

    def maker(self, definition: Definition[Compensated], child: Definition) -> Definition:
        """The outermost saga around it makes an undo, unless one inside has made it."""
        return list(_sagas(definition))[-1] if child.place else definition

    def activate(self, plan: Planning, one: Instance[Compensated]) -> None:
        self.make_below(plan, one)
        plan.activate(one.children[0])

    def child_settled(self, plan: Planning, one: Instance[Compensated], child: Instance) -> None:
        self.settle_by_children(plan, one)

    def make_below(self, plan: Planning, one: Instance[Compensated]) -> None:
        plan.make_children(one, one.definition.children[:1])

    def answered(
        self, asking: Asking, one: Instance[Compensated], kind: WaitKind, body: str | None
    ) -> None:
        """A person says whether an action that may have happened is undone."""
        assert body is not None, "nobody is asked for a limited time whether to undo"
        asking.close_wait(one, kind, body)
        above = one.parent
        while above is not None and _undoing(asking.state, above.key) is None:
            above = above.parent
        if above is not None:
            asking.proceed(above)


class _Undo(NamedTuple):
    """An action to undo, by the key of its `Compensated`. `asks` is whether a person is asked."""

    key: Key
    asks: bool


class SagaKind(Container[Saga[Any]]):
    """One choice makes its decision the same after a crash: `undoing` lists what is undone, in
    order; it is null if the saga was cancelled and leaves what was done.
    """

    name = "saga"
    chooses = True
    is_ordered = comes_to_all = True
    grows = True

    def handles(self, node: Saga) -> bool:
        return True

    def activate(self, plan: Planning, one: Instance[Saga]) -> None:
        plan.make_children(one, one.definition.children)
        plan.activate(one.children[0])

    def child_settled(self, plan: Planning, one: Instance[Saga], child: Instance) -> None:
        self.chosen(plan, one)

    def note(self, plan: Planning, one: Instance[Saga], child: Instance) -> None:
        super().note(plan, one, child)
        if child is not one.children[0] and self.is_tolerated(one.node):
            plan.absorb(child)  # what it could not undo stays: its failure is final

    def chosen(self, plan: Planning, one: Instance[Saga]) -> None:
        """Undo what is next, or settle."""
        body = one.children[0]
        if not body.settled:
            return
        undoing = _undoing(plan.state, one.key)
        if undoing is not None:
            self._make_undos(plan, one, undoing)
            if not self._undo_next(plan, one, undoing):
                return
        elif self._must_decide(plan.state, one):
            plan.resolve_later(one)
            return
        if not one.open:
            self._end(plan, one, undoing)

    def _end(self, plan: Planning, one: Instance[Saga], undoing: list[_Undo] | None) -> None:
        if (ended := plan.state.ended.get(one.key)) is not None:
            plan.mark(one, ended.outcome, ended.frame)
        elif undoing is not None and (one.worst == "failed" or _is_mended(one)):
            plan.resolve_later(one)
        else:
            self.end_parts(plan, one)

    # -- undoing

    def _must_decide(self, state: RunState, one: Instance[Saga]) -> bool:
        """Whether the body did not finish, there is something to undo, and no row says what."""
        body = one.children[0]
        is_bad = body.failing or body.status == "cancelled"
        choice = state.choices.get((one.key, "undoing"))
        is_void = choice is None or (choice.value == "null" and choice.frame < body.settled_at)
        return is_bad and is_void and bool(_to_undo(state, body))

    def _make_undos(self, plan: Planning, one: Instance[Saga], undoing: list[_Undo]) -> None:
        """Make the undo of each action; one that an edit took out of the tree has none."""
        if len(one.children) > 1:
            return
        plan.absorb(one.children[0])
        known = {each.key: each for each in _compensated(plan.state, one.children[0])}
        for key, _ in undoing:
            if (found := known.get(key)) is not None:
                undo = found.definition.children[1]
                plan.add_child(one, undo, Key(undo.id, key.path), undo.kind)

    def _undo_next(self, plan: Planning, one: Instance[Saga], undoing: list[_Undo]) -> bool:
        """Whether all is undone, or the rest is not."""
        asks = {each.key for each in undoing if each.asks}
        while one.next + 1 < len(one.children):
            last, undo = one.children[one.next], one.children[one.next + 1]
            if not last.settled:
                return False
            if one.next and (last.failing or last.status == "cancelled"):
                rest = one.children[one.next + 1 :]
                one.next = len(one.children) - 1
                for child in rest:
                    plan.drop(child, "cancelled", cancel=False)
                return True
            may = _decision(plan.state, _action(undo)) if _action(undo) in asks else True
            if may is None:
                if not _is_asked(plan.state, _action(undo)):
                    plan.resolve_later(one)
                return False
            one.next += 1
            if may:
                plan.activate(undo)
            else:
                plan.drop(undo, "skipped", cancel=False)
        return True

    def resolve(self, asking: Asking, one: Instance[Saga]) -> bool:
        state = asking.state
        if self._must_decide(state, one):
            asking.choose(one, "undoing", self._decide(state, one))
            return False
        undoing = _undoing(state, one.key)
        if undoing is None:
            return super().resolve(asking, one)
        if not one.open:
            asking.settle(one, "failed", error=_error(state, one, undoing))
        elif one.next + 1 < len(one.children):
            self._ask(asking, one, _action(one.children[one.next + 1]))
        return False

    def _ask(self, asking: Asking, one: Instance[Saga], key: Key) -> None:
        """Ask a person whether an action that was interrupted is undone, once it is its turn."""
        for each in _compensated(asking.state, one.children[0]):
            if each.key == key and not _is_asked(asking.state, key):
                open_question(asking, each, waits.REPEAT, _question(each))

    def _decide(self, state: RunState, one: Instance[Saga]) -> str:
        if one.stopped and one.node.on_cancel == "leave":
            return "null"
        found = _to_undo(state, one.children[0])
        return json.dumps([[key.id, list(key.path), asks] for key, asks in found])

    # -- being dropped, and run again

    def drop(self, plan: Planning, one: Instance[Saga], outcome: Outcome, *, cancel: bool) -> None:
        """Its body does not continue. What was done is undone, also before an edit put something
        before it; undoing continues.
        """
        self.make_below(plan, one)
        one.status, one.stopped = "up", True
        if outcome == "skipped" and one.worst == "finished":
            one.worst = outcome
        plan.drop(one.children[0], outcome, cancel=cancel)
        if not one.open and one.worst in ("finished", "skipped"):  # its result is missing
            self._end(plan, one, None)

    def make_below(self, plan: Planning, one: Instance[Saga]) -> None:
        plan.make_children(one, one.definition.children)
        if (undoing := _undoing(plan.state, one.key)) and len(one.children) == 1:
            _make_all(plan, one.children[0])
            found = {each.key for each in _compensated(plan.state, one.children[0])}
            if found.issuperset(each.key for each in undoing):
                self._make_undos(plan, one, undoing)

    def cleans_up(self, state: RunState, one: Instance[Saga]) -> bool:
        if one.status != "up":
            return False
        is_undoing = _undoing(state, one.key) is not None
        return is_undoing or (one.node.on_cancel == "undo" and one.begun)

    def runs_again(self, state: RunState, key: Key, node: Saga, ended: Ended) -> bool:
        """One that was undone continues only if an undo has failed."""
        is_undone = _undoing(state, key) is not None
        return not is_undone or ended.error is None or ended.error.kind == UndoFailed


def _is_mended(one: Instance[Saga]) -> bool:
    """Whether its body finished after all, since an edit took out what had failed."""
    return one.worst == "finished" and not one.stopped


def _undoing(state: RunState, key: Key) -> list[_Undo] | None:
    """What a saga undoes, in order; None if it does not."""
    choice = state.choices.get((key, "undoing"))
    rows = None if choice is None else json.loads(choice.value)
    return None if rows is None else [_Undo(Key(id, tuple(path)), asks) for id, path, asks in rows]


def _sagas(one: Definition) -> Iterator[Definition]:
    """The sagas that may undo what is in their body, innermost first."""
    above = one.parent
    while above is not None:
        if isinstance(above.node, Saga):
            yield above
        if isinstance(above.node, Compensated) and one.place:
            return  # what undoes is not undone by a saga around it
        one, above = above, above.parent


def _action(undo: Instance) -> Key:
    """The key of the `Compensated` that an undo belongs to."""
    above = undo.definition.parent
    assert above is not None
    return Key(above.id, undo.path)


def _decision(state: RunState, key: Key) -> bool | None:
    """Whether a person lets an action be undone; None if nobody has decided."""
    answer = state.answers.get(key)
    return None if answer is None else Decision.model_validate_json(answer).approved


def _is_asked(state: RunState, key: Key) -> bool:
    return (key, waits.REPEAT) in state.waits


def _below(state: RunState, one: Instance) -> Iterator[Instance]:
    """What is below an instance, in document order, without what a saga there has undone."""
    waiting = [one]
    while waiting:
        found = waiting.pop()
        yield found
        below = found.children
        if isinstance(found.kind, SagaKind):
            below = () if _undoing(state, found.key) is not None else below[:1]
        waiting.extend(reversed(below))


def _compensated(state: RunState, body: Instance) -> Iterator[Instance[Compensated]]:
    return (one for one in _below(state, body) if isinstance(one.kind, CompensatedKind))


def _to_undo(state: RunState, body: Instance) -> list[_Undo]:
    """What is to be undone, in order; nothing if a saga below it could not undo its own."""
    found: list[tuple[int, int, _Undo]] = []
    for number, one in enumerate(_below(state, body)):
        if isinstance(one.kind, SagaKind) and _is_stuck(state, one):
            return []
        if isinstance(one.kind, CompensatedKind) and one.children:
            asks = _asks(state, one.children[0])
            if asks is not None:
                found.append((one.children[0].settled_at, number, _Undo(one.key, asks)))
    return [undo for _, _, undo in sorted(found, reverse=True)]


def _is_stuck(state: RunState, saga: Instance) -> bool:
    ended = state.ended.get(saga.key)
    return ended is not None and ended.error is not None and ended.error.kind == UndoFailed


def _asks(state: RunState, action: Instance) -> bool | None:
    """Whether a person is asked before this action is undone; None if it is not undone: nothing of
    it ran to its end or was interrupted. What has only waited, for a person or a time, is no reason
    to undo it.
    """
    is_finished = action.status == "finished"
    leaves = [one for one in _below(state, action) if one.kind.is_task]
    if not is_finished:
        leaves = [one for one in leaves if not one.kind.only_waits]
    cut_off = [
        one for one in leaves if one.status != "finished" and was_interrupted(state, one.key)
    ]
    if not cut_off and all(one.status != "finished" for one in leaves):
        return None
    return not is_finished and any(has_effect(one.node) for one in cut_off)


def _make_all(plan: Planning, one: Instance) -> None:
    waiting = [one]
    while waiting:
        found = waiting.pop()
        found.kind.make_below(plan, found)
        waiting.extend(found.children)


def _question(one: Instance[Compensated]) -> str:
    """What a person is asked about an action that was interrupted."""
    action, undo = (key_name(Key(child.id, one.path)) for child in one.definition.children)
    return (
        f"Undo {action}?\n"
        f"{action} was interrupted and may have happened: look before you decide.\n"
        f"If you approve, {undo} runs. If you deny, {action} is left as it is."
    )


def _error(state: RunState, one: Instance[Saga], undoing: list[_Undo]) -> Failure:
    """Why a saga failed, and what it has undone."""
    body, *undos = one.children
    failed = next((each for each in undos if each.failing or each.status == "cancelled"), None)
    names = {each.key: _name(each) for each in _compensated(state, body)}
    undone = [_action(each) for each in undos if each.status == "finished"]
    left = [each.key for each in undoing if each.key not in undone]
    listed = _listed("undone", undone, names)
    if failed is None:
        found = find_failure(state, body)
        listed += _listed("not undone", left, names)
        if found is None:
            return Failure(kind="Failed", message=listed.lstrip("; "), hint=_FINAL, for_resume=True)
        key, error = found
        message = f"{key_name(key)} failed: {error.message}{listed}"
        return replace(error, message=message, hint=_FINAL, then=None, for_resume=True)
    found = find_failure(state, failed)
    why = "was cancelled" if found is None else f"failed: {found[1].message}"
    name = key_name(failed.key if found is None else found[0])
    return Failure(
        kind=UndoFailed,
        message=f"{name} {why}{_listed('still done', left, names)}{listed}",
        hint=_AGAIN,
        for_resume=True,
        place=None if found is None else found[1].place,
    )


def _listed(what: str, keys: list[Key], names: dict[Key, str]) -> str:
    return f"; {what}: {', '.join(names.get(key, str(key)) for key in keys)}" if keys else ""


def _name(one: Instance[Compensated]) -> str:
    return key_name(Key(one.definition.children[0].id, one.path))


COMPENSATED = CompensatedKind()
SAGA = SagaKind()
