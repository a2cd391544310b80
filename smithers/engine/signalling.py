"""How a run takes a signal: as a fact, and for the wait that is open for it, if there is one."""

from __future__ import annotations

from collections.abc import Iterator

from smithers.changes import SignalGiven
from smithers.engine.asking import Asking
from smithers.errors import WrongAnswer
from smithers.kinds import Instance
from smithers.signals import signal_of
from smithers.store import InboxRow

__all__ = ["take_signal"]


def take_signal(row: InboxRow, asking: Asking) -> None:
    """Take a signal of the inbox into the frame. It stays in its queue unless a node takes it, or
    fits none of those that wait for it.
    """
    if row.id in asking.state.signals:
        return
    sent = signal_of(row.body)
    asking.frame.do(
        SignalGiven(
            number=row.id,
            id=sent.id,
            event=sent.event,
            correlation=sent.correlation,
            data=sent.data,
            by=sent.by,
            at=row.at,
        )
    )
    signal = asking.state.signals[row.id]
    first: tuple[Instance, str] | None = None
    for one in _waiting(asking, signal.on):
        try:
            if one is None or one.kind.signalled(asking, one, signal):
                return
        except WrongAnswer as error:
            if first is None and one is not None:
                first = one, asking.scrub(error.said)
    if first is not None:
        asking.take_signal(first[0], signal.number, misfit=first[1])


def _waiting(asking: Asking, on: tuple[str, ...]) -> Iterator[Instance | None]:
    """The nodes that wait for a signal and can take one now. At last None if another one waits that
    the plan has no instance of yet: it looks for a signal when it is mounted.
    """
    is_missing = False
    for key in asking.state.listeners(on):
        one = asking.plan.instances.get(key)
        if one is None:
            is_missing = True
        elif one.status == "up" and one.dropping is None:
            yield one
    if is_missing:
        yield None
