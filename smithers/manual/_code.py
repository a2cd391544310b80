"""What the code says of itself: nodes, options, agents, patterns, errors and their modules."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import smithers
from smithers.adapters import agent_classes
from smithers.errors import SmithersError
from smithers.manual._signatures import described, first_sentence, listed, methods, parameters

__all__ = ["agents", "calls", "errors", "imports", "nodes", "of_options", "patterns", "values"]

_OPTION = re.compile(r"^\| `(\w+)=.*\| (@of) \|.*$", re.M)
_MODULES = ("smithers", "smithers.patterns", "smithers.errors", "smithers.agent")


def nodes(full: bool) -> str:
    return listed(_nodes(), full)


def values(full: bool) -> str:
    """The other public names of `smithers`, and how outputs are read."""
    shown = described(smithers.workflow, "@workflow", full)
    kinds = [one for one in _public("smithers") if inspect.isclass(one) and not _is_node(one)]
    own = (smithers.Context, smithers.Node, smithers.Run, smithers.Workflow, smithers.NoInput)
    rest = listed([one for one in kinds if one not in own], full)
    return "\n".join([shown, *methods(smithers.Context, full, "ctx"), rest])


def calls(full: bool) -> str:
    return "\n".join(methods(smithers.Run, full, "run"))


def patterns(full: bool) -> str:
    return listed([one for one in _public("smithers.patterns") if inspect.isfunction(one)], full)


def agents(full: bool) -> str:
    """Those of all installed distributions."""
    found = agent_classes().items()
    return listed([getattr(import_module(home), name) for name, home in found], full)


def errors(full: bool) -> str:
    """The tree of the classes, with what an error of an agent makes the engine do."""
    lines: list[str] = []
    for kind, depth in _below(SmithersError, 0):
        then = getattr(kind, "then", "")
        head = f"{'  ' * depth}{kind.__name__}" + (f" ({then})" if then else "")
        lines.append(f"{head}: {first_sentence(kind)}")
        if full:
            says = (inspect.getdoc(kind) or "").splitlines()
            lines += [f"{'  ' * depth}    {line}".rstrip() for line in says]
    return "\n".join(lines)


def imports(full: bool) -> str:
    found = {
        home: [name for name in import_module(home).__all__ if not name.startswith("_")]
        for home in _MODULES
    }
    for name, home in agent_classes().items():
        found.setdefault(home, []).append(name)
    return "\n".join(f"from {home} import {', '.join(names)}" for home, names in found.items())


def of_options(text: str) -> str:
    """A table of options in which `@of` became the nodes that have the option."""

    def fill(row: re.Match[str]) -> str:
        having = [one.__name__ for one in _nodes() if row[1] in parameters(one)]
        return row[0].replace("@of", ", ".join(having))

    return _OPTION.sub(fill, text)


def _nodes() -> list[Any]:
    """The kinds of nodes, those that have an id first."""
    found = [one for one in _public("smithers") if _is_node(one)]
    return sorted(found, key=lambda one: next(iter(parameters(one))) != "id")


def _is_node(one: object) -> bool:
    return inspect.isclass(one) and issubclass(one, smithers.Node) and one is not smithers.Node


def _public(module: str) -> list[Any]:
    found = import_module(module)
    return [getattr(found, name) for name in found.__all__]


def _below(kind: type[Exception], depth: int) -> Iterator[tuple[type[Exception], int]]:
    for one in kind.__subclasses__():
        if one.__module__ == SmithersError.__module__:
            yield one, depth
            yield from _below(one, depth + 1)
