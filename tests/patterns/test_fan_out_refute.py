"""FanOutRefute: what is the same is judged once, refutations are counted, rounds converge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from smithers import Context, Node, NoInput, Task
from smithers.agent import Ask
from smithers.patterns import FanOutRefute, Refutation
from tests.patterns.flows import begin, gives
from tests.rules.agents import Scripted


class Bug(BaseModel):
    line: int


class Bugs(BaseModel):
    bugs: list[Bug] = []


class Scene:
    """Angles that find bugs, round by round, and refuters that refute some lines."""

    def __init__(
        self,
        found: dict[str, list[list[int]]],
        refuted: dict[str, set[int]],
        broken: tuple[str, ...] = (),
    ) -> None:
        self.found, self.refuted, self.broken = found, refuted, broken
        self.finder = Scripted(self.find, name="finder", native_schema=True)
        self.refuter = Scripted(self.refute, name="refuter", native_schema=True)

    def find(self, ask: Ask) -> str:
        angle = ask.prompt.split()[0]
        if angle in self.broken:
            raise RuntimeError(f"{angle} broke")
        left = self.found[angle]
        lines = left.pop(0) if left else []
        return "[" + ",".join(Bug(line=line).model_dump_json() for line in lines) + "]"

    def refute(self, ask: Ask) -> str:
        name, line = ask.prompt.split()
        if name in self.broken:
            raise RuntimeError(f"{name} broke")
        return Refutation(refuted=int(line) in self.refuted[name]).model_dump_json()

    def __call__(self, ctx: Context[NoInput], **options: Any) -> Node[list[Bug]]:
        def find(angle: str, known: Callable[[], list[Bug]]) -> Node[list[Bug]]:
            def prompt() -> str:
                return f"{angle} known {[bug.line for bug in known()]}"

            return Task(f"find {angle}", agent=self.finder, prompt=prompt, output=list[Bug])

        def refute(bug: Bug) -> list[Task[Refutation]]:
            return [
                Task(
                    f"refute {bug.line} {name}",
                    agent=self.refuter,
                    prompt=f"{name} {bug.line}",
                    output=Refutation,
                )
                for name in self.refuted
            ]

        return FanOutRefute(
            "audit",
            ctx,
            [*self.found],
            find,
            refute,
            angle=str,
            key=lambda bug: f"line {bug.line}",
            refutations=2,
            **options,
        )


def lines(output: str | None) -> list[int]:
    import json

    return [one["line"] for one in json.loads(output or "null")]


def test_a_finding_of_several_angles_is_judged_once_and_dropped_if_all_refute_it() -> None:
    scene = Scene({"types": [[1, 2]], "races": [[2, 3]]}, {"x": {1, 2}, "y": {2}})
    run = begin(scene)
    assert lines(run.go().output) == [1, 3]
    assert len(scene.refuter.asks) == 6
    judgement = gives(run, "audit/line 2", 0)
    assert judgement["refuted_by"] == ["refute 2 x", "refute 2 y"]
    assert judgement["reason"] == "refuted by 2 of 2, 2 are needed"


def test_a_refuter_without_an_answer_refutes_nothing_and_is_named() -> None:
    scene = Scene({"types": [[1]]}, {"x": {1}, "y": {1}}, broken=("y",))
    run = begin(scene)
    assert lines(run.go().output) == [1]
    judgement = gives(run, "audit/line 1", 0)
    assert judgement["kept"]
    assert "y broke" in judgement["missing"]["refute 1 y"]
    assert "refute 1 y refutes nothing" in judgement["reason"]


def test_rounds_repeat_until_nothing_is_new() -> None:
    found = {"types": [[1], [1, 2], [2]], "races": [[], [], [1]], "docs": [[3], [], []]}
    scene = Scene(found, {"x": {3}, "y": {3}})
    run = begin(lambda ctx: scene(ctx, max_rounds=9))
    assert lines(run.go().output) == [1, 2]
    assert len(scene.finder.asks) == 9
    prompts = [ask.prompt.partition("[")[2].split("]")[0] for ask in scene.finder.asks]
    assert prompts == [""] * 3 + ["1, 3"] * 3 + ["1, 3, 2"] * 3
    assert len(scene.refuter.asks) == 6


def test_the_rounds_are_bounded() -> None:
    scene = Scene({"types": [[n] for n in range(9)]}, {"x": set(), "y": set()})
    run = begin(lambda ctx: scene(ctx, max_rounds=2))
    assert lines(run.go().output) == [0, 1]


def test_an_angle_that_fails_is_left_out() -> None:
    scene = Scene({"types": [[1]], "races": [[2]]}, {"x": set()}, broken=("races",))
    run = begin(scene)
    status = run.go()
    assert (status.status, lines(status.output)) == ("finished", [1])
    assert run.outcome("find races", 0) == "failed"


def test_no_finding_at_all_is_an_empty_list() -> None:
    assert lines(begin(Scene({"types": [[]]}, {"x": set()})).go().output) == []


def test_no_angles_give_no_findings() -> None:
    status = begin(Scene({}, {"x": set()})).go()
    assert (status.status, lines(status.output)) == ("finished", [])
