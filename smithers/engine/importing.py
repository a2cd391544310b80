"""Which files of the author's a workflow's file imports, by what is written; nothing is executed.

Also the places where a file that is not there would be imported instead: a package `foo` counts
before `foo.py`, and a `yaml.py` beside the file before the one that is installed.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import BYTECODE_SUFFIXES, EXTENSION_SUFFIXES, SOURCE_SUFFIXES
from importlib.util import resolve_name
from pathlib import Path
from typing import Final

from smithers.engine.loading import BOUND_FIRST, is_authors, package_of

__all__ = ["Imports"]

_SUFFIXES: Final = (*EXTENSION_SUFFIXES, *SOURCE_SUFFIXES, *BYTECODE_SUFFIXES)
"""In the order in which Python looks for them."""


class Imports:
    """What a file imports, directly or through what it imports: `files`, itself among them, and
    the `free` places of others.
    """

    def __init__(self, file: Path) -> None:
        package, root = package_of(file)
        self._folder = file.parent
        above = [root] if package else []
        below = (one for one in map(Path, sys.path) if one.is_relative_to(self._folder))
        self._roots = tuple(dict.fromkeys((self._folder, *above, *below)))
        self._places: dict[str, tuple[Path, ...]] = {}
        """Of each name the folders in which what is below it is looked for."""
        self.files = {file}
        self.free = set[Path]()
        self._waiting = [(file, package)]
        while self._waiting:
            for name in _names(*self._waiting.pop()):
                self._find(name)

    def _find(self, name: str) -> tuple[Path, ...]:
        if name not in self._places:
            above, _, last = name.rpartition(".")
            places = self._find(above) if above else self._roots_of(name)
            self._places[name] = self._look(name, last, places)
        return self._places[name]

    def _roots_of(self, name: str) -> tuple[Path, ...]:
        """None for what this process has from elsewhere: it is not imported again."""
        if name in BOUND_FIRST:
            return ()
        known = sys.modules.get(name)
        file = getattr(known, "__file__", None)
        if known is None or (isinstance(file, str) and is_authors(Path(file), self._folder)):
            return self._roots
        return self._roots if file is None and hasattr(known, "__path__") else ()

    def _look(self, name: str, last: str, places: Sequence[Path]) -> tuple[Path, ...]:
        for place in places:
            inside = place / last
            for suffix in _SUFFIXES:
                if self._is_there(inside / f"__init__{suffix}", name):
                    return (inside,)
            for suffix in _SUFFIXES:
                if self._is_there(place / f"{last}{suffix}", name.rpartition(".")[0]):
                    return ()
        return tuple(one for place in places if (one := place / last).is_dir())

    def _is_there(self, file: Path, package: str) -> bool:
        found, ours = file.is_file(), is_authors(file, self._folder)
        if ours and not found:
            self.free.add(file)
        elif ours and file not in self.files:
            self.files.add(file)
            self._waiting.append((file, package))
        return found


def _names(file: Path, package: str) -> Iterator[str]:
    """All that may be a module of what a file imports; nothing of one that is not Python."""
    try:
        nodes = list(ast.walk(ast.parse(file.read_bytes())))
    except (OSError, SyntaxError, ValueError, RecursionError):
        return
    for node in nodes:
        match node:
            case ast.Import():
                yield from (one.name for one in node.names)
            case ast.ImportFrom():
                try:
                    base = resolve_name("." * node.level + (node.module or ""), package)
                except ImportError:  # beyond the package: the load says so
                    continue
                yield base
                yield from (f"{base}.{one.name}" for one in node.names if one.name != "*")
            case _:
                pass
