"""One agent reads, two tasks begin with a copy of its session, and one goes on in it."""

from __future__ import annotations

import os

from harnesses import ClaudeCode, Codex, Pi
from smithers import Context, Node, NoInput, Parallel, Sequence, Task, workflow
from smithers.agent import Agent

AGENTS: dict[str, Agent] = {
    "claude": ClaudeCode(),
    "codex": Codex("scripted", base_url=os.environ.get("CODEX_URL"), api_key_env="SCRIPTED_KEY"),
    "pi": Pi(
        "scripted",
        base_url=os.environ.get("PI_URL", "http://127.0.0.1:9"),
        api="anthropic-messages",
        api_key_env="SCRIPTED_KEY",
    ),
}


@workflow
def forked(ctx: Context[NoInput]) -> Node[str]:
    """The agent that AGENTS names does all of it."""
    agent = AGENTS[os.environ.get("AGENTS", "claude")]
    read = Task("read", agent=agent, prompt="Read the code")
    parts = [Task(f"part {name}", agent=agent, prompt=f"Part {name}", forks=read) for name in "ab"]
    total = Task("total", agent=agent, prompt="Sum up", continues=read)
    return Sequence(read, Parallel(*parts), total, result=total)
