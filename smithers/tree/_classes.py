"""The class of what a step gave, by its name: kept in a row, found again in the author's code.

A row may have been written by anyone, so its name imports nothing and calls nothing: it is looked
up in the namespaces of modules that are loaded already.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from types import GenericAlias, ModuleType
from typing import Any, cast

from pydantic import BaseModel

from smithers.tree._exact import NotExact

__all__ = ["class_named", "is_structured", "name_module", "name_of_class"]

_CONTAINER = r"(list|dict)\[(.+)\]"
_names: dict[str, str] = {}
"""The names under which other processes import modules, by the names that these have here."""


def name_module(module: ModuleType, name: str) -> None:
    """Let classes of a module be found under the name under which any process imports its file.

    The module of a script is `__main__` here, and a program may import a file by another name than
    `smithers resume RUN` does. A workflow that was made in memory is resumed by its program alone,
    so `__main__` is then a name that will do.
    """
    if sys.modules.setdefault(name, module) is module and name not in _names:
        _names[module.__name__] = name


def name_of_class(value: object) -> str | None:
    """The importable class of a model or dataclass as `module:qualified name`, or of all in a list
    or dict of them, as `list[module:Plan]`; None for anything else.

    Raises `NotExact` for a class that another process could not find again.
    """
    if type(value) is list:
        return _name_of_all(cast("list[object]", value), "list[{}]")
    if type(value) is dict:
        items = cast("dict[object, object]", value)
        return _name_of_all(items.values(), "dict[{}]") if set(map(type, items)) == {str} else None
    return _importable(type(value), "{}") if is_structured(type(value)) else None


def _name_of_all(values: Any, shape: str) -> str | None:
    kinds: set[type] = set(map(type, values))
    if len(kinds) != 1 or not is_structured(kind := kinds.pop()):
        return None
    return _importable(kind, shape)


def is_structured(kind: object) -> bool:
    """Whether it is a class of models, or a dataclass."""
    if not isinstance(kind, type):
        return False
    return issubclass(kind, BaseModel) or hasattr(cast("object", kind), "__dataclass_fields__")


def _importable(kind: type, shape: str) -> str:
    module = _names.get(kind.__module__, kind.__module__)
    name = f"{module}:{kind.__qualname__}"
    is_of_no_file = module == "__main__" and module not in _names
    if is_of_no_file or _loaded(name) is not kind:
        output = shape.format(kind.__name__).replace("dict[", "dict[str, ")
        raise NotExact(
            f"has the class {kind.__qualname__}, which cannot be imported by that name:"
            f" write output={output}, or define the class at the top level of a module"
        )
    return shape.format(name)


def _loaded(name: str) -> type | None:
    """The class of that name in a module that is loaded already. No `__getattr__` is asked: it may
    import.
    """
    module, _, path = name.partition(":")
    found: object = sys.modules.get(module)
    for part in path.split("."):
        space: Mapping[str, object] = (
            {} if found is None else object.__getattribute__(found, "__dict__")
        )
        found = space.get(part)
        if not isinstance(found, type):
            return None
    return cast("type", found)


def class_named(name: str) -> Any:
    """The type that `name_of_class` named; None if no loaded module has such a class."""
    if (match := re.fullmatch(_CONTAINER, name)) is not None:
        below = class_named(match[2])
        if below is None:
            return None
        return GenericAlias(list, below) if match[1] == "list" else GenericAlias(dict, (str, below))
    found = _loaded(name)
    return found if is_structured(found) else None
