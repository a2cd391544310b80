"""By which failure a container failed."""

from __future__ import annotations

from smithers.changes import Failure, Key
from smithers.kinds._instance import Instance
from smithers.state import RunState

__all__ = ["find_failure"]


def find_failure(state: RunState, one: Instance) -> tuple[Key, Failure] | None:
    """The first node, in document order, by which a failed one failed, and its error."""
    waiting = [one]
    while waiting:
        found = waiting.pop()
        ended = state.ended.get(found.key)
        if ended is not None and found.failing and ended.error is not None:
            return found.key, ended.error
        waiting.extend(reversed([child for child in found.children if child.failing]))
    return None
