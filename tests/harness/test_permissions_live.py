"""What each permission mode of Claude Code allows, as docs/harnesses.md says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from harnesses import ClaudeCode
from harnesses.claude_code import PermissionMode
from smithers.agent import Ask, ToolCalled, ToolReturned
from tests.harness.helpers import ROOT, events_of, installed
from tests.scripted_model import ScriptedModel, Text, ToolCall

pytestmark = [pytest.mark.live, pytest.mark.anyio]

READ, READ_ELSEWHERE, CHANGE, CHANGE_ELSEWHERE = "read", "read elsewhere", "change", "elsewhere"
LIST, TOUCH, RUN = "ls", "touch", "python"
READER = {READ, LIST}
ALLOWED: dict[PermissionMode, set[str]] = {
    "default": READER,
    "acceptEdits": {*READER, CHANGE, TOUCH},
    "plan": {*READER, READ_ELSEWHERE},
    "dontAsk": READER,
    "auto": {*READER, READ_ELSEWHERE, CHANGE, TOUCH},
}
"""The table of the document. `bypassPermissions` is not here: it does not start as root."""


def calls(cwd: Path, elsewhere: Path) -> dict[str, ToolCall]:
    for folder in (cwd, elsewhere):
        (folder / "there.txt").write_text("hello")

    def bash(command: str) -> ToolCall:
        return ToolCall("Bash", {"command": command, "description": "a test"})

    def write(folder: Path) -> ToolCall:
        return ToolCall("Write", {"file_path": str(folder / "new.txt"), "content": "x"})

    return {
        READ: ToolCall("Read", {"file_path": str(cwd / "there.txt")}),
        READ_ELSEWHERE: ToolCall("Read", {"file_path": str(elsewhere / "there.txt")}),
        CHANGE: write(cwd),
        CHANGE_ELSEWHERE: write(elsewhere),
        LIST: bash("ls"),
        TOUCH: bash("touch made.txt"),
        RUN: bash("python3 -c 'print(1)'"),
    }


async def allowed(tmp_path: Path, mode: PermissionMode, tools: Sequence[str] = ()) -> set[str]:
    """The calls that were not refused."""
    cwd, elsewhere = tmp_path / "cwd", tmp_path / "elsewhere"
    cwd.mkdir()
    elsewhere.mkdir()
    asked = calls(cwd, elsewhere)
    with ScriptedModel([*asked.values(), Text("done")]) as model:
        agent = ClaudeCode(
            permission_mode=mode,
            allowed_tools=tools,
            config_dir=tmp_path / "config",
            program=installed("claude"),
            env={"ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": "scripted-model-key"},
        )
        events = await events_of(agent, Ask(prompt="go", cwd=cwd), within_s=100)
    ids = [event.call for event in events if isinstance(event, ToolCalled)]
    failed = {event.call: event.failed for event in events if isinstance(event, ToolReturned)}
    assert len(ids) == len(asked)
    return {name for name, call in zip(asked, ids, strict=True) if not failed[call]}


@pytest.mark.parametrize("mode", ALLOWED)
async def test_a_mode_allows_what_the_document_says(mode: PermissionMode, tmp_path: Path) -> None:
    assert await allowed(tmp_path, mode) == ALLOWED[mode]
    text = (ROOT / "docs" / "harnesses.md").read_text()
    assert f'| `"{mode}"` |' in text


async def test_allowed_tools_add_to_the_mode_and_without_a_pattern_everywhere(
    tmp_path: Path,
) -> None:
    found = await allowed(tmp_path, "default", ["Bash(python3:*)", "Write"])
    assert found == {*READER, RUN, CHANGE, CHANGE_ELSEWHERE}


def test_the_document_has_every_mode() -> None:
    text = (ROOT / "docs" / "harnesses.md").read_text()
    modes = re.findall(r'^\| `"(\w+)"` \|', text.split("may do\n")[1], re.M)
    assert modes == [*ALLOWED, "bypassPermissions"]
