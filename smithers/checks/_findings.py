"""What a check finds: a rule that is broken, where, and what to type instead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from smithers.errors import AuthorError, Place, SmithersError
from smithers.values import dataclass

__all__ = ["Finding", "Findings", "from_error"]

Level = Literal["error", "warning"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that is wrong, or that costs more than it need: a warning."""

    rule: str
    said: str
    place: Place | None
    hint: str = ""
    level: Level = "error"

    def to_json(self) -> dict[str, Any]:
        where = self.place
        place = where and {"file": where.file, "line": where.line, "column": where.column}
        return {
            "level": self.level,
            "rule": self.rule,
            "message": self.said,
            "hint": self.hint,
            "place": place,
        }


class Findings:
    """All findings so far: one for each line and level, the first, which is the most exact."""

    def __init__(self) -> None:
        self._found: dict[object, Finding] = {}

    def add(self, one: Finding) -> bool:
        """Keep it, unless there is one of its line."""
        where: object = one.place and (one.place.file, one.place.line)
        return self._found.setdefault((one.level, where or one.said), one) is one

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._found.values())


def from_error(error: SmithersError, rule: str, at: Place | None = None) -> Finding:
    """An error as a finding; `at` is where, if the error names no place."""
    place = error.place if isinstance(error, AuthorError) else None
    said = error.said.removeprefix(f"{place}: ")
    return Finding(rule=rule, said=said, place=place or at, hint=error.hint)
