"""The signals of a run: which wait to be taken, which were taken, and which were set aside."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal

from smithers.signals import signal_of
from smithers.values import dataclass

if TYPE_CHECKING:
    from smithers.changes import Key
    from smithers.views._snapshot import Snapshot

__all__ = ["SignalState", "SignalView", "view_signals"]

SignalState = Literal["sent", "kept", "taken", "set aside", "not taken", "passed on"]
"""It is in the inbox of the run; the run has it, and no node has taken it yet; a node has taken it,
or has set it aside since it did not fit. When the run has ended: no node has taken it, or the run
as which it has continued has it.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class SignalView:
    """A signal. `key` is the node that took it or set it aside, and `misfit` why it did not fit.
    `data` is JSON text, None for one that was taken: it is the output of the node.
    """

    id: str
    event: str
    correlation: str | None
    by: str
    at: datetime
    state: SignalState
    key: Key | None
    misfit: str | None
    data: str | None

    @property
    def on(self) -> tuple[str, ...]:
        """What a wait for it names as `on`."""
        return (self.event,) if self.correlation is None else (self.event, self.correlation)


def view_signals(snapshot: Snapshot) -> list[SignalView]:
    """The signals of a run, in the order in which they were sent."""
    over: SignalState | None = None
    if snapshot.has_ended:
        over = "not taken" if snapshot.state.status.next_run is None else "passed on"
    found: list[tuple[int, SignalView]] = []
    for number, signal in snapshot.state.signals.items():
        ended: SignalState = "taken" if signal.misfit is None else "set aside"
        view = SignalView(
            id=signal.id,
            event=signal.event,
            correlation=signal.correlation,
            by=signal.by,
            at=signal.at,
            state=over or "kept" if signal.taken is None else ended,
            key=signal.taken,
            misfit=signal.misfit,
            data=signal.data,
        )
        found.append((number, view))
    for row in snapshot.sent:
        if row.id in snapshot.state.signals:
            continue
        sent = signal_of(row.body)
        view = SignalView(
            id=sent.id,
            event=sent.event,
            correlation=sent.correlation,
            by=sent.by,
            at=row.at,
            state=over or "sent",
            key=None,
            misfit=None,
            data=sent.data,
        )
        found.append((row.id, view))
    return [view for _, view in sorted(found, key=lambda one: one[0])]
