"""SIGKILL right after any frame of an example, then perhaps an edit, then a resume."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from pathlib import Path

from smithers import reports, views, waits
from smithers.engine import deciding
from smithers.hub import Hub, RunsQuery
from smithers.wire import inspection_json, timeline_json
from tests.trust.audit import Entry, audit, check, ledger_of, outputs
from tests.trust.children import Nursery, Site
from tests.trust.examples import EXAMPLES
from tests.trust.workers import Edit

__all__ = ["Killing"]

RUN = "r1"
MOST_COMMANDS = 12
_OVER = ("finished", "failed", "cancelled")


class Killing:
    """An example, and what it gives when nobody kills it."""

    def __init__(self, nursery: Nursery, folder: Path, name: str) -> None:
        self.name, self.example = name, EXAMPLES[name]
        self._nursery, self._folder = nursery, folder
        site = self._site("whole")
        self._live(site, None, "")
        _audit(site)
        self.expected = self._outputs(site)
        assert self.expected["run"][0] == self.example.ends, self.expected
        self._lines = _lines(site)
        is_redone = self.example.asked == "deny" or self.example.repeats
        assert is_redone or set(self._lines.values()) == {1}, self._lines
        timelines = [timeline_json(reports.timeline(site.database, run)) for run in _runs(site)]
        self.frames = sum(len(timeline["frames"]) for timeline in timelines)

    def kill(self, frame: int, edit: Edit) -> bool:
        """Kill it after a frame, edit it, bring it to its end, and look at all of it. False if it
        had fewer frames this time.
        """
        site = self._site(f"{frame}-{edit or 'same'}")
        try:
            at_work = self._live(site, frame, edit)
            self._judge(site, at_work or frozenset(), edit)
        except AssertionError as error:
            where = f"{self.name}, killed after frame {frame}, edit {edit or 'none'}"
            raise AssertionError(f"{where}\n{error}\nin {site.folder}") from error
        shutil.rmtree(site.folder)
        return at_work is not None

    def _site(self, name: str) -> Site:
        site = Site(self._nursery, self._folder / name)
        self._write(site, "")
        return site

    def _write(self, site: Site, edit: Edit) -> None:
        text = (
            f"from tests.trust.examples import flow_of\n\nflow = flow_of({self.name!r}, {edit!r})"
        )
        (site.folder / "flow.py").write_text(f"{text}\n")
        pool = json.dumps(str(site.ledger_file))  # see `examples.machine_pool`
        (site.folder / "smithers.toml").write_text(f"[pools.{pool}]\nmachine = 1\n")

    def _live(self, site: Site, frame: int | None, edit: Edit) -> frozenset[str] | None:
        """Until it is over; what was at work when it was killed."""
        killed: frozenset[str] | None = None
        resume = ("resume", RUN, "--events")
        command: tuple[str, ...] = ("up", "flow.py", "--run-id", RUN, "--events")
        for _ in range(MOST_COMMANDS):
            altered = [] if frame is None or killed is not None else [f"kill_at_frame={frame}"]
            child = site.start(*command, altered=altered)
            if child.wait() == -9:
                assert killed is None, "it was killed twice"
                killed = _at_work(site)
                self._write(site, edit)
                command = resume
                continue
            if reports.status_of(site.database, RUN) in _OVER:
                return killed
            assert child.code in (0, 3), f"{command} ended with {child.code}: {child.err}"
            command = self._answer(site) or resume
        raise AssertionError(f"it did not end by {MOST_COMMANDS} commands: {site.told()}")

    def _answer(self, site: Site) -> tuple[str, ...] | None:
        """Approve what is asked, or cancel the run, which the next owner then does."""
        if self.example.asked == "send":
            return self._send(site)
        if not (asks := reports.list_asks(site.database)):
            return None
        by = (asks[0].run_id, "--by", "ann", "--resume")
        if self.example.asked == "deny" and "Round 2" not in asks[0].asked:
            return ("deny", *by, "--note", "again")
        if asks[0].kind == waits.HUMAN:
            return ("answer", *by, "--choice", "blue")
        if self.example.asked != "cancel":
            return ("approve", *by)
        deciding.cancel(site.database, os.environ, RUN, "ann", now=False)
        return None

    def _send(self, site: Site) -> tuple[str, ...] | None:
        """Send what was not sent yet, the last of it by the command, and some of it again."""
        hub = Hub(site.database)
        known = [one.id for one in hub.inspect(RUN).signals]
        hub.send(RUN, "late", "late", correlation="012", id="late", by="ann")
        hub.send(RUN, "number", 0, id="0", by="ann")
        left = [number for number in ("1", "2") if number not in known]
        if not left:
            return None
        return ("send", RUN, "number", "--data", left[0], "--id", left[0], "--resume")

    def _outputs(self, site: Site) -> dict[str, list[object]]:
        """How each task ended and what it gave, but for what is another each time."""
        gave = outputs(site.database, RUN)
        varies = self.example.varies
        return {
            name: one[:1] if name.partition("[")[0] in varies else one for name, one in gave.items()
        }

    def _judge(self, site: Site, at_work: frozenset[str], edit: Edit) -> None:
        _audit(site)
        gave = self._outputs(site)
        old = {name: gave.get(name) for name in self.expected}
        check(old == self.expected, f"it ended otherwise: {old} and not {self.expected}")
        check(edit or gave == self.expected, f"there is more: {gave.keys() - old.keys()}")
        lines = _lines(site)
        again = {key for key in self._lines if lines[key] > self._lines[key]}
        at_work |= {key.partition("[")[0] for key in at_work}  # an agent notes no iteration
        check(again <= at_work, f"work was repeated that was not interrupted: {again - at_work}")
        _check_pools(site)
        lost = {key for key in self._lines if lines[key] == 0}
        check(not lost, f"there is no line of {lost}")


def _runs(site: Site) -> list[str]:
    """The run and its child runs."""
    return reports.run_ids(site.database, RunsQuery())


def _audit(site: Site) -> None:
    """Check the run, and its child runs, of which the command prints no events."""
    for run in _runs(site):
        entries = [one for one in ledger_of(site.ledger_lines(), run) if one.word != "did"]
        audit(site.database, run, entries, site.told() if run == RUN else (), fails=1)


def _lines(site: Site) -> Counter[str]:
    """How often each task came to the end of its work."""
    return Counter(
        f"{run}/{one.key}"
        for run in _runs(site)
        for one in ledger_of(site.ledger_lines(), run)
        if one.word in ("leave", "did")
    )


def _check_pools(site: Site) -> None:
    """Steps `a1`, `a2`, … are in one pool, which has one slot: each has left before the next
    enters, unless it was killed with its process.
    """
    inside: dict[str, Entry] = {}
    for entry in ledger_of(site.ledger_lines(), RUN):
        if (pool := re.fullmatch(r"([ab])\d", entry.key)) is None:
            continue
        if entry.word == "leave":
            del inside[pool[1]]
        else:
            before = inside.get(pool[1])
            is_free = before is None or before.pid != entry.pid
            check(is_free, f"{entry.key} began while {before} was at work")
            inside[pool[1]] = entry


def _at_work(site: Site) -> frozenset[str]:
    """The tasks with an attempt that has no end."""
    unended = {"running", "interrupted"}
    return frozenset(
        "".join([f"{run}/{task['id']}", *(f"[{number}]" for number in task["iteration"])])
        for run in _runs(site)
        for task in inspection_json(views.inspect(reports.snapshot(site.database, run)))["tasks"]
        if unended & {one["state"] for one in task["attempts"]}
    )
