"""A workflow that a program hands over as an object, and whether a file has it.

A row names a file and the workflow in it, so a run can be resumed by any process if the object is a
public global of a module that was imported from a file. Any other object (made in a function, typed
in a REPL, of `python -c`) was made in memory: only a program that has it can resume its run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, cast

from smithers.engine.loading import Loaded, find_named, is_authors, module_name, package_of
from smithers.engine.provenance import sources_of
from smithers.engine.syntax import keep_text
from smithers.errors import Refused
from smithers.sources import Sources, digest_of_files, read_sources
from smithers.store import NewRun
from smithers.tree import name_module
from smithers.workflows import Workflow

__all__ = ["check_same_workflow", "load_given"]

_NO_FILES = Sources(digest=digest_of_files(()), files=())
_imported: dict[Path, Sources] = {}
"""The author's files as they were when a workflow of theirs was first handed over: what is edited
afterwards is not what this process has imported.
"""


def load_given(workflow: Workflow[Any, Any]) -> Loaded:
    """The workflow with its file and the author's files beside it, as far as they are known."""
    if (module := _find_module(workflow)) is None:
        file = Path(workflow.mark.place.file)
        sources = sources_of(file) or _NO_FILES
        name_module(sys.modules["__main__"], "__main__")
        return Loaded(workflow=workflow, file=file, sources=sources, in_memory=True)
    file = Path(str(module.__file__)).resolve()
    name_module(module, module_name(file))
    if file not in _imported:
        _imported[file] = _read(module, file)
    return Loaded(workflow=workflow, file=file, sources=_imported[file])


def check_same_workflow(run: NewRun, workflow: Workflow[Any, Any]) -> None:
    """Raises `Refused` for an object that is not the workflow of the run."""
    if workflow.name != run.workflow:
        raise Refused(
            f"run {run.run_id} is of workflow {run.workflow}, not {workflow.name}",
            hint=f"pass the workflow {run.workflow} as workflow=, or start a new run of"
            f" {workflow.name}",
        )


def _find_module(workflow: Workflow[Any, Any]) -> ModuleType | None:
    """The module of a file from which an import gives this workflow by its name."""
    variables: object = getattr(workflow.function, "__globals__", None)
    if not isinstance(variables, dict):
        return None
    module = sys.modules.get(str(variables.get("__name__")))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  # any dictionary
    if module is None or vars(module) is not variables:
        return None
    file = getattr(module, "__file__", None)
    if not isinstance(file, str) or not file.endswith(".py") or not Path(file).is_file():
        return None
    if module.__package__ and package_of(Path(file).resolve())[0] != module.__package__:
        return None  # of a namespace package, or a package itself: its folder does not tell
    with suppress(Refused):
        if find_named(Path(file), vars(module), workflow.name) is workflow:
            return module
    return None


def _read(module: ModuleType, file: Path) -> Sources:
    """The module's file, and those beside it that it has imported as far as its names tell."""
    files, waiting = {file}, [module]
    while waiting:
        for other in _named_in(waiting.pop()):
            origin = getattr(other, "__file__", None)
            if not isinstance(origin, str) or not is_authors(Path(origin), file.parent):
                continue
            if Path(origin) not in files and Path(origin).is_file():
                files.add(Path(origin))
                waiting.append(other)
    kept = sorted(files)
    found = read_sources(kept, file.parent)
    for path, read in zip(kept, found.files, strict=True):
        if read.text is not None:
            keep_text(str(path), read.text.encode())
    return found


def _named_in(module: ModuleType) -> Iterator[ModuleType]:
    """The modules of what a module's names mean."""
    for value in list(vars(module).values()):
        if isinstance(value, ModuleType):
            yield value
            continue
        made: object = cast("Any", value).function if isinstance(value, Workflow) else value
        if isinstance(made, type | FunctionType) and made.__module__ in sys.modules:
            yield sys.modules[made.__module__]
