"""Starting a run, or going on with one, in a process of its own."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from smithers.amounts import Amounts
from smithers.engine.agent_forks import check_same
from smithers.engine.apart import run_apart
from smithers.engine.describing import Descriptions
from smithers.engine.ending import Forked
from smithers.engine.forking_apart import Wanted, fork_apart, fork_here
from smithers.engine.inputs import input_text
from smithers.engine.launching import Launcher
from smithers.engine.trust import Trusts, current_folder, interpreter_of, untrusted
from smithers.errors import Refused, RunExists, UnknownRun, Untrusted
from smithers.store import RunRow
from smithers.store.files import owner_log, streams_folder
from smithers.store.sqlite import SqliteStore
from smithers.tree import check_run_id
from smithers.values import dataclass

__all__ = ["Detaching", "Launched", "id_of_request"]

_HOT = ["--hot"]


@dataclass(frozen=True, kw_only=True)
class Launched:
    """A run that lives in a process of its own, and where that writes its log.

    `pid` is None where the run was there already, by an earlier start of the same request. `said`
    is what the process told a person before the run was there.
    """

    run_id: str
    pid: int | None
    log: Path
    said: str = ""


def id_of_request(request_id: str) -> str:
    """The id of the run that a request starts, however often it is made. Raises `Refused`."""
    if not request_id.strip():
        raise Refused("the request id is empty", hint="use one that only this request has")
    return f"request-{hashlib.sha256(request_id.encode()).hexdigest()[:12]}"


class Detaching:
    """Starts the runs of one database away from this process."""

    def __init__(
        self,
        database: Path,
        environment: Mapping[str, str],
        launcher: Launcher,
        trusts: Trusts,
        descriptions: Descriptions,
    ) -> None:
        self._database = database
        self._environment = environment
        self._launcher = launcher
        self._trusts = trusts
        self._descriptions = descriptions

    def start(
        self,
        file: str,
        *,
        name: str | None,
        input: str | None,
        run_id: str | None,
        request_id: str | None,
        folder: Path,
        max_concurrency: int | None,
        linger_s: float | None,
        caps: Amounts | None,
        hot: bool,
    ) -> Launched:
        """See `Hub.launch`."""
        if request_id is not None:
            run_id = id_of_request(request_id)
        if run_id is None:
            raise Refused("a run needs a run_id, or a request_id to make one from")
        check_run_id(run_id)
        path = folder / file
        if request_id is not None and (known := self._known(run_id)) is not None:
            return self._same(known, path, name, input)
        which = str(path.absolute()) + (f":{name}" if name else "")
        options = [*_options(max_concurrency, linger_s), *_caps(caps), *_HOT[:hot]]
        try:
            return self._launch(
                run_id, ["up", which, "--run-id", run_id, *options], folder, sys.executable, input
            )
        except RunExists:
            if request_id is None or (known := self._known(run_id)) is None:
                raise
            return self._same(known, path, name, input)

    def resume(
        self,
        run_id: str,
        *,
        file: str | None,
        name: str | None,
        input: str | None,
        max_concurrency: int | None,
        linger_s: float | None,
        rerun: Collection[str] | None,
        renames: Sequence[str],
        typed: bool,
        hot: bool,
    ) -> Launched:
        """See `Hub.launch_again`."""
        run = self._found(run_id)
        arguments = ["resume", run_id]
        if rerun is not None:
            arguments += [*rerun, "--rerun-changed"]
        arguments += [f"--rename={one}" for one in renames]
        if file is not None or input is not None:
            path = Path(run.file if file is None else file).absolute()
            which = f"{path}:{name}" if name else str(path)
            arguments = ["up", which, "--run-id", run_id, "--resume"]
        arguments += _HOT[:hot]
        arguments += _options(max_concurrency, linger_s)
        return self._again(run, arguments, file=file, input=input, typed=typed)

    def retry(self, run_id: str, task: str, *, readers: bool, typed: bool) -> Launched:
        """See `Hub.launch_retry`."""
        arguments = ["retry", run_id, *(["--with-readers"] if readers else []), "--", task]
        return self._again(self._found(run_id), arguments, file=None, input=None, typed=typed)

    def fork(self, wanted: Wanted) -> tuple[Forked, bool]:
        """See `Hub.fork_once`."""
        if (made := self._known(wanted.run_id)) is not None:
            return _made(made, wanted), False
        try:
            return self._fork(wanted), True
        except RunExists:
            if (made := self._known(wanted.run_id)) is None:
                raise
            return _made(made, wanted), False

    def _fork(self, wanted: Wanted) -> Forked:
        if not wanted.needs_code:
            return fork_here(self._database, self._environment, wanted)
        run = self._found(wanted.source)
        interpreter = self._interpreter(run, file=None, typed=False)
        return fork_apart(
            self._database,
            self._environment,
            wanted,
            folder=Path(run.folder),
            interpreter=interpreter,
        )

    def _found(self, run_id: str) -> RunRow:
        if (run := self._known(run_id)) is None:
            raise UnknownRun(f"there is no run {run_id!r}", hint="list the runs with `smithers ps`")
        return run

    def _again(
        self,
        run: RunRow,
        arguments: list[str],
        *,
        file: str | None,
        input: str | None,
        typed: bool,
    ) -> Launched:
        """Launch a process that goes on with a run, if its row may say what is executed."""
        interpreter = self._interpreter(run, file=file, typed=typed)
        return self._launch(run.run_id, arguments, Path(run.folder), interpreter, input)

    def _interpreter(self, run: RunRow, *, file: str | None, typed: bool) -> str:
        """What executes the file of a run, if its row may say so. Raises `Refused`."""
        run_id = run.run_id
        trusted = self._trusts.find(self._database)
        if trusted is None and not typed:
            raise Untrusted(
                f"{untrusted(self._database)}, and the file of run {run_id} comes from a row in it",
                hint=f"check {run.file}, then type: smithers trust"
                f" {shlex.quote(str(self._database))}",
            )
        here = current_folder() if typed else None
        self._trusts.check_may_run(trusted, self._database, run, file=file is None, here=here)
        interpreter = sys.executable
        if trusted is not None:
            interpreter = interpreter_of(trusted, run.interpreter)
            if typed:  # what was checked just now
                files = [Path(os.path.realpath(run.file)).parent] if file is None else []
                self._trusts.note_use(trusted, "resume", folders=[Path(run.folder), *files])
        return interpreter

    def _launch(
        self, run_id: str, arguments: list[str], folder: Path, interpreter: str, input: str | None
    ) -> Launched:
        if input is not None:
            input_text(input)
            arguments = [*arguments, "--input", "@-"]
        self._launcher.ended()
        owning = self._launcher.launch(
            run_id, arguments, folder=folder, interpreter=interpreter, input=input
        )
        return Launched(run_id=run_id, pid=owning.pid, log=self._log(run_id), said=owning.said)

    def _log(self, run_id: str) -> Path:
        return owner_log(streams_folder(self._database, run_id))

    def _same(self, run: RunRow, path: Path, name: str | None, input: str | None) -> Launched:
        """The run of an earlier start, if that was the same one. Raises `RunExists`."""
        given: object = json.loads(input_text(input))
        started = f"run {run.run_id} of workflow {run.workflow} in {run.file}"
        if run.file == str(path.resolve()) and self._is_named(run, path, name):
            if json.loads(run.input) == given:
                return Launched(run_id=run.run_id, pid=None, log=self._log(run.run_id))
            started = f"run {run.run_id} of the same workflow, with a different input"
        raise RunExists(
            f"this request_id was used for another start: {started}",
            hint="use a new request_id for each start",
        )

    def _is_named(self, run: RunRow, path: Path, name: str | None) -> bool:
        """Whether the run's workflow has this name, by itself or by its variable."""
        if name is None or name == run.workflow:
            return True
        found = self._descriptions.of([path])
        if any("error" in one for one in found):
            return True  # the file has changed since
        return any((one["name"], one["workflow"]) == (name, run.workflow) for one in found)

    def _known(self, run_id: str) -> RunRow | None:
        if not self._database.exists():
            return None

        async def look() -> RunRow | None:
            async with await SqliteStore.open(self._database) as store:
                try:
                    return await store.run(run_id)
                except UnknownRun:
                    return None

        return run_apart(look())


def _made(run: RunRow, wanted: Wanted) -> Forked:
    """The fork of an earlier request, if that was the same one. Raises `RunExists`."""
    check_same(run, wanted.request)
    source, frame = run.source_frame or (wanted.source, 0)
    return Forked(run_id=run.run_id, source=source, frame=frame)


def _options(max_concurrency: int | None, linger_s: float | None) -> list[str]:
    limit = [] if max_concurrency is None else ["--max-concurrency", str(max_concurrency)]
    return limit if linger_s is None else [*limit, "--linger", str(linger_s)]


def _caps(caps: Amounts | None) -> list[str]:
    if caps is None:
        return []
    given = {"usd": caps.usd, "tokens": caps.tokens, "calls": caps.calls}
    return [f"--max-{name}={value}" for name, value in given.items() if value is not None]
