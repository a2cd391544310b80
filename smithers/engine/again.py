"""Which nodes of a failed run run again when it is resumed."""

from __future__ import annotations

from collections.abc import Mapping

from smithers.changes import Key
from smithers.engine.mount import Definition
from smithers.state import Ended, RunState
from smithers.tree import Decision, Loop, PersonWork, Task

__all__ = ["runs_again"]


def runs_again(by_id: Mapping[str, Definition], state: RunState) -> list[Key]:
    """What failed, and what was cancelled because of it, in the order of the tree; nothing that is
    finished.

    What a person decided stays decided; a question that nobody answered in time is asked again. An
    exhausted loop continues only if its bound was raised, or ends if the file says so now. What was
    handled is final. Found from the state and the tree alone: the plan has not reached what stands
    behind a loop that continues.
    """
    places = {id: place for place, id in enumerate(by_id)}
    found = (key for key, ended in state.ended.items() if _again(key, ended, by_id, state))
    return sorted(found, key=lambda key: (places.get(key.id, len(places)), key))


def _again(key: Key, ended: Ended, by_id: Mapping[str, Definition], state: RunState) -> bool:
    if key in state.handled:
        return False
    if ended.outcome != "failed":
        return ended.outcome == "cancelled"
    if not state.has_place(key):
        return False  # it left the tree, or the loop that it was in
    kind = None if ended.error is None else ended.error.kind
    node = by_id[key.id].node if key.id in by_id else None
    if isinstance(node, Task):
        return not (isinstance(node.work, PersonWork) and _is_denied_by_person(key, state))
    if isinstance(node, Loop) and kind == "LoopExhausted":
        if node.on_exhausted == "finish":
            return True
        asked = (one for one, what in state.choices if what == "until" and one.id == key.id)
        return node.max_iterations > sum(one.path[:-1] == key.path for one in asked)
    return True


def _is_denied_by_person(key: Key, state: RunState) -> bool:
    """Whether a person denied an approval that failed; if time ran out, the answer has no name."""
    answer = state.answers.get(key)
    return answer is not None and Decision.model_validate_json(answer).by is not None
