"""What the kind of a node means for the tree that is drawn of a run: the one place that says so.

A row of the tree has the name of its kind and nothing else, and what is read from rows imports no
rules of nodes. A kind that is not a container is a leaf, so that a new leaf needs no entry. The
union of containers is closed: mypy and pyright name this place if one is added to it.
"""

from __future__ import annotations

from typing import Final, Literal, assert_never, get_args

from smithers.values import dataclass

__all__ = [
    "CONTAINERS",
    "ITERATION",
    "ContainerKind",
    "Shape",
    "asks_agent",
    "asks_person",
    "decides",
    "is_container",
    "is_timer",
    "kind_word",
    "kind_words",
    "runs_command",
    "runs_workflow",
    "shape_of",
]

ContainerKind = Literal[
    "sequence",
    "parallel",
    "branch",
    "loop",
    "foreach",
    "flow",
    "try",
    "catch",
    "finally",
    "saga",
    "compensated",
    "part",
]

CONTAINERS: tuple[ContainerKind, ...] = get_args(ContainerKind)
"""The kinds of containers, by which those without an id of their author's are named."""

ITERATION: Final = "iteration"
"""What is drawn below a loop is of this kind. It is not a row of the tree: its key is that of the
loop with its number in the path.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """What is below a node."""

    is_container: bool = True
    iterates: bool = False
    """Whether its children are made once for each iteration, which the path of a key counts."""
    expands: bool = False
    """Whether its children are items, whose ids end in the item's key."""
    is_ordered: bool = False
    """Whether a child starts once the one before it is settled."""
    is_lazy: bool = False
    """Whether its child is made by a function once all before it is settled."""
    is_code: bool = False
    """Whether its children are made by the author's code, from what those before them gave."""
    chooses: bool = False
    """Whether only some of its children run."""
    handles: bool = False
    """Whether it runs because of a failure beside it."""
    undoes: bool = False
    """Whether what was done below it is undone if it does not finish."""
    cleans_up: Literal["no", "itself", "parent"] = "no"
    """What leaves something to do when the run is cancelled after it has begun."""


_LEAF = Shape(is_container=False)
_DECIDING = "approval"
_ASKING = (_DECIDING, "human")


def _container(kind: ContainerKind) -> Shape:
    match kind:
        case "sequence" | "try" | "compensated":
            return Shape(is_ordered=True)
        case "catch":
            return Shape(is_ordered=True, handles=True)
        case "saga":
            return Shape(is_ordered=True, undoes=True, cleans_up="itself")
        case "finally":
            return Shape(is_ordered=True, cleans_up="parent")
        case "parallel" | "branch":
            return Shape(chooses=kind == "branch")
        case "loop":
            return Shape(iterates=True, is_ordered=True)
        case "foreach":
            return Shape(expands=True)
        case "part":
            return Shape(is_ordered=True, is_lazy=True)
        case "flow":
            return Shape(is_code=True, cleans_up="itself")
        case _:
            assert_never(kind)


_SHAPES: dict[str, Shape] = {kind: _container(kind) for kind in CONTAINERS}


def shape_of(kind: str) -> Shape:
    """The shape of a kind of node, by its name in the rows of a tree."""
    return _SHAPES.get(kind, _LEAF)


def is_container(kind: str) -> bool:
    """Whether a kind of node has children; any other is a task."""
    return kind in _SHAPES


def runs_command(kind: str) -> bool:
    """Whether a kind of node runs a command that the author wrote out."""
    return kind == "command"


def runs_workflow(kind: str) -> bool:
    """Whether a kind of node runs another workflow."""
    return kind == "subflow"


def decides(kind: str) -> bool:
    """Whether the answer to a kind of node is only yes or no."""
    return kind == _DECIDING


def is_timer(kind: str) -> bool:
    """Whether a kind of node only waits for a time."""
    return kind == "timer"


def kind_word(kind: str) -> str:
    """What a node of a kind is called where a person decides whether it runs.

    >>> kind_word("task"), kind_word("command")
    ('agent', 'command')
    """
    return _WORD.get(kind, kind)


def kind_words(kind: str) -> str:
    """What happens at a node at which no program of ours works, in a sentence; else empty."""
    return _WORDS.get(kind, "")


_WORD = {"task": "agent", "human": "question", "subflow": "workflow"}
_WORDS = {
    "approval": "A person decides here.",
    "human": "A person answers here.",
    "timer": "A timer.",
    "wait_for_event": "It waits for an event.",
    "subflow": "Another workflow runs here, as a run below this one.",
}


def asks_agent(kind: str) -> bool:
    """Whether an agent works on a kind of node."""
    return kind == "task"


def asks_person(kind: str) -> bool:
    """Whether the output of a kind of node is a person's answer."""
    return kind in _ASKING
