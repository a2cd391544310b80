"""Scenes of hints about a resume after an edit."""

from __future__ import annotations

from tests.cli.command import Said
from tests.hints.registry import scene
from tests.hints.shell import Shell

_TWO = "@workflow\ndef f(ctx): return Sequence(Step('a', lambda: {}), Step('b', lambda: 2){})\n"


def edited(shell: Shell, more: str = "") -> None:
    """A run of which the step `a` has changed since."""
    shell.write(_TWO.format(1, more))
    assert shell("up", "flow.py", "--run-id", "r1").code in (0, 3)
    shell.write(_TWO.format("[1][0]", more))


@scene("type `smithers resume … … --rerun-changed`")
def tasks_without_the_option(shell: Shell) -> tuple[Said, Said]:
    edited(shell)
    failed = shell("resume", "r1", "a")
    return failed, shell.follow(failed)


@scene("leave it out; to run it again all the same, type `smithers retry … …`")
def task_that_has_not_changed(shell: Shell) -> tuple[Said, Said]:
    edited(shell)
    failed = shell("resume", "r1", "a", "b", "--rerun-changed")
    return failed, shell.follow(failed)


@scene("`smithers resume … --check` lists what has changed")
def task_that_is_not_there(shell: Shell) -> tuple[Said, Said]:
    edited(shell)
    failed = shell("resume", "r1", "aa", "--rerun-changed")
    assert "did you mean a?" in failed.err
    assert shell.follow(failed).code == 1
    return failed, shell("resume", "r1", "a", "--rerun-changed")


@scene("leave it out: resuming the run runs it")
def task_that_has_not_ended(shell: Shell) -> tuple[Said, Said]:
    edited(shell, ", Approval('ok', ask='ok?'), Step('last', lambda: 3)")
    failed = shell("resume", "r1", "ok", "--rerun-changed")
    helped = shell("resume", "r1", "--rerun-changed")
    assert (helped.code, "run again: a (code)" in helped.err) == (3, True)
    return failed, shell("approve", "r1", "ok", "--resume")


@scene(
    "to run it again, type `smithers resume … --rerun-changed …`; or change output= so that it"
    " takes what it gave"
)
def output_that_no_longer_fits(shell: Shell) -> tuple[Said, Said]:
    flow = (
        "@workflow\n"
        "def f(ctx):\n"
        "    return Sequence(Step('a', lambda: {}, output={}), Approval('ok', ask='ok?'))\n"
    )
    shell.write(flow.format(1, "int"))
    assert shell("up", "flow.py", "--run-id", "r1").code == 3
    shell.write(flow.format('["x"]', "list[str]"))
    failed = shell("resume", "r1")
    return failed, shell.follow(failed)


@scene("leave out …")
def options_that_cannot_be_combined(shell: Shell) -> tuple[Said, Said]:
    shell.write(_TWO.format(1, ""))
    assert shell("up", "flow.py", "--run-id", "r1").code == 0
    for option in ("--detach", "--events", "--rerun-changed"):
        failed = shell("resume", "r1", "--check", option)
        assert f"hint: leave out {option}\n" in failed.err
    return failed, shell("resume", "r1", "--check")
