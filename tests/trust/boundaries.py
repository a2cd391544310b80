"""SIGKILL right before the k-th write of a command to its database, for every k.

strace stops the process as it enters the call and kills it there, so the call is not made: what
is on the disk is exactly what the calls before it wrote. Only calls on the database, its WAL and
its shared memory count, for each thread by itself: a command writes from one thread, after an
opening look from another.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from tests.trust.audit import Json, audit, ledger_of, outputs
from tests.trust.children import FLOWS, Child, Site

__all__ = ["SCENARIOS", "Scenario", "need_strace", "traced"]

CALLS = "write,pwrite64,fsync,fdatasync,ftruncate,unlink"


def need_strace() -> None:
    """Skip where strace is missing or may not trace; fail where the tests were promised."""
    required = os.environ.get("CI") == "true" or os.environ.get("SMITHERS_TRUST_REQUIRED")
    if shutil.which("strace") is None:
        why = "strace is not installed"
    elif subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True).returncode:
        why = "strace may not trace here (ptrace is forbidden)"
    else:
        return
    if required:
        pytest.fail(why)
    pytest.skip(why)


def traced(site: Site, *arguments: str, kill_at: int | None) -> tuple[Child, list[str]]:
    """Run a command, killed as it enters its k-th write; the writes that it came to."""
    database, log = site.database, site.folder / "strace"
    child = site.start(*arguments, traced=True)
    command = ["strace", "-f", "-y", "-qq", "-p", str(child.begun()), "-o", str(log)]
    for suffix in ("", "-wal", "-shm"):
        command += ["-P", f"{database}{suffix}"]
    command += ["-e", f"trace={CALLS}", "-e", "signal=none"]
    if kill_at is not None:
        command += ["-e", f"inject={CALLS}:signal=SIGKILL:when={kill_at}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        child.wait()
        _, said = tracer.communicate(timeout=30)
    assert log.exists(), said
    return child, [line for line in log.read_text().splitlines() if "(" in line]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A command to be killed, on a site as `before` leaves it; `after` brings the run to its end.

    `settles` looks at what the killed command had acknowledged, which must be true then; `looks`
    at what the run has done in the end.
    """

    name: str
    command: tuple[str, ...]
    before: Callable[[Site], object] = lambda _: None
    after: tuple[tuple[str, ...], ...] = (("resume", "r1", "--events"),)
    fails: int = 0
    altered: tuple[str, ...] = ()
    settles: Callable[[Site, Child], None] = field(default=lambda _site, _child: None)
    looks: Callable[[Site], None] = field(default=lambda _site: None)
    compared: bool = True

    def prepare(self, site: Site) -> int:
        """Make the site, and count the writes that the command makes when nobody kills it."""
        self.before(site)
        whole = site.copy(site.folder.with_name(f"{site.folder.name}-whole"))
        _, calls = traced(whole, *self.command, kill_at=None)
        self.finish(whole)
        return max(Counter(call.split()[0] for call in calls).values())

    def expected(self, site: Site) -> Json:
        whole = site.folder.with_name(f"{site.folder.name}-whole")
        return outputs(whole.joinpath(".smithers", "smithers.db"), "r1")

    def crash(self, site: Site, k: int) -> bool:
        """Kill a copy of the site at its k-th write, go on, and look at all of it; False if the
        command came to its end before.
        """
        mine = site.copy(site.folder.with_name(f"{site.folder.name}-{k}"))
        child, calls = traced(mine, *self.command, kill_at=k)
        where = f"{self.name}, killed at write {k}: {calls[-1] if calls else 'none'}"
        try:
            self.settles(mine, child)
            self.finish(mine)
            self.check(mine, self.expected(site) if self.compared else None)
            self.looks(mine)
        except AssertionError as error:
            raise AssertionError(f"{where}\n{error}\nin {mine.folder}") from error
        shutil.rmtree(mine.folder)
        return child.code == -9

    def finish(self, site: Site) -> None:
        for command in self.after:
            done = site.run(*command)
            if done.code in (0, 3, 4):
                continue
            if done.code == 2 and "there is no run" in done.err + done.out:
                # Killed before its first frame was there: then nothing at all has happened.
                ran = ledger_of(site.ledger_lines(), "r1")
                assert not ran, f"the run is unknown, and a body ran: {ran}"
                site.run(*self.command)
                self.finish(site)
                return
            assert "was approved by" in done.err + done.out or "has ended" in done.err, done.err

    def check(self, site: Site, expected: Json | None) -> None:
        ledger = ledger_of(site.ledger_lines(), "r1")
        audit(site.database, "r1", ledger, site.told(), expected=expected, fails=self.fails)


def _up(flow: str) -> tuple[str, ...]:
    return ("up", f"{FLOWS}:{flow}", "--run-id", "r1", "--events")


def _ran(*commands: tuple[str, ...]) -> Callable[[Site], None]:
    def run(site: Site) -> None:
        for command in commands:
            assert site.run(*command).code in (0, 3)

    return run


_OTHER = ("up", f"{FLOWS}:line", "--run-id", "r0")
"""So that the file is there, and its tables."""
_RESUME = ("resume", "r1", "--events")
_APPROVE = ("approve", "r1", "ok", "--by", "ann")


def _killed(flow: str, k: int) -> Callable[[Site], None]:
    def run(site: Site) -> None:
        assert site.run(*_OTHER).code == 0
        child, _ = traced(site, *_up(flow), kill_at=k)
        assert child.code == -9

    return run


def _said_means_done(site: Site, child: Child) -> None:
    """An answer that was acknowledged is there: a second one is refused with it."""
    if "approved" in child.out + child.err:
        second = site.run("deny", "r1", "ok", "--by", "bob")
        assert second.code == 2, f"the answer was acknowledged, and is lost: {second.err}"
        assert "ann" in second.err


def _cancelled_means_cancelled(site: Site, child: Child) -> None:
    if child.code == 0:
        assert outputs(site.database, "r1")["run"][0] == "cancelled"


def _one_arm(site: Site) -> None:
    ran = {entry.key for entry in ledger_of(site.ledger_lines(), "r1")}
    assert len(ran & {"one", "other"}) == 1, f"both arms ran: {ran}"
    assert len(ran & {"more", "less"}) == 1, f"both arms ran: {ran}"


SCENARIOS: Sequence[Scenario] = (
    Scenario(name="a new file", command=_up("line")),
    Scenario(name="line", command=_up("line"), before=_ran(_OTHER)),
    Scenario(name="rounds", command=_up("rounds"), before=_ran(_OTHER)),
    Scenario(name="fans", command=_up("fans"), before=_ran(_OTHER)),
    Scenario(name="retries", command=_up("retries"), before=_ran(_OTHER), fails=2),
    Scenario(
        name="fickle", command=_up("fickle"), before=_ran(_OTHER), compared=False, looks=_one_arm
    ),
    Scenario(
        name="checkpoints",
        command=_up("fans"),
        before=_ran(_OTHER),
        altered=("wal_bytes=20000",),
    ),
    Scenario(name="a second crash", command=_RESUME, before=_killed("rounds", 45)),
    Scenario(
        name="a question",
        command=_up("asks"),
        before=_ran(_OTHER),
        after=(_RESUME, _APPROVE, _RESUME),
    ),
    Scenario(
        name="an answer",
        command=_APPROVE,
        before=_ran(_up("asks")),
        after=(_APPROVE, _RESUME),
        settles=_said_means_done,
    ),
    Scenario(
        name="after an answer",
        command=_RESUME,
        before=_ran(_up("asks"), _APPROVE),
    ),
    Scenario(
        name="a cancel",
        command=("cancel", "r1", "--by", "ann"),
        before=_ran(_up("asks")),
        after=(("cancel", "r1", "--by", "ann"),),
        settles=_cancelled_means_cancelled,
    ),
)
