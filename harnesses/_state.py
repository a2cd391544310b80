"""Where a program keeps what a run needs again: outside of every project."""

from __future__ import annotations

import os
import re
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

from smithers.errors import MachineError, Permanent, is_of_the_machine

__all__ = ["bring", "not_kept", "state_of"]


def state_of(program: str, env: Mapping[str, str], run: str) -> Path:
    """The folder of one run: outside of every project, so that no agent writes its settings."""
    state = env.get("XDG_STATE_HOME") or os.environ.get("XDG_STATE_HOME") or ""
    root = Path(state) if state else Path(env.get("HOME") or Path.home()) / ".local" / "state"
    return root / "smithers" / program / re.sub(r"[^\w.-]|^\.", "-", run)


def bring(home: Path, folder: str, pattern: str) -> None:
    """Copy the files of a session below `folder` from the home of another run into this one, at the
    same place, if there are none here. That run goes on with its own; a copy is whole or not there.

    Raises what `not_kept` gives if they cannot be kept.
    """
    here = home / folder
    if any(here.glob(pattern)):
        return
    try:
        for there in sorted(home.parent.glob(f"*/{folder}")):
            found = [one for one in sorted(there.glob(pattern)) if one.is_file()]
            for file in found:
                _copy(file, here / file.relative_to(there))
            if found:
                return
    except OSError as error:
        raise not_kept(error, home, "the session of another run cannot be copied") from error


def _copy(file: Path, target: Path) -> None:
    """Copies a file, whole or not at all."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{uuid.uuid4()}.part")
    shutil.copyfile(file, part)
    part.replace(target)


def not_kept(error: OSError, path: object, said: str) -> MachineError | Permanent:
    """What it means that a file which an agent needs cannot be kept: that this machine fails, or
    that the author or the user named a place where nothing can be.
    """
    if is_of_the_machine(error):
        return MachineError.of(error, error.filename or path, "cannot be written")
    return Permanent(f"{said}: {error}")
