"""Scenes of hints about replays."""

from __future__ import annotations

import sys

from tests.cli.command import Said
from tests.hints.registry import scene
from tests.hints.shell import Shell

_FLOW = "@workflow\ndef flow(ctx): return Task('a', agent=echo, prompt='Hello')\n"


def _ran(shell: Shell) -> None:
    shell.write(_FLOW)
    assert shell("up", "flow.py", "--run-id", "r1").code == 0


@scene("play a recording with `smithers harness replay FILE`")
def speed_of_a_run(shell: Shell) -> tuple[Said, Said]:
    program = (sys.executable, "-c", "print(1)")
    shell.bare("harness", "record", "--to", "r.jsonl", "--", *program)
    failed = shell("replay", "r1", "--speed", "2")
    return failed, shell.follow(failed, FILE="r.jsonl")


@scene("to see what it is doing, type `smithers why …`")
def replay_of_a_run_that_waits(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks")
    failed = shell("replay", "r1")
    return failed, shell.follow(failed)


@scene("`smithers timeline …` shows what started in which frame")
def live_task_that_is_unknown(shell: Shell) -> tuple[Said, Said]:
    _ran(shell)
    failed = shell("replay", "r1", "--live", "b")
    return failed, shell.follow(failed)


@scene("name the task to execute, for example --live plan")
def frame_without_a_task(shell: Shell) -> tuple[Said, Said]:
    _ran(shell)
    failed = shell("replay", "r1", "--from", "0")
    return failed, shell("replay", "r1", "--from", "0", "--live", "a")


@scene("run it in the fork with `smithers resume …`")
def live_step_with_an_effect(shell: Shell) -> tuple[Said, Said]:
    shell.write("@workflow\ndef flow(ctx): return Step('a', lambda: 1, effect=True)\n")
    assert shell("up", "flow.py", "--run-id", "r1").code == 0
    failed = shell("replay", "r1", "--live", "a")
    return failed, shell.follow(failed)


@scene("for example -o tests/test_release.py")
def freeze_into_a_file_that_is_no_python(shell: Shell) -> tuple[Said, Said]:
    _ran(shell)
    (shell.folder / "tests").mkdir()
    failed = shell("freeze", "r1", "-o", "release.txt")
    return failed, shell("freeze", "r1", "-o", "tests/test_release.py")


@scene("make it, or name another")
def freeze_into_a_folder_that_is_not_there(shell: Shell) -> tuple[Said, Said]:
    _ran(shell)
    failed = shell("freeze", "r1", "-o", "tests/test_release.py")
    (shell.folder / "tests").mkdir()
    return failed, shell("freeze", "r1", "-o", "tests/test_release.py")


@scene("choose another file with -o")
def freeze_over_a_folder(shell: Shell) -> tuple[Said, Said]:
    _ran(shell)
    (shell.folder / "test_a.py").mkdir()
    failed = shell("freeze", "r1", "-o", "test_a.py", "--force")
    assert [one.name for one in shell.folder.glob("*test_a*")] == ["test_a.py"]
    return failed, shell("freeze", "r1", "-o", "test_b.py")
