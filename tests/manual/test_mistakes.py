"""Each row of the table of mistakes is true: the wrong line is refused, the right one is not."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from smithers.errors import SmithersError
from smithers.hub import Hub
from smithers.manual import topic

FILE = """
from datetime import datetime
from uuid import uuid4

{imported}
from harnesses import ClaudeCode, Codex, Echo
from smithers import (
    Branch, Budget, Context, ForEach, Loop, NoInput, Node, Parallel, Sequence, Step, Task, workflow
)

echo = Echo()


def work() -> int:
    return 1


@workflow
def flow(ctx: Context[NoInput]) -> Node:
    draft = Task("draft", agent=echo, prompt="Write.")
    score = Step("score", lambda: 1)
    late = Step("late", work)
    one = {line}
    return Sequence(draft, score, one)
"""
ROWS: list[tuple[str, str, str]] = re.findall(
    r"^\| `(.*?)` \| `(.*?)` \| `(.*?)` \|$", topic("mistakes", ()), re.M
)


class _Silent:
    """Watches a run and says nothing."""

    def frame(self, frame: object, state: object) -> None: ...

    def event(self, key: object, event: object) -> None: ...

    def note(self, text: str) -> None: ...


def said(line: str, folder: Path) -> str:
    """What Smithers says of a workflow with that line; nothing if it finishes."""
    imported, one = (line, "None") if line.startswith("from ") else ("", line)
    file = folder / "flow.py"
    file.write_text(FILE.format(imported=imported, line=one))
    try:
        hub = Hub(folder / "smithers.db")
        left = asyncio.run(hub.start(str(file), run_id="r1", observer=_Silent(), linger_s=60))
    except SmithersError as error:
        return str(error)
    if left.status == "finished":
        return ""
    return "\n".join(each.sentence for each in hub.why("r1").reasons) or left.status


def test_the_table_is_read() -> None:
    assert len(ROWS) >= 25
    assert topic("mistakes", ()).count("\n| ") == len(ROWS) + 1


@pytest.mark.parametrize(("wrong", "message", "right"), ROWS)
def test_a_mistake_is_refused_as_the_manual_says(
    wrong: str, message: str, right: str, tmp_path: Path
) -> None:
    assert message in said(wrong, tmp_path)
    (tmp_path / "right").mkdir()
    if "agent=ClaudeCode" not in right and "agent=Codex" not in right:
        assert said(right, tmp_path / "right") == ""
