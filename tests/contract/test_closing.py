"""What is closed, or killed, in the middle leaves nothing alive, and its session goes on.

The real programs, while a command of theirs has a child of its own session in the background.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from smithers.agent import Answered, Event, Spawned, Started, ToolCalled
from smithers.errors import Transient
from tests.contract.adapters import ADAPTERS
from tests.contract.scenes import Adapter
from tests.contract.test_contract import marks
from tests.contract.test_environment import with_a_command
from tests.harness.helpers import alive, marked, until
from tests.scripted_model import Text

pytestmark = pytest.mark.anyio

JOBS = "(setsid tail -f /dev/null &) ; tail -n +1 -f /dev/null"
LIVE = [pytest.param(one, marks=marks(one), id=one.id) for one in ADAPTERS if one.way == "live"]


def waits(mark: str) -> bool:
    words = marked(mark).values()
    return all(any(f"tail\0-{flag}" in each for each in words) for flag in "fn")


@pytest.mark.parametrize("killed", [False, True], ids=["closed", "killed"])
@pytest.mark.parametrize("adapter", LIVE)
async def test_nothing_outlives_a_request_and_its_session_goes_on(
    adapter: Adapter, killed: bool, tmp_path: Path
) -> None:
    case = replace(with_a_command(adapter, JOBS), then=None)
    line = replace(adapter, prefix="", sessions=lambda: [case])
    mark = f"closing-{os.getpid()}-{adapter.id}-{killed}"
    session, pids = "", list[int]()
    with line.scene(case.name, tmp_path) as scene:
        ask = scene.ask(marks={"SMITHERS_ATTEMPT": mark})
        run = cast("AsyncGenerator[Event, None]", scene.agent.run(ask))
        try:
            async with aclosing(run):
                async for event in run:
                    if isinstance(event, Started):
                        session = event.session
                    elif isinstance(event, Spawned):
                        pids.append(event.pid)
                    elif isinstance(event, ToolCalled):
                        await until(lambda: waits(mark), 90)
                        if not killed:
                            break
                        os.kill(pids[1], signal.SIGKILL)
        except Transient:
            assert killed
        await until(lambda: not marked(mark), 5)
        assert not any(alive(pid) for pid in pids)
        assert scene.model is not None
        scene.model.rewrite([Text("It was cut off.")])
        events = await scene.answered(session=session, followup="Go on.")
        sent = json.dumps(scene.model.requests[-1].body)
    assert [event.session for event in events if isinstance(event, Started)] == [session]
    assert events[-1] == Answered("It was cut off.")
    assert sent.index(case.text) < sent.index("Go on.")
