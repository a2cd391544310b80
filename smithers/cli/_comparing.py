"""`resume --check`: what an edit has changed of a run's finished work; nothing is resumed."""

from __future__ import annotations

import asyncio
import os

from smithers.cli._places import Place, complete
from smithers.cli._streams import give, give_json, shown, stdout_for_data
from smithers.hub import Hub
from smithers.wire import reuse_json

__all__ = ["tell_changes"]


def tell_changes(place: Place, run_id: str, *, json: bool) -> int:
    """Tell it on stdout; 1 if something has changed, else 0."""
    hub = Hub(place.path, environment=dict(os.environ))
    with stdout_for_data():
        found = asyncio.run(hub.check_edit(run_id))
        if json:
            give_json(reuse_json(found))
        else:
            for line in found.lines() or ["nothing has finished yet"]:
                give(shown(complete(line)))
    return 1 if found.changed else 0
