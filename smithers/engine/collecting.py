"""When Python looks for what nobody can reach any more."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager

__all__ = ["uncollected"]


@contextmanager
def uncollected() -> Generator[None]:
    """In it nothing is looked for. While a run is read and planned, hundreds of thousands of values
    are made that all stay, and each look goes through all of them in vain.
    """
    if not gc.isenabled():  # by somebody else, who turns it on again
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
