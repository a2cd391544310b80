"""`up --dry-run`: to the end without doing anything, and what it says about it."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Said, smithers

FLOWS = Path(__file__).with_name("flows.py")


def dry(folder: Path, workflow: str, *more: str, script: str = "") -> Said:
    if script:
        more = (*more, "--script", f"{FLOWS}:{script}")
    return smithers(folder, "up", f"{FLOWS}:{workflow}", "--dry-run", *more)


def times(found: dict[str, Any]) -> dict[str, int]:
    return {one["task"]: one["times"] for one in found["tasks"]}


def test_it_comes_to_the_end_and_nothing_is_executed_or_written(tmp_path: Path) -> None:
    state, place = tmp_path / "state", tmp_path / "here"
    state.mkdir()
    place.mkdir()
    env = {"XDG_STATE_HOME": str(state), "HOME": str(place), "SMITHERS_DB": ""}
    said = smithers(place, "up", f"{FLOWS}:everything", "--dry-run", "--json", env=env)
    assert said.code == 0, said
    found = said.document
    assert (found["status"], found["why"], found["output"]) == (
        "finished",
        None,
        "an answer to last",
    )
    assert times(found) == {
        **{"plan": 1, "touch": 1, "make": 1, "ok": 1, "colour": 1, "deployed": 1, "night": 1},
        **{"child": 1, "sure": 1, "deep": 1, "last": 1},
    }
    kinds = {one["task"]: (one["workflow"], one["kind"], one["agent"]) for one in found["tasks"]}
    assert kinds["deep"] == ("below", "task", "codex")
    assert kinds["make"] == ("everything", "command", None)
    assert kinds["night"][1:] == ("timer", None)
    assert (found["calls"], found["timers_s"]) == (3, 8 * 3600)
    assert [*place.iterdir(), *state.iterdir()] == []


def test_what_is_not_taken_is_shown_without_a_count(tmp_path: Path) -> None:
    found = dry(tmp_path, "branches", "--json").document
    assert times(found) == {"plan": 1, "small": 1, "pay": 1, "tidy": 1}
    rest = [(one["task"], one["kind"], one["agent"], one["undo"]) for one in found["not_taken"]]
    assert rest == [
        ("split", "task", "codex", False),
        ("each", "foreach", None, False),
        ("refund", "command", None, True),
        ("mend", "task", "codex", False),
        ("skipped", "task", "codex", False),
    ]
    assert found["calls"] == 1
    said = dry(tmp_path, "branches")
    lines = [line.split() for line in said.out.splitlines()]
    assert ["split", "task", "codex", "not", "taken"] in lines
    assert ["refund", "command", "undo"] in lines
    assert "not taken in this dry run: 4 tasks\n" in said.out
    assert "undo: 1 task, which would run only if something fails\n" in said.out


def test_a_person_reads_what_would_run_and_how_often(tmp_path: Path) -> None:
    said = dry(tmp_path, "everything")
    assert said.code == 0
    assert said.out.splitlines()[0].split() == ["TASK", "KIND", "AGENT", "MODEL", "TIMES", "USD"]
    assert "below: deep" in said.out
    assert "agents would be asked 3 times\n" in said.out
    assert (
        "cost: not known, since this database has no run of the workflow with costs\n" in said.out
    )
    assert "timers would take 8 h 00 m\n" in said.out
    assert said.err == "dry run: nothing was stored; the run would finish\n"


def test_a_script_answers_tasks_steps_people_and_signals_by_their_ids(tmp_path: Path) -> None:
    said = dry(tmp_path, "everything", "--json", script="knows")
    assert said.document["output"] == "blue on web-7 after scripted"
    assert not (tmp_path / "touched").exists()


def test_steps_and_commands_are_executed_on_request_alone(tmp_path: Path) -> None:
    said = dry(tmp_path, "everything", "--run-steps", "--json")
    assert said.document["status"] == "finished", said
    assert {one.name for one in tmp_path.iterdir()} == {"touched", "made"}


def test_a_denial_by_the_script_is_a_denial(tmp_path: Path) -> None:
    said = dry(tmp_path, "asks", script="denies")
    assert said.code == 1
    assert "the run did not come to its end: " in said.err
    assert "denied" in said.err


def test_what_fails_by_the_script_is_tried_again_without_waiting(tmp_path: Path) -> None:
    found = dry(tmp_path, "asks", "--json", script="shaky").document
    assert (found["status"], found["output"], times(found)["say"]) == ("finished", "said", 2)
    assert found["timers_s"] > 0.5


def test_an_agent_that_is_not_signed_in_lets_the_run_wait(tmp_path: Path) -> None:
    said = dry(tmp_path, "asks", script="signed_out")
    assert said.code == 3
    assert "the run would wait: say" in said.err


def test_a_budget_that_the_script_spends_is_told_by_the_exit_code(tmp_path: Path) -> None:
    said = dry(tmp_path, "dear", "--json", script="costs")
    assert (said.code, said.document["status"], said.document["calls"]) == (5, "waiting", 3)
    assert "budget" in said.document["why"]


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    ("workflow", "limit"), [("endless", "1000 attempts"), ("watches", "frames")]
)
def test_what_never_ends_is_stopped_at_a_limit(tmp_path: Path, workflow: str, limit: str) -> None:
    said = dry(tmp_path, workflow)
    assert said.code == 1
    assert "the run did not come to its end: it was stopped after" in said.err
    assert limit in said.err
    assert "hint: bound its loops, or give answers that end them with --script" in said.err


@pytest.mark.long
def test_a_schedule_in_a_child_run_is_no_mistake_because_it_has_no_end(tmp_path: Path) -> None:
    said = dry(tmp_path, "hours")
    assert said.code == 0
    assert "the run would continue: its child run continued as" in said.err


def test_the_script_ends_a_loop(tmp_path: Path) -> None:
    found = dry(tmp_path, "endless", "--json", script="ends").document
    assert (found["status"], times(found)["text"]) == ("finished", 3)


def test_a_step_without_a_type_is_named_with_what_to_do(tmp_path: Path) -> None:
    said = dry(tmp_path, "untyped")
    assert said.code == 1
    assert "step 'found' has no type of output and gave null: annotate what" in said.err
    assert "object of type 'NoneType' has no len()" in said.err
    assert "hint: 'found' gave null: write output=, or annotate" in said.err
    said = dry(tmp_path, "untyped", "--run-steps", "--json")
    assert (said.code, said.document["without_type"]) == (0, [])


def test_an_output_that_no_type_tells_is_named_with_what_to_do(tmp_path: Path) -> None:
    said = dry(tmp_path, "odd")
    assert said.code == 1
    assert "no output of task 'odd' could be made from its type: " in said.err
    assert 'hint: give one with --script FILE:NAME, where NAME = Scripted({"odd": ...})' in said.err
    assert dry(tmp_path, "odd", script="right").code == 0


def test_the_cost_is_that_of_the_last_runs_with_its_spread(tmp_path: Path) -> None:
    flow = tmp_path / "flow.py"
    flow.write_text(
        "from decimal import Decimal\n"
        "from harnesses import Reply, Scripted\n"
        "from smithers import Context, NoInput, Parallel, Task, workflow\n"
        "from smithers.agent import Used\n"
        "def said(ask):\n"
        "    cost = Decimal(open('cost').read())\n"
        "    return Reply(answer='x', usage=Used(tokens_in=9, cost=cost, model='m-1'))\n"
        "agent = Scripted({'*': said}, name='writer')\n"
        "@workflow\n"
        "def flow(ctx: Context[NoInput]):\n"
        "    names = open('names').read().split()\n"
        "    return Parallel(*(Task(name, agent=agent, prompt='p') for name in names))\n"
    )
    (tmp_path / "names").write_text("a b")
    for cost in ("0.10", "0.20", "0.60"):
        (tmp_path / "cost").write_text(cost)
        assert smithers(tmp_path, "up", "flow.py").code == 0
    (tmp_path / "names").write_text("a new")
    found = smithers(tmp_path, "up", "flow.py", "--dry-run", "--json").document
    spread = {"low": "0.1", "middle": "0.2", "high": "0.6", "runs": 3}
    assert [(one["task"], one["cost"], one["models"]) for one in found["tasks"]] == [
        ("a", spread, ["m-1"]),
        ("new", spread, ["m-1"]),  # as the other tasks of its agent
    ]
    total = {name: Decimal(found["cost"][name]) for name in ("low", "middle", "high")}
    assert list(total.values()) == [Decimal("0.2"), Decimal("0.4"), Decimal("1.2")]
    assert found["without_history"] == []
    said = smithers(tmp_path, "up", "flow.py", "--dry-run")
    assert "cost: $0.4000 ($0.2000 to $1.20), by up to 3 earlier runs\n" in said.out
    assert len(smithers(tmp_path, "ps", "--json").document["runs"]) == 3


def test_an_input_is_made_and_shown_if_none_is_given_and_one_that_is_given_is_taken(
    tmp_path: Path,
) -> None:
    (tmp_path / "flow.py").write_text(
        "from pydantic import BaseModel, Field\n"
        "from smithers import Context, Parallel, Task, workflow\n"
        "from harnesses import Codex\n"
        "class Given(BaseModel):\n"
        "    names: list[str]\n"
        "    more: list[str] = Field(default_factory=list)\n"
        "    few: int = Field(default=3, ge=1)\n"
        "    by: dict[str, int]\n"
        "@workflow(input=Given)\n"
        "def flow(ctx: Context[Given]):\n"
        "    given = ctx.input\n"
        "    ids = [*given.names, *given.more, f'{given.few}', *given.by]\n"
        "    return Parallel(*(Task(id, agent=Codex(), prompt='p') for id in ids))\n"
    )
    said = smithers(tmp_path, "up", "flow.py", "--dry-run")
    assert (said.code, said.out.count("codex")) == (0, 3), said
    made = '{"names": ["text"], "by": {"key 1": 0}}'
    assert said.err.splitlines()[0] == (
        f"no --input was given, so it was made from its types: {made}"
    )
    checked = smithers(tmp_path, "check", "flow.py")
    assert f"input, made from its types: {made}\n" in checked.out
    found = smithers(tmp_path, "up", "flow.py", "--dry-run", "--json").document
    assert found["made_input"] == {"names": ["text"], "by": {"key 1": 0}}
    given = '{"names": [], "by": {}}'
    said = smithers(tmp_path, "up", "flow.py", "--dry-run", "--input", given)
    assert (said.out.count("codex"), "made from its types" in said.err) == (1, False)
    for words in (["up", "flow.py", "--dry-run"], ["check", "flow.py"]):
        said = smithers(tmp_path, *words, "--input", "{}")
        assert (said.code, "names" in said.err + said.out) == (2, True), said


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--dry-run", "--detach"], "--dry-run and --detach cannot be combined"),
        (["--dry-run", "--resume"], "--dry-run and --resume cannot be combined"),
        (["--run-steps"], "--run-steps needs --dry-run"),
        (["--script", "a.py:b"], "--script needs --dry-run"),
        (
            ["--dry-run", "--script", "a.py"],
            "--script needs a file and a variable in it, not 'a.py'",
        ),
        (["--dry-run", "--script", "gone.py:a"], "gone.py does not exist"),
        (["--dry-run", "--script", f"{FLOWS}:gone"], "has no variable 'gone'"),
        (["--dry-run", "--script", f"{FLOWS}:number"], "must be an agent, not int"),
        (["--dry-run", "--input", "{"], "the input"),
    ],
)
def test_what_cannot_be_tried_is_refused(tmp_path: Path, more: list[str], told: str) -> None:
    said = smithers(tmp_path, "up", f"{FLOWS}:asks", *more)
    assert (said.code, said.out) == (2, "")
    assert told in said.err
    assert "hint: " in said.err
    assert list(tmp_path.iterdir()) == []


def test_what_fails_and_is_tolerated_is_said(tmp_path: Path) -> None:
    said = dry(tmp_path, "careless")
    assert said.code == 6
    assert "the run would finish, although this failed: note a: " in said.err
    assert "ctx.previous(later a) needs a loop" in said.err
    assert "; and 2 more\nhint: read it in a callable of a node in the same Loop" in said.err
    checked = smithers(tmp_path, "check", f"{FLOWS}:careless", "--dry-run")
    assert checked.code == 2
    place = rf"{re.escape(str(FLOWS))}:\d+:69"
    assert re.search(f"✗ {place}: ctx.previous\\(later a\\) needs a loop", checked.out)
