"""Where a program keeps what a run needs again: outside of every project."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

__all__ = ["state_of"]


def state_of(program: str, env: Mapping[str, str], run: str) -> Path:
    """The folder of one run: outside of every project, so that no agent writes its settings."""
    state = env.get("XDG_STATE_HOME") or os.environ.get("XDG_STATE_HOME") or ""
    root = Path(state) if state else Path(env.get("HOME") or Path.home()) / ".local" / "state"
    return root / "smithers" / program / re.sub(r"[^\w.-]|^\.", "-", run)
