"""The fork that an agent asks for, made in a process of its own: the author's file may be imported
for it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, field
from pathlib import Path
from typing import Any

from smithers.engine.deciding import with_store
from smithers.engine.driving import Driving
from smithers.engine.ending import Forked
from smithers.engine.forking import Fork, fork
from smithers.engine.launching import DETACHED, as_told, unmarked
from smithers.errors import AuthorError, Refused, SmithersError
from smithers.values import dataclass

__all__ = ["Wanted", "fork_apart", "fork_here"]

_WITHIN_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A fork of a run as an agent asks for it, under the id that was made from its request."""

    source: str
    run_id: str
    frame: int | None
    request: str
    input: str | None = None
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    again: Sequence[str] = ()

    @property
    def needs_code(self) -> bool:
        """Whether the workflow's file has to be imported."""
        return bool(self.outputs or self.again) or self.input is not None

    def of_agent(self) -> Fork:
        return Fork(
            frame=self.frame,
            run_id=self.run_id,
            input=self.input,
            outputs=self.outputs,
            again=self.again,
            by=None,
            request=self.request,
        )


def fork_apart(
    database: Path,
    environment: Mapping[str, str],
    wanted: Wanted,
    *,
    folder: Path,
    interpreter: str,
) -> Forked:
    """Raises what prevented it, as it would have been raised here, or `Refused`."""
    if not folder.is_dir():
        raise Refused(f"the folder of run {wanted.source} no longer exists: {folder}")
    # -P: no folder of the project may stand in for one of our packages.
    command = [interpreter, "-P", "-m", "smithers.engine.forking_apart", str(database)]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**unmarked(environment), DETACHED: wanted.source},
            input=json.dumps(asdict(wanted)).encode(),
            capture_output=True,
            timeout=_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Refused(
            f"the fork was not made within {_WITHIN_S:g} s",
            hint="check what its file does when it is imported",
        ) from error
    except OSError as error:
        raise Refused(f"{interpreter} cannot be started: {error.strerror}") from error
    try:
        told: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        why = f": {said[-1][:500]}" if said else ""
        raise Refused(f"importing the workflow's file ended its process{why}") from error
    if "error" in told:
        raise as_told(told["error"])
    return Forked(
        run_id=told["run_id"],
        source=told["source"],
        frame=told["frame"],
        notes=tuple(told["notes"]),
    )


def fork_here(database: Path, environment: Mapping[str, str], wanted: Wanted) -> Forked:
    """The same in this process."""
    driving = Driving(database, environment)
    with driving.working():
        return with_store(
            database,
            wanted.source,
            lambda store: fork(driving, store, wanted.source, wanted.of_agent()),
        )


def _answer(database: Path, wanted: Wanted) -> dict[str, Any]:
    """What the process answers: a fork, or why there is none."""
    try:
        made = fork_here(database, os.environ, wanted)
    except SmithersError as error:
        place = str(error.place) if isinstance(error, AuthorError) and error.place else None
        told = {"kind": type(error).__name__, "message": error.said, "hint": error.hint}
        return {"error": {**told, "place": place}}
    return asdict(made)


def _main() -> None:
    """Answer on stdout, on which nothing that the author's file prints may come."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with answer:
        told = _answer(Path(sys.argv[1]), Wanted(**json.load(sys.stdin)))
        json.dump(told, answer)


if __name__ == "__main__":
    _main()
