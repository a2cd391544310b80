"""What a node is has one home: elsewhere nothing asks of which kind a node or its work is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

import smithers
from smithers.kinds import KindName
from smithers.tree import Node, Work

SOURCE = Path(smithers.__file__).parent
HOMES = ("kinds/", "engine/attempts/__init__.py")
"""Where the class of a node or of its work is asked for: the kinds, and what executes."""

PLACES = {
    "shapes.py": "what the rows of a tree mean by their kinds; test_kinds.py compares them",
    "tree/_tasks.py": "a wrong option is refused where the author writes it, below the kinds",
    "tree/_other_tools.py": "names that other tools give to theirs, some of which are kinds here",
    "store/version_6.py": "a migration reads the kinds that there were before it",
}
"""Other places, each with a reason."""


def nodes() -> list[type[Node[Any]]]:
    found: list[Any] = [getattr(smithers, name) for name in smithers.__all__]
    return [one for one in found if isinstance(one, type) and issubclass(one, Node)]


CLASSES = {one.__name__ for one in (*nodes(), *get_args(Work))} - {Node.__name__}
WAITS = {"approval", "human", "timer"}
"""Kinds of waits as well, of which test_waits.py has the places."""
KINDS = {*get_args(KindName), *(one.kind for one in nodes())} - {Node.kind} - WAITS
COMPARED = {"task", "step", "command", "iteration", "part"}
"""Kinds that are keys of JSON as well: they count only where something is compared with them."""


def names_of_others(tree: ast.Module) -> set[str]:
    """Names that a file imports from elsewhere, such as the `Sequence` of `collections.abc`."""
    return {
        name.asname or name.name
        for found in ast.walk(tree)
        if isinstance(found, ast.ImportFrom) and not (found.module or "").startswith("smithers")
        for name in found.names
    }


def classes(tested: ast.expr, others: set[str]) -> set[str]:
    """The classes among those that something is tested against."""
    names = {one.id for one in ast.walk(tested) if isinstance(one, ast.Name)} - others
    dotted = {
        one.attr
        for one in ast.walk(tested)
        if isinstance(one, ast.Attribute) and ast.unparse(one.value) not in others | {"abc"}
    }
    return CLASSES & (names | dotted)


def kinds(compared: ast.expr) -> set[str]:
    """The kinds that something is compared with: a string, or strings in brackets."""
    parts = compared.elts if isinstance(compared, ast.Tuple | ast.List | ast.Set) else [compared]
    return KINDS & {str(one.value) for one in parts if isinstance(one, ast.Constant)}


def dispatches(text: str) -> Iterator[str]:
    """The classes and kinds by which a file dispatches."""
    tree = ast.parse(text)
    others = names_of_others(tree)
    own = {
        one.value
        for one in ast.walk(tree)
        if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == "kind"
    }
    for found in ast.walk(tree):
        match found:
            case ast.Call(func=ast.Name(id="isinstance" | "issubclass"), args=[_, tested]):
                yield from classes(tested, others)
            case ast.MatchClass(cls=tested):
                yield from classes(tested, others)
            case ast.Compare(ops=[ast.Is() | ast.IsNot() | ast.Eq() | ast.NotEq()]):
                yield from kinds(found.left) | kinds(found.comparators[0])
                if "type(" in ast.unparse(found.left):
                    yield from classes(found.comparators[0], others)
            case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[compared]):
                yield from kinds(compared)
            case ast.MatchValue(value=compared):
                yield from kinds(compared)
            case ast.Constant(value=str(word)) if word in KINDS - COMPARED and found not in own:
                yield word
            case _:
                pass


def files() -> Iterator[tuple[str, str]]:
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        if not name.startswith(HOMES):
            yield name, path.read_text("utf-8")


def test_nothing_else_asks_of_which_kind_a_node_is() -> None:
    found = {name: sorted(set(dispatches(text))) for name, text in files()}
    places = {name for name, what in found.items() if what}
    assert places - PLACES.keys() == set(), "ask for a trait of the kind, or add a method"
    assert PLACES.keys() - places == set(), "these places are no longer needed"
    assert len(PLACES) <= 4


def test_no_page_asks_of_which_kind_a_node_is() -> None:
    kind = "|".join(KINDS)
    asks = re.compile(rf"kind (?:[=!]=|(?:not )?in) [^%}}]*[\"'](?:{kind})[\"']")
    assert asks.search('{% if line.kind in ("step", "command") %}')
    found = {path.name for path in SOURCE.rglob("*.html") if asks.search(path.read_text("utf-8"))}
    assert found == set(), "pass the page a trait of the kind"


@pytest.mark.parametrize(
    "text",
    [
        "isinstance(one, Loop)",
        "isinstance(one, Step | Branch)",
        "isinstance(one, (int, tree.Parallel))",
        "from smithers import Sequence\nisinstance(one, Sequence)",
        "isinstance(node.work, StepWork)",
        "type(one) is Approval",
        "match one:\n    case ForEach(id=None):\n        pass",
        "row.kind == 'task'",
        "row.kind in ('step', 'approval')",
        "match row.kind:\n    case 'iteration':\n        pass",
        "LOOP = 'loop'",
    ],
)
def test_a_dispatch_is_found(text: str) -> None:
    assert set(dispatches(text))


@pytest.mark.parametrize(
    "text",
    [
        "from collections.abc import Sequence\nisinstance(given, Sequence)",
        "import collections.abc as abc\nisinstance(given, abc.Sequence)",
        "isinstance(one, Node)",
        "{'task': key.id, 'iteration': list(key.path)}",
        "'task' in change",
        "def of(one: Instance[Loop]) -> Loop: ...",
        "class Loop(Node):\n    kind = 'loop'",
    ],
)
def test_what_is_no_dispatch_is_not_found(text: str) -> None:
    assert not set(dispatches(text))
