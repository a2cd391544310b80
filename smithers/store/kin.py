"""What `below.py` asks of SQLite, of runs in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from smithers.allowed import Above
from smithers.changes import ENDED, Key
from smithers.state import Attempted, RunState
from smithers.store import Below, RunRow
from smithers.store.below import used_by_attempts
from smithers.store.held import HeldRun

__all__ = ["chain_above", "left_below", "open_children", "open_started", "used_below"]


Runs = Mapping[str, HeldRun]

Children = Mapping[str, Sequence[HeldRun]]
"""By the id of the run above."""


def _children(runs: Runs) -> Children:
    found: dict[str, list[HeldRun]] = {}
    for _, one in sorted(runs.items()):
        if one.row.parent is not None:
            found.setdefault(one.row.parent.run_id, []).append(one)
    return found


def _members(children: Children, run_id: str) -> Iterator[tuple[HeldRun, Key, bool]]:
    """The runs below a run, each with the node of that and whether a process has started it, or one
    between the two.
    """
    for child in children.get(run_id, ()):
        assert child.row.parent is not None
        yield child, child.row.parent.key, child.row.is_started_below
        for one, _, started in _members(children, child.row.run_id):
            yield one, child.row.parent.key, started or child.row.is_started_below


def chain_above(runs: Runs, parent: str) -> list[Above]:
    """The runs above one that a process of `parent` is to start, the nearest one first."""
    found: list[Above] = []
    level, must_allow, run_id, children = 1, True, parent, _children(runs)
    while (one := runs.get(run_id)) is not None:
        below = (member for member, _, _ in _members(children, run_id))
        started = sum(each.row.is_started_below and each.row.first_run is None for each in below)
        found.append(
            Above(
                run_id=run_id,
                workflow=one.row.workflow,
                file=one.row.file,
                allows=one.row.allow_runs,
                started=started,
                level=level,
                must_allow=must_allow,
                has_ended=one.status in ENDED,
            )
        )
        if one.row.parent is None:
            break
        must_allow, level = one.row.is_started_below, level + one.row.is_started_below
        run_id = one.row.parent.run_id
    return found


def used_below(runs: Runs, run_id: str, *, every: bool) -> list[Below]:
    """See `Store.below`."""
    children = _children(runs)
    return [
        Below(run_id=one.row.run_id, key=key, used=used_by_attempts(_own(children, one)))
        for one, key, started in _members(children, run_id)
        if started or every
    ]


def _own(children: Children, one: HeldRun) -> Iterator[Attempted]:
    """The attempts of a run, without those that count what its child runs have used."""
    its = {each.row.run_id for each in children.get(one.row.run_id, ())}
    attempts = RunState.of(one.frames).attempts.values()
    return (each for each in attempts if each.agent not in its)


def left_below(runs: Runs, run_id: str) -> list[str]:
    """See `Store.left_below`."""
    return [
        one.row.run_id
        for one, _, _ in _members(_children(runs), run_id)
        if one.row.is_started_below
        and one.row.parent is not None
        and one.status not in ENDED
        and runs[one.row.parent.run_id].status in ENDED
    ]


def open_children(runs: Runs, run_id: str) -> list[RunRow]:
    """See `Store.open_children`."""
    found = _children(runs).get(run_id, ())
    return [one.row for one in found if not one.row.is_started_below and one.status not in ENDED]


def open_started(runs: Runs, run_id: str) -> list[str]:
    """The runs that processes of a run have started and that have not ended."""
    found = _children(runs).get(run_id, ())
    return [one.row.run_id for one in found if one.row.is_started_below and one.status not in ENDED]
