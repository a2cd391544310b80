"""What `smithers doctor` is told of each program: found where, which version, signed in or not.

A program is asked for its version and for its own word on its sign-in, with the environment that
its adapter would give it. Both were traced: neither spends anything, nor asks the network. What it
answers beyond that is dropped, since it may hold names, addresses and parts of keys.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from harnesses import antigravity_cli, claude_code, gemini
from harnesses._codex_home import INSTALL, SIGN_IN, login_of
from harnesses._gemini_verdict import SIGN_IN as GEMINI_SIGN_IN
from harnesses._json import object_in
from harnesses._packages import packages
from harnesses._pi_home import INSTALL as PI_INSTALL
from harnesses._pi_home import SIGN_IN as PI_SIGN_IN
from harnesses._pi_home import TESTED as PI_TESTED
from harnesses._pi_home import command_of, login_in
from harnesses._pi_home import login_of as pi_login_of
from harnesses._pi_settings import key_names
from harnesses.process import built_environment
from harnesses.process._asking import Answer, asked
from smithers.agent import Checkup
from smithers.errors import NotInstalled

__all__ = ["checkup_of", "checkups"]

_WITHIN_S = 15.0  # a large program of Node takes seconds on a machine with much to do
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_NOTHING = Answer(None, "", "")
_SignIn = tuple[bool | None, str]


def _alone(path: Path, env: Mapping[str, str]) -> tuple[str, ...]:
    return (str(path),)


@dataclass(frozen=True, kw_only=True)
class _Program:
    """A program. `status` are the words that ask for its sign-in, `sign_in_of` reads the answer.

    `command` gives the words that start it, and raises NotInstalled where it cannot be started.
    With `if_found` nobody is told that it is missing.
    """

    name: str
    program: str
    install: str
    sign_in: str
    tested: tuple[str, str]
    needed: tuple[str, ...]
    settings: Mapping[str, str]
    status: tuple[str, ...]
    sign_in_of: Callable[[Answer, Mapping[str, str]], _SignIn]
    command: Callable[[Path, Mapping[str, str]], tuple[str, ...]] = _alone
    if_found: bool = False


def _claude_sign_in(said: Answer, _: Mapping[str, str]) -> _SignIn:
    """`claude auth status` prints an object; code 1 says that nobody is signed in."""
    told = object_in(said.out)
    signed = told.get("loggedIn")
    by = told.get("apiKeySource") or told.get("authMethod")
    if not isinstance(signed, bool):
        return None, ""
    return signed, by if signed and isinstance(by, str) else ""


def _codex_sign_in(said: Answer, env: Mapping[str, str]) -> _SignIn:
    """`codex login status` has code 0 where there is a login; its words show a part of the key.

    The adapter uses the login in the file alone, so one in the system's keyring does not count.
    """
    words = said.out + said.err
    if said.code == 0:
        by = "API key" if "API key" in words else "ChatGPT" if "ChatGPT" in words else ""
        return (True, by) if login_of(env).is_file() else (False, "")
    return (False, "") if "Not logged in" in words else (None, "")


def _pi_sign_in(_: Answer, env: Mapping[str, str]) -> _SignIn:
    """Pi would have to be asked for each of its providers, and would be given the keys of all."""
    stored = [name for name, kept in login_in(pi_login_of(env)).items() if kept]
    known = (name for provider in (*_COMMON, *stored) for name in key_names(provider))
    by = [*stored, *dict.fromkeys(name for name in known if os.environ.get(name))]
    return bool(by), " and ".join(by[:2])


def _pi_command(path: Path, env: Mapping[str, str]) -> tuple[str, ...]:
    return command_of(str(path), env.get("PATH"))


def _agy_sign_in(_: Answer, env: Mapping[str, str]) -> _SignIn:
    """Nothing is known of its own sign-in that could be asked without its using an account."""
    return (True, gemini.KEY) if env.get(gemini.KEY) else (None, "")


def _gemini_sign_in(_: Answer, env: Mapping[str, str]) -> _SignIn:
    """Its adapter uses a key alone, and another variable where the author names one."""
    return (True, gemini.KEY) if env.get(gemini.KEY) else (False, "")


_COMMON = (
    "anthropic",
    "openai",
    "google",
    "openrouter",
    "github-copilot",
    "groq",
    "mistral",
    "xai",
)
"""Providers of Pi whose variables are looked for; the author may name any other."""

_PROGRAMS = (
    _Program(
        name="Claude Code",
        program="claude",
        install=claude_code.INSTALL,
        sign_in="sign in with `claude auth login`, or set ANTHROPIC_API_KEY",
        tested=("2.1.330", "2.1.332"),
        needed=claude_code.NEEDED,
        settings=claude_code.SETTINGS,
        status=("auth", "status"),
        sign_in_of=_claude_sign_in,
    ),
    _Program(
        name="Codex",
        program="codex",
        install=INSTALL,
        sign_in=SIGN_IN,
        tested=("0.100.0", "0.171.0"),
        needed=("CODEX_HOME",),
        settings={},
        status=("login", "status"),
        sign_in_of=_codex_sign_in,
    ),
    _Program(
        name="Pi",
        program="pi",
        install=PI_INSTALL,
        sign_in=PI_SIGN_IN,
        tested=PI_TESTED,
        needed=(),
        settings={"PI_OFFLINE": "1", "PI_SKIP_VERSION_CHECK": "1"},
        status=(),
        sign_in_of=_pi_sign_in,
        command=_pi_command,
    ),
    _Program(
        name="Gemini CLI",
        program="gemini",
        install=gemini.INSTALL,
        sign_in=GEMINI_SIGN_IN,
        tested=("0.61.0", "0.61.0"),
        needed=(gemini.KEY,),
        settings=gemini.SETTINGS,
        status=(),
        sign_in_of=_gemini_sign_in,
    ),
    _Program(
        name="Antigravity CLI (experimental, not verified with the real program)",
        program="agy",
        install=antigravity_cli.INSTALL,
        sign_in="sign in with it, or set GEMINI_API_KEY",
        tested=(antigravity_cli.OLDEST, antigravity_cli.NEWEST),
        needed=(gemini.KEY,),
        settings=antigravity_cli.SETTINGS,
        status=(),
        sign_in_of=_agy_sign_in,
        if_found=True,
    ),
)


def checkups() -> list[Checkup]:
    """How the program of each adapter stands, or its package; all programs are looked at at once,
    for some seconds at most.

    Raises `OSError` where no process can be started.
    """
    with ThreadPoolExecutor(max_workers=len(_PROGRAMS)) as pool:
        looked = pool.map(checkup_of, (one.program for one in _PROGRAMS))
        return [*(one for one in looked if one is not None), *packages()]


def checkup_of(program: str) -> Checkup | None:
    """How this program stands; None for one that nobody is to hear of, since it is not installed.

    Raises `OSError` where no process can be started.
    """
    (wanted,) = (one for one in _PROGRAMS if one.program == program)
    if wanted.if_found and shutil.which(program) is None:
        return None
    with ThreadPoolExecutor(max_workers=2) as pool:
        return _look(wanted, pool)()


def _look(one: _Program, pool: ThreadPoolExecutor) -> Callable[[], Checkup]:
    """Asks the program; what is returned waits for its answers."""
    env = built_environment(one.needed, one.settings)
    found = shutil.which(one.program, path=env.get("PATH"))
    fixed = Checkup(
        name=one.name,
        program=one.program,
        install=one.install,
        sign_in=one.sign_in,
        tested=one.tested,
        path=None if found is None else Path(found).absolute(),
    )
    if fixed.path is None:
        return lambda: fixed
    try:
        command = one.command(fixed.path, env)
    except NotInstalled as error:
        unfit = replace(fixed, problem=error.said.removeprefix(f"{one.name} "), fix=error.hint)
        return lambda: unfit
    version = pool.submit(asked, [*command, "--version"], env, within_s=_WITHIN_S)
    if not one.status:
        return lambda: _told(fixed, version.result(), one.sign_in_of(_NOTHING, env))
    status = pool.submit(asked, [*command, *one.status], env, within_s=_WITHIN_S)
    return lambda: _told(fixed, version.result(), one.sign_in_of(status.result(), env))


def _told(fixed: Checkup, version: Answer, sign_in: _SignIn) -> Checkup:
    number = _VERSION.search(version.out)
    signed, by = sign_in
    problem = ""
    if version.code is None:
        problem = f"did not report its version within {_WITHIN_S:g} s"
    elif version.code != 0:
        problem = f"does not start: `--version` exited with code {version.code}"
    return replace(
        fixed,
        version=number[0] if number and not problem else None,
        signed_in=signed,
        account=by if re.fullmatch(r"[\w. -]{1,40}", by) else "",
        problem=problem,
    )
