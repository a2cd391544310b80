"""The plugin of pytest that comes along: agents of a workflow are replayed in its tests.

pytest loads it by its entry point, in every project of an environment that has us, so it imports
nothing until a test asks for `replay`. `-p no:smithers` leaves it out. See docs/testing.md.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args

import pytest

if TYPE_CHECKING:
    from harnesses.process._filing import Filing

__all__ = [
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_runtest_call",
    "replay",
]

Mode = Literal["none", "once", "all"]
_MARKER = "smithers_recordings"
_missed = pytest.StashKey[Path]()
_failed = pytest.StashKey[bool]()
_filing = pytest.StashKey["Filing"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("smithers", "replay of agents (smithers)")
    group.addoption(
        "--smithers-replay",
        metavar="DIR",
        help="replay agents in every test, from the recordings in DIR instead of those"
        " next to the test file",
    )
    group.addoption(
        "--smithers-record-mode",
        choices=get_args(Mode),
        default="none",
        help="how tests that use `replay` get recordings: none (only replay; a request"
        " without a recording fails the test), once (run and record what has no"
        " recording), all (record everything again)",
    )
    group.addoption(
        "--smithers-speed",
        type=float,
        default=0.0,
        metavar="N",
        help="replay at N times the recorded speed; 0, the default, does not wait at all",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", f"{_MARKER}(folder): where `replay` finds them, relative to the test file"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With a folder for all of them, all tests use `replay`."""
    if config.getoption("smithers_replay"):
        for item in items:
            if isinstance(item, pytest.Function) and "replay" not in item.fixturenames:
                item.fixturenames.insert(0, "replay")


@pytest.fixture
def replay(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Path]:
    """Agents are replayed from the recordings beside the test file; gives their folder.

    That is so for agents of this process and of those that it starts.
    """
    try:
        from harnesses.process._replay import FOLDER, MISSED, SPEED, Replay
        from harnesses.process._source import RECORD
    except ImportError as error:
        raise _blamed(error) from error

    item, config = request.node, request.config
    mode = cast("Mode", config.getoption("smithers_record_mode"))
    folder = _folder_of(item)
    notes = tmp_path_factory.mktemp("smithers")
    made = notes / "made"
    item.stash[_missed] = notes / "missed"
    with pytest.MonkeyPatch.context() as patch:
        for name in (FOLDER, RECORD):
            patch.delenv(name, raising=False)
        if mode != "all":
            patch.setenv(FOLDER, str(folder))
        if mode != "none":
            patch.setenv(RECORD, str(made))
        patch.setenv(SPEED, f"{config.getoption('smithers_speed'):g}")
        patch.setenv(MISSED, str(item.stash[_missed]))
        Replay.begin_anew()
        yield folder
    if mode != "none":
        passed = not item.stash.get(_failed, True)
        _filing_of(config).file(made, folder, anew=mode == "all", cut_off=passed)


def _blamed(error: ImportError) -> BaseException:
    """The words for another distribution in our package of adapters."""
    from _smithers_orchestrator.damage import blame

    if (damage := blame(error)) is None:
        return error
    return pytest.fail.Exception(f"{damage.said}\nhint: {damage.hint}", pytrace=False)


def _folder_of(item: pytest.Item) -> Path:
    """The folder that the command line names, or the test's marker, or the usual one."""
    if named := item.config.getoption("smithers_replay"):
        return Path(item.config.invocation_params.dir, named)
    marker = item.get_closest_marker(_MARKER)
    return Path(item.path.parent, marker.args[0] if marker else "recordings")


def _filing_of(config: pytest.Config) -> Filing:
    from harnesses.process._filing import Filing

    return config.stash.setdefault(_filing, Filing())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """A request that had no recording fails the test, whatever the workflow made of it."""
    item.stash[_failed] = True
    try:
        yield
    except Exception as error:
        _tell_missed(item, error)
        raise
    except pytest.fail.Exception as error:
        _tell_missed(item, error)
        raise
    _tell_missed(item, None)
    item.stash[_failed] = False


def _tell_missed(item: pytest.Item, error: BaseException | None) -> None:
    notes = item.stash.get(_missed, None)
    if notes is None or not notes.exists():
        return
    missed = notes.read_text(encoding="utf-8").strip()
    file, colons, name = item.nodeid.partition("::")
    test = os.path.relpath(item.config.rootpath / file, item.config.invocation_params.dir)
    line = f"pytest {shlex.quote(test + colons + name)} --smithers-record-mode once"
    text = f"{missed}\n\nTo run the real program and record it:\n\n    {line}\n"
    raise pytest.fail.Exception(text, pytrace=False) from error
