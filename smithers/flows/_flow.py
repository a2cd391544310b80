"""A flow as a node of the tree."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, get_origin, overload

from typing_extensions import TypeVar

from smithers.tree import (
    Budget,
    Computed,
    Giving,
    Mark,
    Node,
    OnFailure,
    check_budget,
    check_id,
    check_output,
    computed,
    freeze,
    here,
    returned,
    shown,
    wrong,
)

if TYPE_CHECKING:
    from smithers.context import Context
    from smithers.flows._run import Run

__all__ = ["RETURNS_TREE", "Flow", "check_flow", "flow_of"]

In = TypeVar("In")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True, default=object)
RETURNS_TREE = "write def if it returns a tree, or return await run.node(tree)"
Body = Callable[[Any], Coroutine[Any, Any, Any]]


class Flow(Giving[T_co]):
    """A part of the tree that is written as an `async def`, which awaits its tasks.

    `run` is called with a `Run`, of which `input` is what is given here: a value, or a callable
    that returns one if it depends on an output. What it returns is the output. The ids of its calls
    are unique within this flow; in the tree they stand below its own: `id/call`. With
    `on_failure="continue"`, a failure does not fail the enclosing nodes.
    """

    kind = "flow"

    @overload
    def __init__(
        self: Flow[T],
        id: str,
        run: Callable[[Run[In]], Coroutine[Any, Any, T]],
        *,
        input: In | Callable[[], In],
        on_failure: OnFailure = "fail",
        budget: Budget | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: Flow[T],
        id: str,
        run: Callable[[Run[None]], Coroutine[Any, Any, T]],
        *,
        on_failure: OnFailure = "fail",
        budget: Budget | None = None,
    ) -> None: ...
    def __init__(
        self,
        id: str,
        run: Body,
        *,
        input: Any = None,
        on_failure: OnFailure = "fail",
        budget: Budget | None = None,
    ) -> None:
        mark = here()
        named = check_id(id, self.kind, mark)
        if inspect.iscoroutine(run):
            run.close()
            said = f"flow {id!r} needs an async function, not a call of {run.cr_code.co_name}"
            wrong(mark, said, f"write Flow({id!r}, steps, input=...): it is called when it starts")
        check_flow(f"flow {id!r}", run, mark)
        self.become(named, run, mark)
        self._handle(on_failure, mark)
        self.budget = check_budget(budget, f"flow {id!r}", mark)
        self.given = input
        if callable(input) and not isinstance(input, type):
            self.computes = computed(input, f"the input of flow {id!r}", mark)

    context: Context[Any] | None = None
    """What its trees read with; None until it is known."""
    given: object = None
    """Its input, unless that is computed."""
    computes: Computed[Any] | None = None
    """What gives its input."""

    @property
    def who(self) -> str:
        """What errors call it."""
        return "the flow" if self.id is None else f"flow {self.id!r}"

    def become(self, id: str | None, run: Body, mark: Mark) -> None:
        """What a flow of the tree and that of a workflow have in common."""
        self.id = id
        self.mark = mark
        self.run = freeze(run, mark)
        what = f"the result of {self.who}"
        self.gives: Computed[Any] = Computed(run, check_output(returned(run), mark), what, mark)
        self.result = self.gives


def flow_of(run: Body, context: Context[Any], mark: Mark) -> Flow[Any]:
    """The tree of a workflow that is a flow."""
    made = Flow.__new__(Flow)
    made.become(None, run, mark)
    made.given, made.context = context.input, context
    return made


def check_flow(who: str, run: object, mark: Mark) -> None:
    """A flow is an `async def` that takes its `Run` alone and returns. Raises `AuthorError`."""
    body = inspect.unwrap(run) if callable(run) else run
    if inspect.isasyncgenfunction(body):
        wrong(mark, f"{who} yields, but a flow returns its output", "write return without yield")
    if not callable(run) or not inspect.iscoroutinefunction(body):
        name = getattr(body, "__name__", None)
        given = shown(run) if name is None else f"{name}, which is not async"
        said = f"{who} needs an async function, not {given}"
        wrong(mark, said, "write async def steps(run: Run[Brief]) -> Report")
    try:
        inspect.signature(run).bind(None)
    except TypeError:
        said = f"{who} must take one argument, the run"
        wrong(
            mark, said, "write async def steps(run: Run[Brief]) -> Report; values are in run.input"
        )
    gives = returned(run)
    gives = get_origin(gives) or gives
    if isinstance(gives, type) and issubclass(gives, Node):
        said = f"{who} is async, so it is a flow, which returns its output and not a node"
        wrong(mark, said, RETURNS_TREE)
