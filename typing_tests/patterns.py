"""What mypy and pyright infer through the patterns. Nothing here runs; both checkers must agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_type

from pydantic import BaseModel

from harnesses import Echo
from smithers import (
    Command,
    Completed,
    Context,
    ForEach,
    HumanTask,
    Node,
    NoInput,
    Sequence,
    Step,
    Task,
)
from smithers.patterns import (
    CheckReport,
    CheckSuite,
    ClassifyAndRoute,
    Debate,
    DecisionTable,
    EscalationChain,
    FanOutRefute,
    FixUntilGreen,
    GatherAndSynthesize,
    LoopUntilScored,
    Optimizer,
    Panel,
    Poller,
    Procedure,
    Refutation,
    ReviewLoop,
    Runbook,
    ScanFixVerify,
    Supervisor,
    Verdict,
    Vote,
)

agent = Echo()


class Draft(BaseModel):
    text: str


class Review(BaseModel):
    approved: bool
    feedback: str = ""
    severity: int = 0


class Score(BaseModel):
    score: int
    feedback: str = ""


class Points(BaseModel):
    points: dict[str, int]


class Label(BaseModel):
    label: str


class Item(BaseModel):
    name: str
    needs: list[str] = []


class Finding(BaseModel):
    file: str
    line: int


def draft(id: str = "draft") -> Task[Draft]:
    return Task(id, agent=[agent, agent], prompt="Write.", output=Draft)


def review_of(ctx: Context[NoInput], work: Node[object]) -> Node[Review]:
    return Task("review", agent=agent, prompt=lambda: f"{ctx[work]}", output=Review)


def loops(ctx: Context[NoInput]) -> None:
    work = draft()
    review = Task("review", agent=agent, prompt=lambda: ctx[work].text, output=Review)
    loop = ReviewLoop("note", ctx, work, review, max_rounds=4, on_exhausted="finish")
    assert_type(loop, Node[Draft])
    assert_type(ctx[loop], Draft)
    assert_type(Sequence(loop, result=loop), Sequence[Draft])
    score = Task("score", agent=agent, prompt=lambda: ctx[work].text, output=Score)
    assert_type(LoopUntilScored("good", ctx, work, score, at_least=8), Node[Draft])


def optimizers(ctx: Context[NoInput]) -> None:
    def propose(best: Callable[[], Draft | None]) -> Node[Draft]:
        return Task("try", agent=agent, prompt=lambda: f"Beat {best()}", output=Draft)

    def score(candidate: Node[Draft]) -> Node[Score]:
        prompt = lambda: ctx[candidate].text  # noqa: E731
        return Task("score", agent=agent, prompt=prompt, output=Score)

    best = Optimizer("best", ctx, propose, score, max_rounds=9, patience=2, enough=10)
    assert_type(best, Node[Draft])


def panels(ctx: Context[NoInput]) -> None:
    members = [Task(f"m{n}", agent=agent, prompt="Which?", output=Vote) for n in range(3)]
    assert_type(Panel("p", ctx, *members, choices=["a", "b"], tie="a"), Node[Verdict])
    panel = Panel(
        "q",
        ctx,
        *members,
        choices=["a", "b"],
        rule="consensus",
        tie=lambda tied: HumanTask("tie", ask="Which?", choices=tied),
    )
    assert_type(ctx[panel].choice, str | None)


def debates(ctx: Context[NoInput]) -> None:
    judge = Task("judge", agent=agent, prompt="Judge.", output=Points)
    winner = Debate(
        "debate",
        ctx,
        draft("a"),
        draft("b"),
        criticise=lambda mine: Task(f"{mine.id} says", agent=agent, prompt="But.", continues=mine),
        judge=judge,
        tie=None,
    )
    assert_type(winner, Node[Draft])


def supervisors(ctx: Context[NoInput]) -> None:
    plan = Task("plan", agent=agent, prompt="Plan.", output=list[Item])

    def work(item: Item) -> Node[Draft]:
        return draft(item.name)

    def check(item: Item, made: Node[Draft]) -> Node[Review]:
        prompt = lambda: f"{item.name}: {ctx[made].text}"  # noqa: E731
        return Task(f"check {item.name}", agent=agent, prompt=prompt, output=Review)

    done = Supervisor("job", ctx, plan, work, check, limit=4)
    assert_type(ctx[done], list[Draft])
    short = Supervisor(
        "short",
        ctx,
        plan,
        lambda item: draft(item.name),
        lambda item, made: Task(item.name, agent=agent, prompt="Check.", output=Review),
    )
    assert_type(short, Node[list[Draft]])


def fans(ctx: Context[NoInput]) -> None:
    def find(file: str, known: Callable[[], list[Finding]]) -> Node[list[Finding]]:
        return Task(f"look {file}", agent=agent, prompt=f"{known}", output=list[Finding])

    def refute(finding: Finding) -> list[Task[Refutation]]:
        prompt = f"Refute {finding.line}."
        return [Task(f"r{finding.line}", agent=agent, prompt=prompt, output=Refutation)]

    found = FanOutRefute(
        "audit",
        ctx,
        lambda: ["a.py"],
        find,
        refute,
        angle=lambda file: file.lower(),
        key=lambda finding: f"{finding.file} {finding.line}",
        refutations=1,
    )
    assert_type(ctx[found], list[Finding])


def gathers(ctx: Context[NoInput]) -> None:
    def gather(source: str) -> Node[int]:
        return Step(source, lambda: 1)

    def whole(parts: ForEach[int]) -> Node[Draft]:
        return Task("w", agent=agent, prompt=lambda: f"{sum(ctx[parts])}", output=Draft)

    assert_type(
        GatherAndSynthesize("g", ctx, ["a", "b"], gather, whole, key=str, at_least=1), Node[Draft]
    )


def repairs(ctx: Context[NoInput]) -> None:
    tests = Command("tests", ["pytest"], check=False)
    fix = Task("fix", agent=agent, prompt=lambda: ctx[tests].stdout)
    assert_type(FixUntilGreen("green", ctx, tests, fix), Node[Completed])
    scan = Task("scan", agent=agent, prompt="Scan.", output=list[Finding])
    left = ScanFixVerify(
        "clean",
        ctx,
        scan,
        lambda finding: draft(finding.file),
        lambda finding, fixed: review_of(ctx, fixed),
        key=lambda finding: finding.file,
    )
    assert_type(left, Node[list[Finding]])


def choices(ctx: Context[NoInput]) -> None:
    kind = Task("kind", agent=agent, prompt="Which?", output=Label)
    routes = {"bug": draft("bug"), "idea": draft("idea")}
    assert_type(ClassifyAndRoute("triage", ctx, kind, routes, otherwise=draft("x")), Node[Draft])
    lines = Step("lines", lambda: 3)
    table = DecisionTable(
        "size",
        ctx,
        lines,
        {"large": (lambda lines: lines > 100, draft("split"))},
        hit="unique",
    )
    assert_type(table, Node[Draft])
    chain = EscalationChain("try", ctx, draft("a"), draft("b"), accept=lambda one: one.text != "")
    assert_type(chain, Node[Draft])


def operations(ctx: Context[NoInput]) -> None:
    suite = CheckSuite("all", ctx, Command("lint", ["ruff"]), Step("types", lambda: 1))
    assert_type(ctx[suite], CheckReport)
    smoke = Command("smoke", ["./smoke"], check=False)
    poll = Poller(
        "poll", ctx, smoke, done=lambda found: found.exit_code == 0, every_s=600, max_probes=9
    )
    assert_type(poll, Node[Completed])
    book = Runbook("move", Procedure(name="stop", do=Step("stop", lambda: 1)))
    assert_type(book, Node[list[str]])
