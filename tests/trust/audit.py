"""What must hold of a run when all crashes are over: by its rows, its ledger, and what was told.

The rows say what Smithers thinks has happened, the ledger says what the bodies did, and what each
command printed is what it had acknowledged, frame by frame, before it was killed.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smithers import reports, views
from smithers.wire import inspection_json, timeline_json

__all__ = ["Entry", "Violation", "audit", "check_integrity", "ledger_of", "outputs", "overlaps"]

Json = dict[str, Any]


class Violation(AssertionError):
    """A promise that was not kept."""


@dataclass(frozen=True)
class Entry:
    """A line of the ledger."""

    word: str
    key: str
    attempt: int
    pid: int


def ledger_of(lines: Iterable[str], run_id: str) -> list[Entry]:
    """What the bodies of a run noted, in order."""
    found: list[Entry] = []
    for line in lines:
        word, whole, key, attempt, pid = line.split("\t")
        if whole == f"{run_id}/{key}":
            found.append(Entry(word, key, int(attempt), int(pid)))
    return found


def check(holds: object, said: str) -> None:
    if not holds:
        raise Violation(said)


def check_integrity(database: Path) -> None:
    with closing(sqlite3.connect(database, timeout=30)) as db:
        found = [row[0] for row in db.execute("PRAGMA integrity_check")]
    check(found == ["ok"], f"the database is damaged: {found[:5]}")


def outputs(database: Path, run_id: str) -> Json:
    """What a run and its tasks gave, without what differs between two runs."""
    found = inspection_json(views.inspect(reports.snapshot(database, run_id)))
    return {
        "run": [found["run"]["status"], found["run"]["output"]],
        **{_name(task): [task["state"], _timeless(task["output"])] for task in found["tasks"]},
    }


def _timeless(output: Any) -> Any:
    return re.sub(r'"at": "[^"]*"|"duration_s": [\d.]+', "", json.dumps(output))


def _name(task: Json) -> str:
    return str(task["id"]) + "".join(f"[{number}]" for number in task["iteration"])


def audit(
    database: Path,
    run_id: str,
    ledger: Sequence[Entry],
    told: Iterable[str],
    *,
    expected: Json | None = None,
    fails: int = 0,
) -> None:
    """Check a run that is over. `fails` is how often each task may have failed in an attempt;
    `expected` are the outputs of a run that was never crashed.
    """
    check_integrity(database)
    found = inspection_json(views.inspect(reports.snapshot(database, run_id)))
    tasks = {_name(task): task for task in found["tasks"]}
    if expected is not None:
        gave = outputs(database, run_id)
        check(gave == expected, f"it ended otherwise: {gave} and not {expected}")
    redone = _redone(database, run_id)
    for name, task in tasks.items():
        _check_attempts(name, task, fails, redone[name])
    _check_ledger(tasks, ledger)
    _check_told(timeline_json(reports.timeline(database, run_id))["frames"], told, run_id)
    _check_order(database, run_id)


def _redone(database: Path, run_id: str) -> Counter[str]:
    """How often each task was done again since its work was sent back."""
    asked = "SELECT node, path FROM resets WHERE run_id = ? AND cause IS NOT NULL"
    with closing(sqlite3.connect(database, timeout=30)) as db:
        rows = db.execute(asked, (run_id,)).fetchall()
    return Counter(
        node + "".join(f"[{one}]" for one in path.split(".") if one) for node, path in rows
    )


def _check_attempts(name: str, task: Json, fails: int, redone: int) -> None:
    attempts = task["attempts"]
    numbers = [one["attempt"] for one in attempts]
    check(numbers == list(range(1, len(numbers) + 1)), f"{name} has attempts {numbers}")
    states = [one["state"] for one in attempts]
    if task["state"] == "finished" and states:
        check(states[-1] == "succeeded", f"{name} finished by {states}")
        others = Counter(states[:-1])
        done = others.pop("succeeded", 0) + others.pop("cancelled", 0)
        check(done <= redone, f"{name} was done again {redone} times and has attempts {states}")
        check(set(others) <= {"interrupted", "failed"}, f"{name} has attempts {states}")
        check(others["failed"] <= fails, f"{name} failed {others['failed']} times")
    check("running" not in states, f"{name} is over, and an attempt of it runs: {states}")


def _check_ledger(tasks: Json, ledger: Sequence[Entry]) -> None:
    """Each attempt ran at most once, and each that did has its row; of a finished task all but the
    last were interrupted or failed.
    """
    for (key, number), times in Counter((e.key, e.attempt) for e in _enters(ledger)).items():
        check(times == 1, f"attempt {number} of {key} ran {times} times")
        rows = {one["attempt"] for one in tasks.get(key, {"attempts": []})["attempts"]}
        check(number in rows, f"attempt {number} of {key} ran, and has no row")
    left = {(e.key, e.attempt) for e in ledger if e.word == "leave"}
    for name, task in tasks.items():
        for one in task["attempts"]:
            ran = one["agent"] != "python" or (name, one["attempt"]) in left
            ran = ran or name.startswith(
                ("pattern-", "pattern/")
            )  # a pattern's own step, which notes nothing
            check(one["state"] != "succeeded" or ran, f"{name} succeeded and never ran: {one}")


def _enters(ledger: Iterable[Entry]) -> list[Entry]:
    return [entry for entry in ledger if entry.word == "enter"]


def _check_told(frames: Sequence[Json], told: Iterable[str], run_id: str) -> None:
    """Each frame that was told is there, as it was told."""
    known = {frame["frame"]: _words(frame) for frame in frames}
    for said in told:
        for line in said.split("\n")[:-1]:  # the last one may be half a line
            event: Json = json.loads(line) if line.startswith("{") else {}
            if event.get("event") != "frame" or event.get("run_id") != run_id:
                continue
            number = event["frame"]
            check(number in known, f"frame {number} was told, and is lost")
            check(known[number] == _words(event), f"frame {number} was told otherwise")


def _words(frame: Json) -> list[str]:
    return sorted(json.dumps(change, sort_keys=True) for change in frame["changes"])


_AGAIN = (
    "SELECT a.task, a.path, a.attempt, t.ended, a.born FROM attempts a JOIN tasks t"
    " ON (a.run_id, a.task, a.path) = (t.run_id, t.task, t.path)"
    " WHERE a.run_id = ? AND t.ended <= a.born AND NOT EXISTS (SELECT 1 FROM resets r"
    " WHERE (r.run_id, r.node, r.path) = (a.run_id, a.task, a.path)"
    " AND r.born BETWEEN t.ended AND a.born)"
    # An attempt that counts what a child run has used is written with the end of its node.
    " AND NOT EXISTS (SELECT 1 FROM runs c WHERE c.parent = a.run_id AND c.run_id = a.agent)"
)


_CHOSEN_TWICE = (
    "SELECT node, path, kind FROM choices c WHERE run_id = ? AND gone IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM resets r"
    " WHERE (r.run_id, r.node, r.path) = (c.run_id, c.node, c.path))"
    " GROUP BY node, path, kind HAVING count(*) > 1"
)


def _check_order(database: Path, run_id: str) -> None:
    """No attempt began once its task had ended, nothing was chosen twice, frames have no gap, and
    fences only grow.
    """
    with closing(sqlite3.connect(database, timeout=30)) as db:
        again = db.execute(_AGAIN, (run_id,)).fetchall()
        chosen = db.execute(_CHOSEN_TWICE, (run_id,)).fetchall()
        rows = db.execute(
            "SELECT frame, fence FROM frames WHERE run_id = ? ORDER BY frame", (run_id,)
        ).fetchall()
    check(not again, f"began after the end of its task: {again}")
    check(not chosen, f"chosen twice: {chosen}")
    check([row[0] for row in rows] == list(range(len(rows))), f"frames have gaps: {rows}")
    fences = [row[1] for row in rows]
    check(fences == sorted(fences), f"fences go back: {fences}")


def overlaps(ledger: Sequence[Entry], killed: Iterable[int] = ()) -> list[str]:
    """Where two bodies of one task ran at once. A process that was killed never leaves."""
    dead = set(killed)
    inside: dict[str, Entry] = {}
    found: list[str] = []
    for entry in ledger:
        if entry.word == "leave":
            inside.pop(entry.key, None)
            continue
        if entry.word != "enter":
            continue
        before = inside.get(entry.key)
        if before is not None and before.pid not in dead:
            found.append(f"{entry} began while {before} ran")
        inside[entry.key] = entry
    return found
