"""An agent tells the version of its program without starting it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from importlib import metadata
from pathlib import Path

import pytest

from harnesses import ClaudeCode, Codex, Echo, Pi
from harnesses.antigravity_cli import AntigravityCLI
from harnesses.gemini import Gemini
from harnesses.models import OpenAI
from harnesses.process._installed import version_by_files
from smithers.agent import Agent, versions_of


def npm(folder: Path, program: str, version: str) -> Path:
    """A program as npm installs it: a link to a file of a package."""
    package = folder / "lib" / "node_modules" / "@vendor" / "package"
    (package / "dist" / "bin").mkdir(parents=True)
    (package / "package.json").write_text(json.dumps({"name": "@vendor/p", "version": version}))
    (package / "dist" / "package.json").write_text('{"type": "module"}')
    return linked(folder, program, package / "dist" / "bin" / "cli.js")


def linked(folder: Path, program: str, file: Path) -> Path:
    file.write_text("#!/bin/sh\nexit 1\n")
    file.chmod(0o755)
    (folder / "bin").mkdir()
    (folder / "bin" / program).symlink_to(file)
    return folder / "bin"


def test_a_package_of_npm_tells_the_version(tmp_path: Path) -> None:
    path = npm(tmp_path, "codex", "0.160.1")
    assert version_by_files("codex", str(path)) == "0.160.1"
    assert version_by_files(str(path / "codex"), None) == "0.160.1"


def test_a_folder_of_a_version_tells_it(tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    path = linked(tmp_path, "claude", tmp_path / "versions" / "2.1.300")
    assert version_by_files("claude", str(path)) == "2.1.300"


def test_a_program_that_tells_nothing_has_no_version(tmp_path: Path) -> None:
    path = linked(tmp_path, "agy", tmp_path / "agy-binary")
    assert version_by_files("agy", str(path)) is None
    assert version_by_files("codex", str(path)) is None


@pytest.mark.parametrize(
    ("program", "make"),
    [
        ("claude", ClaudeCode),
        ("codex", Codex),
        ("gemini", Gemini),
        ("pi", Pi),
        ("agy", partial(AntigravityCLI, experimental=True)),
    ],
)
def test_the_agents_of_programs_tell_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, make: Callable[[], Agent]
) -> None:
    monkeypatch.delenv("SMITHERS_REPLAY", raising=False)
    monkeypatch.setenv("PATH", str(npm(tmp_path, program, "1.2.3")))
    assert versions_of(make()) == {program: "1.2.3"}


def test_a_replay_is_not_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(npm(tmp_path, "claude", "1.2.3")))
    (tmp_path / "recordings").mkdir()
    assert versions_of(ClaudeCode(replay=tmp_path / "recordings")) == {}


def test_a_model_tells_the_version_of_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        assert name == "openai"
        return "2.20.0"

    monkeypatch.setattr(metadata, "version", version)
    assert versions_of(OpenAI("m")) == {"openai": "2.20.0"}


def test_a_package_that_is_not_there_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    assert versions_of(OpenAI("m")) == {}


def test_an_agent_need_not_tell() -> None:
    assert versions_of(Echo()) == {}
