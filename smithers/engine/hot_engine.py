"""The engine of a run whose code may be edited while it runs.

An edit is taken between two frames: nothing is in the making then, attempts that run go on with the
code that they have, and the plan is made anew by the rows, as after any render.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from smithers import inbox as inbox_kinds
from smithers.context import Context
from smithers.engine.edited import Edited
from smithers.engine.endings import Ending
from smithers.engine.engine import Engine, First
from smithers.engine.gates import Gates, lost_gates
from smithers.engine.loading import Loaded
from smithers.engine.orphans import has_children
from smithers.engine.pools import NO_LIMIT
from smithers.engine.provenance import code_of
from smithers.engine.reloading import Hot, Reloading
from smithers.engine.returning import stored_input
from smithers.engine.reusing import find_done, reuse_of
from smithers.engine.reworking import Again
from smithers.errors import AuthorError, Refused
from smithers.sources import Sources
from smithers.store import Claim, InboxRow, Store
from smithers.texts import object_from
from smithers.tree import capped
from smithers.waits import ATTACHED, THE_EDIT
from smithers.workflows import Workflow

__all__ = ["HotEngine"]


class HotEngine(Engine):
    """An engine that takes edits. `watch` says what of, before it runs."""

    takes_edits = True
    _reloading: Reloading | None = None
    _worked = False
    """Whether an attempt has run since the files were looked at."""

    def watch(self, hot: Hot) -> None:
        self._reloading = Reloading(hot, self)

    async def run(
        self, store: Store, *, claim: Claim | None = None, first: First | None = None
    ) -> Ending:
        """See `Engine.run`; meanwhile the files are watched."""
        if self._reloading is None:
            return await super().run(store, claim=claim, first=first)
        failed: Exception | None = None
        ending: Ending | None = None
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(self._reloading.watch(), name="edits")
            try:
                ending = await super().run(store, claim=claim, first=first)
            except Exception as error:  # raised below: a group would wrap it
                failed = error
            finally:
                watching.cancel()
        if failed is not None:
            raise failed
        assert ending is not None
        return ending

    # -- what the watcher asks

    def gates(self) -> Gates:
        """The gates of the tree as it is."""
        root = self.renderer.scopes.root
        assert root is not None
        return Gates.of(self.workflow, self.view.mounts.roots(root.root))

    def has_worked(self) -> bool:
        """Whether code of the run may have run since this was last false: any attempt, be it of a
        program or in this process, a run below, or what an attempt has left behind.
        """
        works = bool(
            self._run.allow_runs.number
            or self.children.active
            or self._attempts()
            or any(kind == ATTACHED for _, kind in self.state.waits)
            or has_children()
        )
        worked, self._worked = works or self._worked, works
        return worked

    def _start(self, group: asyncio.TaskGroup) -> None:
        self._worked = self._worked or bool(self.starting.prepared)
        super()._start(group)

    def note(self, text: str) -> None:
        self.observer.note(self.mask(text))

    def mask(self, text: str) -> str:
        return self.settings.secrets.mask(text)

    def wake(self) -> None:
        self._wake.set()

    # -- between two frames

    def _is_called(self) -> bool:
        return self._has_edit() or super()._is_called()

    def _has_edit(self) -> bool:
        edits = self._reloading
        if edits is None or self._ending is not None or self._closing.why is not None:
            return False
        return edits.ready is not None or self._asked() != edits.question

    def _asked(self) -> object:
        known = self.state.waits.get(THE_EDIT)
        return None if known is None else known.opened

    async def _between(self) -> bool:
        edits = self._reloading
        if edits is None or not self._has_edit() or not self.transition.empty:
            return False
        if edits.ready is not None:
            await self._take_edit(edits, edits.ready)
        self._moment = self.settings.clock.now()
        if edits.question is None:
            self.transition.close_wait(*THE_EDIT)
        else:
            self.transition.open_wait(edits.question)
        return True

    def _take(self, row: InboxRow) -> None:
        was_asked = self._asked()
        super()._take(row)
        edits = self._reloading
        if edits is None or edits.question is None or row.kind != inbox_kinds.ANSWER:
            return
        if was_asked == edits.question and self._asked() is None:
            given = object_from(row.body) or {}
            edits.decided(approved=bool(given.get("approved")), by=str(given.get("by")))

    async def _take_edit(self, edits: Reloading, sources: Sources) -> None:
        """Go on with other code, if it can begin with the rows of now; else with that of before."""
        history = await self.store.load(self.run_id)
        done, edited = find_done(self.state), Edited(self.run_id, history.frames)
        try:
            with edits.hot.load(sources) as loaded:
                self._begin_edited(edits, loaded, edited)
        except _LostGates as error:
            edits.confirm(sources, error.lost)
            return
        except (AuthorError, Refused) as error:
            edits.refused(_in_one_line(error))
            return
        assert self.claim is not None
        self.claim = await self.store.reclaim(
            self.claim,
            source=sources.digest,
            allow_runs=loaded.workflow.allow_runs,
            code=code_of(sources, self.renderer.agents),
        )
        self.settings = replace(self.settings, sources=sources)
        edits.taken(sources)
        self.note(f"edit {sources.digest} of {loaded.file.name} taken")
        for line in reuse_of(self.run_id, done, self.state, edited, is_edited=True).lines():
            self.note(line)

    def _begin_edited(self, edits: Reloading, loaded: Loaded, edited: Edited) -> None:
        """Render with other code and reset as a resume does in its first frame; attempts that run
        stay. Whatever it raises, no row has changed, and the code of before is rendered.
        """
        before, gates = self.workflow, self.gates()
        context, run = self.renderer.context, self._run
        if loaded.workflow.name != before.name:
            raise Refused(f"the workflow is {loaded.workflow.name} now, not {before.name}")
        again = list[Again]()

        def allow() -> None:
            lost = list(lost_gates(gates, self.gates()))  # of what the run has by now
            if lost and not edits.is_confirmed(loaded.sources):
                raise _LostGates(lost)
            again.append(edited(self.asking))

        given = stored_input(loaded, run.input)
        try:
            self._use(loaded.workflow, given, loaded.source)
            self._render(gone=True, is_edited=True, allow=allow)
        except (AuthorError, Refused, _LostGates):
            self._use(before, context.input, run.source)
            self._render(gone=True, is_edited=True)
            raise
        for one in again:
            self._reset_found(one)
        for wait in self.state.waits.values():
            self.schedule(wait.opened)

    def _use(self, workflow: Workflow[Any, Any], given: BaseModel, source: str) -> None:
        """Have all parts know the workflow."""
        settings, run = self.settings, self._run
        self.workflow = workflow
        self._run = replace(run, source=source, allow_runs=workflow.allow_runs)
        pools = {**dict.fromkeys(settings.machine_pools, NO_LIMIT), **workflow.pools}
        pools.update(settings.pools)
        named = source if run.forked_from is None else f"{source} of {run.run_id}"
        self.renderer.use(workflow, Context(given, run.run_id), named, pools)
        self._limit = settings.max_concurrency or workflow.max_concurrency
        self._mounting.use(pools, self._limit)
        self.budgets.use(capped(workflow.budget, run.caps))
        self._closing.use(workflow.grace_s)
        ends_at: datetime | None = None
        if workflow.deadline_s is not None:
            ends_at = run.created_at + timedelta(seconds=workflow.deadline_s)
        self._endings.use(workflow, ends_at)


class _LostGates(Exception):
    """An edit would take these gates away."""

    def __init__(self, lost: Sequence[str]) -> None:
        super().__init__(*lost)
        self.lost = lost


def _in_one_line(error: AuthorError | Refused) -> str:
    """What is wrong, and what to do."""
    return f"{error.said} ({error.hint})" if error.hint else error.said
