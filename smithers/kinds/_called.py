"""A callable of a node, as its kind tells of it before a run."""

from __future__ import annotations

from smithers.values import dataclass

__all__ = ["Called"]


@dataclass(frozen=True, slots=True)
class Called:
    """A callable of a node, and the name of its option; or the value that is there instead.
    `at_end` says that it is called once all below the node is settled.
    """

    what: str
    call: object
    at_end: bool = False
