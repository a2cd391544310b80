"""Documents that are printed part by part, so that they never are in memory whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from smithers.changes import Large, Settled
from smithers.cli._streams import give_json, give_json_parts
from smithers.hub import Hub
from smithers.reports import _events
from smithers.views import FrameView
from smithers.wire import Json, event_json
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
    whole, page = events(hub, run_id), hub.events(run_id)
    sizes = [len(str(event_json(frame))) for frame in page.frames]
    assert max(sizes) > 4096
    assert not page.more
    monkeypatch.setattr(_events, "_PAGE_BYTES", 4096)
    short = hub.events(run_id)
    assert short.more
    shown = [change for frame in short.frames for change in frame.changes]
    assert shown == [change for frame in page.frames for change in frame.changes][: len(shown)]
    (*fitting, last) = [size for frame in short.frames for size in _sizes(frame)]
    assert sum(fitting) <= 4096 < sum(fitting) + last
    assert events(hub, run_id) == whole
    assert events(hub, run_id, outputs=False) != whole


def _sizes(frame: FrameView) -> Iterator[int]:
    """The sizes of the large outputs of a frame."""
    for view in frame.changes:
        if isinstance(view.change, Settled) and isinstance(view.change.output, Large):
            yield view.change.output.size


def events(hub: Hub, run_id: str, *, outputs: bool = True) -> list[Json]:
    """The changes of all events; a frame may be in two pages."""
    frames = [event_json(event) for event in hub.all_events(run_id, outputs=outputs)]
    return [change for frame in frames for change in frame["changes"]]
