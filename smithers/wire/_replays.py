"""How a replay came out, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smithers.engine.replaying import Difference, LiveReplay, Replayed
    from smithers.wire._values import Json

__all__ = ["live_replay_json", "replay_json"]


def replay_json(replayed: Replayed) -> Json:
    return {
        "version": 1,
        "run_id": replayed.run_id,
        "equal": replayed.equal,
        "status": replayed.status,
        "attempts": replayed.attempts,
        "streams": {"checked": replayed.streams.checked, "missing": replayed.streams.missing},
        "divergences": [_difference(one) for one in replayed.differences],
    }


def live_replay_json(live: LiveReplay) -> Json:
    return {
        **replay_json(live.replayed),
        "fork": live.fork.run_id,
        "frame": live.fork.frame,
        "task": live.key.id,
        "iteration": list(live.key.path),
    }


def _difference(one: Difference) -> Json:
    return {
        "kind": one.kind,
        "task": None if one.key is None or not one.key.id else one.key.id,
        "iteration": [] if one.key is None else list(one.key.path),
        "message": one.message,
        "old": one.old,
        "new": one.new,
        "diff": one.lines,
    }
