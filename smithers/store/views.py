"""Typed views over outputs: `SELECT severity, count(*) FROM out_analysis GROUP BY 1`.

A view has a column a field, over all the schemas that its model ever had, so a model that gains a
field needs no migration. What a view was made from stands in a comment inside it. Only outputs that
count are shown: the latest of a task and path, if the task was not reset since.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from smithers.store import Model

__all__ = ["declare", "fields_of", "view_name", "view_sql"]

_OWN = ("run_id", "task", "path", "born")
_MOST_FIELDS = 1000
_PLAIN = r"[A-Za-z_][A-Za-z0-9_]*"
_HUMPS = r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"
_MADE_FROM = r"/\* (\{.*\}) \*/"

# SQLite before 3.46 ends a string at an escaped NUL, so the escape is replaced in the JSON text. An
# escaped backslash before `u0000` is no NUL: such pairs step aside as a control character, which
# JSON text cannot hold, and come back.
_SHOWN = (
    r"CASE WHEN instr(o.json, '\u0000') THEN replace(replace(replace("
    r"o.json, '\\', char(1)), '\u0000', '\ufffd'), char(1), '\\') ELSE o.json END"
)


def view_name(model: str) -> str:
    """The view of a model.

    >>> view_name("HTTPAnalysis"), view_name("Page[int]")
    ('out_http_analysis', 'out_page_int')
    """
    words = re.sub(r"\W+", "_", re.sub(_HUMPS, "_", model)).strip("_").lower()
    return f"out_{words or 'model'}"


def fields_of(schema: Mapping[str, Any]) -> list[str]:
    """The top-level fields of a JSON Schema, through references and the arms of a union."""
    found: dict[str, None] = {}
    todo: list[Mapping[str, Any]] = [schema]
    seen: set[str] = set()
    while todo:
        part = todo.pop(0)
        found.update(dict.fromkeys(_mapping(part.get("properties"))))
        reference = part.get("$ref")
        if isinstance(reference, str) and reference not in seen:
            seen.add(reference)
            name = reference.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
            todo.append(_mapping(_mapping(schema.get("$defs")).get(name)))
        for word in ("allOf", "anyOf", "oneOf"):
            todo.extend(_mapping(arm) for arm in part.get(word, ()))
    return list(found)


def declare(db: sqlite3.Connection, run_id: str, models: Sequence[Model]) -> None:
    """Keep the models of a run, and make or widen their views, in the transaction at hand."""
    for model in models:
        schema = json.dumps(model.schema, ensure_ascii=False, sort_keys=True)
        db.execute("INSERT OR IGNORE INTO models VALUES (?, ?, ?)", (run_id, model.name, schema))
        _widen(db, model)


def view_sql(name: str, models: Iterable[str], fields: Iterable[str]) -> str:
    """The statement that makes a view; names and fields may hold any characters."""
    models, fields = list(models), list(fields)
    made_from = json.dumps({"models": models, "fields": fields}).replace("*/", "*\\/")
    own = [f"o.{name}" for name in _OWN]
    taken: set[str] = {*_OWN}
    shown = [f"{_value(f)} AS {_identifier(_column(f, taken))}" for f in fields[:_MOST_FIELDS]]
    listed = ",\n  ".join([*own, *shown])
    names = ", ".join(map(_literal, models))
    return (
        f"CREATE VIEW {_identifier(name)} AS /* {made_from} */\nSELECT\n  {listed}\n"
        f"FROM (SELECT o.run_id, o.task, o.path, o.born, o.model, {_SHOWN} AS json"
        f" FROM outputs o) o\nWHERE o.model IN ({names})\n"
        "AND NOT EXISTS (SELECT 1 FROM outputs later WHERE later.run_id = o.run_id"
        " AND later.task = o.task AND later.path = o.path AND later.born > o.born)\n"
        "AND NOT EXISTS (SELECT 1 FROM resets r WHERE r.run_id = o.run_id"
        " AND r.node = o.task AND r.path = o.path AND r.born > o.born)"
    )


def _widen(db: sqlite3.Connection, model: Model) -> None:
    name = view_name(model.name)
    found = db.execute(
        "SELECT sql FROM sqlite_schema WHERE type = 'view' AND name = ?", (name,)
    ).fetchone()
    models, fields = _made_from(found[0]) if found else ([], [])
    all_models = list(dict.fromkeys([*models, model.name]))
    all_fields = list(dict.fromkeys([*fields, *fields_of(model.schema)]))
    if found and (all_models, all_fields) == (models, fields):
        return
    db.execute(f"DROP VIEW IF EXISTS {_identifier(name)}")
    db.execute(view_sql(name, all_models, all_fields))


def _made_from(sql: str) -> tuple[list[str], list[str]]:
    """The models and fields that a view was made from; none where someone else made it."""
    if (comment := re.search(_MADE_FROM, sql)) is None:
        return [], []
    told: dict[str, list[str]] = json.loads(comment[1])
    return told["models"], told["fields"]


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _value(field: str) -> str:
    if re.fullmatch(_PLAIN, field, re.ASCII):
        return f"json_extract(o.json, {_literal(f'$.{field}')})"
    # A path cannot name every key, and a key may be escaped in the text; json_each decodes it.
    wanted = _literal(field.replace("\0", "\ufffd"))
    return f"(SELECT value FROM json_each(o.json) WHERE key = {wanted} LIMIT 1)"


def _column(field: str, taken: set[str]) -> str:
    """A name for the column: the field's, with `_` behind it as long as another has the name."""
    name = re.sub(r"[\x00-\x1f\x7f]", "\ufffd", field) or "_"
    while name.lower() in taken:
        name += "_"
    taken.add(name.lower())
    return name


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
