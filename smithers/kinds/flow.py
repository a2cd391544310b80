"""A flow: a container whose children are the calls that its coroutine has made.

Its decisions are those of the coroutine, which is run again on the rows. Choices: `started` keeps
the seed of its random numbers and tells in which frame it began, `input` what it was given,
`result` what it returned, and `raised` what it went on after, and failed by all the same: a resume
runs it again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

from smithers.changes import Key, Outcome
from smithers.errors import AuthorError
from smithers.flows import RETURNS_TREE, CallFailed, Flow
from smithers.kinds._container import Container
from smithers.kinds._instance import Instance
from smithers.kinds._kind import Asking, Planning
from smithers.kinds._repeats import step_first
from smithers.kinds._strands import Strands
from smithers.state import RunState
from smithers.tree import Node, wrong

__all__ = ["FLOW", "MAX_DEPTH"]

MAX_DEPTH = 100
"""How many flows a flow can be inside of."""


class FlowKind(Container[Flow[Any]]):
    name = "flow"
    chooses = True
    expands = True
    grows = True
    is_concurrent = True
    stays = False  # its coroutine has what was read around it

    def handles(self, node: Flow[Any]) -> bool:
        return True

    def activate(self, plan: Planning, one: Instance[Flow[Any]]) -> None:
        if one.closed and not _has_started(plan.state, one):
            plan.drop(one, "skipped", cancel=False)
        else:
            plan.step_later(one)

    def child_settled(self, plan: Planning, one: Instance[Flow[Any]], child: Instance) -> None:
        if one.strands is not None:
            one.strands.settled(child)
            plan.step_later(one)

    def note(self, plan: Planning, one: Instance[Flow[Any]], child: Instance) -> None:
        """What its failures come to, its coroutine decides."""

    def make_below(self, plan: Planning, one: Instance[Flow[Any]]) -> None:
        """Its coroutine makes it."""

    def drop(
        self, plan: Planning, one: Instance[Flow[Any]], outcome: Outcome, *, cancel: bool
    ) -> None:
        """What it waits for is stopped, and it is told so: what it calls after that cleans up."""
        if not _has_started(plan.state, one):
            super().drop(plan, one, outcome, cancel=cancel)
            return
        if not one.stopped:
            one.status, one.stopped, one.next = "up", True, len(one.children)
            if outcome == "skipped" and one.worst == "finished":
                one.worst = outcome
        one.cancels = one.cancels or cancel
        for child in one.children[: one.next]:
            plan.drop(child, outcome, cancel=cancel)
        plan.step_later(one)

    def cleans_up(self, state: RunState, one: Instance[Flow[Any]]) -> bool:
        return one.status == "up" and _has_started(state, one)

    def can_add(self, one: Instance[Flow[Any]]) -> bool:
        return not one.settled

    def may_make(self, state: RunState, one: Instance[Flow[Any]], id: str) -> bool:
        """It may come to a call later, but not to one that began before all that it waits for."""
        if one.settled or one.strands is None:
            return not one.settled
        key = Key(id, one.path)
        waits_for = [child.key for child in one.children if not child.settled]
        is_passed = key in state.ended and all(_is_before(state, key, each) for each in waits_for)
        return not (waits_for and is_passed)

    def resolve(self, asking: Asking, one: Instance[Flow[Any]]) -> bool:
        """Step it once."""
        is_new = one.strands is None
        strands = one.strands or self._begin(asking, one)
        if strands is None:
            return False
        if strands.fault is None:
            try:
                if is_new and not strands.is_known:
                    step_first(strands, one, asking)
                else:
                    strands.step()
            except AuthorError as error:
                strands.fault = error
                strands.close()
                one.cancels = True
                for child in one.children:
                    asking.drop_call(one, child)
        if strands.fault is not None:
            self._fail(asking, one, strands.fault)
            return False
        if strands.ended is not None:
            self._end(asking, one, strands)
        elif strands.is_pending:
            asking.step_later(one)
        elif strands.is_short and not one.open:
            self._settle(asking, one, _known_end(asking.state, one))
        return False

    def _fail(self, asking: Asking, one: Instance[Flow[Any]], fault: AuthorError) -> None:
        """Its code is wrong: it fails once what was under way has been stopped."""
        if all(child.settled for child in one.children):
            if one.key in asking.state.ended:
                self._settle(asking, one, "failed")
            else:
                asking.fail(one, fault)

    def _begin(self, asking: Asking, one: Instance[Flow[Any]]) -> Strands | None:
        node, state = one.node, asking.state
        given = node.given
        if node.computes is not None:
            chosen = state.choices.get((one.key, "input"))
            row = asking.compute(one, node.computes) if chosen is None else chosen.value
            if row is None:
                return None
            if chosen is None:
                asking.choose(one, "input", row)
            try:
                given = node.computes.parse(row)
            except AuthorError as error:
                asking.fail(one, error)
                return None
        is_known = _has_started(state, one)
        if not is_known:
            asking.choose(one, "started", json.dumps({"seed": asking.seed(one)}))
        started = state.choices[one.key, "started"]
        seed = int(json.loads(started.value)["seed"])
        one.settled_at = max(one.settled_at, started.frame)
        try:
            _check_depth(one)
            one.strands = Strands(one, asking, given, started.frame, seed, is_known=is_known)
        except AuthorError as error:
            asking.fail(one, error)
        return one.strands

    def _end(self, asking: Asking, one: Instance[Flow[Any]], strands: Strands) -> None:
        """Its coroutine has ended."""
        assert strands.ended is not None
        value, error = strands.ended
        if error is None and not strands.was_interrupted:
            self._give(asking, one, value)
        elif error is None or isinstance(error, asyncio.CancelledError):
            is_skipped = one.worst == "skipped"
            self._settle(asking, one, "skipped" if is_skipped else "cancelled")
        else:
            self._raise(asking, one, strands, error)

    def _give(self, asking: Asking, one: Instance[Flow[Any]], value: object) -> None:
        if (one.key, "result") not in asking.state.choices:
            try:
                _check_returned(one.node, value)
                row = one.node.gives.row(value)
            except AuthorError as error:
                asking.fail(one, error)
                return
            asking.choose(one, "result", row)
        self._settle(asking, one, "finished")

    def _raise(
        self, asking: Asking, one: Instance[Flow[Any]], strands: Strands, error: BaseException
    ) -> None:
        """It fails, by calls that failed or by itself."""
        calls = strands.failed_calls(error)
        below = [failed for call in calls for failed in _failed_below(call)]
        handled = asking.state.handled
        is_absorbed = any(strands.was_absorbed(call) for call in calls)
        is_absorbed = is_absorbed or any(failed.key in handled for failed in below)
        again = [[failed.key.id, failed.path] for failed in below] if is_absorbed else []
        known = asking.state.choices.get((one.key, "raised"))
        if again and (known is None or known.frame < max(call.settled_at for call in calls)):
            asking.choose(one, "raised", json.dumps(again))
        for call in calls:
            call.failing = True
        if (isinstance(error, CallFailed) and calls) or one.key in asking.state.ended:
            self._settle(asking, one, "failed")
        else:
            asking.fail(one, _to_exception(error))

    def _settle(self, asking: Asking, one: Instance[Flow[Any]], outcome: Outcome) -> None:
        one.verdict = outcome
        asking.proceed(one)

    def chosen(self, plan: Planning, one: Instance[Flow[Any]]) -> None:
        """It has ended, if there is a verdict."""
        if one.verdict is None:
            return
        ended = plan.state.ended.get(one.key)
        if ended is not None:
            plan.mark(one, ended.outcome, ended.frame)
        else:
            self.conclude(plan, one, one.verdict, one.settled_at)


def _check_depth(one: Instance[Flow[Any]]) -> None:
    """Raises `AuthorError` for a flow that calls itself without an end."""
    depth, above = 0, one.parent
    while above is not None:
        depth += above.definition.node.kind == FLOW.name
        above = above.parent
    if depth >= MAX_DEPTH:
        _, _, id = str(one.node.id).rpartition("/")
        wrong(
            one.node.mark,
            f"flow {id!r} is inside {depth} other flows, which is the most",
            "let a flow that calls itself end, or use a loop",
        )


def _to_exception(error: BaseException) -> Exception:
    """What a coroutine raised, as what a node fails by: the end of a program is that of a flow."""
    if isinstance(error, Exception):
        cause = error.__cause__
        is_stop = isinstance(error, RuntimeError) and isinstance(cause, StopIteration)
        return error.with_traceback(cause.__traceback__) if is_stop and cause else error
    return RuntimeError(f"the flow raised {error!r}").with_traceback(error.__traceback__)


def _check_returned(node: Flow[Any], value: object) -> None:
    """Raises `AuthorError` for a node, which is no output."""
    if isinstance(value, Node):
        returned = value.kind if value.id is None else f"{value.kind} {value.id!r}"
        said = f"{node.who} returned the {returned}, which is a node and not an output"
        wrong(node.mark, said, RETURNS_TREE)


def _has_started(state: RunState, one: Instance[Flow[Any]]) -> bool:
    return (one.key, "started") in state.choices


def _failed_below(call: Instance) -> Iterator[Instance]:
    """A call by which a flow failed, and all below it that failed it or was stopped by that."""
    waiting = [call]
    while waiting:
        found = waiting.pop()
        yield found
        waiting += [one for one in found.children if one.failing or one.status == "cancelled"]


def _known_end(state: RunState, one: Instance[Flow[Any]]) -> Outcome:
    """How it ended when it did what it does not do any longer."""
    ended = state.ended.get(one.key)
    return "finished" if ended is None else ended.outcome


def _is_before(state: RunState, key: Key, other: Key) -> bool:
    """Whether a call had ended when the flow first came to another, as far as the rows tell."""
    came_up = state.came_up.get(other)
    if came_up is not None and came_up <= state.frame:
        return state.ended[key].frame <= came_up
    tries = state.tries.get(other)
    if not tries or tries[0].counts:  # it is new, so what was before may come after it
        return False
    mine = state.tries.get(key)
    return mine is not None and mine[0].serial < tries[0].serial


FLOW = FlowKind()
