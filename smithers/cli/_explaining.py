"""What `why` tells of a run: a sentence for each thing that holds it; of many alike, the first."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from smithers import waits
from smithers.changes import Key
from smithers.cli._places import Place, complete
from smithers.cli._streams import MARKS, give, give_json, masked, paint, quoted, shown
from smithers.hub import Hub
from smithers.naming import first_names, key_name
from smithers.texts import title_of

__all__ = ["explain", "question_lines"]

_Json = dict[str, Any]
_MOST = 10
"""So many reasons of one kind are told; of the rest, the number and the first names."""
_ALIKE: dict[str, str] = {
    **{kind: waits.traits(kind).words.many for kind in waits.KINDS},
    "running": "run",
    "interrupted": "were running when their process ended",
    "failed": "failed",
    "tolerated": "failed (tolerated)",
}


def explain(where: Place, run: str, *, every: bool, json: bool) -> int:
    """Say why a run does not go on; the exit code."""
    found = Hub(where.path).why(run)
    for reason in found["reasons"]:
        if "command" in reason:
            reason["command"] = where.command(reason["command"])
        if "hint" in reason:
            reason["hint"] = complete(reason["hint"])
    if json:
        give_json(masked(found))
        return 0
    mark, colour = MARKS[found["status"]]
    give(f"{paint(mark, colour, sys.stdout)} {shown(found['sentence'])}")
    for line in _lines(found["reasons"], every=every):
        give(line, flush=False)
    sys.stdout.flush()
    return 0


def question_lines(asked: str) -> list[str]:
    """A question whole, behind bars; nothing if its title, which was told, is all of it."""
    return [] if asked.strip() == title_of(asked) else quoted(asked)


def _lines(reasons: Sequence[_Json], *, every: bool) -> Iterator[str]:
    told: dict[str, int] = {}
    more: dict[str, list[str]] = {}
    for reason in reasons:
        kind = reason["kind"]
        told[kind] = told.get(kind, 0) + 1
        if every or told[kind] <= _MOST or kind not in _ALIKE:
            yield from _reason(reason)
        else:
            key = Key(reason["task"] or "", tuple(reason["iteration"]))
            more.setdefault(kind, []).append(key_name(key))
    for kind, names in more.items():
        yield f"  and {len(names)} more {_ALIKE[kind]}: {shown(first_names(names))}"
    if more:
        yield paint("  show all of them: --all", "dim", sys.stdout)


def _reason(reason: _Json) -> Iterator[str]:
    yield f"  {shown(reason['sentence'])}"
    for line in question_lines(reason.get("asked") or ""):
        yield f"    {line}"
    if "hint" in reason:
        yield f"    hint: {shown(reason['hint'])}"
    if "command" in reason:
        yield f"    {paint(shown(reason['command']), 'bold', sys.stdout)}"
