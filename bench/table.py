"""The table: each row as it is measured, as text for a terminal, as Markdown, and as JSON."""

from __future__ import annotations

import os
import platform
import sqlite3
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.measuring import ROOT, Figure, Measure, NotMeasured, file_systems
from bench.rows import PEERS, Row

__all__ = [
    "BRIEF",
    "HEADINGS",
    "Line",
    "brief",
    "cells",
    "document",
    "line",
    "markdown",
    "setting",
    "text",
]

HEADINGS = ("what", "limit", "median (least)", "", *PEERS, "repeat it with")
BRIEF = ("sequence-cpu", "sequence-commits", "fan-out-memory", "waiting-processes")
"""The rows that the README shows."""
_WIDTHS = (68, 13, 19, 9, 9, 11, 11, 18, 0)
_PACKAGES = ("dbos", "langgraph", "langgraph-checkpoint-sqlite", "agent-workflow-sdk")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row with what was measured. Where something could not be, it is None and `why` tells."""

    row: Row
    figure: Figure | None
    peers: Mapping[str, Figure | None]
    why: tuple[str, ...]
    setting: str
    """What it was measured on, and when."""
    slower: float = 1.0
    """How many times slower that machine was than the one that limits of CPU were set on."""

    @property
    def held(self) -> bool:
        return self.figure is not None and self.row.holds(self.figure, self.slower)

    @property
    def verdict(self) -> str:
        if self.figure is None or not self.held:
            return "missed"
        return "held" if self.row.holds(self.figure) else f"held ×{self.slower:.1f}"

    @property
    def command(self) -> str:
        return f"make bench ARGS={self.row.name}"


def line(row: Row, slower: float = 1.0) -> Line:
    """Measure a row, and the same of others' tools; `slower` is the factor of this machine."""
    why: list[str] = []

    def figure(measure: Measure) -> Figure | None:
        try:
            return measure()
        except NotMeasured as error:
            why.append(str(error))
            return None

    own = figure(row.measure)
    peers = {name: figure(measure) for name, measure in row.peers.items()}
    return Line(row=row, figure=own, peers=peers, why=tuple(why), setting=setting(), slower=slower)


def cells(line: Line, *, judged: bool = True) -> tuple[str, ...]:
    row, figure = line.row, line.figure
    said = "not measured" if figure is None else _figure(row.unit, figure)
    verdict = line.verdict if judged and figure is not None else ""
    limit = f"{'<' if row.below else '≤'} {_number(row.unit, row.limit, of_limit=True)}"
    beside = (_peer(line, name) for name in PEERS)
    return (row.what, limit, said, verdict, *beside, line.command)


def _peer(line: Line, name: str) -> str:
    if name not in line.row.peers:
        return ""
    figure = line.peers[name]
    return "?" if figure is None else _number(line.row.unit, figure.median)


def _figure(unit: str, figure: Figure) -> str:
    said, least = (_number(unit, value) for value in (figure.median, figure.least))
    return said if said == least else f"{said} ({least.split(' ')[0]})"


def _number(unit: str, value: float, *, of_limit: bool = False) -> str:
    if unit in ("ms", "s", "times", "%") or (unit == "µs" and value < 10):
        said = f"{value:g}" if of_limit else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"
    else:
        said = f"{value:,.0f}"
    return f"{said} {unit}".strip()


def text(cells: Sequence[str]) -> str:
    """One line for a terminal."""
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()


def markdown(lines: Sequence[Line]) -> Iterator[str]:
    """The table for a document, with what it was measured on."""
    yield f"| {' | '.join(HEADINGS)} |"
    yield "|---|" + "---:|" * (len(HEADINGS) - 2) + "---|"
    for one in lines:
        *most, command = cells(one)
        yield f"| {' | '.join(most)} | `{command}` |"
    yield ""
    yield from _settings(lines)


def _settings(lines: Iterable[Line]) -> Iterator[str]:
    """What most rows were measured on, and then what others were, with their names."""
    names: dict[str, list[str]] = {}
    for one in lines:
        if one.figure is not None:
            names.setdefault(one.setting, []).append(f"`{one.row.name}`")
    most, *others = sorted(names, key=lambda each: -len(names[each])) or [setting()]
    yield from _wrapped(f"Measured on {most}.")
    for other in others:
        yield ""
        yield from _wrapped(f"Measured on {other}: {', '.join(names[other])}.")


def _wrapped(words: str) -> list[str]:
    return textwrap.wrap(words, 120, break_long_words=False, break_on_hyphens=False)


def brief(lines: Iterable[Line]) -> Iterator[str]:
    """The rows of the README, without limits."""
    yield f"| what | Smithers | {' | '.join(PEERS)} |"
    yield "|---|" + "---:|" * (1 + len(PEERS))
    for one in lines:
        if one.row.name in BRIEF:
            what, _, own, _, *peers, _ = cells(one)
            yield f"| {' | '.join((what, own, *peers))} |"


def setting() -> str:
    """The day, and what is measured with, in one line."""
    peers = ", ".join(f"{name} {version}" for name, version in _versions().items())
    memory, disk = file_systems()
    return (
        f"{datetime.now(UTC):%Y-%m-%d}: Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} CPUs, in memory {memory}, on disk {disk}; {peers}"
    )


def _versions() -> dict[str, str]:
    pinned = (ROOT / "bench" / "requirements-peers.txt").read_text().split()
    named = dict(one.split("==") for one in pinned)
    return {name: named[name] for name in _PACKAGES}


def document(lines: Iterable[Line]) -> dict[str, object]:
    """Everything as plain data."""
    return {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "file_systems": dict(zip(("memory", "disk"), file_systems(), strict=True)),
        "peers": _versions(),
        "rows": [_plain(one) for one in lines],
    }


def _plain(line: Line) -> dict[str, object]:
    def figure(one: Figure | None) -> dict[str, float] | None:
        return None if one is None else {"median": one.median, "least": one.least}

    return {
        "name": line.row.name,
        "what": line.row.what,
        "unit": line.row.unit,
        "limit": line.row.limit,
        "below": line.row.below,
        "measured": figure(line.figure),
        "held": line.held,
        "slower": line.slower,
        "peers": {name: figure(one) for name, one in line.peers.items()},
        "not_measured": list(line.why),
        "command": line.command,
    }
