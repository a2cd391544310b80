"""A file of a client's settings: read whole, shown as a difference, and replaced in one step."""

from __future__ import annotations

import contextlib
import difflib
import os
import re
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from smithers.errors import Refused

__all__ = ["Change", "read"]

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_LONGEST = 300


@dataclass(frozen=True, kw_only=True)
class Change:
    """What becomes of a file; `before` is None where there is none. A `private` one that is made is
    for its owner's eyes.
    """

    file: Path
    before: str | None
    after: str | None
    outcome: Literal["added", "updated", "present", "removed", "absent"]
    private: bool = False

    def shown(self) -> list[str]:
        """The lines that go and those that come, as a unified diff. None of what stands around
        them: the file may hold keys of others. Nor does a line that is the whole file, as a program
        may write it.
        """
        before, after = (_LINE.findall(text or "") for text in (self.before, self.after))
        name = str(self.file)
        old = "/dev/null" if self.before is None else name
        found = difflib.unified_diff(before, after, old, name, n=0)
        return [_cut(line.rstrip("\r\n")) for line in found]

    def write(self) -> None:
        """Put it into effect. Raises `Refused` where that cannot be, and where the file has changed
        since it was read.
        """
        if self.after is None or self.after == self.before:
            return
        with _refused(self.file, "written"):
            target = self.file.resolve()  # a link stays one
            target.parent.mkdir(parents=True, exist_ok=True)
            beside = target.with_name(f".{target.name}.{os.getpid()}.new")
            mode = 0o600 if self.private else 0o666
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            try:
                with open(handle, "wb") as stream:
                    stream.write(self.after.encode())
                    _as_before(stream.fileno(), target)
                    stream.flush()
                    os.fsync(stream.fileno())
                if read(self.file) != self.before:
                    raise Refused(f"{self.file} has changed meanwhile", hint="type it again")
                os.replace(beside, target)
            except BaseException:
                beside.unlink()
                raise


def read(file: Path) -> str | None:
    """The text of a file as it is, line ends and all; None where there is no file."""
    with _refused(file, "read"):
        try:
            return file.read_bytes().decode()
        except FileNotFoundError:
            return None


@contextlib.contextmanager
def _refused(file: Path, done: str) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise Refused(f"{file} cannot be {done}: {error.strerror or error}") from error
    except UnicodeError as error:
        raise Refused(f"{file} cannot be {done}: {error}") from error
    except RuntimeError as error:  # how Python 3.11 and 3.12 tell of links in a circle
        raise Refused(f"{file} cannot be {done}: {error}") from error


def _as_before(handle: int, target: Path) -> None:
    """Mode and owner of the file that is replaced, where there is one."""
    with contextlib.suppress(FileNotFoundError):
        was = target.stat()
        os.fchmod(handle, was.st_mode & 0o7777)
        with contextlib.suppress(PermissionError):
            os.fchown(handle, was.st_uid, was.st_gid)


def _cut(line: str) -> str:
    if len(line) <= _LONGEST:
        return line
    return f"{line[0]}(a line of {len(line) - 1} characters)"
