"""Playing one case with a real program and a scripted model, and filing what was recorded."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from harnesses.recording import read_header
from smithers.agent import Agent, Answered, Ask, Event, Spawned, Started, ToolCalled, Used
from smithers.errors import AgentError
from tests.scripted_model import ScriptedModel, Step, Text
from tests.scripted_model import ToolCall as Call

__all__ = [
    "REPAIR",
    "Act",
    "AgentOf",
    "Case",
    "Place",
    "at_the_tool",
    "fork_cases",
    "fresh_place",
    "kill_at_call",
    "kill_at_the_tool",
    "play",
    "play_all",
    "recording_to",
    "report",
    "steer_cases",
]

Act = Callable[[Event, list[int]], Awaitable[bool]]
REPAIR = 'Your answer does not fit: n: "x" is not of type "integer". Answer again.'


@dataclass(frozen=True, kw_only=True)
class Place:
    """A machine of its own for one case: home, config, working folder, recordings."""

    home: Path
    config: Path
    cwd: Path
    records: Path


@dataclass(frozen=True, kw_only=True)
class Case:
    """One session. `act` may do something at an event, and stops listening by giving True.

    `key` is whether the program is given one; `session` is one to go on with, which it has not.
    With `forks` it begins with a copy of the session in place of going on in it. `messages` are
    said to it while it runs: from the first event `said_at`, or from the beginning.
    """

    name: str
    script: Sequence[Step]
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    schema: Mapping[str, object] | None = None
    key: bool = True
    act: Act | None = None
    url: str | None = None
    idle_s: float = 60.0
    prompt: str = ""
    then: Case | None = None
    session: str | None = None
    forks: bool = False
    messages: Sequence[str] = ()
    said_at: type[Event] | None = None

    @property
    def text(self) -> str:
        return self.prompt or f"Case {self.name}."


def fork_cases() -> list[Case]:
    """A copy of a session, and one of a session that the program does not know."""
    asks = Case(name="fork-2", script=[Text("It was heron.")], prompt="Which word?", forks=True)
    unknown = "00000000-0000-4000-8000-000000000000"
    anew = [Text("A new beginning.")]
    return [
        Case(name="fork", script=[Text("The word is heron.")], then=asks),
        Case(name="fork-unknown", script=anew, session=unknown, forks=True),
    ]


def steer_cases(look: Call, options: Mapping[str, Any]) -> list[Case]:
    """A message that comes while a tool runs, and one that comes when the answer is there."""
    return [
        Case(
            name="steered-in-tool",
            script=[look, Text("It is blue now.")],
            options=options,
            messages=["Make it blue."],
            said_at=ToolCalled,
        ),
        Case(
            name="steered-at-the-end",
            script=[Text("It is green."), Text("It is blue now.")],
            messages=["Make it blue."],
            said_at=Used,
        ),
    ]


@contextmanager
def fresh_place() -> Generator[Place, None, None]:
    with tempfile.TemporaryDirectory(prefix="smithers-") as name:
        # What a program still writes while it ends must not hinder the removal.
        base = Path(name).resolve()
        place = Place(
            home=base / "home", config=base / "config", cwd=base / "project", records=base / "rec"
        )
        for folder in (place.home, place.config, place.cwd, place.records):
            folder.mkdir()
        (place.cwd / "README.md").write_text("# A small project\n")
        yield place


AgentOf = Callable[[Case, Place, str], Agent]


async def play(
    agent_of: AgentOf, case: Case, place: Place, session: str | None, target: Path
) -> tuple[str, str]:
    """Runs one case and files its recording; gives its session and its answer."""
    said = ""
    with ScriptedModel(case.script) as model:
        agent = agent_of(case, place, case.url or model.url)
        followup = case.text if session else None
        messages = asyncio.Queue[str]()
        left = list(case.messages)
        while left and case.said_at is None:
            messages.put_nowait(left.pop(0))
        ask = Ask(
            prompt=case.text,
            cwd=place.cwd,
            schema=case.schema,
            session=None if case.forks else session,
            forks=session if case.forks else None,
            followup=followup,
            idle_s=case.idle_s,
            timeout_s=120,
            messages=messages if case.messages else None,
        )
        pids: list[int] = []
        run = cast("AsyncGenerator[Event, None]", agent.run(ask))
        try:
            async with aclosing(run) as events:
                async for event in events:
                    if isinstance(event, Started):
                        session = event.session
                    elif isinstance(event, Spawned):
                        pids.append(event.pid)
                    elif isinstance(event, Answered):
                        said = event.text
                    while left and case.said_at is not None and isinstance(event, case.said_at):
                        messages.put_nowait(left.pop(0))
                    if case.act is not None and await case.act(event, pids):
                        break
        except AgentError as error:
            said = f"{type(error).__name__}: {error.said}"
    file_away(case, place.records, target)
    return session or "", said


def file_away(case: Case, records: Path, target: Path) -> None:
    """Gives the recordings of a case their names, and the script that was played."""
    target.mkdir(parents=True, exist_ok=True)
    steps = [_told(step) for step in case.script]
    for number, path in enumerate(sorted(records.glob("*.jsonl"))):
        first, rest = path.read_text(encoding="utf-8").split("\n", 1)
        header = json.loads(first) | {"source": "scripted-model", "script": steps}
        name = case.name + (f"-{number + 1}" if number else "")
        text = json.dumps(header, ensure_ascii=False) + "\n" + rest
        (target / f"{name}.jsonl").write_text(text, encoding="utf-8")
        path.unlink()
        assert read_header(target / f"{name}.jsonl") is not None


def _told(step: Step) -> dict[str, Any]:
    shown = {name: value for name, value in asdict(step).items() if value not in ("", {})}
    cut = {k: v[:60] + "…" if isinstance(v, str) and len(v) > 2000 else v for k, v in shown.items()}
    return {"step": type(step).__name__, **cut}


async def at_the_tool(event: Event, pids: list[int]) -> bool:
    """Stops listening while a tool runs, so that the program is told to end."""
    if isinstance(event, ToolCalled):
        await asyncio.sleep(1.0)
        return True
    return False


async def kill_at_the_tool(event: Event, pids: list[int]) -> bool:
    """Kills the program as the kernel would when memory is short, while a tool runs."""
    if isinstance(event, ToolCalled):
        await asyncio.sleep(1.0)
        os.kill(pids[1], signal.SIGKILL)
    return False


def kill_at_call(number: int) -> Act:
    """As `kill_at_the_tool`, at the so-manyth tool call."""
    seen: list[str] = []

    async def act(event: Event, pids: list[int]) -> bool:
        if isinstance(event, ToolCalled):
            seen.append(event.call)
            if len(seen) == number:
                return await kill_at_the_tool(event, pids)
        return False

    return act


@contextmanager
def recording_to(place: Place) -> Generator[None, None, None]:
    os.environ["SMITHERS_RECORD"] = str(place.records)
    try:
        yield
    finally:
        del os.environ["SMITHERS_RECORD"]


def report(name: str, said: str) -> None:
    sys.stdout.write(f"{name}: {said[:100]!r}\n")
    sys.stdout.flush()


async def play_all(
    agent_of: AgentOf, cases: Sequence[Case], target: Path, wanted: Sequence[str]
) -> None:
    """Plays each case that is wanted, or all, and what follows it in the same session."""
    for case in cases:
        if wanted and case.name not in wanted:
            continue
        with fresh_place() as place, recording_to(place):
            session, said = await play(agent_of, case, place, case.session, target)
            report(case.name, said)
            if case.then is not None:
                _, said = await play(agent_of, case.then, place, session, target)
                report(case.then.name, said)
