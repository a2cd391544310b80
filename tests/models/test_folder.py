"""Nothing leads out of the working folder: no path, no link, no race."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from harnesses.models import edit, grep, read, write
from harnesses.models._folder import Folder, Outside
from tests.models.test_tools import result_of


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder beside the working one, with a secret."""
    made = tmp_path / "outside"
    made.mkdir()
    (made / "secret.txt").write_text("the secret")
    return made


def link_to_folder(folder: Path, outside: Path) -> str:
    (folder / "link").symlink_to(outside)
    return "link/secret.txt"


def link_to_file(folder: Path, outside: Path) -> str:
    (folder / "link.txt").symlink_to(outside / "secret.txt")
    return "link.txt"


def relative_link(folder: Path, outside: Path) -> str:
    (folder / "deep").mkdir()
    (folder / "deep/link").symlink_to("../../outside")
    return "deep/link/secret.txt"


def link_to_a_link(folder: Path, outside: Path) -> str:
    (folder / "first").symlink_to("second")
    (folder / "second").symlink_to(outside)
    return "first/secret.txt"


def link_and_back(folder: Path, outside: Path) -> str:
    (folder / "up").symlink_to(".")
    return "up/../../outside/secret.txt"


ESCAPES: list[Callable[[Path, Path], str]] = [
    lambda folder, outside: "../outside/secret.txt",
    lambda folder, outside: "a/../../outside/secret.txt",
    lambda folder, outside: str(outside / "secret.txt"),
    lambda folder, outside: f"{folder}/../outside/secret.txt",
    lambda folder, outside: f"{folder}-beside/secret.txt",
    lambda folder, outside: "/etc/passwd",
    lambda folder, outside: "secret\0.txt",
    link_to_folder,
    link_to_file,
    relative_link,
    link_to_a_link,
    link_and_back,
]


@pytest.mark.sampled(4)
@pytest.mark.anyio
@pytest.mark.parametrize("escape", ESCAPES)
async def test_no_path_leads_out(
    folder: Path, outside: Path, escape: Callable[[Path, Path], str]
) -> None:
    path = escape(folder, outside)
    for tool, more in (
        (read, {}),
        (write, {"content": "mine"}),
        (edit, {"old": "the", "new": "my"}),
    ):
        with pytest.raises(Outside):
            await result_of(tool, folder, path=path, **more)
    found = await result_of(grep, folder, pattern="secret", path=path.replace("\0", ""))
    assert found.failed
    assert "the secret" not in found.text
    assert (outside / "secret.txt").read_text() == "the secret"
    assert os.listdir(outside) == ["secret.txt"]


@pytest.mark.anyio
async def test_a_search_follows_no_link_out(folder: Path, outside: Path) -> None:
    link_to_folder(folder, outside)
    link_to_file(folder, outside)
    assert (await result_of(grep, folder, pattern="secret")).text == "nothing found"


@pytest.mark.parametrize(
    "target", ["inner/file.txt", "./inner/../inner/file.txt", "{folder}/inner/file.txt"]
)
def test_a_link_that_stays_inside_works(folder: Path, target: str) -> None:
    (folder / "inner").mkdir()
    (folder / "inner/file.txt").write_text("inside")
    (folder / "deep").mkdir()
    (folder / "link.txt").symlink_to(target.format(folder=folder))
    (folder / "deep/up").symlink_to("..")
    with Folder(str(folder)) as held:
        assert held.read("link.txt") == b"inside"
        assert held.read("deep/up/inner/file.txt") == b"inside"
        assert held.read("deep/up/deep/up/link.txt") == b"inside"
        held.write("deep/up/link.txt", b"changed")
    assert (folder / "inner/file.txt").read_text() == "changed"
    assert (folder / "link.txt").is_symlink()


def test_links_in_a_circle_are_an_error(folder: Path) -> None:
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    with Folder(str(folder)) as held, pytest.raises(OSError, match="symbolic links"):
        held.read("a/file")


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with Folder(str(folder)) as held:
        with pytest.raises(OSError, match="not a regular file"):
            held.read("pipe")
        with pytest.raises(OSError, match="not a regular file"):
            held.write("pipe", b"x")


def test_a_hard_link_is_not_written_through(folder: Path, outside: Path) -> None:
    os.link(outside / "secret.txt", folder / "hard.txt")
    with Folder(str(folder)) as held:
        held.write("hard.txt", b"mine")
    assert (outside / "secret.txt").read_text() == "the secret"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux exchanges two names in one step")
def test_a_folder_that_is_swapped_for_a_link_leads_nowhere(folder: Path, outside: Path) -> None:
    """One thread swaps, the other reads and writes; in no order is anything outside reached."""
    (folder / "inner").mkdir()
    (folder / "inner/secret.txt").write_text("harmless")
    (folder / "link").symlink_to(outside)
    exchange = ctypes.CDLL(None, use_errno=True).renameat2
    names = os.fsencode(folder / "inner"), os.fsencode(folder / "link")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            assert exchange(-100, names[0], -100, names[1], 2) == 0

    swapper = threading.Thread(target=swap)
    swapper.start()
    done = refused = 0
    try:
        with Folder(str(folder)) as held:
            for _ in range(5000):
                try:
                    assert held.read("inner/secret.txt") == b"harmless"
                    held.write("inner/secret.txt", b"harmless")
                    done += 1
                except OSError:
                    refused += 1
    finally:
        stop.set()
        swapper.join(10)
    assert done > 0
    assert refused > 0
    assert (outside / "secret.txt").read_text() == "the secret"
    assert os.listdir(outside) == ["secret.txt"]
