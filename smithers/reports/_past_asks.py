"""What a task has asked people, and the reviews that its question has read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from smithers import inbox, waits
from smithers.changes import Key
from smithers.reports._database import reading
from smithers.store.rows import path_of, path_text
from smithers.texts import object_from
from smithers.views import PastQuestion, Review

if TYPE_CHECKING:
    from sqlite3 import Connection

__all__ = ["past_questions", "reviews"]

_MOST = 200
_KINDS = ", ".join(f"'{kind}'" for kind in waits.DECISIONS)
_PAST = (
    "SELECT w.node, w.path, w.asked, w.digest, coalesce(w.answer, i.body) FROM waits w"
    f" LEFT JOIN inbox i ON i.run_id = w.run_id AND i.kind = '{inbox.ANSWER}' AND i.node = w.node"
    " AND i.path = w.path AND i.opened = w.born"
    f" WHERE w.run_id = ? AND w.kind IN ({_KINDS}) AND w.asked IS NOT NULL"
    " AND (w.node = ? OR substr(?, 1, length(w.node) + 1) = w.node || '[')"
    " ORDER BY w.born DESC LIMIT ?"
)
# Of each task that was read the last output; a text of a review is short.
_READ = (
    "SELECT r.source, r.source_path, o.json, max(o.born) FROM reads r"
    " JOIN outputs o ON o.run_id = r.run_id AND o.task = r.source AND o.path = r.source_path"
    " WHERE r.run_id = ? AND r.reader = ? AND r.reader_path = ? AND length(o.json) < 65536"
    " GROUP BY r.source, r.source_path ORDER BY min(r.born), r.source, r.source_path LIMIT ?"
)


def past_questions(path: Path, run_id: str, task: str) -> list[PastQuestion]:
    """What a task, which may name an iteration, asks and has asked, the newest first."""
    with reading(path) as db:
        found = [
            PastQuestion(
                key=Key(node, path_of(inner)),
                asked=asked,
                digest=digest,
                answer=object_from(answer),
            )
            for node, inner, asked, digest, answer in db.execute(_PAST, (run_id, task, task, _MOST))
        ]
    return [one for one in found if task in (one.key.id, str(one.key))]


def reviews(path: Path, run_id: str, key: Key) -> list[Review]:
    """The reviews among what a question has read: objects with a boolean `approved`. Those that do
    not approve are first.
    """
    with reading(path) as db:
        found = list(_reviews(db, run_id, key))
    return sorted(found, key=lambda one: one.approves)


def _reviews(db: Connection, run_id: str, key: Key) -> list[Review]:
    found: list[Review] = []
    given = (run_id, key.id, path_text(key.path), _MOST)
    for source, inner, json, _ in db.execute(_READ, given):
        output = object_from(json)
        if output is None or not isinstance(output.get("approved"), bool):
            continue
        texts = (text for text in output.values() if isinstance(text, str) and text.strip())
        found.append(
            Review(
                key=Key(source, path_of(inner)),
                approves=bool(output["approved"]),
                text="\n".join(texts),
            )
        )
    return found
