"""The page of a run's source as it was stored, with the line of a task."""

from __future__ import annotations

import ast
import re
from difflib import unified_diff
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, NamedTuple

from pydantic import BeforeValidator, Field, Strict
from starlette.responses import Response

from smithers.errors import SmithersError
from smithers.web._routes import Call, Closed, Flag, number_of
from smithers.web.pages._colours import Piece, lines_of, pieces_of
from smithers.web.pages._page import page, render
from smithers.web.pages._texts import Row, rows_of
from smithers.web.pages._words import Mark, mark_of_task

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from smithers.changes import Failure, Key
    from smithers.hub import Hub
    from smithers.sources import SourceFile
    from smithers.views import RunView, TaskView

__all__ = ["ROUTES", "Line", "failed_lines", "lines_of_task"]

_PLACE = re.compile(r"(?P<file>.+):(?P<line>\d+):(?P<column>\d+)", re.DOTALL)
_MOST_LINES = 4_000
_MOST_COMPARED = 20_000
"""The time to compare grows with the square of it."""
_FIRST = ("bad", "ask", "run", "wait", "gone", "pend", "off", "ok")
"""The states of the tasks of a line, that first which is looked at first."""


class SourceParameters(Closed):
    """As of which frame, which file, and which task is looked for; with `changes` what has changed
    in the file since.
    """

    frame: Annotated[int, Strict(), Field(ge=0, le=2**53), BeforeValidator(number_of)] | None = None
    file: str | None = Field(None, max_length=1_000)
    task: str | None = Field(None, max_length=250)
    changes: Flag = False


class Line(NamedTuple):
    """A line of a stored file."""

    file: str
    number: int
    text: str


class _Lines(NamedTuple):
    """A task's lines in a stored file, of which the first is its call."""

    file: str
    first: int
    last: int


class _Calls(NamedTuple):
    """The lines of the calls of a file: by the name that is their first argument, and of those
    whose name is put together with its fixed parts.
    """

    path: str
    named: Mapping[object, tuple[int, int]]
    made: Sequence[tuple[tuple[str, ...], tuple[int, int]]]


class _Mark(NamedTuple):
    """The tasks that a line makes, and the state to look at first."""

    mark: Mark
    tasks: tuple[Key, ...]


def _source(call: Call) -> Response:
    given, hub = call.query_as(SourceParameters), call.hub
    found = hub.source(call.run, frame=given.frame)
    inspected = hub.inspect(call.run, frame=given.frame)
    files = [one for one in found.files if one.text is not None]
    error = _error_of(inspected.tasks, given.task)
    place = None if error is None or error.place is None else _at(error.place, files)
    calls = [_Calls(one.path, *_calls(one.text or "")) for one in files]
    lines = None if given.task is None else _find(calls, given.task)
    wanted = given.file or (place and place.file) or (lines and lines.file)
    shown = next((one for one in files if one.path == wanted), files[0] if files else None)
    texts = pieces_of("" if shown is None else shown.text or "")
    bad = place.number if place is not None and shown and place.file == shown.path else 0
    marked = range(0)
    if lines is not None and shown is not None and lines.file == shown.path:
        marked = range(lines.first, lines.last + 1)
    around = bad or (marked[0] if marked else 1)
    first = max(0, min(around - _MOST_LINES // 2, len(texts) - _MOST_LINES))
    marks = {} if shown is None else _marks(calls, shown.path, inspected.tasks)
    now = None if shown is None else hub.source_file_now(inspected.run.file, shown.path)
    return render(
        call,
        "source.html",
        title=f"Source of {call.run}",
        run=call.run,
        found=found,
        shown=shown,
        texts=[_masked(hub, line) for line in texts[first : first + _MOST_LINES]],
        first=first,
        left_out=max(0, len(texts) - _MOST_LINES),
        bad=bad,
        error=error,
        marked=marked,
        marks=marks,
        before=max((n for n in marks if n < around), default=None),
        after=min((n for n in marks if n > around or (n == 1 and not marked)), default=None),
        changes=_changes(shown, now) if given.changes else [],
        is_changed=shown is not None and now is not None and now.digest != shown.digest,
        given=given,
        frame=given.frame,
    )


def _error_of(tasks: Iterable[TaskView], name: str | None) -> Failure | None:
    """Why the task failed that is named, in its last iteration unless one is named."""
    found = [one for one in tasks if name in (one.line.key.id, str(one.line.key))]
    return found[-1].line.error if found else None


def _masked(hub: Hub, line: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """The pieces of a line; one with a secret is one piece, so that no part of it is shown."""
    text = "".join(piece.text for piece in line)
    masked = hub.secrets.mask(text)
    return line if masked == text else (Piece("", masked),)


def _marks(calls: Sequence[_Calls], path: str, tasks: Iterable[TaskView]) -> dict[int, _Mark]:
    """For each line of a file that makes tasks, what they are and how they are."""
    by_line: dict[int, list[TaskView]] = {}
    known: dict[str, _Lines | None] = {}
    for one in tasks:
        id = one.line.key.id
        if id not in known:
            known[id] = _find(calls, id)
        lines = known[id]
        if lines is not None and lines.file == path:
            by_line.setdefault(lines.first, []).append(one)
    return {number: _mark(by_line[number]) for number in sorted(by_line)}


def _mark(tasks: list[TaskView]) -> _Mark:
    marks = [mark_of_task(one.line.state, None) for one in tasks]
    worst = min(marks, key=lambda mark: _FIRST.index(mark.glyph))
    return _Mark(worst, tuple(one.line.key for one in tasks))


def _changes(shown: SourceFile | None, now: SourceFile | None) -> list[Row]:
    """What has changed in a file since."""
    if shown is None or now is None or shown.text is None or now.text is None:
        return []
    old, new = lines_of(shown.text), lines_of(now.text)
    if len(old) + len(new) > _MOST_COMPARED:
        return [Row(kind="head", text="The file is too long to be compared here.")]
    return list(rows_of(list(unified_diff(old, new, lineterm=""))[2:]))


def failed_lines(hub: Hub, run: RunView, tasks: Iterable[TaskView]) -> dict[Key, Line]:
    """For each task that failed at a known place, that line as it was stored."""
    errors = {one.line.key: one.line.error for one in tasks if one.line.state == "failed"}
    places = {key: one.place for key, one in errors.items() if one is not None and one.place}
    if not places:
        return {}
    try:
        files = hub.source(run.run_id).files
    except SmithersError:  # the page is shown without it
        return {}
    found = {key: _at(place, files) for key, place in places.items()}
    return {key: line for key, line in found.items() if line is not None}


def _at(place: str, files: Iterable[SourceFile]) -> Line | None:
    """The line of a stored file that a place means."""
    if (named := _PLACE.fullmatch(place)) is None:
        return None
    number = int(named["line"])
    for one in files:
        if one.text is not None and f"/{named['file']}".endswith(f"/{one.path}"):
            lines = lines_of(one.text)
            if 0 < number <= len(lines):
                return Line(one.path, number, lines[number - 1])
    return None


def _find(calls: Sequence[_Calls], task: str) -> _Lines | None:
    """Where a task is written, if that can be told."""
    name = re.sub(r"(\[\d+\])+$", "", task)
    for wanted in dict.fromkeys((name, name.rpartition("/")[2])):
        for one in calls:
            if (found := _lines_of(one, wanted)) is not None:
                return _Lines(one.path, *found)
    return None


def lines_of_task(text: str, name: str) -> tuple[int, int] | None:
    r"""The first and the last line of the call whose first argument is a name. A name that is
    put together fits where its fixed parts do.

    >>> lines_of_task('a = Step("a", f)\nb = Task(\n  f"b{n}", agent=x\n)', "b3")
    (2, 4)
    >>> lines_of_task('Step("a", f)', "b") is None
    True
    """
    return _lines_of(_Calls("", *_calls(text)), name)


def _lines_of(calls: _Calls, name: str) -> tuple[int, int] | None:
    if name in calls.named:
        return calls.named[name]
    return next((lines for parts, lines in calls.made if _may_be_named(parts, name)), None)


@lru_cache(maxsize=256)
def _calls(
    text: str,
) -> tuple[dict[object, tuple[int, int]], list[tuple[tuple[str, ...], tuple[int, int]]]]:
    """The calls of a source, as `_Calls` has them."""
    named: dict[object, tuple[int, int]] = {}
    made: list[tuple[tuple[str, ...], tuple[int, int]]] = []
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return named, made
    for node in nodes:
        if not isinstance(node, ast.Call) or not node.args:
            continue
        lines = (node.lineno, node.end_lineno or node.lineno)
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            named.setdefault(first.value, lines)
        elif isinstance(first, ast.JoinedStr):
            parts = (
                str(one.value) if isinstance(one, ast.Constant) else "" for one in first.values
            )
            made.append((tuple(parts), lines))
    return named, made


def _may_be_named(parts: Sequence[str], name: str) -> bool:
    """Whether the fixed parts of a text that is put together are in a name, in their order."""
    if not any(parts) or not (name.startswith(parts[0]) and name.endswith(parts[-1])):
        return False
    at = 0
    return all((at := name.find(part, at) + len(part)) >= len(part) for part in parts)


ROUTES = (
    page(
        "/runs/{run}/source",
        "source_page",
        "The source of a run as it was stored, for a browser.",
        _source,
        query=SourceParameters,
    ),
)
