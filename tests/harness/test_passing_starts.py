"""A start that failed for a reason which may pass is tried again; one that cannot pass is not."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import shutil
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from harnesses import ClaudeCode
from harnesses.process import Command, _session, find_program, open_session
from smithers.agent import Ask
from smithers.errors import MachineError, NotInstalled, Permanent, Transient
from tests.harness.helpers import outcome_of, python

pytestmark = pytest.mark.anyio


def program(path: Path, cwd: Path) -> Command:
    return Command(
        program="x",
        executable=str(path),
        flags=(),
        prompt="",
        cwd=cwd,
        env={"PATH": os.environ["PATH"]},
        session=None,
        resumes=False,
        dialogue=True,
    )


async def said_by(command: Command) -> list[bytes]:
    """What a program that starts says."""
    async with open_session(command, Ask(prompt="", cwd=command.cwd)) as running:
        await running.pids()
        running.hang_up()
        return [line async for line in running.lines()]


def opened() -> list[int]:
    """The descriptors of this process."""
    found: list[int] = []
    for fd in range(256):
        with suppress(OSError):
            os.fstat(fd)
            found.append(fd)
    return found


@contextmanager
def no_descriptors() -> Generator[None]:
    """Nothing more can be opened in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_program_that_is_being_written_may_start_in_a_moment(tmp_path: Path) -> None:
    copy = Path(shutil.copy("/bin/echo", tmp_path / "program"))
    held = os.open(copy, os.O_RDWR)  # an installer has not closed it yet
    with pytest.raises(Transient, match="Text file busy"):
        await said_by(program(copy, tmp_path))
    os.close(held)
    assert await said_by(program(copy, tmp_path)) == [b""]


@pytest.mark.parametrize("text", ["", "#!/no/such/interpreter\n"])
async def test_half_a_program_and_one_without_its_interpreter_may_start_in_a_moment(
    tmp_path: Path, text: str
) -> None:
    file = tmp_path / "program"
    file.write_text(text)
    file.chmod(0o755)
    with pytest.raises(Transient, match="could not be started"):
        await said_by(program(file, tmp_path))


async def test_a_script_whose_interpreter_is_not_on_path_may_start_in_a_moment(
    tmp_path: Path,
) -> None:
    file = tmp_path / "claude"
    file.write_text("#!/usr/bin/env no-such-node\n")
    file.chmod(0o755)
    _, error = await outcome_of(ClaudeCode(program=str(file)), Ask(prompt="x", cwd=tmp_path))
    assert isinstance(error, Transient)
    assert "no-such-node" in str(error)


async def test_a_program_that_may_not_be_executed_is_not_tried_again(tmp_path: Path) -> None:
    file = tmp_path / "program"
    file.write_text("#!/bin/sh\n")
    with pytest.raises(Permanent, match="Permission denied"):
        await said_by(program(file, tmp_path))


async def test_a_start_waits_until_there_are_descriptors_again(tmp_path: Path) -> None:
    with no_descriptors():
        starting = asyncio.ensure_future(said_by(python("print('it runs')", tmp_path)))
        await asyncio.sleep(0.2)  # the time in which nothing can be started
        assert not starting.done()
    assert await starting == [b"it runs"]


async def test_without_descriptors_for_long_the_machine_is_to_blame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_session, "_PATIENCE_S", 0.1)
    before = opened()
    with no_descriptors(), pytest.raises(MachineError) as caught:
        async with open_session(python("", tmp_path), Ask(prompt="", cwd=tmp_path)):
            pass
    assert caught.value.errno == errno.EMFILE
    assert "EMFILE" in str(caught.value)
    assert opened() == before


async def test_a_program_that_was_found_before_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "program"
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    assert find_program("program", str(tmp_path)) == str(file)
    away = file.rename(tmp_path / "away")
    back = threading.Timer(0.3, lambda: away.rename(file))
    back.start()
    assert find_program("program", str(tmp_path)) == str(file)
    back.join()


async def test_a_program_that_was_never_there_is_not_installed(tmp_path: Path) -> None:
    _, error = await outcome_of(
        ClaudeCode(program=str(tmp_path / "claude")), Ask(prompt="x", cwd=tmp_path)
    )
    assert isinstance(error, NotInstalled)
