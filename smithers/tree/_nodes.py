"""The nodes of a workflow's tree: values, made anew by each render, that do nothing themselves.

Node[T]
├── Task[T]       work of an agent; the typed handle of its output
│   ├── Step[T]       a Python function
│   └── Approval      a person's decision, a Task[Decision]
├── Sequence[T]   one child after the other     ┐ T is the output of `result`
├── Parallel[T]   all children at once          ┘
├── Branch        one of two, by a test
├── Loop          again, until a test holds
└── ForEach[T]    a subtree an item, over data that arrives later; a Node[list[T]]
"""

from __future__ import annotations

import collections.abc as abc
import inspect
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Final, Generic, Literal, NoReturn, cast, get_type_hints, overload
from weakref import WeakKeyDictionary

from pydantic import BaseModel
from typing_extensions import TypeVar

from smithers.agent import Agent
from smithers.errors import AuthorError
from smithers.tree._freeze import freeze
from smithers.tree._ids import check_id
from smithers.tree._outputs import Output, output_of
from smithers.tree._places import Mark, here

__all__ = [
    "AgentWork",
    "Approval",
    "Attempt",
    "Branch",
    "Decision",
    "ForEach",
    "Loop",
    "Node",
    "Parallel",
    "PersonWork",
    "Retry",
    "Sequence",
    "Step",
    "StepWork",
    "Task",
]

T = TypeVar("T")
Item = TypeVar("Item")
T_co = TypeVar("T_co", covariant=True, default=object)
M = TypeVar("M")
OnFailure = Literal["fail", "continue"]
_LAMBDA = "write lambda: ..."


def _wrong(mark: Mark, said: str, hint: str = "") -> NoReturn:
    raise AuthorError(said, place=mark.place, hint=hint)


def _check_number(mark: Mark, name: str, value: float | None, least: float) -> None:
    number = cast("object", value)
    if number is None:
        return
    if isinstance(number, bool) or not isinstance(number, int | float) or not number >= least:
        _wrong(mark, f"{name} must be a number of at least {least:g}, not {value!r}")


def _check_count(mark: Mark, name: str, value: int | None) -> None:
    if value is not None and not isinstance(cast("object", value), int):
        _wrong(mark, f"{name} must be a whole number of at least 1, not {value!r}")
    _check_number(mark, name, value, 1)


def _check_choice(mark: Mark, name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        listed = " or ".join(repr(one) for one in allowed)
        _wrong(mark, f"{name} must be {listed}, not {value!r}")


@dataclass(frozen=True, kw_only=True)
class Retry:
    """How often and how fast a failed attempt is tried again.

    `tries` counts all attempts of each agent that failed, the first included; interrupted ones are
    free. The wait before try n+1 is `first_s * factor ** (n - 1)` seconds, at most `max_s`, changed
    at random by up to the share `jitter` either way.
    """

    tries: int = 3
    first_s: float = 1.0
    factor: float = 2.0
    max_s: float = 60.0
    jitter: float = 0.2

    def __post_init__(self) -> None:
        mark = here()
        if isinstance(self.tries, bool) or not isinstance(cast("object", self.tries), int):
            _wrong(mark, f"tries must be a whole number, not {self.tries!r}")
        _check_number(mark, "tries", self.tries, 1)
        for name in ("first_s", "max_s", "jitter"):
            _check_number(mark, name, cast("float", getattr(self, name)), 0)
        _check_number(mark, "factor", self.factor, 1)

    def wait_s(self, failed: int, random: float) -> float:
        """Seconds to wait after the given number of failed tries; `random` is from 0 to 1."""
        plain = min(self.max_s, self.first_s * self.factor ** min(failed - 1, 60))
        return max(0.0, plain * (1 + self.jitter * (2 * random - 1)))


class Decision(BaseModel):
    """What a person said to an `Approval`. `at` is aware UTC; `by` is None where time ran out."""

    approved: bool
    by: str | None = None
    note: str | None = None
    at: datetime


class Attempt:
    """The running attempt of a step, given to its function if it takes a required parameter.

    `key` is the same for every attempt of this task in this iteration: hand it to whatever must
    not act twice. `number` counts from 1. Once any of this was used, a read of an output that is
    not there is an author error, for the function may have acted already.
    """

    def __init__(self, key: str, number: int, note: Callable[[str], None]) -> None:
        self._key = key
        self._number = number
        self._note = note
        self._cancelled = False
        self.used = False

    @property
    def key(self) -> str:
        self.used = True
        return self._key

    @property
    def number(self) -> int:
        self.used = True
        return self._number

    @property
    def cancelled(self) -> bool:
        """Whether the result will be dropped: the run was cancelled, or time is up."""
        self.used = True
        return self._cancelled

    def heartbeat(self, note: str = "") -> None:
        """Show that the step is alive: `note` goes to its log, which is its last activity."""
        self.used = True
        self._note(note)

    def cancel(self) -> None:
        """Called by the engine alone: a thread cannot be stopped, only told."""
        self._cancelled = True


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentWork:
    """Work of the first agent of the array, or of the next where that one cannot."""

    agents: tuple[Agent, ...]
    prompt: str | Callable[[], str]
    retry: Retry
    idle_s: float
    cwd: Path | None


@dataclass(frozen=True, kw_only=True, slots=True)
class StepWork:
    """Work of a Python function; asynchronous ones run in the loop, others in a thread."""

    run: Callable[..., object]
    takes_attempt: bool
    retry: Retry | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonWork:
    """A question to a person; without an answer in time it is denied or fails."""

    ask: str | Callable[[], str]
    on_deny: OnFailure
    on_timeout: Literal["deny", "fail"]
    allowed_by: tuple[str, ...]


Work = AgentWork | StepWork | PersonWork


class Node(Generic[T_co]):
    """A part of the tree. What it gives, if anything, is a T."""

    kind: ClassVar[str] = "node"
    id: str | None
    """The author's id, or None for a container that has none."""
    address: str | None = None
    """Its id in the tree, once it is mounted."""
    mark: Mark

    @property
    def children(self) -> tuple[Node, ...]:
        """The direct children that are known when it is written."""
        return ()


class Task(Node[T_co]):
    """Work of an agent, and the typed handle of what it gives.

    `prompt` is text, or a callable where it depends on an output. `agent` is one, or an array of
    which the first that can does the work. `output` is the type of the answer: text, or a pydantic
    model. `timeout_s` bounds an attempt, `idle_s` its silence. With `on_failure="continue"` a
    failure does not fail what stands around it. `skip_if` is asked once, when the task comes up.
    `needs` are tasks that must have ended well first; a skipped one counts as that.
    """

    kind = "task"
    id: str
    work: Work
    output: Output[Any]
    timeout_s: float | None
    on_failure: OnFailure
    needs: tuple[str, ...]
    skip_if: Callable[[], bool] | None

    @overload
    def __init__(
        self: Task[str],
        id: str,
        *,
        agent: Agent | abc.Sequence[Agent],
        prompt: str | Callable[[], str],
        retry: Retry = ...,
        timeout_s: float | None = None,
        idle_s: float = 300.0,
        on_failure: OnFailure = "fail",
        skip_if: Callable[[], bool] | None = None,
        needs: Iterable[Node | str] = (),
        cwd: str | Path | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self: Task[T],
        id: str,
        *,
        agent: Agent | abc.Sequence[Agent],
        prompt: str | Callable[[], str],
        output: type[T],
        retry: Retry = ...,
        timeout_s: float | None = None,
        idle_s: float = 300.0,
        on_failure: OnFailure = "fail",
        skip_if: Callable[[], bool] | None = None,
        needs: Iterable[Node | str] = (),
        cwd: str | Path | None = None,
    ) -> None: ...

    def __init__(
        self,
        id: str,
        *,
        agent: Agent | abc.Sequence[Agent],
        prompt: str | Callable[[], str],
        output: Any = str,
        retry: Retry = Retry(),  # frozen
        timeout_s: float | None = None,
        idle_s: float = 300.0,
        on_failure: OnFailure = "fail",
        skip_if: Callable[[], bool] | None = None,
        needs: Iterable[Node | str] = (),
        cwd: str | Path | None = None,
    ) -> None:
        mark = here()
        agents = tuple(agent) if isinstance(agent, abc.Sequence) else (agent,)
        if not agents:
            _wrong(mark, f"task {id!r} has no agent", "give it one, as in agent=ClaudeCode()")
        for one in cast("tuple[object, ...]", agents):
            if not hasattr(one, "run") or not hasattr(one, "name") or isinstance(one, type):
                _wrong(
                    mark,
                    f"task {id!r} got {one!r} as agent",
                    "an agent is a value, as in agent=ClaudeCode()",
                )
        names = [one.name for one in agents]
        if len(set(names)) < len(names):
            _wrong(
                mark,
                f"two agents of task {id!r} have one name: {', '.join(names)}",
                "a name tells the agents of an array apart; for more tries of one, see Retry",
            )
        if not isinstance(cast("object", prompt), str) and not callable(prompt):
            _wrong(
                mark,
                f"the prompt of task {id!r} is a {type(prompt).__name__}",
                "a prompt is text, or a callable that gives text",
            )
        _check_retry(id, retry, mark)
        _check_number(mark, "idle_s", idle_s, 0.001)
        work = AgentWork(
            agents=agents,
            prompt=freeze(prompt, mark),
            retry=retry,
            idle_s=idle_s,
            cwd=None if cwd is None else Path(cwd),
        )
        self._become(id, mark, work, _output(output, mark), timeout_s, on_failure, needs, skip_if)

    def _become(
        self,
        id: str,
        mark: Mark,
        work: Work,
        output: Output[Any],
        timeout_s: float | None,
        on_failure: OnFailure = "fail",
        needs: Iterable[Node | str] = (),
        skip_if: Callable[[], bool] | None = None,
    ) -> None:
        self.mark = mark
        self.id = check_id(id, self.kind, mark)  # pyright: ignore[reportIncompatibleVariableOverride]  # set once, and never None here
        self.work = work
        self.output = output
        _check_number(mark, "timeout_s", timeout_s, 0.001)
        self.timeout_s = timeout_s
        _check_choice(mark, "on_failure", on_failure, ("fail", "continue"))
        self.on_failure = on_failure
        self.needs = _needs(self.id, needs, mark)
        if skip_if is not None and not callable(skip_if):
            _wrong(
                mark, f"the skip_if of {self.kind} {id!r} is no callable but {skip_if!r}", _LAMBDA
            )
        self.skip_if = freeze(skip_if, mark)


def _check_retry(id: str, retry: Retry | None, mark: Mark) -> None:
    if retry is not None and not isinstance(cast("object", retry), Retry):
        _wrong(mark, f"the retry of {id!r} is {retry!r}", "write retry=Retry(tries=3)")


def _output(kind: Any, mark: Mark) -> Output[Any]:
    try:
        return output_of(kind)
    except AuthorError as error:
        _wrong(mark, error.said, error.hint)


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
            _wrong(mark, f"task {id!r} needs {need!r}", "needs takes tasks, or their ids")
    return tuple(found)


class Step(Task[T_co]):
    """A Python function as a task. It is tried again after an exception only if `retry` says so.

    A function with a required positional parameter gets the `Attempt`. What it returns is `output`,
    by default its annotated return type.
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
        on_failure: OnFailure = "fail",
        needs: Iterable[Node | str] = (),
    ) -> None: ...

    @overload
    def __init__(
        self: Step[T],
        id: str,
        run: Callable[[], T] | Callable[[Attempt], T],
        *,
        output: type[T] | None = None,
        retry: Retry | None = None,
        timeout_s: float | None = None,
        on_failure: OnFailure = "fail",
        needs: Iterable[Node | str] = (),
    ) -> None: ...

    def __init__(
        self,
        id: str,
        run: Callable[..., object],
        *,
        output: Any = None,
        retry: Retry | None = None,
        timeout_s: float | None = None,
        on_failure: OnFailure = "fail",
        needs: Iterable[Node | str] = (),
    ) -> None:
        mark = here()
        if not callable(run):
            _wrong(mark, f"step {id!r} got {run!r}", "a step runs a function: Step(id, function)")
        _check_retry(id, retry, mark)
        kind = output if output is not None else _returned(run)
        work = StepWork(run=freeze(run, mark), takes_attempt=_takes_one(id, run, mark), retry=retry)
        self._become(id, mark, work, _output(kind, mark), timeout_s, on_failure, needs)


_RETURNS: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
"""Return types by function: resolving an annotation compiles it."""


def _returned(run: Callable[..., object]) -> Any:
    """The annotated return type, or Any where there is none."""
    function: Any = inspect.unwrap(run)
    function = getattr(function, "__func__", getattr(function, "func", function))
    if "return" not in getattr(function, "__annotations__", {}):
        return Any
    if function not in _RETURNS:
        try:
            _RETURNS[function] = get_type_hints(function)["return"]
        except (NameError, TypeError, KeyError):
            _RETURNS[function] = Any
    return _RETURNS[function]


def _takes_one(id: str, run: Callable[..., object], mark: Mark) -> bool:
    code = getattr(run, "__code__", None)
    if code is not None and not code.co_argcount and not code.co_kwonlyargcount:
        return False
    try:
        parameters = inspect.signature(run).parameters.values()
    except (TypeError, ValueError):
        return False
    required = [one for one in parameters if one.default is one.empty]
    positional = [
        one for one in required if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]
    if len(positional) > 1 or any(one.kind is one.KEYWORD_ONLY for one in required):
        _wrong(
            mark,
            f"the function of step {id!r} takes {len(required)} required parameters",
            "it may take none, or the Attempt; bind the rest with a lambda or functools.partial",
        )
    return bool(positional)


class Approval(Task[Decision]):
    """A question to a person, who approves or denies. `ask` is what they are shown.

    A denial fails it, or finishes it with `approved=False` under `on_deny="continue"`. `allowed_by`
    are the names that may decide, anyone's if empty. When `timeout_s` is up, `on_timeout` holds.
    """

    kind = "approval"

    def __init__(
        self,
        id: str,
        *,
        ask: str | Callable[[], str],
        on_deny: OnFailure = "fail",
        timeout_s: float | None = None,
        on_timeout: Literal["deny", "fail"] = "deny",
        allowed_by: Iterable[str] = (),
    ) -> None:
        mark = here()
        _check_choice(mark, "on_deny", on_deny, ("fail", "continue"))
        _check_choice(mark, "on_timeout", on_timeout, ("deny", "fail"))
        if not isinstance(cast("object", ask), str) and not callable(ask):
            _wrong(
                mark,
                f"the ask of approval {id!r} is a {type(ask).__name__}",
                "it is text, or a callable that gives text",
            )
        work = PersonWork(
            ask=freeze(ask, mark),
            on_deny=on_deny,
            on_timeout=on_timeout,
            allowed_by=(allowed_by,) if isinstance(allowed_by, str) else tuple(allowed_by),
        )
        self._become(id, mark, work, output_of(Decision), timeout_s)


def _children(kind: str, given: abc.Sequence[object], mark: Mark) -> tuple[Node, ...]:
    found: list[Node] = []
    for number, child in enumerate(given, 1):
        if child is None:
            continue
        if not isinstance(child, Node):
            shown = repr(child)
            shown = shown if len(shown) <= 60 else shown[:57] + "..."
            _wrong(
                mark,
                f"child {number} of this {kind} is no node but a {type(child).__name__}: {shown}",
                "children are tasks and groups; unpack a list with *, and use None for 'nothing'",
            )
        found.append(cast("Node", child))
    return tuple(found)


def _container_id(given: str | None, kind: str, mark: Mark) -> str | None:
    return None if given is None else check_id(given, kind, mark)


class Group(Node[T_co]):
    """A sequence or a parallel; `result` names the child whose output is the group's."""

    result: Node[T_co] | None
    _given: tuple[Node, ...]

    def _become(self, given: abc.Sequence[object], result: Node[Any] | None, mark: Mark) -> None:
        self.mark = mark
        self.id = None
        self._given = _children(self.kind, given, mark)
        if result is not None and not isinstance(cast("object", result), Node):
            _wrong(
                mark,
                f"the result of this {self.kind} is no node but {result!r}",
                "name a task that stands in it",
            )
        self.result = result

    @property
    def children(self) -> tuple[Node, ...]:
        return self._given


class Sequence(Group[T_co]):
    """One child after the other. The first that fails ends it."""

    kind = "sequence"

    @overload
    def __init__(self: Sequence[None], *children: Node | None) -> None: ...
    @overload
    def __init__(self: Sequence[T], *children: Node | None, result: Node[T]) -> None: ...
    def __init__(self, *children: Node | None, result: Node[Any] | None = None) -> None:
        self._become(children, result, here())


class Parallel(Group[T_co]):
    """All children at once, at most `limit` of them begun and not ended at any time.

    After a failure nothing new starts below it: attempts that run may end ("finish") or are
    cancelled ("cancel"), and then it fails.
    """

    kind = "parallel"

    @overload
    def __init__(
        self: Parallel[None],
        *children: Node | None,
        limit: int | None = None,
        on_failure: Literal["finish", "cancel"] = "finish",
    ) -> None: ...
    @overload
    def __init__(
        self: Parallel[T],
        *children: Node | None,
        limit: int | None = None,
        on_failure: Literal["finish", "cancel"] = "finish",
        result: Node[T],
    ) -> None: ...
    def __init__(
        self,
        *children: Node | None,
        limit: int | None = None,
        on_failure: Literal["finish", "cancel"] = "finish",
        result: Node[Any] | None = None,
    ) -> None:
        mark = here()
        self._become(children, result, mark)
        _check_count(mark, "limit", limit)
        _check_choice(mark, "on_failure", on_failure, ("finish", "cancel"))
        self.limit: Final = limit
        self.on_failure: Final = on_failure


class Branch(Node[None]):
    """`then` if the test holds, else `otherwise`. The test is asked once, and its answer kept."""

    kind = "branch"

    def __init__(
        self,
        test: Callable[[], bool],
        then: Node | None,
        otherwise: Node | None = None,
        *,
        id: str | None = None,
    ) -> None:
        self.mark = here()
        self.id = _container_id(id, self.kind, self.mark)
        if not callable(test):
            _wrong(self.mark, f"the test of this branch is no callable but {test!r}", _LAMBDA)
        self.test: Final = freeze(test, self.mark)
        then_, otherwise_ = (_children(self.kind, (arm,), self.mark) for arm in (then, otherwise))
        self.arms: Final = (then_, otherwise_)

    @property
    def children(self) -> tuple[Node, ...]:
        return self.arms[0] + self.arms[1]


class Loop(Node[None]):
    """The body again and again, until `until` holds at the end of an iteration.

    After `max_iterations` it ends as it is ("finish") or fails ("fail").
    """

    kind = "loop"

    def __init__(
        self,
        *body: Node | None,
        until: Callable[[], bool],
        max_iterations: int,
        on_exhausted: Literal["finish", "fail"] = "finish",
        id: str | None = None,
    ) -> None:
        self.mark = here()
        self.id = _container_id(id, self.kind, self.mark)
        if not callable(until):
            _wrong(
                self.mark,
                f"the until of this loop is no callable but {until!r}",
                "write until=lambda: ...",
            )
        _check_count(self.mark, "max_iterations", max_iterations)
        _check_choice(self.mark, "on_exhausted", on_exhausted, ("finish", "fail"))
        self.until: Final = freeze(until, self.mark)
        self.max_iterations: Final = max_iterations
        self.on_exhausted: Final = on_exhausted
        self.body: Final = _children(self.kind, body, self.mark)
        if not self.body:
            _wrong(self.mark, "this loop has no body", "give it at least one node")

    @property
    def children(self) -> tuple[Node, ...]:
        return self.body


class ForEach(Node[list[M]]):
    """A subtree for each item of data that may arrive later; gives what they gave, in item order.

    `key` names an item and must be unique. An empty list is an error unless `allow_empty`. With
    `on_failure="continue"` items that failed are left out, and listed by `ctx.failures`.
    """

    kind = "foreach"

    def __init__(
        self,
        items: Callable[[], Iterable[Item]] | Iterable[Item],
        *,
        key: Callable[[Item], str],
        each: Callable[[Item], Node[M]],
        limit: int | None = None,
        allow_empty: bool = False,
        on_failure: Literal["finish", "cancel", "continue"] = "finish",
        id: str | None = None,
    ) -> None:
        mark = self.mark = here()
        self.id = _container_id(id, self.kind, mark)
        for name, given in (("key", key), ("each", each)):
            if not callable(given):
                _wrong(
                    mark,
                    f"the {name} of this ForEach is no callable but {given!r}",
                    f"write {name}=lambda item: ...",
                )
        given_items = cast("object", items)
        if not callable(items) and (
            isinstance(items, str | bytes) or not isinstance(given_items, abc.Iterable)
        ):
            _wrong(
                mark,
                f"the items of this ForEach are a {type(items).__name__}",
                "give a list, or a callable that gives one",
            )
        _check_count(mark, "limit", limit)
        _check_choice(mark, "on_failure", on_failure, ("finish", "cancel", "continue"))
        fixed = None if callable(items) else tuple(items)
        self.items: Final[Callable[[], Iterable[Any]]] = (
            freeze(items, mark) if callable(items) else lambda: fixed or ()
        )
        self.key: Final[Callable[[Any], str]] = freeze(key, mark)
        self.each: Final[Callable[[Any], Node[M]]] = freeze(each, mark)
        self.limit: Final = limit
        self.allow_empty: Final = allow_empty
        self.on_failure: Final = on_failure
