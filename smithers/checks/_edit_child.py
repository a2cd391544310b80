"""The process in which an edit of a running run is judged: it is loaded, and begins with the rows
of the run as a resume would, in memory.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from smithers.changes import Key
from smithers.checks._child import Looking
from smithers.checks._confine import Limits
from smithers.engine.edited import Edited
from smithers.engine.engine import Engine
from smithers.engine.gates import Gates
from smithers.engine.loading import load_workflow
from smithers.engine.returning import stored_input
from smithers.engine.settings import Settings, Unwatched
from smithers.engine.standing import limit_of, nobody
from smithers.errors import Refused
from smithers.settings import Found
from smithers.state import RunState
from smithers.store import History, InboxRow
from smithers.store.files import streams_folder
from smithers.store.outputs import OutputReader
from smithers.store.sqlite import SqliteStore

__all__ = ["Judging"]


class _Outputs:
    """The outputs of a database that is read alone."""

    def __init__(self, database: Path) -> None:
        self._reader = OutputReader(database, lambda: None)

    def output(self, run_id: str, key: Key, frame: int) -> str:
        return self._reader.read(run_id, key, frame)


class Judging(Looking):
    """One look at an edit."""

    def run(self, limits: Limits, settings: Found) -> None:
        """Read the rows, then look, confined."""
        run = self.request["run"]
        self._database = Path(run["database"])
        asyncio.run(self._read_rows(run["id"]))
        super().run(limits, settings)

    async def _read_rows(self, run_id: str) -> None:
        async with await SqliteStore.open(self._database) as store:
            self._history: History = await store.load(run_id)
            self._state = RunState.of(self._history.frames)
            self._inbox: list[InboxRow] = [*await store.inbox(nobody(run_id), self._state.inbox)]

    def lint(self) -> None:
        """The run began with a file of this style."""

    async def look(self, settings: Found) -> None:
        self.tell({"phase": "importing"})
        run = self._history.run
        loaded = load_workflow(self.file, self.name)
        workflow = loaded.workflow
        if workflow.name != run.workflow:
            raise Refused(
                f"the workflow is {workflow.name} now, not {run.workflow}",
                hint="give it back its name; another workflow is another run",
            )
        self.tell({"phase": "rendering"})
        engine = Engine(
            workflow,
            stored_input(loaded, run.input),
            run=run,
            state=self._state,
            settings=Settings(
                folder=Path(run.folder),
                streams=streams_folder(self._database, run.run_id),
                max_concurrency=limit_of(run) or settings.values.max_concurrency,
                pools=settings.values.pool_limits,
                machine_pools=settings.values.machine_limits,
                again=Edited(run.run_id, self._history.frames),
            ),
            observer=Unwatched(),
            inbox=self._inbox,
        )
        engine.prepare(_Outputs(self._database))
        root = engine.renderer.scopes.root
        assert root is not None
        gates = Gates.of(workflow, engine.view.mounts.roots(root.root))
        report = {
            "source": loaded.source,
            "files": [str(loaded.file.parent / one.path) for one in loaded.sources.files],
            "gates": gates.to_json(),
        }
        self.tell({"report": report})
