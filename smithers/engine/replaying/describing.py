"""A replay in words."""

from __future__ import annotations

from collections.abc import Iterator

from smithers.engine.replaying.replay import Replayed

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
    attempts = "1 attempt" if found.attempts == 1 else f"{found.attempts} attempts"
    answered = f"{attempts} answered from its rows"
    if missing:
        answered += f"; the streams of {missing} answers are missing"
    if found.equal:
        return f"nothing differs from run {found.run_id}: {answered}"
    differ = "1 difference" if count == 1 else f"{count} differences"
    return f"{differ} from run {found.run_id}: {answered}"
