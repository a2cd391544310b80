"""Why a task of two runs differs: what it was asked, what it read, who did it, how it ended."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from smithers.web.pages._ahead import counted
from smithers.web.pages._words import name_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from smithers.changes import Key
    from smithers.views import Difference, TaskView

__all__ = ["lines_words", "reasons"]

_MOST_NAMED = 2
_MOST_CHARACTERS = 20_000
"""The lines of a larger text are not counted."""


def reasons(
    old: TaskView, new: TaskView, found: Iterable[Difference], changed: Collection[Key]
) -> str:
    """Why a task differs, the causes first. `changed` are the tasks whose output differs."""
    return "; ".join(_reasons(old, new, {one.part: one for one in found}, changed))


def _reasons(
    old: TaskView, new: TaskView, parts: dict[str, Difference], changed: Collection[Key]
) -> Iterator[str]:
    read = [key for key in dict.fromkeys([*old.reads, *new.reads]) if key in changed]
    if read:
        yield f"reads {_named(read)}, whose output differs"
    prompt = parts.get("prompt")
    if prompt is not None and prompt.old and prompt.new:
        yield lines_words("prompt", prompt)
    agents = [one.attempts[-1].agent if one.attempts else "" for one in (old, new)]
    if all(agents) and agents[0] != agents[1]:
        yield f"agent {agents[0]} → {agents[1]}"
    tries = [len(counted(one)) for one in (old, new)]
    if all(tries) and tries[0] != tries[1]:
        yield f"{tries[0]} → {tries[1]} attempts"
    state = parts.get("state")
    if state is not None:
        yield f"{state.old} → {state.new}"
    elif "error" in parts:
        yield "another error"
    elif "output" in parts and not (read or prompt):
        set_by = new.set_by or old.set_by
        yield f"output set by {set_by}" if set_by else "another output of the same work"


def _named(keys: list[Key]) -> str:
    names = [name_of(key) for key in keys[:_MOST_NAMED]]
    more = len(keys) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


def lines_words(what: str, one: Difference) -> str:
    """How many lines of a part differ: those that were added, or else those that are gone."""
    if max(len(one.old or ""), len(one.new or "")) > _MOST_CHARACTERS:
        return what
    old, new = (one.old or "").splitlines(), (one.new or "").splitlines()
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    number = sum(
        max(end - start, stop - begin) for tag, start, end, begin, stop in codes if tag != "equal"
    )
    return f"{what}, {number} line{'s' if number != 1 else ''}"
