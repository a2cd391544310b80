"""The cases of Codex: one for each way in which a request can go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harnesses import Codex
from recordings.playing import (
    REPAIR,
    Case,
    Place,
    at_the_tool,
    fork_cases,
    kill_at_the_tool,
    steer_cases,
)
from tests.scripted_model import Cut, Eof, Hang, Status, Step, StreamError, Text, ToolCall

__all__ = ["cases", "codex"]

KEY_NAME = "SCRIPTED_KEY"
NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
LATER = 4_102_444_800
"""The first second of the year 2100."""
GO_ON = (
    "You were interrupted before you answered. Go on where you stopped, and answer the task:\n\n"
)
PATCH = "apply_patch <<'END'\n*** Begin Patch\n*** Add File: note.txt\n+A note.\n*** End Patch\nEND"
WINDOW = {
    "x-codex-primary-used-percent": "100",
    "x-codex-primary-window-minutes": "300",
    "x-codex-primary-reset-at": str(LATER),
}


def codex(case: Case, place: Place, url: str) -> Codex:
    """The real program, with the scripted model as its provider."""
    env = {"HOME": str(place.home), KEY_NAME: "scripted-model-key"}
    to: dict[str, Any] = {"base_url": f"{url}/v1", "api_key_env": KEY_NAME}
    return Codex("scripted", env=env, home=place.config, **to | dict(case.options))


def shell(command: str, **more: str) -> ToolCall:
    return ToolCall("exec_command", {"cmd": command, **more})


WAIT = shell("tail -n +1 -f README.md")
REFUSALS: dict[str, Step] = {
    "400": Status(400, "invalid_request_error", "unknown parameter"),
    "401": Status(401, "invalid_api_key", "incorrect API key provided"),
    "403": Status(403, "permission_denied", "not allowed"),
    "429": Status(429, "rate_limit_exceeded", "slow down", {"retry-after": "40"}),
    "usage-limit": Status(429, "usage_limit_reached", "limit", WINDOW, {"resets_at": LATER}),
    "usage-limit-in-words": Status(429, "usage_limit_reached", "l", more={"resets_at": LATER}),
    "quota": Status(429, "insufficient_quota", "quota exceeded"),
    "rate-limit-in-stream": StreamError("rate_limit_exceeded", "Please try again in 2.5s."),
    "500": Status(500, "server_error", "internal error"),
    "503": Status(503, "unavailable", "service unavailable"),
    "503-overloaded": Status(503, "server_is_overloaded", "overloaded"),
    "overloaded-in-stream": StreamError("server_is_overloaded", "overloaded"),
    "error-in-stream": StreamError("server_error", "something broke"),
    "no-such-model": Status(404, "model_not_found", "The model scripted does not exist"),
    "context-overflow": Status(400, "context_length_exceeded", "too long"),
    "cyber-policy": Status(400, "cyber_policy", "refused"),
    "content-filter": Text("I", stop="refusal"),
    "output-limit": Text("and so on", stop="max_tokens"),
    "cut": Cut("Half an ans"),
    "cut-before": Cut(),
    "eof": Eof("Half an ans"),
}
WRITES = {"sandbox": "workspace-write"}


def cases() -> list[Case]:
    """Those of the app-server, and of `exec` what differs there."""
    text = Case(name="text", script=[Text("Hello there.", pieces=3)])
    tool = Case(name="tool-ok", script=[shell("echo hello; pwd"), Text("Said hello.")])
    structured = Case(name="structured-ok", script=[Text('{"n":7}')], schema=NUMBER)
    unknown = Case(
        name="resume-unknown",
        script=[Text("A new beginning.")],
        session="00000000-0000-4000-8000-000000000000",
    )
    resume = Case(
        name="resume",
        script=[Text("The word is heron.")],
        then=Case(name="resume-2", script=[Text("It was heron.")], prompt="Which word?"),
    )
    refused = [Case(name=name, script=[step]) for name, step in REFUSALS.items()]
    failed = [each for each in refused if each.name in ("401", "429", "500", "usage-limit")]
    both = [text, tool, structured, unknown, resume, *fork_cases(), *failed]
    return [
        *(text, tool, structured, unknown, resume, *fork_cases(), *refused),
        *(*_others(), *_cut_off(), *steer_cases(shell("sleep 2; echo looked"), {})),
        *(_by_exec(each) for each in both),
    ]


def _by_exec(case: Case) -> Case:
    options = {**case.options, "mode": "exec"}
    then = _by_exec(case.then) if case.then is not None else None
    return replace(case, name=f"exec-{case.name}", options=options, then=then)


def _others() -> list[Case]:
    wish = shell("touch x.txt", sandbox_permissions="require_escalated", justification="I would")
    return [
        Case(name="thinking", script=[Text("42.", thinking="Six times seven.")]),
        Case(name="tool-failing", script=[shell("ls nowhere"), Text("It is not there.")]),
        Case(name="tool-writing", script=[shell(PATCH), Text("Written.")], options=WRITES),
        Case(
            name="denied-tool",
            script=[wish, Text("Denied.")],
            options={"approval_policy": "on-request"},
        ),
        Case(name="structured-missing", script=[Text("Seven.")], schema=NUMBER),
        Case(
            name="structured-wrong",
            script=[Text('{"n":"x"}')],
            schema=NUMBER,
            then=Case(
                name="structured-repaired",
                script=[Text('{"n":7}')],
                schema=NUMBER,
                prompt=REPAIR,
            ),
        ),
        Case(name="long-line", script=[Text("0123456789" * 10_000)]),
        Case(name="bad-config", script=[Text("Hi")], options={"config": {"model_verbosity": "x"}}),
        Case(name="connection-refused", script=[], url="http://127.0.0.1:9", idle_s=8),
        Case(name="hang-before-headers", script=[Hang()], idle_s=3),
        Case(name="hang-in-stream", script=[Hang("Half an ans")], idle_s=3),
    ]


def _cut_off() -> list[Case]:
    return [
        Case(
            name=f"{how}-in-tool",
            script=[WAIT],
            act=act,
            then=Case(
                name=f"{how}-in-tool-2",
                script=[Text(f"The wait was {how}.")],
                prompt=f"{GO_ON}Case {how}-in-tool.",
            ),
        )
        for how, act in (("interrupted", at_the_tool), ("killed", kill_at_the_tool))
    ]
