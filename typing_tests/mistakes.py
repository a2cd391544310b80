"""Planted mistakes. A line whose comment begins with the word `error:` must be an error of both
checkers, one with `error mypy:` or `error pyright:` of that one alone, and no other line of either.

Nothing here runs.
"""

from __future__ import annotations

from pydantic import BaseModel

from harnesses import Echo
from smithers import (
    Approval,
    Attempt,
    Branch,
    Command,
    Compensated,
    Context,
    ContinueAsNew,
    Decision,
    Flow,
    ForEach,
    HumanTask,
    Loop,
    Node,
    NoInput,
    Parallel,
    Retry,
    Rework,
    Run,
    Saga,
    Sequence,
    Step,
    Subflow,
    Task,
    Timer,
    Try,
    WaitForEvent,
    Workflow,
    workflow,
)
from smithers.hub import Hub
from smithers.patterns import FanOutRefute, FixUntilGreen, Panel, ReviewLoop, Supervisor, Vote

agent = Echo()


class Brief(BaseModel):
    topic: str
    languages: list[str] = []


class Plan(BaseModel):
    steps: list[str]


class Review(BaseModel):
    approved: bool


def two(one: int, other: int) -> int:
    return one + other


async def slow() -> int:
    return 1


def number(attempt: Attempt) -> int:
    return attempt.number


def reads(ctx: Context[Brief]) -> None:
    text = Task("text", agent=agent, prompt="hello")
    plan = Task("plan", agent=agent, prompt="plan", output=Plan)
    ok = Approval("ok", ask="ship?")
    ctx.input.topics  # error: a misspelt field of the input
    ctx[plan].step  # error: a misspelt field of an output
    ctx[text].steps  # error: text has no fields
    ctx.get(plan).steps  # error: it may be None
    ctx.get("plan", Plan).steps  # error: it may be None
    ctx.previous(plan).steps  # error: it may be None
    ctx[ok].aproved  # error: a misspelt field of a decision
    _ = ctx.state(plan) == "done"  # error: not a state
    ctx.error(plan).message  # error: it may be None
    Retry(only="transiant")  # error: not a class of errors
    Retry(only=ValueError("no"))  # error: an exception is not a type
    ctx["plan"]  # error: an id is no handle; ctx.get reads by id
    ctx.get(text, Plan)  # error: a handle knows its type
    review: Review = ctx[plan]  # error: another output
    wrong: Task[Review] = plan  # error: another output
    approved: str = ctx[ok]  # error: a decision is not a text


def tasks(ctx: Context[Brief]) -> None:
    plan = Task("plan", agent=agent, prompt="plan", output=Plan)
    Task("a", agent=agent)  # error: no prompt
    Task("b", prompt="hello")  # error: no agent
    Task("c", agent=Echo, prompt="hello")  # error: a class is not an agent
    Task("c2", agent=["fast", 1], prompt="hello")  # error: neither an agent nor a name
    Task("d", agent=agent, prompt="hello", pool=3)  # error: a pool is a name
    Task("d3", agent=agent, prompt="hello", cache=True)  # error: a cache is a Cache
    Task("d2", agent=agent, prompt="hello", priority="high")  # error: a priority is a number
    Task("e", agent=agent, prompt=lambda: len(ctx[plan].steps))  # error: a prompt that is a number
    Task("f", agent=agent, prompt=ctx[plan])  # error: a prompt that is a model
    Task("g", agent=agent, prompt="hello", output=Plan(steps=[]))  # error: a value is not a type
    Task("h", agent=agent, prompt="hello", on_failure="ignore")  # error: an unknown choice
    Task("i", agent=agent, prompt="hello", retry=3)  # error: a number is not a Retry
    Task("j", agent=agent, prompt="hello", retries=3)  # error: an unknown argument
    Task("k", agent=agent, prompt="hello", needs=[1])  # error: a number is not a task
    Task("l", agent=agent, prompt="hello", skip_if=True)  # error: no callable
    Task("m", agent=agent, prompt="hello", skip_if=lambda: "yes")  # error: not True or False
    Task(7, agent=agent, prompt="hello")  # error: an id is text
    Retry(tries="many")  # error: not a number
    Retry(3)  # error: arguments are named
    Approval("n", ask=lambda: 7)  # error: a question that is a number
    Approval("o", ask="ship?", on_deny="retry")  # error: an unknown choice
    Approval("o2", ask="ship?", on_deny=Rework(3))  # error: no task
    Approval("p", ask="ship?", output=Plan)  # error: an approval gives a decision
    Decision(approved=True)  # error: without its time
    HumanTask("q", ask=lambda: 7)  # error: a question that is a number
    HumanTask("r", ask="?", output=Plan, choices=["a"])  # error: data and choices
    HumanTask("s", ask="?", choices=[1, 2])  # error: choices that are numbers
    HumanTask("t", ask="?", timeout_s=1, on_timeout="deny")  # error: an unknown choice
    HumanTask("u", ask="?", on_timeout="continue")  # error: no time in which to answer
    HumanTask("u2", ask="?", on_deny="continue")  # error: a denial sends work back
    Timer("w", until=lambda: "tomorrow")  # error: no time
    Timer("x", 60)  # error: arguments are named
    WaitForEvent("e", output=Plan)  # error: no name of an event
    WaitForEvent("f", event=7)  # error: a name that is a number
    WaitForEvent("g", event="x", correlation=lambda: 7)  # error: a correlation that is a number
    WaitForEvent("h", event="x", output=Plan, on_timeout="continue")  # error: no time
    WaitForEvent("i", event="x", output=Plan, timeout_s=1, on_timeout="deny")  # error: unknown
    paid = WaitForEvent("j", event="x", output=Plan, timeout_s=1, on_timeout="continue")
    Step("k", lambda: ctx[paid].steps)  # error: there may be no signal
    late = HumanTask("v", ask="?", output=Plan, timeout_s=1, on_timeout="continue")
    ctx[late].steps  # error: it may be None


def steps(ctx: Context[Brief]) -> None:
    plan = Step("plan", lambda: Plan(steps=[]))
    Step("a")  # error: no function
    Step("b", 7)  # error: no function
    Step("c", two)  # error: it takes an Attempt at most
    Step("d", two(1, 2))  # error: called too early
    Step("e", slow, output=str)  # error mypy: it gives a number; pyright widens
    count: Step[str] = Step("f", number)  # error: it gives a number
    Step("g", lambda: ctx[plan].step)  # error: a misspelt field
    Step("h", lambda attempt: attempt.key, on_failure="stop")  # error: an unknown choice


@workflow(input=Brief)
def planning(ctx: Context[Brief]) -> Task[Plan]:
    return Task("plan", agent=agent, output=Plan, prompt="Plan.")


def subflows(ctx: Context[Brief]) -> None:
    one = Subflow("one", planning, input=ctx.input)
    Subflow("a", planning)  # error: its workflow has an input
    Subflow("b", planning, input=Plan(steps=[]))  # error: the input of another workflow
    Subflow("c", planning, input=lambda: ctx[one])  # error: a callable that gives another model
    Subflow("d", lambda: 1)  # error: a function is not a workflow
    Subflow("e", planning, input=ctx.input, agent=agent)  # error: a child run has no agent
    ContinueAsNew({"topic": "whales"})  # error: an input that is no model
    ContinueAsNew(lambda: 1)  # error: a callable that gives no model
    ctx[one].step  # error: a misspelt field
    count: Subflow[int] = Subflow("f", planning, input=ctx.input)  # error: it gives a plan


async def counted(run: Run[int]) -> list[int]:
    return [run.input]


async def gives_plan(run: Run[None]) -> Plan:
    return Plan(steps=[])


def not_async(run: Run[None]) -> int:
    return 1


async def flows(run: Run[Brief], plan: Task[Plan]) -> None:
    run.input.topics  # error: a misspelt field of the input
    run.task("a", agent=agent)  # error: no prompt
    run.task("b", agent=agent, prompt=lambda: "hello")  # error: a flow knows its prompts
    run.task("c", agent=agent, prompt="hello", on_failure="continue")  # error: it is caught
    run.task("d", agent=agent, prompt="hello", continues=plan)  # error: a task of a tree
    run.step("e", two)  # error: it takes an Attempt at most
    run.step("f", 7)  # error: no function
    run.choose("g", number)  # error: it takes nothing
    run.command("h", ["sleep", 5])  # error: a word that is a number
    run.command("i", ["make"], output=str, check=False)  # error: text has no exit code
    run.approval("j", ask=lambda: "?")  # error: a flow knows its questions
    run.human("k", ask="?", output=Plan, choices=["a"])  # error: data and choices
    run.human("l", ask="?", on_timeout="continue")  # error: no time in which to answer
    run.event("m", output=Plan)  # error: no name of an event
    run.sleep("n", seconds="3")  # error: a time that is a text
    run.subflow("o", planning)  # error: its workflow has an input
    run.subflow("p", planning, input=Plan(steps=[]))  # error: the input of another workflow
    run.subflow("q", counted, input=3)  # error: a flow is not a workflow
    run.flow("r", counted)  # error: it has an input
    run.flow("s", counted, input="3")  # error: another input
    run.flow("t", not_async)  # error: not async
    run.node(run.step("u", lambda: 1))  # error: a call is not a node
    run.gather([run.step("v", lambda: 1)])  # error: unpack a list with *
    run.step("w", lambda: Plan(steps=[])).steps  # error: it is not awaited
    (await run.step("x", lambda: Plan(steps=[]))).step  # error: a misspelt field
    count: str = await run.step("y", lambda: 1)  # error: it gives a number
    one, _ = await run.gather(run.step("z", lambda: 1), run.step("z2", lambda: ""))
    one.upper()  # error: a number
    await run.now()  # error: it is the time at once
    done = run.state("a") == "done"  # error: not a state
    await plan  # error: a node is not a call


def flows_in_trees(ctx: Context[Brief]) -> None:
    Flow("a", counted)  # error: it has an input
    Flow("b", counted, input="3")  # error: another input
    Flow("c", counted, input=lambda: "3")  # error: a callable that gives another input
    Flow("d", not_async)  # error: not async
    Flow("e", gives_plan(1))  # error: called too early
    Flow("f", gives_plan, on_failure="ignore")  # error: an unknown choice
    ctx[Flow("g", gives_plan)].step  # error: a misspelt field
    plan: Flow[int] = Flow("h", gives_plan)  # error: it gives a plan


@workflow(input=Brief)  # error: the run of another workflow
async def another_input(run: Run[Plan]) -> int:
    return 1


@workflow  # error: its input is not declared
async def no_input(run: Run[Brief]) -> int:
    return 1


@workflow(input=Brief, result=lambda ctx: 1)  # error: a flow gives what it returns
async def with_result(run: Run[Brief]) -> int:
    return 1


@workflow  # error: it is not async
def not_a_flow(run: Run[NoInput]) -> int:
    return 1


def commands(ctx: Context[Brief], attempt: Attempt) -> None:
    plan = Command("plan", ["plan"], output=Plan)
    done = Command("done", ["make"])
    Command("a")  # error: no program
    Command("b", ["sleep", 5])  # error: a word that is a number
    Command("c", ["make"], cwd=5)  # error: a folder that is a number
    Command("d", ["make"], env=["A=b"])  # error: variables that are no mapping
    Command("e", ["make"], env={"A": 1})  # error: a variable that is a number
    Command("f", ["cat"], stdin=lambda: ctx[plan])  # error: a model is not a text
    Command("g", ["make"], output=str, check=False)  # error: text has no exit code
    Command("h", ["make"], agent=agent)  # error: a program has no agent
    Command("i", ["make"], on_failure="stop")  # error: an unknown choice
    count: Command[int] = Command("j", ["plan"], output=Plan)  # error: it gives a plan
    ctx[plan].step  # error: a misspelt field
    ctx[done].code  # error: a misspelt field
    attempt.run(["sleep", 5])  # error: a word that is a number
    attempt.run(["make"], output=str, check=False)  # error: text has no exit code
    attempt.run(["make"], output=Plan).step  # error: a misspelt field
    attempt.arun(["make"]).stdout  # error: it is not awaited


def groups(ctx: Context[Brief]) -> None:
    plan = Task("plan", agent=agent, prompt="plan", output=Plan)
    review = Task("review", agent=agent, prompt="review", output=Review)
    Sequence("plan", plan)  # error: a text is not a node
    Sequence([plan, review])  # error: unpack a list with *
    Parallel(plan, lambda: review)  # error: a callable is not a node
    Parallel(plan, limit="two")  # error: not a number
    Parallel(plan, on_failure="stop")  # error: an unknown choice
    Sequence(plan, on_failure="cancel")  # error: only groups that run at once can
    Sequence(plan, then=review)  # error: a function gives the next part
    Sequence(plan, then=lambda: ctx[plan])  # error: an output is not a node
    row: Sequence[Review] = Sequence(plan, result=plan)  # error: another output
    wrong: Review = ctx[Parallel(review, result=plan)]  # error: another output


def choices(ctx: Context[Brief]) -> None:
    review = Task("review", agent=agent, prompt="review", output=Review)
    Branch(True, review)  # error: no callable
    Branch(lambda: ctx[review], review)  # error: a model is neither True nor False
    Branch(lambda: ctx[review].approved, "review")  # error: a text is not a node
    Loop(review, until=lambda: ctx.get(review), max_iterations=3)  # error: not True or False
    Loop(review, until=ctx[review].approved, max_iterations=3)  # error: no callable
    Loop(review, until=lambda: ctx[review].aproved, max_iterations=3)  # error: a misspelt field
    Loop(review, until=lambda: True)  # error: no bound
    Loop(review, until=lambda: True, max_iterations=3, on_exhausted="stop")  # error: unknown

    Compensated(review)  # error: nothing undoes it
    Compensated(review, lambda: review)  # error: a callable is not a node
    Saga(review, on_cancel="keep")  # error: an unknown choice
    Saga("review")  # error: a text is not a node


def fan_outs(ctx: Context[Brief]) -> None:
    plan = Task("plan", agent=agent, prompt="plan", output=Plan)

    def write(step: str) -> Task[Review]:
        return Task(step, agent=agent, prompt=step, output=Review)

    def count(item: int) -> Step[int]:
        return Step(f"count {item}", lambda: item)

    every = ForEach(lambda: ctx[plan].steps, key=str, each=write)
    wrong: list[Plan] = ctx[every]  # error: another output
    ctx[every].approved  # error: it is a list
    ctx.failures(plan)  # error: only a ForEach lists its failures
    ForEach(lambda: ctx[plan].steps, each=write)  # error: no key
    ForEach(lambda: ctx[plan], key=str, each=write)  # error: another type of items
    ForEach(["x"], key=len, each=write)  # error: a key that is a number
    ForEach(["x"], key=str, each=count)  # error: another type of item
    ForEach(["x"], key=lambda item: item.name, each=write)  # error: text has no such field
    ForEach(["x"], key=str, each=lambda item: item)  # error: a text is not a node
    ForEach(["x"], key=str, each=write, on_failure="ignore")  # error: an unknown choice

    said = ForEach(["x"], key=str, each=lambda item: Task(item, agent=agent, prompt="hello"))
    items: list[Plan] = ctx[said]  # error: another output


def sessions(ctx: Context[Brief]) -> None:
    text = Task("text", agent=agent, prompt="hello")
    group = Sequence(text, result=text)
    Task("on", agent=agent, prompt="go on", continues=group)  # error: a group has no session
    Task("copy", agent=agent, prompt="go on", forks=agent)  # error: an agent is no task
    Step("step", lambda: 1, continues=text)  # error: a function has no session


@workflow(input=Brief)
def other_input(ctx: Context[Brief]) -> Node:
    def topic(read: Context[NoInput]) -> str:
        return read.run_id

    return Task("plan", agent=agent, prompt=topic(ctx))  # error: another input


@workflow(input=Brief)  # error: the function takes another input
def wrong_input(ctx: Context[NoInput]) -> Node:
    return Task("plan", agent=agent, prompt="plan")


@workflow(allow_runs="3")  # error: a text is not a number
def many(ctx: Context[NoInput]) -> Node:
    return Task("plan", agent=agent, prompt="plan")


@workflow  # error: a text is not a tree
def no_tree(ctx: Context[NoInput]) -> str:
    return "plan"


@workflow(input=Brief)
def misspelt(ctx: Context[Brief]) -> Node[Plan]:
    return Task("plan", agent=agent, prompt="plan")  # error: it gives text


@workflow(input="Brief")  # error: a name is not a model
def named(ctx: Context[Brief]) -> Node:
    return Task("plan", agent=agent, prompt="plan")


given: Workflow[NoInput, str] = other_input  # error: another input


def further_down(ctx: Context[Brief]) -> Node:
    """It is right to read a task further down in a lambda; mypy wants its variable annotated."""
    note = Task("note", agent=agent, prompt=lambda: f"{ctx.previous(review)}")  # error mypy: late
    review = Task("review", agent=agent, output=Review, prompt=lambda: ctx[note])
    return Sequence(note, review)


def handles(ctx: Context[Brief]) -> None:
    """A node is no output; what checkers accept, as in an f-string, is refused when it is used."""
    text = Task("text", agent=agent, prompt="hello")
    plan = Task("plan", agent=agent, output=Plan, prompt="plan")
    "Plan: " + text  # error: a node is not a text
    "".join([text])  # error: a node is not a text
    plan.steps  # error: a node has not the fields of its output
    len(text)  # error: a node has no length
    Branch(lambda: text == "ship", plan)  # error: never equal


def results(ctx: Context[Brief]) -> None:
    text = Task("text", agent=agent, prompt="hello")
    plan = Task("plan", agent=agent, output=Plan, prompt="plan")
    Sequence(text, result="text")  # error: a text is neither a node nor a callable
    Parallel(text, result=lambda ctx: 1)  # error: it takes no argument
    Loop(text, until=lambda: True, max_iterations=1, result=1)  # error: a number is not a node
    Loop(text, until=lambda: True, max_iterations=1, stop_if_same=1)  # error: not callable
    Loop(text, until=lambda: True, stop_if_same=lambda: 1)  # error: max_iterations is required
    arm = Branch(lambda: True, plan)
    ctx[arm].steps  # error: there may be no arm
    both = Branch(lambda: True, plan, plan)
    number: int = ctx[both]  # error: a branch of plans gives a plan
    told = Sequence(text, result=lambda: len(ctx[text]))
    words: str = ctx[told]  # error: the callable gives a number
    last = Loop(text, until=lambda: True, max_iterations=1, result=text)
    count: int = ctx[last]  # error: the last text is a text
    each = ForEach(["x"], key=str, each=lambda _: told, on_duplicate="last")  # error: no such way
    by_key: dict[str, str] = ctx.items(ForEach(["x"], key=str, each=lambda _: told))  # error: int
    ctx.items(told)  # error: a sequence has no items


def handling(ctx: Context[Brief]) -> None:
    plan = Task("plan", agent=agent, prompt="plan", output=Plan)
    Try(plan, catch="log")  # error: neither a node nor a function
    Try(plan, catch=lambda: plan)  # error: it is called with what was caught
    Try(plan, catch=lambda caught: caught.key)  # error: it gives no node
    Try(plan, catch=lambda caught: Step("x", lambda: caught.name))  # error: a misspelt field
    Try(plan, finally_=lambda: plan)  # error: no node
    text: str = ctx[Try(plan, catch=plan, result=plan)]  # error: it gives a plan


async def application(hub: Hub, flow: Workflow[Brief, Plan]) -> None:
    await hub.run(flow, Plan(steps=[]))  # error: the input is a Brief
    text: str = (await hub.run(flow)).output  # error: the output is a plan
    (await hub.resume("r1", workflow=flow)).output.step  # error: a misspelt field
    await hub.resume("r1")  # error: neither a workflow nor an observer


def of_brief(ctx: Context[Brief]) -> str:
    return ctx.input.topic


@workflow(result=of_brief)  # error: the workflow has no input
def no_brief(ctx: Context[NoInput]) -> Node:
    return Task("plan", agent=agent, prompt="plan")


def arranging(ctx: Context[NoInput]) -> None:
    text = Task("text", agent=agent, prompt="hello")
    review = Task("review", agent=agent, prompt="review", output=Review)
    vote = Task("vote", agent=agent, prompt="vote", output=Vote)
    ReviewLoop("loop", ctx, text, review)  # error: this review has no feedback
    Panel("panel", ctx, vote, choices=["a"])  # error: what decides a tie is missing
    Panel("panel", ctx, text, choices=["a"], tie="a")  # error: a text has no choice
    Panel("panel", ctx, vote, choices=["a"], tie="a", rule="best")  # error: no such rule
    panel = Panel("panel", ctx, vote, choices=["a"], tie=None)
    ctx[panel].choice.upper()  # error: there may be no choice
    FixUntilGreen("green", ctx, text, text)  # error: a text has no exit code
    plan = Task("plan", agent=agent, prompt="plan", output=list[Plan])
    Supervisor("job", ctx, plan, lambda _: text, lambda _, made: text)  # error: a plan has no name
    FanOutRefute("audit", ctx, ["a"])  # error: what finds and refutes is missing
