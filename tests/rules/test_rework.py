"""DESIGN 3.1: a denial, or a failed check, sends back what it names and all that has read it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from smithers import (
    Approval,
    Branch,
    Context,
    ForEach,
    HumanTask,
    Loop,
    Node,
    NoInput,
    Parallel,
    Retry,
    Rework,
    Sequence,
    Step,
    Subflow,
    Task,
    Try,
    Workflow,
    waits,
    workflow,
)
from smithers.changes import CameUp, Frame, Key, Reset
from smithers.errors import AuthorError
from smithers.state import RunState
from tests.rules.agents import Recalling, Scripted
from tests.rules.resuming import crashed, finish, same
from tests.rules.runs import Clock, Run

Make = Callable[[Context[NoInput]], Node[Any]]


def flow_of(make: Make) -> Workflow[NoInput, Any]:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        return make(ctx)

    return flow


def deny_once(run: Run) -> bool:
    """Deny each question with a note, then approve it."""
    asked = [key for key, kind in run.state.waits if kind == "approval"]
    for key in asked:
        again = (key, "rework") in run.state.choices
        run.answer(key.id, path=key.path, approved=again, note=None if again else "shorter")
    return bool(asked)


def reset_in(frame: Frame) -> set[str]:
    return {str(change.key) for change in frame.changes if isinstance(change, Reset)}


def resets(run: Run) -> list[set[str]]:
    """What was reset, by frame."""
    return [found for frame in run.watch.frames if (found := reset_in(frame))]


async def until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110  # the watcher has no event
        await asyncio.sleep(0)


def is_asked(run: Run) -> bool:
    return (Key("ship"), "approval") in RunState.of(run.watch.frames).waits


class Log:
    """Steps that note that they ran."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    def step(self, id: str, read: Callable[[], object] = lambda: None, **options: Any) -> Step[str]:
        def run() -> str:
            read()
            self.ran.append(id)
            return f"{id} {self.ran.count(id)}"

        return Step(id, run, **options)


def test_the_named_task_and_its_readers_run_again_in_one_frame_and_nothing_else() -> None:
    log = Log()

    def make(ctx: Context[NoInput]) -> Node[Any]:
        plan, draft = log.step("plan"), log.step("draft", lambda: ctx[plan])
        review = log.step("review", lambda: ctx[draft])
        lint = log.step("lint", needs=[review])
        ship = Approval("ship", ask=lambda: ctx[draft], on_deny=Rework(draft))
        return Sequence(plan, draft, review, lint, log.step("other"), ship, log.step("after"))

    run = Run(flow_of(make))
    assert finish(run, deny_once) == "finished"
    assert log.ran == [
        *("plan", "draft", "review", "lint", "other"),
        *("draft", "review", "lint", "after"),
    ]
    assert resets(run) == [{"draft", "review", "lint", "ship"}]
    assert run.output("draft") == '"draft 2"'


def test_what_is_done_again_is_told_in_the_order_of_the_document() -> None:
    names = [f"part {number}" for number in range(12)]

    def make(ctx: Context[NoInput]) -> Node[Any]:
        first = Step("zero", lambda: "0")
        rest = [Step(name, lambda: ctx[first]) for name in names]
        ship = Approval("a question", ask=lambda: ctx[first], on_deny=Rework(first))
        return Sequence(first, *rest, ship)

    run = Run(flow_of(make))
    finish(run, deny_once)
    changes = [change for frame in run.watch.frames for change in frame.changes]
    again = [str(change.key) for change in changes if isinstance(change, Reset)]
    assert again == ["zero", *names, "a question"]


def test_what_is_done_again_comes_up_in_the_order_of_the_document() -> None:
    def make(ctx: Context[NoInput]) -> Node[Any]:
        first, second = Step("z", lambda: 1), Step("a", lambda: 1)
        beside = [Sequence(one, Approval(f"{one.id} ok", ask="?")) for one in (first, second)]
        return Parallel(*beside, Approval("ok", ask="?", on_deny=Rework(second, first)))

    run = Run(flow_of(make))
    run.limit(1)
    assert run.go().status == "waiting"
    run.answer("ok", approved=False)
    assert finish(run) == "finished"
    (again,) = [frame for frame in run.watch.frames if reset_in(frame)]
    came_up = [change.key.id for change in again.changes if isinstance(change, CameUp)]
    assert came_up == ["z", "a", "ok"]
    assert run.starts == ["z#1", "a#1", "z#2", "a#2"]


def test_who_is_asked_for_more_than_a_decision_may_send_work_back_as_well() -> None:
    log = Log()

    def make(ctx: Context[NoInput]) -> Node[Any]:
        draft = log.step("draft")
        plan = HumanTask(
            "plan", ask=lambda: f"Which of {ctx[draft]}?", choices=["a", "b"], on_deny=Rework(draft)
        )
        after = Step("after", lambda: f"{ctx[plan]}, {ctx.note(plan)}")
        return Sequence(log.step("other"), draft, plan, after)

    run = Run(flow_of(make))
    assert run.go().status == "waiting"
    run.answer("plan", sent_back=True, note="shorter")
    assert run.go().status == "waiting"
    asked = run.state.waits[Key("plan"), "human"].opened.asked or ""
    assert asked.startswith("Which of draft 2?\n\nRound 2 of 3. ann denied round 1: shorter")
    run.answer("plan", value="b")
    assert run.go().status == "finished"
    assert log.ran == ["other", "draft", "draft"]
    assert resets(run) == [{"draft", "plan"}]
    assert run.output("after") == '"b, shorter"'


def test_a_human_task_that_is_denied_in_its_last_round_fails_for_good() -> None:
    def make(ctx: Context[NoInput]) -> Node[Any]:
        draft = Step("draft", lambda: 1)
        return Sequence(draft, HumanTask("plan", ask="?", on_deny=Rework(draft, max_rounds=2)))

    run = Run(flow_of(make))
    for _ in range(2):
        assert run.go().status == "waiting"
        run.answer("plan", sent_back=True, note="no")
    ended = run.go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert ended.error.message == "plan failed: denied by ann: no (round 2 of 2)"
    assert run.go().status == "failed"


def killed_before_the_reset(make: Make) -> Run:
    """A run whose owner died after a denial was taken, and before anything was reset."""
    run = Run(flow_of(make))
    assert run.go().status == "waiting"
    (key,) = [key for key, kind in run.state.waits if kind == "approval"]
    run.answer(key.id, approved=False, note="shorter")
    run.go_frames(1)
    assert (key, "rework") in run.state.choices
    assert not resets(run)
    return run


def test_what_an_edit_puts_before_a_denied_question_keeps_the_reset_for_later() -> None:
    log = Log()

    def make(ctx: Context[NoInput], *first: Node[Any]) -> Node[Any]:
        draft = log.step("draft")
        ship = Approval("ship", ask="Ship?", on_deny=Rework(draft))
        return Sequence(*first, Sequence(draft, ship))

    run = killed_before_the_reset(make)
    run.workflow, run.edited = flow_of(lambda ctx: make(ctx, log.step("new"))), True
    assert finish(run, deny_once) == "finished"
    assert log.ran == ["draft", "new", "draft"]


def test_an_item_of_a_fan_out_sends_back_what_was_denied_before_a_crash() -> None:
    log = Log()

    def make(ctx: Context[NoInput]) -> Node[Any]:
        first = Step("first", lambda: "a")

        def each(name: str) -> Node[Any]:
            draft = log.step(f"draft {name}")
            ship = Approval(f"ship {name}", ask="Ship?", on_deny=Rework(draft))
            return Sequence(draft, ship if name == "a" else None)

        return Sequence(
            first, ForEach(lambda: ["a", "b"] if ctx[first] else [], key=str, each=each)
        )

    run = killed_before_the_reset(make)
    assert finish(run, deny_once) == "finished"
    assert Counter(log.ran) == {"draft a": 2, "draft b": 1}


def test_who_asks_is_asked_again_if_an_edit_takes_the_rework_away() -> None:
    log = Log()

    def make(ctx: Context[NoInput], *, sends_back: bool = True) -> Node[Any]:
        draft = log.step("draft")
        on_deny: Any = Rework(draft) if sends_back else "fail"
        return Sequence(draft, Approval("ship", ask="Ship?", on_deny=on_deny))

    run = killed_before_the_reset(make)
    run.workflow, run.edited = flow_of(lambda ctx: make(ctx, sends_back=False)), True
    assert run.go().status == "waiting"
    run.answer("ship")
    assert run.go().status == "finished"
    assert log.ran == ["draft"]


def test_iterations_that_are_over_are_done_again_as_far_as_they_have_read_it() -> None:
    """In their order, so that each reads what the one before it has given now."""
    log = Log()

    def make(ctx: Context[NoInput]) -> Node[Any]:
        source = log.step("source")
        count: Step[int] = Step("count", lambda: (ctx.previous(count) or 0) + 1)

        def write() -> list[str]:
            log.ran.append(f"page {ctx[count]}")
            return [*(ctx.previous(page) or []), f"{ctx[source]}, page {ctx[count]}"]

        page: Step[list[str]] = Step("page", write)
        ok = Approval("ok", ask=lambda: f"{ctx[page]}", on_deny=Rework(source))
        loop = Loop(
            count, log.step("other"), page, ok,
            until=lambda: ctx[count] >= 3, max_iterations=5, id="loop", result=page,
        )  # fmt: skip
        return Sequence(source, loop)

    run = Run(flow_of(make))
    for number in range(3):
        assert run.go().status == "waiting"
        run.answer("ok", path=(number,), approved=number < 2, note="no")
    while run.go().status == "waiting":
        ((key, _),) = run.state.waits
        run.answer("ok", path=key.path)
    assert run.state.run_status == "finished"
    again = ["source", "page 1", "page 2", "page 3"]
    assert log.ran == [
        "source", "other", "page 1", "other", "page 2", "other", "page 3", *again
    ]  # fmt: skip
    pages = [f"source 2, page {number}" for number in (1, 2, 3)]
    assert json.loads(run.output("page", 2) or "") == pages
    resets_ = {str(key) for key in resets(run)[0]}
    assert resets_ == {"source", *(f"{id}[{n}]" for id in ("page", "ok") for n in range(3))}


def test_a_branch_and_a_fan_out_in_an_iteration_that_is_over_are_asked_again() -> None:
    log = Log()

    def make(ctx: Context[NoInput]) -> Node[Any]:
        source = log.step("source")
        count: Step[int] = Step("count", lambda: (ctx.previous(count) or 0) + 1)

        def is_new() -> bool:
            return ctx[source] == "source 2"

        def names() -> list[str]:
            return ["a", "b"] if is_new() else ["a"]

        branch = Branch(is_new, log.step("new"), log.step("old"), id="branch")
        each = ForEach(names, key=str, each=lambda name: log.step(f"item {name}"), id="each")
        ok = Approval("ok", ask="ok?", on_deny=Rework(source))
        body = (branch, each, ok, count)
        loop = Loop(*body, until=lambda: ctx[count] >= 2, max_iterations=5, id="loop")
        return Sequence(source, loop)

    run = Run(flow_of(make))
    assert run.go().status == "waiting"
    run.answer("ok", path=(0,))
    assert run.go().status == "waiting"
    run.answer("ok", path=(1,), approved=False, note="no")
    while run.go().status == "waiting":
        ((key, _),) = run.state.waits
        run.answer("ok", path=key.path)
    assert run.state.run_status == "finished"
    turn, again = ["old", "item a"], ["new", "item a", "item b"]
    assert log.ran[:5] == ["source", *turn, *turn]
    assert log.ran[5] == "source"
    assert Counter(log.ran[6:]) == Counter([*again, *again])


def test_agents_continue_their_sessions_with_the_note_as_message() -> None:
    writer, critic = Recalling(), Scripted("fine", name="critic")

    def make(ctx: Context[NoInput]) -> Node[Any]:
        draft = Task("draft", agent=writer, prompt="Write.")
        review = Task("review", agent=critic, prompt=lambda: f"Review {ctx[draft]}")
        ship = Approval("ship", ask="Ship?", on_deny=Rework(draft))
        return Sequence(draft, review, ship)

    run = Run(flow_of(make))
    assert finish(run, deny_once) == "finished"
    assert [one.session for one in run.state.tries[Key("draft")]] == ["agent-1", "agent-1"]
    assert [one.session for one in run.state.tries[Key("review")]] == ["critic-1", "critic-1"]
    assert writer.asks[1].told.startswith("Write.\n\n<sent-back>")
    for told in (writer.asks[1].told, critic.asks[1].told):
        assert "because ship was denied by ann:\n\nshorter\n" in told
    assert "shorter" not in writer.asks[0].told


def test_an_agent_that_resumes_no_sessions_is_told_what_it_did_before() -> None:
    writer = Recalling(resumes=False)

    def make(ctx: Context[NoInput]) -> Node[Any]:
        draft = Task("draft", agent=writer, prompt="Write.")
        return Sequence(draft, Approval("ship", ask="Ship?", on_deny=Rework(draft)))

    run = Run(flow_of(make))
    assert finish(run, deny_once) == "finished"
    assert writer.asks[1].session is None
    assert "This task was done before" in writer.asks[1].prompt
    assert "shorter" in writer.asks[1].prompt


def test_the_agent_that_did_the_work_does_it_again() -> None:
    first, second = Scripted(ValueError("no"), name="first"), Scripted("done", name="second")

    def make(ctx: Context[NoInput]) -> Node[Any]:
        draft = Task("draft", agent=[first, second], prompt="Write.", retry=Retry(tries=1))
        return Sequence(draft, Approval("ship", ask="Ship?", on_deny=Rework(draft)))

    run = Run(flow_of(make))
    assert finish(run, deny_once) == "finished"
    assert [one.agent for one in run.state.tries[Key("draft")]] == ["first", "second", "second"]


def test_denied_in_the_last_round_it_fails_and_a_resume_does_not_ask_again() -> None:
    log = Log()

    def make(ctx: Context[NoInput]) -> Node[Any]:
        draft = log.step("draft")
        return Sequence(draft, Approval("ship", ask="Ship?", on_deny=Rework(draft, max_rounds=3)))

    run = Run(flow_of(make))
    for _ in range(3):
        assert run.go().status == "waiting"
        run.answer("ship", approved=False, note="no")
    assert run.go().status == "failed"
    error = run.state.ended[Key("ship")].error
    assert error is not None
    assert error.message == "denied by ann: no (round 3 of 3)"
    assert log.ran == ["draft"] * 3
    assert run.go().status == "failed"
    assert log.ran == ["draft"] * 3


def test_a_question_that_nobody_answers_in_time_sends_nothing_back() -> None:
    log, clock = Log(), Clock()

    def make(ctx: Context[NoInput]) -> Node[Any]:
        draft = log.step("draft")
        ship = Approval("ship", ask="Ship?", on_deny=Rework(draft), timeout_s=3600)
        return Sequence(draft, ship)

    run = Run(flow_of(make), now=clock, linger_s=1)
    assert run.go().status == "waiting"
    clock.pass_s(timedelta(days=1).total_seconds())
    assert run.go().status == "failed"
    assert log.ran == ["draft"]


def test_the_person_is_asked_again_with_what_has_changed_since() -> None:
    log = Log()

    def make(ctx: Context[NoInput]) -> Node[Any]:
        draft = log.step("draft")
        ask = "Ship this?\n\n  title\n  {}\n  end"
        ship = Approval("ship", ask=lambda: ask.format(ctx[draft]), on_deny=Rework(draft))
        return Sequence(draft, ship)

    run = Run(flow_of(make))

    def asked() -> str:
        return run.state.waits[Key("ship"), "approval"].opened.asked or ""

    run.go()
    first = asked()
    assert first == "Ship this?\n\n  title\n  draft 1\n  end"
    run.answer("ship", approved=False, note="shorter")
    run.go()
    assert asked() == (
        "Ship this?\n\n  title\n  draft 2\n  end\n\n"
        "Round 2 of 3. ann denied round 1: shorter\n"
        "What has changed in the question since:\n"
        "@@ -3,3 +3,3 @@\n   title\n-  draft 1\n+  draft 2\n   end"
    )
    run.answer("ship", approved=False)
    run.go()
    assert "Round 3 of 3. ann denied round 2.\n" in asked()
    assert asked().endswith("\n-  draft 2\n+  draft 3\n   end")


def test_the_note_can_be_read_and_is_that_of_the_last_denial() -> None:
    notes: list[str | None] = []

    def make(ctx: Context[NoInput]) -> Node[Any]:
        def write() -> str:
            notes.append(ctx.note(ship))
            return "x"

        draft = Step("draft", write)
        ship = Approval("ship", ask="Ship?", on_deny=Rework(draft))
        return Sequence(draft, ship)

    run = Run(flow_of(make))
    for note in ("shorter", None):
        assert run.go().status == "waiting"
        run.answer("ship", approved=False, note=note)
    assert run.go().status == "waiting"
    assert notes == [None, "shorter", None]


def test_the_structure_can_read_the_note() -> None:
    log = Log()

    def make(ctx: Context[NoInput]) -> Node[Any]:
        draft = log.step("draft")
        ship = Approval("ship", ask="Ship?", on_deny=Rework(draft))
        extra = log.step("extra") if ctx.note(ship) == "shorter" else None
        return Sequence(draft, extra, ship)

    run = Run(flow_of(make))
    assert finish(run, deny_once) == "finished"
    assert log.ran == ["draft", "draft", "extra"]


def test_a_branch_asks_its_test_again_and_keeps_what_did_not_read() -> None:
    log = Log()

    def make(ctx: Context[NoInput]) -> Node[Any]:
        draft = log.step("draft")
        is_first = Branch(lambda: ctx[draft] == "draft 1", log.step("long"), log.step("short"))
        ship = Approval("ship", ask="Ship?", on_deny=Rework(draft))
        return Sequence(draft, is_first, log.step("other"), ship)

    run = Run(flow_of(make))
    assert finish(run, deny_once) == "finished"
    assert log.ran == ["draft", "long", "other", "draft", "short"]


def test_a_fan_out_over_what_is_done_again_has_other_items_which_all_run() -> None:
    log = Log()

    def make(ctx: Context[NoInput]) -> Node[Any]:
        plan = log.step("plan")

        def items() -> list[str]:
            return ["a", "b"] if ctx[plan] == "plan 1" else ["b", "c"]

        each = ForEach(items, key=str, each=lambda item: log.step(f"do {item}"), id="each")
        report = log.step("report", lambda: ctx[each])
        ship = Approval("ship", ask="Ship?", on_deny=Rework(plan))
        return Sequence(plan, each, report, ship)

    run = Run(flow_of(make))
    assert finish(run, deny_once) == "finished"
    first, again = log.ran[:4], log.ran[4:]
    assert (first[0], {*first[1:3]}, first[3]) == ("plan", {"do a", "do b"}, "report")
    assert (again[0], {*again[1:3]}, again[3:]) == ("plan", {"do b", "do c"}, ["report"])
    assert "do a" not in run.state.nodes


def test_a_loop_is_done_again_from_the_iteration_whose_until_has_read() -> None:
    log = Log()

    def make(ctx: Context[NoInput]) -> Node[Any]:
        goal = log.step("goal")
        work = log.step("work")

        def until() -> bool:
            return ctx[work] == ("work 2" if ctx[goal] == "goal 1" else "work 3")

        loop = Loop(work, until=until, max_iterations=5, id="loop")
        return Sequence(goal, loop, Approval("ship", ask="Ship?", on_deny=Rework(goal)))

    run = Run(flow_of(make))
    assert finish(run, deny_once) == "finished"
    # The first iteration has not read the goal but in its until: its work stays.
    assert log.ran == ["goal", "work", "work", "goal", "work"]


def test_in_a_loop_the_task_of_the_same_iteration_is_meant() -> None:
    log = Log()

    def make(ctx: Context[NoInput]) -> Node[Any]:
        draft = log.step("draft")
        ship = Approval("ship", ask=lambda: ctx[draft], on_deny=Rework(draft))
        return Loop(draft, ship, until=lambda: ctx[draft] == "draft 4", max_iterations=5, id="loop")

    run = Run(flow_of(make))
    assert finish(run, deny_once) == "finished"
    assert log.ran == ["draft"] * 4
    assert resets(run) == [{"draft[0]", "ship[0]"}, {"draft[1]", "ship[1]"}]


def test_of_a_loop_that_contains_only_the_task_the_last_iteration_is_meant() -> None:
    log = Log()

    def make(ctx: Context[NoInput]) -> Node[Any]:
        draft = log.step("draft")
        loop = Loop(
            draft, until=lambda: ctx[draft] != "draft 1", max_iterations=5, result=draft, id="loop"
        )
        return Sequence(loop, Approval("ship", ask=lambda: ctx[loop], on_deny=Rework(draft)))

    run = Run(flow_of(make))
    assert finish(run, deny_once) == "finished"
    assert resets(run) == [{"draft[1]", "ship"}]


def test_a_container_means_all_that_is_below_it() -> None:
    log = Log()

    def make(ctx: Context[NoInput]) -> Node[Any]:
        work = log.step("work")
        body = Loop(log.step("draft"), work, until=lambda: True, max_iterations=2, id="body")
        return Sequence(body, Approval("ship", ask="Ship?", on_deny=Rework(body)))

    run = Run(flow_of(make))
    assert finish(run, deny_once) == "finished"
    assert log.ran == ["draft", "work"] * 2


def test_a_reader_that_runs_is_stopped_and_runs_again() -> None:
    slow = Scripted("<hangs>", "done", name="slow")

    def make(ctx: Context[NoInput]) -> Node[Any]:
        draft = Step("draft", lambda: "x")
        reader = Task("reader", agent=slow, prompt=lambda: f"Read {ctx[draft]}")
        ship = Approval("ship", ask="Ship?", on_deny=Rework(draft))
        return Sequence(draft, Parallel(ship, reader))

    run = Run(flow_of(make))

    async def deny() -> None:
        going = asyncio.create_task(run.drive())
        await until(lambda: bool(slow.asks) and is_asked(run))
        await run.offer_answer("ship", approved=False, note="shorter")
        async with asyncio.timeout(20):
            assert (await going).status.status == "waiting"

    asyncio.run(deny())
    assert [one.state for one in run.state.tries[Key("reader")]] == ["cancelled", "succeeded"]
    assert "shorter" in slow.asks[1].told


def test_a_step_that_has_read_what_is_done_again_gives_no_stale_result() -> None:
    begun, denied = asyncio.Event(), asyncio.Event()
    gave: list[str] = []

    def make(ctx: Context[NoInput]) -> Node[Any]:
        draft = Step("draft", lambda: f"draft {len(gave)}")

        async def read() -> str:
            text = ctx[draft]
            gave.append(text)
            begun.set()
            await denied.wait()
            return text

        ship = Approval("ship", ask="Ship?", on_deny=Rework(draft))
        return Sequence(draft, Parallel(ship, Step("reader", read)))

    run = Run(flow_of(make))

    async def deny() -> None:
        going = asyncio.create_task(run.drive())
        await begun.wait()
        await until(lambda: is_asked(run))
        await run.offer_answer("ship", approved=False)
        await until(lambda: bool(resets(run)))
        denied.set()
        async with asyncio.timeout(20):
            assert (await going).status.status == "waiting"

    asyncio.run(deny())
    assert run.output("reader") == '"draft 1"'
    assert gave == ["draft 0", "draft 1"]


def test_a_failed_check_sends_back_what_it_names_with_its_error() -> None:
    writer = Scripted("bad", "good", name="writer")

    def make(ctx: Context[NoInput]) -> Node[Any]:
        draft = Task("draft", agent=writer, prompt="Write.")

        def check() -> str:
            if ctx[draft] == "bad":
                raise ValueError("line 3 is too long")
            return "ok"

        return Sequence(draft, Step("check", check, on_failure=Rework(draft)), Step("end", str))

    run = Run(flow_of(make))
    assert run.go().status == "finished"
    assert "because check failed:\n\nValueError: line 3 is too long" in writer.asks[1].told
    assert [one.state for one in run.state.tries[Key("check")]] == ["failed", "succeeded"]


def test_a_check_that_fails_in_each_round_fails_with_its_error() -> None:
    log = Log()

    def make(ctx: Context[NoInput]) -> Node[Any]:
        def boom() -> str:
            raise ValueError("no")

        draft = log.step("draft")
        check = Step("check", boom, on_failure=Rework(draft, max_rounds=2), retry=None)
        return Sequence(draft, check)

    run = Run(flow_of(make))
    assert run.go().status == "failed"
    assert log.ran == ["draft", "draft"]
    # A resume gives the check another try; its rounds are spent.
    assert run.go().status == "failed"
    assert log.ran == ["draft", "draft"]


def test_what_handled_the_failure_of_work_that_is_done_again_is_void() -> None:
    log = Log()

    def make(ctx: Context[NoInput]) -> Node[Any]:
        def risky() -> str:
            log.ran.append("risky")
            if log.ran.count("risky") == 1:
                raise ValueError("no")
            return "done"

        work = Step("work", risky)
        tried = Try(work, catch=log.step("plan b"), id="try")
        return Sequence(tried, Approval("ship", ask="Ship?", on_deny=Rework(work)))

    run = Run(flow_of(make))
    assert finish(run, deny_once) == "finished"
    assert log.ran == ["risky", "plan b", "risky"]
    assert run.outcome("plan b") in ("skipped", None)


def test_an_effect_step_that_has_read_is_not_repeated_without_a_person() -> None:
    log = Log()

    def make(ctx: Context[NoInput]) -> Node[Any]:
        draft = log.step("draft")
        post = log.step("post", lambda: ctx[draft], effect=True)
        return Sequence(draft, post, Approval("ship", ask="Ship?", on_deny=Rework(draft)))

    run = Run(flow_of(make))
    assert run.go().status == "waiting"
    run.answer("ship", approved=False)
    assert run.go().status == "waiting"
    assert log.ran == ["draft", "post", "draft"]
    asked = run.state.waits[Key("post"), "repeat"].opened.asked
    assert asked is not None
    assert asked.startswith("Run post again?\nAttempt 1 has succeeded")
    opened = waits.traits("repeat").words.opened
    assert "interrupted" not in waits.words_of(opened, name="post"), "it has succeeded"


def test_nodes_that_the_structure_has_because_of_it_are_done_again() -> None:
    log = Log()

    def make(ctx: Context[NoInput]) -> Node[Any]:
        plan = log.step("plan")
        made = ctx.get(plan)
        work = None if made is None else log.step("work")
        ship = Approval("ship", ask="Ship?", on_deny=Rework(plan))
        return Sequence(plan, work, ship)

    run = Run(flow_of(make))
    assert finish(run, deny_once) == "finished"
    assert log.ran == ["plan", "work", "plan", "work"]


def test_a_denial_is_done_once_whenever_the_owner_dies() -> None:
    def make() -> Workflow[NoInput, Any]:
        def tree(ctx: Context[NoInput]) -> Node[Any]:
            agent = Scripted("text")
            plan = Task("plan", agent=agent, prompt="Plan.")
            draft = Task("draft", agent=agent, prompt=lambda: f"Do {ctx[plan]}")
            each = ForEach(
                lambda: [ctx[draft], "b"],
                key=str,
                each=lambda item: Step(f"do {item}", lambda: item),
                id="each",
            )
            size = Branch(lambda: bool(ctx[draft]), Step("long", lambda: 1), id="size")
            ship = Approval("ship", ask=lambda: ctx[draft], on_deny=Rework(draft))
            return Sequence(plan, draft, each, size, ship, Step("after", lambda: 2))

        return flow_of(tree)

    whole = Run(make())
    finish(whole, deny_once)
    check_crashes(whole, make)


def check_crashes(whole: Run, make: Callable[[], Workflow[NoInput, Any]]) -> None:
    """After a crash behind each frame the run ends the same, and the same is done again."""
    for k in range(1, len(whole.watch.frames) + 1):
        run = crashed(whole, k, make())
        if RunState.of(whole.watch.frames[:k]).run_status in ("running", "waiting"):
            finish(run, deny_once)
        assert same(run.state) == same(whole.state), f"after a crash behind frame {k - 1}"
        assert resets(run) == resets(whole), f"after a crash behind frame {k - 1}"


def test_a_failed_check_is_done_once_whenever_the_owner_dies() -> None:
    def make() -> Workflow[NoInput, Any]:
        def tree(ctx: Context[NoInput]) -> Node[Any]:
            draft = Task("draft", agent=Scripted("text"), prompt="Write.")
            check = Step("check", lambda: 1 // 0, on_failure=Rework(draft, max_rounds=3))
            return Sequence(draft, Step("beside", lambda: ctx[draft]), check)

        return flow_of(tree)

    whole = Run(make())
    assert finish(whole) == "failed"
    assert resets(whole) == [{"beside", "check", "draft"}] * 2
    check_crashes(whole, make)


def test_a_child_run_that_has_read_is_started_anew() -> None:
    log = Log()

    def inner(ctx: Context[NoInput]) -> Node[str]:
        made = log.step("made")
        return Sequence(made, result=made)

    child = flow_of(inner)

    def make(ctx: Context[NoInput]) -> Node[Any]:
        draft = log.step("draft")
        sub = Subflow("sub", child, needs=[draft])
        return Sequence(draft, sub, Approval("ship", ask="Ship?", on_deny=Rework(draft)))

    run = Run(flow_of(make))
    assert finish(run, deny_once) == "finished"
    assert log.ran == ["draft", "made", "draft", "made"]
    assert run.output("sub") == '"made 2"'
    assert run.state.children[Key("sub")].run_id == "r1.sub.run2"


def test_a_child_run_that_waits_is_cancelled_before_another_one_is_started() -> None:
    def inner(ctx: Context[NoInput]) -> Node[Any]:
        return Sequence(Approval("inside", ask="Inside?"))

    child = flow_of(inner)

    def make(ctx: Context[NoInput]) -> Node[Any]:
        draft = Step("draft", lambda: 1)
        sub = Subflow("sub", child, needs=[draft])
        ship = Approval("ship", ask="Ship?", on_deny=Rework(draft))
        return Sequence(draft, Parallel(sub, ship))

    run = Run(flow_of(make))
    assert run.go().status == "waiting"
    run.answer("ship", approved=False)
    assert run.go().status == "waiting"

    async def statuses() -> list[str]:
        ids = ("r1.sub", "r1.sub.run2")
        return [RunState.of((await run.store.load(id)).frames).run_status for id in ids]

    assert asyncio.run(statuses()) == ["cancelled", "waiting"]


@pytest.mark.parametrize("tasks", [(), (3,), (None,)])
def test_a_rework_names_tasks(tasks: Any) -> None:
    with pytest.raises(AuthorError, match="Rework"):
        Rework(*tasks)
