"""What an eval looks at: a workflow and a score function, imported once in a process."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping
from numbers import Real
from pathlib import Path
from typing import Any, cast

from pydantic_core import to_jsonable_python

from smithers.engine.loading import load_variables, load_workflow
from smithers.errors import AuthorError, Place, Refused
from smithers.evals._input import Case, EvalInput
from smithers.sources import read_sources
from smithers.texts import near_name
from smithers.values import dataclass
from smithers.workflows import Workflow

__all__ = ["Scores", "Subject", "as_scores", "known_subject", "load_subject"]

Score = Callable[..., Any]
Scores = dict[str, bool | float]
_ARGUMENTS = "output, expected, input"
_MOST = 1e100
"""Greater ones have no mean that a float can hold."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A workflow with its score function; without one, what is expected is compared."""

    workflow: Workflow[Any, Any]
    file: Path
    score: Score | None
    takes: int
    """How many of output, expected and input the score function takes."""
    code: str

    @property
    def is_async(self) -> bool:
        return inspect.iscoroutinefunction(self.score)

    def call(self, output: object, case: Case) -> Any:
        """What the score function gives for an output: for an async one, something to await."""
        if self.score is None:
            return to_jsonable_python(output) == case.expected
        return self.score(*(output, case.expected, case.input)[: self.takes])


_loaded: dict[tuple[str, str, str | None, str | None], Subject] = {}
"""What this process has imported last, by files and names: a render imports nothing again."""


def known_subject(given: EvalInput) -> Subject:
    """What an eval looks at, imported now unless it was. Raises as `load_subject`."""
    names = given.file, given.name, given.score_file, given.score_name
    known = _loaded.get(names)
    return known if known is not None and known.code == given.code else load_subject(*names)


def load_subject(
    file: str, name: str | None, score_file: str | None, score_name: str | None
) -> Subject:
    """Import both. Raises `Refused` and `AuthorError`."""
    loaded = load_workflow(Path(file), name)
    score, takes, code = None, 0, loaded.source
    if score_file is not None and score_name is not None:
        score = _find(Path(score_file), score_name)
        takes = _count_arguments(score, score_name)
        sources = read_sources([Path(score_file).resolve()], Path(score_file).resolve().parent)
        code = hashlib.sha256(f"{code} {sources.digest} {score_name}".encode()).hexdigest()
    found = Subject(workflow=loaded.workflow, file=loaded.file, score=score, takes=takes, code=code)
    _loaded[str(loaded.file), loaded.workflow.name, score_file, score_name] = found
    return found


def _find(file: Path, name: str) -> Score:
    variables = load_variables(file)
    if (found := variables.get(name)) is None:
        near = near_name(name, [key for key, value in variables.items() if callable(value)])
        hint = f"did you mean {near!r}?" if near else f"write def {name}(output, expected): ..."
        raise Refused(f"{file} has no function {name!r}", hint=hint)
    if not callable(found) or isinstance(found, Workflow):
        raise Refused(
            f"{name!r} in {file} is not a function",
            hint=f"write def {name}(output, expected): ... in it",
        )
    return cast("Score", found)


def _count_arguments(score: Score, name: str) -> int:
    signature = inspect.signature(score)
    for count in (2, 3, 1):
        try:
            signature.bind(*range(count))
        except TypeError:
            continue
        return count
    code = getattr(inspect.unwrap(score), "__code__", None)
    place = code and Place(file=code.co_filename, line=code.co_firstlineno, column=1)
    raise AuthorError(
        f"the score function {name} takes {signature}",
        place=place,
        hint=f"it is called with one to three arguments: {_ARGUMENTS}",
    )


def as_scores(given: object) -> Scores:
    """The numbers that a score function gave, by name. Raises `TypeError` or `ValueError`.

    >>> as_scores(True), as_scores({"length": 3, "exact": False})
    ({'score': True}, {'length': 3.0, 'exact': False})
    """
    if not isinstance(given, Mapping):
        return {"score": _as_score(given)}
    found = cast("Mapping[object, object]", given)
    if not found:
        raise ValueError("the score function gave no number: the mapping is empty")
    return {str(name): _as_score(value) for name, value in found.items()}


def _as_score(given: object) -> bool | float:
    if isinstance(given, bool):
        return given
    if not isinstance(given, Real) and not hasattr(given, "__float__"):
        raise TypeError(
            f"the score function gave {type(given).__name__}: return a number, True or False, or a"
            " mapping of them"
        )
    number = float(cast("Any", given))
    if not abs(number) <= _MOST:  # NaN is not either
        raise ValueError(f"the score function gave {number}, which is not a number to compare")
    return number
