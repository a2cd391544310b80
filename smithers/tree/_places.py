"""Where in an author's file something was written. Resolved only when somebody asks."""

from __future__ import annotations

import sys
from itertools import islice
from types import CodeType, TracebackType

from smithers.errors import Place

__all__ = ["Mark", "here", "place_of_error"]

_OURS = ("smithers.", "pydantic.")


class Mark:
    """A call in somebody's code, kept as two words until its `place` is asked for."""

    __slots__ = ("_code", "_offset")

    def __init__(self, code: CodeType, offset: int) -> None:
        self._code = code
        self._offset = offset

    @property
    def place(self) -> Place:
        return _place(self._code, self._offset)


def _place(code: CodeType, offset: int) -> Place:
    found = next(islice(code.co_positions(), offset // 2, None), (None, None, None, None))
    line, _, column, _ = found
    return Place(
        file=code.co_filename,
        line=code.co_firstlineno if line is None else line,
        column=1 if column is None else column + 1,
    )


def _is_ours(name: object) -> bool:
    return isinstance(name, str) and name.startswith(_OURS)


def here() -> Mark:
    """The innermost call below that is not in this package: the author's line."""
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]  # the only way to a caller's line
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__")):
        frame = frame.f_back
    return Mark(frame.f_code, frame.f_lasti)


def place_of_error(error: BaseException) -> Place | None:
    """The innermost line of the author's that the error passed through, or None."""
    found: Place | None = None
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_globals.get("__name__")
        if not _is_ours(name) and name not in ("smithers", "asyncio.tasks"):
            found = _place(trace.tb_frame.f_code, trace.tb_lasti)
        trace = trace.tb_next
    return found
