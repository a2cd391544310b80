"""`Scripted`: written answers, in workflows that the engine drives."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field, TypeAdapter

from harnesses import Reply, Scripted
from smithers import Context, Loop, Node, NoInput, Retry, Sequence, Task, workflow
from smithers.agent import Ask, Used
from smithers.errors import (
    Busy,
    ContextOverflow,
    NotInstalled,
    NotSignedIn,
    Permanent,
    Stalled,
    Transient,
)
from smithers.hub import Hub, RunResult


class Plan(BaseModel):
    steps: list[str]
    risk: int = Field(ge=1, le=5)


@dataclass(frozen=True)
class Grade:
    score: int


def run(agent: Scripted, folder: Path, output: Any = str, **options: Any) -> RunResult[Any]:
    """A run of two tasks, of which the first is `plan` and the second `review-1`."""

    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        plan = Task("plan", agent=agent, prompt="Plan it.", output=output, **options)
        review = Task("review-1", agent=agent, prompt=lambda: f"Review {ctx[plan]}")
        return Sequence(plan, review, result=plan)

    return asyncio.run(Hub(folder / "runs.db").run(flow, linger_s=5))


def attempts(folder: Path, done: RunResult[Any], task: str) -> list[Any]:
    tasks = Hub(folder / "runs.db").inspect(done.run_id).tasks
    (found,) = [one.attempts for one in tasks if one.line.key.id == task]
    return list(found)


def _repeat(ask: Ask) -> str:
    return f"{ask.task}: {ask.prompt}"


ENTRIES: list[tuple[Any, object, object]] = [
    (Plan, Plan(steps=["a"], risk=2), Plan(steps=["a"], risk=2)),
    (Plan, {"steps": [], "risk": 1}, Plan(steps=[], risk=1)),
    (Plan, 'So:\n```json\n{"steps": [], "risk": 1}\n```', Plan(steps=[], risk=1)),
    (Grade, Grade(3), Grade(3)),
    (list[str], [["a", "b"]], ["a", "b"]),
    (Literal["bug", "idea"], "idea", "idea"),
    (Decimal, Decimal("1.50"), Decimal("1.50")),
    (bool, True, True),
    (str, "done", "done"),
    (str, _repeat, "plan: Plan it."),
]


@pytest.mark.parametrize(("output", "entry", "expected"), ENTRIES)
def test_an_entry_is_the_answer_of_its_task(
    output: Any, entry: object, expected: object, tmp_path: Path
) -> None:
    done = run(Scripted({"plan": entry, "*": "fine"}), tmp_path, output)
    assert TypeAdapter[Any](output).validate_python(done.output) == expected


def test_an_async_function_may_answer_and_an_exact_id_comes_before_a_pattern(
    tmp_path: Path,
) -> None:
    async def answer(ask: Ask) -> str:
        await asyncio.sleep(0)
        return f"by the pattern: {ask.task}"

    done = run(Scripted({"*": answer, "review-1": "by its id"}), tmp_path)
    assert done.output == "by the pattern: plan"


def test_an_answer_that_does_not_fit_is_sent_back_like_that_of_a_real_agent(
    tmp_path: Path,
) -> None:
    told: list[str] = []

    def right(ask: Ask) -> Plan:
        told.append(ask.told)
        return Plan(steps=[], risk=5)

    agent = Scripted({"plan": [{"steps": ["a"], "risk": 9}, right], "*": "fine"})
    assert run(agent, tmp_path, Plan).output == {"steps": [], "risk": 5}
    assert "less than or equal to 5" in told[0]


def test_a_list_answers_one_request_after_the_other_and_then_as_the_last(tmp_path: Path) -> None:
    agent = Scripted({"again": [Grade(1), Grade(2)]})

    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        again = Task("again", agent=agent, prompt="Again", output=Grade)
        last = Task("last", agent=Scripted({"last": "done"}), prompt="x")
        return Sequence(Loop(again, until=lambda: ctx[again].score == 2, max_iterations=5), last)

    done = asyncio.run(Hub(tmp_path / "runs.db").run(flow))
    assert done.status == "finished", done.why
    tasks = Hub(tmp_path / "runs.db").inspect(done.run_id).tasks
    assert [str(one.line.key) for one in tasks if one.line.key.id == "again"] == [
        "again[0]",
        "again[1]",
    ]


@pytest.mark.parametrize("entry", [Transient, Transient("it is down"), Reply(answer=Transient)])
def test_an_error_of_the_script_is_followed_by_what_follows_it_in_production(
    entry: object, tmp_path: Path
) -> None:
    agent = Scripted({"plan": [entry, "done"], "*": "fine"})
    done = run(agent, tmp_path, retry=Retry(first_s=0))
    assert done.output == "done"
    states = [(one.state, one.error and one.error.kind) for one in attempts(tmp_path, done, "plan")]
    assert states == [("failed", "Transient"), ("succeeded", None)]


@pytest.mark.parametrize("kind", [Permanent, ContextOverflow, NotSignedIn, NotInstalled, Stalled])
def test_a_class_of_errors_makes_an_error(kind: type[Exception], tmp_path: Path) -> None:
    agent = Scripted({"plan": kind})

    async def listen() -> None:
        async for _ in agent.run(Ask(prompt="p", cwd=tmp_path, task="plan")):
            pass

    with pytest.raises(kind):
        asyncio.run(listen())


def test_a_busy_agent_cools_down(tmp_path: Path) -> None:
    done = run(Scripted({"plan": Busy}), tmp_path)
    assert done.status == "waiting"
    assert "scripted" in (done.why or "")


def test_a_task_without_an_entry_fails_with_its_name_and_the_entries(tmp_path: Path) -> None:
    done = run(Scripted({"plan": "done", "draft*": "x"}), tmp_path)
    assert done.status == "failed"
    assert "task 'review-1' has no answer; scripted: 'plan', 'draft*'" in str(done.error)


def test_an_output_is_made_from_the_type_and_changes_from_one_request_to_the_next(
    tmp_path: Path,
) -> None:
    made = Scripted({}, made=True)
    assert run(made, tmp_path, Plan).output == {"steps": ["text", "text 2"], "risk": 1}
    assert run(made, tmp_path, Plan).output == {"steps": ["text"], "risk": 5}
    assert run(Scripted({}, made=True), tmp_path).output == "an answer to plan"


def test_latency_usage_and_cost_are_those_of_the_script(tmp_path: Path) -> None:
    used = Used(tokens_in=900, tokens_out=40, cost=Decimal("0.02"), model="m-1")
    agent = Scripted({"plan": Reply(answer="done", latency_s=0.05), "*": "fine"}, usage=used)
    assert agent.can.reports_cost
    done = run(agent, tmp_path)
    (attempt,) = attempts(tmp_path, done, "plan")
    assert (attempt.ended_at - attempt.started_at).total_seconds() >= 0.05
    total = Hub(tmp_path / "runs.db").cost(done.run_id).total
    assert total.cost == Decimal("0.04")
    assert (total.tokens_in, total.tokens_out) == (1800, 80)


@pytest.mark.parametrize(
    ("answers", "said"),
    [({"plan": []}, "entry 'plan' .* empty list"), ({"plan": Plan}, "the class Plan: write a")],
)
def test_a_wrong_entry_is_refused_at_once(answers: Mapping[str, object], said: str) -> None:
    with pytest.raises((ValueError, TypeError), match=said):
        Scripted(answers)
