"""A flow that starts is rehearsed, up to where it first waits: it must make the same calls.

An id from a clock, a random number or a counter names another call after each crash, and what was
paid under the old one is lost. So this is checked before the first call runs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from smithers.changes import Key
from smithers.context import Context, NotYet
from smithers.errors import AuthorError
from smithers.flows import Call
from smithers.kinds._instance import Instance
from smithers.kinds._strands import Strands
from smithers.state import RunState
from smithers.tree import Node

if TYPE_CHECKING:
    from smithers.kinds._kind import Asking

__all__ = ["step_first"]

_MOST_CALLS = 1000
"""More calls are not made twice: their cost would show, and the same code makes few."""
_HINT = (
    "derive ids and order from the input and from outputs; run.now(), run.random() and"
    " run.choose(id, function) give the same when the flow runs again"
)


class _Enough(BaseException):
    """There are more calls than are looked at."""


class _Trial(Strands):
    """A flow whose calls do nothing, up to where it first waits."""

    def add(self, call: Call[Any], /) -> None:
        super().add(call)
        if len(self.calls) > _MOST_CALLS:
            raise _Enough


def step_first(strands: Strands, one: Instance[Any], asking: Asking) -> None:
    """Step a flow for the first time, once it was rehearsed. Raises `AuthorError`, before it is
    mounted, for a call that it did not make then.
    """
    expected = deque(_rehearsed(strands, one, asking))
    if len(expected) > _MOST_CALLS:
        strands.step()
        return

    def check(call: Call[Any] | None) -> None:
        before = expected.popleft() if expected else None
        if _named(before) != _named(call):
            shown = before if call is None else call
            raise AuthorError(
                f"{strands.who} makes different calls each time it runs: {_named(before)},"
                f" then {_named(call)}",
                place=None if shown is None else shown.mark.place,
                hint=_HINT,
            )

    strands.check = check
    strands.step()
    strands.check = None
    if expected:
        check(None)


def _rehearsed(strands: Strands, one: Instance[Any], asking: Asking) -> list[Call[Any]]:
    """The calls that a flow makes before it first waits, of which none runs."""
    copy = Instance(one.definition, one.key, one.parent, one.place, one.kind)
    copy.children = []
    engine = cast("Asking", _Rehearsal(asking))
    trial = _Trial(copy, engine, *strands.made_from, is_known=False)
    around = [(above, dict(above.calls)) for above in _flows_around(one)]
    with suppress(AuthorError, NotYet):
        trial.step()
    made = list(trial.calls.values())
    trial.close()  # last: a `finally` may make more calls, which it does not come to await
    for above, calls in around:  # it may have used the `run` of another flow by mistake
        above.calls = calls
    return made


def _flows_around(one: Instance[Any]) -> Iterator[Strands]:
    above = one.parent
    while above is not None:
        if above.strands is not None:
            yield above.strands
        above = above.parent


def _named(call: Call[Any] | None) -> str:
    return "nothing" if call is None else f"{call.node.kind} {call.id!r}"


class _Rehearsal:
    """The engine for a flow whose calls do nothing."""

    def __init__(self, asking: Asking) -> None:
        self.state: RunState = asking.state
        self.context: Context[Any] = asking.context
        self.catches_up = False
        self._asking = asking

    def now(self) -> datetime:
        return self._asking.now()

    def is_known(self, one: Instance, node: Node[Any]) -> bool:
        return False

    def is_over(self, one: Instance) -> bool:
        return False

    def add_call(self, one: Instance, node: Node[Any], after: Sequence[Instance]) -> Instance:
        made = Instance(one.definition, Key(node.id or "", one.path), one, 0, one.kind)
        cast("list[Instance]", one.children).append(made)
        return made
