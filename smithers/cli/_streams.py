"""Where words go: data to stdout, everything else to stderr; colour only for a terminal.

`NO_COLOR` and `TERM=dumb` take colour away, `FORCE_COLOR` gives it to a pipe too. Text of agents
and authors is shown without secrets and by the rules of `smithers.texts`, which also hold for all
that goes to a terminal. What a caller asked for as data (an output, `--json`, SQL) reads back as it
was, and in a pipe or a file it is not altered at all.
"""

from __future__ import annotations

import contextlib
import functools
import io
import math
import os
import sys
from collections.abc import Generator, Iterator, Mapping
from typing import IO, TYPE_CHECKING, Any, cast

from smithers.errors import Refused
from smithers.texts import json_text, plain, plain_but_coloured

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from smithers.secrets import Secrets

__all__ = [
    "MARKS",
    "SHOW_CURSOR",
    "finite",
    "give",
    "give_json",
    "is_terminal",
    "last_words",
    "masked",
    "paint",
    "prepare",
    "quiet_end",
    "quoted",
    "say",
    "shown",
    "stdout_for_data",
    "table",
]

_CODES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "cyan": "36",
    "white on black": "97;40",
}
MARKS: dict[str, tuple[str, str]] = {
    "finished": ("✓", "green"),
    "continued": ("↻", "green"),
    "failed": ("✗", "red"),
    "running": ("▶", "cyan"),
    "waiting": ("◷", "yellow"),
    "ready": ("·", "dim"),
    "pending": ("·", "dim"),
    "skipped": ("-", "dim"),
    "cancelled": ("⊘", "dim"),
    "stale": ("!", "red"),
}
"""How a state is shown: its mark and its colour."""

SHOW_CURSOR = "\x1b[?25h\n"
"""For a terminal on which something was drawn and whose process ends at once."""
_data: IO[str] | None = None


class _Lasting(io.FileIO):
    """A file for words that outlives its reader: a terminal that was closed, a pipe that nobody
    reads, or a full disk loses words, and fails nothing.
    """

    def write(self, data: Buffer, /) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def prepare() -> None:
    """Every stream is there; those for words speak UTF-8 and never fail on a character."""
    _stand_in()
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", errors="replace")
    if sys.stderr is sys.__stderr__:
        sys.stderr = _lasting(2)


def _stand_in() -> None:
    """What came closed reads and takes nothing; else a file of ours would get its number."""
    while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(opened, True)
    os.close(opened)
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            stream = io.TextIOWrapper(io.FileIO(number, mode, closefd=False), encoding="utf-8")
            setattr(sys, name, stream)


def _lasting(number: int) -> io.TextIOWrapper:
    raw = _Lasting(number, "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding="utf-8", errors="replace", line_buffering=True
    )


def is_terminal(stream: IO[str]) -> bool:
    """Whether a person looks at the stream, on a terminal that can move its cursor."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: str, stream: IO[str]) -> str:
    """`text` in a colour, where the stream shall have colours."""
    if os.environ.get("NO_COLOR"):
        coloured = False
    elif os.environ.get("FORCE_COLOR", "0") != "0":
        coloured = True
    else:
        coloured = is_terminal(stream)
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if coloured and colour else text


@functools.cache
def _secrets() -> Secrets:
    from smithers.secrets import Secrets

    return Secrets(os.environ)


def masked(value: object) -> Any:
    """JSON data, or a text, for looking: `${NAME}` in place of each secret of the environment."""
    return _secrets().mask_data(value)


def shown(text: str) -> str:
    r"""Text for looking: masked, and without what steers a terminal or cannot be seen. Its second
    line and those below are put behind a bar, so that none looks like a line of ours.

    >>> shown("denied: no\n✓ r1 finished")
    'denied: no\n    | ✓ r1 finished'
    """
    return "\n    | ".join(plain(masked(text)).splitlines())


def quoted(text: str) -> list[str]:
    r"""All lines of a text for looking, each behind a bar: nothing in it looks like words of ours.

    >>> quoted("Ship this?\nnext: rm -rf /")
    ['| Ship this?', '| next: rm -rf /']
    """
    return [f"| {plain(line)}".rstrip() for line in masked(text).splitlines()]


def say(text: str = "") -> None:
    """A line for the person, on stderr. Nobody may be there any more, or its disk be full."""
    with contextlib.suppress(OSError):
        sys.stderr.write(plain_but_coloured(masked(text)) + "\n")
        sys.stderr.flush()


def give(text: str, *, end: str = "\n", flush: bool = True) -> None:
    """A line of data, on stdout, or with another `end` a part of one. Raises `Refused` where stdout
    does not take it.
    """
    stream = _data or sys.stdout
    text = plain_but_coloured(text) if stream.isatty() else text
    try:
        stream.write(text + end)
        if flush:
            stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # for what is in its buffer
        raise Refused(
            f"stdout cannot be written: {error.strerror}", hint="check what it is redirected to"
        ) from error


def finite(value: object) -> object:
    """JSON knows no infinity and no NaN, which SQL can give: they become null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [finite(one) for one in cast("list[object]", value)]
    if isinstance(value, dict):
        return {key: finite(one) for key, one in cast("dict[object, object]", value).items()}
    return value


def give_json(value: object, *, indent: int | None = None) -> None:
    give(_json_text(value, indent))


def give_json_parts(value: Mapping[str, object]) -> None:
    """As `give_json`, an object in which an iterator is a list that is not in memory at once."""
    part = functools.partial(give, end="", flush=False)
    part("{")
    for place, (name, one) in enumerate(value.items()):
        part(f"{', ' if place else ''}{_json_text(name)}: ")
        if isinstance(one, Iterator):
            part("[")
            for number, item in enumerate(cast("Iterator[object]", one)):
                part(f"{', ' if number else ''}{_json_text(item)}")
            part("]")
        else:
            part(_json_text(one))
    give("}")


def _json_text(value: object, indent: int | None = None) -> str:
    return json_text(finite(value), indent=indent, allow_nan=False)


@contextlib.contextmanager
def stdout_for_data() -> Generator[None]:
    """Inside it, stdout carries our data alone: what workflows and their programs print there goes
    to stderr.
    """
    global _data
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    printed: IO[str] = sys.stdout
    known = cast("object", printed)
    if isinstance(known, io.TextIOWrapper):
        known.reconfigure(line_buffering=True)  # as stderr, among whose lines it stands now
    sys.stdout = _lasting(1)
    _data = os.fdopen(os.dup(kept), "w", encoding="utf-8", errors="replace")
    try:
        yield
    finally:
        for stream in (sys.stdout, printed):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        sys.stdout = printed
        os.dup2(kept, 1)
        os.close(kept)
        data, _data = _data, None
        with contextlib.suppress(OSError):
            data.close()


def last_words() -> None:
    """What is still buffered is written now, or dropped where it cannot be: Python would try again
    when it ends, and turn the exit code into its own.
    """
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        try:
            stream.flush()
        except (OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)


def quiet_end() -> None:
    """Nobody reads stdout any more: what is still in its buffer goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def table(rows: list[list[str]], colours: dict[str, str] | None = None) -> list[str]:
    """Rows as aligned lines, whatever breaks a line in a cell; a cell that is a key of `colours` is
    painted.
    """
    rows = [[" ".join(cell.splitlines()) for cell in row] for row in rows]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))] if rows else []
    lines: list[str] = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        if colours:
            cells = [
                paint(cell, colours[told], sys.stdout) if told in colours else cell
                for cell, told in zip(cells, row, strict=True)
            ]
        lines.append("  ".join(cells).rstrip())
    return lines
