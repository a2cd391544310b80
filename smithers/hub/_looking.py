"""Reading runs: each call reads the rows as they are and changes nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smithers import reports, views
from smithers.errors import Refused
from smithers.hub._core import HubCore
from smithers.store.files import owner_log, streams_folder

if TYPE_CHECKING:
    from smithers.callers import AuditRow
    from smithers.changes import Key
    from smithers.checks import Checked
    from smithers.doctor import Checkup
    from smithers.hub._audited import AuditPage
    from smithers.reports import Overview, RunsQuery
    from smithers.views import (
        Activity,
        ChangedFiles,
        CostView,
        Inspection,
        LikelyCost,
        MessageView,
        PastQuestion,
        Picture,
        Question,
        Review,
        RunCost,
        RunLine,
        RunsPage,
        SpendingView,
        Standing,
        Status,
        Summary,
        TaskContext,
        TaskLine,
        TaskView,
        WhyView,
    )

__all__ = ["Looking"]

_TAKES_IT_WITHIN_S, _LOOK_S = 10.0, 0.05
_MOST_ACTIVITIES = 100


class Looking(HubCore):
    """The reads; each raises `UnknownRun`, also where there is no database."""

    def owner_log(self, run_id: str) -> Path:
        """The log of the processes that drove the run without a terminal; it may not exist."""
        return owner_log(streams_folder(self.database, run_id))

    def attention(self, run_id: str) -> tuple[bool, bool]:
        """Whether a live process drives the run, and whether its inbox has rows that were not taken
        yet.
        """
        return reports.attention(self.database, run_id)

    def audit(self, run_id: str | None = None) -> list[AuditRow]:
        """Who has changed what, oldest first: of a run, or of all and of the tokens, the sessions
        and the trust of this user.
        """
        return list(self.audit_page(run_id, limit=sys.maxsize - 1).rows)

    def audit_page(
        self, run_id: str | None = None, after: str | None = None, *, limit: int = 100
    ) -> AuditPage:
        """A page of the same, behind the `cursor` of another. Raises `Refused` for a cursor that is
        none.
        """
        from smithers.hub._audited import audit_page

        if run_id is not None:
            reports.find_run(self.database, run_id)  # raises `UnknownRun`
        return audit_page(self.database, self.environment, run_id, after, limit)

    def resumed_through(self, run_id: str) -> str:
        """The run to resume so that this one continues: for a child run the one that waits for it,
        unless that has ended; else the run itself.
        """
        return reports.resumed_through(self.database, run_id)

    def resume_in_program(self, run_id: str) -> str | None:
        """How a run is resumed whose workflow a program has made in memory; None for any other,
        which `smithers resume RUN` resumes.
        """
        from smithers.naming import resume_in_program

        is_made = reports.find_run(self.database, run_id).is_made_in_memory
        return resume_in_program(run_id) if is_made else None

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

    def count_statuses(self, query: RunsQuery) -> Mapping[Status, int]:
        """How many of the runs that match a query are in which status, on all its pages and
        whatever status it asks for.
        """
        return reports.count_statuses(self.database, query)

    def run_costs(self, run_ids: Sequence[str]) -> Mapping[str, RunCost]:
        """Of some runs, how much of their cost is not known, and their budgets in US dollars."""
        return reports.run_costs(self.database, run_ids)

    def cost_since(self, since: datetime) -> tuple[Decimal | None, int]:
        """What the attempts cost that were started since then, None if nobody reported it, and how
        many did not.
        """
        return reports.cost_since(self.database, since)

    def spending(self, since: datetime, workflow: str | None = None) -> SpendingView:
        """What the attempts used that were started since then, by day, workflow, agent and run."""
        return reports.spending(self.database, since, workflow)

    def activities(self, run_ids: Sequence[str]) -> Mapping[str, Sequence[Activity]]:
        """What the attempts that run in some runs do, by run, the newest first; 100 at most."""
        return reports.activities(self.database, run_ids)

    def workflow_names(self) -> list[str]:
        """The workflows of which there are runs."""
        return reports.workflow_names(self.database)

    def status(self, run_id: str) -> str | None:
        """The status of a run, or None if there is no such run."""
        return reports.status_of(self.database, run_id)

    def standing(self, run_id: str) -> Standing:
        """The state of a run for a caller that waits for it."""
        return reports.standing_of(self.database, run_id)

    def changes(self) -> reports.Changes:
        """Reports whether anything was written to the database since the last call."""
        return reports.Changes(self.database)

    @cached_property
    def metrics(self) -> reports.Metrics:
        """Counts of all runs, for a system that watches them over time: of each what is new is
        read, as long as this hub is there.
        """
        return reports.Metrics(self.database)

    def metrics_page(self, *, clients: int | None = None, accept: str = "") -> tuple[bytes, str]:
        """The counts as Prometheus reads them, and the media type. Raises `Refused` if its package
        is not installed.
        """
        try:
            write = reports.metrics_page
        except ModuleNotFoundError as error:
            raise Refused(
                f"metrics need the package {error.name!r}, which is not installed",
                hint="install it with `pip install 'smithers-orchestrator[serve]'`",
            ) from error
        return write(self.metrics.count(), clients=clients, accept=accept)

    def look(self, run_id: str) -> reports.Look:
        """The state of a run and the cursor of its newest event, read in one snapshot."""
        return reports.look(self.database, run_id)

    def overview(self, run_id: str) -> Overview:
        """A run, what it waits for, its tasks' states and agents' work, read in one snapshot."""
        return reports.overview(self.database, run_id)

    def task(self, run_id: str, task: str) -> TaskView | None:
        """A task with its output and its attempts; None if there is no such task."""
        return reports.find_task(self.database, run_id, task)

    def task_context(self, run_id: str, key: Key) -> TaskContext:
        """The run around a task: its tree, what the task read, and where its output goes."""
        return views.task_context(self._snapshot(run_id), key)

    def prompt(self, run_id: str, serial: int) -> str | None:
        """What the agent of an attempt was asked, by the attempt's serial; None for an attempt of
        no agent.
        """
        return reports.find_prompt(self.database, run_id, serial)

    def changed_files(self, run_id: str, task: str) -> ChangedFiles | None:
        """The files that have changed while a task was at work, by the git repository of the folder
        in which it ran, if that is in one; None if there is no such task. Nothing of the repository
        is run.
        """
        return reports.changed_files(self.database, run_id, task)

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

    def picture(self, run_id: str, *, frame: int | None = None) -> Picture:
        """A run with all its tasks, and its tree with the states of the same moment: as of a frame,
        or now, without one or where it has not come so far.
        """
        latest = self._snapshot(run_id)
        if frame is None or frame >= latest.state.frame:
            running = islice(reports.activity_of(latest, self.database), _MOST_ACTIVITIES)
            return views.picture(latest, latest, running)
        then = reports.snapshot(self.database, run_id, frame=frame)
        return views.picture(then, latest)

    def inspecting(
        self, run_id: str, *, frame: int | None = None
    ) -> AbstractContextManager[Inspection]:
        """The same for whoever reads all outputs: within it, the database stays open."""
        return reports.inspecting(self.database, run_id, frame=frame)

    def cost(self, run_id: str) -> CostView:
        """What a run used and cost, by task, agent and model."""
        return views.view_cost(self._snapshot(run_id))

    def likely_cost(self, workflow: str, kinds: Mapping[str, str]) -> LikelyCost:
        """What tasks of a workflow, given by id with their kinds, cost in its earlier runs."""
        return reports.likely_costs(self.database, workflow, kinds)

    def why(self, run_id: str) -> WhyView:
        """What a run is waiting for or why it failed: one sentence each, with the command to type
        next.
        """
        return reports.explain_run(self.database, run_id)

    def list_asks(
        self,
        run_id: str | None = None,
        task: str | None = None,
        *,
        ahead: bool = False,
        most_ahead: int | None = None,
    ) -> list[Question]:
        """The open questions of all runs, of one run, or of one task, which may name an iteration;
        none where there is no database. With `ahead`, each has what its answer lets run, and what
        that cost in earlier runs, unless there are more than `most_ahead` (None: always).

        Raises `UnknownRun`; for a task that asks nothing `AlreadyDecided` with the decision, or
        `Refused`.
        """
        return reports.list_asks(self.database, run_id, task, ahead=ahead, most_ahead=most_ahead)

    def past_questions(self, run_id: str, task: str) -> list[PastQuestion]:
        """What a task, which may name an iteration, asks and has asked, the newest first."""
        return reports.past_questions(self.database, run_id, task)

    def reviews(self, run_id: str, key: Key) -> list[Review]:
        """The reviews that the question of a task has read; those that object are first."""
        return reports.reviews(self.database, run_id, key)

    def message(self, run_id: str, id: int) -> MessageView:
        """What happened to a message."""
        return reports.message(self.database, run_id, id)

    def workflows(
        self, files: Sequence[Path], *, named: bool = False, parsed: bool = False
    ) -> list[dict[str, Any]]:
        """The workflows in each file and their inputs: one entry per workflow, or an entry with an
        `error` for a file that cannot be imported. Each file is imported in its own process, and
        again only after a file that its import loaded has changed.

        A file in a folder that this user does not trust is only parsed, unless a person `named` it:
        its entries have no `input_schema`. With `parsed`, so are all: imports of many take long.
        """
        from smithers.engine.describing import outline

        folders = {file.absolute().parent for file in files if not named}
        refused = {folder for folder in folders if not self.may_import(folder)}
        trusted = [file for file in files if file.absolute().parent not in refused and not parsed]
        others = [file for file in files if file not in trusted]
        found = self._descriptions.of(trusted)
        return [*found, *(entry for file in others for entry in outline(file))]

    def check(
        self,
        file: Path,
        name: str | None = None,
        *,
        input: str | None = None,
        types: bool = False,
        dry_run: bool = False,
    ) -> Checked:
        """What is known of a workflow before it runs, and what is wrong with it. The file is loaded
        and rendered in a separate process, without network, programs, secrets and writes. With
        `dry_run`, it is also run to its end there, in memory; with `types`, a type checker that is
        installed checks it as well.

        Raises `Refused` for a file that is not there, and for settings that cannot be used.
        """
        from smithers.checks import check_file

        return check_file(
            file,
            name,
            input=input,
            types=types,
            dry_run=dry_run,
            environment=self.environment,
        )

    def check_source(self, source: str, *, input: str | None = None) -> Checked:
        """The same with a dry run for the source of a file that is not written: it is in a
        temporary folder meanwhile, and the places name it `workflow.py`.
        """
        import tempfile

        from smithers.checks import Limits, check_file

        with tempfile.TemporaryDirectory(prefix="smithers-source-") as folder:
            file = Path(folder).resolve() / "workflow.py"
            # Half a character is found by the look, which says where it is.
            file.write_bytes(source.encode("utf-8", "surrogatepass"))
            # A caller that is a program waits for a minute at most.
            limits = Limits(wall_s=45.0)
            found = check_file(
                file, input=input, dry_run=True, environment=self.environment, limits=limits
            )
            return found.without(f"{file.parent}/")

    def sql(self, query: str) -> reports.Answer:
        """The result of one read-only SQL statement. Raises `Refused` for any other."""
        return reports.sql(self.database, query)

    def doctor(self) -> Checkup:
        """The state of this installation and the database; `ok` is False if something prevents runs
        from working.
        """
        from smithers.doctor import doctor

        return doctor(self.database)

    def find_agent(self, given: str | None = None) -> str:
        """What names an agent that can be asked here: a name of the settings, or an adapter as they
        write one, `ADAPTER` or `ADAPTER:MODEL`. Without `given`, it is the first adapter that is
        installed, is not signed out, and needs no arguments.

        Raises `Refused` if there is none.
        """
        from smithers.engine.trust import Trusts
        from smithers.settings import NamedAgents, agent_of, load_settings

        trusts = Trusts(self.environment)
        named = NamedAgents(load_settings(Path.cwd(), self.environment, trusts.believes_settings))
        if given is not None:
            agent_of(given, named)
            return given
        from smithers.doctor import find_ready

        for name in find_ready():
            with suppress(Refused):
                agent_of(name, named)
                return name
        raise Refused(
            "no agent is installed and signed in",
            hint="type `smithers doctor` to see how to install one and sign in, or name one of the"
            " settings with --agent NAME",
        )

    @staticmethod
    def agent_variables() -> tuple[str, ...]:
        """The variables of the environment that the installed agents need, as they declare them."""
        from smithers.adapters import agent_variables

        return agent_variables()
