"""Starting and resuming runs, here or in processes of their own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from smithers import views
from smithers.amounts import Amounts
from smithers.engine.ending import Left
from smithers.errors import SmithersError
from smithers.hub._looking import Looking

if TYPE_CHECKING:
    from smithers.engine.detaching import Launched
    from smithers.engine.dry import DryRun
    from smithers.engine.engine import Observer
    from smithers.engine.reusing import Reuse
    from smithers.engine.supervising import Happened
    from smithers.views import Estimate

__all__ = ["Running"]

_LAST_RUNS = 20
"""So many runs of a workflow say what its agents cost."""
_BESIDE_S = 1.0


class Running(Looking):
    """What drives runs."""

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
        caps: Amounts | None = None,
        hot: bool = False,
    ) -> Left:
        """Start a run and drive it until it ends or waits. `input` is JSON text (None means `{}`).
        It may use at most `caps`, whatever its author allows. `max_concurrency` and `linger_s` are
        those of the settings unless they are given. If a run has started this process, it becomes a
        child run of that, as far as `allow_runs=` of the workflows above allows it. A `hot` run
        takes edits of its files while it is driven, now and after each resume.

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
                caps=caps,
                judge=self._judge if hot else None,
                audit=None if parent else self._row("start", run_id),
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
        hot: bool = False,
    ) -> Left:
        """Resume a run, from its own file unless `file` is given. A finished run only returns its
        result.

        With `rerun`, the finished tasks that an edit has changed are run again, with exactly what
        read them, also in a run that has finished: the tasks of these names, all of them if there
        are none. `renames` are tasks that have another id in the file now, as `OLD=NEW`: what the
        old id has counts for the new one. `hot` is as for `start`.

        Raises `UnknownRun`, `Owned` naming the live owner, `Refused` (cancelled, or another input),
        `AuthorError` or `StoreError`.
        """
        is_below = self._may_resume(run_id)
        if rerun is not None or renames:
            self.check_may(f"have finished work of run {run_id} run again or renamed")
        what = "resume" if rerun is None else "rerun"
        driving = self._drive()
        with driving.working():
            return await driving.resume(
                run_id,
                is_below=is_below,
                file=file,
                name=name,
                input=input,
                observer=observer if is_below else self._noting(observer, what, run_id),
                max_concurrency=max_concurrency,
                linger_s=linger_s,
                rerun=rerun,
                renames=renames,
                judge=self._judge,
                is_hot=hot,
            )

    async def dry_run(
        self,
        file: str,
        *,
        name: str | None = None,
        input: str | None = None,
        run_id: str,
        script: tuple[str, str] | None = None,
        runs_steps: bool = False,
    ) -> DryRun:
        """Run a workflow to its end in memory: no agent is asked, nothing is started or written.
        Outputs are made from their types, or given by the agent that `script` names, as a file and
        a variable in it. With `runs_steps`, steps and commands are executed.

        Raises `AuthorError`, or `Refused` for a file or an input that cannot be used.
        """
        from smithers.engine import dry

        driving = self._drive()
        with driving.working():
            return await dry.dry_run(
                driving,
                file,
                name=name,
                input=input,
                run_id=run_id,
                script=script,
                runs_steps=runs_steps,
            )

    def estimate(self, found: DryRun) -> Estimate:
        """What the agents of a dry run would cost, by the last runs of the same workflows."""
        from smithers.reports import RunsQuery

        wanted = [
            views.Wanted(one.workflow, one.task, one.agent, one.times)
            for one in found.tasks
            if one.agent
        ]
        costs = (
            (workflow, self.cost(run_id))
            for workflow in dict.fromkeys(one.workflow for one in wanted)
            for run_id in self.run_ids(RunsQuery(workflow=workflow, limit=_LAST_RUNS))
        )
        return views.estimate(wanted, costs)

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
        as well; otherwise only questions to a person whose texts read it are asked again, and what
        read their answers runs again. A step with `effect=True` runs again once a person has
        approved that.

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
                observer=self._noting(observer, "retry", run_id, about=task),
                max_concurrency=max_concurrency,
                linger_s=linger_s,
                again=requested(run_id, again=[task], readers=readers),
                judge=self._judge,
            )

    def launch_retry(
        self, run_id: str, task: str, *, readers: bool = False, typed: bool = False
    ) -> Launched:
        """The same in a process of its own. Raises what `retry` and `launch_again` raise."""
        self.check_may(f"retry tasks of run {run_id}")
        launched = self._detach().retry(run_id, task, readers=readers, typed=typed)
        self._record("retry", run_id, about=task)
        return launched

    def _noting(self, observer: Observer, what: str, run_id: str, about: str = "") -> Observer:
        """The observer, with which the first frame is recorded."""
        from smithers.engine.auditing import noting

        return noting(self.database, self.environment, observer, what, run_id, about)

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
        caps: Amounts | None = None,
        hot: bool = False,
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

        parent = check_start_below(self.database, self.environment, run_id)
        self._check_not_foreign()
        launched = self._detach().start(
            file,
            name=name,
            input=input,
            run_id=run_id,
            request_id=request_id,
            folder=Path.cwd() if folder is None else folder,
            max_concurrency=max_concurrency,
            linger_s=linger_s,
            caps=caps,
            hot=hot,
        )
        if parent is None and launched.pid is not None:
            self._record("start", launched.run_id)
        return launched

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
        hot: bool = False,
    ) -> Launched:
        """Resume a run in its own process, in the run's folder; a child run through the run that
        waits for it. Raises what `resume` raises.

        `rerun`, `renames` and `hot` as in `resume`. `typed` means that a person typed the command.
        Otherwise a database that this user does not trust is refused with `Untrusted`, since its
        rows name the file to execute.
        """
        is_below = self._may_resume(run_id)
        typed = not is_below and typed
        if rerun is not None or renames:
            self.check_may(f"have finished work of run {run_id} run again or renamed")
        if file is None and input is None and rerun is None and not renames:
            run_id = self.resumed_through(run_id)
        launched = self._detach().resume(
            run_id,
            file=file,
            name=name,
            input=input,
            max_concurrency=max_concurrency,
            linger_s=linger_s,
            rerun=rerun,
            renames=renames,
            typed=typed,
            hot=hot,
        )
        if not is_below:
            self._record("resume" if rerun is None else "rerun", run_id)
        return launched

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

    async def keep_supervising(self, say: Callable[[str], None]) -> None:
        """Wake runs beside something else that serves this database, until this is cancelled. A
        database that is not there yet is not made. `say` gets each reason why no run is woken once.
        """
        import asyncio

        last = ""

        def tell(happened: Happened) -> None:
            if happened.what == "untrusted":
                say(happened.text)

        while True:
            await asyncio.sleep(_BESIDE_S)  # what is served comes first
            if self.database.is_file():
                try:
                    await self.supervise(tell)
                except SmithersError as error:
                    if error.said != last:
                        say(error.said)
                    last = error.said
