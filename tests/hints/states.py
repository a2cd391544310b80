"""Scenes of hints about runs that failed or wait, edits, looking, and sessions."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from smithers.engine.trust import Trusts
from smithers.errors import SmithersError
from smithers.hub import Hub
from tests.cli.command import (
    Said,
    database,
    ended,
    environment,
    eventually,
    held_open,
)
from tests.cli.test_attach import attached, going, session_of
from tests.hints.registry import scene
from tests.hints.shell import DATABASE, Shell

# -- runs that failed, or wait


@scene(
    "the time counts from the start of the run: raise deadline_s of the workflow, then"
    " resume the run"
)
def run_that_is_over_its_deadline(shell: Shell) -> tuple[Said, Said]:
    flow = "@workflow(deadline_s={})\ndef f(ctx): return Sequence(Approval('a', ask='?'))\n"
    shell.write(flow.format(0.5))
    failed = shell("up", "flow.py", "--run-id", "r1")
    assert (failed.code, "next:" in failed.err) == (1, False)
    shell.write(flow.format(6000))
    return failed, shell.follow(failed)


@scene("install it or sign in, then resume the run")
def agent_that_is_not_installed(shell: Shell) -> tuple[Said, Said]:
    flow = "@workflow\ndef f(ctx): return Task('a', agent={}, prompt='p')\n"
    shell.write(flow.format("ClaudeCode(program='no-such-program')"))
    failed = shell("up", "flow.py", "--run-id", "r1", "--linger", "0")
    assert (failed.code, "next:" in failed.err) == (3, False)
    shell.write(flow.format("echo"))
    return failed, shell.follow(failed)


@scene("correct the workflow, then resume the run")
def error_of_the_author_without_a_hint(shell: Shell) -> tuple[Said, Said]:
    flow = (
        "@workflow\ndef f(ctx):\n    a = Step('a', lambda: ['text'])\n    each = lambda n: {}\n"
        "    return Sequence(a, ForEach(lambda: ctx[a], key=str, each=each, id='all'))\n"
    )
    shell.write(flow.format("1 / 0"))
    failed = shell("up", "flow.py", "--run-id", "r1")
    assert (failed.code, "next:" in failed.err) == (1, False)
    shell.write(flow.format("Step(n, lambda: n)"))
    return failed, shell.follow(failed)


@scene("list them with `smithers ps --workflow …`")
def send_to_runs_that_have_ended(shell: Shell) -> tuple[Said, Said]:
    shell.up("echoes")
    failed = shell("send", "--all", "echoes", "go")
    return failed, shell.follow(failed)


@scene("nothing was sent; give it another id")
def signal_with_an_id_that_was_used(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks")
    shell("send", "r1", "go", "--id", "one")
    failed = shell("send", "r1", "stop", "--id", "one")
    return failed, shell("send", "r1", "stop", "--id", "two")


# -- workflows that were edited


@scene("give the … another id, or make … … again")
def kind_that_has_changed(shell: Shell) -> tuple[Said, Said]:
    flow = "@workflow\ndef f(ctx):\n    return Sequence({}, Approval('ok', ask='?'))\n"
    shell.write(flow.format("Step('a', lambda: 1)"))
    shell("up", "flow.py", "--run-id", "r1")
    shell.write(flow.format("Approval('a', ask='?')"))
    failed = shell("resume", "r1")
    shell.write(flow.format("Approval('b', ask='?')"))
    return failed, shell("resume", "r1")


@scene("add it to a container that has not finished: finished work does not change")
def node_in_a_container_that_has_finished(shell: Shell) -> tuple[Said, Said]:
    flow = (
        "import time\n\n\ndef late():\n"
        "    for _ in range(3000):\n"
        "        if Path('c').exists():\n            return 1\n"
        "        time.sleep(0.01)\n\n\n"
        "@workflow\ndef f(ctx):\n"
        "    x = Step('x', late, output=int)\n"
        "    more = [Step('b', lambda: 1)] if ctx.get(x) is not None else []\n"
        "    c = Step('c', lambda: Path('c').write_text(''))\n"
        "    first = Parallel(Step('a', lambda: 1), *{})\n"
        "    return Parallel(x, Sequence(first, c), *{})\n"
    )
    shell.write(flow.format("more", "()"))
    failed = shell("up", "flow.py", "--run-id", "r1")
    shell.write(flow.format("()", "more"))
    return failed, shell("resume", "r1")


# -- looking


@scene('for example `smithers sql "SELECT 1"`')
def query_that_asks_for_nothing(shell: Shell) -> tuple[Said, Said]:
    shell.up("works")
    failed = shell("sql", "/* nothing */")
    return failed, shell.follow(failed)


@scene(
    'write one statement that only reads; list the tables with `smithers sql "SELECT'
    ' name FROM sqlite_schema"`'
)
def query_that_writes(shell: Shell) -> tuple[Said, Said]:
    shell.up("works")
    failed = shell("sql", "DELETE FROM runs")
    return failed, shell.follow(failed)


@scene("a cursor is FRAME.N, for example 3.1; `smithers events RUN --json` shows them")
def cursor_that_is_none(shell: Shell) -> tuple[Said, Said]:
    shell.up("works")
    failed = shell("events", "r1", "--after", "x")
    cursor = json.loads(shell.follow(failed, RUN="r1").out.splitlines()[0])["cursor"]
    return failed, shell("events", "r1", "--after", cursor)


@scene("the cursor belongs to another run; leave out --after to start with the first event")
def cursor_of_another_run(shell: Shell) -> tuple[Said, Said]:
    shell.up("works")
    return shell("events", "r1", "--after", "99.0"), shell("events", "r1")


@scene("the tasks with attempts are: …")
def logs_of_no_task(shell: Shell) -> tuple[Said, Said]:
    shell.up("echoes")
    failed = shell("logs", "r1", "nothing")
    name = failed.err.split("the tasks with attempts are: ")[1].strip()
    return failed, shell("logs", "r1", name)


# -- messages


@scene("for example `…`")
def empty_message(shell: Shell) -> tuple[Said, Said]:
    with held_open(shell.folder, "listens", "plan") as child:
        failed = shell.bare("steer", "r1", "plan", " ")
        helped = shell.follow(failed)
        child.kill()
    return failed, helped


@scene("running tasks: …")
def message_to_no_task(shell: Shell) -> tuple[Said, Said]:
    with held_open(shell.folder, "listens", "plan") as child:
        failed = shell.bare("steer", "r1", "nobody", "Hurry")
        name = failed.err.split("running tasks: ")[1].strip()
        helped = shell.bare("steer", "r1", name, "Hurry")
        child.kill()
    return failed, helped


# -- what no command of ours does wrong by itself: the same calls through `Hub`


def _refused(shell: Shell, call: Callable[[Hub], object]) -> Said:
    hub = Hub(shell.folder / DATABASE, environment={})
    try:
        call(hub)
    except SmithersError as error:
        return Said(code=2, out="", err=f"error: {error.said}\nhint: {hub.complete(error.hint)}\n")
    raise AssertionError("nothing was refused")


@scene("read the question with `…`, then answer it")
def question_that_has_changed(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks")
    seen = replace(Hub(shell.folder / DATABASE, environment={}).asks("r1", None), digest="other")
    failed = _refused(
        shell, lambda hub: hub.decide("r1", None, approved=True, by="ann", note=None, asked=seen)
    )
    looked = shell.follow(failed)
    assert "Ship a draft?" in looked.out
    return failed, shell.bare(*shlex.split(command_of(looked, "approve")))


@scene("`smithers asks` shows the digest of each question")
def digest_that_is_too_short(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks")
    failed = shell("approve", "r1", "--digest", "09f")
    return failed, shell.bare(*shlex.split(command_of(shell.follow(failed), "deny")))


@scene("`smithers inspect …` shows the decision")
def question_that_was_answered(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks")
    shell("approve", "r1", "--note", "fine", "--resume")
    failed = shell("asks", "r1", "ship")
    helped = shell.follow(failed)
    assert '"note": "fine"' in helped.out
    return failed, helped


@scene("open questions: …")
def task_that_asks_nothing(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks")
    failed = shell("asks", "r1", "draft")
    return failed, shell("asks", "r1", failed.err.split("open questions: ")[1].strip())


@scene("`smithers asks …` lists the open questions")
def task_in_a_run_over_its_budget(shell: Shell) -> tuple[Said, Said]:
    shell.up("capped")
    failed = shell("asks", "r1", "first")
    return failed, shell.bare(*shlex.split(command_of(shell.follow(failed), "budget")))


def command_of(said: Said, name: str) -> str:
    """The arguments of a command among the lines on stdout."""
    (line,) = [line for line in said.out.splitlines() if line.startswith(f"  smithers {name} ")]
    return line.removeprefix("  smithers ")


@scene("to see what to do, type `smithers why …`")
def attach_to_a_failed_run(shell: Shell) -> tuple[Said, Said]:
    shell.up("fails")

    def attach(hub: Hub) -> None:
        with hub.attach("r1", "breaks", by="ann"):
            pass

    failed = _refused(shell, attach)
    helped = shell.follow(failed)
    assert "smithers resume r1 --db" in helped.out
    return failed, helped


_ATTACH = """
import sys
import tempfile
from pathlib import Path
from smithers.engine import attaching
from smithers.engine.trust import Trusts
from smithers.errors import SmithersError
from smithers.hub import Hub

attaching._WITHIN_S = 1.0
hub = Hub(Path(sys.argv[1]))
try:
    with hub.attach("r1", sys.argv[2], by="ann"):
        pass
except SmithersError as error:
    sys.exit(f"error: {error.said}\\nhint: {hub.complete(error.hint)}")
"""


def _attach(folder: Path, task: str) -> Said:
    """Attach without a terminal, in a process that may end whatever it has started."""
    done = subprocess.run(
        [sys.executable, "-c", _ATTACH, str(database(folder)), task],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    return Said(code=done.returncode, out=done.stdout, err=done.stderr)


@scene("follow its output with `smithers logs … … --follow`")
def attach_to_an_agent_without_a_terminal(shell: Shell) -> tuple[Said, Said]:
    with going(shell.folder, "refused", "gone") as owner:
        eventually(lambda: session_of(shell.folder, "mute") is not None)
        failed = _attach(shell.folder, "mute")
        owner.terminate()  # else its log would be followed for ever
        owner.wait(60)
        return failed, shell.follow(failed)


@scene("to see what that process is doing, type `smithers why …`")
def attach_beside_an_owner_that_is_stopped(shell: Shell) -> tuple[Said, Said]:
    with going(shell.folder, "three") as owner:
        os.kill(owner.pid, signal.SIGSTOP)
        failed = _attach(shell.folder, "fix")
        helped = shell.follow(failed)
        os.kill(owner.pid, signal.SIGCONT)
        owner.terminate()  # it ends what its agent has started
        owner.wait(60)
    assert f"in process {owner.pid}" in helped.out
    return failed, helped


@scene("if no process is driving the run: `smithers resume …`")
def attach_after_a_person_whose_terminal_was_killed(shell: Shell) -> tuple[Said, Said]:
    with going(shell.folder, "three") as owner, attached(shell.folder) as person:
        os.kill(owner.pid, signal.SIGKILL)
        os.kill(int(person.pid or 0), signal.SIGKILL)
        person.wait()
        failed = _attach(shell.folder, "fix")
    return failed, shell.follow(failed)


@scene("restore it, or use another interpreter: `smithers resume …`")
def interpreter_that_cannot_be_started(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks")
    shell("approve", "r1")
    broken = shell.folder / "python"
    broken.write_text("")
    with closing(sqlite3.connect(shell.folder / DATABASE)) as db, db:
        db.execute("UPDATE runs SET interpreter = ?", (str(broken),))
    # Which this user has used: else a row says so in vain.
    Trusts(os.environ).add(shell.folder / DATABASE, how="up", interpreters=[str(broken)])
    failed = shell("resume", "r1", "--detach")
    return failed, shell.follow(failed)


@scene(
    "end the other processes that use this database, check it with `smithers doctor`,"
    " then resume the run"
)
def wal_that_was_deleted(shell: Shell) -> tuple[Said, Said]:
    with held_open(shell.folder, "holds_a_program", "held") as child:
        (shell.folder / ".smithers" / "smithers.db-wal").unlink()
        failed = ended(child)
    assert "`smithers doctor`" in failed.err
    return failed, shell.bare("doctor")


@scene("for all that it wrote, type `smithers logs … …`")
def command_that_fails(shell: Shell) -> tuple[Said, Said]:
    shell.write("@workflow\ndef f(ctx): return Command('to do', ['false'])\n")
    failed = shell("up", "flow.py", "--run-id", "r1")
    hint = next(line for line in failed.err.splitlines() if "for all that it wrote" in line)
    return failed, shell.follow(Said(code=1, out="", err=hint))


@scene("for the traceback and the output, type `smithers logs … …`")
def step_that_raises(shell: Shell) -> tuple[Said, Said]:
    shell.write("@workflow\ndef f(ctx): return Step('to do', lambda: {}['x'])\n")
    failed = shell("up", "flow.py", "--run-id", "r1")
    hint = next(line for line in failed.err.splitlines() if "for the traceback" in line)
    return failed, shell.follow(Said(code=1, out="", err=hint))
