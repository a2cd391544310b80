"""Dry runs of many files in one process: `python -m tests.dry.sweep`, with a list of them as JSON
on stdin. It prints a line of JSON for each.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import ignore_patterns
from tempfile import TemporaryDirectory
from typing import Any

from smithers.engine.loading import workflows_in
from smithers.errors import Refused, SmithersError
from smithers.hub import Hub
from smithers.workflows import NoInput


@contextmanager
def scratch() -> Generator[None]:
    """In a copy of the folder, since what steps do is done."""
    here = Path.cwd()
    with TemporaryDirectory() as folder:
        shutil.copytree(here, copy := Path(folder) / "copy", ignore=ignore_patterns("__pycache__"))
        os.chdir(copy)
        try:
            yield
        finally:
            os.chdir(here)


def tried(wanted: dict[str, Any], database: Path) -> dict[str, Any]:
    try:
        found = asyncio.run(Hub(database).dry_run(**wanted, run_id="dry"))
        if found.status == "failed" and found.guessed:  # as it says: a step has no type of output
            with scratch():
                found = asyncio.run(Hub(database).dry_run(**wanted, run_id="dry", runs_steps=True))
    except SmithersError as error:
        return {"file": wanted["file"], "status": "refused", "why": str(error), "tasks": []}
    tasks = [[one.task, one.kind, one.agent, one.times] for one in found.tasks]
    return {"file": wanted["file"], "status": found.status, "why": found.why, "tasks": tasks}


def main() -> None:
    database = Path.cwd() / "none.db"
    for wanted in json.load(sys.stdin):
        os.chdir(wanted.pop("folder"))
        if wanted.get("script"):
            wanted["script"] = tuple(wanted["script"])
        inputs = wanted.pop("inputs", None)
        for each in [wanted] if inputs is None else every(wanted["file"], inputs):
            each["script"] = wanted.get("script")
            sys.stdout.write(json.dumps(tried(each, database)) + "\n")


def every(file: str, inputs: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Each workflow of a file, with the input that its name needs."""
    with suppress(Refused):  # it contains none
        for name, workflow in workflows_in(Path(file)).items():
            given = None if workflow.input is NoInput else inputs.get(workflow.name)
            yield {"file": file, "name": name, "input": given}


if __name__ == "__main__":
    main()
