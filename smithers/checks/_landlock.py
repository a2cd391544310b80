"""Lets a process of Linux write below its own folder alone, by a rule that the kernel keeps.

It holds for all code of the process, in C too, and whatever name, descriptor or library it writes
by. See landlock(7).
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterable

__all__ = ["allow_writes_only"]

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION, _PATH_BENEATH, _NO_NEW_PRIVILEGES = 1, 1, 38
_EXECUTE, _WRITE_FILE = 1 << 0, 1 << 1
_WRITES = _WRITE_FILE | sum(1 << bit for bit in range(4, 13))
"""Write a file; remove a folder or a file; make one of any kind."""
_LATER = {2: 1 << 13, 3: 1 << 14}
"""By the version that has it first: to move between folders, and to truncate."""
_SCOPES_SINCE, _SCOPES = 6, 0b11
"""No abstract socket and no signal reaches a process outside."""


def allow_writes_only(folder: str, files: Iterable[str]) -> bool:
    """From now on this thread, and what it starts, writes below `folder` and to `files`, and
    executes no program. False if the system has no such rule: then nothing has changed.
    """
    version = _call(_CREATE_RULESET, None, 0, _VERSION) if sys.platform == "linux" else 0
    if version < 1:
        return False
    writes = _WRITES | sum(bit for since, bit in _LATER.items() if version >= since)
    rules = struct.pack("=Q", writes | _EXECUTE)
    if version >= _SCOPES_SINCE:
        rules += struct.pack("=QQ", 0, _SCOPES)
    ruleset = _call(_CREATE_RULESET, rules, len(rules), 0)
    if ruleset < 0:
        return False
    try:
        allowed = {folder: writes, **dict.fromkeys(filter(os.path.exists, files), _WRITE_FILE)}
        return (
            all(_allow(ruleset, path, access) for path, access in allowed.items())
            and ctypes.CDLL(None).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0
            and _call(_RESTRICT_SELF, ruleset, 0) == 0
        )
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, access: int) -> bool:
    opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = struct.pack("=Qi", access, opened)
        return _call(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0) == 0
    finally:
        os.close(opened)


def _call(number: int, *arguments: int | bytes | None) -> int:
    """A call that libc has no function for: below 0 if it failed."""
    given = (one if isinstance(one, bytes) else ctypes.c_long(one or 0) for one in arguments)
    return int(ctypes.CDLL(None).syscall(ctypes.c_long(number), *given))
