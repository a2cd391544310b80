"""`eval`: a workflow on the cases of a file, resumed, scored and compared."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest

from tests.cli.command import Said, ended, eventually, smithers, started

FLOWS = Path(__file__).with_name("flows.py")
CRASH = {"input": {"text": "it crashes"}, "expected": "bug", "id": "crash"}
HOW = {"input": {"text": "how do I?"}, "expected": "question"}
BOOM = {"input": {"text": "boom"}, "expected": "bug"}


def write_cases(folder: Path, *cases: object, name: str = "cases.jsonl") -> None:
    lines = [one if isinstance(one, str) else json.dumps(one) for one in cases]
    (folder / name).write_text("\n".join(lines) + "\n")


def evaluate(folder: Path, workflow: str, *more: str, run_id: str = "e1") -> Said:
    given = ("--cases", "cases.jsonl", "--run-id", run_id)
    return smithers(folder, "eval", f"{FLOWS}:{workflow}", *given, *more)


def runs(folder: Path) -> dict[str, str]:
    listed = smithers(folder, "ps", "--all", "--json").document["runs"]
    return {one["run_id"]: one["status"] for one in listed}


def trials(found: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    return {one["trial"]: (one["status"], one["scores"]) for one in found["trials"]}


def test_each_case_is_a_child_run_whose_output_is_compared_with_what_is_expected(
    tmp_path: Path,
) -> None:
    write_cases(tmp_path, CRASH, "", HOW)
    said = evaluate(tmp_path, "triage", "--json")
    assert said.code == 0, said
    found = said.document
    assert trials(found) == {
        "crash": ("finished", {"score": True}),
        "3": ("finished", {"score": True}),
    }
    assert runs(tmp_path) == dict.fromkeys(("e1", "e1.case-crash", "e1.case-3"), "finished")
    assert [one["run_id"] for one in found["trials"]] == ["e1.case-crash", "e1.case-3"]
    assert found["passes"]
    assert found["cost_usd"] == 0.5
    assert (found["usd"]["n"], found["usd"]["mean"], found["usd"]["standard_error"]) == (2, 0.25, 0)
    assert [(one["calls"], one["tokens"], one["cost_usd"]) for one in found["trials"]] == [
        (1, 12, 0.25)
    ] * 2


def test_a_case_that_fails_and_a_score_that_raises_end_no_other_and_are_told(
    tmp_path: Path,
) -> None:
    raises = {"input": {"text": "a crash"}, "expected": "raises", "id": "odd/one"}
    write_cases(tmp_path, BOOM, raises, CRASH, HOW)
    said = evaluate(tmp_path, "triage", "--score", f"{FLOWS}:score", "--limit", "1")
    assert said.code == 1
    assert "case 1 (line 1): its child run e1.case-1 failed" in said.err
    assert "the score of case odd/one (line 2): ValueError: this cannot be scored" in said.err
    assert "1 trial failed: RuntimeError" in said.err
    assert "1 score failed: ValueError" in said.err
    found = smithers(tmp_path, "eval", "e1", "--json").document
    assert [one["failed_in"] for one in found["trials"]] == ["run", "score", None, None]
    assert found["scores"]["exact"]["n"] == 2
    assert found["scores"]["length"]["mean"] == (3 + 8) / 2
    assert found["failures"] == [
        {"failed_in": "run", "kind": "RuntimeError", "trials": 1},
        {"failed_in": "score", "kind": "ValueError", "trials": 1},
    ]


def test_an_async_score_function_gets_the_input_too(tmp_path: Path) -> None:
    write_cases(tmp_path, CRASH)
    found = evaluate(tmp_path, "triage", "--score", f"{FLOWS}:with_input", "--json").document
    assert trials(found) == {"crash": ("finished", {"score": 3 / 10})}
    assert found["passes"], "a number has no minimum unless one is given"


def test_what_is_no_number_fails_the_score_of_the_case(tmp_path: Path) -> None:
    write_cases(tmp_path, CRASH)
    said = evaluate(tmp_path, "triage", "--score", f"{FLOWS}:gives_text")
    assert said.code == 1
    assert "gave str: return a number, True or False, or a mapping of them" in said.err


@pytest.mark.parametrize(
    ("minimum", "code"), [((), 1), (("0.5",), 0), (("0.6",), 1), (("0.9", "score=0.5"), 0)]
)
def test_a_score_must_reach_its_minimum(
    tmp_path: Path, minimum: tuple[str, ...], code: int
) -> None:
    write_cases(tmp_path, CRASH, {**HOW, "expected": "praise"})
    options = [text for one in minimum for text in ("--min", one)]
    said = evaluate(tmp_path, "triage", *options)
    assert said.code == code, said
    assert ("score is 0.5 and must be at least" in said.err) == (code == 1)


def test_cases_are_repeated_and_count_once_each(tmp_path: Path) -> None:
    write_cases(tmp_path, CRASH, HOW)
    found = evaluate(tmp_path, "triage", "--repeat", "2", "--json").document
    assert [one["trial"] for one in found["trials"]] == ["crash.1", "crash.2", "2.1", "2.2"]
    assert found["scores"]["score"]["n"] == 2
    assert len(runs(tmp_path)) == 5


def test_every_line_is_checked_before_a_case_runs(tmp_path: Path) -> None:
    wrong = (
        {"input": {"text": 3}},
        {"input": {"text": "x", "txet": 1}},
        {"input": {"text": "x"}, "id": "crash"},
        {"input": {"text": "x"}, "expect": 1},
        {"expected": 1},
        "nonsense",
        '{"input": {"text": NaN}}',
        {"input": {"text": "x"}, "id": "a/../b"},
        {"input": {"text": "x"}, "id": "x" * 195},
    )
    write_cases(tmp_path, CRASH, *wrong)
    said = evaluate(tmp_path, "triage", "--json")
    assert said.code == 2
    error = said.document["error"]
    assert error["place"] == "cases.jsonl:2:1"
    for part in (
        "text: Input should be a valid string",
        "cases.jsonl:3: Ticket has no field 'txet'",
        "cases.jsonl:4: the id 'crash' is that of line 1 already",
        "cases.jsonl:5: a case has no field 'expect'",
        "cases.jsonl:6: the case has no input",
        "cases.jsonl:7: not JSON",
        "cases.jsonl:8: not JSON: NaN",
        "cases.jsonl:9: the id of the case has a '..' segment",
        "cases.jsonl:10: the id of the case is longer than 200 characters",
    ):
        assert part in error["message"]
    assert not (tmp_path / ".smithers").exists()


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ((f"{FLOWS}:triage",), "no --cases were given"),
        ((f"{FLOWS}:triage", "--cases", "gone.jsonl"), "gone.jsonl cannot be read"),
        ((f"{FLOWS}:triage", "--cases", "empty.jsonl"), "empty.jsonl has no cases"),
        ((f"{FLOWS}:triage", "--cases", "cases.jsonl", "--min", "x"), "--min needs a number"),
        ((f"{FLOWS}:triage", "--cases", "cases.jsonl", "--max-usd", "-1"), "more than 0"),
        ((f"{FLOWS}:triage", "--cases", "cases.jsonl", "--score", "x"), "--score needs a file"),
        (
            (f"{FLOWS}:triage", "--cases", "cases.jsonl", "--score", f"{FLOWS}:scor"),
            "has no function 'scor'",
        ),
        (
            (f"{FLOWS}:triage", "--cases", "cases.jsonl", "--score", f"{FLOWS}:takes_nothing"),
            "the score function takes_nothing takes () -> 'float'",
        ),
        ((f"{FLOWS}:triage", "--cases", "cases.jsonl", "--against", "e9"), "no run 'e9'"),
        (("r1",), "run r1 is of workflow guess, not an eval"),
        (("r1", "--repeat", "2"), "--repeat is stored with an eval that exists"),
        (("r1", "--against", "x.py"), "is compared with another one, not with a file"),
    ],
)
def test_what_does_not_fit_is_told_and_nothing_runs(
    tmp_path: Path, arguments: tuple[str, ...], part: str
) -> None:
    write_cases(tmp_path, CRASH)
    write_cases(tmp_path, name="empty.jsonl")
    smithers(tmp_path, "up", f"{FLOWS}:guess", "--run-id", "r1", "--input", '{"text": "x"}')
    said = smithers(tmp_path, "eval", *arguments, "--json")
    assert said.code == 2
    assert part in said.document["error"]["message"]
    assert said.document["error"]["hint"]
    assert list(runs(tmp_path)) == ["r1"]


def test_another_workflow_runs_on_the_same_cases_and_the_pairs_are_compared(
    tmp_path: Path,
) -> None:
    write_cases(tmp_path, CRASH, HOW, {**HOW, "id": "b"}, {**HOW, "id": "c"}, {**HOW, "id": "d"})
    said = evaluate(tmp_path, "guess", "--against", f"{FLOWS}:triage", "--json")
    assert said.code == 1, said
    against = said.document["against"]
    assert (against["run_id"], against["cases"], against["others"]) == ("e1-against", 5, 0)
    score = against["scores"]["score"]
    assert (score["before"]["mean"], score["after"]["mean"]) == (1.0, 0.2)
    assert (score["more"], score["same"], score["less"]) == (0, 1, 4)
    assert score["difference"]["mean"] == pytest.approx(-0.8)
    assert against["worse"] == ["score"]
    better = smithers(tmp_path, "eval", "e1-against", "--against", "e1")
    assert better.code == 0, better
    assert "+0.8" in better.out


def test_only_the_cases_that_are_the_same_in_both_are_compared(tmp_path: Path) -> None:
    write_cases(tmp_path, CRASH, HOW)
    assert evaluate(tmp_path, "triage").code == 0
    write_cases(tmp_path, CRASH, {**HOW, "input": {"text": "why?"}})
    said = evaluate(tmp_path, "guess", "--against", "e1", "--min", "0", "--json", run_id="e2")
    against = said.document["against"]
    assert (against["cases"], against["others"]) == (1, 1)
    assert against["scores"]["score"]["difference"]["standard_error"] is None
    assert (said.code, against["worse"]) == (0, [])


@pytest.mark.sampled(1)
@pytest.mark.parametrize("again", ["eval e1", "resume e1", "the same command"])
def test_after_a_kill_only_what_is_missing_runs(tmp_path: Path, again: str) -> None:
    texts = ["a", "b", "slow", "c", "d"]
    write_cases(tmp_path, *({"input": {"text": one}, "expected": one} for one in texts))
    (tmp_path / "hold").touch()
    command = ["eval", f"{FLOWS}:held", "--cases", "cases.jsonl", "--run-id", "e1"]
    ledger = tmp_path / "ledger"
    with started(tmp_path, *command, "--limit", "2") as child:
        eventually(
            lambda: child.poll() is not None or list(runs(tmp_path).values()).count("finished") == 4
        )
        child.kill()
    (tmp_path / "hold").unlink()
    (tmp_path / "cases.jsonl").rename(tmp_path / "moved.jsonl")
    if again == "the same command":
        (tmp_path / "moved.jsonl").rename(tmp_path / "cases.jsonl")
        said = smithers(tmp_path, *command, "--limit", "2")
    else:
        said = smithers(tmp_path, *again.split())
    assert said.code == 0, said
    assert Counter(ledger.read_text().split()) == {**dict.fromkeys(texts, 1), "slow": 2}
    assert runs(tmp_path)["e1"] == "finished"
    found = smithers(tmp_path, "eval", "e1", "--json").document
    assert found["scores"]["score"]["mean"] == 1


def test_a_signal_leaves_it_to_be_continued(tmp_path: Path) -> None:
    write_cases(tmp_path, {"input": {"text": "slow"}}, {"input": {"text": "b"}})
    (tmp_path / "hold").touch()
    with started(
        tmp_path, "eval", f"{FLOWS}:held", "--cases", "cases.jsonl", "--run-id", "e1", "--json"
    ) as child:
        eventually(lambda: child.poll() is not None or "finished" in runs(tmp_path).values())
        child.terminate()
        said = ended(child)
    assert said.code == 143, said
    assert trials(said.document) == {"1": ("open", None), "2": ("finished", None)}
    assert "next: smithers resume e1" in said.err


def test_an_eval_is_not_continued_with_other_code_or_cases(tmp_path: Path) -> None:
    flows = tmp_path / "flows.py"
    copyfile(FLOWS, flows)
    write_cases(tmp_path, CRASH)
    command = ("eval", "flows.py:asks", "--cases", "cases.jsonl", "--run-id", "e1")
    assert smithers(tmp_path, *command).code == 3
    flows.write_text(flows.read_text() + "# edited\n")
    for again in (("eval", "e1"), ("resume", "e1")):
        said = smithers(tmp_path, *again)
        assert said.code == 2
        assert "was edited since this eval was started" in said.err
    assert "or one that was edited since" in smithers(tmp_path, *command).err
    copyfile(FLOWS, flows)
    write_cases(tmp_path, HOW)
    assert "is an eval with other cases" in smithers(tmp_path, *command).err


def test_a_case_that_asks_a_person_is_answered_and_the_others_do_not_wait(tmp_path: Path) -> None:
    write_cases(tmp_path, CRASH, HOW)
    said = evaluate(tmp_path, "asks", "--limit", "2")
    assert said.code == 3
    for case in ("crash", "2"):
        assert smithers(tmp_path, "approve", f"e1.case-{case}").code == 0
    found = smithers(tmp_path, "eval", "e1", "--json")
    assert trials(found.document) == {
        "crash": ("finished", {"score": True}),
        "2": ("finished", {"score": False}),
    }


def test_the_trials_of_a_cancelled_eval_are_cancelled_and_their_cost_is_of_no_case(
    tmp_path: Path,
) -> None:
    write_cases(tmp_path, CRASH, HOW)
    assert evaluate(tmp_path, "asks", "--limit", "1").code == 3
    assert smithers(tmp_path, "cancel", "e1").code == 0
    found = smithers(tmp_path, "eval", "e1", "--json").document
    assert trials(found) == {"crash": ("cancelled", None), "2": ("cancelled", None)}
    assert (found["status"], found["passes"], found["time_s"]) == ("cancelled", False, None)


def test_no_agent_starts_once_the_money_is_spent(tmp_path: Path) -> None:
    write_cases(tmp_path, *({**CRASH, "id": name} for name in "abcd"))
    said = evaluate(tmp_path, "triage", "--limit", "1", "--max-usd", "0.5", "--json")
    assert said.code == 5, said
    assert said.document["cost_usd"] == 0.5
    assert smithers(tmp_path, "budget", "e1", "cases", "--add-usd", "1").code == 0
    assert smithers(tmp_path, "eval", "e1").code == 0


def test_a_program_that_a_run_has_started_evaluates_nothing_in_its_database(
    tmp_path: Path,
) -> None:
    write_cases(tmp_path, CRASH)
    said = smithers(tmp_path, "up", f"{FLOWS}:starts_eval", "--run-id", "r1", "--json")
    done = said.document["output"]
    assert done["exit_code"] == 2, said
    assert "may not start" in done["stderr"]
    assert list(runs(tmp_path)) == ["r1"]


@pytest.mark.parametrize("expected", ["1e999", '"\\ud800"', "[" * 900 + "]" * 900])
def test_a_case_that_no_run_can_be_given_is_refused_with_its_line(
    tmp_path: Path, expected: str
) -> None:
    write_cases(tmp_path, CRASH, f'{{"input": {{"text": "a"}}, "expected": {expected}}}')
    said = evaluate(tmp_path, "triage")
    assert said.code == 2
    assert "cases.jsonl:2:1: the case cannot be stored: " in said.err
    assert runs(tmp_path) == {}


def test_a_minimum_of_a_score_that_no_case_has_is_not_reached(tmp_path: Path) -> None:
    write_cases(tmp_path, CRASH)
    said = evaluate(tmp_path, "guess", "--min", "exat=0.5")
    assert said.code == 1
    assert "no case has a score exat, which must be at least 0.5" in said.err
    write_cases(tmp_path, {"input": {"text": "a crash"}})
    said = evaluate(tmp_path, "guess", "--min", "0.5", run_id="e2")
    assert said.code == 1
    assert "no case has a score, which must be at least 0.5" in said.err


def test_a_score_may_be_called_as_what_cases_cost_and_take_are(tmp_path: Path) -> None:
    write_cases(tmp_path, CRASH)
    given = ("--score", f"{FLOWS}:dollars", "--min", "usd=0.5", "--json")
    found = evaluate(tmp_path, "triage", *given).document
    assert found["scores"]["usd"]["mean"] == 0.125
    assert found["scores"]["time_s"]["mean"] == 7
    assert found["usd"]["mean"] == 0.25
    assert found["complaints"] == ["usd is 0.125 and must be at least 0.5"]
    other = evaluate(tmp_path, "triage", *given, "--against", "e1", run_id="e2").document
    assert other["against"]["scores"]["time_s"]["after"]["mean"] == 7
    assert other["against"]["amounts"]["usd"]["after"]["mean"] == 0.25


def test_a_name_that_is_twice_in_a_case_is_refused(tmp_path: Path) -> None:
    write_cases(tmp_path, CRASH, '{"input": {"text": "a", "text": "b"}}')
    said = evaluate(tmp_path, "triage")
    assert said.code == 2
    assert "the name 'text' is twice in the object at ['input']" in said.err + said.out
