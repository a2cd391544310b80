"""Other distributions with packages of our names, installed after ours into the same folders."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from _smithers_orchestrator.damage import find_damage
from smithers.doctor import look_at_packages
from tests.damaged import ROOT, Site, install_ours

FOREIGN = {
    "mcp-server": {
        "mcp_server/__init__.py": "raise ImportError('there is no module for calculators')\n",
        "mcp_server/server.py": "",
    },
    "harnesses": {
        "harnesses/__init__.py": "import verifiers_that_nobody_has\n",
        "harnesses/pi.py": "",
    },
    "smithers": {"smithers/__init__.py": "from smithers.meta import *\n", "smithers/meta.py": ""},
}
"""Like the distributions of these names on the index, as they were in November 2026."""
STEPS = """
from smithers import Context, NoInput, Node, Step, workflow

@workflow()
def steps(ctx: Context[NoInput]) -> Node:
    return Step("one", lambda: 1)
"""
AGENTS = STEPS.replace("Step, ", "Task, ").replace(
    'Step("one", lambda: 1)', 'Task("one", agent=Echo(), prompt="hi")'
)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return install_ours(tmp_path_factory.mktemp("site"))


@pytest.fixture
def site(installed: Site) -> Iterator[Site]:
    yield installed
    for name in FOREIGN:
        if (installed.folder / f"{name.replace('-', '_')}-1.0.dist-info").exists():
            installed.uninstall(name)
    install_ours(installed.folder)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "steps.py").write_text(STEPS)
    (tmp_path / "agents.py").write_text(f"from harnesses import Echo\n{AGENTS}")
    return tmp_path


@pytest.mark.sampled(1)
@pytest.mark.parametrize("name", FOREIGN)
def test_every_command_works_or_says_which_distribution_is_in_the_way(
    site: Site, project: Path, name: str
) -> None:
    site.install(name, FOREIGN[name])
    package = name.replace("-", "_")
    blamed = f"the distribution {name} replaced __init__.py"
    works = {
        "mcp-server": (["up", "steps.py"], ["up", "agents.py"], ["ps"]),
        "harnesses": (["up", "steps.py"], ["ps"]),
        "smithers": (),
    }
    fails = {
        "mcp-server": (["doctor"], ["mcp"], ["mcp", "add", "--dry-run"]),
        "harnesses": (
            *(["doctor"], ["up", "agents.py"], ["harness", "parse", "codex", "steps.py"]),
            ["harness", "replay", "steps.py"],
        ),
        "smithers": (["--version"], ["doctor"], ["up", "steps.py"]),
    }
    for arguments in works[name]:
        done = site.smithers(project, *arguments)
        assert done.returncode == 0, (arguments, done.stderr)
    for arguments in fails[name]:
        done = site.smithers(project, *arguments)
        told = done.stdout + done.stderr
        assert done.returncode in (1, 2), (arguments, told)
        assert blamed in told
        assert f"in {site.folder / package}" in told
        assert f"-m pip uninstall -y {name}`, then `" in told
        assert "Traceback" not in told


@pytest.mark.long
@pytest.mark.parametrize("name", ["harnesses", "smithers"])
def test_an_uninstall_that_took_files_of_ours_is_told_with_the_command_that_brings_them_back(
    site: Site, project: Path, name: str
) -> None:
    site.install(name, FOREIGN[name])
    site.uninstall(name)
    done = site.smithers(project, "doctor")
    told = done.stdout + done.stderr
    assert f"the package {name} lacks __init__.py" in told
    assert re.search(r"run `\S+ -m pip install --force-reinstall --no-deps \S+`", told)
    assert "pip uninstall" not in told
    install_ours(site.folder)
    assert site.smithers(project, "up", "agents.py").returncode == 0


def test_a_command_with_json_says_it_as_json(site: Site, project: Path) -> None:
    site.install("smithers", FOREIGN["smithers"])
    error = json.loads(site.smithers(project, "ps", "--json").stdout)["error"]
    assert error["message"].startswith("the distribution smithers replaced __init__.py")
    assert error["hint"].startswith("run `")


@pytest.mark.long
def test_a_foreign_package_of_adapters_ends_no_tests_of_its_environment(
    site: Site, project: Path
) -> None:
    site.install("harnesses", FOREIGN["harnesses"])
    (project / "test_it.py").write_text("def test_it():\n    assert True\n")
    (project / "test_replay.py").write_text("def test_it(replay):\n    assert True\n")
    plain = ("-m", "pytest", "-q", "-p", "no:cacheprovider")
    done = site.run(project, *plain, "test_it.py")
    assert (done.returncode, done.stderr) == (0, "")
    done = site.run(project, *plain, "test_replay.py")
    assert done.returncode == 1
    assert "the distribution harnesses replaced __init__.py" in done.stdout


def test_one_that_was_installed_before_ours_is_a_note(site: Site) -> None:
    site.install("harnesses", FOREIGN["harnesses"])
    install_ours(site.folder)
    assert find_damage(home=site.folder, path=[str(site.folder)]) == []
    (one,) = look_at_packages(site.folder, [str(site.folder)])
    assert (one.state, one.facts["distribution"]) == ("note", "harnesses")
    assert "when it is uninstalled" in one.said


@pytest.mark.live
@pytest.mark.timeout(600)
def test_the_real_distributions_of_our_names_and_the_commands_that_repair(tmp_path: Path) -> None:
    """Ours from a wheel, then each of the others from the index, after it."""
    python = tmp_path / "env" / "bin" / "python"
    wheels = tmp_path / "wheels"
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    subprocess.run([*pip, "wheel", "--no-deps", "-w", wheels, ROOT], check=True)
    (wheel,) = wheels.glob("*.whl")
    constraints = str(ROOT / "constraints.txt")
    subprocess.run([*pip, "install", "-c", constraints, wheel], check=True)
    (tmp_path / "agents.py").write_text(f"from harnesses import Echo\n{AGENTS}")

    def smithers(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python.with_name("smithers"), *arguments],
            cwd=tmp_path,
            env={name: os.environ[name] for name in ("PATH", "HOME")},
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    for name in FOREIGN:
        for taken in (False, True):
            subprocess.run([*pip, "install", "--no-deps", name], check=True)
            if taken:
                subprocess.run([*pip, "uninstall", "-y", name], check=True)
            said = smithers("doctor")
            told = said.stdout + said.stderr
            assert said.returncode in (1, 2), told
            assert f"in {python.parents[1]}" in told
            (line,) = [one for one in told.splitlines() if "hint: run `" in one]
            commands = re.findall(r"`([^`]+)`", line)
            assert len(commands) == (1 if taken else 2)
            for command in commands:
                subprocess.run(shlex.split(command), check=True, capture_output=True)
            assert "✓ packages" in smithers("doctor").stdout
            assert smithers("up", "agents.py").returncode == 0
            assert smithers("mcp", "add", "--dry-run").returncode == 0
