"""Mistakes that the syntax of an author's file shows, also in parts that are made while it runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from smithers.checks._findings import Finding
from smithers.checks._lint_calls import find_blocking, find_impure
from smithers.checks._lint_nodes import find_growth, find_texts, find_uncalled, find_unused
from smithers.checks._lint_values import find_lists, find_unformatted
from smithers.checks._syntax import SourceTree, own_parts
from smithers.tree import OTHER_TOOLS, other_name_hint

__all__ = ["lint_file"]

_EXECUTES = ("runpy.run_path", "runpy.run_module")


def lint_file(file: Path, text: bytes) -> Iterator[Finding]:
    """What is wrong in a file; nothing for one that is not Python, of which its import tells."""
    try:
        tree = SourceTree(str(file), text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for find in (
        _find_other_tools,
        _find_executed,
        find_uncalled,
        find_texts,
        find_lists,
        find_unformatted,
        find_impure,
        find_blocking,
        find_unused,
        find_growth,
    ):
        yield from find(tree)


def _find_other_tools(tree: SourceTree) -> Iterator[Finding]:
    """Decorators and calls of another tool at the top of the file: nothing here would run them."""
    for node in own_parts(tree.module):
        several: list[ast.expr] = []
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            several = [one for one in node.decorator_list if not isinstance(one, ast.Call)]
        elif isinstance(node, ast.Call):
            several = [node]
        for one in several:
            target = one.func if isinstance(one, ast.Call) else one
            name = tree.name_of(target)
            tool, last = name.partition(".")[0], name.rpartition(".")[2]
            if tool in OTHER_TOOLS and (hint := other_name_hint(last)):
                said = f"{last} of {tool} makes nothing that Smithers runs"
                place = tree.place(target)
                yield Finding(rule="other-tool", said=said, place=place, hint=hint)


def _find_executed(tree: SourceTree) -> Iterator[Finding]:
    """Code that is read and executed by hand: its errors have no place, and edits are not seen."""
    functions = [tree.module, *tree.workflows()]
    for node in (one for function in functions for one in own_parts(function)):
        if not isinstance(node, ast.Call):
            continue
        is_builtin = isinstance(node.func, ast.Name) and node.func.id == "exec"
        if is_builtin or tree.called(node) in _EXECUTES:
            name = "exec" if is_builtin else tree.called(node)
            said = f"{name} runs code that is not in the digest of the workflow"
            hint = "put the code in a module beside this file, and import it"
            yield Finding(rule="exec", said=said, place=tree.place(node), hint=hint)
