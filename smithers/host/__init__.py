"""Programs on this host: started under a guard that lets none of their descendants survive."""

from smithers.host._process import (
    CannotStart,
    Chunk,
    Ending,
    GuardedProcess,
    Launch,
    Listener,
    guard_command,
    now,
    to_the_end,
)

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
