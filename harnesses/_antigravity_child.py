"""One request to Antigravity's SDK, in a process of its own. Standard library, and the SDK.

    python _antigravity_child.py SETTINGS < WORDS
    python _antigravity_child.py --version

The SDK is a library, so this is the program that an adapter can start, watch and end. SETTINGS is a
JSON object: model, protocol ("gemini" or "openai-chat"), base_url, tools, max_model_calls, cwd,
sessions (a folder), data (a folder). WORDS is a JSON object as well, of what may be long or secret:
prompt, session, resumes, system_instructions, mcp_servers, schema. The key is in GEMINI_API_KEY.
Neither it nor what is set for this process alone is seen by anything that the SDK starts.

On stdout each line is an object with an `event`:

    starting     sdk: its version. Before the SDK is imported, which takes seconds
    started      conversation_id
    step         as the SDK tells it: id, step_index, depth, type, source, target, status,
                 content_delta, thinking_delta, tool_calls, error, http_code, is_complete_response,
                 structured_output …; content and thinking once it is no longer ACTIVE
    final        status: "completed", "failed" or "cancelled"; stop_reason, text, structured, usage
                 (of this turn), conversation_id, error {type, message}

`final` is the last, and the code is then 0, 1 or 130. SIGTERM and SIGINT cancel the request.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from importlib import import_module, metadata
from typing import Any, TextIO

PACKAGE = "google-antigravity"
KEY = "GEMINI_API_KEY"
OWN_SETTINGS = {"PYTHONSAFEPATH": "1", "PYTHONUTF8": "1"}
"""Without the first, modules beside this one would stand in the way of others of their names."""
CODES = {"completed": 0, "failed": 1, "cancelled": 130}
_AMID_A_STEP = ("content", "thinking")
"""What grows while a step goes on: its deltas are told instead."""

INVALID_AT_MOST = 3
"""How many outputs in a row may be none. The SDK would ask without end where they are empty."""

Object = dict[str, Any]


class InvalidOutput(Exception):
    """The model gave nothing that can be used, again and again."""


class Teller:
    """Writes events; what else would be printed goes to stderr."""

    def __init__(self) -> None:
        self._out: TextIO = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
        os.dup2(2, 1)

    def tell(self, event: str, **more: Any) -> None:
        said = json.dumps({"event": event, **more}, default=str)
        self._out.write(said + "\n")
        self._out.flush()


def part(name: str = "") -> Any:
    """A module of the SDK, or all of it; no checker of types need have it installed."""
    return import_module(f"google.antigravity.{name}" if name else "google.antigravity")


def config_of(asked: Object, key: str | None) -> Any:
    """The SDK's configuration: what is not allowed by name is denied, and retries are off."""
    sdk, types = part(), part("types")
    limit = asked.get("max_model_calls")
    scope = types.BudgetScope.FORWARD_LOOKING
    options: Object = {
        "capabilities": capabilities_of(asked),
        "policies": policies_of(asked),
        "workspaces": [asked["cwd"]],
        "conversation_id": asked["session"],
        "session_continuation_mode": "resume" if asked.get("resumes") else "create_only",
        "save_dir": asked["sessions"],
        "app_data_dir": asked["data"],
        "system_instructions": asked.get("system_instructions"),
        "response_schema": asked.get("schema"),
        "mcp_servers": servers_of(asked),
        "retry_config": types.RetryConfig(
            api_retry=types.ModelAPIRetryConfig(max_retries=0),
            model_output_retry=types.ModelOutputRetryConfig(max_retries=INVALID_AT_MOST - 1),
        ),
        "budget_config": types.BudgetConfig(max_model_calls=limit, scope=scope) if limit else None,
    }
    if asked.get("protocol") == "openai-chat":
        return sdk.LocalOpenAIAgentConfig(
            model=asked.get("model"), base_url=asked.get("base_url"), **options
        )
    endpoint = types.GeminiAPIEndpoint(base_url=asked.get("base_url"), api_key=key)
    name = asked.get("model") or part("models").DEFAULT_MODEL
    model = types.ModelTarget(name=name, endpoint=endpoint)
    return sdk.LocalAgentConfig(model=model, api_key=key, **options)


def capabilities_of(asked: Object) -> Any:
    types = part("types")
    wanted = [*asked["tools"], *(["finish"] if asked.get("schema") else [])]
    tools = [types.BuiltinTools(name) for name in dict.fromkeys(wanted)]
    return types.CapabilitiesConfig(enabled_tools=tools)


def policies_of(asked: Object) -> list[Any]:
    """Tools that are named, servers that are given, and nothing else."""
    policy = part("policy")
    also = ("finish", *(("manage_task",) if "run_command" in asked["tools"] else ()))
    allowed = [policy.allow(name) for name in (*asked["tools"], *also)]
    served = [each for one in servers_of(asked) for each in policy.allow(one)]
    return [policy.deny_all(), *allowed, *served]


def servers_of(asked: Object) -> list[Any]:
    types = part("types")
    kinds = (types.McpStreamableHttpServer, types.McpStdioServer)
    told: Object = asked.get("mcp_servers") or {}
    return [kinds["command" in each](name=name, **each) for name, each in told.items()]


def step_of(step: Any) -> Object:
    said: Object = step.model_dump(mode="json", exclude={"usage_metadata"}, warnings=False)
    if said.get("status") == "ACTIVE":
        said = {name: value for name, value in said.items() if name not in _AMID_A_STEP}
    return {name: value for name, value in said.items() if value not in ("", None, [])}


async def answer(asked: Object, key: str | None, teller: Teller, final: Object) -> None:
    async with part().Agent(config_of(asked, key)) as agent:
        conversation = agent.conversation
        teller.tell("started", conversation_id=conversation.conversation_id or asked["session"])
        await conversation.send(asked["prompt"])
        try:
            invalid: set[str] = set()
            async for step in conversation.receive_steps():
                said = step_of(step)
                teller.tell("step", **said)
                if said.get("source") == "MODEL":
                    invalid.clear()
                elif said.get("status") == "ERROR":
                    invalid.add(step.id)
                if len(invalid) >= INVALID_AT_MOST:
                    raise InvalidOutput(step.error)
        finally:
            usage = conversation.last_turn_usage
            stopped = getattr(conversation, "_last_turn_stop_reason", None)
            final["usage"] = usage.model_dump(mode="json", exclude_none=True) if usage else None
            final["stop_reason"] = getattr(stopped, "value", stopped)
            final["conversation_id"] = conversation.conversation_id
        final["text"] = conversation.last_response
        final["structured"] = conversation.get_last_structured_output()


async def carried_out(asked: Object, key: str | None, teller: Teller, final: Object) -> None:
    task = asyncio.ensure_future(answer(asked, key, teller, final))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await task
        final["status"] = "completed"
    except asyncio.CancelledError:
        final["status"] = "cancelled"
    except Exception as error:
        final["error"] = {"type": type(error).__name__, "message": str(error)}


def end_at_once(number: int, frame: object) -> None:
    """While the SDK is imported nothing was begun that would have to be ended."""
    os._exit(CODES["cancelled"])


def main() -> int:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end_at_once)
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(metadata.version(PACKAGE) + "\n")
        return 0
    logging.disable()  # what goes wrong is told by the steps and the last word
    teller = Teller()
    final: Object = {"status": "failed"}
    asked: Object = json.loads(sys.argv[1]) | json.load(sys.stdin)
    key = os.environ.pop(KEY, None)
    for name in OWN_SETTINGS:
        os.environ.pop(name, None)
    try:
        teller.tell("starting", sdk=metadata.version(PACKAGE))
        asyncio.run(carried_out(asked, key, teller, final))
    except (metadata.PackageNotFoundError, ImportError) as error:
        final["error"] = {"type": "NotInstalled", "message": str(error)}
    teller.tell("final", **final)
    return CODES[str(final["status"])]


if __name__ == "__main__":
    sys.exit(main())
