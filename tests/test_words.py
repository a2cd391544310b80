"""Texts that a user reads are plain modern English: no words that made them sound translated."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("smithers", "harnesses", "mcp_server")
BANNED = re.compile(
    r"(?i)\b(?:"
    r"go(?:es)? on|went on|gave nothing|comes? up|came up|lives in|at work|let(?:s)? go of"
    r"|(?<!there )(?:is|are|was|were) no\b(?! longer| more)|any more|as things stand"
    r"|stands? (?:in|after|before|there|where)|lies (?:in|there|beside)|takes? it up|for good"
    r"|of (?:its|his|their|your|one's) own|in place of|so (?:many|much|long)|whoever"
    r"|nobody (?:drives|runs|reads|owns)|mend(?:s|ed)?|tells? (?:it|its|of|what|how)"
    r"|(?:was|were|is|are|be|not|who) told"
    r")\b"
)
SENT_TO_MODELS = {"smithers/engine/attempts/answers.py": "Go on where you stopped"}
"""Prompts that the recordings contain."""
_SQL = re.compile(r"\s*(?:SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|WITH|ALTER|FROM|WHERE|AND|\))")


def texts_of(path: Path) -> Iterator[tuple[int, str]]:
    """The strings of a file with their lines: no docstrings, and `{}` for what is filled in."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    inside = {id(part) for one in nodes if isinstance(one, ast.JoinedStr) for part in one.values}
    inside |= {id(one.value) for one in nodes if isinstance(one, ast.Expr)}
    for one in nodes:
        if id(one) in inside:
            continue
        if isinstance(one, ast.JoinedStr):
            parts = (str(x.value) if isinstance(x, ast.Constant) else "{}" for x in one.values)
            yield one.lineno, "".join(parts)
        elif isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one.lineno, one.value


@pytest.mark.parametrize("package", PACKAGES)
def test_texts_for_users_have_none_of_the_banned_words(package: str) -> None:
    found: list[str] = []
    for path in sorted((ROOT / package).rglob("*.py")):
        name = str(path.relative_to(ROOT))
        for line, text in texts_of(path):
            if " " not in text or _SQL.match(text):
                continue
            if hit := BANNED.search(text.replace(SENT_TO_MODELS.get(name, "\0"), "")):
                found.append(f"{name}:{line}: [{hit[0]}] {text}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "is_banned"),
    [
        ("the run goes on", True),
        ("x is no task", True),
        ("x is no longer a task", False),
        ("the agent was told", True),
        ("task 'a' stands in the tree", True),
        ("there is no such run", False),
        ("Go on with a run.", True),
    ],
)
def test_the_banned_words_are_found(text: str, is_banned: bool) -> None:
    assert bool(BANNED.search(text)) == is_banned
