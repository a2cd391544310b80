"""What a program sees of Smithers' environment: what it needs, what its author passed, no more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from harnesses import Antigravity, ClaudeCode, Codex, Gemini, Pi
from harnesses.models import bash
from recordings.playing import Case, Place
from smithers.agent import Agent, Ask, ToolReturned
from tests.contract.adapters import ADAPTERS, SCRIPTED
from tests.contract.scenes import Adapter
from tests.contract.test_contract import marks
from tests.harness.helpers import outcome_of
from tests.models.cases import VENDORS
from tests.scripted_model import ScriptedModel, Step, Text, ToolCall

pytestmark = pytest.mark.anyio

SECRETS = (
    *("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"),
    *("OPENAI_API_KEY", "CODEX_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"),
    *("GOOGLE_APPLICATION_CREDENTIALS", "MISTRAL_API_KEY", "AWS_SECRET_ACCESS_KEY"),
    *("GITHUB_TOKEN", "DATABASE_URL"),
)
OF_CLAUDE = {"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"}
MINE = {"MINE": "passed by the author"}

Made = Callable[[str, Mapping[str, str]], Agent]
PROGRAMS: dict[str, tuple[Made, set[str]]] = {
    "claude-code": (lambda at, env: ClaudeCode(program=at, env=env), OF_CLAUDE),
    "codex": (
        lambda at, env: Codex(program=at, env=env, api_key_env="OPENAI_API_KEY"),
        {"OPENAI_API_KEY"},
    ),
    "pi": (lambda at, env: Pi("openai/gpt", program=at, env=env), {"OPENAI_API_KEY"}),
    "gemini": (lambda at, env: Gemini(program=at, env=env), {"GEMINI_API_KEY"}),
    "antigravity": (lambda at, env: Antigravity(python=at, env=env), {"GEMINI_API_KEY"}),
}
"""How each is made by an author who says nothing of keys, and which of ours it may then have."""

KEEPS_ITS_KEY = {
    "claude-code": "its commands inherit its whole environment",
}
"""Whose own key a command sees, and why."""


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Each a variable of Smithers' own environment, with a value like no other."""
    made = {name: f"made-up-{number}-of-{name.lower()}" for number, name in enumerate(SECRETS)}
    for name, value in made.items():
        monkeypatch.setenv(name, value)
    return made


def test_every_program_is_looked_at() -> None:
    assert set(PROGRAMS) == {one.name for one in ADAPTERS if one.way == "live"} - {
        *("codex-by-exec", "pi-by-responses"),
    }


@pytest.mark.parametrize("name", PROGRAMS)
async def test_a_program_gets_what_it_needs_and_what_its_author_passed(
    name: str, secrets: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    seen, program = tmp_path / "seen", tmp_path / "program"
    program.write_text(f"#!/bin/sh\nenv > {seen}\n")
    program.chmod(0o755)
    made, needed = PROGRAMS[name]
    ask = Ask(prompt="Go", cwd=tmp_path, idle_s=20, timeout_s=30)
    await outcome_of(made(str(program), MINE), ask)
    env = dict(line.split("=", 1) for line in seen.read_text().splitlines() if "=" in line)
    assert env["MINE"] == MINE["MINE"]
    known = {name for name, value in secrets.items() if value in env.values()}
    assert known == needed


def with_a_command(adapter: Adapter, command: str) -> Case:
    """A session in which the program runs this command."""
    case = adapter.by_name["tool-ok"]
    step = case.script[0]
    assert isinstance(step, ToolCall)
    words = {k: command if "echo hello" in str(v) else v for k, v in step.input.items()}
    allowed = {"allowed_tools": ["Bash"]} if adapter.kind is ClaudeCode else {}
    script: list[Step] = [replace(step, input=words), Text("Shown.")]
    return replace(case, script=script, options={**case.options, **allowed})


LIVE = [pytest.param(one, marks=marks(one), id=one.id) for one in ADAPTERS if one.way == "live"]


@pytest.mark.parametrize("adapter", LIVE)
async def test_a_command_of_a_real_program_sees_no_key_of_another_vendor(
    adapter: Adapter, secrets: dict[str, str], tmp_path: Path
) -> None:
    case = with_a_command(adapter, "env")
    with replace(adapter, prefix="", sessions=lambda: [case]).scene(case.name, tmp_path) as scene:
        events = await scene.answered()
    (shown,) = [event.text for event in events if isinstance(event, ToolReturned)]
    assert "PATH=" in shown
    ours = (
        PROGRAMS[adapter.name.split("-by-")[0]][1] if adapter.name in KEEPS_ITS_KEY else set[str]()
    )
    assert {name for name, value in secrets.items() if value in shown} <= ours
    own = "scripted-model-key" in shown  # what the author of these sessions passed
    assert own == (adapter.name in KEEPS_ITS_KEY)


@pytest.mark.parametrize(
    "adapter",
    [pytest.param(one, marks=marks(one), id=one.id) for one in SCRIPTED if not one.is_alone],
)
async def test_a_command_of_a_model_sees_no_key_at_all(
    adapter: Adapter, secrets: dict[str, str], tmp_path: Path
) -> None:
    adapter.needs()
    script: list[Step] = [ToolCall("bash", {"command": "env"}), Text("Shown.")]
    case = Case(name="env", script=script, options={"tools": [bash]})
    with ScriptedModel(script) as model:
        place = Place(home=tmp_path, config=tmp_path, cwd=tmp_path, records=tmp_path)
        agent = adapter.made(case, place, model.url)
        events, error = await outcome_of(agent, Ask(prompt="Go", cwd=tmp_path, idle_s=20))
        assert model.keys == {secrets[VENDORS[adapter.name].key]}
    assert error is None
    (shown,) = [event.text for event in events if isinstance(event, ToolReturned)]
    assert "PATH=" in shown
    assert not [name for name, value in secrets.items() if value in shown]
