"""Work that was sent back is replayed round by round, and so is what a retry has done again."""

from __future__ import annotations

import shutil

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.properties.test_rework import PARTS, Built, Part, finish
from tests.replaying.runs import record, refrozen, replayed
from tests.rules.resuming import crashed
from tests.rules.runs import Run


@given(PARTS, st.integers(0, 9), st.integers(1, 2), st.integers(1, 3), st.floats(0, 1))
@settings(max_examples=settings().max_examples // 6)
def test_what_was_sent_back_is_replayed_in_rounds(
    part: Part, named: int, rounds: int, concurrency: int, where: float
) -> None:
    flow = Built(part, named, rounds).flow
    whole = Run(flow)
    whole.limit(concurrency)
    finish(whole, rounds)
    shutil.rmtree(whole.folder)
    recording = refrozen(record(whole))
    assert {one.round for one in recording.done.values()} == set(range(rounds + 1))
    assert [one.message for one in replayed(flow, recording).differences] == []

    frames = 1 + int(where * (len(whole.watch.frames) - 1))
    after = crashed(whole, frames, flow)
    if after.state.run_status != "finished":
        finish(after, rounds)
        assert [one.message for one in replayed(flow, record(after)).differences] == []
    shutil.rmtree(after.folder)
