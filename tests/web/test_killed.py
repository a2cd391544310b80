"""A real server is killed under many clients; those that resume by id lose and repeat nothing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.cli.command import environment
from tests.feed.writing import Ids, every_id
from tests.web import long_flow
from tests.web.process import PATIENCE_S, messages, serving

_CLIENTS = 50
_STEPS = 60
_ONCE = pytest.mark.timeout(300)  # more than what its own waits add up to, on a busy machine
_AT_LENGTH = (pytest.mark.trust, pytest.mark.timeout(1500))
_LOG = "log"
_PATH = "/api/v1/runs/r1/events"


class _Client:
    """Follows the run, and connects again by the id that it had last until it has the end."""

    def __init__(self) -> None:
        self.ids: Ids = []
        self.last: str | None = None
        self.connections = 0
        self.has_ended = False

    async def follow(self, port: int, secret: str) -> None:
        while not self.has_ended:
            is_first = True
            async for one in messages(port, _PATH, last=self.last, secret=secret):
                self.connections += is_first
                self.last, is_first = one.id, False
                self.has_ended = one.event == "end"
                if not self.has_ended:
                    self.ids += [
                        (event["frame"], change["n"])
                        for event in one.data["events"]
                        for change in event["changes"]
                    ]
            await asyncio.sleep(0.2)


@contextmanager
def _driven(folder: Path, *arguments: str) -> Generator[subprocess.Popen[bytes]]:
    """A command that is at work. What it says goes to a file: nobody reads a pipe meanwhile, and it
    would wait once that is full.
    """
    command = [sys.executable, "-m", "smithers", *arguments]
    with (
        (folder / _LOG).open("wb") as log,
        subprocess.Popen(
            command, cwd=folder, env=environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        ) as child,
    ):
        try:
            yield child
        finally:
            child.kill()


async def _exists(file: Path, up: subprocess.Popen[bytes]) -> None:
    while not file.exists():  # noqa: ASYNC240
        assert up.poll() is None, (file.parent / _LOG).read_text()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "kills", [pytest.param(1, marks=_ONCE), pytest.param(20, marks=_AT_LENGTH)]
)
def test_a_killed_server_that_comes_back_gives_each_client_each_event_once(
    tmp_path: Path, kills: int
) -> None:
    database = tmp_path / "runs.db"
    given = json.dumps({"folder": str(tmp_path), "parts": kills + 1, "steps": _STEPS})
    run = ["up", long_flow.__file__, "--run-id", "r1", "--input", given, "--db", str(database)]
    following = [_Client() for _ in range(_CLIENTS)]

    async def play(stack: ExitStack, up: subprocess.Popen[bytes]) -> None:
        await _exists(tmp_path / "at0", up)
        served = stack.enter_context(serving(database))
        async with asyncio.timeout((kills + 1) * PATIENCE_S), asyncio.TaskGroup() as group:
            for one in following:
                group.create_task(one.follow(served.port, served.secret))
            for part in range(kills + 1):
                await _exists(tmp_path / f"at{part}", up)
                while not all(one.connections > part for one in following):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                at = len(following[0].ids)
                (tmp_path / str(part)).touch()
                while len(following[0].ids) == at:  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
                if part < kills:
                    os.kill(served.process.pid, signal.SIGKILL)
                    again = serving(database, port=served.port)
                    served = await asyncio.to_thread(stack.enter_context, again)

    with ExitStack() as stack:
        asyncio.run(play(stack, stack.enter_context(_driven(tmp_path, *run))))
    wanted = every_id(database)
    assert len(wanted) > _STEPS * (kills + 1)
    assert all(one.has_ended and one.ids == wanted for one in following)
    assert min(one.connections for one in following) > kills
