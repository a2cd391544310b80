"""Where the sessions of an agent come from: recordings, the program, or the program recorded."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from harnesses.process._installed import version_by_files
from harnesses.process._replay import Replay
from harnesses.process._shelf import NotRecorded
from smithers.agent import Event
from smithers.errors import Refused

__all__ = ["Source", "Sources"]

RECORD = "SMITHERS_RECORD"
"""Names the folder into which live runs are recorded as well, free of secrets and machine names."""


@dataclass(frozen=True)
class Source:
    """A replay, or else the program itself, which is recorded if `record` names a folder.

    With both, a replay plays no recording twice, since what is missing will be recorded.
    """

    replay: Replay | None = None
    record: Path | None = None

    @property
    def live(self) -> bool:
        return self.replay is None


class Sources:
    """What the author of an agent said of its sessions; the environment says it for all agents.

    `replay` alone never starts the program, and `record` alone always does. Both together replay
    what is recorded, and run and record what is not. Recordings that the environment names are
    not mixed with a folder for new ones that the author named: nothing would start unasked.
    """

    def __init__(self, replay: Replay | str | Path | None, record: str | Path | None) -> None:
        self._replay = Replay(replay) if isinstance(replay, str | Path) else replay
        self._record = Path(record).absolute() if record is not None else None

    def now(self) -> Sequence[Source]:
        """The sources to try, in this order."""
        outside = Path(named).absolute() if (named := os.environ.get(RECORD)) else None
        replay, record = self._replay, self._record
        if replay is None:
            replay = Replay.asked_for()
            record = outside if replay is not None else outside or record
        if replay is None or record is None:
            return (Source(replay, record),)
        return Source(replay, record), Source(None, record)

    def check_live(self, name: str) -> None:
        """Raise `Refused` where recordings are played: nobody can work in one."""
        if not self.now()[0].live:
            raise Refused(f"{name} plays recordings, which cannot be opened in a terminal")

    def versions(self, program: str, path: str | None) -> dict[str, str]:
        """The version of the program, if it is the one that answers and its files tell it."""
        if not self.now()[0].live:
            return {}
        version = version_by_files(program, path)
        return {} if version is None else {Path(program).name: version}

    async def play(
        self, run: Callable[[Source], AsyncGenerator[Event, None]]
    ) -> AsyncGenerator[Event, None]:
        """The events of `run`, from its recording if there is one, else from the next source."""
        first, *rest = self.now()
        try:
            async with aclosing(run(first)) as events:
                async for event in events:
                    yield event
            return
        except NotRecorded:
            if not rest:
                raise
        async with aclosing(run(rest[0])) as events:
            async for event in events:
                yield event
