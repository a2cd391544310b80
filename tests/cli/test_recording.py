"""`harness record` and `harness replay`: a program as it is, kept, and played in its place."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harnesses.recording import Recording, read_sessions
from tests.cli.command import environment, really, smithers

CODE = (
    "import os, sys\n"
    "said = sys.stdin.readline()\n"
    "print('heard', said, end='', flush=True)\n"
    "os.write(2, b'\\xff oh\\n')\n"
    "open('made.txt', 'w').write(os.environ['A_TOKEN'])\n"
    "sys.exit(7)\n"
)
PROGRAM = [sys.executable, "-c", CODE]


def typed(
    folder: Path, *arguments: str, said: bytes = b"", **env: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "smithers", *arguments],
        cwd=folder,
        env=environment() | env,
        input=said,
        capture_output=True,
        timeout=60,
        check=False,
    )


def session_in(path: Path) -> Recording:
    (session,) = read_sessions(path)
    return session


def test_a_program_runs_as_it_is_and_its_session_is_kept(tmp_path: Path) -> None:
    done = typed(
        tmp_path,
        "harness",
        "record",
        "--to",
        "r.jsonl",
        "--",
        *PROGRAM,
        said=b"Hi\n",
        A_TOKEN="tok-123456",
    )
    assert (done.returncode, done.stdout) == (7, b"heard Hi\n")
    assert done.stderr == b"recording to r.jsonl\n\xff oh\n"
    kept = session_in(tmp_path / "r.jsonl")
    assert [kept.text("in"), kept.text("out"), kept.text("err")] == [
        b"Hi\n",
        b"heard Hi\n",
        b"\xff oh\n",
    ]
    assert kept.ending is not None
    assert (kept.ending.rc, list(kept.ending.files)) == (7, ["made.txt"])
    assert kept.writes == {"made.txt": "${A_TOKEN}"}
    (tmp_path / "made.txt").unlink()
    played = typed(tmp_path, "harness", "replay", "r.jsonl", said=b"Hi\n")
    assert (played.returncode, played.stdout, played.stderr) == (7, b"heard Hi\n", b"\xff oh\n")
    assert not (tmp_path / "made.txt").exists()
    typed(tmp_path, "harness", "replay", "r.jsonl", "--files")
    assert (tmp_path / "made.txt").read_text() == "${A_TOKEN}"


@pytest.mark.long
def test_a_recording_is_not_written_over_unless_told(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text("mine")
    command = ("harness", "record", "--to", "r.jsonl")
    said = really(tmp_path, *command, "true")
    assert (said.code, "r.jsonl already exists" in said.err, "--force" in said.err) == (
        2,
        True,
        True,
    )
    assert (tmp_path / "r.jsonl").read_text() == "mine"
    assert really(tmp_path, *command, "--force", "true").code == 0
    assert session_in(tmp_path / "r.jsonl").header.program == "true"


@pytest.mark.long
def test_a_folder_gets_a_file_of_its_own_for_each_session(tmp_path: Path) -> None:
    for _ in range(2):
        assert really(tmp_path, "harness", "record", "--to", "kept/here", "--", "true").code == 0
    assert len(list((tmp_path / "kept" / "here").glob("true-*.jsonl"))) == 2


def test_what_stands_behind_two_dashes_is_the_prompt(tmp_path: Path) -> None:
    really(
        tmp_path, "harness", "record", "--to", "r.jsonl", "--", "echo", "-n", "--", "Hello", "there"
    )
    header = session_in(tmp_path / "r.jsonl").header
    assert (header.argv, header.prompt) == (("echo", "-n"), "Hello there")


def test_a_signal_goes_to_the_program_and_is_kept(tmp_path: Path) -> None:
    code = "import time; print('ready', flush=True); time.sleep(60)"
    command = ["harness", "record", "--to", "r.jsonl", "--", sys.executable, "-c", code]
    with subprocess.Popen(
        [sys.executable, "-m", "smithers", *command],
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"ready\n"
        running.send_signal(signal.SIGTERM)
        assert running.wait(20) == 128 + 15
    kept = session_in(tmp_path / "r.jsonl")
    assert [moment.signal for moment in kept.moments if moment.signal] == [15]
    assert kept.ending is not None
    assert kept.ending.signal == 15


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["harness", "record", "nonesuch"], "'nonesuch' was not found on PATH"),
        (["harness", "record", "--to", "a.txt/r.jsonl", "true"], "cannot be written"),
        (["harness", "replay", "nowhere.jsonl"], "nowhere.jsonl cannot be read"),
        (["harness", "replay", "a.txt"], "a.txt is not a recording"),
        (["harness", "replay", "odd.jsonl"], "odd.jsonl cannot be read as a recording"),
        (["harness", "replay", "a.txt", "--speed", "-1"], "--speed -1 is negative"),
    ],
)
def test_what_cannot_be_done_is_told(tmp_path: Path, arguments: list[str], told: str) -> None:
    (tmp_path / "a.txt").write_text("hello\n")
    header = '{"v": 1, "kind": "harness-session", "program": "p", "argv": [], "prompt_sha": ""}\n'
    (tmp_path / "odd.jsonl").write_text(header + '{"t": 1}\n')
    said = smithers(tmp_path, *arguments)
    assert (said.code, said.out) == (2, "")
    assert told in said.err


def test_the_old_spellings_do_the_same_and_say_what_to_type(tmp_path: Path) -> None:
    code = "print('hello')"
    made = typed(tmp_path, "record", "--to", "r.jsonl", "--", sys.executable, "-c", code)
    assert (made.returncode, made.stdout) == (0, b"hello\n")
    note, recording = made.stderr.splitlines()
    assert b"is now `smithers harness record -- COMMAND`" in note
    assert recording == b"recording to r.jsonl"
    played = typed(tmp_path, "replay", "r.jsonl", "--speed", "0")
    assert (played.returncode, played.stdout) == (0, b"hello\n")
    assert b"is now `smithers harness replay FILE`" in played.stderr
    (tmp_path / "r.jsonl").rename(tmp_path / "kept")
    assert typed(tmp_path, "replay", "kept").stdout == b"hello\n"
    assert b"nowhere/kept cannot be read" in typed(tmp_path, "replay", "nowhere/kept").stderr
