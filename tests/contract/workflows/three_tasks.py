"""Three tasks by whichever agent AGENT names: a plan, work, a word at the end."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from harnesses import Antigravity, ClaudeCode, Codex, Gemini, Pi
from harnesses.models import Anthropic, Google, LiteLLM, OpenAI, bash, read
from smithers import Context, Node, NoInput, Sequence, Task, workflow
from smithers.agent import Agent

URL = os.environ.get("MODEL_URL", "http://127.0.0.1:9")
MODEL = os.environ.get("MODEL", "scripted")
TO: dict[str, Any] = {"base_url": URL, "api_key_env": os.environ.get("KEY_NAME", "SCRIPTED_KEY")}
OF_MODELS: dict[str, Any] = {"tools": [bash, read], **TO}

AGENTS: dict[str, Callable[[], Agent]] = {
    "claude-code": lambda: ClaudeCode(env={"ANTHROPIC_BASE_URL": URL}),
    "codex": lambda: Codex(MODEL, **TO),
    "pi": lambda: Pi(MODEL, api="anthropic-messages", **TO),
    "gemini": lambda: Gemini(MODEL, **TO),
    "antigravity": lambda: Antigravity(MODEL, python=os.environ["ANTIGRAVITY_PYTHON"], **TO),
    "anthropic": lambda: Anthropic(MODEL, **OF_MODELS),
    "google": lambda: Google(MODEL, **OF_MODELS),
    "litellm": lambda: LiteLLM(MODEL, **OF_MODELS),
    "openai": lambda: OpenAI(MODEL, **OF_MODELS),
}
agent = AGENTS[os.environ.get("AGENT", "anthropic")]()


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
