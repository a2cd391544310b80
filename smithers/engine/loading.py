"""A workflow from a file: found, imported, and its errors told with their lines."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterable, Mapping
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, ClassVar

from smithers.engine.syntax import keep_text
from smithers.errors import AuthorError, Place, Refused, SmithersError
from smithers.sources import Sources, read_sources
from smithers.tree import explain, place_of_error
from smithers.values import dataclass
from smithers.workflows import Workflow

__all__ = [
    "BOUND_FIRST",
    "Loaded",
    "SourceLoader",
    "find_named",
    "forget_files",
    "is_authors",
    "load_variables",
    "load_workflow",
    "module_name",
    "package_of",
    "workflows_in",
]

BOUND_FIRST = ("smithers", "harnesses")


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A workflow, and the author's files that it came with."""

    workflow: Workflow[Any, Any]
    file: Path
    sources: Sources
    in_memory: bool = False
    """Whether no file has the workflow: it is an object that a program made, see `given`."""

    @property
    def source(self) -> str:
        """The digest of the files."""
        return self.sources.digest


def load_workflow(file: Path, name: str | None = None) -> Loaded:
    """The workflow of a file; `name` picks one of several, by its variable or its own name.

    Raises `Refused` where there is no such file or name, and `AuthorError` for a file that cannot
    be imported.
    """
    before = set(sys.modules)
    workflow = _pick(file, _found(file), name)
    return Loaded(workflow=workflow, file=file.resolve(), sources=_sources(file.resolve(), before))


def workflows_in(file: Path) -> dict[str, Workflow[Any, Any]]:
    """The workflows that are written in a file, or else that it imports, by their variables.

    Raises `Refused` where there is no such file or no workflow in it, and `AuthorError`.
    """
    found = _own(file, _found(file))
    if not found:
        raise _no_workflow(file)
    return found


def load_variables(file: Path) -> dict[str, Any]:
    """The globals of a file. Raises `Refused` if it does not exist, and `AuthorError`."""
    if not file.is_file():
        what = "is a folder" if file.is_dir() else "does not exist"
        raise Refused(f"{file} {what}", hint="name a Python file that contains a workflow")
    return vars(_import(file.resolve()))


def _found(file: Path) -> dict[str, Workflow[Any, Any]]:
    return _workflows(load_variables(file))


def _workflows(variables: Mapping[str, Any]) -> dict[str, Workflow[Any, Any]]:
    return {
        variable: value
        for variable, value in variables.items()
        if isinstance(value, Workflow) and not variable.startswith("_")
    }


def find_named(file: Path, variables: Mapping[str, Any], name: str) -> Workflow[Any, Any]:
    """What `load_workflow` finds by a name among the globals of a file. Raises `Refused`."""
    return _pick(file, _workflows(variables), name)


def _own(file: Path, found: dict[str, Workflow[Any, Any]]) -> dict[str, Workflow[Any, Any]]:
    here = {key: one for key, one in found.items() if one.mark.place.file == str(file.resolve())}
    return here or found


class SourceLoader(SourceFileLoader):
    """Loads the file as it is now, or as one of `texts`. Python compares its cached bytecode by
    size and second alone, so an edit right after a start could run the old code.
    """

    texts: ClassVar[Mapping[str, bytes]] = {}

    def get_data(self, path: str) -> bytes:
        text = self.texts.get(path)
        return super().get_data(path) if text is None else text

    def path_stats(self, path: str) -> Mapping[str, Any]:
        """Raises `OSError`, by which Python neither reads nor writes a cache."""
        raise OSError(f"{path} is not cached")


def _import(file: Path) -> ModuleType:
    for package in BOUND_FIRST:  # before the folder joins the path: its names are generic
        with contextlib.suppress(Exception):  # one of another distribution: who needs it is told
            importlib.import_module(package)
    if (folder := str(file.parent)) not in sys.path:
        sys.path.insert(0, folder)
    package, root = package_of(file)
    if package and str(root) not in sys.path:  # last: the names beside a package are generic
        sys.path.append(str(root))
    name = module_name(file)
    loader = SourceLoader(name, str(file))
    spec = spec_from_loader(name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except SyntaxError as error:
        place = Place(
            file=error.filename or str(file), line=error.lineno or 1, column=error.offset or 1
        )
        hint = f"correct the line: {(error.text or '').strip()}"
        raise AuthorError(f"not valid Python: {error.msg}", place=place, hint=hint) from error
    except SmithersError:
        raise
    except (Exception, SystemExit) as error:
        from _smithers_orchestrator.damage import blame

        if damage := blame(error):
            raise Refused(f"cannot import {file.name}: {damage.said}", hint=damage.hint) from error
        explained = explain(error)
        raise AuthorError(
            f"cannot import {file.name}: {explained.said}",
            place=place_of_error(error, str(file.parent)),
            hint=explained.hint,
        ) from error
    return module


def _pick(file: Path, found: dict[str, Workflow[Any, Any]], name: str | None) -> Workflow[Any, Any]:
    candidates = _own(file, found)
    names = ", ".join(sorted(candidates))
    if name is not None:
        for variable, one in found.items():
            if name in (variable, one.name):
                return one
        raise Refused(
            f"{file} has no workflow {name!r}",
            hint=f"it contains: {names}" if names else _HOW,
        )
    different = list({id(one): one for one in candidates.values()}.values())
    if not different:
        raise _no_workflow(file)
    if len(different) > 1:
        first = sorted(candidates)[0]
        raise Refused(
            f"{file} has {len(different)} workflows: {names}",
            hint=f"name one, for example {file}:{first}",
        )
    return different[0]


def _no_workflow(file: Path) -> SmithersError:
    """A function of the file that takes a context is probably meant to be one."""
    said, full = f"{file} contains no workflow", str(file.resolve())
    for value in vars(sys.modules[module_name(file)]).values():
        code = value.__code__ if isinstance(value, FunctionType) else None
        if code is None or code.co_filename != full or code.co_varnames[:1] != ("ctx",):
            continue
        place = Place(file=full, line=code.co_firstlineno, column=1)
        return AuthorError(said, place=place, hint=f"put @workflow above def {code.co_name}")
    return Refused(said, hint=_HOW)


def module_name(file: Path) -> str:
    """The name under which a file is imported: in its package, if it is in one, so that relative
    imports work.
    """
    package, _ = package_of(file.resolve())
    return f"{package}._workflow_{file.stem}" if package else f"_workflow_{file.stem}"


def package_of(file: Path) -> tuple[str, Path]:
    """The package that a module's file is in, empty if it is in none, and the folder from which it
    is imported.
    """
    folder, names = file.parent, list[str]()
    while (folder / "__init__.py").is_file() and folder.name.isidentifier():
        names.insert(0, folder.name)
        folder = folder.parent
    return ("", file.parent) if file.stem == "__init__" else (".".join(names), folder)


_HOW = "put @workflow on a function that takes a Context and returns a node"


_imported: dict[Path, set[Path]] = {}
"""The files beside a workflow's file that it has imported in this process, in which a second load
imports none of them again.
"""


def _sources(file: Path, before: set[str]) -> Sources:
    """The file, and the modules beside it that it imported."""
    files = _imported.setdefault(file, {file})
    for name in set(sys.modules) - before:
        origin = getattr(sys.modules[name], "__file__", None)
        if isinstance(origin, str) and is_authors(Path(origin), file.parent):
            files.add(Path(origin))
    kept = sorted(one for one in files if one.is_file())
    found = read_sources(kept, file.parent)
    for path, read in zip(kept, found.files, strict=True):
        if read.text is not None:
            keep_text(str(path), read.text.encode())
    return found


def forget_files(file: Path, known: Iterable[Path] = ()) -> set[Path]:
    """Have the next load import what `file` imports again; the files that it has imported. `known`
    are those of a load before.
    """
    found = _imported.pop(file, {file})
    if known:
        _imported[file] = {*known}
    return found


def is_authors(module: Path, folder: Path) -> bool:
    """Whether a module is the author's, and not one that is installed in an environment there."""
    if not module.is_relative_to(folder):
        return False
    return not {"site-packages", "dist-packages"} & set(module.relative_to(folder).parts)
