"""Small helpers: collect events, wait for a condition, look at processes."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import sys
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from importlib import metadata
from pathlib import Path
from typing import Any, cast

import pytest

from harnesses import Antigravity, ClaudeCode, Codex, Gemini, Pi
from harnesses.process import Command, Session, open_session
from smithers.agent import Agent, Ask, Event, Said, Started, ToolCalled
from smithers.errors import AgentError

ROOT = Path(__file__).resolve().parents[2]


def replayed_claude(**options: Any) -> ClaudeCode:
    """Claude Code on its recordings."""
    to: dict[str, Any] = {"replay": ROOT / "recordings" / "claude-code"}
    return ClaudeCode(**to | options)


def replayed_codex(**options: Any) -> Codex:
    """Codex with the options that its recordings were made with."""
    to: dict[str, Any] = {"base_url": "http://127.0.0.1:1/v1", "api_key_env": "SCRIPTED_KEY"}
    to["replay"] = ROOT / "recordings" / "codex"
    return Codex("scripted", **to | options)


def replayed_pi(**options: Any) -> Pi:
    """Pi with the options that its recordings were made with."""
    to: dict[str, Any] = {"base_url": "http://127.0.0.1:1", "api": "anthropic-messages"}
    to |= {"api_key_env": "SCRIPTED_KEY", "replay": ROOT / "recordings" / "pi"}
    to["model_entry"] = {"cost": {"input": 3, "output": 15}}
    return Pi("scripted", **to | options)


def replayed_gemini(**options: Any) -> Gemini:
    """Gemini CLI with the options that its recordings were made with."""
    to: dict[str, Any] = {"replay": ROOT / "recordings" / "gemini"}
    return Gemini("scripted", **to | options)


def replayed_antigravity(**options: Any) -> Antigravity:
    """Antigravity with the options that its recordings were made with."""
    to: dict[str, Any] = {"base_url": "http://127.0.0.1:1"}
    to["replay"] = ROOT / "recordings" / "antigravity"
    return Antigravity("scripted", **to | options)


PACKAGES = {
    "claude": "@anthropic-ai/claude-code",
    "codex": "@openai/codex",
    "gemini": "@google/gemini-cli@0.61.0",
    "pi": "@earendil-works/pi-coding-agent@0.87.1 node@22",
    "mcp-inspector": "@modelcontextprotocol/inspector",
}


def put_player(program: Path, recording: Path) -> None:
    """Makes a program that plays one recording on its pipes, as `smithers harness replay` does."""
    code = (
        "import sys, pathlib\n"
        "from harnesses import play_recording\n"
        "sys.exit(play_recording(pathlib.Path(sys.argv[1])))"
    )
    words = shlex.join([sys.executable, "-c", code, str(recording)])
    program.write_text(f"#!/bin/sh\ncd {shlex.quote(str(ROOT))}\nexec {words}\n")
    program.chmod(0o755)


def installed(program: str) -> str:
    """Where a real program is; absent, the test skips, unless SMITHERS_LIVE_REQUIRED is set."""
    if (found := shutil.which(program)) is None:
        why = f"{program} is not on PATH (npm install -g {PACKAGES[program]})"
        if os.environ.get("SMITHERS_LIVE_REQUIRED"):
            pytest.fail(why)
        pytest.skip(why)
    return found


def antigravity_python() -> str:
    """A Python that has Antigravity's SDK: ours, or the one that ANTIGRAVITY_PYTHON names."""
    if named := os.environ.get("ANTIGRAVITY_PYTHON"):
        return named
    try:
        metadata.version("google-antigravity")
    except metadata.PackageNotFoundError:
        why = "no Python with google-antigravity (ANTIGRAVITY_PYTHON names one)"
        if os.environ.get("SMITHERS_LIVE_REQUIRED"):
            pytest.fail(why)
        pytest.skip(why)
    return sys.executable


async def events_of(agent: Agent, ask: Ask, within_s: float = 20) -> list[Event]:
    async with asyncio.timeout(within_s):
        return [event async for event in agent.run(ask)]


async def outcome_of(
    agent: Agent, ask: Ask, within_s: float = 20
) -> tuple[list[Event], AgentError | None]:
    """The events of a request, and the error that ended it, if one did."""
    events: list[Event] = []
    try:
        async with asyncio.timeout(within_s):
            async for event in agent.run(ask):
                events.append(event)  # noqa: PERF401 (an error must not lose them)
    except AgentError as error:
        return events, error
    return events, None


async def stopped(agent: Agent, ask: Ask, mark: str) -> str:
    """The session of a request that was closed while `tail` ran, or once half an answer was said.

    Its processes are marked with `mark`.
    """
    session = ""
    async with asyncio.timeout(90), aclosing(cast("AsyncGenerator[Event]", agent.run(ask))) as run:
        async for event in run:
            if isinstance(event, Started):
                session = event.session
            if isinstance(event, Said) and "Half" in event.text:
                break
            if isinstance(event, ToolCalled) and "tail" in str(event.arguments):
                await until(lambda: any("tail" in words for words in marked(mark).values()), 60)
                break
    return session


async def until(holds: Callable[[], bool], within_s: float = 5.0) -> None:
    """Waits for a condition that nothing announces; fails the test when it does not come."""
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, "the condition did not come about in time"
        await asyncio.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not collected yet does not."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return _answers(pid) if not Path("/proc/self").exists() else False
    return fields[0] not in ("Z", "X")


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def marked(mark: str) -> dict[int, str]:
    """Living processes of one attempt and their words, by the mark in their environment."""
    found: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes() and alive(int(folder.name)):
                found[int(folder.name)] = (folder / "cmdline").read_bytes().decode()
        except OSError:
            continue
    return found


def pids_in(folder: Path, number: int) -> list[int]:
    """The pids that a test's processes wrote into files, once all have."""
    found = [path.read_text() for path in folder.glob("*.pid")]
    return [int(text) for text in found] if len(found) == number and all(found) else []


def python(
    code: str, cwd: Path, *, prompt: str = "go", env: Mapping[str, str] | None = None
) -> Command:
    """A Python script in place of an agent's program."""
    return Command(
        program="script",
        executable=sys.executable,
        flags=("-u", "-c", code),
        prompt=prompt,
        cwd=cwd,
        env={"PATH": os.environ["PATH"], **(env or {})},
        session="00000000-0000-4000-8000-000000000001",
        resumes=False,
    )


async def lines_of(
    command: Command, ask: Ask, record: Path | None = None
) -> tuple[list[bytes], Session]:
    async with asyncio.timeout(30), open_session(command, ask, None, record) as session:
        async with aclosing(session.lines()) as lines:
            found = [line async for line in lines]
        await session.close()
    return found, session


def kinds(events: Sequence[Event]) -> list[str]:
    return [type(event).__name__ for event in events]
