"""Gemini CLI (`gemini --output-format stream-json`) as an agent: one process per request.

The verdict comes from the `result` event alone: the exit code is 0 after a signal. The program's
own retries are off: the engine's are durable. It gets its own home folder, so that none of the
user's or the project's settings apply. It exits before a pipe has taken all of its output, so its
output goes to a file.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

from harnesses._gemini_home import (
    ApprovalMode,
    Settings,
    forget_reports,
    prepared_home,
    state_of,
)
from harnesses._gemini_project import silenced
from harnesses._gemini_prompts import given_as_text
from harnesses._gemini_sessions import copy_session, last_message
from harnesses._gemini_stream import Stream
from harnesses._gemini_verdict import SIGN_IN
from harnesses._ladder import asked_for
from harnesses._limits import limit_text
from harnesses._rights import rights_text
from harnesses._state import not_kept
from harnesses._streams import RECORDED, in_itself
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
from smithers.agent import Answered, Ask, Capabilities, Event, digest_options
from smithers.errors import NotInstalled, NotSignedIn

__all__ = ["ApprovalMode", "Gemini"]

INSTALL = "npm install -g @google/gemini-cli"
KEY = "GEMINI_API_KEY"
SETTINGS = {
    "GEMINI_CLI_NO_RELAUNCH": "true",
    "GEMINI_TELEMETRY_ENABLED": "false",
}
_ADDRESS = "https://generativelanguage.googleapis.com"


@dataclass(frozen=True, kw_only=True)
class _Place:
    """What one request runs with: the program, its environment, and where its state is kept."""

    program: str
    env: Mapping[str, str]
    state: Path
    home: Path | None = None


class Gemini:
    """Gemini CLI with one set of options. By default it has only the tools that read; with
    `approval_mode="auto_edit"` also those that edit, with "yolo" all, including the shell.

    Its key is in GEMINI_API_KEY, or in the variable that `api_key_env` names; the user's sign-in
    with Google is not used. `tools` are the only built-in tools that it has, `allowed_tools` those
    that it may use in any mode, such as "run_shell_command(git)", `excluded_tools` those that it
    may not use. `mcp_servers` are the only MCP servers that it gets, by name, as in its settings.
    `base_url` is another address of the model. `append_system_prompt` is added to its instructions.
    With `trust_project`, the working folder's own settings, hooks, servers, skills and variables
    apply, which may run programs and send the key elsewhere. `home` is a folder for its state,
    instead of one for each run. `arguments` are added to the command line. `env` is added to its
    environment, which its tools see. `program` is its name on PATH, or its path. `replay` plays
    recordings instead of the program, `record` records each session in that folder; SMITHERS_REPLAY
    and SMITHERS_RECORD do the same without a change to the code.
    """

    can = Capabilities(resumes=True, forks=True, forks_at=True, same_folder=True)

    def __init__(
        self,
        model: str | None = None,
        *,
        approval_mode: ApprovalMode = "default",
        tools: Sequence[str] | None = None,
        allowed_tools: Sequence[str] = (),
        excluded_tools: Sequence[str] = (),
        mcp_servers: Mapping[str, object] | None = None,
        max_turns: int | None = None,
        append_system_prompt: str | None = None,
        trust_project: bool = False,
        api_key_env: str = KEY,
        base_url: str | None = None,
        arguments: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        program: str = "gemini",
        home: str | Path | None = None,
        replay: Replay | str | Path | None = None,
        record: str | Path | None = None,
    ) -> None:
        self.key = digest_options("gemini", locals())
        self.name = f"gemini/{model}" if model else "gemini"
        self._settings = Settings(
            approvals=approval_mode,
            tools=tools,
            allowed=allowed_tools,
            excluded=excluded_tools,
            servers=dict(mcp_servers or {}),
            max_turns=max_turns,
            added_prompt=append_system_prompt,
            trusts_project=trust_project,
        )
        self._model, self._key, self._url = model, api_key_env, base_url
        self._arguments, self._program = tuple(arguments), program
        self._env = dict(env or {})
        self._home = Path(home).absolute() if home is not None else None
        self._sources = Sources(replay, record)

    @property
    def permissions(self) -> str:
        """What it may do without asking; see `smithers.agent.Agent`."""
        settings = self._settings
        return rights_text(
            ("approval mode", settings.approvals),
            ("tools", settings.tools or ()),
            ("may use", settings.allowed),
            ("may not use", settings.excluded),
            ("MCP servers", settings.servers),
            ("the settings of the project", "apply" if settings.trusts_project else ""),
        )

    @property
    def limit(self) -> str:
        """What rate limits are shared by: provider, host, account and model; one opaque text."""
        account = self._environment({}).get(KEY, "")
        return limit_text("google", self._url or _ADDRESS, account, self._model)

    def run(self, ask: Ask) -> AsyncGenerator[Event, None]:
        """Resume the session of `ask`, or start one.

        A session that the program does not know, for example because of another working folder, is
        started anew.
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
        kept = place.state / "sessions"
        if ask.forks is not None and source.live:
            await asyncio.to_thread(self._copy, kept, ask, ask.forks, session)
        command = self._command(ask, place, session)
        with given_as_text(command.prompt, place.home) as told:
            command = replace(command, wrapped=told)
            asked = heard(command, ask, source, Stream(session=session), in_words=True)
            try:
                async with aclosing(asked) as events:
                    async for event in events:
                        if isinstance(event, Answered):
                            turn: str | None = RECORDED
                            if source.live:
                                turn = await asyncio.to_thread(last_message, kept, session)
                            event = replace(event, turn=turn)
                        yield event
            finally:
                forget_reports(place.state)

    def _copy(self, kept: Path, ask: Ask, forked: str, session: str) -> None:
        """A session of this run, or else of another one, as the session that is asked for. Where
        nothing is known to copy, the program says so.
        """
        others = [] if self._home else sorted(kept.parent.parent.glob("*/sessions"))
        try:
            for folder in (kept, *others):
                if copy_session(folder, forked, session, ask.cwd, ask.at, into=kept):
                    return
        except OSError as error:
            raise not_kept(error, kept, f"the session {forked} cannot be copied") from error

    def versions(self) -> dict[str, str]:
        """The version of the program, if its files tell it."""
        return self._sources.versions(self._program, self._environment({}).get("PATH"))

    def find_obstacle(self, schema: Mapping[str, object] | None) -> str | None:
        """An option that is too long for a command line."""
        ask = Ask(prompt="", cwd=Path.cwd())
        place = _Place(program=self._program, env=self._environment({}), state=Path("/"))
        return find_obstacle(self._command(ask, place, str(uuid.UUID(int=0))))

    def _environment(self, marks: Mapping[str, str]) -> dict[str, str]:
        """The key has the one name that the program knows, whatever the author calls it."""
        built = built_environment((self._key,), SETTINGS, self._env, marks)
        key = {KEY: built.pop(self._key)} if self._key in built else {}
        address = {"GOOGLE_GEMINI_BASE_URL": self._url} if self._url else {}
        return built | key | address

    def _place(self, ask: Ask, *, live: bool) -> _Place:
        env, program = self._environment(ask.marks), self._program
        state = self._home or Path("gemini-home").absolute()
        if not live:
            return _Place(program=program, env=env, state=state)
        found = find_program(program, env.get("PATH"))
        if found is None:
            raise NotInstalled("Gemini CLI", INSTALL, looked_for=program)
        if not env.get(KEY):
            raise NotSignedIn(f"the variable {self._key} is not set", hint=SIGN_IN)
        state = self._home or state_of(env, ask.marks.get("SMITHERS_RUN", "default"))
        home = prepared_home(state, self._settings)
        own = {"GEMINI_CLI_HOME": str(home), "TMPDIR": str(state / "tmp")}
        trusted = self._settings.trusts_project
        theirs: Mapping[str, str] = {} if trusted else silenced(ask.cwd)
        program = str(Path(found).absolute())
        return _Place(program=program, env={**theirs, **env, **own}, state=state, home=home)

    def _command(self, ask: Ask, place: _Place, session: str) -> Command:
        text, resumes = ask.told, ask.session is not None
        known = resumes or ask.forks is not None
        model = ("--model", self._model) if self._model else ()
        fixed = ("--output-format", "stream-json", "--skip-trust", "--extensions", "none")
        chosen = ("--resume" if known else "--session-id", session)
        mode = ("--approval-mode", self._settings.approvals)
        itself = in_itself(ask)
        return Command(
            program="gemini",
            instead=self._command(itself, place, itself.session or "") if itself else None,
            executable=place.program,
            flags=(*fixed, *mode, *model, *self._arguments, *chosen),
            prompt=text + asked_for(ask.schema) if ask.schema is not None else text,
            cwd=ask.cwd,
            env=place.env,
            session=session,
            resumes=resumes,
            forks=ask.forks,
            at=ask.at,
            schema=json.dumps(ask.schema) if ask.schema is not None else None,
            config=place.state,
            by_stdin=True,
            by_file=True,
        )
