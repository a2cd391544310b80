"""What an edit of a workflow changes in a replay, each kind of difference once."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from harnesses import Echo
from smithers import (
    Approval,
    Branch,
    Budget,
    Command,
    Context,
    HumanTask,
    Loop,
    Node,
    NoInput,
    Parallel,
    Retry,
    Sequence,
    Step,
    Subflow,
    Task,
    Timer,
    WaitForEvent,
    Workflow,
    workflow,
)
from smithers.agent import Answered, Ask, Capabilities, Event
from smithers.changes import Key
from smithers.engine.replaying import Difference, Recording
from smithers.errors import Transient
from smithers.store import Note
from tests.engine.runs import Run
from tests.replaying.runs import record, refrozen, replayed

Ctx = Context[NoInput]
Make = Callable[[Ctx], Node[Any]]


def flow_of(make: Make) -> Workflow[NoInput, Any]:
    @workflow
    def flow(ctx: Ctx) -> Node[Any]:
        return make(ctx)

    return flow


def recording_of(make: Make, answers: dict[str, str] | None = None) -> Recording:
    """A run that has ended, whose questions are answered."""
    run = Run(flow_of(make))
    while run.go().status == "waiting":
        for (key, _), wait in run.state.waits.items():
            body = (answers or {})[key.id]
            note = Note(
                run_id="r1", kind="answer", key=key, opened=wait.frame, body=body, at=run.now()
            )
            asyncio.run(run.store.offer(note))
    shutil.rmtree(run.folder)
    return record(run)


def told(make: Make, recording: Recording) -> list[tuple[str, str]]:
    """The differences, those of a file that was frozen as well."""
    found = [_told(replayed(flow_of(make), one).differences) for one in _both(recording)]
    assert found[0] == found[1]
    return found[0]


def _both(recording: Recording) -> tuple[Recording, Recording]:
    return recording, refrozen(recording)


def _told(differences: tuple[Difference, ...]) -> list[tuple[str, str]]:
    return [("run" if one.key is None else str(one.key), one.kind) for one in differences]


def step(id: str, give: Callable[[], Any] | None = None) -> Step[Any]:
    return Step(id, give or (lambda: f"{id} done"))


def test_nodes_are_new_missing_and_in_another_order() -> None:
    recording = recording_of(lambda ctx: Sequence(step("a"), step("b"), step("c")))
    assert told(lambda ctx: Sequence(step("a"), step("b"), step("c")), recording) == []
    assert told(lambda ctx: Sequence(step("a"), step("c")), recording) == [
        ("b", "missing"),
    ]
    swapped = told(lambda ctx: Sequence(step("b"), step("a"), step("c")), recording)
    assert swapped == [("a", "order")]
    at_once = told(lambda ctx: Parallel(step("c"), step("b"), step("a")), recording)
    assert at_once == []
    more = told(lambda ctx: Sequence(step("a"), step("b"), step("c"), step("d")), recording)
    assert more == [("d", "new"), ("run", "status")]


def test_a_command_and_a_question_differ() -> None:
    def make(word: str, ask: str) -> Make:
        def flow(ctx: Ctx) -> Node[Any]:
            said = Command("said", ["echo", word], output=str)
            ok = Approval("ok", ask=lambda: f"{ask} {ctx[said]}?")
            return Sequence(said, ok)

        return flow

    answers = {"ok": '{"approved": true, "by": "ann", "at": "2026-01-02T03:04:05Z"}'}
    recording = recording_of(make("hi", "Ship"), answers)
    assert told(make("hi", "Ship"), recording) == []
    assert told(make("ho", "Ship"), recording) == [("said", "command")]
    assert told(make("hi", "Send"), recording) == [("ok", "question")]
    (one,) = replayed(flow_of(make("ho", "Ship")), recording).differences
    assert (one.old, one.new) == ("echo hi", "echo ho")
    assert one.lines == ["@@ -1 +1 @@", "-echo hi", "+echo ho"]


class Review(BaseModel):
    good: bool


class LongerReview(BaseModel):
    good: bool
    why: str = ""


class Reviewing:
    name = "reviewing"

    def __init__(self, *, native: bool) -> None:
        self.can = Capabilities(native_schema=native)

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        yield Answered('{"good": true}')


def test_a_schema_differs_if_the_agent_got_it_in_words() -> None:
    def make(output: type[Any], *, native: bool) -> Make:
        agent = Reviewing(native=native)
        return lambda ctx: Task("review", agent=agent, prompt="Good?", output=output)

    recording = recording_of(make(Review, native=False))
    assert told(make(Review, native=False), recording) == []
    assert ("review", "schema") in told(make(LongerReview, native=False), recording)
    recording = recording_of(make(Review, native=True))
    assert told(make(Review, native=True), recording) == []
    (one,) = told(make(int, native=True), recording)[:1]
    assert one == ("review", "output")


def test_tests_and_loops_decide_otherwise() -> None:
    def make(least: int, most: int) -> Make:
        def flow(ctx: Ctx) -> Node[Any]:
            number: Step[int] = Step("number", lambda: (ctx.previous(number) or 0) + 1)
            loop = Loop(number, until=lambda: ctx[number] >= most, max_iterations=9, id="loop")
            arms = Branch(lambda: ctx[number] > least, step("many"), step("few"), id="arms")
            return Sequence(loop, arms)

        return flow

    recording = recording_of(make(1, 3))
    assert told(make(1, 3), recording) == []
    assert ("number[2]", "missing") in told(make(1, 2), recording)
    decided = told(make(5, 3), recording)
    assert ("arms", "choice") in decided
    assert ("many", "outcome") in decided


def test_a_result_of_the_run_differs() -> None:
    def make(word: str) -> Make:
        def flow(ctx: Ctx) -> Node[Any]:
            a = step("a")
            return Sequence(a, result=lambda: f"{word} {ctx[a]}", id="all")

        return flow

    recording = recording_of(make("so"))
    assert told(make("so"), recording) == []
    assert ("run", "output") in told(make("thus"), recording)


class Flaky:
    name, can = "flaky", Capabilities()

    def __init__(self, fails: int) -> None:
        self._fails = fails

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        self._fails -= 1
        if self._fails >= 0:
            raise Transient("busy")
        yield Answered("done at last")


def test_only_what_came_of_the_attempts_is_replayed() -> None:
    agent = Flaky(2)

    def make(prompt: str) -> Make:
        def flow(ctx: Ctx) -> Node[Any]:
            retry = Retry(tries=3, first_s=0)
            task = Task("task", agent=agent, prompt=prompt, retry=retry)
            return Sequence(task, step("after", lambda: ctx[task]))

        return flow

    recording = recording_of(make("Do it."))
    assert recording.done[Key("task"), 0].attempts == 3
    assert told(make("Do it."), recording) == []
    assert told(make("Do it now."), recording) == [("task", "prompt")]
    assert replayed(flow_of(make("Do it.")), recording).attempts == 2


def test_a_failed_run_is_replayed_to_its_failure() -> None:
    def boom() -> str:
        raise OSError("no disk")

    def make(ctx: Ctx) -> Node[Any]:
        return Sequence(step("a"), Step("boom", boom), step("never"))

    recording = recording_of(make)
    assert recording.status == "failed"
    again = replayed(flow_of(make), recording)
    assert (again.status, again.differences) == ("failed", ())


def test_a_run_that_was_resumed_is_replayed_to_what_came_of_it() -> None:
    works = False

    def sometimes() -> str:
        if not works:
            raise OSError("no disk")
        return "done"

    def make(ctx: Ctx) -> Node[Any]:
        return Sequence(step("a"), Step("boom", sometimes), step("b"))

    run = Run(flow_of(make))
    assert run.go().status == "failed"
    works = True
    assert run.go().status == "finished"
    shutil.rmtree(run.folder)
    assert told(make, record(run)) == []


def test_times_are_those_of_the_run_and_not_waited_for() -> None:
    def make(ctx: Ctx) -> Node[Any]:
        soon = Timer("soon", seconds=0.3)
        late = HumanTask("late", ask="Well?", timeout_s=0.3, on_timeout="continue")
        none = WaitForEvent("none", event="x", timeout_s=0.3, on_timeout="continue")
        end = step("end", lambda: f"{ctx[soon]:%H:%M:%S.%f} {ctx[late]} {ctx[none]}")
        return Sequence(soon, late, none, end)

    recording = recording_of(make)
    assert told(make, recording) == []
    month = replace(
        recording,
        moments=tuple(
            replace(one, at=one.at.replace(year=one.at.year + number))
            for number, one in enumerate(recording.moments)
        ),
    )
    assert replayed(flow_of(make), month).status == "finished"


def test_a_budget_that_was_spent_is_spent_again() -> None:
    def make(ctx: Ctx) -> Node[Any]:
        looks = [Task(f"look {n}", agent=Echo(), prompt=f"look {n}") for n in range(3)]
        return Sequence(*looks, budget=Budget(calls=1, on_exhausted="finish"))

    recording = recording_of(make)
    assert recording.done[Key("look 1"), 0].outcome == "skipped"
    assert told(make, recording) == []


@workflow
def inner(ctx: Ctx) -> Node[str]:
    return Step("inner", lambda: "inside")


def test_a_child_run_is_answered_and_not_started() -> None:
    def make(ctx: Ctx) -> Node[Any]:
        part = Subflow("part", inner)
        return Sequence(part, step("after", lambda: ctx[part]))

    recording = recording_of(make)
    assert told(make, recording) == []
    assert json.loads(recording.done[Key("after"), 0].output or "") == "inside"
    assert replayed(flow_of(make), recording).attempts == 1
