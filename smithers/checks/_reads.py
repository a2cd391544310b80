"""Which nodes a callable always reads, as far as its syntax tells.

A read that depends on a test, or that another function makes, does not count: what counts is
certain.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial
from types import FunctionType, MethodType
from typing import Any, cast

from smithers.context import Context
from smithers.engine.syntax import node_of
from smithers.tree import Node

__all__ = ["reads_of"]

_WAITING = ("get", "state", "error", "items", "failures")
"""Methods of a context that wait for the node that they are given."""
_STRAIGHT = (ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return)


def reads_of(call: object) -> Iterator[Node[Any] | str]:
    """The nodes, or the ids, that a callable reads and waits for whenever it is called."""
    if isinstance(call, partial):
        call = cast("partial[object]", call).func
    if isinstance(call, MethodType):
        call = call.__func__
    if not isinstance(call, FunctionType) or (syntax := node_of(call.__code__)) is None:
        return
    for one in _certain(syntax):
        target = _read_by(one)
        if target is None or not isinstance(_value(call, target[0]), Context):
            continue
        read = target[1]
        if isinstance(read, ast.Constant) and isinstance(read.value, str):
            yield read.value
        elif isinstance(read, ast.Name):
            found = _value(call, read.id)
            if isinstance(found, Node):
                yield found


def _read_by(one: ast.expr) -> tuple[str, ast.expr] | None:
    """The name of the context and what is read of it, if an expression reads."""
    match one:
        case ast.Subscript(value=ast.Name(id=name), slice=read):
            return name, read
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr), args=[read, *_]):
            return (name, read) if attr in _WAITING else None
        case _:
            return None


def _value(call: FunctionType, name: str) -> object:
    """What a variable of a function means: of those around it, or of its file."""
    if name in call.__code__.co_freevars and call.__closure__ is not None:
        try:
            return call.__closure__[call.__code__.co_freevars.index(name)].cell_contents
        except ValueError:
            return None
    return None if name in call.__code__.co_varnames else call.__globals__.get(name)


def _certain(function: ast.AST) -> Iterator[ast.expr]:
    """The expressions that are evaluated whatever the data."""
    if isinstance(function, ast.Lambda):
        yield from _inside(function.body)
        return
    for statement in cast("ast.FunctionDef", function).body:
        if isinstance(statement, _STRAIGHT):
            yield from _inside(statement)
            if isinstance(statement, ast.Return):
                return
            continue
        if isinstance(statement, ast.If | ast.While):
            yield from _inside(statement.test)
        elif isinstance(statement, ast.For):
            yield from _inside(statement.iter)
        return


def _inside(one: ast.AST) -> Iterator[ast.expr]:
    """An expression and those in it that are evaluated with it."""
    if isinstance(one, ast.Lambda):
        return
    if isinstance(one, ast.expr):
        yield one
    inner: list[ast.AST]
    match one:
        case ast.IfExp():
            inner = [one.test]
        case ast.BoolOp():
            inner = [one.values[0]]
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            inner = [one.generators[0].iter]
        case _:
            inner = list(ast.iter_child_nodes(one))
    for each in inner:
        yield from _inside(each)
