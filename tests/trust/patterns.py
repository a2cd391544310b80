"""One small workflow for each pattern, of workers that note what they do. Its id is `pattern`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from pydantic import BaseModel

from smithers import Command, Completed, ForEach, Node, Sequence, Step, Task
from smithers.agent import Ask
from smithers.patterns import (
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
    Vote,
)
from tests.trust.flows import body
from tests.trust.workers import (
    PROGRAM_LINE,
    Answering,
    Ctx,
    Example,
    Noting,
    boom,
    step,
)

__all__ = ["PATTERNS"]


class Review(BaseModel):
    approved: bool
    feedback: str = "more"


class Score(BaseModel):
    score: float
    feedback: str = "more"


class Points(BaseModel):
    points: dict[str, int]


class Label(BaseModel):
    label: str


class Item(BaseModel):
    name: str
    needs: list[str] = []


def improving(id: str) -> Task[str]:
    """Work that is better once it was sent back."""

    def answer(ask: Ask) -> str:
        return f"{id} better" if "<sent-back>" in ask.prompt else f"{id} first"

    return Task(id, agent=Answering(id, answer), prompt=id)


def asked(
    id: str, prompt: str | Callable[[], str], answer: Callable[[str], Any], output: Any
) -> Any:
    """A task that answers with JSON of a function of the first line of its prompt."""

    def run(ask: Ask) -> str:
        text: str = answer(ask.prompt.partition("\n")[0]).model_dump_json()
        return text

    return Task(id, agent=Answering(id, run), prompt=prompt, output=output)


def reviewed(ctx: Ctx, id: str, work: Node[object]) -> Task[Review]:
    found: Task[Review] = asked(
        id, lambda: f"{ctx[work]}", lambda text: Review(approved="better" in text), Review
    )
    return found


def values(id: str, give: Callable[[], Any]) -> Step[Any]:
    """A step that gives data."""
    run: Callable[..., Any] = body(cast("Callable[[], str]", give))
    return Step[Any](id, run, output=object)


def review_loop(ctx: Ctx) -> Node[str]:
    work = improving("work")
    return ReviewLoop("pattern", ctx, work, reviewed(ctx, "review", work))


def loop_until_scored(ctx: Ctx) -> Node[str]:
    work = improving("work")
    score = asked(
        "score", lambda: ctx[work], lambda text: Score(score=9.5 if "better" in text else 1), Score
    )
    return LoopUntilScored("pattern", ctx, work, score, at_least=9)


def optimizer(ctx: Ctx) -> Node[str]:
    def propose(best: Callable[[], str | None]) -> Node[str]:
        return Task("try", agent=Noting("try"), prompt=lambda: f"{best() or ''}i")

    def score(candidate: Node[str]) -> Node[Score]:
        scored: Node[Score] = asked(
            "score", lambda: ctx[candidate], lambda text: Score(score=min(len(text), 2)), Score
        )
        return scored

    return Optimizer("pattern", ctx, propose, score, max_rounds=4, patience=1)


def panel(ctx: Ctx) -> Node[Any]:
    def vote(choice: str) -> Task[Vote]:
        voted: Task[Vote] = asked(f"m {choice}", choice, lambda text: Vote(choice=text), Vote)
        return voted

    members = [vote(choice) for choice in ("red", "blue", "purple")]
    return Panel(
        "pattern",
        ctx,
        *members,
        choices=["red", "blue"],
        tie=lambda tied: step("tie", lambda: tied[-1]),
    )


def debate(ctx: Ctx) -> Node[str]:
    ideas = [Task(one, agent=Noting(one), prompt=f"{one}'s idea") for one in ("ann", "bob")]

    def criticise(mine: Task[str]) -> Node[str]:
        others = [one for one in ideas if one is not mine]
        return step(f"{mine.id} says", lambda: f"not {ctx[others[0]]}")

    points = Points(points={"ann": 1, "bob": 2})
    judge = asked("judge", "judge", lambda text: points, Points)
    return Debate("pattern", ctx, *ideas, criticise=criticise, judge=judge, tie=None, rounds=2)


def escalation_chain(ctx: Ctx) -> Node[str]:
    attempts = [step("cheap"), step("dear"), step("dearest")]
    return EscalationChain("pattern", ctx, *attempts, accept=lambda text: text == "dear done")


def fix_until_green(ctx: Ctx) -> Node[Any]:
    fix = Task("fix", agent=Noting("fix"), prompt=lambda: f"fix {ctx[check].stdout}")

    def argv() -> list[str]:
        red = ctx.previous(fix) is None
        code = f"{PROGRAM_LINE}; echo {'red' if red else 'green'}; exit {int(red)}"
        return ["/bin/sh", "-c", code, "sh", "check"]

    check: Command[Completed] = Command("check", argv, check=False)
    done = FixUntilGreen("pattern", ctx, check, fix)
    told = step("told", lambda: f"{ctx[done].exit_code} {ctx[done].stdout.strip()}")
    return Sequence(done, told, result=told)


def supervisor(ctx: Ctx) -> Node[list[str]]:
    plan = values("plan", lambda: [{"name": "b", "needs": ["a"]}, {"name": "a", "needs": []}])
    items = Step("pattern-items of the plan", lambda: [Item(**one) for one in ctx[plan]])
    done = Supervisor(
        "pattern",
        ctx,
        items,
        lambda item: improving(f"work {item.name}"),
        lambda item, work: reviewed(ctx, f"check {item.name}", work),
    )
    return Sequence(plan, done, result=done)


def fan_out_refute(ctx: Ctx) -> Node[Any]:
    def find(angle: str, known: Callable[[], list[str]]) -> Node[list[str]]:
        return values(f"find {angle}", lambda: [f"bug {angle}"] if not known() else ["bug x"])

    def refute(finding: str) -> list[Task[Refutation]]:
        def says(text: str) -> Refutation:
            return Refutation(refuted="bug y" in text)

        return [
            asked(f"{name} {finding}", f"{name} {finding}", says, Refutation) for name in ("p", "q")
        ]

    return FanOutRefute(
        "pattern",
        ctx,
        ["x", "y"],
        find,
        refute,
        angle=str,
        key=str,
        refutations=2,
        max_rounds=3,
    )


def gather_and_synthesize(ctx: Ctx) -> Node[str]:
    def gather(source: str) -> Node[str]:
        return Step("bad", boom) if source == "bad" else step(source)

    def synthesize(parts: ForEach[str]) -> Node[str]:
        return step("whole", lambda: f"{ctx[parts]}")

    sources = ["news", "bad", "wiki"]
    return GatherAndSynthesize("pattern", ctx, sources, gather, synthesize, key=str, at_least=2)


def check_suite(ctx: Ctx) -> Node[Any]:
    return CheckSuite("pattern", ctx, step("lint"), Step("test", boom), on_failure="finish")


def classify_and_route(ctx: Ctx) -> Node[str]:
    kind = asked("kind", "bug", lambda text: Label(label=text), Label)
    return ClassifyAndRoute("pattern", ctx, kind, {"bug": step("bug"), "idea": step("idea")})


def decision_table(ctx: Ctx) -> Node[str]:
    facts = values("facts", lambda: 20)
    return DecisionTable(
        "pattern",
        ctx,
        facts,
        {
            "large": (lambda facts: facts > 99, step("split")),
            "medium": (lambda facts: facts > 9, step("check")),
        },
        hit="unique",
    )


def poller(ctx: Ctx) -> Node[str]:
    probe: Step[str] = step("probe", lambda: (ctx.previous(probe) or "") + "i")
    return Poller(
        "pattern", ctx, probe, done=lambda text: len(text) == 3, every_s=0.05, max_probes=9
    )


def runbook(ctx: Ctx) -> Node[str]:
    book = Runbook(
        "pattern",
        Procedure(name="stop", do=step("stop"), undo=step("start again")),
        Procedure(name="copy", do=step("copy"), undo=step("delete"), confirm="Copy?"),
        Procedure(name="start", do=step("start"), verify=Step("look", boom)),
    )
    undone = Sequence(book, on_failure="continue")
    told = step("told", lambda: f"{ctx.state('start again')}, {ctx.state('delete')}")
    return Sequence(undone, told, result=told)


def scan_fix_verify(ctx: Ctx) -> Node[Any]:
    scan = values("scan", lambda: ["one", "two"] if ctx.previous(scan) is None else [])
    return ScanFixVerify(
        "pattern",
        ctx,
        scan,
        lambda problem: improving(f"fix {problem}"),
        lambda problem, fixed: reviewed(ctx, f"verify {problem}", fixed),
        key=str,
    )


PATTERNS: dict[str, Example] = {
    one.__name__: Example(make=one, varies=("pattern-pause",), repeats=True)
    for one in (
        *(check_suite, classify_and_route, debate, decision_table, escalation_chain),
        *(fan_out_refute, fix_until_green, gather_and_synthesize, loop_until_scored, optimizer),
        *(panel, poller, review_loop, runbook, scan_fix_verify, supervisor),
    )
}
