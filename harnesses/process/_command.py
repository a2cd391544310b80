"""What is started: the words, the environment, and what of it identifies a recording."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harnesses.recording import Header
from harnesses.scrubbing import both, machine, secrets_of

__all__ = [
    "ARGUMENT_LIMIT_BYTES",
    "Command",
    "built_environment",
    "scrub_of",
    "terminal_environment",
    "version_of",
]

_PASSED = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
    "http_proxy", "https_proxy", "no_proxy", "all_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS",
)  # fmt: skip
_SET = {"LANG": "C.UTF-8", "TERM": "dumb", "NO_COLOR": "1"}
ARGUMENT_LIMIT_BYTES = 100_000
"""Linux takes 131071 bytes in one argument. Longer prompts go by stdin, other words by file."""
_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost):\d+")


def built_environment(needed: tuple[str, ...], *more: Mapping[str, str]) -> dict[str, str]:
    """The environment of a program: built, not inherited, since its tools see all of it.

    `needed` are the names that this program is given of ours, if they are set.
    """
    passed = {name: os.environ[name] for name in _PASSED + needed if name in os.environ}
    built = passed | _SET
    for each in more:
        built |= each
    return built


def terminal_environment(needed: tuple[str, ...], *more: Mapping[str, str]) -> dict[str, str]:
    """The same for a program that a person has before them: nothing in it tells of a terminal."""
    built = built_environment(needed, *more)
    return {name: text for name, text in built.items() if _SET.get(name) != text}


@dataclass(frozen=True, kw_only=True)
class Command:
    """A program to start. `flags` hold the session id and the schema, but never the prompt.

    `session` is None where the program will choose the id itself; it is that of a copy of the
    session `forks`, where that is given, or of that as it was at the turn `at`. In a `dialogue`
    stdin stays open and the prompt is written there by the adapter, in the program's own protocol.
    `version_flag` makes the program print its version. `prompt_flag` stands before a prompt that is
    an argument. `stop_signals` ask it to end, one after the other.
    `runner` is what runs a program that is a script. `by_stdin` is for a program that would take
    some prompts for something else, if they were arguments. `by_file` is for one that ends before
    a pipe has taken all that it said. `wrapped` is what is written to stdin where the prompt is
    only a part of that. `manner` are flags that say how it is talked to, and nothing of what is
    asked: a recording answers a request in any manner. `ends_within_s` is how long a program may
    take, after the end of a dialogue that was broken off, before it is asked to end. `files` names,
    for flags whose value may be long, the flag that takes a file with the value in it. `instead` is
    what a replay plays if this request was not recorded: that in a session itself, for one in its
    copy at a turn.
    """

    program: str
    executable: str
    flags: tuple[str, ...]
    prompt: str
    cwd: Path
    env: Mapping[str, str]
    session: str | None
    resumes: bool
    forks: str | None = None
    at: str | None = None
    dialogue: bool = False
    manner: tuple[str, ...] = ()
    ends_within_s: float = 2.0
    schema: str | None = None
    config: Path | None = None
    version_flag: str = "--version"
    prompt_flag: str = "--"
    stop_signals: tuple[signal.Signals, ...] = (signal.SIGTERM,)
    runner: str | None = None
    by_stdin: bool = False
    by_file: bool = False
    wrapped: str | None = None
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    instead: Command | None = None

    @property
    def prompt_by_stdin(self) -> bool:
        if self.wrapped is not None:
            return True
        return not self.dialogue and (self.by_stdin or self._is_no_argument)

    @property
    def _is_no_argument(self) -> bool:
        return "\0" in self.prompt or len(self._prompt_bytes) > ARGUMENT_LIMIT_BYTES

    @property
    def stdin(self) -> bytes | None:
        if self.wrapped is not None:
            return self.wrapped.encode("utf-8", "replace")
        return self._prompt_bytes if self.prompt_by_stdin else None

    @property
    def talks(self) -> bool:
        """Whether anything at all is written to the program."""
        return self.dialogue or self.prompt_by_stdin

    @property
    def argv(self) -> tuple[str, ...]:
        said = (
            ()
            if self.prompt_by_stdin or self.dialogue
            else (self.prompt_flag, self._prompt_bytes.decode())
        )
        return (*self.start, *self.flags, *self.manner, *said)

    @property
    def start(self) -> tuple[str, ...]:
        """The words before all arguments."""
        return (self.runner, self.executable) if self.runner else (self.executable,)

    @property
    def _prompt_bytes(self) -> bytes:
        return self.prompt.encode("utf-8", "replace")

    def header(self) -> Header:
        """What identifies this request wherever it is replayed: no path, id or port of today."""
        places = {self.config: "${CONFIG}", self.cwd: "${CWD}", self.cwd.resolve(): "${CWD}"}
        marks = {str(folder): mark for folder, mark in places.items() if folder is not None}
        shape = tuple(self._shaped(word, marks) for word in self.flags)
        return Header(
            program=self.program,
            argv=(Path(self.executable).name, *shape),
            prompt_sha=_digest(self.prompt.replace(str(self.cwd), "${CWD}")),
            schema_sha=_digest(_canonical(self.schema)) if self.schema is not None else None,
            session=self.session,
            resumes=self.resumes,
            forks=self.forks is not None,
            prompt=self.prompt,
            env_names=tuple(sorted(self.env)),
        )

    def _shaped(self, word: str, marks: Mapping[str, str]) -> str:
        if word == self.session:
            return "<session>"
        if self.forks is not None and word == self.forks:
            return "<forked>"
        if self.at is not None and word == self.at:
            return "<turn>"
        if self.schema is not None and word == self.schema:
            return "<schema>"
        for folder, mark in marks.items():
            word = word.replace(folder, mark)
        return _LOOPBACK.sub(r"\1:${PORT}", word)


def version_of(command: Command) -> str | None:
    """What the program says when it is asked for its version."""
    try:
        found = subprocess.run(
            [*command.start, command.version_flag],
            env=dict(command.env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=20,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return next((word for word in found.stdout.split() if word[0].isdigit()), None)


def scrub_of(command: Command) -> Callable[[str], str]:
    """What takes secrets and this machine's names out of a recording of the command."""
    program = Path(command.executable)
    names = machine(command.cwd, command.config, command.env, program)
    return both(secrets_of(os.environ, command.env), names)


def _canonical(schema: str) -> str:
    return json.dumps(json.loads(schema), sort_keys=True, separators=(",", ":"))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
