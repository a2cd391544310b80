"""Which nodes of a failed run run again when it is resumed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from smithers.changes import Key
from smithers.kinds import Definition
from smithers.state import Ended, RunState

__all__ = ["runs_again"]


def runs_again(by_id: Mapping[str, Definition], state: RunState) -> list[Key]:
    """What failed, and what was cancelled because of it, in the order of the tree; nothing that is
    finished. With them are the containers whose decision not to handle it is void.

    Each kind has its rule. What was handled is final. Found from the state and the tree alone: the
    plan has not reached what is behind a loop that continues.
    """
    found = [key for key, ended in state.ended.items() if _again(key, ended, by_id, state)]
    found += _forgetting(found, by_id, state)
    places = {id: place for place, id in enumerate(by_id)}
    return sorted(found, key=lambda key: (places.get(key.id, len(places)), key))


def _forgetting(
    found: Sequence[Key], by_id: Mapping[str, Definition], state: RunState
) -> Iterable[Key]:
    """The containers around what runs again that decide anew."""
    forgetting: dict[Key, None] = {}
    for key in found:
        definition = by_id.get(key.id)
        above = None if definition is None else definition.parent
        while above is not None:
            around = Key(above.id, key.path[: len(above.loops)])
            if above.kind.forgets(state, around):
                forgetting[around] = None
            above = above.parent
    return forgetting


def _again(key: Key, ended: Ended, by_id: Mapping[str, Definition], state: RunState) -> bool:
    if key in state.handled:
        return False
    if ended.outcome != "failed":
        return ended.outcome == "cancelled"
    if not state.has_place(key):
        return False  # it left the tree, or the loop that it was in
    definition = by_id.get(key.id)
    return definition is None or definition.kind.runs_again(state, key, definition.node, ended)
