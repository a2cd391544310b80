"""The workflow of release_notes.py, with answers from a function in place of Claude Code."""

from __future__ import annotations

from collections.abc import AsyncIterator

import release_notes
from release_notes import Review

from smithers.agent import Answered, Ask, Capabilities, Event


class Scripted:
    name = "scripted"
    can = Capabilities(native_schema=True)

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        if ask.prompt.startswith("One sentence"):
            yield Answered("Lists of runs are sorted by age.")
        else:
            yield Answered(Review(clear=True, remarks="").model_dump_json())


release_notes.claude = Scripted()
notes = release_notes.release_notes
