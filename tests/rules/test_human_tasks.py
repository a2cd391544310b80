"""What a person is asked for besides a decision: data, a choice or a text, and when it is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel, Field, field_validator

from smithers import (
    Context,
    ForEach,
    HumanTask,
    Loop,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    workflow,
)
from smithers.changes import Key, WaitOpened
from smithers.errors import AlreadyDecided
from smithers.forms import Form
from tests.rules.runs import Clock, Run

DAY_S = 24 * 3600


class Plan(BaseModel):
    steps: list[str] = Field(description="What is to be done.")
    days: int = 3

    @field_validator("steps")
    @classmethod
    def check(cls, steps: list[str]) -> list[str]:
        if "rm" in steps:
            raise ValueError("rm is not a step")
        if "bug" in steps:
            raise KeyError("a mistake of the author's")
        return steps


def asks(clock: Clock | None = None, **options: Any) -> Run:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        draft = Step("draft", lambda: ["blue", "green"])
        one: HumanTask[Any] = HumanTask("one", ask=lambda: f"Which of {ctx[draft]}?", **options)
        return Sequence(draft, one, Step("after", lambda: repr(ctx[one])))

    return Run(flow) if clock is None else Run(flow, now=clock, linger_s=1)


def wait_of(run: Run, id: str = "one") -> WaitOpened:
    return run.state.waits[Key(id), "human"].opened


def form_of(run: Run, id: str = "one") -> Form:
    return Form.from_row(wait_of(run, id).form)


def given(run: Run) -> str:
    """What the reader of the answer saw."""
    said: str = json.loads(run.output("after") or "null")
    return said


def test_a_text_is_the_output() -> None:
    run = asks()
    assert run.go().status == "waiting"
    assert form_of(run) == Form(kind="text")
    assert wait_of(run).asked == "Which of ['blue', 'green']?"
    run.answer("one", value="# neither\n")
    assert run.go().status == "finished"
    assert given(run) == repr("# neither\n")


def test_a_choice_is_one_of_those_that_were_there_when_it_was_asked() -> None:
    calls: list[int] = []

    def colours() -> list[str]:
        calls.append(1)
        return ["blue", "green"]

    run = asks(choices=colours)
    run.go()
    run.go()  # another owner asks nothing
    assert form_of(run).choices == ("blue", "green")
    run.answer("one", value="green")
    assert run.go().status == "finished"
    assert given(run) == "'green'"
    assert len(calls) == 1


def test_data_is_read_back_as_its_model() -> None:
    run = asks(output=Plan)
    run.go()
    form = form_of(run)
    assert (form.kind, form.model) == ("data", "Plan")
    assert [field.name for field in form.fields] == ["steps", "days"]
    run.answer("one", value={"steps": ["build"]})
    assert run.go().status == "finished"
    assert given(run) == "Plan(steps=['build'], days=3)"
    assert json.loads(run.output("one") or "") == {"steps": ["build"], "days": 3}


@pytest.mark.parametrize(
    ("options", "value", "why"),
    [
        ({"output": Plan}, {"steps": ["rm"]}, "rm is not a step"),
        ({"output": Plan}, {"step": []}, "steps: is missing"),
        ({"choices": ["a", "b"]}, "c", "'c' is not one of the choices"),
        ({}, 5, "the answer must be a text"),
    ],
)
def test_an_answer_that_the_run_refuses_is_kept_and_asked_for_anew(
    options: dict[str, Any], value: object, why: str
) -> None:
    clock = Clock()
    run = asks(clock, timeout_s=100, **options)
    run.go()
    before = wait_of(run)
    clock.pass_s(60)
    run.answer("one", value=value)
    assert run.go().status == "waiting"
    after, form = wait_of(run), form_of(run)
    assert (after.asked, after.digest) == (before.asked, before.digest)
    assert after.due is not None
    assert before.due is not None
    assert (after.due - before.due).total_seconds() == pytest.approx(60, abs=1)
    assert form.given == value
    assert why in (form.refused or "")
    good: object = {"steps": []} if "output" in options else "b"
    run.answer("one", value=good)
    assert run.go().status == "finished"


def test_an_answer_by_which_the_authors_code_fails_fails_the_task_and_a_resume_asks_again() -> None:
    run = asks(output=Plan)
    run.go()
    run.answer("one", value={"steps": ["bug"]})
    ended = run.go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert "a mistake of the author's" in ended.error.message
    assert run.go().status == "waiting"
    run.answer("one", value={"steps": []})
    assert run.go().status == "finished"


def test_a_question_is_answered_after_a_month_in_which_nothing_ran() -> None:
    clock = Clock()
    run = asks(clock, timeout_s=40 * DAY_S)
    run.go()
    clock.pass_s(30 * DAY_S)
    run.answer("one", value="late")
    assert run.go().status == "finished"
    assert given(run) == "'late'"


def test_without_an_answer_in_time_it_fails_and_a_resume_asks_again() -> None:
    clock = Clock()
    run = asks(clock, timeout_s=3 * DAY_S)
    run.go()
    clock.pass_s(3 * DAY_S + 1)
    ended = run.go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert (ended.error.kind, ended.error.message) == (
        "TimedOut",
        "one failed: nobody answered one in time",
    )
    assert run.go().status == "waiting"
    run.answer("one", value="now")
    assert run.go().status == "finished"


def test_without_an_answer_in_time_it_gives_none_if_its_author_says_so() -> None:
    clock = Clock()
    run = asks(clock, timeout_s=60, on_timeout="continue", output=Plan)
    run.go()
    clock.pass_s(61)
    assert run.go().status == "finished"
    assert given(run) == "None"


def test_an_answer_in_time_is_of_its_model_if_none_was_possible() -> None:
    run = asks(Clock(), timeout_s=60, on_timeout="continue", output=Plan)
    run.go()
    run.answer("one", value={"steps": []})
    assert run.go().status == "finished"
    assert given(run) == "Plan(steps=[], days=3)"


def test_a_second_answer_is_refused() -> None:
    run = asks()
    run.go()
    run.answer("one", value="a")
    with pytest.raises(AlreadyDecided, match="was answered by ann at"):
        run.answer("one", value="b")
    run.go()
    assert given(run) == "'a'"


def test_every_item_and_iteration_asks_for_itself() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def each(name: str) -> Node:
            return HumanTask(f"of {name}", ask=name, choices=[name, "else"])

        again = HumanTask("again", ask="Again?", choices=["yes", "no"])
        items = ForEach(["a", "b"], key=str, each=each, id="items")
        loop = Loop(again, until=lambda: ctx[again] == "no", max_iterations=3, id="loop")
        return Parallel(items, loop, Step("free", lambda: 1))

    run = Run(flow)
    run.go()
    assert run.outcome("free") == "finished"
    run.answer("of a", value="a")
    run.answer("of b", value="else")
    run.answer("again", path=(0,), value="yes")
    assert run.go().status == "waiting"
    run.answer("again", path=(1,), value="no")
    assert run.go().status == "finished"
    assert run.output("of b") == '"else"'


def test_it_is_skipped_and_needs_as_any_task_does() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        bad = Step("bad", lambda: 1 / 0, on_failure="continue")
        skipped = HumanTask("skipped", ask="?", skip_if=lambda: True)
        needy = HumanTask("needy", ask="?", needs=[bad])
        return Parallel(bad, skipped, needy)

    run = Run(flow)
    assert run.go().status == "failed"
    assert run.outcome("skipped") == "skipped"
    assert run.outcome("needy") == "failed"


def test_choices_that_are_none_fail_the_task_at_its_line() -> None:
    run = asks(choices=lambda: ["same", "same"])
    ended = run.go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert "the choices of task 'one' contain 'same' twice" in ended.error.message
