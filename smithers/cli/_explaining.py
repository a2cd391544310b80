"""What `why` tells of a run: a sentence for each thing that holds it; of many alike, the first."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

from smithers import waits
from smithers.cli._places import Place, complete
from smithers.cli._streams import MARKS, give, give_json, masked, paint, quoted, shown
from smithers.hub import Hub
from smithers.naming import first_names, key_name
from smithers.texts import title_of
from smithers.views import Reason
from smithers.wire import why_json

__all__ = ["explain", "question_lines"]

_MOST = 10
"""So many reasons of one kind are told; of the rest, the number and the first names."""
_ALIKE: dict[str, str] = {
    **{kind: waits.traits(kind).words.many for kind in waits.KINDS},
    "running": "run",
    "interrupted": "were running when their process ended",
    "failed": "failed",
    "tolerated": "failed (tolerated)",
    "unpaid": "were skipped since a budget was spent",
}


def explain(where: Place, run: str, *, every: bool, json: bool) -> int:
    """Say why a run does not go on; the exit code."""
    found = Hub(where.path).why(run)
    found = replace(found, reasons=tuple(_typed(one, where) for one in found.reasons))
    if json:
        give_json(masked(why_json(found)))
        return 0
    mark, colour = MARKS[found.status]
    give(f"{paint(mark, colour, sys.stdout)} {shown(found.sentence)}")
    for line in _lines(found.reasons, every=every):
        give(line, flush=False)
    sys.stdout.flush()
    return 0


def _typed(reason: Reason, where: Place) -> Reason:
    """The reason with commands as they are typed for this database."""
    return replace(
        reason,
        command=None if reason.command is None else where.command(reason.command),
        hint=None if reason.hint is None else complete(reason.hint),
    )


def question_lines(asked: str) -> list[str]:
    """A question whole, behind bars; nothing if its title, which was told, is all of it."""
    return [] if asked.strip() == title_of(asked) else quoted(asked)


def _lines(reasons: Sequence[Reason], *, every: bool) -> Iterator[str]:
    told: dict[str, int] = {}
    more: dict[str, list[str]] = {}
    for reason in reasons:
        kind = reason.kind
        told[kind] = told.get(kind, 0) + 1
        if every or told[kind] <= _MOST or kind not in _ALIKE:
            yield from _reason(reason)
        else:
            more.setdefault(kind, []).append(key_name(reason.key))
    for kind, names in more.items():
        yield f"  and {len(names)} more {_ALIKE[kind]}: {shown(first_names(names))}"
    if more:
        yield paint("  show all of them: --all", "dim", sys.stdout)


def _reason(reason: Reason) -> Iterator[str]:
    yield f"  {shown(reason.sentence)}"
    for line in question_lines(reason.asked or ""):
        yield f"    {line}"
    if reason.hint is not None:
        yield f"    hint: {shown(reason.hint)}"
    if reason.command is not None:
        yield f"    {paint(shown(reason.command), 'bold', sys.stdout)}"
