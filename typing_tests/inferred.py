"""What mypy and pyright infer for the surface. Nothing here runs; both checkers must agree."""

from __future__ import annotations

from collections.abc import Sequence as Many
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, TypeVar, assert_type

from pydantic import BaseModel

from harnesses import Echo
from smithers import (
    AllowRuns,
    Approval,
    Attempt,
    Branch,
    Budget,
    Call,
    CallFailed,
    Caught,
    Command,
    Compensated,
    Completed,
    Context,
    ContinueAsNew,
    Decision,
    Failure,
    Flow,
    ForEach,
    HumanTask,
    ItemFailure,
    Loop,
    Node,
    NoInput,
    Parallel,
    Retry,
    Rework,
    Run,
    Saga,
    Sequence,
    State,
    Step,
    Subflow,
    Task,
    Timer,
    Try,
    WaitForEvent,
    Workflow,
    workflow,
)
from smithers.hub import Hub, RunHandle, RunResult

agent = Echo()


class Brief(BaseModel):
    topic: str
    languages: list[str] = []


class Plan(BaseModel):
    steps: list[str]


class Review(BaseModel):
    approved: bool
    remarks: str = ""


# -- tasks


def tasks(ctx: Context[Brief]) -> None:
    assert_type(ctx.input, Brief)
    assert_type(ctx.run_id, str)
    text = Task("text", agent=agent, prompt="hello")
    plan = Task("plan", agent=[agent, agent], prompt=lambda: ctx[text], output=Plan)
    many = Task("many", agent=agent, prompt="hello", output=list[Plan], retry=Retry(tries=1))
    ok = Approval("ok", ask=lambda: f"{ctx[plan].steps}?", allowed_by=["ann"])
    assert_type(text, Task[str])
    assert_type(plan, Task[Plan])
    assert_type(many, Task[list[Plan]])
    assert_type(ok, Approval)
    assert_type(ctx.note(ok), str | None)
    assert_type(ctx[text], str)
    assert_type(ctx[plan], Plan)
    assert_type(ctx[plan].steps, list[str])
    assert_type(ctx[many], list[Plan])
    assert_type(ctx[ok], Decision)
    assert_type(ctx[ok].by, str | None)
    assert_type(ctx[ok].at, datetime)
    assert_type(Task("on", agent=agent, prompt="go on", continues=plan), Task[str])
    copied = Task("copied", agent=agent, prompt="plan", output=Plan, forks=text)
    assert_type(copied, Task[Plan])
    assert_type(Task("by id", agent=agent, prompt="go on", forks="text"), Task[str])


def reads(ctx: Context[Brief]) -> None:
    plan = Task("plan", agent=agent, prompt="plan", output=Plan)
    assert_type(ctx.get(plan), Plan | None)
    assert_type(ctx.get("plan", Plan), Plan | None)
    assert_type(ctx.state(plan), State)
    assert_type(ctx.state("plan"), State)
    assert_type(ctx.error(Sequence(plan)), Failure | None)
    only = Retry(only=("transient", "busy", TimeoutError))
    assert_type(only, Retry)
    Step("again", lambda: 1, retry=Retry(only=OSError))
    assert_type(ctx.get("text", str), str | None)
    assert_type(ctx.previous(plan), Plan | None)
    if (known := ctx.get(plan)) is not None:
        assert_type(known, Plan)
    late: Node[Plan] = plan
    assert_type(ctx[late], Plan)


# -- steps


def whole() -> int:
    return 1


async def slow() -> int:
    return 1


def careful(attempt: Attempt) -> list[str]:
    attempt.heartbeat("still here")
    return [attempt.key]


async def slow_and_careful(attempt: Attempt) -> Plan:
    return Plan(steps=[str(attempt.number)])


def nothing() -> None:
    return None


class Worker:
    def count(self) -> int:
        return 1


def steps(ctx: Context[Brief]) -> None:
    assert_type(Step("a", whole), Step[int])
    assert_type(Step("b", slow), Step[int])
    assert_type(Step("c", careful), Step[list[str]])
    assert_type(Step("d", slow_and_careful), Step[Plan])
    assert_type(Step("e", nothing), Step[None])
    assert_type(Step("f", Worker().count), Step[int])
    assert_type(Step("g", whole, output=int, needs=["a"]), Step[int])
    assert_type(Step("h", slow_and_careful, output=Plan, on_failure="continue"), Step[Plan])
    plan = Step("i", lambda: Plan(steps=[]))
    assert_type(plan, Step[Plan])
    assert_type(ctx[plan], Plan)
    assert_type(Step("j", lambda: ctx[plan].steps), Step[list[str]])
    plans = Step("k", lambda: {"a": Plan(steps=[])})
    assert_type(ctx[plans], dict[str, Plan])
    task: Task[Plan] = plan
    assert_type(ctx[task], Plan)


# -- subflows


@workflow(input=Brief)
def planning(ctx: Context[Brief]) -> Task[Plan]:
    return Task("plan", agent=agent, output=Plan, prompt="Plan.")


@workflow
def counting(ctx: Context[NoInput]) -> Node[list[int]]:
    return ForEach([1, 2], key=str, each=lambda n: Step(f"s{n}", lambda: n))


def subflows(ctx: Context[Brief]) -> None:
    one = Subflow("one", planning, input=ctx.input, on_failure="continue")
    assert_type(one, Subflow[Plan])
    assert_type(ctx[one].steps, list[str])
    two = Subflow("two", planning, input=lambda: Brief(topic=ctx[one].steps[0]), needs=[one])
    assert_type(ctx.get(two), Plan | None)
    numbers = Subflow("three", counting)
    assert_type(ctx[numbers], list[int])
    assert_type(ContinueAsNew(lambda: Brief(topic=ctx[one].steps[0])), ContinueAsNew)
    tasks: list[Task[Plan]] = [one, two]
    assert_type(tasks, list[Task[Plan]])


# -- commands


def commands(ctx: Context[Brief], folder: Path) -> None:
    done = Command("a", ["make", folder], timeout_s=5, check=False)
    assert_type(done, Command[Completed])
    assert_type(ctx[done].exit_code, int)
    assert_type(Command("b", ["git", "log"], output=str), Command[str])
    plan = Command("c", "plan | tee log", shell=True, output=Plan, retry=Retry(tries=2))
    assert_type(plan, Command[Plan])
    assert_type(ctx[plan], Plan)
    reads = Command(
        "d",
        lambda: ["echo", *ctx[plan].steps],
        cwd=lambda: folder / ctx[plan].steps[0],
        env=lambda: {"STEP": ctx[plan].steps[0]},
        stdin=lambda: ctx[done].stdout,
        output=list[str],
        needs=[done],
        skip_if=lambda: ctx[done].exit_code == 0,
    )
    assert_type(ctx[reads], list[str])
    assert_type(ctx.get(reads), list[str] | None)
    task: Task[Plan] = plan
    assert_type(ctx[task], Plan)
    Sequence(done, plan, reads, result=reads)


def runs(attempt: Attempt) -> None:
    assert_type(attempt.run(["make"], check=False), Completed)
    assert_type(attempt.run("make", shell=True, output=str), str)
    assert_type(attempt.run(["plan"], output=Plan, stdin=b"x", env={"A": "b"}), Plan)


async def runs_slowly(attempt: Attempt) -> Plan:
    assert_type(await attempt.arun(["make"], idle_s=3), Completed)
    assert_type(await attempt.arun(["make"], output=str), str)
    return await attempt.arun(["plan"], output=Plan)


# -- flows


async def counted(run: Run[int]) -> list[int]:
    assert_type(run.input, int)
    return [run.input]


async def alone(run: Run[None]) -> Plan:
    return Plan(steps=[])


async def at_work(run: Run[Brief], given: Task[Plan]) -> None:
    assert_type(run.input, Brief)
    assert_type(run.id, str)
    text = run.task("text", agent=agent, prompt="hello")
    assert_type(text, Call[str])
    assert_type(await text, str)
    plan = await run.task("plan", agent=[agent, "fast"], prompt="plan", output=Plan, continues=text)
    assert_type(plan, Plan)
    assert_type(await run.task("all", agent=agent, prompt="x", output=list[Plan]), list[Plan])
    assert_type(await run.step("a", whole), int)
    assert_type(await run.step("b", slow), int)
    assert_type(await run.step("c", careful), list[str])
    assert_type(await run.step("d", slow_and_careful, output=Plan), Plan)
    assert_type(await run.step("e", nothing), None)
    assert_type(await run.step("f", Worker().count, effect=True), int)
    assert_type(await run.step("g", lambda: plan.steps), list[str])
    assert_type(await run.choose("h", lambda: len(plan.steps)), int)
    assert_type(await run.command("i", ["make"]), Completed)
    assert_type((await run.command("j", "a | b", shell=True, check=False)).exit_code, int)
    assert_type(await run.command("k", ["plan"], output=Plan), Plan)
    assert_type(await run.sleep("l", seconds=3), datetime)
    assert_type(await run.subflow("m", planning, input=run.input), Plan)
    assert_type(await run.subflow("n", counting), list[int])
    assert_type(await run.subflow("o", flowing, input=Brief(topic="x")), Plan)
    assert_type(await run.flow("p", counted, input=3), list[int])
    assert_type(await run.flow("q", alone), Plan)
    assert_type(await run.node(given), Plan)
    assert_type(await run.node(Sequence(given, result=given, id="r")), Plan)
    assert_type(run.state(text), State)
    assert_type(run.state("text"), State)
    assert_type(run.now(), datetime)
    assert_type(run.random(), float)
    try:
        await run.step("s", whole)
    except CallFailed as failed:
        assert_type(failed.error, Failure | None)
        assert_type(failed.state, State)


async def asking(run: Run[NoInput]) -> None:
    assert_type(await run.approval("a", ask="ship?", on_deny="continue"), Decision)
    assert_type(await run.human("b", ask="name?"), str)
    assert_type(await run.human("c", ask="which?", choices=["x", "y"]), str)
    assert_type(await run.human("d", ask="?", timeout_s=9, on_timeout="continue"), str | None)
    assert_type(await run.human("e", ask="?", output=Plan, allowed_by=["ann"]), Plan)
    late = run.human("f", ask="?", output=Plan, timeout_s=9, on_timeout="continue")
    assert_type(await late, Plan | None)
    assert_type(await run.event("g", event="x"), object)
    assert_type(await run.event("h", event="x", output=Plan, correlation="7"), Plan)
    rare = run.event("i", event="x", output=Plan, timeout_s=9, on_timeout="continue")
    assert_type(await rare, Plan | None)


async def gathering(run: Run[Brief]) -> None:
    text = run.task("text", agent=agent, prompt="hello")
    count = run.step("count", whole)
    assert_type(await run.gather(text, count), tuple[str, int])
    assert_type(await run.gather(text, count, alone_in(run)), tuple[str, int, Plan])
    four = await run.gather(text, count, run.sleep("s", seconds=1), alone_in(run), limit=2)
    assert_type(four, tuple[str, int, datetime, Plan])
    calls = [run.step(topic, whole) for topic in run.input.languages]
    assert_type(await run.gather(*calls, limit=3), list[int])
    assert_type(await run.gather(*(alone_in(run) for _ in calls)), list[Plan])
    assert_type(await run.gather(*calls, return_exceptions=True), list[int | BaseException])
    inner = run.gather(*calls)
    assert_type(await run.gather(inner, text), tuple[list[int], str])


async def alone_in(run: Run[Brief]) -> Plan:
    return await run.task("plan", agent=agent, prompt=run.input.topic, output=Plan)


@workflow
async def bare_flow(run: Run[NoInput]) -> int:
    return await run.step("a", whole)


@workflow(input=Brief, name="named", max_concurrency=3)
async def flowing(run: Run[Brief]) -> Plan:
    return await run.task("plan", agent=agent, prompt=run.input.topic, output=Plan)


@workflow(name="named")
async def named_flow(run: Run[NoInput]) -> list[str]:
    return []


def flows_in_trees(ctx: Context[Brief], plan: Task[Plan]) -> None:
    numbers = Flow("numbers", counted, input=3, on_failure="continue")
    later = Flow("later", counted, input=lambda: len(ctx[plan].steps), budget=Budget(usd=1))
    assert_type(numbers, Flow[list[int]])
    assert_type(ctx[numbers], list[int])
    assert_type(ctx.get(later), list[int] | None)
    assert_type(ctx[Flow("plan", alone)], Plan)
    each = ForEach([1, 2], key=str, each=lambda n: Flow(f"f{n}", counted, input=n))
    assert_type(ctx[each], list[list[int]])
    Sequence(plan, numbers, later, result=numbers)


assert_type(bare_flow, Workflow[NoInput, int])
assert_type(flowing, Workflow[Brief, Plan])
assert_type(named_flow, Workflow[NoInput, list[str]])


# -- groups


def groups(ctx: Context[Brief]) -> None:
    plan = Task("plan", agent=agent, prompt="plan", output=Plan)
    count = Step("count", whole)
    assert_type(Sequence(plan, count), Sequence[None])
    assert_type(Parallel(plan, count, limit=2), Parallel[None])
    assert_type(Sequence(plan, then=lambda: count if ctx[plan].steps else None), Sequence[None])
    assert_type(Sequence(plan, then=lambda: count, result=plan), Sequence[Plan])
    capped = Sequence(plan, count, result=plan, budget=Budget(usd="2.50", on_exhausted="fail"))
    assert_type(capped, Sequence[Plan])
    row = Sequence(count, plan, None, result=plan)
    side = Parallel(row, count, on_failure="cancel", result=row)
    assert_type(row, Sequence[Plan])
    assert_type(side, Parallel[Plan])
    assert_type(ctx[row], Plan)
    assert_type(ctx[side], Plan)
    assert_type(ctx.get(side), Plan | None)
    anything: list[Node] = [plan, count, row, side, Approval("ok", ask="?")]
    Sequence(*anything)


def waits_for_times(ctx: Context[Brief], plan: Task[Plan]) -> None:
    later = Timer("later", seconds=3600, needs=[plan])
    then = Timer("then", until=lambda: ctx[later] + timedelta(days=len(ctx[plan].steps)))
    next_day = Timer("next day", until=lambda now: now + timedelta(days=1))
    named = Timer("named", until=datetime(2026, 1, 1, tzinfo=UTC))
    assert_type(ctx[then], datetime)
    assert_type(ctx[next_day], datetime)
    assert_type(ctx.get(named), datetime | None)


def asks_people(ctx: Context[Brief], plan: Task[Plan]) -> None:
    anything = WaitForEvent("anything", event="x", correlation=lambda: ctx[plan].steps[0])
    event = WaitForEvent("event", event="x", output=Plan, correlation="7", needs=[plan])
    in_time = WaitForEvent("t", event="x", output=Plan, timeout_s=9, on_timeout="continue")
    assert_type(anything, WaitForEvent[object])
    assert_type(event, WaitForEvent[Plan])
    assert_type(in_time, WaitForEvent[Plan | None])
    assert_type(ctx[event], Plan)
    assert_type(ctx.get(in_time), Plan | None)
    Sequence(anything, event, in_time)
    name = HumanTask("name", ask="name?")
    colour = HumanTask("colour", ask=lambda: f"{ctx[plan].steps}?", choices=["blue", "green"])
    step = HumanTask("step", ask="which?", choices=lambda: ctx[plan].steps, timeout_s=60)
    better = HumanTask("better", ask="plan?", output=Plan, allowed_by=["ann"])
    perhaps = HumanTask("perhaps", ask="?", output=Plan, timeout_s=60, on_timeout="continue")
    hint = HumanTask("hint", ask="?", timeout_s=60, on_timeout="continue", on_deny=Rework(plan))
    several = HumanTask("several", ask="?", output=list[Plan], needs=[plan])
    assert_type(name, HumanTask[str])
    assert_type(colour, HumanTask[str])
    assert_type(step, HumanTask[str])
    assert_type(better, HumanTask[Plan])
    assert_type(ctx[colour], str)
    assert_type(ctx[better].steps, list[str])
    assert_type(ctx.get(better), Plan | None)
    assert_type(ctx[perhaps], Plan | None)
    assert_type(ctx[hint], str | None)
    assert_type(ctx[several], list[Plan])


def handling(ctx: Context[Brief]) -> None:
    plan = Task("plan", agent=agent, prompt="plan", output=Plan)
    count = Step("count", whole)

    def mend(caught: Caught) -> Node:
        assert_type(caught.key, str)
        assert_type(caught.error_class, str)
        assert_type(caught.error, Failure)
        return count

    alone = Try(plan, catch=mend, finally_=count)
    assert_type(alone, Try[None])
    planned = Try(plan, catch=lambda caught: Step("say", lambda: caught.key), result=plan)
    assert_type(ctx[planned], Plan)
    assert_type(ctx.get(planned), Plan | None)
    told = Try(plan, finally_=count, result=lambda: len(ctx[plan].steps), id="told")
    assert_type(ctx[told], int)


def choices(ctx: Context[Brief]) -> None:
    review = Task("review", agent=agent, prompt="review", output=Review)
    fix = Task("fix", agent=agent, prompt="fix")
    branch = Branch(lambda: ctx[review].approved, fix)
    loop = Loop(fix, review, until=lambda: ctx[review].approved, max_iterations=3)
    assert_type(branch, Branch[str | None])
    assert_type(loop, Loop[None])
    both = Branch(lambda: True, fix, Sequence(review, fix, result=fix))
    assert_type(both, Branch[str])
    assert_type(ctx[both], str)
    assert_type(ctx[branch], str | None)
    assert_type(Branch(lambda: True, None, review), Branch[Review | None])
    assert_type(Branch(lambda: True, fix, review, result=fix), Branch[str | None])
    worked_out = Branch(lambda: True, fix, review, result=lambda: ctx.get(review))
    assert_type(worked_out, Branch[Review | None])
    assert_type(Branch(lambda: True, fix, review, result=whole), Branch[int])
    last = Loop(fix, review, until=lambda: True, max_iterations=3, result=review)
    assert_type(last, Loop[Review])
    assert_type(ctx[last].approved, bool)
    told = Loop(fix, review, until=lambda: True, max_iterations=3, result=lambda: [ctx[review]])
    assert_type(told, Loop[list[Review]])
    assert_type(ctx.get(told), list[Review] | None)
    undo = Task("undo", agent=agent, prompt="undo")
    assert_type(Compensated(review, undo), Compensated[Review])
    assert_type(ctx[Compensated(review, undo=undo)].approved, bool)
    assert_type(Saga(Compensated(fix, undo)), Saga[None])
    assert_type(Saga(fix, review, result=review, on_cancel="leave"), Saga[Review])
    assert_type(ctx[Saga(fix, result=lambda: len(ctx[fix]))], int)
    in_order = Sequence(fix, review, result=lambda: (ctx[fix], ctx[review].approved), id="told")
    assert_type(in_order, Sequence[tuple[str, bool]])
    at_once = Parallel(fix, review, limit=2, result=lambda: len(ctx[fix]), on_failure="continue")
    assert_type(at_once, Parallel[int])
    each = ForEach(["x"], key=str, each=lambda _: both)
    assert_type(ctx[each], list[str])
    assert_type(ctx.items(each), dict[str, str])
    nodes: list[Node] = [branch, loop, Branch(lambda: True, None, loop, id="b")]
    Sequence(*nodes, branch, loop, result=review)


# -- fan-outs


def fan_outs(ctx: Context[Brief]) -> None:
    plan = Task("plan", agent=agent, prompt="plan", output=Plan)

    def write(step: str) -> Node[Review]:
        draft = Task(f"draft {step}", agent=agent, prompt=step)
        review = Task(
            f"review {step}", agent=agent, prompt=lambda: f"Review {ctx[draft]}", output=Review
        )
        return Sequence(draft, review, result=review)

    reviews = ForEach(lambda: ctx[plan].steps, key=lambda step: step, each=write, limit=3)
    assert_type(reviews, ForEach[Review])
    assert_type(ctx[reviews], list[Review])
    assert_type(ctx.get(reviews), list[Review] | None)
    assert_type(ctx.failures(reviews), list[ItemFailure])

    texts = ForEach(
        ctx.input.languages,
        key=str,
        each=lambda language: Task(language, agent=agent, prompt=f"Translate to {language}"),
    )
    assert_type(texts, ForEach[str])
    assert_type(ctx[texts], list[str])
    nested = ForEach(["x"], key=str, each=lambda _: texts, id="nested")
    assert_type(ctx[nested], list[list[str]])
    lengths = ForEach(
        lambda: ctx.input.languages,
        key=lambda language: language,
        each=lambda language: Step(f"measure {language}", lambda: len(language)),
        on_failure="continue",
    )
    assert_type(lengths, ForEach[int])
    assert_type(ctx[lengths], list[int])


# -- workflows


@workflow
def bare(ctx: Context[NoInput]) -> Node[str]:
    return Task("text", agent=agent, prompt="hello")


@workflow(input=Brief, max_concurrency=2, allow_runs=3)
def planned(ctx: Context[Brief]) -> Node[Plan]:
    plan = Task("plan", agent=agent, prompt=ctx.input.topic, output=Plan)
    return Sequence(plan, result=plan)


@workflow(input=Brief, name="untyped", deadline_s=60, allow_runs=AllowRuns(number=3, depth=2))
def untyped(ctx: Context[Brief]) -> Node:
    return Task("plan", agent=agent, prompt=ctx.input.topic, output=Plan)


@workflow(result=lambda ctx: ctx.get("plan", Plan))
def read_by_id(ctx: Context[NoInput]) -> Node:
    return Task("plan", agent=agent, prompt="plan", output=Plan)


def topic_of(ctx: Context[Brief]) -> str:
    return ctx.input.topic


@workflow(input=Brief, result=topic_of)
def topical(ctx: Context[Brief]) -> Node:
    return Task("plan", agent=agent, prompt="plan", output=Plan)


assert_type(read_by_id, Workflow[NoInput, Plan | None])
assert_type(topical, Workflow[Brief, str])
assert_type(bare, Workflow[NoInput, str])
assert_type(planned, Workflow[Brief, Plan])
assert_type(untyped, Workflow[Brief, object])
assert_type(planned.parse_input("{}"), Brief)


# -- a task that reads one further down: annotated, or read in a nested function


def further_down(ctx: Context[Brief]) -> Node:
    note = Task("note", agent=agent, prompt=lambda: f"Mend {ctx.previous(review)}")
    review: Task[Review] = Task(
        "review", agent=agent, output=Review, prompt=lambda: f"Review {ctx[note]}"
    )

    def final_prompt() -> str:
        return f"Publish {ctx[last].remarks}"

    final = Task("final", agent=agent, prompt=final_prompt)
    last = Task("last", agent=agent, prompt="last", output=Review)
    return Parallel(note, review, final, last)


# -- patterns are functions that give nodes


class Verdict(Protocol):
    approved: bool


In = TypeVar("In", bound=BaseModel)
T = TypeVar("T")
V = TypeVar("V", bound=Verdict)


def ReviewLoop(
    ctx: Context[In], write: Task[T], review: Task[V], *, max_iterations: int = 5
) -> Loop:
    return Loop(
        write,
        review,
        until=lambda: ctx[review].approved,
        max_iterations=max_iterations,
        on_exhausted="fail",
    )


def first_good(ctx: Context[In], tries: Many[Task[T]], otherwise: T) -> Step[T]:
    def pick() -> T:
        found = [value for one in tries if (value := ctx.get(one)) is not None]
        return found[0] if found else otherwise

    return Step("first good", pick)


@workflow(input=Brief)
def reviewed(ctx: Context[Brief]) -> Node[str]:
    note = Task("note", agent=agent, prompt="write")
    review = Task("review", agent=agent, output=Review, prompt=lambda: f"Review {ctx[note]}")
    best = first_good(ctx, [note], "nothing")
    assert_type(best, Step[str])
    return Sequence(ReviewLoop(ctx, note, review), best, result=best)


assert_type(reviewed, Workflow[Brief, str])


# -- an application gets a run's output as the type of its workflow


async def application(hub: Hub) -> None:
    assert_type(await hub.run(reviewed, Brief(topic="whales")), RunResult[str])
    assert_type((await hub.run(reviewed, Brief(topic="whales"))).output, str)
    handle = await hub.begin(reviewed, Brief(topic="whales"), request_id="k")
    assert_type(handle, RunHandle[str])
    assert_type((await handle.wait()).output, str)
    assert_type((await hub.resume("r1", workflow=reviewed)).output, str)
    assert_type((await (await hub.begin_again("r1", workflow=reviewed)).wait()).output, str)
    assert_type((await hub.wait("r1", workflow=reviewed)).output, str)
    async for frame in hub.stream("r1"):
        assert_type(frame.cursor, str)


# -- a loop's variable as a default


async def over_a_loop(run: Run[NoInput]) -> None:
    for number in range(3):
        called: int = await run.step(f"call-{number}", lambda number=number: number)
        assert_type(called + 1, int)
        placed: Step[int] = Step(f"step-{number}", lambda number=number: number)
        assert_type(placed, Step[int])
