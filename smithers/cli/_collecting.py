"""How Python looks for garbage in a process that drives a run and does nothing else."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from importlib import import_module

__all__ = ["imports_kept"]

_OBJECTS_A_COLLECTION = 5_000


@contextmanager
def imports_kept() -> Generator[None]:
    """In it this process is the run's alone: what a run imports stays, so that no collection looks
    at it again, nor those at the end of the process, which would be a fifth of a short `up`; what
    steps leave behind is collected after some dozens of them.
    """
    import_module("smithers.engine.driving")
    before = gc.get_threshold()
    _keep_imports()
    gc.set_threshold(_OBJECTS_A_COLLECTION)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@cache
def _keep_imports() -> None:
    """Once: what an earlier run has left behind is not kept."""
    gc.freeze()
