"""Writes the table of an agent's failures in workflows.md: `make docs`; `--check` only compares.

The rows are the classes of `smithers.errors`; what happens next is asked of the engine itself.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from docs.writing import write
from smithers.agent import Agent, Ask, Capabilities, Event, limit_of
from smithers.changes import Failure, Key
from smithers.clock import Deadline, Moment
from smithers.engine.attempts.agent_attempt import MAX_REPAIRS
from smithers.engine.attempts.next_agent import Cooling, Missing, Use, after_failure, next_agent
from smithers.errors import AgentError
from smithers.manual._code import errors
from smithers.state import Attempted
from smithers.tree import AgentWork, Retry

__all__ = ["DOCUMENT", "table", "with_classes", "with_table"]

DOCUMENT = Path(__file__).with_name("workflows.md")
BEGIN = (
    "<!-- written by `make docs` from smithers/errors.py and"
    " smithers/engine/attempts/next_agent.py -->"
)
END = "<!-- end -->"
SYMPTOMS = DOCUMENT.with_name("troubleshooting.md")
CLASSES_BEGIN = "<!-- written by `make docs` from smithers/errors.py -->"
CLASSES_END = "<!-- end of the classes -->"
NOW = datetime(2026, 1, 2, tzinfo=UTC)


class _Named:
    """An agent of which nothing is asked but its name."""

    can = Capabilities()

    def __init__(self, name: str) -> None:
        self.name = name

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        raise NotImplementedError
        yield


def table() -> str:
    """The table, one class a row in the order of the tree."""
    rows = [
        "| class | when | what happens | when it was the last agent | spends a try | cools down |",
        "|---|---|---|---|---|---|",
    ]
    rows += [f"| {' | '.join(_row(kind))} |" for kind in _classes(AgentError)]
    return "\n".join(rows)


def with_table(text: str) -> str:
    """The document with the table between its marks."""
    return _between(text, BEGIN, table(), END)


def with_classes(text: str) -> str:
    """The page of symptoms with all classes of errors between its marks."""
    return _between(text, CLASSES_BEGIN, f"\n```text\n{errors(False)}\n```\n", CLASSES_END)


def _between(text: str, begin: str, new: str, end: str) -> str:
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n{new}\n{end}{after}"


def _classes(kind: type[AgentError]) -> Iterator[type[AgentError]]:
    for one in kind.__subclasses__():
        if one.__module__ == AgentError.__module__:
            yield one
            yield from _classes(one)


def _row(kind: type[AgentError]) -> list[str]:
    first = (kind.__doc__ or "").split("\n\n")[0].split(". ")[0].rstrip(".")
    one, two = (_following(kind, ["a"], Retry(tries=n), cools=False) for n in (1, 2))
    return [
        f"`{kind.__name__}`",
        " ".join(first.split()),
        _next(kind),
        _alone(kind),
        "no" if type(one) is type(two) else "yes",
        "yes" if kind.then == "cool down" else "no",
    ]


def _next(kind: type[AgentError]) -> str:
    following = _following(kind, ["a", "b"], Retry())
    assert isinstance(following, Use), kind
    if following.agent.name == "b":
        repaired = f"repaired in its session, {MAX_REPAIRS} times at most; then "
        return f"{repaired if kind.then == 'repair' else ''}the next agent, at once"
    assert after_failure(_work(["a", "b"], Retry()), [_failed(kind)], 0.5) > 0
    return f"the same agent after a wait, {Retry().tries} tries in all, then the next"


def _alone(kind: type[AgentError]) -> str:
    match _following(kind, ["a"], Retry(tries=1)):
        case Cooling():
            return "the run waits for the first that is back"
        case Missing():
            return "the run waits for a person, and says what is missing"
        case None:
            return "the task fails"
        case Use():
            raise AssertionError(kind)


def _following(
    kind: type[AgentError], names: list[str], retry: Retry, *, cools: bool = True
) -> Use | Cooling | Missing | None:
    work = _work(names, retry)
    now = Moment(NOW, timedelta(), timedelta())
    cooling: dict[str, Deadline] = {}
    if cools and kind.then == "cool down":
        cooling[limit_of(work.agents[0])] = now.deadline(NOW + timedelta(hours=1), "wall")
    return next_agent(work, [_failed(kind)], cooling, now)


def _work(names: list[str], retry: Retry) -> AgentWork:
    agents: tuple[Agent, ...] = tuple(_Named(name) for name in names)
    return AgentWork(agents=agents, prompt="", retry=retry, idle_s=1, cwd=None)


def _failed(kind: type[AgentError]) -> Attempted:
    return Attempted(
        serial=1,
        key=Key("task"),
        number=1,
        agent="a",
        started_at=NOW,
        state="failed",
        error=Failure(kind=kind.__name__, message="", then=kind.then),
    )


def main() -> int:
    """Write the tables, or say which documents are stale."""
    made = ((DOCUMENT, with_table), (SYMPTOMS, with_classes))
    return write({document: fill(document.read_text("utf-8")) for document, fill in made})


if __name__ == "__main__":
    sys.exit(main())
