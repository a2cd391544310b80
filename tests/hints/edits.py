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


# -- renaming

_NAMED = """\
@workflow
def f(ctx):
    first = Step('{}', lambda: 1)
    again = Loop(Step('r', lambda: 1), until=lambda: True, max_iterations=1, id='{}')
    return Sequence(first, again, Approval('{}', ask='ok?'))
"""


def renamed(shell: Shell, *given: str, ids: tuple[str, str, str] = ("b", "l", "ok")) -> Said:
    """Rename tasks of a run that waits, in a file with these ids."""
    if not (shell.folder / "flow.py").exists():
        shell.write(_NAMED.format("a", "l", "ok"))
        assert shell("up", "flow.py", "--run-id", "r1").code == 3
    shell.write(_NAMED.format(*ids))
    return shell("resume", "r1", *(f"--rename={one}" for one in given))


@scene("write --rename OLD=NEW")
def names_that_are_not_two(shell: Shell) -> tuple[Said, Said]:
    failed = renamed(shell, "a")
    assert renamed(shell, "a=b", "a=c").code == 2
    return failed, renamed(shell, "a=b")


@scene("`smithers inspect …` shows its tasks")
def old_id_that_the_run_does_not_know(shell: Shell) -> tuple[Said, Said]:
    failed = renamed(shell, "x=b")
    listed = shell.follow(failed)
    assert " a " in listed.out
    return failed, renamed(shell, "a=b")


@scene("give it the id again that it had, or keep its place if it had none")
def container_that_is_renamed(shell: Shell) -> tuple[Said, Said]:
    failed = renamed(shell, "l=loop", ids=("a", "loop", "ok"))
    return failed, renamed(shell, ids=("a", "l", "ok"))


@scene("give the task an id in the file that the run has never had")
def new_id_that_the_run_has(shell: Shell) -> tuple[Said, Said]:
    failed = renamed(shell, "a=r")
    return failed, renamed(shell, "a=b")


@scene("resume the run under the old id until the wait is over, then rename the task")
def task_that_waits(shell: Shell) -> tuple[Said, Said]:
    failed = renamed(shell, "ok=ship", ids=("a", "l", "ship"))
    shell.write(_NAMED.format("a", "l", "ok"))
    assert shell("approve", "r1", "ok", "--resume").code == 0
    return failed, renamed(shell, "ok=ship", ids=("a", "l", "ship"))


@scene("name it … in the file")
def old_id_that_is_still_there(shell: Shell) -> tuple[Said, Said]:
    failed = renamed(shell, "a=b", ids=("a", "l", "ok"))
    return failed, renamed(shell, "a=b")


@scene("name the id that the task has in the file now")
def new_id_that_is_not_there(shell: Shell) -> tuple[Said, Said]:
    failed = renamed(shell, "a=bb")
    return failed, renamed(shell, "a=b")


@scene("a task that is renamed keeps its kind")
def task_of_another_kind(shell: Shell) -> tuple[Said, Said]:
    renamed(shell, ids=("a", "l", "ok"))
    timer = _NAMED.format("b", "l", "ok").replace("Step('b', lambda: 1)", "Timer('b', seconds=1)")
    shell.write(timer)
    failed = shell("resume", "r1", "--rename=a=b")
    return failed, renamed(shell, "a=b")


@scene("a task that is renamed keeps the loops around it")
def task_in_other_loops(shell: Shell) -> tuple[Said, Said]:
    renamed(shell, ids=("a", "l", "ok"))
    shell.write(_NAMED.format("c", "l", "ok").replace("Step('r'", "Step('b', lambda: 1), Step('r'"))
    failed = shell("resume", "r1", "--rename=a=b")
    return failed, renamed(shell, "a=b")
