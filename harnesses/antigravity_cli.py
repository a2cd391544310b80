"""Antigravity's command line (`agy`) as an agent: experimental, and never tested with a real `agy`.

The program is in no package registry. Everything here is based on descriptions by others, so it
needs `experimental=True`, versions older than those descriptions are refused, and the tests use a
stand-in. The tested agent is `harnesses.Antigravity`, which uses the SDK.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Literal

from harnesses._agy_stream import NAME, Stream
from harnesses._ladder import asked_for
from harnesses._limits import limit_text
from harnesses._streams import UnknownSession, ways
from harnesses._turns import heard
from harnesses.process import (
    Command,
    Source,
    Sources,
    built_environment,
    find_obstacle,
    find_program,
)
from harnesses.process._asking import asked
from smithers.agent import Ask, Capabilities, Event, digest_options
from smithers.errors import AuthorError, MachineError, NotInstalled, Permanent, Transient

__all__ = ["AntigravityCLI", "Mode"]

Mode = Literal["plan", "all"]
INSTALL = "see antigravity.google, and `agy --version`"
OLDEST, NEWEST = "1.2.6", "1.3.5"
"""The versions that others describe; older ones do not tell all their failures."""
_KEY = "GEMINI_API_KEY"
SETTINGS = {"AGY_CLI_DISABLE_AUTO_UPDATE": "1"}
_VERSION_WITHIN_S = 10.0
_OWN_LIMIT_S = 7 * 24 * 3600
"""It would call a part of an answer a success at the end of its own time; ours come first."""
_PROMPT_LIMIT_BYTES = 100_000


class AntigravityCLI:
    """`agy` with one set of options; `experimental=True` states that the author accepts the risk.

    In mode "plan" it may only read; "all" allows everything without asking. `model` is one that
    `agy models` lists. `arguments` are added to the command line. `env` is added to its
    environment, which its tools see. `program` is its name on PATH, or its path. `record` records
    each session in that folder.
    """

    can = Capabilities(
        resumes=True,
        same_folder=True,
        changes_prompts=(
            ("It is not known how agy changes a text, or what it takes for a command."),
        ),
    )

    def __init__(
        self,
        model: str | None = None,
        *,
        experimental: bool = False,
        mode: Mode = "plan",
        arguments: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        program: str = "agy",
        record: str | Path | None = None,
    ) -> None:
        if not experimental:
            raise AuthorError(
                "AntigravityCLI was never tested with a real agy",
                hint="use Antigravity, or write AntigravityCLI(experimental=True)",
            )
        self.key = digest_options("antigravity-cli", locals())
        self.name = f"agy/{model}" if model else "agy"
        self._model, self._mode, self._program = model, mode, program
        self._arguments, self._env = tuple(arguments), dict(env or {})
        self._sources = Sources(None, record)

    @property
    def limit(self) -> str:
        """What rate limits are shared by: provider, host, account and model; one opaque text."""
        account = self._environment({}).get(_KEY, "")
        return limit_text("google", "agy", account, self._model)

    def run(self, ask: Ask) -> AsyncGenerator[Event, None]:
        """Resume the conversation of `ask`, or start one; `agy` chooses its id."""
        return self._sources.play(lambda source: self._run(ask, source))

    async def _run(self, ask: Ask, source: Source) -> AsyncGenerator[Event, None]:
        env = self._environment(ask.marks)
        program = self._program
        if source.live:
            program = await asyncio.to_thread(_found, program, env)
        *known, anew = ways(ask)
        for way in (*known, anew):
            command = self._command(way, program, env)
            stream = Stream(session=way.session or "")
            try:
                async with aclosing(heard(command, way, source, stream, in_words=True)) as events:
                    async for event in events:
                        yield event
                return
            except UnknownSession:
                if way is anew:
                    raise

    def versions(self) -> dict[str, str]:
        """The version of the program, if its files tell it."""
        return self._sources.versions(self._program, self._environment({}).get("PATH"))

    def find_obstacle(self, schema: Mapping[str, object] | None) -> str | None:
        """An option that is too long for a command line."""
        ask = Ask(prompt="", cwd=Path.cwd())
        return find_obstacle(self._command(ask, self._program, self._environment({})))

    def _environment(self, marks: Mapping[str, str]) -> dict[str, str]:
        return built_environment((_KEY,), SETTINGS, self._env, marks)

    def _command(self, ask: Ask, program: str, env: Mapping[str, str]) -> Command:
        prompt = ask.told + asked_for(ask.schema) if ask.schema is not None else ask.told
        self._check(prompt)
        free = ("--dangerously-skip-permissions", "--disable-slash-commands")
        return Command(
            program="agy",
            executable=program,
            flags=(
                *("--print-timeout", f"{_OWN_LIMIT_S}s", "--output-format", "stream-json"),
                *(free if self._mode == "all" else ("--mode", "plan")),
                *(("--model", self._model) if self._model else ()),
                *("--add-dir", str(ask.cwd)),
                *self._arguments,
                *(("--conversation", ask.session) if ask.session is not None else ()),
            ),
            prompt=prompt,
            prompt_flag="-p",
            cwd=ask.cwd,
            env=env,
            session=ask.session,
            resumes=ask.session is not None,
        )

    def _check(self, prompt: str) -> None:
        """Nobody knows how it takes a prompt but as an argument."""
        if len(prompt.encode("utf-8", "replace")) > _PROMPT_LIMIT_BYTES or "\0" in prompt:
            limit = f"it is not a text below {_PROMPT_LIMIT_BYTES} bytes"
            raise Permanent(f"{NAME} cannot take this prompt: {limit}", reason="too_large")
        if self._mode == "plan" and prompt.lstrip().startswith("/"):
            raise Permanent(
                f"{NAME} takes a prompt that starts with / for one of its commands",
                hint='start the prompt with another word, or use mode="all"',
                reason="bad_request",
            )


def _found(program: str, env: Mapping[str, str]) -> str:
    """The program's path. Raises where it is not there, or too old to be trusted."""
    found = find_program(program, env.get("PATH"))
    if found is None:
        raise NotInstalled(NAME, INSTALL, looked_for=program)
    try:
        said = asked([found, "--version"], env, within_s=_VERSION_WITHIN_S)
    except OSError as error:
        raise MachineError.of(error, program, "cannot be asked for its version") from error
    if said.code in (126, 127) and not said.out:
        raise Transient(f"{program} did not start: {said.err.strip()}", reason="not_started")
    version = re.search(r"\d+\.\d+\.\d+", said.out)
    if version is None:
        raise Permanent(f"{program} did not report its version", hint=INSTALL, reason="not_started")
    if _numbers(version[0]) < _numbers(OLDEST):
        raise Permanent(
            f"{NAME} {version[0]} is too old; version {OLDEST} or newer is needed",
            hint=f"update it: {INSTALL}",
            reason="not_installed",
        )
    return str(Path(found).absolute())


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
