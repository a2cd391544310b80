"""A recording in the place of the program: found, played to the byte, never the real one."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harnesses import ClaudeCode, Replay, ReplayMismatch
from harnesses.process import Command, open_session
from harnesses.recording import Header, read_header, read_sessions
from smithers.agent import Answered, Ask, Started, ToolCalled
from smithers.errors import Permanent, Stalled
from tests.harness.helpers import events_of, outcome_of, python

pytestmark = pytest.mark.anyio

OLD = "11111111-1111-4111-8111-111111111111"


def record(folder: Path, command: Command, *moments: dict[str, Any], name: str = "one") -> Path:
    """A recording of `command`, written by hand."""
    header = {k: v for k, v in vars(command.header()).items() if v is not None}
    first = {"v": 1, "kind": "harness-session"} | header | {"session": OLD}
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in (first, *moments)))
    return path


def end(
    t: float = 0.0, rc: int | None = 0, signal: int | None = None, **more: Any
) -> dict[str, Any]:
    return {"t": t, "end": {"rc": rc, "signal": signal, "files": {}, "deleted": []}, **more}


async def play(
    command: Command, folder: Path, ask: Ask, speed: float = 0.0
) -> tuple[list[bytes], Any]:
    async with asyncio.timeout(20), open_session(command, ask, Replay(folder, speed)) as session:
        async with aclosing(session.lines()) as lines:
            found = [line async for line in lines]
        return found, await session.close()


async def test_a_replay_gives_the_same_chunks_and_the_same_end(
    recordings: Path, tmp_path: Path
) -> None:
    raw = tmp_path / "raw.jsonl"
    ask = Ask(prompt="Case tool-ok.", cwd=tmp_path, raw=raw)
    events = await events_of(ClaudeCode(replay=recordings), ask)
    assert isinstance(events[0], Started)
    (was,), (now,) = read_sessions(recordings / "tool-ok.jsonl"), read_sessions(raw)
    old, new = str(was.header.session).encode(), events[0].session.encode()
    assert [m.data.replace(old, new) for m in was.moments] == [m.data for m in now.moments]
    assert was.ending == now.ending


async def test_a_session_id_that_is_split_over_chunks_is_replaced_too(tmp_path: Path) -> None:
    command = python("", tmp_path)
    pieces = [{"t": 0, "s": "out", "d": text} for text in (f"a {OLD[:9]}", f"{OLD[9:]} z\n")]
    record(tmp_path / "r", command, *pieces, end(rc=3))
    lines, ending = await play(command, tmp_path / "r", Ask(prompt="", cwd=tmp_path))
    assert lines == [f"a {command.session} z".encode()]
    assert ending.rc == 3


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"prompt": "Case tekst."}, "differs in the prompt"),
        ({"schema": {"type": "object"}}, "differs in the schema of the answer"),
        ({"session": OLD}, "differs in the session (new)"),
    ],
)
async def test_a_missing_recording_says_what_was_looked_for_and_what_was_near(
    wrong: dict[str, Any], said: str, recordings: Path, tmp_path: Path
) -> None:
    ask = replace(Ask(prompt="Case text.", cwd=tmp_path), **wrong)
    events, error = await outcome_of(ClaudeCode(program="nonesuch", replay=recordings), ask)
    assert isinstance(error, ReplayMismatch)
    assert isinstance(error, Permanent)
    assert said in error.said
    assert "SMITHERS_RECORD" in error.hint
    assert all(isinstance(event, Started) for event in events)


async def test_other_flags_are_a_mismatch_and_are_named(recordings: Path, tmp_path: Path) -> None:
    agent = ClaudeCode("opus", replay=recordings)
    _, error = await outcome_of(agent, Ask(prompt="Case text.", cwd=tmp_path))
    assert isinstance(error, ReplayMismatch)
    assert "text.jsonl differs in the flags (without --model opus)" in error.said


async def test_the_environment_puts_a_replay_in_the_place_of_the_program(
    recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = ClaudeCode(program="claude-that-is-nowhere")
    monkeypatch.setenv("SMITHERS_REPLAY", str(recordings))
    events = await events_of(agent, Ask(prompt="Case text.", cwd=tmp_path))
    assert events[-1] == Answered("Hello there.")
    monkeypatch.setenv("SMITHERS_REPLAY_SPEED", "fast")
    _, error = await outcome_of(agent, Ask(prompt="Case text.", cwd=tmp_path))
    assert isinstance(error, ReplayMismatch)


async def test_a_folder_without_recordings_never_starts_the_program(tmp_path: Path) -> None:
    _, error = await outcome_of(
        ClaudeCode(replay=tmp_path / "none"), Ask(prompt="Hi", cwd=tmp_path)
    )
    assert isinstance(error, ReplayMismatch)
    assert "has no recordings" in error.said


async def test_the_record_of_a_crash_is_silent_until_a_clock_ends_it(tmp_path: Path) -> None:
    command = python("", tmp_path)
    record(tmp_path / "r", command, {"t": 0, "s": "out", "d": "at work\n"})
    with pytest.raises(Stalled):
        await play(command, tmp_path / "r", Ask(prompt="", cwd=tmp_path, idle_s=0.2))


async def test_a_signal_gives_its_recorded_ending(recordings: Path, tmp_path: Path) -> None:
    agent = ClaudeCode(replay=recordings, allowed_tools=["Bash"])
    raw = tmp_path / "raw.jsonl"
    async with asyncio.timeout(10):
        ask = Ask(prompt="Case sigterm-in-tool.", cwd=tmp_path, raw=raw)
        async with aclosing(agent.run(ask)) as events:
            async for event in events:
                if isinstance(event, ToolCalled):
                    break
    (kept,) = read_sessions(raw)
    assert [moment.signal for moment in kept.moments if moment.signal] == [15]
    assert b"Exit code 137" in kept.text("out")
    assert kept.ending is not None
    assert kept.ending.rc == 143


async def test_a_signal_that_was_not_recorded_ends_a_replay_at_once(tmp_path: Path) -> None:
    command = python("", tmp_path)
    record(tmp_path / "r", command, {"t": 0, "s": "out", "d": "at work\n"})
    ask = Ask(prompt="", cwd=tmp_path)
    async with asyncio.timeout(2), open_session(command, ask, Replay(tmp_path / "r")) as session:
        ending = await session.close()
    assert ending.signal == 15


async def test_files_are_written_again_and_never_outside(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    command = python("", tmp_path / "w")
    ask = Ask(prompt="", cwd=tmp_path / "w")
    record(tmp_path / "r", command, end(writes={"docs/a.txt": "A\n"}))
    await play(command, tmp_path / "r", ask)
    assert (tmp_path / "w" / "docs" / "a.txt").read_text() == "A\n"
    (tmp_path / "w" / "link").symlink_to(tmp_path)
    for outside in ("../b.txt", str(tmp_path / "b.txt"), "link/b.txt"):
        record(tmp_path / "r", command, end(writes={outside: "B\n"}))
        with pytest.raises(ReplayMismatch, match="outside of the working folder"):
            await play(command, tmp_path / "r", ask)
    assert not (tmp_path / "b.txt").exists()


async def test_asked_again_the_next_recording_is_played_and_then_the_last(tmp_path: Path) -> None:
    command = python("", tmp_path)
    for name in ("1", "2"):
        record(tmp_path / "r", command, {"t": 0, "s": "out", "d": f"{name}\n"}, end(), name=name)
    replay = Replay(tmp_path / "r")
    said: list[bytes] = []
    for _ in range(3):
        async with open_session(command, Ask(prompt="", cwd=tmp_path), replay) as session:
            said += [line async for line in session.lines()]
    assert said == [b"1", b"2", b"2"]


async def test_a_resumed_session_is_matched_by_the_session_it_came_from(tmp_path: Path) -> None:
    folder, cwd = tmp_path / "r", tmp_path
    begun: dict[str, str] = {}
    for name, old in (("a", OLD), ("b", OLD.replace("1", "2"))):
        first = replace(python("", cwd, prompt=name), session=OLD.replace("1", "9" + name)[:36])
        again = replace(python("", cwd, prompt="go on"), session=first.session, resumes=True)
        for each, kind in ((first, "new"), (again, "old")):
            path = record(
                folder, each, {"t": 0, "s": "out", "d": f"{name}\n"}, end(), name=f"{kind}-{name}"
            )
            path.write_text(path.read_text().replace(OLD, old))
        begun[name] = str(first.session)
    replay = Replay(folder)
    for name, session in begun.items():
        command = replace(python("", cwd, prompt=name), session=session)
        async with open_session(command, Ask(prompt="", cwd=cwd), replay) as running:
            assert [line async for line in running.lines()] == [name.encode()]
    for name in ("b", "a"):
        command = replace(python("", cwd, prompt="go on"), session=begun[name], resumes=True)
        async with open_session(command, Ask(prompt="", cwd=cwd), replay) as running:
            assert [line async for line in running.lines()] == [name.encode()]


async def test_a_recording_that_comes_or_is_written_anew_is_noticed(tmp_path: Path) -> None:
    command = python("", tmp_path)
    replay, ask = Replay(tmp_path / "r"), Ask(prompt="", cwd=tmp_path)

    async def said(command: Command) -> list[bytes]:
        async with open_session(command, ask, replay) as session:
            return [line async for line in session.lines()]

    record(tmp_path / "r", command, {"t": 0, "s": "out", "d": "first\n"}, end())
    assert await said(command) == [b"first"]
    other = replace(command, prompt="another")
    record(tmp_path / "r", other, {"t": 0, "s": "out", "d": "came\n"}, end(), name="two")
    assert await said(other) == [b"came"]
    record(tmp_path / "r", other, {"t": 0, "s": "out", "d": "anew\n"}, end())
    with pytest.raises(ReplayMismatch):
        await said(command)
    assert await said(other) == [b"came"]


async def test_a_request_among_many_recordings_reads_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, read = tmp_path / "r", [0]
    commands = [python("", tmp_path, prompt=f"prompt {n}") for n in range(50)]
    for command in commands:
        record(folder, command, end(), name=command.prompt)

    def counted(path: Path) -> Header | None:
        read[0] += 1
        return read_header(path)

    monkeypatch.setattr("harnesses.process._shelf.read_header", counted)
    replay = Replay(folder)
    for command in commands:
        assert replay.find(command).header.prompt == command.prompt
    assert read[0] == len(commands)
