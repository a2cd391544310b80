"""Has a workflow looked at in a separate process, under the guard, and hears what it finds.

The process has no secrets in its environment, an empty home, and limits. When this returns, nothing
of it lives.
"""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, field
from pathlib import Path
from typing import Any, Literal, cast

from smithers.checks._confine import ASKED_SIGNAL, TIME_SIGNAL, Limits
from smithers.checks._findings import Finding
from smithers.engine.launching import unmarked
from smithers.engine.loading import is_authors
from smithers.errors import Place
from smithers.host import Chunk, Ending, GuardedProcess, Launch, now, to_the_end
from smithers.secrets import Secrets, is_secret_name
from smithers.values import dataclass

__all__ = ["Looked", "look", "look_beside", "without_secrets"]

WITHHELD = "withheld-by-smithers-check"
"""In place of a secret, so that code which only wants it to be there finds something."""
_ANSWERS_S = 5.0
"""How long a process that is asked where it is may take to say so."""
_FRAME = re.compile(r'  File "(.+)", line (\d+) in ')
_LIVING = re.compile(r"(_SOCK|_SOCKET|^DBUS_.*|^DOCKER_HOST|^SSH_CONNECTION)$")
"""Variables that lead to a running service."""


@dataclass
class Looked:
    """What a look has found. `report` is None if it did not come to its end."""

    findings: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    report: dict[str, Any] | None = None
    network: str = ""
    writes: str = ""
    phase: str = "starting"
    failed: str = ""
    printed: bytes = b""


class _Unheard:
    """Nobody records what passes between the process and us."""

    def chunk(self, stream: Literal["in", "out", "err"], data: bytes, /) -> Chunk:
        return Chunk(now(), "err" if stream == "err" else "out", data)

    def signal(self, number: int, /) -> None: ...


def look(
    file: Path,
    name: str | None,
    input: str | None,
    environment: Mapping[str, str],
    limits: Limits,
    *,
    dry_run: bool = False,
) -> Looked:
    """What a file's workflow is, and what is wrong with it; see `_child`."""
    return asyncio.run(look_beside(file, name, input, environment, limits, dry_run=dry_run))


async def look_beside(
    file: Path,
    name: str | None,
    input: str | None,
    environment: Mapping[str, str],
    limits: Limits,
    *,
    dry_run: bool = False,
    run: Mapping[str, Any] | None = None,
) -> Looked:
    """The same, while this process does other things. With a `run`, what that would do with the
    file; see `_edits`.
    """
    with tempfile.TemporaryDirectory(prefix="smithers-check-") as made:
        folder = Path(made)
        crash = folder / "crash"
        request = {
            "file": str(file),
            "name": name,
            "input": input,
            "dry_run": dry_run,
            "crash": str(crash),
            "run": run,
            "environment": _for_settings(environment),
            "limits": asdict(limits),
        }
        # -P: no folder of the project may stand in for one of our packages.
        launch = Launch(
            argv=(sys.executable, "-P", "-m", "smithers.checks._child"),
            cwd=Path.cwd(),
            env={**without_secrets(environment), **_places(folder)},
            stdin=json.dumps(request).encode(),
            talks=True,
        )
        since = now()
        looked, ending, over = await _hear(launch, limits)
        if looked.report is None and not _errors(looked):
            frames = crash.read_text(errors="replace") if crash.is_file() else ""
            took = f"{limits.wall_s:g} s" if over else f"{limits.cpu_s} s of CPU time"
            late = over or _is_late(ending, now() - since, limits)
            found = _ended(file, looked, ending, frames, took if late else "")
            looked.findings.append(found.to_json())
        return looked


def _errors(looked: Looked) -> bool:
    return any(one["level"] == "error" for one in looked.findings)


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without secrets, and without what leads to running services."""
    found: dict[str, str] = {}
    for name, value in unmarked(environment).items():
        if _LIVING.search(name):
            continue
        secret = is_secret_name(name) or Secrets({name: value}).mask(value) != value
        found[name] = WITHHELD if secret else value
    return found


def _places(folder: Path) -> dict[str, str]:
    """Variables that name places, all below a folder that is removed."""
    home = str(folder)
    named = ("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
    return {
        **dict.fromkeys((*named, "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"), home),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _for_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables by which settings are found: the user's own are not in the empty home."""
    own = {name: environment[name] for name in ("HOME", "XDG_CONFIG_HOME") if name in environment}
    ours = {name: value for name, value in environment.items() if name.startswith("SMITHERS_")}
    return {**ours, **own}


async def _hear(launch: Launch, limits: Limits) -> tuple[Looked, Ending, bool]:
    """Hear it to its end. The last value is whether its time was over."""
    process = GuardedProcess(launch, _Unheard())
    looked, rest, over = Looked(), b"", False
    deadline = now() + limits.wall_s
    try:
        await process.pids()
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    chunk = await process.read()
            except TimeoutError:
                if over:
                    break
                over, deadline = True, now() + _ANSWERS_S
                process.signal(ASKED_SIGNAL)
                await asyncio.sleep(0.2)  # it writes where it is, in C
                break
            if chunk is None:
                break
            if chunk.stream == "err":
                looked.printed = (looked.printed + chunk.data)[-4096:]
                continue
            *lines, rest = (rest + chunk.data).split(b"\n")
            for line in lines:
                _take(looked, line)
        if over:
            process.signal(signal.SIGKILL)
        return looked, await process.ended(), over
    finally:
        await to_the_end(process.destroy())


def _take(looked: Looked, text: bytes) -> None:
    """Take a line of the process; what the author's code may have written beside it is left out."""
    try:
        line: object = json.loads(text)
    except (ValueError, RecursionError):
        return
    if not isinstance(line, dict):
        return
    said = cast("dict[str, Any]", line)
    if isinstance(said.get("finding"), dict):
        looked.findings.append(said["finding"])
    for name in ("report", "network", "writes", "phase", "failed"):
        if name in said:
            setattr(looked, name, said[name])


def _is_late(ending: Ending, took_s: float, limits: Limits) -> bool:
    """Whether its CPU time was over. What ignores the first signal is killed; so is what kills
    itself, and what the system has no memory for.
    """
    if ending.signal == signal.SIGKILL:
        return took_s >= limits.cpu_s
    return ending.signal == TIME_SIGNAL


def _ended(file: Path, looked: Looked, ending: Ending, frames: str, took: str) -> Finding:
    """Why there is no report: the time that it `took` was over, or it has ended its process."""
    place = _place(frames, file)
    hint = "move slow code into a Step: importing the file and building the tree should do no work"
    if took:
        said = f"{looked.phase} {file.name} did not come to its end in {took}"
        return Finding(rule="time", said=said, place=place, hint=hint)
    words = looked.failed or looked.printed.decode(errors="replace").strip()[-500:]
    said = f"{looked.phase} {file.name} ended its process ({ending})"
    said = f"{said}: {words}" if words else said
    return Finding(rule="ended", said=said, place=place, hint=hint)


def _place(frames: str, file: Path) -> Place | None:
    """The innermost line of the author's in the last trace of a process."""
    last = re.split(r"(?:Current thread|Thread) [^\n]*:\n", frames)[-1]
    folder = file.resolve().parent
    for path, number in _FRAME.findall(last):
        if is_authors(Path(path), folder):
            return Place(file=path, line=int(number), column=_column(Path(path), int(number)))
    return None


def _column(file: Path, line: int) -> int:
    try:
        text = file.read_text(errors="replace").splitlines()[line - 1]
    except (OSError, IndexError):
        return 1
    return len(text) - len(text.lstrip()) + 1
