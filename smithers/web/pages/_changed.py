"""What is different in a request since it was shown."""

from __future__ import annotations

from difflib import unified_diff
from typing import TYPE_CHECKING

from smithers.values import dataclass
from smithers.web.pages._texts import Row, rows_of_hunks

if TYPE_CHECKING:
    from smithers.views import Question
    from smithers.web._routes import Call

__all__ = ["Change", "change_of"]

_MOST_LINES = 4_000
"""The time to compare grows with the square of it."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """`was` is the text that was shown, or None if it is not known. `rows` are the differences."""

    was: str | None
    old: str
    new: str
    rows: tuple[Row, ...] = ()

    @property
    def lines(self) -> int:
        """How many lines were added or removed."""
        return sum(row.kind in ("added", "removed") for row in self.rows)


def change_of(call: Call, task: str, digest: str, asked: Question) -> Change:
    """How a question differs from the one with that digest."""
    past = call.hub.past_questions(call.run, task) if task and digest else []
    was = next((one.asked for one in past if one.digest == digest), None)
    old, new = digest[:8], (asked.digest or "")[:8]
    if was is None:
        return Change(was=None, old=old, new=new)
    before, now = was.split("\n"), asked.asked.split("\n")
    if len(before) + len(now) > _MOST_LINES:
        return Change(was=was, old=old, new=new)
    hunks = list(unified_diff(before, now, lineterm=""))[2:]
    return Change(was=was, old=old, new=new, rows=tuple(rows_of_hunks("\n".join(hunks))))
