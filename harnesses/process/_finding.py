"""Where a program is, with patience for one that was there before and is being replaced."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

__all__ = ["find_program"]

_PATIENCE_S = 5.0
_LOOK_S = 0.05
_found = set[tuple[str, str | None]]()


def find_program(program: str, path: str | None) -> str | None:
    """The program's absolute path, or None if it is not there. `path` is a PATH to search.

    An installer takes a program away before it puts the new one in place, so a program that this
    process has found before is looked for during some seconds: call this on a thread.
    """
    key = (program, path)
    until = time.monotonic() + (_PATIENCE_S if key in _found else 0.0)
    while (found := shutil.which(program, path=path)) is None:
        if time.monotonic() >= until:
            return None
        time.sleep(_LOOK_S)
    _found.add(key)
    return str(Path(found).absolute())
