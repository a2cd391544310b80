"""Whether our packages are ours: their names are generic, and another may stand in front of one."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, distributions
from pathlib import Path

from smithers.doctor._finding import Finding

__all__ = ["look_at_packages"]

_NAMES = ("smithers", "harnesses", "mcp_server")
_OURS = "smithers-orchestrator"


def look_at_packages(home: Path, path: Sequence[str] | None = None) -> Iterator[Finding]:
    """What is imported under each of our names, in the order of `path`; ours are in `home`."""
    found = list(_foreign(home, sys.path if path is None else path))
    if found:
        yield from found
    else:
        ours = [name for name in _NAMES if _at(home, name) is not None]
        yield Finding("packages", "ok", f"{' and '.join(ours)} are imported from {home}")


def _foreign(home: Path, path: Sequence[str]) -> Iterator[Finding]:
    claims = _claims(path)
    here = Path.cwd()
    for name in _NAMES:
        ours = _at(home, name)
        places = _places(name, path)
        within = claims.get((home, name), [])
        if ours is not None and within:
            yield _overwritten(name, ours, within)
        elif ours is not None and places and places[0] != ours:
            yield _shadowed(name, places[0], ours, claims)
        elif others := [one for one in places if one != ours and not _is_copy(one.parent)]:
            yield _also(name, others[0], ours, claims)
        beside = _at(here, name)
        if beside is not None and beside not in (*places, ours) and not _is_copy(here):
            yield Finding(
                "packages",
                "note",
                f"{beside} has the same name as a package of Smithers; workflows import"
                " the one of Smithers",
                f"start runs with the smithers command, not with `python -m`, or rename {name}",
                {"package": name, "path": beside},
            )


def _overwritten(name: str, ours: Path, by: list[str]) -> Finding:
    who = ", ".join(by)
    return Finding(
        "packages",
        "problem",
        f"{name} in {ours} is also a package of {who}, whose files may have replaced ours",
        f"pip uninstall {' '.join(by)}, then pip install --force-reinstall {_OURS}",
        {"package": name, "path": ours, "distribution": by[0]},
    )


def _shadowed(name: str, at: Path, ours: Path, claims: _Claims) -> Finding:
    who = claims.get((at.parent, name), [])
    of = f" of {', '.join(who)}" if who else ""
    way = f"pip uninstall {' '.join(who)}" if who else f"rename {at}"
    return Finding(
        "packages",
        "problem",
        f"{name} is imported from {at}{of}, which comes before ours in {ours}",
        f"{way}, or remove {at.parent} from the path (PYTHONPATH, or the current folder)",
        {"package": name, "path": at, "distribution": who[0] if who else None},
    )


def _also(name: str, at: Path, ours: Path | None, claims: _Claims) -> Finding:
    who = claims.get((at.parent, name), [])
    of = f" of {', '.join(who)}" if who else ""
    first = f"; the one in {ours} comes first" if ours else ""
    return Finding(
        "packages",
        "note",
        f"{at}{of} has the same name as a package of Smithers{first}",
        "a program that needs both needs its own environment",
        {"package": name, "path": at, "distribution": who[0] if who else None},
    )


_Claims = dict[tuple[Path, str], list[str]]


def _claims(path: Sequence[str]) -> _Claims:
    """The distributions but ours that brought a package of one of our names, by its folder."""
    found: _Claims = {}
    for one in distributions(path=[entry or "." for entry in path]):
        named = str(one.metadata["Name"] or "")
        if named.replace("_", "-").lower() == _OURS:
            continue
        folder = Path(str(one.locate_file(""))).resolve()
        for name in _brought(one):
            names = found.setdefault((folder, name), [])
            if named not in names:
                names.append(named)
    return found


def _brought(one: Distribution) -> set[str]:
    tops = {file.parts[0].removesuffix(".py") for file in one.files or () if file.parts}
    if not tops:
        tops = set((one.read_text("top_level.txt") or "").split())
    return tops & set(_NAMES)


def _places(name: str, path: Sequence[str]) -> list[Path]:
    """Where a package of that name lies on the path, first come first served."""
    folders = dict.fromkeys(Path(entry or ".").resolve() for entry in path)
    found = [at for folder in folders if (at := _at(folder, name)) is not None]
    return [one for one in found if not _is_bare(one)] or found


def _is_copy(home: Path) -> bool:
    """Whether Smithers itself is there once more, as with a checkout beside an installation."""
    return (home / "smithers" / "hub.py").exists() and (home / "harnesses" / "process").exists()


def _at(folder: Path, name: str) -> Path | None:
    """The package or the module of that name in a folder."""
    for one in (folder / name, folder / f"{name}.py"):
        if (one.is_dir() and any(one.glob("*.py"))) or (one.is_file() and one.suffix == ".py"):
            return one.resolve()
    return None


def _is_bare(one: Path) -> bool:
    """A folder without `__init__.py` yields to any regular package that comes later."""
    return one.is_dir() and not (one / "__init__.py").exists()
