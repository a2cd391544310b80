"""The one shape every agent has: a prompt goes in, events come out, the last one answers.

An adapter translates a program's own stream into these events and nothing else. Durability,
retries, budgets and worktrees belong to the engine, so an adapter stays about 150 to 250 lines
and can be proved on recorded sessions alone (`recordings/<program>/*.jsonl`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from smithers.secrets import Secrets

if TYPE_CHECKING:
    from asyncio import Queue

__all__ = [
    "Adapter",
    "Agent",
    "Answered",
    "Ask",
    "Attaching",
    "Capabilities",
    "Checkup",
    "Dropped",
    "Event",
    "Said",
    "Secrets",
    "Spawned",
    "Started",
    "Steered",
    "Terminal",
    "Thought",
    "ToolCalled",
    "ToolReturned",
    "Used",
    "limit_of",
    "obstacle_of",
]


def _as_it_is(text: str) -> str:
    return text


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One request to an agent. `idle_s` bounds silence and `timeout_s` the whole, in seconds.

    With `session` the agent goes on in that session and is told `followup` (or `prompt`, if that
    is None). With `forks`, and without `session` or where the program does not know that one, it
    begins with a copy of the session `forks`, which stays as it is, and is told the same. Where the
    program knows neither it begins a new one with `prompt`.
    `marks` are environment variables that tag the program and all its descendants.
    `raw` is the file to which the program's own stream is appended, each text through `scrub`.
    `messages` are what people say to the agent while it runs, oldest first, for one that can be
    steered; it is None where nobody can say anything.
    """

    prompt: str
    cwd: Path
    schema: Mapping[str, object] | None = None
    session: str | None = None
    forks: str | None = None
    followup: str | None = None
    idle_s: float = 300.0
    timeout_s: float | None = None
    marks: Mapping[str, str] = field(default_factory=dict[str, str])
    raw: Path | None = None
    scrub: Callable[[str], str] = _as_it_is
    messages: Queue[str] | None = None

    @property
    def told(self) -> str:
        """What is said to the agent: the follow-up in a session that was begun, else the prompt."""
        begun = self.session is not None or self.forks is not None
        return self.followup if begun and self.followup is not None else self.prompt


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What an adapter can do beyond answering; the engine asks for nothing else.

    `forks` is whether it takes a session to begin with a copy of. With `same_folder` a session can
    be gone on with in the working folder alone in which it was begun; a copy of it may stand
    elsewhere. With `steers` it takes messages in while it runs (see `Steered`); any other that
    resumes is stopped and told in its session. With `attaches` a person can go on in a session, in
    the program's own terminal (see `Attaching`).

    `changes_prompts` says what it does to a prompt or a message on its way to the model, one
    sentence for each change; it is empty if the model reads every text byte for byte. No agent
    interprets a text: no file is read and no command is run because a text names it.
    """

    resumes: bool = False
    forks: bool = False
    same_folder: bool = False
    steers: bool = False
    attaches: bool = False
    native_schema: bool = False
    reports_cost: bool = False
    changes_prompts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Checkup:
    """How what an agent needs, a program or a package, stands on this machine, which was learnt
    without spending anything.

    `install` is the command that gets it, `sign_in` says how. `tested` is the oldest and the newest
    version that its adapter was tested with; as the newest `"2"` stands for all of 2.x. `path` is
    None where it was not found, `signed_in` where that could not be told; `account` says by what,
    and never holds a secret. `problem` is what else went wrong, as the rest of a sentence that
    begins with its name, and `fix` what to do about it, where that is known.
    """

    name: str
    program: str
    install: str
    sign_in: str
    tested: tuple[str, str]
    path: Path | None = None
    version: str | None = None
    signed_in: bool | None = None
    account: str = ""
    problem: str = ""
    fix: str = ""

    @property
    def starts(self) -> bool:
        """Whether the program is there and does what it is asked."""
        return self.path is not None and not self.problem


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """One kind of agent, declared by its distribution in the entry-point group `smithers.agents`.

    `classes` are where authors import it from, as in "harnesses:ClaudeCode". `variables` are those
    of the environment that hold its account and where to find it: a run needs them. `checkup` looks
    at what the agent needs on this machine, in a thread of its own; it returns None if a person
    need not hear of it. `read_stream` reads the program's own output, and `drift` compares an
    installed program with the recordings.
    """

    classes: Sequence[str]
    variables: Sequence[str] = ()
    checkup: Callable[[], Checkup | None] | None = None
    read_stream: Callable[..., Iterator[dict[str, Any]]] | None = None
    drift: Callable[[Path | None], Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Terminal:
    """What opens a session of an agent for a person, in a terminal. `env` is all of its environment
    but for what tells of the terminal itself, such as TERM.
    """

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path


@dataclass(frozen=True)
class Spawned:
    """A process was started for this request; whoever takes the run over kills it first.

    `started` is its start time as the host counts (on Linux the 22nd field of /proc/PID/stat), if
    the adapter was told it: the process may have ended since. `cgroup` is the folder of the control
    group in which the process and all its descendants are, if it has one of its own; it is called
    `smithers-`, 24 hexadecimal digits of the SHA-256 of the SMITHERS_ATTEMPT of `Ask.marks`, and a
    number.
    """

    pid: int
    started: str | None = None
    cgroup: str | None = None


@dataclass(frozen=True)
class Started:
    """The session id, as soon as it is known: it is what a later attempt resumes.

    The engine makes it durable before it asks for the next event. A second one in the same request
    says that the session asked for was unknown, and that a new one has begun.
    """

    session: str


@dataclass(frozen=True)
class Steered:
    """The oldest message of `Ask.messages` that was not told yet is part of the session now.

    An agent that steers takes each message when it can, and says this when its program has accepted
    it. One that it took and said nothing of is told to the next attempt. A message that is there
    when the agent is done with its turn is a further turn, whose answer is the one that counts.
    """

    text: str


@dataclass(frozen=True)
class Said:
    text: str


@dataclass(frozen=True)
class Thought:
    text: str


@dataclass(frozen=True, kw_only=True)
class ToolCalled:
    call: str
    name: str
    arguments: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class ToolReturned:
    call: str
    text: str
    failed: bool = False


@dataclass(frozen=True, kw_only=True)
class Used:
    """Tokens and US dollars since the last `Used` of this model, never a running total.

    `tokens_in` counts all input, cached input included; `tokens_cached` is the cached part of it.
    `cost` and `model` are None where the program does not say.
    """

    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    cost: Decimal | None = None
    model: str | None = None


@dataclass(frozen=True)
class Dropped:
    """The program wrote a line of this size, which is too long to be read; it is left out."""

    size_bytes: int


@dataclass(frozen=True)
class Answered:
    """The end of a good run. `data` is the program's own structured answer, not yet validated."""

    text: str
    data: object = None


Event = (
    Spawned
    | Started
    | Steered
    | Said
    | Thought
    | ToolCalled
    | ToolReturned
    | Used
    | Dropped
    | Answered
)


class Agent(Protocol):
    """An agent behind one call.

    `name` tells agents of one array apart and stands in every attempt's row. `run` yields events
    and exactly one `Answered`, which is last; otherwise it raises an `AgentError`. Closing the
    iterator ends the program and all its descendants.

    An agent may have a property `limit: str` besides: what a rate limit or a quota of it is shared
    by, such as provider, account, address and model, and never a secret itself. When one agent is
    `Busy`, all of the same `limit` cool down, in every run of the store.

    It may also have a method `find_obstacle(schema) -> str | None`: what keeps it from ever being
    asked for an answer of that JSON Schema (None: for a text), as far as its own options say so,
    such as one that is too long for a command line. It is asked before anything of the run is paid.
    """

    @property
    def name(self) -> str: ...

    @property
    def can(self) -> Capabilities: ...

    def run(self, ask: Ask) -> AsyncIterator[Event]: ...


class Attaching(Agent, Protocol):
    """An agent whose `can.attaches`: a person may work in its sessions as well."""

    def terminal(self, session: str, cwd: Path, marks: Mapping[str, str]) -> Terminal:
        """What opens the session for a person, with what its author lets the agent do. `marks` are
        to be in the environment. Raises what `run` raises where the program cannot be started.
        """
        ...


def limit_of(agent: Agent) -> str:
    """What the agent's limits are shared by: its `limit`, or its name if it has none."""
    limit: object = getattr(agent, "limit", None)
    if not (isinstance(limit, str) and limit):
        return agent.name
    return limit if limit.isascii() else limit.encode("utf-8", "replace").decode()


def obstacle_of(agent: Agent, schema: Mapping[str, object] | None) -> str | None:
    """What keeps the agent from ever giving an answer of this schema, if it can say that."""
    find: Callable[[Mapping[str, object] | None], str | None] | None
    find = getattr(agent, "find_obstacle", None)
    return None if find is None else find(schema)
