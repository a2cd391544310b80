"""What a Python function does, as a digest of its syntax and of the values that it holds.

A comment, a docstring, another place in the file or another name of the file changes nothing. The
functions and constants of the author's files that a function names count with it. What cannot be
told, as a function written in C, has no digest, or is a blank in the digest of what holds it.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import hashlib
import json
import linecache
import sys
import sysconfig
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import field
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from importlib.util import decode_source, resolve_name
from pathlib import PurePath
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Final, cast
from uuid import UUID

from pydantic import BaseModel

from smithers.context import Context
from smithers.tree import Node
from smithers.values import dataclass

__all__ = [
    "WHOLE",
    "digest_of",
    "digest_values",
    "keep_text",
    "node_of",
    "restoring_texts",
    "syntax_digest",
]

_MOST_VALUES = 1000
_MOST_CHARACTERS = 100_000
"""More in one variable is not looked at: each of many steps may hold it."""
_MOST_IMPORTS = 5
"""Files through which a constant is followed."""
_BLANK: Final = "?"
WHOLE: Final = ""
"""The name of all fields of the run's input together."""
_LIBRARIES = tuple(
    {
        path
        for name in ("stdlib", "platstdlib", "purelib", "platlib")
        if (path := sysconfig.get_paths().get(name))
    }
)
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_SCOPES = (_Function, ast.ClassDef)


def digest_of(text: str) -> str:
    """A short digest: it tells one text of an author's from another.

    >>> digest_of("a")
    'ca978112ca1b'
    """
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:12]


class _File:
    """The functions and the constants of a file, by its text."""

    def __init__(self, text: str) -> None:
        self.functions: dict[tuple[str, int], list[_Function]] = {}
        self.constants: dict[str, ast.expr] = {}
        self.classes: dict[str, ast.ClassDef] = {}
        """The classes and imports at the top of the file, by names that stand for nothing else."""
        self.imports: dict[str, ast.ImportFrom] = {}
        tree = ast.parse(text)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                name = "<lambda>" if isinstance(node, ast.Lambda) else node.name
                self.functions.setdefault((name, _first_line(node)), []).append(node)
        self._find_constants(tree)

    def _find_constants(self, tree: ast.Module) -> None:
        """What is given a literal at the top of the file, and nothing else anywhere; classes and
        imports in the same way.
        """
        bound = _times_bound(tree)
        for node in tree.body:
            targets = node.targets if isinstance(node, ast.Assign) else []
            if isinstance(node, ast.AnnAssign):
                targets = [node.target]
            if isinstance(node, ast.ClassDef) and bound[node.name] == 1:
                self.classes[node.name] = node
            if isinstance(node, ast.ImportFrom):
                self._keep_imports(node, bound)
            for name in (one.id for one in targets if isinstance(one, ast.Name)):
                value = cast("ast.Assign | ast.AnnAssign", node).value
                if bound[name] == 1 and value is not None and _is_literal(value):
                    self.constants[name] = value

    def _keep_imports(self, node: ast.ImportFrom, bound: Counter[str]) -> None:
        for alias in node.names:
            if bound[name := alias.asname or alias.name] == 1:
                self.imports[name] = ast.ImportFrom(node.module, [alias], node.level)


def _times_bound(tree: ast.Module) -> Counter[str]:
    """How often each name is bound in the scope of a file, or from a function by `global`."""
    found: Counter[str] = Counter()
    waiting: list[ast.AST] = [tree]
    while waiting:
        for node in ast.iter_child_nodes(waiting.pop()):
            match node:
                case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                    found[name] += 1
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    found[node.name] += 1
                case ast.alias():
                    found[(node.asname or node.name).partition(".")[0]] += 1
                case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                    found[name] += 1
                case _:
                    pass
            if isinstance(node, _SCOPES):
                inner = (one for one in ast.walk(node) if isinstance(one, ast.Global))
                found.update(name for one in inner for name in one.names)
            else:
                waiting.append(node)
    return found


_TEXTS: dict[str, str] = {}
_FILES: dict[str, _File | None] = {}
_DIGESTS: dict[int, tuple[CodeType, str | None]] = {}
"""By the identity of the code, which is kept, so that no other code has it."""
_TAKEN: dict[tuple[int, str], tuple[CodeType, frozenset[str], set[str]]] = {}
"""What functions take of the run's input, by their code and the name of the context."""


def keep_text(file: str, data: bytes) -> None:
    """Remember the text of a file of the author's as it was when it was imported: it may be edited
    while a run goes on.
    """
    try:
        text = decode_source(data)
    except (SyntaxError, UnicodeDecodeError):
        return
    if _TEXTS.get(file) != text:
        _TEXTS[file] = text
        _FILES.pop(file, None)


@contextmanager
def restoring_texts() -> Generator[None]:
    """If what is inside it raises, the texts of files are again those of before."""
    before = dict(_TEXTS)
    try:
        yield
    except BaseException:
        for file in [one for one, text in _TEXTS.items() if before.get(one) != text]:
            _FILES.pop(file, None)
            del _TEXTS[file]
        _TEXTS.update(before)
        raise


def _file(path: str) -> _File | None:
    if path not in _FILES:
        text = _TEXTS.get(path)
        if text is None:
            text = "".join(linecache.getlines(path))
        try:
            _FILES[path] = _File(text)
        except SystemError:  # CPython 3.11 counts the depth of all threads that parse together
            return None
        except (SyntaxError, ValueError, RecursionError):
            _FILES[path] = None
    return _FILES[path]


def _first_line(node: _Function) -> int:
    """As the code has it: that of the first decorator, if there is one."""
    if isinstance(node, ast.Lambda):
        return node.lineno
    return min([node.lineno, *(one.lineno for one in node.decorator_list)])


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def node_of(code: CodeType) -> _Function | None:
    """The syntax of a function; None if it cannot be told which one of its file it is."""
    file = _file(code.co_filename)
    found = [] if file is None else file.functions.get((code.co_name, code.co_firstlineno), [])
    if len(found) < 2:
        return found[0] if found else None
    spans = {position for position in code.co_positions() if None not in position}
    mine = [one for one in found if _span(one) in spans]
    if len({_canon(one) for one in mine}) == 1:
        return mine[0]
    return None


def _span(node: _Function) -> tuple[int | None, ...]:
    """The place of the value of a lambda, as the code that returns it has it."""
    last = node.body if isinstance(node, ast.Lambda) else node.body[-1]
    return last.lineno, last.end_lineno, last.col_offset, last.end_col_offset


def _canon(node: object) -> str:
    """A text that is the same for the same syntax, whatever the version of Python."""
    if isinstance(node, ast.AST):
        fields = [
            f"{name}={_canon(value)}"
            for name, value in ast.iter_fields(node)
            if name not in ("type_comment", "ctx", "kind", "returns", "annotation")
            if value is not None and value != []
        ]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            body = _without_docstring(node.body)
            fields = [one for one in fields if not one.startswith("body=")]
            fields.append(f"body={_canon(body)}")
        return f"{type(node).__name__}({','.join(fields)})"
    if isinstance(node, list):
        return f"[{','.join(map(_canon, cast('list[object]', node)))}]"
    return repr(node)


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        return body[1:] if isinstance(first.value.value, str) else body
    return body


# -- a function, and what it names


def syntax_digest(function: FunctionType) -> str | None:
    """A digest of what a function does, with the functions and constants that it names; None if
    that cannot be told. It is worked out once.
    """
    code = function.__code__
    known = _DIGESTS.get(id(code))
    if known is None:
        known = _DIGESTS[id(code)] = code, _digest_code(function)
    return known[1]


@dataclass(frozen=True, slots=True)
class _Scope:
    """The syntax of a function or a class, and where the names in it are looked up."""

    node: ast.AST | None
    names: set[str]
    globals: Mapping[str, object]
    file: str


def _digest_code(function: FunctionType) -> str | None:
    if node_of(function.__code__) is None:
        return None
    parts: dict[str, str] = {}
    waiting: list[tuple[str, _Scope]] = [("", _of_function(function))]
    while waiting:
        name, scope = waiting.pop()
        parts[name] = _BLANK if scope.node is None else _canon(scope.node)
        for known, found in _used(scope):
            if known in parts:
                continue
            parts[known] = found if isinstance(found, str) else ""
            if isinstance(found, _Scope):
                waiting.append((known, found))
    return digest_of("\n".join(f"{name} {text}" for name, text in sorted(parts.items())))


def _of_function(function: FunctionType) -> _Scope:
    code = function.__code__
    node, names = node_of(code), _names(code)
    if node is not None:  # the name of an attribute is not that of a variable
        names &= _loaded(node)
    return _Scope(node, names, function.__globals__, code.co_filename)


def _loaded(node: ast.AST) -> set[str]:
    """The names of variables in a syntax, annotations left out."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load):
            found.add(one.id)
        for name, value in ast.iter_fields(one):
            if name not in ("annotation", "returns"):
                inner = cast("list[object]", value) if isinstance(value, list) else [value]
                waiting += [each for each in inner if isinstance(each, ast.AST)]
    return found


def _used(scope: _Scope) -> Iterator[tuple[str, _Scope | str]]:
    """The author's functions, classes and constants that are named, in a module as well."""
    for name in sorted(scope.names):
        value = scope.globals.get(name)
        if not isinstance(value, ModuleType):
            found = _named(scope.globals, name, scope.file)
            if found is not None:
                yield f"{scope.globals.get('__name__')}.{name}", found
            continue
        file, names = _file_of(value), _attributes(scope.node, name)
        for attribute in sorted(names) if file in _TEXTS else ():
            found = _named(vars(value), attribute, file)
            if found is not None:
                yield f"{value.__name__}.{attribute}", found


def _attributes(node: ast.AST | None, name: str) -> set[str]:
    """What is taken of the variable with this name, as `b` in `a.b`."""
    return {
        one.attr
        for one in (() if node is None else ast.walk(node))
        if isinstance(one, ast.Attribute)
        and isinstance(one.value, ast.Name)
        and one.value.id == name
    }


def _named(globals: Mapping[str, object], name: str, file: str) -> _Scope | str | None:
    """What a name stands for at the top of a file; None for what does not count."""
    value = globals.get(name)
    if isinstance(value, FunctionType):
        return _of_function(value) if _is_authors(value.__code__.co_filename, file) else None
    if isinstance(value, type):
        return _of_class(value, globals, file)
    return _constant(globals, name, file)


def _of_class(value: type, globals: Mapping[str, object], file: str) -> _Scope | None:
    if value.__module__ != globals.get("__name__"):
        module = sys.modules.get(value.__module__)
        globals, file = vars(module) if module is not None else {}, _file_of(module)
    known = _file(file) if file in _TEXTS else None
    node = None if known is None else known.classes.get(value.__qualname__)
    return None if node is None else _Scope(node, _loaded(node), globals, file)


def _file_of(module: ModuleType | None) -> str:
    return getattr(module, "__file__", None) or ""


def _constant(globals: Mapping[str, object], name: str, file: str) -> str | None:
    """The literal that a name stands for, in this file or in the one that it is imported from."""
    for _ in range(_MOST_IMPORTS):
        known = _file(file)
        if known is None:
            return None
        if (node := known.constants.get(name)) is not None:
            return _canon(node)
        if (imported := known.imports.get(name)) is None:
            return None
        module = _module(imported, globals)
        name, file = imported.names[0].name, _file_of(module)
        if module is None or file not in _TEXTS:
            return None
        globals = vars(module)
    return None


def _module(imported: ast.ImportFrom, globals: Mapping[str, object]) -> ModuleType | None:
    """The module that something was imported from; None if it is not loaded."""
    dots, package = "." * imported.level, globals.get("__package__")
    with suppress(ImportError, ValueError):
        name = resolve_name(f"{dots}{imported.module or ''}", str(package or ""))
        return sys.modules.get(name)
    return None


def _is_authors(path: str, user: str) -> bool:
    """Whether a file is one of the author's, or that of the one who names it."""
    return (path in _TEXTS or path == user) and not path.startswith(_LIBRARIES)


def _names(code: CodeType) -> set[str]:
    """All names that a function looks up, and those of attributes, in what is inside of it too."""
    found = set(code.co_names)
    for one in code.co_consts:
        if isinstance(one, CodeType):
            found |= _names(one)
    return found


# -- the values that a function holds


@dataclass(slots=True)
class _Values:
    """Makes JSON data of values. `input` are the digests of the run's input, by its fields."""

    input: Mapping[str, str]
    left: int = _MOST_VALUES
    characters: int = _MOST_CHARACTERS
    seen: set[int] = field(default_factory=set[int])

    def of_call(self, call: object) -> object:
        """What a callable holds: the variables around it, defaults, arguments given before."""
        if isinstance(call, functools.partial):
            part = cast("functools.partial[object]", call)
            given = {name: self.told(one) for name, one in part.keywords.items()}
            return [self.of_call(part.func), [self.told(one) for one in part.args], given]
        if isinstance(call, MethodType):
            return [self.of_call(call.__func__), self.told(call.__self__)]
        if isinstance(call, FunctionType):
            return self._of_function(call)
        return _BLANK

    def _of_function(self, function: FunctionType) -> object:
        if id(function) in self.seen:
            return "again"
        self.seen.add(id(function))
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        held = {name: self._held(function, name, _contents(cell)) for name, cell in cells}
        defaults = [self.told(one) for one in function.__defaults__ or ()]
        named = {name: self.told(one) for name, one in (function.__kwdefaults__ or {}).items()}
        return [one for one in (held, defaults, named) if one]

    def _held(self, function: FunctionType, name: str, value: object) -> object:
        """The value of a variable around a function; of a context what the function takes of it."""
        if not isinstance(value, Context):
            return self.told(value)
        fields = _fields_of_input(function.__code__, name, self.input.keys())
        return ["context", *([field, self.input.get(field, "")] for field in sorted(fields))]

    def told(self, value: object) -> object:
        """One value; `?` for what cannot be told."""
        self.left, self.characters = _MOST_VALUES, _MOST_CHARACTERS
        try:
            return self._plain(value)
        except (_Unknown, RecursionError):
            return _BLANK

    def _plain(self, value: object) -> object:  # noqa: C901  # one case a kind of value
        self.left -= 1
        if self.left < 0:
            raise _Unknown
        match value:
            case None | bool() | int() | float():
                return value if not isinstance(value, Enum) else [type(value).__name__, value.name]
            case Enum():
                return [type(value).__name__, value.name]
            case str() | bytes():
                self.characters -= len(value)
                if self.characters < 0:
                    raise _Unknown
                return value if isinstance(value, str) else ["bytes", value.hex()]
            case list() | tuple():
                return [self._plain(one) for one in cast("list[object]", value)]
            case dict():
                items = cast("Mapping[object, object]", value).items()
                return ["dict", *([self._plain(key), self._plain(one)] for key, one in items)]
            case set() | frozenset():
                members = [json.dumps(self._plain(one)) for one in cast("set[object]", value)]
                return ["set", *sorted(members)]
            case FunctionType() | MethodType() | functools.partial():
                inner = _Values(self.input, seen=self.seen)
                return [
                    _code(cast("object", value)) or _BLANK,
                    inner.of_call(cast("object", value)),
                ]
            case type() | ModuleType():
                return [value.__name__]
            case Context():
                return ["context", self.input.get(WHOLE, "")]
            case Node():
                return ["node"]  # its id may change: what it reads is in the code, by name
            case BaseModel():
                return [type(value).__name__, self._plain(dict(value))]
            case date() | time() | timedelta() | Decimal() | UUID() | PurePath():
                return [type(value).__name__, str(value)]
            case _ if dataclasses.is_dataclass(value):
                fields = [[one.name, getattr(value, one.name)] for one in _fields(value)]
                return [type(value).__name__, self._plain(fields)]
            case _:
                raise _Unknown


class _Unknown(Exception):
    """A value of which nothing can be told that is the same in another process."""


def _fields_of_input(code: CodeType, name: str, known: Collection[str]) -> set[str]:
    """See `_input_fields`; looked up once for each function."""
    found = _TAKEN.get((id(code), name))
    if found is None or found[1] != known:
        fields = _input_fields(node_of(code), name, known)
        found = _TAKEN[id(code), name] = code, frozenset(known), fields
    return found[2]


def _input_fields(node: ast.AST | None, name: str, known: Collection[str]) -> set[str]:
    """The fields of the run's input that a function takes of the context with this name; `WHOLE`
    stands for all, if that cannot be told.
    """
    if node is None:
        return {WHOLE}
    found: set[str] = set()
    above = {child: one for one in ast.walk(node) for child in ast.iter_child_nodes(one)}
    for one in ast.walk(node):
        if not (isinstance(one, ast.Name) and one.id == name):
            continue
        match user := above.get(one):
            case ast.Subscript() if user.value is one:
                pass
            case ast.Attribute(attr="input"):
                taken = above.get(user)
                is_field = isinstance(taken, ast.Attribute) and taken.attr in known
                found.add(taken.attr if isinstance(taken, ast.Attribute) and is_field else WHOLE)
            case ast.Attribute():
                pass
            case _:
                found.add(WHOLE)
    return found


def _fields(value: object) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(cast("Any", value))


def _contents(cell: Any) -> object:
    try:
        return cast("object", cell.cell_contents)
    except ValueError:  # not assigned yet
        return None


def _code(call: object) -> str | None:
    """The digest of the syntax of a callable; None if it cannot be told."""
    if isinstance(call, functools.partial):
        return _code(cast("functools.partial[object]", call).func)
    if isinstance(call, MethodType):
        return _code(call.__func__)
    return syntax_digest(call) if isinstance(call, FunctionType) else None


def digest_values(
    call: object, input: Callable[[], Mapping[str, str]]
) -> tuple[str | None, str | None]:
    """The digests of what a callable does, and of the values that it holds; None for what cannot be
    told, and `""` for values that are not there. `input` gives the digests of the run's input by
    its fields, and of `WHOLE`; what is read of it counts.
    """
    code = _code(call)
    if code is None:
        return None, None
    if isinstance(call, FunctionType) and not _holds(call):
        return code, ""
    held = _Values(input()).of_call(call)
    return code, "" if _is_empty(held) else digest_of(json.dumps(held, sort_keys=True))


def _holds(function: FunctionType) -> bool:
    return bool(function.__closure__ or function.__defaults__ or function.__kwdefaults__)


def _is_empty(held: object) -> bool:
    return held == []
