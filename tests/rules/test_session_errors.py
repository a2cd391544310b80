"""DESIGN 3: whose session a task may take up is checked before an agent is paid."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from smithers import (
    Approval,
    Branch,
    Context,
    ForEach,
    Loop,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    Task,
    workflow,
)
from smithers.errors import AuthorError
from tests.rules.agents import Recalling
from tests.rules.runs import Run

Make = Callable[[Context[NoInput]], Node[Any]]


def refused(make: Make) -> str:
    """The error that the workflow is refused with, at a line of this file, before any frame."""

    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        return make(ctx)

    run = Run(flow)
    with pytest.raises(AuthorError) as caught:
        run.go()
    assert not run.watch.frames
    assert caught.value.place is not None
    assert caught.value.place.file == __file__
    return str(caught.value)


def finishes(make: Make) -> Run:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        return make(ctx)

    run = Run(flow)
    assert run.go().status == "finished"
    return run


def task(id: str, agent: Any = None, **options: Any) -> Task[str]:
    return Task(id, agent=agent or AGENT, prompt=id, **options)


AGENT = Recalling()


def test_a_task_may_not_both_continue_and_fork() -> None:
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        read = task("read")
        return Sequence(read, task("fix", continues=read, forks=read))

    assert "task 'fix' has both continues= and forks=" in refused(flow)


@pytest.mark.parametrize("by_id", [False, True])
@pytest.mark.parametrize(
    "other",
    [
        lambda: Step("x", lambda: 1),
        lambda: Approval("x", ask="?"),
        lambda: Loop(task("y"), until=lambda: True, max_iterations=1, id="x"),
    ],
    ids=["step", "approval", "loop"],
)
def test_only_a_task_of_an_agent_has_a_session(other: Callable[[], Node], by_id: bool) -> None:
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        node = other()
        given: Any = "x" if by_id else node
        return Sequence(node, task("fix", continues=given))

    assert re.search("task 'fix' continues .*'x', which .*has no agent session", refused(flow))


def test_a_task_may_not_continue_itself() -> None:
    assert "task 'fix' continues itself" in refused(lambda ctx: task("fix", continues="fix"))


def test_the_other_task_must_stand_in_the_tree() -> None:
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        return Sequence(task("first"), task("fix", forks=task("read")))

    said = refused(flow)
    assert "task 'fix' forks 'read', which is not part of the workflow tree" in said
    assert "the ids are: first, fix" in said


def test_tasks_may_not_continue_each_other_in_a_circle() -> None:
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        return Parallel(task("a", continues="b"), task("b", forks="a"))

    said = refused(flow)
    assert "continues 'b'" in said
    assert "forks 'a'" in said


def test_a_task_may_not_continue_one_that_stands_behind_it() -> None:
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        return Sequence(task("fix", continues="read"), task("read"))

    said = refused(flow)
    assert "continues 'read'" in said
    assert "comes after 'fix'" in said


def test_a_circle_that_only_shows_when_it_runs_names_what_is_continued() -> None:
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        read = Task("read", agent=AGENT, prompt=lambda: ctx[fix])
        fix: Task[str] = task("fix", continues=read)
        return Parallel(fix, read)

    @workflow
    def ring(ctx: Context[NoInput]) -> Node[Any]:
        return flow(ctx)

    run = Run(ring)
    with pytest.raises(AuthorError, match=r"fix at .* continues read"):
        run.go()


# -- agents


@pytest.mark.parametrize("forks", [False, True])
def test_every_agent_that_may_hold_the_session_must_be_able_to_take_it_up(forks: bool) -> None:
    first = Recalling(name="first")
    unable = Recalling(name="unable", resumes=forks, forks=not forks)

    def flow(ctx: Context[NoInput]) -> Node[Any]:
        read = task("read", [first, unable])
        kind: dict[str, Any] = {"forks" if forks else "continues": read}
        return Sequence(read, task("fix", [first, unable], **kind))

    said = refused(flow)
    how = "forks 'read', but agent unable cannot copy a session"
    if not forks:
        how = "continues 'read', but agent unable cannot continue a session"
    assert how in said
    assert not first.asks


def test_every_agent_that_may_hold_the_session_must_be_in_the_array() -> None:
    a, b, c = (Recalling(name=name) for name in "abc")

    def flow(ctx: Context[NoInput]) -> Node[Any]:
        read = task("read", [a, b])
        return Sequence(read, task("fix", [c, a], continues=read))

    said = refused(flow)
    assert "whose session may belong to b, which is not one of its agents: c, a" in said
    assert "give 'fix' every agent of 'read'" in said


def test_the_folder_must_be_the_same_where_the_agent_needs_that() -> None:
    stays = Recalling(same_folder=True)

    def flow(second: str, **kind: Any) -> Make:
        return lambda ctx: Sequence(
            task("read", stays, cwd="sub"), task("fix", stays, cwd=second, **kind)
        )

    said = refused(flow("other", continues="read"))
    assert (
        "with cwd 'other' instead of 'sub', and agent agent can continue a session only in" in said
    )
    finishes(flow("./sub/", continues="read"))
    finishes(flow("other", forks="read"))
    finishes(lambda ctx: Sequence(task("read"), task("fix", cwd="other", continues="read")))


# -- at the same time


def both(first: dict[str, Any], second: dict[str, Any]) -> Make:
    return lambda ctx: Sequence(task("read"), Parallel(task("a", **first), task("b", **second)))


READ: dict[str, Any] = {"continues": "read"}


@pytest.mark.parametrize("first", [{"continues": "read"}, {"forks": "read"}])
def test_two_tasks_may_not_be_at_work_in_one_session_at_the_same_time(
    first: dict[str, Any],
) -> None:
    said = refused(both(first, READ))
    assert "task 'b' continues 'read' while 'a', defined at" in said
    assert "may be using the same session" in said
    assert "use forks= on both" in said
    refused(both(READ, first))


def test_neither_may_two_that_go_on_from_different_tasks_of_one_session() -> None:
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        second = task("second", continues="read")
        beside = Sequence(Step("x", lambda: 1), task("b", continues="second"))
        return Sequence(task("read"), second, Parallel(task("a", continues="read"), beside))

    assert "'b' continues 'second' while 'a'" in refused(flow)


def test_the_items_of_a_fan_out_may_not_either_unless_they_come_one_by_one() -> None:
    def items(limit: int | None, keys: list[str]) -> Make:
        return lambda ctx: Sequence(
            task("read"),
            ForEach(keys, key=str, each=lambda name: task(name, continues="read"), limit=limit),
        )

    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        return items(None, ["k1", "k2"])(ctx)

    run = Run(flow)
    assert run.go().status == "failed"
    assert [str(key) for key in run.state.tries] == ["read"]
    finishes(items(1, ["k1", "k2"]))
    finishes(items(None, ["k1"]))


def in_turn(ctx: Context[NoInput]) -> Node[Any]:
    return Sequence(task("read"), task("a", continues="read"), task("b", continues="read"))


def in_arms(ctx: Context[NoInput]) -> Node[Any]:
    arms = Branch(lambda: True, task("a", continues="read"), task("b", continues="read"))
    return Sequence(task("read"), arms)


def in_a_loop(ctx: Context[NoInput]) -> Node[Any]:
    body = [task("a", continues="read"), task("b", forks="read")]
    return Sequence(task("read"), Loop(*body, until=lambda: True, max_iterations=2))


def one_by_one(ctx: Context[NoInput]) -> Node[Any]:
    both = Parallel(task("a", continues="read"), task("b", continues="read"), limit=1)
    return Sequence(task("read"), both)


def one_continues_the_other(ctx: Context[NoInput]) -> Node[Any]:
    return Parallel(task("b", continues="a"), task("a", continues="read"), task("read"))


def one_needs_the_other(ctx: Context[NoInput]) -> Node[Any]:
    inner = Sequence(Step("x", lambda: 1), task("a", continues="read"), task("c"))
    later = Sequence(Step("y", lambda: 1, needs=["c"]), task("b", continues="read"))
    return Parallel(task("read"), inner, later)


def stands_after_what_needs_the_other(ctx: Context[NoInput]) -> Node[Any]:
    first = Sequence(Step("x", lambda: 1), Step("y", lambda: 1, needs=["a"]))
    return Parallel(
        Sequence(task("read"), task("a", continues="read")),
        Sequence(first, task("b", continues="read")),
    )


def apart(ctx: Context[NoInput]) -> Node[Any]:
    """Two sessions, and copies of one that somebody goes on with later."""
    sides = [Sequence(task(f"read {n}"), task(f"a {n}", continues=f"read {n}")) for n in (1, 2)]
    copies = Parallel(*(task(f"copy {n}", forks="a 1") for n in (1, 2)))
    return Sequence(Parallel(*sides), copies, task("b", continues="a 1"))


@pytest.mark.parametrize(
    "flow",
    [
        *(in_turn, in_arms, in_a_loop, one_by_one, one_continues_the_other, one_needs_the_other),
        *(stands_after_what_needs_the_other, apart),
    ],
)
def test_one_after_the_other_they_may(flow: Make) -> None:
    finishes(flow)


def test_a_task_that_a_later_render_adds_is_looked_at_then() -> None:
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        more = ctx.get("read", str) is not None
        late = task("late", continues="read") if more else None
        return Sequence(task("read"), Parallel(task("a", continues="read"), late))

    @workflow
    def grows(ctx: Context[NoInput]) -> Node[Any]:
        return flow(ctx)

    run = Run(grows)
    status = run.go()
    assert status.status == "failed"
    assert status.error is not None
    assert "may be using the same session" in status.error.message
