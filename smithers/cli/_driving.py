"""Driving a run in this process: watched, stopped by signals, and told about at the end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any

from smithers.callers import called_from, current_origin
from smithers.cli._collecting import imports_kept
from smithers.cli._ending import driven_elsewhere, failure, give_output, next_steps
from smithers.cli._failures import REFUSED, Usage, code_of, tell
from smithers.cli._places import Place, complete
from smithers.cli._signals import SIGNALS
from smithers.cli._streams import SHOW_CURSOR, give_json, is_terminal, paint, say, stdout_for_data
from smithers.cli._watching import Both, Watcher, watcher_of
from smithers.engine.launching import MACHINE_FAILED
from smithers.errors import MachineError, Owned, Refused
from smithers.hub import Hub, Left
from smithers.texts import from_json
from smithers.values import dataclass
from smithers.wire import end_json, summary_json

__all__ = ["Going", "drive"]


@dataclass(frozen=True, kw_only=True)
class Going:
    """A run that is to be driven, and what stdout is for. `extra` goes into the final object.
    `recorded` is as in `Wanted`. `ends` tells how a run was left, instead of its output and what to
    do next, and gives the exit code.

    `detached`: nobody looks on; what is told goes to the run's log.
    """

    place: Place
    run_id: str
    json: bool = False
    events: bool = False
    detached: bool = False
    recorded: bool = False
    linger_s: float | None = None
    extra: dict[str, Any] | None = None
    ends: Callable[[Hub, Left | None], int] | None = None


class _Stopping:
    """What a signal does to the run that this process drives: it is left, resumable."""

    def __init__(self, hub: Hub, *, detached: bool) -> None:
        self._hub = hub
        self._detached = detached
        self.loop: asyncio.AbstractEventLoop | None = None

    def stop(self, number: int) -> None:
        """The first signal. Where the author's file is being imported, only an exception ends
        that; else the owner stops in order.
        """
        if self.loop is None:
            SIGNALS.interrupt(number)
            return
        # A terminal's run is left to its person. A detached one has no person: it comes back.
        stop = partial(self._hub.stop, by=signal.Signals(number).name, comes_back=self._detached)
        with contextlib.suppress(RuntimeError):  # the loop is closed: the run was left already
            self.loop.call_soon_threadsafe(stop)
        if self._hub.is_loading:
            SIGNALS.interrupt(number)

    def end(self) -> None:
        """Before a second one ends this process: nothing that it has started outlives it. Of its
        agents their guards take care, which see the end of their pipes.
        """
        if is_terminal(sys.stderr):
            sys.stderr.write(SHOW_CURSOR)
            sys.stderr.flush()
        if not self._detached:
            self._hub.let_go()
        _end_children()


def drive(going: Going, work: Callable[[Hub, Both], Awaitable[Left]]) -> int:
    """Do the work, and tell how it ended; the exit code. Raises `Usage` where nothing was done."""
    if going.json and going.events:
        raise Usage(
            "--json and --events cannot be combined",
            hint="leave one out; the last line of --events has what --json prints",
        )
    hub = Hub(going.place.path, environment=dict(os.environ))  # as it was before `_drive` marks it
    with stdout_for_data():
        while isinstance(done := _drive(going, work, hub), str):  # it has continued as this run
            going = replace(going, run_id=done, recorded=True)
            work = partial(_resume, going)
        return done


async def _resume(going: Going, hub: Hub, watcher: Both) -> Left:
    with called_from(replace(current_origin(), is_launched=True)):  # nobody asked for this run
        return await hub.resume(going.run_id, observer=watcher, linger_s=going.linger_s)


def _drive(going: Going, work: Callable[[Hub, Both], Awaitable[Left]], hub: Hub) -> int | str:
    """Drive one run; the exit code, or the run as which it has continued."""
    logs = [_owner_log(going, hub)] if going.detached else []
    watcher = Both(*logs, watcher_of(going.run_id, events=going.events))
    stopping = _Stopping(hub, detached=going.detached)
    # For whatever the run's functions start.
    os.environ["SMITHERS_RUN"] = going.run_id
    os.environ["SMITHERS_RUN_DATABASE"] = os.path.realpath(going.place.path)

    async def main() -> Left:
        if SIGNALS.got is not None:
            raise asyncio.CancelledError
        return await work(hub, watcher)

    with SIGNALS.handled(stopping.stop, stopping.end), imports_kept():
        try:
            with asyncio.Runner() as runner:
                stopping.loop = runner.get_loop()
                left = runner.run(main())
        except (KeyboardInterrupt, asyncio.CancelledError):
            SIGNALS.raised = None
            return _nothing_left(going, hub, watcher)
        except (Exception, SystemExit) as error:
            if going.recorded and isinstance(error, Owned):
                watcher.close()
                return driven_elsewhere(hub, going.run_id, json=going.json, extra=going.extra)
            return _failed(going, watcher, error)
        watcher.close()
        if SIGNALS.got is not None:
            _end_children()
        return _told(going, hub, left)


def _end_children() -> None:
    from smithers.engine.processes import end_children

    end_children()


def _failed(going: Going, watcher: Both, error: Exception | SystemExit) -> int:
    watcher.close()
    told = error if isinstance(error, Exception) else Refused(f"the workflow raised {error!r}")
    _give(going, failure(told, going.run_id, going.place))
    tell(told)
    if going.detached and isinstance(error, MachineError):
        return MACHINE_FAILED
    return REFUSED


def _owner_log(going: Going, hub: Hub) -> Watcher:
    from smithers.cli._logged import OwnerLog
    from smithers.secrets import Secrets

    os.environ.pop("SMITHERS_DETACHED", None)  # it says of this process alone what it is
    heading = f"process {os.getpid()} is driving {going.run_id}"
    return OwnerLog(hub.owner_log(going.run_id), Secrets(os.environ).mask, heading)


def _told(going: Going, hub: Hub, left: Left) -> int | str:
    if going.ends is not None:
        if left.stopped:
            say(_ended_by())
        code = going.ends(hub, left)
        return 128 + (SIGNALS.got or signal.SIGINT) if left.stopped else code
    summary = hub.summary(going.run_id)
    if left.next_run is None or going.events:
        _give(going, summary_json(summary))
    if left.stopped:
        say(_ended_by())
    elif not (going.json or going.events):
        _output(from_json(summary.output))
    next_steps(hub, going.place, summary)
    if left.next_run is not None and SIGNALS.got is None:
        return left.next_run
    if left.stopped:
        return 128 + (SIGNALS.got or signal.SIGINT)
    partly = left.tolerated or left.unpaid
    return code_of(left.status, partly=partly, over_budget=left.over_budget)


def _nothing_left(going: Going, hub: Hub, watcher: Both) -> int:
    """A signal came before this process drove the run, which may be there from before."""
    watcher.close()
    if hub.status(going.run_id) is None:
        _give(going, failure(InterruptedError(_ended_by()), going.run_id, None))
        say(f"{_ended_by()}; nothing was written")
    elif going.ends is not None:
        say(_ended_by())
        going.ends(hub, None)
    else:
        summary = hub.summary(going.run_id)
        _give(going, summary_json(summary))
        say(_ended_by())
        next_steps(hub, going.place, summary)
    return 128 + (SIGNALS.got or signal.SIGINT)


def _ended_by() -> str:
    return f"stopped by {(SIGNALS.got or signal.SIGINT).name}"


def _give(going: Going, document: dict[str, Any]) -> None:
    """The last word on stdout for a program; that nobody reads it changes no exit code."""
    if not (going.json or going.events):
        return
    if going.ends is not None:
        document = {"version": 1, "error": document["error"]}
    document = {**document, **(going.extra or {})}
    if document["error"] is not None and document["error"]["hint"]:
        hint = complete(document["error"]["hint"])
        document["error"] = {**document["error"], "hint": hint}
    try:
        give_json(end_json(document) if going.events else document)
    except BrokenPipeError:
        return
    except Refused as error:
        tell(error)


def _output(output: object) -> None:
    try:
        give_output(output)
    except BrokenPipeError:
        say(paint("the output was not read", "dim", sys.stderr))
    except Refused as error:
        tell(error)
