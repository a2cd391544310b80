"""Signals: kept if early, once per id, taken once and in order, refused or set aside if wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel, Field, field_validator

from smithers import (
    Context,
    ContinueAsNew,
    ForEach,
    Loop,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    WaitForEvent,
    workflow,
)
from smithers.changes import Key, SignalGiven, SignalTaken, WaitOpened
from smithers.errors import AlreadySent, AuthorError, Refused, WrongAnswer
from smithers.forms import Form
from tests.rules.resuming import check_every_crash, crashed
from tests.rules.runs import Clock, Run

DAY_S = 24 * 3600


class Paid(BaseModel):
    amount: int = Field(ge=0)
    note: str = ""

    @field_validator("note")
    @classmethod
    def check(cls, note: str) -> str:
        if note == "rude":
            raise ValueError("is rude")
        if note == "bug":
            raise KeyError("a mistake of the author's")
        return note


def waiting(clock: Clock | None = None, **options: Any) -> Run:
    """A run that waits for the event `paid`, and then shows what it got."""

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: 7)
        given: dict[str, Any] = {"output": Paid, **options}
        paid: WaitForEvent[Any] = WaitForEvent("wait", event="paid", **given)
        return Sequence(first, paid, Step("after", lambda: repr(ctx[paid])))

    return Run(flow) if clock is None else Run(flow, now=clock, linger_s=1)


def counting(number: int, *, step: bool = True) -> Run:
    """A loop whose iterations take a number each."""

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        one = WaitForEvent("wait", event="number", output=int)
        seen = Step("seen", lambda: ctx[one])
        body = (one, seen) if step else (one,)
        return Loop(*body, until=lambda: ctx[one] == number - 1, max_iterations=number + 1)

    return Run(flow)


def seen(run: Run) -> str:
    said: str = json.loads(run.output("after") or "null")
    return said


def taken(run: Run) -> list[tuple[str, str]]:
    """The ids of the signals that were taken, with their nodes, in the order of the signals."""
    return [
        (signal.id, str(signal.taken))
        for _, signal in sorted(run.state.signals.items())
        if signal.taken is not None and signal.misfit is None
    ]


def test_a_signal_ends_the_wait_and_its_data_is_the_output() -> None:
    run = waiting()
    assert run.go().status == "waiting"
    wait = run.state.waits[Key("wait"), "event"].opened
    assert (wait.on, wait.due) == (("paid",), None)
    assert Form.from_row(wait.form).model == "Paid"
    run.send("paid", {"amount": 3, "more": "of a hook"})
    assert run.go().status == "finished"
    assert seen(run) == "Paid(amount=3, note='')"
    assert taken(run) == [("s1", "wait")]
    assert run.state.signals[1].data is None


def test_a_signal_that_comes_early_is_kept_for_the_wait() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        go = WaitForEvent("go", event="go")
        paid = WaitForEvent("wait", event="paid", output=Paid)
        return Sequence(go, paid, Step("after", lambda: repr(ctx[paid])))

    run = Run(flow)
    run.go()
    run.send("paid", {"amount": 1})
    assert run.go().status == "waiting"
    assert run.state.signals[1].taken is None
    run.send("go")
    assert run.go().status == "finished"
    assert seen(run) == "Paid(amount=1, note='')"
    assert all(  # it never waited
        not (isinstance(one, WaitOpened) and one.key == Key("wait"))
        for frame in run.watch.frames
        for one in frame.changes
    )


def test_signals_queue_in_the_order_in_which_they_were_sent() -> None:
    run = counting(3)
    run.go()
    for number in range(3):
        run.send("number", number)
    assert run.go().status == "finished"
    assert [run.output("seen", number) for number in range(3)] == ["0", "1", "2"]
    assert taken(run) == [("s1", "wait[0]"), ("s2", "wait[1]"), ("s3", "wait[2]")]


def test_the_wait_that_opened_first_takes_the_first_signal() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = WaitForEvent("z", event="number", output=int)
        go = WaitForEvent("go", event="go")
        return Parallel(first, Sequence(go, WaitForEvent("a", event="number", output=int)))

    run = Run(flow)
    run.go()
    run.send("go")
    run.go()
    run.send("number", 1)
    run.send("number", 2)
    assert run.go().status == "finished"
    assert (run.output("z"), run.output("a")) == ("1", "2")


def test_a_signal_with_a_correlation_is_for_the_waits_with_the_same_one() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        names, extra = Step("names", lambda: ["a", "b"]), Step("extra", lambda: "!")
        each = ForEach(
            lambda: ctx[names],
            key=lambda name: name,
            each=lambda name: WaitForEvent(
                f"wait {name}",
                event="paid",
                output=Paid,
                correlation=lambda: name + ctx[extra],
            ),
        )
        bare = WaitForEvent("bare", event="paid", output=Paid)
        return Parallel(Sequence(names, each), extra, bare)

    run = Run(flow)
    run.go()
    run.send("paid", {"amount": 1}, correlation="c!")
    run.send("paid", {"amount": 2}, correlation="b!")
    run.send("paid", {"amount": 3})
    run.send("paid", {"amount": 4}, correlation="a!")
    assert run.go().status == "finished"
    ends = {str(key): ended.output for key, ended in run.state.ended.items()}
    paid = {name: str(text) for name, text in ends.items() if "amount" in str(text)}
    amounts = {name: json.loads(text)["amount"] for name, text in paid.items()}
    assert sorted(amounts.values()) == [2, 3, 4]
    assert amounts["bare"] == 3
    assert run.state.signals[1].taken is None


def test_a_correlation_is_recorded_when_the_wait_opens() -> None:
    names = ["a", "b"]
    run = waiting(correlation=lambda: names[0])
    run.go()
    names.reverse()
    assert run.go().status == "waiting"
    assert run.state.waits[Key("wait"), "event"].opened.on == ("paid", "a")


@pytest.mark.parametrize("given", ["", " a", "a\nb", "x" * 201, 7])
def test_a_correlation_must_be_a_name(given: Any) -> None:
    run = waiting(correlation=lambda: given)
    assert run.go().status == "failed"
    error = run.state.ended[Key("wait")].error
    assert error is not None
    assert "the correlation of wait" in error.message
    assert error.place is not None


def test_the_same_id_is_kept_once_in_a_run() -> None:
    run = counting(3)
    run.go()
    run.send("number", 0, id="x")
    with pytest.raises(AlreadySent, match="signal x was already sent"):
        run.send("number", 0, id="x")
    run.go()
    with pytest.raises(AlreadySent):  # also once it was taken
        run.send("number", 0, id="x")
    for other in ({"data": 1}, {"data": 0, "correlation": "c"}):
        with pytest.raises(Refused, match="another signal with the id 'x'"):
            run.send("number", other.pop("data"), id="x", **other)
    with pytest.raises(Refused, match="another signal with the id 'x'"):
        run.send("text", 0, id="x")
    assert [one.id for one in run.state.signals.values()] == ["x"]


def test_a_signal_that_does_not_fit_an_open_wait_is_refused() -> None:
    run = waiting()
    run.go()
    for data, said in (
        ({"amount": "3"}, "amount: '3' is not of type 'integer'"),
        ({"amount": -1}, "amount: -1 is less than the minimum of 0"),
        ({}, "amount: is missing"),
        (None, "the data: None is not of type 'object'"),
    ):
        with pytest.raises(WrongAnswer, match="does not fit wait, which waits for it") as caught:
            run.send("paid", data)
        assert said in caught.value.said
    assert run.go().status == "waiting"
    assert run.state.signals == {}


def test_an_early_signal_that_does_not_fit_is_set_aside_and_the_next_one_is_taken() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        go = WaitForEvent("go", event="go")
        paid = WaitForEvent("wait", event="paid", output=Paid)
        return Sequence(go, paid, Step("after", lambda: repr(ctx[paid])))

    run = Run(flow)
    run.go()
    run.send("paid", {"amount": "many"})
    run.send("paid", {"amount": 1, "note": "rude"})
    run.send("paid", {"amount": 2})
    run.send("go")
    assert run.go().status == "finished"
    assert seen(run) == "Paid(amount=2, note='')"
    first, second = run.state.signals[1], run.state.signals[2]
    assert (first.taken, first.misfit) == (Key("wait"), "amount: 'many' is not of type 'integer'")
    assert second.misfit is not None
    assert "is rude" in second.misfit
    assert first.data == '{"amount": "many"}'


def test_what_only_the_model_refuses_is_set_aside_and_the_wait_stays_open() -> None:
    run = waiting()
    run.go()
    run.send("paid", {"amount": 1, "note": "rude"})
    assert run.go().status == "waiting"
    assert run.state.signals[1].misfit is not None
    run.send("paid", {"amount": 1})
    assert run.go().status == "finished"


def test_a_validator_with_a_mistake_fails_the_wait_and_loses_no_signal() -> None:
    run = waiting()
    run.go()
    run.send("paid", {"amount": 1, "note": "bug"})
    assert run.go().status == "failed"
    assert run.state.signals[1].taken is None
    Paid.model_rebuild()
    assert run.state.queues.oldest(("paid",)) is not None


def test_a_signal_that_fits_another_open_wait_is_for_that_one() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Parallel(
            WaitForEvent("a number", event="x", output=int),
            WaitForEvent("text", event="x", output=str),
        )

    run = Run(flow)
    run.go()
    run.send("x", "words")
    run.send("x", 5)
    assert run.go().status == "finished"
    assert (run.output("a number"), run.output("text")) == ("5", '"words"')


def test_a_signal_is_early_if_earlier_ones_take_each_wait_that_is_open() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        number = WaitForEvent("number", event="x", output=int)
        return Sequence(number, WaitForEvent("text", event="x", output=str))

    run = Run(flow)
    run.go()
    with pytest.raises(WrongAnswer):
        run.send("x", "words")
    run.send("x", 5)
    run.send("x", "words")  # no wait is left that it could fit or not
    assert run.go().status == "finished"
    assert (run.output("number"), run.output("text")) == ("5", '"words"')


def test_a_signal_for_a_wait_whose_time_is_over_is_early() -> None:
    clock = Clock()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        number = WaitForEvent("number", event="x", output=int, timeout_s=60, on_timeout="continue")
        return Sequence(number, WaitForEvent("text", event="x", output=str))

    run = Run(flow, now=clock, linger_s=1)
    run.go()
    clock.pass_s(61)
    run.send("x", "words")
    assert run.go().status == "finished"
    assert (run.output("number"), run.output("text")) == ("null", '"words"')


def test_a_wait_without_a_type_takes_anything() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        any_data = WaitForEvent("any", event="x")
        return Sequence(any_data, Step("after", lambda: repr(ctx[any_data])))

    for data in (None, [1, {"a": None}], "text", 1.5):
        run = Run(flow)
        run.go()
        run.send("x", data)
        assert run.go().status == "finished"
        assert seen(run) == repr(data)


def test_an_ended_run_takes_no_signal() -> None:
    run = waiting()
    run.go()
    run.send("paid", {"amount": 1})
    run.go()
    with pytest.raises(Refused, match="run r1 has ended: it is finished"):
        run.send("paid", {"amount": 1})


def test_no_signal_in_time_fails_the_wait_and_a_resume_waits_again() -> None:
    clock = Clock()
    run = waiting(clock, timeout_s=DAY_S, correlation="order 7")
    assert run.go().status == "waiting"
    clock.pass_s(DAY_S + 1)
    assert run.go().status == "failed"
    error = run.state.ended[Key("wait")].error
    assert error is not None
    assert error.message == "no signal of the event paid (correlation order 7) came in time"
    assert error.kind == "TimedOut"
    run.settings.clock.now()
    assert run.go().status == "waiting"
    run.send("paid", {"amount": 1}, correlation="order 7")
    assert run.go().status == "finished"


def test_no_signal_in_time_may_give_none() -> None:
    clock = Clock()
    run = waiting(clock, timeout_s=DAY_S, on_timeout="continue")
    run.go()
    clock.pass_s(DAY_S + 1)
    assert run.go().status == "finished"
    assert seen(run) == "None"


def test_a_signal_that_was_sent_in_time_counts_however_late_the_run_is_resumed() -> None:
    clock = Clock()
    run = waiting(clock, timeout_s=DAY_S)
    run.go()
    clock.pass_s(DAY_S - 1)
    run.send("paid", {"amount": 1})
    clock.pass_s(30 * DAY_S)
    assert run.go().status == "finished"


def test_a_signal_that_was_sent_after_the_time_is_kept_for_the_next_wait() -> None:
    clock = Clock()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = WaitForEvent("first", event="x", output=int, timeout_s=DAY_S, on_timeout="continue")
        return Sequence(first, WaitForEvent("second", event="x", output=int))

    run = Run(flow, now=clock, linger_s=1)
    run.go()
    clock.pass_s(DAY_S + 1)
    run.send("x", 5)
    assert run.go().status == "finished"
    assert (run.output("first"), run.output("second")) == ("null", "5")


def test_a_week_with_no_process_is_only_rows() -> None:
    clock = Clock()
    run = waiting(clock)
    run.go()
    frames = len(run.watch.frames)
    clock.sleep_s(7 * DAY_S)
    assert run.go().status == "waiting"
    run.send("paid", {"amount": 1})
    clock.pass_s(7 * DAY_S)
    assert run.go().status == "finished"
    assert len(run.watch.frames) - frames < 6


def test_a_crash_at_any_frame_loses_no_signal_and_takes_none_twice() -> None:
    def send_all(run: Run) -> bool:
        sent = len(run.state.signals)
        if sent < 3:
            run.send("number", sent, id=f"n{sent}")
        return sent < 3

    state = check_every_crash(lambda: counting(3).workflow, answers=send_all)
    assert [str(one.taken) for one in state.signals.values()] == ["wait[0]", "wait[1]", "wait[2]"]


def test_signals_survive_an_owner_that_dies_after_any_frame() -> None:
    for frames in range(1, 12):
        run = counting(4)
        run.go_frames(1)
        for number in range(4):
            run.send("number", number)
        run.go_frames(frames)
        assert run.go().status == "finished"
        assert taken(run) == [(f"s{n + 1}", f"wait[{n}]") for n in range(4)]


def test_a_rebuilt_run_has_the_same_queue() -> None:
    run = counting(9)
    run.go()
    for number in (5, 6, 7):
        run.send("number", number, correlation="later")
    run.send("number", 0)
    run.go()
    again = crashed(run, len(run.watch.frames))
    assert again.state == run.state
    first = again.state.queues.oldest(("number", "later"))
    assert first is not None
    assert first.data == "5"


def test_a_cancelled_wait_takes_nothing() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def boom() -> None:
            raise ValueError("no")

        go = WaitForEvent("go", event="go")
        return Parallel(
            WaitForEvent("wait", event="x", output=int),
            Sequence(go, Step("bad", boom)),
            on_failure="cancel",
        )

    run = Run(flow)
    run.go()
    run.send("go")
    assert run.go().status == "failed"
    assert run.state.outcome(Key("wait")) == "cancelled"


def test_what_a_run_has_not_taken_goes_on_with_the_run_that_continues_it() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        one = WaitForEvent("wait", event="number", output=int)
        return Sequence(one, ContinueAsNew(NoInput()))

    run = Run(flow)
    run.go()
    run.send("other", 1)
    for number in range(3):
        run.send("number", number)
    assert run.go().status == "continued"
    moved = [row for row in run.store._inbox if row.run_id == "r1-2"]  # pyright: ignore[reportPrivateUsage]  # a store has no list of its notes
    assert [row.signal for row in moved] == ["s1", "s3", "s4"]
    with pytest.raises(Refused, match="it is continued"):
        run.send("number", 9)


@pytest.mark.parametrize(
    ("number", "step"),
    [
        (300, True),
        pytest.param(2000, False, marks=pytest.mark.long),
        pytest.param(10_000, False, marks=pytest.mark.trust),
    ],
)
def test_thousands_of_signals_are_taken_in_order(number: int, step: bool) -> None:
    run = counting(number, step=step)
    run.go()
    before = len(run.watch.frames)
    for n in range(number):
        run.send("number", n)
    assert run.go().status == "finished"
    assert taken(run) == [(f"s{n + 1}", f"wait[{n}]") for n in range(number)]
    assert len(run.watch.frames) - before <= 2 * number + 3
    changes = [one for frame in run.watch.frames for one in frame.changes]
    assert sum(isinstance(one, SignalGiven) for one in changes) == number
    assert sum(isinstance(one, SignalTaken) for one in changes) == number


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"event": ""}, "the event of wait_for_event 'e', '', is empty"),
        ({"event": 5}, "the event of wait_for_event 'e', 5, must be a string, not int"),
        ({"event": "x", "correlation": " "}, "starts or ends with a space"),
        ({"event": "x", "correlation": str.upper}, "must take no arguments"),
        ({"event": "x", "on_timeout": "continue"}, "no time in which a signal must come"),
        ({"event": "x", "on_timeout": "deny"}, "on_timeout must be 'fail' or 'continue'"),
        ({"event": "x", "output": "Paid"}, "output= must be a type"),
        ({"event": "x", "timeout_s": 0}, "timeout_s must be a number"),
    ],
)
def test_what_an_author_writes_wrong_is_an_error_at_its_line(
    options: dict[str, Any], said: str
) -> None:
    with pytest.raises(AuthorError) as caught:
        WaitForEvent("e", **options)
    assert said in caught.value.said
    assert caught.value.place is not None
