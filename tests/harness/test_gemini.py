"""Gemini CLI: what its adapter prepares, and each way in which a recorded request went."""

from __future__ import annotations

import json
import sys
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harnesses import Gemini
from harnesses._gemini_home import Settings, forget_reports, prepared_home, state_of
from harnesses._gemini_sessions import copy_session
from harnesses.process import open_session
from smithers.agent import Answered, Ask, Said, Started, ToolCalled, ToolReturned, Used
from smithers.errors import (
    NotSignedIn,
)
from tests.harness.helpers import events_of, lines_of, outcome_of, python, replayed_gemini

pytestmark = pytest.mark.anyio

NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


async def test_a_text_is_said_in_pieces_and_answered_whole(tmp_path: Path) -> None:
    events = await events_of(replayed_gemini(), Ask(prompt="Case text.", cwd=tmp_path))
    started, *said, used, answer = events
    assert isinstance(started, Started)
    assert said == [Said("Hell"), Said("o th"), Said("ere.")]
    assert used == Used(tokens_in=10, tokens_out=5, model="scripted")
    assert answer == Answered("Hello there.")


async def test_a_tool_call_and_its_result_carry_one_id_and_no_key(tmp_path: Path) -> None:
    agent = replayed_gemini(approval_mode="yolo")
    events = await events_of(agent, Ask(prompt="Case tool-ok.", cwd=tmp_path))
    called, returned = events[1:3]
    assert isinstance(called, ToolCalled)
    assert isinstance(returned, ToolReturned)
    assert called.call == returned.call
    assert called.name == "run_shell_command"
    assert returned.text == "hello []"
    assert events[-1] == Answered("Said hello.")


@pytest.mark.parametrize("case", ["tool-failing", "denied-tool"])
async def test_a_failed_tool_fails_no_request(case: str, tmp_path: Path) -> None:
    events = await events_of(replayed_gemini(), Ask(prompt=f"Case {case}.", cwd=tmp_path))
    assert [event.failed for event in events if isinstance(event, ToolReturned)] == [True]
    assert isinstance(events[-1], Answered)
    assert "look" not in events[-1].text


@pytest.mark.parametrize(
    ("case", "data"),
    [
        ("structured-ok", {"n": 7}),
        ("structured-fenced", {"n": 7}),
        ("structured-wrong", {"n": "x"}),
        ("structured-missing", None),
    ],
)
async def test_what_is_meant_by_the_schema_is_given_as_data(
    case: str, data: Any, tmp_path: Path
) -> None:
    ask = Ask(prompt=f"Case {case}.", cwd=tmp_path, schema=NUMBER)
    answer = (await events_of(replayed_gemini(), ask))[-1]
    assert isinstance(answer, Answered)
    assert answer.data == data


def test_a_copy_of_a_session_stands_in_the_folder_that_it_is_for(tmp_path: Path) -> None:
    first, copy = "11111111-0000-4000-8000-000000000000", "22222222-0000-4000-8000-000000000000"
    (chats := tmp_path / "sessions" / "project" / "chats").mkdir(parents=True)
    (chats.parent / ".project_root").write_text(str(tmp_path / "project"))
    kept = chats / "session-2026-11-23T05-04-11111111.jsonl"
    kept.write_text(f'{{"sessionId":"{first}","kind":"main"}}\n{{"said":"{first}"}}\n{{"cut o')
    other = chats / "session-2026-11-23T05-05-11111111.jsonl"
    other.write_text('{"sessionId":"11111111-another"}\n')
    before = kept.read_bytes()
    for name in ("project", "elsewhere", "elsewhere"):
        copy_session(tmp_path / "sessions", first, copy, tmp_path / name)
    copies = sorted((tmp_path / "sessions").glob("*/chats/*-22222222.jsonl"))
    assert len(copies) == 2
    owners = [path.parent.parent / ".project_root" for path in copies]
    assert {Path(owner.read_text()).name for owner in owners} == {"project", "elsewhere"}
    for path in copies:
        assert path.name == "session-2026-11-23T05-04-22222222.jsonl"
        head, *lines = path.read_text().splitlines()
        assert json.loads(head) == {"sessionId": copy, "kind": "main"}
        assert lines == [f'{{"said":"{first}"}}']
    assert kept.read_bytes() == before
    copy_session(tmp_path / "sessions", copy.replace("2", "3"), copy, tmp_path / "nowhere")
    assert len(list((tmp_path / "sessions").iterdir())) == 2, "nothing is made of an unknown one"


async def test_without_a_key_nothing_is_started(tmp_path: Path) -> None:
    _, error = await outcome_of(
        Gemini(program=sys.executable, api_key_env="MY_KEY"), Ask(prompt="Hi", cwd=tmp_path)
    )
    assert isinstance(error, NotSignedIn)
    assert "MY_KEY" in error.said


def test_limits_are_shared_by_key_address_and_model() -> None:
    def limit(key: str = "k", **more: Any) -> str:
        return Gemini("m", env={"GEMINI_API_KEY": key}, **more).limit

    assert limit() == limit(approval_mode="yolo")
    assert len({limit(), limit("other"), limit(base_url="http://127.0.0.1:1")}) == 3
    assert Gemini("m", api_key_env="MINE", env={"MINE": "k"}).limit == limit()
    assert "k|" not in limit().replace("google|", "")


def test_a_home_has_our_settings_alone_and_shares_its_sessions(tmp_path: Path) -> None:
    wide = Settings(approvals="yolo", excluded=["web_fetch"], servers={"hub": {"command": "hub"}})
    homes = [prepared_home(tmp_path, each) for each in (Settings(), wide, Settings())]
    assert homes[0] == homes[2] != homes[1]
    told = json.loads((homes[1] / ".gemini" / "settings.json").read_text())
    assert told["general"]["maxAttempts"] == 1
    assert told["security"]["folderTrust"] == {"enabled": True}
    assert told["mcpServers"] == {"hub": {"command": "hub"}}
    assert told["tools"] == {"exclude": ["web_fetch"]}
    shared = {(home / ".gemini" / "tmp").resolve() for home in homes}
    assert shared == {(tmp_path / "sessions").resolve()}
    assert (tmp_path / "sessions").stat().st_mode & 0o777 == 0o700


def test_what_is_added_to_the_instructions_stands_in_the_home(tmp_path: Path) -> None:
    home = prepared_home(tmp_path, Settings(added_prompt="Be brief."))
    assert (home / ".gemini" / "GEMINI.md").read_text() == "Be brief."
    assert not (prepared_home(tmp_path, Settings()) / ".gemini" / "GEMINI.md").exists()


def test_state_is_kept_by_run_and_reports_of_errors_are_not(tmp_path: Path) -> None:
    state = state_of({"HOME": str(tmp_path)}, "../r1")
    assert state == tmp_path / ".local/state/smithers/gemini/-.-r1"
    (state / "tmp").mkdir(parents=True)
    report, other = state / "tmp" / "gemini-client-error-x.json", state / "tmp" / "other.json"
    report.write_text("{}")
    other.write_text("{}")
    forget_reports(state)
    assert [report.exists(), other.exists()] == [False, True]


HURRIED = """
import os, sys
assert os.path.isfile(f"/proc/self/fd/1") or sys.platform != "linux"
for number in range(3):
    os.write(1, b"%d" % number + b"x" * 300_000 + b"\\n")
sys.stderr.write("bye")
"""


async def test_the_words_of_a_program_that_ends_in_a_hurry_go_to_a_file_and_all_arrive(
    tmp_path: Path,
) -> None:
    command = replace(python(HURRIED, tmp_path), by_file=True)
    lines, session = await lines_of(command, Ask(prompt="", cwd=tmp_path))
    assert [(line[:1], len(line)) for line in lines] == [
        (b"0", 300_001),
        (b"1", 300_001),
        (b"2", 300_001),
    ]
    assert session.said_on_stderr == "bye"


async def test_a_file_is_followed_while_the_program_runs(tmp_path: Path) -> None:
    code = "import os, time\nos.write(1, b'first\\n')\ntime.sleep(60)"
    command = replace(python(code, tmp_path), by_file=True)
    ask = Ask(prompt="", cwd=tmp_path, idle_s=30)
    async with open_session(command, ask) as session, aclosing(session.lines()) as lines:
        assert await anext(lines) == b"first"
