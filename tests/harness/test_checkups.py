"""What a program is asked by the doctor: bounded, with all its children, and no secret comes back.

The programs here are stand-ins, shell scripts that print what the real ones were seen to print; the
tests marked live ask the real ones.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from harnesses import checkups
from harnesses._packages import packages
from harnesses.process._asking import asked
from smithers.agent import Checkup
from tests.harness.helpers import ROOT, alive

SIGNED_IN = """{
  "loggedIn": true, "authMethod": "claude.ai", "apiProvider": "firstParty",
  "email": "ann@example.org", "orgName": "Acme", "subscriptionType": "max",
  "accessToken": "sk-ant-oat01-secret"
}"""
SIGNED_OUT = '{"loggedIn": false, "authMethod": "none", "apiProvider": "firstParty"}'
BY_KEY = '{"loggedIn": true, "authMethod": "api_key", "apiKeySource": "ANTHROPIC_API_KEY"}'

StandIn = Callable[..., Path]


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """Puts a stand-in for a program on PATH, and nothing else but what a shell needs."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def put(name: str, script: str) -> Path:
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return program

    return put


def claude_says(status: str, code: int = 0, version: str = "2.1.330 (Claude Code)") -> str:
    return (
        f'if [ "$1" = --version ]; then echo "{version}"; exit 0; fi\n'
        f"[ \"$1 $2\" = 'auth status' ] || exit 64\ncat <<'END'\n{status}\nEND\nexit {code}"
    )


def of(program: str) -> Checkup:
    return next(one for one in checkups() if one.program == program)


def package(name: str) -> Checkup:
    return next(one for one in packages() if one.program == name)


@pytest.mark.parametrize(
    ("status", "code", "signed_in", "account"),
    [
        (SIGNED_IN, 0, True, "claude.ai"),
        (BY_KEY, 0, True, "ANTHROPIC_API_KEY"),
        (SIGNED_OUT, 1, False, ""),
        ("error: unknown command 'auth'", 1, None, ""),
        ('{"loggedIn": "sk-ant-secret"}', 0, None, ""),
        ('{"loggedIn": true, "authMethod": "sk/ant/secret"}', 0, True, ""),
    ],
)
def test_claude_code_is_signed_in_as_it_says_itself(
    stand_in: StandIn, status: str, code: int, signed_in: bool | None, account: str
) -> None:
    at = stand_in("claude", claude_says(status, code))
    found = of("claude")
    assert (found.path, found.version, found.problem) == (at, "2.1.330", "")
    assert (found.signed_in, found.account) == (signed_in, account)
    assert not any(word in repr(found) for word in ("secret", "example.org", "Acme"))
    assert found.starts


@pytest.mark.parametrize(
    ("words", "code", "login", "signed_in", "account"),
    [
        ("API key configured - sk-proj-***aB3dE", 0, True, True, "API key"),
        ("Logged in using ChatGPT", 0, True, True, "ChatGPT"),
        ("Logged in using ChatGPT", 0, False, False, ""),  # in the keyring, which is not read
        ("Not logged in", 1, False, False, ""),
        ("Error loading configuration: CODEX_HOME points to nothing", 1, False, None, ""),
    ],
)
def test_codex_is_signed_in_as_it_says_itself_where_its_login_is_a_file(
    stand_in: StandIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: str,
    code: int,
    login: bool,
    signed_in: bool | None,
    account: str,
) -> None:
    monkeypatch.setenv("CODEX_HOME", str(tmp_path))
    if login:
        (tmp_path / "auth.json").write_text("{}")
    script = f"[ $1 = --version ] && echo codex-cli 0.169.0 && exit 0\necho '{words}'; exit {code}"
    stand_in("codex", script)
    found = of("codex")
    assert (found.version, found.signed_in, found.account) == ("0.169.0", signed_in, account)
    assert "aB3dE" not in repr(found)


@pytest.mark.parametrize(
    ("login", "key", "signed_in", "account"),
    [
        (
            '{"anthropic": {"type": "oauth", "access": "sk-ant-oat01-secret"}}',
            "",
            True,
            "anthropic",
        ),
        ("{}", "OPENAI_API_KEY", True, "OPENAI_API_KEY"),
        ("no JSON", "", False, ""),
        ("", "SOME_API_KEY", False, ""),
    ],
)
def test_pi_is_signed_in_by_its_login_or_by_the_key_of_a_provider_and_is_given_no_key(
    stand_in: StandIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    login: str,
    key: str,
    signed_in: bool,
    account: str,
) -> None:
    monkeypatch.setenv("PI_CODING_AGENT_DIR", str(tmp_path))
    if login:
        (tmp_path / "auth.json").write_text(login)
    if key:
        monkeypatch.setenv(key, "sk-secret-of-the-user")
    stand_in("pi", f"env > '{tmp_path}/seen'; echo 0.87.1")
    found = of("pi")
    assert (found.version, found.signed_in, found.account) == ("0.87.1", signed_in, account)
    assert "secret" not in repr(found) + (tmp_path / "seen").read_text()


def test_a_pi_whose_node_is_too_old_is_told_with_what_to_do(
    stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in("node", "echo v20.20.2")
    (tmp_path / "cli.js").write_text("#!/usr/bin/env node\n")
    (tmp_path / "cli.js").chmod(0o755)
    (tmp_path / "pi").symlink_to(tmp_path / "cli.js")
    monkeypatch.setenv("PATH", str(tmp_path))
    found = of("pi")
    assert found.problem == "needs Node 22.19.0 or newer: found 20.20.2"
    assert "node@22" in found.fix
    assert not found.starts


def test_a_program_that_is_not_there_has_no_path(stand_in: StandIn) -> None:
    found = of("claude")
    assert (found.path, found.version, found.signed_in, found.starts) == (None, None, None, False)
    assert "npm install" in found.install


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("exit 7", "does not start: `--version` exited with code 7"),
        ("kill -9 $$", "does not start: `--version` exited with code -9"),
    ],
)
def test_a_program_that_does_not_start_is_told_as_such(
    stand_in: StandIn, script: str, problem: str
) -> None:
    stand_in("claude", script)
    found = of("claude")
    assert (found.problem, found.starts, found.version) == (problem, False, None)


def test_only_what_the_adapter_passes_on_is_passed_on(
    stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_PASSWORD", "hunter2-hunter2")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a-key-that-counts")
    stand_in("claude", f"env >> '{tmp_path}/seen'; echo 2.1.330")
    of("claude")
    seen = (tmp_path / "seen").read_text()
    assert "SOME_PASSWORD" not in seen
    assert "ANTHROPIC_API_KEY=a-key-that-counts" in seen
    assert "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1" in seen


def test_a_program_that_hangs_is_ended_with_all_its_children(tmp_path: Path) -> None:
    script = "setsid sleep 600 & echo $! > child; sleep 600 & echo $! >> child; echo said; wait"
    words = ["/bin/sh", "-c", f"cd '{tmp_path}'; {script}"]
    said = asked(words, dict(os.environ), within_s=1.0)
    assert (said.code, said.out) == (None, "said\n")
    assert not [pid for pid in map(int, (tmp_path / "child").read_text().split()) if alive(pid)]


def test_a_child_that_is_left_behind_holds_nobody_up(tmp_path: Path) -> None:
    words = ["/bin/sh", "-c", f"sleep 600 & echo $! > '{tmp_path}/child'; echo said; exit 3"]
    began = time.monotonic()
    said = asked(words, dict(os.environ), within_s=60.0)
    assert (said.code, said.out) == (3, "said\n")
    assert not alive(int((tmp_path / "child").read_text()))
    assert time.monotonic() - began < 60


def test_a_program_that_never_stops_talking_is_cut(tmp_path: Path) -> None:
    script = "yes | head -c 1000000; while sleep 0.1; do echo more; done"
    said = asked(["/bin/sh", "-c", script], dict(os.environ), within_s=4.0)
    assert (said.code, len(said.out)) == (None, 65_536)


@pytest.mark.live
def test_the_real_claude_code_tells_its_version_and_sign_in_without_the_network(
    claude: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{Path(claude).parent}:/usr/bin:/bin")
    out = of("claude")
    assert out.path == Path(claude).absolute()
    assert out.version is not None
    assert (out.signed_in, out.account, out.problem) == (False, "", "")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-no-real-key-1234567890")
    signed = of("claude")
    assert (signed.signed_in, signed.account) == (True, "ANTHROPIC_API_KEY")
    assert "no-real-key" not in repr(signed)


@pytest.mark.live
def test_the_real_codex_tells_its_version_and_sign_in(
    codex: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{Path(codex).parent}:{os.environ['PATH']}")
    out = of("codex")
    assert out.path == Path(codex).absolute()
    assert out.version is not None
    assert (out.signed_in, out.account, out.problem) == (False, "", "")
    home = tmp_path / ".codex"
    home.mkdir(exist_ok=True)
    login = {"auth_mode": "apikey", "OPENAI_API_KEY": "sk-proj-no-real-key-1234567890"}
    (home / "auth.json").write_text(json.dumps(login))
    signed = of("codex")
    assert (signed.signed_in, signed.account) == (True, "API key")
    assert "67890" not in repr(signed)


@pytest.mark.live
def test_the_real_pi_tells_its_version_and_nothing_is_written_for_it(
    pi: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{Path(pi).parent}:{os.environ['PATH']}")
    out = of("pi")
    assert out.path == Path(pi).absolute()
    assert (out.version, out.signed_in, out.problem) == ("0.87.1", False, "")
    assert list(tmp_path.glob(".pi*")) == []  # other programs beside it write into theirs
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-no-real-key-1234567890")
    assert (of("pi").signed_in, of("pi").account) == (True, "ANTHROPIC_API_KEY")


@pytest.mark.parametrize("key", ["", "AIza-secret"])
def test_gemini_cli_is_signed_in_where_its_key_is_set(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", key)
    at = stand_in("gemini", '[ "$*" = --version ] && echo 0.61.0')
    found = of("gemini")
    assert (found.path, found.version, found.problem) == (at, "0.61.0", "")
    assert (found.signed_in, found.account) == (bool(key), "GEMINI_API_KEY" if key else "")
    assert "secret" not in repr(found)


def test_agy_is_told_of_where_it_is_found_and_as_what_it_is(stand_in: StandIn) -> None:
    assert "agy" not in [one.program for one in checkups()]
    at = stand_in("agy", '[ "$*" = --version ] && echo agy 1.3.1')
    found = of("agy")
    assert (found.path, found.version, found.signed_in) == (at, "1.3.1", None)
    assert "not verified with the real program" in found.name


PACKAGES = [
    ("google-antigravity", "google.antigravity", "GEMINI_API_KEY", "antigravity"),
    ("anthropic", "anthropic", "ANTHROPIC_AUTH_TOKEN", "anthropic"),
    ("openai", "openai", "OPENAI_API_KEY", "openai"),
    ("google-genai", "google.genai", "GOOGLE_API_KEY", "google"),
    ("litellm", "litellm", "MISTRAL_API_KEY", "litellm"),
]


@pytest.fixture
def keyless(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.endswith(("_API_KEY", "_AUTH_TOKEN")):
            monkeypatch.delenv(name)


@pytest.mark.usefixtures("keyless")
@pytest.mark.parametrize(("name", "module", "key", "extra"), PACKAGES)
def test_a_package_that_is_there_has_its_version_and_the_name_of_a_key_that_is_set(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    module: str,
    key: str,
    extra: str,
) -> None:
    told = tmp_path / f"{name.replace('-', '_')}-7.8.9.dist-info" / "METADATA"
    told.parent.mkdir()
    told.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 7.8.9\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    found = package(name)
    assert (found.version, found.problem, found.starts) == ("7.8.9", "", True)
    assert found.path == tmp_path.joinpath(*module.split("."))
    assert found.install == f"pip install 'smithers-orchestrator[{extra}]'"
    assert (found.signed_in, found.account) == (None if name == "litellm" else False, "")
    assert "api_key_env" in found.sign_in
    monkeypatch.setenv(key, "sk-secret")
    signed = package(name)
    assert (signed.signed_in, signed.account) == (True, key)
    assert "secret" not in repr(signed)


@pytest.mark.parametrize(("name", "module", "key", "extra"), PACKAGES)
def test_a_package_that_is_not_there_has_no_path(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    module: str,
    key: str,
    extra: str,
) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.setenv(key, "sk-secret")
    found = package(name)
    assert (found.path, found.version, found.starts) == (None, None, False)
    assert found.problem == f"is not installed: this Python has no package {name!r}"
    assert extra in found.install


def test_packages_are_looked_up_and_not_imported(tmp_path: Path) -> None:
    code = (
        "import sys, harnesses; found = harnesses.checkups()\n"
        "names = {one.program.replace('-', '.') for one in found if 'pip install' in one.install}\n"
        "assert len(names) == 5, names\n"
        "assert not names & set(sys.modules), names & set(sys.modules)\n"
    )
    env = {**os.environ, "PATH": str(tmp_path), "PYTHONPATH": str(ROOT)}
    said = subprocess.run(
        [sys.executable, "-c", code],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (said.returncode, said.stderr) == (0, "")


def test_what_was_tested_of_a_package_are_the_bounds_of_its_extra() -> None:
    """Without an upper bound it is the version that our own tests have."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    pinned = dict(re.findall(r"(?m)^([\w-]+)==(\d+\.\d+)", (ROOT / "constraints.txt").read_text()))
    for name, _, _, extra in PACKAGES[1:]:
        wanted, *_ = extras[extra]
        oldest, below = re.search(r">=([\d.]+)", wanted), re.search(r"<(\d+)$", wanted)
        assert oldest is not None
        newest = str(int(below[1]) - 1) if below else pinned[name]
        assert package(name).tested == (oldest[1], newest)
