"""An agent that has the tools of the server, and a person who answers in one run alone.

The tools and the engine are the real ones; only what a tool starts in a process of its own is done
in this one, in the same way.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, chdir
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
from mcp import Client
from mcp.types import TextContent

from mcp_server import make_server
from smithers.engine import detaching
from smithers.engine.forking_apart import fork_here
from smithers.engine.launching import DETACHED, Launcher, Owning
from smithers.engine.settings import Unwatched
from smithers.errors import SmithersError
from smithers.hub import Hub
from tests.trust.audit import check

__all__ = ["Agent", "agent_in", "in_this_process"]

CONTAINERS = {"loop": "loop", "each": "each", "gathered": "parts", "branch": "way", "caught": "try"}
"""The containers with an id, by their workflows."""
REQUEST = "the first start"
FLOWS_FILE = Path(__file__).with_name("gate_flows.py")
_MOST_RUNS = 8


def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a tool starts in a process of its own is done here."""

    def launch(
        launcher: Launcher, run_id: str, arguments: Sequence[str], *, folder: Path, **_: object
    ) -> Owning:
        hub = Hub(
            launcher._database,  # pyright: ignore[reportPrivateUsage]  # where it starts runs
            environment={**os.environ, DETACHED: run_id},
        )
        with chdir(folder):
            asyncio.run(_drive(hub, run_id, arguments))
        return Owning(run_id=run_id, pid=os.getpid(), said="")

    def forks_here(database: Path, environment: Any, wanted: Any, **_: object) -> Any:
        return fork_here(database, {**environment, DETACHED: wanted.source}, wanted)

    monkeypatch.setattr(Launcher, "launch", launch)
    monkeypatch.setattr(detaching, "fork_apart", forks_here)


async def _drive(hub: Hub, run_id: str, arguments: Sequence[str]) -> None:
    match arguments:
        case ["up", which, *_]:
            file, _, name = which.rpartition(":")
            await hub.start(file, name=name, run_id=run_id, observer=Unwatched())
        case ["resume", _]:
            await hub.resume(run_id, observer=Unwatched())
        case ["retry", _, *readers, "--", task]:
            await hub.retry(run_id, task, readers=bool(readers), observer=Unwatched())
        case _:
            raise AssertionError(arguments)


@dataclass
class Agent:
    """What an agent has done so far with the runs of one workflow."""

    hub: Hub
    client: Client
    flow: str
    ledger: Path
    approved: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """By the run that is not below another one: what a person has approved there."""
    given: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """The run and the node that asked each question that a person has ever approved."""
    runs: list[str] = field(default_factory=list[str])
    said: list[str] = field(default_factory=list[str])
    calls: int = 0
    behind: int = 0
    """How many lines of the ledger were checked."""

    async def start(self) -> None:
        """The same request, whenever it comes."""
        flow = f"gate_flows:{self.flow}"
        found = await self.call("start_run", workflow=flow, request_id=REQUEST)
        if found["run_id"] not in self.runs:
            self.runs.append(found["run_id"])

    async def call(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """Call a tool; what it has done behind a gate must have been approved."""
        self.calls += 1
        self.said.append(f"{tool}({', '.join(f'{k}={v!r}' for k, v in arguments.items())})")
        result = await self.client.call_tool(tool, arguments)
        if result.is_error:
            (content,) = result.content
            assert isinstance(content, TextContent)
            check("FAILED" not in content.text, f"{self.said}: {content.text}")
            self.said[-1] += f" -> {content.text.splitlines()[0][:160]}"
            found: dict[str, Any] = {}
        else:
            found = result.structured_content or {}
            self.said[-1] += f" -> {found.get('run_id')} {found.get('frame', '')}"
        self.check(found.get("run_id") or str(arguments.get("run_id")))
        return found

    def check(self, run_id: str) -> None:
        """Each new line of the ledger was approved in the run that has written it."""
        lines = self.ledger.read_text().splitlines()
        approved = self.approved.get(self._top(run_id), set())
        for line in lines[self.behind :]:
            story = "\n".join(self.said)
            check(line in approved, f"{run_id} did {line!r} with {approved} approved:\n{story}")
        self.behind = len(lines)
        for one in self.hub.list_asks(None, None):  # what is asked again is not approved any more
            self.approved.get(self._top(one.run_id), set()).discard(_question(one.asked))

    def _top(self, run_id: str) -> str:
        """A run, or the one that it is a child run of."""
        return next((one for one in self.runs if run_id.startswith(f"{one}.")), run_id)

    # -- what there is to do

    async def fork(self, run_id: str, frame: int | None, **how: Any) -> str | None:
        if len(self.runs) >= _MOST_RUNS:
            return None
        made = await self.call(
            "fork_run", run_id=run_id, frame=frame, request_id=f"{self.calls}", **how
        )
        if fork := made.get("run_id"):
            self.runs.append(fork)
        return fork

    def drop(self, run_id: str | None) -> None:
        """Have nothing more to do with a fork."""
        if run_id is not None:
            self.runs.remove(run_id)

    async def fork_of_person(self, run_id: str, frame: int | None) -> None:
        """A person forks a run, whose answers count in it; or takes it back, and keeps what was."""
        if len(self.runs) >= _MOST_RUNS or "." in run_id:
            return
        try:
            made = await asyncio.to_thread(self.hub.fork, run_id, frame=frame, by="ann")
        except SmithersError as error:
            self.said.append(f"ann could not: {error.said}")
            return
        self.said.append(f"ann forks {run_id} at {frame} as {made.run_id}")
        self.runs.append(made.run_id)
        self.approved[made.run_id] = set(self.approved.get(self._top(run_id), ()))

    async def rewind_of_person(self, run_id: str, frame: int) -> None:
        try:
            done = await asyncio.to_thread(self.hub.rewind, run_id, frame)
        except SmithersError as error:
            self.said.append(f"ann could not: {error.said}")
            return
        self.said.append(f"ann takes {run_id} back to {frame}, kept as {done.kept}")
        self.runs.append(done.kept)
        top = self._top(run_id)
        self.approved[done.kept] = set(self.approved.get(top, ()))
        stands = {str(one.key) for one in self.hub.states(run_id) if one.state == "finished"}
        for question, (asked_by, key) in self.given.items():
            if asked_by == run_id and key in stands:  # it was approved before that frame
                self.approved.setdefault(top, set()).add(question)

    def frames(self, run_id: str) -> int:
        return self.hub.summary(run_id).frames

    def tasks(self, run_id: str) -> list[str]:
        """The tasks and the containers in its tree."""
        tasks = sorted({str(one.key) for one in self.hub.states(run_id)})
        return [*tasks, CONTAINERS[self.flow]] if self.flow in CONTAINERS else tasks

    async def person(self, *, approves: bool, random: Random) -> None:
        """A person answers one question, mostly in the first run or below it."""
        asks = self.hub.list_asks(None, None)
        mine = [one for one in asks if self._top(one.run_id) == self.runs[0]]
        if random.random() < 0.25:
            mine = asks
        if not mine:
            return
        one = random.choice(mine)
        top, name = self._top(one.run_id), str(one.key)
        try:
            if one.kind == "human":
                await asyncio.to_thread(self.hub.answer, one.run_id, name, "yes", by="ann")
            else:
                await asyncio.to_thread(
                    self.hub.decide, one.run_id, name, approved=approves, by="ann"
                )
        except SmithersError as error:
            self.said.append(f"ann could not: {error.said}")
            return
        if approves or one.kind == "human":
            self.approved.setdefault(top, set()).add(_question(one.asked))
            self.given[_question(one.asked)] = one.run_id, name
        self.said.append(f"ann {'approves' if approves else 'denies'} {one.asked!r}, {one.run_id}")


def _project(folder: Path) -> Hub:
    workflows = folder / ".smithers" / "workflows"
    workflows.mkdir(parents=True)
    (workflows / "gate_flows.py").write_bytes(FLOWS_FILE.read_bytes())
    Path(os.environ["LEDGER"]).write_text("")
    hub = Hub(folder / ".smithers" / "smithers.db")
    hub.trust("mcp add")
    return hub


@asynccontextmanager
async def agent_in(folder: Path, flow: str) -> AsyncGenerator[Agent]:
    """An agent in a folder of its own, in which a run of the workflow waits for a person."""
    hub, ledger = _project(folder), Path(os.environ["LEDGER"])
    async with Client(make_server(hub, [folder], supervises=False)) as client:
        agent = Agent(hub=hub, client=client, flow=flow, ledger=ledger)
        await agent.start()
        yield agent


def _question(asked: str) -> str:
    """The question itself, without the text about earlier rounds."""
    return asked.split("\n\n", 1)[0]
