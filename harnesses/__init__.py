"""The agents that Smithers can use. Each is one file; what they share is in `harnesses.process`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harnesses._checkups import checkups
    from harnesses._drift import comparable, drift_of
    from harnesses._passing import play_recording, record_program
    from harnesses._reading import read_stream, readable
    from harnesses.antigravity import Antigravity
    from harnesses.claude_code import ClaudeCode
    from harnesses.codex import Codex
    from harnesses.echo import Echo
    from harnesses.gemini import Gemini
    from harnesses.pi import Pi
    from harnesses.process import Replay, ReplayMismatch
    from harnesses.scripted import Reply, Scripted

__all__ = [
    "Antigravity",
    "ClaudeCode",
    "Codex",
    "Echo",
    "Gemini",
    "Pi",
    "Replay",
    "ReplayMismatch",
    "Reply",
    "Scripted",
    "checkups",
    "comparable",
    "drift_of",
    "play_recording",
    "read_stream",
    "readable",
    "record_program",
]

_HOMES = {
    "Antigravity": "harnesses.antigravity",
    "ClaudeCode": "harnesses.claude_code",
    "Codex": "harnesses.codex",
    "Echo": "harnesses.echo",
    "Gemini": "harnesses.gemini",
    "Pi": "harnesses.pi",
    "Replay": "harnesses.process",
    "ReplayMismatch": "harnesses.process",
    "Reply": "harnesses.scripted",
    "Scripted": "harnesses.scripted",
    "checkups": "harnesses._checkups",
    "comparable": "harnesses._drift",
    "drift_of": "harnesses._drift",
    "play_recording": "harnesses._passing",
    "read_stream": "harnesses._reading",
    "readable": "harnesses._reading",
    "record_program": "harnesses._passing",
}


def __getattr__(name: str) -> object:
    """Adapters are imported when they are used, since each may bring a library of its own."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
