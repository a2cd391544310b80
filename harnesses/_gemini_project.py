"""What Gemini CLI would take of its environment from a working folder and those above it.

`--skip-trust` makes it read the first `.gemini/.env` there, which may name the address that the key
is sent to. Our settings keep it from that at the start; where it reads settings again while it
runs, a variable that is set already wins. So whatever these files name is set, to nothing.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from pathlib import Path

from smithers.errors import Permanent

__all__ = ["silenced"]

_FILE = Path(".gemini") / ".env"
_LIMIT_BYTES = 2**16
_NAME = re.compile(r"[A-Za-z0-9_.-]+(?=[\s\ufeff]*=|:[\s\ufeff])")
"""More than its parser finds: also what only looks like a name, as in a value of many lines."""


def silenced(cwd: Path) -> Mapping[str, str]:
    """An empty value for each name that such a file may set.

    Raises `Permanent` if there is one that cannot be read as a whole.
    """
    here = cwd.resolve()
    found = (_names(folder / _FILE) for folder in (here, *here.parents))
    return {name: "" for names in found for name in names}


def _names(path: Path) -> list[str]:
    try:
        about = path.stat()
        if stat.S_ISREG(about.st_mode) and about.st_size <= _LIMIT_BYTES:
            return _NAME.findall(path.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return []  # the program cannot read it either
    raise Permanent(
        f"{path} sets variables for Gemini CLI and must be a file of at most {_LIMIT_BYTES} bytes",
        hint="remove it, or pass Gemini(trust_project=True) if you trust the folder",
        reason="bad_request",
    )
