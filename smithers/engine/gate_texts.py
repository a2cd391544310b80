"""Gates as they are written in the author's files, which also have what is not in the tree yet."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from smithers.sources import SourceFile

__all__ = ["lost_texts"]

_CALLS: Final = frozenset({"Approval", "Budget", "Command", "HumanTask"})
_OPTIONS: Final = frozenset({"allow_runs", "budget"})


def lost_texts(before: Iterable[SourceFile], now: Iterable[SourceFile]) -> Iterator[str]:
    """What is written of gates in the first files and not in the second, each with its place."""
    left = Counter(text for text, *_ in _written(now))
    for text, place, what in _written(before):
        left[text] -= 1
        if left[text] < 0:
            yield f"{what} is removed or changed (before: {place})"


def _written(files: Iterable[SourceFile]) -> Iterator[tuple[str, str, str]]:
    """The parts of files that make gates: the code, the place, and words."""
    parsed = [(file.path, _parse(file)) for file in files]
    makers = _makers(node for _, nodes in parsed for node in nodes)
    for path, nodes in parsed:
        for node in nodes:
            if not isinstance(node, ast.Call):
                continue
            name = _name(node.func)
            if name in makers:
                first = ast.unparse(node.args[0]) if node.args else ""
                what = f"{name}({first}{', …' if first else '…'})"
                yield ast.dump(node), f"{path}:{node.lineno}", what
            for option in node.keywords:
                if option.arg in _OPTIONS:
                    place = f"{path}:{option.lineno}"
                    yield ast.dump(option), place, f"{option.arg}= of {name}"


def _parse(file: SourceFile) -> list[ast.AST]:
    """All that a file has; nothing of one that is not Python."""
    try:
        return list(ast.walk(ast.parse((file.text or "").encode())))
    except (SyntaxError, ValueError):
        return []


def _makers(nodes: Iterable[ast.AST]) -> set[str]:
    """The names of what makes gates: ours, other names that the files give these, and functions of
    theirs that call one.
    """
    made = [pair for node in nodes for pair in _made(node)]
    found = set(_CALLS)
    while new := {name for source, name in made if source in found} - {*found, ""}:
        found |= new
    return found


def _made(node: ast.AST) -> Iterator[tuple[str, str]]:
    """The names that a statement binds, each after one that it is made from."""
    match node:
        case ast.ImportFrom():
            yield from ((one.name, one.asname or "") for one in node.names)
        case ast.Assign():
            yield from ((_name(node.value), _name(target)) for target in node.targets)
        case ast.ClassDef():
            yield from ((_name(base), node.name) for base in node.bases)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            calls = (one.func for one in ast.walk(node) if isinstance(one, ast.Call))
            yield from ((_name(called), node.name) for called in calls)
        case _:
            pass


def _name(node: ast.expr) -> str:
    """The last name of an expression; empty if it has none."""
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return node.attr
        case ast.Subscript():  # HumanTask[str](…)
            return _name(node.value)
        case _:
            return ""
