"""A run that is resumed comes back to its file, its workflow and its input."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel

from smithers.engine.inputs import input_text
from smithers.engine.loading import Loaded, load_workflow
from smithers.engine.reimporting import load_edited
from smithers.errors import Refused
from smithers.naming import resume_in_program
from smithers.sources import Sources
from smithers.store import NewRun, RunRow

__all__ = ["check_input", "load_again", "load_as", "stored_input"]


def check_input(run: NewRun, given: str | None) -> None:
    """Raise `Refused` for an input that differs from that of the run."""
    if given is None:
        return
    if json.loads(input_text(given)) != json.loads(run.input):
        raise Refused(
            f"run {run.run_id} was started with a different input",
            hint="leave out --input to use the stored input, or start a new run",
        )


def stored_input(loaded: Loaded, text: str) -> BaseModel:
    """The input that the run was started with. Raises `Refused` if the model does not take it."""
    try:
        given: BaseModel = loaded.workflow.parse_input(text)
    except Refused as error:
        raise Refused(
            error.said,
            hint="a run keeps the input that it was started with: change the model to"
            " accept it, or start a new run",
        ) from error
    return given


def load_again(run: RunRow, file: str | None, name: str | None) -> Loaded:
    """The workflow of a run, from its own file or from another. Raises `Refused`."""
    if file is None and run.is_made_in_memory:
        raise Refused(
            f"run {run.run_id} cannot be resumed from a file: its workflow {run.workflow} was made"
            " in the memory of a program",
            hint=resume_in_program(run.run_id),
        )
    path = Path(run.file if file is None else file)
    if file is None and not path.exists():
        raise Refused(
            f"the file of run {run.run_id} no longer exists: {path}",
            hint="restore it, or name the file that now contains the workflow: `smithers"
            f" up FILE --run-id {run.run_id} --resume`",
        )
    loaded = _same_workflow(path, run) if name is None else load_workflow(path, name)
    if loaded.workflow.name != run.workflow:
        raise Refused(
            f"run {run.run_id} is of workflow {run.workflow}, not {loaded.workflow.name}",
            hint=f"name a file with the workflow {run.workflow}, or leave out --resume and"
            f" start {loaded.workflow.name} with another --run-id",
        )
    return loaded


def load_as(run: RunRow, sources: Sources) -> Loaded:
    """The workflow of a run with the code that a process has driven it with, which is loaded again:
    not as its files are now. Raises as `load_again`.
    """
    with load_edited(Path(run.file), run.workflow, sources) as loaded:
        return loaded


def _same_workflow(path: Path, run: RunRow) -> Loaded:
    """The run's workflow by its name, or the only one of the file."""
    try:
        return load_workflow(path, run.workflow)
    except Refused:
        return load_workflow(path)
