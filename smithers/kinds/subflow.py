"""A subflow: a run of another workflow, with frames, a claim and an owner of its own.

The node opens a wait that names the child run and its input. Whoever drives the run starts the
child once that wait is on disk, so a crash between the two finds the same child. The last frame of
the child writes a row into the inbox of this run, and that row ends the wait.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import field, replace
from decimal import Decimal
from typing import Any, Final, cast, get_args, get_origin, get_type_hints, overload

from pydantic import BaseModel
from typing_extensions import TypeVar

from smithers import waits
from smithers.changes import Failure, Key, RunStatus, UsageCounted, WaitKind, WaitOpened
from smithers.errors import AuthorError
from smithers.kinds._inputs import as_input
from smithers.kinds._instance import Instance
from smithers.kinds._kind import Asking
from smithers.kinds.task import WorkKind
from smithers.state import RunState, Total
from smithers.texts import object_from
from smithers.tree import (
    ChildWork,
    Computed,
    Mark,
    Node,
    OnFailure,
    Output,
    Task,
    check_takes,
    freeze,
    here,
    output_of,
    returned,
    shown,
    wrong,
)
from smithers.values import dataclass
from smithers.workflows import NoInput, Workflow

__all__ = [
    "SUBFLOW",
    "ChildEnd",
    "Subflow",
    "TooManyLevels",
    "child_id",
    "child_workflow",
    "output_of_workflow",
    "start_digest",
]

In = TypeVar("In", bound=BaseModel)
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True, default=object)

_MAX_ID = 64
_NOT_ALLOWED = r"[^A-Za-z0-9_-]"
STOPPED: Final = "StoppedByParent"
"""The kind of the error of a child run that its parent has stopped: it can be resumed."""


class TooManyLevels(AuthorError):
    """A child run would be too far below the run that was started. It is told as it is at every
    level above, without the runs between.
    """


class Subflow(Task[T_co]):
    """A run of another workflow as a task. Its output is what that workflow gives.

    `input` is the input of the workflow, or a callable that returns it if it depends on an output;
    it may be left out if the workflow has none. The child run has an id, limits and a history of
    its own: `smithers ps --all` lists it, and its questions are answered there. It is cancelled
    with this run, counts for the budgets around this node, and is resumed with this run.
    """

    kind = "subflow"
    work: ChildWork  # pyright: ignore[reportIncompatibleVariableOverride]  # set once
    workflow: Workflow[Any, T_co]

    @overload
    def __init__(
        self: Subflow[T],
        id: str,
        workflow: Workflow[In, T],
        *,
        input: In | Callable[[], In],
        on_failure: OnFailure = "fail",
        needs: Iterable[Node | str] = (),
        skip_if: Callable[[], bool] | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self: Subflow[T],
        id: str,
        workflow: Workflow[NoInput, T],
        *,
        on_failure: OnFailure = "fail",
        needs: Iterable[Node | str] = (),
        skip_if: Callable[[], bool] | None = None,
    ) -> None: ...

    def __init__(
        self,
        id: str,
        workflow: Workflow[Any, Any],
        *,
        input: Any = None,
        on_failure: OnFailure = "fail",
        needs: Iterable[Node | str] = (),
        skip_if: Callable[[], bool] | None = None,
    ) -> None:
        mark, who = here(), f"subflow {id!r}"
        if not isinstance(cast("object", workflow), Workflow):
            said = f"the workflow of {who} must be a workflow, not {shown(workflow)}"
            wrong(mark, said, "pass a function that is decorated with @workflow")
        self.workflow = workflow
        given = input_of(who, workflow, input, mark)
        output = output_of_workflow(workflow)
        self._become(id, mark, ChildWork(input=given), output, None, on_failure, needs, skip_if)


def input_of(who: str, workflow: Workflow[Any, Any], given: object, mark: Mark) -> Computed[Any]:
    """The input of a run that the author starts, checked, as a callable."""
    model, what = workflow.input, f"the input of {who}"
    if given is None and issubclass(model, NoInput):
        given = NoInput()
    if callable(given) and not isinstance(given, type):
        check_takes(mark, what, given, 0)
        return as_input(Computed(freeze(given, mark), output_of(model), what, mark), model)
    if not isinstance(given, model):
        was = "is missing" if given is None else f"must be a {model.__name__}, not {shown(given)}"
        hint = f"pass input={model.__name__}(...), or a callable that returns one"
        wrong(mark, f"{what} {was}", hint)
    return Computed(lambda: given, output_of(model), what, mark)


def output_of_workflow(workflow: Workflow[Any, Any]) -> Output[Any]:
    """The type of what a workflow gives, as far as its author wrote it down."""
    if workflow.result is not None:
        return workflow.result.output
    if workflow.flow is not None:
        return output_of(returned(workflow.flow))
    try:
        hints = get_type_hints(workflow.function)
    except (NameError, TypeError):  # a class that is local to a function
        return output_of(cast("Any", Any))
    return output_of(_given_by(hints.get("return")))


def _given_by(annotation: Any) -> Any:
    """The T of an annotation `Node[T]`, or of a class of nodes that gives a T."""
    origin, given = get_origin(annotation) or annotation, get_args(annotation)
    if origin is Node:
        return given[0] if given else Any
    if not isinstance(origin, type) or not issubclass(origin, Node):
        return Any
    made: Any = cast("object", origin)
    variables: tuple[Any, ...] = getattr(made, "__parameters__", ())
    if variables and not given:
        return Any
    bases: tuple[Any, ...] = getattr(made, "__orig_bases__", made.__bases__)
    for base in bases:
        base_origin = get_origin(base) or base
        if not (isinstance(base_origin, type) and issubclass(base_origin, Node)):
            continue
        if variables and get_args(base):
            base = base[tuple(given[: len(variables)])]
        return _given_by(base)
    return Any


def child_workflow(node: Node[Any]) -> Workflow[Any, Any] | None:
    """The workflow of which a node starts a run; None if it starts none."""
    return node.workflow if isinstance(node, Subflow) else None


def child_id(parent: str, key: Key, number: int) -> str:
    """The id of the run that a node starts, the `number`th of its own: always the same one.

    >>> child_id("nightly", Key("review"), 1), child_id("nightly", Key("review", (2, 0)), 2)
    ('nightly.review', 'nightly.review.2.0.run2')
    >>> child_id("nightly", Key("files:a/b"), 1)
    'nightly.files-a-b.bd84df86'
    """
    path = "".join(f".{at}" for at in key.path)
    run = "" if number == 1 else f".run{number}"
    whole, task = f"{parent}.{key.id}{path}{run}", re.sub(_NOT_ALLOWED, "-", key.id)
    if task == key.id and len(whole) <= _MAX_ID:
        return whole
    row = json.dumps([parent, key.id, key.path, number])
    digest = "." + hashlib.sha256(row.encode()).hexdigest()[:8]
    rest = path + run
    room = _MAX_ID - len(digest) - len(rest)
    return f"{parent}.{task}"[: max(room, 1)] + (rest + digest)[-(_MAX_ID - 1) :]


def start_digest(workflow: Workflow[Any, Any], input: str) -> str:
    """A digest of what a child run is: its workflow, and its input as JSON text."""
    return hashlib.sha256(f"{workflow.name}\n{input}".encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class ChildEnd:
    """How a child run has ended, as its row in the inbox says it. `output` is JSON text; `used` is
    what it has used of each model, with all its calls as those of no model, and `time_s` what its
    attempts took.
    """

    run_id: str
    last: str
    """The run as which it has continued in the end; itself if it has not."""
    status: RunStatus
    output: str | None = None
    error: Failure | None = None
    used: dict[str | None, Total] = field(default_factory=dict[str | None, Total])
    time_s: float = 0.0

    @classmethod
    def of(cls, body: str) -> ChildEnd:
        row: dict[str, Any] = object_from(body) or {}
        error = None if row.get("error") is None else Failure(**row["error"])
        used: dict[str | None, Total] = {}
        if calls := row.get("calls", 0):
            used[None] = Total(calls=calls)
        for model, tokens_in, tokens_out, cached, usd, more in row.get("usage", ()):
            cost = None if usd is None else Decimal(usd)
            counted = UsageCounted(
                serial=0,
                tokens_in=tokens_in,
                tokens_out=tokens_out,
                tokens_cached=cached,
                cost=cost,
            )
            used.setdefault(model, Total()).add(counted)
            if more:
                used.setdefault(None, Total()).calls += more
        return cls(
            run_id=row["run"],
            last=row.get("last", row["run"]),
            status=row["status"],
            output=row.get("output"),
            error=error,
            used=used,
            time_s=row.get("time_s", 0.0),
        )


class SubflowKind(WorkKind[Subflow[Any]]):
    name = "subflow"

    def resolve(self, asking: Asking, one: Instance[Subflow[Any]]) -> bool:
        """Wait for the child run, once there is a slot. It is never attempted."""
        if not asking.make_ready(one):
            return False
        given = asking.state.answers.get(one.key)
        if given is not None:  # as an item of a fan-out it could not be mounted when it came
            self.answered(asking, one, waits.CHILD, given)
        elif asking.has_slot(one):
            self._start(asking, one)
        return False

    def _start(self, asking: Asking, one: Instance[Subflow[Any]]) -> None:
        row = asking.compute(one, one.node.work.input)
        if row is None:
            return
        text = Computed.text(row)
        digest = start_digest(one.node.workflow, text)
        number = 1
        if (last := asking.state.children.get(one.key)) is not None:
            can_go_on = last.status in (None, "failed") and last.digest == digest
            number = last.number if can_go_on else last.number + 1
        run_id = child_id(asking.run_id, one.key, number)
        wait = WaitOpened(key=one.key, kind=waits.CHILD, asked=text, digest=digest, on=(run_id,))
        asking.open_wait(one, wait)

    def answered(
        self, asking: Asking, one: Instance[Subflow[Any]], kind: WaitKind, body: str | None
    ) -> None:
        """The child run has ended: so does the node."""
        assert body is not None, "nobody waits for a limited time for a child run"
        end = ChildEnd.of(body)
        asking.count_child(one, end.last, end.used, end.time_s)
        asking.close_wait(one, kind, json.dumps({"run": end.run_id, "status": end.status}))
        if end.status == "finished":
            output = "null" if end.output is None else end.output
            asking.settle(one, "finished", output=output, model=one.node.output.model)
        elif one.dropping is not None and (end.error is None or end.error.kind == STOPPED):
            asking.settle(one, "cancelled")
        else:
            asking.settle(one, "failed", error=_failure(one, end))

    def has_begun(self, state: RunState, one: Instance[Subflow[Any]]) -> bool:
        child = state.children.get(one.key)
        return child is not None and child.counts

    def cleans_up(self, state: RunState, one: Instance[Subflow[Any]]) -> bool:
        """The child run ends before its node does."""
        return (one.key, waits.CHILD) in state.waits


def _failure(one: Instance[Subflow[Any]], end: ChildEnd) -> Failure:
    place = str(one.node.mark.place)
    if end.error is None:
        said = f"its child run {end.last} was {end.status}"
        hint = "resume this run to start another child run"
        return Failure(kind="ChildCancelled", message=said, hint=hint, place=place, for_resume=True)
    if end.error.kind == TooManyLevels.__name__:
        return end.error
    said = f"its child run {end.last} failed: {end.error.message}"
    return replace(end.error, message=said, place=end.error.place or place, then=None)


SUBFLOW = SubflowKind()
