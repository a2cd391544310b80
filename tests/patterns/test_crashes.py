"""Each pattern, resumed from every frame boundary in memory; tests/trust kills processes.

What is sent back runs again in any case, so starts are compared with those of the unbroken run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from smithers import Workflow
from smithers.changes import AttemptEnded, AttemptStarted, Frame, Key
from tests.rules.resuming import crashed, finish, same
from tests.rules.runs import Run
from tests.trust.examples import flow_of
from tests.trust.patterns import PATTERNS

TIMES = ("fix_until_green", "poller")  # what they give differs in times, which no test can fix


def starts(frames: Sequence[Frame]) -> Counter[Key]:
    changes = [change for frame in frames for change in frame.changes]
    return Counter(change.key for change in changes if isinstance(change, AttemptStarted))


def at_work(frames: Sequence[Frame]) -> Counter[Key]:
    changes = [change for frame in frames for change in frame.changes]
    ended = {change.serial for change in changes if isinstance(change, AttemptEnded)}
    began = [change for change in changes if isinstance(change, AttemptStarted)]
    return Counter(change.key for change in began if change.serial not in ended)


@pytest.mark.sampled(1)
@pytest.mark.parametrize("name", sorted({*PATTERNS} - {*TIMES}))
def test_a_crash_at_any_frame_changes_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEDGER", str(tmp_path / "ledger"))

    def make() -> Workflow[Any, Any]:
        (tmp_path / "ledger").write_text("")
        return flow_of(name, "")

    whole = Run(make())
    assert finish(whole) == "finished"
    frames = whole.watch.frames
    for k in range(1, len(frames)):
        run = crashed(whole, k, make())
        finish(run)
        assert same(run.state) == same(whole.state), f"after a crash behind frame {k - 1}"
        again = starts(run.watch.frames[k:]) - starts(frames[k:])
        assert again <= at_work(frames[:k]), f"after a crash behind frame {k - 1}"
