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
    if key in state.handled and _is_handled(key, ended, by_id.get(key.id), state):
        return False
    if ended.outcome != "failed":
        return ended.outcome == "cancelled"
    if not state.has_place(key):
        return False  # it left the tree, or the loop that it was in
    definition = by_id.get(key.id)
    return definition is None or definition.kind.runs_again(state, key, definition.node, ended)


def _is_handled(key: Key, ended: Ended, definition: Definition | None, state: RunState) -> bool:
    """Whether something in the tree still handles the failure of a node: an edit may have taken
    that away, and a flow may have cleaned up and failed by it all the same. What left the tree
    stays as it is.
    """
    one = definition
    while one is not None:
        if one.kind.handles(one.node) and not _is_raised(key, ended, one, state):
            return True
        one = one.parent
    return definition is None


def _is_raised(key: Key, ended: Ended, flow: Definition, state: RunState) -> bool:
    """Whether a flow failed by what had failed below it, which nothing tolerates."""
    choice = state.choices.get((Key(flow.id, key.path[: len(flow.loops)]), "raised"))
    if choice is None or choice.frame < ended.frame or flow.kind.is_tolerated(flow.node):
        return False
    return [key.id, list(key.path)] in json.loads(choice.value)
