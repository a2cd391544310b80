"""Each output model has a typed view, good for plain SQL in the sqlite3 shell."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from smithers.changes import CameUp, Change, Key, Reset
from smithers.store import Model
from smithers.store.sqlite import SqliteStore
from tests.store.samples import begin, frame, settled

pytestmark = pytest.mark.anyio


class Analysis(BaseModel):
    severity: str
    good: bool = True
    lines: list[int] = []


def model(name: str, *fields: str) -> Model:
    properties: dict[str, object] = {field: True for field in fields}
    return Model(name=name, schema={"type": "object", "properties": properties})


async def written(
    path: Path, outputs: Sequence[tuple[str, object]], *declared: Sequence[Model]
) -> None:
    """A run with one task an output, and in each frame the models declared there."""
    async with await SqliteStore.open(path) as store:
        claim = await begin(store)
        for n, (name, output) in enumerate(outputs, 1):
            up = CameUp(key=Key(f"t{n}"))
            done = settled(f"t{n}", came_up=n, output=json.dumps(output), model=name)
            await store.commit(claim, frame(n, up, done), declared[n - 1])


def rows(path: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchall()


def columns(path: Path, view: str) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return [column[0] for column in db.execute(f"SELECT * FROM {view}").description]


async def test_severities_can_be_counted(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    outputs = [("Analysis", Analysis(severity=s).model_dump()) for s in ("high", "low", "high")]
    schema = Model(name="Analysis", schema=Analysis.model_json_schema())
    await written(path, outputs, [schema], [], [])
    counted = rows(path, "SELECT severity, count(*) FROM out_analysis GROUP BY 1 ORDER BY 1")
    assert counted == [("high", 2), ("low", 1)]
    assert columns(path, "out_analysis") == [
        *("run_id", "task", "path", "born"),
        *("severity", "good", "lines"),
    ]


async def test_values_keep_their_kinds(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    output = {"a": True, "b": [1, {"c": 2}], "c": None, "d": 1.5, "e": "ä", "f": {"g": 1}}
    await written(path, [("M", output)], [model("M", *output)])
    assert rows(path, "SELECT a, b, c, d, e, f FROM out_m") == [
        (1, '[1,{"c":2}]', None, 1.5, "ä", '{"g":1}')
    ]


async def test_nul_is_shown_as_a_replacement_and_kept_in_outputs(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    text = 'a\0b \\u0000 \\\0 "\\\\'
    await written(path, [("M", {"text": text, "ключ": "\0"})], [model("M", "text", "ключ")])
    shown = text.replace("\0", "\ufffd")
    assert rows(path, 'SELECT text, "ключ" FROM out_m') == [(shown, "\ufffd")]
    assert json.loads(rows(path, "SELECT json FROM outputs")[0][0])["text"] == text


async def test_a_field_may_have_any_name(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    names = ["run_id", "Task", "path", "task_", 'say "hi"', "it's", "a.b[0]", "back\\slash"]
    names += ["", "ünï", "a*/b", "select", "line\nbreak", "dup", "DUP", "born"]
    output = {name: n for n, name in enumerate(names)}
    await written(path, [("M", output)], [model("M", *names)])
    assert rows(path, "SELECT * FROM out_m") == [("r1", "t1", "", 1, *range(len(names)))]
    found = columns(path, "out_m")
    assert len({name.lower() for name in found}) == len(found)
    assert found[4:8] == ["run_id_", "Task_", "path_", "task__"]


async def test_a_model_that_gains_a_field_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    outputs = [("M", {"old*/": 1}), ("M", {"new": 2})]
    await written(path, outputs, [model("M", "old*/")], [model("M", "new"), model("M", "new")])
    assert rows(path, "SELECT * FROM out_m ORDER BY task") == [
        ("r1", "t1", "", 1, 1, None),
        ("r1", "t2", "", 2, None, 2),
    ]


async def test_models_whose_views_share_a_name_share_the_view(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    outputs = [("HTTPCode", {"a": 1}), ("HttpCode", {"b": 2}), ("Other's", {"c": 3})]
    declared = [model("HTTPCode", "a"), model("HttpCode", "b"), model("Other's", "c")]
    await written(path, outputs, declared, [], [])
    assert rows(path, "SELECT a, b FROM out_http_code ORDER BY task") == [(1, None), (None, 2)]
    assert rows(path, "SELECT c FROM out_other_s") == [(3,)]


async def test_fields_behind_references_and_unions_are_found(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    schema: dict[str, object] = {
        "$ref": "#/$defs/Node",
        "$defs": {
            "Node": {"anyOf": [{"$ref": "#/$defs/Leaf"}, {"$ref": "#/$defs/Node"}]},
            "Leaf": {"properties": {"size": {}}},
        },
    }
    await written(path, [("Node", {"size": 3})], [Model(name="Node", schema=schema)])
    assert rows(path, "SELECT size FROM out_node") == [(3,)]


async def test_only_what_counts_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    frames: list[tuple[Change, ...]] = [
        (CameUp(key=Key("a")), settled("a", 1, '{"x": 1}', "M")),
        (CameUp(key=Key("b")), settled("b", 2, '{"x": 2}', "M")),
        (Reset(key=Key("a")), Reset(key=Key("b"))),
        (CameUp(key=Key("b")), settled("b", 4, '{"x": 4}', "M")),
    ]
    async with await SqliteStore.open(path) as store:
        claim = await begin(store)
        for n, changes in enumerate(frames, 1):
            await store.commit(claim, frame(n, *changes), [model("M", "x")])
    assert rows(path, "SELECT task, born, x FROM out_m") == [("b", 4, 4)]
    assert rows(path, "SELECT count(*) FROM outputs") == [(3,)]
