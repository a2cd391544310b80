"""What of an answer fits into what its caller can take. What was left out has a cursor."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, cast

from pydantic import Field

from mcp_server._errors import failure
from smithers.hub import Secrets

__all__ = [
    "DEFAULT_TOKENS",
    "MaxTokens",
    "Parts",
    "Rows",
    "Text",
    "fit",
    "room_of",
    "shorten",
    "size_of",
]

DEFAULT_TOKENS = 2_000
_CHARACTERS_PER_TOKEN = 3.5
_ENVELOPE = 400
"""What the line of text and the names around the data may have, in characters."""

MaxTokens = Annotated[
    int,
    Field(
        ge=500,
        le=50_000,
        description="The size of the whole answer at most, in tokens (characters / 3.5).",
    ),
]


@dataclass(frozen=True)
class Rows:
    """A list of an answer, of which a page has as many entries as fit."""

    entries: Sequence[Any]

    def need(self, start: int) -> int:
        return sum(size_of(entry) + 1 for entry in self.entries[start:])

    def take(self, start: int, characters: int, whole: int) -> tuple[Any, int]:
        """The entries from `start` on that fit, and where the rest starts. One that would not fit
        on a page by itself is shortened to that.
        """
        taken: list[Any] = []
        for entry in self.entries[start:]:
            shown = shorten(entry, whole) if size_of(entry) >= whole else entry
            if (characters := characters - size_of(shown) - 1) < 0:
                break
            taken.append(shown)
        return taken, start + len(taken)

    def has_more(self, start: int) -> bool:
        return start < len(self.entries)


@dataclass(frozen=True)
class Text:
    """A value of an answer; one that does not fit is given as text, piece by piece."""

    value: Any

    def need(self, start: int) -> int:
        return size_of(self.value if start == 0 else self._text[start:])

    def take(self, start: int, characters: int, whole: int) -> tuple[Any, int]:
        del whole
        if start == 0 and (self.value is None or size_of(self.value) <= characters):
            return self.value, len(self._text)
        piece = self._text[start:][: max(0, characters - 2)]
        while piece and (over := size_of(piece) - characters) > 0:
            piece = piece[: max(0, len(piece) - over)]
        return piece, start + len(piece)

    def has_more(self, start: int) -> bool:
        return self.value is not None and start < len(self._text)

    @property
    def _text(self) -> str:
        value = self.value
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


Parts = Mapping[str, Rows | Text]


def fit(
    secrets: Secrets,
    head: Mapping[str, Any],
    parts: Parts,
    *,
    after: str | None,
    characters: int,
) -> dict[str, Any]:
    """The head with a page of each part, and `rest`: the cursor of what was left out, or None.

    The parts share what the head leaves. Secrets are masked first, so that none is cut in two.
    """
    found: set[str] = set()
    head = secrets.mask_data(shorten(dict(head), characters // 2), found)
    parts = {name: _masked(part, secrets, found) for name, part in parts.items()}
    starts = _starts(after, len(parts))
    whole = max(100, characters - size_of(head))
    shares = _shares(list(parts.values()), starts, whole)
    pages, ends = _pages(parts, starts, shares, whole)
    left = [part.has_more(end) for part, end in zip(parts.values(), ends, strict=True)]
    if ends == starts and any(left):  # no share is large enough for the next entry
        first = left.index(True)
        shares = [whole if number == first else 0 for number in range(len(parts))]
        pages, ends = _pages(parts, starts, shares, whole)
        left = [part.has_more(end) for part, end in zip(parts.values(), ends, strict=True)]
    rest = ".".join(map(str, ends)) if any(left) else None
    return {**head, **pages, "rest": rest, "masked": sorted(found)}


def _pages(
    parts: Parts, starts: Sequence[int], shares: Sequence[int], whole: int
) -> tuple[dict[str, Any], list[int]]:
    """A page of each part, with whether a value is only a piece, and where the rest starts."""
    pages: dict[str, Any] = {}
    ends: list[int] = []
    for (name, part), start, share in zip(parts.items(), starts, shares, strict=True):
        pages[name], end = part.take(start, share, whole)
        if isinstance(part, Text):
            pages[f"{name}_cut"] = start > 0 or part.has_more(end)
        ends.append(end)
    return pages, ends


def _masked(part: Rows | Text, secrets: Secrets, found: set[str]) -> Rows | Text:
    if isinstance(part, Rows):
        return Rows(secrets.mask_data(list(part.entries), found))
    return Text(secrets.mask_data(part.value, found))


def _shares(parts: Sequence[Rows | Text], starts: Sequence[int], whole: int) -> list[int]:
    """How many characters each part gets: what it needs, or its part of what the others leave."""
    needs = [part.need(start) for part, start in zip(parts, starts, strict=True)]
    shares = [0] * len(parts)
    left, waiting = whole, len(parts)
    for number in sorted(range(len(parts)), key=needs.__getitem__):
        shares[number] = min(needs[number], left // waiting)
        left, waiting = left - shares[number], waiting - 1
    return shares


def _starts(after: str | None, number: int) -> list[int]:
    if after is None:
        return [0] * number
    if re.fullmatch(rf"[0-9]{{1,9}}(\.[0-9]{{1,9}}){{{number - 1}}}", after) is None:
        raise failure(
            "INVALID_ARGUMENT",
            f"{after[:40]!r} is not a cursor of this tool",
            "give the `rest` of an answer of this tool as after, or leave it out",
        )
    return [int(start) for start in after.split(".")]


def room_of(max_tokens: int) -> int:
    """How many characters of JSON an answer of so many tokens may have."""
    return int(max_tokens * _CHARACTERS_PER_TOKEN) - _ENVELOPE


def size_of(value: Any) -> int:
    """How many characters a value has as JSON."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def shorten(value: Any, characters: int) -> Any:
    """The value with its long texts cut, as much as need be to have so many characters as JSON."""
    most = 2_000
    while size_of(value) > characters and most > 10:
        value = _cut(value, most)
        most //= 2
    return value


def _cut(value: object, most: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= most else f"{value[: most - 1]}…"
    if isinstance(value, list):
        return [_cut(item, most) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        items = cast("dict[object, object]", value).items()
        return {name: _cut(item, most) for name, item in items}
    return value
