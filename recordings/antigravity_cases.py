"""The cases of Antigravity's SDK: one for each way in which a request can go."""

from __future__ import annotations

from typing import Any

from harnesses import Antigravity
from recordings.google_cases import NUMBER, REFUSED, cut_off, hanging, repaired, resumed
from recordings.playing import Case, Place, fork_cases
from tests.scripted_model import Status, Step, Text, ToolCall

__all__ = ["antigravity", "cases"]

COMMANDS = {"tools": ["view_file", "run_command"]}


def antigravity(case: Case, place: Place, url: str) -> Antigravity:
    """The real SDK, with the scripted model as its provider."""
    env = {"HOME": str(place.home), "SCRIPTED_KEY": "scripted-model-key"}
    to: dict[str, Any] = {"base_url": url, "api_key_env": "SCRIPTED_KEY"}
    return Antigravity("scripted", env=env, home=place.config, **to | dict(case.options))


def command(words: str) -> ToolCall:
    """It may run for a minute before the SDK puts it into the background."""
    return ToolCall("run_command", {"CommandLine": words, "Cwd": ".", "WaitMsBeforeAsync": 60_000})


WAIT = command("tail -n +1 -f README.md")
REFUSED_HERE: dict[str, Step] = {
    **REFUSED,
    # It tells of these in words alone.
    "429-with-a-time": Status(429, "RESOURCE_EXHAUSTED", "Please retry in 37.5s."),
    "quota": Status(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota."),
    "output-limit": Text("and so on", stop="max_tokens"),
}


def cases() -> list[Case]:
    refused = [Case(name=name, script=[step]) for name, step in REFUSED_HERE.items()]
    return [
        Case(name="text", script=[Text("Hello there.", pieces=3)]),
        Case(name="thinking", script=[Text("42.", thinking="Six times seven.")]),
        *(*refused, *_structured(), *_others(), *resumed(), *cut_off(WAIT, COMMANDS)),
        *fork_cases(),
    ]


def _structured() -> list[Case]:
    right, wrong = ToolCall("finish", {"n": 7}), ToolCall("finish", {"n": "x"})
    return [
        Case(name="structured-ok", script=[right], schema=NUMBER),
        Case(name="structured-missing", script=[Text("Seven.")], schema=NUMBER),
        Case(name="structured-wrong-then-right", script=[wrong, right], schema=NUMBER),
        repaired(wrong, right),
    ]


def _others() -> list[Case]:
    look = ToolCall("view_file", {"AbsolutePath": "/nowhere.txt"}, text="I will look.")
    write = {"TargetFile": "note.txt", "CodeContent": "A note.\n", "Overwrite": False}
    note = ToolCall("write_to_file", write | {"Description": "A note", "EmptyFile": False})
    said = command("echo hello [$GEMINI_API_KEY$PYTHONSAFEPATH]; exit 3")
    return [
        Case(name="tool-ok", script=[said, Text("Said hello.")], options=COMMANDS),
        Case(name="tool-failing", script=[look, Text("It is not there.")]),
        Case(name="denied-tool", script=[note, Text("It was not allowed.")]),
        Case(name="long-line", script=[Text("Hello.")], prompt="0123456789 " * 10_000),
        Case(
            name="max-turns",
            script=[command("ls"), Text("Hi")],
            options=COMMANDS | {"max_model_calls": 1},
        ),
        Case(name="bad-config", script=[], options={"tools": ["nonsense"]}),
        Case(name="connection-refused", script=[], url="http://127.0.0.1:10"),
        *hanging(),
    ]
