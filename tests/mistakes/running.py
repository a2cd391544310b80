"""What an author hears of a file: of its import, its first render, or the run."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from smithers.adapters import NAMED_AGENTS
from smithers.engine.loading import load_workflow
from smithers.errors import AuthorError
from smithers.settings import NamedAgents, load_settings
from tests.rules.runs import Run

__all__ = ["Outcome", "outcome"]

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}")


@dataclass(frozen=True)
class Outcome:
    """How it went. `place` is LINE:COLUMN of the author's file, or what else was named."""

    status: str
    place: str = ""
    said: str = ""
    hint: str = ""


def outcome(folder: Path, text: str) -> Outcome:
    """Load the file, and run its workflow in memory."""
    file = folder / "flow.py"
    file.write_text(text)
    token = NAMED_AGENTS.set(NamedAgents(load_settings(folder, {}, None)))
    try:
        run = Run(load_workflow(file).workflow, linger_s=0.0)
        run.settings = replace(run.settings, folder=folder)
        ended = run.go()
    except AuthorError as error:
        place = "" if error.place is None else str(error.place)
        said = error.said.removeprefix(f"{place}: ")
        return _plain(folder, "refused", place, said, error.hint)
    finally:
        NAMED_AGENTS.reset(token)
    errors = [end.error for end in run.state.ended.values() if end.error is not None]
    failure = errors[0] if errors else ended.error
    if failure is None:
        return Outcome(ended.status)
    return _plain(folder, ended.status, failure.place or "", failure.message, failure.hint)


def _plain(folder: Path, status: str, place: str, said: str, hint: str) -> Outcome:
    """Without what differs from machine to machine."""

    def plain(text: str) -> str:
        text = (
            text.replace(f"{folder}/", "")
            .replace(str(folder), "FOLDER")
            .replace(sys.executable, "PYTHON")
        )
        return _UUID.sub("UUID", text)

    return Outcome(status, plain(place).removeprefix("flow.py:"), plain(said), plain(hint))
