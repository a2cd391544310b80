"""What workflows take, told without running them: their names and the schemas of their input.

A file is code of its author, so each is imported in a process of its own, which is killed when it
takes too long, and whose words on stdout are no part of the answer.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from inspect import cleandoc
from pathlib import Path
from threading import Lock
from typing import Any

from smithers.engine.launching import unmarked
from smithers.engine.loading import workflows_in
from smithers.errors import AuthorError, SmithersError
from smithers.values import dataclass

__all__ = ["Descriptions", "describe", "outline"]

_WITHIN_S = 30.0
_AT_ONCE = 4
_SLOW_FOR_S = 60.0
"""How long it counts that an import took too long: else each look would wait for it again."""
_MOST_BYTES = 1 << 20
_Stamp = tuple[int, int]
"""When a file was written, in nanoseconds, and its size in bytes."""


def describe(file: Path) -> list[dict[str, Any]]:
    """The workflows of a file, which is imported here; an entry with an `error` if it cannot be."""
    where = str(file.absolute())
    try:
        found = workflows_in(file)
    except SmithersError as error:
        place = str(error.place) if isinstance(error, AuthorError) and error.place else None
        return [_failed(where, error.said, error.hint, place)]
    return [
        {
            "workflow": one.name,
            "file": where,
            "name": variable,
            "description": cleandoc((one.flow or one.function).__doc__ or ""),
            "input_schema": one.input.model_json_schema(),
        }
        for variable, one in found.items()
    ]


def outline(file: Path) -> list[dict[str, Any]]:
    """The workflows of a file as a parse finds them: nothing of it is executed.

    A workflow is a function with the decorator `workflow`, called or not; its name may be given in
    the call.
    """
    where = str(file.absolute())
    try:
        if not file.is_file():
            return [_failed(where, f"{file.name} is not a file", "")]
        if file.stat().st_size > _MOST_BYTES:
            return [_failed(where, f"{file.name} is larger than {_MOST_BYTES >> 20} MB", "")]
        tree = ast.parse(file.read_bytes(), where)
    except OSError as error:
        return [_failed(where, f"{file.name} cannot be read: {error.strerror}", "")]
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return [_failed(where, f"{file.name} cannot be parsed: {error}", "")]
    return [
        {
            "workflow": name,
            "file": where,
            "name": node.name,
            "description": cleandoc(ast.get_docstring(node) or ""),
            "input_schema": None,
        }
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and (name := _workflow_name(node)) is not None
    ]


def _workflow_name(node: ast.FunctionDef) -> str | None:
    for decorator in node.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        target = decorator if call is None else call.func
        named = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", None)
        if named != "workflow":
            continue
        given = [one.value for one in (call.keywords if call else ()) if one.arg == "name"]
        texts = [one.value for one in given if isinstance(one, ast.Constant)]
        return next((text for text in texts if isinstance(text, str)), node.name)
    return None


@dataclass(frozen=True)
class _Known:
    """What a file takes, and every file that its import loaded, as it was then."""

    workflows: list[dict[str, Any]]
    stamps: dict[str, _Stamp]
    until: float = float("inf")


class Descriptions:
    """What files take. Each is imported in a process of its own, which may take `within_s` seconds,
    and is imported again only once a file that its import loaded is another: by time or by size.
    """

    def __init__(self, environment: Mapping[str, str], *, within_s: float = _WITHIN_S) -> None:
        self._environment = environment
        self._within_s = within_s
        self._known: dict[Path, _Known] = {}
        self._looking = Lock()
        """Those who ask at the same time wait for one look."""

    def of(self, files: Sequence[Path]) -> list[dict[str, Any]]:
        """See `Hub.workflows`."""
        now: dict[str, _Stamp | None] = {}
        paths = [file.absolute() for file in files]
        with self._looking:
            unknown = [path for path in paths if not self._is_known(path, now)]
            with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
                found = dict(zip(unknown, pool.map(self._look, unknown), strict=True))
            return [one for path in paths for one in found.get(path) or self._known[path].workflows]

    def _is_known(self, path: Path, now: dict[str, _Stamp | None]) -> bool:
        if (known := self._known.get(path)) is None or known.until < time.monotonic():
            return False
        for name in known.stamps.keys() - now.keys():
            now[name] = _stamp(name)
        return all(now[name] == stamp for name, stamp in known.stamps.items())

    def _look(self, path: Path) -> list[dict[str, Any]]:
        """A file that cannot be imported is looked at again each time: what it lacks may come."""
        begun, from_s = time.time_ns(), time.monotonic()
        found, names = _apart(path, self._environment, self._within_s)
        ended_s = time.monotonic()
        is_slow = ended_s - from_s >= self._within_s
        stamps = {name: stamp for name in names if (stamp := _stamp(name)) is not None}
        self._known.pop(path, None)
        is_whole = all("error" not in one for one in found)
        if found and is_whole and all(stamp[0] < begun for stamp in stamps.values()):
            self._known[path] = _Known(found, stamps)
        elif is_slow and (stamp := _stamp(str(path))) is not None and stamp[0] < begun:
            self._known[path] = _Known(found, {str(path): stamp}, ended_s + _SLOW_FOR_S)
        return found


def _stamp(name: str) -> _Stamp | None:
    try:
        found = os.stat(name)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _apart(
    file: Path, environment: Mapping[str, str], within_s: float
) -> tuple[list[dict[str, Any]], list[str]]:
    """What a file takes, and the files that its import loaded."""
    # -P: no folder of the project may stand in for one of our packages.
    command = [sys.executable, "-P", "-m", "smithers.engine.describing", str(file)]
    try:
        done = subprocess.run(
            command,
            cwd=file.parent,
            env=unmarked(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=within_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        hint = "move slow code into a Step; importing the file should do no work"
        return [_failed(str(file), f"importing {file.name} took over {within_s:g} s", hint)], []
    except OSError as error:
        return [_failed(str(file), f"{file.name} cannot be inspected: {error.strerror}", "")], []
    try:
        found: dict[str, list[Any]] = json.loads(done.stdout)
    except ValueError:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        why = f": {said[-1][:500]}" if said else ""
        return [_failed(str(file), f"importing {file.name} ended its process{why}", "")], []
    return found["workflows"], found["files"]


def _failed(file: str, message: str, hint: str, place: str | None = None) -> dict[str, Any]:
    said = message.removeprefix(f"{place}: ") if place else message
    return {"file": file, "error": {"message": said, "hint": hint, "place": place}}


def _main() -> None:
    """Describe one file on stdout, on which nothing that it prints itself may come."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with answer:
        file = Path(sys.argv[1])
        workflows = describe(file)
        loaded = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
        files = {str(file), *(name for name in loaded if isinstance(name, str))}
        json.dump({"workflows": workflows, "files": sorted(files)}, answer)


if __name__ == "__main__":
    _main()
