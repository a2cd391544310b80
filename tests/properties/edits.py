"""Edits of random trees: a node is put in, taken out, moved, or wrapped, wherever it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Literal, assert_never, get_args

from hypothesis import strategies as st

from tests.properties.trees import Kind, Shape

__all__ = ["EDITS", "Edit", "EditKind", "How", "edited", "named"]

How = Literal["insert", "remove", "move", "wrap", "guard"]
"""To guard a node is to put another one before it, both in a sequence."""
EditKind = Literal["step", "approval", "branch", "foreach", "loop"]
Place = tuple[int, ...]
"""The way down from the root, child by child."""


@dataclass(frozen=True)
class Edit:
    """One change of a tree. `where` and `to` count places; `kind` is of what is put in."""

    how: How
    where: int
    to: int
    kind: EditKind
    on_failure: str


EDITS = st.builds(
    Edit,
    how=st.sampled_from(get_args(How)),
    where=st.integers(0, 30),
    to=st.integers(0, 30),
    kind=st.sampled_from(get_args(EditKind)),
    on_failure=st.sampled_from(["fail", "fail", "continue"]),
)


def named(shape: Shape) -> Shape:
    """The same tree, each of its nodes with a name of its own."""
    numbers = count()

    def name(one: Shape) -> Shape:
        mine = f"t{next(numbers)}"
        return replace(one, name=mine, below=tuple(map(name, one.below)))

    return name(shape)


def edited(shape: Shape, edit: Edit, fresh: str) -> Shape:
    """The tree after an edit; `fresh` names what is new in it. It may stay as it was."""
    places = list(_places(shape))
    where = places[edit.where % len(places)]
    leaf = _made(edit, fresh)
    if edit.how == "insert":
        return _inserted(shape, leaf, edit.to)
    if edit.how == "wrap":
        kind: Kind = "parallel" if edit.to % 2 else "sequence"
        group = Shape(kind=kind, on_failure="finish", below=(_at(shape, where),), name=fresh)
        return _put(shape, where, group)
    if edit.how == "guard":
        group = Shape(kind="sequence", below=(leaf, _at(shape, where)), name=f"{fresh}-guarded")
        return _put(shape, where, group)
    if not where or not _may_lose(_at(shape, where[:-1])):
        return shape
    node, left = _at(shape, where), _removed(shape, where)
    return left if edit.how == "remove" else _inserted(left, node, edit.to)


def _made(edit: Edit, fresh: str) -> Shape:
    """What is put in: a leaf, or a container that asks for something, around one."""
    match edit.kind:
        case "step" | "approval":
            return Shape(kind=edit.kind, on_failure=edit.on_failure, name=fresh)
        case "branch" | "loop" | "foreach":
            leaf = Shape(kind="step", on_failure=edit.on_failure, name=fresh)
            finish = edit.on_failure == "fail" or edit.kind == "loop"
            on_failure = "finish" if finish else "continue"
            name = f"{fresh}-{edit.kind}"
            return Shape(kind=edit.kind, below=(leaf,), count=1, on_failure=on_failure, name=name)
        case _:
            assert_never(edit.kind)


def _places(shape: Shape, here: Place = ()) -> Iterator[Place]:
    yield here
    for number, one in enumerate(shape.below):
        yield from _places(one, (*here, number))


def _at(shape: Shape, place: Sequence[int]) -> Shape:
    for number in place:
        shape = shape.below[number]
    return shape


def _put(shape: Shape, place: Sequence[int], new: Shape) -> Shape:
    if not place:
        return new
    below = list(shape.below)
    below[place[0]] = _put(below[place[0]], place[1:], new)
    return replace(shape, below=tuple(below))


def _may_lose(shape: Shape) -> bool:
    return _holds_any(shape) and not (shape.kind in ("loop", "saga") and len(shape.below) == 1)


def _holds_any(shape: Shape) -> bool:
    """Whether it takes any number of children."""
    match shape.kind:
        case "sequence" | "parallel" | "loop" | "saga":
            return True
        case "branch" | "foreach" | "try" | "compensated":
            return False
        case (
            "step"
            | "task"
            | "command"
            | "approval"
            | "human"
            | "timer"
            | "subflow"
            | "continue_as_new"
        ):
            return False
        case _:
            assert_never(shape.kind)


def _removed(shape: Shape, place: Place) -> Shape:
    above = _at(shape, place[:-1])
    below = (*above.below[: place[-1]], *above.below[place[-1] + 1 :])
    return _put(shape, place[:-1], replace(above, below=below))


def _inserted(shape: Shape, new: Shape, to: int) -> Shape:
    """With a node put into a container that takes any number, before one of its children or last;
    a tree that has none becomes a sequence.
    """
    gaps = [
        (place, number)
        for place in _places(shape)
        if _holds_any(one := _at(shape, place))
        for number in range(len(one.below) + 1)
    ]
    if not gaps:
        return Shape(kind="sequence", below=(new, shape), name=f"{new.name}-around")
    place, number = gaps[to % len(gaps)]
    one = _at(shape, place)
    below = (*one.below[:number], new, *one.below[number:])
    return _put(shape, place, replace(one, below=below))
