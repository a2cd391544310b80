"""What a command does: a program, under the guard, within its clocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from smithers.changes import Failure
from smithers.engine.asking import Asking
from smithers.engine.attempts.execution import Execution, Marks, Result
from smithers.engine.attempts.executor import Bench, Executor, Request
from smithers.engine.attempts.hooks import Hooks
from smithers.engine.fingerprints import of_program
from smithers.engine.programs import Programs, shown_words
from smithers.engine.streams import Stream
from smithers.errors import AuthorError, MachineError
from smithers.kinds import Instance
from smithers.state import Attempted
from smithers.tree import CommandWork, Program, Retry, Task, program_of
from smithers.values import dataclass

__all__ = ["CommandExecutor"]


class CommandExecutor(Executor[CommandWork]):
    """Runs the programs of commands."""

    def __init__(self, asking: Asking, bench: Bench, hooks: Hooks) -> None:
        super().__init__(asking, bench)
        self._hooks = hooks

    def is_ready(self, one: Instance[Task], work: CommandWork) -> bool:
        return not self.asking.missed(self._program(one, work))

    def _program(self, one: Instance[Task], work: CommandWork) -> Any:
        return self.asking.ask(one, lambda: program_of(one.node, work))

    def request(self, one: Instance[Task], work: CommandWork) -> Request | None:
        program = self._program(one, work)
        if self.asking.missed(program):
            return None
        return Request(shown_words(program, self.bench.secrets.mask))

    def begin(self, one: Instance[Task], work: CommandWork) -> CommandAttempt | None:
        program = self._program(one, work)
        if self.asking.missed(program):
            return None
        serial = self.open_attempt(
            one,
            shown_words(program, self.bench.secrets.mask),
            fingerprint=of_program(program, one.node.output),
        )
        programs = self.programs(one, serial, self._hooks)
        return CommandAttempt(
            serial=serial,
            output=one.node.output,
            stream=programs.stream,
            program=program,
            programs=programs,
            retries=work.retry,
        )

    def retry(
        self, one: Instance[Task], work: CommandWork, tries: Sequence[Attempted], failure: Failure
    ) -> None:
        self.retry_if_asked(one, work.retry, tries, failure)


@dataclass(kw_only=True)
class CommandAttempt(Execution):
    """One run of a program."""

    stream: Stream
    program: Program
    programs: Programs
    retries: Retry | None

    def may_retry(self, error: Exception) -> bool:
        return self.retries is None or self.retries.retries(error)

    def tag(self, marks: Marks) -> None:
        self.programs.marks = marks(self.serial)

    async def run(self) -> str:
        """The output as JSON text. Raises `CommandFailed`, `Transient`, `BadOutput`, or
        `MachineError`.
        """
        self.stream.open()
        try:
            value = await self.programs.execute(self.program)
        finally:
            await self.programs.close()
            self.programs.printed.close()
            self.stream.close()
        text, self.type = self.output.dump_typed(value)
        return text

    def result_of(self, error: Exception) -> Result:
        return Result("halted" if isinstance(error, MachineError) else "failed", error=error)

    def explain(self, error: Exception, failure: Failure) -> Failure:
        if failure.hint or isinstance(error, AuthorError):
            return failure
        return replace(failure, hint=self.programs.logs_hint)
