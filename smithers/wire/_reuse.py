"""What becomes of a run's work when it is resumed, as JSON."""

from __future__ import annotations

from smithers.changes import Key
from smithers.engine.reusing import Reuse
from smithers.wire._values import Json, dollars

__all__ = ["reuse_json"]


def reuse_json(found: Reuse) -> Json:
    """What a resume reuses, and what an edit has changed, brought and taken."""
    work = found.work
    return {
        "version": 1,
        "run_id": found.run_id,
        "reused": list(map(_key, found.reused)),
        "changed": [
            {**_key(one.key), "parts": list(one.parts), "why": one.why, "misfit": one.misfit}
            for one in found.changed
        ],
        "affected": list(map(_key, found.affected)),
        "asked_again": list(map(_key, found.asked_again)),
        "new": list(found.new),
        "gone": list(found.gone),
        "usage": {
            "tokens": work.tokens,
            "cost_usd": dollars(work.cost),
            "calls": work.calls,
            "time_s": round(work.time_s, 3),
        },
    }


def _key(key: Key) -> Json:
    return {"task": key.id, "iteration": list(key.path)}
