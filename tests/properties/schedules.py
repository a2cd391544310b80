"""Schedules: what happens next of all that may, with weights, so that rare orders are frequent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal, get_args

from hypothesis import strategies as st

from tests.properties.driver import Driver, Event

__all__ = ["SCHEDULES", "Schedule"]

Style = Literal["even", "fails late", "fails early", "tries again", "answers last", "answers first"]

_ENDS = ("finish", "fail", "stopped", "approve", "deny", "raise", "skip")
_CHOICES = ("test", "until", "items", "exhausted")
_WEIGHTS: dict[Style, dict[str, int]] = {
    "even": {},
    "fails late": {"finish": 1, "fail": 4, "deny": 4, "raise": 0, "begin": 40, "wake": 40},
    "fails early": {"fail": 20, "raise": 8, "deny": 20},
    "tries again": {"retry": 20, "defer": 20, "interrupt": 10, "wait": 10},
    "answers last": {"approve": 1, "deny": 1},
    "answers first": {"approve": 40, "deny": 40, "begin": 20, "finish": 1},
}
_USUAL: dict[str, int] = {"raise": 1, "skip": 2, "wait": 3, "cancel": 1}
_OTHERWISE = 6


@dataclass
class Schedule:
    """Picks by a seed. `cancelling` is whether the run may be cancelled. In percent: how often
    another end joins the frame of one, and how often the owner crashes after a choice, and after
    anything else.
    """

    seed: int
    style: Style
    joining: int
    crashing: int
    cancelling: bool = False
    random: Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)

    def pick(self, events: Sequence[Event]) -> Event:
        weights = [self._weight(event) for event in events]
        return self.random.choices(events, weights if any(weights) else None)[0]

    def _weight(self, event: Event) -> int:
        name = event.name.partition("=")[0]
        return _WEIGHTS[self.style].get(name, _USUAL.get(name, _OTHERWISE))

    def happen(self, driver: Driver, events: Sequence[Event]) -> bool:
        """Let one frame happen; whether the owner crashes after it."""
        event = self.pick(events)
        if event.name in _ENDS and self._draw(self.joining):
            driver.join(event)
            ends = [one for one in driver.events() if one.name in _ENDS and one.key != event.key]
            if not ends:
                driver.state.frame += 1
                return self._draw(self.crashing // 4)
            event = self.pick(ends)
        driver.happen(event)
        is_choice = event.name.partition("=")[0] in _CHOICES
        return self._draw(self.crashing if is_choice else self.crashing // 4)

    def _draw(self, percent: int) -> bool:
        return self.random.randrange(100) < percent


SCHEDULES = st.builds(
    Schedule,
    seed=st.integers(0, 1 << 20),
    style=st.sampled_from(get_args(Style)),
    joining=st.sampled_from([0, 30, 80]),
    crashing=st.sampled_from([0, 0, 20, 80]),
    cancelling=st.sampled_from([False, False, True]),
)
