"""An adapter as the contract sees it: a list of sessions, and how each of them is played."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, aclosing, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

from harnesses.recording import Recording
from recordings.playing import Act, Case, Place
from smithers.agent import Agent, Ask, Event, Spawned, Started
from smithers.errors import AgentError
from tests.contract.cases import ANSWERED, FAILURES, FURTHER, Failure
from tests.scripted_model import ScriptedModel

FAILED = FAILURES | FURTHER
__all__ = ["Adapter", "Scene", "Way", "unchanged"]

Way = Literal["recorded", "scripted", "live"]
"""On its recordings; in our process on the scripted model server; as the real program on that."""


def unchanged(text: str) -> str:
    return text


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One session about to be played. `then` is what follows in it, or in a copy of it."""

    agent: Agent
    case: Case
    cwd: Path
    idle_s: float
    act: Act | None = None
    model: ScriptedModel | None = None
    then: Scene | None = None

    def ask(self, **more: Any) -> Ask:
        unknown, copies = self.case.session, self.case.forks
        to: dict[str, Any] = {
            "prompt": self.case.text,
            "followup": self.case.text,
            "cwd": self.cwd,
            "schema": self.case.schema,
            "session": None if copies else unknown,
            "forks": unknown if copies else None,
            "idle_s": self.idle_s,
        }
        return Ask(**to | more)

    async def played(self, **more: Any) -> tuple[list[Event], AgentError | None]:
        """What it tells, and the error that it ends with, if it ends with one."""
        events: list[Event] = []
        messages, left = asyncio.Queue[str](), [*self.case.messages]
        if left:
            more = {"messages": messages, **more}
        run = cast("AsyncGenerator[Event, None]", self.agent.run(self.ask(**more)))
        try:
            async with asyncio.timeout(120), aclosing(run):
                async for event in run:
                    events.append(event)
                    while left and isinstance(event, self.case.said_at or Started):
                        messages.put_nowait(left.pop(0))
                    pids = [one.pid for one in events if isinstance(one, Spawned)]
                    if self.act is not None and await self.act(event, pids):
                        break
        except AgentError as error:
            return events, error
        return events, None

    async def answered(self, **more: Any) -> list[Event]:
        """What it tells, where that is an answer."""
        events, error = await self.played(**more)
        if error is not None:
            raise error
        return events


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """One line of the registry: an adapter, in one of the ways in which it can be played.

    `sessions` has the script of each; `made` gives the agent for one, and `missing` one whose
    program or package is nowhere, where `install` would bring it. `lacks` says why there is no
    session for a case. Where it `differs`, by the name of a session or of a case, it says how. A
    session that `shows` another case than its name says stands there, with "" for none. `asks`
    is how often it asks the model in a session, where that is not once. `needs` skips the test
    where what is to be played is not installed.

    `handed` reads in a kept stream the texts that were given to the program as plain data. `reads`
    is what a model is to read of a text (None: it is refused), and `unwrapped` takes off what the
    program puts around a text. `reads_message` is the same for a message while a tool runs, of
    which it is enough to be in a block; `joins` is for one that makes one block of messages in a
    row. They change nothing unless `changes_prompts` says so.
    """

    name: str
    kind: type[Agent]
    way: Way
    sessions: Callable[[], Sequence[Case]]
    made: Callable[[Case, Place, str], Agent]
    missing: Callable[[], Agent] | None = None
    install: str = ""
    needs: Callable[[], object] = lambda: None
    prefix: str = ""
    lacks: Mapping[str, str] = field(default_factory=dict[str, str])
    differs: Mapping[str, Failure] = field(default_factory=dict[str, Failure])
    shows: Mapping[str, str] = field(default_factory=dict[str, str])
    asks: Mapping[str, int] = field(default_factory=dict[str, int])
    handed: Callable[[Recording], Sequence[str]] | None = None
    reads: Callable[[str], str | None] = unchanged
    unwrapped: Callable[[str], str] = unchanged
    reads_message: Callable[[str], str | None] | None = None
    joins: bool = False

    @property
    def is_exact(self) -> bool:
        """Whether the model is to read every text byte for byte, as far as this line says."""
        same = self.reads is unchanged and self.unwrapped is unchanged
        return same and self.reads_message is None and not self.joins

    @property
    def is_alone(self) -> bool:
        """Whether it needs no program, no package and no model."""
        return self.missing is None

    @property
    def id(self) -> str:
        return f"{self.name}-live" if self.way == "live" else self.name

    @cached_property
    def by_name(self) -> dict[str, Case]:
        """Its sessions, without the prefix of their names."""
        found = {each.name: each for each in self.sessions()}
        return {
            name.removeprefix(self.prefix): each
            for name, each in found.items()
            if name.startswith(self.prefix)
        }

    def showing(self, case: str) -> list[str]:
        """The sessions that show a case; live the first alone, since each costs seconds."""
        if case in self.lacks:
            return []
        names = ANSWERED[case] if case in ANSWERED else FAILED[case][1]
        names += tuple(name for name, shown in self.shows.items() if shown == case)
        known = self.by_name
        found = [name for name in names if name in known and self.shows.get(name, case) == case]
        return found[:1] if self.way == "live" else found

    def wanted(self, case: str, session: str) -> Failure:
        return self.differs.get(session) or self.differs.get(case) or FAILED[case][0]

    @contextmanager
    def scene(self, session: str, folder: Path) -> Generator[Scene, None, None]:
        """A session on a machine of its own below `folder`."""
        self.needs()
        case = self.by_name[session]
        places = {name: folder / name for name in ("home", "config", "cwd", "records")}
        for made in places.values():
            made.mkdir(parents=True)
        (places["cwd"] / "README.md").write_text("# A small project\n")
        with ExitStack() as stack:
            yield self._scene(case, Place(**places), stack)
        shutil.rmtree(places["home"], ignore_errors=True)

    def _scene(self, case: Case, place: Place, stack: ExitStack) -> Scene:
        recorded = self.way == "recorded"
        asks_nobody = recorded or self.is_alone
        model = None if asks_nobody else stack.enter_context(ScriptedModel(case.script))
        url = model.url if model else "http://127.0.0.1:1"
        return Scene(
            agent=self.made(case, place, case.url or url),
            case=case,
            cwd=place.cwd,
            # A recorded silence costs no more than is waited for it.
            idle_s=0.2 if recorded and case.idle_s != Case.idle_s else case.idle_s,
            act=None if recorded else case.act,
            model=model,
            then=self._scene(case.then, place, stack) if case.then else None,
        )

    def on(self, recordings: Path) -> Adapter:
        """The same, on other recordings."""

        def made(case: Case, place: Place, url: str) -> Agent:
            options = {**case.options, "replay": recordings}
            return self.made(replace(case, options=options), place, url)

        return replace(self, made=made)
