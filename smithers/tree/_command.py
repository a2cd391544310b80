"""A program as a task."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, overload

from typing_extensions import TypeVar as TypeVarWithDefault

from smithers.tree._checks import check_number, check_takes
from smithers.tree._freeze import freeze
from smithers.tree._nodes import Node, OnFailure
from smithers.tree._places import Mark, here
from smithers.tree._programs import (
    Completed,
    Program,
    check_exit_codes,
    checked_cwd,
    checked_env,
    checked_program,
    checked_stdin,
    checked_words,
)
from smithers.tree._results import check_output
from smithers.tree._retry import Retry, check_retry
from smithers.tree._rework import Rework
from smithers.tree._tasks import Task
from smithers.tree._work import CommandWork

__all__ = ["Command", "program_of"]

T = TypeVar("T")
T_co = TypeVarWithDefault("T_co", covariant=True, default=object)
Words = str | Sequence[str | Path]


class Command(Task[T_co]):
    """A program as a task: `argv` is its words, or with `shell` one string for `/bin/sh`.

    It runs under a guard: the program and all its descendants end with the attempt, and what it
    left in the background ends with it. `cwd` is relative to the run's folder (default: this).
    `env` is added to the environment of the run, from which the keys of agents are removed. `stdin`
    is the text that it reads (default: none). `argv`, `cwd`, `env` and `stdin` may be callables
    that read outputs.

    The output is `Completed`, or with `output=str` what it wrote to stdout, or with another type
    this as JSON. An exit code other than 0 fails the task; with `check=False` it is part of
    `Completed`. `timeout_s` limits the duration, and `idle_s` the time without output. After a
    failure it is retried only if `retry` is set.
    """

    kind = "command"
    work: CommandWork  # pyright: ignore[reportIncompatibleVariableOverride]  # set once

    @overload
    def __init__(
        self: Command[Completed],
        id: str,
        argv: Words | Callable[[], Words],
        *,
        shell: bool = False,
        cwd: str | Path | Callable[[], str | Path | None] | None = None,
        env: Mapping[str, str] | Callable[[], Mapping[str, str]] | None = None,
        stdin: str | bytes | Callable[[], str | bytes | None] | None = None,
        check: bool = True,
        output: type[Completed] = ...,
        timeout_s: float | None = None,
        idle_s: float | None = None,
        retry: Retry | None = None,
        on_failure: OnFailure | Rework = "fail",
        needs: Iterable[Node | str] = (),
        skip_if: Callable[[], bool] | None = None,
        pool: str | None = None,
        priority: int = 0,
    ) -> None: ...

    @overload
    def __init__(
        self: Command[T],
        id: str,
        argv: Words | Callable[[], Words],
        *,
        output: type[T],
        shell: bool = False,
        cwd: str | Path | Callable[[], str | Path | None] | None = None,
        env: Mapping[str, str] | Callable[[], Mapping[str, str]] | None = None,
        stdin: str | bytes | Callable[[], str | bytes | None] | None = None,
        check: Literal[True] = True,
        timeout_s: float | None = None,
        idle_s: float | None = None,
        retry: Retry | None = None,
        on_failure: OnFailure | Rework = "fail",
        needs: Iterable[Node | str] = (),
        skip_if: Callable[[], bool] | None = None,
        pool: str | None = None,
        priority: int = 0,
    ) -> None: ...

    def __init__(
        self,
        id: str,
        argv: Words | Callable[[], Words],
        *,
        shell: bool = False,
        cwd: str | Path | Callable[[], str | Path | None] | None = None,
        env: Mapping[str, str] | Callable[[], Mapping[str, str]] | None = None,
        stdin: str | bytes | Callable[[], str | bytes | None] | None = None,
        check: bool = True,
        output: Any = Completed,
        timeout_s: float | None = None,
        idle_s: float | None = None,
        retry: Retry | None = None,
        on_failure: OnFailure | Rework = "fail",
        needs: Iterable[Node | str] = (),
        skip_if: Callable[[], bool] | None = None,
        pool: str | None = None,
        priority: int = 0,
    ) -> None:
        mark, who = here(), f"command {id!r}"
        kind = check_output(output, mark)
        check_exit_codes(mark, who, output, check=check)
        check_number(mark, "idle_s", idle_s, 0.001)
        if retry is not None:
            check_retry(id, retry, mark, of_agent=False)
        work = CommandWork(
            argv=_part(
                mark, who, "argv", argv, lambda: checked_words(mark, who, argv, shell=shell)
            ),
            shell=shell,
            cwd=_part(mark, who, "cwd", cwd, lambda: checked_cwd(mark, who, cwd)),
            env=_part(mark, who, "env", env, lambda: checked_env(mark, who, env)),
            stdin=_part(mark, who, "stdin", stdin, lambda: checked_stdin(mark, who, stdin)),
            check=check,
            idle_s=idle_s,
            retry=retry,
        )
        self._become(id, mark, work, kind, timeout_s, on_failure, needs, skip_if)
        self._queue(pool, priority)


def _part(mark: Mark, who: str, name: str, given: object, check: Callable[[], object]) -> object:
    """A part of a command: as given, frozen if it is a callable, and checked if it is not."""
    if not callable(given):
        check()
        return given
    check_takes(mark, f"the {name} of {who}", given, 0)
    return freeze(given, mark)


def program_of(node: Task[Any], work: CommandWork) -> Program:
    """The program of a command as of now: what is a callable is called. Raises `AuthorError`."""
    return checked_program(
        node.mark,
        f"command {node.id!r}",
        _now(work.argv),
        shell=work.shell,
        cwd=_now(work.cwd),
        env=_now(work.env),
        stdin=_now(work.stdin),
        check=work.check,
        output=node.output.kind,
        timeout_s=node.timeout_s,
        idle_s=work.idle_s,
    )


def _now(given: object) -> object:
    return given() if callable(given) else given
