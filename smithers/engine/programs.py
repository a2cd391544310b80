"""Programs of an attempt, under the guard: of a command, or started by the function of a step."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import shlex
import signal
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import ValidationError

from smithers.adapters import agent_variables
from smithers.agent import Event, Said, Spawned
from smithers.engine.launching import ATTEMPT, unmarked
from smithers.engine.printing import Printed
from smithers.engine.program_output import JSON_BYTES, KEPT_BYTES, OutputFile, Written
from smithers.engine.program_start import start_program
from smithers.engine.streams import Stream
from smithers.errors import AuthorError, BadOutput, CommandFailed, Stalled, Transient
from smithers.host import Ending, GuardedProcess, Launch, now, to_the_end
from smithers.secrets import Secrets, is_secret_name
from smithers.tree import Completed, Program, here, problem, valid_text
from smithers.values import dataclass

__all__ = ["Masking", "Programs", "shown_words"]

T = TypeVar("T")
_KILL_AFTER_S = 5.0
"""How long a program that was asked to end may take before it is killed."""
_LOOK_S = 1.0
_LAST_LINES, _LAST_CHARS = 3, 1000
_SHOWN_CHARS, _WORD_CHARS = 60, 10_000
_LINE_CHARS, _SHOWN_EVERY_S = 2000, 0.2


class Hooks(Protocol):
    """What a program asks of the engine while it runs."""

    async def spawned(self, serial: int, process: Spawned) -> None: ...

    def happened(self, serial: int, event: Event) -> None: ...


def shown_words(program: Program, mask: Callable[[str], str]) -> str:
    """The words of a program as they are typed, on one line, without secrets and not too long."""
    shell = program.argv[:2] == ("/bin/sh", "-c")
    words = [word[:_WORD_CHARS] for word in program.argv]
    typed = mask(words[2] if shell else shlex.join(words))
    line = " ".join("".join(one if one.isprintable() else " " for one in typed).split())
    return line if len(line) <= _SHOWN_CHARS else f"{line[: _SHOWN_CHARS - 1]}…"


class Masking:
    """Masks the secrets of the run, and of the environments that the author gives to programs."""

    def __init__(self, mask: Callable[[str], str]) -> None:
        self._mask = mask
        self._given: dict[str, str] = {}
        self._more: Secrets | None = None

    def __call__(self, text: str) -> str:
        text = self._mask(text)
        return text if self._more is None else self._more.mask(text)

    def add(self, environment: Mapping[str, str]) -> None:
        self._given.update(environment)
        self._more = Secrets(self._given)


@dataclass(kw_only=True, slots=True)
class Programs:
    """Runs the programs of one attempt. `close` ends those that still run.

    Their environment is that of the run without the keys of agents, then what the author names,
    then `marks`, which say to which run they belong.
    """

    serial: int
    key: str
    run_id: str
    folder: Path
    streams: Path
    stream: Stream
    printed: Printed
    mask: Masking
    hooks: Hooks
    marks: Mapping[str, str] = field(default_factory=dict[str, str])
    loop: asyncio.AbstractEventLoop | None = None
    """That of the attempt, once it runs."""
    _files: dict[str, OutputFile] = field(default_factory=dict[str, OutputFile])
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set[asyncio.Task[Any]])
    _started: int = 0
    _line: str = ""
    _shown_at: float = 0.0
    _closed: bool = False

    # -- for the function of a step

    def run(self, program: Program, /) -> Any:
        """See `Programs` of the tree."""
        if _running_loop() is not None:
            said = "attempt.run would block the event loop, and everything else with it"
            raise AuthorError(
                said, place=here().place, hint="in an async step, write await attempt.arun(...)"
            )
        if self._closed or self.loop is None:
            raise asyncio.CancelledError
        call = self._tracked(program)
        try:
            future = asyncio.run_coroutine_threadsafe(call, self.loop)
        except RuntimeError:  # the loop is closed: the attempt is over
            call.close()
            raise asyncio.CancelledError from None
        while not concurrent.futures.wait([future], timeout=_LOOK_S).done:
            if self.loop.is_closed():  # it stopped before it came to the call
                raise asyncio.CancelledError
        try:
            return future.result()
        except concurrent.futures.CancelledError:  # an Exception, which the author may catch
            raise asyncio.CancelledError from None

    def arun(self, program: Program, /) -> Coroutine[Any, Any, Any]:
        """See `Programs` of the tree."""
        if _running_loop() is not self.loop:
            said = "attempt.arun was called outside of the event loop of the run"
            raise AuthorError(
                said, place=here().place, hint="in a step that is not async, write attempt.run(...)"
            )
        return self._in_task(program)

    async def _in_task(self, program: Program) -> Any:
        return await asyncio.ensure_future(self._tracked(program))

    async def _tracked(self, program: Program) -> Any:
        task = asyncio.current_task()
        assert task is not None
        if self._closed:
            raise asyncio.CancelledError
        self._tasks.add(task)
        try:
            return await self.execute(program)
        finally:
            self._tasks.discard(task)

    def refuse(self) -> None:
        """Start nothing any more."""
        self._closed = True

    async def close(self) -> None:
        """End what still runs. Nothing starts after it."""
        self.refuse()
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks)
        for file in self._files.values():
            file.close()

    # -- one program

    async def execute(self, program: Program) -> Any:
        """Run it to its end; its output. Raises `CommandFailed`, `Transient`, `BadOutput`, or
        `MachineError`.
        """
        if program.env:
            self.mask.add(program.env)
        shown = shown_words(program, self.mask)
        where = {} if program.cwd is None else {"cwd": str(self.folder / program.cwd)}
        self.stream.write({"event": "command", "argv": list(map(_short, program.argv)), **where})
        began = now()
        self._started += 1
        attempt = self.marks.get(ATTEMPT, "")
        own = {ATTEMPT: f"{attempt}:{self._started}"} if attempt else {}
        environment = {**_environment(), **program.env, **self.marks, **own}
        launch = Launch(
            argv=program.argv,
            cwd=self.folder if program.cwd is None else self.folder / program.cwd,
            env=environment,
            stdin=program.stdin,
            talks=program.stdin is not None,
            attempt=attempt,
        )
        process = await start_program(launch, shown)
        most = KEPT_BYTES if _is_text(program) else JSON_BYTES
        out, err = self._written("stdout", most), self._written("stderr", KEPT_BYTES)
        ending = await self._to_its_end(process, program, out, err)
        code = -ending.signal if ending.signal is not None else ending.rc or 0
        took_s = round(now() - began, 3)
        self.printed.end_lines()
        self._show_line()
        with suppress(Exception):  # it has ended: a full disk fails nothing any more
            self.stream.write({"event": "exited", "exit_code": code, "duration_s": took_s})
        done = Completed(exit_code=code, stdout=out.text(), stderr=err.text(), duration_s=took_s)
        if program.check and code:
            raise self._failed(shown, done)
        return done if program.output.kind is Completed else self._value(shown, program, out)

    def _written(self, name: str, most_bytes: int) -> Written:
        if name not in self._files:
            self._files[name] = OutputFile(self.streams, self.serial, name)
        return Written(self._files[name], most_bytes)

    async def _to_its_end(
        self, process: GuardedProcess, program: Program, out: Written, err: Written
    ) -> Ending:
        """Nothing of it lives after this, whatever the reason."""
        is_over = False
        try:
            ending = await self._hear(process, program, out, err)
            is_over = True
            return ending
        finally:
            await to_the_end(_end(process, is_over=is_over))

    async def _hear(
        self, process: GuardedProcess, program: Program, out: Written, err: Written
    ) -> Ending:
        clock = _Clock(program)
        guard, *rest = await clock.wait(process.pids())
        await self.hooks.spawned(self.serial, Spawned(guard))
        for pid in rest:
            await self.hooks.spawned(self.serial, Spawned(pid, cgroup=process.cgroup or None))
        while (chunk := await clock.wait(process.read())) is not None:
            for pid, started in process.take_seen():
                await self.hooks.spawned(self.serial, Spawned(pid, started))
            if chunk.data:
                clock.heard_at = chunk.at
                name, written = ("stdout", out) if chunk.stream == "out" else ("stderr", err)
                self._show(name, written.add(chunk.data))
        return await clock.wait(process.ended())

    def _show(self, name: str, text: str) -> None:
        """Write it to the log, and show its last line to observers a few times a second."""
        self.printed.write(name, text)
        lines = text[-_LINE_CHARS:].split("\n")[:-1]
        self._line = next((line for line in reversed(lines) if line.strip()), self._line)
        if now() > self._shown_at + _SHOWN_EVERY_S:
            self._show_line()

    def _show_line(self) -> None:
        if self._line:
            self.hooks.happened(self.serial, Said(self.mask(self._line)))
            self._line, self._shown_at = "", now()

    def _failed(self, shown: str, done: Completed) -> CommandFailed:
        how = f"exited with code {done.exit_code}"
        if done.exit_code < 0:
            how = f"was ended by {_signal_name(-done.exit_code)}"
        return CommandFailed(
            f"`{shown}` {how}{self.mask(_last_lines(done))}",
            hint=self.logs_hint,
            exit_code=done.exit_code,
            stdout=done.stdout,
            stderr=done.stderr,
        )

    @property
    def logs_hint(self) -> str:
        """What to type for what the programs wrote."""
        key = shlex.quote(self.key)
        hint = f"for all that it wrote, type `smithers logs {self.run_id} {key}`"
        return hint

    def _value(self, shown: str, program: Program, out: Written) -> Any:
        output = program.output
        if output.is_text:
            return out.text()
        if out.omitted:
            said = f"`{shown}` wrote {out.size} bytes to stdout: more than {JSON_BYTES} of JSON"
            raise BadOutput(said, hint="have it write less, or to a file")
        if not out.is_utf8:
            said = f"`{shown}` wrote bytes to stdout that are not UTF-8, so they are not JSON"
            raise BadOutput(said, hint="leave out output=, or have it write JSON")
        try:
            return output.parse(out.text())
        except ValidationError as error:
            why = self.mask(problem(error))
            said = f"what `{shown}` wrote to stdout does not match output=:\n{why}"
            hint = "have it write one JSON value and nothing else to stdout, or change output="
            raise BadOutput(said, hint=hint) from error


class _Clock:
    """The limits of one program."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._began = self.heard_at = now()

    async def wait(self, for_it: Awaitable[T]) -> T:
        """Await it within the limits. Raises `Transient` or `Stalled`."""
        program, ends, silent = self._program, None, None
        if program.timeout_s is not None:
            ends = self._began + program.timeout_s
        if program.idle_s is not None:
            silent = self.heard_at + program.idle_s
        limit = min((at for at in (ends, silent) if at is not None), default=None)
        clock = asyncio.timeout_at(limit)
        try:
            async with clock:
                return await for_it
        except TimeoutError:
            if not clock.expired():
                raise
            if program.timeout_s is not None and limit == ends:
                said = f"not finished within {program.timeout_s:g} s"
                raise Transient(said, reason="timeout") from None
            raise Stalled(program.idle_s or 0, what="output") from None


async def _end(process: GuardedProcess, *, is_over: bool) -> None:
    """End a program and all its descendants, politely first."""
    if not is_over:
        ended = asyncio.ensure_future(process.ended())
        process.signal(signal.SIGTERM)
        await asyncio.wait([ended], timeout=_KILL_AFTER_S)
        ended.cancel()
        await asyncio.gather(ended, return_exceptions=True)
    await process.destroy()


def _environment() -> dict[str, str]:
    """What a program has of our environment: all but the keys of agents and what marks a run."""
    keys = {name for name in agent_variables() if is_secret_name(name)}
    return {name: text for name, text in unmarked(os.environ).items() if name not in keys}


def _short(word: str) -> str:
    word = valid_text(word)
    return word if len(word) <= _WORD_CHARS else f"{word[:_WORD_CHARS]}…"


def _is_text(program: Program) -> bool:
    return program.output.is_text or program.output.kind is Completed


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"


def _last_lines(done: Completed) -> str:
    """The last lines that a program wrote, of stderr if there are any."""
    for name, text in (("stderr", done.stderr), ("stdout", done.stdout)):
        if lines := text.strip().splitlines()[-_LAST_LINES:]:
            said = "\n".join(lines)[-_LAST_CHARS:]
            return f"\n{name}: {said}"
    return ""
