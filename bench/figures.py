"""What was measured, kept in `figures.json`, from which the documents are written.

A row has its figures and those of others' tools, with what they were measured on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bench.measuring import ROOT, Figure
from bench.rows import Row
from bench.table import Line

__all__ = ["FILE", "Curves", "curves_in", "keep", "lines_in"]

FILE = ROOT / "bench" / "figures.json"

Curves = dict[str, dict[str, dict[int, float]]]
"""The CPU milliseconds of a step, by panel of the plot, name of the line, and number of steps."""


def lines_in(rows: Iterable[Row], file: Path = FILE) -> list[Line]:
    """The rows as they were last measured; one that never was has no figure."""
    kept = _load(file)["rows"]
    return [_line(row, kept.get(row.name, {})) for row in rows]


def curves_in(file: Path = FILE) -> Curves:
    return {
        panel: {name: {int(n): ms for n, ms in points.items()} for name, points in lines.items()}
        for panel, lines in _load(file)["curves"].items()
    }


def keep(
    lines: Iterable[Line] = (),
    *,
    names: Iterable[str] = (),
    curves: Curves | None = None,
    file: Path = FILE,
) -> None:
    """Write these over what is kept. With `names`, rows that have another name are forgotten."""
    known = _load(file)
    known["rows"] |= {line.row.name: _plain(line) for line in lines}
    if wanted := list(names):
        known["rows"] = {name: known["rows"][name] for name in wanted if name in known["rows"]}
    if curves is not None:
        known["curves"] = curves
    file.write_text(json.dumps(known, indent=1) + "\n")


def _load(file: Path) -> dict[str, dict[str, Any]]:
    empty: dict[str, dict[str, Any]] = {"rows": {}, "curves": {}}
    return empty | (json.loads(file.read_text()) if file.exists() else {})


def _plain(line: Line) -> dict[str, object]:
    peers = {name: _pair(figure) for name, figure in line.peers.items()}
    return {
        "figure": _pair(line.figure),
        "peers": peers,
        "setting": line.setting,
        "slower": line.slower,
    }


def _pair(figure: Figure | None) -> list[float] | None:
    if figure is None:
        return None
    return [float(f"{one:.4g}") for one in (figure.median, figure.least)]


def _line(row: Row, kept: Mapping[str, Any]) -> Line:
    def figure(pair: list[float] | None) -> Figure | None:
        return None if pair is None else Figure(*pair)

    beside = kept.get("peers", {})
    return Line(
        row=row,
        figure=figure(kept.get("figure")),
        peers={name: figure(beside.get(name)) for name in row.peers},
        why=(),
        setting=kept.get("setting", ""),
        slower=kept.get("slower", 1.0),
    )
