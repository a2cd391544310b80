"""The syntax of one file of an author's, with what its names mean as far as its imports tell."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from smithers.errors import Place

__all__ = ["NODES", "SourceTree", "own_parts", "words"]


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


NODES: Final = words(
    "Task Step Command Approval HumanTask Timer Sequence Parallel Branch Loop ForEach Flow Subflow"
    " WaitForEvent Try Saga Compensated ContinueAsNew"
)
"""The names of `smithers` that make nodes."""
Function = ast.FunctionDef | ast.AsyncFunctionDef
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class SourceTree:
    """A parsed file. Raises `SyntaxError` and `ValueError` for one that cannot be parsed."""

    def __init__(self, file: str, text: bytes) -> None:
        self.file = file
        self.module = ast.parse(text, file)
        self.functions: dict[str, list[Function]] = {}
        self._names: dict[str, str] = {}
        for node in ast.walk(self.module):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self.functions.setdefault(node.name, []).append(node)
            elif isinstance(node, ast.Import):
                for one in node.names:
                    root = one.name.partition(".")[0]
                    self._names[one.asname or root] = one.name if one.asname else root
            elif isinstance(node, ast.ImportFrom) and not node.level:
                for one in node.names:
                    self._names[one.asname or one.name] = f"{node.module}.{one.name}"

    def place(self, node: ast.expr | ast.stmt) -> Place:
        return Place(file=self.file, line=node.lineno, column=node.col_offset + 1)

    def name_of(self, node: ast.AST) -> str:
        """What an expression means as a dotted name of a module, or `""`: `time.sleep` for `sleep`
        after `from time import sleep`.
        """
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.insert(0, node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self._names:
            return ""
        return ".".join((self._names[node.id], *parts))

    def called(self, node: ast.AST) -> str:
        """The same of what a call calls; `""` for what is not a call."""
        return self.name_of(node.func) if isinstance(node, ast.Call) else ""

    def node_kind(self, node: ast.AST) -> str:
        """The name of the class of nodes that a call makes one of, `Pattern` for a pattern, or
        `""`.
        """
        package, _, name = self.called(node).rpartition(".")
        if package == "smithers" and name in NODES:
            return name
        is_pattern = package.startswith("smithers.patterns") and name[:1].isupper()
        return "Pattern" if is_pattern else ""

    def function(self, node: ast.expr) -> Function | ast.Lambda | None:
        """The function that an expression gives: a lambda, or the one of the file with the name."""
        if isinstance(node, ast.Lambda):
            return node
        found = self.functions.get(node.id, []) if isinstance(node, ast.Name) else []
        return found[0] if len(found) == 1 else None

    def workflows(self) -> Iterator[Function]:
        """The functions that are decorated with `@workflow`."""
        for several in self.functions.values():
            for one in several:
                marks = (
                    each.func if isinstance(each, ast.Call) else each for each in one.decorator_list
                )
                if any(self.name_of(each) == "smithers.workflow" for each in marks):
                    yield one


def own_parts(function: ast.AST) -> Iterator[ast.AST]:
    """All syntax in the body of a function or a file, without that of functions inside it."""
    body = [function.body] if isinstance(function, ast.Lambda) else getattr(function, "body", [])
    waiting: list[ast.AST] = list(reversed(body))
    while waiting:
        one = waiting.pop()
        yield one
        if not isinstance(one, _FUNCTIONS):
            waiting += reversed(list(ast.iter_child_nodes(one)))
        elif not isinstance(one, ast.Lambda):
            waiting += one.decorator_list
