"""Random workflows give what they gave when they are replayed."""

from __future__ import annotations

from hypothesis import given, settings

from tests.properties.fates import Fates
from tests.properties.test_runs import CONCURRENCY, FATES, ends, flow_of, running
from tests.properties.trees import Shape, plain_trees
from tests.replaying.runs import replayed


@given(plain_trees(), FATES, CONCURRENCY)
@settings(max_examples=max(50, settings().max_examples // 6))
def test_a_replay_of_a_run_does_not_differ(shape: Shape, fates: Fates, concurrency: int) -> None:
    flow = flow_of(shape, fates)
    run = running(flow, concurrency)
    ends(run)
    again = replayed(flow, run)
    assert [one.message for one in again.differences] == []
    assert again.status == run.state.run_status
