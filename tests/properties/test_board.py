"""The board of a run is a function of its state: kept in step, it is what it is made anew."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smithers.changes import Frame
from smithers.state import RunState
from smithers.store.history import frames_of
from smithers.views import Board, changed_keys
from tests.boards import check_agrees, facts_of
from tests.engine.runs import Run
from tests.properties.any_frames import any_frames
from tests.properties.fates import Fates
from tests.properties.test_runs import CONCURRENCY, FATES, flow_of
from tests.properties.trees import Shape, plain_trees
from tests.properties.views import read_back, shuffled
from tests.recorded_runs.reading import RECORDED, recorded, restore

NAMES = sorted(file.stem for file in RECORDED.glob("*.json"))


def check_boards(frames: Sequence[Frame], states: Sequence[RunState], random: Random) -> None:
    """Boards that look on from the first frame, and from any other, show what each state says."""
    state, boards = RunState(), [Board()]
    late = random.randrange(len(frames))
    for number, frame in enumerate(frames):
        if number == late:
            boards.append(Board.of(state))
        state.apply_frame(frame)
        anew = Board.of(states[number])
        check_agrees(anew, states[number])
        boards = [board.after(changed_keys(frame, state.attempts), state) for board in boards]
        for board in boards:
            assert facts_of(board) == facts_of(anew), frame.number


@given(plain_trees(), FATES, CONCURRENCY, st.integers(0, 9))
@settings(max_examples=settings().max_examples // 5)
def test_at_each_frame_of_a_run_the_board_is_what_its_rows_say(
    shape: Shape, fates: Fates, concurrency: int, seed: int
) -> None:
    run, random = Run(flow_of(shape, fates), max_concurrency=concurrency), Random(seed)
    try:
        for _ in range(2):  # the second time a failed run is reset, and fails again
            run.go()
    finally:
        shutil.rmtree(run.folder, ignore_errors=True)
    frames = run.watch.frames
    check_boards(frames, list(read_back(frames, random)), random)


@given(st.integers(0, 1 << 30))
@settings(max_examples=settings().max_examples // 2)
def test_the_board_says_what_its_rows_say_whatever_they_are(seed: int) -> None:
    random = Random(seed)
    frames = list(any_frames(random, 25))
    check_boards(frames, [RunState.of(frames[: n + 1]) for n in range(len(frames))], random)


@pytest.mark.sampled(14)
@pytest.mark.parametrize("name", NAMES)
def test_the_boards_of_recorded_runs_say_what_their_rows_say(name: str, tmp_path: Path) -> None:
    database = restore(name, recorded(name), tmp_path)
    random = Random(name)
    with closing(sqlite3.connect(database)) as db:
        for (run_id,) in db.execute("SELECT run_id FROM runs").fetchall():
            frames = list(frames_of(db, run_id))
            mixed = shuffled(frames, random)
            states = [RunState.of(mixed[: n + 1]) for n in range(len(mixed))]
            check_boards(frames, states, random)
