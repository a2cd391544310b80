"""Driving a run in this process: watched, stopped by signals, and told about at the end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Any

from smithers.cli._ending import failure, give_output, next_steps
from smithers.cli._failures import REFUSED, Usage, code_of, tell
from smithers.cli._places import Place
from smithers.cli._streams import give_json, paint, say, stdout_for_data
from smithers.cli._watching import Both, Watcher, watcher_of
from smithers.errors import Refused
from smithers.hub import Hub, Left

__all__ = ["Going", "drive"]


@dataclass(frozen=True, kw_only=True)
class Going:
    """A run that is to be driven, and what stdout is for. `extra` goes into the final object.

    `detached`: nobody looks on; what is told goes to the run's log.
    """

    place: Place
    run_id: str
    json: bool = False
    events: bool = False
    detached: bool = False
    extra: dict[str, Any] | None = None


_FIRST_FRAME_S = 2.0
"""After a signal, what has not begun by then is given up, as a file that hangs in its import."""


class _Ended(BaseException):
    """A signal came before anything of the run had begun."""


class _Signals:
    """SIGINT and SIGTERM leave the run resumable; a second one ends this process at once.

    Its agents die with it in either way: their guard sees the end of the pipe.
    """

    def __init__(self, hub: Hub, watcher: Both, *, detached: bool) -> None:
        self._hub = hub
        self._detached = detached
        self._watcher = watcher
        self._loop: asyncio.AbstractEventLoop | None = None
        self.got: int | None = None

    def catch(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._came)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def _came(self, number: int, _: FrameType | None) -> None:
        if self.got is not None:
            os._exit(128 + number)
        self.got = number
        if self._loop is None:
            raise _Ended
        # A terminal's run is left to its person; of another one, SIGTERM means the machine.
        comes_back = self._detached and number == signal.SIGTERM
        self._loop.call_soon_threadsafe(partial(self._hub.stop, comes_back=comes_back))
        signal.signal(signal.SIGALRM, self._late)
        signal.setitimer(signal.ITIMER_REAL, _FIRST_FRAME_S)

    def _late(self, _number: int, _: FrameType | None) -> None:
        if not self._watcher.frames:
            raise _Ended


def drive(going: Going, work: Callable[[Hub, Both], Awaitable[Left]]) -> int:
    """Do the work, and tell how it ended; the exit code. Raises `Usage` where nothing was done."""
    if going.json and going.events:
        raise Usage(
            "--json is one object and --events is a line an event",
            hint="leave one out; the last line of --events holds what --json would give",
        )
    with stdout_for_data():
        return _drive(going, work)


def _drive(going: Going, work: Callable[[Hub, Both], Awaitable[Left]]) -> int:
    hub = Hub(going.place.path)
    logs = [_owner_log(going, hub)] if going.detached else []
    watcher = Both(*logs, watcher_of(going.run_id, events=going.events))
    signals = _Signals(hub, watcher, detached=going.detached)
    os.environ["SMITHERS_RUN"] = going.run_id  # for whatever the run's functions start

    async def main() -> Left:
        signals.attach(asyncio.get_running_loop())
        return await work(hub, watcher)

    signals.catch()
    try:
        left = asyncio.run(main())
    except _Ended:
        watcher.close()
        return _by_signal(going, hub, signals)
    except (Exception, SystemExit) as error:
        watcher.close()
        told = error if isinstance(error, Exception) else Refused(f"the workflow raised {error!r}")
        _give(going, failure(told, going.run_id, going.place))
        tell(told)
        return REFUSED
    watcher.close()
    if left.stopped:
        return _by_signal(going, hub, signals)
    return _told(going, hub, left)


def _owner_log(going: Going, hub: Hub) -> Watcher:
    from smithers.cli._logged import OwnerLog
    from smithers.secrets import Secrets

    os.environ.pop("SMITHERS_OWNER", None)  # it says of this process alone what it is
    heading = f"process {os.getpid()} drives {going.run_id}"
    return OwnerLog(hub.owner_log(going.run_id), Secrets(os.environ).mask, heading)


def _told(going: Going, hub: Hub, left: Left) -> int:
    summary = hub.summary(going.run_id)
    _give(going, summary)
    if not (going.json or going.events):
        _output(summary["output"])
    next_steps(hub, going.place, summary)
    return code_of(left.status, tolerated=left.tolerated, over_budget=left.over_budget)


def _by_signal(going: Going, hub: Hub, signals: _Signals) -> int:
    number = signals.got or signal.SIGINT
    said = f"ended by {signal.Signals(number).name}"
    if hub.status(going.run_id) is None:
        _give(going, failure(InterruptedError(said), going.run_id, None))
        say(f"{said}; nothing was written")
    else:
        summary = hub.summary(going.run_id)
        _give(going, summary)
        say(said)
        next_steps(hub, going.place, summary)
    return 128 + number


def _give(going: Going, document: dict[str, Any]) -> None:
    """The last word on stdout for a program; that nobody reads it changes no exit code."""
    if not (going.json or going.events):
        return
    document = {**document, **(going.extra or {})}
    try:
        give_json({"event": "end", **document} if going.events else document)
    except BrokenPipeError:
        return
    except Refused as error:
        tell(error)


def _output(output: object) -> None:
    try:
        give_output(output)
    except BrokenPipeError:
        say(paint("nobody read the output", "dim", sys.stderr))
    except Refused as error:
        tell(error)
