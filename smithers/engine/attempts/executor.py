"""What starts attempts of one kind of work, and decides what follows when one has failed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Generic, Protocol, TypeVar

from smithers import waits
from smithers.changes import AttemptStarted, Failure, WaitOpened
from smithers.clock import Basis, Moment
from smithers.engine.asking import Asking
from smithers.engine.attempts.cached import AnswerCache
from smithers.engine.attempts.execution import Execution, Result, Running
from smithers.engine.budgets import Budgets
from smithers.engine.fingerprints import Fingerprint, fingerprint_text
from smithers.engine.printing import Printed
from smithers.engine.programs import Hooks, Masking, Programs
from smithers.engine.streams import Stream
from smithers.kinds import Instance
from smithers.secrets import Secrets
from smithers.state import Attempted
from smithers.tree import Retry, Task, Work
from smithers.values import dataclass

__all__ = ["Bench", "Executor", "Request"]

W = TypeVar("W", bound=Work)
_ONCE = Retry(tries=1)


@dataclass(frozen=True)
class Request:
    """Who works, None for the agent that comes next, and the author's prompt if there is one."""

    who: str | None
    prompt: str | None = None


class Bench(Protocol):
    """The run, as its attempts need it."""

    run_id: str
    folder: Path
    streams: Path
    secrets: Secrets
    random: Random
    budgets: Budgets
    answers: AnswerCache

    def now(self) -> datetime: ...

    def moment(self) -> Moment: ...

    def schedule(self, wait: WaitOpened, basis: Basis | None) -> None: ...

    def done(self, running: Running, result: Result) -> None: ...


class Executor(ABC, Generic[W]):
    """Starts the attempts of one kind of work. A resumed run has a new one, so what it must
    remember is a row.
    """

    is_paid: bool = False
    """Whether its attempts cost something, so that they need a budget that is not spent."""

    def __init__(self, asking: Asking, bench: Bench) -> None:
        self.asking = asking
        self.bench = bench

    def is_informed(self) -> bool:
        """Whether all is known that a start takes; else the engine looks it up first."""
        return True

    def is_answered(self, one: Instance[Task], work: W) -> bool:
        """Whether the task needs no attempt now: it has its answer, or its question fails."""
        return False

    def is_ready(self, one: Instance[Task], work: W) -> bool:
        """Whether the author's callables of a start give what it takes. Else the task waits for
        data, or has failed by them: a workflow that is wrong is refused before it is owned.
        """
        return True

    @abstractmethod
    def request(self, one: Instance[Task], work: W) -> Request | None:
        """What an attempt would be asked, by the author's callables; None if the task waits for
        data, or has failed by them.
        """

    @abstractmethod
    def begin(self, one: Instance[Task], work: W) -> Execution | None:
        """An attempt that starts with the frame in the making; None if it waits or has failed."""

    @abstractmethod
    def retry(
        self, one: Instance[Task], work: W, tries: Sequence[Attempted], failure: Failure
    ) -> None:
        """The last try has failed: try again, now or later, or fail the task."""

    # -- what executors do to the run

    def open_attempt(
        self,
        one: Instance[Task],
        agent: str,
        *,
        prompt: str | None = None,
        session: str | None = None,
        skipped: tuple[str, ...] = (),
        fingerprint: Fingerprint | None = None,
    ) -> int:
        """Write that an attempt starts; `agent` is who works. Its number in the run."""
        state = self.asking.state
        serial = state.last_serial + 1
        self.bench.budgets.began(serial)
        self.asking.frame.do(
            AttemptStarted(
                serial=serial,
                key=one.key,
                number=len(state.tries.get(one.key, ())) + 1,
                agent=agent,
                prompt=prompt,
                session=session,
                at=self.bench.now(),
                skipped=skipped,
                fingerprint=None if fingerprint is None else fingerprint_text(fingerprint),
            )
        )
        self.asking.plan.begin(one)
        return serial

    def wait(self, wait: WaitOpened, basis: Basis | None = None) -> None:
        self.asking.frame.open_wait(wait)
        self.bench.schedule(wait, basis)

    def retry_in(self, one: Instance[Task], wait_s: float) -> None:
        due = self.bench.now() + timedelta(seconds=wait_s)
        self.wait(WaitOpened(key=one.key, kind=waits.RETRY, due=due))

    def retry_if_asked(
        self,
        one: Instance[Task],
        retry: Retry | None,
        tries: Sequence[Attempted],
        failure: Failure,
    ) -> None:
        """What a failed try of a function or a program means: without a `retry` the task fails."""
        retry = retry or _ONCE
        failed = sum(one.state == "failed" for one in tries)
        if failed >= retry.tries:
            self.fail(one, failure)
        else:
            self.retry_in(one, retry.wait_s(failed, self.bench.random.random()))

    def programs(self, one: Instance[Task], serial: int, hooks: Hooks) -> Programs:
        """What runs the programs of an attempt."""
        bench, masking = self.bench, Masking(self.bench.secrets.mask)
        stream = Stream(bench.streams, serial, masking)
        return Programs(
            serial=serial,
            key=str(one.key),
            run_id=bench.run_id,
            folder=bench.folder,
            streams=bench.streams,
            stream=stream,
            printed=Printed(stream, masking),
            mask=masking,
            hooks=hooks,
        )

    def fail(self, one: Instance[Task], error: Failure | None) -> None:
        self.asking.give_up(one, error)
