"""What `Hub.run` and `Hub.wait` return: how a run was left, with an output of its type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from smithers.errors import NotFinished
from smithers.texts import from_json
from smithers.values import dataclass

if TYPE_CHECKING:
    from smithers.changes import Failure
    from smithers.views import Question, Status
    from smithers.workflows import Workflow

__all__ = ["RunResult", "read_output"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, kw_only=True)
class RunResult(Generic[T_co]):
    """A run as it was when this process left it, or looked at it.

    `why` says in a sentence what it waits for or why it failed. `questions` are what it asks a
    person. `run_id` is that of the last run, if it has continued as others.
    """

    run_id: str
    status: Status
    why: str
    hint: str
    error: Failure | None
    questions: tuple[Question, ...]
    given: tuple[T_co, ...]
    """The output; empty unless the run has finished."""

    @property
    def output(self) -> T_co:
        """The run's output. Raises `NotFinished`, which says why there is none."""
        if not self.given:
            raise NotFinished(f"run {self.run_id} has no output: {self.why}", hint=self.hint)
        return self.given[0]


def read_output(workflow: Workflow[Any, T] | None, text: str) -> T:
    """The output of a run as its workflow declares it, or as plain JSON data."""
    if workflow is None:
        return cast("T", from_json(text))
    from smithers.kinds import output_of_workflow

    return cast("T", output_of_workflow(workflow).parse(text))
