"""Which other distribution has written into our packages, and which files of ours are missing.

The names `smithers`, `harnesses` and `mcp_server` are generic: a distribution that has one of them
writes into the same folder, and takes our files along when it is uninstalled.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _smithers_orchestrator import NAME

if TYPE_CHECKING:
    from importlib.metadata import Distribution

__all__ = ["PACKAGES", "Claims", "Damage", "blame", "claims_on", "find_damage", "reinstall"]

PACKAGES = ("smithers", "harnesses", "mcp_server")
Claims = dict[tuple[Path, str], list[str]]
"""The other distributions that brought a package of one of our names, by its folder and name."""


@dataclass(frozen=True, kw_only=True)
class Damage:
    """A package of ours in which files are missing, or were replaced by those of `owners`."""

    package: str
    path: Path
    owners: tuple[str, ...]
    missing: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """What happened to it."""
        files = _counted((*self.replaced, *self.missing)) or "files"
        if not self.owners:
            return f"the package {self.package} lacks {files}, in {self.path}"
        owners = " and ".join(self.owners)
        return (
            f"the distribution {owners} replaced {files} of the package {self.package} of Smithers,"
            f" in {self.path}"
        )

    @property
    def commands(self) -> tuple[str, ...]:
        """What repairs it, in this order."""
        away = f"{_pip('uninstall', '-y')} {' '.join(map(shlex.quote, self.owners))}"
        return (*([away] if self.owners else []), reinstall())

    @property
    def hint(self) -> str:
        """The commands as the rest of a sentence."""
        apart = f"; keep {' and '.join(self.owners)} in another environment" if self.owners else ""
        return f"run {', then '.join(f'`{one}`' for one in self.commands)}{apart}"


def blame(error: BaseException) -> Damage | None:
    """The damage that an error comes from: one of a package that it names, or in which it arose."""
    names = {str(getattr(error, "name", None) or "").partition(".")[0]}
    names.add(getattr(getattr(error, "obj", None), "__name__", "").partition(".")[0])
    trace = error.__traceback__
    while trace is not None:
        names.add(str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0])
        trace = trace.tb_next
    named = names.intersection(PACKAGES)
    return next(iter(find_damage(*named)), None) if named else None


def find_damage(
    *packages: str, home: Path | None = None, path: Sequence[str] | None = None
) -> list[Damage]:
    """Those of our packages in `home`, or of the named ones, that another distribution wrote into,
    or that lost files.

    A package that is whole is none of them, even if another distribution lays claim to it.
    """
    wanted = [one for one in PACKAGES if one in packages or not packages]
    if not wanted:
        return []
    home = home or _home()
    ours, claims = _ours(home, path), claims_on(path)
    found: list[Damage] = []
    for package in wanted:
        owners = tuple(claims.get((home, package), ()))
        missing, replaced = _differences(ours, package) if ours is not None else ((), ())
        if missing or (replaced and owners) or (owners and ours is None):
            at = home / package
            files = {"missing": missing, "replaced": replaced}
            found.append(Damage(package=package, path=at, owners=owners, **files))
    return found


def claims_on(path: Sequence[str] | None = None) -> Claims:
    """Which other distributions brought packages of our names."""
    found: Claims = {}
    for one in _distributions(path):
        # The name is in a file that takes longer to read than the list of all other files.
        if (brought := _brought(one)) and (name := _name_of(one)) != NAME:
            home = Path(str(one.locate_file(""))).resolve()
            for package in brought:
                found.setdefault((home, package), []).append(name)
    return {key: list(dict.fromkeys(names)) for key, names in found.items()}


def reinstall() -> str:
    """The command that puts all of our files back, from where they came."""
    return f"{_pip('install')} --force-reinstall --no-deps {shlex.quote(_source())}"


def _home() -> Path:
    return Path(__file__).resolve().parents[1]


def _source() -> str:
    """The name, or the file or address that this distribution was installed from."""
    ours = _ours(_home(), None, whole=False)
    text = ours.read_text("direct_url.json") if ours is not None else None
    told: dict[str, Any] = json.loads(text) if text else {}
    url, fetched = str(told.get("url", "")), told.get("vcs_info")
    if fetched:
        return f"{fetched['vcs']}+{url}@{fetched['commit_id']}"
    local = Path(url.removeprefix("file://"))
    return NAME if not url or (url.startswith("file:") and not local.exists()) else url


def _pip(*words: str) -> str:
    from importlib.util import find_spec

    python, said = shlex.quote(sys.executable), " ".join(words)
    if find_spec("pip") is not None:
        return f"{python} -m pip {said}"
    return f"uv pip {said.removesuffix(' -y')} --python {python}"


def _ours(home: Path, path: Sequence[str] | None, *, whole: bool = True) -> Distribution | None:
    """Our distribution in that folder; with `whole`, only if it lists the files of its packages."""
    for one in _distributions(path):
        if Path(str(one.locate_file(""))).resolve() != home or _name_of(one) != NAME:
            continue
        if not whole or any(name.partition("/")[0] in PACKAGES for name in _record(one)):
            return one
    return None


def _differences(ours: Distribution, package: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The files of a package that are not there, and those that are not as they were installed."""
    import base64
    import hashlib

    missing: list[str] = []
    replaced: list[str] = []
    for name, hashed in _record(ours).items():
        if not name.startswith(f"{package}/") or not hashed.startswith("sha256="):
            continue
        at = Path(str(ours.locate_file(name)))
        try:
            digest = hashlib.sha256(at.read_bytes()).digest()
        except OSError:
            missing.append(at.name)
        else:
            found = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            replaced += [at.name] if f"sha256={found}" != hashed else []
    return tuple(missing), tuple(replaced)


def _record(one: Distribution) -> dict[str, str]:
    """The files that were installed, each with its hash; `files` leaves out those that are gone."""
    import csv

    rows = csv.reader((one.read_text("RECORD") or "").splitlines())
    return {row[0]: row[1] for row in rows if len(row) > 1}


def _distributions(path: Sequence[str] | None) -> Iterator[Distribution]:
    from importlib.metadata import distributions

    return iter(distributions(path=[one or "." for one in (sys.path if path is None else path)]))


def _name_of(one: Distribution) -> str:
    return str(one.metadata["Name"] or "").replace("_", "-").lower()


def _brought(one: Distribution) -> set[str]:
    listed = one.read_text("RECORD") or ""
    if listed and not any(package in listed for package in PACKAGES):
        return set()  # most of them: taking each list apart takes ten times longer
    tops = {name.partition("/")[0].removesuffix(".py") for name in _record(one)}
    if not tops:
        tops = set((one.read_text("top_level.txt") or "").split())
    return tops & set(PACKAGES)


def _counted(names: Sequence[str]) -> str:
    if len(names) <= 2:
        return " and ".join(names)
    return f"{names[0]} and {len(names) - 1} more files"
