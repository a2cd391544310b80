"""The slots of pools as files: they are shared by processes, and freed by the kernel."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from smithers.engine.slot_files import SlotFiles
from smithers.errors import MachineError

HOLDS = """
import sys, time
from pathlib import Path
from smithers.engine.slot_files import SlotFiles

files, wanted, limit = SlotFiles(Path(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3])
slots = [files.take("gpu", limit) for _ in range(wanted)]
assert all(slots), slots
print("held", flush=True)
time.sleep(600)
"""


@contextmanager
def holding(folder: Path, slots: int, limit: int) -> Generator[subprocess.Popen[str]]:
    """Another process that holds slots until it is killed."""
    command = [sys.executable, "-c", HOLDS, str(folder), str(slots), str(limit)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate(timeout=60)


def test_a_pool_has_as_many_slots_as_its_limit(tmp_path: Path) -> None:
    files = SlotFiles(tmp_path / "pools")
    assert files.count_free("gpu", 2) == 2
    one, two = files.take("gpu", 2), files.take("gpu", 2)
    assert one is not None
    assert two is not None
    assert files.take("gpu", 2) is None
    assert files.count_free("gpu", 2) == 0
    assert files.take("other pool", 1) is not None
    one.release()
    one.release()
    assert files.count_free("gpu", 2) == 1
    assert files.take("gpu", 2) is not None
    assert files.take("gpu", 2) is None


def test_runs_with_different_limits_keep_each_to_its_own(tmp_path: Path) -> None:
    files = SlotFiles(tmp_path)
    slots = [files.take("gpu", 4) for _ in range(3)]
    assert all(slots)
    assert files.count_free("gpu", 2) == 0
    assert files.take("gpu", 2) is None
    first = slots[0]
    assert first is not None
    first.release()  # the two with higher numbers count as well
    assert files.take("gpu", 2) is None
    assert files.count_free("gpu", 3) == 1
    assert files.count_free("gpu", 4) == 2


def test_a_killed_process_gives_its_slots_back(tmp_path: Path) -> None:
    files = SlotFiles(tmp_path)
    with holding(tmp_path, 2, 3) as process:
        assert files.count_free("gpu", 3) == 1
        assert files.take("gpu", 2) is None
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=60)
        assert files.count_free("gpu", 3) == 3


def test_a_program_that_is_started_inherits_no_slot(tmp_path: Path) -> None:
    files = SlotFiles(tmp_path)
    slot = files.take("gpu", 1)
    assert slot is not None
    files.queue("gpu")
    with subprocess.Popen(["sleep", "600"], close_fds=False) as program:
        try:
            slot.release()
            assert files.count_free("gpu", 1) == 1
            assert not opened(program.pid, tmp_path)
        finally:
            program.kill()


def test_a_slot_that_was_released_is_free_though_a_fork_has_its_file_open(tmp_path: Path) -> None:
    files = SlotFiles(tmp_path)
    slot = files.take("gpu", 1)
    assert slot is not None
    (descriptor,) = opened(os.getpid(), tmp_path)
    os.set_inheritable(descriptor, True)
    with subprocess.Popen(["sleep", "600"], close_fds=False) as program:
        try:
            assert opened(program.pid, tmp_path)
            slot.release()
            assert files.count_free("gpu", 1) == 1
        finally:
            program.kill()


def opened(pid: int, folder: Path) -> list[int]:
    """The files below a folder that a process has open."""
    found: list[int] = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # that of the listing itself
            if str(folder) in os.readlink(link):
                found.append(int(link.name))
    return found


def test_who_waits_sees_whether_others_do(tmp_path: Path) -> None:
    files = SlotFiles(tmp_path)
    mine = files.queue("gpu")
    assert mine is not None
    assert not mine.has_others()
    other = files.queue("gpu")
    assert other is not None
    assert mine.has_others()
    assert other.has_others()
    other.leave()
    assert not mine.has_others()


@pytest.mark.parametrize("name", ["a/b", "..", "ü" * 200, "x" * 200, "GPU", "gpu"])
def test_any_name_has_a_folder_of_its_own_for_this_user_alone(tmp_path: Path, name: str) -> None:
    files = SlotFiles(tmp_path / "pools")
    assert files.take("gPu", 1) is not None
    assert files.take(name, 1) is not None
    assert files.take(name, 1) is None
    assert len(list((tmp_path / "pools").iterdir())) == 2
    for folder in (tmp_path / "pools").rglob("*"):
        assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0


def test_the_slots_of_a_user_are_in_the_state_folder(tmp_path: Path) -> None:
    slot = SlotFiles.of_user({"XDG_STATE_HOME": str(tmp_path)}).take("gpu", 1)
    assert slot is not None
    assert SlotFiles(tmp_path / "smithers" / "pools").take("gpu", 1) is None


def test_a_folder_that_cannot_be_made_is_an_error_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "pools").write_text("")
    with pytest.raises(MachineError, match="cannot keep the slots of pools"):
        SlotFiles(tmp_path / "pools").take("gpu", 1)
