"""Which stream an attempt has: a rename copies the rows of an attempt, and not what was said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from smithers.values import dataclass

__all__ = ["Try", "stream_serials"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Try:
    """What tells one attempt from another, whatever the id of its task. A start is a time as it is
    stored; the attempts of a frame have the same one.
    """

    serial: int
    path: object
    number: int
    agent: str
    start: object
    session: str | None


def stream_serials(tries: Iterable[Try]) -> Mapping[int, int]:
    """The serial under which the stream of each attempt is: that of the first row of it. Without a
    session nobody can tell, and it is its own.
    """
    first: dict[tuple[object, ...], int] = {}
    found: dict[int, int] = {}
    for one in sorted(tries, key=lambda one: one.serial):
        told = (one.path, one.number, one.agent, one.start, one.session)
        found[one.serial] = (
            one.serial if one.session is None else first.setdefault(told, one.serial)
        )
    return found
