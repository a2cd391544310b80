"""Whatever dies, freezes or comes twice, a run ends as it must; in one thread, in virtual time."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import pytest

from tests.trust.amounts import SCHEDULES, SEED, count_apart
from tests.trust.schedules import Schedule

SLICE = 60
CHUNK = 250


def seen(schedule: Schedule) -> Counter[str]:
    """What a schedule had in it."""
    log = schedule.world.log
    processes = schedule.world.processes.values()
    return Counter(
        schedules=1,
        dead=sum(one.dead for one in processes),
        fenced=sum(line.endswith("Fenced") for line in log),
        owned=sum(line.endswith("Owned") for line in log),
        frozen=sum(" freezes " in line for line in log),
        answers=sum(line.endswith("is acknowledged") for line in log),
        cancels=schedule.state.run_status == "cancelled",
        frames=len(schedule.frames),
    )


def run_all(numbers: range) -> Counter[str]:
    """Run schedules; the first that breaks a promise is an error that tells how to repeat it."""
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for number in numbers:
            schedule = Schedule(f"{SEED}/{number}", Path(folder))
            if wrong := schedule.run():
                told = "\n".join([*schedule.world.log[-20:], *wrong])
                again = f"python -m tests.trust.schedules {schedule.seed}"
                raise AssertionError(f"{told}\nto repeat it: {again}")
            found += seen(schedule)
    return found


def test_a_schedule_of_crashes_and_answers_breaks_no_promise() -> None:
    found = run_all(range(SLICE))
    assert found["schedules"] == SLICE
    assert min(found[what] for what in ("dead", "fenced", "owned", "answers", "cancels")) > 0, found


def test_a_schedule_is_the_same_each_time(tmp_path: Path) -> None:
    first, second = (Schedule(f"{SEED}/busy", tmp_path) for _ in range(2))
    assert first.run() == second.run() == []
    assert first.world.log == second.world.log
    assert len(first.world.log) > 5


@pytest.mark.trust
@pytest.mark.timeout(3600)
def test_schedules_at_length_break_no_promise() -> None:
    found = count_apart(run_all, SCHEDULES, chunk=CHUNK)
    print(f"simulated: {dict(found)}")  # noqa: T201  # `make trust` shows it
    assert found["schedules"] == SCHEDULES
