"""Documents that are printed part by part, so that they never are in memory whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from smithers.cli._streams import give_json, give_json_parts
from smithers.hub import Hub
from smithers.reports import _events
from tests.recorded_runs.reading import recorded, restore

PARTS: list[dict[str, Any]] = [
    {},
    {"tasks": []},
    {"version": 1, "tasks": [{"id": "ä", "x": float("inf")}], "waits": []},
    {"tasks": [1, [2], None], "more": "no"},
]


@pytest.mark.parametrize("value", PARTS)
def test_a_document_is_the_same_whole_and_in_parts(
    value: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    give_json(value)
    whole = capsys.readouterr().out
    tasks = {"tasks": iter(value["tasks"])} if "tasks" in value else {}
    give_json_parts({**value, **tasks})
    assert capsys.readouterr().out == whole


def test_a_page_of_events_ends_after_so_many_bytes_of_large_outputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = Hub(restore("outputs", recorded("outputs"), tmp_path), environment={})
    (run_id, *_) = [line.run_id for line in hub.runs()]
    whole, page = list(hub.all_events(run_id)), hub.events(run_id)
    sizes = [len(str(one)) for one in page["events"]]
    assert max(sizes) > 4096
    assert not page["more"]
    monkeypatch.setattr(_events, "_PAGE_BYTES", 4096)
    short = hub.events(run_id)
    assert short["more"]
    assert short["events"] == page["events"][: len(short["events"])]
    assert list(hub.all_events(run_id)) == whole
    assert list(hub.all_events(run_id, outputs=False)) != whole
