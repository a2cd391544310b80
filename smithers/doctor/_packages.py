"""Whether our packages are ours: their names are generic, and another may stand in front of one."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from _smithers_orchestrator.damage import (
    PACKAGES,
    Claims,
    Damage,
    claims_on,
    find_damage,
    reinstall,
)
from smithers.doctor._finding import Finding

__all__ = ["look_at_packages"]


def look_at_packages(home: Path, path: Sequence[str] | None = None) -> Iterator[Finding]:
    """What is imported under each of our names, in the order of `path`; ours are in `home`."""
    found = list(_foreign(home, sys.path if path is None else path))
    if found:
        yield from found
    else:
        ours = [name for name in PACKAGES if _at(home, name) is not None]
        yield Finding("packages", "ok", f"{' and '.join(ours)} are imported from {home}")


def _foreign(home: Path, path: Sequence[str]) -> Iterator[Finding]:
    claims = claims_on(path)
    damaged = {one.package: one for one in find_damage(home=home, path=path)}
    here = Path.cwd()
    for name in PACKAGES:
        ours = _at(home, name)
        places = _places(name, path)
        within = claims.get((home, name), [])
        if name in damaged:
            yield _damaged(damaged[name])
        elif ours is not None and within:
            yield _claimed(name, ours, within)
        elif ours is not None and places and places[0] != ours:
            yield _shadowed(name, places[0], ours, claims)
        elif others := [one for one in places if one != ours and not _is_copy(one.parent)]:
            yield _also(name, others[0], ours, claims)
        beside = _at(here, name)
        if beside is not None and beside not in (*places, ours) and not _is_copy(here):
            yield Finding(
                "packages",
                "note",
                f"{beside} has the same name as a package of Smithers, which uses its own package",
                f"start runs with the smithers command, not with `python -m`, or rename {name}",
                {"package": name, "path": beside},
            )


def _damaged(one: Damage) -> Finding:
    facts = {
        "package": one.package,
        "path": one.path,
        "distribution": one.owners[0] if one.owners else None,
        "repair": list(one.commands),
    }
    return Finding("packages", "problem", one.said, one.hint, facts)


def _claimed(name: str, ours: Path, by: list[str]) -> Finding:
    """Ours was installed last, so it is whole until the other one is uninstalled."""
    return Finding(
        "packages",
        "note",
        f"{name} in {ours} is also a package of {', '.join(by)}, which takes files of Smithers"
        " along when it is uninstalled",
        f"run `{reinstall()}` after that",
        {"package": name, "path": ours, "distribution": by[0]},
    )


def _shadowed(name: str, at: Path, ours: Path, claims: Claims) -> Finding:
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


def _also(name: str, at: Path, ours: Path | None, claims: Claims) -> Finding:
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


def _places(name: str, path: Sequence[str]) -> list[Path]:
    """Where a package of that name lies on the path, first come first served."""
    folders = dict.fromkeys(Path(entry or ".").resolve() for entry in path)
    found = [at for folder in folders if (at := _at(folder, name)) is not None]
    return [one for one in found if not _is_bare(one)] or found


def _is_copy(home: Path) -> bool:
    """Whether Smithers itself is there once more, as with a checkout beside an installation."""
    return (home / "smithers" / "hub").exists() and (home / "harnesses" / "process").exists()


def _at(folder: Path, name: str) -> Path | None:
    """The package or the module of that name in a folder."""
    for one in (folder / name, folder / f"{name}.py"):
        if (one.is_dir() and any(one.glob("*.py"))) or (one.is_file() and one.suffix == ".py"):
            return one.resolve()
    return None


def _is_bare(one: Path) -> bool:
    """A folder without `__init__.py` yields to any regular package that comes later."""
    return one.is_dir() and not (one / "__init__.py").exists()
