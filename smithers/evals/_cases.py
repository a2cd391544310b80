"""Cases from a file of JSON lines, checked before anything is paid."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from smithers.engine.inputs import refuse_unknown_fields
from smithers.errors import AuthorError, Place, Refused, SmithersError
from smithers.evals._input import EVAL_NAME, Case, EvalInput, trial_names, trial_node
from smithers.evals._subject import Subject, load_subject
from smithers.texts import json_text, strict_json
from smithers.tree import id_problem
from smithers.values import dataclass

__all__ = ["Plan", "make_plan", "stored_plan"]

_FIELDS = ("input", "expected", "id")
_MOST_TOLD = 10
_LINE = 'a case is a line such as {"input": {"topic": "whales"}, "expected": "a whale"}'


@dataclass(frozen=True, kw_only=True)
class Plan:
    """An eval that can be started: everything that is known before a case runs was checked."""

    given: EvalInput

    @property
    def input(self) -> str:
        """The input of its run, as JSON text."""
        return json_text(self.given.model_dump(mode="json"))

    def check_same(self, run_id: str, other: Plan) -> None:
        """Raises `Refused` if the run of another plan is not one of this."""
        mine, others = self.given, other.given
        if mine.cases != others.cases or mine.repeat != others.repeat:
            has = "other cases"
        elif (mine.file, mine.name, mine.code) != (others.file, others.name, others.code):
            has = "another workflow or score function, or one that was edited since"
        else:
            return
        raise Refused(
            f"run {run_id} is an eval with {has}",
            hint="name another run with --run-id, or leave it out",
        )


def make_plan(
    file: str,
    name: str | None,
    cases: Path,
    *,
    score: tuple[str, str] | None,
    repeat: int,
    limit: int,
    budget_usd: Decimal | None,
) -> Plan:
    """The eval of a workflow on the cases of a file. The agents that its file names must be known.

    Raises `Refused` and `AuthorError`, which name each line that does not fit.
    """
    score_file, score_name = score or (None, None)
    if score_file is not None:
        score_file = str(Path(score_file).resolve())
    subject = load_subject(str(Path(file).resolve()), name, score_file, score_name)
    found = _Lines(cases, subject, repeat)
    given = EvalInput(
        file=str(subject.file),
        name=subject.workflow.name,
        score_file=score_file,
        score_name=score_name,
        cases=found.read(),
        repeat=repeat,
        limit=limit,
        budget_usd=budget_usd,
        code=subject.code,
    )
    return Plan(given=given)


def stored_plan(run_id: str, workflow: str, input: str) -> Plan:
    """The eval that a run is of. Raises `Refused` for a run of anything else."""
    if workflow != EVAL_NAME:
        raise Refused(
            f"run {run_id} is of workflow {workflow}, not an eval",
            hint="start an eval with `smithers eval FILE --cases CASES`",
        )
    try:
        return Plan(given=EvalInput.model_validate_json(input))
    except ValueError as error:
        raise Refused(f"run {run_id} is not an eval of this version: {error}") from error


class _Lines:
    """Reads the cases of a file, and collects what is wrong with its lines."""

    def __init__(self, path: Path, subject: Subject, repeat: int) -> None:
        self._path, self._subject, self._repeat = path, subject, repeat
        self._wrong: list[tuple[int, str, str]] = []
        self._ids: dict[str, int] = {}

    def read(self) -> list[Case]:
        cases: list[Case] = []
        for line, text in self._texts():
            try:
                cases.append(self._case(line, text))
            except SmithersError as error:
                self._wrong.append((line, error.said, error.hint))
        if self._wrong:
            raise self._error()
        if not cases:
            raise Refused(f"{self._path} has no cases", hint=_LINE)
        return cases

    def _texts(self) -> Iterator[tuple[int, str]]:
        try:
            text = self._path.read_bytes().decode("utf-8-sig")
        except OSError as error:
            hint = "give --cases the path of a file with a case a line"
            raise Refused(f"{self._path} cannot be read: {error.strerror}", hint=hint) from error
        except UnicodeDecodeError as error:
            raise Refused(
                f"{self._path} is not UTF-8 text: {error}", hint="save it as UTF-8"
            ) from error
        # Not by `splitlines`: JSON may contain the other separators that it knows.
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                yield number, line

    def _case(self, line: int, text: str) -> Case:
        row = self._row(text)
        id = self._id(line, row)
        given = json_text(row["input"])
        refuse_unknown_fields(self._subject.workflow.parse_input(given), given)
        case = Case(
            id=id,
            line=line,
            input=row["input"],
            expected=row.get("expected"),
            is_expected="expected" in row,
        )
        _check_stored(case)
        return case

    def _row(self, text: str) -> dict[str, Any]:
        try:
            found = strict_json(text)
        except (ValueError, RecursionError) as error:
            raise Refused(f"not JSON: {error}", hint=_LINE) from error
        if not isinstance(found, dict):
            raise Refused(f"not a JSON object, but {type(found).__name__}", hint=_LINE)
        row = cast("dict[str, Any]", found)
        if unknown := [name for name in row if name not in _FIELDS]:
            raise Refused(
                f"a case has no field {unknown[0]!r}", hint=f"its fields are: {', '.join(_FIELDS)}"
            )
        if "input" not in row:
            raise Refused("the case has no input", hint=_LINE)
        return row

    def _id(self, line: int, row: dict[str, Any]) -> str:
        """The id of a case, the number of its line if it has none."""
        given = row.get("id", line)
        id = str(given) if isinstance(given, int) and not isinstance(given, bool) else given
        *_, longest = trial_names(str(id), self._repeat)
        if problem := id_problem(id) or id_problem(trial_node(longest)):
            hint = "write 1 to 180 printable characters, without a segment '..'"
            raise Refused(f"the id of the case {problem}", hint=hint)
        if (other := self._ids.setdefault(str(id), line)) != line:
            raise Refused(f"the id {id!r} is that of line {other} already", hint="write another id")
        return str(id)

    def _error(self) -> AuthorError:
        (line, said, hint), *more = self._wrong
        lines = [said, *(f"{self._path}:{at}: {text}" for at, text, _ in more[: _MOST_TOLD - 1])]
        if len(self._wrong) > _MOST_TOLD:
            lines.append(f"and {len(self._wrong) - _MOST_TOLD} more lines")
        place = Place(file=str(self._path), line=line, column=1)
        return AuthorError("\n".join(lines), place=place, hint=hint)


def _check_stored(case: Case) -> None:
    """Raises `Refused` for what JSON can say and no run can be given, as half a character."""
    try:
        json_text(case.model_dump(), allow_nan=False)  # the next line would make it null
        Case.model_validate_json(json_text(case.model_dump(mode="json")))
    except (ValueError, RecursionError) as error:
        said = str(error).splitlines()[0]
        if isinstance(error, ValidationError):
            said = str(error.errors(include_url=False, include_input=False)[0]["msg"])
        raise Refused(f"the case cannot be stored: {said}", hint=_LINE) from error
