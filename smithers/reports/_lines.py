"""What happened in a run in lines for a person, each with the number of its change."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from smithers.changes import Key
from smithers.naming import first_names, key_name
from smithers.reports._database import Json

__all__ = ["FOR_A_PERSON", "change_lines"]

FOR_A_PERSON = frozenset(
    {
        *("attempt_started", "attempt_ended", "settled", "wait_opened", "wait_closed"),
        *("reset", "node_gone", "budget_raised", "message_taken", "message_given"),
    }
)
"""The changes that have a line. How a run is left is told at its end."""

_MOST = 5
"""So many nodes of one frame have a line each, if the same happened to them."""


def change_lines(
    changes: list[Json], settled: Callable[[Json], str] | None = None
) -> Iterator[tuple[int, str]]:
    """A line a change, with its position; one line for many nodes that a frame resets, cancels or
    skips. `settled` has the words for a node that has settled.
    """
    alike: dict[str, list[str]] = {}
    for change in changes:
        if what := _in_bulk(change):
            key = Key(change["task"], tuple(change["iteration"]))
            alike.setdefault(what, []).append(key_name(key))
    for number, change in enumerate(changes):
        names = alike.get(_in_bulk(change), [])
        if len(names) <= _MOST:
            if words := _words(change, settled):
                yield number, words
        elif names[0]:
            yield number, f"{len(names)} tasks {_in_bulk(change)}: {first_names(names)}"
            names[0] = ""  # the line is written


def _words(change: Json, settled: Callable[[Json], str] | None) -> str:
    """The line of a change, or nothing for one that says little to a person."""
    what, words = change["what"], str(change["words"])
    if what == "settled":
        return words if settled is None else settled(change)
    if what == "attempt_ended":
        return "" if change["state"] in ("succeeded", "deferred") else words
    if what == "wait_opened":
        return "" if change["kind"] == "data" else words
    if what == "wait_closed":
        return words if change["kind"] in ("approval", "attached") else ""
    return words


def _in_bulk(change: Json) -> str:
    """What a change does that a frame may do to thousands of nodes at once, else nothing."""
    if change["what"] == "reset":
        return "run again"
    is_over = change["what"] == "settled" and change["outcome"] in ("cancelled", "skipped")
    return f"were {change['outcome']}" if is_over else ""
