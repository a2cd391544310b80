"""Which files of an edit are read, and whose they are: nothing unjudged is executed or taken."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from smithers.engine import syntax
from smithers.engine.gates import Gates
from smithers.engine.loading import Loaded, load_workflow
from smithers.engine.reimporting import load_edited
from smithers.engine.reloading import Hot, Judged, Reloading
from smithers.errors import AuthorError, Refused
from smithers.settings import load_settings
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

    def __init__(self, file: Path, text: str = FLOW, later: str | None = None) -> None:
        self.file, self.owner = file, Owner()
        self.paths = [file]
        file.write_text(text)
        loaded = load_workflow(file)

        async def judge() -> Judged:
            return Judged(source=self.now.digest, paths=tuple(self.paths), gates=NOTHING)

        def load(sources: Sources) -> AbstractContextManager[Loaded]:
            raise AssertionError("no engine takes an edit here")

        settings = load_settings(file.parent, {}, None)
        if later is not None:
            file.write_text(later)
        hot = Hot(loaded=loaded, settings=settings, judge=judge, load=load)
        self.edits = Reloading(hot, self.owner)
        self.look()

    @property
    def now(self) -> Sources:
        return read_sources(self.paths, self.file.parent)

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
    assert "it was saved while code of this run was running" in (watched.edits.question.asked or "")
    assert watched.edits.ready is None


def test_what_the_files_have_before_the_first_look_may_be_of_the_run(tmp_path: Path) -> None:
    """A run may continue as another one just after its code has written the file."""
    watched = Watched(tmp_path / "flow.py", later=FLOW.replace("1", "2"))
    assert watched.edits.question is not None
    assert watched.edits.ready is None


def test_what_the_run_writes_while_another_edit_is_taken_is_of_the_run(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "flow.py")
    first = watched.write(FLOW.replace("1", "2"))
    assert watched.edits.ready == first
    watched.write(FLOW.replace("1", "3"), by_the_run=True)
    watched.edits.taken(first)
    watched.look()
    assert watched.edits.ready is None
    assert watched.edits.question is not None


def test_a_byte_order_mark_hides_no_gate_and_is_no_error(tmp_path: Path) -> None:
    asks = FLOW.replace("    return", "    if 0: Approval('a')\n    return")
    watched = Watched(tmp_path / "flow.py", asks)
    watched.write("\ufeff" + asks, by_the_run=True)
    assert watched.edits.question is not None
    assert "removed or changed" not in (watched.edits.question.asked or "")


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
        with load_edited(file, "flow", sources) as loaded:
            assert loaded.sources == sources
        return
    with (
        pytest.raises(AuthorError, match=r"flow\.py imports other files than a moment ago"),
        load_edited(file, "flow", sources),
    ):
        pass
    assert not touched.exists()


def test_a_package_that_the_run_puts_before_a_module_waits_for_a_person(tmp_path: Path) -> None:
    (tmp_path / "shadowed_words.py").write_text("")
    file = tmp_path / "flow.py"
    watched = Watched(file, f"import shadowed_words\n{FLOW}")
    package = tmp_path / "shadowed_words"
    package.mkdir()
    watched.owner.worked = True
    (package / "__init__.py").write_text("")
    watched.look()
    watched.owner.worked = False
    assert watched.edits.question is not None
    assert "shadowed_words/__init__.py" in watched.edits.question.on
    (package / "__init__.py").unlink()
    watched.look()
    assert watched.edits.question is None


def test_an_edit_of_the_run_that_changes_imports_is_asked_about_once(tmp_path: Path) -> None:
    old, new = tmp_path / "asked_old.py", tmp_path / "asked_new.py"
    old.write_text("")
    watched = Watched(tmp_path / "flow.py", f"import asked_old\n{FLOW}")
    new.write_text("")
    watched.paths = [watched.file, new]
    watched.write(f"import asked_new\n{FLOW}", by_the_run=True)
    question = watched.edits.question
    assert question is not None
    assert {"flow.py", "asked_new.py"} <= {*question.on}
    watched.edits.decided(approved=True, by="ann")
    watched.look()
    assert watched.edits.question is None
    assert watched.edits.ready == watched.now


def test_a_denied_edit_is_not_asked_about_again_until_it_is_another(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "flow.py")
    watched.write(FLOW.replace("1", "2"), by_the_run=True)
    watched.edits.decided(approved=False, by="ann")
    watched.write(FLOW.replace("1", "2"), by_the_run=True)
    assert watched.edits.question is None
    watched.write(FLOW)
    watched.write(FLOW.replace("1", "2"), by_the_run=True)
    assert watched.edits.question is not None


def test_a_load_that_is_refused_leaves_modules_and_texts_as_they_were(tmp_path: Path) -> None:
    file = tmp_path / "kept_flow.py"
    file.write_text(FLOW)
    before = load_workflow(file)
    module = sys.modules["_workflow_kept_flow"]
    file.write_text(FLOW.replace("1", "2"))
    with (
        pytest.raises(Refused),
        load_edited(file, "flow", read_sources([file], tmp_path)),
    ):
        raise Refused("it cannot begin")
    assert sys.modules["_workflow_kept_flow"] is module
    assert syntax._TEXTS[str(file)] == FLOW  # pyright: ignore[reportPrivateUsage]
    assert before.sources.files[0].text == FLOW
