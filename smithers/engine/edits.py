"""What another tree may not do to a run: move a choice to another container, make another kind of
node of a task that has started, or add to what has finished. And what is told of other items.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

from smithers import waits
from smithers.changes import Key
from smithers.engine.mount import Mounts, children_digest
from smithers.engine.plan import Plan
from smithers.errors import AuthorError
from smithers.kinds import Definition, Instance, child_workflow, result_of, start_digest
from smithers.naming import first_names, node_name
from smithers.state import RunState
from smithers.tree import Computed, Part
from smithers.waits import CHILD

__all__ = [
    "check_added",
    "check_children",
    "check_choices",
    "check_kinds",
    "check_named",
    "not_repeated",
    "told_others",
]


def check_choices(state: RunState, mounts: Mounts, ids: Collection[str] | None = None) -> None:
    """Every choice still belongs to the container that it was made for; of these ids, or of all.

    A container without an id is named by its position, so an edit can shift one into the place of
    another. Raises `AuthorError` naming the id to write.
    """
    if ids is not None:
        ids = {id for id in ids if not mounts.by_id[id].named}
        if not ids:
            return
    for (key, _), chosen in state.choices.items():
        if ids is not None and key.id not in ids:
            continue
        one = mounts.by_id.get(key.id)
        if one is None or not chosen.children or one.named:
            continue
        if children_digest(one) != chosen.children:
            raise AuthorError(
                f"the children of {key.id!r} have changed since the run made a choice there",
                place=one.node.mark.place,
                hint=f'if it is the same {one.node.kind}, set id="{key.id}" on it; if'
                f" not, set that id on the {one.node.kind} that was there before, and"
                " another id on this one",
            )


def check_named(state: RunState, root: Definition, what: str) -> None:
    """In a scope that reads state, every container that chooses has an id; `what` names the reader.

    Without an id its choice is kept under its position, and a render may put something before it.
    What the run has mounted already is not refused: `check_choices` guards it, and work that is
    paid for may end. Raises `AuthorError`.
    """
    for one in root.walk():
        known = state.nodes.get(one.id) or state.gone.get(one.id)
        kind = one.node.kind
        chooses = one.kind.chooses or isinstance(result_of(one.node), Computed)
        if one.named or not chooses or (known is not None and known.kind == kind):
            continue
        written = type(one.node).__name__
        taken = f'id=f"{kind}-{{item}}"' if one.scope else f'id="{kind}"'
        raise AuthorError(
            f"{written} has no id, and {what} reads outputs: its choice would be kept under its"
            " position in the tree, which may change with the next render",
            place=one.node.mark.place,
            hint=f"give it an id{' taken from the item' if one.scope else ''}, for example"
            f" {written}(..., {taken})",
        )


def check_kinds(state: RunState, root: Definition) -> None:
    """Every node that has started is still a node of the same kind. Raises `AuthorError`."""
    for one in root.walk():
        known = state.nodes.get(one.id) or state.gone.get(one.id)
        kind = one.node.kind
        if known is not None and known.kind != kind and _has_started(state, one.id):
            raise AuthorError(
                f"{one.id!r} started as {_a(known.kind)} and is now {_a(kind)}",
                place=one.node.mark.place,
                hint=f"give the {_named(kind)} another id, or make {one.id!r}"
                f" {_a(known.kind)} again",
            )


def check_children(state: RunState, root: Definition) -> None:
    """Every subflow that waits for its child run is still of the workflow of that. Raises
    `AuthorError`.
    """
    nodes = {one.id: one.node for one in root.walk() if child_workflow(one.node) is not None}
    if not nodes:
        return
    for (key, kind), wait in state.waits.items():
        id, opened = key.id, wait.opened
        node = nodes.get(id) if kind == CHILD else None
        workflow = None if node is None else child_workflow(node)
        if node is None or workflow is None:
            continue
        if opened.digest != start_digest(workflow, opened.asked or ""):
            (run_id,) = opened.on
            raise AuthorError(
                f"subflow {id!r} waits for run {run_id}, which is of another workflow than"
                f" {workflow.name}",
                place=node.mark.place,
                hint="give the subflow another id: then that run is ended, and another one starts;"
                " or give the workflow its name of before, with @workflow(name=...)",
            )


def _has_started(state: RunState, id: str) -> bool:
    """Whether anything was done under this id that counts, or waits to be done by somebody else: an
    answer, the end of a child run or a signal may be on its way. What has failed may be replaced.
    """
    finished = {key for key, ended in state.ended.items() if ended.outcome == "finished"}
    tried = (key for key, tries in state.tries.items() if any(one.counts for one in tries))
    chosen = (key for key, kind in state.choices if kind not in ("skip_if", "cached"))
    awaited = (key for key, kind in state.waits if kind in waits.WHOLE)
    begun = (key for key in (*tried, *state.answers) if key not in state.ended)
    return any(key.id == id for key in (*finished, *begun, *awaited, *chosen))


def _named(kind: str) -> str:
    return "human task" if kind == "human" else kind


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {_named(kind)}"


def check_added(
    before: Plan,
    fresh: Iterable[Definition],
    after: Callable[[], Iterable[Plan]],
    mounts: Mounts,
    state: RunState,
) -> None:
    """A render, the workflow being the same, adds nothing to a container that finished in an
    earlier frame: what comes after that container may have started. `fresh` was mounted, and
    `after` gives the plans in which it is, those of the parts that are put off with them. Raises
    `AuthorError`.
    """
    added: list[tuple[Definition, Instance]] = []
    for one in fresh:
        known = state.nodes.get(one.id)
        moved = known is None or known.parent != (one.parent.id if one.parent else None)
        if moved and not one.kind.only_arranges:  # what is in such ones is looked at
            group = _kept_around(before, one)
            if group is not None and _finished_before(group, state.frame):
                added.append((one, group))
    plans = list(after()) if added else []
    for one, group in added:
        found = [new for plan in plans if (new := _last(plan, one)) is not None]
        new = next((new for new in found if not new.waits_for_order), found[0] if found else None)
        if new is None or (not new.closed and (new.settled or new.dropping is not None)):
            continue  # of an iteration that is over, the next one is not made yet
        if not _is_chosen_now(state, mounts, one, new.path):
            raise AuthorError(
                f"{one.node.kind} {one.id!r} was added to {group.key.id!r}, which has finished",
                place=one.node.mark.place,
                hint="add it to a container that has not finished: finished work does not change",
            )


def _finished_before(group: Instance, frame: int) -> bool:
    """Whether it had finished by this frame, and all that comes before it too. What is done again
    opens what follows it, which settles anew in the frame in which that has settled.
    """
    if group.status != "finished" or group.settled_at > frame:
        return False
    one, above = group, group.parent
    while above is not None:
        if above.kind.is_ordered and any(
            child.settled_at > frame for child in above.children[: one.place]
        ):
            return False
        one, above = above, above.parent
    return True


def _is_chosen_now(state: RunState, mounts: Mounts, one: Definition, path: tuple[int, ...]) -> bool:
    """Whether the items or the part that it belongs to are chosen in the frame in the making, which
    reopens what is around them.
    """
    while one.scope:
        one = mounts.by_id[one.scope]
        chosen = state.choices.get((Key(one.id, path[: len(one.loops)]), "items"))
        if chosen is not None and chosen.frame > state.frame:
            return True
    return False


def _kept_around(before: Plan, one: Definition) -> Instance | None:
    """The innermost container around a node that the plan before has as well."""
    above = one.parent
    while above is not None:
        found = _last(before, above)
        if found is not None and found.children and _is_same(found, above):
            return found
        above = above.parent
    return None


def _is_same(found: Instance, one: Definition) -> bool:
    """Whether it is the same container; one without an id is known by any of its children."""
    return one.named or not {child.id for child in one.children}.isdisjoint(
        child.definition.id for child in found.children
    )


def _last(plan: Plan, one: Definition) -> Instance | None:
    """The instance of a node in the last iteration of its loops."""
    path: tuple[int, ...] = ()
    for loop in one.loops:
        around = plan.instances.get(Key(loop, path))
        if around is None or not around.children:
            return None
        path = (*path, len(around.children) - 1)
    return plan.instances.get(Key(one.id, path))


def not_repeated(definition: Definition[Any], keys: Sequence[str]) -> AuthorError:
    """That a fan-out or a part, of which these were chosen, gives something else after a crash."""
    option = "then" if isinstance(definition.node, Part) else "items"
    other = "other items than" if option == "items" else "a node, and did not"
    if option == "then" and keys:
        other = "no node, and did"
    return AuthorError(
        f"{node_name(definition.id)} returned {other} before the crash, from the same inputs",
        place=definition.node.mark.place,
        hint=f"make {option}= depend only on the input and on outputs",
    )


def told_others(
    definition: Definition[Any], gone: Sequence[str], new: Sequence[str]
) -> Iterator[str]:
    """That an edit gives other items than were chosen, in words."""
    name = node_name(definition.id)
    if isinstance(definition.node, Part):
        what = "what then= gave is no longer there" if gone else "then= gives a node now: ignored"
        yield f"{name}: {what}"
        return
    if gone:
        yield f"{name}: the items {first_names(gone)} are no longer there"
    if new:
        yield f"{name}: the items {first_names(new)} are new and ignored"
