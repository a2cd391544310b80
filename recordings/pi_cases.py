"""The cases of Pi: one for each way in which a request can go."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace
from typing import Any

from harnesses import Pi
from recordings.playing import Case, Place, at_the_tool, fork_cases, kill_at_the_tool, steer_cases
from smithers.agent import Event, Spawned
from tests.scripted_model import Cut, Eof, Hang, Status, Step, StreamError, Text, ToolCall

__all__ = ["cases", "pi"]

KEY_NAME = "SCRIPTED_KEY"
NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
GO_ON = (
    "You were interrupted before you answered. Go on where you stopped, and answer the task:\n\n"
)
PRICES = {"input": 3, "output": 15, "cacheRead": 0.3, "cacheWrite": 3.75}
ALL_TOOLS = {"tools": ["read", "grep", "find", "ls", "bash", "edit", "write"]}
RESPONSES = {"api": "openai-responses"}


def pi(case: Case, place: Place, url: str) -> Pi:
    """The real program, with the scripted model as its provider; without a key, with none."""
    env = {"HOME": str(place.home), KEY_NAME: "scripted-model-key"}
    if not case.key:
        return Pi("anthropic/scripted", env=env, home=place.config, **case.options)
    api = case.options.get("api", "anthropic-messages")
    to: dict[str, Any] = {
        "base_url": f"{url}/v1" if api.startswith("openai") else url,
        "api": api,
        "api_key_env": KEY_NAME,
        "model_entry": {"cost": PRICES},
    }
    return Pi("scripted", env=env, home=place.config, **to | dict(case.options))


def bash(command: str) -> ToolCall:
    return ToolCall("bash", {"command": command})


WAIT = bash("tail -n +1 -f README.md")
PASSING: dict[str, Step] = {
    "429": Status(429, "rate_limit_error", "slow down", {"retry-after": "40"}),
    "quota": Status(429, "insufficient_quota", "You exceeded your current quota"),
    "usage-limit": Status(400, "invalid_request_error", "You have reached your API usage limits"),
    "529-overloaded": Status(529, "overloaded_error", "Overloaded"),
    "overloaded-in-stream": StreamError("overloaded_error", "Overloaded"),
    "500": Status(500, "api_error", "Internal server error"),
    "503": Status(503, "api_error", "Service unavailable"),
    "cut": Cut("Half an ans"),
    "cut-before": Cut(),
    "eof": Eof("Half an ans"),
}
REFUSALS: dict[str, Step] = {
    "400": Status(400, "invalid_request_error", "unknown parameter"),
    "401": Status(401, "authentication_error", "invalid x-api-key"),
    "403": Status(403, "permission_error", "not allowed"),
    "no-credit": Status(400, "invalid_request_error", "Your credit balance is too low"),
    "no-such-model": Status(404, "not_found_error", "model: scripted"),
    "context-overflow": Status(
        400, "invalid_request_error", "prompt is too long: 250000 tokens > 200000 maximum"
    ),
    "output-limit": Text("and so on", stop="max_tokens"),
    "refusal": Text("I", stop="refusal"),
}
BY_RESPONSES: dict[str, Step] = {
    "401": Status(401, "invalid_api_key", "incorrect API key provided"),
    "429": Status(429, "rate_limit_exceeded", "Please try again in 2.5s."),
    "500": Status(500, "server_error", "internal error"),
    "error-in-stream": StreamError("server_error", "something broke"),
    "rate-limit-in-stream": StreamError("rate_limit_exceeded", "Please try again in 2.5s."),
    "context-overflow": Status(400, "context_length_exceeded", "too long"),
    "output-limit": Text("and so on", stop="max_tokens"),
    "content-filter": Text("I", stop="refusal"),
    "cut": Cut("Half an ans"),
}


def cases() -> list[Case]:
    """Those of Anthropic's protocol, and of OpenAI's what differs there."""
    text = Case(name="text", script=[Text("Hello there.", pieces=3)])
    tool = Case(
        name="tool-ok",
        script=[bash(f"echo hello [${KEY_NAME}]"), Text("Said hello.")],
        options=ALL_TOOLS,
    )
    thinking = Case(name="thinking", script=[Text("42.", thinking="Six times seven.")])
    failed = [Case(name=name, script=[step]) for name, step in (PASSING | REFUSALS).items()]
    theirs = [Case(name=name, script=[step]) for name, step in BY_RESPONSES.items()]
    return [
        *(text, tool, thinking, *failed, *_structured(), *_others(), *_sessions(), *_cut_off()),
        *(_by_responses(each) for each in (text, tool, thinking, *theirs)),
    ]


def _by_responses(case: Case) -> Case:
    return replace(case, name=f"openai-{case.name}", options={**case.options, **RESPONSES})


def _structured() -> list[Case]:
    fenced = 'I first thought of {"n": 6}. It is:\n\n```json\n{"n": 7}\n```\n\nSee [1].'
    repair = 'Your answer does not fit: n: "x" is not of type "integer". Answer again.'
    return [
        Case(name="structured-ok", script=[Text('{"n": 7}')], schema=NUMBER),
        Case(name="structured-fenced", script=[Text(fenced)], schema=NUMBER),
        Case(name="structured-in-words", script=[Text('I say {"n": 7}.')], schema=NUMBER),
        Case(name="structured-missing", script=[Text("Seven.")], schema=NUMBER),
        Case(
            name="structured-wrong",
            script=[Text('{"n": "x"}')],
            schema=NUMBER,
            then=Case(
                name="structured-repaired",
                script=[Text('{"n": 7}')],
                schema=NUMBER,
                prompt=repair,
            ),
        ),
    ]


def _others() -> list[Case]:
    look = ToolCall("read", {"path": "nowhere.txt"})
    write = ToolCall("write", {"path": "note.txt", "content": "A note.\n"})
    return [
        Case(name="tool-failing", script=[look, Text("It is not there.")]),
        Case(name="tool-writing", script=[write, Text("Written.")], options=ALL_TOOLS),
        Case(name="denied-tool", script=[write, Text("It was not allowed.")]),
        Case(name="at-sign", script=[Text("Read.")], prompt="@README.md is what I mean."),
        Case(name="long-line", script=[Text("0123456789" * 10_000)]),
        Case(name="no-key", script=[], key=False),
        Case(name="bad-flag", script=[], options={"arguments": ["--nonsense"]}),
        Case(name="connection-refused", script=[], url="http://127.0.0.1:9"),
        Case(name="hang-before-headers", script=[Hang()], idle_s=5),
        Case(name="hang-in-stream", script=[Hang("Half an ans")], idle_s=5),
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
        *steer_cases(bash("sleep 1; echo looked"), ALL_TOOLS),
        Case(
            name="steered-twice",
            script=[Text("One."), Text("Two."), Text("Three.")],
            messages=["Count on.", "And on."],
        ),
    ]


async def _kill_at_the_first_call(event: Event, pids: list[int]) -> bool:
    """Kills the program while the model answers for the first time, before it has a session."""
    if isinstance(event, Spawned) and len(pids) == 2:
        await asyncio.sleep(5)
        os.kill(pids[1], signal.SIGKILL)
    return False


def _cut_off() -> list[Case]:
    def followed(name: str, said: str) -> Case:
        return Case(
            name=f"{name}-2", script=[Text(said)], options=options, prompt=f"{GO_ON}Case {name}."
        )

    options = ALL_TOOLS
    return [
        Case(
            name="interrupted-in-tool",
            script=[WAIT],
            options=options,
            act=at_the_tool,
            then=followed("interrupted-in-tool", "The wait was cut off."),
        ),
        Case(
            name="sigkill-in-tool",
            script=[WAIT],
            options=options,
            act=kill_at_the_tool,
            then=followed("sigkill-in-tool", "The wait was killed."),
        ),
        Case(
            name="sigkill-in-first-call",
            script=[Hang("Half an ans")],
            options=options,
            act=_kill_at_the_first_call,
            then=followed("sigkill-in-first-call", "From the beginning."),
        ),
    ]
