"""Who else could have written a file, by its owner and its permissions."""

from __future__ import annotations

import os
import stat

__all__ = ["is_foreign", "user_name", "writers_of"]


def is_foreign(found: os.stat_result) -> bool:
    """Whether a file or folder belongs to somebody who is neither this user nor root."""
    return found.st_uid not in (os.geteuid(), 0)


def writers_of(found: os.stat_result) -> str | None:
    """Who may write a file, or replace what is in a folder, beside its owner; None if nobody else.

    In a folder with the sticky bit everybody replaces their own files only. A group counts if it
    has a member other than this user and root.
    """
    if stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX:
        return None
    if found.st_mode & stat.S_IWOTH:
        return "everybody"
    if found.st_mode & stat.S_IWGRP and _has_others(found.st_gid):
        return f"the group {_group_name(found.st_gid)}"
    return None


def user_name(uid: int) -> str:
    """The login of a user, or its number."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _has_others(gid: int) -> bool:
    """Whether a group has a member other than this user and root: one that is listed in it, or
    whose first group it is.
    """
    import grp
    import pwd

    if gid == 0:  # root alone, or whom root has made its equal
        return False
    try:
        members = set(grp.getgrgid(gid).gr_mem)
    except KeyError:  # as in a container: a number that no list has
        members = set[str]()
    members |= {user.pw_name for user in pwd.getpwall() if user.pw_gid == gid}
    return bool(members - {user_name(os.geteuid()), user_name(0)})


def _group_name(gid: int) -> str:
    import grp

    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
