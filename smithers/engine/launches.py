"""Whether code of this process has started a program, by which others may write files."""

from __future__ import annotations

import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

__all__ = ["hear_launches", "launching_ours", "take_launched"]

_launched = threading.Event()
_ours = threading.local()
_is_heard = False
_EVENTS: Final = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn"}
)


def hear_launches() -> None:
    """From now on, know of each program that code of this process starts."""
    global _is_heard
    if not _is_heard:
        _is_heard = True
        sys.addaudithook(_hear)


def _hear(event: str, _: object) -> None:
    if event in _EVENTS and not getattr(_ours, "launches", False):
        _launched.set()


def take_launched(*, at_work: bool) -> bool:
    """Whether a program was started since this was last false; it may live while others work."""
    found = _launched.is_set()
    if not at_work:
        _launched.clear()
    return found


@contextmanager
def launching_ours() -> Generator[None]:
    """Inside it, what this thread starts is no work of the run."""
    _ours.launches = True
    try:
        yield
    finally:
        _ours.launches = False
