"""What must not be written: secrets by value and by shape, and names of the machine."""

from __future__ import annotations

import getpass
import json
import re
import socket
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from smithers.agent import Secrets

__all__ = ["KEY_SHAPES", "Piece", "Scrub", "both", "machine", "scrubbed", "secrets_of"]

Scrub = Callable[[str], str]
Piece = tuple[float, bytes]
"""Bytes with the time at which they came."""

_WINDOW_BYTES = 1 << 20
_TAIL_BYTES = 1 << 17
"""More than any secret has: what is found in a text ends within so many bytes of where it began."""

KEY_SHAPES = re.compile(
    r"\b(?:sk-[A-Za-z0-9_-]{16,}"
    r"|AIza[A-Za-z0-9_-]{20,}"
    r"|AKIA[0-9A-Z]{16}\b|xox[abprs]-[A-Za-z0-9-]{10,}"
    r"|hf_[A-Za-z0-9]{30,}|npm_[A-Za-z0-9]{36}\b"
    r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,})"
    r"|(?<=Bearer )[A-Za-z0-9._~+/-]{16,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[^\"]*?(?:-----END [A-Z ]*PRIVATE KEY-----|(?=\")|\Z)"
)
_WORDS = frozenset((
    "", "admin", "agent", "app", "assistant", "claude", "code", "codex", "developer", "error",
    "gemini", "git", "home", "localhost", "main", "message", "model", "name", "node", "pi",
    "python", "result", "session", "system", "test", "text", "tool", "type", "user", "vscode",
))  # fmt: skip
"""Words that programs say anyway: as the name of a user or a machine they tell nothing of it."""
_LOOPBACK_PORT = re.compile(r"(?<=127\.0\.0\.1:)\d{2,5}\b|(?<=localhost:)\d{2,5}\b")


def both(first: Scrub, second: Scrub) -> Scrub:
    return lambda text: second(first(text))


def scrubbed(pieces: list[Piece], scrub: Scrub) -> Iterator[Piece]:
    """The pieces without what `scrub` takes out, even where it begins in one and ends in another.
    Pieces with nothing to take out come as they are, others as one. `pieces` is used up.

    A long text is scrubbed in parts, so that no second copy of it is made.
    """
    pieces.reverse()
    part: list[Piece] = []
    size, next_try = 0, _WINDOW_BYTES
    while pieces:
        part.append(pieces.pop())
        size += len(part[-1][1])
        if size >= next_try and pieces:
            if cut := _safe_cut(part, scrub):
                yield from _clean(part[:cut], scrub)
                del part[:cut]
                size = sum(len(data) for _, data in part)
            next_try = size + _WINDOW_BYTES
    if part:
        yield from _clean(part, scrub)


def _safe_cut(part: Sequence[Piece], scrub: Scrub) -> int:
    """How many of the pieces can be scrubbed apart from those behind them; 0 if none can."""
    cut, tail = len(part), 0
    while cut and tail < _TAIL_BYTES:
        cut -= 1
        tail += len(part[cut][1])
    apart = (_scrub_bytes(part[:cut], scrub), _scrub_bytes(part[cut:], scrub))
    return cut if b"".join(apart) == _scrub_bytes(part, scrub) else 0


def _clean(part: Sequence[Piece], scrub: Scrub) -> Sequence[Piece]:
    clean = _scrub_bytes(part, scrub)
    return part if clean == b"".join(data for _, data in part) else [(part[-1][0], clean)]


def _scrub_bytes(part: Sequence[Piece], scrub: Scrub) -> bytes:
    text = b"".join(data for _, data in part).decode("utf-8", "surrogateescape")
    return scrub(text).encode("utf-8", "surrogateescape")


def secrets_of(*environments: Mapping[str, str]) -> Scrub:
    """Puts `${NAME}` in place of each secret of these environments."""
    return Secrets(*environments).mask


def machine(
    cwd: Path, config: Path | None, env: Mapping[str, str], program: Path | None = None
) -> Scrub:
    """Puts marks for this machine's folders, user, host and loopback ports, and for key shapes.

    A `program` that npm installed may name the folder that it was installed in.
    """
    home = env.get("HOME", "")
    folders = {
        str(_npm_folder_of(program) or ""): "${NPM}",
        str(config or ""): "${CONFIG}",
        str(cwd): "${CWD}",
        str(cwd.resolve()): "${CWD}",
        home: "${HOME}",
        str(Path.home()): "${HOME}",
        tempfile.gettempdir(): "${TMP}",
    }
    # A program may name a file after a folder, with dashes for what is no letter or digit.
    dashed = {re.sub(r"[^A-Za-z0-9]", "-", name): mark for name, mark in folders.items()}
    paths = _replacing((folders | dashed).items())
    known = {getpass.getuser(): "${USER}", socket.gethostname(): "${HOST}"}
    marks = {name: mark for name, mark in known.items() if name.lower() not in _WORDS}
    names = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in marks) or r"(?!)")

    def scrub(text: str) -> str:
        text = KEY_SHAPES.sub("<SECRET>", paths(text))
        text = _LOOPBACK_PORT.sub("${PORT}", text)
        return names.sub(lambda found: marks[found[0]], text)

    return scrub


def _npm_folder_of(program: Path | None) -> Path | None:
    parents = program.resolve().parents if program is not None else ()
    return next((each.parent for each in parents if each.name == "node_modules"), None)


def _replacing(pairs: Iterable[tuple[str, str]]) -> Scrub:
    """Replaces each text, also as JSON would write it, the longest first."""
    wanted: dict[str, str] = {}
    for text, mark in pairs:
        if len(text) > 1:
            quoted = json.dumps(text)[1:-1]
            wanted |= {text: mark, quoted: mark, quoted.replace("/", "\\/"): mark}
            wanted[json.dumps(text, ensure_ascii=False)[1:-1]] = mark
    if not wanted:
        return lambda text: text
    longest_first = sorted(wanted, key=len, reverse=True)
    pattern = re.compile("|".join(re.escape(text) for text in longest_first))
    return lambda text: pattern.sub(lambda found: wanted[found[0]], text)
