"""What attempts ask of the engine while they run."""

from __future__ import annotations

from typing import Protocol

from smithers.agent import Event, Spawned
from smithers.engine.durable import Durable

__all__ = ["Hooks"]


class Hooks(Protocol):
    """What an attempt asks of the engine while it runs."""

    async def keep(self, change: Durable) -> None:
        """Make durable what an attempt tells before it goes on: its session, that it was told a
        message, or that its agent is asked once more, for which it raises `RepairRefused`.
        """
        ...

    async def spawned(self, serial: int, process: Spawned) -> None:
        """Remember a process of the attempt."""
        ...

    def used(self, serial: int) -> None:
        """Keep with the next frame what the attempt used: no crash may forget what was paid."""
        ...

    def happened(self, serial: int, event: Event) -> None:
        """Show an event to whoever watches."""
        ...
