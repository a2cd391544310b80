"""Scenes of hints about which run is meant, decisions and budgets."""

from __future__ import annotations

import shlex
from pathlib import Path

from tests.cli.command import (
    FLOWS,
    Said,
    ended,
    eventually,
    held_open,
)
from tests.hints.registry import scene
from tests.hints.shell import DATABASE, Shell

# -- which run


@scene("list the runs with `smithers ps`")
def unknown_run(shell: Shell) -> tuple[Said, Said]:
    shell.up("works")
    for command in (["why"], ["inspect"], ["cancel"], ["approve"], ["resume", "--detach"]):
        said = shell(command[0], "r9", *command[1:])
        assert f"`smithers ps --db {shlex.quote(DATABASE)}`" in said.err, said
    failed = shell("resume", "r9")
    helped = shell.follow(failed)
    assert "r1" in helped.out
    return failed, helped


@scene("`smithers inspect …` shows how it ended")
def cancel_of_a_run_that_has_ended(shell: Shell) -> tuple[Said, Said]:
    shell.up("works")
    failed = shell("cancel", "r1")
    return failed, shell.follow(failed)


@scene("fork it: `smithers fork …`")
def retry_in_a_cancelled_run(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks")
    shell("cancel", "r1")
    for command in (["resume", "r1"], ["retry", "r1", "ok"], ["rewind", "r1", "--frame", "0"]):
        failed = shell(*command)
        assert "`smithers fork r1" in failed.err, failed
    return failed, shell.follow(failed)


@scene("`smithers retry …` runs its task again; or …")
def retry_in_a_child_run(shell: Shell) -> tuple[Said, Said]:
    shell.write(
        "@workflow\ndef below(ctx): return Approval('q', ask='?')\n\n\n"
        "@workflow\ndef above(ctx): return Subflow('k', below)\n"
    )
    shell("up", "flow.py:above", "--run-id", "r1")
    assert shell("deny", "r1.k", "--resume").code == 1
    failed = shell("retry", "r1.k", "q")
    asked = shell.bare(*shlex.split(shell.typed(failed)[-2])[1:])
    assert asked.code == 3, asked
    return failed, shell.follow(failed)


@scene("`smithers inspect …` shows what has")
def retry_of_what_has_not_run(shell: Shell) -> tuple[Said, Said]:
    flow = "@workflow\ndef f(ctx): return Sequence(Approval('q', ask='?'), Step('a', lambda: 1))\n"
    shell.write(flow)
    assert shell("up", "flow.py", "--run-id", "r1").code == 3
    failed = shell("retry", "r1", "a")
    return failed, shell.follow(failed)


@scene("resume it first with `smithers resume …`, or …")
def send_to_a_run_that_has_failed(shell: Shell) -> tuple[Said, Said]:
    flow = "@workflow\ndef f(ctx): return WaitForEvent('w', event='go', timeout_s={})\n"
    shell.write(flow.format(0.05))
    assert shell("up", "flow.py", "--run-id", "r1", "--linger", "20").code == 1
    shell.write(flow.format(6000))
    failed = shell("send", "r1", "go")
    resumed = shell.bare(*shlex.split(shell.typed(failed)[0])[1:], "--linger", "0")
    assert shell("send", "r1", "go").code == 0  # the wait is open again
    return failed, resumed


@scene("name the run with --run-id; candidates: …")
def resume_of_no_run(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks")
    failed = shell("up", "--resume")
    name = failed.err.split("candidates: ")[1].strip()
    return failed, shell("up", "--resume", "--run-id", name)


@scene("start a run with `smithers up FILE`, or name another database with --db PATH")
def no_database(shell: Shell) -> tuple[Said, Said]:
    shell.write("@workflow\ndef f(ctx): return Step('a', lambda: 1)\n")
    for command in ("resume", "approve"):
        assert "hint: start a run with `smithers up FILE --db " in shell(command, "r1").err
    failed = shell("why", "r1")
    return failed, shell.follow(failed, FILE="flow.py")


@scene("name the database file in it")
def database_that_is_a_folder(shell: Shell) -> tuple[Said, Said]:
    (shell.folder / "d").mkdir()
    failed = shell.bare("ps", "--db", "d")
    return failed, shell.bare("ps", "--db", "d/runs.db")


@scene("resume it with `smithers resume …`, or …")
def run_that_exists(shell: Shell) -> tuple[Said, Said]:
    shell.up("works")
    failed = shell.up("works")
    assert shell.up("works", "r2").code == 0  # "choose another --run-id"
    return failed, shell.follow(failed)


@scene("choose another --run-id")
def cancelled_run_that_exists(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks")
    shell("cancel", "r1")
    failed = shell.up("works")
    assert "smithers resume" not in failed.err
    return failed, shell.up("works", "r2")


@scene(
    "restore it, or name the file that now contains the workflow: `smithers up FILE"
    " --run-id … --resume`"
)
def run_whose_file_is_gone(shell: Shell) -> tuple[Said, Said]:
    shell.write("@workflow\ndef f(ctx): return Sequence(Approval('a', ask='?'))\n")
    shell("up", "flow.py", "--run-id", "r1")
    (shell.folder / "flow.py").rename(shell.folder / "moved.py")
    failed = shell("resume", "r1")
    helped = shell.follow(failed, FILE="moved.py")
    assert helped.code == 3
    approved = shell.follow(helped)
    assert shell.follow(approved).code == 0  # from now on the run has the file that was named
    return failed, helped


@scene("name a file with the workflow …, or leave out --resume and start … with another --run-id")
def run_of_another_workflow(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks")
    failed = shell("up", f"{FLOWS}:works", "--run-id", "r1", "--resume")
    assert shell("up", f"{FLOWS}:asks", "--run-id", "r1", "--resume").code == 3
    return failed, shell.up("works", "r2")


@scene("leave out --input to use the stored input, or start a new run")
def resume_with_another_input(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks_about")
    words = ["up", f"{FLOWS}:asks_about", "--run-id", "r1", "--resume"]
    return shell(*words, "--input", '{"topic": "eels"}'), shell(*words)


@scene(
    "a run keeps the input that it was started with: change the model to accept it, or"
    " start a new run"
)
def stored_input_that_fits_no_more(shell: Shell) -> tuple[Said, Said]:
    flow = "@workflow(input=Brief)\ndef f(ctx): return Approval('a', ask='?')\n"
    shell.write(flow)
    shell("up", "flow.py", "--run-id", "r1", "--input", '{"topic": "eels"}')
    shell.write("class Brief(BaseModel):\n    topic: int\n\n\n" + flow)
    failed = shell("resume", "r1")
    shell.write(flow)
    return failed, shell("resume", "r1")


@scene("wait until it has finished, or end process … and try again")
def run_that_is_owned(shell: Shell) -> tuple[Said, Said]:
    with held_open(shell.folder, "hangs", "hangs") as child:
        failed = shell.bare("resume", "r1")
        child.terminate()  # as `kill` does
        ended(child)
    shell.bare("cancel", "r1")
    return failed, shell.bare("why", "r1")


# -- decisions


@scene("the first answer counts")
def decided_twice(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks")
    shell("approve", "r1")
    failed = shell("deny", "r1")
    return failed, shell("resume", "r1")


@scene("name one of them after the run: …")
def several_approvals(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks_twice")
    failed = shell("approve", "r1")
    name = failed.err.split("name one of them after the run: ")[1].split(",")[0]
    return failed, shell("approve", "r1", *shlex.split(name))


@scene("name one that is open: …")
def approval_that_does_not_wait(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks_in_rounds")
    failed = shell("approve", "r1", "ready[7]")
    name = failed.err.split("name one that is open: ")[1].strip()
    assert name == "'ready[0]'"  # quoted for the shell
    return failed, shell("approve", "r1", *shlex.split(name))


@scene("to see what the run is waiting for, type `smithers why …`")
def nothing_to_decide(shell: Shell) -> tuple[Said, Said]:
    shell.up("works")
    failed = shell("approve", "r1")
    return failed, shell.follow(failed)


@scene('if that is you, write … = "…" below [people] in …')
def person_who_may_not_decide(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks_ann")
    settings = {"XDG_CONFIG_HOME": str(shell.folder / "own")}
    failed = shell.bare("approve", "r1", "--db", DATABASE, env=settings)
    line, file = failed.err.split("if that is you, write ")[1].strip().split(" below [people] in ")
    Path(file).parent.mkdir(parents=True)
    Path(file).write_text(f"[people]\n{line}\n")
    return failed, shell.bare("approve", "r1", "--db", DATABASE, env=settings)


@scene("give one of --choice X, --data JSON, --text T or --edit")
def answer_without_one(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks_people")
    return shell("answer", "r1", "colour"), shell("answer", "r1", "colour", "--choice", "blue")


@scene("give the answer with --choice X, --data JSON or --text T")
def editor_without_a_terminal(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks_people")
    failed = shell("answer", "r1", "colour", "--edit")
    return failed, shell("answer", "r1", "colour", "--choice", "blue")


@scene('for example … \'{"name": "value"}\' or … @FILE')
def answer_that_is_no_json(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks_people")
    failed = shell("answer", "r1", "plan", "--data", "build")
    return failed, shell("answer", "r1", "plan", "--data", '{"steps": ["build"]}')


@scene("answer it with `…`")
def approval_of_what_wants_an_answer(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks_people")
    failed = shell("approve", "r1", "colour")
    command = failed.err.split("answer it with `")[1].split("`")[0]
    return failed, shell(*shlex.split(command)[1:])


@scene("continue the run with `smithers resume …`")
def answer_that_comes_too_late(shell: Shell) -> tuple[Said, Said]:
    shell.write(
        "SECONDS = 1\n\n\n@workflow\ndef f(ctx):\n"
        "    return Sequence(Approval('a', ask='?', timeout_s=SECONDS, on_timeout='fail'))\n"
    )
    shell("up", "flow.py", "--run-id", "r1", "--linger", "0")
    eventually(lambda: "is over" in shell("why", "r1").out)
    failed = shell("approve", "r1")
    timed_out = shell.follow(failed)
    assert timed_out.code == 1
    text = (shell.folder / "flow.py").read_text()
    (shell.folder / "flow.py").write_text(text.replace("SECONDS = 1", "SECONDS = 600"))
    assert "next: smithers resume r1 " in timed_out.err
    asked = shell.follow(timed_out)  # asked anew, with the time of the file
    assert asked.code == 3
    approved = shell.follow(asked)
    assert shell.follow(approved).code == 0
    return failed, approved


@scene(
    "resuming the run does not change a person's denial: ask again with `smithers retry RUN TASK`, "
    "for a child run with RUN and TASK of its parent, or start a new run"
)
def denied_for_good(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks")
    shell("deny", "r1")
    failed = shell("resume", "r1")
    assert failed.code == 1
    for command in ("resume", "why"):
        assert "smithers resume" not in shell(command, "r1").err + shell(command, "r1").out
    asked = shell("retry", "r1", "ship")
    assert asked.code == 3
    assert shell.follow(shell.follow(asked)).code == 0
    return failed, shell.up("asks", "r2")


SAGA = """
@workflow
def flow(ctx):
    return Saga(
        Compensated(Step("a", lambda: 1), undo=Step("undo", lambda: UNDO)),
        Step("b", lambda: [][0]),
    )
"""


@scene("a saga that was undone is final: resuming the run does not change it, start a new run")
def undone_for_good(shell: Shell) -> tuple[Said, Said]:
    shell.write(SAGA.replace("UNDO", "1"))
    shell("up", "flow.py", "--run-id", "r1")
    failed = shell("resume", "r1")
    assert failed.code == 1
    for command in ("resume", "why"):
        assert "smithers resume" not in shell(command, "r1").err + shell(command, "r1").out
    return failed, shell.up("asks", "r2")


@scene("resume the run to run that undo again and to undo the rest")
def an_undo_that_failed(shell: Shell) -> tuple[Said, Said]:
    shell.write(SAGA.replace("UNDO", "[][0]"))
    failed = shell("up", "flow.py", "--run-id", "r1")
    shell.write(SAGA.replace("UNDO", "1"))
    helped = shell.follow(failed)
    assert helped.code == 1
    assert "undone: a" in helped.err
    return failed, shell.up("asks", "r2")


# -- budgets


@scene("specify how much to add, for example --add-usd 5 or --add-calls 10")
def no_amount(shell: Shell) -> tuple[Said, Said]:
    shell.up("capped")
    return shell("budget", "r1"), shell("budget", "r1", "--add-calls", "10")


@scene("for example … 2.50")
def amount_in_words(shell: Shell) -> tuple[Said, Said]:
    shell.up("capped")
    failed = shell("budget", "r1", "--add-usd", "much")
    return failed, shell("budget", "r1", "--add-usd", "2.50")


@scene("it caps …: use …")
def measure_that_is_not_capped(shell: Shell) -> tuple[Said, Said]:
    shell.up("capped")
    failed = shell("budget", "r1", "--add-tokens", "5")
    option = failed.err.split(": use ")[1].split()[-1]
    return failed, shell("budget", "r1", option, "5")


@scene("name one of: …")
def budget_of_no_node(shell: Shell) -> tuple[Said, Said]:
    shell.up("capped_in_rounds")
    failed = shell("budget", "r1", "nowhere", "--add-calls", "5")
    (name,) = shlex.split(failed.err.split("name one of: ")[1])
    return failed, shell("budget", "r1", name, "--add-calls", "5")


@scene("add one to the workflow, for example budget=Budget(usd=5), and resume the run")
def run_without_a_budget(shell: Shell) -> tuple[Said, Said]:
    shell.write("@workflow\ndef f(ctx): return Approval('a', ask='?')\n")
    shell("up", "flow.py", "--run-id", "r1")
    failed = shell("budget", "r1", "--add-usd", "5")
    shell.write("@workflow(budget=Budget(usd=5))\ndef f(ctx): return Approval('a', ask='?')\n")
    assert shell("resume", "r1").code == 3
    return failed, shell("budget", "r1", "--add-usd", "5")


@scene("raise it: the command is shown by `smithers why …`")
def run_that_failed_by_its_budget(shell: Shell) -> tuple[Said, Said]:
    shell.write(
        "@workflow(budget=Budget(calls=1, on_exhausted='fail'))\ndef f(ctx):\n"
        "    two = [Task(n, agent=echo, prompt='p') for n in ('a', 'b')]\n"
        "    return Sequence(*two, budget=Budget(calls=1, on_exhausted='fail'))\n"
    )
    failed = shell("up", "flow.py", "--run-id", "r1")
    assert failed.code == 5
    told = shell("inspect", "r1")
    *raises, last = shell.typed(failed)  # both budgets are spent: each has its command
    for command in raises:
        assert shell.bare(*shlex.split(command)[1:]).code == 0, command
    helped = shell.bare(*shlex.split(last)[1:])
    assert len(raises) == 1
    return Said(code=5, out="", err=failed.err + told.out), helped
