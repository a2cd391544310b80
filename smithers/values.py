"""Our dataclasses: those of the standard library, but a method is written when it is first used,
and the library looks at the fields when somebody asks for them.

The library looks at each field of a class while that is defined, and writes and compiles up to six
methods. A command defines hundreds of classes and uses a few, so that was a third of its start.
Of the library's options there are those that we use; `InitVar`, `init=False` and `hash=` of a field
are not among them.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from functools import partial
from reprlib import recursive_repr
from threading import Lock
from types import FunctionType
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]


class _Factory:
    """What stands in a signature for a default that is made for each value."""

    def __repr__(self) -> str:
        return "<factory>"


_LATER = _Factory()
_Make = Callable[["type[Any]", bool], FunctionType]


def late_dataclass(
    cls: type[Any] | None = None,
    /,
    *,
    init: bool = True,
    eq: bool = True,
    frozen: bool = False,
    kw_only: bool = False,
    slots: bool = False,
) -> object:
    """What `dataclass` is when the program runs; checkers know it as that of the library."""
    if cls is None:
        options = {"init": init, "eq": eq, "frozen": frozen, "kw_only": kw_only, "slots": slots}
        return partial(late_dataclass, **options)
    if any("__dataclass_fields__" in vars(one) for one in cls.__mro__[1:]):
        # The library has rules for those that extend another; they are few.
        return dataclasses.dataclass(init=init, eq=eq, frozen=frozen, kw_only=kw_only, slots=slots)(
            cls
        )
    if cls.__doc__ is None:  # the library would import and inspect more for one
        cls.__doc__ = f"{cls.__name__}(...)"
    made: Any = _slotted(cls) if slots else cls
    described = _Described(cls, made, {"init": init, "eq": eq, "frozen": frozen}, kw_only=kw_only)
    for name in _OF_LIBRARY:
        setattr(made, name, described.late(name))
    if not slots and any(isinstance(one, dataclasses.Field) for one in vars(cls).values()):
        described.describe()  # who asks the class for a default gets that
    for name, method in _methods(made, init=init, eq=eq, frozen=frozen, slots=slots).items():
        # A class that has `__eq__` alone gets `__hash__ = None` from Python, which is not its own.
        if made.__dict__.get(name) is None:
            setattr(made, name, method)
    return made


def _methods(
    cls: type[Any], *, init: bool, eq: bool, frozen: bool, slots: bool
) -> dict[str, object]:
    found: dict[str, object] = {"__repr__": _repr}
    if init:
        found["__init__"] = _Late("__init__", cls, frozen, _init)
    if eq:
        found["__hash__"] = _Late("__hash__", cls, frozen, _hash) if frozen else None
        found["__eq__"] = _Late("__eq__", cls, frozen, _eq)
    if frozen:
        found |= _frozen(cls)
    if frozen and slots:  # what copies and pickles ask for, since nothing can be set
        found |= {"__getstate__": _state, "__setstate__": _take}
    return found


def _slotted(cls: type[Any]) -> type[Any]:
    """The class with a slot for each field; the defaults stay in the one that was given."""
    names = [name for name, kind in cls.__annotations__.items() if not kind.startswith("ClassVar")]
    left_out = {*names, "__dict__", "__weakref__"}
    namespace = {name: value for name, value in vars(cls).items() if name not in left_out}
    metaclass: Any = type(cls)
    made: type[Any] = metaclass(
        cls.__name__, cls.__bases__, {**namespace, "__slots__": tuple(names)}
    )
    made.__qualname__ = cls.__qualname__
    return made


_OF_LIBRARY = ("__dataclass_fields__", "__dataclass_params__", "__match_args__")
_DESCRIBING = Lock()


class _Described:
    """What the library says of a class, `made` from the one that has its defaults."""

    def __init__(
        self, cls: type[Any], made: type[Any], params: dict[str, bool], *, kw_only: bool
    ) -> None:
        self._cls, self._made, self._params, self._kw_only = cls, made, params, kw_only

    def late(self, name: str) -> _LateFact:
        return _LateFact(name, self)

    def describe(self) -> None:
        """Have the library look at the class, which it does once."""
        with _DESCRIBING:
            cls, made = self._cls, self._made
            if not isinstance(vars(made)["__dataclass_fields__"], _LateFact):
                return  # another thread was first
            if cls is made:
                del made.__match_args__  # the library leaves one that is there
            dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=self._kw_only)(cls)
            params = cls.__dataclass_params__  # what it asks of a class that is extended
            for name, value in {**self._params, "repr": True}.items():
                setattr(params, name, value)
            for name in reversed(_OF_LIBRARY):
                setattr(made, name, getattr(cls, name))


class _LateFact:
    """A part of that, which takes this one's place when it is first looked up."""

    def __init__(self, name: str, described: _Described) -> None:
        self._name, self._described = name, described

    def __get__(self, instance: object, owner: type[Any]) -> object:
        self._described.describe()
        return getattr(owner, self._name)


if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    dataclass = late_dataclass


class _Late:
    """A method that is written when it is first looked up, and takes this one's place then."""

    def __init__(self, name: str, home: type[Any], frozen: bool, make: _Make) -> None:
        self._name, self._home, self._frozen, self._make = name, home, frozen, make

    def __get__(self, instance: object, owner: type[Any]) -> Callable[..., Any]:
        method = self._make(self._home, self._frozen)
        method.__qualname__ = f"{self._home.__qualname__}.{self._name}"
        setattr(self._home, self._name, method)
        return method.__get__(instance, owner)


def _init(cls: type[Any], frozen: bool) -> FunctionType:
    known: dict[str, object] = {"__put": object.__setattr__, "__later": _LATER}
    plain, named, body = list[str](), list[str](), list[str]()
    slots: tuple[str, ...] = vars(cls).get("__slots__", ())
    for one in dataclasses.fields(cls):
        if not one.init:
            raise TypeError(f"{cls.__qualname__}.{one.name}: init=False is not supported here")
        name, value, taken = one.name, one.name, one.name
        if one.default is not dataclasses.MISSING:
            known[f"__default_{name}"] = one.default
            taken = f"{name}=__default_{name}"
        elif one.default_factory is not dataclasses.MISSING:
            known[f"__make_{name}"] = one.default_factory
            taken = f"{name}=__later"
            value = f"__make_{name}() if {name} is __later else {name}"
        (named if one.kw_only else plain).append(taken)
        if not frozen:
            body.append(f"self.{name} = {value}")
        elif name in slots:  # which costs half as much as to look it up
            known[f"__put_{name}"] = vars(cls)[name].__set__
            body.append(f"__put_{name}(self, {value})")
        else:
            body.append(f"__put(self, {name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    made = _written(
        cls, "__init__", ["self", *plain, *(["*"] if named else []), *named], body, known
    )
    types = {one.name: one.type for one in dataclasses.fields(cls)}
    made.__annotations__ = {**types, "return": None}
    return made


def _eq(cls: type[Any], frozen: bool) -> FunctionType:
    del frozen
    names = [one.name for one in dataclasses.fields(cls) if one.compare]
    body = [
        "if other.__class__ is not self.__class__:",
        "    return NotImplemented",
        f"return {_tuple('self', names)} == {_tuple('other', names)}",
    ]
    return _written(cls, "__eq__", ["self", "other"], body, {})


def _hash(cls: type[Any], frozen: bool) -> FunctionType:
    del frozen
    names = [one.name for one in dataclasses.fields(cls) if one.compare]
    return _written(cls, "__hash__", ["self"], [f"return hash({_tuple('self', names)})"], {})


def _tuple(of: str, names: list[str]) -> str:
    return f"({''.join(f'{of}.{name}, ' for name in names)})"


def _written(
    cls: type[Any], name: str, parameters: list[str], body: list[str], known: dict[str, object]
) -> FunctionType:
    """A function that has its own names beside those of the module of the class."""
    inner = "".join(f"  {line}\n" for line in body or ["pass"])
    text = f" def {name}({', '.join(parameters)}):\n{inner} return {name}\n"
    namespace: dict[str, Any] = {}
    exec(f"def make({', '.join(known)}):\n{text}", vars(sys.modules[cls.__module__]), namespace)
    made: FunctionType = namespace["make"](**known)
    return made


@recursive_repr()
def _repr(self: Any) -> str:
    shown = [f"{one.name}={getattr(self, one.name)!r}" for one in _shown(self)]
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _shown(value: Any) -> list[dataclasses.Field[Any]]:
    return [one for one in dataclasses.fields(value) if one.repr]


def _frozen(cls: type[Any]) -> dict[str, object]:
    def __setattr__(self: object, name: str, value: object) -> None:
        if type(self) is cls or name in cls.__dataclass_fields__:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def __delattr__(self: object, name: str) -> None:
        if type(self) is cls or name in cls.__dataclass_fields__:
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    return {"__setattr__": __setattr__, "__delattr__": __delattr__}


def _state(self: Any) -> list[object]:
    return [getattr(self, one.name) for one in dataclasses.fields(self)]


def _take(self: Any, state: list[object]) -> None:
    for one, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, one.name, value)
