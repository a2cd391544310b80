"""`check`, and `graph` of a file: what is known of a workflow before it runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from xml.etree import ElementTree

import pytest

from tests.cli.command import FLOWS, environment, smithers

ROOT = Path(__file__).parents[2]
CAPPED = """\
capped
sequence
├─ foreach notes
│  ├─ note whales  task of echo
│  └─ note apples  task of echo
└─ total  task of echo; waits for notes

agents: echo
agent calls: at most 3, with retries and corrections at most 9
budget of the run: 200000 tokens, 50 calls; then wait
budget of notes: 10 calls, 600 s; then fail
not known before the run: the prompt of total: waits for notes

✓ no mistakes found
"""
POOLED = """
    from pydantic import BaseModel
    from harnesses import Echo
    from smithers import Approval, Branch, Context, ForEach, Loop, Node, Parallel, Retry, Rework
    from smithers import Sequence, Task, workflow

    other = Echo()
    other.name = "other"

    class Plan(BaseModel):
        done: bool

    class Names(BaseModel):
        names: list[str]

    @workflow(input=Names, pools={"small": 2})
    def pooled(ctx: Context[Names]) -> Node:
        plan = Task("plan", agent=[Echo(), other], prompt="p", output=Plan, pool="small")
        each = ForEach(
            ctx.input.names,
            key=str,
            each=lambda name: Task(f"do {name}", agent=Echo(), prompt=name, retry=Retry(tries=1)),
            id="all",
        )
        late = ForEach(
            lambda: [ctx[plan].done],
            key=str,
            each=lambda one: Task(f"late {one}", agent=Echo(), prompt="p"),
            id="late",
        )
        ask = Approval("ask", ask="Good?", on_deny=Rework(plan, max_rounds=2))
        return Sequence(Loop(plan, until=lambda: ctx[plan].done, max_iterations=4), each, late, ask)
"""


def written(folder: Path, text: str) -> str:
    (folder / "flow.py").write_text(dedent(text))
    return "flow.py"


def test_check_shows_what_is_known_before_the_run(tmp_path: Path) -> None:
    said = smithers(tmp_path, "check", str(ROOT / "examples" / "capped.py"))
    assert (said.code, said.err) == (0, "")
    known, _, note = said.out.rpartition("note: ")
    assert known == CAPPED
    assert note.startswith("the file was loaded without ")
    assert list(tmp_path.iterdir()) == []


def test_check_counts_one_of_each_measure_in_the_singular(tmp_path: Path) -> None:
    flow = """
        from harnesses import Echo
        from smithers import Budget, Context, Node, NoInput, Task, workflow

        @workflow(budget=Budget(usd="1", tokens=1, calls=1, time_s=1))
        def small(ctx: Context[NoInput]) -> Node:
            return Task("a", agent=Echo(), prompt="p")
    """
    found = smithers(tmp_path, "check", written(tmp_path, flow))
    assert "budget of the run: 1 token, $1.00, 1 call, 1 s; then wait\n" in found.out


@pytest.mark.long
def test_check_counts_calls_and_names_pools_and_what_it_does_not_know(tmp_path: Path) -> None:
    given = '{"names": ["a", "b", "c"]}'
    found = smithers(tmp_path, "check", written(tmp_path, POOLED), "--input", given, "--json")
    assert found.code == 0
    document = found.document
    assert document["agent_calls"] == {
        "once": 4 + 3,
        "at_most": 4 * (4 * 3 * 2) + 3,
        "besides": ["what is made below late", "what ask sends back, once"],
    }
    assert document["pools"] == [{"name": "small", "limit": 2, "tasks": ["plan"]}]
    assert document["unknown"] == [{"node": "late", "what": "items", "why": "waits for plan"}]
    assert document["input"] == {"names": ["a", "b", "c"]}
    loop, each, late, _ = document["tree"]["children"]
    assert loop["kind"] == "loop"
    assert [one["id"] for one in each["children"]] == ["do a", "do b", "do c"]
    assert (late["waits"], late["children"]) == ("waits for plan", [])


@pytest.mark.sampled(1)
@pytest.mark.parametrize(("rounds", "said"), [(1, None), (2, "once"), (7, "up to 6 times")])
def test_check_counts_what_is_sent_back_as_the_run_does(
    tmp_path: Path, rounds: int, said: str | None
) -> None:
    """The failure in the last round is final, so it sends nothing back."""
    flow = f"""\
    from pathlib import Path

    from harnesses import Echo
    from smithers import Rework, Sequence, Step, Task, workflow

    @workflow
    def flow(ctx):
        draft = Task("draft", agent=Echo(), prompt="p")

        def fails():
            with Path("decided").open("a") as file:
                file.write("x")
            raise RuntimeError(f"not yet: {{ctx[draft]}}")

        check = Step("check", fails, on_failure=Rework(draft, max_rounds={rounds}))
        return Sequence(draft, check)
    """
    document = smithers(tmp_path, "check", written(tmp_path, flow), "--json").document
    besides = [] if said is None else [f"what check sends back, {said}"]
    assert document["agent_calls"]["besides"] == besides
    assert smithers(tmp_path, "up", "flow.py", "--run-id", "r1").code == 1
    assert (tmp_path / "decided").read_text() == "x" * rounds


@pytest.mark.long
def test_a_tree_that_follows_outputs_is_said_to_grow(tmp_path: Path) -> None:
    flow = """\
    from smithers import Sequence, Step, workflow

    @workflow
    def flow(ctx):
        first = Step("first", lambda: 1)
        return Sequence(first, *([Step("more", lambda: 2)] if ctx.get(first) == 1 else []))
    """
    document = smithers(tmp_path, "check", written(tmp_path, flow), "--json").document
    why = "follows first, and may grow"
    assert document["unknown"] == [{"node": "sequence", "what": "tree", "why": why}]
    assert document["agent_calls"]["besides"] == ["what is made below sequence"]
    assert "agents: none known before the run\n" in smithers(tmp_path, "check", "flow.py").out


@pytest.mark.long
def test_check_makes_an_input_with_an_item_in_each_list(tmp_path: Path) -> None:
    document = smithers(tmp_path, "check", written(tmp_path, POOLED), "--json").document
    assert document["input"] == {"names": ["text"]}
    assert document["tree"]["children"][1]["children"][0]["id"] == "do text"


def test_a_mistake_is_told_with_its_place_and_exit_code_2(tmp_path: Path) -> None:
    flow = """\
    from smithers import Step, Sequence, workflow

    @workflow
    def flow(ctx):
        first = Step("first", lambda: 1)
        return Sequence(Step("second", print(1)))
    """
    said = smithers(tmp_path, "check", written(tmp_path, flow))
    assert said.code == 2
    place = tmp_path / "flow.py"
    assert said.out.splitlines()[:5] == [
        f"✗ {place}:5:13: Step 'first' is in no tree, so it never runs",
        "    hint: put it in the tree that the workflow returns",
        f"✗ {place}:6:36: the run of this Step must be callable, not a value: print(1)",
        "    hint: write run=lambda: print(1)",
        "✗ 2 mistakes found",
    ]
    document = smithers(tmp_path, "check", "flow.py", "--json").document
    assert not document["passes"]
    assert set(document) == {
        "version",
        "file",
        "passes",
        "network",
        "writes",
        "findings",
        "workflow",
    }
    first = document["findings"][0]
    assert (first["level"], first["rule"]) == ("error", "unreachable")
    assert first["place"] == {"file": str(place), "line": 5, "column": 13}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["gone.py"], "gone.py does not exist"),
        (["."], ". is a folder"),
        (["flow.js"], "flow.js is not a Python file"),
    ],
)
def test_check_refuses_what_is_not_a_file_with_a_workflow(
    tmp_path: Path, given: list[str], said: str
) -> None:
    found = smithers(tmp_path, "check", *given, "--json")
    assert found.code == 2
    assert found.document["error"]["message"] == said


@pytest.mark.long
def test_an_input_that_does_not_fit_is_a_mistake(tmp_path: Path) -> None:
    flow = written(tmp_path, POOLED)
    document = smithers(tmp_path, "check", flow, "--input", '{"nams": []}', "--json").document
    (finding,) = document["findings"]
    assert "the input does not match Names of workflow pooled" in finding["message"]


@pytest.mark.long
def test_one_of_several_workflows_is_named(tmp_path: Path) -> None:
    assert smithers(tmp_path, "check", f"{FLOWS}:works").code == 0
    several = smithers(tmp_path, "check", str(FLOWS))
    assert several.code == 2
    assert "hint: name one, for example" in several.out


def test_the_file_gets_no_secret_no_home_and_no_socket(tmp_path: Path) -> None:
    flow = """\
    import os
    from pathlib import Path
    from smithers import Step, workflow

    home = Path.home()
    (home / "kept").write_text("x")
    told = f"{os.environ['SHOP_API_KEY']} {os.environ.get('SSH_AUTH_SOCK')} {list(home.iterdir())}"

    @workflow(name=told)
    def flow(ctx):
        return Step("a", lambda: 1)
    """
    secret = {"SHOP_API_KEY": "sk-very-secret-1234", "SSH_AUTH_SOCK": "/tmp/agent"}
    document = smithers(tmp_path, "check", written(tmp_path, flow), "--json", env=secret).document
    assert document["passes"], document
    assert document["workflow"].startswith("withheld-by-smithers-check None [")
    assert "smithers-check-" in document["workflow"]


def test_graph_draws_the_workflow_of_a_file(tmp_path: Path) -> None:
    file = str(ROOT / "examples" / "capped.py")
    drawn = smithers(tmp_path, "graph", file)
    assert drawn.code == 0
    assert drawn.out.splitlines() == [f"capped  {file}", *CAPPED.splitlines()[1:6]]
    chart = smithers(tmp_path, "graph", file, "--mermaid").out.splitlines()
    assert chart[:3] == ["flowchart TD", '  n1["sequence"]', '  n2["foreach notes"]']
    image = ElementTree.fromstring(smithers(tmp_path, "graph", file, "--svg").out)
    texts = [one.text for one in image.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[:3] == ["sequence", "foreach notes", "note whales"]
    document = smithers(tmp_path, "graph", f"{file}:capped", "--json").document
    assert set(document) == {"version", "file", "workflow", "root"}
    assert document["root"]["children"][0]["id"] == "notes"


def test_graph_draws_a_run_as_an_image(tmp_path: Path) -> None:
    smithers(tmp_path, "up", f"{FLOWS}:works", "--run-id", "r1")
    image = ElementTree.fromstring(smithers(tmp_path, "graph", "r1", "--svg").out)
    assert any("finished" in (one.text or "") for one in image.iter())


@pytest.mark.long
def test_graph_of_a_broken_file_is_refused_with_the_first_mistake(tmp_path: Path) -> None:
    flow = written(tmp_path, "import smithers\n\nsmithers.Setp\n")
    said = smithers(tmp_path, "graph", flow)
    assert said.code == 2
    assert said.err.startswith(f"error: {tmp_path / 'flow.py'}:3:1: cannot import flow.py")
    assert smithers(tmp_path, "graph", "gone.py").err.startswith("error: gone.py does not exist")


@pytest.mark.parametrize("option", ["--mermaid", "--json"])
def test_graph_gives_one_of_its_forms(tmp_path: Path, option: str) -> None:
    assert smithers(tmp_path, "graph", "r1", "--svg", option).code == 2


@pytest.mark.parametrize("run_id", ["nightly.py", "nightly.js"])
def test_a_new_run_id_does_not_end_as_a_file(tmp_path: Path, run_id: str) -> None:
    said = smithers(tmp_path, "up", f"{FLOWS}:works", "--run-id", run_id)
    assert said.code == 2
    assert said.err == (
        f"error: {run_id!r} is not a valid run id: it ends as a file of a workflow does\n"
        f"hint: leave out {run_id[-3:]}\n"
    )


@pytest.mark.long
def test_types_runs_the_type_checker(tmp_path: Path) -> None:
    flow = """\
    from pydantic import BaseModel
    from harnesses import Echo
    from smithers import Context, NoInput, Node, Sequence, Task, workflow

    class Plan(BaseModel):
        done: bool = False

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        plan = Task("plan", agent=Echo(), prompt="p", output=Plan)
        return Sequence(plan, Task("do", agent=Echo(), prompt=lambda: f"{ctx[plan].doen}"))
    """
    command = [sys.executable, "-m", "smithers", "check", written(tmp_path, flow), "--types"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    place = re.escape(str(tmp_path / "flow.py"))
    assert re.search(rf'✗ {place}:11:\d+: "Plan" has no attribute "doen"', done.stdout)
    assert {path.name for path in tmp_path.iterdir()} == {"flow.py"}


TRIED = """\
    from harnesses import Codex
    from smithers import Sequence, Task, workflow

    @workflow
    def flow(ctx):
        first = Task("first", agent=Codex(), prompt="Go.")
        last = Task("last", agent=Codex(), prompt=lambda: PROMPT)
        return Sequence(first, last)
    """


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    ("prompt", "rule", "said"),
    [
        ("ctx[first]", None, ""),
        ("ctx[first][500]", "dry-run", "a dry run did not finish: last failed: IndexError"),
        ("ctx[first] and open('x', 'w').name", "writes", "a write to 'x' was refused"),
    ],
)
def test_a_dry_run_in_the_process_of_the_check_finds_what_waits_for_outputs(
    tmp_path: Path, prompt: str, rule: str | None, said: str
) -> None:
    file = written(tmp_path, TRIED.replace("PROMPT", prompt))
    assert smithers(tmp_path, "check", file).code == 0
    before = sorted(tmp_path.iterdir())
    found = smithers(tmp_path, "check", file, "--dry-run", "--json")
    told = [one for one in found.document["findings"] if one["level"] == "error"]
    assert (found.code, sorted(tmp_path.iterdir())) == (2 if rule else 0, before)
    assert {one["rule"] for one in told} == ({rule} if rule else set())
    assert not rule or any(one["message"].startswith(said) for one in told), told
    assert all(one["place"]["line"] == 7 for one in told)


@pytest.mark.long
def test_a_dry_run_that_fails_for_want_of_a_type_says_which(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        """\
        from smithers import ForEach, Sequence, Step, workflow

        @workflow
        def flow(ctx):
            names = Step("names", lambda: ["a"])
            each = ForEach(lambda: ctx[names], key=str, each=lambda one: Step(one, print), id="all")
            return Sequence(names, each)
        """,
    )
    (found,) = smithers(tmp_path, "check", file, "--dry-run", "--json").document["findings"]
    assert (found["rule"], found["place"]["line"]) == ("dry-run", 6)
    assert found["hint"].startswith("'names' gave null: write output=")
