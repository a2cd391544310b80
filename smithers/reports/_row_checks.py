"""Whether the rows of a run fit together, each check a function of rows alone.

The rows are those of the tables, not what is made of them: a value that no version writes is found
as well.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from smithers import waits
from smithers.changes import Key, held
from smithers.sources import SourceFile, digest_of_files
from smithers.store.rows import path_of
from smithers.texts import object_from
from smithers.views import Finding

__all__ = ["CHECKS", "Checks", "Row", "check_files", "key_of_row"]

Row = Mapping[str, Any]
Tables = Callable[[str], Iterable[Row]]
"""Gives the rows of a run in a table."""

_FRAMES = {
    "statuses": ("born",),
    "tree": ("born", "gone"),
    "tasks": ("born", "ended"),
    "attempts": ("born", "ended"),
    "sessions": ("born",),
    "usage": ("born",),
    "outputs": ("born",),
    "large_outputs": ("born",),
    "choices": ("born", "gone"),
    "reads": ("born", "at"),
    "waits": ("born", "ended"),
    "resets": ("born",),
    "ends": ("born", "gone"),
    "handled": ("born",),
    "budgets": ("born",),
    "messages": ("born", "ended"),
    "signals": ("born", "ended"),
}
"""The columns that name a frame, by table."""


class Checks:
    """What was found so far, and how much was checked."""

    def __init__(self) -> None:
        self.checked: Counter[str] = Counter()
        self.findings: list[Finding] = []
        self.notes: list[Finding] = []

    def wrong(self, table: str, row: Row, said: str, *, column: str = "born") -> None:
        frame: object = row.get(column)
        found = Finding(
            table=table,
            key=key_of_row(row),
            frame=frame if isinstance(frame, int) else None,
            said=said,
        )
        self.findings.append(found)

    def note(self, table: str, row: Row, said: str) -> None:
        frame: object = row.get("born")
        at = frame if isinstance(frame, int) else None
        self.notes.append(Finding(table=table, key=key_of_row(row), frame=at, said=said))


def key_of_row(row: Row) -> Key | None:
    """The node that a row is of, if it is of one."""
    id = next((row[name] for name in ("task", "node", "reader", "id") if row.get(name)), None)
    path = row.get("path", row.get("reader_path")) or ""
    if not isinstance(id, str):
        return None
    try:
        return Key(id, path_of(path))
    except (TypeError, ValueError):
        return Key(id)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _frames(checks: Checks, tables: Tables) -> None:
    """Frames are numbered from 0 without a gap, and never written by an earlier owner."""
    fence = inbox = 0
    for number, row in enumerate(sorted(tables("frames"), key=lambda row: row["frame"])):
        checks.checked["frames"] += 1
        if row["frame"] != number:
            checks.wrong("frames", row, f"frame {number} is missing", column="frame")
            return
        if row["fence"] < fence or row["inbox"] < inbox:
            said = "it was written under an earlier claim, or took fewer notes, than the one before"
            checks.wrong("frames", row, said, column="frame")
        fence, inbox = row["fence"], row["inbox"]


def _references(checks: Checks, tables: Tables) -> None:
    """Rows name only frames and attempts that there are."""
    frames = {row["frame"] for row in tables("frames")}
    serials = {row["serial"] for row in tables("attempts")}
    for table, columns in _FRAMES.items():
        for row in tables(table):
            checks.checked["rows"] += 1
            for column in columns:
                at = row[column]
                if at is not None and at not in frames:
                    checks.wrong(table, row, f"`{column}` names frame {at!r}, which is not there")
            end = row.get("ended", row.get("gone"))
            if isinstance(end, int) and end < row["born"]:
                checks.wrong(table, row, f"it ended in frame {end}, before it was born")
            serial = row.get("serial")
            if serial is not None and serial not in serials:
                checks.wrong(table, row, f"it names attempt {serial!r}, which is not there")


def _outputs(checks: Checks, tables: Tables) -> None:
    """A large output has its size and its sha256; each output is that of a task that finished."""
    large = {_place(row): row for row in tables("large_outputs")}
    ends = {(row["task"], row["path"], row["ended"]) for row in tables("tasks")}
    for row in tables("outputs"):
        checks.checked["outputs"] += 1
        if _place(row) not in ends:
            checks.wrong("outputs", row, "no task ended with it")
        told, given = large.pop(_place(row), None), held(row["json"])
        if isinstance(given, str):
            if told is not None:
                said = f"it has {len(row['json'].encode())} bytes, and not {told['bytes']}"
                checks.wrong("outputs", row, said)
            continue
        checks.checked["digests of outputs"] += 1
        if told is None:
            checks.wrong("outputs", row, "it is large, and its digest is missing")
        elif (given.size, given.digest) != (told["bytes"], told["digest"]):
            checks.wrong("outputs", row, "its size or its sha256 is another one")
    for row in large.values():
        checks.wrong("large_outputs", row, "there is a digest, and no output")


def _place(row: Row) -> tuple[object, ...]:
    return row["task"], row["path"], row["born"]


def _questions(checks: Checks, tables: Tables) -> None:
    """A question has the digest of its text, and an answer that of the question it answers."""
    notes = {
        (row["node"], row["path"], row["opened"]): row["body"]
        for row in tables("inbox")
        if row["kind"] == "answer"
    }
    outputs = {_place(row): row["json"] for row in tables("outputs")}
    inherited = max(
        (run["forked_at"] for run in tables("runs") if run["forked_at"] is not None), default=-1
    )
    asked = set[object]()
    for row in tables("waits"):
        if row["kind"] not in waits.ASKING:
            continue
        asked.add((row["node"], row["path"], row["born"]))
        checks.checked["questions"] += 1
        digest = None if row["asked"] is None else _sha256(row["asked"])
        if row["digest"] != digest:
            checks.wrong("waits", row, "the text of the question is not that of its digest")
        if row["answer"] is not None:
            note = notes.get((row["node"], row["path"], row["born"]))
            is_copied = (row["ended"] or 0) <= max(row["born"], inherited)
            _answer(checks, row, digest, note, is_copied=is_copied)
            if row["kind"] == waits.APPROVAL:
                _decision(checks, row, outputs.get((row["node"], row["path"], row["ended"])))
    for node, path, opened in notes.keys() - asked:
        row = {"node": node, "path": path, "born": opened}
        checks.wrong("inbox", row, "it answers a question that was never asked")


def _answer(
    checks: Checks, row: Row, digest: str | None, note: str | None, *, is_copied: bool
) -> None:
    """What a person answered, as the run took it and as it was sent. One `is_copied` that a fork
    inherits, or that a rewind or a rename has written again: the note is that of the first.
    """
    answer = object_from(row["answer"])
    if answer is None:
        checks.wrong("waits", row, "the answer is not JSON")
        return
    if answer.get("by") is None:  # time was up
        return
    checks.checked["answers"] += 1
    if answer.get("digest") != digest:
        said = "the answer was given to a text of another digest than the question has"
        checks.wrong("waits", row, said)
    if note is None and not is_copied:
        checks.wrong("waits", row, "nobody has sent the answer (`inbox`)")
    if note is not None and object_from(note) != answer:
        checks.wrong("waits", row, "the answer differs from the one that was sent (`inbox`)")


def _decision(checks: Checks, row: Row, output: str | None) -> None:
    """The output of an approval is its answer."""
    answer, given = object_from(row["answer"]) or {}, object_from(output)
    if given is None:
        return
    for name in ("approved", "by", "note"):
        if given.get(name) != answer.get(name):
            checks.wrong("outputs", {**row, "born": row["ended"]}, f"`{name}` is not as answered")


def _prompts(checks: Checks, tables: Tables) -> None:
    """A prompt contains the text of the author's that its fingerprint was made from."""
    for row in tables("attempts"):
        if row["fingerprint"] is None or row["prompt"] is None:
            continue
        parts = object_from(row["fingerprint"])
        if parts is None:
            checks.wrong("attempts", row, "the fingerprint is not JSON")
            continue
        if not isinstance(told := parts.get("prompt"), str) or told == "?":
            continue
        checks.checked["prompts"] += 1
        if not any(digest.startswith(told) for digest in _parts_of(row["prompt"])):
            said = f"the prompt of attempt {row['attempt']} does not have the digest that it had"
            checks.wrong("attempts", row, said)


_MOST_STARTS = 10


def _parts_of(prompt: str) -> Iterator[str]:
    """The digests of the texts of which a prompt may have been made: the author's comes first, and
    what is said of earlier attempts follows after a blank line.
    """
    pieces = prompt.split("\n\n")
    for start in range(min(len(pieces), _MOST_STARTS)):
        digest = hashlib.sha256()
        for number, piece in enumerate(pieces[start:]):
            text = piece if number == 0 else f"\n\n{piece}"
            digest.update(text.encode(errors="surrogatepass"))
            yield digest.hexdigest()


def _claims(checks: Checks, tables: Tables) -> None:
    """Each frame was written under a claim, and the run names the source of the last one. Runs of
    earlier versions have none, and the first frame of a fork is nobody's.
    """
    claims = sorted(tables("claims"), key=lambda row: row["fence"])
    if not claims or any(run["forked_from"] is not None for run in tables("runs")):
        return
    last = claims[-1]
    for run in tables("runs"):
        if last["source"] != run["source"]:
            checks.wrong("runs", {}, "it names another source than its last claim")
        if last["fence"] != run["fence"]:
            checks.wrong("claims", {}, f"claim {run['fence']} of the run is not there")
    for row in tables("frames"):
        if row["fence"] > last["fence"]:
            said = f"it was written under claim {row['fence']}, which is not there"
            checks.wrong("frames", row, said, column="frame")


def check_files(checks: Checks, source: str, files: Sequence[SourceFile]) -> None:
    """Each file has its digest, and all of them that of the source."""
    checks.checked["sources"] += 1
    if not files:
        checks.note("sources", {}, f"the files of the source {source} are not stored")
        return
    for file in files:
        if file.text is None:
            checks.note("sources", {}, f"the text of {file.path} is not stored, only its digest")
        elif hashlib.sha256(file.text.encode()).hexdigest() != file.digest:
            said = f"{file.path} is not the text of its digest"
            checks.findings.append(Finding(table="sources", said=said))
    if digest_of_files(files) != source:
        said = f"the files of the source {source} have another digest together"
        checks.findings.append(Finding(table="sources", said=said))


CHECKS = (_frames, _references, _outputs, _questions, _prompts, _claims)
