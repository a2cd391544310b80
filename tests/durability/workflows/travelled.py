"""One agent answers three questions in one session, each a task of its own."""

from __future__ import annotations

import os
import sys
from typing import Any

from harnesses import Antigravity, ClaudeCode, Codex, Gemini, Pi
from smithers import Context, Node, NoInput, Sequence, Task, workflow
from smithers.agent import Agent

URL = os.environ.get("MODEL_URL", "http://127.0.0.1:9")
KEY: dict[str, Any] = {"api_key_env": "SCRIPTED_KEY"}
PYTHON = os.environ.get("ANTIGRAVITY_PYTHON", sys.executable)
AGENTS: dict[str, Agent] = {
    "claude": ClaudeCode(),
    "codex": Codex("scripted", base_url=f"{URL}/v1", **KEY),
    "pi": Pi("scripted", base_url=URL, api="anthropic-messages", **KEY),
    "gemini": Gemini("scripted", base_url=URL, **KEY),
    "antigravity": Antigravity("scripted", base_url=URL, python=PYTHON, **KEY),
}


@workflow
def travelled(ctx: Context[NoInput]) -> Node[str]:
    """The agent that AGENTS names does all of it."""
    agent = AGENTS[os.environ.get("AGENTS", "claude")]
    bird = Task("bird", agent=agent, prompt="Which bird?")
    tree = Task("tree", agent=agent, prompt="Which tree?", continues=bird)
    fish = Task("fish", agent=agent, prompt="Which fish?", continues=bird)
    return Sequence(bird, tree, fish, result=fish)
