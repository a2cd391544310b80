"""Running the real command in processes of their own, killing it, and reading what it left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from tests.cli.command import forked
from tests.places import DEMO

__all__ = ["DEMO", "WORKFLOWS", "Project", "until"]

WORKFLOWS = Path(__file__).parent / "workflows"


def until(true: Callable[[], object], what: str, *, within_s: float = 60) -> None:
    """Wait until something holds, at most so long; then fail, saying what did not come.

    A look that costs much, such as a command, is taken less often: most of the processor is left
    to what is waited for.
    """
    end = time.monotonic() + within_s
    pause = threading.Event()
    begun = time.monotonic()
    while not true():
        now = time.monotonic()
        assert now < end, f"{what} did not come within {within_s} s"
        pause.wait(min(max(0.02, 3 * (now - begun)), 1.0))
        begun = time.monotonic()


class Project:
    """An empty folder with a store and a ledger of its own, in which `smithers` is run."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.ledger_file = folder / "ledger"
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("SMITHERS")},
            "LEDGER": str(self.ledger_file),
            "NO_COLOR": "1",
            **(environment or {}),
        }

    @property
    def home(self) -> Path:
        """A home of its own, for programs that get no other variable of ours."""
        return self.folder / "home"

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "smithers", *arguments]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, within_s: float = 60) -> subprocess.CompletedProcess[str]:
        """A command to its end, in a process that had its imports already."""
        code, out, err = forked(self.folder, arguments, self.environment, within_s)
        return subprocess.CompletedProcess(arguments, code, out.decode(), err.decode())

    def json(self, *arguments: str) -> dict[str, Any]:
        """The one JSON document that a command prints."""
        done = self.run(*arguments, "--json")
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def tasks(self, run: str = "r1") -> dict[str, dict[str, Any]]:
        """The tasks of a run by id, iterations in brackets."""
        return {
            task["id"] + "".join(f"[{number}]" for number in task["iteration"]): task
            for task in self.json("inspect", run)["tasks"]
        }

    def is_running(self, task: str, run: str = "r1") -> bool:
        """Whether an attempt of the task has been started and has not ended."""
        if self.run("inspect", run, "--json").returncode:
            return False
        return any(
            one["state"] == "running" for one in self.tasks(run).get(task, {}).get("attempts", ())
        )

    @property
    def ledger(self) -> list[str]:
        """What the tasks wrote to the ledger, in order."""
        return self.ledger_file.read_text().splitlines() if self.ledger_file.exists() else []

    @property
    def database(self) -> Path:
        return self.folder / ".smithers" / "smithers.db"

    def kill(self, process: subprocess.Popen[str]) -> None:
        """SIGKILL, as the kernel does when memory runs out: nobody can say goodbye."""
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=10)

    def has_written(self, session: str, text: str) -> bool:
        """Whether a program has written this text to the file of that session.

        A model may be asked before that: a program that is killed in between has no such session.
        """
        files = (one for one in self.home.rglob("*.jsonl") if session in one.name)
        return any(text.encode() in one.read_bytes() for one in files)

    def processes(self) -> list[psutil.Process]:
        """Every live process that carries this project's ledger or home in its environment."""
        return [one for one in psutil.process_iter() if self._mine(one)]

    def jobs(self, besides: int) -> list[str]:
        """The command lines of those processes, without one; who ends meanwhile has none."""
        found: list[str] = []
        for one in self.processes():
            with suppress(psutil.Error):
                if one.pid != besides:
                    found.append(" ".join(one.cmdline()))
        return found

    def _mine(self, process: psutil.Process) -> bool:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            theirs = process.environ()
            marks = {theirs.get("LEDGER", ""), theirs.get("HOME", "")}
            return bool(marks & {str(self.ledger_file), str(self.home)})
        except psutil.Error:
            return False
