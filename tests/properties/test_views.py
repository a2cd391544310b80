"""What is shown of a run is a function of its rows: at every frame, in whatever order they come."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smithers import reports, views
from smithers.changes import Frame
from smithers.hub import Hub
from smithers.state import RunState
from smithers.store.history import frames_of
from tests.engine.runs import Run, Watch
from tests.properties.fates import Fates
from tests.properties.test_runs import CONCURRENCY, FATES, ends, flow_of
from tests.properties.trees import Shape, plain_trees
from tests.properties.views import read_back, seen, shuffled
from tests.recorded_runs.reading import RECORDED, recorded, restore

NAMES = sorted(file.stem for file in RECORDED.glob("*.json"))
_MOST = 30
"""So many frames of a long run are looked at."""


@dataclass
class Seeing(Watch):
    """Looks at the live state after each frame."""

    seen: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    def frame(self, frame: Frame, state: RunState) -> None:
        super().frame(frame, state)
        self.seen.append(seen(state))


@given(plain_trees(), FATES, CONCURRENCY, st.integers(0, 9))
@settings(max_examples=settings().max_examples // 5)
def test_views_of_the_live_state_are_those_of_its_rows(
    shape: Shape, fates: Fates, concurrency: int, seed: int
) -> None:
    run = Run(flow_of(shape, fates), max_concurrency=concurrency)
    run.watch = watch = Seeing()
    ends(run)
    for live, state in zip(watch.seen, read_back(watch.frames, Random(seed)), strict=True):
        assert live == seen(state)


@pytest.mark.sampled(14)
@pytest.mark.parametrize("name", NAMES)
def test_views_of_each_frame_do_not_depend_on_the_order_of_rows(name: str, tmp_path: Path) -> None:
    database = restore(name, recorded(name), tmp_path)
    random = Random(name)
    with closing(sqlite3.connect(database)) as db:
        for (run_id,) in db.execute("SELECT run_id FROM runs").fetchall():
            frames = frames_of(db, run_id)
            for number in random.sample(range(len(frames)), min(len(frames), _MOST)):
                back = RunState.of(shuffled(frames_of(db, run_id, last=number), random))
                assert seen(RunState.of(frames[: number + 1])) == seen(back), (run_id, number)


@pytest.mark.sampled(14)
@pytest.mark.parametrize("name", NAMES)
def test_a_list_of_runs_says_what_the_view_of_each_run_says(name: str, tmp_path: Path) -> None:
    hub = Hub(restore(name, recorded(name), tmp_path), environment={})
    for line in hub.runs():
        summary = hub.summary(line.run_id)
        assert (line.status, line.stopped_by) == (summary.status, summary.stopped_by)
        assert line.counts == summary.counts
        assert line.waiting_for == summary.waiting_for
        assert line.exhausted == len(summary.exhausted)
        assert line.usage == summary.usage


@pytest.mark.parametrize("name", NAMES)
def test_a_part_of_a_run_is_shown_as_the_whole_run_is(name: str, tmp_path: Path) -> None:
    database = restore(name, recorded(name), tmp_path)
    with closing(sqlite3.connect(database)) as db:
        run_ids = [run_id for (run_id,) in db.execute("SELECT run_id FROM runs")]
    for run_id in run_ids:
        whole = reports.snapshot(database, run_id)
        _check_why(database, run_id)
        for line in [*views.task_lines(whole)][:_MOST]:
            found = reports.find_task(database, run_id, str(line.key))
            shown = views.view_task(whole, str(line.key))
            assert found is not None
            attempts = tuple(replace(one, answer=None) for one in found.attempts)
            assert replace(found, attempts=attempts, messages=()) == shown


def _check_why(database: Path, run_id: str) -> None:
    """A sentence may name how long it is until something, which a slow machine makes shorter."""
    for _ in range(3):
        whole = views.explain(reports.snapshot(database, run_id))
        if reports.explain_run(database, run_id) == whole:
            return
    assert reports.explain_run(database, run_id) == views.explain(
        reports.snapshot(database, run_id)
    )
