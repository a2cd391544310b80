"""Where Pi lives: its program, a Node that can run it, its home, and the login of the user."""

from __future__ import annotations

import glob
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from harnesses import _state
from harnesses._json import object_in, object_of, text_of
from harnesses.process import find_program
from smithers.errors import NotInstalled, Transient, may_start_later

__all__ = [
    "INSTALL",
    "NODE_HINT",
    "SIGN_IN",
    "TESTED",
    "TooOld",
    "begun_elsewhere",
    "bring_session",
    "command_of",
    "cut_file",
    "cut_session",
    "last_entry",
    "login_in",
    "login_of",
    "prepared_home",
    "state_of",
]

INSTALL = "npm install -g @earendil-works/pi-coding-agent@0.87.1"
SIGN_IN = "run `pi` and type `/login`, or name the variable that contains a key: Pi(api_key_env=…)"
TESTED = ("0.87.1", "0.87.1")
_OLDEST = (0, 80, 4)
"""The first that says over RPC when all has settled."""
_NODE_NEEDED = (22, 19, 0)
NODE_HINT = (
    "put a newer Node on PATH, for example with `npm install --prefix ~/.node22 node@22`,"
    " which installs it in ~/.node22/node_modules/.bin"
)


class TooOld(NotInstalled):
    """Pi is there, and cannot run as things are: it, or its Node, is too old."""

    def __init__(self, said: str, hint: str) -> None:
        super().__init__("Pi", INSTALL)
        self.args = (said,)
        self.hint, self.reason = hint, "not_started"


def command_of(program: str, path: str | None) -> tuple[str, ...]:
    """The words that start Pi: its script after a Node that can run it, or the program alone.

    Raises where Pi is not there, or it or every Node that can be found is too old.
    """
    found = find_program(program, path)
    if found is None:
        raise NotInstalled("Pi", INSTALL, looked_for=program)
    script = Path(found).absolute()
    if script.resolve().suffix not in (".js", ".mjs", ".cjs"):
        return (str(script),)  # a wrapper, or a binary, that brings what it needs
    package = _package_of(script.resolve())
    version = _numbers(text_of(package.get("version")))
    if () < version < _OLDEST:
        told = ".".join(map(str, version))
        raise TooOld(
            f"Pi {told} is too old; version 0.80.4 or newer is needed", f"update it: `{INSTALL}`"
        )
    needed = _numbers(text_of(object_of(package.get("engines")).get("node")))
    return (str(_node(script, path, needed or _NODE_NEEDED)), str(script))


def _package_of(script: Path) -> Mapping[str, Any]:
    for folder in script.parents:
        try:
            found = object_in((folder / "package.json").read_bytes())
        except OSError:
            continue
        if "bin" in found:
            return found
    return {}


def _node(script: Path, path: str | None, needed: tuple[int, ...]) -> Path:
    """The first that is new enough: beside the program, installed with it, on PATH."""
    seen: list[str] = []
    for node in dict.fromkeys(_nodes(script, path)):
        version = _version_of(node, node.stat().st_mtime_ns)
        if version >= needed:
            return node
        seen.append(".".join(map(str, version)) or f"{node} does not report its version")
    least = ".".join(map(str, needed))
    there = f"found {', '.join(seen)}" if seen else "no Node was found on PATH"
    raise TooOld(f"Pi needs Node {least} or newer: {there}", NODE_HINT)


def _nodes(script: Path, path: str | None) -> Iterator[Path]:
    folders = [script.parent, *(parent / "node_modules" / ".bin" for parent in script.parents)]
    for folder in (*folders, *map(Path, (path or "").split(os.pathsep))):
        node = folder / "node"
        if node.is_file() and os.access(node, os.X_OK):
            yield node.absolute()


@lru_cache(maxsize=16)
def _version_of(node: Path, changed_ns: int) -> tuple[int, ...]:
    """A start that failed is not remembered. Raises `Transient` if the next may succeed."""
    try:
        told = subprocess.run([node, "--version"], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=20)  # fmt: skip
    except OSError as error:
        if may_start_later(error.errno):
            raise Transient(f"{node} could not be started: {error.strerror}") from error
        return ()
    except subprocess.TimeoutExpired:
        return ()
    return _numbers(told.stdout)


def _numbers(text: str) -> tuple[int, ...]:
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", text)
    return tuple(int(part) for part in found.groups()) if found else ()


def state_of(env: Mapping[str, str], run: str) -> Path:
    """The folder of one run."""
    return _state.state_of("pi", env, run)


def prepared_home(home: Path, name: str, files: Mapping[str, object], login: Path | None) -> Path:
    """Pi's own folder of this name in `home`, with `files` as JSON, and the login as a link.

    A copy of the login would be refused as soon as one of the two is renewed.
    """
    folder = home / name
    try:
        for each in (home / "sessions", folder):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file, value in files.items():
            _write(folder / file, json.dumps(value, indent=1))
        link = folder / "auth.json"
        if login is not None and not (link.is_symlink() and link.readlink() == login):
            link.unlink(missing_ok=True)
            link.symlink_to(login)
    except FileExistsError:
        pass  # another attempt of the same run made it in this moment
    except OSError as error:
        raise _state.not_kept(error, home, "cannot create a home folder for Pi") from error
    return folder


def _write(path: Path, text: str) -> None:
    """As a whole, since another attempt of the run may read it in this moment."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def login_of(env: Mapping[str, str]) -> Path:
    """The file in which Pi's `/login` keeps keys and tokens."""
    own = os.environ.get("PI_CODING_AGENT_DIR")
    home = Path(own) if own else Path(env.get("HOME") or Path.home()) / ".pi" / "agent"
    return home.absolute() / "auth.json"


def login_in(login: Path) -> Mapping[str, Any]:
    """What is stored in a login, by provider."""
    try:
        return object_in(login.read_bytes())
    except OSError:
        return {}


def begun_elsewhere(sessions: Path, session: str, cwd: Path) -> bool:
    """Whether a session was begun in another working folder, where alone Pi goes on with it."""
    path = _file_of(sessions, session)
    if path is None:
        return False
    with path.open("rb") as lines:
        begun_in = text_of(object_in(lines.readline()).get("cwd"))
    return Path(begun_in).resolve() != cwd.resolve()


def last_entry(sessions: Path, session: str) -> str | None:
    """The id of the last entry of a session: each line after its head is one. None if that is not
    known, also since the file cannot be read: its answer is paid for.
    """
    path = _file_of(sessions, session)
    try:
        entries = () if path is None else path.read_bytes().splitlines()[1:]
    except OSError:
        return None
    ids = (text_of(object_in(line).get("id")) for line in reversed(entries))
    return next(filter(None, ids), None)


def bring_session(home: Path, session: str) -> None:
    """Have a session of another run in this home: a fork begins with a copy of it."""
    _state.bring(home, "sessions", f"*_{glob.escape(session)}.jsonl")


def cut_session(home: Path, session: str, entry: str, copy: str) -> Path | None:
    """A file for the new session `copy`, with what a session had when this entry was its last; None
    if it has no such entry.
    """
    path = _file_of(home / "sessions", session)
    lines = [] if path is None else path.read_bytes().splitlines(keepends=True)
    ids = [object_in(line).get("id") for line in lines]
    if entry not in ids[1:]:
        return None
    cut = cut_file(home, copy)
    try:
        cut.parent.mkdir(mode=0o700, exist_ok=True)
        cut.write_bytes(b"".join(lines[: ids.index(entry, 1) + 1]))
    except OSError as error:
        raise _state.not_kept(error, cut, f"the session {session} cannot be copied") from error
    return cut


def cut_file(home: Path, copy: str) -> Path:
    """Where `cut_session` puts what a new session begins with."""
    return home / "cuts" / f"{copy}.jsonl"


def _file_of(sessions: Path, session: str) -> Path | None:
    return next(sessions.glob(f"*_{glob.escape(session)}.jsonl"), None)
