"""The workflows of the pack with agents that follow a script; the tests put it beside them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import _project
from audit_repository import audit_repository
from fix_until_green import fix_until_green
from implement_with_review import implement_with_review
from migrate_files import migrate_files
from research import research

from smithers.agent import Answered, Ask, Capabilities, Event, Started, Used

__all__ = [
    "audit_repository",
    "fix_until_green",
    "implement_with_review",
    "migrate_files",
    "research",
]


def edit(told: str, folder: Path) -> str:
    """Do what the agent is told to do with files."""
    code = folder / "calc.py"
    if "docstring" in told:
        code.write_text(f'"""Sums."""\n\n{code.read_text()}')
    elif told.startswith("Implement this"):
        code.write_text("def add(a, b):\n    return a - b\n")
    elif "fails." in told:
        code.write_text(code.read_text().replace("a - b", "a + b"))
    elif told.startswith("Change "):
        file = folder / told.removeprefix("Change ").partition(" and no other")[0]
        file.write_text(file.read_text().replace("old", "new") + "end\n")
    return "done"


def review(told: str, folder: Path) -> object:
    approved = '+"""Sums."""' in told or "+new" in told
    change = "It must say new." if "change of" in told else "Add a docstring."
    return {"approved": approved, "feedback": "" if approved else change}


def audit(told: str, folder: Path) -> object:
    titles = ["divides by zero", "is slow"] if "bugs" in told else []
    return [
        {"file": "calc.py", "line": n, "title": one, "severity": n + 1, "evidence": "See it."}
        for n, one in enumerate(titles, 1)
    ]


def refute(told: str, folder: Path) -> object:
    return {"refuted": "is slow" in told and "by reading" in told, "reason": "It is fast."}


def claim(text: str, source: str) -> object:
    return [{"text": text, "source": source, "quote": text}]


ANSWERS: dict[str, Callable[[str, Path], object]] = {
    "Review this": review,
    "Audit": audit,
    "Try to refute": refute,
    "Split this": lambda told, folder: {"parts": ["who", "when", "who"]},
    "Research this: who": lambda told, folder: claim("It was Ann.", "calc.py:1"),
    "Research this: when": lambda told, folder: claim("In May.", "https://example.com/may"),
    "the report cites [7]": lambda told, folder: "Ann did it [1], in May [2].",
    "Answer this": lambda told, folder: "Ann did it [7].",
}
"""By words of what the agent is told; other requests are edits."""


class Scripted:
    name = "scripted"
    can = Capabilities(resumes=True, native_schema=True)

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        yield Started(ask.session or "s")
        act = next((one for words, one in ANSWERS.items() if words in ask.told), edit)
        said = act(ask.told, ask.cwd)
        yield Used(tokens_in=10, tokens_out=10)
        yield Answered(said if isinstance(said, str) else json.dumps(said))


for _agents in (_project.READERS, _project.WRITERS, _project.SEARCHERS):
    _agents["claude"] = Scripted()
_project.INSTALLED[:] = ["claude"]
