"""A workflow's file and what it imports, loaded again in a process that has loaded them before."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType

from smithers.engine.loading import (
    Loaded,
    SourceLoader,
    forget_files,
    is_authors,
    load_workflow,
)
from smithers.engine.syntax import restoring_texts
from smithers.errors import AuthorError
from smithers.sources import Sources

__all__ = ["load_edited"]


@contextmanager
def load_edited(file: Path, name: str, sources: Sources) -> Generator[Loaded]:
    """The workflow of exactly these texts. Modules of before are imported again; what runs keeps
    those that it has. Raises as `load_workflow`; then, and if the block raises, all is as it was.
    """
    folder = file.parent
    texts = {
        str(folder / one.path): None if one.text is None else one.text.encode()
        for one in sources.files
    }
    with _forgotten(file), restoring_texts():
        with _found_in(file, texts):
            loaded = load_workflow(file, name)
        if {one.path for one in loaded.sources.files} != {one.path for one in sources.files}:
            raise _other_files(file)
        yield Loaded(workflow=loaded.workflow, file=loaded.file, sources=sources)


def _other_files(file: Path) -> AuthorError:
    return AuthorError(f"{file.name} imports other files than a moment ago")


@contextmanager
def _forgotten(file: Path) -> Generator[None]:
    """Inside it, the author's modules are imported again. If it raises, those of
    before are back.
    """
    files = forget_files(file)
    before = {name: one for name, one in sys.modules.items() if _file_of(one) in files}
    for name in before:
        del sys.modules[name]
    known = set(sys.modules)
    try:
        yield
    except BaseException:
        for name in set(sys.modules) - known:
            made = _file_of(sys.modules[name])
            if made is not None and is_authors(made, file.parent):
                del sys.modules[name]
        sys.modules.update(before)
        forget_files(file, files)
        raise


@contextmanager
def _found_in(file: Path, texts: Mapping[str, bytes | None]) -> Generator[None]:
    """Inside it, the author's modules are imported from these texts."""
    finder = _Finder(file, texts)
    importlib.invalidate_caches()
    sys.meta_path.insert(0, finder)
    SourceLoader.texts = {path: text for path, text in texts.items() if text is not None}
    try:
        yield
    finally:
        SourceLoader.texts = {}
        sys.meta_path.remove(finder)


def _file_of(module: ModuleType) -> Path | None:
    file = getattr(module, "__file__", None)
    return Path(file) if isinstance(file, str) else None


class _Finder:
    """Finds the modules whose texts are known, and has them compiled from these. Another one of the
    author's has not been judged, so nothing of it is executed.
    """

    def __init__(self, file: Path, texts: Mapping[str, bytes | None]) -> None:
        self._file, self._texts = file, texts

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.origin is None:
            return None
        if spec.origin not in self._texts:
            if is_authors(Path(spec.origin), self._file.parent):
                raise _other_files(self._file)
            return None
        if isinstance(spec.loader, SourceFileLoader):
            spec.loader = SourceLoader(fullname, spec.origin)
        return spec
