"""An example that is forked at its frames: each fork ends as the run that it was made from."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from smithers import reports, waits
from smithers.changes import Frame
from smithers.engine.settings import Unwatched
from smithers.errors import AlreadySent
from smithers.hub import Hub
from smithers.state import RunState
from smithers.wire import inspection_json
from tests.trust.audit import check, outputs
from tests.trust.examples import FORKED

__all__ = ["FRESH", "Forking"]

RUN = "r1"
MOST_ROUNDS = 12
_OVER = ("finished", "failed", "cancelled")
FRESH = {
    "budget": "what a fork inherits counts for no budget, so more of the work is paid",
}
"""The examples of which a fork ends otherwise, and why."""


class _Reading(Unwatched):
    """Reads the run after each of its frames, and how far the ledger was then."""

    def __init__(self, hub: Hub, ledger: Path) -> None:
        self._hub, self._ledger = hub, ledger
        self.views: dict[int, Mapping[str, Any]] = {}
        self.written: dict[int, int] = {}

    def frame(self, frame: Frame, state: RunState) -> None:
        self.views[frame.number] = _seen(self._hub, None)
        self.written[frame.number] = self._ledger.stat().st_size


def _seen(hub: Hub, frame: int | None) -> Mapping[str, Any]:
    """What is read of the run, without the process that drives it, and what that has just heard."""
    found = inspection_json(hub.inspect(RUN, frame=frame))
    left_out = {"owner", "last_activity", "started"}
    run = {name: found["run"][name] for name in found["run"].keys() - left_out}
    return {**found, "run": run}


def _standing(hub: Hub, run_id: str, frame: int | None) -> dict[str, object]:
    """The state and the output of each task, but for what is at work: nobody drives it now, and
    but for a question that was asked again, which is asked once more.
    """
    found = inspection_json(hub.inspect(run_id, frame=frame))
    same = {"running": "open", "ready": "open", "waiting": "open", "pending": "open"}
    return {
        f"{task['id']}{task['iteration']}": (same.get(task["state"], task["state"]), task["output"])
        for task in found["tasks"]
    }


class Forking:
    """An example that has run to its end in this process. `ledger` is the file of `LEDGER`."""

    def __init__(self, folder: Path, ledger: Path, name: str) -> None:
        self.name, self.example = name, FORKED[name]
        self._ledger = ledger
        text = f"from tests.trust.examples import flow_of\n\nflow = flow_of({name!r}, '')\n"
        (folder / "flow.py").write_text(text)
        (folder / "smithers.toml").write_text(f'[pools."{ledger}"]\nmachine = 1\n')
        self.hub = Hub(folder / ".smithers" / "runs.db")
        ledger.touch()
        self._reading = reading = _Reading(self.hub, ledger)
        asyncio.run(self.hub.start(str(folder / "flow.py"), run_id=RUN, observer=reading))
        self._go_on(RUN, reading)
        self.expected = self._outputs(RUN)
        check(self.expected["run"][0] == self.example.ends, f"{self.expected}")
        self.views, self._whole = reading.views, ledger.read_bytes()
        self.last = max(self.views)

    def fork(self, frame: int) -> None:
        """Fork it at a frame, bring the fork to its end, and compare."""
        self._ledger.write_bytes(self._whole[: self._reading.written.get(frame, 0)])
        fork = self.hub.fork(RUN, frame=frame, by="ann").run_id
        before = {**_seen(self.hub, None)}
        if self.hub.status(fork) == "failed":  # its source was cancelled
            asyncio.run(self.hub.resume(fork, observer=Unwatched()))
        self._go_on(fork, Unwatched())
        gave = self._outputs(fork)
        where = f"{self.name}, forked at frame {frame} as {fork}"
        if frame == self.last and self.example.ends == "cancelled":
            gave["run"], allowed = self.expected["run"], ("cancelled", "failed")
            check(self.hub.status(fork) in allowed, f"{where} is {self.hub.status(fork)}")
        if self.name not in FRESH:
            check(gave == self.expected, f"{where} gave\n{gave}\nand not\n{self.expected}")
        check(_seen(self.hub, None) == before, f"{where} has changed its source")
        self._verify(fork, where)

    def rewind(self, frame: int) -> None:
        """Take it back to one of its first frames, bring it to its end again, and compare."""
        self._ledger.write_bytes(self._whole[: self._reading.written.get(frame, 0)])
        before = _standing(self.hub, RUN, None)
        done = self.hub.rewind(RUN, frame)
        where = f"{self.name}, taken back to frame {frame}"
        kept = _standing(self.hub, done.kept, None)
        check(kept == before, f"{where} keeps {kept} of {before}")
        then, now = _standing(self.hub, RUN, frame), _standing(self.hub, RUN, None)
        check(now == then, f"{where} is\n{now}\nand not\n{then}")
        self._go_on(RUN, Unwatched())
        gave = self._outputs(RUN)
        if self.name not in FRESH:
            check(gave == self.expected, f"{where} gave\n{gave}\nand not\n{self.expected}")
        self._verify(RUN, where)

    def _verify(self, run_id: str, where: str) -> None:
        """Nothing in its rows looks altered, and it has a receipt that says so."""
        found = self.hub.verify(run_id, digest=self.hub.receipt(run_id).receipt)
        check(found.matches, f"{where} does not verify: {found.findings}")

    def look(self, frame: int) -> None:
        """The view at a frame is what was read when that was the last one."""
        seen, read = _seen(self.hub, frame), self.views[frame]
        check(seen == read, f"{self.name}@{frame} shows\n{seen}\nand not\n{read}")

    def compare(self) -> None:
        """A run does not differ from itself."""
        found = self.hub.compare((RUN, None), (RUN, self.last))
        check(found.equal, f"{found.differences}")

    def _go_on(self, run_id: str, observer: Unwatched) -> None:
        for _ in range(MOST_ROUNDS):
            if self.hub.status(run_id) in _OVER:
                return
            self._answer(run_id)
            through = self.hub.resumed_through(run_id)
            if self.hub.status(run_id) not in _OVER:
                asyncio.run(self.hub.resume(through, observer=observer))
        raise AssertionError(
            f"{run_id} did not end in {MOST_ROUNDS} rounds: {self.hub.why(run_id)}"
        )

    def _answer(self, run_id: str) -> None:
        """Do what the example says about a question of the run, or of a child run of it."""
        if self.example.asked == "send":
            self._send(run_id)
        family = (run_id, f"{run_id}.")
        asks = [
            one for one in reports.list_asks(self.hub.database) if one.run_id.startswith(family)
        ]
        asks = [one for one in asks if one.run_id == run_id or one.run_id.startswith(family[1])]
        if not asks:
            return
        ask = asks[0]
        if self.example.asked == "cancel":
            self.hub.cancel(run_id, by="ann")
        elif self.example.asked == "deny" and "Round 2" not in ask.asked:
            self.hub.decide(ask.run_id, None, approved=False, by="ann", note="again")
        elif ask.kind == waits.HUMAN:
            self.hub.answer(ask.run_id, None, "blue", by="ann")
        else:
            self.hub.decide(ask.run_id, None, approved=True, by="ann")

    def _send(self, run_id: str) -> None:
        sent = [("late", "late", "012"), *((str(number), number, None) for number in range(3))]
        for id, data, correlation in sent:
            event = "late" if correlation else "number"
            try:
                self.hub.send(run_id, event, data, correlation=correlation, id=id, by="ann")
            except AlreadySent:
                continue

    def _outputs(self, run_id: str) -> dict[str, list[object]]:
        """How each task ended and what it gave, but for what is another each time."""
        gave = outputs(self.hub.database, run_id)
        same = {id: one[:1] if id in self.example.varies else one for id, one in gave.items()}
        told: dict[str, list[object]] = json.loads(json.dumps(same).replace(run_id, RUN))
        return told
