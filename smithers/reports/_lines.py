"""What happened in a run in lines for a person, each with the number of its change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from smithers.changes import Key
from smithers.naming import first_names, key_name
from smithers.reports._database import Json
from smithers.waits import APPROVAL, traits

__all__ = ["ASK", "FOR_A_PERSON", "MOST_ALIKE", "ChangeLine", "change_lines", "is_question"]

FOR_A_PERSON = frozenset(
    {
        *("attempt_started", "attempt_ended", "settled", "wait_opened", "wait_closed"),
        *("reset", "node_gone", "budget_raised", "message_taken", "message_given"),
    }
)
"""The changes that have a line. How a run is left is told at its end."""

MOST_ALIKE = 5
"""So many nodes of one frame have a line each, if the same happened to them."""

ASK = traits(APPROVAL).words.many


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """What a change says, with its position among the changes; `is_folded` if it is that of many
    alike.
    """

    position: int
    words: str
    is_folded: bool = False


def change_lines(
    changes: list[Json], settled: Callable[[Json], str] | None = None
) -> Iterator[ChangeLine]:
    """A line a change; one line for many nodes that a frame resets, cancels or skips, or that ask.
    `settled` has the words for a node that has settled.
    """
    alike: dict[str, list[str]] = {}
    for change in changes:
        if what := _in_bulk(change):
            key = Key(change["task"], tuple(change["iteration"]))
            alike.setdefault(what, []).append(key_name(key))
    for number, change in enumerate(changes):
        names = alike.get(_in_bulk(change), [])
        if len(names) <= MOST_ALIKE:
            if words := _words(change, settled):
                yield ChangeLine(number, words)
        elif names[0]:
            words = f"{len(names)} tasks {_in_bulk(change)}: {first_names(names)}"
            yield ChangeLine(number, words, is_folded=True)
            names[0] = ""  # the line is written


def _words(change: Json, settled: Callable[[Json], str] | None) -> str:
    """The line of a change, or nothing for one that says little to a person."""
    what, words = change["what"], str(change["words"])
    if what == "settled":
        return words if settled is None else settled(change)
    if what == "attempt_ended":
        return "" if change["state"] in ("succeeded", "deferred") else words
    if what == "wait_opened":
        return words if traits(change["kind"]).is_outside else ""
    if what == "wait_closed":
        return words if traits(change["kind"]).words.tells_end else ""
    return words


def _in_bulk(change: Json) -> str:
    """What a change does that a frame may do to thousands of nodes at once, else nothing."""
    if change["what"] == "reset":
        return "run again"
    if is_question(change):
        return ASK
    is_over = change["what"] == "settled" and change["outcome"] in ("cancelled", "skipped")
    return f"were {change['outcome']}" if is_over else ""


def is_question(change: Json) -> bool:
    """Whether a change opens a question to a person."""
    return (change["what"], change.get("kind")) == ("wait_opened", APPROVAL)
