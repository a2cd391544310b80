"""Writes into harnesses.md what agents change of a prompt: `make docs`; `--check` only compares.

It is what each agent says itself, in `Capabilities.changes_prompts`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from harnesses import Antigravity, ClaudeCode, Codex, Gemini, Pi
from harnesses.antigravity_cli import AntigravityCLI
from harnesses.models import Anthropic, Google, LiteLLM, OpenAI
from smithers.agent import Agent

__all__ = ["AGENTS", "DOCUMENT", "table", "with_table"]

DOCUMENT = Path(__file__).with_name("harnesses.md")
BEGIN = "<!-- written by `make docs` from the capabilities of each agent -->"
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


def table() -> str:
    """The table, one agent a row."""
    rows = ["| agent | what it changes of a prompt or a message |", "|---|---|"]
    for name, agent in AGENTS.items():
        changes = " ".join(agent.can.changes_prompts) or "nothing"
        rows.append(f"| `{name}` | {changes} |")
    return "\n".join(rows)


def with_table(text: str) -> str:
    """The document with the table between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main() -> int:
    """Write the table, or say whether it is there."""
    old = DOCUMENT.read_text("utf-8")
    new = with_table(old)
    if "--check" not in sys.argv:
        DOCUMENT.write_text(new, "utf-8")
    elif old != new:
        print(f"{DOCUMENT.name} is not what the code says: run `make docs`")  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
