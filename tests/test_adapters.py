"""Adapters are found by the entry-point group `smithers.agents`, ours and those of others."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pytest

from harnesses import claude_code
from harnesses.models import Anthropic, Google, OpenAI
from smithers.adapters import agent_classes, agent_variables, installed


@pytest.fixture(autouse=True)
def _fresh() -> None:
    installed.cache_clear()


def test_each_class_of_an_agent_is_where_its_adapter_says() -> None:
    homes = agent_classes()
    assert {"ClaudeCode", "Codex", "Echo", "Pi", "OpenAI"} <= set(homes)
    for name, module in homes.items():
        assert getattr(import_module(module), name).__name__ == name


def test_the_variables_are_those_that_the_adapters_read() -> None:
    read = {*claude_code.NEEDED, "CODEX_HOME", "PI_CODING_AGENT_DIR"}
    for model in (Anthropic, Google, OpenAI):
        read |= {*model.keys, model.url_variable}
    assert read <= set(agent_variables())
    assert len(agent_variables()) == len(set(agent_variables()))


def test_an_adapter_of_another_distribution_is_found_and_one_that_fails_hides_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "acme_agents.py").write_text(
        "from smithers.agent import Adapter\n"
        'ACME = Adapter(classes=("acme_agents:Acme",), variables=("ACME_KEY",))\n'
        "NONE = None\n"
    )
    info = tmp_path / "acme_agents-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-agents\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[smithers.agents]\nacme = acme_agents:ACME\nnone = acme_agents:NONE\ngone = gone:X\n"
    )
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert agent_classes()["Acme"] == "acme_agents"
    assert {"ACME_KEY", "ANTHROPIC_API_KEY"} <= set(agent_variables())
    broken = installed().broken
    assert set(broken) == {"none", "gone"}
    assert "acme_agents:NONE must be an Adapter, not None" in broken["none"].said
    assert broken["gone"].hint == "install acme-agents again"
    monkeypatch.undo()
    del sys.modules["acme_agents"]
    installed.cache_clear()
