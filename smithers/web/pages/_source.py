"""The page of a run's source as it was stored, with the line of a task."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, NamedTuple

from pydantic import BeforeValidator, Field, Strict
from starlette.responses import Response

from smithers.errors import SmithersError
from smithers.web._routes import Call, Closed, number_of
from smithers.web.pages._page import page, render

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smithers.changes import Key
    from smithers.hub import Hub
    from smithers.sources import SourceFile
    from smithers.views import RunView, TaskView

__all__ = ["ROUTES", "Line", "failed_lines", "lines_of_task"]

_PLACE = re.compile(r"(?P<file>.+):(?P<line>\d+):(?P<column>\d+)", re.DOTALL)
_MOST_LINES = 4_000


class SourceParameters(Closed):
    """As of which frame, which file, and which task is looked for."""

    frame: Annotated[int, Strict(), Field(ge=0, le=2**53), BeforeValidator(number_of)] | None = None
    file: str | None = Field(None, max_length=1_000)
    task: str | None = Field(None, max_length=250)


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


def _source(call: Call) -> Response:
    given, hub = call.query_as(SourceParameters), call.hub
    found = hub.source(call.run, frame=given.frame)
    files = [one for one in found.files if one.text is not None]
    error = None
    if given.task is not None and (task := hub.task(call.run, given.task)) is not None:
        error = task.line.error
    place = None if error is None or error.place is None else _at(error.place, files)
    lines = None if given.task is None else _find(files, given.task)
    wanted = given.file or (place and place.file) or (lines and lines.file)
    shown = next((one for one in files if one.path == wanted), files[0] if files else None)
    texts = [] if shown is None or shown.text is None else shown.text.splitlines()
    bad = place.number if place is not None and shown and place.file == shown.path else 0
    marked = range(0)
    if lines is not None and shown is not None and lines.file == shown.path:
        marked = range(lines.first, lines.last + 1)
    around = bad or (marked[0] if marked else 1)
    first = max(0, min(around - _MOST_LINES // 2, len(texts) - _MOST_LINES))
    return render(
        call,
        "source.html",
        title=f"Source of {call.run}",
        run=call.run,
        found=found,
        shown=shown,
        texts=texts[first : first + _MOST_LINES],
        first=first,
        left_out=max(0, len(texts) - _MOST_LINES),
        bad=bad,
        error=error,
        marked=marked,
        given=given,
        frame=given.frame,
    )


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
            lines = one.text.splitlines()
            if 0 < number <= len(lines):
                return Line(one.path, number, lines[number - 1])
    return None


def _find(files: Iterable[SourceFile], task: str) -> _Lines | None:
    """Where a task is written, if that can be told."""
    name = re.sub(r"(\[\d+\])+$", "", task)
    for wanted in dict.fromkeys((name, name.rpartition("/")[2])):
        for one in files:
            if one.text is not None and (found := lines_of_task(one.text, wanted)) is not None:
                return _Lines(one.path, *found)
    return None


@lru_cache(maxsize=64)
def lines_of_task(text: str, name: str) -> tuple[int, int] | None:
    r"""The first and the last line of the call whose first argument is a name. A name that is
    put together fits where its fixed parts do.

    >>> lines_of_task('a = Step("a", f)\nb = Task(\n  f"b{n}", agent=x\n)', "b3")
    (2, 4)
    >>> lines_of_task('Step("a", f)', "b") is None
    True
    """
    try:
        calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for fits in (_is_named, _may_be_named):
        for call in calls:
            if call.args and fits(call.args[0], name):
                return call.lineno, call.end_lineno or call.lineno
    return None


def _is_named(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == name


def _may_be_named(node: ast.expr, name: str) -> bool:
    """Whether the fixed parts of a text that is put together are in a name, in their order."""
    if not isinstance(node, ast.JoinedStr):
        return False
    parts = [str(one.value) if isinstance(one, ast.Constant) else "" for one in node.values]
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
