"""How a flow is run: its coroutine is stepped by hand, on what the rows say of its calls.

Nothing of asyncio is involved, so a flow that is run again catches up at once, and it is known
exactly what it waits for. Its calls are told to it in the order of the frames in which they ended,
and those of one frame in the order in which they were started, so that it takes the same way each
time, also where several of its coroutines are under way and share a variable.
"""

from __future__ import annotations

import asyncio
import inspect
import random
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from contextvars import copy_context
from datetime import datetime
from heapq import heappop, heappush
from typing import Any, NamedTuple, cast

from pydantic import ValidationError

from smithers.context import NotYet, State
from smithers.errors import AuthorError
from smithers.flows import (
    RUNNING,
    Call,
    CallFailed,
    Gathering,
    Request,
    Run,
    check_running,
    close_unstarted,
)
from smithers.kinds._failures import error_of, misfit
from smithers.kinds._instance import Instance
from smithers.kinds._kind import Asking
from smithers.kinds._stepping import (
    awaiting,
    chain_of,
    check_dropped,
    check_loop,
    refuse_foreign,
    run_to_await,
    without_loop,
)
from smithers.kinds.event import WaitForEvent
from smithers.kinds.subflow import Subflow
from smithers.tree import Node, wrong

__all__ = ["Strands"]

_MAX_CLOSES = 100
"""How often a coroutine that swallows its end is closed: it comes to its next `await` each time."""


class _Strand:
    """One coroutine that is under way: that of the flow, or one in a `run.gather`."""

    __slots__ = ("after", "context", "coroutine", "is_interrupted", "waiter")

    def __init__(
        self,
        coroutine: Coroutine[Any, Any, Any],
        waiter: _Item | None,
        after: Sequence[Instance],
        *,
        is_interrupted: bool,
    ) -> None:
        self.coroutine = coroutine
        self.context = copy_context()
        self.waiter = waiter
        """Who waits for what it returns; None for the flow itself."""
        self.after = after
        """The calls whose ends it was told last."""
        self.is_interrupted = is_interrupted
        """Whether it knows that the flow will not continue: what it calls now cleans up."""


class _Group:
    """A `run.gather` that is under way."""

    __slots__ = ("after", "failures", "gathering", "next", "open", "owner", "values")

    def __init__(self, gathering: Gathering, owner: _Strand) -> None:
        self.gathering = gathering
        self.owner = owner
        self.values: list[Any] = [None] * len(gathering.given)
        self.failures: dict[int, BaseException] = {}
        self.after: list[Instance] = []
        self.next = 0
        self.open = 0

    @property
    def can_start(self) -> bool:
        limit = self.gathering.limit
        is_left = self.next < len(self.values) and not self.failures
        return is_left and (limit is None or self.open < limit)


class _Item(NamedTuple):
    """One awaitable of a `run.gather`."""

    group: _Group
    place: int


class _Told(NamedTuple):
    """What is told to who waits; `after` are the calls that gave it."""

    waiter: _Strand | _Item
    value: Any
    error: BaseException | None
    after: Sequence[Instance]


class Strands:
    """A flow under way. It is the `Driver` of its `Run`."""

    def __init__(
        self,
        one: Instance[Any],
        asking: Asking,
        given: object,
        frame: int,
        seed: int,
        *,
        is_known: bool,
    ) -> None:
        self.is_known = is_known
        """Whether the rows tell of it from before, maybe of calls that it no longer makes."""
        self.made_from = given, frame, seed
        self.check: Callable[[Call[Any]], None] | None = None
        """What looks at each call that it makes, if anything does."""
        self._one = one
        self._asking = asking
        self._frame = frame
        self._random = random.Random(seed)
        self.calls: dict[str, Call[Any]] = {}
        self._started: list[Call[Any]] = []
        """Those that are children of the flow, by their place."""
        self._ends: list[tuple[int, int]] = []
        """The ends of calls that are not told yet: the frame, and the place of the call."""
        self._untold: set[int] = set()
        self._waiting: dict[int, list[_Strand | _Item]] = {}
        self._queue: deque[_Told] = deque()
        self._stands_for: dict[BaseException, list[Instance]] = {}
        """The failed calls for which an exception was raised in the flow."""
        self._absorbed: set[Instance] = set()
        self._groups: set[_Group] = set()
        self._alive: dict[_Strand, None] = {}
        self._dropped: list[Request] = []
        """What async generators await that the flow has left before their ends."""
        self.is_open = True
        self._misfits: list[tuple[_Strand | _Item, Instance]] = []
        """What is not told while the flow catches up, since it no longer fits its output."""
        self._gives_up = False
        """Whether a failure kept what was given to a gather from being started."""
        self.is_short = False
        """Whether it has come to what it did not do when it ended."""
        self.ended: tuple[Any, BaseException | None] | None = None
        self.fault: AuthorError | None = None
        node = one.node
        context = node.context or asking.context
        run: Run[Any] = Run(given, context, self)
        self._root = self._strand(node.run(run), None, ())
        self._queue.append(_Told(self._root, None, None, ()))

    @property
    def who(self) -> str:
        return str(self._one.node.who)

    # -- what the kind asks

    def settled(self, child: Instance) -> None:
        """A call has ended."""
        heappush(self._ends, (child.settled_at, child.place))
        self._untold.add(child.place)

    @property
    def is_pending(self) -> bool:
        """Whether something is left to tell it."""
        return bool(self._queue or self._ends) and self.ended is None

    @property
    def has_misfits(self) -> bool:
        """Whether it was not told of a call since what that gave no longer fits its output."""
        return bool(self._misfits)

    def step(self) -> None:
        """Tell it what has ended in the next frame. Raises `AuthorError`."""
        if not self._queue and self._ends:
            self._frame = max(self._frame, self._ends[0][0])
            while self._ends and self._ends[0][0] <= self._frame:
                _, place = heappop(self._ends)
                self._untold.discard(place)
                for waiter in self._waiting.pop(place, ()):
                    self._tell(waiter, self._one.children[place])
        misfits, self._misfits = self._misfits, []
        for waiter, child in misfits:
            self._tell(waiter, child)
        while self._queue and self.ended is None:
            told = self._queue.popleft()
            if isinstance(told.waiter, _Strand):
                self._resume(told.waiter, told)
            else:
                self._item_done(told.waiter, told)
            check_dropped(self._dropped)

    def failed_calls(self, error: BaseException) -> list[Instance]:
        """The failed calls by which an exception came about, if it was not caught."""
        found = next((one for one in chain_of(error) if one in self._stands_for), None)
        return [] if found is None else self._stands_for[found]

    @property
    def was_interrupted(self) -> bool:
        """Whether the flow was told that it will not continue."""
        return self._root.is_interrupted

    def was_absorbed(self, child: Instance) -> bool:
        """Whether the flow went on after this failure."""
        return child in self._absorbed

    def close(self) -> None:
        """Put it away: its coroutines end where they wait."""
        self.is_open = False
        for strand in reversed(self._alive):
            for _ in range(_MAX_CLOSES):
                if inspect.getcoroutinestate(strand.coroutine) == inspect.CORO_CLOSED:
                    break
                with suppress(Exception, asyncio.CancelledError), without_loop():
                    strand.context.run(strand.coroutine.close)
        for group in self._groups:
            group.gathering.close()
        self._alive.clear()
        self._groups.clear()

    # -- what its `Run` asks

    @property
    def prefix(self) -> str:
        return f"{self._one.node.id}/" if self._one.node.id else ""

    def add(self, call: Call[Any], /) -> None:
        check_running(f"run.{call.method}({call.id!r}, ...)", self)
        if self.check is not None:
            self.check(call)
        known = self.calls.setdefault(call.id, call)
        if known is not call:
            kinds = "" if known.node.kind == call.node.kind else f" as a {known.node.kind}"
            wrong(
                call.mark,
                f"{call.node.kind} {call.id!r} has an id that this flow has used{kinds}"
                f" at {known.mark.place}",
                "give each call of a flow an id, taken from the data,"
                f' for example f"{call.id}-{{number}}"',
            )

    def id_of(self, id: str, /) -> str:
        call = self.calls.get(id)
        return id if call is None or call.node.id is None else call.node.id

    def now(self) -> datetime:
        state = self._asking.state
        return state.time_of(self._frame) if self._frame <= state.frame else self._asking.now()

    def random(self) -> float:
        check_running("run.random()", self)
        return self._random.random()

    def state_of(self, id: str, /) -> State:
        call = self.calls.get(id)
        if call is None or call.number < 0 or call.number in self._untold:
            return "open"
        child = self._one.children[call.number]
        return cast("State", child.status) if child.settled else "open"

    def event(self, *given: Any, **named: Any) -> Node[Any]:
        return cast("Node[Any]", WaitForEvent(*given, **named))

    def subflow(self, *given: Any, **named: Any) -> Node[Any]:
        return cast("Node[Any]", Subflow(*given, **named))

    # -- stepping

    def _strand(
        self,
        coroutine: Coroutine[Any, Any, Any],
        waiter: _Item | None,
        after: Sequence[Instance],
        *,
        is_interrupted: bool = False,
    ) -> _Strand:
        made = _Strand(coroutine, waiter, after, is_interrupted=is_interrupted)
        made.context.run(RUNNING.set, self)
        self._alive[made] = None
        return made

    def _resume(self, strand: _Strand, told: _Told) -> None:
        """Run a coroutine to where it awaits something, or to its end."""
        raised = told.error
        strand.after = told.after or strand.after
        if isinstance(raised, asyncio.CancelledError):
            strand.is_interrupted = True
        try:
            request = run_to_await(
                strand.context, strand.coroutine, told.value, told.error, self._dropped
            )
        except StopIteration as stop:
            self._handled(raised)
            self._finished(strand, stop.value, None)
        except (NotYet, KeyboardInterrupt):
            raise
        except BaseException as error:
            if raised is not None and raised not in chain_of(error):
                self._handled(raised)
            check_loop(self.who, error)
            self._finished(strand, None, error)
        else:
            self._handled(raised)
            if isinstance(request, Call):
                self._start(cast("Call[Any]", request), strand, strand)  # type: ignore[redundant-cast]  # for pyright
            elif isinstance(request, Gathering):
                self._gather(request, strand)
            else:
                refuse_foreign(self.who, self._one.node.mark, strand.coroutine, request)

    def _finished(self, strand: _Strand, value: Any, error: BaseException | None) -> None:
        self._alive.pop(strand, None)
        if strand.waiter is None and error is None and not strand.is_interrupted:
            self._check_awaited()
        if strand.waiter is None:
            self.ended = value, error
        else:
            self._queue.append(_Told(strand.waiter, value, error, strand.after))

    def _check_awaited(self) -> None:
        """Raises `AuthorError` for a call that never started."""
        check_dropped(self._dropped)
        for call in () if self._gives_up else self.calls.values():
            if call.number < 0 and not self._asking.is_over(self._one):
                wrong(
                    call.mark,
                    f"{call.node.kind} {call.id!r} was made and not awaited, so it did not run",
                    f"write await run.{call.method}(...)",
                )

    def _start(self, call: Call[Any], waiter: _Strand | _Item, strand: _Strand) -> None:
        """Have a call executed, unless it was before."""
        one, asking = self._one, self._asking
        if call.number < 0:
            if self.calls.get(call.id) is not call:
                wrong(
                    call.mark,
                    f"{call.id!r} is a call of another flow",
                    "await the calls of the `run` that the flow was given",
                )
            is_known = asking.is_known(one, call.node)
            if one.stopped and not strand.is_interrupted and not is_known:
                self._queue.append(_Told(waiter, None, asyncio.CancelledError(), ()))
                return
            if not is_known and asking.is_over(one):
                self.is_short = True
                return
            call.number = len(one.children)
            self._started.append(call)
            child = asking.add_call(one, call.node, strand.after)
            if one.stopped and not strand.is_interrupted:
                asking.drop_call(one, child)
        child = one.children[call.number]
        if child.settled and call.number not in self._untold:
            self._tell(waiter, child)
        else:
            self._waiting.setdefault(call.number, []).append(waiter)

    def _tell(self, waiter: _Strand | _Item, child: Instance) -> None:
        """Tell who waits for a call how it has ended."""
        value: object = None
        error: BaseException | None = None
        if child.status == "finished":
            try:
                value = self._asking.value_of(self._one, child)
            except ValidationError as misfitting:
                if self._asking.catches_up:  # it may be about to run again
                    self._misfits.append((waiter, child))
                    return
                raise misfit(child, misfitting) from misfitting
        elif child.status == "cancelled" and self._one.stopped:
            error = asyncio.CancelledError()
        else:
            why = error_of(self._asking.state, child)
            id = self._started[child.place].id
            failed = error = CallFailed(id, cast("State", child.status), why)
            self._stands_for[failed] = [child]
        self._queue.append(_Told(waiter, value, error, (child,)))

    def _handled(self, raised: BaseException | None) -> None:
        """The flow went on after this was raised in it."""
        for child in () if raised is None else self._stands_for.get(raised, ()):
            self._absorbed.add(child)
            self._asking.absorb(child)

    # -- several at once

    def _gather(self, gathering: Gathering, strand: _Strand) -> None:
        group = _Group(gathering, strand)
        self._groups.add(group)
        self._fill(group)
        if not gathering.given:
            self._close_group(group)

    def _fill(self, group: _Group) -> None:
        """Start what its limit lets start."""
        owner = group.owner
        while group.can_start:
            item = _Item(group, group.next)
            given = group.gathering.given[group.next]
            group.next += 1
            group.open += 1
            if isinstance(given, Call):
                self._start(given, item, owner)
                continue
            coroutine = given if inspect.iscoroutine(given) else awaiting(given)
            strand = self._strand(coroutine, item, owner.after, is_interrupted=owner.is_interrupted)
            self._queue.append(_Told(strand, None, None, ()))

    def _item_done(self, item: _Item, told: _Told) -> None:
        group, error = item.group, told.error
        group.open -= 1
        group.after.extend(told.after)
        if error is None:
            group.values[item.place] = told.value
        elif group.gathering.returns_failures and isinstance(error, Exception):
            group.values[item.place] = error
            self._handled(error)
        else:
            group.failures[item.place] = error
        self._fill(group)
        if not group.open and not group.can_start:
            self._close_group(group)

    def _close_group(self, group: _Group) -> None:
        """All that was started has ended: tell its owner, the first failure if there is one."""
        self._groups.discard(group)
        after = tuple(group.after)
        if not group.failures:
            self._queue.append(_Told(group.owner, group.values, None, after))
            return
        self._gives_up = self._gives_up or group.next < len(group.values)
        close_unstarted(group.gathering.given[group.next :])
        first = group.failures[min(group.failures)]
        calls = [call for each in group.failures.values() for call in self.failed_calls(each)]
        if calls:
            self._stands_for[first] = list(dict.fromkeys(calls))
        self._queue.append(_Told(group.owner, None, first, after))
