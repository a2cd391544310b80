"""The author's files are shown as they were when the run was driven, not as they are on disk."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.command import database, smithers

FLOW = """\
from harnesses import Echo
from words import WORD
from smithers import *


@workflow
def part(ctx: Context[NoInput]) -> Node:
    return Step("inner", lambda: 1)


@workflow
def flow(ctx: Context[NoInput]) -> Node:
    draft = Task("draft", agent=Echo(), prompt=WORD)
    ship = Approval("ship", ask=lambda: f"Ship {ctx[draft]}?")
    return Sequence(draft, Subflow("child", part, input=NoInput()), ship, Step("last", lambda: 2))
"""
WORDS = "WORD = 'Write.'\n"


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that waited, whose files were edited before it went on."""
    folder = tmp_path_factory.mktemp("edited")
    (folder / "flow.py").write_text(FLOW)
    (folder / "words.py").write_text(WORDS)
    assert smithers(folder, "up", "flow.py:flow", "--run-id", "r1").code == 3
    (folder / "flow.py").write_text(FLOW.replace("lambda: 2", "lambda: 3"))
    assert smithers(folder, "approve", "r1").code == 0
    assert smithers(folder, "resume", "r1").code == 0
    return folder


def test_the_source_is_that_of_the_frame(edited: Path) -> None:
    first = smithers(edited, "show", "r1@0", "--source", "flow.py")
    last = smithers(edited, "show", "r1", "--source", "flow.py")
    assert (first.code, first.out) == (0, FLOW)
    assert last.out == (edited / "flow.py").read_text() != FLOW
    both = smithers(edited, "show", "r1@0", "--source").out
    assert both == f"==> flow.py <==\n{FLOW}==> words.py <==\n{WORDS}"


def test_the_source_as_json_has_what_it_ran_with(edited: Path) -> None:
    found = smithers(edited, "show", "r1@0", "--source", "--json").document
    assert [(one["path"], one["text"]) for one in found["files"]] == [
        ("flow.py", FLOW),
        ("words.py", WORDS),
    ]
    assert set(found["about"]) == {"smithers", "python", "programs"}
    assert (
        found["source"] != smithers(edited, "show", "r1", "--source", "--json").document["source"]
    )


def test_a_child_run_has_its_source(edited: Path) -> None:
    assert smithers(edited, "show", "r1.child", "--source", "flow.py").out == FLOW


def test_the_source_is_compared_file_by_file(edited: Path) -> None:
    found = smithers(edited, "diff", "r1@0", "r1@last", "--json").document
    (one,) = [one for one in found["differences"] if one["part"] == "source"]
    assert (one["file"], one["task"]) == ("flow.py", None)
    assert [line for line in one["diff"] if line[:1] in "+-"] == [
        '-    return Sequence(draft, Subflow("child", part, input=NoInput()), ship, '
        'Step("last", lambda: 2))',
        '+    return Sequence(draft, Subflow("child", part, input=NoInput()), ship, '
        'Step("last", lambda: 3))',
    ]
    assert "source flow.py\n" in smithers(edited, "diff", "r1@0", "r1").out
    assert smithers(edited, "diff", "r1", "r1@last").code == 0


def test_a_run_of_an_earlier_version_has_only_a_digest(edited: Path, tmp_path: Path) -> None:
    (tmp_path / ".smithers").mkdir()
    copy = tmp_path / ".smithers" / "smithers.db"
    with closing(sqlite3.connect(database(edited))) as old, closing(sqlite3.connect(copy)) as new:
        old.backup(new)
        new.executescript("DELETE FROM sources; DELETE FROM claims")
    said = smithers(tmp_path, "show", "r1@0", "--source")
    assert said.code == 2
    assert "is not stored" in said.err
    assert smithers(tmp_path, "show", "r1@0", "--source", "--json").document["files"] == []
    found = smithers(tmp_path, "diff", "r1@0", "r1", "--json").document
    assert "source" not in [one["part"] for one in found["differences"]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["r1", "--source", "other.py"], "its files are: flow.py, words.py"),
        (["r1", "flow.py"], "add --source"),
        (["r1@99", "--source"], "its frames are 0 to"),
        (["r9", "--source"], "there is no run 'r9'"),
    ],
)
def test_what_there_is_not_is_refused(edited: Path, arguments: list[str], said: str) -> None:
    found = smithers(edited, "show", *arguments)
    assert found.code == 2
    assert said in found.err


def test_a_start_that_fails_keeps_no_source(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(FLOW.replace("WORD)", "WORD.missing)"))
    (tmp_path / "words.py").write_text(WORDS)
    assert smithers(tmp_path, "up", "flow.py:flow", "--run-id", "r1").code == 2
    assert not database(tmp_path).exists()


def test_a_file_that_is_not_utf_8_is_named_with_its_digest(tmp_path: Path) -> None:
    text = "# -*- coding: latin-1 -*-\nWORD = 'Wr\xefte.'\n"
    (tmp_path / "words.py").write_bytes(text.encode("latin-1"))
    (tmp_path / "flow.py").write_text(FLOW)
    assert smithers(tmp_path, "up", "flow.py:flow", "--run-id", "r1").code == 3
    assert (
        "not stored: it is large or not UTF-8" in smithers(tmp_path, "show", "r1", "--source").out
    )
    said = smithers(tmp_path, "show", "r1", "--source", "words.py")
    assert said.code == 2
    assert "(sha256 " in said.err
    files = json.loads(smithers(tmp_path, "show", "r1", "--source", "--json").out)["files"]
    assert [one["text"] is None for one in files] == [False, True]
