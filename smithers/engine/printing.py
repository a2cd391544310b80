"""What a step prints: shown where it always was, and kept in the log of its attempt.

`sys.stdout` and `sys.stderr` are replaced while a process drives runs. Which attempt prints is
told by a context variable, so steps that run at once do not mix. A thread that a step starts itself
has no context, and a program writes to the file descriptor: their output is shown only.
"""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import IO, Any

from smithers.engine.streams import Stream
from smithers.errors import MachineError
from smithers.words import count_of

__all__ = [
    "PRINTED",
    "RAISED",
    "Printed",
    "bind_output",
    "format_raised",
    "output_bound",
    "show_output_through",
]

PRINTED, RAISED = "printed", "raised"
"""Events of an attempt's log."""
_MOST_CHARS = 1 << 20
"""How much of an attempt's output is kept; of what comes after it only the end."""
_LAST_CHARS = 1 << 16
LINE_CHARS, HELD_CHARS = 1 << 16, 1 << 12
"""A longer line is kept in pieces; so much of its end waits for what comes after it."""
_OURS = str(Path(__file__).parents[1])


class Printed:
    """The output of one attempt, written to its log by whole lines."""

    def __init__(self, stream: Stream, mask: Callable[[str], str]) -> None:
        self._stream = stream
        self._mask = mask
        self._begun: dict[str, str] = {}
        """Of each stream, the line that is not complete."""
        self._kept = 0
        self._last = ""
        self._left_out = 0
        self._lock = threading.RLock()
        self._is_writing = False

    def write(self, name: str, text: str) -> None:
        """`name` is stdout or stderr. What cannot be written is not kept: it was shown."""
        with self._lock:
            if self._is_writing:  # a signal's handler prints meanwhile
                return
            self._is_writing = True
            try:
                self._take(name, self._begun.get(name, "") + text)
            finally:
                self._is_writing = False

    def _take(self, name: str, text: str) -> None:
        lines, newline, rest = text.rpartition("\n")
        if newline:
            self._keep(name, lines)
        if len(rest) > LINE_CHARS:  # its end may be the beginning of a secret
            rest = self._mask(rest)
            self._keep(name, rest[:-HELD_CHARS])
            rest = rest[-HELD_CHARS:]
        self._begun[name] = rest

    def _keep(self, name: str, text: str) -> None:
        if self._kept + len(text) > _MOST_CHARS:
            self._kept = _MOST_CHARS
            last = f"{self._last}{self._mask(text)}\n"
            self._last = last[-_LAST_CHARS:]
            self._left_out += len(last) - len(self._last)
            return
        self._kept += len(text)
        self._event(name, text)

    def _event(self, name: str, text: str) -> None:
        with suppress(MachineError):
            self._stream.write({"event": PRINTED, "stream": name, "text": text})

    def end_lines(self) -> None:
        """Write lines that have no end."""
        with self._lock:
            for name, rest in self._begun.items():
                if rest:
                    self._keep(name, rest)
            self._begun.clear()

    def close(self) -> None:
        """Write what is left: lines without an end, and the end of what was too much."""
        with self._lock:
            self.end_lines()
            if self._left_out:
                self._event("stdout", f"… [{count_of(self._left_out, 'character')} omitted]")
            if self._last:
                self._event("stdout", self._last.rstrip("\n"))


_NOW: ContextVar[Callable[[], Printed] | None] = ContextVar("PRINTED", default=None)


def bind_output(printed: Callable[[], Printed]) -> None:
    """From here on, what this context prints belongs to an attempt: this gives its output."""
    _NOW.set(printed)


class _Bound:
    """A standard stream that also keeps what an attempt writes; all else is the stream's own."""

    def __init__(self, name: str, stream: IO[str]) -> None:
        self.bound_stream = stream
        self._name = name

    def write(self, text: str) -> int:
        shown = _through or self.bound_stream.write
        count = shown(text)
        if (printed := _NOW.get()) is not None:
            printed().write(self._name, str(text))
        return count

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __iter__(self) -> Any:
        return iter(self.bound_stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.bound_stream, name)


_through: Callable[[str], int] | None = None
_drivers = 0
_bound: dict[str, _Bound] = {}


def show_output_through(write: Callable[[str], int] | None) -> None:
    """Have output shown by something that draws on the terminal; by the streams again if None."""
    global _through
    _through = write


@contextmanager
def output_bound() -> Generator[None]:
    """Inside it, what steps print is kept. Calls may overlap, as those of several runs do."""
    global _drivers
    _drivers += 1
    for name in ("stdout", "stderr"):
        if not isinstance(getattr(sys, name), _Bound):
            _bound[name] = _Bound(name, getattr(sys, name))
            setattr(sys, name, _bound[name])
    try:
        yield
    finally:
        _drivers -= 1
        for name, bound in list(_bound.items()) if not _drivers else ():
            if getattr(sys, name) is bound:
                setattr(sys, name, bound.bound_stream)


def format_raised(error: BaseException) -> str:
    """The traceback of an exception, from the author's first line on."""
    found = traceback.TracebackException.from_exception(error)
    waiting: list[traceback.TracebackException | None] = [found]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        own = [frame for frame in one.stack if not frame.filename.startswith(_OURS)]
        one.stack = traceback.StackSummary.from_list(own)
        waiting += [one.__cause__, one.__context__, *(one.exceptions or ())]
    text = "".join(found.format()).rstrip("\n")
    return text if len(text) <= _LAST_CHARS else f"… {text[-_LAST_CHARS:]}"
