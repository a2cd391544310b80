"""What an edit takes from a run that bounds it: each is named, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harnesses.echo import Echo
from smithers import (
    Approval,
    Branch,
    Budget,
    Command,
    Context,
    HumanTask,
    Node,
    NoInput,
    Parallel,
    Rework,
    Sequence,
    Step,
    Task,
    workflow,
)
from smithers.engine.gate_texts import lost_texts
from smithers.engine.gates import Gates, lost_gates
from smithers.engine.loading import load_variables
from smithers.engine.mount import mount
from smithers.sources import SourceFile

FILE = "flow.py"


class Careful(Echo):
    key = "careful"


def step(id: str, word: str = "") -> Step[str]:
    return Step(id, lambda: word)


def task(id: str, agent: Echo, prompt: str = "go") -> Task[str]:
    return Task(id, agent=agent, prompt=prompt)


def lost(before: Callable[[], Node[Any]], now: Callable[[], Node[Any]]) -> list[str]:
    return list(lost_gates(gates(before), gates(now)))


def gates(
    make: Callable[[], Node[Any]], budget: Budget | None = None, allow_runs: int | None = None
) -> Gates:
    @workflow(name="flow", budget=budget, allow_runs=allow_runs)
    def tree(ctx: Context[NoInput]) -> Node[Any]:
        return make()

    return Gates.of(tree, [mount(make())])


def gated(*after: str, ask: Any = "Ship?", **options: Any) -> Node[Any]:
    return Sequence(step("a"), Approval("gate", ask=ask, **options), *map(step, after))


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (lambda: Sequence(step("a"), step("b")), ["approval gate is removed"]),
        (lambda: gated("b", ask="Ship it?"), ["approval gate is changed"]),
        (lambda: gated("b", ask=lambda: "Ship?"), ["approval gate is changed"]),
        (lambda: gated("b", on_deny="continue"), ["approval gate is changed"]),
        (lambda: gated("b", timeout_s=5), ["approval gate is changed"]),
        (lambda: gated("b", allowed_by=("ann",)), ["approval gate is changed"]),
        (
            lambda: Parallel(gated(), step("b")),
            ["approval gate is changed"],
        ),
        (
            lambda: Sequence(step("a"), step("b"), Approval("gate", ask="Ship?")),
            ["b no longer comes after approval gate"],
        ),
        (
            lambda: Sequence(step("a"), Branch(lambda: False, gated(), id="x"), step("b")),
            ["approval gate is changed"],
        ),
        (lambda: gated("b", "c"), []),
        (lambda: gated("c"), []),
        (
            lambda: Sequence(step("a"), step("c"), Approval("gate", ask="Ship?")),
            ["b came after approval gate, and c instead would not"],
        ),
        (lambda: Sequence(step("first"), *gated("b").children), []),
    ],
)
def test_what_an_edit_takes_from_an_approval_is_named(
    now: Callable[[], Node[Any]], said: list[str]
) -> None:
    assert lost(lambda: gated("b"), now) == said


def test_a_text_that_is_made_is_compared_by_its_code() -> None:
    def asked(word: str) -> Callable[[], Node[Any]]:
        return lambda: gated(ask=lambda: f"Ship {word}?")

    assert lost(asked("it"), asked("it")) == []
    assert lost(asked("it"), asked("them")) == ["approval gate is changed"]


def test_what_a_condition_names_and_holds_counts_with_it(tmp_path: Path) -> None:
    """A question is lost as well by a constant, a helper, or a list that its condition reads."""

    def made(number: int, is_on: bool, held: list[int], word: str) -> Gates:
        file = tmp_path / str(number) / "flow.py"
        file.parent.mkdir()
        file.write_text(
            "import functools\n"
            "from smithers import Approval, Branch, Command, Sequence\n"
            f"ON = {is_on}\n"
            f"WORD = {word!r}\n"
            "def is_on():\n    return ON\n"
            "def both(left, right):\n    return left and right()\n"
            "def make():\n"
            f"    held = {held}\n"
            "    return Sequence(\n"
            "        Branch(lambda: is_on(), then=Approval('by-name', ask='a')),\n"
            "        Branch(lambda: held, then=Approval('by-list', ask='b')),\n"
            "        Branch(functools.partial(both, held, is_on), then=Approval('c', ask='c')),\n"
            "        Command('say', lambda: ['echo', WORD]),\n"
            "    )\n"
        )
        return gates(load_variables(file)["make"])

    before = made(1, True, [1], "a")
    assert list(lost_gates(before, made(2, True, [1], "a"))) == []
    by_name = list(lost_gates(before, made(3, False, [1], "a")))
    assert by_name == ["approval by-name is changed", "approval c is changed"]
    by_list = list(lost_gates(before, made(4, True, [], "a")))
    assert by_list == ["approval by-list is changed", "approval c is changed"]
    assert list(lost_gates(before, made(5, True, [1], "b"))) == ["command say is changed"]


def test_what_needs_a_question_comes_after_it() -> None:
    def tree(is_needed: bool) -> Node[Any]:
        gate = Approval("gate", ask="Ship?")
        ship = Step("ship", lambda: 1, needs=[gate] if is_needed else [])
        return Parallel(gate, Sequence(ship, step("tell")))

    assert lost(lambda: tree(True), lambda: tree(True)) == []
    said = ["ship, tell no longer come after approval gate"]
    assert lost(lambda: tree(True), lambda: tree(False)) == said


def test_how_often_a_denied_question_is_asked_again_is_part_of_it() -> None:
    def tree(max_rounds: int) -> Callable[[], Node[Any]]:
        draft = step("draft")
        again = Rework(draft, max_rounds=max_rounds)
        return lambda: Sequence(draft, Approval("gate", ask="Ship?", on_deny=again))

    assert lost(tree(3), tree(3)) == []
    assert lost(tree(3), tree(50)) == ["approval gate is changed"]


def test_a_condition_that_may_read_a_denial_that_continues_is_a_gate() -> None:
    def tree(condition: Callable[[], bool], on_deny: Any = "continue") -> Callable[[], Node[Any]]:
        gate = Approval("gate", ask="Ship?", on_deny=on_deny)
        return lambda: Sequence(gate, Branch(condition, step("ship"), id="may"))

    def read() -> bool:
        return not FILE

    assert lost(tree(read), tree(read)) == []
    said = ["the condition of may after approval gate is changed"]
    assert lost(tree(read), tree(lambda: True)) == said
    assert lost(tree(read, "fail"), tree(lambda: True, "fail")) == []


def test_other_questions_budgets_and_commands_are_gates() -> None:
    def tree(*argv: str, calls: int = 3) -> Callable[[], Node[Any]]:
        asks = HumanTask("who", ask="Who?", output=str)
        return lambda: Sequence(
            Command("tests", list(argv)), asks, step("b"), budget=Budget(calls=calls)
        )

    before = tree("make", "test")
    assert lost(before, before) == []
    assert lost(before, tree("make")) == ["command tests is changed"]
    (said,) = lost(before, tree("make", "test", calls=9))
    assert said.startswith("the budget of ")
    assert said.endswith(" is changed")
    removed = lost(before, lambda: step("b"))
    assert {"command tests is removed", "human who is removed"} < set(removed)


def test_an_agent_that_may_do_other_things_is_named_and_a_prompt_is_not() -> None:
    def tree(agent: Echo, prompt: str = "go") -> Callable[[], Node[Any]]:
        return lambda: Sequence(task("a", agent, prompt), task("b", Echo()))

    assert lost(tree(Echo()), tree(Echo(), "please go")) == []
    assert lost(tree(Echo()), tree(Careful())) == ["the agent of a, or what it may do, is changed"]
    added = lost(
        lambda: task("a", Echo()), lambda: Sequence(task("a", Echo()), task("c", Careful()))
    )
    assert added == ["c has an agent that the run did not have"]


def test_limits_of_the_workflow_are_gates() -> None:
    before = gates(lambda: step("a"), budget=Budget(usd=1), allow_runs=1)
    assert list(lost_gates(before, gates(lambda: step("a"), allow_runs=2))) == [
        "allow_runs is changed",
        "the budget of the workflow is removed",
    ]


def test_gates_are_the_same_after_a_way_through_json() -> None:
    found = gates(lambda: gated("b"), budget=Budget(usd=1))
    assert Gates.from_json(found.to_json()) == found


def files(text: str, path: str = "flow.py") -> list[SourceFile]:
    return [SourceFile(path=path, digest="", text=text)]


def test_what_is_written_of_gates_is_compared_wherever_it_is() -> None:
    before = 'def each(x):\n    return Approval(x, ask="Ship?")\n\nf = workflow(allow_runs=1)\n'
    assert list(lost_texts(files(before), files(f"# a line\n{before}", "other.py"))) == []
    gone = list(lost_texts(files(before), files("")))
    assert gone == [
        "allow_runs= of workflow is removed or changed (before: flow.py:4)",
        "Approval(x, …) is removed or changed (before: flow.py:2)",
    ]
    assert len(list(lost_texts(files(before + before), files(before)))) == 2


@pytest.mark.parametrize(
    ("made", "gate"),
    [
        ("from smithers import Approval as Gate\n", 'Gate("ok", ask="Ship?")'),
        ("Gate = smithers.Approval\n", 'Gate("ok", ask="Ship?")'),
        ("class Gate(Approval):\n    pass\n", 'Gate("ok", ask="Ship?")'),
        ("", 'smithers.HumanTask[str]("ok", ask="Ship?")'),
        ('def gate(x):\n    return Approval(x, ask="Ship?")\n', 'other.gate("ok")'),
    ],
)
def test_a_gate_is_found_in_a_text_by_any_name_that_the_files_give_it(made: str, gate: str) -> None:
    def both(used: str) -> list[SourceFile]:
        return [*files(made, "other.py"), *files(f"f = Sequence(step('a'), {used})\n")]

    assert list(lost_texts(both(gate), both(f"{gate}, step('b')"))) == []
    name = gate.rpartition("(")[0].rpartition(".")[2].partition("[")[0]
    said = list(lost_texts(both(gate), both("step('b')")))
    assert said == [f"{name}('ok', …) is removed or changed (before: flow.py:1)"]


def test_a_call_of_what_makes_no_gate_is_none() -> None:
    text = "def each(x):\n    return Step(x, run)\n\nShort = each\n"
    assert list(lost_texts(files(f"{text}Short('a')\n"), files(text))) == []
