"""Hints of evals."""

from __future__ import annotations

from tests.cli.command import Said
from tests.evals.flows import __file__ as FLOWS
from tests.hints.registry import scene
from tests.hints.shell import Shell

CASES = ("--cases", "cases.jsonl")


def _eval(shell: Shell, *more: str) -> Said:
    (shell.folder / "cases.jsonl").write_text('{"input": {"text": "a crash"}, "expected": "bug"}\n')
    return shell("eval", f"{FLOWS}:triage", *more)


@scene("type `smithers eval … --cases FILE`")
def eval_without_cases(shell: Shell) -> tuple[Said, Said]:
    return _eval(shell), _eval(shell, *CASES)


@scene("give --cases the path of a file with a case a line")
def eval_of_cases_that_are_not_there(shell: Shell) -> tuple[Said, Said]:
    return _eval(shell, "--cases", "gone.jsonl"), _eval(shell, *CASES)


@scene("start an eval with `smithers eval FILE --cases CASES`")
def eval_of_another_run(shell: Shell) -> tuple[Said, Said]:
    shell("up", f"{FLOWS}:triage", "--run-id", "r1", "--input", '{"text": "x"}')
    return shell("eval", "r1"), _eval(shell, *CASES)


@scene("for example --score score.py:score, with def score(output, expected): ... in it")
def eval_with_a_score_that_is_no_function(shell: Shell) -> tuple[Said, Said]:
    (shell.folder / "score.py").write_text("def score(output, expected): return 1\n")
    failed = _eval(shell, *CASES, "--score", "score.py")
    return failed, _eval(shell, *CASES, "--score", "score.py:score")


@scene("for example --max-usd 5")
def eval_with_no_money(shell: Shell) -> tuple[Said, Said]:
    return _eval(shell, *CASES, "--max-usd", "0"), _eval(shell, *CASES, "--max-usd", "5")


@scene("for example --min 0.9, or --min exact=0.9 for one of several scores")
def eval_with_a_minimum_that_is_no_number(shell: Shell) -> tuple[Said, Said]:
    return _eval(shell, *CASES, "--min", "high"), _eval(shell, *CASES, "--min", "0.9")


@scene("leave out …, or name a FILE instead of a run")
def eval_that_exists_with_other_options(shell: Shell) -> tuple[Said, Said]:
    _eval(shell, *CASES, "--run-id", "e1")
    return shell("eval", "e1", "--repeat", "2"), shell("eval", "e1")


@scene("name the run of the other eval: --against RUN")
def eval_that_exists_against_a_file(shell: Shell) -> tuple[Said, Said]:
    for run in ("e1", "e2"):
        _eval(shell, *CASES, "--run-id", run)
    return shell("eval", "e1", "--against", "flows.py"), shell("eval", "e1", "--against", "e2")


@scene("name another run with --run-id, or leave it out")
def eval_of_other_cases(shell: Shell) -> tuple[Said, Said]:
    _eval(shell, *CASES, "--run-id", "e1")
    other = (*CASES, "--repeat", "2")
    return _eval(shell, *other, "--run-id", "e1"), _eval(shell, *other)
