"""How a wait ends: by an answer of the inbox, or because it is due.

What that means is the business of the kind of node that opened it, if the wait settles its node;
else the node is asked again what it needs.
"""

from __future__ import annotations

from smithers import waits
from smithers.changes import Key
from smithers.engine.asking import Asking
from smithers.store import InboxRow
from smithers.waits import WaitKind

__all__ = ["end_wait", "take_answer"]


def take_answer(row: InboxRow, asking: Asking) -> None:
    """Take an answer of the inbox into the frame. One for a wait that is over changes nothing."""
    if row.key is None:
        return
    for kind in waits.answered_by(row.kind):
        wait = asking.state.waits.get((row.key, kind))
        if wait is not None and row.opened in (wait.frame, wait.before):
            end_wait(row.key, kind, asking, row.body)


def end_wait(key: Key, kind: WaitKind, asking: Asking, body: str | None = None) -> None:
    """A wait has its answer, as JSON text; or it is due, and `body` is None."""
    instance = asking.plan.instances.get(key)
    if instance is not None and waits.traits(kind).settles:
        instance.kind.answered(asking, instance, kind, body)
        return
    asking.frame.close_wait(key, kind, body)
    if instance is not None:
        asking.plan.up.append(instance)
