"""Has an edit of a running run judged in a separate process, before the run takes it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from smithers.checks._confine import Limits
from smithers.checks._looking import look_beside
from smithers.engine.gates import Gates
from smithers.engine.reloading import Judged
from smithers.settings import Found

__all__ = ["judge_edit"]


async def judge_edit(
    file: Path,
    name: str,
    database: Path,
    run_id: str,
    settings: Found,
    environment: Mapping[str, str],
) -> Judged:
    """Whether a run could go on with a file as it is now, and with the settings that its owner has
    read: what was written to a settings file since then counts for nobody who drives it.
    """
    run = {
        "database": str(database),
        "id": run_id,
        "folder": str(settings.folder),
        "settings": [[str(one.path), one.text, one.is_project] for one in settings.files],
    }
    looked = await look_beside(file, name, None, environment, Limits(), run=run)
    errors = [one for one in looked.findings if one["level"] == "error"]
    report = looked.report
    if errors or report is None:
        return Judged(wrong=_told(errors[0]) if errors else looked.failed)
    return Judged(
        source=report["source"],
        paths=tuple(map(Path, report["files"])),
        gates=Gates.from_json(report["gates"]),
    )


def _told(found: dict[str, Any]) -> str:
    """A finding in one line, with its place and what to do."""
    place: dict[str, Any] | None = found["place"]
    where = "" if place is None else f"{place['file']}:{place['line']}:{place['column']}: "
    return f"{where}{found['message']}" + (f" ({found['hint']})" if found["hint"] else "")
