"""A turn of a long replay costs what one of a short replay does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.growth.counting import growth
from tests.growth.test_growth_of_runs import SHAPES, SIZE
from tests.replaying.runs import record, replayed
from tests.rules.runs import Run


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "name",
    ["sequence", "fan_out", "fan_out_with_a_limit", "loop", "chain_of_reads", "child_runs"],
)
def test_a_turn_of_a_replay_costs_the_same_in_a_run_of_any_length(name: str) -> None:
    def again(count: int) -> Callable[[], object]:
        flow = SHAPES[name](count)
        run = Run(flow)
        run.go()
        recording = record(run)
        return lambda: replayed(flow, recording)

    assert not growth(again, SIZE)
