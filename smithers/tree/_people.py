"""A task that a person does: they answer a question with data, a choice, or a text."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeVar, cast, overload

from typing_extensions import TypeVar as TypeVarWithDefault

from smithers.tree._asks import check_allowed, check_ask
from smithers.tree._checks import check_choice, check_takes, wrong
from smithers.tree._freeze import freeze
from smithers.tree._handles import Handle
from smithers.tree._nodes import Node, OnFailure
from smithers.tree._outputs import Output, output_of
from smithers.tree._places import Mark, here
from smithers.tree._results import check_output
from smithers.tree._rework import Rework, check_rework
from smithers.tree._tasks import Task
from smithers.tree._work import HumanWork

__all__ = ["HumanTask", "named_choices"]

T = TypeVar("T")
T_co = TypeVarWithDefault("T_co", covariant=True, default=object)
Choices = Iterable[str] | Callable[[], Iterable[str]]


class HumanTask(Task[T_co]):
    """A question to a person, whose answer is the output.

    The answer is a text, one of `choices` (a list, or a callable that is called when the question
    is asked), or data of the type `output`, which is validated when it is given. `ask` is the text
    that the person sees. `allowed_by` lists the names that may answer; if it is empty, anyone may.
    Without an answer within `timeout_s`, the task fails, and resuming the run asks again; with
    `on_timeout="continue"`, it gives None. With `on_deny=Rework(task)`, a person may also deny,
    with a note: what was asked about is done again, and the person is asked again.
    """

    kind = "human"
    work: HumanWork  # pyright: ignore[reportIncompatibleVariableOverride]  # set once

    @overload
    def __init__(
        self: HumanTask[str],
        id: str,
        *,
        ask: str | Callable[[], str],
        choices: Choices | None = None,
        timeout_s: float | None = None,
        on_timeout: Literal["fail"] = "fail",
        allowed_by: Iterable[str] = (),
        on_deny: Rework | None = None,
        needs: Iterable[Node | str] = (),
        skip_if: Callable[[], bool] | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self: HumanTask[str | None],
        id: str,
        *,
        ask: str | Callable[[], str],
        timeout_s: float,
        on_timeout: Literal["continue"],
        choices: Choices | None = None,
        allowed_by: Iterable[str] = (),
        on_deny: Rework | None = None,
        needs: Iterable[Node | str] = (),
        skip_if: Callable[[], bool] | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self: HumanTask[T],
        id: str,
        *,
        ask: str | Callable[[], str],
        output: type[T],
        timeout_s: float | None = None,
        on_timeout: Literal["fail"] = "fail",
        allowed_by: Iterable[str] = (),
        on_deny: Rework | None = None,
        needs: Iterable[Node | str] = (),
        skip_if: Callable[[], bool] | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self: HumanTask[T | None],
        id: str,
        *,
        ask: str | Callable[[], str],
        output: type[T],
        timeout_s: float,
        on_timeout: Literal["continue"],
        allowed_by: Iterable[str] = (),
        on_deny: Rework | None = None,
        needs: Iterable[Node | str] = (),
        skip_if: Callable[[], bool] | None = None,
    ) -> None: ...

    def __init__(
        self,
        id: str,
        *,
        ask: str | Callable[[], str],
        output: Any = None,
        choices: Choices | None = None,
        timeout_s: float | None = None,
        on_timeout: OnFailure = "fail",
        allowed_by: Iterable[str] = (),
        on_deny: Rework | None = None,
        needs: Iterable[Node | str] = (),
        skip_if: Callable[[], bool] | None = None,
    ) -> None:
        mark, who = here(), f"human task {id!r}"
        check_ask(who, ask, mark)
        check_choice(mark, "on_timeout", on_timeout, ("fail", "continue"))
        if on_timeout == "continue" and timeout_s is None:
            said = f"{who} has on_timeout='continue', but no time in which it must be answered"
            wrong(mark, said, "for example timeout_s=3600")
        if output is not None and choices is not None:
            said = f"{who} has both output= and choices="
            wrong(mark, said, "use choices= for one of several texts, or output= for data")
        answer = check_output(str if output is None else output, mark)
        work = HumanWork(
            ask=freeze(ask, mark),
            answer=answer,
            choices=_checked_choices(who, choices, mark),
            on_timeout=on_timeout,
            allowed_by=check_allowed(who, allowed_by, mark),
        )
        gives = answer if on_timeout == "fail" else _or_none(answer)
        self._become(id, mark, work, gives, timeout_s, "fail", needs, skip_if)
        self.rework = check_rework(who, on_deny, mark)


def _or_none(answer: Output[Any]) -> Output[Any]:
    """The output of the same type that may be missing."""
    return output_of(cast("Any", answer.kind | None))


def _checked_choices(
    who: str, choices: Choices | None, mark: Mark
) -> tuple[str, ...] | Callable[[], Iterable[str]] | None:
    if choices is None:
        return None
    if callable(choices):
        check_takes(mark, f"the choices of {who}", choices, 0)
        return freeze(choices, mark)
    return named_choices(who, choices, mark)


def named_choices(who: str, given: object, mark: Mark) -> tuple[str, ...]:
    """The texts among which a person chooses: distinct, each on one line. Raises `AuthorError`."""
    what, name = f"the choices of {who}", type(given).__name__
    hint = "pass a list of strings, for example choices=['blue', 'green']"
    if isinstance(given, str | Handle | set | frozenset) or not isinstance(given, Iterable):
        if isinstance(given, set | frozenset):
            hint = "the order of a set differs between processes: write sorted(...)"
        elif isinstance(given, Handle):
            hint = "read its output with ctx[task] in a callable: choices=lambda: ctx[task]"
        wrong(mark, f"{what} must be a list of strings, not {name}", hint)
    found = tuple(cast("Iterable[object]", given))
    for one in found:
        if not isinstance(one, str):
            wrong(mark, f"{what} contain {one!r}, which is not a string", hint)
        if not one.strip() or not one.isprintable():
            said = f"{what} contain {one!r}, which cannot be typed on one line"
            wrong(mark, said, "use printable texts that are not empty")
    names = cast("tuple[str, ...]", found)
    if not names:
        wrong(mark, f"{what} are empty, so nobody could answer", hint)
    if twice := next((one for one in names if names.count(one) > 1), None):
        wrong(mark, f"{what} contain {twice!r} twice", "leave one of them out")
    return names
