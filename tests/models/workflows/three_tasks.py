"""Three tasks by whichever model VENDOR names: a plan, work with tools, a word at the end."""

from __future__ import annotations

import os
from collections.abc import Callable

from pydantic import BaseModel

from harnesses.models import Anthropic, Google, LiteLLM, OpenAI, bash, read
from smithers import Context, Node, NoInput, Sequence, Task, workflow
from smithers.agent import Agent

MODELS: dict[str, Callable[..., Agent]] = {
    "anthropic": Anthropic,
    "google": Google,
    "litellm": LiteLLM,
    "openai": OpenAI,
}
agent = MODELS[os.environ.get("VENDOR", "anthropic")](
    os.environ.get("MODEL", "scripted"),
    tools=[bash, read],
    base_url=os.environ.get("MODEL_URL"),
    api_key_env=os.environ.get("KEY_NAME"),
)


class Plan(BaseModel):
    """What is to be done."""

    steps: list[str]


@workflow
def three_tasks(ctx: Context[NoInput]) -> Node[str]:
    """Plans, works, and says so."""
    plan = Task("plan", agent=agent, output=Plan, prompt="Plan it.")
    work = Task("work", agent=agent, prompt=lambda: f"Do these: {ctx[plan].steps}")
    say = Task("say", agent=agent, prompt=lambda: f"Say it: {ctx[work]}")
    return Sequence(plan, work, say, result=say)
