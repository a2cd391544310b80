"""What a command line and an environment can hold, and words that go by file instead.

Linux takes no word of 32 pages or more (MAX_ARG_STRLEN), its end included, and all words and
variables together may have a quarter of the stack limit, which is SC_ARG_MAX. macOS has the second
limit alone.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from harnesses.process._command import ARGUMENT_LIMIT_BYTES, Command
from smithers.errors import keeping

__all__ = ["filed", "find_obstacle", "keep_long_words"]

_WORD_PAGES = 32
_POINTER_BYTES = 8
_MARGIN_BYTES = 16_384
"""For the words of the guard, marks of the attempt, and what the system adds itself."""


def find_obstacle(command: Command) -> str | None:
    """Why the command can never be started, whatever the prompt is; None if nothing is known."""
    short, _ = _without_long(command, Path("/" * 200))
    limit = _word_limit()
    shown = ""
    for word in (*short.start, *short.flags, *short.manner):
        size = _size(word)
        if limit is not None and size > limit:
            name = f"its argument {shown}" if shown.startswith("-") else "an argument"
            return f"{name} has {size - 1} bytes, and the system allows at most {limit - 1}"
        shown = word.partition("=")[0]
    for name, value in command.env.items():
        size = _size(f"{name}={value}")
        if limit is not None and size > limit:
            return (
                f"its variable {name} has {size} bytes, and the system allows at most {limit - 1}"
            )
    return _too_much((*short.start, *short.flags, *short.manner), command.env)


def _too_much(words: Sequence[str], env: Mapping[str, str]) -> str | None:
    texts = (*words, *(f"{name}={value}" for name, value in env.items()))
    total = sum(_size(text) + _POINTER_BYTES for text in texts)
    room = os.sysconf("SC_ARG_MAX") - _MARGIN_BYTES
    if total <= room:
        return None
    return f"its arguments and variables have {total} bytes, and the system allows at most {room}"


def _word_limit() -> int | None:
    """How long a word may be, its end included."""
    return _WORD_PAGES * os.sysconf("SC_PAGE_SIZE") if sys.platform == "linux" else None


def _size(text: str) -> int:
    return len(os.fsencode(text.encode("utf-8", "replace"))) + 1


@contextmanager
def filed(command: Command) -> Generator[tuple[Command, Path | None]]:
    """The command with its long words in files, and the private folder that has them, if any.

    The folder is removed on leaving. Raises `MachineError` if it cannot be written.
    """
    if not any(_long(command)):
        yield command, None
        return
    with keeping(tempfile.gettempdir()):
        folder = Path(tempfile.mkdtemp(prefix="smithers-"))
    try:
        short, texts = _without_long(command, folder)
        _write(texts)
        yield short, folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def keep_long_words(command: Command, folder: Path) -> Command:
    """The command with its long words in files of `folder`, which stays. Raises `MachineError`."""
    if not any(_long(command)):
        return command
    with keeping(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    short, texts = _without_long(command, folder)
    _write(texts)
    return short


def _write(texts: Mapping[Path, str]) -> None:
    """Write the files, for this user alone. Raises `MachineError`."""
    for path, text in texts.items():
        with keeping(path):
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with open(fd, "w", encoding="utf-8", errors="replace") as file:
                file.write(text)


def _long(command: Command) -> Iterator[int]:
    """Where in the flags a value stands that goes by file."""
    for at, word in enumerate(command.flags[1:], 1):
        before = command.flags[at - 1]
        if before in command.files and _size(word) > ARGUMENT_LIMIT_BYTES:
            yield at


def _without_long(command: Command, folder: Path) -> tuple[Command, dict[Path, str]]:
    """The command with the names of files in `folder` for its long words, and their texts."""
    flags, texts = list(command.flags), dict[Path, str]()
    for at in _long(command):
        path = folder / f"{at}.txt"
        texts[path] = flags[at]
        flags[at - 1], flags[at] = command.files[flags[at - 1]], str(path)
    return replace(command, flags=tuple(flags)), texts
