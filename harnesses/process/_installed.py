"""The version of a program as its files tell it, without starting it."""

from __future__ import annotations

import json
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

__all__ = ["version_by_files"]

_NUMBERS = re.compile(r"v?(\d+\.\d+\.\d+[A-Za-z0-9.+-]*)")
_LEVELS = 5
"""So far above a program's file its `package.json` may be."""


def version_by_files(program: str, path: str | None) -> str | None:
    """The version of a program that is found on a PATH: that of the npm package in which its file
    is, or a part of its path that is a version. None if it is not there, or neither tells.
    """
    found = shutil.which(program, path=path)
    if found is None:
        return None
    real = Path(os.path.realpath(found))
    for folder in list(real.parents)[:_LEVELS]:
        if (version := _of_package(folder / "package.json")) is not None:
            return version
    parts = (match[1] for part in reversed(real.parts) if (match := _NUMBERS.fullmatch(part)))
    return next(parts, None)


def _of_package(file: Path) -> str | None:
    """The version of a package that has a name, as a file beside a build may not."""
    with suppress(OSError, ValueError):
        described: Any = json.loads(file.read_bytes())
        if isinstance(described, dict):
            told = cast("dict[str, object]", described)
            version = told.get("version")
            return version if isinstance(version, str) and "name" in told else None
    return None
