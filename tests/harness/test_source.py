"""Where a session comes from: a replay, the program, or the program and a recorder beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harnesses import ClaudeCode, Codex, Gemini, Pi, Replay, ReplayMismatch
from harnesses.process import Sources, open_session
from harnesses.recording import Recording, read_sessions
from smithers.agent import Agent, Answered, Ask
from smithers.errors import NotInstalled, Stalled
from tests.harness.helpers import ROOT, events_of, lines_of, outcome_of, put_player, python
from tests.harness.test_replay import end, record
from tests.trust.simulation import VirtualLoop

KEY = {"SCRIPTED_KEY": "not-a-real-key"}
OWN: dict[str, Any] = {"api_key_env": "SCRIPTED_KEY", "env": KEY}


def codex(**to: Any) -> Agent:
    return Codex("scripted", base_url="http://127.0.0.1:1/v1", **OWN, **to)


def gemini(**to: Any) -> Agent:
    return Gemini("scripted", base_url="http://127.0.0.1:1", **OWN, **to)


def pi(**to: Any) -> Agent:
    return Pi("scripted", base_url="http://127.0.0.1:1", api="anthropic-messages", **OWN, **to)


ADAPTERS: dict[str, Callable[..., Agent]] = {
    "claude-code": ClaudeCode,
    "codex": codex,
    "gemini": gemini,
    "pi": pi,
}
"""One line an adapter; its recordings are in the folder of that name."""


@pytest.fixture(params=ADAPTERS)
def adapter(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Callable[..., Agent], Path]:
    """An adapter, and a recorded session that a program of its plays on its real pipes."""
    name: str = request.param
    recording = ROOT / "recordings" / name / "text.jsonl"
    program = tmp_path / "stand-in"
    put_player(program, recording)

    def made(**options: Any) -> Agent:
        home = {"config_dir" if name == "claude-code" else "home": tmp_path / "home"}
        return ADAPTERS[name](program=str(program), **home, **options)

    return made, recording


def said(session: Recording) -> list[bytes]:
    return [session.text("out"), session.text("err")]


@pytest.mark.sampled(1)
@pytest.mark.anyio
async def test_what_an_adapter_records_is_what_its_program_said(
    adapter: tuple[Callable[..., Agent], Path], tmp_path: Path
) -> None:
    agent_of, recording = adapter
    ask = Ask(prompt="Case text.", cwd=tmp_path)
    await events_of(agent_of(record=tmp_path / "made"), ask)
    (path,) = (tmp_path / "made").glob("*.jsonl")
    (made,), (was,) = read_sessions(path), read_sessions(recording)
    assert said(made) == said(was)
    assert made.ending is not None
    assert made.ending.rc == 0
    replayed = await events_of(agent_of(replay=tmp_path / "made"), ask)
    assert replayed[-1] == Answered("Hello there.")


@pytest.mark.sampled(1)
@pytest.mark.anyio
async def test_with_both_what_is_recorded_is_replayed_and_what_is_not_is_recorded(
    adapter: tuple[Callable[..., Agent], Path], tmp_path: Path
) -> None:
    agent_of, _ = adapter
    ask = Ask(prompt="Case text.", cwd=tmp_path)
    both = agent_of(replay=tmp_path / "made", record=tmp_path / "made")
    for asked in (1, 2):  # no recording is played twice, so the second is recorded as well
        events = await events_of(both, ask)
        assert events[-1] == Answered("Hello there.")
        assert len(list((tmp_path / "made").glob("*.jsonl"))) == asked
    (tmp_path / "stand-in").unlink()
    anew = agent_of(replay=tmp_path / "made", record=tmp_path / "made")
    assert (await events_of(anew, ask))[-1] == Answered("Hello there.")
    _, error = await outcome_of(anew, Ask(prompt="Other.", cwd=tmp_path))
    assert isinstance(error, NotInstalled)


@pytest.mark.anyio
async def test_a_replay_from_outside_never_starts_the_program_of_an_author_who_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMITHERS_REPLAY", str(tmp_path / "none"))
    agent = ClaudeCode(program="sh", record=tmp_path / "made")
    _, error = await outcome_of(agent, Ask(prompt="Hi", cwd=tmp_path))
    assert isinstance(error, ReplayMismatch)
    assert not (tmp_path / "made").exists()


def test_the_environment_and_the_author_are_heard_in_this_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def live(source: Sources) -> list[tuple[bool, str]]:
        return [(one.live, one.record.name if one.record else "") for one in source.now()]

    neither, records = Sources(None, None), Sources(None, tmp_path / "mine")
    assert live(neither) == [(True, "")]
    assert live(records) == [(True, "mine")]
    assert live(Sources(tmp_path, None)) == [(False, "")]
    assert live(Sources(tmp_path, tmp_path / "mine")) == [(False, "mine"), (True, "mine")]
    monkeypatch.setenv("SMITHERS_RECORD", str(tmp_path / "outside"))
    assert live(neither) == live(records) == [(True, "outside")]
    assert live(Sources(tmp_path, None)) == [(False, "")]
    monkeypatch.setenv("SMITHERS_REPLAY", str(tmp_path))
    assert live(neither) == live(records) == [(False, "outside"), (True, "outside")]
    monkeypatch.delenv("SMITHERS_RECORD")
    assert live(neither) == live(records) == [(False, "")]


@pytest.mark.anyio
async def test_what_smithers_writes_itself_is_nothing_that_the_program_wrote(
    tmp_path: Path,
) -> None:
    (tmp_path / ".smithers").mkdir()
    code = "open('.smithers/smithers.db', 'w').write('x'); open('note.txt', 'w').write('x')"
    ask = Ask(prompt="", cwd=tmp_path, raw=tmp_path / "own.runs" / "r1" / "1.raw.jsonl")
    folder = tmp_path / "recordings"
    await lines_of(python(code, tmp_path), ask, folder)
    (path,) = folder.glob("*.jsonl")
    (made,) = read_sessions(path)
    assert made.writes == {"note.txt": "x"}


def in_virtual_time(folder: Path, speed: float, idle_s: float = 60.0) -> float:
    """How long a replay of one recording takes, on a clock that nobody waits for."""

    async def play() -> float:
        loop = asyncio.get_running_loop()
        begun, ask = loop.time(), Ask(prompt="", cwd=folder, idle_s=idle_s)
        async with open_session(python("", folder), ask, Replay(folder / "r", speed)) as session:
            lines = [line async for line in session.lines()]
            await session.close()
        assert lines == [b"0", b"1", b"50"]
        return loop.time() - begun

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(play())


def test_recorded_times_are_kept_at_the_speed_asked_for(tmp_path: Path) -> None:
    lines = [{"t": t, "s": "out", "d": f"{t}\n"} for t in (0, 1, 50)]
    record(tmp_path / "r", python("", tmp_path), *lines, end(64.0))
    assert in_virtual_time(tmp_path, 0) == 0
    assert in_virtual_time(tmp_path, 1) == pytest.approx(64)
    assert in_virtual_time(tmp_path, 10) == pytest.approx(6.4)
    with pytest.raises(Stalled):
        in_virtual_time(tmp_path, 1, idle_s=40)
    assert in_virtual_time(tmp_path, 2, idle_s=40) == pytest.approx(32)
