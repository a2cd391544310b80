"""Values that are not what they look like: a list where a node is due, and a text that reads
nothing, since it has no `f` before it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from smithers.checks._findings import Finding
from smithers.checks._lint_nodes import assigned_nodes, roles_of
from smithers.checks._syntax import SourceTree, own_parts, words

__all__ = ["find_lists", "find_unformatted"]

_MADE = words("each then catch")
"""Callables that give a node."""
_TEXTS = words("prompt ask")
_SEVERAL = (ast.List, ast.Tuple, ast.ListComp, ast.GeneratorExp)
_FIELD = re.compile(r"\{(\w+)(?:[\[.][^{}]*)?\}")


def find_lists(tree: SourceTree) -> Iterator[Finding]:
    """Functions that make a part of the tree and give several nodes in a list."""
    for kind, role, value in roles_of(tree):
        function = tree.function(value) if role in _MADE else None
        if function is None:
            continue
        returned = (one.value for one in own_parts(function) if isinstance(one, ast.Return))
        given = [function.body] if isinstance(function, ast.Lambda) else returned
        for one in given:
            if isinstance(one, _SEVERAL):
                inner = ast.unparse(one)
                shown = inner[1:-1] if isinstance(one, ast.List | ast.Tuple) else f"*{inner}"
                shown = "..." if len(shown) > 80 else shown.rstrip(",")
                said = f"the {role} of this {kind} gives a list, not a node"
                hint = f"write Sequence({shown}), or Parallel for no order"
                yield Finding(rule="lists", said=said, place=tree.place(one), hint=hint)


def find_unformatted(tree: SourceTree) -> Iterator[Finding]:
    """Texts for an agent or a person that name an output in braces, and are no f-strings."""
    for workflow in tree.workflows():
        names = {name for name, _, _ in assigned_nodes(tree, workflow)}
        names.update(one.arg for one in workflow.args.args[:1])
        for kind, role, value in roles_of(tree, ast.walk(workflow)):
            text = value.body if isinstance(value, ast.Lambda) else value
            if role not in _TEXTS or not isinstance(text, ast.Constant):
                continue
            for found in _FIELD.finditer(str(text.value)):
                if found[1] in names:
                    said = (
                        f"the {role} of this {kind} has {found[0]} in a text that is not formatted"
                    )
                    hint = f'put an f before it, in a callable: {role}=lambda: f"..."'
                    yield Finding(rule="handle", said=said, place=tree.place(text), hint=hint)
