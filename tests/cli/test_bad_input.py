"""What is typed wrong is told clearly, exits 2, and leaves nothing half-written."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

import pytest

from harnesses import demo
from smithers import reports
from tests.cli.command import FLOWS, Said, database, ended, held_open, smithers


def refused(said: Said, *words: str) -> None:
    assert (said.code, said.out) == (2, ""), said
    for word in words:
        assert word in said.err, said.err


def no_runs(folder: Path) -> bool:
    return not reports.runs(database(folder)).runs


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1\n", ["contains no workflow", "hint: put @workflow on a function"]),
        ("def broken(:\n", ["bad.py:1:", "not valid Python"]),
        ("import nowhere_at_all\n", ["bad.py:1:", "nowhere_at_all"]),
        ("\x00\x01", ["bad.py"]),
    ],
    ids=["no workflow", "syntax error", "import error", "binary"],
)
def test_a_file_that_is_no_workflow(tmp_path: Path, text: str, words: list[str]) -> None:
    (tmp_path / "bad.py").write_text(text)
    refused(smithers(tmp_path, "up", "bad.py"), "error:", *words)
    assert no_runs(tmp_path)


@pytest.mark.parametrize("given", ["gone.py", ".", "gone.py:name", ""])
def test_a_file_that_is_not_there(tmp_path: Path, given: str) -> None:
    refused(smithers(tmp_path, "up", given), "error:")
    assert no_runs(tmp_path)


NOT_UTF_8 = "\udcff\udcfe"
"""As Python has what a person typed that is not UTF-8."""


@pytest.mark.parametrize("detach", [[], ["--detach"]], ids=["here", "detached"])
def test_an_input_that_is_not_utf_8_is_refused(tmp_path: Path, detach: list[str]) -> None:
    flow, given = f"{FLOWS}:works", f'{{"topic": "{NOT_UTF_8}"}}'
    refused(smithers(tmp_path, "up", flow, *detach, "--input", given), "not UTF-8")
    assert no_runs(tmp_path)


def test_a_path_that_is_not_utf_8_is_refused_and_named(tmp_path: Path) -> None:
    folder = tmp_path / NOT_UTF_8
    folder.mkdir()
    file = folder / "flow.py"
    file.write_text(FLOWS.read_text())
    refused(smithers(tmp_path, "up", f"{file}:works"), "not UTF-8", "udcff")
    refused(smithers(folder, "up", f"{FLOWS}:works"), "not UTF-8", "udcff")
    assert no_runs(tmp_path)


def test_two_workflows_and_no_name_lists_them(tmp_path: Path) -> None:
    refused(smithers(tmp_path, "up", str(FLOWS)), "works", f"name one, for example {FLOWS}:asks")
    refused(smithers(tmp_path, "up", f"{FLOWS}:nothing"), "no workflow 'nothing'")


def test_an_input_that_does_not_fit_names_the_field_and_why(tmp_path: Path) -> None:
    flow = f"{FLOWS}:works"
    refused(smithers(tmp_path, "up", flow, "--input", '{"pages": 0}'), "pages", "greater than")
    refused(smithers(tmp_path, "up", flow, "--input", "{nonsense"), "not JSON")
    refused(smithers(tmp_path, "up", flow, "--input", "@gone.json"), "gone.json", "No such file")
    assert no_runs(tmp_path)


@pytest.mark.parametrize(
    ("workflow", "given", "words"),
    [
        ("works", {"tpic": "x"}, "Brief has no field 'tpic'; did you mean 'topic'?"),
        ("works", {"zzz": 1}, "Brief has no field 'zzz'; its fields are: topic, pages"),
        ("takes_a_book", {"chapters": [{"heding": "x"}]}, "Chapter at chapters[0] in the input"),
        ("takes_a_book", {"by_name": {"a": {"tite": "x"}}}, "Chapter at by_name.a in the input"),
    ],
)
def test_a_field_that_the_input_does_not_have_is_refused_with_the_one_that_was_meant(
    tmp_path: Path, workflow: str, given: object, words: str
) -> None:
    said = smithers(tmp_path, "up", f"{FLOWS}:{workflow}", "--input", json.dumps(given))
    refused(said, words, "hint: leave it out")
    assert no_runs(tmp_path)


@pytest.mark.parametrize(
    ("workflow", "given"),
    [
        ("takes_a_book", {"chapters": [{"heading": "x"}]}),
        ("takes_anything", {"topic": "eels", "more": 1}),
    ],
)
def test_an_alias_and_what_a_model_says_it_ignores_are_taken(
    tmp_path: Path, workflow: str, given: object
) -> None:
    said = smithers(tmp_path, "up", f"{FLOWS}:{workflow}", "--input", json.dumps(given))
    assert said.code == 0


def test_a_run_whose_model_lost_a_field_meanwhile_still_resumes(tmp_path: Path) -> None:
    text = FLOWS.read_text()
    (tmp_path / "flow.py").write_text(text)
    smithers(tmp_path, "up", "flow.py:asks_about", "--run-id", "r1", "--input", '{"pages": 2}')
    (tmp_path / "flow.py").write_text(text.replace("    pages: int = Field(default=1, ge=1)\n", ""))
    smithers(tmp_path, "approve", "r1", "--by", "ann")
    assert smithers(tmp_path, "resume", "r1").code == 0


@pytest.mark.long
def test_an_input_of_5_mb_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "input.json").write_text(json.dumps({"topic": "x" * 5_000_000}))
    said = smithers(tmp_path, "up", f"{FLOWS}:works", "--input", "@input.json")
    assert (said.code, len(said.out)) == (0, len("ABOUT ") + 5_000_000 + 1)


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "command", ["resume", "inspect", "why", "timeline", "events", "graph", "logs"]
)
def test_an_unknown_run_is_told_as_such(tmp_path: Path, command: str) -> None:
    refused(smithers(tmp_path, command, "r9"), "error:", "hint:")
    smithers(tmp_path, "up", f"{FLOWS}:works", "--run-id", "r1")
    refused(smithers(tmp_path, command, "r9"), "no run", "r9")


@pytest.mark.parametrize("command", ["approve", "deny", "cancel"])
def test_nothing_is_decided_for_an_unknown_run(tmp_path: Path, command: str) -> None:
    refused(smithers(tmp_path, command, "r9"), "'r9'")
    assert not database(tmp_path).exists()


def test_an_unknown_run_with_resume_and_a_known_one_without(tmp_path: Path) -> None:
    flow = f"{FLOWS}:works"
    refused(smithers(tmp_path, "up", flow, "--run-id", "r1", "--resume"), "'r1'")
    smithers(tmp_path, "up", flow, "--run-id", "other")
    refused(smithers(tmp_path, "up", flow, "--run-id", "r1", "--resume"), "'r1'", "`smithers ps`")
    assert smithers(tmp_path, "up", flow, "--run-id", "r1").code == 0
    refused(smithers(tmp_path, "up", flow, "--run-id", "r1"), "exists", "smithers resume r1")


def test_a_resume_needs_an_id_and_names_those_it_could_be(tmp_path: Path) -> None:
    smithers(tmp_path, "up", f"{FLOWS}:asks", "--run-id", "r1")
    refused(smithers(tmp_path, "up", f"{FLOWS}:asks", "--resume"), "--run-id", "r1")


def test_another_input_on_a_resume_is_refused(tmp_path: Path) -> None:
    flow = f"{FLOWS}:works"
    smithers(tmp_path, "up", flow, "--run-id", "r1", "--input", '{"topic": "eels"}')
    again = ("up", flow, "--run-id", "r1", "--resume", "--input")
    assert smithers(tmp_path, *again, '{"topic":"eels"}').out == "ABOUT EELS\n"
    refused(smithers(tmp_path, *again, '{"topic": "cod"}'), "a different input")


@pytest.mark.parametrize(
    "run_id", ["x" * 10_000, "a\x07b", "../r1", "..", "a/b", "a b", "", "é"], ids=lambda id: id[:6]
)
def test_a_run_id_that_cannot_be_one(tmp_path: Path, run_id: str) -> None:
    said = smithers(tmp_path, "up", f"{FLOWS}:works", "--run-id", run_id)
    refused(said, "is not a valid run id", "1 to 64 letters")
    assert "\x07" not in said.err
    assert len(said.err) < 1000
    assert no_runs(tmp_path)
    assert not (tmp_path.parent / "r1").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["up", "x.py", "--max-concurrency", "0"],
        ["up", "x.py", "--max-concurrency", "many"],
        ["up", "x.py", "--linger", "-1"],
        ["up", "x.py", "--resume=perhaps"],
        ["up", "x.py", "--no-such-option"],
        ["up"],
        ["inspect"],
        ["approve", "r1", "ship", "--iteration", "second"],
        ["approve", "r1", "--iteration", "1"],
        ["logs", "r1", "--raw", "--json"],
        ["up", str(FLOWS), "--json", "--events"],
        ["ps", "r1"],
    ],
    ids=" ".join,
)
def test_arguments_that_do_not_fit(tmp_path: Path, arguments: list[str]) -> None:
    said = smithers(tmp_path, *arguments)
    assert said.code == 2
    assert "error:" in said.err
    assert "hint:" in said.err


def test_a_database_that_is_not_ours(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE t (x)").connection.close()
    (tmp_path / "text.db").write_text("this is no database at all, but a text of some length")
    (tmp_path / "folder.db").mkdir()
    for name in ("other.db", "text.db", "folder.db", "gone/away.db"):
        before = (tmp_path / name).read_bytes() if (tmp_path / name).is_file() else b""
        refused(smithers(tmp_path, "inspect", "r1", "--db", name), name)
        refused(smithers(tmp_path, "up", f"{FLOWS}:works", "--db", name), name)
        if before:
            assert (tmp_path / name).read_bytes() == before


def test_two_processes_resume_one_run_and_the_second_is_told_the_owner(tmp_path: Path) -> None:
    with held_open(tmp_path, "holds_a_program", "held") as child:
        said = smithers(tmp_path, "resume", "r1")
        refused(said, "is owned by process", str(child.pid))
        (tmp_path / "go").touch()
        assert ended(child).code == 0
    assert (tmp_path / "ledger").read_text().splitlines() == [str(child.pid)]


def test_a_file_that_exits_does_not_choose_our_exit_code(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("raise SystemExit(0)\n")
    refused(smithers(tmp_path, "up", "bad.py"), "SystemExit: 0")


def test_a_missing_program_is_told_with_the_way_to_get_it(tmp_path: Path) -> None:
    file = str(Path(demo.__file__).with_name("ship_it.py"))
    said = smithers(tmp_path, "up", file, "--run-id", "r1", env={"PATH": "/nowhere"})
    assert said.code == 3
    for told in (said.err, smithers(tmp_path, "why", "r1").out):
        assert "research is waiting for an agent to be installed or signed in" in told
        assert "claude-code: Claude Code is not installed" in told
        assert "(install it with `npm install -g @anthropic-ai/claude-code`)" in told
        assert "smithers resume r1" in told


def test_a_tolerated_failure_is_told_with_its_hint_and_the_program_as_it_was_named(
    tmp_path: Path,
) -> None:
    said = smithers(tmp_path, "up", f"{FLOWS}:tolerates_a_missing_program", "--run-id", "r1")
    assert said.code == 6
    why = smithers(tmp_path, "why", "r1")
    assert "with 1 tolerated failure\n" in why.out
    for told in (said.err, why.out, smithers(tmp_path, "inspect", "r1").out):
        assert "is not installed: 'no-such-program'" in told
        assert told.count("hint: install it with `npm install") == 1


def test_an_edit_within_a_second_and_of_the_same_size_is_what_runs(tmp_path: Path) -> None:
    """Python tells cached bytecode apart by size and second."""
    flow = "from smithers import *\n\n@workflow\ndef f(ctx):\n    return Step('a', lambda: {})\n"
    for word in ("'first'", "'again'"):
        (tmp_path / "flow.py").write_text(flow.format(word))
        os.utime(tmp_path / "flow.py", (1_700_000_000, 1_700_000_000))
        said = smithers(tmp_path, "up", "flow.py", "--json", env={"PYTHONDONTWRITEBYTECODE": ""})
        assert said.code == 0
        task = smithers(tmp_path, "inspect", said.document["run_id"], "--json").document["tasks"][0]
        assert task["output"] == word.strip("'")
