"""The settings that hold in a folder, and where each of them comes from."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from smithers.errors import Refused, Untrusted
from smithers.settings.files import SettingsFile, find_project_file, find_user_file, read_file
from smithers.texts import near_name
from smithers.values import dataclass

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

    from smithers.settings.keys import Values

__all__ = [
    "Found",
    "IsTrusted",
    "Origin",
    "load_settings",
    "must",
    "named_database",
    "nearest",
    "people_of",
    "refused_keys",
]

IsTrusted = Callable[[Path, str], bool | None]
"""Whether this user trusts the file at a path with a digest; None if no file there ever was."""
_NAMED = ("agents", "hooks", "people", "pools")
"""Tables whose keys are names that the user gives; files add to them."""
_FREE = ("adapter", "model")
"""What a project's file may say of an agent without being trusted: it can neither name a program or
an address nor allow the agent more than it may do by default.
"""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a value comes from: a line of a file, a variable, or the default."""

    kind: str
    file: Path | None = None
    line: int | None = None
    variable: str | None = None

    def __str__(self) -> str:
        if self.file is not None:
            return f"{self.file}:{self.line}"
        return self.variable or "default"


_DEFAULT = Origin(kind="default")


@dataclass(frozen=True, kw_only=True)
class Found:
    """The settings of a folder, the files that they come from, the project's last, and the origin
    of each key that is not a default; `agents.NAME` is the key of a name.
    """

    values: Values
    files: tuple[SettingsFile, ...]
    origins: Mapping[str, Origin]
    folder: Path

    def origin(self, key: str) -> Origin:
        return self.origins.get(key, _DEFAULT)

    def file_of(self, key: str) -> SettingsFile | None:
        path = self.origin(key).file
        return next((one for one in self.files if one.path == path), None)


def load_settings(
    folder: Path,
    environment: Mapping[str, str],
    is_trusted: IsTrusted | None,
    files: Iterable[SettingsFile] | None = None,
) -> Found:
    """The settings that hold in a folder. Without `is_trusted`, files are taken as they are, to be
    shown. `files` are what it had when they were read; None reads them now.

    Raises `Refused`, naming file and line, for a key or a value that is wrong, and `Untrusted`.
    """
    merged: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    files = list(_files(folder, environment) if files is None else files)
    for file in files:
        _check(file)
        if is_trusted is not None:
            _check_trusted(file, is_trusted)
        for key, value in _flat(file.data):
            place = Origin(kind=_kind(file), file=file.path, line=file.line_of(key))
            origins[".".join(key)] = place
            if key == ("db",):
                value = os.path.join(file.path.parent, os.path.expanduser(cast("str", value)))
            if len(key) == 1:
                merged[key[0]] = value
            else:
                merged.setdefault(key[0], {})[key[1]] = value
    _take_variables(environment, merged, origins)
    from smithers.settings.keys import Values

    # Without a setting there is nothing to check, for which a validator would be built.
    values = Values.model_validate(merged) if merged else Values.model_construct()
    return Found(values=values, files=tuple(files), origins=origins, folder=folder)


def named_database(
    folder: Path, environment: Mapping[str, str], is_trusted: IsTrusted
) -> Path | None:
    """The database that a settings file names, if one does: for commands that need no other
    setting, without the packages that check them.
    """
    for file in reversed(list(_files(folder, environment))):
        if "db" not in file.data:
            continue
        if not isinstance(file.data["db"], str) or not file.data["db"]:
            load_settings(folder, environment, is_trusted)  # says what is wrong
        if file.is_project:
            _check_trusted(file, is_trusted)
        return Path(file.path.parent, os.path.expanduser(file.data["db"]))
    return None


def people_of(environment: Mapping[str, str]) -> dict[str, str]:
    """Who the users of this machine are in workflows, by login name, as this user's own settings
    say. Raises `Refused`.
    """
    if (own := find_user_file(environment)) is None:
        return {}
    file = read_file(own, is_project=False)
    if "people" not in file.data:
        return {}
    _check(file)
    return dict(file.data["people"])


def _files(folder: Path, environment: Mapping[str, str]) -> Iterator[SettingsFile]:
    """The files that there are, the one that counts more last."""
    own = find_user_file(environment)
    if own is not None:
        yield read_file(own, is_project=False)
    project = find_project_file(folder)
    if project is not None and project != own:
        yield read_file(project, is_project=True)


def _kind(file: SettingsFile) -> str:
    return "project" if file.is_project else "user"


def _flat(data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in data.items():
        if key in _NAMED:
            yield from (((key, name), one) for name, one in value.items())
        else:
            yield (key,), value


# -- what is wrong in a file


def _check(file: SettingsFile) -> None:
    from pydantic import ValidationError

    from smithers.settings.keys import Values

    try:
        values = Values.model_validate(file.data)
    except ValidationError as error:
        raise _wrong(file, error) from error
    if file.is_project and values.people:
        said = "people may only be in your own settings, since a project's file is others' as well"
        hint = "move it to ~/.config/smithers/config.toml"
        raise file.refuse(("people",), said, hint)
    for name, pool in values.pools.items():
        if pool.limit is None and pool.machine is None:
            said = f"pools.{name} has no limit"
            hint = f"write {name} = 2, or limit = 2 or machine = 2 in its table"
            raise file.refuse(("pools", name), said, hint)
    for name, table in values.agents.items():
        if not isinstance(adapter := table.get("adapter"), str) or not adapter:
            said = f"agents.{name} names no adapter"
            hint = f'write {name} = "ADAPTER:MODEL", or adapter = "ADAPTER" in its table'
            raise file.refuse(("agents", name), said, hint)
    for name, hook in values.hooks.items():
        from smithers.settings.hooks import hook_problems

        for said, hint in hook_problems(name, hook):
            raise file.refuse(("hooks", name), said, hint)


def _wrong(file: SettingsFile, error: ValidationError) -> Refused:
    """The first of the errors: a key that there is not, or a value that does not fit."""
    first = error.errors()[0]
    key = _written(file.data, tuple(str(part) for part in first["loc"]))
    shown = ".".join(key)
    if first["type"] == "extra_forbidden":
        return file.refuse(key, f"unknown key {shown!r}", nearest(key[-1], _known_at(key)))
    said = f"{shown} {must(first['msg'])}, not {_shown(first['input'])}"
    if first["type"] == "missing":
        said = f"{shown} is missing"
    return file.refuse(key, said, _hint_for(key[0]))


def _known_at(key: Sequence[str]) -> list[str]:
    """The keys that there are beside one that there is not."""
    from smithers.settings.hooks import Hook, HookBudget, Signature
    from smithers.settings.keys import PoolLimit, Values

    if len(key) == 1:
        return list(Values.model_fields)
    if key[0] == "pools":
        return list(PoolLimit.model_fields)
    below: dict[str, type[BaseModel]] = {"budget": HookBudget, "signature": Signature}
    return list((Hook if len(key) == 3 else below[key[2]]).model_fields)


def _written(data: object, key: tuple[str, ...]) -> tuple[str, ...]:
    """As much of a key as the file has: `db = 0` stands for a table with a limit.

    >>> _written({"pools": {"db": 0}}, ("pools", "db", "limit"))
    ('pools', 'db')
    """
    for number, part in enumerate(key):
        if not isinstance(data, dict):
            return key[:number]
        data = cast("dict[str, object]", data).get(part)
    return key


def must(said: str) -> str:
    """What pydantic says of a value, as the rest of a sentence."""
    for theirs, ours in _WORDS:
        said = said.replace(theirs, ours)
    return said


def nearest(given: str, known: Sequence[str]) -> str:
    """A hint for a name that there is not."""
    near = near_name(given.lower(), known)
    return f"did you mean {near!r}?" if near else f"use one of: {', '.join(known) or 'none'}"


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."


_WORDS = (
    ("Input should be", "must be"),
    ("String should", "must"),
    ("a valid dictionary or instance of PoolLimit", "a number or a table with limit, machine"),
    ("a valid dictionary or instance of HookBudget", "a table with usd, tokens, calls"),
    ("a valid dictionary or instance of Hook", "a table"),
    ("a valid dictionary or instance of Signature", "github, slack, or a table with header"),
    ("a valid dictionary", "a table"),
    ("a valid integer", "a whole number"),
    ("a valid ", "a "),
    (", unable to parse string as an integer", ""),
    (", unable to parse string as a number", ""),
    ("greater than or equal to", "at least"),
    ("less than or equal to", "at most"),
)
_EXAMPLES = {
    "db": 'db = ".smithers/smithers.db"',
    "max_concurrency": "max_concurrency = 4",
    "linger_s": "linger_s = 60",
    "agents": '[agents], and below it fast = "ADAPTER:MODEL"',
    "people": '[people], and below it LOGIN = "ann"',
    "pools": "[pools], and below it database = 2",
    "hooks": '[hooks.ci], and below it signature = "github", secret_env = "CI_SECRET",'
    ' event = "build", run = "/run"',
}


def _hint_for(key: str) -> str:
    return f"for example {_EXAMPLES[key]}"


# -- what a project's file may not say unless it is trusted


def _check_trusted(file: SettingsFile, is_trusted: IsTrusted) -> None:
    if not file.is_project or (trusted := is_trusted(file.path, file.digest)):
        return
    hint = f"check the file, then type: smithers trust {shlex.quote(str(file.path))}"
    if (key := next(_restricted_keys(file), None)) is not None:
        raise Untrusted(
            f"{file.path}:{file.line_of(key)}: {'.'.join(key)} may decide which programs run, where"
            " data goes, who reaches runs or what agents may do, and you have not trusted this file"
            " as it is",
            hint=hint,
        )
    if trusted is False:  # what it no longer says may have been what an agent may not do
        raise Untrusted(f"{file.path} has changed since you trusted it", hint=hint)


def refused_keys(file: SettingsFile, is_trusted: IsTrusted) -> list[tuple[str, ...]]:
    """The keys of a file that are not used until this user trusts it as it is."""
    if not file.is_project or (trusted := is_trusted(file.path, file.digest)):
        return []
    return list(_restricted_keys(file) if trusted is None else (key for key, _ in _flat(file.data)))


def _restricted_keys(file: SettingsFile) -> Iterator[tuple[str, ...]]:
    """The keys of a project's file that need this user's trust."""
    if isinstance(named := file.data.get("db"), str) and _leaves(file.path.parent, named):
        yield ("db",)
    yield from (("hooks", name) for name in _table(file.data.get("hooks")))
    for name, table in _table(file.data.get("agents")).items():
        yield from (("agents", name, key) for key in _table(table) if key not in _FREE)


def _table(given: object) -> dict[str, object]:
    return cast("dict[str, object]", given) if isinstance(given, dict) else {}


def _leaves(folder: Path, named: str) -> bool:
    real = os.path.realpath(os.path.join(folder, os.path.expanduser(named)))
    return not Path(real).is_relative_to(os.path.realpath(folder))


# -- variables


def _take_variables(
    environment: Mapping[str, str], merged: dict[str, Any], origins: dict[str, Origin]
) -> None:
    """`SMITHERS_LINGER_S` for `linger_s`, and so on; empty ones do not count."""
    from pydantic import ValidationError

    from smithers.settings.keys import Values

    for key in Values.model_fields:
        variable = f"SMITHERS_{key.upper()}"
        text = "" if key in _NAMED else environment.get(variable, "")
        if not text:
            continue
        try:
            value = getattr(Values.model_validate_strings({key: text}), key)
        except ValidationError as error:
            said = f"{variable} {must(error.errors()[0]['msg'])}, not {text!r}"
            raise Refused(said, hint=f"set it to a value as in: {_EXAMPLES[key]}") from error
        merged[key] = value
        origins[key] = Origin(kind="variable", variable=variable)
