"""The list of runs, without typer: it is asked for often, and must cost little."""

from __future__ import annotations

from pathlib import Path

from smithers.cli._drawing import runs_table
from smithers.cli._places import complete, place
from smithers.cli._streams import give, give_json, say
from smithers.hub import Hub
from smithers.reports import has_runs

__all__ = ["list_runs"]


def list_runs(db: Path | None, json: bool) -> int:
    """Print the runs; its exit code."""
    where = place(db)
    runs = Hub(where.path).runs()
    if json:
        give_json({"version": 1, "runs": runs})
    elif runs:
        for line in runs_table(runs):
            give(line)
    elif has_runs(where.path):
        say(complete("no runs yet; start one with `smithers up FILE`"))
    else:
        say(f"no runs: there is no database at {where.path}")
    return 0
