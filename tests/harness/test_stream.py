"""Bytes between a program and us: any length, any split, on both streams at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from harnesses.process import built_environment
from harnesses.recording import read_sessions
from smithers.agent import Ask
from tests.harness.helpers import lines_of, python

pytestmark = pytest.mark.anyio


async def test_a_line_of_twenty_megabytes_is_one_line(tmp_path: Path) -> None:
    code = "import sys\nsys.stdout.write('x' * 20_000_000 + '\\nend\\n')"
    lines, _ = await lines_of(python(code, tmp_path), Ask(prompt="", cwd=tmp_path))
    assert [len(line) for line in lines] == [20_000_000, 3]


async def test_a_flood_on_stderr_blocks_nothing(tmp_path: Path) -> None:
    code = "import sys\nsys.stderr.write('e' * 5_000_000 + '!')\nprint('done')"
    lines, session = await lines_of(python(code, tmp_path), Ask(prompt="", cwd=tmp_path))
    assert lines == [b"done"]
    assert session.said_on_stderr.endswith("e!")
    assert len(session.said_on_stderr) < 20_000


async def test_lines_end_at_lf_alone(tmp_path: Path) -> None:
    code = "import sys\nsys.stdout.buffer.write('a\\r\\u2028b\\x85\\x0c\\nlast'.encode())"
    lines, _ = await lines_of(python(code, tmp_path), Ask(prompt="", cwd=tmp_path))
    assert lines == ["a\r\u2028b\x85\x0c".encode(), b"last"]


async def test_bytes_that_are_no_text_and_split_characters_are_kept_as_they_came(
    tmp_path: Path,
) -> None:
    code = """
import os, time
for piece in (b'\\xff\\xfe\\n', b'caf\\xc3', b'\\xa9\\n'):
    os.write(1, piece); time.sleep(0.15)
"""
    raw = tmp_path / "raw.jsonl"
    lines, _ = await lines_of(python(code, tmp_path), Ask(prompt="", cwd=tmp_path, raw=raw))
    assert lines == [b"\xff\xfe", "café".encode()]
    (kept,) = read_sessions(raw)
    assert [m.data for m in kept.moments] == [b"\xff\xfe\n", b"caf\xc3", b"\xa9\n"]


@pytest.mark.parametrize("length", [10, 99_999, 300_000])
async def test_a_prompt_of_any_length_arrives_and_stdin_is_closed(
    length: int, tmp_path: Path
) -> None:
    code = """
import sys
given = sys.argv[2:] or [sys.stdin.read()]
print(len(given[0]), sys.stdin.read())
"""
    command = python(code, tmp_path, prompt="-" * length)
    lines, _ = await lines_of(command, Ask(prompt="", cwd=tmp_path))
    assert lines == [f"{length} ".encode()]


async def test_a_program_that_does_not_read_its_prompt_is_no_failure(tmp_path: Path) -> None:
    command = python("print('done')", tmp_path, prompt="x" * 3_000_000)
    lines, _ = await lines_of(command, Ask(prompt="", cwd=tmp_path))
    assert lines == [b"done"]


def test_the_environment_is_built_and_not_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLAUDECODE", "OPENAI_API_KEY", "MY_SECRET", "PYTHONPATH"):
        monkeypatch.setenv(name, "leak")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "wanted")
    built = built_environment(("ANTHROPIC_API_KEY",), {"EXTRA": "mine"})
    assert "leak" not in built.values()
    assert built["ANTHROPIC_API_KEY"] == "wanted"
    assert {"LANG": "C.UTF-8", "NO_COLOR": "1", "EXTRA": "mine"}.items() <= built.items()
