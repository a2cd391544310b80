"""Signatures as an author types them, and the sentences of docstrings."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

__all__ = ["described", "first_sentence", "listed", "methods", "parameters", "signature"]

_LITERAL = re.compile(r"Literal\[([^\]]*)\]")
_WIDTH = 88
_NAME = re.compile(r"\b[A-Z]\w+\b")


def listed(found: Iterator[Any] | list[Any], full: bool) -> str:
    """Each with its signature and its first sentence, or in full: types and the whole docstring."""
    return "\n".join(described(one, one.__name__, full) for one in found)


def methods(kind: type, full: bool, name: str) -> Iterator[str]:
    """The public methods of a class, called on a variable of that name."""
    for method, function in vars(kind).items():
        if inspect.isfunction(function) and not method.startswith("_"):
            yield described(function, f"{name}.{method}", full)


def described(one: Any, name: str, full: bool) -> str:
    shown = ", ".join(_shown(one, full))
    says = (inspect.getdoc(one) or "").splitlines() if full else [first_sentence(one)]
    return "\n".join(
        [f"{name}({shown})", *(f"    {line}".rstrip() for line in says if line or full)]
    )


def signature(one: Any, name: str = "") -> str:
    """With its types, on a line of its own each if one line is too short, and its docstring."""
    name, shown = name or one.__name__, list(_shown(one, True))
    head = f"{name}({', '.join(shown)})"
    if len(head) > _WIDTH:
        head = "\n".join([f"{name}(", *(f"    {each}," for each in shown), ")"])
    return f"{head}\n\n{inspect.getdoc(one) or ''}".rstrip()


def first_sentence(one: object) -> str:
    paragraph = " ".join((inspect.getdoc(one) or "").partition("\n\n")[0].split())
    return re.split(r"(?<=\.)\s(?=[A-Z`])", paragraph)[0]


def parameters(one: Any) -> Mapping[str, inspect.Parameter]:
    found = inspect.signature(one).parameters
    return {name: each for name, each in found.items() if name != "self"}


def _shown(one: Any, full: bool) -> Iterator[str]:
    """The parameters as they are written, `*` before those that need their name."""
    starred = False
    for name, each in parameters(one).items():
        if each.kind is each.KEYWORD_ONLY and not starred:
            yield "*"
        starred = starred or each.kind in (each.KEYWORD_ONLY, each.VAR_POSITIONAL)
        stars = "*" if each.kind is each.VAR_POSITIONAL else ""
        stars = "**" if each.kind is each.VAR_KEYWORD else stars
        kind = (
            f": {_kind(each.annotation, one)}" if full and each.annotation is not each.empty else ""
        )
        equals = " = " if kind else "="
        given = "" if each.default is each.empty else f"{equals}{_value(each.default)}"
        yield f"{stars}{name}{kind}{given}"


def _kind(annotation: object, one: Any) -> str:
    """An annotation, in which a name for a few words is these words."""
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    known = vars(sys.modules[one.__module__])

    def words(name: re.Match[str]) -> str:
        found = known.get(name[0])
        if get_origin(found) is not Literal:
            return name[0]
        return " | ".join(f'"{one}"' for one in get_args(found))

    text = _NAME.sub(words, text)
    return _LITERAL.sub(lambda found: found[1].replace("'", '"').replace(", ", " | "), text)


def _value(value: object) -> str:
    """A default; one that is made without arguments is written so."""
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, str):
        return f'"{value}"'
    if type(value).__module__ == "builtins":
        return repr(value)
    try:
        plain = type(value)() == value
    except TypeError:
        plain = False
    return f"{type(value).__name__}()" if plain else repr(value)
