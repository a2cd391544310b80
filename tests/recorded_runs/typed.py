"""What `Hub` gives today as the JSON data that it gave when the runs were recorded."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, cast

from smithers import wire
from smithers.hub import Look, Overview
from smithers.views import EventsPage, LinesPage, Standing, Summary, TaskLine, TaskView

__all__ = ["plain"]


def plain(value: object) -> Any:
    """The JSON data of what `Hub` gave when it gave dicts."""
    return json.loads(json.dumps(_data(value)))


def _data(value: object) -> object:
    match value:
        case Summary():
            return wire.summary_json(value)
        case TaskLine():
            return wire.line_json(value)
        case TaskView():
            return wire.task_json(value)
        case Overview():
            why = wire.why_json(value.why)
            return {
                **wire.summary_json(value.summary),
                "workflow": value.workflow,
                "sentence": why["sentence"],
                "reasons": why["reasons"],
                "states": [
                    {"name": str(one.key), "state": one.state, "tolerated": one.tolerated}
                    for one in value.tasks
                ],
                "running": [wire.activity_json(one) for one in value.running],
                "cursor": value.cursor,
            }
        case Look():
            undecided = [str(key) for key in value.undecided]
            return {**dataclasses.asdict(value), "undecided": undecided}
        case EventsPage():
            return wire.events_page_json(value)
        case Standing() | LinesPage():
            return dataclasses.asdict(value)
        case tuple():
            return [_data(one) for one in cast("tuple[object, ...]", value)]
        case _:
            return value
