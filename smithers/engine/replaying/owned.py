"""Replaying a run of a database, with its own file and settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from smithers.engine.driving import Driving
from smithers.engine.printing import output_bound
from smithers.engine.replaying.director import ReadAnswer
from smithers.engine.replaying.recording import Recording
from smithers.engine.replaying.replay import Replayed, replay
from smithers.store import RunRow

__all__ = ["replay_run"]


async def replay_run(
    driving: Driving, run: RunRow, recording: Recording, read_answer: ReadAnswer | None
) -> Replayed:
    """Run a run's workflow against what it has recorded, in memory alone. Raises `Untrusted` if its
    row names a file that this user has not used with it, and `Refused` or `AuthorError` for one
    that cannot be run.
    """
    with output_bound(), driving.loading_again(run) as (loaded, found):
        return await replay(
            loaded.workflow,
            replace(recording, pools=tuple(found.values.pools)),
            folder=Path(run.folder),
            secrets=driving.secrets,
            read_answer=read_answer,
        )
