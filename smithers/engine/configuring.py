"""The settings of a folder as a person looks at them, and trust in a project's file of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

from smithers.engine.own_audit import note_own
from smithers.engine.trust import Trusts
from smithers.engine.trust_changes import refuse_to_change_trust
from smithers.errors import Refused, Untrusted
from smithers.secrets import Secrets, is_secret_name
from smithers.settings import (
    Found,
    Origin,
    PoolLimit,
    check_agent,
    load_settings,
    read_project_file,
    refused_keys,
)
from smithers.values import dataclass

__all__ = ["SettingLine", "SettingsView", "refuse_to_agents", "trust_settings", "view_settings"]

_MASK = "***"


@dataclass(frozen=True, kw_only=True)
class SettingLine:
    """A setting, and where it comes from. `is_refused`: it is not used, since this user does not
    trust the file. Secrets in the value are masked.
    """

    key: str
    value: Any
    origin: Origin
    is_refused: bool = False


@dataclass(frozen=True, kw_only=True)
class SettingsView:
    """All settings of a folder, and the files that were read, the one that counts more last."""

    lines: tuple[SettingLine, ...]
    files: tuple[Path, ...]

    @property
    def refused(self) -> Path | None:
        """The file with settings that are not used, if there is one."""
        return next((one.origin.file for one in self.lines if one.is_refused), None)


def view_settings(
    folder: Path, environment: Mapping[str, str], database: Callable[[], Path]
) -> SettingsView:
    """See `Hub.settings`."""
    found = load_settings(folder, environment, None)
    for name in found.values.agents:
        check_agent(found, name)
    refused = set(_refused(found, Trusts(environment)))
    secrets = Secrets(environment)
    lines = tuple(
        SettingLine(
            key=key,
            value=secrets.mask_data(_masked(key.rpartition(".")[2], value)),
            origin=found.origin(key),
            is_refused=key in refused,
        )
        for key, value in _values(found, database)
    )
    return SettingsView(lines=lines, files=tuple(one.path for one in found.files))


def trust_settings(path: Path, environment: Mapping[str, str], database: Path) -> None:
    """See `Hub.trust_settings`."""
    file = read_project_file(path)
    found = load_settings(file.path.parent, {}, lambda _path, _digest: True)
    refuse_to_agents(file.path, environment, database, found.values.db)
    note_own(environment, "trust settings", str(path.absolute()))
    Trusts(environment).add_settings(file.path, file.digest)


def refuse_to_agents(
    path: Path, environment: Mapping[str, str], database: Path, named: str | None = None
) -> None:
    """Raises `Refused` below a run of the databases in or above the folder of a settings file, of
    the one that it names, and of all that `refuse_to_change_trust` looks at.
    """
    above = (folder / ".smithers" / "smithers.db" for folder in path.parents)
    nearest = next((one for one in above if one.exists()), database)
    theirs = [Path(named)] if named else []
    refuse_to_change_trust([database, nearest, *theirs], environment)


def _values(found: Found, database: Callable[[], Path]) -> Iterator[tuple[str, Any]]:
    values = found.values
    yield "db", values.db or str(database())
    yield "max_concurrency", values.max_concurrency
    yield "linger_s", values.linger_s
    yield from ((f"agents.{name}", _short(table)) for name, table in values.agents.items())
    yield from ((f"pools.{name}", _short_pool(one)) for name, one in values.pools.items())
    for name, hook in values.hooks.items():
        yield f"hooks.{name}", hook.model_dump(exclude_defaults=True)


def _short(table: Mapping[str, Any]) -> Any:
    """An agent as it is written most shortly."""
    if table.keys() <= {"adapter", "model"}:
        return ":".join(str(table[key]) for key in ("adapter", "model") if key in table)
    return dict(table)


def _short_pool(one: PoolLimit) -> int | dict[str, int]:
    """A pool as it is written most shortly."""
    if one.machine is None and one.limit is not None:
        return one.limit
    return one.model_dump(exclude_none=True)


def _refused(found: Found, trusts: Trusts) -> Iterator[str]:
    for file in found.files:
        keys = refused_keys(file, partial(_is_trusted, trusts))
        yield from (".".join(key[:2]) for key in keys)


def _is_trusted(trusts: Trusts, path: Path, digest: str) -> bool | None:
    try:
        return trusts.believes_settings(path, digest)
    except (Refused, Untrusted):
        return None


def _masked(name: str, value: object) -> Any:
    """A value without what is secret in it by its name: also a short word, since who writes it
    under such a name says so.
    """
    if isinstance(value, dict):
        items = cast("dict[str, object]", value).items()
        return {key: _masked(key, inner) for key, inner in items}
    if isinstance(value, list):
        listed = cast("list[object]", value)
        befores = ("", *listed)
        return [
            _MASK if _is_option(before) else _masked(name, one)
            for before, one in zip(befores, listed, strict=False)
        ]
    if not isinstance(value, str):
        return value
    if is_secret_name(name) and not name.lower().endswith("_env"):
        return _MASK
    option, equals, text = value.partition("=")
    if equals and text and is_secret_name(option):
        return f"{option}={_MASK}"
    return Secrets({name: value}).mask(value)


def _is_option(given: object) -> bool:
    """Whether an argument is the name of an option whose value, the next one, is a secret."""
    return (
        isinstance(given, str)
        and given.startswith("-")
        and "=" not in given
        and (is_secret_name(given))
    )
