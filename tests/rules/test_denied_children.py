"""What a person denied in a child run is asked again if the node of its parent is done again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from smithers import Approval, Context, Node, NoInput, Sequence, Step, Subflow, Workflow, workflow
from smithers.changes import Frame, Key, StatusChanged, WaitOpened
from smithers.engine.requesting import requested
from smithers.state import RunState
from smithers.store import Claim, Note
from smithers.tree import Decision
from tests.rules.runs import Died, Run


def whole(log: list[str]) -> Workflow[Any, Any]:
    """A run of a run that does something, and asks whether it is to continue."""

    def noted(name: str) -> str:
        log.append(name)
        return name

    @workflow
    def inner(ctx: Context[NoInput]) -> Node[str]:
        paid = Step("paid", lambda: noted("paid"))
        last = Step("last", lambda: noted("last"))
        return Sequence(paid, Approval("ok", ask="Go?"), last, result=last)

    @workflow
    def outer(ctx: Context[NoInput]) -> Node[str]:
        one = Subflow("one", inner)
        return Sequence(one, Step("end", lambda: noted("end")), result=one)

    return outer


def state_of(run: Run, id: str) -> RunState:
    async def load() -> RunState:
        return RunState.of((await run.store.load(id)).frames)

    return asyncio.run(load())


def decide(run: Run, id: str, *, approved: bool) -> None:
    wait = state_of(run, id).waits[Key("ok"), "approval"]
    body = Decision(approved=approved, by="ann", at=run.now()).model_dump_json()
    note = Note(run_id=id, kind="answer", key=Key("ok"), opened=wait.frame, body=body, at=run.now())
    asyncio.run(run.store.offer(note))


def denied(log: list[str]) -> Run:
    """A run that has failed, since a person denied what its child run asks."""
    run = Run(whole(log))
    assert run.go().status == "waiting"
    decide(run, "r1.one", approved=False)
    assert run.go().status == "failed"
    return run


def retry(run: Run, task: str = "one") -> str:
    before = run.settings
    run.settings = replace(before, again=requested("r1", again=[task], readers=False))
    try:
        return run.go().status
    finally:
        run.settings = before


def test_a_denied_child_run_asks_again_and_does_nothing_twice() -> None:
    log: list[str] = []
    run = denied(log)
    assert run.go().status == "failed", "a resume does not change a denial"
    assert not state_of(run, "r1.one").waits
    assert retry(run) == "waiting"
    decide(run, "r1.one", approved=False)
    assert run.go().status == "failed", "it can be denied again"
    assert run.go().status == "failed", "and that is final until the next retry"
    assert retry(run) == "waiting"
    decide(run, "r1.one", approved=True)
    assert run.go().output == '"last"'
    assert log == ["paid", "last", "end"]


def test_a_denial_further_below_is_asked_again_as_well() -> None:
    log: list[str] = []
    below = whole(log)

    @workflow
    def above(ctx: Context[NoInput]) -> Node[str]:
        return Subflow("top", below)

    run = Run(above)
    assert run.go().status == "waiting"
    decide(run, "r1.top.one", approved=False)
    assert run.go().status == "failed"
    assert retry(run, "top") == "waiting"
    decide(run, "r1.top.one", approved=True)
    assert run.go().status == "finished"
    assert log == ["paid", "last", "end"]


def test_a_denied_child_run_asks_again_after_an_edit() -> None:
    log: list[str] = []
    run = denied(log)
    run.edited = True
    assert retry(run) == "waiting"
    decide(run, "r1.one", approved=True)
    assert run.go().status == "finished"
    assert log == ["paid", "last", "end"]


def _retry_and_die(run: Run, commits: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """The owner dies right after so many frames, of the run and of its child run; whether it did:
    a retry has fewer.
    """
    commit, left = run.store.commit, [commits]

    async def committed(*given: Any, **more: Any) -> Any:
        done = await commit(*given, **more)
        left[0] -= 1
        if not left[0]:
            raise Died
        return done

    with monkeypatch.context() as patched:
        patched.setattr(run.store, "commit", committed)
        try:
            retry(run)
        except Died:
            return True
    return False


@pytest.mark.parametrize(("commits", "dies"), [(1, True), (2, True), (3, True), (4, False)])
def test_an_owner_that_dies_while_it_asks_again_leaves_one_question(
    commits: int, dies: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    log: list[str] = []
    run = denied(log)
    assert _retry_and_die(run, commits, monkeypatch) is dies
    assert run.go().status == "waiting"
    asked = [
        change
        for frame in asyncio.run(run.store.load("r1.one")).frames
        for change in frame.changes
        if isinstance(change, WaitOpened)
    ]
    assert len(asked) == 2, "once before the denial, and once after it"
    decide(run, "r1.one", approved=True)
    assert run.go().output == '"last"'
    assert log == ["paid", "last", "end"]


def test_a_second_denial_is_final_although_its_owner_dies_before_the_parent_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log: list[str] = []
    run = denied(log)
    assert retry(run) == "waiting"
    decide(run, "r1.one", approved=False)
    commit, is_dead = run.store.commit, False

    async def committed(claim: Claim, frame: Frame, *given: Any, **more: Any) -> Any:
        nonlocal is_dead
        if is_dead:  # nothing of the owner is written after its death
            raise Died
        done = await commit(claim, frame, *given, **more)
        found = [one.status for one in frame.changes if isinstance(one, StatusChanged)]
        is_dead = claim.run_id == "r1.one" and found == ["failed"]
        if is_dead:
            raise Died
        return done

    with monkeypatch.context() as patched:
        patched.setattr(run.store, "commit", committed)
        with pytest.raises(Died):
            run.go()
    assert run.go().status == "failed"
    assert not state_of(run, "r1.one").waits


def test_a_second_retry_of_an_open_child_run_that_asks_again_starts_no_other() -> None:
    log: list[str] = []
    run = denied(log)
    assert [retry(run), retry(run)] == ["waiting", "waiting"]
    decide(run, "r1.one", approved=True)
    assert run.go().output == '"last"'
    assert log == ["paid", "last", "end"]
