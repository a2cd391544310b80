"""`smithers harness parse`: a kept stream goes in, JSON lines come out, the last one judges."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import environment, smithers

HELLO = '{"type":"system","subtype":"init","session_id":"s-1"}\n'
DONE = (
    '{"type":"result","subtype":"success","is_error":false,"terminal_reason":"completed",'
    '"result":"Hi.","session_id":"s-1","usage":{"input_tokens":3,"output_tokens":2}}\n'
)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    path = tmp_path / "kept.jsonl"
    path.write_text(HELLO + "noise\n" + DONE)
    return path


def parsed(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    said = smithers(folder, "harness", "parse", *arguments)
    assert (said.code, said.err) == (0, "")
    return [json.loads(line) for line in said.out.splitlines()]


def test_events_are_printed_and_the_verdict_last(tmp_path: Path, kept: Path) -> None:
    *events, verdict = parsed(tmp_path, "claude-code", str(kept))
    assert [event["event"] for event in events] == ["started", "noise", "used"]
    assert verdict == {
        "verdict": "succeeded",
        "kind": "completed",
        "message": None,
        "resumes_at": None,
        "session_id": "s-1",
        "text": "Hi.",
        "structured": None,
        "usage": {"tokens_in": 3, "tokens_out": 2, "tokens_cached": 0, "cost_usd": None},
    }


def test_what_else_is_known_of_the_end_is_heeded(tmp_path: Path) -> None:
    empty, stderr = tmp_path / "empty", tmp_path / "stderr"
    empty.write_bytes(b"")
    stderr.write_bytes(b"x" * 100_000 + b"\nerror: unknown option '--x'\n\xff")
    alone = parsed(tmp_path, "claude-code", str(empty))[-1]
    assert (alone["verdict"], alone["kind"]) == ("incomplete", "no_terminal_event")
    told = ("claude-code", str(empty), "--stderr", str(stderr))
    assert parsed(tmp_path, *told, "--exit-code", "1")[-1]["kind"] == "not_started"
    assert parsed(tmp_path, *told, "--exit-code", "-9")[-1]["verdict"] == "incomplete"
    assert parsed(tmp_path, *told, "--stopped")[-1]["verdict"] == "cancelled"


def test_a_schema_says_what_was_asked_for(tmp_path: Path, kept: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text('{"type": "object"}')
    verdict = parsed(tmp_path, "claude-code", str(kept), "--schema", str(schema))[-1]
    assert (verdict["verdict"], verdict["text"]) == ("bad_output", "Hi.")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nonesuch", "kept.jsonl"], "claude-code, codex"),
        (["codex", "nowhere.jsonl"], "nowhere.jsonl cannot be read"),
        (["codex", "."], ". cannot be read"),
        (["codex", "kept.jsonl", "--stderr", "nowhere"], "nowhere cannot be read"),
        (["codex", "kept.jsonl", "--schema", "nowhere"], "nowhere cannot be read"),
        (["codex", "kept.jsonl", "--schema", "kept.jsonl"], "kept.jsonl is not JSON"),
        (["codex", "kept.jsonl", "--schema", "odd.json"], "odd.json is not a JSON Schema"),
        (["codex", "kept.jsonl", "--schema", "null.json"], "null.json is not a JSON Schema"),
        (["codex", "kept.jsonl", "--exit-code", "x"], "--exit-code"),
        ([], "NAME"),
    ],
)
def test_what_cannot_be_read_is_told_and_nothing_printed(
    tmp_path: Path, kept: Path, arguments: Sequence[str], told: str
) -> None:
    (tmp_path / "odd.json").write_text('{"type": "nonsense"}')
    (tmp_path / "null.json").write_text("null")
    said = smithers(tmp_path, "harness", "parse", *arguments)
    assert (said.code, said.out) == (2, "")
    assert told in said.err


def test_strange_characters_and_numbers_make_no_line_that_is_not_json(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    path.write_bytes(b'{"type":"x","a":NaN,"b":[Infinity],"c":"\\ud800 \\u2028"}\n\xff\xfe\n')
    other, noise, _ = parsed(tmp_path, "codex", str(path))
    assert other["said"]["a"] is None
    assert other["said"]["b"] == [None]
    assert noise["event"] == "noise"


@pytest.mark.parametrize("file", [[], ["-"]])
def test_stdin_is_read_as_it_comes(tmp_path: Path, file: list[str]) -> None:
    command = [sys.executable, "-m", "smithers", "harness", "parse", "claude-code", *file]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(HELLO)
        child.stdin.flush()
        assert json.loads(child.stdout.readline()) == {"event": "started", "session": "s-1"}
        child.stdin.write(DONE)
        child.stdin.close()
        assert json.loads(child.stdout.read().splitlines()[-1])["verdict"] == "succeeded"
    assert child.returncode == 0


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    path.write_text(HELLO + '{"type":"of_tomorrow"}\n' * 50_000)
    command = [sys.executable, "-m", "smithers", "harness", "parse", "claude-code", str(path)]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.readline()
        child.stdout.close()
        assert child.stderr.read() == b""
    assert child.returncode == 0


def test_drift_compares_recordings_and_tells_what_is_gone(tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.mkdir()
    text = (Path(__file__).parents[2] / "recordings" / "pi" / "text.jsonl").read_text()
    (made / "text.jsonl").write_text(text)
    said = smithers(tmp_path, "harness", "drift", "pi", "--against", "made")
    assert (said.code, "these recordings with 0.87.1: the same shape" in said.out) == (0, True)
    (made / "text.jsonl").write_text(text.replace("willRetry", "retries"))
    said = smithers(tmp_path, "harness", "drift", "--against", "made")
    assert said.code == 1
    assert "  broken agent_end.willRetry is gone\n" in said.out
    assert "  new agent_end.retries is new: bool\n" in said.out
    told = smithers(tmp_path, "harness", "drift", "--against", "made", "--json")
    assert told.code == 1
    (program,) = told.document["programs"]
    assert (program["program"], program["cases"]) == ("pi", ["text"])
    assert program["broken"] == ["agent_end.willRetry is gone"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nonesuch"], "choose one of: antigravity, claude-code, codex, gemini, pi"),
        (["pi", "--against", "."], "is a session of pi"),
        (["--against", "."], "is a session of a program that is compared"),
        ([], "no program that can be compared is installed"),
        (["codex"], "npm install -g @openai/codex"),
        (["antigravity"], "pip install 'smithers-orchestrator[antigravity]'"),
    ],
)
def test_drift_says_what_it_has_nothing_to_compare_with(
    tmp_path: Path, arguments: list[str], told: str
) -> None:
    path = {"PATH": str(tmp_path), "ANTIGRAVITY_PYTHON": "a-python-that-is-not-there"}
    said = smithers(tmp_path, "harness", "drift", *arguments, env=path)
    assert (said.code, said.out) == (2, "")
    assert told in said.err
