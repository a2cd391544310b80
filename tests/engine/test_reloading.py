"""Which files of an edit are read, and whose they are: nothing unjudged is executed or taken."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from smithers.engine.gates import Gates
from smithers.engine.loading import Loaded, load_workflow
from smithers.engine.reimporting import load_edited
from smithers.engine.reloading import Hot, Judged, Reloading
from smithers.errors import AuthorError
from smithers.sources import Sources, read_sources

FLOW = """
from smithers import Step, workflow

@workflow
def flow(ctx):
    return Step("a", lambda: 1)
"""
NOTHING = Gates({}, {}, frozenset())


class Owner:
    """The engine, as far as the watcher knows it."""

    def __init__(self) -> None:
        self.worked = False
        self.notes: list[str] = []

    def gates(self) -> Gates:
        return NOTHING

    def has_worked(self) -> bool:
        return self.worked

    def note(self, text: str) -> None:
        self.notes.append(text)

    def mask(self, text: str) -> str:
        return text

    def wake(self) -> None: ...


class Watched:
    """A workflow's file, and what watches it."""

    def __init__(self, file: Path) -> None:
        self.file, self.owner = file, Owner()
        file.write_text(FLOW)
        loaded = load_workflow(file)

        async def judge() -> Judged:
            return Judged(source=self.now.digest, paths=(file,), gates=NOTHING)

        def load(sources: Sources) -> Loaded:
            raise AssertionError("no engine takes an edit here")

        self.edits = Reloading(Hot(loaded=loaded, judge=judge, load=load), self.owner)
        self.look()

    @property
    def now(self) -> Sources:
        return read_sources([self.file], self.file.parent)

    def look(self) -> None:
        """As often as a settled edit needs."""
        for _ in range(3):
            asyncio.run(self.edits.look())

    def write(self, text: str, *, by_the_run: bool = False) -> Sources:
        self.owner.worked = by_the_run
        self.file.write_text(text)
        self.look()
        self.owner.worked = False
        return self.now


def test_a_time_that_is_set_back_hides_no_edit_of_a_process_of_the_run(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "flow.py")
    was = watched.file.stat()
    watched.owner.worked = True
    watched.file.write_text(FLOW.replace("1", "2"))
    os.utime(watched.file, ns=(was.st_atime_ns, was.st_mtime_ns))
    watched.look()
    watched.owner.worked = False
    assert watched.edits.question is not None
    assert "may have been written by a process of this run" in (watched.edits.question.asked or "")
    assert watched.edits.ready is None


def test_a_yes_to_one_difference_is_none_to_the_same_text_after_another_edit(
    tmp_path: Path,
) -> None:
    watched = Watched(tmp_path / "flow.py")
    edits = watched.edits
    first = watched.write(FLOW.replace("1", "2"), by_the_run=True)
    edits.decided(approved=True, by="ann")
    watched.look()
    assert edits.ready == first
    edits.taken(first)
    second = watched.write(FLOW.replace("1", "3"))
    assert edits.ready == second
    edits.taken(second)
    assert watched.write(FLOW.replace("1", "2"), by_the_run=True) == first
    assert edits.ready is None
    assert edits.question is not None


def test_a_file_that_is_gone_is_named_in_words(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "flow.py")
    watched.file.unlink()
    watched.look()
    (said,) = watched.owner.notes
    assert said.startswith(f"edit refused: cannot read {watched.file}: No such file or directory;")


@pytest.mark.parametrize("text", ["", "import other_of_reloading\n"])
def test_a_file_that_was_not_judged_is_not_executed(tmp_path: Path, text: str) -> None:
    """What is imported may depend on a secret, which the process that judges does not have."""
    file, touched = tmp_path / "flow.py", tmp_path / "touched"
    file.write_text(FLOW)
    load_workflow(file)
    (tmp_path / "other_of_reloading.py").write_text(f"open({str(touched)!r}, 'w')\n")
    file.write_text(text + FLOW)
    sources = read_sources([file], tmp_path)
    if not text:
        assert load_edited(file, "flow", sources).sources == sources
        return
    with pytest.raises(AuthorError, match=r"flow\.py imports other files than a moment ago"):
        load_edited(file, "flow", sources)
    assert not touched.exists()
