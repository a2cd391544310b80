"""A type checker on an author's file, if one is installed for the Python that runs Smithers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from smithers.checks._findings import Finding
from smithers.checks._looking import without_secrets
from smithers.errors import Place

__all__ = ["check_types"]

_WITHIN_S = 300.0
_LINE = re.compile(r"(?P<file>.+?):(?P<line>\d+):(?P<column>\d+): error: (?P<said>.+)")
_HINT = "correct the type; with --types, errors of the type checker count as errors of the check"


def check_types(file: Path, environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """The errors that mypy, or else pyright, finds in a file."""
    return [one.to_json() for one in _found(file.absolute(), without_secrets(environment))]


def _found(file: Path, environment: dict[str, str]) -> Iterator[Finding]:
    with tempfile.TemporaryDirectory(prefix="smithers-types-") as folder:
        if find_spec("mypy") is not None:
            options = ["--show-column-numbers", "--no-error-summary", "--cache-dir", folder]
            yield from _run("mypy", [*options, "--no-pretty", str(file)], environment, _of_mypy)
        elif find_spec("pyright") is not None:
            yield from _run("pyright", ["--outputjson", str(file)], environment, _of_pyright)
        else:
            hint = f"install one: {sys.executable} -m pip install mypy"
            yield _unchecked("neither mypy nor pyright is installed", hint)


def _run(
    program: str,
    arguments: list[str],
    environment: dict[str, str],
    read: Callable[[str], Iterator[Finding]],
) -> Iterator[Finding]:
    """What a checker tells; a warning if it did not come to its end."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", program, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        yield _unchecked(f"{program} took over {_WITHIN_S:g} s", f"run {program} by hand")
        return
    found = list(read(done.stdout))
    yield from found
    if done.returncode and not found:
        last = (done.stderr.strip() or done.stdout.strip())[-300:]
        yield _unchecked(f"{program} failed: {last}", f"run {program} by hand")


def _unchecked(why: str, hint: str) -> Finding:
    said = f"types were not checked: {why}"
    return Finding(rule="types", said=said, place=None, hint=hint, level="warning")


def _of_mypy(text: str) -> Iterator[Finding]:
    for line in text.splitlines():
        if (match := _LINE.fullmatch(line)) is not None:
            path = str(Path(match["file"]).absolute())
            place = Place(file=path, line=int(match["line"]), column=int(match["column"]))
            yield Finding(rule="types", said=match["said"], place=place, hint=_HINT)


def _of_pyright(text: str) -> Iterator[Finding]:
    try:
        found: list[dict[str, Any]] = json.loads(text)["generalDiagnostics"]
    except (ValueError, KeyError):
        return
    for one in found:
        if one["severity"] == "error":
            at = one["range"]["start"]
            place = Place(file=one["file"], line=at["line"] + 1, column=at["character"] + 1)
            yield Finding(rule="types", said=one["message"], place=place, hint=_HINT)
