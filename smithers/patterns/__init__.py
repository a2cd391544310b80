"""Patterns: functions that arrange nodes in a way that has a name.

Each is one short file over the public names of `smithers`: `smithers patterns` lists them, and
`smithers patterns ReviewLoop` prints one, to read or to copy. The caller writes the tasks, with any
agents; the pattern arranges them, and counts, compares and decides in Python. The first argument
of each is an id, from which it makes the ids of its own steps.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smithers.patterns.fan_out_refute import FanOutRefute as FanOutRefute
    from smithers.patterns.fan_out_refute import Judgement as Judgement
    from smithers.patterns.fan_out_refute import Refutation as Refutation
    from smithers.patterns.fix_until_green import FixUntilGreen as FixUntilGreen
    from smithers.patterns.panel import Panel as Panel
    from smithers.patterns.panel import Verdict as Verdict
    from smithers.patterns.panel import Vote as Vote
    from smithers.patterns.review_loop import ReviewLoop as ReviewLoop
    from smithers.patterns.supervisor import Supervisor as Supervisor

_HOMES = {
    "FanOutRefute": "smithers.patterns.fan_out_refute",
    "FixUntilGreen": "smithers.patterns.fix_until_green",
    "Judgement": "smithers.patterns.fan_out_refute",
    "Panel": "smithers.patterns.panel",
    "Refutation": "smithers.patterns.fan_out_refute",
    "ReviewLoop": "smithers.patterns.review_loop",
    "Supervisor": "smithers.patterns.supervisor",
    "Verdict": "smithers.patterns.panel",
    "Vote": "smithers.patterns.panel",
}
__all__ = [  # literal, for the checkers
    "FanOutRefute",
    "FixUntilGreen",
    "Judgement",
    "Panel",
    "Refutation",
    "ReviewLoop",
    "Supervisor",
    "Verdict",
    "Vote",
]


def __getattr__(name: str) -> object:
    if (home := _HOMES.get(name)) is None:
        raise AttributeError(f"module 'smithers.patterns' has no attribute {name!r}")
    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
