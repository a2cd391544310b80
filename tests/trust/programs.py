"""Agents and commands that write a line into the ledger, as the bodies of steps do."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

from harnesses import Echo
from smithers.agent import Answered, Ask, Event, Used

__all__ = ["LINE", "Noting", "note_program"]

LINE = (
    r"""printf 'did\tr1/%s\t%s\t%s\t%s\n' "$1" "$1" "${SMITHERS_ATTEMPT##*:}" $$"""
    ' >> "$LEDGER"'
)
"""The start of a script for /bin/sh: it writes the line of the task that is its first argument."""


class Noting(Echo):
    """Echoes the first line of the task's prompt, at the same cost in every attempt; `key` is noted
    before it answers.
    """

    def __init__(self, key: str) -> None:
        super().__init__()
        self._key = key

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        async for event in super().run(ask):
            if isinstance(event, Answered):
                note_program(self._key, ask.marks["SMITHERS_ATTEMPT"])
                yield Answered(ask.prompt.partition("\n")[0])
            else:
                yield Used(tokens_in=2) if isinstance(event, Used) else event


def note_program(key: str, mark: str) -> None:
    """The ledger line of what is no step: the serial of its attempt is at the end of its mark."""
    serial = mark.rpartition(":")[2]
    with open(os.environ["LEDGER"], "a") as ledger:
        ledger.write(f"did\tr1/{key}\t{key}\t{serial}\t{os.getpid()}\n")
