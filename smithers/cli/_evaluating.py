"""`eval`: a workflow on the cases of a file, what it gives scored, and compared with another."""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

from smithers.changes import ENDED
from smithers.cli._arguments import Argument, Db, JsonFlag, Option, example
from smithers.cli._failures import Usage, code_of
from smithers.cli._given import file_and_name, names_file
from smithers.cli._places import Place, place
from smithers.cli._running import Linger, made_up_id
from smithers.cli._streams import give_json, masked, say, stdout_for_data
from smithers.values import dataclass

if TYPE_CHECKING:
    import typer

    from smithers.cli._watching import Both
    from smithers.evals import Minimum, Plan
    from smithers.hub import Hub, Left

__all__ = ["register"]

_MOST_TIMES = 1000
_ONCE, _LIMIT = 1, 4
"""How cases are run if nothing is given."""


def register(app: typer.Typer) -> None:
    app.command(
        "eval",
        short_help="Run a workflow on cases, and score what it gives.",
        help=example(
            "smithers eval triage.py --cases cases.jsonl",
            "smithers eval triage.py --cases cases.jsonl --score score.py:score --repeat 3",
            "smithers eval triage.py --cases cases.jsonl --against triage_old.py",
            "smithers eval triage-k3v9xa --against triage-7hq2md",
            says="Run a workflow on each case of a file of JSON lines, as child runs of one run,"
            " and score what it gives. Every line is checked before a case runs. A failed"
            " case does not end the others. After a crash or a stop, `smithers eval RUN` or"
            " `smithers resume RUN` runs only what is missing, and `smithers eval RUN` prints the"
            " result again. Exit with 0; with 1 if a case or its score failed, or a score is below"
            " its minimum or worse than that of --against by more than chance explains; with 2 for"
            " a case or an option that does not fit; else with the code of the run.",
        ),
    )(evaluate)


def evaluate(
    file: Annotated[
        str,
        Argument(
            metavar="FILE[:NAME]|RUN",
            help="A file that contains a workflow, or an eval to continue or to show.",
            show_default=False,
        ),
    ],
    cases: Annotated[
        Path | None,
        Option(
            "--cases",
            metavar="FILE",
            help='The cases, a line each: {"input": {...}, "expected": ..., "id": "..."}.',
            show_default=False,
        ),
    ] = None,
    score: Annotated[
        str | None,
        Option(
            "--score",
            metavar="FILE:NAME",
            help="A function of the output, what was expected and the input, which returns a"
            " number, True or False, or a mapping of them (default: whether the output is what was"
            " expected).",
            show_default=False,
        ),
    ] = None,
    against: Annotated[
        str | None,
        Option(
            "--against",
            metavar="RUN|FILE[:NAME]",
            help="Compare with an earlier eval, or with another workflow on the same cases.",
            show_default=False,
        ),
    ] = None,
    minimum: Annotated[
        list[str] | None,
        Option(
            "--min",
            metavar="[SCORE=]N",
            help="The least mean that a score may have; without a name, that of every score"
            " (repeatable; default: a score of True and False must always be True).",
            show_default=False,
        ),
    ] = None,
    repeat: Annotated[
        int, Option("--repeat", min=1, metavar="N", help="Run each case N times.")
    ] = _ONCE,
    limit: Annotated[
        int, Option("--limit", min=1, metavar="N", help="Run N cases at once.")
    ] = _LIMIT,
    max_usd: Annotated[
        str | None,
        Option(
            "--max-usd",
            metavar="USD",
            help="Start no agent once all cases have cost this many US dollars.",
            show_default=False,
        ),
    ] = None,
    run_id: Annotated[
        str | None,
        Option(
            "--run-id",
            metavar="ID",
            help="Id of the run; if it exists, continue it (default: a generated id).",
            show_default=False,
        ),
    ] = None,
    linger: Linger = None,
    json: JsonFlag = False,
    db: Db = None,
) -> int:
    if repeat > _MOST_TIMES:
        raise Usage(
            f"--repeat is at most {_MOST_TIMES}, not {repeat}", hint="give a smaller number"
        )
    wanted = _Wanted(
        place=place(db),
        cases=cases,
        score=None if score is None else _file_and_function(score),
        repeat=repeat,
        limit=limit,
        max_usd=None if max_usd is None else _usd(max_usd),
        linger_s=linger,
    )
    minimums = [_minimum(one) for one in minimum or ()]
    if not names_file(file):
        _check_stored(wanted, against, run_id)
        return _Evaluating(wanted, file, minimums, json=json).run(None, against)
    if cases is None:
        raise Usage(
            "no --cases were given", hint=f"type `smithers eval {quote(file)} --cases FILE`"
        )
    id = run_id or made_up_id(file_and_name(file)[0])
    return _Evaluating(wanted, id, minimums, json=json).run(file, against)


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """How cases are to be run, as it was typed."""

    place: Place
    cases: Path | None
    score: tuple[str, str] | None
    repeat: int
    limit: int
    max_usd: Decimal | None
    linger_s: float | None


class _Evaluating:
    """One eval, from what was typed to what is told of it."""

    def __init__(
        self, wanted: _Wanted, run_id: str, minimums: list[Minimum], *, json: bool
    ) -> None:
        from smithers.hub import Hub

        self._wanted, self._run_id, self._minimums, self._json = wanted, run_id, minimums, json
        self._hub = Hub(wanted.place.path)
        self._against: str | None = None

    def run(self, file: str | None, against: str | None) -> int:
        """Run it: `file` is what was typed, None for an eval that exists. The exit code."""
        from smithers.cli._driving import Going, drive
        from smithers.cli._trusting import trust_if_typed

        trust_if_typed(self._wanted.place, "eval")
        with stdout_for_data():
            plan = self._plan(file)
        if against is not None and not names_file(against):
            self._hub.evaluated(against)  # before anything is paid
            self._against = against
        elif against is not None:
            from smithers.cli._eval_against import run_against

            self._against = f"{self._run_id}-against"
            if (code := run_against(self._arguments(against), self._against)) is not None:
                return code
        if self._hub.status(self._run_id) in ENDED:
            return self._tell(self._hub, None)
        if file is not None:
            say(f"run {self._run_id}")
        going = Going(
            place=self._wanted.place,
            run_id=self._run_id,
            json=self._json,
            linger_s=self._wanted.linger_s,
            ends=self._tell,
        )
        return drive(going, partial(self._drive, plan))

    async def _drive(self, plan: Plan, hub: Hub, watcher: Both) -> Left:
        linger_s = self._wanted.linger_s
        return await hub.evaluate(plan, run_id=self._run_id, observer=watcher, linger_s=linger_s)

    def _plan(self, file: str | None) -> Plan:
        wanted = self._wanted
        if file is None:
            return self._hub.evaluated(self._run_id).plan
        assert wanted.cases is not None
        path, name = file_and_name(file)
        plan = self._hub.plan_eval(
            path,
            wanted.cases,
            name=name,
            score=wanted.score,
            repeat=wanted.repeat,
            limit=wanted.limit,
            budget_usd=wanted.max_usd,
        )
        if self._hub.status(self._run_id) is not None:
            plan.check_same(self._run_id, self._hub.evaluated(self._run_id).plan)
        return plan

    def _arguments(self, against: str) -> list[str]:
        """What is typed to run another workflow on the same cases."""
        wanted = self._wanted
        given: list[str] = [against, "--cases", str(wanted.cases), "--db", str(wanted.place.path)]
        given += ["--repeat", str(wanted.repeat), "--limit", str(wanted.limit)]
        if wanted.score is not None:
            given += ["--score", ":".join(wanted.score)]
        if wanted.max_usd is not None:
            given += ["--max-usd", str(wanted.max_usd)]
        if wanted.linger_s is not None:
            given += ["--linger", str(wanted.linger_s)]
        return given

    def _tell(self, hub: Hub, left: Left | None) -> int:
        """Print what was found; the exit code."""
        from smithers.cli._eval_words import eval_lines, tell_rest
        from smithers.cli._streams import give
        from smithers.evals import complaints, eval_json

        found = hub.evaluated(self._run_id)
        compared = None if self._against is None else hub.compare_evals(found.run_id, self._against)
        said = list(complaints(found, self._minimums, compared))
        if self._json:
            give_json(masked(eval_json(found, said, compared)))
        else:
            for line in eval_lines(found, compared):
                give(line)
        tell_rest(hub, self._wanted.place, found, said)
        if found.status == "finished":
            return 1 if said else 0
        if left is None:  # a stopped one exits by its signal
            return code_of("waiting" if found.status == "stale" else found.status)
        return code_of(left.status, over_budget=left.over_budget)


def _check_stored(wanted: _Wanted, against: str | None, run_id: str | None) -> None:
    """Raises `Usage` for an option that an eval that exists cannot have."""
    given = {
        "--cases": wanted.cases,
        "--score": wanted.score,
        "--repeat": wanted.repeat != _ONCE,
        "--limit": wanted.limit != _LIMIT,
        "--max-usd": wanted.max_usd,
        "--run-id": run_id,
    }
    if option := next((name for name, value in given.items() if value), None):
        raise Usage(
            f"{option} is stored with an eval that exists",
            hint=f"leave out {option}, or name a FILE instead of a run",
        )
    if against is not None and names_file(against):
        raise Usage(
            "an eval that exists is compared with another one, not with a file",
            hint="name the run of the other eval: --against RUN",
        )


def _file_and_function(given: str) -> tuple[str, str]:
    file, name = file_and_name(given)
    if name is None:
        raise Usage(
            f"--score needs a file and a function in it, not {given!r}",
            hint="for example --score score.py:score, with def score(output, expected): ... in it",
        )
    return file, name


def _usd(given: str) -> Decimal:
    try:
        found = Decimal(given.removeprefix("$"))
    except InvalidOperation:
        found = Decimal(-1)
    if not found.is_finite() or found <= 0:
        raise Usage(f"--max-usd must be more than 0, not {given!r}", hint="for example --max-usd 5")
    return found


def _minimum(given: str) -> Minimum:
    from smithers.evals import Minimum

    score, equals, number = given.rpartition("=")
    try:
        least = float(number)
    except ValueError:
        least = math.nan
    if not math.isfinite(least) or (equals and not score):
        raise Usage(
            f"--min needs a number, not {given!r}",
            hint="for example --min 0.9, or --min exact=0.9 for one of several scores",
        )
    return Minimum(least=least, score=score or None)
