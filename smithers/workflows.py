"""`@workflow` turns a function from a context to a tree, or a flow, into a workflow."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Generic, Protocol, cast, overload

from pydantic import BaseModel, ConfigDict, ValidationError
from typing_extensions import TypeVar

from smithers.allowed import NO_RUNS, AllowRuns
from smithers.context import Context
from smithers.errors import AuthorError, Refused
from smithers.flows import check_flow, flow_of
from smithers.tree import (
    Budget,
    Computed,
    Mark,
    Node,
    check_budget,
    check_count,
    check_name,
    check_number,
    computed,
    here,
    problem,
    shown,
)

if TYPE_CHECKING:
    from smithers.flows import Run

__all__ = ["NoInput", "Workflow", "workflow"]


class NoInput(BaseModel):
    """The input of a workflow without input fields."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


# A model of an author that extends it is built where it is written: what is wrong is told there.
del NoInput.model_config["defer_build"]

In = TypeVar("In", bound=BaseModel)
In_contra = TypeVar("In_contra", bound=BaseModel)
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True, default=object)


class Workflow(Generic[In, T_co]):
    """A named function from a context to a tree, or an imperative flow, with its limits.

    `max_concurrency` limits the attempts that run at once; `budget` limits what a run uses in
    total; `deadline_s` limits the time from the start of a run to its end, in seconds, after which
    the run fails. `grace_s` limits the time for cleaning up (`Try(finally_=...)`) at the deadline
    and when the run is cancelled. `pools` are limits by name, for `pool=` of its tasks.
    `allow_runs` is how many runs its agents and programs may start. `result` gives a run's output
    from the context, once the tree has finished; without it that is what the tree gives.
    """

    def __init__(
        self,
        function: Callable[[Context[In]], Node[T_co]],
        *,
        input: type[In],
        name: str,
        max_concurrency: int,
        budget: Budget | None,
        deadline_s: float | None,
        grace_s: float,
        pools: Mapping[str, int],
        allow_runs: AllowRuns = NO_RUNS,
        result: Computed[Any] | None = None,
        flow: Callable[[Run[In]], Coroutine[Any, Any, T_co]] | None = None,
        mark: Mark,
    ) -> None:
        self.function = function
        self.flow = flow
        """The author's function, if it is a flow: then `function` makes a tree that holds it."""
        self.input = input
        self.name = name
        self.max_concurrency = max_concurrency
        self.budget = budget
        self.deadline_s = deadline_s
        self.grace_s = grace_s
        self.pools = pools
        self.allow_runs = allow_runs
        self.result = result
        self.mark = mark

    def parse_input(self, text: str) -> In:
        """The input as its model. Raises `Refused` naming each field that does not match."""
        if self.input is NoInput and text == "{}":  # most often; a validator takes time to build
            return self.input.model_construct()
        try:
            return self.input.model_validate_json(text)
        except ValidationError as error:
            fields = ", ".join(self.input.model_fields) or "none"
            raise Refused(
                f"the input does not match {self.input.__name__} of workflow {self.name}:\n"
                + problem(error),
                hint=f"its fields are: {fields}",
            ) from error


_ON_FUNCTION = "put it on a function that takes a Context and returns a tree"


def _check_function(made: Callable[..., object], mark: Mark) -> None:
    """A workflow's function takes the context alone, and gives its tree at once; a flow takes the
    run.
    """
    name = getattr(made, "__name__", repr(made))
    if isinstance(made, type):
        raise AuthorError(
            f"@workflow cannot decorate the class {name}",
            place=mark.place,
            hint=_ON_FUNCTION,
        )
    body = inspect.unwrap(made)
    if inspect.iscoroutinefunction(body) or inspect.isasyncgenfunction(body):
        check_flow(f"workflow {name}", made, mark)
        return
    try:
        inspect.signature(made).bind(None)
    except TypeError as error:
        raise AuthorError(
            f"workflow {name} must take one argument, the context",
            place=mark.place,
            hint=f"write def {name}(ctx: Context[NoInput]) -> Node; values are in ctx.input",
        ) from error
    given = str(next(iter(inspect.signature(made).parameters.values())).annotation)
    if re.search(r"\bRun(\[|$)", given.removesuffix("'>")):
        raise AuthorError(
            f"workflow {name} takes a Run, but is not async",
            place=mark.place,
            hint=f"write async def {name}(run: Run[NoInput]) -> ...",
        )


def _checked_pools(given: Mapping[str, int] | None, mark: Mark) -> dict[str, int]:
    """Limits by name. Raises `AuthorError`."""
    found = cast("object", given or {})
    if not isinstance(found, Mapping):
        raise AuthorError(
            f"pools must be a dictionary of limits by name, not {shown(found)}",
            place=mark.place,
            hint='write pools={"database": 2}',
        )
    pools = cast("Mapping[str, int]", found)
    for name, limit in pools.items():
        check_name(mark, "the name of a pool", name)
        check_count(mark, f"pools[{name!r}]", limit)
    return dict(pools)


def _checked_runs(given: int | AllowRuns | None, mark: Mark) -> AllowRuns:
    """What may be started from below a run. Raises `AuthorError`."""
    if given is None:
        return NO_RUNS
    if isinstance(given, AllowRuns):
        check_count(mark, "number", given.number)
        check_count(mark, "depth", given.depth)
        return given
    check_count(mark, "allow_runs", given)
    return AllowRuns(given)


class _Decorator(Protocol[In_contra]):
    """Makes a workflow of a function from a context to a tree, or of a flow."""

    @overload
    def __call__(
        self, function: Callable[[Context[In_contra]], Node[T]], /
    ) -> Workflow[In_contra, T]: ...
    @overload
    def __call__(
        self, function: Callable[[Run[In_contra]], Coroutine[Any, Any, T]], /
    ) -> Workflow[In_contra, T]: ...


@overload
def workflow(function: Callable[[Context[NoInput]], Node[T]], /) -> Workflow[NoInput, T]:
    """Turn a function into a workflow. Its name is the function's name, unless `name` is given.

    Raises `AuthorError` if the input is not a pydantic model or a limit is not valid.
    """


@overload
def workflow(
    function: Callable[[Run[NoInput]], Coroutine[Any, Any, T]], /
) -> Workflow[NoInput, T]: ...
@overload
def workflow(
    *,
    name: str | None = None,
    max_concurrency: int = 8,
    budget: Budget | None = None,
    deadline_s: float | None = None,
    grace_s: float = 60.0,
    pools: Mapping[str, int] | None = None,
    allow_runs: int | AllowRuns | None = None,
) -> _Decorator[NoInput]: ...
@overload
def workflow(
    *,
    name: str | None = None,
    max_concurrency: int = 8,
    budget: Budget | None = None,
    deadline_s: float | None = None,
    grace_s: float = 60.0,
    pools: Mapping[str, int] | None = None,
    allow_runs: int | AllowRuns | None = None,
    result: Callable[[Context[NoInput]], T],
) -> Callable[[Callable[[Context[NoInput]], Node]], Workflow[NoInput, T]]: ...
@overload
def workflow(
    *,
    input: type[In],
    name: str | None = None,
    max_concurrency: int = 8,
    budget: Budget | None = None,
    deadline_s: float | None = None,
    grace_s: float = 60.0,
    pools: Mapping[str, int] | None = None,
    allow_runs: int | AllowRuns | None = None,
) -> _Decorator[In]: ...
@overload
def workflow(
    *,
    input: type[In],
    name: str | None = None,
    max_concurrency: int = 8,
    budget: Budget | None = None,
    deadline_s: float | None = None,
    grace_s: float = 60.0,
    pools: Mapping[str, int] | None = None,
    allow_runs: int | AllowRuns | None = None,
    result: Callable[[Context[In]], T],
) -> Callable[[Callable[[Context[In]], Node]], Workflow[In, T]]: ...
def workflow(
    function: Any = None,
    /,
    *,
    input: Any = NoInput,
    name: str | None = None,
    max_concurrency: int = 8,
    budget: Budget | None = None,
    deadline_s: float | None = None,
    grace_s: float = 60.0,
    pools: Mapping[str, int] | None = None,
    allow_runs: int | AllowRuns | None = None,
    result: Callable[[Context[Any]], Any] | None = None,
) -> Any:
    """Make a workflow of a function. Its name is the function's, unless given.

    Raises `AuthorError` for an input that is no pydantic model, or a limit that is none.
    """
    mark = here()

    def make(made: Callable[[Any], Any]) -> Workflow[Any, Any]:
        if not callable(made):
            hint = f"write @workflow(name={made!r})" if isinstance(made, str) else _ON_FUNCTION
            raise AuthorError(f"@workflow cannot decorate {made!r}", place=mark.place, hint=hint)
        if not (isinstance(input, type) and issubclass(input, BaseModel)):
            raise AuthorError(
                f"input= must be a pydantic model, not {input!r}",
                place=mark.place,
                hint="class Brief(BaseModel): ...",
            )
        _check_function(made, mark)
        check_count(mark, "max_concurrency", max_concurrency)
        check_number(mark, "deadline_s", deadline_s, 0.001)
        check_number(mark, "grace_s", grace_s, 0)
        what = f"the result of workflow {name or made.__name__}"
        if result is not None and not callable(result):
            raise AuthorError(
                f"{what} must be callable, not {shown(result)}",
                place=mark.place,
                hint="write result=lambda ctx: ctx.get('plan', Plan)",
            )
        given = None if result is None else computed(result, what, mark, takes="context")
        is_flow = inspect.iscoroutinefunction(inspect.unwrap(made))
        if is_flow and result is not None:
            said = f"workflow {name or made.__name__} is a flow, which gives what it returns"
            raise AuthorError(said, place=mark.place, hint="leave out result=, and return it")
        return Workflow(
            (lambda context: flow_of(made, context, mark)) if is_flow else made,
            flow=made if is_flow else None,
            input=input,
            name=name or made.__name__,
            max_concurrency=max_concurrency,
            budget=check_budget(budget, f"workflow {name or made.__name__}", mark),
            deadline_s=deadline_s,
            grace_s=grace_s,
            pools=_checked_pools(pools, mark),
            allow_runs=_checked_runs(allow_runs, mark),
            result=given,
            mark=mark,
        )

    return make if function is None else make(function)
