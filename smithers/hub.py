"""The one service behind every face: start, resume, launch, supervise, watch, decide, cancel.

Everything that the command line can do, any other face can do with the same call. Reads are
synchronous and light (see `reports`); the modules that drive a run or write to it are imported when
they are used.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smithers import reports, views
from smithers.amounts import Amounts
from smithers.engine.ending import (
    Asked,
    Attached,
    Decided,
    Forked,
    Left,
    NotSent,
    Raised,
    Reply,
    Rewound,
    Sent,
    SignalReceipt,
)
from smithers.errors import Refused
from smithers.forms import Form
from smithers.lazy import lazily
from smithers.secrets import Secrets
from smithers.store.files import owner_log, streams_folder
from smithers.texts import escaped, plain, title_of

if TYPE_CHECKING:
    from datetime import datetime

    from smithers.doctor import Checkup
    from smithers.engine.configuring import SettingsView
    from smithers.engine.deciding import CancelOutcome
    from smithers.engine.describing import Descriptions
    from smithers.engine.detaching import Detaching, Launched
    from smithers.engine.driving import Driving
    from smithers.engine.engine import Observer
    from smithers.engine.replaying import FrozenFiles, LiveReplay, Replayed
    from smithers.engine.reusing import Reuse
    from smithers.engine.supervising import Happened
    from smithers.engine.trust import Trusted, TrustedSettings
    from smithers.reports import Look, Overview, RunsQuery
    from smithers.sources import SourceView
    from smithers.store.cached import CachedLine
    from smithers.views import (
        CostView,
        DiffView,
        EventsPage,
        FrameView,
        GraphView,
        Inspection,
        Lineage,
        LinesPage,
        LogEvent,
        MessageView,
        Question,
        ReceiptView,
        RunLine,
        RunsPage,
        Snapshot,
        Standing,
        Summary,
        TaskLine,
        TaskView,
        TimelineView,
        TranscriptPage,
        Verified,
        WhyView,
    )

__all__ = [
    "Amounts",
    "Asked",
    "Attached",
    "Decided",
    "Forked",
    "Form",
    "Hub",
    "Left",
    "Look",
    "NotSent",
    "Overview",
    "Question",
    "Raised",
    "Reply",
    "Rewound",
    "RunsQuery",
    "Secrets",
    "Sent",
    "SignalReceipt",
    "Standing",
    "escaped",
    "plain",
    "title_of",
]

_HOMES = {
    "Look": "smithers.reports",
    "Overview": "smithers.reports",
    "RunsQuery": "smithers.reports",
    "Question": "smithers.views",
    "Standing": "smithers.views",
}
"""What faces take from here, imported when it is first used."""
_NOTHING_SET: Mapping[str, str] = {}
_TAKES_IT_WITHIN_S, _LOOK_S = 10.0, 0.05
__getattr__ = lazily(__name__, _HOMES)


class Hub:
    """The runs of one database."""

    def __init__(self, database: Path, *, environment: Mapping[str, str] = os.environ) -> None:
        self.database = database
        self.environment = environment
        self._driving: Driving | None = None
        self._detaching: Detaching | None = None

    @cached_property
    def secrets(self) -> Secrets:
        """What a face masks in displayed texts: the secrets in this process's environment."""
        return Secrets(self.environment)

    @cached_property
    def _descriptions(self) -> Descriptions:
        from smithers.engine.describing import Descriptions

        return Descriptions(self.environment)

    def _drive(self) -> Driving:
        from smithers.engine.driving import Driving

        if self._driving is None:
            self._driving = Driving(self.database, self.environment)
        return self._driving

    def check_may(self, what: str) -> None:
        """Raises `Refused` if this process was started by a run of the database, since such a
        process may not change it, or if the database belongs to another user. `what` completes the
        sentence "an agent may not ...".
        """
        from smithers.engine.authority import refuse_below

        refuse_below(self.database, self.environment, what)
        self._check_not_foreign()

    def _check_not_foreign(self) -> None:
        from smithers.engine.trust import Trusts

        Trusts(self.environment).check_not_foreign(self.database)

    def _may_resume(self, run_id: str) -> bool:
        """Whether an agent resumes the run, which it has started. Raises `Refused`."""
        from smithers.engine.authority import check_resume_below

        is_below = check_resume_below(self.database, self.environment, run_id)
        self._check_not_foreign()
        return is_below

    async def start(
        self,
        file: str,
        *,
        name: str | None = None,
        input: str | None = None,
        run_id: str,
        observer: Observer,
        max_concurrency: int | None = None,
        linger_s: float | None = None,
    ) -> Left:
        """Start a run and drive it until it ends or waits. `input` is JSON text (None means `{}`).
        `max_concurrency` and `linger_s` are those of the settings unless they are given. If a run
        has started this process, it becomes a child run of that, as far as `allow_runs=` of the
        workflows above allows it.

        Raises `AuthorError`, `Refused` (the input does not match, the run exists) or `StoreError`;
        in that case nothing was written.
        """
        from smithers.engine.authority import check_start_below

        parent = check_start_below(self.database, self.environment, run_id)
        self._check_not_foreign()
        driving = self._drive()
        with driving.working():
            return await driving.start(
                file,
                parent=parent,
                name=name,
                input=input,
                run_id=run_id,
                observer=observer,
                max_concurrency=max_concurrency,
                linger_s=linger_s,
            )

    async def resume(
        self,
        run_id: str,
        *,
        file: str | None = None,
        name: str | None = None,
        input: str | None = None,
        observer: Observer,
        max_concurrency: int | None = None,
        linger_s: float | None = None,
        rerun: Collection[str] | None = None,
        renames: Sequence[str] = (),
    ) -> Left:
        """Resume a run, from its own file unless `file` is given. A finished run only returns its
        result.

        With `rerun`, the finished tasks that an edit has changed are run again, with exactly what
        read them, also in a run that has finished: the tasks of these names, all of them if there
        are none. `renames` are tasks that have another id in the file now, as `OLD=NEW`: what the
        old id has counts for the new one.

        Raises `UnknownRun`, `Owned` naming the live owner, `Refused` (cancelled, or another input),
        `AuthorError` or `StoreError`.
        """
        is_below = self._may_resume(run_id)
        if rerun is not None or renames:
            self.check_may(f"have finished work of run {run_id} run again or renamed")
        driving = self._drive()
        with driving.working():
            return await driving.resume(
                run_id,
                is_below=is_below,
                file=file,
                name=name,
                input=input,
                observer=observer,
                max_concurrency=max_concurrency,
                linger_s=linger_s,
                rerun=rerun,
                renames=renames,
            )

    async def check_edit(self, run_id: str) -> Reuse:
        """What a resume of a run would reuse, and what an edit of its file has changed of its
        finished work. The file is imported, and nothing is written.

        Raises `UnknownRun`, `Refused`, `AuthorError` or `StoreError`.
        """
        self._may_resume(run_id)
        driving = self._drive()
        with driving.working():
            return await driving.compare(run_id)

    async def retry(
        self,
        run_id: str,
        task: str,
        *,
        readers: bool = False,
        observer: Observer,
        max_concurrency: int | None = None,
        linger_s: float | None = None,
    ) -> Left:
        """Run a task again, and go on with its run, which may have finished or failed; `task` may
        name an iteration, such as `review[2]`. With `readers`, what read its output is done again
        as well; otherwise only questions to a person whose texts read it are asked again. A step
        with `effect=True` runs again once a person has approved that.

        Raises what `resume` raises, and `Refused` if the task has not run, or the run was
        cancelled or has continued as another one; nothing was written in that case.
        """
        self.check_may(f"retry tasks of run {run_id}")
        from smithers.engine.requesting import requested

        driving = self._drive()
        with driving.working():
            return await driving.resume(
                run_id,
                file=None,
                name=None,
                input=None,
                observer=observer,
                max_concurrency=max_concurrency,
                linger_s=linger_s,
                again=requested(run_id, again=[task], readers=readers),
            )

    def launch_retry(
        self, run_id: str, task: str, *, readers: bool = False, typed: bool = False
    ) -> Launched:
        """The same in a process of its own. Raises what `retry` and `launch_again` raise."""
        self.check_may(f"retry tasks of run {run_id}")
        return self._detach().retry(run_id, task, readers=readers, typed=typed)

    def fork(
        self,
        run_id: str,
        *,
        frame: int | None = None,
        new_id: str | None = None,
        input: str | None = None,
        outputs: Mapping[str, str] = _NOTHING_SET,
        again: Sequence[str] = (),
        by: str | None,
    ) -> Forked:
        """Make a new run that has what a run had at a frame (None: its last one), and that nobody
        drives: `resume` does. Its id is `new_id`, or the first of `RUN-fork`, `RUN-fork-2` … that
        is free. The run that is forked is not changed.

        `input` is another input, as JSON text. `outputs` are outputs that the person `by` gives in
        place of tasks, as JSON text; what read them is done again, and so are the tasks that
        `again` names, with what read them. A decision that `by` may not make is asked again; for an
        agent, with `by` None, the fork ends before the first decision of a person. With any of
        these, the workflow's file is imported.

        Raises `UnknownRun`, `RunExists`, `Owned` naming the living owner, `AuthorError`, or
        `Refused`: there is no such frame or task, an output does not fit or is a person's answer.
        """
        self.check_may("fork runs")
        from smithers.engine.deciding import with_store
        from smithers.engine.forking import Fork, fork

        driving = self._drive()
        wanted = Fork(frame=frame, run_id=new_id, input=input, outputs=outputs, again=again, by=by)
        with driving.working():
            return with_store(
                self.database, run_id, lambda store: fork(driving, store, run_id, wanted)
            )

    def fork_once(
        self,
        run_id: str,
        *,
        request_id: str,
        frame: int | None = None,
        input: str | None = None,
        outputs: Mapping[str, str] = _NOTHING_SET,
        again: Sequence[str] = (),
    ) -> tuple[Forked, bool]:
        """Make the fork that an agent asks for, and whether this call has made it: a second one
        with the same `request_id` gives the first one's fork.

        As `fork` with `by` None, and no code of the author is imported in this process. Only the
        outputs of tasks that have run may be given; and what the fork inherits counts for its
        budgets. Raises what `fork` raises, `Untrusted` if a row may not say what is imported, and
        `RunExists` if the `request_id` was used for another fork.
        """
        self.check_may("fork runs")
        from smithers.engine.agent_forks import agent_fork_id, request_digest
        from smithers.engine.forking_apart import Wanted

        wanted = Wanted(
            source=run_id,
            run_id=agent_fork_id(request_id),
            frame=frame,
            request=request_digest([run_id, frame, input, dict(outputs), list(again)]),
            input=input,
            outputs=outputs,
            again=again,
        )
        return self._detach().fork(wanted)

    def rewind(self, run_id: str, frame: int) -> Rewound:
        """Take a run back to one of its frames: what happened later no longer counts. What it was
        before is kept as a fork. Nobody drives the run afterwards: `resume` does.

        Raises `UnknownRun`, `Owned` naming the living owner, or `Refused`: there is no such frame,
        or the run was cancelled or has continued as another one.
        """
        self.check_may(f"rewind run {run_id}")
        from smithers.engine.deciding import with_store
        from smithers.engine.forking import rewind

        driving = self._drive()
        return with_store(
            self.database, run_id, lambda store: rewind(driving, store, run_id, frame)
        )

    def stop(self, *, by: str | None = None, comes_back: bool = False) -> None:
        """Leave the run that `start` or `resume` drives in a resumable state; do nothing if there
        is none. `by` is the name of the signal that asks for it, if there is one. A call that has
        not written anything yet is cancelled.

        With `comes_back` the run is due immediately, so that `supervise` resumes it.
        """
        if self._driving is not None:
            self._driving.stop(by=by, comes_back=comes_back)

    @property
    def is_loading(self) -> bool:
        """Whether author code is running that `stop` cannot reach: the import of the file, or the
        first call of the workflow. An exception from a signal handler ends it without losing
        anything of the run.
        """
        return self._driving is not None and self._driving.is_loading

    def let_go(self) -> None:
        """Release the run that is being driven, for a process that is about to exit: as after
        `stop`, nothing wakes it. It waits at most half a second for the database.
        """
        if self._driving is not None:
            self._driving.let_go()

    def launch(
        self,
        file: str,
        *,
        name: str | None = None,
        input: str | None = None,
        run_id: str | None = None,
        request_id: str | None = None,
        folder: Path | None = None,
        max_concurrency: int | None = None,
        linger_s: float | None = None,
    ) -> Launched:
        """Start a run in its own process, which outlives this one. The run exists when this
        returns.

        `folder` is where the run works (None: the current folder); `file` is relative to it. The
        run's id is `run_id`, or is made from `request_id`: a second call with the same `request_id`
        returns the first call's run, whoever makes it. Blocks until the run's first frame is on
        disk.

        Raises what `start` raises, and `Refused` if no process can be started.
        """
        from smithers.engine.authority import check_start_below

        check_start_below(self.database, self.environment, run_id)
        self._check_not_foreign()
        return self._detach().start(
            file,
            name=name,
            input=input,
            run_id=run_id,
            request_id=request_id,
            folder=Path.cwd() if folder is None else folder,
            max_concurrency=max_concurrency,
            linger_s=linger_s,
        )

    def launch_again(
        self,
        run_id: str,
        *,
        file: str | None = None,
        name: str | None = None,
        input: str | None = None,
        max_concurrency: int | None = None,
        linger_s: float | None = None,
        rerun: Collection[str] | None = None,
        renames: Sequence[str] = (),
        typed: bool = False,
    ) -> Launched:
        """Resume a run in its own process, in the run's folder; a child run through the run that
        waits for it. Raises what `resume` raises.

        `rerun` and `renames` as in `resume`. `typed` means that a person typed the command.
        Otherwise a database that this user does not trust is refused with `Untrusted`, since its
        rows name the file to execute.
        """
        typed = not self._may_resume(run_id) and typed
        if rerun is not None or renames:
            self.check_may(f"have finished work of run {run_id} run again or renamed")
        if file is None and input is None and rerun is None and not renames:
            run_id = self.resumed_through(run_id)
        return self._detach().resume(
            run_id,
            file=file,
            name=name,
            input=input,
            max_concurrency=max_concurrency,
            linger_s=linger_s,
            rerun=rerun,
            renames=renames,
            typed=typed,
        )

    def _detach(self) -> Detaching:
        from smithers.engine.detaching import Detaching
        from smithers.engine.launching import Launcher
        from smithers.engine.trust import Trusts

        if self._detaching is None:
            launcher = Launcher(self.database, self.environment)
            trusts = Trusts(self.environment)
            self._detaching = Detaching(
                self.database, self.environment, launcher, trusts, self._descriptions
            )
        return self._detaching

    def is_trusted(self) -> bool:
        """Whether this user trusts the database, so that its runs may be woken unattended.

        Raises `Refused` for a file that another user could have written.
        """
        from smithers.engine.trust import Trusts

        return Trusts(self.environment).find(self.database) is not None

    def trust(self, how: str, *, folders: Sequence[Path] = (), explicit: bool = False) -> None:
        """Trust the database as it is now, and the files in `folders` in addition to the project's.
        `how` is the command that the person typed; `explicit` allows root to trust a database in
        another user's folder.

        The database is created or upgraded if necessary, because it is recognised by the id in it.
        Raises `Refused`, or `StoreError`.
        """
        from smithers.engine.trust import trust
        from smithers.engine.trust_changes import refuse_to_change_trust

        refuse_to_change_trust([self.database], self.environment)
        trust(self.database, self.environment, how=how, folders=folders, explicit=explicit)

    def may_import(self, folder: Path) -> bool:
        """Whether this user trusts the workflow files in a folder, so that they may be imported
        without being named by a person.
        """
        from smithers.engine.trust import Trusts

        try:
            return Trusts(self.environment).may_import(self.database, folder)
        except Refused:
            return False

    def folders_elsewhere(self) -> list[str]:
        """The folders that unfinished runs of this database name and that are neither in its
        project nor in a folder that this user trusts with it.
        """
        from smithers.engine.trust import Trusts

        found = reports.places(self.database)
        return Trusts(self.environment).not_allowed(self.database, found)

    def cached_answers(self) -> list[CachedLine]:
        """The answers that are kept for later runs, oldest first, without their texts."""
        from smithers.store.cached import list_cached

        return list_cached(self.database)

    def clear_cache(self, *, before: datetime | None = None, task: str | None = None) -> int:
        """Forget the answers that were kept before a time and of a task (None: all of them); how
        many there were. Raises `Refused` if the caller is an agent of a run.
        """
        self.check_may("clear the cache")
        from smithers.store.cached import clear_cached

        return clear_cached(self.database, before=before, task=task)

    def settings(self, database: Callable[[], Path] | None = None) -> SettingsView:
        """The settings of the current folder, each with its origin, those included for which a run
        would be refused since their file is not trusted. `database` finds the one to name if no
        setting does (None: that of this hub). Raises `Refused` for a file that is wrong.
        """
        from smithers.engine.configuring import view_settings

        return view_settings(Path.cwd(), self.environment, database or (lambda: self.database))

    def trust_settings(self, path: Path) -> None:
        """Trust a project's settings file as it is now. Raises `Refused` if it is wrong."""
        from smithers.engine.configuring import trust_settings

        trust_settings(path, self.environment, self.database)

    def distrust_settings(self, path: Path) -> bool:
        """Stop trusting a settings file; False if it was not trusted. Raises `Refused`."""
        from smithers.engine.configuring import refuse_to_agents
        from smithers.engine.trust import Trusts

        refuse_to_agents(path.absolute(), self.environment, self.database)
        return Trusts(self.environment).remove_settings(path)

    def trusted_settings(self) -> list[TrustedSettings]:
        """Every settings file that this user trusts."""
        from smithers.engine.trust import Trusts

        return Trusts(self.environment).all_settings()

    def trusted(self) -> list[Trusted]:
        """Every database that this user trusts."""
        from smithers.engine.trust import Trusts

        return Trusts(self.environment).all()

    def distrust(self) -> bool:
        """Stop trusting the database; False if it was not trusted. Raises `Refused`."""
        from smithers.engine.trust import Trusts
        from smithers.engine.trust_changes import refuse_to_change_trust

        refuse_to_change_trust([self.database], self.environment)
        return Trusts(self.environment).remove(self.database)

    async def supervise(self, tell: Callable[[Happened], None], *, once: bool = False) -> None:
        """Wake runs in their own processes as they become due, until this is cancelled.

        One process per database supervises; another one waits to take over. With `once`, wake the
        runs that are due now, and raise `Owned` if another process is supervising. While there is
        no database, or this user does not trust it, this waits and changes nothing.
        """
        from smithers.engine.authority import refuse_below
        from smithers.engine.gate import Gate
        from smithers.engine.supervising import Happened, Supervisor
        from smithers.store.sqlite import SqliteStore

        refuse_below(self.database, self.environment, "supervise runs")

        def say(why: str) -> None:
            tell(Happened(what="untrusted", text=why))

        gate = Gate(self.database, self.environment, say)
        if not await gate.wait(once=once):
            return
        async with await SqliteStore.open(self.database) as store:
            supervisor = Supervisor(store, self.database, self.environment, tell)
            try:
                await (supervisor.once() if once else supervisor.run())
            finally:
                supervisor.stop()

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
    ) -> Decided:
        """Answer an open approval; `task` may be left out when one waits, and may name an
        iteration, as in `review[2]`. It is answered only if it is what was shown: with `asked` that
        very question, with `digest` one of that text. The first 8 characters of a digest are
        enough.

        Raises `UnknownRun`, `AlreadyDecided` with the first decision, `QuestionChanged`, or
        `Refused`: nothing waits, several do, time is up, `by` may not decide, the digest is too
        short, or the caller is an agent of a run.
        """
        self.check_may(f"decide for run {run_id}")
        from smithers.engine.replying import decide

        return decide(
            self.database,
            self.environment,
            run_id,
            task,
            approved=approved,
            by=by,
            note=note,
            shown=asked,
            digest=digest,
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
    ) -> Reply:
        """Answer an open question with data, one of its choices or a text; `approve` or `deny` for
        a decision. `value` is plain JSON data, and is validated before anything is recorded.
        `task`, `asked` and `digest` are as for `decide`.

        Raises `WrongAnswer`, which names each field that does not fit, or as `decide`.
        """
        self.check_may(f"answer for run {run_id}")
        from smithers.engine.replying import answer

        return answer(
            self.database,
            self.environment,
            run_id,
            task,
            value=value,
            by=by,
            note=note,
            shown=asked,
            digest=digest,
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
    ) -> SignalReceipt:
        """Send a signal to a run: the next `WaitForEvent` of this event and correlation takes it,
        now or once it waits. `data` is plain JSON data. A signal is kept once per `id` (None: a new
        one), so a call can be repeated: the receipt of a repeated one is not `is_new`. `by` is kept
        beside the login name (None: the login name).

        Raises `UnknownRun`; `WrongAnswer` if the data does not fit the waits that are open for it,
        naming each field; or `Refused`: the run has ended, the id was used for another signal, the
        data is not JSON or too large, or the caller is an agent of a run. Nothing was recorded
        then.
        """
        self.check_may(f"send signals to run {run_id}")
        from smithers.engine.sending import Signal, send

        signal = Signal(event=event, data=data, correlation=correlation, id=id, by=by)
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
        signal = Signal(event=event, data=data, correlation=correlation, id=id, by=by)
        return send_to(self.database, self.environment, run_ids, signal)

    def list_asks(self, run_id: str | None = None, task: str | None = None) -> list[Question]:
        """The open questions of all runs, of one run, or of one task, which may name an iteration;
        none where there is no database.

        Raises `UnknownRun`; for a task that asks nothing `AlreadyDecided` with the decision, or
        `Refused`.
        """
        return reports.list_asks(self.database, run_id, task)

    def asks(self, run_id: str, task: str | None) -> Asked:
        """The open question that `answer` would answer, to be shown to a person: its text, and the
        `form` of its answer. Raises as that.
        """
        self.check_may(f"decide for run {run_id}")
        from smithers.engine.replying import asks

        return asks(self.database, self.environment, run_id, task)

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
        return session.attached(task, goes_on=goes_on)

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

        return raise_budget(self.database, self.environment, run_id, node, added, by)

    def steer(self, run_id: str, task: str, text: str, *, by: str) -> Sent:
        """Send a message to the agent that is working on a task; `task` may name an iteration. The
        agent receives it as soon as its program can take it, or with the next attempt's prompt.

        Raises `UnknownRun`, or `Refused`: the task is not running, or the message is empty.
        """
        self.check_may(f"steer run {run_id}")
        from smithers.engine.steering import steer

        return steer(self.database, self.environment, run_id, task, text, by)

    def message(self, run_id: str, id: int) -> MessageView:
        """What happened to a message."""
        return reports.message(self.database, run_id, id)

    def cancel(self, run_id: str, *, by: str, now: bool = False) -> CancelOutcome:
        """Cancel a run: `asked` if a live owner has to act, `cancelled` if the run had no owner,
        `to clean up` if it has none and must be resumed, so that what cleans up can run; `ended`
        if it ended meanwhile. With `now`, nothing is cleaned up.

        Raises `UnknownRun`, or `Refused` for a run that has ended.
        """
        self.check_may(f"cancel run {run_id}")
        from smithers.engine.deciding import cancel

        return cancel(self.database, self.environment, run_id, by, now=now)

    def workflows(self, files: Sequence[Path], *, named: bool = False) -> list[dict[str, Any]]:
        """The workflows in each file and their inputs: one entry per workflow, or an entry with an
        `error` for a file that cannot be imported. Each file is imported in its own process, and
        again only after a file that its import loaded has changed.

        A file in a folder that this user does not trust is only parsed, unless a person `named` it:
        its entries have no `input_schema`.
        """
        from smithers.engine.describing import outline

        folders = {file.absolute().parent for file in files if not named}
        refused = {folder for folder in folders if not self.may_import(folder)}
        trusted = [file for file in files if file.absolute().parent not in refused]
        others = [file for file in files if file not in trusted]
        found = self._descriptions.of(trusted)
        return [*found, *(entry for file in others for entry in outline(file))]

    # -- reads; each raises `UnknownRun`, or `StoreError` where there is no database

    def owner_log(self, run_id: str) -> Path:
        """The log of the processes that drove the run without a terminal; it may not exist."""
        return owner_log(streams_folder(self.database, run_id))

    def attention(self, run_id: str) -> tuple[bool, bool]:
        """Whether a live process drives the run, and whether its inbox has rows that were not taken
        yet.
        """
        return reports.attention(self.database, run_id)

    def resumed_through(self, run_id: str) -> str:
        """The run to resume so that this one continues: for a child run the one that waits for it,
        unless that has ended; else the run itself.
        """
        return reports.resumed_through(self.database, run_id)

    def needs_process(self, run_id: str) -> bool:
        """Whether the inbox of a run has something that is not taken, and no living process will
        take it. An owner that lives gets 10 seconds to take it, or to leave the run, if it is just
        leaving it; so this may block as long.
        """
        end = time.monotonic() + _TAKES_IT_WITHIN_S
        while True:
            owned, called = self.attention(run_id)
            if not (owned and called) or time.monotonic() > end:
                return called and not owned
            time.sleep(_LOOK_S)

    def runs(self) -> tuple[RunLine, ...]:
        """Every run in short, oldest first; empty if there is no database."""
        return reports.runs(self.database).runs

    def list_runs(self, query: RunsQuery) -> RunsPage:
        """Each run that matches a query in short. Raises `Refused` for an invalid cursor."""
        return reports.runs(self.database, query)

    def run_ids(self, query: RunsQuery) -> list[str]:
        """The ids of the runs that match a query, newest first."""
        return reports.run_ids(self.database, query)

    def status(self, run_id: str) -> str | None:
        """The status of a run, or None if there is no such run."""
        return reports.status_of(self.database, run_id)

    def standing(self, run_id: str) -> Standing:
        """The state of a run for a caller that waits for it."""
        return reports.standing_of(self.database, run_id)

    def changes(self) -> reports.Changes:
        """Reports whether anything was written to the database since the last call."""
        return reports.Changes(self.database)

    def look(self, run_id: str) -> reports.Look:
        """The state of a run and the cursor of its newest event, read in one snapshot."""
        return reports.look(self.database, run_id)

    def overview(self, run_id: str) -> Overview:
        """A run, what it waits for, its tasks' states and agents' work, read in one snapshot."""
        return reports.overview(self.database, run_id)

    def task(self, run_id: str, task: str) -> TaskView | None:
        """A task with its output and its attempts; None if there is no such task."""
        return reports.find_task(self.database, run_id, task)

    def transcript(
        self, run_id: str, task: str, after: str | None, characters: int
    ) -> TranscriptPage:
        """What the agent of a task did after a cursor, in at most `characters` of JSON."""
        return reports.transcript(self.database, run_id, task, after, characters)

    def event_lines(self, run_id: str, after: str | None, characters: int) -> LinesPage:
        """A run's events after a cursor as short lines, in at most `characters` of JSON."""
        return reports.event_lines(self.database, run_id, after, characters)

    def states(self, run_id: str) -> tuple[TaskLine, ...]:
        """The tasks of a run with their states, without their outputs."""
        return tuple(views.task_lines(self._snapshot(run_id)))

    def summary(self, run_id: str) -> Summary:
        """The state of a run, with counts of its tasks."""
        return views.summarize(self._snapshot(run_id))

    def inspect(self, run_id: str, *, frame: int | None = None) -> Inspection:
        """A run with all its tasks, their attempts, and what it is waiting for: now, or as of a
        frame. Raises `Refused` if it has no such frame.
        """
        return views.inspect(reports.snapshot(self.database, run_id, frame=frame))

    def inspecting(
        self, run_id: str, *, frame: int | None = None
    ) -> AbstractContextManager[Inspection]:
        """The same for whoever reads all outputs: within it, the database stays open."""
        return reports.inspecting(self.database, run_id, frame=frame)

    def compare(
        self,
        old: tuple[str, int | None],
        new: tuple[str, int | None],
        *,
        everything: bool = False,
    ) -> DiffView:
        """What differs from one run to another, each as of a frame (None for its last one). Times,
        attempts, cost and run ids are compared with `everything`. Raises `Refused` if a run has no
        such frame.
        """
        return reports.compare(self.database, old, new, everything=everything)

    def source(self, run_id: str, *, frame: int | None = None) -> SourceView:
        """The author's files as they were when a frame of a run was written (None: its last one).
        Raises `Refused` if it has no such frame.
        """
        return reports.source(self.database, run_id, frame)

    def verify(self, run_id: str, *, digest: str | None = None) -> Verified:
        """Whether the rows of a run match the digests that they have, and each other. `digest` is
        that of a receipt (`FRAME:SHA256`), with which the run up to that frame is compared.
        """
        return reports.verify(self.database, run_id, digest=digest)

    def receipt(self, run_id: str) -> ReceiptView:
        """A run on one page: its source, prompts, tools, decisions, cost and digest."""
        return reports.receipt(self.database, run_id)

    async def replay(self, run_id: str) -> Replayed:
        """Run the workflow of a run that has ended against its own rows, in memory: no agent is
        asked, nothing is started or written. What differs is in the result. Raises `Refused` for a
        run that has not finished or failed.
        """
        from smithers.engine.replaying import replay_run

        found = reports.recorded(self.database, run_id)
        read_answer = partial(reports.answer_in_stream, self.database, run_id)
        return await replay_run(self._drive(), found.run, found.recording, read_answer)

    def replay_live(self, run_id: str, task: str, *, frame: int, by: str) -> LiveReplay:
        """Execute a task of a run that has ended again, in a fork as of its first start in or after
        a frame. Nothing else is executed there; `resume` continues the fork. What the rest of the
        run would have made of the new output, a replay in memory tells. Raises what `fork` and
        `resume` raise, and `Refused` if the task did not start, or is a step with an effect.
        """
        import asyncio

        from smithers.engine import replaying

        found, driving = reports.recorded(self.database, run_id), self._drive()
        start = replaying.find_start(found.frames, run_id, task, frame)
        forked = self.fork(run_id, frame=start.frame, by=by)
        with driving.working():
            asyncio.run(replaying.run_only(driving, forked.run_id, start.key))
        ended = reports.settled(self.database, forked.run_id, start.key)
        replayed = replaying.replay_live(driving, found.run, found.recording, start, ended)
        return replaying.LiveReplay(fork=forked, key=start.key, replayed=replayed)

    async def freeze(self, run_id: str, test: Path, *, force: bool = False) -> FrozenFiles:
        """Write a test that replays a run that has ended, and its recording beside it. Raises
        `Refused` for files that exist already unless `force`, and for a run that its workflow does
        not repeat.
        """
        from smithers.engine import replaying

        files = replaying.check_free(test, force=force)
        found = reports.recorded(self.database, run_id)
        driving, folder = self._drive(), test.parent
        lines = await replaying.freeze_run(driving, found.run, found.recording, folder)
        replaying.write_frozen(files, run_id, Path(found.run.file).name, lines)
        return files

    def cost(self, run_id: str) -> CostView:
        """What a run used and cost, by task, agent and model."""
        return views.view_cost(self._snapshot(run_id))

    def complete(self, hint: str) -> str:
        """A hint with this database named in each command that uses it."""
        return reports.name_database(hint, self.database.absolute())

    def why(self, run_id: str) -> WhyView:
        """What a run is waiting for or why it failed: one sentence each, with the command to type
        next.
        """
        return views.explain(self._snapshot(run_id))

    def _snapshot(self, run_id: str) -> Snapshot:
        return reports.snapshot(self.database, run_id)

    def timeline(self, run_id: str) -> TimelineView:
        """A run frame by frame."""
        return reports.timeline(self.database, run_id)

    def lineage(self, run_id: str) -> Lineage:
        """What a run is a fork of, and its forks."""
        return reports.lineage(self.database, run_id)

    def frame_by_frame(
        self, run_id: str, *, outputs: bool = True
    ) -> AbstractContextManager[Iterator[FrameView]]:
        """The same frames one by one; without `outputs`, those of more than 4096 bytes are None."""
        return reports.frame_by_frame(self.database, run_id, outputs=outputs)

    def events(
        self, run_id: str, after: str | None = None, *, limit: int | None = None
    ) -> EventsPage:
        """A page of a run's events after a cursor, at most `limit` of them (None: 1,000), and the
        next cursor. Raises `Refused` if the cursor is not valid.
        """
        most = reports.MOST if limit is None else limit
        return reports.events(self.database, run_id, after, limit=most)

    def all_events(
        self,
        run_id: str,
        after: str | None = None,
        *,
        follow: bool = False,
        outputs: bool = True,
    ) -> Iterator[FrameView | Summary]:
        """The same events frame by frame; with `follow`, as they happen, and at the end the state
        in which the run was left. Without `outputs`, those of more than 4096 bytes are None.
        """
        return reports.all_events(self.database, run_id, after, follow=follow, outputs=outputs)

    def newest(self, run_id: str) -> str | None:
        """The cursor of the run's latest event, or None if it has none."""
        return reports.newest(self.database, run_id)

    def graph(self, run_id: str) -> GraphView:
        """The tree of a run with its states."""
        return views.graph(self._snapshot(run_id))

    def logs(
        self, run_id: str, task: str | None = None, *, follow: bool = False
    ) -> Iterator[LogEvent]:
        """The output of a run's attempts; with `follow`, as it is written."""
        return reports.logs(self.database, run_id, task, follow=follow)

    def raw_logs(
        self, run_id: str, task: str | None = None, *, follow: bool = False
    ) -> Iterator[bytes]:
        """The programs' own streams, line by line."""
        return reports.raw_logs(self.database, run_id, task, follow=follow)

    @staticmethod
    def agent_variables() -> tuple[str, ...]:
        """The variables of the environment that the installed agents need, as they declare them."""
        from smithers.adapters import agent_variables

        return agent_variables()

    def doctor(self) -> Checkup:
        """The state of this installation and the database; `ok` is False if something prevents runs
        from working.
        """
        from smithers.doctor import doctor

        return doctor(self.database)

    def sql(self, query: str) -> reports.Answer:
        """The result of one read-only SQL statement. Raises `Refused` for any other."""
        return reports.sql(self.database, query)
