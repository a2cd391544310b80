"""The same five calls as a Dynamic Workflow of the real Claude Code, on the scripted model server.

The model is a script: it starts the workflow that it is told, and answers each call of an agent. So
what is counted is what Claude Code asks for, and nothing is paid.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.scripted_model import Hang, Script, ScriptedModel, Step, Text, ToolCall
from tests.scripted_model.anthropic import user_texts

__all__ = ["WORDS", "Dynamic", "version"]

WORDS = "abcde"
_SCRIPT = """export const meta = { name: "five", description: "five calls" };
const [a, b, c] = await parallel([
  () => agent("CALL-a first"),
  () => agent("CALL-b first"),
  () => agent("CALL-c first"),
]);
const d = await agent(`CALL-d judge ${b}`);
const e = await agent("CALL-e first");
return [a, b, c, d, e];
"""
_WITHIN_S = 60.0
_FLAGS = ("-p", "--output-format", "stream-json", "--verbose", "--dangerously-skip-permissions")


def version(program: str) -> str:
    """What the program says of itself, as `2.1.332 (Claude Code)`."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@dataclass
class Dynamic:
    """A folder with one session of Claude Code, which has begun the workflow."""

    program: str
    folder: Path
    session: str = ""
    launched: dict[str, str] = field(default_factory=dict[str, str])
    """The id of the run, and the file of its script."""

    def begin(self, *, kill_in_d: bool = False) -> list[str]:
        """Run the workflow to its end, or kill it while d is at work; which calls were made."""
        d: Step = Hang() if kill_in_d else Text("answer d")
        return self._run("BEGIN", ToolCall("Workflow", {"script": _SCRIPT}), d, kills=kill_in_d)

    def edit(self, word: str) -> None:
        """Change the prompt of a call."""
        file = Path(self.launched["script"])
        text = file.read_text()
        assert f"CALL-{word} first" in text
        file.write_text(text.replace(f"CALL-{word} first", f"CALL-{word} second"))

    def again(self, *, same_session: bool = True) -> list[str]:
        """Resume the run in its own way, from another process; which calls were made."""
        given = {"scriptPath": self.launched["script"], "resumeFromRunId": self.launched["run"]}
        resumed = ("--resume", self.session) if same_session else ()
        return self._run("AGAIN", ToolCall("Workflow", given), Text("answer d"), *resumed)

    def _run(self, key: str, start: Step, d: Step, *flags: str, kills: bool = False) -> list[str]:
        steps: dict[str, list[Step]] = {
            f"CALL-{word}": [d if word == "d" else Text(f"answer {word}")] for word in WORDS
        }
        script: Script = {**steps, key: [start, Text("Started."), Text("Done.")]}
        with ScriptedModel(script) as model:
            child = subprocess.Popen(
                [self.program, *_FLAGS, *flags, "--", f"Use a workflow: {key}"],
                cwd=self.folder,
                env=self._environment(model.url),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )
            try:
                if kills:
                    until = time.monotonic() + _WITHIN_S
                    while "d" not in _calls(model) and time.monotonic() < until:
                        time.sleep(0.05)
                    time.sleep(1.0)  # its journal is written after the answers
                    os.killpg(child.pid, signal.SIGKILL)
                out, _ = child.communicate(timeout=_WITHIN_S)
            finally:
                if child.poll() is None:
                    os.killpg(child.pid, signal.SIGKILL)
                    child.communicate()
            self._read(out)
            return _calls(model)

    def _read(self, out: str) -> None:
        """Which session it was, and which run it has launched."""
        for line in out.splitlines():
            event: dict[str, Any] = json.loads(line)
            self.session = self.session or event.get("session_id", "")
            told: Any = event.get("tool_use_result")
            if isinstance(told, dict) and "runId" in told:
                self.launched = {"run": told["runId"], "script": told["scriptPath"]}

    def _environment(self, url: str) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ANTHROPIC", "CLAUDE", "SMITHERS"))
        }
        return {
            **kept,
            "HOME": str(self.folder),
            "CLAUDE_CONFIG_DIR": str(self.folder / "config"),
            "ANTHROPIC_BASE_URL": url,
            "ANTHROPIC_API_KEY": "scripted-key",
            "CLAUDE_CODE_WORKFLOWS": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "IS_SANDBOX": "1",
        }


def _calls(model: ScriptedModel) -> list[str]:
    """Which calls of agents were made so far."""
    found: list[str] = []
    for request in list(model.requests):
        said = " ".join(user_texts(request.body))
        found += [word for word in WORDS if f"CALL-{word}" in said]
    return found
