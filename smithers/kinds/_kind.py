"""What a kind of node decides, and the two protocols through which it acts.

A kind is stateless: what it decides is a function of rows and of the instance that it is given. If
a decision depends on when it was made, it is a choice row.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, Generic, Literal, Protocol

from pydantic import BaseModel
from typing_extensions import TypeVar

from smithers.changes import ChoiceKind, Failure, Key, Outcome, WaitKind, WaitOpened
from smithers.kinds._called import Called
from smithers.kinds._calling import Calling
from smithers.kinds._definition import Definition
from smithers.kinds._instance import Instance
from smithers.kinds._output_reader import OutputReader
from smithers.shapes import ContainerKind
from smithers.signals import Signal
from smithers.state import Ended, RunState, Total
from smithers.tree import Computed, ForEach, Mark, Node, Output, Part, Rework, Task

__all__ = ["NOTHING", "Asking", "Kind", "KindName", "Planning"]

KindName = Literal[
    "task",
    "command",
    "chosen",
    "approval",
    "human",
    "timer",
    "subflow",
    "wait_for_event",
    "continue_as_new",
    ContainerKind,
    "iteration",
]

N = TypeVar("N", bound=Node[Any], default=Any)


class Planning(Protocol):
    """The plan, as kinds use it."""

    @property
    def state(self) -> RunState: ...

    def make_children(self, one: Instance, definitions: Sequence[Definition], /) -> None:
        """Make its children, unless they were made before."""

    def add_child(
        self, one: Instance, definition: Definition[Any], key: Key, kind: Kind[Any], /
    ) -> Instance:
        """Make one more child: an iteration of a loop, or what undoes an action."""
        ...

    def activate(self, one: Instance, /) -> None:
        """Everything before it is settled."""

    def ask(self, asker: Instance, owner: Instance, /) -> None:
        """Have `resolve` called, unless the state has an end for the owner of the callable."""

    def resolve_later(self, one: Instance, /) -> None:
        """Have `resolve` called."""

    def expand_later(self, one: Instance, /) -> None:
        """It reads a node that has not settled: call `chosen` when more nodes have, or else
        `resolve`.
        """

    def come_up(self, leaf: Instance, /) -> None:
        """Have `resolve` called as soon as a leaf may have a slot in the limited groups around."""

    def step_later(self, one: Instance, /) -> None:
        """Have `resolve` called once nothing else follows from what has come."""

    def mark(self, one: Instance, outcome: Outcome, frame: int, /) -> None:
        """It has settled, in this frame."""

    def absorb(self, one: Instance, /) -> None:
        """Its failure, and what was cancelled because of it, fails nothing around it: it and all
        below it that failed or was cancelled is final.
        """

    def drop(self, one: Instance, outcome: Outcome, /, *, cancel: bool) -> None:
        """It will not continue: what never started settles, what runs ends or is stopped."""

    def drop_task(self, one: Instance, outcome: Outcome, /, *, cancel: bool) -> None:
        """The same for a leaf."""

    def stop_later(self, group: Instance, /) -> None:
        """Have `stop` called once all that ended by itself is counted."""

    def begin(self, one: Instance, /) -> None:
        """It has begun, and takes the slots above it."""

    def expand(self, one: Instance, /) -> Sequence[Definition] | None:
        """The subtrees of its items; None if what they read is not settled."""
        ...


class Asking(Calling, Protocol):
    """The engine, as kinds use it to call the author's code."""

    @property
    def state(self) -> RunState: ...

    @property
    def run_id(self) -> str: ...

    def test(
        self,
        one: Instance,
        test: Callable[[], object],
        what: str,
        mark: Mark,
        /,
        owner: Instance | None = None,
    ) -> bool | None:
        """Call a test, of which `what` are the words. None if it waits for data, or raised and so
        failed its owner.
        """
        ...

    def compute(
        self, one: Instance, given: Computed[Any], /, owner: Instance | None = None
    ) -> str | None:
        """Call it, and give its value as that of a choice. None if it waits for data, or raised and
        so failed its owner.
        """
        ...

    def choose(self, one: Instance, kind: ChoiceKind, value: str, /) -> None:
        """Decide; `value` is JSON text."""

    def fail(self, one: Instance, error: Exception, /) -> None:
        """It fails by this error."""

    def prepare(self, one: Instance, value: object, /) -> None:
        """Render what is below it from this value, before the choice that makes it. It fails by
        what the author's function raises.
        """

    def make_items(self, one: Instance[ForEach[Any] | Part], /) -> None:
        """Call the items of a fan-out, or the `then` of a part, and choose them; or mount those
        that are chosen.
        """

    @property
    def input_model(self) -> type[BaseModel]:
        """What the workflow of the run takes."""
        ...

    def check_input(self, text: str, /) -> None:
        """Raise `Refused` if this is not the input of a run of the workflow."""

    def now(self) -> datetime:
        """The time of the frame in the making."""
        ...

    def scrub(self, text: str, /) -> str:
        """The text without secrets."""
        ...

    def close_wait(self, one: Instance, kind: WaitKind, answer: str, /) -> None:
        """Its wait is over, by this answer, as JSON text."""

    def settle(
        self,
        one: Instance,
        outcome: Outcome,
        /,
        *,
        error: Failure | None = None,
        output: str | None = None,
        model: str | None = None,
        type: str | None = None,
    ) -> None:
        """It ends. `output` is JSON text, `model` the name of its model, and `type` the class that
        it was made from, if the node does not declare one.
        """

    def resolve_later(self, one: Instance, /) -> None:
        """Have `resolve` called."""

    def proceed(self, one: Instance, /) -> None:
        """Have `chosen` called, since the state has what the instance waits for."""

    def make_ready(self, one: Instance[Task[Any]], /) -> bool:
        """Whether a leaf may do what it does now; else it waits or has settled."""
        ...

    def has_slot(self, one: Instance, /) -> bool:
        """Whether it may begin; else it comes up again once there is a slot."""
        ...

    def text(
        self, one: Instance[Task[Any]], given: str | Callable[[], str], what: str, /
    ) -> str | None:
        """A text that the author wrote, or the one that their callable gives; `what` names it. None
        if it waits for data, or has failed.
        """
        ...

    def count_child(
        self, one: Instance, run_id: str, used: Mapping[str | None, Total], time_s: float, /
    ) -> None:
        """Count what its child run has used in all, by models, and the seconds of its attempts, as
        far as that is not counted yet.
        """

    def time(
        self, one: Instance[Task[Any]], given: datetime | Callable[[], datetime], /
    ) -> datetime | None:
        """A time with a zone that the author wrote, or the one that their callable gives; None as
        for `text`.
        """
        ...

    def names(
        self, one: Instance[Task[Any]], given: Callable[[], Iterable[str]], /
    ) -> tuple[str, ...] | None:
        """The texts that a callable of the author's gives, distinct and each on one line; None as
        for `text`.
        """
        ...

    def open_wait(self, one: Instance, wait: WaitOpened, /) -> None:
        """It has begun, and waits for what is outside of the run."""

    def pays(self, one: Instance, ids: Iterable[str], /) -> bool:
        """Whether agents of these nodes may be asked again, or what they cost is waited for; False
        if a budget that is spent would skip them.
        """
        ...

    def has_answer(self, one: Instance, /) -> bool:
        """Whether a person's answer to it has come, and is not taken yet."""
        ...

    def take_signal(self, one: Instance, number: int, /, misfit: str | None = None) -> None:
        """It takes a signal from its queue, or sets it aside since it does not fit."""

    @property
    def began(self) -> datetime:
        """When this owner of the run began: what was due before is due now, by the wall clock."""
        ...


NOTHING: Final = object()
"""In place of the value of a node that gave none; None is a value."""


class Kind(ABC, Generic[N]):
    """The rules of one kind of node."""

    name: ClassVar[KindName]
    is_task: ClassVar[bool] = False
    only_waits: ClassVar[bool] = False
    """Whether nothing of it is ever attempted: it opens a wait, and what ends that ends it."""
    is_ordered: ClassVar[bool] = False
    """Whether a child starts once the one before it is settled."""
    grows: ClassVar[bool] = False
    """Whether its children are made one after the other while it is up."""

    only_arranges: ClassVar[bool] = False
    """Whether it decides nothing: all its children are activated, and it settles with them."""
    comes_to_all: ClassVar[bool] = False
    """Whether a failure alone decides which of its children it comes to; it ends with the last."""
    is_concurrent: ClassVar[bool] = False
    """Whether its children may be at work at the same time."""
    chooses: ClassVar[bool] = False
    """Whether it makes choices, which are kept under its id."""
    expands: ClassVar[bool] = False
    """Whether what is below it is made from data, so that the tree does not show it."""
    made_from: ClassVar[str] = ""
    """What a callable gives to make what is below it, in words; empty if no callable alone does."""
    stays: ClassVar[bool] = True
    """Whether what it has come to stays when its node is rendered again as the same."""
    is_alone: ClassVar[bool] = True
    """Whether it may be planned without what is around it."""
    reopens: ClassVar[bool] = False
    """Whether some of its children may be planned anew while it is under way; see `reopened`."""
    can_append: ClassVar[bool] = False
    """Whether children may be added after the last one while it is under way."""
    reads_when_asked: ClassVar[bool] = False
    """Whether the function for what is below it reads as a callable does: it waits for what it
    reads, and is not called again when that changes.
    """
    continues: ClassVar[bool] = False
    """Whether the run ends as continued once such a node has finished: its output is the input of
    the next run.
    """
    hint: ClassVar[str] = "read a task inside it, or set result=task on it"
    """What the author of a read should do, if nodes of the kind have no output."""

    @abstractmethod
    def activate(self, plan: Planning, one: Instance[N]) -> None:
        """Everything before it is settled: make children, start some, or ask."""

    @abstractmethod
    def child_settled(self, plan: Planning, one: Instance[N], child: Instance) -> None:
        """A child has settled and is counted: start the next, stop, or settle."""

    @abstractmethod
    def drop(self, plan: Planning, one: Instance[N], outcome: Outcome, *, cancel: bool) -> None:
        """It will not continue."""

    @abstractmethod
    def make_below(self, plan: Planning, one: Instance[N]) -> None:
        """Make what is below it and is not made yet, as far as the state has it."""

    def chosen(self, plan: Planning, one: Instance[N]) -> None:  # many never choose
        """The state has its choice now."""

    def resolve(self, asking: Asking, one: Instance[N]) -> bool:
        """It is up and needs the author's code. True if it is a task that may be attempted."""
        return False

    def answered(self, asking: Asking, one: Instance[N], kind: WaitKind, body: str | None) -> None:
        """A wait of the kind `settles` that this node opened has its answer, as JSON text; or it is
        due, and `body` is None.
        """
        raise AssertionError(f"a {self.name} opens no wait of the kind {kind!r}")

    def signalled(self, asking: Asking, one: Instance[N], signal: Signal) -> bool:
        """Whether it takes this signal, which it waits for. Raises `WrongAnswer` for a misfit."""
        raise AssertionError(f"a {self.name} waits for no signal")

    def stop(self, plan: Planning, one: Instance[N]) -> None:  # groups alone stop
        """Nothing starts below it from now on."""

    def appended(self, plan: Planning, one: Instance[N], child: Instance) -> None:
        """A child was added after the last one, while others are open."""

    def open_again(self, one: Instance[N], places: Iterable[int]) -> Sequence[int]:
        """The places of the children that are planned anew with those at these places."""
        return sorted(places)

    def reopened(self, plan: Planning, one: Instance[N], places: Sequence[int]) -> None:
        """These children are as they were when they were made."""
        for place in places:
            plan.activate(one.children[place])

    def note(self, plan: Planning, one: Instance[N], child: Instance) -> None:
        """Count the end of a child."""
        if child.failing and self.is_tolerant(one.node):
            plan.absorb(child)
        elif child.failing:
            one.worst = "failed"
        elif child.status == "cancelled" and one.worst in ("finished", "skipped"):
            one.worst = "cancelled"

    def check(self, definition: Definition[N]) -> None:
        """Check where it is in the tree. Raises `AuthorError`."""

    def maker(self, definition: Definition[N], child: Definition) -> Definition:
        """The container that makes the instances of a child of this node."""
        return definition

    def loops_below(self, definition: Definition) -> tuple[str, ...]:
        """The ids of the loops around its children, outermost first."""
        return definition.loops

    def loops_around(self, definition: Definition) -> tuple[str, ...]:
        """The ids of the loops in whose iteration its callables are called, outermost first."""
        return definition.loops

    def split(self, node: N) -> int:
        """The number of children in its first part, -1 if it has no parts."""
        return -1

    def split_part(self, node: N) -> tuple[Node[Any], Part | None]:
        """A node that has a part, as the child of a part, and what follows that beside it."""
        raise AssertionError(f"a {self.name} has no parts")

    def needs(self, node: N) -> Iterator[tuple[str, str]]:
        """The ids of what it says that it comes after, and in which words."""
        yield from ()

    def source_of_output(self, node: N) -> Node[Any] | None:
        """The node whose output is the output of this one: itself if it makes one, None if it gives
        nothing.
        """
        return None

    def output(self, node: N) -> Output[Any] | None:
        """The type of what it gives, if the node says so."""
        return None

    def gives(self, outputs: OutputReader, one: Instance[N]) -> bool:
        """Whether it gave something."""
        return False

    def value(self, outputs: OutputReader, one: Instance[N], handle: N) -> object:
        """What it gave, as a fresh object, to one who reads it by `handle`; `NOTHING` if it gave
        nothing.
        """
        return NOTHING

    def text(self, outputs: OutputReader, one: Instance[N]) -> str | None:
        """What it gave as JSON text; None if it gave nothing."""
        return None

    def limit(self, node: N) -> int | None:
        """How many children may have begun and not be settled."""
        return None

    def is_tolerant(self, node: N) -> bool:
        """Whether it continues without the children that failed."""
        return False

    def is_tolerated(self, node: N) -> bool:
        """Whether its own failure fails nothing around it."""
        return False

    def handles(self, node: N) -> bool:
        """Whether it handles its own failure, or one below it."""
        return self.is_tolerant(node) or self.is_tolerated(node)

    def rework(self, node: N) -> Rework | None:
        """What is done again if it is denied or fails."""
        return None

    def has_begun(self, state: RunState, one: Instance[N]) -> bool:
        """Whether it has begun by the rows, so that it takes the slots above it."""
        return False

    def subtree(self, node: N, value: object) -> Node[Any]:
        """Call the author's function for what is below it, or for one of its items."""
        raise AssertionError(f"a {self.name} makes no subtrees")

    def recall(self, state: RunState, definition: Definition, path: tuple[int, ...]) -> object:
        """The value from which its subtree is made, by the rows; `NOTHING` if the author's code
        gives the values of its items.
        """
        return NOTHING

    def callables(self, node: N) -> Iterator[Called]:
        """The author's callables that it cannot do without, and its values that may be some."""
        yield from ()

    def chooser(self, node: N, kind: ChoiceKind) -> Callable[[], object] | None:
        """What gives a choice of this kind, if it may come out differently once the workflow is
        edited; the items of a fan-out are asked for by the renderer.
        """
        return None

    def may_expand(self, state: RunState, definition: Definition[N]) -> bool:
        """Whether the state has what its subtrees are made from in some iteration; the plan has not
        come to it.
        """
        return self.expands and any(key.id == definition.id for key, _ in state.choices)

    def can_add(self, one: Instance[N]) -> bool:
        """Whether nodes that nobody knows yet may come below it, of one whose kind `expands`."""
        return not one.settled and not one.children

    def may_make(self, state: RunState, one: Instance[N], id: str) -> bool:
        """Whether it may still come to this child, of which the rows tell."""
        return not one.settled and not one.children and self.can_expand(state, one)

    def can_expand(self, state: RunState, one: Instance[N]) -> bool:
        """Whether the state has what its subtrees are made from."""
        return False

    def cleans_up(self, state: RunState, one: Instance[N]) -> bool:
        """Whether something of it runs if it is dropped now."""
        return False

    def most_iterations(self, node: N) -> int | None:
        """How many iterations of what is below it there may be, if there are any."""
        return None

    def runs_again(self, state: RunState, key: Key, node: N, ended: Ended) -> bool:
        """Whether a resume repeats this node, which has failed."""
        return True
