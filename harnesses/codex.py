"""Codex (`codex app-server`, or `codex exec --json`) as an agent: one process per request.

`app-server` is preferred, because it reports failures by class, usage by request, and when a limit
ends. `exec` is for versions of Codex without a usable app-server. The program's own retries are
off: the engine's are durable. It gets its own home folder, so that none of the user's settings
apply.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import signal
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from harnesses import _codex_app_server as app_server
from harnesses import _codex_exec as by_exec
from harnesses._codex_dialogue import Dialogue, names_a_skill
from harnesses._codex_home import (
    SIGN_IN,
    account_in,
    brought,
    login_of,
    native,
    prepared_home,
)
from harnesses._codex_settings import ApprovalPolicy, Sandbox, Settings
from harnesses._limits import limit_text
from harnesses._rights import rights_text
from harnesses._streams import UnknownSession, in_itself, ways
from harnesses._strict import strict
from harnesses._turns import LEAVES_WITHIN_S, conversed, events_of
from harnesses._versions import text_of_version, version_of
from harnesses.process import (
    Command,
    Replay,
    Source,
    Sources,
    built_environment,
    find_obstacle,
    open_session,
    terminal_environment,
)
from smithers.agent import Answered, Ask, Capabilities, Event, Started, Terminal, digest_options
from smithers.errors import NotSignedIn, Permanent, Stalled

__all__ = ["ApprovalPolicy", "Codex", "Mode", "Sandbox"]

Mode = Literal["auto", "app-server", "exec"]

_APP_SERVER_SINCE = (0, 100, 0)
"""The oldest that was seen to obey: the app-server of 0.72 goes to the provider it likes."""
_WITH_A_SCHEMA = "\n\nAnswer with JSON alone, which fits this JSON Schema:\n"
_REFUSED_BY_EXEC = (
    "A text with `$name` is refused: `codex exec` would load the skill with that name."
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Place:
    """What one request runs with: the program, its environment, its home, and how it is asked."""

    program: str
    env: Mapping[str, str]
    home: Path
    mode: Mode


class Codex:
    """Codex with one set of options. Its sandbox is read-only unless the author sets another.

    By default it uses the user's login (`codex login`). `api_key_env` names a variable that
    contains a key instead. `base_url` is another server that speaks OpenAI Responses; the user's
    login is never sent there. If the program asks for more permissions (`on-request`), the request
    is declined, because nobody is there to answer. `mcp_servers` are the only MCP servers that it
    gets, by name, as in its config.toml; it waits until they are ready. `config` are more settings
    of that file, and `arguments` are added to the command line. With `trust_project`, the project's
    settings, MCP servers, instructions and skills apply, which run programs without asking. `home`
    is a CODEX_HOME to use unchanged, including login and settings, instead of a new one for each
    run. `env` is added to its environment, which its tools see. `program` is its name on PATH, or
    its path. `replay` plays recordings instead of the program, `record` records each session in
    that folder; SMITHERS_REPLAY and SMITHERS_RECORD do the same without a change to the code.
    """

    def __init__(
        self,
        model: str | None = None,
        *,
        sandbox: Sandbox = "read-only",
        approval_policy: ApprovalPolicy = "never",
        api_key_env: str | None = None,
        base_url: str | None = None,
        mcp_servers: Mapping[str, Mapping[str, object]] | None = None,
        append_system_prompt: str | None = None,
        config: Mapping[str, object] | None = None,
        arguments: Sequence[str] = (),
        trust_project: bool = False,
        mode: Mode = "auto",
        env: Mapping[str, str] | None = None,
        program: str = "codex",
        home: str | Path | None = None,
        replay: Replay | str | Path | None = None,
        record: str | Path | None = None,
    ) -> None:
        self.key = digest_options("codex", locals())
        self.name = f"codex/{model}" if model else "codex"
        self._settings = Settings(
            model=model,
            sandbox=sandbox,
            approvals=approval_policy,
            key_env=api_key_env,
            url=base_url,
            config=dict(config or {}),
            mcp_servers=dict(mcp_servers or {}),
            instructions=append_system_prompt,
            arguments=tuple(arguments),
            trusts_project=trust_project,
        )
        self._mode, self._program = mode, program
        self._env = dict(env or {})
        self._home = Path(home).absolute() if home is not None else None
        self._sources = Sources(replay, record)

    @property
    def permissions(self) -> str:
        """What it may do without asking; see `smithers.agent.Agent`."""
        return rights_text(
            ("sandbox", self._settings.sandbox),
            ("MCP servers", self._settings.mcp_servers),
            ("the settings of the project", "apply" if self._settings.trusts_project else ""),
        )

    @property
    def can(self) -> Capabilities:
        """An old version that is run by `exec` receives messages only after its turn, and copies
        sessions only as they are.
        """
        by_exec = self._mode == "exec"
        return Capabilities(
            resumes=True,
            forks=True,
            forks_at=not by_exec,
            steers=not by_exec,
            attaches=True,
            native_schema=True,
            changes_prompts=(_REFUSED_BY_EXEC,) if by_exec else (),
        )

    @property
    def limit(self) -> str:
        """What rate limits are shared by: provider, host, account and model; one opaque text."""
        env = self._environment({})
        login = self._home / "auth.json" if self._home else login_of(env)
        wanted = self._settings
        account, is_chatgpt = account_in(login) if wanted.signed_in else ("", False)
        if wanted.key_env:
            account = env.get(wanted.key_env, "")
        own = "https://chatgpt.com" if is_chatgpt else "https://api.openai.com/v1"
        return limit_text("openai", wanted.url or own, account or str(login), wanted.model)

    def run(self, ask: Ask) -> AsyncGenerator[Event, None]:
        """Resume the session of `ask`, or start one; if the session is unknown, a new one is
        started.
        """
        return self._sources.play(lambda source: self._run(ask, source))

    def terminal(self, session: str, cwd: Path, marks: Mapping[str, str]) -> Terminal:
        """`codex resume SESSION`, in the home folder that contains the session."""
        self._sources.check_live(self.name)
        place = self._place(marks, live=True)
        given = (self._settings.key_env,) if self._settings.key_env else ()
        home = {"CODEX_HOME": str(place.home)}
        env = terminal_environment(given, self._env, marks, home)
        argv = (place.program, "resume", *self._settings.words(cwd), session)
        return Terminal(argv=argv, env=env, cwd=cwd)

    async def _run(self, ask: Ask, source: Source) -> AsyncGenerator[Event, None]:
        if ask.session is not None:
            yield Started(ask.session)
        place = await asyncio.to_thread(self._place, ask.marks, live=source.live)
        if ask.forks is not None and source.live and self._home is None:
            await asyncio.to_thread(brought, place.home, ask.forks)
        if place.mode == "app-server":
            async with aclosing(self._by_app_server(ask, place, source)) as events:
                async for event in events:
                    yield event
            return
        if ask.at is not None:  # it has no copy but of the whole
            followup = ask.followup if ask.session else None
            ask = replace(ask, prompt=ask.given_prompt, forks=None, at=None, followup=followup)
        *known, anew = ways(ask)
        for way in (*known, anew):
            try:
                async with aclosing(self._by_exec(way, place, source, ask.forks)) as events:
                    async for event in events:
                        yield event
                return
            except UnknownSession:
                if way is anew:
                    raise

    async def _by_app_server(
        self, ask: Ask, place: _Place, source: Source
    ) -> AsyncGenerator[Event, None]:
        text, prompt, schema = _words(ask)
        command = self._command(ask, place, ("app-server",), text)
        command = replace(command, dialogue=True, stop_signals=(signal.SIGTERM,))
        talk = partial(
            Dialogue,
            thread=self._settings.of_a_thread(ask.cwd),
            turn={"outputSchema": schema} if schema else {},
            resumed=ask.session,
            forked=ask.forks,
            at=ask.at,
            text=text,
            prompt=prompt,
        )
        events = conversed(command, ask, source, talk, app_server.is_sign_of_life)
        async with aclosing(events):
            async for event in events:
                yield _with_data(event, ask) if isinstance(event, Answered) else event

    async def _by_exec(
        self, ask: Ask, place: _Place, source: Source, copied: str | None
    ) -> AsyncGenerator[Event, None]:
        command = self._exec_command(ask, place, live=source.live)
        # Its total begins with that of the thread that it is a copy of.
        before = by_exec.spent_on(place.home, ask.session)
        if not before and (ask.session or ask.forks):
            before = by_exec.spent_on(place.home, copied)
        model = self._settings.model
        stream = by_exec.Stream(session=ask.session or "", before=before, model=model)
        async with open_session(command, ask, source.replay, source.record) as running:
            for process in await running.spawned():
                yield process
            try:
                async for told in running.output(by_exec.is_sign_of_life):
                    for event in events_of(told, stream):
                        yield event
                    if stream.over:
                        running.leave_after(LEAVES_WITHIN_S)
            except Stalled as error:
                raise Stalled(error.idle_s, why=stream.notice) from error
            ending = await running.finish()
            stderr = running.said_on_stderr
        yield _with_data(stream.answer(ending, stderr), ask)

    def _exec_command(self, ask: Ask, place: _Place, *, live: bool) -> Command:
        text, _, schema = _words(ask)
        if names_a_skill(text):
            hint = 'use mode="app-server", or write the name without its $'
            raise Permanent(f"codex exec: {_REFUSED_BY_EXEC}", hint=hint, reason="bad_request")
        words: tuple[str, ...] = ("exec",)
        if ask.session is not None:
            words = ("exec", "resume", ask.session)
        elif ask.forks is not None:
            words = ("exec", "fork", ask.forks)
        shaped: tuple[str, ...] = ()
        if schema:
            shaped = ("--output-schema", _kept(schema, place.home, live=live))
        fixed = ("--json", "--skip-git-repo-check")
        command = self._command(ask, place, (*words, *fixed, *shaped), text)
        # As an argument, a text that is but a - would stand for stdin.
        by_stdin, stops = text == "-", (signal.SIGINT, signal.SIGTERM)
        return replace(command, stop_signals=stops, by_stdin=by_stdin)

    def versions(self) -> dict[str, str]:
        """The version of the program, if its files tell it."""
        return self._sources.versions(self._program, self._environment({}).get("PATH"))

    def find_obstacle(self, schema: Mapping[str, object] | None) -> str | None:
        """A setting that is too long for a command line; a schema is passed by file or stdin."""
        ask = Ask(prompt="", cwd=Path.cwd())
        return find_obstacle(self._command(ask, self._place({}, live=False), ("exec",), ""))

    def _environment(self, marks: Mapping[str, str]) -> dict[str, str]:
        needed = (self._settings.key_env,) if self._settings.key_env else ()
        return built_environment(needed, self._env, marks)

    def _place(self, marks: Mapping[str, str], *, live: bool) -> _Place:
        env = self._environment(marks)
        mode: Mode = "exec" if self._mode == "exec" else "app-server"
        program, home = self._program, self._home or Path("codex-home").absolute()
        if live:
            found = native(program, env.get("PATH"))
            program = str(found)
            if (
                self._mode == "auto"
                and () < (version := version_of(found, env.get("PATH"))) < _APP_SERVER_SINCE
            ):
                _log.warning("the app-server of codex %s cannot be used, so codex exec is"
" used; for a newer version: `npm install -g @openai/codex`",
                             text_of_version(version))  # fmt: skip
                mode = "exec"
            if (key := self._settings.key_env) and not env.get(key):
                raise NotSignedIn(f"the variable {key} is not set", hint=SIGN_IN)
            run = marks.get("SMITHERS_RUN", "default")
            home = self._home or prepared_home(env, run, signed_in=self._settings.signed_in)
        return _Place(program=program, env=env | {"CODEX_HOME": str(home)}, home=home, mode=mode)

    def _command(self, ask: Ask, place: _Place, words: tuple[str, ...], text: str) -> Command:
        itself = in_itself(ask)
        return Command(
            program="codex",
            instead=self._command(itself, place, words, text) if itself else None,
            executable=place.program,
            flags=(*words, *self._settings.words(ask.cwd)),
            prompt=text,
            cwd=ask.cwd,
            env=place.env,
            session=ask.session,
            resumes=ask.session is not None,
            forks=ask.forks if ask.session is None else None,
            schema=json.dumps(ask.schema) if ask.schema is not None else None,
            config=place.home,
        )


def _words(ask: Ask) -> tuple[str, str, dict[str, Any] | None]:
    """What is said to the thread, what to a new one in its place, and the schema of the answer."""
    text = ask.told
    schema = strict(ask.schema) if ask.schema is not None else None
    if ask.schema is None or schema is not None:
        return text, ask.prompt, schema
    asked = _WITH_A_SCHEMA + json.dumps(ask.schema, ensure_ascii=False)
    return text + asked, ask.prompt + asked, None


def _with_data(answer: Answered, ask: Ask) -> Answered:
    """The program validates nothing, so what is no JSON stays a text, and the engine's affair."""
    if ask.schema is None:
        return answer
    try:
        return replace(answer, data=json.loads(answer.text))
    except ValueError:
        return answer


def _kept(schema: Mapping[str, object], home: Path, *, live: bool) -> str:
    """The schema as a file, which `exec` wants; a replay has no one to read it."""
    text = json.dumps(schema)
    path = home / "schemas" / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
    if live:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return str(path)
