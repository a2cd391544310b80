"""Our dataclasses behave as those of the standard library, and write a method when it is used."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

import smithers

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from smithers.values import dataclass


@dataclass(frozen=True, kw_only=True)
class Frozen:
    name: str
    size: int = 3
    parts: list[str] = field(default_factory=list[str])
    kind: ClassVar[str] = "kind"


@dataclass(frozen=True, slots=True)
class Slotted:
    """Words."""

    name: str
    told: str = field(default="", compare=False, repr=False)


@dataclass(slots=True)
class Open:
    name: str
    size: int = field(default=0, kw_only=True)


@dataclass
class Checked:
    name: str

    def __post_init__(self) -> None:
        self.name = self.name.upper()

    def __repr__(self) -> str:
        return "mine"

    def __hash__(self) -> int:
        return 7


@dataclass(eq=False)
class Same:
    name: str


OURS: list[tuple[type[Any], dict[str, bool]]] = [
    (Frozen, {"frozen": True, "kw_only": True}),
    (Slotted, {"frozen": True, "slots": True}),
    (Open, {"slots": True}),
    (Checked, {}),
    (Same, {"eq": False}),
]


def _library(ours: type[Any], options: dict[str, Any]) -> Any:
    """The class as the library makes it from the same fields."""
    own = ("__post_init__", "__repr__", "__hash__")
    namespace = {
        name: value
        for name in own
        if inspect.isfunction(value := vars(ours).get(name)) and value.__module__ == __name__
    }
    fields = [(one.name, one.type, copy.copy(one)) for one in dataclasses.fields(ours)]
    options = {name: value for name, value in options.items() if name != "kw_only"}
    return dataclasses.make_dataclass(ours.__name__, fields, namespace=namespace, **options)


def _params(cls: Any) -> Any:
    return cls.__dataclass_params__


@pytest.mark.parametrize(("ours", "options"), OURS, ids=lambda one: getattr(one, "__name__", ""))
def test_a_class_has_what_the_library_gives_it(ours: type[Any], options: dict[str, bool]) -> None:
    library = _library(ours, options)
    given: dict[str, Any] = {"name": "a"}
    unknown: dict[str, Any] = {"other": 1}
    assert str(inspect.signature(ours)) == str(inspect.signature(library))
    assert repr(ours(**given)) == repr(library(**given))
    assert (ours(**given) == ours(**given)) == (library(**given) == library(**given))
    assert ours(**given) != ours(name="b")
    assert ours(**given) != library(**given)
    assert ours.__match_args__ == library.__match_args__
    assert (ours.__hash__ is None) == (library.__hash__ is None)
    assert dataclasses.replace(ours(**given), name="b") == ours(name="b") or ours is Same
    assert dataclasses.asdict(ours(**given)) == dataclasses.asdict(library(**given))
    for name in ("init", "repr", "eq", "frozen"):
        assert getattr(_params(ours), name) == getattr(_params(library), name)
    with pytest.raises(TypeError) as raised:
        ours(**unknown)
    with pytest.raises(TypeError) as theirs:
        library(**unknown)
    assert str(raised.value) == str(theirs.value)


def test_equal_values_hash_alike_by_the_fields_that_are_compared() -> None:
    assert hash(Slotted("a", "x")) == hash(Slotted("a", "y")) != hash(Slotted("b", "x"))
    assert Slotted("a", "x") == Slotted("a", "y") != Slotted("b", "x")
    assert hash(Checked("a")) == 7


@pytest.mark.parametrize("value", [Frozen(name="a"), Slotted("a")])
def test_a_frozen_value_refuses_to_be_changed(value: Any) -> None:
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'name'"):
        value.name = "b"
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'name'"):
        del value.name


@pytest.mark.parametrize("value", [Frozen(name="a", parts=["x"]), Slotted("a", "told"), Open("a")])
def test_a_value_is_copied_and_pickled(value: Any) -> None:
    for again in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert dataclasses.astuple(again) == dataclasses.astuple(value)


def test_each_value_gets_a_default_of_its_own() -> None:
    assert Frozen(name="a").parts is not Frozen(name="a").parts


def test_a_class_of_the_library_may_extend_one_of_ours() -> None:
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class More(Frozen):
        more: int

    assert More(name="a", more=1) == More(name="a", more=1) != More(name="a", more=2)
    assert hash(Slotted("a")) == hash(Slotted("a"))


def test_a_plain_subclass_of_a_frozen_class_keeps_the_fields_frozen() -> None:
    class Wider(Frozen):
        pass

    wider = Wider(name="a")
    vars(wider)["other"] = 1
    with pytest.raises(FrozenInstanceError):
        wider.name = "b"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def test_a_value_that_contains_itself_is_shown() -> None:
    value = Frozen(name="a")
    value.parts.append(value)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert repr(value) == "Frozen(name='a', size=3, parts=[...])"


def test_a_method_is_written_when_it_is_first_used() -> None:
    @dataclass(frozen=True)
    class Unused:
        name: str

    assert not inspect.isfunction(vars(Unused)["__init__"])
    assert Unused("a").name == "a"
    assert inspect.isfunction(vars(Unused)["__init__"])
    assert not inspect.isfunction(vars(Unused)["__eq__"])


def test_the_library_looks_at_a_class_when_its_fields_are_first_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[object] = []
    described: Any = dataclasses.dataclass

    def look(**options: object) -> Any:
        looked.append(options)
        return described(**options)

    monkeypatch.setattr(dataclasses, "dataclass", look)

    @dataclass(frozen=True, slots=True)
    class Unused:
        name: str
        size: int = field(default=3, repr=False)
        kind: ClassVar[str] = "kind"

    assert looked == []
    assert Unused.__match_args__ == ("name", "size")
    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(Unused, "aaaa"))
    assert repr(made.pop()) == f"{Unused.__qualname__}(name='a')"
    assert (Unused.kind, Unused.__slots__, len(looked)) == ("kind", ("name", "size"), 1)


def test_all_dataclasses_of_the_core_are_ours() -> None:
    """Patterns are files that a reader could have written, and have the library's."""
    core = Path(smithers.__file__).parent
    theirs = [
        str(file.relative_to(core))
        for file in core.rglob("*.py")
        if re.search(r"^\s*from dataclasses import .*\bdataclass\b", file.read_text(), re.MULTILINE)
        and file.parent.name != "patterns"
    ]
    assert theirs == ["values.py"], "import dataclass from smithers.values there"
