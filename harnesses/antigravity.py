"""Antigravity's SDK (`google-antigravity`) as an agent: one child process per request.

The SDK is a library, so a small module of this package runs it in a child process, which follows
the same rules as every program. The verdict comes from the child's last line and from the reason
why the turn stopped: the SDK does not report a spent budget as an error. Its own retries are off:
the engine's are durable.
"""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harnesses import _antigravity_child as child
from harnesses._antigravity_sessions import copy_conversation
from harnesses._antigravity_stream import Stream
from harnesses._antigravity_verdict import INSTALL, NAME, SIGN_IN
from harnesses._limits import limit_text
from harnesses._state import not_kept, state_of
from harnesses._streams import in_itself
from harnesses._turns import heard, in_a_session
from harnesses.process import (
    Command,
    Replay,
    Source,
    Sources,
    built_environment,
    find_obstacle,
    find_program,
)
from smithers.agent import Ask, Capabilities, Event, digest_options
from smithers.errors import ContextOverflow, NotInstalled, NotSignedIn

__all__ = ["Antigravity", "Protocol", "Tool"]

Protocol = Literal["gemini", "openai-chat"]
Tool = Literal[
    "view_file", "list_directory", "search_directory", "find_file", "create_file", "edit_file",
    "run_command", "read_url_content", "search_web", "generate_image", "invoke_subagent",
]  # fmt: skip
_READ_ONLY: Sequence[Tool] = ("view_file", "list_directory", "search_directory", "find_file")
_ADDRESS = "https://generativelanguage.googleapis.com"
_PROMPT_LIMIT_BYTES = 190_000
"""The SDK cuts what is beyond 192 000."""


@dataclass(frozen=True, kw_only=True)
class _Place:
    """What one request runs with: the Python, its environment, and where state is kept."""

    python: str
    env: Mapping[str, str]
    state: Path


class Antigravity:
    """Antigravity's agent with one set of options. By default it has only tools that read; the
    author may set others: `tools=("view_file", "edit_file", "run_command")`. All other tools are
    denied.

    Its key is in GEMINI_API_KEY, or in the variable that `api_key_env` names. `base_url` is another
    address of the model; with `protocol="openai-chat"` it is a server that speaks this protocol,
    and no key is sent there. `mcp_servers` are the only MCP servers that it gets, by name:
    {"command", "args", "env"} or {"url", "headers"}. `system_instructions` are added to its own.
    `max_model_calls` limits a request. `home` is a folder for its state, instead of one for each
    run. `env` is added to its environment, which its tools see. `python` is the interpreter that
    has the SDK, if it is not this one. `replay` plays recordings instead of the program, `record`
    records each session in that folder; SMITHERS_REPLAY and SMITHERS_RECORD do the same without a
    change to the code.
    """

    can = Capabilities(
        resumes=True,
        forks=True,
        forks_at=True,
        native_schema=True,
        changes_prompts=(
            "A text is wrapped in `<USER_REQUEST>` tags, followed by the local time.",
            "Control characters other than tabs and line ends become spaces.",
            "Invisible characters (zero-width, direction marks, tags) are left out.",
        ),
    )

    def __init__(
        self,
        model: str | None = None,
        *,
        tools: Sequence[Tool | str] = _READ_ONLY,
        mcp_servers: Mapping[str, object] | None = None,
        system_instructions: str | None = None,
        max_model_calls: int | None = None,
        api_key_env: str = child.KEY,
        base_url: str | None = None,
        protocol: Protocol = "gemini",
        env: Mapping[str, str] | None = None,
        python: str | None = None,
        home: str | Path | None = None,
        replay: Replay | str | Path | None = None,
        record: str | Path | None = None,
    ) -> None:
        if protocol == "openai-chat" and not (base_url and model):
            raise ValueError('protocol="openai-chat" needs a model and a base_url')
        self.key = digest_options("antigravity", locals())
        self.name = f"antigravity/{model}" if model else "antigravity"
        self._model, self._key, self._url = model, api_key_env, base_url
        self._settings = {
            "model": model,
            "protocol": protocol,
            "base_url": base_url,
            "tools": list(tools),
            "max_model_calls": max_model_calls,
        }
        self._words = {
            "system_instructions": system_instructions,
            "mcp_servers": dict(mcp_servers or {}),
        }
        self._takes_key = protocol == "gemini"
        self._python, self._env = python or sys.executable, dict(env or {})
        self._home = Path(home).absolute() if home is not None else None
        self._sources = Sources(replay, record)

    @property
    def limit(self) -> str:
        """What rate limits are shared by: provider, host, account and model; one opaque text."""
        account = self._environment({}).get(child.KEY, "")
        provider = "google" if self._takes_key else "openai-chat"
        return limit_text(provider, self._url or _ADDRESS, account, self._model)

    def run(self, ask: Ask) -> AsyncGenerator[Event, None]:
        """Resume the session of `ask`, or start one. If the session is unknown, a new one is
        started.
        """
        return self._sources.play(lambda source: self._run(ask, source))

    async def _run(self, ask: Ask, source: Source) -> AsyncGenerator[Event, None]:
        place = await asyncio.to_thread(self._place, ask, live=source.live)
        asked = in_a_session(ask, lambda way, session: self._turn(way, place, source, session))
        async with aclosing(asked) as events:
            async for event in events:
                yield event

    async def _turn(
        self, ask: Ask, place: _Place, source: Source, session: str
    ) -> AsyncGenerator[Event, None]:
        command = self._command(ask, place, session)
        if ask.forks is not None and source.live:
            await asyncio.to_thread(self._copy, place, ask.forks, session, ask.at)
        async with aclosing(heard(command, ask, source, Stream(session=session))) as events:
            async for event in events:
                yield event

    def _copy(self, place: _Place, forked: str, session: str, at: str | None) -> None:
        """A session of this run, or of another one, as the session that is asked for. Where nothing
        is known to copy, the SDK says so.
        """
        kept = place.state / "sessions"
        others = [] if self._home else sorted(place.state.parent.glob("*/sessions"))
        try:
            copy_conversation([kept, *others], forked, session, at)
        except OSError as error:
            raise not_kept(error, kept, f"the session {forked} cannot be copied") from error

    def find_obstacle(self, schema: Mapping[str, object] | None) -> str | None:
        """An option that is too long for a command line."""
        ask = Ask(prompt="", cwd=Path.cwd())
        place = _Place(python=self._python, env=self._environment({}), state=Path("/"))
        return find_obstacle(self._command(ask, place, str(uuid.UUID(int=0))))

    def _environment(self, marks: Mapping[str, str]) -> dict[str, str]:
        """The key has the one name that the child knows, whatever the author calls it."""
        needed = (self._key,) if self._takes_key else ()
        built = built_environment(needed, child.OWN_SETTINGS, self._env, marks)
        key = {child.KEY: built.pop(self._key)} if self._key in built else {}
        return built | key

    def _place(self, ask: Ask, *, live: bool) -> _Place:
        env = self._environment(ask.marks)
        state = self._home or Path("antigravity-home").absolute()
        if not live:
            return _Place(python=self._python, env=env, state=state)
        found = find_program(self._python, env.get("PATH"))
        if found is None:
            raise NotInstalled(NAME, INSTALL, looked_for=self._python)
        if self._takes_key and not env.get(child.KEY):
            raise NotSignedIn(f"the variable {self._key} is not set", hint=SIGN_IN)
        state = self._home or state_of("antigravity", env, ask.marks.get("SMITHERS_RUN", "default"))
        try:
            for folder in (state / "sessions", state / "data"):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise not_kept(error, state, f"cannot create a home folder for {NAME}") from error
        return _Place(python=str(Path(found).absolute()), env=env, state=state)

    def _command(self, ask: Ask, place: _Place, session: str) -> Command:
        resumes, copied = ask.session is not None, ask.forks is not None
        size = len(ask.told.encode("utf-8", "replace"))
        if size > _PROMPT_LIMIT_BYTES:
            raise ContextOverflow(
                f"the prompt has {size} bytes, and {NAME} would cut it off after 192000",
                hint=(
                    "put the long text into a file in the working folder and name the"
                    " file in the prompt"
                ),
            )
        own = {"sessions": str(place.state / "sessions"), "data": str(place.state / "data")}
        settings = {**self._settings, "cwd": str(ask.cwd), **own}
        known = {"session": session, "resumes": resumes or copied}
        told = {"prompt": ask.told, **known, "schema": ask.schema}
        itself = in_itself(ask)
        return Command(
            program="antigravity",
            instead=self._command(itself, place, itself.session or "") if itself else None,
            executable=child.__file__,
            flags=(json.dumps(settings),),
            prompt=ask.told,
            wrapped=json.dumps({**told, **self._words}) + "\n",
            cwd=ask.cwd,
            env=place.env,
            session=session,
            resumes=resumes,
            forks=ask.forks,
            at=ask.at,
            schema=json.dumps(ask.schema) if ask.schema is not None else None,
            config=place.state,
            runner=place.python,
        )
