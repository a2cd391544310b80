"""The demo's recordings fit the words that the engine sends for its three tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path

import pytest
from pydantic import BaseModel

from harnesses import ClaudeCode, Replay
from harnesses.recording import read_sessions
from smithers.agent import Answered, Ask, Event, Started, ToolCalled
from smithers.errors import Stalled
from tests.harness.helpers import events_of, outcome_of
from tests.places import DEMO

pytestmark = pytest.mark.anyio

FOLLOWUP = (
    "You were interrupted before you answered. Go on where you stopped, and answer the task:\n\n"
)


class Plan(BaseModel):
    steps: list[str]


def agent(folder: str, speed: float = 0.0) -> ClaudeCode:
    return ClaudeCode(permission_mode="acceptEdits", replay=Replay(DEMO / folder, speed))


async def answer(claude: ClaudeCode, prompt: str, cwd: Path, **more: object) -> Answered:
    schema: Mapping[str, object] | None = Plan.model_json_schema() if more.pop("plan", 0) else None
    session = str(more["session"]) if more else None
    followup = FOLLOWUP + prompt if more else None
    ask = Ask(prompt=prompt, cwd=cwd, schema=schema, session=session, followup=followup)
    last: Event = (await events_of(claude, ask))[-1]
    assert isinstance(last, Answered)
    return last


async def test_the_whole_demo_runs_with_nothing_installed(tmp_path: Path) -> None:
    claude = agent("whole")
    research = await answer(claude, "Research durable execution", tmp_path)
    plan = await answer(claude, f"Plan from:\n{research.text}", tmp_path, plan=True)
    steps = Plan.model_validate(plan.data).steps
    done = await answer(claude, f"Do: {steps}", tmp_path)
    assert "journal.py" in done.text
    compile((tmp_path / "journal.py").read_text(), "journal.py", "exec")


async def test_the_plan_is_cut_off_and_gone_on_with_in_its_session(tmp_path: Path) -> None:
    claude = agent("interrupted")
    research = await answer(claude, "Research durable execution", tmp_path)
    prompt = f"Plan from:\n{research.text}"
    ask = Ask(prompt=prompt, cwd=tmp_path, schema=Plan.model_json_schema(), idle_s=0.3)
    events, error = await outcome_of(claude, ask)
    assert isinstance(error, Stalled)
    assert isinstance(events[-1], ToolCalled)
    assert isinstance(events[0], Started)
    session = events[0].session
    plan = await answer(claude, prompt, tmp_path, plan=True, session=session)
    done = await answer(claude, f"Do: {Plan.model_validate(plan.data).steps}", tmp_path)
    assert done.text.startswith("Done.")


@pytest.mark.parametrize("task", ["research", "implement"])
async def test_a_task_that_is_killed_elsewhere_can_be_gone_on_with_too(
    task: str, tmp_path: Path
) -> None:
    (whole,) = read_sessions(DEMO / "whole" / f"{task}.jsonl")
    prompt = whole.header.prompt if task == "research" else _implement_prompt()
    session = str(whole.header.session)
    assert (await answer(agent("interrupted"), prompt, tmp_path, session=session)).text


def _implement_prompt() -> str:
    from recordings.make import STEPS

    return f"Do: {STEPS}"


async def test_the_cut_off_plan_takes_its_time(tmp_path: Path) -> None:
    (cut_off,) = read_sessions(DEMO / "interrupted" / "plan-cut-off.jsonl")
    assert cut_off.ending is None
    assert 1.5 < cut_off.moments[-1].t < 6
    assert cut_off.moments[-1].signal is None
    prompt = f"Plan from:\n{_research()}"
    ask = Ask(prompt=prompt, cwd=tmp_path, schema=Plan.model_json_schema())
    async with aclosing(agent("interrupted", 1.0).run(ask)) as events:
        assert isinstance(await anext(events), Started)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(events), 0.3)


def _research() -> str:
    from recordings.make import RESEARCH

    return RESEARCH
