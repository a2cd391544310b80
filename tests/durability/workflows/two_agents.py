"""One task that two agents can do: Claude Code first, then Codex; or those that AGENTS names."""

from __future__ import annotations

import os

from harnesses import ClaudeCode, Codex, Gemini, Pi
from smithers import Context, Node, NoInput, Retry, Task, workflow
from smithers.agent import Agent

claude = ClaudeCode()
codex = Codex(
    "scripted",
    sandbox="danger-full-access" if os.environ.get("WIDE") else "workspace-write",
    base_url=os.environ.get("CODEX_URL"),
    api_key_env="SCRIPTED_KEY",
)
pi = Pi(
    "scripted",
    tools=["read", "bash"],
    base_url=os.environ.get("PI_URL", "http://127.0.0.1:9"),
    api="anthropic-messages",
    api_key_env="SCRIPTED_KEY",
)
gemini = Gemini(
    "scripted",
    approval_mode="yolo",
    base_url=os.environ.get("GEMINI_URL"),
    api_key_env="SCRIPTED_KEY",
)
AGENTS: dict[str, Agent] = {"claude": claude, "codex": codex, "pi": pi, "gemini": gemini}


@workflow
def two_agents(ctx: Context[NoInput]) -> Node:
    """The agents that AGENTS names, in its order."""
    chosen = [AGENTS[name] for name in os.environ.get("AGENTS", "claude,codex").split(",")]
    retry = Retry(tries=2, first_s=0.1)
    return Task("fix", agent=chosen, prompt="Fix the test", retry=retry, idle_s=10, timeout_s=60)
