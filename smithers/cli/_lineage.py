"""What a run is a fork of, and its forks, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smithers.views import ForkView, Lineage

__all__ = ["fork_lines", "lineage_head"]


def lineage_head(lineage: Lineage) -> Iterator[str]:
    """Where a run comes from, if it is a fork."""
    if lineage.forked_from is not None:
        yield "forked from {} at frame {}".format(*lineage.forked_from)


def fork_lines(run_id: str, lineage: Lineage) -> Iterator[str]:
    """The forks of a run as a tree; nothing if it has none."""
    if lineage.forks:
        yield f"forks of {run_id}"
        yield from _below(lineage.forks, "")


def _below(forks: Sequence[ForkView], indent: str) -> Iterator[str]:
    for place, fork in enumerate(forks, 1):
        is_last = place == len(forks)
        mark = "└─" if is_last else "├─"
        yield f"{indent}{mark} {fork.run_id} at frame {fork.frame}, {fork.status}"
        yield from _below(fork.forks, indent + ("   " if is_last else "│  "))
