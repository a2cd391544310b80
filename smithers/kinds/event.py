"""A wait for an event: a signal that somebody sends to the run is its output.

Signals queue by event and correlation, in the order in which they were sent. A wait that opens
takes the oldest one that fits; without one it stays open, and takes the next one that comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, ClassVar, Literal, cast, overload

from pydantic import ValidationError
from typing_extensions import TypeVar

from smithers import waits
from smithers.changes import Failure, WaitKind, WaitOpened
from smithers.errors import AuthorError, WrongAnswer
from smithers.forms import Form
from smithers.kinds._instance import Instance
from smithers.kinds._kind import Asking
from smithers.kinds._questions import due_in
from smithers.kinds._waiting import WaitingKind
from smithers.naming import event_name
from smithers.signals import Signal
from smithers.texts import from_json
from smithers.tree import (
    EventWork,
    Mark,
    Node,
    NotExact,
    OnFailure,
    Task,
    check_choice,
    check_output,
    check_takes,
    freeze,
    here,
    name_problem,
    output_of,
    problem,
    wrong,
)

__all__ = ["EVENT", "WaitForEvent"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True, default=object)


class WaitForEvent(Task[T_co]):
    """A wait for a signal of the name `event`; the data of the signal is the output.

    A signal is sent with `smithers send RUN EVENT`, also before the wait is open: it is kept. With
    `correlation`, a text or a callable that returns one, only a signal that was sent with the same
    correlation is taken; without, only one that was sent without. `output` is the type of the data;
    without it, the data may be anything. If no signal comes within `timeout_s`, the task fails, and
    resuming the run waits again; with `on_timeout="continue"`, it gives None.
    """

    kind = "wait_for_event"
    work: EventWork  # pyright: ignore[reportIncompatibleVariableOverride]  # set once

    @overload
    def __init__(
        self: WaitForEvent[object],
        id: str,
        *,
        event: str,
        correlation: str | Callable[[], str] | None = None,
        timeout_s: float | None = None,
        on_timeout: OnFailure = "fail",
        needs: Iterable[Node | str] = (),
        skip_if: Callable[[], bool] | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self: WaitForEvent[T],
        id: str,
        *,
        event: str,
        output: type[T],
        correlation: str | Callable[[], str] | None = None,
        timeout_s: float | None = None,
        on_timeout: Literal["fail"] = "fail",
        needs: Iterable[Node | str] = (),
        skip_if: Callable[[], bool] | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self: WaitForEvent[T | None],
        id: str,
        *,
        event: str,
        output: type[T],
        timeout_s: float,
        on_timeout: Literal["continue"],
        correlation: str | Callable[[], str] | None = None,
        needs: Iterable[Node | str] = (),
        skip_if: Callable[[], bool] | None = None,
    ) -> None: ...

    def __init__(
        self,
        id: str,
        *,
        event: str,
        output: Any = None,
        correlation: str | Callable[[], str] | None = None,
        timeout_s: float | None = None,
        on_timeout: OnFailure = "fail",
        needs: Iterable[Node | str] = (),
        skip_if: Callable[[], bool] | None = None,
    ) -> None:
        mark, who = here(), f"wait_for_event {id!r}"
        if why := name_problem(event):
            hint = "use 1 to 200 printable characters, for example event='payment'"
            wrong(mark, f"the event of {who}, {event!r}, {why}", hint)
        check_choice(mark, "on_timeout", on_timeout, ("fail", "continue"))
        if on_timeout == "continue" and timeout_s is None:
            said = f"{who} has on_timeout='continue', but no time in which a signal must come"
            wrong(mark, said, "for example timeout_s=3600")
        answer = output_of(cast("Any", Any)) if output is None else check_output(output, mark)
        work = EventWork(
            event=event,
            answer=answer,
            correlation=_checked_correlation(who, correlation, mark),
            on_timeout=on_timeout,
        )
        gives = answer
        if on_timeout == "continue" and output is not None:
            gives = output_of(cast("Any", answer.kind | None))
        self._become(id, mark, work, gives, timeout_s, "fail", needs, skip_if)


def _checked_correlation(who: str, given: object, mark: Mark) -> Any:
    what = f"the correlation of {who}"
    if callable(given):
        check_takes(mark, what, given, 0)
        return freeze(given, mark)
    if given is not None and (why := name_problem(given)):
        hint = "use a text of 1 to 200 printable characters, or a callable that returns one"
        wrong(mark, f"{what}, {given!r}, {why}", hint)
    return given


class EventKind(WaitingKind[WaitForEvent[Any]]):
    name = "wait_for_event"
    wait: ClassVar[WaitKind] = waits.EVENT

    def resolve(self, asking: Asking, one: Instance[WaitForEvent[Any]]) -> bool:
        """Take a signal that was sent already, or wait for one."""
        if (one.key, self.wait) not in asking.state.waits:
            return super().resolve(asking, one)
        self.refit(asking, one)
        self._take_oldest(asking, one)  # it may have been mounted after the signal was given
        return False

    def refit(self, asking: Asking, one: Instance[WaitForEvent[Any]]) -> None:
        """Wait for the event and the data of the node as it is now. The correlation is kept."""
        opened = asking.state.waits[one.key, self.wait].opened
        on = (one.node.work.event, *opened.on[1:])
        now = replace(opened, on=on, form=_form(one.node.work).row())
        if now != opened:
            asking.open_wait(one, now)

    def ask(self, asking: Asking, one: Instance[WaitForEvent[Any]]) -> None:
        work, on = one.node.work, [one.node.work.event]
        if work.correlation is not None:
            correlation = asking.text(one, work.correlation, "correlation")
            if correlation is None:
                return
            if why := name_problem(correlation):
                said = f"the correlation of {one.key.id}, {correlation!r}, {why}"
                hint = "use 1 to 200 printable characters"
                asking.fail(one, AuthorError(said, place=one.node.mark.place, hint=hint))
                return
            on.append(correlation)
        asking.open_wait(
            one,
            WaitOpened(
                key=one.key,
                kind=waits.EVENT,
                due=due_in(one.node.timeout_s, asking),
                on=tuple(on),
                form=_form(work).row(),
            ),
        )
        self._take_oldest(asking, one)

    def _take_oldest(self, asking: Asking, one: Instance[WaitForEvent[Any]]) -> None:
        """Take the oldest signal that fits; those before it that do not fit are set aside."""
        opened = asking.state.waits[one.key, waits.EVENT].opened
        while (signal := asking.state.queues.oldest(opened.on)) is not None:
            try:
                self.signalled(asking, one, signal)
                return
            except WrongAnswer as error:
                asking.take_signal(one, signal.number, misfit=asking.scrub(error.said))

    def signalled(self, asking: Asking, one: Instance[WaitForEvent[Any]], signal: Signal) -> bool:
        """Take a signal. One that was sent when the time was over already is not for this wait."""
        work, opened = one.node.work, asking.state.waits[one.key, waits.EVENT].opened
        if opened.due is not None and opened.due <= min(signal.at, asking.began):
            return False
        try:
            Form.from_row(opened.form).check(from_json(signal.data), what="data", closed=False)
            output = work.answer.dump(work.answer.parse(signal.data or "null"))
        except (ValidationError, NotExact) as error:
            why = problem(error) if isinstance(error, ValidationError) else str(error)
            raise WrongAnswer(why) from error
        except WrongAnswer:
            raise
        except Exception as error:  # of a validator of the author's: the signal stays in its queue
            asking.fail(one, error)
            return False
        asking.take_signal(one, signal.number)
        asking.settle(one, "finished", output=output, model=work.answer.model)
        return True

    def answered(
        self,
        asking: Asking,
        one: Instance[WaitForEvent[Any]],
        kind: WaitKind,
        body: str | None,
    ) -> None:
        """No signal came in time."""
        if one.node.work.on_timeout == "continue":
            asking.settle(one, "finished", output="null")
            return
        on = asking.state.waits[one.key, kind].opened.on
        said = f"no signal of the event {event_name(on)} came in time"
        asking.settle(one, "failed", error=Failure(kind="TimedOut", message=asking.scrub(said)))


def _form(work: EventWork) -> Form:
    """What the data of a signal must be."""
    return Form(kind="data", schema=work.answer.schema, model=work.answer.model)


EVENT = EventKind()
