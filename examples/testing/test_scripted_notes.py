"""The workflow in this process, with answers that each test writes: no account, no recording."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import release_notes
from release_notes import Notes, Release, Review

from harnesses import Reply, Scripted
from smithers.agent import Ask, Used
from smithers.errors import Transient
from smithers.hub import Hub


def notes(
    answers: dict[str, object], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Notes, str]:
    """The output of a run in which the agent gives these answers, and the id of the run."""
    monkeypatch.setattr(release_notes, "claude", Scripted(answers))
    release = Release(version="1.1", commits=["fix: sort"])
    done = asyncio.run(Hub(folder / "runs.db").run(release_notes.release_notes, release))
    return done.output, done.run_id


def test_notes_that_are_not_clear_are_not_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unclear = Review(clear=False, remarks="Sorted how?")
    found, _ = notes({"draft": "Sorted.", "review": unclear}, tmp_path, monkeypatch)
    assert found == Notes(text="Sorted.", ready=False)


def test_a_draft_is_tried_again_and_read_by_the_review(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def review(ask: Ask) -> Review:
        return Review(clear="sorted" in ask.prompt, remarks="")

    answers: dict[str, object] = {
        "draft": [Transient("the network is down"), "The list is sorted."],
        "rev*": Reply(answer=review, usage=Used(tokens_in=900, tokens_out=40)),
    }
    found, run = notes(answers, tmp_path, monkeypatch)
    assert found == Notes(text="The list is sorted.", ready=True)
    tasks = {task.line.key.id: task for task in Hub(tmp_path / "runs.db").inspect(run).tasks}
    assert len(tasks["draft"].attempts) == 2
