"""Supervisor: the order of the dependencies, a check per item, and a plan that is sent back."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from smithers import Context, Node, NoInput, Task
from smithers.agent import Ask
from smithers.engine import mount
from smithers.patterns import Supervisor
from tests.patterns.flows import answers, begin, error_of
from tests.rules.agents import Scripted


class Item(BaseModel):
    name: str
    needs: list[str] = []


class Review(BaseModel):
    approved: bool
    feedback: str = ""


def item(name: str, *needs: str) -> dict[str, Any]:
    return {"name": name, "needs": needs}


class Scene:
    """Workers that note what they do, and a checker that does not approve `bad` items at first."""

    def __init__(
        self, *plans: list[dict[str, Any]], bad: tuple[str, ...] = (), never: str = ""
    ) -> None:
        self.planner = answers(*plans, name="planner")
        self.log: list[str] = []
        self.bad, self.never = [*bad], never
        self.worker = Scripted(self.work, name="worker")
        self.checker = Scripted(self.check, name="checker", native_schema=True)

    def work(self, ask: Ask) -> str:
        name = ask.prompt.split()[0]
        self.log.append(name if ask.session is None else f"{name} again")
        return f"{name} done"

    def check(self, ask: Ask) -> str:
        name = ask.prompt.split()[0]
        if name == self.never or name in self.bad:
            self.bad = [one for one in self.bad if one != name]
            return Review(approved=False, feedback=f"{name} has no tests").model_dump_json()
        self.log.append(f"{name} passed")
        return Review(approved=True).model_dump_json()

    def __call__(self, ctx: Context[NoInput], **options: Any) -> Node:
        plan = Task("plan", agent=self.planner, prompt="Plan.", output=list[Item])

        def work(item: Item) -> Node[str]:
            return Task(f"work {item.name}", agent=self.worker, prompt=item.name)

        def check(item: Item, made: Node[str]) -> Node[Review]:
            return Task(
                f"check {item.name}",
                agent=self.checker,
                prompt=lambda: f"{item.name} is {ctx[made]}",
                output=Review,
            )

        return Supervisor("job", ctx, plan, work, check, **options)


def test_an_item_starts_once_what_it_needs_has_passed() -> None:
    scene = Scene([item("c", "a", "b"), item("a"), item("b", "a")], bad=("a",))
    run = begin(scene)
    assert run.go().output == '["c done","a done","b done"]'
    assert scene.log == ["a", "a again", "a passed", "b", "b passed", "c", "c passed"]


def test_only_what_failed_its_check_is_done_again() -> None:
    scene = Scene([item("a"), item("b"), item("c")], bad=("b",))
    run = begin(scene, max_concurrency=1)
    assert run.go().status == "finished"
    assert sorted(scene.log) == ["a", "a passed", "b", "b again", "b passed", "c", "c passed"]
    [again] = [ask for ask in scene.worker.asks if ask.session is not None]
    assert "b has no tests" in again.told


def test_a_limit_of_one_still_honours_the_dependencies() -> None:
    scene = Scene([item("c", "b"), item("b", "a"), item("a")])
    assert begin(lambda ctx: scene(ctx, limit=1)).go().status == "finished"
    assert scene.log == ["a", "a passed", "b", "b passed", "c", "c passed"]


def test_an_item_that_never_passes_fails_it_and_what_needs_it_never_starts() -> None:
    scene = Scene([item("a"), item("b", "a"), item("c")], never="a")
    run = begin(lambda ctx: scene(ctx, max_rounds=2))
    assert run.go().status == "failed"
    assert [line for line in scene.log if line.startswith(("a", "b"))] == ["a", "a again"]
    assert "c passed" in scene.log


def test_a_plan_with_a_cycle_goes_back_to_its_planner() -> None:
    scene = Scene([item("a", "b"), item("b", "a")], [item("a"), item("b", "a")])
    assert begin(scene).go().status == "finished"
    assert "the plan has a cycle: a needs b needs a" in scene.planner.told[1].replace(
        "b needs a needs b", "a needs b needs a"
    )
    assert scene.log == ["a", "a passed", "b", "b passed"]


def test_a_plan_that_stays_wrong_fails_before_any_work() -> None:
    scene = Scene([item("a", "x")])
    run = begin(scene)
    assert run.go().status == "failed"
    assert error_of(run, "job-plan").endswith("a needs x, which is not in the plan")
    assert len(scene.planner.asks) == 2
    assert scene.log == []


def test_a_name_that_is_twice_in_the_plan_is_refused() -> None:
    run = begin(lambda ctx: Scene([item("a"), item("a")])(ctx, max_plans=1))
    assert run.go().status == "failed"
    assert "the plan has the same name twice" in error_of(run, "job-plan")


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ([], "the plan has no items"),
        ([item("a\nb")], "'a\\nb' cannot be a name; use 1 to 100 letters, digits and hyphens"),
        ([item("a" * 101)], "cannot be a name"),
        ([item("../a")], "'../a' cannot be a name"),
        ([item("")], "'' cannot be a name"),
        ([item(" a")], "' a' cannot be a name"),
        ([item("a"), item("a-done")], "the step done of another item has the name a-done"),
    ],
)
def test_a_plan_of_which_no_ids_can_be_made_goes_back_to_its_planner(
    plan: list[dict[str, Any]], said: str
) -> None:
    scene = Scene(plan, [item("a"), item("b-done", "a")])
    assert begin(scene).go().status == "finished"
    assert said in scene.planner.told[1]


def test_each_item_of_a_chain_is_looked_at_equally_often(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    look = mount._before  # pyright: ignore[reportPrivateUsage]  # what the search for circles calls for each node

    def counted(one: Any) -> Any:
        nonlocal looks
        looks += 1
        return look(one)

    monkeypatch.setattr(mount, "_before", counted)

    def looks_at(items: int) -> int:
        nonlocal looks
        looks = 0
        plan = [item(f"i{n}", *([f"i{n - 1}"] if n else [])) for n in range(items)]
        assert begin(Scene(plan)).go(within_s=60).status == "finished"
        return looks

    assert looks_at(60) <= 3.5 * looks_at(20)
