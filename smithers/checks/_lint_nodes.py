"""Nodes that are written in a way that cannot work: values where callables are due, handles in
texts, nodes that are in no tree, and trees that are made again and again.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator

from smithers.checks._findings import Finding
from smithers.checks._syntax import Function, SourceTree, own_parts, words

__all__ = [
    "assigned_nodes",
    "find_growth",
    "find_texts",
    "find_uncalled",
    "find_unused",
    "roles_of",
]

_PLACES = {
    "Branch": ("test",),
    "ForEach": ("items", "each"),
    "Step": ("", "run"),
    "Flow": ("", "run"),
}
"""Arguments that are callables, by their place."""
_CALLABLES = words(
    "test until items each key run skip_if then stop_if_same prompt ask result input correlation"
    " choices catch"
)
_ALSO_VALUES = words("items prompt ask result input correlation choices catch")
"""Those that may be values."""
_NOT_CALLABLES = (ast.Compare, ast.JoinedStr, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.ListComp)
_LOOPS = (ast.For, ast.While, ast.ListComp, ast.GeneratorExp, ast.SetComp)


def roles_of(
    tree: SourceTree, inside: Iterable[ast.AST] | None = None
) -> Iterator[tuple[str, str, ast.expr]]:
    """The arguments of nodes that are callables: the class of the node, the name, what is given."""
    for node in ast.walk(tree.module) if inside is None else inside:
        kind = tree.node_kind(node)
        if not isinstance(node, ast.Call) or kind in ("", "Pattern"):
            continue
        for role, value in zip(_PLACES.get(kind, ()), node.args, strict=False):
            if role and not isinstance(value, ast.Starred):
                yield kind, role, value
        for one in node.keywords:
            is_node = kind == "Branch" and one.arg == "then"
            if one.arg in _CALLABLES and not is_node:
                yield kind, one.arg, one.value


# -- forgotten lambdas


def find_uncalled(tree: SourceTree) -> Iterator[Finding]:
    """Values where a callable is due: the call's result, a comparison, an output."""
    for workflow in tree.workflows():
        if isinstance(workflow, ast.FunctionDef) and workflow.args.args:
            context = workflow.args.args[0].arg
            for kind, role, value in roles_of(tree, own_parts(workflow)):
                if _reads(value, context):
                    said = f"the {role} of this {kind} reads an output before it is there"
                    yield _forgotten(tree, role, value, said)
    for kind, role, value in roles_of(tree):
        if role in _ALSO_VALUES or (kind == "Timer" and role == "until"):
            continue
        if isinstance(value, _NOT_CALLABLES) or _is_not(value) or _gives_value(tree, value):
            said = f"the {role} of this {kind} must be callable, not a value: {ast.unparse(value)}"
            yield _forgotten(tree, role, value, said)


def _forgotten(tree: SourceTree, role: str, value: ast.expr, said: str) -> Finding:
    shown = ast.unparse(value)
    body = "..." if role in ("each", "key") or len(shown) > 80 else shown
    takes = " item" if role in ("each", "key") else ""
    hint = f"write {role}=lambda{takes}: {body}"
    return Finding(rule="forgotten-lambda", said=said, place=tree.place(value), hint=hint)


def _reads(value: ast.expr, context: str) -> bool:
    """Whether an expression has `ctx[...]` outside of its lambdas."""
    waiting: list[ast.AST] = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.Lambda):
            continue
        target = one.value if isinstance(one, ast.Subscript) else None
        if isinstance(target, ast.Name) and target.id == context:
            return True
        waiting += ast.iter_child_nodes(one)
    return False


def _is_not(value: ast.expr) -> bool:
    return isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not)


def _gives_value(tree: SourceTree, value: ast.expr) -> bool:
    """Whether it is a call of a function of this file, or of Python, that returns no function."""
    if isinstance(value, ast.Call) and _is_builtin(tree, value):
        return True
    function = tree.function(value.func) if isinstance(value, ast.Call) else None
    if function is None or isinstance(function, ast.Lambda):
        return False
    if isinstance(function, ast.AsyncFunctionDef):
        return True
    inner = {one.name for one in own_parts(function) if isinstance(one, ast.FunctionDef)}
    given = [one.value for one in own_parts(function) if isinstance(one, ast.Return)]
    return not function.decorator_list and all(
        not isinstance(one, ast.Lambda | ast.Attribute)
        and (not isinstance(one, ast.Call) or _is_builtin(tree, one))
        and not (isinstance(one, ast.Name) and one.id in inner | _locals(function))
        for one in given
    )


def _is_builtin(tree: SourceTree, call: ast.Call) -> bool:
    """Whether it calls a function of Python's own, such as `len`, which gives no function."""
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    return name in vars(builtins) and name not in tree.functions and name != "getattr"


def _locals(function: Function) -> set[str]:
    """Names of which the value is not told: those that are assigned or given."""
    given = {one.arg for one in function.args.args}
    stored = (one for one in own_parts(function) if isinstance(one, ast.Name))
    return given | {one.id for one in stored if isinstance(one.ctx, ast.Store)}


# -- handles in texts


def find_texts(tree: SourceTree) -> Iterator[Finding]:
    """Nodes in f-strings: a handle is not the output."""
    for workflow in tree.workflows():
        handles = {name: kind for name, _, kind in assigned_nodes(tree, workflow)}
        for node in ast.walk(workflow):
            texts: list[ast.expr] = []
            if isinstance(node, ast.FormattedValue):
                texts = [node.value]
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                texts = node.args if node.func.id in ("str", "format", "repr") else []
            for one in texts:
                if isinstance(one, ast.Name) and one.id in handles:
                    said = f"{handles[one.id]} {one.id!r} is used as text, but it is a handle,"
                    hint = f"read its output with ctx[{one.id}] in a callable:"
                    hint += f' prompt=lambda: f"... {{ctx[{one.id}]}}"'
                    place = tree.place(one)
                    yield Finding(
                        rule="handle", said=f"{said} not its output", place=place, hint=hint
                    )


def assigned_nodes(tree: SourceTree, function: Function) -> Iterator[tuple[str, ast.expr, str]]:
    """The variables that are given a node in a function, and nothing else: name, call, class."""
    found: dict[str, list[ast.expr]] = {}
    for node in own_parts(function):
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        for target in targets:
            value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
            if isinstance(target, ast.Name) and value is not None:
                found.setdefault(target.id, []).append(value)
    for name, values in found.items():
        kind = tree.node_kind(values[0])
        if len(values) == 1 and kind:
            yield name, values[0], kind


# -- nodes that never run


def find_unused(tree: SourceTree) -> Iterator[Finding]:
    """Nodes in workflow functions that no tree contains, and arms that no test chooses."""
    for workflow in tree.workflows():
        loaded = {
            one.id
            for one in ast.walk(workflow)
            if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)
        }
        hint = "put it in the tree that the workflow returns"
        if isinstance(workflow, ast.AsyncFunctionDef):
            hint = "await it: value = await run.node(...)"
        for node in own_parts(workflow):
            if isinstance(node, ast.Expr) and (kind := tree.node_kind(node.value)):
                said = f"this {kind} is made and not used, so it never runs"
                yield Finding(rule="unreachable", said=said, place=tree.place(node), hint=hint)
        for name, value, kind in assigned_nodes(tree, workflow):
            if name not in loaded and not name.startswith("_"):
                said = f"{kind} {name!r} is in no tree, so it never runs"
                yield Finding(rule="unreachable", said=said, place=tree.place(value), hint=hint)
    yield from _constant_tests(tree)


def _constant_tests(tree: SourceTree) -> Iterator[Finding]:
    for kind, role, value in roles_of(tree):
        if kind != "Branch" or role != "test" or not isinstance(value, ast.Lambda):
            continue
        if isinstance(value.body, ast.Constant):
            arm = "second" if value.body.value else "first"
            said = (
                f"the test of this Branch is always {value.body.value!r}: its {arm} arm never runs"
            )
            hint = "test an output, for example lambda: ctx[review].approved"
            place = tree.place(value)
            yield Finding(rule="unreachable", said=said, place=place, hint=hint, level="warning")


# -- trees that grow


def find_growth(tree: SourceTree) -> Iterator[Finding]:
    """Loops in workflow functions whose number of nodes follows from the outputs of these nodes:
    each output makes the function build all of them again.
    """
    for workflow in tree.workflows():
        if isinstance(workflow, ast.AsyncFunctionDef) or not workflow.args.args:
            continue
        context = workflow.args.args[0].arg
        for loop in own_parts(workflow):
            if not isinstance(loop, _LOOPS):
                continue
            inside = list(_repeated(loop))
            makes = any(tree.node_kind(one) for one in inside)
            if makes and any(_asks(one, context) for one in inside):
                said = "this loop builds all its nodes again each time one of them has ended"
                hint = "use Sequence(then=...) or ForEach, which build each node once"
                place = tree.place(loop)
                yield Finding(rule="growth", said=said, place=place, hint=hint, level="warning")


def _repeated(loop: ast.AST) -> Iterator[ast.AST]:
    """What a loop does each time, without functions: what it loops over is asked once."""
    waiting = [
        one
        for one in ast.iter_child_nodes(loop)
        if not (isinstance(loop, ast.For) and one is loop.iter)
    ]
    while waiting:
        one = waiting.pop()
        yield one
        if isinstance(one, ast.comprehension):
            waiting += one.ifs
        elif not isinstance(one, ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef):
            waiting += ast.iter_child_nodes(one)


def _asks(node: ast.AST, context: str) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("get", "state", "error")
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == context
    )
