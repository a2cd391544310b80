"""Agents by the names that settings give them, made by the adapters that are installed."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from pydantic import ConfigDict, ValidationError
from pydantic.errors import PydanticUserError

from smithers.adapters import NAMED_AGENTS, installed
from smithers.agent import Agent
from smithers.errors import Refused, SmithersError
from smithers.settings.files import PROJECT_FILE
from smithers.settings.loading import Found, must, nearest

__all__ = ["NamedAgents", "agent_of", "check_agent"]


class NamedAgents:
    """The agents of the settings, each made when it is first used, and then the same one.

    A name that there is not, or an agent that cannot be made, is `Refused`.
    """

    def __init__(self, found: Found) -> None:
        self._found = found
        self._made: dict[str, Agent] = {}

    def __call__(self, name: str) -> Agent:
        if name not in self._made:
            self._made[name] = _build(self._found, name)
        return self._made[name]


class _Undefined(Refused):
    """No settings define an agent of a name."""


def agent_of(given: str, named: Callable[[str], Agent] | None = None) -> Agent:
    """The agent of a name of the settings, or of an adapter as they write one: `ADAPTER`,
    `ADAPTER:MODEL`. While a workflow is loaded or driven, its settings count.

    Raises `Refused`.
    """
    try:
        return (named or NAMED_AGENTS.get())(given)
    except _Undefined:
        return _of_adapter(given)


@cache
def _of_adapter(given: str) -> Agent:
    from smithers.settings.keys import Values

    values = Values.model_validate({"agents": {given: given}})
    return _build(Found(values=values, files=(), origins={}, folder=Path()), given)


def _build(found: Found, name: str) -> Agent:
    """The agent of a name. Raises `Refused`."""
    if name not in found.values.agents:
        raise _Undefined(f"no settings define an agent {name!r}", hint=_how_to_define(found, name))
    make, arguments = check_agent(found, name)
    try:
        return make(**arguments)
    except (TypeError, ValueError, SmithersError) as error:
        said = error.said if isinstance(error, SmithersError) else str(error)
        hint = error.hint if isinstance(error, SmithersError) else "correct its arguments"
        raise _refuse(found, name, None, said, hint) from error


def check_agent(found: Found, name: str) -> tuple[Callable[..., Agent], dict[str, Any]]:
    """What makes the agent of a name, and its arguments. Raises `Refused`."""
    table = found.values.agents[name]
    adapter = cast("str", table["adapter"])
    all = installed()
    if adapter in all.broken:
        raise all.broken[adapter]
    if adapter not in all.adapters:
        said = f"no adapter {adapter!r} is installed"
        raise _refuse(found, name, "adapter", said, nearest(adapter, list(all.adapters)))
    module, _, kind = all.adapters[adapter].classes[0].partition(":")
    make = cast("Callable[..., Agent]", getattr(import_module(module), kind))
    given = {key: value for key, value in table.items() if key != "adapter"}
    return make, _checked(found, name, adapter, make, given)


def _checked(
    found: Found,
    name: str,
    adapter: str,
    make: Callable[..., Agent],
    given: Mapping[str, Any],
) -> dict[str, Any]:
    parameters = inspect.signature(make).parameters
    types = _types_of(make)
    checked: dict[str, Any] = {}
    for key, value in given.items():
        if key not in parameters:
            said = f"{adapter} has no argument {key!r}"
            hint = nearest(key, list(parameters)) if parameters else f"write only {adapter!r}"
            raise _refuse(found, name, key, said, hint)
        try:
            checked[key] = _validate(types.get(key, Any), value)
        except ValidationError as error:
            said = f"{key} {must(error.errors()[0]['msg'])}"
            raise _refuse(found, name, key, said, f"correct {key}") from error
    missing = [
        key
        for key, one in parameters.items()
        if one.default is one.empty and key not in checked and one.kind is not one.VAR_KEYWORD
    ]
    if missing:
        said = f"{adapter} needs {' and '.join(missing)}"
        hint = f'write {name} = "{adapter}:MODEL"' if missing == ["model"] else "add it"
        raise _refuse(found, name, None, said, hint)
    return checked


def _validate(kind: Any, value: object) -> object:
    """A value of the type that an argument is annotated with, as far as TOML can write one."""
    from pydantic import TypeAdapter

    try:
        adapter: TypeAdapter[Any] = TypeAdapter(
            kind, config=ConfigDict(arbitrary_types_allowed=True)
        )
    except PydanticUserError:  # a type with a config
        adapter = TypeAdapter(kind)
    return adapter.validate_python(value)


def _types_of(make: Callable[..., Agent]) -> dict[str, Any]:
    """What its arguments are annotated with; nothing if a name of it is known to checkers alone."""
    try:
        return typing.get_type_hints(make.__init__)
    except Exception:  # code of others
        return {}


def _refuse(found: Found, name: str, key: str | None, said: str, hint: str) -> Refused:
    file = found.file_of(f"agents.{name}")
    if file is None:  # it was not named by a file, but typed
        return Refused(f"agent {name!r}: {said}", hint=hint)
    path = ("agents", name) if key is None else ("agents", name, key)
    return file.refuse(path, f"agents.{name}: {said}", hint)


def _how_to_define(found: Found, name: str) -> str:
    known = list(found.values.agents)
    near = nearest(name, known) if known else ""
    files = [str(one.path) for one in found.files]
    where = " or ".join(reversed(files)) or str(found.folder / PROJECT_FILE)
    define = f'define it in {where}: [agents], and below it {name} = "ADAPTER:MODEL"'
    return f"{near} Otherwise {define}" if near.startswith("did you") else define
