"""Commands as real processes of their own, forked by a nursery: started, killed, waited for."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from smithers.engine.trust import Trusts
from tests.durability.commands import until

__all__ = ["FLOWS", "Child", "Nursery", "Site", "pause"]

FLOWS = Path(__file__).with_name("flows.py")
_ROOT = Path(__file__).parents[2]
_PATIENCE_S = 60.0


class Child:
    """A command that was started; `code` is its exit code, -9 if SIGKILL ended it."""

    def __init__(self, arguments: Sequence[str], out: Path, err: Path) -> None:
        self.arguments = arguments
        self._out = out
        self._err = err
        self._begun = threading.Event()
        self._ended = threading.Event()
        self.pid = 0
        self.code: int | None = None
        self.ended_at = datetime.max.replace(tzinfo=UTC)

    def told(self, answer: Mapping[str, int]) -> None:
        if "pid" in answer:
            self.pid = answer["pid"]
            self._begun.set()
        else:
            self.code, self.ended_at = answer["code"], datetime.now(UTC)
            self._ended.set()

    def begun(self) -> int:
        """Its pid, when it has been forked."""
        assert self._begun.wait(_PATIENCE_S), "the nursery forked nothing"
        return self.pid

    @property
    def is_over(self) -> bool:
        return self._ended.is_set()

    def wait(self, within_s: float = _PATIENCE_S) -> int:
        """Its exit code."""
        if not self._ended.wait(within_s):
            self.signal(signal.SIGKILL)
            raise AssertionError(f"it did not end within {within_s} s: {self.err}")
        assert self.code is not None
        return self.code

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.begun(), number)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        self.wait()

    @property
    def out(self) -> str:
        return self._out.read_text("utf-8", "replace") if self._out.exists() else ""

    @property
    def err(self) -> str:
        return self._err.read_text("utf-8", "replace") if self._err.exists() else ""


class Nursery:
    """Starts commands; as a context manager it ends all that is left of them."""

    def __init__(self, preload: Path | None = None) -> None:
        """`preload` is a library that every command has loaded."""
        more = {} if preload is None else {"LD_PRELOAD": str(preload)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.trust.nursery"],
            cwd=_ROOT,
            env={**os.environ, **more},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._children: dict[int, Child] = {}
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *_: object) -> None:
        for child in list(self._children.values()):
            if not child.is_over:
                child.signal(signal.SIGKILL)
        self._process.communicate()
        self._reader.join()

    def start(self, request: Mapping[str, Any], out: Path, err: Path) -> Child:
        child = Child(request["arguments"], out, err)
        with self._lock:
            number = next(self._ids)
            self._children[number] = child
            assert self._process.stdin is not None
            asked = {**request, "id": number, "out": str(out), "err": str(err)}
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
        return child

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            answer = json.loads(line)
            number = answer["id"]
            self._children[number].told(answer)
            if "code" in answer:
                del self._children[number]


class Site:
    """A folder with a store and a ledger of its own, in which commands are started."""

    def __init__(self, nursery: Nursery, folder: Path, altered: Sequence[str] = ()) -> None:
        self.nursery = nursery
        self.folder = folder
        self.altered = [*altered, *filter(None, [os.environ.get("TRUST_BROKEN")])]
        self.ledger_file = folder / "ledger"
        folder.mkdir(parents=True, exist_ok=True)
        self._count = itertools.count(len(list(folder.glob("*.out"))))
        self.children: list[Child] = []

    def copy(self, folder: Path) -> Site:
        """The same once more, as it is on the disk now."""
        shutil.copytree(self.folder, folder)
        made = Site(self.nursery, folder)
        if made.database.exists():  # a copy is another database, whose rows name this folder
            folders = [self.folder, Path(__file__).parent]
            Trusts(os.environ).add(made.database, how="trust", folders=folders)
        made.altered = self.altered
        return made

    def start(
        self,
        *arguments: str,
        traced: bool = False,
        gate: Path | None = None,
        altered: Sequence[str] = (),
        **environment: str,
    ) -> Child:
        """Start a command; it waits until it is traced, or until the file `gate` is there."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("SMITHERS", "TRUST"))}
        number = next(self._count)
        request = {
            "folder": str(self.folder),
            "arguments": arguments,
            "environment": {
                **kept,
                "LEDGER": str(self.ledger_file),
                "NO_COLOR": "1",
                **environment,
            },
            "altered": [*self.altered, *altered],
            "traced": traced,
            "gate": "" if gate is None else str(gate),
        }
        out, err = (self.folder / f"{number}.{name}" for name in ("out", "err"))
        child = self.nursery.start(request, out, err)
        self.children.append(child)
        return child

    def run(self, *arguments: str) -> Child:
        """The same to its end."""
        child = self.start(*arguments)
        child.wait()
        return child

    @property
    def database(self) -> Path:
        return self.folder / ".smithers" / "smithers.db"

    def wait_for_lines(self, lines: int, child: Child, *, within_s: float = 30) -> bool:
        """Wait until the ledger has so many lines; False if the child ended before."""
        until(
            lambda: child.is_over or len(self.ledger_lines()) >= lines,
            f"line {lines} of the ledger",
            within_s=within_s,
        )
        return not child.is_over

    def ledger_lines(self) -> list[str]:
        return self.ledger_file.read_text().splitlines() if self.ledger_file.exists() else []

    def told(self) -> list[str]:
        """What every command said on stdout, in the order of their starts."""
        files = sorted(self.folder.glob("*.out"), key=lambda file: int(file.stem))
        return [file.read_text("utf-8", "replace") for file in files]


def pause(seconds: float) -> None:
    """Let the other processes go on for so long: a kill at any moment must do no harm."""
    time.sleep(seconds)
