"""What a resume reuses of a run, and what an edit of its file has brought or taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from smithers.changes import Key
from smithers.engine.engine import Engine
from smithers.engine.repeating import IDS_HINT
from smithers.naming import first_names
from smithers.shapes import is_container
from smithers.state import RunState

__all__ = ["Done", "describe_reused", "find_done"]


@dataclass(frozen=True, slots=True)
class Done:
    """What a run had before it was resumed: tasks that finished, and all that it knew."""

    finished: list[Key]
    known: dict[str, tuple[str | None, int]]
    """Its tasks, each with its parent and its place there."""


def find_done(state: RunState) -> Done:
    finished = sorted(key for key, end in state.ended.items() if end.outcome == "finished")
    return Done(finished, _tasks_of(state))


def _tasks_of(state: RunState) -> dict[str, tuple[str | None, int]]:
    rows = state.nodes.items()
    return {id: (row.parent, row.place) for id, row in rows if not is_container(row.kind)}


def describe_reused(before: Done, engine: Engine, *, is_edited: bool) -> list[str]:
    """What a resume reuses, what an edit brought or took, and whether it was no edit that did."""
    tasks, known = _tasks_of(engine.state), before.known
    reused = [str(key) for key in before.finished if engine.state.has_place(key)]
    reports = [_counted("reused", reused)] if reused else []
    for what, ids in (("new", tasks.keys() - known), ("gone", known.keys() - tasks)):
        if ids and known:
            reports.append(_counted(what, sorted(ids)))
    if not is_edited and (moved := [id for id in known if tasks.get(id) != known[id]]):
        reports.append(
            f"the file is unchanged, but {', '.join(map(repr, sorted(moved)[:5]))} left"
            f" the tree or moved in it; {IDS_HINT}"
        )
    return reports


def _counted(what: str, names: Sequence[str]) -> str:
    """What happened to some tasks: all names of a few, the number and the first ones of many."""
    some = first_names(names)
    return f"{what}: {some}" if some.endswith(names[-1]) else f"{what}: {len(names)} tasks: {some}"
