"""DESIGN 4, Render scopes: what is the same stays, and what is different holds from now on."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from pydantic import BaseModel

import smithers
from smithers import (
    Approval,
    Branch,
    Budget,
    Command,
    Context,
    Flow,
    ForEach,
    HumanTask,
    Loop,
    Node,
    NoInput,
    Parallel,
    Rework,
    Sequence,
    Step,
    Task,
    Timer,
    Try,
    workflow,
)
from smithers.changes import AttemptStarted
from smithers.engine.comparing_nodes import compare
from smithers.engine.mount import mount
from smithers.engine.plan import Plan
from smithers.kinds import Instance
from smithers.tree import Retry
from tests.rules.agents import Scripted
from tests.rules.runs import Run


class Turns:
    """Steps that end in the order that a test says: each once `let` has named it."""

    def __init__(self, *order: str) -> None:
        self.order = list(order)
        self.log: list[str] = []

    def step(self, id: str, after: str = "") -> Step[str]:
        """It ends in its turn, and after something else that the log tells."""

        async def work() -> str:
            self.log.append(id)
            while self._waits(id) or (after and after not in self.log):  # noqa: ASYNC110  # a log
                await asyncio.sleep(0)
            if id in self.order:
                self.order.remove(id)
            self.log.append(f"{id}.")
            return id

        return Step(id, work)

    def _waits(self, id: str) -> bool:
        return id in self.order and self.order[0] != id


def go(make: Callable[[Context[NoInput]], Node[Any]], **options: Any) -> Run:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        return make(ctx)

    run = Run(flow, **options)
    assert run.go().status == "finished", run.state.status.error
    return run


def started_with(run: Run, id: str) -> set[str]:
    """What starts in the frame in which this one does."""
    for frame in run.watch.frames:
        starts = {one.key.id for one in frame.changes if isinstance(one, AttemptStarted)}
        if id in starts:
            return starts
    return set()


def test_a_limit_that_a_render_raises_holds_at_once() -> None:
    turns = Turns("x", "y1", "y0")

    def make(ctx: Context[NoInput]) -> Node[Any]:
        x = turns.step("x")
        steps = [turns.step(f"y{number}") for number in range(3)]
        return Parallel(x, Parallel(*steps, limit=1 if ctx.get(x) is None else 3))

    run = go(make)
    assert turns.log.index("y1") < turns.log.index("y0.")
    assert started_with(run, "y1") == {"y1", "y2"}


def test_a_limit_that_a_render_lowers_holds_for_what_starts_after_it() -> None:
    turns = Turns("x", "y0", "y1", "y2")

    def make(ctx: Context[NoInput]) -> Node[Any]:
        x = turns.step("x")
        steps = [turns.step(f"y{number}") for number in range(4)]
        return Parallel(x, Parallel(*steps, limit=3 if ctx.get(x) is None else 1))

    go(make)
    assert turns.log.index("y3") > turns.log.index("y2.")


def test_a_group_that_grows_while_its_successor_runs_keeps_the_order() -> None:
    turns = Turns()

    def make(ctx: Context[NoInput]) -> Node[Any]:
        x = turns.step("x", after="c")
        b = [turns.step("b")] if ctx.get(x) is not None else []
        c = turns.step("c", after="x.")
        row = Sequence(Parallel(turns.step("a"), *b), c, turns.step("d"))
        return Parallel(x, row)

    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        return make(ctx)

    run = Run(flow)
    status = run.go()
    if status.status == "failed":  # what has finished does not grow
        assert status.error is not None
        assert "which has finished" in status.error.message
        assert "d" not in turns.log
    else:
        assert turns.log.index("d") > turns.log.index("b.")


def test_a_loop_whose_body_grows_in_a_later_iteration_goes_on_there() -> None:
    turns = Turns("x")
    runs: list[str] = []

    def make(ctx: Context[NoInput]) -> Node[Any]:
        x = turns.step("x")

        async def work() -> int:
            runs.append("a")
            while len(runs) > 1 and "x." not in turns.log:  # noqa: ASYNC110  # its turn is what it waits for
                await asyncio.sleep(0)
            return len(runs)

        a = Step("a", work)
        b = [turns.step("b")] if ctx.get(x) is not None else []
        loop = Loop(a, *b, until=lambda: ctx[a] >= 2, max_iterations=4, id="again")
        return Parallel(Sequence(turns.step("first"), x), loop)

    run = go(make)
    assert runs == ["a", "a"]
    assert run.state.run_status == "finished"


def test_a_step_that_waits_is_called_for_what_it_reads_now() -> None:
    turns = Turns("x", "y")

    def make(ctx: Context[NoInput]) -> Node[Any]:
        x, y = turns.step("x"), turns.step("y")
        read = ctx.get(x)
        t = Step("t", (lambda: ctx[y]) if read is None else (lambda: ctx[x]))
        return Parallel(x, y, t)

    run = go(make)
    assert run.output("t") == '"x"'


def test_a_step_in_a_thread_reads_no_tree_that_is_half_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turns, calls = Turns(), list[str]()
    torn, reads = threading.Event(), threading.Event()
    remove = Plan._remove  # pyright: ignore[reportPrivateUsage]  # where a part is missing

    def remove_slowly(plan: Plan, old: Instance) -> None:
        remove(plan, old)
        torn.set()
        reads.wait(20)
        time.sleep(0.05)  # it reads meanwhile, or waits until the part is there again

    monkeypatch.setattr(Plan, "_remove", remove_slowly)

    def make(ctx: Context[NoInput]) -> Node[Any]:
        x, z = turns.step("x", after="y"), turns.step("z")

        def read() -> str:
            calls.append("y")
            turns.log.append("y")
            torn.wait(20)
            reads.set()
            value = ctx[z]
            turns.log.append("y.")
            return value

        how: Literal["fail", "continue"] = "fail" if ctx.get(x) is None else "continue"
        row = Sequence(z, turns.step("v", after="y."), on_failure=how)
        return Parallel(x, Sequence(turns.step("w", after="z."), Step("y", read)), row)

    run = go(make)
    assert torn.is_set(), "a part was replaced"
    assert run.output("y") == '"z"'
    assert calls == ["y"], "it was not called again"


def test_a_running_task_goes_on_in_the_container_to_which_it_is_moved() -> None:
    turns = Turns("x", "y")

    def make(ctx: Context[NoInput]) -> Node[Any]:
        x, y = turns.step("x"), turns.step("y")
        if ctx.get(x) is None:
            return Parallel(x, Sequence(y, id="here"), Sequence(turns.step("z"), id="there"))
        return Parallel(x, Sequence(id="here"), Sequence(turns.step("z"), y, id="there"))

    run = go(make)
    assert turns.log.count("y") == 1
    assert run.outcome("y") == "finished"


def test_a_task_that_is_wrapped_while_it_runs_is_not_repeated() -> None:
    turns = Turns("x", "y")

    def make(ctx: Context[NoInput]) -> Node[Any]:
        x, y, z = turns.step("x"), turns.step("y"), turns.step("z")
        return Parallel(x, y if ctx.get(x) is None else Sequence(y, z))

    go(make)
    assert turns.log.count("y") == 1
    assert turns.log.index("z") > turns.log.index("y.")


def a_step(a: Node[int]) -> tuple[Node[Any], Node[Any]]:
    return a, a


def a_sequence(a: Node[int]) -> tuple[Node[Any], Node[Any]]:
    both = Sequence(a, result=a, id="all")
    return both, both


def a_result(a: Node[int]) -> tuple[Node[Any], Node[Any]]:
    both = Parallel(a, result=lambda: 1, id="all")
    return both, both


def a_fan_out(a: Node[int]) -> tuple[Node[Any], Node[Any]]:
    fan = ForEach(["x", "y"], key=str, each=lambda item: Step(f"a {item}", lambda: item), id="all")
    return fan, fan


def an_arm(a: Node[int]) -> tuple[Node[Any], Node[Any]]:
    branch = Branch(lambda: True, a, result=a, id="all")
    return branch, branch


def a_try(a: Node[int]) -> tuple[Node[Any], Node[Any]]:
    attempt = Try(a, catch=Step("catch", lambda: 1), result=a, id="all")
    return Sequence(attempt, Step("b", lambda: 1)), attempt


def a_flow(a: Node[int]) -> tuple[Node[Any], Node[Any]]:
    async def body(run: smithers.Run[None]) -> int:
        return await run.node(a)

    flow = Flow("all", body)
    return flow, flow


def a_step_of_a_loop(a: Node[int]) -> tuple[Node[Any], Node[Any]]:
    return Loop(a, until=lambda: True, max_iterations=2, id="all"), a


@pytest.mark.parametrize(
    "shape", [a_step, a_sequence, a_result, a_fan_out, an_arm, a_try, a_flow, a_step_of_a_loop]
)
def test_what_was_added_by_what_ended_stays_when_something_comes_before_that(
    shape: Callable[[Node[int]], tuple[Node[Any], Node[Any]]],
) -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        (first, read), other = shape(Step("a", lambda: 1)), Approval("other", ask="?")
        made = Approval("made", ask="?") if ctx.get(read) is not None else None
        before = Approval("before", ask="?") if ctx.get(other) is not None else None
        return Parallel(other, Sequence(before, first, Approval("then", ask="?")), made, id="flow")

    run = Run(flow)
    for question in ("other", "made", "before", "then"):  # another owner takes each answer
        assert run.go().status == "waiting"
        run.answer(question)
    assert run.go().status == "finished"
    assert run.outcome("made") == "finished"
    assert len(run.state.attempts) == len({each.key for each in run.state.attempts.values()})


def test_a_container_that_ends_after_something_came_before_it_is_rendered_at_once() -> None:
    turns = Turns("x", "y", "more", "gate")

    def make(ctx: Context[NoInput]) -> Node[Any]:
        x, y = turns.step("x"), turns.step("y", after="gate")
        rest = Sequence(y, result=y, id="rest")
        gate = turns.step("gate") if ctx.get(x) is not None else None
        more = turns.step("more") if ctx.get(rest) is not None else None
        return Parallel(x, Sequence(gate, rest), more)

    go(make)
    assert turns.log.index("more") < turns.log.index("gate.")


def test_a_task_that_ends_after_something_came_before_it_is_rendered_at_once() -> None:
    turns = Turns("x", "y", "more", "gate")

    def make(ctx: Context[NoInput]) -> Node[Any]:
        x, y = turns.step("x"), turns.step("y", after="gate")
        gate = turns.step("gate") if ctx.get(x) is not None else None
        more = turns.step("more") if ctx.get(y) is not None else None
        return Parallel(x, Sequence(gate, y), more)

    go(make)
    assert turns.log.index("more") < turns.log.index("gate.")


def test_a_render_that_took_a_task_out_sees_that_it_was_cancelled() -> None:
    turns = Turns("x")

    def make(ctx: Context[NoInput]) -> Node[Any]:
        x, y = turns.step("x"), turns.step("y", after="never")
        is_there = ctx.get(x) is None
        after = turns.step("after") if ctx.state(y) == "cancelled" else None
        return Parallel(x, y if is_there else None, after, turns.step("z", after="after"))

    assert go(make).outcome("after") == "finished"


@pytest.mark.parametrize("made", ["items", "then"])
def test_what_a_structure_adds_to_a_choice_that_was_made_stays_out_for_another_owner_too(
    made: str,
) -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        other = Approval("other", ask="?")
        is_there = ctx.get(other) is not None
        items = ["a", "b"] if is_there else ["a"]
        late = Step("late", lambda: 1)
        fan = ForEach(items, key=str, each=lambda item: Step(item, lambda: item), id="fan")
        row = Sequence(Step("c", lambda: 1), then=lambda: late if is_there else None, id="row")
        chosen = fan if made == "items" else row
        return Parallel(other, Sequence(chosen, Approval("end", ask="?")), id="all")

    run = Run(flow)
    for question in ("other", "end"):
        assert run.go().status == "waiting"
        run.answer(question)
    assert run.go().status == "finished"
    assert {"b", "late"}.isdisjoint({key.id for key in run.state.ended})


def test_a_container_that_was_put_off_has_no_output_for_a_new_owner() -> None:
    def make(*before: Node[Any]) -> Callable[[Context[NoInput]], Node[Any]]:
        def flow(ctx: Context[NoInput]) -> Node[Any]:
            a, b = Step("a", lambda: 1), Approval("b", ask="?")
            both = Sequence(a, b, result=a, id="both")
            more = None if ctx.get(both) is None else Step("more", lambda: 2)
            return Parallel(Sequence(*before, both), more)

        return flow

    run = Run(workflow(input=NoInput, name="flow")(make()))
    assert run.go().status == "waiting"
    run.workflow = workflow(input=NoInput, name="flow")(make(Approval("gate", ask="?")))
    run.edited = True
    for question in ("gate", "b"):
        assert run.go().status == "waiting"
        assert run.outcome("more") is None
        run.answer(question)
    assert run.go().status == "finished"
    assert run.outcome("more") == "finished"


def test_a_task_of_a_loop_that_is_under_way_has_no_output_for_a_new_owner() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        a = Step("a", lambda: 1)
        question = Approval("go on", ask="Again?")
        again = Loop(
            a, question, until=lambda: False, max_iterations=2, on_exhausted="finish", id="again"
        )
        more = [] if ctx.get(a) is None else [Step("more", lambda: 2)]
        return Parallel(again, *more)

    run = Run(flow)
    for number in range(2):  # each answer is taken by another owner
        assert run.go().status == "waiting"
        assert run.outcome("more") is None
        run.answer("go on", path=(number,))
    assert run.go().status == "finished"
    assert run.outcome("more") == "finished"


def test_two_nodes_of_one_id_in_a_later_render_fail_the_run() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        x = Step("x", lambda: 1)
        more = [] if ctx.get(x) is None else [Step("y", lambda: 2), Step("y", lambda: 3)]
        return Sequence(x, *more)

    run = Run(flow)
    status = run.go()
    assert status.status == "failed"
    assert status.error is not None
    assert "'y' is used twice" in status.error.message


def test_two_nodes_of_one_id_in_a_later_render_of_an_item_fail_the_run() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        def each(item: int) -> Node[Any]:
            x = Step(f"x{item}", lambda: 1)
            return Sequence(x, None if ctx.get(x) is None else Step("same", lambda: 2))

        return ForEach(lambda: [1, 2], key=str, each=each, id="items", limit=1)

    status = Run(flow).go()
    assert status.status == "failed"
    assert status.error is not None
    assert "'same' is used twice" in status.error.message


def test_a_circle_that_a_later_render_closes_is_found() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        x = Step("x", lambda: 1)
        late = None if ctx.get(x) is None else Step("late", lambda: 2)
        return Parallel(x, Sequence(Step("early", lambda: 3, needs=["late"]), late))

    status = Run(flow).go()
    assert status.status == "failed"
    assert status.error is not None
    assert "wait for each other in a circle" in status.error.message


def test_many_items_that_read_render_alone() -> None:
    rendered: list[int] = []

    def make(ctx: Context[NoInput]) -> Node[Any]:
        def each(item: int) -> Node[Any]:
            rendered.append(item)
            first = Step(f"first {item}", lambda: item)
            second = None if ctx.get(first) is None else Step(f"second {item}", lambda: item)
            return Sequence(first, second)

        return ForEach(lambda: range(9), key=str, each=each, id="items", limit=1)

    from tests.plans import renders_counted

    with renders_counted():
        go(make)
    assert rendered.count(8) == 2, "once at first, and once when it had its first step"


def test_items_that_read_what_also_changes_the_part_around_them_are_planned_with_it() -> None:
    turns = Turns()

    def other_work() -> str:
        turns.log.append("other.")
        return "other"

    def make(ctx: Context[NoInput]) -> Node[Any]:
        first = turns.step("first", after="other.")
        is_known = ctx.get(first) is not None

        def each(item: int) -> Node[Any]:
            more = [Step(f"then {item}", lambda: item)] if ctx.get(first) is not None else []
            return Sequence(*more, Step(f"last {item}", lambda: item, needs=[first]))

        items = ForEach(lambda: range(2), key=str, each=each, id="items")
        other = Step("other", other_work, timeout_s=3.0 if is_known else 2.0)
        return Parallel(first, Parallel(other, items, id="part"))

    run = go(make)
    done = {str(key) for key, ended in run.state.ended.items() if ended.outcome == "finished"}
    assert {"then 0", "last 0", "then 1", "last 1"} <= done


# -- the fields of nodes


class Answer(BaseModel):
    text: str


def one() -> int:
    return 1


def other() -> int:
    return 2


AGENT, SECOND = Scripted("first"), Scripted("second")
Fields = dict[str, tuple[Any, Any]]
NODES: list[tuple[Callable[..., Node[Any]], tuple[Any, ...], Fields]] = [
    (
        Step,
        ("one", one),
        {
            "output": (int, str),
            "retry": (None, Retry(tries=2)),
            "timeout_s": (None, 5),
            "on_failure": ("fail", "continue"),
            "needs": ((), ("other",)),
            "effect": (False, True),
            "pool": (None, "few"),
            "priority": (0, 1),
        },
    ),
    (
        Task,
        ("one",),
        {
            "agent": (AGENT, SECOND),
            "output": (str, Answer),
            "retry": (Retry(), Retry(tries=2)),
            "timeout_s": (None, 5),
            "idle_s": (300, 5),
            "on_failure": ("fail", Rework("other")),
            "skip_if": (None, lambda: True),
            "needs": ((), ("other",)),
            "continues": (None, "other"),
            "cwd": (None, "site"),
            "budget": (None, Budget(calls=1)),
            "pool": (None, "few"),
            "priority": (0, 1),
        },
    ),
    (
        Approval,
        ("one",),
        {
            "on_deny": ("fail", "continue"),
            "timeout_s": (None, 5),
            "on_timeout": ("deny", "fail"),
            "allowed_by": ((), ("ann",)),
        },
    ),
    (Sequence, (), {"on_failure": ("fail", "continue"), "budget": (None, Budget(calls=1))}),
    (
        Parallel,
        (),
        {
            "limit": (None, 2),
            "on_failure": ("finish", "cancel"),
            "budget": (None, Budget(calls=1)),
            "result": (None, one),
        },
    ),
]
BASE: dict[Any, dict[str, Any]] = {
    Task: {"agent": AGENT, "prompt": "do it"},
    Approval: {"ask": "Ship?"},
}


def changes() -> Iterator[Any]:
    for make, given, fields in NODES:
        for name, values in fields.items():
            yield pytest.param(make, given, name, values, id=f"{make.__name__}-{name}")


@pytest.mark.parametrize(("make", "given", "name", "values"), list(changes()))
def test_a_node_whose_option_a_render_has_changed_is_another(
    make: Callable[..., Node[Any]], given: tuple[Any, ...], name: str, values: tuple[Any, Any]
) -> None:
    def tree(value: object) -> Node[Any]:
        inside = [Step("inside", one)] if not given else []
        node = make(*given, *inside, **{**BASE.get(make, {}), name: value})
        return Sequence(node, Step("after", one))

    before, after = values
    mounted = mount(tree(before))
    assert not compare(mounted, tree(before)).replaced
    assert compare(mounted, tree(after)).replaced, "from the first to the second"
    mounted = mount(tree(after))
    assert not compare(mounted, tree(after)).replaced
    assert compare(mounted, tree(before)).replaced, "and back"


def test_an_option_that_is_given_and_another_that_is_left_out_are_noticed() -> None:
    mounted = mount(Step("one", one, timeout_s=5))
    assert compare(mounted, Step("one", one, pool=None, needs=())).replaced
    assert compare(mounted, Step("one", one, on_failure="fail", effect=False)).replaced
    assert not compare(mounted, Step("one", one, timeout_s=5, needs=())).replaced


Way = Literal["step", "prompt", "ask", "test", "until", "items", "result"]
SAME: dict[Way, Callable[[Callable[[], Any]], Node[Any]]] = {
    "step": lambda call: Step("one", call),
    "prompt": lambda call: Task("one", agent=AGENT, prompt=call),
    "ask": lambda call: Approval("one", ask=call),
    "test": lambda call: Branch(call, Step("then", one), id="branch"),
    "until": lambda call: Loop(Step("body", one), until=call, max_iterations=3, id="loop"),
    "items": lambda call: ForEach(call, key=str, each=lambda _: Step("item", one), id="items"),
    "result": lambda call: Sequence(Step("one", one), result=call, id="row"),
}


@pytest.mark.parametrize("way", SAME)
def test_a_node_of_which_another_function_is_called_is_the_same(way: Way) -> None:
    make = SAME[way]
    found = compare(mount(make(lambda: 1)), make(lambda: 2))
    assert not found.replaced
    assert not found.appended


def test_containers_of_all_kinds_stay_with_what_is_inside_them() -> None:
    def make() -> Node[Any]:
        last = Step("last", one)
        return Sequence(
            Try(Step("body", one), catch=Step("caught", one), finally_=Step("always", one)),
            Parallel(Command("echo", ["echo", "hello"]), Timer("soon", seconds=1)),
            HumanTask("ask", ask="What?", output=str),
            last,
            result=last,
        )

    mounted = mount(make())
    found = compare(mounted, make())
    assert not found.replaced
    assert {one for one, _ in found.kept} == set(mounted.walk())
