"""Antigravity: what its adapter prepares, and each way in which a recorded request went."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harnesses import Antigravity
from harnesses import _antigravity_child as child
from harnesses.recording import read_sessions
from smithers.agent import Answered, Ask, Said, Started, Thought, ToolCalled, ToolReturned, Used
from smithers.errors import (
    ContextOverflow,
    NotInstalled,
    NotSignedIn,
)
from tests.harness.helpers import ROOT, events_of, kinds, outcome_of, replayed_antigravity

pytestmark = pytest.mark.anyio

NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
COMMANDS = ("view_file", "run_command")


async def test_a_text_is_said_in_pieces_and_answered_whole(tmp_path: Path) -> None:
    events = await events_of(replayed_antigravity(), Ask(prompt="Case text.", cwd=tmp_path))
    started, *said, used, answer = events
    assert isinstance(started, Started)
    assert said == [Said("Hell"), Said("o th"), Said("ere.")]
    assert used == Used(tokens_in=10, tokens_out=5)
    assert answer == Answered("Hello there.")


async def test_what_it_thinks_is_told_apart(tmp_path: Path) -> None:
    events = await events_of(replayed_antigravity(), Ask(prompt="Case thinking.", cwd=tmp_path))
    assert [each for each in events if isinstance(each, Said | Thought)] == [
        Thought("Six times seven."),
        Said("42."),
    ]


async def test_a_command_is_called_once_returns_its_output_and_sees_no_key(
    tmp_path: Path,
) -> None:
    agent = replayed_antigravity(tools=COMMANDS)
    events = await events_of(agent, Ask(prompt="Case tool-ok.", cwd=tmp_path))
    called, returned = events[1:3]
    assert isinstance(called, ToolCalled)
    assert isinstance(returned, ToolReturned)
    assert (called.call, called.name) == (returned.call, "run_command")
    assert (returned.text.strip(), returned.failed) == ("hello []", True)
    assert kinds(events)[3:] == ["Said", "Used", "Answered"]


@pytest.mark.parametrize("case", ["tool-failing", "denied-tool"])
async def test_a_tool_that_is_denied_fails_no_request(case: str, tmp_path: Path) -> None:
    ask = Ask(prompt=f"Case {case}.", cwd=tmp_path)
    events = await events_of(replayed_antigravity(), ask)
    assert isinstance(events[-1], Answered)
    assert not (tmp_path / "note.txt").exists()


@pytest.mark.parametrize(
    ("case", "data"),
    [
        ("structured-ok", {"n": 7}),
        ("structured-wrong-then-right", {"n": 7}),
        ("structured-missing", None),
    ],
)
async def test_a_structured_answer_is_given_as_data(case: str, data: Any, tmp_path: Path) -> None:
    ask = Ask(prompt=f"Case {case}.", cwd=tmp_path, schema=NUMBER)
    answer = (await events_of(replayed_antigravity(), ask))[-1]
    assert isinstance(answer, Answered)
    assert answer.data == data


async def test_a_prompt_that_would_be_cut_is_refused_before_anything_runs(tmp_path: Path) -> None:
    agent = Antigravity(env={"GEMINI_API_KEY": "k"}, home=tmp_path / "home")
    _, error = await outcome_of(agent, Ask(prompt="é" * 100_000, cwd=tmp_path))
    assert type(error) is ContextOverflow
    assert "200000 bytes" in error.said
    assert "into a file" in error.hint


@pytest.fixture
def bare_python(tmp_path: Path) -> str:
    """Of an environment that has nothing but Python itself."""
    words = [sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")]
    subprocess.run(words, check=True, timeout=60)
    return str(tmp_path / "bare" / "bin" / "python")


async def test_a_python_without_the_sdk_comes_with_the_way_to_get_it(
    tmp_path: Path, bare_python: str
) -> None:
    env = {"GEMINI_API_KEY": "k"}
    agent = Antigravity(env=env, home=tmp_path / "home", python=bare_python)
    _, error = await outcome_of(agent, Ask(prompt="Hi", cwd=tmp_path))
    assert isinstance(error, NotInstalled)
    assert "pip install 'smithers-orchestrator[antigravity]'" in error.hint


async def test_without_a_key_nothing_is_started(tmp_path: Path) -> None:
    agent = Antigravity(api_key_env="MY_KEY")
    _, error = await outcome_of(agent, Ask(prompt="Hi", cwd=tmp_path))
    assert isinstance(error, NotSignedIn)
    assert "MY_KEY" in error.said


def test_another_protocol_needs_an_address() -> None:
    with pytest.raises(ValueError, match="base_url"):
        Antigravity("m", protocol="openai-chat")


def test_limits_are_shared_by_key_address_and_model() -> None:
    def limit(key: str = "k", **more: Any) -> str:
        return Antigravity("m", env={"GEMINI_API_KEY": key}, **more).limit

    assert limit() == limit(tools=COMMANDS)
    assert len({limit(), limit("other"), limit(base_url="http://127.0.0.1:1")}) == 3
    assert Antigravity("m", api_key_env="MINE", env={"MINE": "k"}).limit == limit()
    assert "k|" not in limit().replace("google|", "")


def test_a_child_that_was_asked_to_end_says_so_before_it_goes() -> None:
    (recorded,) = read_sessions(ROOT / "recordings" / "antigravity" / "sigterm-in-tool.jsonl")
    assert recorded.ending is not None
    assert recorded.ending.rc == child.CODES["cancelled"] == 130
    assert b'"status": "cancelled"' in recorded.text("out").splitlines()[-1]


def test_the_child_imports_nothing_of_ours() -> None:
    """It runs in any Python that has the SDK."""
    code = f"import runpy, sys; runpy.run_path({child.__file__!r}); print(sorted(sys.modules))"
    env = {"PATH": os.environ["PATH"]}
    run = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, env=env, timeout=60
    )
    assert "harnesses" not in run.stdout
    assert "antigravity" not in json.dumps(run.stdout.replace("_antigravity_child", ""))
