"""Pi (`pi --mode rpc`) as an agent: one process per request, its session resumed by id.

The verdict comes from the run's last message, after everything has settled: the exit code is 0 even
if a request was refused. The program's own retries are off: the engine's are durable. It gets its
own home folder, so that none of the user's settings apply.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from harnesses._json import object_of, text_of
from harnesses._ladder import asked_for, meant
from harnesses._limits import limit_text
from harnesses._pi_dialogue import Dialogue
from harnesses._pi_home import (
    SIGN_IN,
    begun_elsewhere,
    bring_session,
    command_of,
    cut_file,
    cut_session,
    last_entry,
    login_in,
    login_of,
    prepared_home,
    state_of,
)
from harnesses._pi_settings import Api, Settings, Thinking, Tool
from harnesses._pi_stream import Stream
from harnesses._streams import RECORDED, UnknownSession, in_itself
from harnesses._turns import conversed, in_a_session
from harnesses.process import Command, Replay, Source, Sources, built_environment, find_obstacle
from smithers.agent import Answered, Ask, Capabilities, Event, digest_options
from smithers.errors import NotSignedIn

__all__ = ["Api", "Pi", "Thinking", "Tool"]

_READ_ONLY: Sequence[Tool] = ("read", "grep", "find", "ls")
_SETTINGS = {"PI_OFFLINE": "1", "PI_TELEMETRY": "0", "PI_SKIP_VERSION_CHECK": "1"}


@dataclass(frozen=True, kw_only=True)
class _Place:
    """What one request runs with: the words that start Pi, its environment, its home."""

    start: tuple[str, ...]
    env: Mapping[str, str]
    home: Path


class Pi:
    """Pi with one set of options. It uses tools without asking, so by default it has only tools
    that read; the author may set others: `tools=("read", "edit", "write", "bash")`.

    `model` is an id at `provider`, or both as "provider/id"; without either, Pi uses the model that
    the user is signed in with (`/login`). Otherwise the key comes from the provider's own variable,
    or from the variable that `api_key_env` names. `base_url` is another address of the provider or,
    with `api`, of any server that speaks this protocol; `model_entry` then adds fields to the
    model's entry in models.json, such as {"contextWindow": 200000, "reasoning": True, "cost": {…}}.
    The user's login is never sent to such an address. With `trust_project`, the working folder's
    own extensions, skills, instructions and settings apply, which run programs. `home` is a folder
    for its sessions, instead of one for each run. `arguments` are added to the command line. `env`
    is added to its environment, which its tools see. `program` is its name on PATH, or its path.
    `replay` plays recordings instead of the program, `record` records each session in that folder;
    SMITHERS_REPLAY and SMITHERS_RECORD do the same without a change to the code.
    """

    can = Capabilities(
        resumes=True,
        forks=True,
        forks_at=True,
        same_folder=True,
        steers=True,
        reports_cost=True,
        changes_prompts=(
            "A text whose first word is a command of Pi (`/llama`) gets a newline in front.",
        ),
    )

    def __init__(
        self,
        model: str | None = None,
        *,
        provider: str | None = None,
        thinking: Thinking | None = None,
        tools: Sequence[Tool | str] = _READ_ONLY,
        exclude_tools: Sequence[Tool | str] = (),
        append_system_prompt: str | None = None,
        trust_project: bool = False,
        api_key_env: str | None = None,
        base_url: str | None = None,
        api: Api | None = None,
        model_entry: Mapping[str, object] | None = None,
        arguments: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        program: str = "pi",
        home: str | Path | None = None,
        replay: Replay | str | Path | None = None,
        record: str | Path | None = None,
    ) -> None:
        self.key = digest_options("pi", locals())
        self._settings = Settings(
            model=model,
            provider=provider,
            thinking=thinking,
            tools=tuple(tools),
            excluded=tuple(exclude_tools),
            added_prompt=append_system_prompt,
            trusts_project=trust_project,
            key_env=api_key_env,
            url=base_url,
            api=api,
            entry=dict(model_entry or {}),
            arguments=tuple(arguments),
        )
        self.name = "/".join(filter(None, ("pi", provider, model)))
        self._program, self._env = program, dict(env or {})
        self._home = Path(home).absolute() if home is not None else None
        self._sources = Sources(replay, record)

    @property
    def limit(self) -> str:
        """What rate limits are shared by: provider, host, account and model; one opaque text."""
        env, wanted = self._environment({}), self._settings
        login, provider = login_of(env), wanted.serves or "pi"
        stored = object_of(login_in(login).get(provider)) if wanted.signed_in else {}
        known = (text_of(stored.get(name)) for name in ("key", "accountId"))
        keys = (env.get(name, "") for name in wanted.key_names)
        account = next(filter(None, (*known, *keys)), str(login))
        return limit_text(provider, wanted.address, account, wanted.model)

    def run(self, ask: Ask) -> AsyncGenerator[Event, None]:
        """Resume the session of `ask`, or start one.

        A session that Pi does not know, or that was started in another working folder, is started
        anew.
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
        sessions, resumes = place.home / "sessions", ask.session is not None and source.live
        if resumes and await asyncio.to_thread(begun_elsewhere, sessions, session, ask.cwd):
            raise UnknownSession(f"session {session} belongs to another working folder")
        command = self._command(ask, place, session)
        if source.live and ask.forks is not None:
            command = await asyncio.to_thread(self._copying, command, place, ask, ask.forks)
        stream = Stream(session=session, priced=self._settings.priced)
        talk = partial(Dialogue, stream=stream, prompt=command.prompt)
        try:
            async with aclosing(conversed(command, ask, source, talk)) as events:
                async for event in events:
                    if isinstance(event, Answered) and ask.schema is not None:
                        event = replace(event, data=meant(event.text, ask.schema))
                    if isinstance(event, Answered):
                        turn: str | None = RECORDED
                        if source.live:
                            turn = await asyncio.to_thread(last_entry, sessions, stream.session)
                        event = replace(event, turn=turn)
                    yield event
        finally:
            cut_file(place.home, session).unlink(missing_ok=True)

    def _copying(self, command: Command, place: _Place, ask: Ask, forked: str) -> Command:
        """The command, once what it copies is here: a session, or its part up to a turn."""
        if self._home is None:
            bring_session(place.home, forked)
        if ask.at is None:
            return command
        cut = cut_session(place.home, forked, ask.at, str(command.session))
        begins = str(cut or uuid.uuid4())  # Pi knows no session of the latter
        flags = [begins if word == forked else word for word in command.flags]
        return replace(command, flags=tuple(flags), forks=begins)

    def versions(self) -> dict[str, str]:
        """The version of the program, if its files tell it."""
        return self._sources.versions(self._program, self._environment({}).get("PATH"))

    def find_obstacle(self, schema: Mapping[str, object] | None) -> str | None:
        """An option that is too long for a command line."""
        ask = Ask(prompt="", cwd=Path.cwd())
        place = _Place(start=(self._program,), env=self._environment({}), home=Path("/"))
        return find_obstacle(self._command(ask, place, str(uuid.UUID(int=0))))

    def _environment(self, marks: Mapping[str, str]) -> dict[str, str]:
        return built_environment(self._settings.key_names, _SETTINGS, self._env, marks)

    def _place(self, ask: Ask, *, live: bool) -> _Place:
        env, wanted = self._environment(ask.marks), self._settings
        home = self._home or Path("pi-home").absolute()
        if not live:
            return _Place(start=(self._program,), env=env, home=home)
        start = command_of(self._program, env.get("PATH"))
        if (key := wanted.key_env) and not env.get(key):
            raise NotSignedIn(f"the variable {key} is not set", hint=SIGN_IN)
        home = self._home or state_of(env, ask.marks.get("SMITHERS_RUN", "default"))
        login = login_of(env) if wanted.signed_in and login_of(env).is_file() else None
        files = wanted.files()
        digest = hashlib.sha256(json.dumps([files, str(login)], sort_keys=True).encode())
        own = prepared_home(home, f"agent-{digest.hexdigest()[:12]}", files, login)
        return _Place(start=start, env=env | {"PI_CODING_AGENT_DIR": str(own)}, home=home)

    def _command(self, ask: Ask, place: _Place, session: str) -> Command:
        schema = json.dumps(ask.schema) if ask.schema is not None else None
        kept = ("--session-dir", str(place.home / "sessions"))
        chosen: tuple[str, ...] = ("--session-id" if ask.session is None else "--session", session)
        if ask.forks is not None:
            chosen = ("--fork", ask.forks, *chosen)
        *runner, program = place.start
        itself = in_itself(ask)
        return Command(
            program="pi",
            instead=self._command(itself, place, itself.session or "") if itself else None,
            executable=program,
            flags=("--mode", "rpc", *self._settings.words(), *kept, *chosen),
            prompt=ask.told + (asked_for(ask.schema) if ask.schema is not None else ""),
            cwd=ask.cwd,
            env=place.env,
            session=session,
            resumes=ask.session is not None,
            forks=ask.forks,
            schema=schema,
            config=place.home,
            runner=runner[0] if runner else None,
            dialogue=True,
            files={"--append-system-prompt": "--append-system-prompt"},
        )
