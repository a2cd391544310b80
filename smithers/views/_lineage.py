"""The forks of a run, as a tree, and what it is a fork of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smithers.values import dataclass

if TYPE_CHECKING:
    from smithers.views._snapshot import Status

__all__ = ["ForkView", "Lineage"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ForkView:
    """A fork: the frame of its source as of which it was made, and the forks that it has itself."""

    run_id: str
    frame: int
    status: Status
    forks: tuple[ForkView, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Lineage:
    """Where a run comes from, and what was forked from it, oldest fork first. `forked_from` is a
    run and its frame.
    """

    forked_from: tuple[str, int] | None
    forks: tuple[ForkView, ...]
