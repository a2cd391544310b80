"""Every hint in the code, found by reading it: what our errors, findings and reasons tell to do."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.places import PACKAGES

__all__ = ["ROOT", "Hint", "hints", "texts_of"]

ROOT = Path(__file__).resolve().parents[2]
_POSITIONS = {"wrong": 2, "_wrong": 2, "failure": 2, "telling": 1, "Finding": 3}
"""Calls that take a hint by position."""
_TABLES = ("_HINTS", "_NEXT", "_REASONS")
"""Constants that hold hints by a code."""


@dataclass(frozen=True)
class Hint:
    """A hint: its place, and its words, with … for each part that is filled in."""

    file: str
    line: int
    words: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.words}"


@functools.cache
def hints() -> tuple[Hint, ...]:
    return tuple(_hints())


def _hints() -> Iterator[Hint]:
    for package in PACKAGES:
        for path in sorted(package.rglob("*.py")):
            nodes, constants = _nodes(path), None
            for node in nodes:
                for value in _values(node):
                    constants = _constants(nodes[0]) if constants is None else constants
                    for words in _words(value, constants):
                        yield Hint(str(path.relative_to(package.parent)), value.lineno, words)


@functools.cache
def _nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text())))


def texts_of(path: Path) -> Iterator[str]:
    """All texts in a file of the code, with … for each part that is filled in."""
    nodes = _nodes(path)
    parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in parts:
            yield from _words(node, {})


def _constants(tree: ast.AST) -> dict[str, list[ast.expr]]:
    """The module's own constants by name, and what its functions return."""
    assert isinstance(tree, ast.Module)
    found: dict[str, list[ast.expr]] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = [node.value]
        elif isinstance(node, ast.FunctionDef):
            returns = (one for one in ast.walk(node) if isinstance(one, ast.Return))
            found[node.name] = [one.value for one in returns if one.value is not None]
    return found


def _values(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions of hints in one node of the code."""
    if isinstance(node, ast.Call):
        yield from (one.value for one in node.keywords if one.arg in ("hint", "next"))
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in _POSITIONS and len(node.args) > _POSITIONS[name]:
            yield node.args[_POSITIONS[name]]
    elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
        name = target.id if isinstance(target, ast.Name) else ""
        if name in ("hint", "hints"):
            yield node.value
        elif name in _TABLES and isinstance(node.value, ast.Dict):
            for value in node.value.values:
                yield value.elts[1] if isinstance(value, ast.Tuple) else value


def _words(value: ast.expr, constants: dict[str, list[ast.expr]]) -> Iterator[str]:
    """The texts that an expression may give, as far as they stand in it."""
    parts: list[ast.expr] = []
    match value:
        case ast.IfExp(body=body, orelse=orelse):
            parts = [body, orelse]
        case ast.BoolOp(values=values):
            parts = values
        case ast.Name(id=name) if name.isupper():  # a constant of this module, or of another one
            parts = constants.get(name, [ast.Constant(name)])
            constants = {}
        case ast.Call(func=ast.Name(id=name)):
            parts = constants.get(name, [])
            constants = {}
        case ast.Constant(value=str(text)) if text:
            yield text
        case ast.JoinedStr(values=values):
            yield "".join(
                str(one.value) if isinstance(one, ast.Constant) else "…" for one in values
            )
        case _:  # what is known only when it runs, such as `error.hint`
            return
    for one in parts:
        yield from _words(one, constants)
