"""Sentence 6: a time, a signal, and checks until they are green, on a clock that the test moves."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from examples.sentences.after_deploy import after_deploy
from tests.rules.runs import Clock, Run
from tests.sentences.runs import error_of

MAKEFILE = "smoke:\n\techo checked >> log\n\ttest -f up\n"


@pytest.fixture
def clock() -> Clock:
    return Clock()  # 2026-01-02 03:04 UTC


@pytest.fixture
def deploying(clock: Clock) -> Run:
    """The run at nine o'clock in Berlin, when it waits for the signal."""
    run = Run(after_deploy, now=clock, linger_s=1)
    (run.folder / "Makefile").write_text(MAKEFILE)
    ended = run.drive_to_end()
    assert ended.status.status == "waiting"
    nine = datetime(2026, 1, 3, 8, 0, tzinfo=UTC)
    assert ended.wake_at == nine
    clock.pass_s((nine - clock()).total_seconds() - 60)
    assert run.go().status == "waiting"
    assert run.outcome("morning") is None
    clock.pass_s(60)
    assert run.go().status == "waiting"
    assert run.outcome("morning") == "finished"
    return run


def test_the_checks_run_every_ten_minutes_until_they_are_green(
    deploying: Run, clock: Clock
) -> None:
    run = deploying
    clock.pass_s(3600)
    run.send("deployed")
    for checks in (1, 2):
        assert run.go().status == "waiting"
        assert (run.folder / "log").read_text().count("checked") == checks
        clock.pass_s(590)
        assert run.go().status == "waiting"
        assert (run.folder / "log").read_text().count("checked") == checks
        clock.pass_s(10)
    (run.folder / "up").touch()
    assert run.go().status == "finished"
    assert (run.folder / "log").read_text().count("checked") == 3
    assert run.outcome("pause", 2) == "skipped"


def test_without_a_webhook_it_fails_after_two_hours_and_checks_nothing(
    deploying: Run, clock: Clock
) -> None:
    run = deploying
    clock.pass_s(2 * 3600 - 10)
    assert run.go().status == "waiting"
    clock.pass_s(10)
    assert run.go().status == "failed"
    assert error_of(run, "deployed") == "no signal of the event deployed came in time"
    assert not (run.folder / "log").exists()


def test_a_webhook_that_comes_before_nine_is_kept(clock: Clock) -> None:
    run = Run(after_deploy, now=clock, linger_s=1)
    (run.folder / "Makefile").write_text(MAKEFILE)
    (run.folder / "up").touch()
    assert run.go().status == "waiting"
    run.send("deployed")
    assert run.go().status == "waiting"
    clock.pass_s(2 * 86400)
    assert run.go().status == "finished"
