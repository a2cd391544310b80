"""What was verified of a run, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smithers.views import Finding, Verified
    from smithers.wire._values import Json

__all__ = ["verified_json"]


def verified_json(view: Verified) -> Json:
    return {
        "version": 1,
        "run_id": view.run_id,
        "frame": view.frame,
        "digest": f"{view.frame}:{view.digest}",
        "matches": view.matches,
        "checked": dict(view.checked),
        "findings": [_finding(one) for one in view.findings],
        "notes": [_finding(one) for one in view.notes],
    }


def _finding(one: Finding) -> Json:
    return {
        "table": one.table,
        "task": None if one.key is None else one.key.id,
        "iteration": [] if one.key is None else list(one.key.path),
        "frame": one.frame,
        "said": one.said,
    }
