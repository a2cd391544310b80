"""What is recorded of Claude Code: one case for each way in which a request can go."""

from __future__ import annotations

from typing import Any

from harnesses import ClaudeCode
from recordings.playing import (
    REPAIR,
    Case,
    Place,
    at_the_tool,
    fork_cases,
    kill_at_the_tool,
    steer_cases,
)
from tests.scripted_model import Cut, Eof, Hang, Status, Step, Text, ToolCall

__all__ = ["FOLLOWUP", "bash", "cases", "claude"]

NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
KEY = {"ANTHROPIC_API_KEY": "scripted-model-key"}

FOLLOWUP = (
    "You were interrupted before you answered. Go on where you stopped, and answer the task:\n\n"
)
"""What the engine says to a session that was cut off; the task's prompt follows."""


def claude(case: Case, place: Place, url: str) -> ClaudeCode:
    env = {"HOME": str(place.home), "ANTHROPIC_BASE_URL": url, **(KEY if case.key else {})}
    return ClaudeCode(config_dir=place.config, env=env, **case.options)


def bash(command: str, why: str, **more: Any) -> ToolCall:
    return ToolCall("Bash", {"command": command, "description": why}, **more)


ALLOW_BASH = {"allowed_tools": ["Bash"]}
WAIT = bash("tail -n +1 -f README.md", "Read along while it is written")
LOOK = bash("sleep 2; echo looked", "Look around")
QUICK = bash("echo quick", "Be quick")


def cases() -> list[Case]:
    """Answers, failures, and sessions that go on."""
    return [*_answers(), *_failures(), *_sessions()]


def _answers() -> list[Case]:
    right, wrong = ToolCall("StructuredOutput", {"n": 7}), ToolCall("StructuredOutput", {"n": "x"})
    return [
        Case(name="text", script=[Text("Hello there.", pieces=3)]),
        Case(name="thinking", script=[Text("42.", thinking="Six times seven.")]),
        Case(name="tool-ok", script=[bash("echo hello; pwd", "Say hello"), Text("Said hello.")]),
        Case(name="tool-failing", script=[bash("ls nowhere", "Look"), Text("It is not there.")]),
        Case(
            name="tool-writing",
            script=[
                ToolCall("Write", {"file_path": "note.txt", "content": "A note.\n"}),
                Text("Written."),
            ],
            options={"permission_mode": "acceptEdits"},
        ),
        Case(name="structured-ok", script=[right], schema=NUMBER),
        Case(name="structured-missing", script=[Text("Seven.")], schema=NUMBER),
        Case(name="structured-wrong-then-right", script=[wrong, right], schema=NUMBER),
        Case(
            name="structured-wrong",
            script=[wrong],
            schema=NUMBER,
            then=Case(name="structured-repaired", script=[right], schema=NUMBER, prompt=REPAIR),
        ),
    ]


def _failures() -> list[Case]:
    steps: dict[str, Step] = {
        "401": Status(401, "authentication_error", "invalid x-api-key"),
        "403": Status(403, "permission_error", "not allowed"),
        "429": Status(429, "rate_limit_error", "slow down", {"retry-after": "40"}),
        "529-overloaded": Status(529, "overloaded_error", "Overloaded"),
        "500": Status(500, "api_error", "Internal server error"),
        "no-credit": Status(400, "invalid_request_error", "Your credit balance is too low"),
        "no-such-model": Status(404, "not_found_error", "model: nonesuch"),
        "context-overflow": Status(
            400, "invalid_request_error", "prompt is too long: 250000 tokens > 200000 maximum"
        ),
        "refusal": Text("I", stop="refusal"),
        "output-limit": Text("and so on", stop="max_tokens"),
        "cut": Cut("Half an ans"),
        "eof": Eof("Half an ans"),
    }
    return [
        Case(name="bad-schema", script=[Text("Hi")], schema={"type": "nonsense"}),
        *(Case(name=name, script=[step]) for name, step in steps.items()),
        Case(name="no-key", script=[Text("Hi")], key=False),
        Case(name="connection-refused", script=[Text("Hi")], url="http://127.0.0.1:9"),
        Case(name="hang-before-headers", script=[Hang()], idle_s=8),
        Case(name="hang-in-stream", script=[Hang("Half an ans")], idle_s=8),
        Case(name="bad-flag", script=[Text("Hi")], options={"permission_mode": "nonsense"}),
        Case(name="max-turns", script=[QUICK, Text("Hi")], options={"max_turns": 1}),
        Case(name="long-line", script=[Text("0123456789" * 30_000)]),
        Case(
            name="denied-tool",
            script=[ToolCall("Write", {"file_path": "x.txt", "content": "x"}), Text("Denied.")],
        ),
    ]


def _sessions() -> list[Case]:
    return [
        Case(
            name="resume-unknown",
            script=[Text("A new beginning.")],
            session="00000000-0000-4000-8000-000000000000",
        ),
        Case(
            name="resume",
            script=[Text("The word is heron.")],
            then=Case(name="resume-2", script=[Text("It was heron.")], prompt="Which word?"),
        ),
        *fork_cases(),
        *steer_cases(LOOK, ALLOW_BASH),
        Case(
            name="command",
            script=[Text("A path it is.")],
            prompt="/help is what a program understands, but for you it is a text.",
        ),
        Case(
            name="sigterm-in-tool",
            script=[WAIT],
            options=ALLOW_BASH,
            act=at_the_tool,
            then=Case(
                name="sigterm-in-tool-2",
                script=[Text("The wait was cut off.")],
                options=ALLOW_BASH,
                prompt=f"{FOLLOWUP}Case sigterm-in-tool.",
            ),
        ),
        Case(
            name="sigkill-in-tool",
            script=[WAIT],
            options=ALLOW_BASH,
            act=kill_at_the_tool,
            then=Case(
                name="sigkill-in-tool-2",
                script=[Text("The wait was killed.")],
                options=ALLOW_BASH,
                prompt=f"{FOLLOWUP}Case sigkill-in-tool.",
            ),
        ),
    ]
