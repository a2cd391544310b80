"""All that faces show of a run, as JSON, and the same of its rows read back in another order."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

from smithers import views, wire
from smithers.changes import Frame, Key, Large
from smithers.state import Ended, RunState
from smithers.store import NewRun
from smithers.store.history import frames_of
from smithers.store.migrations import migrate
from smithers.store.rows import rows_of, time_text, write
from smithers.views import Snapshot

__all__ = ["read_back", "seen", "shuffled"]

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
NEW = NewRun(
    run_id="r1",
    workflow="flow",
    file="flow.py",
    folder="/project",
    interpreter="python",
    environment=(),
    input="{}",
    source="1",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)


class _Digests:
    """Size and digest in place of a large output."""

    def prompt(self, serial: int, /) -> str | None:
        return None

    def output(self, key: Key, ended: Ended, /) -> str:
        if isinstance(ended.output, Large):
            return f"{ended.output.size} {ended.output.digest}"
        assert ended.output is not None
        return ended.output


def seen(state: RunState, *, alive: bool = True) -> dict[str, str]:
    """What each view says of a run in this state, as the text of its JSON."""
    snapshot = Snapshot(run=NEW, state=state, now=NOW, alive=alive, texts=_Digests())
    tasks = list(views.task_lines(snapshot))
    found: dict[str, object] = {
        "inspect": wire.inspection_json(views.inspect(snapshot)),
        "summary": wire.summary_json(views.summarize(snapshot)),
        "why": wire.why_json(views.explain(snapshot)),
        "graph": wire.graph_json(views.graph(snapshot)),
        "cost": wire.cost_json(views.view_cost(snapshot)),
        "asks": [wire.question_json(one) for one in views.questions(snapshot)],
        "states": [wire.line_json(one) for one in tasks],
        "standing": repr(views.standing(snapshot)),
        "undecided": repr(views.undecided(snapshot)),
    }
    return {name: json.dumps(value) for name, value in found.items()}


def shuffled(frames: Iterable[Frame], random: Random) -> list[Frame]:
    """The same frames, with the changes of each in another order."""
    return [
        replace(one, changes=tuple(random.sample(one.changes, len(one.changes)))) for one in frames
    ]


class _Rows:
    """The frames of a run as rows of a database, which can be read back as of any frame."""

    def __init__(self, frames: Sequence[Frame]) -> None:
        self._db = sqlite3.connect(":memory:", isolation_level=None)
        migrate(self._db, 0)
        self._db.execute(
            "INSERT INTO runs (run_id, workflow, file, folder, interpreter, environment, input,"
            " source, created_at, options, owner, fence)"
            " VALUES ('r1', 'flow', '', '', '', '[]', '{}', '1', ?, '{}', NULL, 1)",
            (time_text(NEW.created_at),),
        )
        for one in frames:
            self._db.execute(
                "INSERT INTO frames (run_id, frame, at, fence, inbox) VALUES ('r1', ?, ?, 1, ?)",
                (one.number, time_text(one.at), one.inbox),
            )
            write(self._db, rows_of("r1", one))

    def close(self) -> None:
        self._db.close()

    def state(self, frame: int, random: Random) -> RunState:
        """The state at a frame, of rows that come in any order."""
        return RunState.of(shuffled(frames_of(self._db, "r1", last=frame), random))


def read_back(frames: Sequence[Frame], random: Random) -> Iterable[RunState]:
    """The state at each frame, read from rows."""
    with closing(_Rows(frames)) as rows:
        for one in frames:
            yield rows.state(one.number, random)
