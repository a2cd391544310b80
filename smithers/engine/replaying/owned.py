"""Replaying a run of a database, or one that was frozen, with the workflow's own file."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import AsyncIterator, Mapping
from dataclasses import field, replace
from pathlib import Path

from smithers.adapters import NAMED_AGENTS
from smithers.agent import Agent, Ask, Capabilities, Event
from smithers.engine.driving import Driving
from smithers.engine.loading import Loaded, load_workflow
from smithers.engine.printing import output_bound
from smithers.engine.replaying.director import ReadAnswer
from smithers.engine.replaying.frozen import frozen_lines, parse_frozen, read_frozen
from smithers.engine.replaying.recording import Recording
from smithers.engine.replaying.replay import Replayed, replay
from smithers.errors import Permanent, Refused
from smithers.secrets import Secrets
from smithers.store import RunRow
from smithers.values import dataclass

__all__ = ["freeze_run", "replay_frozen", "replay_run"]


async def replay_run(
    driving: Driving,
    run: RunRow,
    recording: Recording,
    read_answer: ReadAnswer | None,
    file: str | None = None,
    name: str | None = None,
) -> Replayed:
    """Run a run's workflow against what it has recorded, in memory alone; `file` and `name` are
    another version of it. Raises `Untrusted` if its
    row names a file that this user has not used with it, and `Refused` or `AuthorError` for one
    that cannot be run.
    """
    with output_bound(), driving.loading_again(run, file, name) as (loaded, found):
        return await replay(
            loaded.workflow,
            replace(recording, pools=tuple(found.values.pools)),
            folder=Path(run.folder),
            secrets=driving.secrets,
            read_answer=read_answer,
        )


async def freeze_run(
    driving: Driving, run: RunRow, recording: Recording, folder: Path
) -> list[str]:
    """The lines of a frozen run, for a file in this folder. Raises as `replay_run` does, and
    `Refused` for a run that its workflow, as it is now, does not repeat.
    """
    with output_bound(), driving.loading_again(run) as (loaded, found):
        recording = replace(recording, pools=tuple(found.values.pools))
        file = _relative(loaded.file, folder)
        lines = list(frozen_lines(recording, file, driving.secrets))
        again = parse_frozen(lines, folder / "it.jsonl")
        replayed = await replay(
            loaded.workflow, again, folder=Path(run.folder), secrets=driving.secrets
        )
    if not replayed.equal:
        first, more = replayed.differences[0], len(replayed.differences) - 1
        beside = f", and {more} more" if more else ""
        raise Refused(
            f"run {run.run_id} would not pass its own test: {first.message}{beside}",
            hint="to see what its workflow does now, type"
            f" `smithers replay {shlex.quote(run.run_id)}`",
        )
    return lines


def _relative(file: Path, folder: Path) -> str:
    return Path(os.path.relpath(file, folder.resolve())).as_posix()


@dataclass(frozen=True)
class _Named:
    """An agent that the settings name, in a place where they may not be: it is not asked."""

    name: str
    can: Capabilities = field(default_factory=Capabilities)

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        raise Permanent(f"{self.name} is not asked in a replay")
        yield


def replay_frozen(path: Path, environment: Mapping[str, str] = os.environ) -> Replayed:
    """Run the workflow of a frozen run against it. Raises `Refused`, or `AuthorError`."""
    recording = read_frozen(path)

    def find(name: str) -> Agent:
        return _Named(name)

    token = NAMED_AGENTS.set(find)
    try:
        loaded = _load(recording, path)
        folder, secrets = loaded.file.parent, Secrets(environment)
        return asyncio.run(replay(loaded.workflow, recording, folder=folder, secrets=secrets))
    finally:
        NAMED_AGENTS.reset(token)


def _load(recording: Recording, path: Path) -> Loaded:
    file = Path(recording.file)
    if not file.exists():
        raise Refused(
            f"the workflow of {path} does not exist: {file}",
            hint=f"restore it, or write its path, relative to {path.parent}, into the first line",
        )
    return load_workflow(file, recording.workflow)
