"""The cases of Gemini CLI: one for each way in which a request can go."""

from __future__ import annotations

from typing import Any

from harnesses import Gemini
from recordings.google_cases import NUMBER, REFUSED, cut_off, hanging, repaired, resumed
from recordings.playing import Case, Place, fork_cases
from tests.scripted_model import Step, Text, ToolCall

__all__ = ["cases", "gemini"]

ALL_TOOLS = {"approval_mode": "yolo"}


def gemini(case: Case, place: Place, url: str) -> Gemini:
    """The real program, with the scripted model as its provider."""
    env = {"HOME": str(place.home), "SCRIPTED_KEY": "scripted-model-key"}
    to: dict[str, Any] = {"base_url": url, "api_key_env": "SCRIPTED_KEY"}
    return Gemini("scripted", env=env, home=place.config, **to | dict(case.options))


def shell(command: str) -> ToolCall:
    return ToolCall("run_shell_command", {"command": command})


WAIT = shell("tail -n +1 -f README.md")
REFUSED_HERE: dict[str, Step] = {
    **REFUSED,
    "recitation": Text("", stop="RECITATION"),
    "output-limit": Text("", stop="max_tokens"),
    "output-limit-unseen": Text("and so on", stop="max_tokens"),
    "malformed": Text("", stop="MALFORMED_FUNCTION_CALL"),
    "loop": ToolCall("list_directory", {"dir_path": "."}),
}


def cases() -> list[Case]:
    refused = [Case(name=name, script=[step]) for name, step in REFUSED_HERE.items()]
    return [
        Case(name="text", script=[Text("Hello there.", pieces=3)]),
        *(
            *refused,
            *_structured(),
            *_others(),
            *resumed(),
            *fork_cases(),
            *cut_off(WAIT, ALL_TOOLS),
        ),
    ]


def _structured() -> list[Case]:
    fenced = 'I first thought of {"n": 6}. It is:\n\n```json\n{"n": 7}\n```\n\nSee [1].'
    return [
        Case(name="structured-ok", script=[Text('{"n": 7}')], schema=NUMBER),
        Case(name="structured-fenced", script=[Text(fenced)], schema=NUMBER),
        Case(name="structured-missing", script=[Text("Seven.")], schema=NUMBER),
        repaired(Text('{"n": "x"}'), Text('{"n": 7}')),
    ]


def _others() -> list[Case]:
    look = ToolCall("read_file", {"file_path": "nowhere.txt"}, text="I will look.")
    write = ToolCall("write_file", {"file_path": "note.txt", "content": "A note.\n"})
    said = shell("echo hello [$GEMINI_API_KEY]; exit 3")
    return [
        Case(name="tool-ok", script=[said, Text("Said hello.")], options=ALL_TOOLS),
        Case(name="tool-failing", script=[look, Text("It is not there.")]),
        Case(
            name="tool-writing",
            script=[write, Text("Written.")],
            options={"approval_mode": "auto_edit"},
        ),
        Case(name="denied-tool", script=[write, Text("It was not allowed.")]),
        Case(name="long-line", script=[Text("Hello.")], prompt="0123456789 " * 10_000),
        Case(name="max-turns", script=[shell("ls"), Text("Hi")], options={"max_turns": 1}),
        Case(name="bad-flag", script=[], options={"arguments": ["--nonsense"]}),
        Case(name="connection-refused", script=[], url="http://127.0.0.1:9"),
        *hanging(),
    ]
