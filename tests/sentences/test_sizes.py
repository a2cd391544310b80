"""Each sentence takes at most 70 % of the lines that it took before the patterns.

What is counted is every line of the file as `ruff format` leaves it, imports included, but for
blank lines, comments and the docstring of the module, which is the sentence.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples" / "sentences"
BEFORE = {
    "review_folder": 81,
    "release_note": 53,
    "green_tests": 41,
    "migrations": 90,
    "proposals": 85,
    "after_deploy": 49 + 18,
    "questions": 28,
    "feature": 96,
}


def lines_of(text: str) -> int:
    first = ast.parse(text).body[0]
    assert isinstance(first, ast.Expr), "it begins with its sentence"
    rest = text.splitlines()[first.end_lineno :]
    return sum(bool(line.strip()) and not line.strip().startswith("#") for line in rest)


def test_each_sentence_is_an_example() -> None:
    assert {file.stem for file in FOLDER.glob("*.py")} == BEFORE.keys()


@pytest.mark.parametrize("name", BEFORE)
def test_a_sentence_takes_at_most_70_percent_of_its_lines(name: str) -> None:
    lines = lines_of((FOLDER / f"{name}.py").read_text())
    assert lines <= 0.7 * BEFORE[name]


def test_the_page_shows_each_file_as_it_is() -> None:
    page = (FOLDER.parents[1] / "docs" / "sentences.md").read_text()
    shown = dict(re.findall(r"^`(\w+)\.py`:\n\n```python\n(.*?)^```", page, re.S | re.M))
    assert shown == {name: (FOLDER / f"{name}.py").read_text() for name in BEFORE}


def test_what_is_counted() -> None:
    assert lines_of('"""A\n\nB"""\n\nimport os\n\n# c\nx = 1  # d\n') == 2
