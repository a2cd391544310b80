"""What holds for all tests."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from _pytest.doctest import DoctestModule

pytest.register_assert_rewrite("tests.plans")

from tests.forked import Forked  # noqa: E402
from tests.plans import watch_engines  # noqa: E402  # its assertions are explained as well

_FORKED = {
    Path(__file__).with_name(folder)
    for folder in (
        "cli",
        "databases",
        "dry",
        "embedding",
        "growth",
        "hints",
        "mcp_server",
        "metrics",
        "replaying",
        "sentences",
    )
}


def pytest_configure() -> None:
    """Tests that were started in the background or by `nohup` ignore Ctrl-C or a closed terminal,
    and so would all that they start.

    What a user trusts and sets is kept outside the projects, so tests have a folder for it.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:  # else the process that started this one made it
        state = tempfile.mkdtemp(prefix="smithers-state-")
        os.environ["XDG_STATE_HOME"] = state
        os.environ["XDG_CONFIG_HOME"] = os.path.join(state, "config")
        atexit.register(_remove, state, os.getpid())
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    watch_engines()


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path) -> Generator[None, list[Any], list[Any]]:
    """No examples are looked for in files of tests nor in those without any, which takes seconds in
    each process.
    """
    found = yield
    if file_path.name.startswith("test_") or b">>> " not in file_path.read_bytes():
        found = [one for one in found if not isinstance(one, DoctestModule)]
    return found


@pytest.hookimpl(tryfirst=True)  # before those with a mark are left out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of the cases of a test that is `sampled`, those that stay are spread evenly."""
    cases: dict[str, list[pytest.Item]] = {}
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        if "sampled" in marks and not marks & {"live", "trust"}:
            cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    for all_of_one in cases.values():
        mark = all_of_one[0].get_closest_marker("sampled")
        assert mark is not None
        (count,) = mark.args
        stay = {number * len(all_of_one) // count for number in range(count)}
        for number, item in enumerate(all_of_one):
            if number not in stay:
                item.add_marker(pytest.mark.long)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays: no collection of garbage walks through it, now or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def state_of_the_module() -> Generator[Path]:
    """What the fixtures of a module trust: each of its tests begins with that and nothing else,
    since before a database is trusted, all that are trusted already are looked into.
    """
    with pytest.MonkeyPatch.context() as patch:
        state = Path(tempfile.mkdtemp(dir=os.environ["XDG_STATE_HOME"]))
        patch.setenv("XDG_STATE_HOME", str(state))
        yield state


@pytest.fixture(scope="module", autouse=True)
def starts_of_the_module(request: pytest.FixtureRequest) -> Generator[None]:
    """In these folders, a test is not about how our processes start."""
    with pytest.MonkeyPatch.context() as patch:
        if _FORKED.intersection(request.path.parents):
            patch.setattr(subprocess, "Popen", Forked)
        yield


@pytest.fixture(autouse=True)
def state_of_the_test(state_of_the_module: Path) -> Generator[None]:
    with pytest.MonkeyPatch.context() as patch:
        state = tempfile.mkdtemp(dir=state_of_the_module.parent)
        shutil.copytree(state_of_the_module, state, dirs_exist_ok=True)
        patch.setenv("XDG_STATE_HOME", state)
        yield


def _remove(folder: str, owner: int) -> None:
    if os.getpid() == owner:  # forked children run this as well
        shutil.rmtree(folder, ignore_errors=True)
