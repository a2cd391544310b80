"""What was found wrong with the rows of a run, and the digest of all of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from smithers.store.rows import time_text
from smithers.values import dataclass

if TYPE_CHECKING:
    from smithers.changes import Frame, Key
    from smithers.sources import ClaimRow
    from smithers.store import NewRun

__all__ = ["CANNOT_SHOW", "Finding", "Verified", "digest_run"]

CANNOT_SHOW = (
    "anyone who can write the database can change a text together with its digest: compare the run"
    " with a receipt that is kept elsewhere, by --digest"
)
"""What recomputing digests cannot find."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A row that does not match. `key` and `frame` are those of the row, None where it has none."""

    table: str
    said: str
    key: Key | None = None
    frame: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """What was checked of a run up to its last frame: how many of each, what does not match, and as
    `notes` what could not be checked. `digest` is that of the run up to `frame`.
    """

    run_id: str
    frame: int
    digest: str
    checked: Mapping[str, int]
    findings: Sequence[Finding]
    notes: Sequence[Finding]

    @property
    def matches(self) -> bool:
        return not self.findings


def digest_run(run: NewRun, frames: Iterable[Frame], claims: Iterable[ClaimRow]) -> str:
    """The sha256 of a run in these frames: its file and input, who has driven it with which source,
    and each fact of each frame. It is the same in every version that reads the same facts.
    """
    digest = hashlib.sha256()
    for text in _lines(run, frames, claims):
        digest.update(text.encode(errors="surrogatepass"))
    return digest.hexdigest()


def _lines(run: NewRun, frames: Iterable[Frame], claims: Iterable[ClaimRow]) -> Iterator[str]:
    head = [run.run_id, run.workflow, run.file, run.input, time_text(run.created_at)]
    yield _text([*head, run.forked_from, run.forked_at])
    for claim in claims:
        yield _text([claim.fence, claim.source, time_text(claim.at), claim.about])
    for frame in frames:
        yield _text([frame.number, time_text(frame.at), frame.inbox])
        yield from sorted(map(_text, frame.changes))


def _text(value: object) -> str:
    return json.dumps(_plain(value), ensure_ascii=False, sort_keys=True) + "\n"


def _plain(value: Any) -> object:
    """A fact as JSON data, without what is as it is by default: a later version may add to it."""
    if is_dataclass(value) and not isinstance(value, type):
        told: dict[str, object] = {"": type(value).__name__}
        for one in fields(value):
            part: object = getattr(value, one.name)
            if part is not None and (one.default is MISSING or part != one.default) and one.compare:
                told[one.name] = _plain(part)
        return told
    if isinstance(value, tuple | list):
        return [_plain(one) for one in cast("Sequence[object]", value)]
    if isinstance(value, datetime):
        return time_text(value)
    return str(value) if isinstance(value, Decimal) else value
