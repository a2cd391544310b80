"""Whether an installed program still speaks as the one that its adapter was made with.

The shapes of our recordings ship with the package, in `shapes/`. They are compared with the shape
of what the installed program says to a small model of ours, or of recordings that somebody made.
"""

from __future__ import annotations

import ast
import asyncio
import json
import os
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harnesses._json import list_of, object_of
from harnesses._shape import Case, Drift, Shape, drift, shape_of
from harnesses._small_model import Call, Refused, SmallModel, Step, Text
from harnesses.antigravity import Antigravity
from harnesses.claude_code import ClaudeCode
from harnesses.codex import Codex
from harnesses.gemini import Gemini
from harnesses.pi import Pi
from harnesses.process._shelf import recordings_in
from harnesses.recording import Recording, read_sessions
from smithers.agent import Agent, Ask
from smithers.errors import AgentError, NotInstalled

__all__ = [
    "SHAPES",
    "Drifted",
    "comparable",
    "drift_of",
    "kept_shape",
    "names_read",
    "shape_text",
    "told_by",
]

SHAPES = Path(__file__).with_name("shapes")
_KEY = "scripted-model-key"
_WITHIN_S = 120.0
_PYTHON = "ANTIGRAVITY_PYTHON"
"""The variable that names the Python which has Antigravity's SDK, where that is not ours."""
_PASSED = ("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", _PYTHON)
Sessions = Iterator[tuple[str, Recording]]


@dataclass(frozen=True, kw_only=True)
class Drifted:
    """How the shape of a program `now` differs from that of our recordings."""

    program: str
    recorded_with: str | None
    version: str | None
    cases: tuple[str, ...]
    drift: Drift


@dataclass(frozen=True)
class _Place:
    """Where a program speaks to the model at `url`; with home and settings of its own."""

    url: str
    home: Path

    @property
    def env(self) -> Mapping[str, str]:
        return {"HOME": str(self.home), "SCRIPTED_KEY": _KEY}


@dataclass(frozen=True, kw_only=True)
class _Program:
    """An adapter as our recordings were made with it, and its call of a shell."""

    agent: Callable[[_Place, Path], Agent]
    shell: Call


def _claude(place: _Place, record: Path) -> Agent:
    told = {"ANTHROPIC_BASE_URL": place.url, "ANTHROPIC_API_KEY": _KEY}
    return ClaudeCode(config_dir=place.home / "config", env={**place.env, **told}, record=record)


def _codex(place: _Place, record: Path) -> Agent:
    home = place.home / "config"
    home.mkdir()
    to: dict[str, Any] = {"base_url": f"{place.url}/v1", "api_key_env": "SCRIPTED_KEY"}
    return Codex("scripted", home=home, env=place.env, record=record, **to)


def _pi(place: _Place, record: Path) -> Agent:
    tools = ("read", "grep", "find", "ls", "bash", "edit", "write")
    to: dict[str, Any] = {"base_url": place.url, "api_key_env": "SCRIPTED_KEY", "tools": tools}
    prices = {"input": 3, "output": 15, "cacheRead": 0.3, "cacheWrite": 3.75}
    to |= {"api": "anthropic-messages", "model_entry": {"cost": prices}}
    return Pi("scripted", home=place.home / "config", env=place.env, record=record, **to)


def _gemini(place: _Place, record: Path) -> Agent:
    to: dict[str, Any] = {"base_url": place.url, "api_key_env": "SCRIPTED_KEY"}
    to |= {"home": place.home / "config", "approval_mode": "yolo"}
    return Gemini("scripted", env=place.env, record=record, **to)


def _antigravity(place: _Place, record: Path) -> Agent:
    to: dict[str, Any] = {"base_url": place.url, "api_key_env": "SCRIPTED_KEY"}
    to |= {"home": place.home / "config", "tools": ("view_file", "run_command")}
    to["python"] = os.environ.get(_PYTHON)
    return Antigravity("scripted", env=place.env, record=record, **to)


_PROGRAMS: Mapping[str, _Program] = {
    "antigravity": _Program(
        agent=_antigravity,
        shell=Call(
            "run_command",
            {"CommandLine": "echo hello", "Cwd": ".", "WaitMsBeforeAsync": 60_000},
        ),
    ),
    "claude-code": _Program(
        agent=_claude, shell=Call("Bash", {"command": "echo hello", "description": "Say hello"})
    ),
    "codex": _Program(agent=_codex, shell=Call("exec_command", {"cmd": "echo hello"})),
    "gemini": _Program(agent=_gemini, shell=Call("run_shell_command", {"command": "echo hello"})),
    "pi": _Program(agent=_pi, shell=Call("bash", {"command": "echo hello"})),
}
"""One line a program."""


def comparable() -> tuple[str, ...]:
    """The names of the programs that are compared."""
    return tuple(_PROGRAMS)


def drift_of(name: str, against: Path | None = None) -> Drifted:
    """Compares a program with our recordings: the installed one, or the recordings in `against`.

    Raises AgentError where the program cannot be started, NotInstalled where it is missing, and
    KeyError for an unknown name. Neither an account nor a network is needed.
    """
    program, was = _PROGRAMS[name], kept_shape(name)
    if against is not None:
        now = shape_of(told_by(name, against))
    else:
        with tempfile.TemporaryDirectory(prefix="smithers-") as folder, _nobody():
            now = asyncio.run(_spoken(name, program, Path(folder).resolve()))
    return Drifted(
        program=name,
        recorded_with=was.version,
        version=now.version,
        cases=tuple(now.cases),
        drift=drift(was, now, names_read(name)),
    )


def names_read(name: str) -> frozenset[str]:
    """The texts in the code of an adapter, among which are all keys and events that it reads."""
    word = name.partition("-")[0]
    files = (path for path in Path(__file__).parent.glob("*.py") if word in path.stem.split("_"))
    nodes = (node for path in files for node in ast.walk(ast.parse(path.read_bytes())))
    texts = (node.value for node in nodes if isinstance(node, ast.Constant))
    return frozenset(text for text in texts if isinstance(text, str))


def told_by(name: str, folder: Path) -> Sessions:
    """The recorded sessions of a program below a folder, each by the name of its file."""
    for path, header in recordings_in(folder):
        if header.program == name:
            for session in read_sessions(path):
                yield path.stem, session


async def _spoken(name: str, program: _Program, folder: Path) -> Shape:
    """Has the installed program say what it says in three cases of ours."""
    cases: dict[str, Sequence[Step]] = {
        "text": [Text("Hello there.")],
        "tool-ok": [program.shell, Text("Said hello.")],
        "401": [Refused()],
    }
    found: list[tuple[str, Recording]] = []
    for case, steps in cases.items():
        home, cwd, made = (folder / case / each for each in ("home", "project", "made"))
        home.mkdir(parents=True)
        cwd.mkdir()
        with SmallModel(steps) as model:
            agent = program.agent(_Place(model.url, home), made)
            failed = await _asked(agent, Ask(prompt=f"Case {case}.", cwd=cwd, timeout_s=_WITHIN_S))
        told = [(case, session) for _, session in told_by(name, made)]
        if isinstance(failed, NotInstalled) or (failed is not None and not told):
            raise failed
        found += told
    return shape_of(found)


async def _asked(agent: Agent, ask: Ask) -> AgentError | None:
    """A failure is an answer too, if the program said it: that is what counts."""
    try:
        async for _ in agent.run(ask):
            continue
    except AgentError as error:
        return error
    return None


@contextmanager
def _nobody() -> Generator[None]:
    """No key, no login and no settings of the user: what is seen is the program alone."""
    kept = dict(os.environ)
    for variable in kept.keys() - set(_PASSED):
        del os.environ[variable]
    try:
        yield
    finally:
        os.environ.update(kept)


def kept_shape(name: str) -> Shape:
    """The shape of our recordings of a program."""
    found = object_of(json.loads((SHAPES / f"{name}.json").read_text(encoding="utf-8")))
    cases = {
        case: Case(events=tuple(list_of(told["events"])), ends=told["ends"])
        for case, told in object_of(found["cases"]).items()
    }
    return Shape(version=found["version"], objects=object_of(found["objects"]), cases=cases)


def shape_text(shape: Shape) -> str:
    """A shape as it is kept: one line a case and an object, so that it diffs."""
    told = asdict(shape)
    lines = [f'"version": {json.dumps(told["version"])}']
    for part in ("cases", "objects"):
        inner = (f"  {json.dumps(key)}: {json.dumps(one)}" for key, one in told[part].items())
        lines.append(f'"{part}": {{\n' + ",\n".join(inner) + "\n}")
    return "{\n" + ",\n".join(lines) + "\n}\n"
