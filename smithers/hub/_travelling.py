"""Time travel: forks, rewinds, comparisons, replays, and what proves a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from smithers import reports
from smithers.engine.ending import Forked, Rewound
from smithers.hub._core import HubCore

if TYPE_CHECKING:
    from smithers.callers import Caller
    from smithers.engine.replaying import FrozenFiles, LiveReplay, Replayed
    from smithers.sources import SourceFile, SourceView
    from smithers.views import DiffView, ReceiptView, Verified

__all__ = ["Travelling"]

_NOTHING_SET: Mapping[str, str] = {}


class Travelling(HubCore):
    """What takes a run to another of its frames, or compares."""

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
        caller: Caller | None = None,
    ) -> Forked:
        """Make a new run that has what a run had at a frame (None: its last one), and that nobody
        drives: `resume` does. Its id is `new_id`, or the first of `RUN-fork`, `RUN-fork-2` … that
        is free. The run that is forked is not changed.

        `input` is another input, as JSON text. `outputs` are outputs that the person `by` gives in
        place of tasks, as JSON text; what read them is done again, and so are the tasks that
        `again` names, with what read them. A decision that they may not make is asked again; who
        they are, `caller` proves as for `decide`. For an agent, with `by` None, the fork ends
        before the first decision of a person. With any of these, the workflow's file is imported.

        Raises `UnknownRun`, `RunExists`, `Owned` naming the living owner, `AuthorError`, or
        `Refused`: there is no such frame or task, an output does not fit or is a person's answer.
        """
        self.check_may("fork runs")
        from smithers.engine.deciding import with_store
        from smithers.engine.forking import Fork, fork

        driving = self._drive()
        wanted = Fork(
            frame=frame,
            run_id=new_id,
            input=input,
            outputs=outputs,
            again=again,
            by=by,
            person=None if by is None else self.person(caller),
            audit=self._row("fork", by=by, caller=caller),
        )
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
        made, is_new = self._detach().fork(wanted)
        if is_new:
            self._record("fork", made.run_id, about=f"{made.source} frame {made.frame}")
        return made, is_new

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
        done = with_store(
            self.database, run_id, lambda store: rewind(driving, store, run_id, frame)
        )
        self._record("rewind", run_id, about=f"frame {frame}")
        return done

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

    def source_file_now(self, file: str, path: str) -> SourceFile | None:
        """A file of a workflow as it is now: `file` has the workflow, and `path` is relative to its
        folder. None if it is gone, lies elsewhere, or this user does not trust the folder.
        """
        from smithers.sources import read_source

        folder = Path(file).absolute().parent
        found = folder / path
        try:
            if not self.may_import(folder) or not found.resolve().is_relative_to(folder.resolve()):
                return None
            return read_source(found, folder)
        except (OSError, ValueError):
            return None

    def verify(self, run_id: str, *, digest: str | None = None) -> Verified:
        """Whether the rows of a run match the digests that they have, and each other. `digest` is
        that of a receipt (`FRAME:SHA256`), with which the run up to that frame is compared.
        """
        return reports.verify(self.database, run_id, digest=digest)

    def receipt(self, run_id: str) -> ReceiptView:
        """A run on one page: its source, prompts, tools, decisions, cost and digest."""
        return reports.receipt(self.database, run_id)

    async def replay(
        self, run_id: str, *, file: str | None = None, name: str | None = None
    ) -> Replayed:
        """Run the workflow of a run that has ended against its own rows, in memory: no agent is
        asked, nothing is started or written. What differs is in the result. `file` and `name` are
        another version of the workflow. Raises `Refused` for a run that has not finished or failed.
        """
        from smithers.engine.replaying import replay_run

        found = reports.recorded(self.database, run_id)
        read_answer = partial(reports.answer_in_stream, self.database, run_id)
        return await replay_run(self._drive(), found.run, found.recording, read_answer, file, name)

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
