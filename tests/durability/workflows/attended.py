"""Three tasks of one agent; a person attaches to the one in the middle."""

from __future__ import annotations

import os

from harnesses import ClaudeCode, Codex
from smithers import Context, Node, NoInput, Sequence, Task, workflow
from smithers.agent import Agent

AGENTS: dict[str, Agent] = {
    "claude": ClaudeCode(config_dir=os.environ.get("CONFIG_DIR"), allowed_tools=["Bash"]),
    "codex": Codex(
        "scripted",
        sandbox="workspace-write",
        base_url=os.environ.get("CODEX_URL"),
        api_key_env="SCRIPTED_KEY",
    ),
}


@workflow
def attended(ctx: Context[NoInput]) -> Node[str]:
    """The agent that AGENTS names does all of it."""
    agent = AGENTS[os.environ.get("AGENTS", "claude")]
    read = Task("read", agent=agent, prompt="Read the code")
    fix = Task("fix", agent=agent, prompt=lambda: f"Fix the test: {ctx[read]}")
    total: Task[str] = Task("total", agent=agent, prompt=lambda: f"Sum up: {ctx[fix]}")
    return Sequence(read, fix, total, result=total)
