"""Poller: something is looked at again and again, with a pause in which nothing runs.

For something outside that will be so at some time, and cannot tell. Not for what can send a signal
(WaitForEvent), nor for a known time (Timer).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from smithers import Branch, Context, Loop, Node, Step, Timer

__all__ = ["Poller"]

T = TypeVar("T")


def Poller(
    id: str,
    ctx: Context[Any],
    probe: Node[T],
    *,
    done: Callable[[T], bool],
    every_s: float,
    max_probes: int,
    on_exhausted: Literal["fail", "finish"] = "fail",
) -> Node[T]:
    """Probe until the output is `done`, with a pause of `every_s` seconds between; give the last.

    The first probe is at once. A probe that failed, if its node tolerates that, is not done. After
    `max_probes` the poller fails, or, with `on_exhausted="finish"`, gives the last output.
    """

    def is_done() -> bool:
        output = ctx.get(probe)
        return output is not None and done(output)

    number: Step[int] = Step(f"{id}-number", lambda: (ctx.previous(number) or 0) + 1)
    pause = Timer(f"{id}-pause", seconds=every_s)
    return Loop(
        number,
        Branch(lambda: ctx[number] > 1, pause, id=f"{id}-if-again"),
        probe,
        until=is_done,
        max_iterations=max_probes,
        on_exhausted=on_exhausted,
        result=probe,
        id=id,
    )
