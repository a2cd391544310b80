"""A model server on loopback that plays a script, so that real programs run with no key and no net.

    with ScriptedModel([ToolCall("Bash", {"command": "pwd"}), Text("Done.")]) as model:
        ...  # point the program at model.url, then look at model.requests

It speaks Anthropic Messages at `/v1/messages`, OpenAI Responses at `/v1/responses`, OpenAI chat
completions at `/v1/chat/completions` and Gemini at `/v1beta/models/`, all from one script. Names of
tools differ by program, words of errors by provider: both are the script's.

A script is a list of steps, one for each *model* request; the last one repeats. Side requests of
the programs (titles, token counts, probes) get an answer and consume nothing. Where the order of
the requests is not known, the script is a dictionary from a piece of the user's text to steps.
A step may be a function of what the tools returned so far, newest first, where it needs that.
"""

from tests.scripted_model.script import (
    Cut,
    Eof,
    Hang,
    Reply,
    Script,
    Status,
    Step,
    StreamError,
    Text,
    ToolCall,
    script_from_json,
)
from tests.scripted_model.server import Request, ScriptedModel

__all__ = [
    "Cut",
    "Eof",
    "Hang",
    "Reply",
    "Request",
    "Script",
    "ScriptedModel",
    "Status",
    "Step",
    "StreamError",
    "Text",
    "ToolCall",
    "script_from_json",
]
