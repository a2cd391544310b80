"""The cases of Gemini CLI: one for each way in which a request can go."""

from __future__ import annotations

from typing import Any

from harnesses import Gemini
from recordings.playing import REPAIR, Case, Place, at_the_tool, fork_cases, kill_at_the_tool
from tests.scripted_model import Cut, Eof, Hang, Status, Step, Text, ToolCall

__all__ = ["cases", "gemini"]

NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
GO_ON = (
    "You were interrupted before you answered. Go on where you stopped, and answer the task:\n\n"
)
ALL_TOOLS = {"approval_mode": "yolo"}
NO_ROOM = "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
DAILY = {
    "details": [
        {
            "@type": "type.googleapis.com/google.rpc.QuotaFailure",
            "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}],
        }
    ]
}
SOON = {"details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37.5s"}]}


def gemini(case: Case, place: Place, url: str) -> Gemini:
    """The real program, with the scripted model as its provider."""
    env = {"HOME": str(place.home), "SCRIPTED_KEY": "scripted-model-key"}
    to: dict[str, Any] = {"base_url": url, "api_key_env": "SCRIPTED_KEY"}
    return Gemini("scripted", env=env, home=place.config, **to | dict(case.options))


def shell(command: str) -> ToolCall:
    return ToolCall("run_shell_command", {"command": command})


WAIT = shell("tail -n +1 -f README.md")
REFUSED: dict[str, Step] = {
    "400": Status(400, "INVALID_ARGUMENT", "Invalid JSON payload received."),
    "401": Status(401, "UNAUTHENTICATED", "Request had invalid authentication credentials."),
    "403": Status(403, "PERMISSION_DENIED", "Permission denied on resource."),
    "bad-key": Status(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."),
    "429": Status(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
    "429-with-a-time": Status(429, "RESOURCE_EXHAUSTED", "Please retry in 37.5s.", more=SOON),
    "quota": Status(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.", more=DAILY),
    "503-overloaded": Status(503, "UNAVAILABLE", "The model is overloaded."),
    "500": Status(500, "INTERNAL", "An internal error has occurred."),
    "504": Status(504, "DEADLINE_EXCEEDED", "Deadline expired."),
    "no-such-model": Status(404, "NOT_FOUND", "models/scripted is not found for version v1beta"),
    "context-overflow": Status(400, "INVALID_ARGUMENT", NO_ROOM),
    "cut": Cut("Half an ans"),
    "cut-before": Cut(),
    "eof": Eof("Half an ans"),
    "refusal": Text("", stop="refusal"),
    "recitation": Text("", stop="RECITATION"),
    "output-limit": Text("", stop="max_tokens"),
    "output-limit-unseen": Text("and so on", stop="max_tokens"),
    "empty": Text(""),
    "malformed": Text("", stop="MALFORMED_FUNCTION_CALL"),
    "loop": ToolCall("list_directory", {"dir_path": "."}),
}


def cases() -> list[Case]:
    refused = [Case(name=name, script=[step]) for name, step in REFUSED.items()]
    return [
        Case(name="text", script=[Text("Hello there.", pieces=3)]),
        *(*refused, *_structured(), *_others(), *_sessions(), *_cut_off()),
    ]


def _structured() -> list[Case]:
    fenced = 'I first thought of {"n": 6}. It is:\n\n```json\n{"n": 7}\n```\n\nSee [1].'
    return [
        Case(name="structured-ok", script=[Text('{"n": 7}')], schema=NUMBER),
        Case(name="structured-fenced", script=[Text(fenced)], schema=NUMBER),
        Case(name="structured-missing", script=[Text("Seven.")], schema=NUMBER),
        Case(
            name="structured-wrong",
            script=[Text('{"n": "x"}')],
            schema=NUMBER,
            then=Case(
                name="structured-repaired", script=[Text('{"n": 7}')], schema=NUMBER, prompt=REPAIR
            ),
        ),
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
        Case(name="hang-before-headers", script=[Hang()], idle_s=15),
        Case(name="hang-in-stream", script=[Hang("Half an ans")], idle_s=15),
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
    ]


def _cut_off() -> list[Case]:
    return [
        Case(
            name=f"{how}-in-tool",
            script=[WAIT],
            options=ALL_TOOLS,
            act=act,
            then=Case(
                name=f"{how}-in-tool-2",
                script=[Text(f"The wait was cut off by {how}.")],
                options=ALL_TOOLS,
                prompt=f"{GO_ON}Case {how}-in-tool.",
            ),
        )
        for how, act in (("sigterm", at_the_tool), ("sigkill", kill_at_the_tool))
    ]
