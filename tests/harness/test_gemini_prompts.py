"""What Gemini CLI would interpret goes to it as the text of a command of ours."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import pytest

from harnesses._gemini_project import silenced
from harnesses._gemini_prompts import command_text, given_as_text
from harnesses.recording import read_sessions
from smithers.agent import Ask
from smithers.errors import Permanent
from tests.contract.prompts import TEXTS
from tests.contract.test_prompts import OneRecording
from tests.harness.helpers import ROOT, events_of, replayed_gemini

COMMAND = re.compile(rb"/smithers-[0-9a-f]{32}")
HARD = ["!{", "@{", "!{{args}}", "@{{args}}", "{{args}}{{args}}", "!!{}{", "@@{{{args}}}", "\x7f"]


def as_the_program_reads(command: str) -> str:
    """Without running a thing: fails where it would read a file or run a command."""
    text = str(tomllib.loads(command)["prompt"])
    assert "@{" not in text, "it reads files"
    assert "{{args}}" not in text, "it puts arguments in"
    read, at = "", 0
    while (start := text.find("!{", at)) >= 0:
        end, depth = start + 2, 1
        while depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        assert text[start:end] == "!{}", "it runs a command"
        read, at = read + text[at:start], end
    return read + text[at:]


def test_a_command_gives_the_text_exactly_and_reads_or_runs_nothing() -> None:
    for text in [*TEXTS.values(), *HARD]:
        assert as_the_program_reads(command_text(text)) == text


def test_the_file_of_a_command_is_private_and_is_gone_after_the_request(tmp_path: Path) -> None:
    (tmp_path / ".gemini").mkdir()
    with given_as_text("see @.env", tmp_path) as told:
        (command,) = (tmp_path / ".gemini" / "commands").iterdir()
        assert told == f"/{command.stem}"
        assert command.stat().st_mode & 0o77 == 0
    assert not command.exists()


@pytest.mark.anyio
async def test_only_a_name_that_nobody_can_guess_is_written_to_the_program(tmp_path: Path) -> None:
    agent = replayed_gemini(replay=OneRecording(ROOT / "recordings" / "gemini" / "text.jsonl"))
    for number, text in enumerate(TEXTS.values()):
        ask = Ask(prompt=text, cwd=tmp_path, raw=tmp_path / f"{number}.jsonl")
        await events_of(agent, ask, 10)
        assert ask.raw is not None
        (session,) = read_sessions(ask.raw)
        given = session.text("in")
        plain = "@" not in text and not text.startswith("/")
        assert given == text.encode() if plain else COMMAND.fullmatch(given), text[:100]


VARIABLES = """\
# a comment
GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:9
export BASH_ENV = 'a.sh'\r
  YAML: value
LONG="first
INNER=second"
SPLIT
=on two lines
with.dot-and-dash=1
BLANK\u00a0=\u00a0x
"""


def test_every_name_that_a_file_of_variables_sets_is_set_to_nothing(tmp_path: Path) -> None:
    cwd = tmp_path / "project" / "below"
    for folder, text in ((cwd, VARIABLES), (tmp_path, "ABOVE=1\n")):
        (folder / ".gemini").mkdir(parents=True)
        (folder / ".gemini" / ".env").write_text(text, encoding="utf-8", newline="")
    link = tmp_path / "link"
    link.symlink_to(cwd)
    named = {"GOOGLE_GEMINI_BASE_URL", "BASH_ENV", "YAML", "LONG", "SPLIT", "with.dot-and-dash"}
    for place in (cwd, link):
        found = silenced(place)
        assert found.keys() >= named | {"BLANK", "ABOVE"}
        assert set(found.values()) == {""}


def test_a_file_of_variables_that_cannot_be_read_as_a_whole_is_refused(tmp_path: Path) -> None:
    path = tmp_path / ".gemini" / ".env"
    path.parent.mkdir()
    os.mkfifo(path)
    with pytest.raises(Permanent, match=re.escape(str(path))) as caught:
        silenced(tmp_path)
    assert "trust_project=True" in caught.value.hint
    path.unlink()
    path.write_text("A=b\n" * 20_000)
    with pytest.raises(Permanent, match=re.escape(str(path))):
        silenced(tmp_path)
