"""A home folder and a name for a user who has none, as in many containers.

Agents keep sessions and credentials in the home folder, and their programs refuse to start without
one. So the environment is completed once, for us and for all that we start.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import MutableMapping
from contextlib import suppress
from pathlib import Path

from smithers.callers import login_name

__all__ = ["complete_user"]

_NAMES = ("LOGNAME", "USER", "LNAME", "USERNAME")


def complete_user(environment: MutableMapping[str, str]) -> None:
    """Set HOME where it is missing, and USER where nothing else names this user."""
    if environment.get("HOME") and any(environment.get(name) for name in _NAMES):
        return
    if not environment.get("HOME"):
        home = ""
        with suppress(KeyError):
            home = pwd.getpwuid(os.getuid()).pw_dir
        environment["HOME"] = home or str(_private_folder())
    if not any(environment.get(one) for one in _NAMES):
        environment["USER"] = login_name()


def _private_folder() -> Path:
    """A folder of this user alone below the folder for temporary files; the same each time."""
    import tempfile  # it is rarely needed, and slow to import

    folder = Path(tempfile.gettempdir(), f"smithers-home-{os.getuid()}")
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    is_ours = found.st_uid == os.getuid() and stat.S_ISDIR(found.st_mode)
    if is_ours and not stat.S_IMODE(found.st_mode) & 0o077:
        return folder
    return Path(tempfile.mkdtemp(prefix="smithers-home-"))
