"""What is read of runs is what was read of them before the reports were rewritten."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import product

import pytest

from tests.recorded_runs.comparing import differences
from tests.recorded_runs.corrections import ADDED, CORRECTIONS, LINES, MISSING, REWORDED, TOLD
from tests.recorded_runs.reading import RECORDED, read_all, recorded, script
from tests.recorded_runs.typed import plain

NAMES = sorted(file.stem for file in RECORDED.glob("*.json"))
_SHOWN = 20


Found = tuple[str, str, object, object]
"""What was read, where in it, and the old and the new value there."""


@pytest.mark.sampled(7)
@pytest.mark.parametrize("name", NAMES)
def test_every_read_gives_what_was_recorded(name: str) -> None:
    document = recorded(name)
    found = list(_differences(document["reads"], read_all(name, document, plain)))
    allowed: list[Found] = [
        (one.read, one.path, one.old, one.new) for one in CORRECTIONS if one.database == name
    ]
    wrong = [one for one in found if one not in allowed]
    stale = [one for one in allowed if one not in found]
    assert not wrong, _told(name, "reads differ from what was recorded", wrong)
    assert not stale, _told(name, "corrections do not occur", stale)


def _differences(old: dict[str, object], new: dict[str, object]) -> Iterator[Found]:
    for read in dict.fromkeys([*old, *new]):
        for path, before, after in differences(old.get(read, MISSING), new.get(read, MISSING)):
            is_told = before == MISSING and _is_told(read, path, after)
            if not is_told and not _is_everywhere(path, before, after):
                yield read, path, before, after


def _is_told(read: str, path: str, after: object) -> bool:
    """Whether a value or a line is one of those that a read did not have before."""
    command = read.rpartition(": ")[2].partition(" ")[0]
    line = LINES.get(command)
    if line is not None and isinstance(after, str) and line in after:
        return True
    return any(f".{path}".endswith(f".{field}") for field in TOLD.get(command, ()))


def _is_everywhere(path: str, before: object, after: object) -> bool:
    """Whether a difference is one of those that are wanted in every read."""
    field = path.rpartition(".")[2]
    if field in ADDED and before == MISSING:
        return after == ADDED[field]
    if isinstance(before, str):
        for old, new in REWORDED.items():
            before = before.replace(old, new)
    return before == after


def _told(name: str, what: str, found: list[Found]) -> str:
    lines = [
        f"    Correction(database={name!r}, read={read!r}, path={path!r},\n"
        f"        old={old!r},\n        new={new!r}, why=...),"
        for read, path, old, new in found[:_SHOWN]
    ]
    return "\n".join(
        [f"{name}: {len(found)} {what}", *lines, *(["    ..."] * (found[_SHOWN:] != []))]
    )


def test_the_databases_hold_all_that_a_run_can_have() -> None:
    assert len(NAMES) >= 30
    found: set[tuple[str, ...]] = set()
    for name in NAMES:
        with closing(sqlite3.connect(":memory:")) as db:
            db.executescript(script(name))
            for query in QUERIES:
                found.update(db.execute(query))
    containers = ("sequence", "parallel", "branch", "loop", "foreach")
    assert {("inside", *pair) for pair in product(containers, repeat=2)} <= found
    assert {("wait", kind, how) for kind, how in product(WAITS, ("open", "ended"))} <= found
    assert {("task", one) for one in ("finished", "failed", "skipped", "cancelled")} <= found
    assert {("attempt", one) for one in ATTEMPTS} <= found
    assert {("gone",), ("reset",), ("handled",), ("revived",), ("message",), ("large",)} <= found


WAITS = ("approval", "retry", "cooldown", "data", "budget", "agents", "attached")
ATTEMPTS = ("running", "succeeded", "failed", "interrupted", "deferred", "cancelled")
QUERIES = (
    "SELECT 'inside', p.kind, t.kind FROM tree t JOIN tree p ON p.run_id = t.run_id"
    " AND p.id = t.parent",
    "SELECT 'wait', kind, iif(ended IS NULL, 'open', 'ended') FROM waits",
    "SELECT 'task', state FROM tasks",
    "SELECT 'attempt', coalesce(state, 'running') FROM attempts",
    "SELECT 'gone' FROM tree WHERE gone IS NOT NULL",
    "SELECT 'reset' FROM resets",
    "SELECT 'handled' FROM handled",
    "SELECT 'revived' FROM revivals WHERE gave_up IS NOT NULL",
    "SELECT 'message' FROM messages",
    "SELECT 'large' FROM outputs WHERE length(json) > 6000",
)


def test_each_correction_is_of_a_database_and_has_a_reason() -> None:
    assert {one.database for one in CORRECTIONS} <= set(NAMES)
    assert all(one.why.strip() for one in CORRECTIONS)
