"""`demo`: a workflow on recorded sessions that is killed in the middle, and goes on."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from smithers.cli._arguments import Argument, example
from smithers.cli._streams import is_terminal, paint, say
from smithers.errors import Refused, SmithersError
from smithers.hub import Hub

if TYPE_CHECKING:
    import typer

__all__ = ["register"]

_PACKAGE = "harnesses.demo"
_FILE, _RECORDED, _RUN = "ship_it.py", "interrupted", "demo"
_KILLED_IN = "plan"
_PATIENCE_S = 60.0
_POLL_S = 0.05


def register(app: typer.Typer) -> None:
    app.command(
        "demo",
        short_help="Watch a run being killed and resumed.",
        help=example(
            "smithers demo",
            says="Run a workflow of three tasks on recorded sessions of a real agent,"
            " kill it in the middle with SIGKILL, and resume it. No installed agent"
            " and no key are needed. The folder is kept, so each command can be"
            " typed again in it.",
        ),
    )(demo)


def demo(
    folder: Annotated[
        Path | None,
        Argument(
            metavar="[FOLDER]",
            help="Folder to create (default: smithers-demo, or the next free name).",
            show_default=False,
        ),
    ] = None,
) -> int:
    where = _prepare(folder)
    show = _Show(where)
    show.narrate("A workflow of three tasks: research, plan, implement.")
    show.narrate("Its agent is replayed from recorded sessions, at their original speed.")
    show.typed(f"cd {shlex.quote(os.path.relpath(where))}")
    show.typed("export SMITHERS_REPLAY=recordings SMITHERS_REPLAY_SPEED=1")
    show.narrate(f"It will be killed while {_KILLED_IN} is running.")
    show.killed_while_at_work(f"up {_FILE} --run-id {_RUN}")
    show.narrate("No process is running it now. Everything it did is in .smithers/smithers.db:")
    show.run("ps")
    show.run(f"why {_RUN}")
    show.narrate("It continues where it stopped: finished tasks are not run (or paid for) again.")
    code = show.run(f"up {_FILE} --run-id {_RUN} --resume")
    show.run(f"inspect {_RUN}")
    return code or show.verdict()


def _prepare(folder: Path | None) -> Path:
    """A fresh folder with the workflow and the recordings."""
    where = folder or _free(Path("smithers-demo"))
    if where.exists() and (not where.is_dir() or any(where.iterdir())):
        raise Refused(f"{where} already exists and is not empty", hint="name a new folder")
    with as_file(files(_PACKAGE)) as source:
        where.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / _FILE, where / _FILE)
        shutil.copytree(source / _RECORDED, where / "recordings")
    store = where / ".smithers" / "smithers.db"
    store.parent.mkdir(mode=0o700)
    store.touch(mode=0o600)  # else the nearest one upward would be taken, if there is one
    return where.resolve()


def _free(wanted: Path) -> Path:
    number, found = 1, wanted
    while found.exists():
        number += 1
        found = wanted.with_name(f"{wanted.name}-{number}")
    return found


class _Show:
    """Runs commands as a person would in the folder, and shows each of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._hub = Hub(folder / ".smithers" / "smithers.db")
        keep = {name: value for name, value in os.environ.items() if name != "SMITHERS_DB"}
        self._environment = {
            **keep,
            "SMITHERS_REPLAY": "recordings",
            "SMITHERS_REPLAY_SPEED": "1",
        }

    def narrate(self, text: str) -> None:
        say()
        say(paint(f"# {text}", "dim", sys.stderr))

    def typed(self, command: str) -> None:
        say(f"{paint('$', 'green', sys.stderr)} {paint(command, 'bold', sys.stderr)}")

    def run(self, arguments: str) -> int:
        child = self._start(arguments)
        try:
            return child.wait(timeout=_PATIENCE_S)
        finally:
            _end(child)

    def killed_while_at_work(self, arguments: str) -> None:
        child = self._start(arguments)
        try:
            self._await(child)
        finally:
            _end(child)
        if is_terminal(sys.stderr):  # what was killed could not give the cursor back
            sys.stderr.write("\x1b[?25h\n")
        self.typed(f"kill -9 {child.pid}")

    def verdict(self) -> int:
        """0 if the story went as it was told."""
        found = {task.line.key.id: task for task in self._hub.inspect(_RUN).tasks}
        tried = [(one.number, one.session) for one in found[_KILLED_IN].attempts]
        others = [task for name, task in found.items() if name != _KILLED_IN]
        again = len(tried) == 2 and tried[0][1] == tried[1][1]
        if not again or any(len(task.attempts) != 1 for task in others):
            raise Refused("the demo failed", hint=f"look at the files in {self._folder}")
        self.narrate(
            f"research ran once; {_KILLED_IN} resumed the session of its first attempt."
            " To look around:"
        )
        for command in ("timeline", "logs", "graph"):
            self.typed(f"smithers {command} {_RUN}")
        return 0

    def _start(self, arguments: str) -> subprocess.Popen[bytes]:
        self.typed(f"smithers {arguments}")
        command = [sys.executable, "-m", "smithers", *shlex.split(arguments)]
        return subprocess.Popen(
            command, cwd=self._folder, env=self._environment, stdin=subprocess.DEVNULL
        )

    def _await(self, child: subprocess.Popen[bytes]) -> None:
        """Until the task is at work in a session, as the database says."""
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until and child.poll() is None:
            if self._at_work():
                return
            time.sleep(_POLL_S)
        raise Refused(f"{_KILLED_IN} did not start", hint=f"look at the files in {self._folder}")

    def _at_work(self) -> bool:
        try:
            tasks = self._hub.inspect(_RUN).tasks
        except SmithersError:
            return False
        attempts = [at for task in tasks if task.line.key.id == _KILLED_IN for at in task.attempts]
        if not any(at.state == "running" and at.session for at in attempts):
            return False
        return any(
            event.payload.get("event") != "started" for event in self._hub.logs(_RUN, _KILLED_IN)
        )


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.send_signal(signal.SIGKILL)
        child.wait()
