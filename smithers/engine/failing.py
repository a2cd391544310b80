"""By which error a node has failed."""

from __future__ import annotations

from smithers.changes import Failure
from smithers.kinds import Instance
from smithers.state import RunState

__all__ = ["error_of"]


def error_of(state: RunState, one: Instance) -> Failure | None:
    """The error of a settled node, or of the first below it, in document order, by which it failed;
    if none did, of the first whose failure is tolerated.
    """
    own = state.ended.get(one.key)
    if own is not None and own.error is not None:
        return own.error
    return _first(state, one, all_of_it=False) or _first(state, one, all_of_it=True)


def _first(state: RunState, one: Instance, *, all_of_it: bool) -> Failure | None:
    waiting = [one]
    while waiting:
        found = waiting.pop()
        ended = state.ended.get(found.key)
        if ended is not None and ended.outcome == "failed" and ended.error is not None:
            return ended.error
        waiting += [child for child in reversed(found.children) if all_of_it or child.failing]
    return None
