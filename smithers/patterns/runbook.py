"""Runbook: procedures one after the other, confirmed, verified, and undone if one fails.

For operations that must be done in order and undone together. Not for work of agents that can be
repeated without harm (Sequence), nor for procedures that arrive as data: put Compensated into a
Saga yourself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from smithers import Approval, Compensated, Node, Saga, Sequence

__all__ = ["Procedure", "Runbook"]


@dataclass(frozen=True, kw_only=True)
class Procedure:
    """What is done under a name, what fails if it did not work, and what undoes it.

    With `confirm`, a person sees that text and approves before it is done.
    """

    name: str
    do: Node[object]
    verify: Node[object] | None = None
    undo: Node[Any] | None = None
    confirm: str | None = None


def Runbook(
    id: str, *procedures: Procedure, on_cancel: Literal["undo", "leave"] = "undo"
) -> Node[list[str]]:
    """Do one procedure after the other, and give their names.

    If one fails, or its `verify`, or if a person denies one, what was done is undone in reverse
    order, and the runbook fails and says what was undone.
    """

    def part(one: Procedure) -> Node[object]:
        asked = None if one.confirm is None else Approval(f"{id}-{one.name}-ok", ask=one.confirm)
        do = one.do if one.undo is None else Compensated(one.do, one.undo)
        return Sequence(asked, do, one.verify)

    names = [one.name for one in procedures]
    return Saga(*map(part, procedures), on_cancel=on_cancel, result=lambda: names, id=id)
