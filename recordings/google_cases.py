"""What the cases of Google's two programs share: refusals, sessions, and being cut off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recordings.playing import REPAIR, Case, at_the_tool, kill_at_the_tool
from tests.scripted_model import Cut, Eof, Hang, Status, Step, Text, ToolCall

__all__ = ["DAILY", "NUMBER", "REFUSED", "cut_off", "hanging", "repaired", "resumed"]

NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
GO_ON = (
    "You were interrupted before you answered. Go on where you stopped, and answer the task:\n\n"
)
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
REFUSED: Mapping[str, Step] = {
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
    "empty": Text(""),
}


def repaired(wrong: Step, right: Step) -> Case:
    """An answer that does not fit, and the one after that was told."""
    then = Case(name="structured-repaired", script=[right], schema=NUMBER, prompt=REPAIR)
    return Case(name="structured-wrong", script=[wrong], schema=NUMBER, then=then)


def hanging() -> list[Case]:
    return [
        Case(name="hang-before-headers", script=[Hang()], idle_s=15),
        Case(name="hang-in-stream", script=[Hang("Half an ans")], idle_s=15),
    ]


def resumed() -> list[Case]:
    """A session that is gone on with, and one that the program does not know."""
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
    ]


def cut_off(wait: ToolCall, options: Mapping[str, Any]) -> list[Case]:
    """Ended by us and by the kernel while a tool runs, and gone on with."""
    return [
        Case(
            name=f"{how}-in-tool",
            script=[wait],
            options=options,
            act=act,
            then=Case(
                name=f"{how}-in-tool-2",
                script=[Text(f"The wait was cut off by {how}.")],
                options=options,
                prompt=f"{GO_ON}Case {how}-in-tool.",
            ),
        )
        for how, act in (("sigterm", at_the_tool), ("sigkill", kill_at_the_tool))
    ]
