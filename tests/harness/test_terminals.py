"""What opens a session for a person: the same model, rights and place as the agent has there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harnesses import ClaudeCode, Codex
from smithers.agent import Attaching, Terminal
from smithers.errors import NotInstalled, NotSignedIn, Refused
from tests.harness.helpers import ROOT

MARKS = {"SMITHERS_RUN": "r1", "SMITHERS_ATTEMPT": "me:r1:terminal"}


@pytest.fixture
def program(tmp_path: Path) -> str:
    """Something that can be started."""
    file = tmp_path / "program"
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    return str(file)


def opened(agent: Attaching, cwd: Path) -> Terminal:
    assert agent.can.attaches
    assert agent.can.resumes
    return agent.terminal("the-session", cwd, MARKS)


def test_claude_code_is_resumed_with_the_options_of_its_author(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "the-key")
    monkeypatch.setenv("OPENAI_API_KEY", "another")
    agent = ClaudeCode(
        "opus",
        permission_mode="acceptEdits",
        allowed_tools=["Bash(git:*)"],
        max_turns=3,
        env={"EXTRA": "1"},
        program=program,
    )
    opens = opened(agent, tmp_path)
    assert opens.argv[:3] == (program, "--resume", "the-session")
    assert "--strict-mcp-config" in opens.argv
    assert " ".join(opens.argv).endswith(
        "--model opus --permission-mode acceptEdits --allowedTools Bash(git:*)"
    )
    assert opens.cwd == tmp_path
    assert (opens.env["ANTHROPIC_API_KEY"], opens.env["EXTRA"]) == ("the-key", "1")
    assert MARKS.items() <= opens.env.items()
    # Those of a program that nobody sees, and of another vendor, are not there.
    assert not {"TERM", "NO_COLOR", "OPENAI_API_KEY"} & opens.env.keys()
    assert "CLAUDE_CODE_MAX_RETRIES" not in opens.env


@pytest.mark.parametrize("known", [{}, {"hasCompletedOnboarding": False}, None])
def test_the_welcome_is_answered_in_a_folder_of_its_own_alone(
    known: dict[str, bool] | None, program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart, users = tmp_path / "apart" / ".claude.json", tmp_path / "users" / ".claude.json"
    for file in (apart, users):
        file.parent.mkdir()
        if known is not None:
            file.write_text(json.dumps({"userID": "u1", **known}))
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(users.parent))
    for agent in (
        ClaudeCode(program=program, config_dir=apart.parent),
        ClaudeCode(program=program),
    ):
        opened(agent, tmp_path)
    if known is None:
        assert not apart.exists()
        assert not users.exists()
        return
    assert json.loads(users.read_text()) == {"userID": "u1", **known}
    assert json.loads(apart.read_text()) == {
        "userID": "u1",
        "hasCompletedOnboarding": True,
        **known,
    }
    assert [one.name for one in apart.parent.iterdir()] == [apart.name]


def test_codex_is_resumed_in_the_home_of_the_run_with_the_sandbox_of_its_author(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRIPTED_KEY", "the-key")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    agent = Codex(
        "m",
        sandbox="workspace-write",
        base_url="http://127.0.0.1:1/v1",
        api_key_env="SCRIPTED_KEY",
        program=program,
    )
    opens = opened(agent, tmp_path)
    assert opens.argv[:2] == (program, "resume")
    assert opens.argv[-1] == "the-session"
    assert {'model="m"', 'sandbox_mode="workspace-write"', 'approval_policy="never"'} <= {
        *opens.argv
    }
    assert opens.env["CODEX_HOME"] == str(tmp_path / "state" / "smithers" / "codex" / "r1")
    assert opens.env["SCRIPTED_KEY"] == "the-key"
    assert MARKS.items() <= opens.env.items()
    assert "TERM" not in opens.env


def test_what_keeps_a_program_from_being_started_is_told_by_its_class(
    program: str, tmp_path: Path
) -> None:
    missing = str(tmp_path / "nowhere")
    with pytest.raises(NotInstalled):
        ClaudeCode(program=missing).terminal("s", tmp_path, MARKS)
    with pytest.raises(NotInstalled):
        Codex(program=missing).terminal("s", tmp_path, MARKS)
    with pytest.raises(NotSignedIn):
        Codex(program=program, api_key_env="UNSET").terminal("s", tmp_path, MARKS)


@pytest.mark.parametrize("how", ["by its author", "by the environment", "and records the rest"])
def test_who_plays_recordings_has_no_terminal(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recordings = ROOT / "recordings"
    if how == "by the environment":
        monkeypatch.setenv("SMITHERS_REPLAY", str(recordings))
    claude = codex = None if how == "by the environment" else recordings
    record = tmp_path if how == "and records the rest" else None
    agents: list[Attaching] = [
        ClaudeCode(replay=claude, record=record),
        Codex(replay=codex, record=record),
    ]
    for agent in agents:
        with pytest.raises(Refused, match="plays recordings"):
            agent.terminal("s", tmp_path, MARKS)
