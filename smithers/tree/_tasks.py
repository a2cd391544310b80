"""The leaves of the tree: tasks of agents, steps in Python, approvals by people."""

from __future__ import annotations

import collections.abc as abc
import inspect
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import FunctionType
from typing import Any, Final, Literal, cast, get_args, overload

from typing_extensions import TypeVar

from smithers.agent import Agent
from smithers.tree._agents import agents_of
from smithers.tree._asks import check_allowed, check_ask, check_text
from smithers.tree._budget import Budget, check_budget
from smithers.tree._cache import Cache, check_cache
from smithers.tree._checks import (
    check_choice,
    check_name,
    check_number,
    check_takes,
    check_whole,
    wrong,
)
from smithers.tree._freeze import freeze
from smithers.tree._handles import shown
from smithers.tree._ids import check_id
from smithers.tree._nodes import Node, OnFailure
from smithers.tree._outputs import Output, output_of
from smithers.tree._places import Mark, here
from smithers.tree._results import Computed, check_output, computed, returned
from smithers.tree._retry import Retry, check_retry
from smithers.tree._rework import Rework, split_rework
from smithers.tree._work import (
    AgentWork,
    Attempt,
    Decision,
    PersonWork,
    StepWork,
    Work,
)

__all__ = ["Approval", "Chosen", "Step", "Task"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True, default=object)
_LAMBDA = "write lambda: ..."
_FEW = Retry()
_FAIL: Final = "fail"
_NOTHING: Final = ()
_FIRST: Final = 0


class Task(Node[T_co]):
    """A task of an agent, and the typed handle of its output.

    `prompt` is a string, or a callable if it depends on an output. `agent` is one agent, or a list
    of which the first available agent does the work; a string is the name of an agent in the
    settings (`smithers.toml`). `output` is the type of the answer: `str`, or
    a pydantic model. `timeout_s` limits the duration of an attempt, `idle_s` the time without an
    event. With `on_failure="continue"`, a failure does not fail the enclosing nodes; with a
    `Rework`, other tasks are done again, and then this one. `skip_if` is called once, when
    everything before the task has settled. `needs` are tasks that must have succeeded before; a
    skipped task counts as succeeded. `budget` caps what all attempts of one iteration use together.
    With `continues`, the task continues the session of another task's agent after that task has
    finished; with `forks`, it works in a copy of that session. The agent that owns the session is
    tried first. With `cache`, an answer to the same is taken from an earlier run, and costs
    nothing. `pool` names a limit that tasks share, which `pools=` of the workflow or the settings
    define. Of tasks that are ready, those with a higher `priority` start first.
    """

    kind = "task"
    id: str
    work: Work
    output: Output[Any]
    # What most nodes do not say is kept by the class alone.
    timeout_s: float | None = None
    on_failure: OnFailure = "fail"
    rework: Rework | None = None
    """What is done again if it fails, or an approval is denied."""
    needs: tuple[str, ...] = ()
    skip_if: Callable[[], bool] | None = None
    priority: int = 0
    """Among tasks that are ready, those with a higher one start first."""
    cache: Cache | None = None

    @overload
    def __init__(
        self: Task[str],
        id: str,
        *,
        agent: Agent | str | abc.Sequence[Agent | str],
        prompt: str | Callable[[], str],
        retry: Retry = ...,
        timeout_s: float | None = None,
        idle_s: float = 300.0,
        on_failure: OnFailure | Rework = "fail",
        skip_if: Callable[[], bool] | None = None,
        needs: Iterable[Node | str] = (),
        continues: Task[Any] | str | None = None,
        forks: Task[Any] | str | None = None,
        cwd: str | Path | None = None,
        budget: Budget | None = None,
        cache: Cache | None = None,
        pool: str | None = None,
        priority: int = 0,
    ) -> None: ...

    @overload
    def __init__(
        self: Task[T],
        id: str,
        *,
        agent: Agent | str | abc.Sequence[Agent | str],
        prompt: str | Callable[[], str],
        output: type[T],
        retry: Retry = ...,
        timeout_s: float | None = None,
        idle_s: float = 300.0,
        on_failure: OnFailure | Rework = "fail",
        skip_if: Callable[[], bool] | None = None,
        needs: Iterable[Node | str] = (),
        continues: Task[Any] | str | None = None,
        forks: Task[Any] | str | None = None,
        cwd: str | Path | None = None,
        budget: Budget | None = None,
        cache: Cache | None = None,
        pool: str | None = None,
        priority: int = 0,
    ) -> None: ...

    def __init__(
        self,
        id: str,
        *,
        agent: Agent | str | abc.Sequence[Agent | str],
        prompt: str | Callable[[], str],
        output: Any = str,
        retry: Retry = _FEW,
        timeout_s: float | None = None,
        idle_s: float = 300.0,
        on_failure: OnFailure | Rework = "fail",
        skip_if: Callable[[], bool] | None = None,
        needs: Iterable[Node | str] = (),
        continues: Task[Any] | str | None = None,
        forks: Task[Any] | str | None = None,
        cwd: str | Path | None = None,
        budget: Budget | None = None,
        cache: Cache | None = None,
        pool: str | None = None,
        priority: int = 0,
    ) -> None:
        mark = here()
        agents = agents_of(id, agent, mark)
        if not isinstance(cast("object", prompt), str) and not callable(prompt):
            wrong(
                mark,
                f"the prompt of task {id!r} must be a string or a callable, not a"
                f" {type(prompt).__name__}",
                "pass the prompt as a string, or a callable that returns one",
            )
        if not isinstance(prompt, str):
            check_takes(mark, f"the prompt of task {id!r}", prompt, 0)
        check_text(prompt, f"prompt of {id!r}", mark)
        check_retry(id, retry, mark, of_agent=True)
        if cwd is not None and not isinstance(cast("object", cwd), str | Path):
            wrong(
                mark,
                f"the cwd of task {id!r} must be a path, not {cwd!r}",
                "pass a path, for example cwd='site'",
            )
        check_number(mark, "idle_s", idle_s, 0.001)
        work = AgentWork(
            agents=agents,
            prompt=freeze(prompt, mark),
            retry=retry,
            idle_s=idle_s,
            cwd=None if cwd is None else Path(cwd),
            continues=_source(id, "continues", continues, mark),
            forks=_source(id, "forks", forks, mark),
        )
        if work.continues is not None and work.forks is not None:
            wrong(
                mark,
                f"task {id!r} has both continues= and forks=",
                "use continues= to continue the session itself, or forks= to continue in"
                " a copy of it",
            )
        self._become(
            id, mark, work, check_output(output, mark), timeout_s, on_failure, needs, skip_if
        )
        self.budget = check_budget(budget, f"task {id!r}", mark)
        source = None if work.source is None else work.verb
        self.cache = check_cache(id, cache, source, mark)
        self._queue(pool, priority)

    def _become(
        self,
        id: str,
        mark: Mark,
        work: Work,
        output: Output[Any],
        timeout_s: float | None,
        on_failure: OnFailure | Rework = "fail",
        needs: Iterable[Node | str] = (),
        skip_if: Callable[[], bool] | None = None,
    ) -> None:
        self.mark = mark
        self.id = check_id(id, self.kind, mark)  # pyright: ignore[reportIncompatibleVariableOverride]  # set once, and never None here
        self.work = work
        self.output = output
        if timeout_s is not None:
            check_number(mark, "timeout_s", timeout_s, 0.001)
            self.timeout_s = timeout_s
        if on_failure is not _FAIL:
            handled, self.rework = split_rework(on_failure, "on_failure", get_args(OnFailure), mark)
            self.on_failure = cast("OnFailure", handled)
        if needs is not _NOTHING:
            self.needs = _needs(self.id, needs, mark)
        if skip_if is not None:
            if not callable(skip_if):
                said = f"the skip_if of {self.kind} {id!r} must be callable, not {skip_if!r}"
                wrong(mark, said, _LAMBDA)
            check_takes(mark, f"the skip_if of {self.kind} {id!r}", skip_if, 0)
            self.skip_if = freeze(skip_if, mark)

    def _queue(self, pool: str | None, priority: int) -> None:
        """What decides when it starts, once it is ready."""
        if pool is not None:
            self.pool = check_name(self.mark, f"the pool of {self.kind} {self.id!r}", pool)
        if priority != 0 or isinstance(cast("object", priority), bool):
            check_whole(self.mark, f"the priority of {self.kind} {self.id!r}", priority)
            self.priority = priority


def _source(id: str, verb: str, given: object, mark: Mark) -> str | None:
    """The id of the task whose session is taken up."""
    if given is None:
        return None
    if isinstance(given, Task) and isinstance(cast("Task", given).work, AgentWork):
        given = cast("Task", given).id
    if not isinstance(given, str):
        what = f"the {given.kind} {given.id!r}" if isinstance(given, Node) else repr(given)
        wrong(
            mark,
            f"task {id!r} {verb} {what}, which has no agent session",
            f"pass a task of an agent, or its id, to {verb}=",
        )
    if given == id:
        wrong(mark, f"task {id!r} {verb} itself", f"pass another task of an agent to {verb}=")
    return given


def _needs(id: str, needs: Iterable[Node | str], mark: Mark) -> tuple[str, ...]:
    if isinstance(needs, str | Node):
        needs = (needs,)
    found: list[str] = []
    for need in needs:
        if isinstance(cast("object", need), str):
            found.append(cast("str", need))
        elif isinstance(cast("object", need), Node) and cast("Node", need).id is not None:
            found.append(cast("str", cast("Node", need).id))
        else:
            wrong(mark, f"task {id!r} needs {need!r}", "pass tasks or their ids to needs=")
    return tuple(found)


class Step(Task[T_co]):
    """A Python function as a task. After an exception it is retried only if `retry` is set.

    If the function has a required positional parameter, it receives the `Attempt`. `output` is the
    type of the return value (default: the function's return annotation).

    With `effect=True`, the function does something that must not happen twice, such as a payment.
    If an attempt is interrupted before the function has ended, by a crash, a stop of the run or
    `timeout_s`, it is not repeated, whatever `retry` says: a person is asked, who approves another
    attempt or denies it, which fails the step. An exception means that the function has ended.
    """

    kind = "step"

    @overload
    def __init__(
        self: Step[T],
        id: str,
        run: Callable[[], Coroutine[Any, Any, T]] | Callable[[Attempt], Coroutine[Any, Any, T]],
        *,
        output: type[T] | None = None,
        retry: Retry | None = None,
        timeout_s: float | None = None,
        on_failure: OnFailure | Rework = "fail",
        needs: Iterable[Node | str] = (),
        effect: bool = False,
        pool: str | None = None,
        priority: int = 0,
    ) -> None: ...

    @overload
    def __init__(
        self: Step[T],
        id: str,
        run: Callable[[], T],
        *,
        output: type[T] | None = None,
        retry: Retry | None = None,
        timeout_s: float | None = None,
        on_failure: OnFailure | Rework = "fail",
        needs: Iterable[Node | str] = (),
        effect: bool = False,
        pool: str | None = None,
        priority: int = 0,
    ) -> None: ...
    @overload
    def __init__(
        self: Step[T],
        id: str,
        run: Callable[[Attempt], T],
        *,
        output: type[T] | None = None,
        retry: Retry | None = None,
        timeout_s: float | None = None,
        on_failure: OnFailure | Rework = "fail",
        needs: Iterable[Node | str] = (),
        effect: bool = False,
        pool: str | None = None,
        priority: int = 0,
    ) -> None: ...

    def __init__(
        self,
        id: str,
        run: Callable[..., object],
        *,
        output: Any = None,
        retry: Retry | None = None,
        timeout_s: float | None = None,
        on_failure: OnFailure | Rework = "fail",
        needs: Iterable[Node | str] = (),
        effect: bool = False,
        pool: str | None = None,
        priority: int = 0,
    ) -> None:
        mark = here()
        is_plain = isinstance(run, FunctionType) and run.__closure__ is None
        if not is_plain and not callable(run):
            wrong(
                mark,
                f"step {id!r} needs a function, not {shown(run)}",
                "pass a function: Step(id, function)",
            )
        if retry is not None:
            check_retry(id, retry, mark, of_agent=False)
        if effect is not False and effect is not True:
            said = f"the effect of step {id!r} must be True or False, not {effect!r}"
            wrong(mark, said, "write effect=True")
        work = _work_of_plain(run) if is_plain else _work_of(freeze(run, mark))
        if work is None:
            wrong(
                mark,
                f"the function of step {id!r} has {len(_required(run))} required parameters",
                "it may have at most one, which receives the Attempt; bind the rest with a"
                " lambda or functools.partial",
            )
        if retry is not None or effect:
            work = work._replace(retry=retry, effect=effect)
        kind = returned(run) if output is None else output
        self._become(id, mark, work, check_output(kind, mark), timeout_s, on_failure, needs)
        if pool is not None or priority is not _FIRST:
            self._queue(pool, priority)


def _work_of(run: Callable[..., object]) -> StepWork | None:
    """The work of a step with this function; None if it has parameters that it would not get."""
    required = _required(run)
    positional = [
        one for one in required if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]
    if len(positional) > 1 or any(one.kind is one.KEYWORD_ONLY for one in required):
        return None
    return StepWork(run, bool(positional), None)


# A function without variables around it keeps nothing alive but its module.
_work_of_plain = lru_cache(maxsize=1024)(_work_of)


def _required(run: Callable[..., object]) -> abc.Sequence[inspect.Parameter]:
    """The parameters without a default, as far as the function tells."""
    code = getattr(run, "__code__", None)
    if code is not None and not code.co_argcount and not code.co_kwonlyargcount:
        return ()
    try:
        parameters = inspect.signature(run).parameters.values()
    except (TypeError, ValueError):
        return ()
    return [one for one in parameters if one.default is one.empty]


class Approval(Task[Decision]):
    """A question to a person, who approves or denies. `ask` is the text that they see.

    A denial fails the approval, or, with `on_deny="continue"`, finishes it with `approved=False`.
    With `on_deny=Rework(task)`, what was asked about is done again, and the person is asked again.
    A time-out sends nothing back.
    `allowed_by` lists the names that may decide; if it is empty, anyone may. `on_timeout` says what
    happens when `timeout_s` has passed without an answer.
    """

    kind = "approval"
    work: PersonWork  # pyright: ignore[reportIncompatibleVariableOverride]  # set once

    def __init__(
        self,
        id: str,
        *,
        ask: str | Callable[[], str],
        on_deny: OnFailure | Rework = "fail",
        timeout_s: float | None = None,
        on_timeout: Literal["deny", "fail"] = "deny",
        allowed_by: Iterable[str] = (),
    ) -> None:
        mark = here()
        denied, rework = split_rework(on_deny, "on_deny", get_args(OnFailure), mark)
        check_choice(mark, "on_timeout", on_timeout, ("deny", "fail"))
        check_ask(f"approval {id!r}", ask, mark)
        work = PersonWork(
            ask=freeze(ask, mark),
            on_deny=cast("OnFailure", denied),
            on_timeout=on_timeout,
            allowed_by=check_allowed(f"approval {id!r}", allowed_by, mark),
        )
        self._become(id, mark, work, output_of(Decision), timeout_s)
        self.rework = rework


class Chosen(Task[T_co]):
    """What a function of the author's returned, called once, with no attempt."""

    kind = "chosen"

    def __init__(
        self: Chosen[T], id: str, choose: Callable[[], T], *, output: type[T] | None = None
    ) -> None:
        mark, what = here(), f"the function of {id!r}"
        if not callable(choose):
            wrong(mark, f"{what} must be callable, not {shown(choose)}", _LAMBDA)
        made = computed(choose, what, mark)
        if output is not None:
            made = replace(made, output=check_output(output, mark))
        self.computed: Computed[Any] = made
        work = StepWork(run=self.computed.call, takes_attempt=False, retry=None)
        self._become(id, mark, work, self.computed.output, None)
