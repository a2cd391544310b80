"""A replay in words."""

from __future__ import annotations

from collections.abc import Iterator

from smithers.engine.replaying.replay import Replayed
from smithers.words import count_of

__all__ = ["describe_replay", "describe_sum"]


def describe_replay(found: Replayed) -> Iterator[str]:
    """What differs, and of how much, line by line."""
    for one in found.differences:
        yield f"{one.kind}: {one.message}"
        yield from one.lines
    yield describe_sum(found)


def describe_sum(found: Replayed) -> str:
    """The last line: how much differs, and what was answered."""
    missing, count = found.streams.missing, len(found.differences)
    answered = f"{count_of(found.attempts, 'attempt')} answered from its rows"
    if missing:
        answered += f"; the streams of {count_of(missing, 'recorded answer')} are missing"
    if found.equal:
        return f"nothing differs from run {found.run_id}: {answered}"
    return f"{count_of(count, 'difference')} from run {found.run_id}: {answered}"
