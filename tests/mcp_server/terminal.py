"""A program on a terminal of its own, as a person sees it and types."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

__all__ = ["Terminal", "on_a_terminal"]

_SIZE = struct.pack("HHHH", 50, 110, 0, 0)
_ESCAPE = re.compile(
    r"\x1b(\[[0-9;?<>=]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][A-Z0-9]|[=>78])"
)


class Terminal:
    """Keys go in; what was written since the last key comes out, without spaces and escapes."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._written = b""

    def press(self, keys: str) -> None:
        self._written = b""
        os.write(self._handle, keys.encode())

    def until(self, words: str, *, within_s: float = 60) -> None:
        """Wait for words on the screen, and till the drawing of it pauses; a program may move the
        cursor where spaces would stand.
        """
        end = time.monotonic() + within_s
        while words.replace(" ", "") not in self.shown:
            assert time.monotonic() < end, f"{words!r} did not come: {self.shown[-2000:]}"
            self._read(0.2)
        drawn = time.monotonic() + 2
        while self._read(0.2) and time.monotonic() < drawn:
            pass

    def _read(self, within_s: float) -> bool:
        """Whether something was written within that time. Who asks where the cursor is, is told."""
        if not select.select([self._handle], [], [], within_s)[0]:
            return False
        try:
            written = os.read(self._handle, 65_536)
        except OSError:  # the program has ended
            return False
        if b"\x1b[6n" in written:
            os.write(self._handle, b"\x1b[1;1R")
        self._written += written
        return True

    @property
    def shown(self) -> str:
        return re.sub(r"\s", "", _ESCAPE.sub("", self._written.decode(errors="replace")))


@contextlib.contextmanager
def on_a_terminal(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> Generator[Terminal]:
    """The program, which is killed in the end."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, _SIZE)
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**environment, "TERM": "xterm-256color"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Terminal(ours)
    finally:
        process.kill()
        process.wait(10)
        os.close(ours)
