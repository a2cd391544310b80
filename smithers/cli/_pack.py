"""The files of `init`: which there are, what is in their places, and how they are written.

`.smithers/pack.json` has a digest of each file as `init` wrote it. So a file that somebody has
edited is known and left, and one that nobody has edited is updated.
"""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib.resources import as_file, files
from pathlib import Path, PurePosixPath
from typing import Literal

from smithers.errors import Refused
from smithers.values import dataclass

__all__ = ["Outcome", "PackFile", "Planned", "plan", "read_pack", "write"]

_PACKAGE = "harnesses.pack"
_RECORD = PurePosixPath(".smithers/pack.json")
_HEAD = '"""'
_AWAY = "move it away, then type `smithers init` again"

Outcome = Literal["created", "updated", "unchanged", "edited", "present"]
"""What happens to a file. `edited` and `present` are left: `init` wrote another text, or none."""


@dataclass(frozen=True, kw_only=True)
class PackFile:
    """A file of the pack. `always` files are needed by each template; a `section` may be added to a
    file that is there.
    """

    target: PurePosixPath
    text: str
    always: bool
    section: bool

    @property
    def template(self) -> str | None:
        """The name by which a workflow is chosen; None for other files."""
        is_workflow = self.target.suffix == ".py" and not self.target.name.startswith("_")
        return self.target.stem if is_workflow else None

    @property
    def summary(self) -> str:
        """What a workflow does, in one line."""
        return self.text.removeprefix(_HEAD).partition("\n")[0].removesuffix(_HEAD)

    @property
    def digest(self) -> str:
        return _digest(self.text.encode())


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A file, and what is done with it."""

    file: PackFile
    outcome: Outcome


def read_pack() -> list[PackFile]:
    """The files of the pack, as the package has them."""
    with as_file(files(_PACKAGE)) as source:
        entries = tomllib.loads((source / "files.toml").read_text("utf-8"))["file"]
        return [
            PackFile(
                target=PurePosixPath(one["target"]),
                text=(source / one["source"]).read_text("utf-8"),
                always=one.get("always", False),
                section=one.get("section", False),
            )
            for one in entries
        ]


def plan(folder: Path, pack: Iterable[PackFile]) -> list[Planned]:
    """What would be done with each file, the record of them last. Raises `Refused` if one cannot
    have its place.
    """
    recorded = _read_record(folder)
    planned = [Planned(file=one, outcome=_outcome(folder, one, recorded)) for one in pack]
    ours = (one.file for one in planned if one.outcome not in ("edited", "present"))
    found = {**recorded, **{str(one.target): one.digest for one in ours}}
    text = json.dumps({"version": 1, "files": dict(sorted(found.items()))}, indent=2) + "\n"
    record = PackFile(target=_RECORD, text=text, always=True, section=False)
    there: Outcome = "updated" if found != recorded else "unchanged"
    outcome = there if (folder / _RECORD).exists() else "created"
    return [*planned, Planned(file=record, outcome=outcome)]


def write(folder: Path, planned: Iterable[Planned]) -> None:
    """Write what is new or old. Raises `Refused` if the system does not permit it."""
    for one in planned:
        if one.outcome in ("created", "updated"):
            _put(folder, one.file.target, one.file.text)


def _outcome(folder: Path, file: PackFile, recorded: Mapping[str, str]) -> Outcome:
    path = folder / file.target
    _check_parents(folder, file.target)
    try:
        if path.is_symlink() or path.is_dir():
            return "present"
        found = _digest(path.read_bytes())
    except FileNotFoundError:
        return "created"
    except OSError as error:
        raise _unusable(path, "read", error) from error
    if found == file.digest:
        return "unchanged"
    written = recorded.get(str(file.target))
    if found == written:
        return "updated"
    return "edited" if written else "present"


def _check_parents(folder: Path, target: PurePosixPath) -> None:
    """Raises `Refused` if a folder of the target is something else, or leads out of the project."""
    for parent in _folders_of(target):
        path = folder / parent
        if not path.exists() and not path.is_symlink():
            return
        if not path.is_dir():
            said = f"{path} is not a folder, so {target} cannot be written"
            raise Refused(said, hint=_AWAY)
        if not path.resolve().is_relative_to(folder.resolve()):
            said = f"{path} is a link to {path.resolve()}, which is outside {folder}"
            raise Refused(said, hint=_AWAY)


def _read_record(folder: Path) -> dict[str, str]:
    """The digests of what `init` has written here, by target."""
    path = folder / _RECORD
    _check_parents(folder, _RECORD)
    try:
        document = json.loads(path.read_bytes())
        return {str(name): str(digest) for name, digest in document["files"].items()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _unusable(path, "read", error) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        said = f"{path} is damaged: {type(error).__name__}: {error}"
        hint = "restore it from git, or remove it: then no file that differs is changed"
        raise Refused(said, hint=hint) from error


def _put(folder: Path, target: PurePosixPath, text: str) -> None:
    """Write a file whole or not at all."""
    path = folder / target
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        _make_folders(folder, target)
        with open(draft, "x", encoding="utf-8", newline="") as file:
            file.write(text)
        os.replace(draft, path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise _unusable(path, "written", error) from error


def _unusable(path: Path, what: str, error: OSError) -> Refused:
    said = f"{path} cannot be {what}: {error.strerror}"
    return Refused(said, hint=f"let this user read and write {path.parent}, on a disk with space")


def _make_folders(folder: Path, target: PurePosixPath) -> None:
    for parent in _folders_of(target):
        # The database comes here too, and a run's data is for its user alone.
        mode = 0o700 if parent == _RECORD.parent else 0o777
        (folder / parent).mkdir(mode=mode, exist_ok=True)


def _folders_of(target: PurePosixPath) -> list[PurePosixPath]:
    """The folders of the project in which a target is, the outer ones first."""
    return list(target.parents)[-2::-1]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
