"""Owning a run: from a file and an input, or from its rows, to the engine and back."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import sys
from asyncio import CancelledError
from collections.abc import Awaitable, Callable, Collection, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from smithers.adapters import NAMED_AGENTS
from smithers.agent import Agent
from smithers.amounts import Amounts
from smithers.callers import AuditRow
from smithers.changes import ENDED, Change, Frame, Key
from smithers.clock import SYSTEM
from smithers.context import Context
from smithers.engine.authority import driving
from smithers.engine.collecting import uncollected
from smithers.engine.deciding import end_left_below
from smithers.engine.ending import Left
from smithers.engine.endings import Why
from smithers.engine.engine import Engine, First, Observer, Settings
from smithers.engine.given import check_same_workflow, load_given
from smithers.engine.inputs import input_text, refuse_unknown_fields
from smithers.engine.launching import DETACHED, RUN_DATABASE, unmarked
from smithers.engine.loading import Loaded, load_workflow
from smithers.engine.mount import Mounts
from smithers.engine.orphans import adopting_orphans
from smithers.engine.outputs import Outputs
from smithers.engine.printing import output_bound
from smithers.engine.processes import clear_away
from smithers.engine.provenance import code_of
from smithers.engine.reading import View
from smithers.engine.render import Renderer
from smithers.engine.settings import NO_POOLS, Request, Unwatched
from smithers.engine.slot_files import SlotFiles
from smithers.engine.standing import LIMIT, due_of, left, limit_of, nobody, over
from smithers.engine.strays import end_strays
from smithers.engine.trust import (
    Trusted,
    Trusts,
    current_folder,
    untrusted,
)
from smithers.errors import Refused, RunExists, StoreError, UnknownRun
from smithers.secrets import Secrets
from smithers.settings import Found, NamedAgents, load_settings
from smithers.sources import Sources
from smithers.state import RunState
from smithers.store import (
    CAPS,
    HOT,
    IN_MEMORY,
    Claim,
    Claimed,
    Cooldown,
    History,
    Model,
    NewRun,
    Parent,
    RunRow,
    Store,
)
from smithers.store.cached import find_cached
from smithers.store.files import check_streams, streams_folder
from smithers.store.lease import this_process
from smithers.store.opening import is_new
from smithers.store.releasing import release_at_once
from smithers.store.sqlite import SqliteStore
from smithers.tree import Node, check_run_id, valid_text
from smithers.waits import THE_EDIT
from smithers.workflows import Workflow

if TYPE_CHECKING:  # what only resumed and edited runs need is imported by these
    from smithers.engine.edited import Edited
    from smithers.engine.reloading import Judged
    from smithers.engine.reopening import Made, Wishes
    from smithers.engine.reusing import Reuse

__all__ = ["Driving", "Judge"]


Judge = Callable[[Path, str, str, Found], "Awaitable[Judged]"]
"""Judges an edit of the file of a workflow, of this name, for the run of this id, with the settings
that its owner has.
"""
_Make = Callable[[History, RunState], "Awaitable[Made]"]
"""Makes the engine of a run from its history and the state of that, which is the engine's then."""


class _Continued(NamedTuple):
    """A run as which another one has continued, and the code and the settings of that."""

    run_id: str
    sources: Sources
    settings: Found


class Driving:
    """Starts and resumes runs of one database in this process."""

    def __init__(self, database: Path, environment: Mapping[str, str]) -> None:
        self._database = database
        self._environment = environment
        self.secrets = Secrets(environment)
        self._trusts = Trusts(environment)
        self._here = None if DETACHED in environment else current_folder()
        """The folder in which a person has typed this command; None in a process that was started
        to drive a run, since a row names its folder.
        """
        self._engine: Engine | None = None
        self._found: Found | None = None
        self._named: NamedAgents | None = None
        self._continued: _Continued | None = None
        self._stopped = False
        self._stopped_by: str | None = None
        self._comes_back = False
        self._at_work = False
        self.is_loading = False
        """See `Hub.is_loading`."""

    def stop(self, *, by: str | None, comes_back: bool) -> None:
        """See `Hub.stop`."""
        if not self._at_work:
            return
        self._stopped, self._stopped_by, self._comes_back = True, by, comes_back
        if self._engine is not None:
            self._engine.stop(by)

    def let_go(self) -> None:
        """See `Hub.let_go`."""
        if self._engine is not None and self._engine.claim is not None:
            for claim in (*self._engine.children.claims(), self._engine.claim):
                release_at_once(self._database, claim)

    @contextmanager
    def working(self) -> Generator[None]:
        """Around a call of `start` or `resume`: it is what `stop` stops."""
        self._at_work = True
        try:
            # Before the author's file is imported, which may set up logging, and make tasks.
            with output_bound(), self._naming():
                yield
        finally:
            self._at_work = self._stopped = self._comes_back = False
            self._stopped_by = None

    @contextmanager
    def _loading(self) -> Generator[None]:
        """Around code of the author's that runs before this process drives the run. Raises
        `CancelledError` if it is not to any more.
        """
        if self._stopped:
            raise CancelledError
        self.is_loading = True
        try:
            yield
        finally:
            self.is_loading = False

    @contextmanager
    def _naming(self) -> Generator[None]:
        """Around code that makes tasks, whose agents may be named."""
        token = NAMED_AGENTS.set(self._find_agent)
        try:
            yield
        finally:
            NAMED_AGENTS.reset(token)

    def _find_agent(self, name: str) -> Agent:
        assert self._named is not None, "a run's settings are read before its file"
        return self._named(name)

    def _find_settings(self, folder: Path) -> Found:
        """The settings of a run that works in this folder. Raises `Refused`."""
        found = load_settings(folder, self._environment, self._trusts.believes_settings)
        self._found, self._named = found, NamedAgents(found)
        return found

    async def start(
        self,
        file: str | Workflow[Any, Any],
        *,
        parent: Parent | None = None,
        name: str | None,
        input: str | None,
        run_id: str,
        observer: Observer,
        max_concurrency: int | None,
        linger_s: float | None,
        caps: Amounts | None = None,
        judge: Judge | None = None,
        audit: AuditRow | None = None,
    ) -> Left:
        """See `Hub.start`; with `judge` edits are taken while it runs."""
        check_run_id(run_id)
        self._trusts.check_not_foreign(self._database)
        named = [file] if isinstance(file, str) else []
        for path in (*named, str(Path.cwd()), str(self._database)):
            if valid_text(path) != path:
                raise Refused(f"the path {path!a} is not UTF-8", hint="rename it")
        found = self._find_settings(Path.cwd())
        with self._loading():
            loaded = self._load(file, name)
        text = input_text(input)
        given = loaded.workflow.parse_input(text)
        refuse_unknown_fields(given, text)
        run = NewRun(
            run_id=run_id,
            workflow=loaded.workflow.name,
            file=str(loaded.file),
            folder=str(Path.cwd()),
            interpreter=sys.executable,
            environment=tuple(sorted(unmarked(self._environment))),
            input=text,
            source=loaded.source,
            created_at=datetime.now(UTC),
            options=_options(loaded, max_concurrency, caps, is_hot=judge is not None),
            parent=parent,
            allow_runs=loaded.workflow.allow_runs,
            audit=audit,
        )
        starts_database = is_new(self._database)
        cooldowns = await self._look(run_id) if self._database.exists() else ()
        engine = _maker(judge, loaded, found)(
            loaded.workflow,
            given,
            run=run,
            state=RunState(),
            settings=self._settings(run, found, loaded, max_concurrency, linger_s),
            observer=observer,
            cooldowns=cooldowns,
        )
        if parent is not None:
            async with await SqliteStore.open(self._database) as store:
                await engine.family.look(store, first=True)
        with self._loading():
            engine.prepare()  # author errors come before anything is written
        async with await SqliteStore.open(self._database) as store:
            owner = this_process()
            if parent is None:
                engine.renderer.reports += self._remember(run, is_new=starts_database)

            async def first(frame: Frame, models: Sequence[Model]) -> Claim:
                code = code_of(loaded.sources, engine.renderer.agents)
                claim = await store.create(run, owner, frame, models, code)
                _report_locks(store, engine)
                return claim

            return await self._run(engine, store, first=first)

    def _load(self, file: str | Workflow[Any, Any], name: str | None) -> Loaded:
        return load_workflow(Path(file), name) if isinstance(file, str) else load_given(file)

    async def resume(
        self,
        run_id: str,
        *,
        is_below: bool = False,
        file: str | None,
        name: str | None,
        input: str | None,
        observer: Observer,
        max_concurrency: int | None,
        linger_s: float | None,
        rerun: Collection[str] | None = None,
        renames: Sequence[str] = (),
        again: Request | None = None,
        makes: Callable[..., Engine] = Engine,
        workflow: Workflow[Any, Any] | None = None,
        judge: Judge | None = None,
        is_hot: bool = False,
    ) -> Left:
        """See `Hub.resume`; `again` is what is done again, also of a run that has finished. `makes`
        makes the engine. `workflow` is an object to resume it with, in place of its file. If it
        `is_hot`, or was started so, edits are taken as `judge` judges them.
        """
        from smithers.engine.renaming import check_mounted, parse_renames
        from smithers.engine.reopening import Made, Wishes, may_be_edited
        from smithers.engine.returning import check_input
        from smithers.engine.reusing import find_done, reuse_of

        if is_below:
            self._here = None
        self._check_exists(run_id)
        async with await SqliteStore.open(self._database) as store:
            run = await store.run(run_id)
            check_input(run, input)
            if workflow is not None:
                check_same_workflow(run, workflow)
            wishes = Wishes(run_id=run_id, rerun=rerun, renames=parse_renames(renames), again=again)
            if not wishes.reopens:
                await _check_free(store, run_id)
            with uncollected():
                history = await store.load(run_id)
                state = RunState.of(history.frames)
            if is_hot:
                history = _hot(history)
            wishes.check(history)
            if not wishes.reopens and (told := over(run_id, state)) is not None:
                return told
            is_named = file is not None or workflow is not None
            is_attended = is_named or self._here is not None
            trusted = self._check_may_run(history.run, is_named=is_named)
            kept = None if is_named else self._kept(history.run)
            if not is_named and kept is None:
                await _check_edit(store, history, state, is_attended=is_attended)
            loaded, found = self._load_again(history.run, kept, workflow, file, name)
            if trusted is not None:
                self._note_use(trusted, history.run, loaded)
            limit = max_concurrency or (None if trusted is None else limit_of(history.run))
            makes = _maker(judge if history.run.is_hot else None, loaded, found, makes)

            async def make(now: History, fresh: RunState) -> Made:
                wishes.check(now)
                now, renamed, outputs = wishes.renamed(now, store)
                if renamed is not None:
                    fresh = RunState.of(now.frames)
                before = find_done(fresh, wishes.renames)
                request = wishes.request(now, fresh, loaded.source)
                settings = self._settings(now.run, found, loaded, limit, linger_s)
                settings = replace(settings, again=request)
                engine = await _engine(store, now.run, fresh, loaded, settings, observer, makes)
                with self._loading():
                    engine.prepare(outputs)
                check_mounted(fresh, wishes.renames, engine.view.mounts.by_id)
                is_edited = may_be_edited(history, loaded.source)
                reuse = reuse_of(run_id, before, fresh, request, is_edited=is_edited)
                _check_gone(history.run, fresh, reuse.gone, is_attended=is_attended)
                return Made(engine, reuse, renamed)

            return await self._go_on(store, history, state, loaded, make, wishes)

    def _load_again(
        self,
        run: RunRow,
        kept: _Continued | None,
        workflow: Workflow[Any, Any] | None,
        file: str | None,
        name: str | None,
    ) -> tuple[Loaded, Found]:
        """The workflow of a run that is resumed, and its settings."""
        from smithers.engine.returning import load_again, load_as

        found = self._find_settings(Path(run.folder)) if kept is None else kept.settings
        with self._loading():
            if workflow is not None:
                return load_given(workflow), found
            if kept is not None:
                return load_as(run, kept.sources), found
            return load_again(run, file, name), found

    def _kept(self, run: RunRow) -> _Continued | None:
        """What a run that takes edits has of the run before it, which this process has driven: an
        edit that waits, or comes just then, is not taken because the run continues.
        """
        kept, self._continued = self._continued, None
        if kept is None or (kept.run_id, kept.sources.digest) != (run.run_id, run.source):
            return None
        self._named = NamedAgents(kept.settings)
        return kept

    def _check_exists(self, run_id: str) -> None:
        if not self._database.exists():
            raise UnknownRun(
                f"there is no run {run_id!r}: there is no database at {self._database}",
                hint="start a run with `smithers up FILE`, or name another database with --db PATH",
            )

    async def look(
        self,
        store: SqliteStore,
        history: History,
        *,
        file: str | None = None,
        name: str | None = None,
        edited: Edited | None = None,
        state: RunState | None = None,
    ) -> Engine:
        """A run as its next owner would begin with it, in memory alone; `state` is that of its
        history, if it is known, and the engine's then. Raises as `resume`.
        """
        with self.loading_again(history.run, file, name) as (loaded, found):
            settings = self._settings(history.run, found, loaded, None, 0.0)
            settings = replace(settings, again=edited)
            state = state or RunState.of(history.frames)
            engine = await _engine(store, history.run, state, loaded, settings, Unwatched())
            engine.prepare(store)
            return engine

    def written(self, run: RunRow) -> Node[Any] | None:
        """The tree of a run whose workflow function reads no state, and which was last owned with
        the files of now: all but what is made from data. None for any other. Raises as `resume`.
        """
        from smithers.engine.returning import stored_input

        with self.loading_again(run) as (loaded, _):
            if loaded.source != run.source:
                return None
            context = Context(stored_input(loaded, run.input), run.run_id)
            view = View(RunState(), Mounts(), Outputs(run.run_id), None, lambda _: True)
            return Renderer(loaded.workflow, context, view, loaded.source).written()

    @contextmanager
    def loading(self, file: str, name: str | None) -> Generator[tuple[Loaded, Found]]:
        """A workflow and the settings of this folder, inside of which its agents may be named.
        Raises `Refused` or `AuthorError`.
        """
        with self.naming_here() as found:
            yield self._load(file, name), found

    @contextmanager
    def naming_here(self) -> Generator[Found]:
        """The settings of this folder, inside of which files may be loaded that name its agents.
        Raises `Refused`.
        """
        found = self._find_settings(Path.cwd())
        with self._naming():
            yield found

    @contextmanager
    def loading_again(
        self, run: RunRow, file: str | None = None, name: str | None = None
    ) -> Generator[tuple[Loaded, Found]]:
        """The workflow of a run and its settings, inside of which its agents may be named. Raises
        as `resume`.
        """
        from smithers.engine.returning import load_again

        self._check_may_run(run, is_named=file is not None)
        found = self._find_settings(Path(run.folder))
        with self._naming():
            yield load_again(run, file, name), found

    async def compare(self, run_id: str) -> Reuse:
        """What a resume would reuse of a run, and what an edit has changed of it; nothing is
        written. Raises as `resume`, but not for a run that has ended.
        """
        from smithers.engine.edited import Edited
        from smithers.engine.reusing import find_done, reuse_of

        self._check_exists(run_id)
        async with await SqliteStore.open(self._database) as store:
            history = await store.load(run_id)
            edited = Edited(run_id, history.frames, refuses=False)
            state = RunState.of(history.frames)
            before, is_over = find_done(state), state.run_status == "finished"
            engine = await self.look(store, history, edited=edited, state=state)
            found = reuse_of(run_id, before, engine.state, edited, is_edited=True)
            return replace(found, is_over=is_over)

    async def clear_away(self, store: Store, claimed: Claimed, last_owner: str | None) -> None:
        """End what the last owner of a run has left running."""
        believes = await asyncio.to_thread(self._trusts.believes, self._database)
        await clear_away(store, claimed, last_owner, believes)

    async def end_strays(self, store: Store, run_id: str, state: RunState) -> list[str]:
        """End the child runs that a run does not wait for; what must clean up is left to whoever
        resumes it.
        """
        believes = await asyncio.to_thread(self._trusts.believes, self._database)
        now = SYSTEM.now()
        return await end_strays(store, run_id, state, _is_left, now=now, trusted=believes)

    async def begin_apart(
        self,
        store: Store,
        run: NewRun,
        source: RunRow,
        state: RunState,
        changes: Sequence[Change],
        request: Request,
    ) -> tuple[Frame, list[Model], list[str]]:
        """See `Driver` of `forking`."""
        from smithers.engine.returning import load_again, stored_input

        self._check_may_run(source, is_named=False)
        found = self._find_settings(Path(source.folder))
        with self._naming(), self._loading():
            loaded = load_again(source, None, None)
            if run.input == source.input:
                given = stored_input(loaded, run.input)
            else:
                given = loaded.workflow.parse_input(run.input)
                refuse_unknown_fields(given, run.input)
            settings = self._settings(source, found, loaded, None, 0.0)
            engine = Engine(
                loaded.workflow,
                given,
                run=replace(run, source=loaded.source),
                state=state,
                settings=replace(settings, again=request),
                observer=Unwatched(),
            )
            frame, models = engine.begin_apart(_Copied(store, source.run_id), changes, "fork")
            return frame, models, engine.renderer.reports

    async def _go_on(
        self,
        store: SqliteStore,
        history: History,
        state: RunState,
        loaded: Loaded,
        make: _Make,
        wishes: Wishes,
    ) -> Left:
        """Own the run, clear away what its last owner left, and drive it; the engine is made before
        that, to know what is wrong, and anew where the run went on meanwhile. A run that
        has finished is left as it is if nothing of it is done again.
        """
        run_id = history.run.run_id
        was_due = due_of(state)
        done = over(run_id, state) if wishes.may_be_nothing else None
        with uncollected():
            made = await make(history, state)
        if done is not None and not (made.reuse.again or made.reuse.chosen):
            made.engine.observer.note("nothing is run again: no finished task has changed")
            return done
        claimed = await store.claim(
            run_id,
            this_process(),
            source=loaded.source,
            file=history.run.file if loaded.in_memory else str(loaded.file),
            allow_runs=loaded.workflow.allow_runs,
            options=history.run.options,
            code=code_of(loaded.sources, made.engine.renderer.agents),
        )
        try:
            await self.clear_away(store, claimed, history.run.owner)
            if claimed.frame != history.frames[-1].number:  # somebody was faster
                now = await store.load(run_id)
                state = RunState.of(now.frames)
                was_due = due_of(state)
                told = None if wishes.reopens else over(run_id, state)
                if told is not None:  # and ended it
                    await store.release(claimed.claim)
                    return told
                with uncollected():
                    made = await make(now, state)
            if made.renamed is not None:
                await store.commit(claimed.claim, made.renamed)
        except BaseException:
            await store.release(claimed.claim, was_due)
            raise
        made.engine.renderer.reports[:0] = made.reuse.lines()
        return await self._run(made.engine, store, claim=claimed.claim, was_due=was_due)

    # -- whether a row may say what is executed

    def _check_may_run(self, run: RunRow, *, is_named: bool) -> Trusted | None:
        """The trust record of the database, if there is one. Raises `Untrusted` if the run's row
        names a folder, or a file to execute unless the caller has named it, that this user has not
        used with it.
        """
        trusted = self._trusts.find(self._database)
        self._trusts.check_may_run(trusted, self._database, run, file=not is_named, here=self._here)
        return trusted

    def _note_use(self, trusted: Trusted, run: RunRow, loaded: Loaded) -> None:
        """A person resumes a run of a trusted database: its folders, and this interpreter, are used
        again unattended.
        """
        if self._here is not None:
            folders = [Path(run.folder), *([] if loaded.in_memory else [loaded.file.parent])]
            with suppress(Refused):
                self._trusts.note_use(
                    trusted, "resume", interpreters=[sys.executable], folders=folders
                )

    def _remember(self, run: NewRun, *, is_new: bool) -> list[str]:
        """Trust a database that this command makes, and note what this user uses it with; what to
        mention to a person.
        """
        try:
            interpreters, folders = [run.interpreter], [Path(run.folder)]
            if not run.is_made_in_memory:
                folders.append(Path(run.file).parent)
            if is_new:
                self._trusts.add(
                    self._database, how="up", interpreters=interpreters, folders=folders
                )
                return []
            if (trusted := self._trusts.find(self._database)) is not None:
                self._trusts.note_use(trusted, "up", interpreters=interpreters, folders=folders)
                return []
        except Refused as error:
            return [f"`smithers supervise` does not wake its runs: {error.said} ({error.hint})"]
        return [
            f"`smithers supervise` does not wake its runs: {untrusted(self._database)}; to"
            " trust it, type: smithers trust"
            f" {shlex.quote(str(self._database.absolute()))}"
        ]

    # -- what both share

    def _settings(
        self,
        run: NewRun,
        found: Found,
        loaded: Loaded,
        max_concurrency: int | None,
        linger_s: float | None,
    ) -> Settings:
        streams = streams_folder(self._database, run.run_id)
        check_streams(streams)
        on_machine = found.values.machine_limits
        return Settings(
            folder=Path(run.folder),
            marks={RUN_DATABASE: os.path.realpath(self._database)},
            streams=streams,
            max_concurrency=max_concurrency or found.values.max_concurrency,
            linger_s=found.values.linger_s if linger_s is None else linger_s,
            pools=found.values.pool_limits,
            machine_pools=on_machine,
            machine=SlotFiles.of_user(self._environment) if on_machine else NO_POOLS,
            find_answer=partial(find_cached, self._database),
            secrets=self.secrets,
            sources=loaded.sources,
            believes=lambda: self._trusts.believes(self._database),
        )

    async def _run(
        self,
        engine: Engine,
        store: SqliteStore,
        *,
        claim: Claim | None = None,
        first: First | None = None,
        was_due: datetime | None = None,
    ) -> Left:
        self._engine = engine
        if self._stopped:
            engine.stop(self._stopped_by)
        if claim is not None:
            _report_locks(store, engine)
        wake_at: datetime | None = None
        try:
            with driving(self._database, engine.run_id), adopting_orphans():
                ending = await engine.run(store, claim=claim, first=first)
            wake_at = ending.wake_at
            if engine.takes_edits and ending.status.next_run is not None:
                sources, settings = engine.settings.sources, self._found
                assert sources is not None
                assert settings is not None
                self._continued = _Continued(ending.status.next_run, sources, settings)
            await self._end_below(engine, store)
            if ending.stopped and self._comes_back:
                wake_at = datetime.now(UTC) if wake_at is None else wake_at
        except Exception:  # whoever wakes runs tries it again, and gives up if it was not by chance
            wake_at = datetime.now(UTC)
            raise
        except BaseException:
            wake_at = was_due  # a person ended it before anything of it happened
            raise
        finally:
            self._engine = None
            if engine.claim is not None:
                with suppress(StoreError):  # what went wrong before is what is told
                    await store.release(engine.claim, wake_at)
        return left(engine.run_id, ending)

    async def _end_below(self, engine: Engine, store: SqliteStore) -> None:
        """End what agents of the run have started, and nobody drives, once the run has ended."""
        if engine.state.run_status in ENDED:
            trusted = await asyncio.to_thread(self._trusts.believes, self._database)
            for run_id in await end_left_below(store, engine.run_id, trusted):
                engine.observer.note(
                    f"run {run_id}, which was started from below this one, must clean up: type"
                    f" `smithers resume {shlex.quote(run_id)}`"
                )

    async def _look(self, run_id: str) -> Sequence[Cooldown]:
        """The agents that cool down, of a store that has no such run. Raises `RunExists`."""
        async with await SqliteStore.open(self._database) as store:
            try:
                history = await store.load(run_id)
            except UnknownRun:
                return await store.cooldowns()
        hint = "choose another --run-id"
        if RunState.of(history.frames).run_status != "cancelled":
            hint = f"resume it with `smithers resume {run_id}`, or {hint}"
        raise RunExists(f"run {run_id} exists already", hint=hint)


async def _check_free(store: SqliteStore, run_id: str) -> None:
    """Raise `Owned` for a run that a living process drives, before all of it is read. One that is
    just being left has ended: that is told.
    """
    if RunState.of((await store.waits(run_id)).frames).run_status not in ENDED:
        await store.check_free(run_id, this_process())


def _is_left(key: Key, run: RunRow, why: Why) -> bool:
    """A child run that must clean up is left to whoever resumes it."""
    return True


class _Copied:
    """The outputs of a fork that is not there yet: those of its source."""

    def __init__(self, store: Store, run_id: str) -> None:
        self._store = store
        self._run_id = run_id

    def output(self, run_id: str, key: Key, frame: int) -> str:
        return self._store.output(self._run_id, key, frame)


async def _check_edit(
    store: Store, history: History, state: RunState, *, is_attended: bool
) -> None:
    """Raise `Refused` if the files have an edit on which a person must decide."""
    key, _ = THE_EDIT
    if history.run.is_hot or THE_EDIT in state.waits or key in state.answers:
        from smithers.engine.pending_edits import check_edit

        await check_edit(store, history, is_attended=is_attended)


def _check_gone(run: RunRow, state: RunState, gone: Sequence[str], *, is_attended: bool) -> None:
    """Raise `Refused` for a run with `--hot` if a gate has left the tree, and no person knows."""
    if gone and run.is_hot and not is_attended:
        from smithers.engine.pending_edits import check_gone

        check_gone(run, state, gone)


def _maker(
    judge: Judge | None,
    loaded: Loaded,
    settings: Found,
    makes: Callable[..., Engine] = Engine,
) -> Callable[..., Engine]:
    """Makes the engine of a run; with `judge` one that takes edits of its files."""
    if judge is None or loaded.in_memory:
        return makes
    from smithers.engine.hot_engine import HotEngine
    from smithers.engine.reimporting import load_edited
    from smithers.engine.reloading import Hot

    file, name = loaded.file, loaded.workflow.name

    def make(*given: Any, run: NewRun, **more: Any) -> Engine:
        engine = HotEngine(*given, run=run, **more)
        judged = partial(judge, file, name, run.run_id, settings)
        load = partial(load_edited, file, name)
        engine.watch(Hot(loaded=loaded, judge=judged, load=load, settings=settings))
        return engine

    return make


def _options(
    loaded: Loaded, max_concurrency: int | None, caps: Amounts | None, *, is_hot: bool
) -> str:
    """What else a run is started with, as JSON text."""
    options: dict[str, object] = {}
    if max_concurrency is not None:
        options[LIMIT] = max_concurrency
    if caps is not None:
        usd = None if caps.usd is None else str(caps.usd)
        options[CAPS] = {"usd": usd, "tokens": caps.tokens, "calls": caps.calls}
    if loaded.in_memory:
        options[IN_MEMORY] = True
    if is_hot:
        options[HOT] = True
    return json.dumps(options)


def _hot(history: History) -> History:
    """A run that takes edits from now on, also after a crash, if it has a file."""
    run = history.run
    if run.is_made_in_memory:
        return history
    return replace(
        history, run=replace(run, options=json.dumps({**json.loads(run.options), HOT: True}))
    )


def _report_locks(store: SqliteStore, engine: Engine) -> None:
    """From now on attempts are paid for: an owner that waits for a lock says so, and waits on."""
    loop = asyncio.get_running_loop()

    def tell(text: str) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody watches any more
            loop.call_soon_threadsafe(engine.observer.note, text)

    store.wait_for_stopped(tell)


async def _engine(
    store: SqliteStore,
    run: NewRun,
    state: RunState,
    loaded: Loaded,
    settings: Settings,
    observer: Observer,
    makes: Callable[..., Engine] = Engine,
) -> Engine:
    """The engine of a run that is resumed."""
    from smithers.engine.returning import stored_input

    engine = makes(
        loaded.workflow,
        stored_input(loaded, run.input),
        run=replace(run, source=loaded.source),
        state=state,
        settings=settings,
        observer=observer,
        inbox=await store.inbox(nobody(run.run_id), state.inbox),
        cooldowns=await store.cooldowns(),
    )
    await engine.family.look(store, first=True)
    return engine
