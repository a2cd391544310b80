"""The real Claude Code and the real Codex as clients of our server, in a home of a test's own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psutil

from tests.harness.helpers import installed
from tests.mcp_server.serving import Project
from tests.scripted_model import ScriptedModel, ToolCall

__all__ = ["CLAUDE", "CODEX", "PROGRAMS", "Desk", "Program", "id_of", "read"]

_FOREIGN = ("SMITHERS_", "CLAUDE", "ANTHROPIC_", "CODEX_", "OPENAI_")


@dataclass(frozen=True, kw_only=True)
class Program:
    """One of them: its command, its name for `smithers mcp add`, its flags for a model at a URL,
    and how its model names our tools.
    """

    command: str
    client: str
    flags: Callable[[str], list[str]]
    tool: Callable[[str, dict[str, object]], ToolCall]

    def calls(self, name: str, /, **arguments: object) -> ToolCall:
        return self.tool(name, arguments)


def _claude_flags(_: str) -> list[str]:
    shown = ["-p", "--output-format", "stream-json", "--verbose"]
    return [*shown, "--permission-mode", "dontAsk", "--allowedTools", "mcp__smithers"]


def _codex_flags(url: str) -> list[str]:
    provider = f'{{name="lp",base_url="{url}/v1",wire_api="responses",env_key="SCRIPTED_KEY"}}'
    settings = [
        "model_provider=lp",
        f"model_providers.lp={provider}",
        'mcp_servers.smithers.default_tools_approval_mode="approve"',
        "analytics.enabled=false",
    ]
    quiet = ["--disable", "plugins", "--disable", "apps"]
    named = [word for one in settings for word in ("-c", one)]
    return ["exec", "--json", "--skip-git-repo-check", "-m", "scripted", *named, *quiet]


CLAUDE = Program(
    command="claude",
    client="claude-code",
    flags=_claude_flags,
    tool=lambda name, arguments: ToolCall(f"mcp__smithers__{name}", arguments),
)
CODEX = Program(
    command="codex",
    client="codex",
    flags=_codex_flags,
    tool=lambda name, arguments: ToolCall(name, arguments, namespace="mcp__smithers"),
)
PROGRAMS = (CLAUDE, CODEX)


class Desk:
    """A person's home and project, with the model that the programs there talk to."""

    def __init__(self, project: Project, model: ScriptedModel) -> None:
        self.project = project
        self.model = model
        home = project.folder.parent / "home"
        home.mkdir(exist_ok=True)
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)},
            "HOME": str(home),
            "CLAUDE_CONFIG_DIR": str(home / "claude"),
            "CODEX_HOME": str(home / "codex"),
            "ANTHROPIC_BASE_URL": model.url_of("claude"),
            "ANTHROPIC_API_KEY": "scripted-key",
            "SCRIPTED_KEY": "scripted-key",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "ENABLE_TOOL_SEARCH": "false",
        }

    def smithers(self, *arguments: str, code: int = 0) -> str:
        """What the command prints, typed by the person in the project."""
        return self.python("-m", "smithers", *arguments, code=code)

    def python(self, *arguments: str, code: int = 0) -> str:
        done = self._run([sys.executable, *arguments], within_s=150)
        assert done.returncode == code, done.stderr
        return done.stdout

    def add(self, *programs: Program, scope: str = "--user") -> None:
        for program in programs:
            self.smithers("mcp", "add", "--client", program.client, scope)

    def run(self, program: Program, *more: str) -> str:
        """A whole session of a program; what it printed."""
        done = self._run(self._command(program, *more), within_s=150)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, program: Program) -> subprocess.Popen[bytes]:
        """A program in a session of its own, as in a terminal window."""
        return subprocess.Popen(
            self._command(program),
            cwd=self.project.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def kill(self, window: subprocess.Popen[bytes]) -> list[str]:
        """SIGKILL to everything of that session; the command lines of what was killed."""
        killed: list[str] = []
        for one in psutil.process_iter():
            with suppress(psutil.Error, ProcessLookupError):
                if os.getsid(one.pid) == window.pid:
                    killed.append(" ".join(one.cmdline()))
                    one.send_signal(signal.SIGKILL)
        window.wait(10)
        return killed

    def returned(self, program: Program) -> list[str]:
        """What the tools of a program returned, oldest first, as its model was last told."""
        asked = [one for one in self.model.requests if one.run == program.command and one.step]
        return list(reversed(asked[-1].returned)) if asked else []

    def _command(self, program: Program, *more: str) -> list[str]:
        url = self.model.url_of(program.command)
        return [installed(program.command), *program.flags(url), *more, "--", "Go on."]

    def _run(self, command: Sequence[str], within_s: float) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.project.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
        )


def read(returned: str) -> dict[str, Any]:
    """The JSON of a tool's result; a program may write a line of its own above it."""
    assert "{" in returned, returned
    found: dict[str, Any] = json.loads(returned[returned.index("{") :])
    return found


def id_of(returned: Sequence[str]) -> str:
    """The run that the first of these results, which are newest first, tells of."""
    return str(read(returned[-1])["run_id"])
