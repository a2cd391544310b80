"""What a program writes: all of it in a file as it comes, and its end in memory."""

from __future__ import annotations

import codecs
import os
from pathlib import Path

from smithers.errors import MachineError, StoreError, keeping
from smithers.store.files import inside, open_plain, output_file
from smithers.words import count_of

__all__ = ["JSON_BYTES", "KEPT_BYTES", "OutputFile", "Written"]

KEPT_BYTES = 1 << 20
"""So much of the end of a stream is in the output of a command."""
JSON_BYTES = 16 << 20
"""A larger stdout is not read as JSON."""


class OutputFile:
    """The file of one stream of an attempt, made with its first byte. Its programs share it."""

    def __init__(self, folder: Path, serial: int, name: str) -> None:
        self._folder = folder
        self.path = output_file(folder, serial, name)
        self._fd = -1

    def add(self, data: bytes) -> None:
        """Append. Raises `MachineError`."""
        if self._fd < 0:
            self._open()
        left = memoryview(data)
        with keeping(self.path):
            while left:  # a disk that is nearly full takes a part
                left = left[os.write(self._fd, left) :]

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        try:
            with keeping(self.path), inside(self._folder, make=True) as folder:
                self._fd = open_plain(self.path, flags, folder)
        except MachineError:
            raise
        except StoreError as error:  # no program is at fault: the owner stops
            raise MachineError(error.said, hint=error.hint, path=str(self.path)) from error

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class Written:
    """What one program wrote to one stream."""

    def __init__(self, file: OutputFile, most_bytes: int) -> None:
        self._file = file
        self._most = most_bytes
        self._end = bytearray()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.size = 0

    def add(self, data: bytes) -> str:
        """Keep what came; what it is as text, without a character that is not complete."""
        self._file.add(data)
        self.size += len(data)
        self._end += data
        if len(self._end) > 2 * self._most:
            del self._end[: -self._most]
        return self._decoder.decode(data)

    @property
    def omitted(self) -> int:
        """How many bytes are in the file alone."""
        return max(0, self.size - self._most)

    @property
    def is_utf8(self) -> bool:
        """Whether what is kept is UTF-8."""
        try:
            self._kept().decode()
        except UnicodeDecodeError:
            return False
        return True

    def text(self) -> str:
        """What is kept; other bytes than UTF-8 are U+FFFD. A line before it says what is not."""
        text = self._kept().decode("utf-8", "replace")
        if not self.omitted:
            return text
        where = "/".join(self._file.path.parts[-3:])
        return f"… [{count_of(self.omitted, 'byte')} omitted; {where} has all of it]\n{text}"

    def _kept(self) -> bytes:
        kept = bytes(self._end[-self._most :])
        if not self.omitted:
            return kept
        start = next((at for at in range(4) if kept[at : at + 1] < b"\x80" or kept[at] >= 0xC0), 0)
        return kept[start:]  # not from the middle of a character on
