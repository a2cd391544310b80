"""Where Codex lives: its native program, its home, and the login of the user."""

from __future__ import annotations

import glob
import os
import platform
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from harnesses._json import object_in, object_of, text_of
from harnesses._state import bring, not_kept
from harnesses.process import find_program
from smithers.errors import NotInstalled, NotSignedIn

__all__ = ["INSTALL", "SIGN_IN", "account_in", "brought", "login_of", "native", "prepared_home"]

INSTALL = "npm install -g @openai/codex"
SIGN_IN = "run `codex login`, or name the variable that contains a key: Codex(api_key_env=…)"
_MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "arm64": "aarch64", "aarch64": "aarch64"}
_SYSTEMS = {"linux": "unknown-linux-musl", "darwin": "apple-darwin"}
_PACKAGES = {
    "x86_64-unknown-linux-musl": "codex-linux-x64",
    "aarch64-unknown-linux-musl": "codex-linux-arm64",
    "x86_64-apple-darwin": "codex-darwin-x64",
    "aarch64-apple-darwin": "codex-darwin-arm64",
}


def native(program: str, path: str | None) -> Path:
    """The program itself, not its Node wrapper: killed by SIGKILL, that one leaves it alive."""
    found = find_program(program, path)
    if found is None:
        raise NotInstalled("Codex", INSTALL, looked_for=program)
    start = Path(found).resolve()
    if start.suffix != ".js":
        return Path(found).absolute()
    return next((each for each in _natives(start.parent.parent) if each.is_file()), start)


def _natives(package: Path) -> Iterator[Path]:
    """Where a native program may lie, seen from the package of the wrapper; newest layout first."""
    machine, system = _MACHINES.get(platform.machine().lower()), _SYSTEMS.get(sys.platform)
    triple = f"{machine}-{system}"
    name = _PACKAGES.get(triple, "")
    roots = (package.parent / name, package / "node_modules" / "@openai" / name, package)
    for root in roots if name else ():
        for folder in ("bin", "codex"):
            yield root / "vendor" / triple / folder / "codex"


def prepared_home(env: Mapping[str, str], run: str, *, signed_in: bool) -> Path:
    """A home for one run, outside of every project, so that no agent can write its settings.

    It holds the sessions of the run, nothing of the user's settings, and a link to the user's login
    where that is used: a copy would be refused as soon as one of the two is renewed.
    """
    state = env.get("XDG_STATE_HOME") or os.environ.get("XDG_STATE_HOME") or ""
    root = Path(state) if state else Path(env.get("HOME") or Path.home()) / ".local" / "state"
    home = root / "smithers" / "codex" / re.sub(r"[^\w.-]|^\.", "-", run)
    login = login_of(env)
    if signed_in and not login.is_file():
        raise NotSignedIn(f"Codex is not signed in: {login} does not exist", hint=SIGN_IN)
    link = home / "auth.json"
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if signed_in and not (link.is_symlink() and link.readlink() == login):
            link.unlink(missing_ok=True)
            link.symlink_to(login)
    except FileExistsError:
        pass  # another attempt of the same run made it in this moment
    except OSError as error:
        raise not_kept(error, home, "cannot create a home folder for Codex") from error
    return home


def brought(home: Path, thread: str) -> None:
    """Have a thread of another run in this home, since a fork begins with a copy of it.

    A thread that is a fork itself has but what it added to another one, which comes along.
    """
    seen = set[str]()
    while thread and thread not in seen:
        seen.add(thread)
        pattern = f"*/*/*/rollout-*-{glob.escape(thread)}.jsonl"
        bring(home, "sessions", pattern)
        rollout = next((home / "sessions").glob(pattern), None)
        thread = "" if rollout is None else _forked_from(rollout)


def _forked_from(rollout: Path) -> str:
    with rollout.open("rb") as lines:
        head = object_in(lines.readline())
    return text_of(object_of(head.get("payload")).get("forked_from_id"))


def login_of(env: Mapping[str, str]) -> Path:
    """The file in which `codex login` keeps its tokens."""
    home = os.environ.get("CODEX_HOME") or Path(env.get("HOME") or Path.home()) / ".codex"
    return Path(home).absolute() / "auth.json"


def account_in(login: Path) -> tuple[str, bool]:
    """What tells accounts apart in a login, and whether it is one of ChatGPT."""
    try:
        kept = object_in(login.read_bytes())
    except OSError:
        return "", False
    tokens = object_of(kept.get("tokens"))
    return str(kept.get("OPENAI_API_KEY") or tokens.get("account_id") or ""), bool(tokens)
