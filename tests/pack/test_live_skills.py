"""The real programs, in a project that has the pack: each tells its model of the skill."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from recordings.playing import Place
from smithers.agent import Ask
from tests.cli.command import smithers
from tests.contract.adapters import ADAPTERS
from tests.harness.helpers import outcome_of
from tests.scripted_model import ScriptedModel, Text

pytestmark = [pytest.mark.anyio, pytest.mark.live, pytest.mark.timeout(300)]

SKILL = "Run and write durable workflows of AI agents with Smithers"
SECTION = "This project has durable workflows of AI agents"
LIVE = {each.name: each for each in ADAPTERS if each.way == "live"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize("name", ["claude-code", "codex", "pi", "gemini"])
async def test_smoke_a_program_lists_the_skill_and_reads_the_instructions(
    name: str, tmp_path: Path
) -> None:
    adapter = LIVE[name]
    adapter.needs()
    place = Place(**{each: tmp_path / each for each in ("home", "config", "cwd", "records")})
    for made in (place.home, place.config, place.cwd, place.records):
        made.mkdir(parents=True)
    (place.cwd / ".git").mkdir()
    (place.cwd / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    assert smithers(place.cwd, "init").code == 0
    case = adapter.by_name["tool-ok"]
    with ExitStack() as stack:
        model = stack.enter_context(ScriptedModel([Text("Done.")]))
        options = {**case.options, "trust_project": True}
        agent = adapter.made(replace(case, options=options), place, model.url)
        _, error = await outcome_of(agent, Ask(prompt="Go", cwd=place.cwd, idle_s=60), 100)
        assert error is None, error
        sent = json.dumps([request.body for request in model.requests])
    assert SKILL in sent
    assert SECTION in sent
