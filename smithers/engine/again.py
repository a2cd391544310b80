"""Which nodes of a failed run run again when it is resumed."""

from __future__ import annotations

import json
from collections.abc import Mapping

from smithers.changes import Key
from smithers.kinds import Definition
from smithers.state import Ended, RunState

__all__ = ["runs_again"]


def runs_again(by_id: Mapping[str, Definition], state: RunState) -> list[Key]:
    """What failed, and what was cancelled because of it, in the order of the tree; nothing that is
    finished.

    Each kind has its rule. What was handled is final. Found from the state and the tree alone: the
    plan has not reached what is behind a loop that continues.
    """
    found = [key for key, ended in state.ended.items() if _again(key, ended, by_id, state)]
    places = {id: place for place, id in enumerate(by_id)}
    return sorted(found, key=lambda key: (places.get(key.id, len(places)), key))


def _again(key: Key, ended: Ended, by_id: Mapping[str, Definition], state: RunState) -> bool:
    is_handled = key in state.handled and _is_handled(by_id.get(key.id))
    if is_handled and not _is_raised(key, ended, state):
        return False
    if ended.outcome != "failed":
        return ended.outcome == "cancelled"
    if not state.has_place(key):
        return False  # it left the tree, or the loop that it was in
    definition = by_id.get(key.id)
    return definition is None or definition.kind.runs_again(state, key, definition.node, ended)


def _is_raised(key: Key, ended: Ended, state: RunState) -> bool:
    """Whether the flow around a call failed by it after all: it cleaned up before that."""
    row = state.nodes.get(key.id)
    if row is None or row.parent is None:
        return False
    choice = state.choices.get((Key(row.parent, key.path), "raised"))
    if choice is None or choice.frame < ended.frame:
        return False
    return [key.id, list(key.path)] in json.loads(choice.value)


def _is_handled(definition: Definition | None) -> bool:
    """Whether something in the tree still handles the failures of a node: an edit may have taken
    that away. What left the tree stays as it is.
    """
    one = definition
    while one is not None:
        if one.kind.handles(one.node):
            return True
        one = one.parent
    return definition is None
