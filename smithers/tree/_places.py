"""Where in an author's file something was written. Resolved only when somebody asks."""

from __future__ import annotations

import os
import sys
from functools import cache
from itertools import islice
from types import CodeType, FrameType, TracebackType

from smithers.errors import Place

__all__ = [
    "Mark",
    "author_place",
    "here",
    "is_in_library",
    "is_ours",
    "place_of_error",
]

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


def is_ours(name: object) -> bool:
    """Whether a module's name is of this package, or of the one that calls an author's models."""
    return isinstance(name, str) and name.startswith(_OURS)


@cache
def _libraries() -> tuple[str, ...]:
    import sysconfig  # only where something went wrong

    paths = sysconfig.get_paths()
    return ("<frozen ", *(paths[name] + os.sep for name in ("stdlib", "purelib", "platlib")))


def is_in_library(code: CodeType) -> bool:
    """Whether it is of Python itself or of an installed package, as in `json.dumps(task)`."""
    return code.co_filename.startswith(_libraries())


_MARKS: dict[tuple[int, int], Mark] = {}
"""What `here` has given, by the id of the code, which its mark keeps, and the offset."""
_MOST_MARKS = 10_000


def here() -> Mark:
    """The innermost call below that is not in this package: the author's line. The nodes that one
    line makes have one mark.
    """
    frame = sys._getframe(2)  # pyright: ignore[reportPrivateUsage]  # the only way to a caller's line
    known = _MARKS.get((id(frame.f_code), frame.f_lasti))
    return _mark(_above_ours(frame)) if known is None else known


def _mark(frame: FrameType) -> Mark:
    code, offset = frame.f_code, frame.f_lasti
    if (known := _MARKS.get((id(code), offset))) is None:
        if len(_MARKS) >= _MOST_MARKS:  # of code that was loaded again and again
            _MARKS.clear()
        known = _MARKS[id(code), offset] = Mark(code, offset)
    return known


def author_place() -> Place:
    """The same, and not in a library that the author calls either, if any call is not."""
    first = _above_ours(sys._getframe(2))  # pyright: ignore[reportPrivateUsage]  # as in `here`
    frame: FrameType | None = first
    while frame is not None:
        if not is_ours(frame.f_globals.get("__name__")) and not is_in_library(frame.f_code):
            return _place(frame.f_code, frame.f_lasti)
        frame = frame.f_back
    return _place(first.f_code, first.f_lasti)


def _above_ours(frame: FrameType) -> FrameType:
    """The first that is not ours, of this call and those that led to it.

    Python makes an object of each frame that is looked at, so it looks at no more than it must.
    """
    while is_ours(frame.f_globals.get("__name__")) and (above := frame.f_back) is not None:
        frame = above
    return frame


def place_of_error(error: BaseException, folder: str = "") -> Place | None:
    """The innermost line of the author's that the error passed through, or None.

    Lines below the workflow's `folder` come first, then other files that are not of an installed
    package.
    """
    found: list[TracebackType] = []
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_globals.get("__name__")
        if not is_ours(name) and name not in ("smithers", "asyncio.tasks"):
            found.append(trace)
        trace = trace.tb_next
    own = [one for one in found if not is_in_library(one.tb_frame.f_code)]
    below = os.path.join(folder, "") if folder else ""
    near = [one for one in own if below and one.tb_frame.f_code.co_filename.startswith(below)]
    last = next(reversed(near or own or found), None)
    return None if last is None else _place(last.tb_frame.f_code, last.tb_lasti)
