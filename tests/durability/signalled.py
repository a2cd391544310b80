"""The command `smithers`, which sends itself a signal after so many of its Python calls.

    python -m tests.durability.signalled FILE CALLS NUMBER ARGUMENTS...

Without a signal to send (CALLS is 0) it writes to FILE how many calls it made in all. So a test can
spread its signals over the whole life of a command, from its first line to its last.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import FrameType

from smithers.cli import main


class _Counting:
    def __init__(self, at: int, number: int) -> None:
        self.calls = 0
        self._at = at
        self._number = number

    def __call__(self, _frame: FrameType, event: str, _argument: object) -> None:
        if event != "call":
            return
        self.calls += 1
        if self.calls == self._at:
            sys.setprofile(None)
            os.kill(os.getpid(), self._number)


if __name__ == "__main__":
    file, at, number = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    sys.argv[1:] = sys.argv[4:]
    counting = _Counting(at, number)
    sys.setprofile(counting)
    try:
        main()
    finally:
        sys.setprofile(None)
        if not at:
            file.write_text(str(counting.calls))
