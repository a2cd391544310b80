"""A workflow's file and what it imports, loaded again in a process that has loaded them before."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType

from smithers.engine.loading import Loaded, SourceLoader, forget_files, load_workflow
from smithers.errors import AuthorError
from smithers.sources import Sources

__all__ = ["load_edited"]


def load_edited(file: Path, name: str, sources: Sources) -> Loaded:
    """The workflow of exactly these texts. Modules of before are imported again; what runs keeps
    those that it has. Raises as `load_workflow`, and then all is as it was.
    """
    folder = file.parent
    texts = {str(folder / one.path): one.text.encode() for one in sources.files if one.text}
    with _forgotten(file, texts):
        loaded = load_workflow(file, name)
        if {one.path for one in loaded.sources.files} != {one.path for one in sources.files}:
            raise AuthorError(f"{file.name} imports other files than a moment ago")
    return Loaded(workflow=loaded.workflow, file=loaded.file, sources=sources)


@contextmanager
def _forgotten(file: Path, texts: Mapping[str, bytes]) -> Generator[None]:
    """Inside it, the author's modules are imported from these texts; if it fails, those of before
    are back.
    """
    files = forget_files(file)
    before = {name: one for name, one in sys.modules.items() if _file_of(one) in files}
    for name in before:
        del sys.modules[name]
    known, finder = set(sys.modules), _Finder(texts)
    importlib.invalidate_caches()
    sys.meta_path.insert(0, finder)
    SourceLoader.texts = texts
    try:
        yield
    except BaseException:
        for name in set(sys.modules) - known:
            if name in before or _file_of(sys.modules[name]) in files:
                del sys.modules[name]
        sys.modules.update(before)
        forget_files(file, files)
        raise
    finally:
        SourceLoader.texts = {}
        sys.meta_path.remove(finder)


def _file_of(module: ModuleType) -> Path | None:
    file = getattr(module, "__file__", None)
    return Path(file) if isinstance(file, str) else None


class _Finder:
    """Finds the modules whose texts are known, and has them compiled from these."""

    def __init__(self, texts: Mapping[str, bytes]) -> None:
        self._texts = texts

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.origin is None or spec.origin not in self._texts:
            return None
        if isinstance(spec.loader, SourceFileLoader):
            spec.loader = SourceLoader(fullname, spec.origin)
        return spec
