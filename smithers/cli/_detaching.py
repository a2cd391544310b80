"""`--detach`: a run that lives in a process of its own, and what is told of it at once."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

from smithers.cli._ending import driven_elsewhere, failure
from smithers.cli._failures import REFUSED, tell
from smithers.cli._streams import give, give_json, paint, say, shown
from smithers.errors import Owned
from smithers.hub import Hub
from smithers.wire import launched_json

if TYPE_CHECKING:
    from smithers.cli._running import Wanted
    from smithers.engine.detaching import Launched

__all__ = ["detach"]


def detach(wanted: Wanted, input: str | None) -> int:
    """Start the run, or go on with it, away from this process; the exit code."""
    hub = Hub(wanted.place.path)
    try:
        launched = _launch(hub, wanted, input)
    except Exception as error:
        if wanted.recorded and isinstance(error, Owned):
            return driven_elsewhere(hub, wanted.run_id, json=wanted.json, extra=wanted.extra)
        if wanted.json:
            give_json({**failure(error, wanted.run_id, wanted.place), **(wanted.extra or {})})
        tell(error)
        return REFUSED
    for line in launched.said.splitlines():
        say(shown(line))
    if wanted.json:
        started = launched_json(launched, hub.summary(wanted.run_id))
        give_json({**started, **(wanted.extra or {})})
        return 0
    give(wanted.run_id)
    mark = paint(
        f"▶ {wanted.run_id} is running in the background (pid {launched.pid})", "cyan", sys.stderr
    )
    say(f"{mark}; log: {shown(str(launched.log))}")
    for command in ("logs {} --follow", "why {}", "cancel {}"):
        typed = f"smithers {command.format(shlex.quote(wanted.run_id))}"
        say(f"{paint('next:', 'bold', sys.stderr)} {wanted.place.command(typed)}")
    return 0


def _launch(hub: Hub, wanted: Wanted, input: str | None) -> Launched:
    if wanted.file is not None and not wanted.resume:
        return hub.launch(
            wanted.file,
            name=wanted.name,
            input=input,
            run_id=wanted.run_id,
            max_concurrency=wanted.max_concurrency,
            linger_s=wanted.linger_s,
            caps=wanted.caps,
            hot=wanted.hot,
        )
    if wanted.retry is not None:
        readers = wanted.with_readers
        return hub.launch_retry(wanted.run_id, wanted.retry, readers=readers, typed=True)
    return hub.launch_again(
        wanted.run_id,
        file=wanted.file,
        name=wanted.name,
        input=input,
        max_concurrency=wanted.max_concurrency,
        linger_s=wanted.linger_s,
        rerun=wanted.rerun,
        renames=wanted.renames,
        typed=True,
        hot=wanted.hot,
    )
