"""Claude Code (`claude -p`) as an agent: one process a request, its session resumed by id.

The verdict comes from the terminal `result` event alone: the exit code says too little, and
`subtype` says "success" on API errors. The program's own retries are off: the engine's are durable.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from harnesses._claude_verdict import UnknownSession, verdict
from harnesses._json import list_of, object_in, object_of
from harnesses._limits import limit_text
from harnesses.process import Command, Replay, built_environment, open_session
from smithers.agent import (
    Ask,
    Capabilities,
    Event,
    Said,
    Spawned,
    Started,
    Thought,
    ToolCalled,
    ToolReturned,
    Used,
)
from smithers.errors import NotInstalled

__all__ = ["ClaudeCode", "PermissionMode"]

PermissionMode = Literal["default", "acceptEdits", "plan", "dontAsk", "auto", "bypassPermissions"]

INSTALL = "npm install -g @anthropic-ai/claude-code"
NEEDED = (
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_BASE_URL",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CONFIG_DIR",
)
_KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")
SETTINGS = {
    "CLAUDE_CODE_MAX_RETRIES": "0",
    "CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
}
_LEAVES_WITHIN_S = 10.0
"""How long the program may take to write its transcript and end, after its `result`."""


class ClaudeCode:
    """Claude Code with one set of options; the permissions are what the author gives, and no more.

    By default it uses the login of the user, or ANTHROPIC_API_KEY, ANTHROPIC_AUTH_TOKEN and
    ANTHROPIC_BASE_URL, which are passed on to it. `config_dir` keeps its login, settings and
    transcripts apart. `mcp_config` is a mapping, or a file, of the only MCP servers it gets. `env`
    is added to its environment, which its tools see. `program` is its name on PATH, or its path.
    `replay` plays recordings in its place; SMITHERS_REPLAY does the same from outside.
    """

    can = Capabilities(resumes=True, native_schema=True, reports_cost=True)

    def __init__(
        self,
        model: str | None = None,
        *,
        permission_mode: PermissionMode = "default",
        allowed_tools: Sequence[str] = (),
        disallowed_tools: Sequence[str] = (),
        mcp_config: Mapping[str, object] | str | Path | None = None,
        max_turns: int | None = None,
        append_system_prompt: str | None = None,
        env: Mapping[str, str] | None = None,
        program: str = "claude",
        config_dir: str | Path | None = None,
        replay: Replay | str | Path | None = None,
    ) -> None:
        self.name = f"claude-code/{model}" if model else "claude-code"
        self._program, self._model = program, model
        self._config = Path(config_dir).absolute() if config_dir is not None else None
        self._env = dict(env or {})
        self._replay = Replay(replay) if isinstance(replay, str | Path) else replay
        options: dict[str, object] = {
            "--model": model,
            "--permission-mode": permission_mode,
            "--allowedTools": ",".join(allowed_tools) or None,
            "--disallowedTools": ",".join(disallowed_tools) or None,
            "--mcp-config": _mcp_text(mcp_config),
            "--max-turns": max_turns,
            "--append-system-prompt": append_system_prompt,
        }
        self._options = tuple(
            word
            for flag, value in options.items()
            if value is not None
            for word in (flag, str(value))
        )

    @property
    def limit(self) -> str:
        """What a rate limit is shared by: provider, host, account and model, in one opaque text."""
        env = self._environment({})
        login = env.get("CLAUDE_CONFIG_DIR") or str(Path(env.get("HOME", "~"), ".claude"))
        account = next((env[name] for name in _KEYS if env.get(name)), login)
        url = env.get("ANTHROPIC_BASE_URL") or "https://api.anthropic.com"
        return limit_text("anthropic", url, account, self._model)

    async def run(self, ask: Ask) -> AsyncGenerator[Event, None]:
        """Goes on in the session of `ask`, or begins one; an unknown session is begun anew."""
        session = ask.session or str(uuid.uuid4())
        resumes = ask.session is not None
        text = ask.followup if resumes and ask.followup is not None else ask.prompt
        yield Started(session)
        try:
            async with aclosing(self._turn(ask, text, session, resumes)) as events:
                async for event in events:
                    yield event
            return
        except UnknownSession:
            session = str(uuid.uuid4())
        yield Started(session)
        async with aclosing(self._turn(ask, ask.prompt, session, resumes=False)) as events:
            async for event in events:
                yield event

    async def _turn(
        self, ask: Ask, text: str, session: str, resumes: bool
    ) -> AsyncGenerator[Event, None]:
        replay = self._replay or Replay.asked_for()
        command = self._command(ask, text, session, resumes, live=replay is None)
        result: Mapping[str, Any] | None = None
        fault: Mapping[str, Any] = {}
        async with open_session(command, ask, replay) as running:
            for pid in await running.pids():
                yield Spawned(pid)
            async for line in running.lines():
                said = object_in(line)
                if said.get("type") == "result":
                    result = said
                    running.leave_after(_LEAVES_WITHIN_S)
                elif said.get("type") == "assistant" and said.get("error"):
                    fault = said
                else:
                    for event in _events(said):
                        yield event
            ending = await running.close()
            stderr = running.said_on_stderr
        if result is not None:
            for used in _used(result):
                yield used
        yield verdict(result, fault, stderr, ending, resumes=resumes)

    def _environment(self, marks: Mapping[str, str]) -> dict[str, str]:
        config = {"CLAUDE_CONFIG_DIR": str(self._config)} if self._config else {}
        return built_environment(NEEDED, SETTINGS, config, self._env, marks)

    def _command(self, ask: Ask, text: str, session: str, resumes: bool, live: bool) -> Command:
        env = self._environment(ask.marks)
        program = self._program
        if live:
            found = shutil.which(program, path=env.get("PATH"))
            if found is None:
                raise NotInstalled("Claude Code", INSTALL, looked_for=program)
            program = str(Path(found).absolute())
        schema = json.dumps(ask.schema) if ask.schema is not None else None
        fixed = ("-p", "--output-format", "stream-json", "--verbose")
        own = ("--strict-mcp-config", "--setting-sources", "")
        shaped = ("--json-schema", schema) if schema is not None else ()
        chosen = ("--resume" if resumes else "--session-id", session)
        return Command(
            program="claude-code",
            executable=program,
            flags=(*fixed, *own, *self._options, *shaped, *chosen),
            prompt=text,
            cwd=ask.cwd,
            env=env,
            session=session,
            resumes=resumes,
            schema=schema,
            config=Path(env.get("CLAUDE_CONFIG_DIR") or os.path.expanduser("~/.claude")),
        )


def _mcp_text(config: Mapping[str, object] | str | Path | None) -> str | None:
    if config is None or isinstance(config, str):
        return config
    return str(config) if isinstance(config, Path) else json.dumps(config)


def _events(said: Mapping[str, Any]) -> Iterator[Event]:
    """What an `assistant` or `user` line says. Other lines are the program's own affair."""
    if said.get("type") not in ("assistant", "user") or said.get("isSynthetic"):
        return
    for block in _blocks(object_of(said.get("message")).get("content")):
        match said["type"], block.get("type"):
            case "assistant", "text":
                yield Said(str(block.get("text", "")))
            case "assistant", "thinking":
                yield Thought(str(block.get("thinking", "")))
            case "assistant", "tool_use":
                call, name = str(block.get("id", "")), str(block.get("name", ""))
                arguments = object_of(block.get("input"))
                yield ToolCalled(call=call, name=name, arguments=arguments)
            case "user", "tool_result":
                texts = [str(part.get("text", "")) for part in _blocks(block.get("content"))]
                call, failed = str(block.get("tool_use_id", "")), bool(block.get("is_error"))
                yield ToolReturned(call=call, text="\n".join(texts), failed=failed)
            case _:
                continue


def _blocks(content: object) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [object_of(block) for block in list_of(content)]


def _usd(told: object) -> Decimal:
    """US dollars to a billionth: the program adds binary fractions, as in 0.000140000000001."""
    return round(Decimal(str(told or 0)), 9)


def _used(result: Mapping[str, Any]) -> Iterator[Used]:
    """Tokens of this run alone, by model. The totals of the session would count earlier runs again,
    and `usage` tells of all models in one.
    """
    spent = object_of(result.get("model_usage_since_last_result"))
    if not spent:
        yield _tokens(object_of(result.get("usage")), _IN_ALL)
    for model, each in spent.items():
        told = object_of(each)
        yield replace(_tokens(told, _OF_A_MODEL), cost=_usd(told.get("costUSD")), model=model)


def _tokens(told: Mapping[str, Any], names: tuple[str, str, str, str]) -> Used:
    fresh, cached, written, out = (int(told.get(name) or 0) for name in names)
    return Used(tokens_in=fresh + cached + written, tokens_out=out, tokens_cached=cached)


_IN_ALL = (
    *("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"),
    "output_tokens",
)
_OF_A_MODEL = ("inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens", "outputTokens")
