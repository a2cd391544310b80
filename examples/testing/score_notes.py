"""How good release notes are: whether a user understands them, and what they mention."""

from __future__ import annotations

from release_notes import Notes


def score(output: Notes, expected: list[str]) -> dict[str, float]:
    mentioned = [word for word in expected if word in output.text]
    return {"ready": output.ready, "mentions": len(mentioned) / len(expected)}
