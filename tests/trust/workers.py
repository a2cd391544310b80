"""What the examples of the kinds and of the patterns are made of: workers that note what they do.

Whatever works writes a line into the ledger at the end of its work.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Literal

from harnesses import Echo
from smithers import Attempt, Context, Node, NoInput, Step
from smithers.agent import Answered, Ask, Event, Used
from tests.trust.flows import body, note

__all__ = [
    "EDITS",
    "PROGRAM_LINE",
    "UNEDITED",
    "Answering",
    "Ctx",
    "Edit",
    "Example",
    "Noting",
    "boom",
    "boom_once",
    "step",
]

Edit = Literal["", "comment", "append", "insert", "prepend"]
UNEDITED: Edit = ""
EDITS: tuple[Edit, ...] = ("comment", "append", "insert", "prepend")
"""`comment` changes the file alone; the others add a step before, in or after the workflow."""

Ctx = Context[NoInput]


class Answering(Echo):
    """Answers with a function of the request, at the same cost in every attempt; `key` is noted
    before it answers.
    """

    def __init__(self, key: str, answer: Callable[[Ask], str]) -> None:
        super().__init__()
        self._key, self._answer = key, answer

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        async for event in super().run(ask):
            if isinstance(event, Answered):
                _note_program(self._key, ask.marks["SMITHERS_ATTEMPT"])
                yield Answered(self._answer(ask))
            else:
                yield Used(tokens_in=2) if isinstance(event, Used) else event


class Noting(Answering):
    """Echoes the first line of the task's prompt."""

    def __init__(self, key: str) -> None:
        super().__init__(key, lambda ask: ask.prompt.partition("\n")[0])


def _note_program(key: str, mark: str) -> None:
    """The ledger line of what is no step: the serial of its attempt is at the end of its mark."""
    serial = mark.rpartition(":")[2]
    with open(os.environ["LEDGER"], "a") as ledger:
        ledger.write(f"did\tr1/{key}\t{key}\t{serial}\t{os.getpid()}\n")


def boom(attempt: Attempt) -> str:
    """Do the work, then fail."""
    note("enter", attempt)
    note("leave", attempt)
    raise OSError(f"{attempt.key.partition('/')[2]} was meant to fail")


def boom_once(attempt: Attempt) -> str:
    """Do the work, and fail at first."""
    note("enter", attempt)
    note("leave", attempt)
    with open(os.environ["LEDGER"]) as ledger:
        ran = sum(line.startswith("leave") and "/check" in line for line in ledger)
    if ran == 1:
        raise OSError("check was meant to fail at first")
    return "checked"


def step(id: str, give: Callable[[], str] | None = None) -> Step[str]:
    return Step(id, body(give or (lambda: f"{id} done")))


@dataclass(frozen=True, kw_only=True)
class Example:
    """`ends` is the status at its end; `asked` is what is done about a question; `varies` has the
    ids of tasks whose output is a time; with `repeats`, a worker does more than one piece of work.
    """

    make: Callable[[Ctx], Node[Any]]
    ends: str = "finished"
    asked: Literal["approve", "deny", "cancel", "send"] = "approve"
    varies: tuple[str, ...] = ()
    repeats: bool = False


PROGRAM_LINE = (
    r"""printf 'did\tr1/%s\t%s\t%s\t%s\n' "$1" "$1" "${SMITHERS_ATTEMPT##*:}" $$"""
    ' >> "$LEDGER"'
)
"""What a shell types for a line of the program whose key is its first argument."""
