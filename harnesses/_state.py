"""Where a program keeps what a run needs again: outside of every project."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from smithers.errors import MachineError, Permanent, is_of_the_machine

__all__ = ["not_kept", "state_of"]


def state_of(program: str, env: Mapping[str, str], run: str) -> Path:
    """The folder of one run: outside of every project, so that no agent writes its settings."""
    state = env.get("XDG_STATE_HOME") or os.environ.get("XDG_STATE_HOME") or ""
    root = Path(state) if state else Path(env.get("HOME") or Path.home()) / ".local" / "state"
    return root / "smithers" / program / re.sub(r"[^\w.-]|^\.", "-", run)


def not_kept(error: OSError, path: object, said: str) -> MachineError | Permanent:
    """What it means that a file which an agent needs cannot be kept: that this machine fails, or
    that the author or the user named a place where nothing can be.
    """
    if is_of_the_machine(error):
        return MachineError.of(error, error.filename or path, "cannot be written")
    return Permanent(f"{said}: {error}")
