"""The turn that a program names with an answer, and copies of a session as it was at one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from harnesses._antigravity_sessions import copy_conversation
from harnesses._claude_stream import Stream as ClaudeStream
from harnesses._codex_dialogue import Dialogue
from harnesses._codex_home import brought
from harnesses._gemini_sessions import copy_session, last_message
from harnesses._pi_home import bring_session, cut_session, last_entry
from harnesses._state import bring
from harnesses._streams import RECORDED
from harnesses.recording import Ending, read_sessions
from smithers.agent import Agent, Answered, Ask
from tests.harness.helpers import (
    ROOT,
    events_of,
    replayed_antigravity,
    replayed_claude,
    replayed_codex,
    replayed_gemini,
    replayed_pi,
)
from tests.harness.streams import claude_result, claude_said

FIRST, COPY = "11111111-0000-4000-8000-000000000000", "22222222-0000-4000-8000-000000000000"


def told(recording: Path) -> list[dict[str, Any]]:
    """The lines that a program said in a recorded session."""
    (session,) = read_sessions(recording)
    said = b"".join(each.data for each in session.moments if each.stream == "out")
    return [json.loads(line) for line in said.splitlines()]


async def turn_of(agent: Agent, prompt: str, cwd: Path) -> str | None:
    answer = (await events_of(agent, Ask(prompt=prompt, cwd=cwd)))[-1]
    assert isinstance(answer, Answered)
    return answer.turn


@pytest.mark.anyio
async def test_the_turn_of_a_recorded_answer_is_what_the_program_called_it(tmp_path: Path) -> None:
    said = told(ROOT / "recordings" / "claude-code" / "text.jsonl")
    uuids = [each["uuid"] for each in said if each["type"] == "assistant"]
    assert await turn_of(replayed_claude(), "Case text.", tmp_path) == uuids[-1]
    said = told(ROOT / "recordings" / "codex" / "text.jsonl")
    turns = {each["params"]["turn"]["id"] for each in said if each.get("method") == "turn/started"}
    assert {await turn_of(replayed_codex(), "Case text.", tmp_path)} == turns
    assert await turn_of(replayed_antigravity(), "Case text.", tmp_path) == "1"


@pytest.mark.anyio
@pytest.mark.parametrize("agent", [replayed_pi(), replayed_gemini()])
async def test_a_turn_that_only_the_file_of_a_session_names_has_another_name_in_a_replay(
    agent: Agent, tmp_path: Path
) -> None:
    assert await turn_of(agent, "Case text.", tmp_path) == RECORDED


def claude_turn(*messages: dict[str, Any]) -> str | None:
    stream = ClaudeStream(session="s")
    for message in (*messages, claude_result()):
        list(stream.take(message))
    return stream.answer(Ending(), "").turn


def test_a_turn_of_claude_code_ends_with_its_last_message_or_result_of_a_tool() -> None:
    calls: dict[str, Any] = {"type": "tool_use", "id": "1", "name": "StructuredOutput", "input": {}}
    call: dict[str, Any] = {**claude_said(""), "message": {"content": [calls]}, "uuid": "u-1"}
    returns = {"type": "tool_result", "tool_use_id": "1", "content": "ok"}
    result = {"type": "user", "message": {"content": [returns]}, "uuid": "u-2"}
    said = claude_said("Done.", uuid="u-3")
    of_a_subagent = claude_said("Looked.", uuid="u-4", parent_tool_use_id="1")
    synthetic = {"type": "user", "message": {"content": "go on"}, "isSynthetic": True, "uuid": "u5"}
    assert claude_turn(call, result) == "u-2"
    assert claude_turn(call, result, said) == "u-3"
    assert claude_turn(said, of_a_subagent, synthetic) == "u-3"
    assert claude_turn() is None


def test_codex_is_asked_for_a_fork_at_a_turn_and_begins_anew_where_it_has_none() -> None:
    asked: list[dict[str, Any]] = []
    dialogue = Dialogue(
        lambda line: asked.append(json.loads(line)),
        thread={"sandbox": "read-only"},
        turn={},
        resumed=None,
        forked="t",
        at="turn-1",
        text="Go on",
        prompt="Anew",
    )
    list(dialogue.hear(b'{"id": 1, "result": {}}'))
    fork = asked[-1]
    assert fork["method"] == "thread/fork"
    assert (fork["params"]["threadId"], fork["params"]["lastTurnId"]) == ("t", "turn-1")
    refused = {"id": fork["id"], "error": {"code": -32600, "message": "turn not found"}}
    list(dialogue.hear(json.dumps(refused).encode()))
    assert asked[-1]["method"] == "thread/start"
    started = {"thread": {"id": "new"}, "sandbox": {"type": "readOnly"}}
    list(dialogue.hear(json.dumps({"id": asked[-1]["id"], "result": started}).encode()))
    assert asked[-1]["params"]["input"][0]["text"] == "Anew"


# -- the sessions of other runs


def rollout(home: Path, thread: str, forked_from: str | None = None) -> Path:
    path = home / "sessions" / "2026" / "11" / "29" / f"rollout-2026-11-29T10-00-00-{thread}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    head = {"type": "session_meta", "payload": {"id": thread, "forked_from_id": forked_from}}
    path.write_text(json.dumps(head) + "\n")
    return path


def test_a_thread_of_codex_comes_into_the_home_of_a_run_with_those_that_it_is_a_fork_of(
    tmp_path: Path,
) -> None:
    rollout(tmp_path / "first", "t-1")
    rollout(tmp_path / "second", "t-2", forked_from="t-1")
    other, home = rollout(tmp_path / "second", "t-3"), tmp_path / "third"
    brought(home, "t-2")
    assert {path.name[-9:-6] for path in home.rglob("rollout-*")} == {"t-1", "t-2"}
    assert other.is_file()
    rollout(tmp_path / "first", "t-4", forked_from="t-4")
    brought(home, "t-4")
    brought(home, "unknown")
    assert len(list(home.rglob("rollout-*"))) == 3


def test_what_is_here_already_is_not_brought_once_more(tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs" / "s" / "a.db", tmp_path / "ours" / "s" / "a.db"
    for path, text in ((theirs, "theirs"), (ours, "ours")):
        path.parent.mkdir(parents=True)
        path.write_text(text)
    bring(tmp_path / "ours", "s", "a.db")
    assert ours.read_text() == "ours"


# -- copies


def lines(*values: object) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def test_a_session_of_pi_is_cut_after_an_entry(tmp_path: Path) -> None:
    head = {"type": "session", "id": "s", "cwd": "/x"}
    file = tmp_path / "first" / "sessions" / "2026_s.jsonl"
    file.parent.mkdir(parents=True)
    entries = [{"type": "message", "id": name} for name in ("a", "b", "c")]
    file.write_text(lines(head, *entries) + '{"type": "mess')
    before = file.read_bytes()
    home = tmp_path / "second"
    assert last_entry(home / "sessions", "s") is None
    assert cut_session(home, "s", "b", COPY) is None
    bring_session(home, "s")
    assert last_entry(home / "sessions", "s") == "c"
    cut = cut_session(home, "s", "b", COPY)
    assert cut is not None
    assert cut.read_text() == lines(head, *entries[:2])
    assert cut_session(home, "s", "s", COPY) is None, "the head is no entry"
    assert cut_session(home, "s", "d", COPY) is None
    assert file.read_bytes() == before


def test_a_session_of_gemini_is_copied_up_to_a_message_and_bears_its_own_id(tmp_path: Path) -> None:
    chats = tmp_path / "sessions" / "project" / "chats"
    chats.mkdir(parents=True)
    (chats.parent / ".project_root").write_text(str(tmp_path / "project"))
    head = {"sessionId": FIRST, "kind": "main"}
    kept = chats / "session-2026-11-23T05-04-11111111.jsonl"
    known: list[dict[str, Any]] = [
        head,
        {"id": "a"},
        head,
        {"$set": {"sessionId": FIRST}},
        {"id": "b"},
    ]
    more: list[dict[str, Any]] = [
        {"$set": {"lastUpdated": FIRST}},
        {"id": "b", "grown": 1},
        {"$set": {}},
        {"id": "c"},
    ]
    kept.write_text(lines(*known, *more))
    before, sessions = kept.read_bytes(), tmp_path / "sessions"
    (tmp_path / "other").mkdir()
    assert last_message(sessions, FIRST) == "c"
    assert copy_session(sessions, FIRST, COPY, tmp_path / "project", "b", tmp_path / "other")
    (made,) = (tmp_path / "other").glob("*/chats/*-22222222.jsonl")
    own = {"sessionId": COPY, "kind": "main"}
    ours = [own, {"id": "a"}, own, {"$set": {"sessionId": COPY}}, {"id": "b"}]
    assert made.read_text() == lines(*ours, *more[:2])
    assert not copy_session(sessions, FIRST, COPY, tmp_path / "project", "unknown")
    assert not copy_session(sessions, COPY, FIRST, tmp_path / "project", "b")
    assert kept.read_bytes() == before


def conversation(path: Path, calls: Sequence[bytes], turns: Sequence[bytes]) -> None:
    """A database as Antigravity makes it, as far as a copy has to do with it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE trajectory_meta (trajectory_id text, cascade_id text)")
        database.execute("INSERT INTO trajectory_meta VALUES (?, ?)", (FIRST, FIRST))
        database.execute("CREATE TABLE steps (idx integer)")
        database.executemany("INSERT INTO steps VALUES (?)", [(step,) for step in range(6)])
        for table, rows in (("gen_metadata", calls), ("executor_metadata", turns)):
            database.execute(f"CREATE TABLE {table} (idx integer, data blob)")
            database.executemany(f"INSERT INTO {table} VALUES (?, ?)", enumerate(rows))


def rows(path: Path, table: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as database:
        return [row[0] for row in database.execute(f"SELECT * FROM {table}")]


CALLS = [b"\x12\x01\x01\x22\x02ab", b"\x12\x02\x03\x04\x15\x01\x00\x00\x00", b"\x10\x05", b"\xff"]
"""Of the steps 1, 3 and 4, and 5; the last one is no message."""
TURNS = [b"\x08\x04\x10\x01\x18\x01", b"\x08\x04\x10\x01\x18\x05"]


def test_a_conversation_of_antigravity_is_copied_up_to_a_step(tmp_path: Path) -> None:
    source, home = tmp_path / "first", tmp_path / "second"
    for folder in (source, home):
        folder.mkdir()
    conversation(kept := source / f"{FIRST}.db", CALLS, TURNS)
    before = kept.read_bytes()
    for name, at, steps, calls in (("at-1", "1", 2, [0, 3]), ("at-4", "4", 5, [0, 1, 3])):
        copy_conversation([home, source], FIRST, name, at)
        assert rows(home / f"{name}.db", "trajectory_meta") == [name]
        assert len(rows(home / f"{name}.db", "steps")) == steps
        assert rows(home / f"{name}.db", "gen_metadata") == calls
        assert rows(home / f"{name}.db", "executor_metadata") == [0]
    copy_conversation([home, source], FIRST, "whole")
    assert len(rows(home / "whole.db", "steps")) == 6
    assert kept.read_bytes() == before


def test_nothing_is_made_of_a_conversation_or_a_step_that_is_unknown(tmp_path: Path) -> None:
    conversation(tmp_path / f"{FIRST}.db", CALLS, TURNS)
    (tmp_path / "torn.db").write_bytes(b"SQLite format 3\x00 and no more")
    for session, at in ((FIRST, "6"), (FIRST, "x"), (FIRST, "-1"), (COPY, None), ("torn", None)):
        copy_conversation([tmp_path], session, "copy", at)
    copy_conversation([tmp_path], f"../{tmp_path.name}/{FIRST}", "copy")
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {f"{FIRST}.db", "torn.db"}


def test_what_a_killed_process_left_beside_the_database_is_copied_as_well(tmp_path: Path) -> None:
    conversation(source := tmp_path / f"{FIRST}.db", CALLS, TURNS)
    with closing(sqlite3.connect(source, isolation_level=None)) as database:
        database.execute("INSERT INTO steps VALUES (6)")
        copy_conversation([tmp_path], FIRST, COPY, "6")
        assert len(rows(tmp_path / f"{COPY}.db", "steps")) == 7
