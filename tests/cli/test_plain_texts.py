"""What a person reads has no ids of the engine's own in it; JSON has them all."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from smithers.amounts import Amounts
from smithers.changes import Key
from smithers.cli._streams import table
from smithers.cli._trees import of_run, tree_lines
from smithers.shapes import CONTAINERS
from smithers.views import GraphNode, GraphView
from tests.cli.command import Said, smithers

FLOW = """
from pathlib import Path

from harnesses import Echo
from smithers import Branch, Budget, Context, ForEach, Loop, Node, NoInput, Parallel, Retry
from smithers import Sequence, Step, Task, workflow
from smithers.agent import Answered, Ask, Capabilities, Started, Used
from smithers.errors import Busy, Transient


class Limited:
    name, limit, can = "limited", "vendor https://api 6f1c a-model", Capabilities()

    async def run(self, ask: Ask):
        raise Busy("the vendor")
        yield


class Talks:
    name, can = "talks", Capabilities(resumes=True)

    async def run(self, ask: Ask):
        yield Started("0d4e5f7a-uuid")
        if ask.session is None:
            raise Transient("cut off")
        yield Answered("done")


def fixed(n: int) -> int:
    if not Path("fixed").exists():
        raise ValueError("not yet")
    return n


@workflow
def plain(ctx: Context[NoInput]) -> Node:
    soon = Retry(first_s=0.01)
    talk = Task("talk", agent=Talks(), prompt="p", retry=soon)
    fall = [Task(f"fall {n}", agent=[Limited(), Echo()], prompt="p") for n in range(2)]
    done = ForEach(range(40), key=str, each=lambda n: Step(f"done {n}", lambda: n))
    twice = Loop(Step("body", lambda: 1), until=lambda: False, max_iterations=2,
                 on_exhausted="finish")
    branch = Branch(lambda: True, Step("yes", lambda: 1), Step("no", lambda: 1))
    fails = ForEach(range(40), key=str, each=lambda n: Step(f"item {n}", lambda: fixed(n)))
    return Sequence(talk, *fall, Parallel(done, twice), branch, fails)


@workflow
def exhausted(ctx: Context[NoInput]) -> Node:
    return Sequence(Loop(Step("body", lambda: 1), until=lambda: False, max_iterations=2))


@workflow
def spent(ctx: Context[NoInput]) -> Node:
    tasks = [Task(f"t{n}", agent=Echo(), prompt="p") for n in range(2)]
    return Sequence(Sequence(*tasks, budget=Budget(calls=1)))
"""
_GENERATED = re.compile(rf"(?:{'|'.join(CONTAINERS)})(?:\d*/|\d)")
_INTERNALS = (_GENERATED, re.compile("0d4e5f7a"), re.compile("6f1c"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("plain")
    (made / "flow.py").write_text(FLOW)
    return made


def assert_is_plain(said: Said) -> None:
    for line in (said.out + said.err).splitlines():
        command = line.startswith(("next: ", "then: ", "  smithers ", "    smithers "))  # takes ids
        found = [one.pattern for one in _INTERNALS if one.search(line) and not command]
        assert not found, line


@pytest.mark.sampled(1)
@pytest.mark.parametrize("name", ["plain", "exhausted", "spent"])
def test_no_command_shows_a_person_ids_that_the_engine_made(folder: Path, name: str) -> None:
    assert_is_plain(smithers(folder, "up", f"flow.py:{name}", "--run-id", name))
    for command in ("inspect", "why", "asks", "timeline", "events", "graph", "logs", "cost"):
        said = smithers(folder, command, name)
        assert said.code == 0
        assert_is_plain(said)
    assert_is_plain(smithers(folder, "timeline", name, "--all"))
    assert_is_plain(smithers(folder, "ps"))


def test_json_has_what_the_texts_leave_out(folder: Path) -> None:
    smithers(folder, "up", "flow.py:plain", "--run-id", "json")
    shown = smithers(folder, "inspect", "json", "--json").out
    assert "0d4e5f7a-uuid" in shown
    assert "6f1c" in shown
    assert "sequence/foreach1" in smithers(folder, "graph", "json", "--json").out


def test_a_resume_of_many_tasks_says_how_many_and_the_first(folder: Path) -> None:
    smithers(folder, "up", "flow.py:plain", "--run-id", "many")
    said = smithers(folder, "resume", "many").err
    reused, again = (line for line in said.splitlines() if "reused" in line or "again:" in line)
    assert re.fullmatch(r"reused: \d\d tasks: body\[0\], body\[1\], .* and \d\d more", reused)
    assert re.search(r"40 tasks run again: item 0, item 1, .* and 35 more", again)


def test_a_graph_names_items_by_their_keys_and_containers_by_their_authors_ids() -> None:
    def node(id: str, kind: str, *children: GraphNode) -> GraphNode:
        return GraphNode(
            key=Key(id), kind=kind, state="finished", tolerated=False, children=children
        )

    item = node("docs/a/b.py", "sequence", node("docs/a/b.py/loop1", "loop", node("t", "step")))
    root = node("sequence", "sequence", node("docs", "foreach", item), node("x/y", "parallel"))
    graph = GraphView(run_id="r", workflow="w", status="finished", root=root)
    assert [line.split("  ✓")[0] for line in tree_lines("", of_run(graph))][1:] == [
        "sequence",
        "├─ foreach docs",
        "│  └─ sequence a/b.py",
        "│     └─ loop",
        "│        └─ t",
        "└─ parallel x/y",
    ]


def test_small_amounts_have_the_digits_that_say_something() -> None:
    used = Amounts(usd=Decimal("0.000560000"))
    assert str(used) == "$0.00056"
    assert used.of(Amounts(usd=Decimal("0.0005"))) == "$0.00056 of $0.0005"


def test_a_cell_with_a_line_break_does_not_split_its_table() -> None:
    assert table([["a\nb", "N"], ["c", "1"]]) == ["a b  N", "c    1"]
