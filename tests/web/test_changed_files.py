"""The files that have changed while a task was at work, by the repository of the run's folder."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from smithers import Command, Context, Node, NoInput, Sequence, Step, Task, workflow
from smithers.agent import Answered, Ask, Capabilities, Event
from smithers.hub import Hub
from smithers.views import event_words

_WHO = ("-c", "user.name=ann", "-c", "user.email=ann@example.com")


def _git(*words: str) -> str:
    done = subprocess.run(["git", *_WHO, *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@workflow
def edits(ctx: Context[NoInput]) -> Node:
    def edit() -> str:
        Path("a.py").write_text("one\n2\nthree\n")
        Path("new <b>.txt").write_text("x\n")
        Path("gone.txt").unlink()
        Path("data.bin").write_bytes(b"\0\1")
        Path("ignored.log").write_text("x")
        _git("add", "a.py", "gone.txt")
        _git("commit", "-qm", "work")
        time.sleep(0.15)  # the times of files and of tasks are compared, with a slack
        return "done"

    def more() -> str:
        time.sleep(0.15)
        Path("new <b>.txt").write_text("y\n")
        return "done"

    return Sequence(Step("edit", edit, output=str), Step("more", more, output=str))


@pytest.fixture
def repository(hub: Hub) -> Path:
    """A repository with a commit, and a file that was changed before the run."""
    del hub  # which is in the folder
    _git("init", "-q", ".")
    Path(".gitignore").write_text("*.log\napp.*\n")
    Path("a.py").write_text("one\ntwo\nthree\n")
    Path("gone.txt").write_text("here\n")
    Path("other.txt").write_text("old\n")
    _git("add", ".")
    _git("commit", "-qm", "first")
    Path("other.txt").write_text("changed before\n")
    hours_ago = time.time() - 7200
    os.utime("other.txt", (hours_ago, hours_ago))
    time.sleep(1.1)  # the moves of HEAD are kept to the second, and so is what was changed before
    return Path.cwd()


def _files(client: TestClient, task: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/api/v1/runs/r1/tasks/{task}/files").json()
    return found


def test_the_files_of_a_task_are_those_that_changed_meanwhile(
    hub: Hub, client: TestClient, repository: Path
) -> None:
    base = _git("rev-parse", "HEAD")
    asyncio.run(hub.run(edits, run_id="r1"))
    found = _files(client, "edit")
    assert (found["folder"], found["base"], found["note"]) == (str(repository), base, None)
    files = {one["path"]: one for one in found["files"]}
    assert {path: one["change"] for path, one in files.items()} == {
        "a.py": "changed",
        "data.bin": "added",
        "gone.txt": "removed",
    }
    assert files["a.py"]["diff"] == "@@ -1,3 +1,3 @@\n one\n-two\n+2\n three"
    assert files["gone.txt"]["diff"] == "@@ -1 +0,0 @@\n-here"
    assert files["data.bin"]["note"] == "it is not a text"
    assert found["later"] == ["new <b>.txt"]  # the next task has written it again
    later = {one["path"]: one["diff"] for one in _files(client, "more")["files"]}
    assert later == {"new <b>.txt": "@@ -0,0 +1 @@\n+y"}
    assert client.get("/api/v1/runs/r1/tasks/none/files").status_code == 404


def _booby_trap(folder: Path) -> Path:
    """Settings and attributes of a repository that run a program; the file that it would write."""
    script, proof = folder / "evil.sh", folder / "ran"
    script.write_text(f"#!/bin/sh\ntouch '{proof}'\ncat\n")
    script.chmod(0o755)
    settings: tuple[str, ...] = ("diff.external", "core.fsmonitor", "filter.x.clean")
    settings += (
        "filter.x.process",
        "diff.x.textconv",
        "diff.x.command",
        "core.pager",
        "gpg.program",
        "core.hooksPath",
    )
    for name in settings:
        _git("-C", str(folder), "config", name, str(script))
    _git("-C", str(folder), "config", "log.showSignature", "true")
    (folder / ".gitattributes").write_text("* filter=x diff=x\n")
    (folder / ".git/info/attributes").write_text("* filter=x diff=x\n")
    proof.unlink(missing_ok=True)
    return proof


def test_nothing_of_a_repository_is_run(hub: Hub, client: TestClient, repository: Path) -> None:
    asyncio.run(hub.run(edits, run_id="r1"))
    proof = _booby_trap(repository)
    (repository / "a.py").touch()
    assert {one["path"] for one in _files(client, "edit")["files"]} >= {"gone.txt"}
    assert {one["path"] for one in _files(client, "more")["files"]} >= {"new <b>.txt"}
    assert not proof.exists()
    _git("config", "core.worktree", "/")
    assert "is not the top" in _files(client, "edit")["note"]


def test_nothing_outside_of_the_folder_s_repository_is_read(
    hub: Hub, client: TestClient, repository: Path
) -> None:
    secret = repository.with_name(f"{repository.name}-secret")
    secret.mkdir()
    _git("init", "-q", str(secret))
    (repository / "out").symlink_to(secret)
    asyncio.run(hub.run(edits, run_id="r1"))
    # An index may name a file behind a link, whose folder begins as that of the repository does.
    (secret / "key.txt").write_text("secret\n")
    oid = _git("hash-object", "-w", "other.txt")
    _git("update-index", "--add", "--cacheinfo", f"100644,{oid},out/key.txt")
    assert "out/key.txt" not in {one["path"] for one in _files(client, "more")["files"]}
    _git("config", "core.worktree", str(secret))
    found = _files(client, "more")
    assert (found["files"], "is not below" in found["note"]) == ([], True)


def test_what_git_writes_is_bounded(
    hub: Hub, client: TestClient, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(hub.run(edits, run_id="r1"))
    monkeypatch.setattr("smithers.reports._changed_files._OUTPUT_BYTES", 100)
    (repository / ("n" * 200)).touch()
    assert _files(client, "edit")["note"] == "the repository is too large"


def test_files_of_the_database_are_not_of_a_task(
    hub: Hub, client: TestClient, repository: Path
) -> None:
    (repository / ".gitignore").write_text("*.log\n")
    asyncio.run(hub.run(edits, run_id="r1"))
    found = _files(client, "edit")
    paths = {one["path"] for one in found["files"]} | set(found["later"])
    assert "a.py" in paths
    assert not [path for path in paths if path.startswith("app")]


def test_a_folder_without_a_repository_says_so(hub: Hub, client: TestClient) -> None:
    @workflow
    def writes(ctx: Context[NoInput]) -> Node:
        return Sequence(Step("edit", lambda: str(Path("a.py").write_text("x")), output=str))

    asyncio.run(hub.run(writes, run_id="r1"))
    found = _files(client, "edit")
    assert (found["files"], "not in a git repository" in found["note"]) == ([], True)


class _Writes:
    """Writes a file in the folder in which it works."""

    name = "writes"
    can = Capabilities()

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        (ask.cwd / "made.py").write_text("made\n")
        yield Answered("done")


def _inner(path: Path) -> None:
    """Another repository, below that of the run."""
    path.mkdir()
    (path / "old.py").write_text("old\n")
    for words in (("init", "-q", "."), ("add", "."), ("commit", "-qm", "first")):
        _git("-C", str(path), *words)
    time.sleep(1.1)  # the moves of HEAD are kept to the second


def test_the_files_of_a_task_are_those_of_the_folder_in_which_it_ran(
    hub: Hub, client: TestClient, repository: Path
) -> None:
    @workflow
    def apart(ctx: Context[NoInput]) -> Node:
        return Sequence(
            Task("agent", agent=_Writes(), prompt="Write", cwd="inner"),
            Command("command", ["sh", "-c", "echo made >ran.py"], cwd=repository / "inner"),
            Step("step", lambda: str(Path("made.py").write_text("made")), output=str),
        )

    _inner(repository / "inner")
    asyncio.run(hub.run(apart, run_id="r1"))
    for task, name in (("agent", "made.py"), ("command", "ran.py")):
        found = _files(client, task)
        assert found["folder"] == str(repository / "inner")
        assert name in {one["path"] for one in found["files"]}
    assert _files(client, "step")["folder"] == str(repository)
    told = [one.payload for one in hub.logs("r1", "agent")]
    assert told[0]["event"] == "folder"
    assert event_words(told[0]) == f"works in {repository / 'inner'}"


def test_nothing_of_the_repository_of_a_task_is_run(
    hub: Hub, client: TestClient, repository: Path
) -> None:
    @workflow
    def apart(ctx: Context[NoInput]) -> Node:
        return Sequence(Task("agent", agent=_Writes(), prompt="Write", cwd="inner"))

    inner = repository / "inner"
    _inner(inner)
    asyncio.run(hub.run(apart, run_id="r1"))
    proof = _booby_trap(inner)
    assert {one["path"] for one in _files(client, "agent")["files"]} >= {"made.py"}
    assert not proof.exists()
