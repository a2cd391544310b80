"""Claude Code (`claude -p`) as an agent: one process per request, its session resumed by id.

It reads JSON lines on stdin, so that it can receive messages while it works.

The verdict comes from the final `result` event alone: the exit code says too little, and `subtype`
says "success" on API errors. The program's own retries are off: the engine's are durable.
"""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal, cast

from harnesses._claude_dialogue import Dialogue
from harnesses._json import object_in
from harnesses._limits import limit_text
from harnesses._rights import rights_text
from harnesses._state import state_of
from harnesses._streams import in_itself
from harnesses._turns import conversed, in_a_session
from harnesses._versions import text_of_version, version_of
from harnesses.process import (
    Command,
    Replay,
    Source,
    Sources,
    built_environment,
    find_obstacle,
    find_program,
    keep_long_words,
    terminal_environment,
)
from smithers.agent import Ask, Capabilities, Event, Terminal, digest_options
from smithers.errors import NotInstalled, Permanent

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
QUIET = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
SETTINGS = {
    "CLAUDE_CODE_MAX_RETRIES": "0",
    "CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK": "1",
    **QUIET,
}
_ALONE = ("--strict-mcp-config", "--setting-sources", "")
"""Nothing of the user's and the project's settings comes in."""
_WITH_ITS_PROJECT = ("--setting-sources", "project,local")
_OLDEST = (2, 1, 300)
"""Older ones read the files and run the commands that a prompt names, whatever they are told."""
_FILES = {
    "--append-system-prompt": "--append-system-prompt-file",
    "--system-prompt": "--system-prompt-file",
    "--mcp-config": "--mcp-config",
    "--settings": "--settings",
    "--agents": "--agents",
}
"""Flags whose value may be too long for a command line, and those that take it from a file."""


class ClaudeCode:
    """Claude Code with one set of options. It has only the permissions that the author gives.

    By default it uses the user's login, or ANTHROPIC_API_KEY, ANTHROPIC_AUTH_TOKEN and
    ANTHROPIC_BASE_URL, which are passed on to it. `config_dir` is a separate folder for its login,
    settings and transcripts. `mcp_config` is a mapping, or a file, with the only MCP servers that
    it gets. With `trust_project`, the project's settings, hooks, MCP servers, skills and
    instructions apply, which run programs without asking. `arguments` are added to the command
    line. `env` is added to its environment, which its tools see. `program` is its name on PATH, or
    its path. `replay` plays recordings instead of the program, `record` records each session in
    that folder; SMITHERS_REPLAY and SMITHERS_RECORD do the same without a change to the code.
    """

    can = Capabilities(
        resumes=True,
        forks=True,
        forks_at=True,
        steers=True,
        attaches=True,
        native_schema=True,
        reports_cost=True,
        changes_prompts=(
            (
                "A message that arrives while a tool is running reaches the model in a note"
                " that says so."
            ),
            "In such a message `</system-reminder>` becomes `&lt;/system-reminder&gt;`.",
        ),
    )

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
        arguments: Sequence[str] = (),
        trust_project: bool = False,
        env: Mapping[str, str] | None = None,
        program: str = "claude",
        config_dir: str | Path | None = None,
        replay: Replay | str | Path | None = None,
        record: str | Path | None = None,
    ) -> None:
        self.key = digest_options("claude-code", locals())
        self.name = f"claude-code/{model}" if model else "claude-code"
        self._program, self._model = program, model
        self._config = Path(config_dir).absolute() if config_dir is not None else None
        self._env = dict(env or {})
        self._sources = Sources(replay, record)
        options: dict[str, object] = {
            "--model": model,
            "--permission-mode": permission_mode,
            "--allowedTools": ",".join(allowed_tools) or None,
            "--disallowedTools": ",".join(disallowed_tools) or None,
            "--mcp-config": _mcp_text(mcp_config),
            "--max-turns": max_turns,
            "--append-system-prompt": append_system_prompt,
        }
        given = {flag: str(value) for flag, value in options.items() if value is not None}
        more = tuple(arguments)
        limits = (permission_mode, allowed_tools, disallowed_tools)
        self.permissions = _rights(*limits, mcp_config, trusts=trust_project)
        own = _WITH_ITS_PROJECT if trust_project else _ALONE
        if trust_project and mcp_config is not None:
            own = ("--strict-mcp-config", *own)
        self._own = own
        self._options = (*more, *(word for one in given.items() for word in one))
        given.pop("--max-turns", None)  # it bounds a request, not a person
        self._options_of_a_person = (*more, *(word for one in given.items() for word in one))

    @property
    def limit(self) -> str:
        """What rate limits are shared by: provider, host, account and model; one opaque text."""
        env = self._environment({})
        login = env.get("CLAUDE_CONFIG_DIR") or str(Path(env.get("HOME", "~"), ".claude"))
        account = next((env[name] for name in _KEYS if env.get(name)), login)
        url = env.get("ANTHROPIC_BASE_URL") or "https://api.anthropic.com"
        return limit_text("anthropic", url, account, self._model)

    def run(self, ask: Ask) -> AsyncGenerator[Event, None]:
        """Resume the session of `ask`, or start one; if the session is unknown, a new one is
        started.
        """
        return self._sources.play(
            lambda source: in_a_session(ask, lambda way, session: self._turn(way, source, session))
        )

    def terminal(self, session: str, cwd: Path, marks: Mapping[str, str]) -> Terminal:
        """`claude --resume SESSION`, which may have to ask the person its first questions.

        In a `config_dir` its welcome screen is answered in advance, because that needs the
        internet.
        """
        self._sources.check_live(self.name)
        config = {"CLAUDE_CONFIG_DIR": str(self._config)} if self._config else {}
        env = terminal_environment(NEEDED, QUIET, config, self._env, marks)
        program = self._found(env)
        if self._config:
            _welcomed(self._config / ".claude.json")
        ask = Ask(prompt="", cwd=cwd, session=session, marks=marks)
        command = self._command(ask, session, program)
        flags = ("--resume", session, *self._own, *self._options_of_a_person)
        folder = state_of("claude-code", env, marks.get("SMITHERS_RUN", "default"))
        command = keep_long_words(replace(command, flags=flags), folder)
        return Terminal(argv=(*command.start, *command.flags), env=env, cwd=cwd)

    def versions(self) -> dict[str, str]:
        """The version of the program, if its files tell it."""
        return self._sources.versions(self._program, self._environment({}).get("PATH"))

    def find_obstacle(self, schema: Mapping[str, object] | None) -> str | None:
        """An option or a schema that is too long for a command line."""
        ask = Ask(prompt="", cwd=Path.cwd(), schema=schema)
        return find_obstacle(self._command(ask, str(uuid.UUID(int=0)), self._program))

    async def _turn(self, ask: Ask, source: Source, session: str) -> AsyncGenerator[Event, None]:
        program = self._program
        if source.live:
            program = await asyncio.to_thread(self._fit, self._environment(ask.marks))
        command = self._command(ask, session, program)
        talk = partial(Dialogue, session=session, text=ask.told)
        async with aclosing(conversed(command, ask, source, talk)) as events:
            async for event in events:
                yield event

    def _environment(self, marks: Mapping[str, str]) -> dict[str, str]:
        config = {"CLAUDE_CONFIG_DIR": str(self._config)} if self._config else {}
        return built_environment(NEEDED, SETTINGS, config, self._env, marks)

    def _found(self, env: Mapping[str, str]) -> str:
        found = find_program(self._program, env.get("PATH"))
        if found is None:
            raise NotInstalled("Claude Code", INSTALL, looked_for=self._program)
        return found

    def _fit(self, env: Mapping[str, str]) -> str:
        """The program, if it takes a prompt for a text and nothing else."""
        found = self._found(env)
        version = version_of(Path(found), env.get("PATH"))
        if () < version < _OLDEST:
            raise Permanent(
                f"Claude Code {text_of_version(version)} runs commands and reads files that a"
                f" prompt names; {text_of_version(_OLDEST)} or newer is needed",
                hint=f"update it: {INSTALL}",
                reason="not_started",
            )
        return found

    def _command(self, ask: Ask, session: str, program: str) -> Command:
        env = self._environment(ask.marks)
        schema = json.dumps(ask.schema) if ask.schema is not None else None
        fixed = ("-p", "--output-format", "stream-json", "--verbose")
        shaped = ("--json-schema", schema) if schema is not None else ()
        chosen: tuple[str, ...] = ("--session-id" if ask.session is None else "--resume", session)
        if ask.forks is not None:
            until = ("--resume-session-at", ask.at) if ask.at is not None else ()
            chosen = ("--resume", ask.forks, *until, "--fork-session", *chosen)
        itself = in_itself(ask)
        return Command(
            program="claude-code",
            instead=self._command(itself, itself.session or "", program) if itself else None,
            executable=program,
            flags=(*fixed, *self._own, *self._options, *shaped, *chosen),
            prompt=ask.told,
            cwd=ask.cwd,
            env=env,
            session=session,
            resumes=ask.session is not None,
            forks=ask.forks,
            at=ask.at,
            dialogue=True,
            manner=("--input-format", "stream-json"),
            # What it ends by itself takes as long as its turn does.
            ends_within_s=0.0,
            schema=schema,
            files=_FILES,
            config=Path(env.get("CLAUDE_CONFIG_DIR") or os.path.expanduser("~/.claude")),
        )


def _rights(
    mode: str,
    allowed: Sequence[str],
    disallowed: Sequence[str],
    servers: Mapping[str, object] | str | Path | None,
    *,
    trusts: bool,
) -> str:
    named: object = servers.get("mcpServers") if isinstance(servers, Mapping) else None
    known = cast("Mapping[str, object]", named) if isinstance(named, Mapping) else ()
    return rights_text(
        ("permission mode", mode),
        ("may use", allowed),
        ("may not use", disallowed),
        ("MCP servers", known or ("as configured" if servers else "")),
        ("the settings of the project", "apply" if trusts else ""),
    )


def _mcp_text(config: Mapping[str, object] | str | Path | None) -> str | None:
    if config is None or isinstance(config, str):
        return config
    return str(config) if isinstance(config, Path) else json.dumps(config)


def _welcomed(state: Path) -> None:
    """Note in a folder of ours that the program need not welcome anybody to itself."""
    try:
        known = object_in(state.read_bytes())
    except OSError:
        return  # no session was ever begun here
    if "hasCompletedOnboarding" not in known:
        written = state.with_suffix(f".{os.getpid()}")
        written.write_text(json.dumps({**known, "hasCompletedOnboarding": True}), encoding="utf-8")
        written.replace(state)
