"""`verify` finds what was altered in the database, and names it."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from smithers.hub import Hub
from tests.cli.command import database, smithers

FLOW = """\
from harnesses import Echo
from smithers import *


class Answer(StrictModel):
    pages: int


@workflow
def flow(ctx: Context[NoInput]) -> Node:
    draft = Task("draft", agent=Echo(), prompt="Write 7 pages.")
    turn = Step("turn", lambda: "x" * 5000)
    loop = Loop(turn, until=lambda: False, max_iterations=2, on_exhausted="finish", id="loop")
    ship = Approval("ship", ask=lambda: f"Ship {ctx[draft]}?", on_deny=Rework(draft))
    pages = HumanTask("pages", ask="How many pages?", output=Answer)
    return Sequence(draft, loop, ship, pages, Step("last", lambda: 1))
""".replace("StrictModel", "BaseModel").replace(
    "from smithers import *", "from pydantic import BaseModel\nfrom smithers import *"
)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was denied, approved and answered, and a fork of it."""
    folder = tmp_path_factory.mktemp("original")
    (folder / "flow.py").write_text(FLOW)
    assert smithers(folder, "up", "flow.py", "--run-id", "r1").code == 3
    assert smithers(folder, "deny", "r1", "ship", "--note", "shorter").code == 0
    assert smithers(folder, "resume", "r1").code == 3
    assert smithers(folder, "approve", "r1", "ship", "--note", "good").code == 0
    assert smithers(folder, "resume", "r1").code == 3
    assert smithers(folder, "answer", "r1", "pages", "--data", '{"pages": 7}').code == 0
    assert smithers(folder, "resume", "r1").code == 0
    last = Hub(database(folder)).timeline("r1").frames[-1].number
    assert smithers(folder, "fork", "r1", "--frame", str(last - 1)).code == 0
    return folder


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    """A copy that may be altered."""
    shutil.copytree(original, tmp_path / "copy")
    return tmp_path / "copy"


def alter(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(database(folder), isolation_level=None)) as db:
        for statement in statements:
            assert db.execute(statement).rowcount > 0, statement


def test_a_run_that_nobody_altered_matches(original: Path) -> None:
    for run_id in ("r1", "r1-fork"):
        said = smithers(original, "verify", run_id)
        assert said.code == 0, said.out
        assert "✓ all that was checked matches" in said.out
        assert "a receipt that is kept elsewhere" in said.out
    checked = smithers(original, "verify", "r1", "--json").document["checked"]
    assert {"questions", "answers", "digests of outputs", "sources"} <= set(checked)
    assert checked["questions"] == checked["answers"] == 3
    inherited = smithers(original, "verify", "r1-fork", "--json").document["checked"]
    assert inherited["inherited frames"] > 5


ALTERED: dict[str, tuple[str, str, str | None]] = {
    "the text of a question": (
        "UPDATE waits SET asked = 'Ship it?' WHERE run_id = 'r1' AND node = 'ship' AND answer"
        " LIKE '%good%'",
        "waits",
        "ship",
    ),
    "the text of a question with its digest": (
        "UPDATE waits SET asked = 'x', digest ="
        " '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881'"
        " WHERE run_id = 'r1' AND node = 'ship' AND answer LIKE '%good%'",
        "waits",
        "ship",
    ),
    "a denial that becomes an approval": (
        "UPDATE waits SET answer = replace(answer, '\"approved\": false', '\"approved\": true')"
        " WHERE run_id = 'r1' AND answer LIKE '%shorter%'",
        "waits",
        "ship",
    ),
    "an answer, by one digit": (
        "UPDATE waits SET answer = replace(answer, '\"pages\": 7', '\"pages\": 8')"
        " WHERE run_id = 'r1' AND node = 'pages'",
        "waits",
        "pages",
    ),
    "the answer that was sent": (
        "UPDATE inbox SET body = replace(body, 'good', 'fine') WHERE body LIKE '%good%'",
        "waits",
        "ship",
    ),
    "the output of an approval": (
        "UPDATE outputs SET json = replace(json, 'good', 'bad') WHERE run_id = 'r1'"
        " AND task = 'ship'",
        "outputs",
        "ship",
    ),
    "a large output": (
        "UPDATE outputs SET json = '\"y' || substr(json, 3) WHERE run_id = 'r1' AND task = 'turn'"
        " AND path = '1'",
        "outputs",
        "turn",
    ),
    "the digest of a large output, by one digit": (
        "UPDATE large_outputs SET digest = CASE substr(digest, 1, 1) WHEN '0' THEN '1' ELSE '0' END"
        " || substr(digest, 2) WHERE run_id = 'r1' AND path = '1'",
        "outputs",
        "turn",
    ),
    "a large output without its digest": (
        "DELETE FROM large_outputs WHERE run_id = 'r1' AND path = '1'",
        "outputs",
        "turn",
    ),
    "an output that no task gave": (
        "INSERT INTO outputs (run_id, task, path, born, json) VALUES ('r1', 'ghost', '', 1, '1')",
        "outputs",
        "ghost",
    ),
    "a source file": (
        "UPDATE sources SET text = replace(text, '7 pages', '8 pages') WHERE path = 'flow.py'",
        "sources",
        None,
    ),
    "a source file with its digest": (
        "UPDATE sources SET text = 'x', digest ="
        " '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881'",
        "sources",
        None,
    ),
    "the path of a source file": ("UPDATE sources SET path = 'other.py'", "sources", None),
    "the source of the run": ("UPDATE runs SET source = 'x' WHERE run_id = 'r1'", "runs", None),
    "a claim that is gone": (
        "DELETE FROM claims WHERE run_id = 'r1'"
        " AND fence = (SELECT max(fence) FROM claims WHERE run_id = 'r1')",
        "frames",
        None,
    ),
    "a frame that is gone": (
        "DELETE FROM frames WHERE run_id = 'r1' AND frame = 1",
        "frames",
        None,
    ),
    "an attempt that is gone": (
        "DELETE FROM attempts WHERE run_id = 'r1' AND task = 'draft' AND attempt = 1",
        "usage",
        None,
    ),
    "an end before the birth": (
        "UPDATE tasks SET ended = -1 WHERE run_id = 'r1' AND task = 'last'",
        "tasks",
        "last",
    ),
    "an answer to no question": (
        "DELETE FROM waits WHERE run_id = 'r1' AND node = 'pages'",
        "inbox",
        "pages",
    ),
}


@pytest.mark.sampled(6)
@pytest.mark.parametrize("what", list(ALTERED))
def test_what_was_altered_is_found_and_named(folder: Path, what: str) -> None:
    statement, table, task = ALTERED[what]
    alter(folder, statement)
    said = smithers(folder, "verify", "r1", "--json")
    assert said.code == 1, said
    found = [(one["table"], one["task"]) for one in said.document["findings"]]
    assert table in [name for name, _ in found]
    assert task is None or (table, task) in found
    assert "not match" in smithers(folder, "verify", "r1").out


def test_a_finding_names_the_iteration_and_the_frame(folder: Path) -> None:
    alter(folder, ALTERED["a large output"][0])
    (one,) = smithers(folder, "verify", "r1", "--json").document["findings"]
    assert (one["table"], one["task"], one["iteration"]) == ("outputs", "turn", [1])
    line = f"✗ outputs turn[1], frame {one['frame']}: its size or its sha256 is another one"
    assert line in smithers(folder, "verify", "r1").out


def test_a_fork_that_differs_from_its_source_is_found(folder: Path) -> None:
    change = (
        "UPDATE attempts SET prompt = 'Write 8 pages.' WHERE run_id = 'r1-fork' AND task = 'draft'"
    )
    alter(folder, change)
    found = smithers(folder, "verify", "r1-fork", "--json").document["findings"]
    assert {(one["table"], one["task"]) for one in found} == {("attempts", "draft")}


def test_a_fork_whose_source_is_gone_is_noted(folder: Path) -> None:
    with closing(sqlite3.connect(database(folder), isolation_level=None)) as db:
        db.execute("DELETE FROM frames WHERE run_id = 'r1'")
        db.execute("DELETE FROM runs WHERE run_id = 'r1'")
    said = smithers(folder, "verify", "r1-fork", "--json")
    assert said.code == 0
    assert "is not there" in said.document["notes"][0]["said"]


def test_a_stream_that_is_missing_is_a_note(folder: Path) -> None:
    shutil.rmtree(database(folder).with_suffix(".runs") / "r1")
    said = smithers(folder, "verify", "r1", "--json")
    assert said.code == 0
    assert {one["said"] for one in said.document["notes"]} == {
        "the stream of attempt 1 is missing",
        "the stream of attempt 2 is missing",
    }


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE outputs SET json = '2' WHERE run_id = 'r1' AND task = 'last'",
        "UPDATE attempts SET prompt = 'Write 8 pages.' WHERE run_id = 'r1' AND attempt = 1",
        "UPDATE usage SET tokens_in = tokens_in + 1 WHERE run_id = 'r1'",
        "UPDATE runs SET input = '{\"a\": 1}' WHERE run_id = 'r1'",
        "UPDATE runs SET file = 'other.py' WHERE run_id = 'r1'",
        "UPDATE frames SET at = '2026-01-01T00:00:00.000000Z' WHERE run_id = 'r1' AND frame = 2",
    ],
)
def test_what_has_no_digest_is_found_with_a_receipt(folder: Path, change: str) -> None:
    digest = smithers(folder, "verify", "r1", "--json").document["digest"]
    assert smithers(folder, "verify", "r1", "--digest", digest).code == 0
    alter(folder, change)
    said = smithers(folder, "verify", "r1", "--digest", digest, "--json")
    assert said.code == 1
    assert "another digest than the receipt" in said.document["findings"][0]["said"]


def test_the_digest_of_a_frame_stays_when_the_run_goes_on(folder: Path) -> None:
    before = smithers(folder, "verify", "r1", "--json").document["digest"]
    assert smithers(folder, "rewind", "r1", "--frame", "3").code == 0
    assert smithers(folder, "verify", "r1").code == 0
    assert smithers(folder, "verify", "r1", "--digest", before).code == 0
    assert smithers(folder, "verify", "r1", "--json").document["digest"] != before


def test_rows_that_cannot_be_read_are_a_finding(folder: Path) -> None:
    alter(folder, "UPDATE waits SET kind = 'magic' WHERE run_id = 'r1' AND node = 'pages'")
    said = smithers(folder, "verify", "r1", "--json")
    assert said.code == 1
    assert any("cannot be read" in one["said"] for one in said.document["findings"])


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE runs SET environment = '[' WHERE run_id = 'r1'",
        "UPDATE runs SET created_at = 'long ago' WHERE run_id = 'r1'",
        "UPDATE runs SET parent = 'r0' WHERE run_id = 'r1'",
        "UPDATE claims SET at = 'long ago' WHERE run_id = 'r1'",
        "UPDATE claims SET fence = 'x' WHERE run_id = 'r1' AND fence = 1",
        "UPDATE frames SET frame = 'x' WHERE run_id = 'r1' AND frame = 1",
        "UPDATE tasks SET born = 'x' WHERE run_id = 'r1' AND task = 'last'",
        "UPDATE usage SET cost_usd = 'x' WHERE run_id = 'r1'",
        "UPDATE waits SET asked = x'ff' WHERE run_id = 'r1' AND node = 'pages'",
    ],
)
def test_a_row_that_no_version_writes_is_a_finding(folder: Path, change: str) -> None:
    alter(folder, change)
    said = smithers(folder, "verify", "r1", "--digest", f"3:{'0' * 64}", "--json")
    assert said.code == 1
    assert any("cannot be read" in one["said"] for one in said.document["findings"])


def test_the_receipt_of_a_run_whose_row_cannot_be_read_says_so(folder: Path) -> None:
    alter(folder, "UPDATE runs SET created_at = 'long ago' WHERE run_id = 'r1'")
    shown = smithers(folder, "receipt", "r1")
    assert (shown.code, "the row of run r1 cannot be read" in shown.err) == (2, True)


def test_a_run_that_ends_before_the_frame_of_its_receipt_is_found(folder: Path) -> None:
    said = smithers(folder, "verify", "r1", "--digest", f"999:{'0' * 64}")
    assert said.code == 1
    assert "the receipt is of frame 999, and the run ends at frame" in said.out


def test_an_answer_that_nobody_has_sent_is_found(folder: Path) -> None:
    alter(folder, "DELETE FROM inbox WHERE run_id = 'r1' AND node = 'pages'")
    (found,) = smithers(folder, "verify", "r1", "--json").document["findings"]
    assert (found["table"], found["task"]) == ("waits", "pages")
    assert "nobody has sent the answer" in found["said"]


@pytest.mark.long
def test_answers_that_a_rewind_and_a_fork_have_copied_match(folder: Path) -> None:
    frames = Hub(database(folder)).timeline("r1").frames
    assert smithers(folder, "rewind", "r1", "--frame", "3").code == 0
    assert smithers(folder, "rewind", "r1", "--frame", str(frames[-1].number)).code == 0
    assert smithers(folder, "fork", "r1", "--run-id", "again").code == 0
    for run in ("r1", "again"):
        said = smithers(folder, "verify", run)
        assert said.code == 0, said.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["r9"], "there is no run 'r9'"),
        (["r1", "--digest", "7"], "is not the digest of a run"),
    ],
)
def test_bad_input_is_refused(original: Path, arguments: list[str], said: str) -> None:
    found = smithers(original, "verify", *arguments)
    assert (found.code, found.out) == (2, "")
    assert said in found.err


def test_a_prompt_is_compared_with_its_fingerprint(folder: Path) -> None:
    digest = hashlib.sha256(b"Write 7 pages.").hexdigest()
    fingerprint = json.dumps({"prompt": digest[:12], "agent": "x"})
    alter(folder, f"UPDATE attempts SET fingerprint = '{fingerprint}' WHERE task = 'draft'")
    assert smithers(folder, "verify", "r1").code == 0
    alter(folder, "UPDATE attempts SET prompt = replace(prompt, '7', '8') WHERE task = 'draft'")
    found = smithers(folder, "verify", "r1", "--json").document["findings"]
    assert {(one["table"], one["task"]) for one in found} == {("attempts", "draft")}
