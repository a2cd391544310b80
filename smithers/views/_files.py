"""The files that have changed while a task was at work, as git tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from smithers.values import dataclass

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["ChangedFile", "ChangedFiles"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangedFile:
    """A file with its unified diff from its first hunk on, which is empty if it is not shown:
    `note` says why. `is_named`: the task's agent has named it in a call of a tool.
    """

    path: str
    change: Literal["added", "changed", "removed"]
    diff: str = ""
    note: str = ""
    is_named: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangedFiles:
    """The files in the repository of a task's folder that differ from what the commit `base` had,
    which was checked out when the task began at `since`, and that were written between then and its
    end `until` (None: it is at work). Whoever else works in the folder meanwhile is in it as well.

    `later` are files that were written again after its end, so what it left in them is not known.
    `note` says why nothing is known, as the rest of a sentence, or what was left out.
    """

    folder: str
    base: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    files: tuple[ChangedFile, ...] = ()
    later: tuple[str, ...] = ()
    note: str = ""
