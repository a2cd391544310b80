"""What `harnesses.models` offers, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import harnesses.models
from tests.harness.helpers import ROOT

VENDORS = ("anthropic", "google.genai", "litellm", "mcp", "openai", "httpx", "pydantic")


def test_the_public_names_are_these_and_each_is_there() -> None:
    assert harnesses.models.__all__ == [
        "Anthropic",
        "Google",
        "LiteLLM",
        "McpServer",
        "OpenAI",
        "Price",
        "Tool",
        "bash",
        "edit",
        "grep",
        "read",
        "write",
    ]
    assert dir(harnesses.models) == harnesses.models.__all__
    assert all(getattr(harnesses.models, name) is not None for name in dir(harnesses.models))


def test_importing_it_imports_no_package_of_a_vendor() -> None:
    code = f"""
import sys, smithers, harnesses, harnesses.models
print([one for one in {VENDORS!r} if one in sys.modules])
"""
    assert _said(code) == "[]"


def test_making_an_agent_imports_no_package_of_a_vendor() -> None:
    code = f"""
import sys
from harnesses.models import Anthropic, Google, LiteLLM, OpenAI, bash, read
for kind in (Anthropic, Google, LiteLLM, OpenAI):
    agent = kind("a-model", tools=[bash, read])
    print(agent.name, agent.limit, agent.can.resumes)
print([one for one in {VENDORS!r} if one in sys.modules and one != "pydantic"])
"""
    assert _said(code).splitlines()[-1] == "[]"


def test_all_that_is_offered_can_be_had_without_a_package_of_a_vendor() -> None:
    code = """
import sys
for name in ("anthropic", "google", "google.genai", "google.antigravity", "litellm", "openai"):
    sys.modules[name] = None  # as where it is not installed
import smithers, harnesses, harnesses.models
for package in (smithers, harnesses, harnesses.models):
    for name in package.__all__:
        getattr(package, name)
print("all")
"""
    assert _said(code) == "all"


def _said(code: str) -> str:
    words = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
