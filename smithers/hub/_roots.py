"""Which files a server may start: those below the folders that it was given, and no others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from smithers.errors import Ambiguous, NotThere, OutsideRoots
from smithers.values import dataclass

if TYPE_CHECKING:
    from smithers.hub._looking import Looking

__all__ = ["Roots", "Startable"]

_FOLDER = Path(".smithers", "workflows")
_FEW = 10


@dataclass(frozen=True, kw_only=True)
class Startable:
    """A workflow to start: its file, which of the file's it is, and the folder where it runs. A
    source has no file yet.
    """

    file: Path
    name: str | None
    folder: Path
    is_source: bool = False


class Roots:
    """The folders that workflows come from and run in; the first is the default."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = tuple(dict.fromkeys(folder.resolve() for folder in folders))

    def files(self) -> list[Path]:
        """The workflow files of all roots, those in their `.smithers/workflows`."""
        return [
            path
            for root in self.folders
            for path in sorted((root / _FOLDER).glob("*.py"))
            if not path.name.startswith("_") and self._holds(path) and path.is_file()
        ]

    def folder(self, cwd: str | None) -> Path:
        """The folder in which to run. Raises `OutsideRoots` or `NotThere`."""
        folder = self.folders[0] / (cwd or ".")
        if not self._holds(folder):
            raise self._outside(str(cwd))
        if not _exists(folder.is_dir):
            raise NotThere(f"there is no folder {folder}", hint="leave out cwd, or correct it")
        return folder.resolve()

    def find(self, hub: Looking, workflow: str, cwd: str | None) -> Startable:
        """What is meant by a name or by `FILE.py[:NAME]`. Raises `OutsideRoots`, `NotThere`, or
        `Ambiguous` if several workflows have the name.
        """
        folder = self.folder(cwd)
        file, name = _split(workflow)
        if file is None:
            return self._named(hub, workflow, folder)
        path = folder / file
        if not self._holds(path):
            raise self._outside(file)
        if not _exists(path.is_file):
            raise NotThere(
                f"there is no file {path}",
                hint="a relative file is looked for in cwd, else in the first folder of the server",
            )
        return Startable(file=path.resolve(), name=name, folder=folder)

    def _named(self, hub: Looking, workflow: str, folder: Path) -> Startable:
        """By the name of its file, else by its own name or its variable's."""
        stem, _, name = workflow.partition(":")
        files = self.files()
        of_stem = [path for path in files if path.stem == stem]
        found = [Startable(file=one.resolve(), name=name or None, folder=folder) for one in of_stem]
        if not found:
            found = [
                Startable(file=Path(one["file"]).resolve(), name=one["name"], folder=folder)
                for one in hub.workflows(files)
                if "error" not in one and workflow in (one["workflow"], one["name"])
            ]
        if len(found) == 1:
            return found[0]
        if found:
            paths = ", ".join(str(one.file) for one in found)
            said = f"several workflows are named {workflow!r}: {paths}"
            raise Ambiguous(said, hint="name the file, as in FILE.py:NAME")
        near = _nearest(workflow, [path.stem for path in files])
        raise NotThere(
            f"there is no workflow {workflow!r} in {_FOLDER}" + (f"; {near}" if near else ""),
            hint="name a file, as in ship_it.py or ship_it.py:NAME",
        )

    def _holds(self, path: Path) -> bool:
        try:
            real = path.resolve()
        except (OSError, RuntimeError, ValueError):
            return False
        return any(real.is_relative_to(root) for root in self.folders)

    def _outside(self, path: str) -> OutsideRoots:
        return OutsideRoots(
            f"{path} is outside the folders that this server may use:"
            f" {', '.join(map(str, self.folders))}",
            hint="use a path below them; a person may allow more with --root DIR in its command",
        )


def _exists(look: Callable[[], bool]) -> bool:
    """What a look finds; a path that is too long for this system is not there."""
    try:
        return look()
    except OSError:
        return False


def _nearest(given: str, names: Sequence[str]) -> str:
    """The name that was meant, in words; else the first of them."""
    if near := get_close_matches(given, names, n=1):
        return f"did you mean {near[0]!r}?"
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return f"there are: {', '.join(names[:_FEW])}{more}" if names else ""


def _split(workflow: str) -> tuple[str | None, str | None]:
    """A file and a name in it; no file where a workflow is meant by its name."""
    file, colon, name = workflow.rpartition(":")
    if colon and file.endswith(".py"):
        return file, name or None
    if workflow.endswith(".py") or "/" in workflow or "\\" in workflow:
        return workflow, None
    return None, None
