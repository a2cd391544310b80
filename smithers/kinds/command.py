"""A command: a program under the guard. It waits, is skipped and ends as any task does."""

from __future__ import annotations

from smithers.kinds.task import WorkKind
from smithers.tree import Command

__all__ = ["COMMAND"]


class CommandKind(WorkKind[Command]):
    name = "command"


COMMAND = CommandKind()
