"""What the workflows of these tests share: an append-only ledger outside of Smithers."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

from smithers.agent import Agent, Ask, Capabilities, Event

__all__ = ["Ledgered", "hold", "note"]


def note(line: str) -> None:
    """Append a line, in one write, and have the disk keep it."""
    file = os.open(os.environ["LEDGER"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(file, line.encode() + b"\n")
        os.fsync(file)
    finally:
        os.close(file)


def hold(name: str) -> bool:
    """Whether a file of that name beside the ledger says to wait."""
    return (Path(os.environ["LEDGER"]).parent / name).exists()


class Ledgered:
    """An agent that notes each request before it makes it."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    @property
    def name(self) -> str:
        return self._agent.name

    @property
    def can(self) -> Capabilities:
        return self._agent.can

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        note(f"{'resume' if ask.session else 'ask'} {ask.prompt.splitlines()[0]}")
        async for event in self._agent.run(ask):
            yield event
