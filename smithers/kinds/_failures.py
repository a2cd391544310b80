"""By which error a node failed."""

from __future__ import annotations

from smithers.changes import Failure, Key
from smithers.kinds._instance import Instance
from smithers.state import RunState

__all__ = ["error_of", "find_failure"]


def error_of(state: RunState, one: Instance) -> Failure | None:
    """The error of a settled node, or of the first below it, in document order, by which it failed;
    if none did, of the first whose failure is tolerated.
    """
    own = state.ended.get(one.key)
    if own is not None and own.error is not None:
        return own.error
    found = find_failure(state, one) or find_failure(state, one, tolerated=True)
    return None if found is None else found[1]


def find_failure(
    state: RunState, one: Instance, *, tolerated: bool = False
) -> tuple[Key, Failure] | None:
    """The first node, in document order, by which a failed one failed, and its error; with
    `tolerated`, also one whose failure fails nothing around it.
    """
    waiting = [one]
    while waiting:
        found = waiting.pop()
        ended = state.ended.get(found.key)
        counts = found.failing or (tolerated and found.status == "failed")
        if counts and ended is not None and ended.error is not None:
            return found.key, ended.error
        waiting += [child for child in reversed(found.children) if tolerated or child.failing]
    return None
