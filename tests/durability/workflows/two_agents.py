"""One task that two agents can do: Claude Code first, then Codex; or those that AGENTS names."""

from __future__ import annotations

import os

from harnesses import Antigravity, ClaudeCode, Codex, Gemini, Pi
from smithers import Context, Node, NoInput, Retry, Task, workflow
from smithers.agent import Agent

claude = ClaudeCode(allowed_tools=["Bash"])
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
antigravity = Antigravity(
    "scripted",
    tools=["view_file", "run_command"],
    base_url=os.environ.get("GEMINI_URL"),
    api_key_env="SCRIPTED_KEY",
    python=os.environ.get("ANTIGRAVITY_PYTHON"),
)
AGENTS: dict[str, Agent] = {
    "antigravity": antigravity,
    "claude": claude,
    "codex": codex,
    "gemini": gemini,
    "pi": pi,
}


@workflow
def two_agents(ctx: Context[NoInput]) -> Node:
    """The agents that AGENTS names, in its order."""
    chosen = [AGENTS[name] for name in os.environ.get("AGENTS", "claude,codex").split(",")]
    retry = Retry(tries=2, first_s=0.1)
    idle_s = float(os.environ.get("IDLE_S", "10"))
    return Task(
        "fix", agent=chosen, prompt="Fix the test", retry=retry, idle_s=idle_s, timeout_s=90
    )
