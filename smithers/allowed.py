"""What may be started from below a run: by the agents and programs that it has started."""

from __future__ import annotations

from collections.abc import Sequence

from smithers.errors import Refused
from smithers.values import dataclass

__all__ = ["NO_RUNS", "Above", "AllowRuns", "check_start"]


@dataclass(frozen=True)
class AllowRuns:
    """How many runs agents and programs of a run may start in all of its life.

    `number` counts every run below it, at any level. With a `depth` of 1 such a run may not start
    another one; with 2 it may if its own workflow allows it, and so on.
    """

    number: int
    depth: int = 1


NO_RUNS = AllowRuns(0, 0)


@dataclass(frozen=True, kw_only=True)
class Above:
    """A run above one that is about to be started, which would be `level` levels below it.

    `started` is how many were started below it so far. `must_allow` is False if it only waits for
    a child run of its own that allows the start.
    """

    run_id: str
    workflow: str
    file: str
    allows: AllowRuns
    started: int
    level: int
    must_allow: bool
    has_ended: bool


def check_start(chain: Sequence[Above]) -> None:
    """Raises `Refused` if one of the runs above, the nearest one first, does not allow it."""
    for one in chain:
        if one.must_allow and one.has_ended:
            raise Refused(
                f"an agent may not start a run: run {one.run_id}, which started it, has ended",
                hint="type the command in a terminal that no run has started",
            )
        if (found := _why_not(one)) is not None:
            said, change = found
            raise Refused(
                f"an agent may not start a run: {said}",
                hint="only a person may do this: type the command in a terminal that no run has"
                f" started, or {change} of workflow {one.workflow} in {one.file} and resume run"
                f" {one.run_id}",
            )


def _why_not(one: Above) -> tuple[str, str] | None:
    """What is wrong by one of the runs above, and what to change; None if it allows the start."""
    number, depth = one.allows.number, one.allows.depth
    if not number:
        said = f"this process was started by run {one.run_id}, whose workflow has no allow_runs="
        return (said, "set allow_runs=") if one.must_allow else None
    if one.level > depth:
        levels = "1 level" if depth == 1 else f"{depth} levels"
        said = f"run {one.run_id} allows runs {levels} below it, and this one would be at level"
        return f"{said} {one.level}", f"set allow_runs=AllowRuns({number}, {one.level})"
    if one.started >= number:
        runs = "1 run" if number == 1 else f"{number} runs"
        were = "1 was started" if one.started == 1 else f"{one.started} were started"
        return f"run {one.run_id} allows {runs} below it, and {were}", "raise allow_runs="
    return None
