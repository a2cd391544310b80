"""Programs on this host: started under a guard that lets none of their descendants survive."""

from smithers.host._launch import (
    CannotStart,
    Chunk,
    Ending,
    Launch,
    Listener,
    now,
    to_the_end,
)
from smithers.host._process import GuardedProcess, guard_command

__all__ = [
    "CannotStart",
    "Chunk",
    "Ending",
    "GuardedProcess",
    "Launch",
    "Listener",
    "guard_command",
    "now",
    "to_the_end",
]
