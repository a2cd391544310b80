"""Writes into harnesses.md what agents can do, and what they change of a prompt: `make docs`.

It is what each agent says itself, in its `Capabilities`. `--check` only compares.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from docs.writing import write
from harnesses import Antigravity, ClaudeCode, Codex, Gemini, Pi
from harnesses.antigravity_cli import AntigravityCLI
from harnesses.models import Anthropic, Google, LiteLLM, OpenAI
from smithers.agent import Agent

__all__ = ["AGENTS", "DOCUMENT", "abilities", "changes", "with_tables"]

DOCUMENT = Path(__file__).with_name("harnesses.md")
ABILITIES = "<!-- written by `make docs`: what each agent can do -->"
CHANGES = "<!-- written by `make docs`: what each agent changes -->"
END = "<!-- end -->"
AGENTS: Mapping[str, Agent] = {
    "ClaudeCode": ClaudeCode(),
    "Codex": Codex(),
    'Codex(mode="exec")': Codex(mode="exec"),
    "Pi": Pi(),
    "Gemini": Gemini(),
    "Antigravity": Antigravity(),
    "AntigravityCLI": AntigravityCLI(experimental=True),
    "models.Anthropic": Anthropic("m"),
    "models.OpenAI": OpenAI("m"),
    "models.Google": Google("m"),
    "models.LiteLLM": LiteLLM("m"),
}


def abilities() -> str:
    """A row for each program: what it can do beyond answering."""
    rows = [
        "| agent | forks a session | at an earlier turn | reads messages while it works | `attach`"
        " | holds to a schema | reports cost |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, agent in AGENTS.items():
        if not name.startswith("models."):
            can = agent.can
            sessions = (can.forks, can.forks_at, can.steers, can.attaches)
            flags = (*sessions, can.native_schema, can.reports_cost)
            rows.append(f"| `{name}` | {' | '.join('yes' if flag else 'no' for flag in flags)} |")
    return "\n".join(rows)


def changes() -> str:
    """A row for each agent: what it changes of a text."""
    rows = ["| agent | what it changes of a prompt or a message |", "|---|---|"]
    for name, agent in AGENTS.items():
        rows.append(f"| `{name}` | {' '.join(agent.can.changes_prompts) or 'nothing'} |")
    return "\n".join(rows)


def with_tables(text: str) -> str:
    """The document with each table between its marks."""
    for begin, table in ((ABILITIES, abilities()), (CHANGES, changes())):
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(END)
        text = f"{before}{begin}\n{table}\n{END}{after}"
    return text


def main() -> int:
    """Write the tables, or say that the document is stale."""
    return write({DOCUMENT: with_tables(DOCUMENT.read_text("utf-8"))})


if __name__ == "__main__":
    sys.exit(main())
