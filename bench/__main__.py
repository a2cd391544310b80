"""The cost of a step against its limits, as one table: `python -m bench [ROW…]`, or `make bench`.

CPU is the user and system time of the process around the run, after a run of one step has paid for
imports; commits are the fsync and fdatasync calls that strace sees on files of the run; memory is
the peak of the process; bytes are the files after a checkpoint, less the outputs themselves. Each
figure is the median of several processes of their own, with the least of them in brackets; a ratio
is that of the least ones. Databases are in memory (/dev/shm) unless a row says that its database is
on a disk. Wall time is not measured: on a shared machine it is noise.

A limit of CPU is for the machine that it was set on. Where the SQL of a step alone, DBOS and
LangGraph cost more than they did there (the median of the three), it is multiplied by as much, and
a figure that holds it only then says so: `held ×2.4`.

Exits with 1 where a limit is missed or could not be measured, and with 2 for an unknown row.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile

from bench import curves, figures
from bench.measuring import ROOT
from bench.plot import svg
from bench.rows import FULL, QUICK, Row, rows
from bench.speed import slower
from bench.table import HEADINGS, Line, brief, cells, document, line, markdown, setting, text

__all__ = ["COST", "END", "PLOT", "README", "START", "into", "main", "write_documents"]

COST, README, PLOT = ROOT / "docs" / "cost.md", ROOT / "README.md", ROOT / "docs" / "cost.svg"
START, END = "<!-- written by: python -m bench --docs -->", "<!-- end of what bench wrote -->"
_PLOT = "plot"
"""What is asked for beside rows."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    names = [*(row.name for row in rows()), _PLOT]
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"one of {', '.join(names)}")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="little of everything and nothing of others, to see that it works; judges no limit",
    )
    parser.add_argument(
        "--docs",
        action="store_true",
        help="write what is measured into bench/figures.json, and from there into docs/cost.md, "
        "docs/cost.svg and README.md; rows that are not measured now stay as they were",
    )
    found = parser.parse_args()
    if unknown := set(found.rows) - set(names):
        parser.error(f"no row {', '.join(sorted(unknown))}: there are {', '.join(names)}")
    if found.docs and found.quick:
        parser.error("what --quick measures is not for the documents: leave out one of the two")
    return found


def into(document: str, table: str) -> str:
    """`document` with the table between its two marks."""
    before, rest = document.split(START)
    _, after = rest.split(END)
    return f"{before}{START}\n{table}\n{END}{after}"


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="smithers-bench-") as state:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else a start may compile, each time
        os.environ["XDG_STATE_HOME"] = state  # what is measured is trusted there, not by the user
        return _main()


def _main() -> int:
    asked = _arguments()
    every = rows(QUICK if asked.quick else FULL)
    chosen = [row for row in every if not asked.rows or row.name in asked.rows]
    factor = 1.0 if asked.quick or not chosen else float(f"{slower(FULL):.3g}")
    lines: list[Line] = []
    if chosen and not asked.json:
        print(text(HEADINGS))
    for row in chosen:
        lines.append(line(row, factor))
        if not asked.json:
            print(text(cells(lines[-1], judged=not asked.quick)), flush=True)
        if asked.docs:  # after each row, so that an interruption loses only one
            figures.keep(lines[-1:])
    missed = [] if asked.quick else [one.row.name for one in lines if not one.held]
    if asked.json:
        print(json.dumps(document(lines), indent=2))
    else:
        print(*_words(lines, missed, factor), sep="\n")
    if _PLOT in asked.rows or (asked.docs and not asked.rows):
        points = curves.measure(QUICK if asked.quick else FULL)
        if asked.docs:
            figures.keep(curves=points)
    if asked.docs:
        write_documents(every)
    return 1 if missed else 0


def write_documents(every: list[Row]) -> None:
    """Write what is kept of these rows, and forget what is kept of others."""
    figures.keep(names=[row.name for row in every])
    lines = figures.lines_in(every)
    COST.write_text(into(COST.read_text(), "\n".join(markdown(lines))))
    README.write_text(into(README.read_text(), "\n".join(brief(lines))))
    PLOT.write_text(svg(figures.curves_in()))


def _words(lines: list[Line], missed: list[str], factor: float) -> list[str]:
    """What stands below the table."""
    whys = sorted({why for one in lines for why in one.why})
    said = [f"Measured on {setting()}.", *(f"not measured: {why}" for why in whys)]
    if factor > 1:
        said.append(f"Limits of CPU are multiplied by {factor:.1f}, since this machine is slower.")
    return [*said, f"not held: {', '.join(missed)}"] if missed else said


if __name__ == "__main__":
    sys.exit(main())
