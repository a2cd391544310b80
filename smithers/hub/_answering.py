"""What a person may tell a run: decisions, answers, signals, budgets, messages, a cancel."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from smithers import reports
from smithers.amounts import Amounts
from smithers.engine.ending import (
    Asked,
    Attached,
    Decided,
    NotSent,
    Raised,
    Reply,
    Sent,
    SignalReceipt,
)
from smithers.hub._running import Running

if TYPE_CHECKING:
    from smithers.callers import Caller
    from smithers.engine.deciding import CancelOutcome

__all__ = ["Answering"]


class Answering(Running):
    """What writes to a run from outside."""

    def decide(
        self,
        run_id: str,
        task: str | None,
        *,
        approved: bool,
        by: str,
        note: str | None = None,
        asked: Asked | None = None,
        digest: str | None = None,
        caller: Caller | None = None,
    ) -> Decided:
        """Answer an open approval; `task` may be left out when one waits, and may name an
        iteration, as in `review[2]`. It is answered only if it is what was shown: with `asked` that
        very question, with `digest` one of that text. The first 8 characters of a digest are
        enough.

        `by` is the name that is given. Whether `allowed_by` allows it is decided by names that are
        proved: those of `person()`, or of the `caller` if a program of yours has authenticated one.

        Raises `UnknownRun`, `AlreadyDecided` with the first decision, `QuestionChanged`, or
        `Refused`: nothing waits, several do, time is up, they may not decide, the digest is too
        short, or the caller is an agent of a run.
        """
        self.check_may(f"decide for run {run_id}")
        from smithers.engine.replying import decide

        return decide(
            self.database,
            self.person(caller),
            run_id,
            task,
            approved=approved,
            by=by,
            note=note,
            shown=asked,
            digest=digest,
            audit=self._row("approve" if approved else "deny", run_id, by=by, caller=caller),
        )

    def answer(
        self,
        run_id: str,
        task: str | None,
        value: object,
        *,
        by: str,
        note: str | None = None,
        asked: Asked | None = None,
        digest: str | None = None,
        caller: Caller | None = None,
    ) -> Reply:
        """Answer an open question with data, one of its choices or a text; `approve` or `deny` for
        a decision. `value` is plain JSON data, and is validated before anything is recorded.
        `task`, `asked`, `digest`, `by` and `caller` are as for `decide`.

        Raises `WrongAnswer`, which names each field that does not fit, or as `decide`.
        """
        self.check_may(f"answer for run {run_id}")
        from smithers.engine.replying import answer

        return answer(
            self.database,
            self.person(caller),
            run_id,
            task,
            value=value,
            by=by,
            note=note,
            shown=asked,
            digest=digest,
            audit=self._row("answer", run_id, by=by, caller=caller),
        )

    def send(
        self,
        run_id: str,
        event: str,
        data: object = None,
        *,
        correlation: str | None = None,
        id: str | None = None,
        by: str | None = None,
        caller: Caller | None = None,
    ) -> SignalReceipt:
        """Send a signal to a run: the next `WaitForEvent` of this event and correlation takes it,
        now or once it waits. `data` is plain JSON data. A signal is kept once per `id` (None: a new
        one), so a call can be repeated: the receipt of a repeated one is not `is_new`. `by` is kept
        beside the name that is proved (None: that name).

        Raises `UnknownRun`; `WrongAnswer` if the data does not fit the waits that are open for it,
        naming each field; or `Refused`: the run has ended, the id was used for another signal, the
        data is not JSON or too large, or the caller is an agent of a run. Nothing was recorded
        then.
        """
        self.check_may(f"send signals to run {run_id}")
        from smithers.engine.sending import Signal, send

        login = self.person(caller).name
        signal = Signal(
            event=event,
            data=data,
            correlation=correlation,
            id=id,
            by=by,
            login=login,
            audit=self._row("send", by=by, caller=caller),
        )
        return send(self.database, self.environment, run_id, signal)

    def send_all(
        self,
        workflow: str,
        event: str,
        data: object = None,
        *,
        correlation: str | None = None,
        id: str | None = None,
        by: str | None = None,
    ) -> tuple[list[SignalReceipt], list[NotSent]]:
        """Send a signal to each run of a workflow that has not ended; what was sent, and which runs
        refused it, newest run first. Without an `id`, each run gets one of its own.

        Raises `Refused` if there is no such run, or as `send`.
        """
        self.check_may(f"send signals to the runs of {workflow}")
        from smithers.engine.sending import Signal, no_runs_of, send_to

        unfinished = ("running", "waiting", "stale")
        query = reports.RunsQuery(statuses=unfinished, workflow=workflow)
        if not (run_ids := self.run_ids(query)):
            known = reports.workflow_names(self.database)
            raise no_runs_of(workflow, known)
        login = self.person().name
        signal = Signal(
            event=event,
            data=data,
            correlation=correlation,
            id=id,
            by=by,
            login=login,
            audit=self._row("send", by=by),
        )
        return send_to(self.database, self.environment, run_ids, signal)

    def asks(self, run_id: str, task: str | None) -> Asked:
        """The open question that `answer` would answer, to be shown to a person: its text, and the
        `form` of its answer. Raises as that.
        """
        self.check_may(f"decide for run {run_id}")
        from smithers.engine.replying import asks

        return asks(self.database, run_id, task)

    def attach(
        self, run_id: str, task: str, *, by: str, goes_on: bool = True
    ) -> AbstractContextManager[Attached]:
        """A task's session for a person, paused while this context is open: its agent is stopped,
        nothing of the task starts, and `terminal` opens the session. On exit, the processes that
        the terminal started are ended and the agent resumes the session. With `goes_on`, a run
        without an owner gets one. A process can attach once at a time: everything it starts in
        between counts as the terminal's.

        Raises `UnknownRun`, `Refused` (the task has not started or has ended, another person is
        attached, its agent cannot attach, the caller is an agent of a run), or an `AgentError` if
        the program cannot be started. Except for the first moments, nothing was stopped in that
        case.
        """
        self.check_may(f"attach to run {run_id}")
        from smithers.engine.attaching import Session

        session = Session(
            self.database, self.environment, partial(self.launch_again, typed=True), run_id, by
        )
        return self._attached(session.attached(task, goes_on=goes_on), run_id, by)

    @contextmanager
    def _attached(
        self, session: AbstractContextManager[Attached], run_id: str, by: str
    ) -> Generator[Attached]:
        with session as held:
            self._record("attach", run_id, about=held.name, by=by)
            yield held

    def raise_budget(
        self, run_id: str, node: str | None = None, *, added: Amounts, by: str
    ) -> Raised:
        """Raise the budget of a node of a run, also before its cap is reached. `node` may name an
        iteration, such as `review[2]`; without it, the node that is waiting is used, or the run as
        a whole.

        Raises `UnknownRun`, or `Refused`: there is no such budget, it does not cap that measure,
        the run has ended, or the caller is an agent of a run.
        """
        self.check_may(f"decide for run {run_id}")
        from smithers.engine.raising import raise_budget

        row = self._row("budget", run_id, by=by)
        return raise_budget(self.database, run_id, node, added, by, row)

    def steer(self, run_id: str, task: str, text: str, *, by: str) -> Sent:
        """Send a message to the agent that is working on a task; `task` may name an iteration. The
        agent receives it as soon as its program can take it, or with the next attempt's prompt.

        Raises `UnknownRun`, or `Refused`: the task is not running, or the message is empty.
        """
        self.check_may(f"steer run {run_id}")
        from smithers.engine.steering import steer

        row = self._row("steer", run_id, by=by)
        return steer(self.database, run_id, task, text, by, row)

    def cancel(self, run_id: str, *, by: str, now: bool = False) -> CancelOutcome:
        """Cancel a run: `asked` if a live owner has to act, `cancelled` if the run had no owner,
        `to clean up` if it has none and must be resumed, so that what cleans up can run; `ended`
        if it ended meanwhile. With `now`, nothing is cleaned up.

        Raises `UnknownRun`, or `Refused` for a run that has ended.
        """
        self.check_may(f"cancel run {run_id}")
        from smithers.engine.deciding import cancel

        row = self._row("cancel", run_id, by=by)
        return cancel(self.database, self.environment, run_id, by, now=now, audit=row)
