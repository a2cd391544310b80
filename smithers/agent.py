"""The protocol that every agent implements: a prompt goes in, events come out, the last is the
answer.

An adapter translates a program's own stream into these events and nothing else. Durability,
retries, budgets and worktrees belong to the engine, so an adapter stays at about 150 to 250 lines
and can be tested on recorded sessions alone (`recordings/<program>/*.jsonl`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from smithers.secrets import Secrets, is_secret_name
from smithers.values import dataclass

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
    "digest_options",
    "key_of",
    "limit_of",
    "made_answer",
    "obstacle_of",
    "versions_of",
]


def _as_it_is(text: str) -> str:
    return text


class _Prompt:
    """A text that may be given as a function, which is called when the text is first read: for a
    session that is resumed hardly anybody reads what a new one would be told.
    """

    def __get__(self, ask: Ask | None, of: type[Ask]) -> str:
        if ask is None:
            raise AttributeError("prompt")  # so that the field has no default
        text: str | Callable[[], str] = vars(ask)["prompt"]
        if not isinstance(text, str):
            text = vars(ask)["prompt"] = text()
        return text

    def __set__(self, ask: Ask, text: str | Callable[[], str]) -> None:
        vars(ask)["prompt"] = text


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One request to an agent. `idle_s` limits the time without an event and `timeout_s` the whole
    request, in seconds. `task` is the id of the task that asks, for agents that answer by it.

    If `session` is set, resume it and send `followup` (or `prompt`, if `followup` is None). If
    `forks` is set, and `session` is not set or not known to the program, start with a copy of the
    session `forks`, which does not change, and send the same text. With `at`, the copy ends with
    the turn of this name, as the session's agent told it in `Answered`; a copy that would be any
    longer is not made. If the program knows neither session, or not the turn, start a new session
    with `prompt`. `marks` are environment variables that tag the program and
    all its descendants. `raw` is the file to which the program's own stream is appended, each text
    passed through `scrub`. `messages` are the messages that people send to the agent while it runs,
    oldest first, if it can be steered; it is None if nobody can send any.

    `prompt` is a text, which the engine may make only when it is first read. To copy a request
    without reading it: `replace(ask, prompt=ask.given_prompt, session=None)`.
    """

    if TYPE_CHECKING:
        prompt: str
    else:  # type checkers know that it is a text, and that it has to be given
        prompt: Any = _Prompt()
    cwd: Path
    task: str = ""
    schema: Mapping[str, object] | None = None
    session: str | None = None
    forks: str | None = None
    at: str | None = None
    followup: str | None = None
    idle_s: float = 300.0
    timeout_s: float | None = None
    marks: Mapping[str, str] = field(default_factory=dict[str, str])
    raw: Path | None = None
    scrub: Callable[[str], str] = _as_it_is
    messages: Queue[str] | None = None

    @property
    def told(self) -> str:
        """The text that is sent: the follow-up in a resumed or copied session, else the prompt."""
        begun = self.session is not None or self.forks is not None
        return self.followup if begun and self.followup is not None else self.prompt

    @property
    def given_prompt(self) -> str:
        """The prompt for a copy of this request: it may be a function still, so do not read it."""
        return cast("str", vars(self)["prompt"])


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What an adapter supports beyond answering; the engine uses nothing else.

    `forks`: it can start with a copy of a session. `forks_at`: that copy can also be as the session
    was after an earlier turn (see `Ask.at`), and it names the turn of each answer. `same_folder`: a
    session can be continued only in the working folder in which it was started; a copy of it may be
    elsewhere. `steers`: it takes messages while it runs (see `Steered`); any other agent that
    resumes is stopped and receives the message in its session. `attaches`: a person can work in a
    session, in the program's own terminal (see `Attaching`).

    `changes_prompts` describes what it does to a prompt or a message on its way to the model, one
    sentence for each change; it is empty if the model receives every text unchanged. No agent
    interprets a text: no file is read and no command is run because a text names it.
    """

    resumes: bool = False
    forks: bool = False
    forks_at: bool = False
    same_folder: bool = False
    steers: bool = False
    attaches: bool = False
    native_schema: bool = False
    reports_cost: bool = False
    changes_prompts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Checkup:
    """The state of what an agent needs on this machine, a program or a package, found out without
    spending anything.

    `install` is the command that installs it, `sign_in` describes how to sign in. `tested` is the
    oldest and the newest version that its adapter was tested with; `"2"` as the newest means all of
    2.x. `path` is None if it was not found, `signed_in` is None if that is not known; `account`
    names the kind of credentials and never contains a secret. `problem` is any other problem, as
    the rest of a sentence that starts with the name, and `fix` is what to do about it, if known.
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
        """Whether the program was found and starts."""
        return self.path is not None and not self.problem


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """One kind of agent, declared by its distribution in the entry-point group `smithers.agents`.

    `classes` are where authors import it from, such as "package:ClassName". `variables` are those
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
    """The command that opens a session of an agent for a person, in a terminal. `env` is its whole
    environment, except for variables that describe the terminal itself, such as TERM.
    """

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path


@dataclass(frozen=True)
class Spawned:
    """A process was started for this request; the next owner of the run kills it first.

    `started` is its start time as the host counts (on Linux the 22nd field of /proc/PID/stat), if
    the adapter knows it: the process may have ended since. `cgroup` is the folder of the control
    group that contains the process and all its descendants, if it has its own; its name is
    `smithers-`, 24 hexadecimal digits of the SHA-256 of the SMITHERS_ATTEMPT of `Ask.marks`, and a
    number.
    """

    pid: int
    started: str | None = None
    cgroup: str | None = None


@dataclass(frozen=True)
class Started:
    """The session id, sent as soon as it is known; a later attempt resumes it.

    The engine makes it durable before it takes the next event. A second `Started` in the same
    request means that the requested session was unknown and that a new one was started.
    """

    session: str


@dataclass(frozen=True)
class Steered:
    """The oldest message of `Ask.messages` that was not delivered yet is now part of the session.

    An agent that steers takes each message when it can, and yields this event when its program has
    accepted it. A message that it took without this event is sent to the next attempt. A message
    that is there when the agent has finished its turn starts a further turn, whose answer counts.
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

    `tokens_in` counts all input, including cached input; `tokens_cached` is the cached part of it.
    `cost` and `model` are None if the program does not report them.
    """

    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    cost: Decimal | None = None
    model: str | None = None


@dataclass(frozen=True)
class Dropped:
    """The program wrote a line of this size, which is too long to be read; it was left out."""

    size_bytes: int


@dataclass(frozen=True)
class Answered:
    """The end of a successful request. `data` is the program's own structured answer, not yet
    validated.

    `turn` is what the program calls the point in its session after this answer, if it can fork
    there (see `Ask.at`). It does not count in comparisons: it says where an answer is, not what.
    """

    text: str
    data: object = None
    turn: str | None = field(default=None, compare=False)


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

    `name` identifies an agent in a list of agents and is stored with every attempt. `run` yields
    events and exactly one `Answered`, which is last; otherwise it raises an `AgentError`. Closing
    the iterator ends the program and all its descendants.

    An agent may also have a property `limit: str`: an id of what its rate limit or quota is shared
    by, such as provider, account, address and model; it never contains a secret. When one agent is
    `Busy`, all agents with the same `limit` cool down, in every run of the store.

    It may also have a property `key: str`: a digest of everything that can change an answer, such
    as program, model, tools, permissions and system prompt (see `digest_options`); it never
    contains a secret. Answers of agents with the same `key` are cached together; without it, the
    name counts.

    It may also have a property `permissions: str`: what its program may do without asking anybody,
    as words for a person who decides whether it may start. It is shown beside an approval.

    It may also have a method `versions() -> Mapping[str, str]`: the versions of the program or the
    packages that it runs, as far as they can be told without starting anything. They are stored
    with each process that drives a run.

    It may also have a method `find_obstacle(schema) -> str | None`: why its options can never give
    an answer of that JSON Schema (None: a text), such as an option that is too long for a command
    line. It is called before anything in the run costs money.
    """

    @property
    def name(self) -> str: ...

    @property
    def can(self) -> Capabilities: ...

    def run(self, ask: Ask) -> AsyncIterator[Event]: ...


class Attaching(Agent, Protocol):
    """An agent with `can.attaches`: a person may also work in its sessions."""

    def terminal(self, session: str, cwd: Path, marks: Mapping[str, str]) -> Terminal:
        """The command that opens the session for a person, with the permissions that the author
        gave the agent. `marks` must be in its environment. Raises what `run` raises if the program
        cannot be started.
        """
        ...


def limit_of(agent: Agent) -> str:
    """What the agent's limits are shared by: its `limit`, or its name if it has none."""
    limit: object = getattr(agent, "limit", None)
    if not (isinstance(limit, str) and limit):
        return agent.name
    return limit if limit.isascii() else limit.encode("utf-8", "replace").decode()


def obstacle_of(agent: Agent, schema: Mapping[str, object] | None) -> str | None:
    """Why the agent can never give an answer of this schema, if it can tell."""
    find: Callable[[Mapping[str, object] | None], str | None] | None
    find = getattr(agent, "find_obstacle", None)
    return None if find is None else find(schema)


def versions_of(agent: Agent) -> Mapping[str, str]:
    """The versions of what the agent runs, if it can tell them."""
    find: Callable[[], Mapping[str, str]] | None = getattr(agent, "versions", None)
    return {} if find is None else find()


def key_of(agent: Agent) -> str:
    """What tells the agent's answers from those of others: its `key`, or else its name."""
    key: object = getattr(agent, "key", None)
    return key if isinstance(key, str) and key else agent.name


def made_answer(schema: Mapping[str, object], number: int = 0) -> object:
    """A value that fits a JSON Schema, for agents that have no model to ask. It is the same each
    time; the next `number` gives other booleans, numbers and choices.

    >>> made_answer({"type": "integer", "minimum": 1, "maximum": 5})
    1
    """
    from smithers.examples import made_of

    return made_of(schema, number)


def digest_options(kind: str, options: Mapping[str, object]) -> str:
    """A digest of the options that an agent was made with, for its `key`: `locals()` at the
    beginning of its `__init__` will do. What is named like a secret is left out, and so is where
    sessions are kept and recorded.

    >>> digest_options("a", {"model": "m", "api_key": "x"}) == digest_options("a", {"model": "m"})
    True
    """
    left_out = ("self", "replay", "record", "sessions", "price")
    kept = {
        name: _plain(value)
        for name, value in options.items()
        if name not in left_out and not name.startswith("_") and not is_secret_name(name)
    }
    text = json.dumps([kind, kept], sort_keys=True, ensure_ascii=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    """An option as JSON data that is the same in every process."""
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return {str(key): _plain(one) for key, one in items if not is_secret_name(str(key))}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(one) for one in cast("Sequence[object]", value)]
    code = getattr(value, "__code__", None)
    if code is not None:
        name = f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', '')}"
        constants = [one for one in code.co_consts if isinstance(one, str | int | float)]
        return [name, code.co_code.hex(), [*code.co_names], constants]
    if value is None or isinstance(value, str | int | float):
        return value
    fields = getattr(value, "__dict__", None)
    if fields:
        return [type(value).__qualname__, _plain(fields)]
    return str(value)
