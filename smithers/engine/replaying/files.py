"""A frozen run on disk: a test for pytest, and the recording beside it."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from smithers.errors import Refused
from smithers.values import dataclass

__all__ = ["FrozenFiles", "check_free", "write_frozen"]

_TEST = '''"""Run {run} of {file}: fails if the workflow no longer does what it did.

This file and {recording} were written by `smithers freeze {run} -o {test}`.
"""

from __future__ import annotations

from pathlib import Path

from smithers.testing import check_frozen_run


def {name}() -> None:
    check_frozen_run(Path(__file__).with_name("{recording}"))
'''


@dataclass(frozen=True, kw_only=True)
class FrozenFiles:
    """The files of a frozen run."""

    test: Path
    recording: Path


def check_free(test: Path, *, force: bool) -> FrozenFiles:
    """Where a test and its recording are to be written. Raises `Refused` if they cannot be."""
    if test.suffix != ".py":
        raise Refused(f"{test} is not a Python file", hint="for example -o tests/test_release.py")
    if not test.parent.is_dir():
        raise Refused(f"the folder {test.parent} does not exist", hint="make it, or name another")
    files = FrozenFiles(test=test, recording=test.with_suffix(".jsonl"))
    for path in (files.test, files.recording):
        if path.is_dir():
            raise Refused(f"{path} is a folder", hint="choose another file with -o")
        if path.exists() and not force:
            raise Refused(f"{path} already exists", hint="name another file, or add --force")
    return files


def write_frozen(files: FrozenFiles, run_id: str, file: str, lines: Sequence[str]) -> None:
    """Write both files, or neither. Raises `Refused`."""
    name = re.sub(r"\W", "_", files.test.stem)
    name = name if name.startswith("test_") else f"test_{name}"
    recording = files.recording.name
    typed = shlex.quote(str(files.test))
    test = _TEST.format(run=run_id, file=file, recording=recording, name=name, test=typed)
    texts = {files.recording: "".join(f"{line}\n" for line in lines), files.test: test}
    made = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in texts}
    try:
        for path, text in texts.items():
            made[path].write_text(text, encoding="utf-8")
        before = _content(files.recording)
        made[files.recording].replace(files.recording)
        try:
            made[files.test].replace(files.test)
        except OSError:
            _restore(files.recording, before)
            raise
    except OSError as error:
        raise Refused(
            f"{files.test} cannot be written: {error.strerror}", hint="choose another file with -o"
        ) from error
    finally:
        for temporary in made.values():
            with suppress(OSError):
                temporary.unlink()


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _restore(path: Path, content: bytes | None) -> None:
    """Take back that a file was replaced."""
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
