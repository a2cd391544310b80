"""Hints about commands: each scene meets the error, and then does what its hint says."""

from __future__ import annotations

import json
import shlex
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

from smithers.errors import SmithersError
from smithers.hub import Hub
from tests.cli.command import FLOWS, Said, ended, eventually, held_open
from tests.hints.shell import DATABASE, Shell

__all__ = ["SCENES", "Scene"]

Scene = Callable[[Shell], tuple[Said, Said]]
"""Gives how the command failed, and how it went after the hint was followed."""

SCENES: dict[str, Scene] = {}


def _scene(hint: str) -> Callable[[Scene], Scene]:
    def register(scene: Scene) -> Scene:
        assert hint not in SCENES
        SCENES[hint] = scene
        return scene

    return register


# -- arguments


@_scene("see `… --help`")
def unknown_option(shell: Shell) -> tuple[Said, Said]:
    failed = shell("resume", "r1", "--nope")
    return failed, shell.follow(failed)


@_scene("see `smithers mcp … --help`")
def options_of_mcp_before_its_command(shell: Shell) -> tuple[Said, Said]:
    failed = shell.bare("mcp", "--root", ".", "add", "--dry-run")
    return failed, shell.follow(failed)


@_scene("as in `smithers up ship_it.py`")
def no_file(shell: Shell) -> tuple[Said, Said]:
    shell.write("@workflow\ndef f(ctx): return Step('a', lambda: 1)\n", "ship_it.py")
    failed = shell("up")
    return failed, shell.follow(failed)


@_scene("add --resume")
def detach_without_resume(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks")
    failed = shell("approve", "r1", "--detach")
    helped = shell("approve", "r1", "--detach", "--resume")
    eventually(lambda: "finished" in shell("ps").out)
    return failed, helped


@_scene("name it before --iteration")
def iteration_without_task(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks_in_rounds")
    failed = shell("approve", "r1", "--iteration", "0")
    return failed, shell("approve", "r1", "ready", "--iteration", "0")


@_scene("as in --iteration 2 or 0.1")
def iteration_in_words(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks_in_rounds")
    failed = shell("approve", "r1", "ready", "--iteration", "first")
    return failed, shell("approve", "r1", "ready", "--iteration", "0")


@_scene("leave one out; the last line of --events holds what --json would give")
def json_and_events(shell: Shell) -> tuple[Said, Said]:
    return shell.up("works", "r1", "--json", "--events"), shell.up("works", "r1", "--events")


@_scene("leave out --events; `smithers events RUN --follow` gives them afterwards")
def events_and_detach(shell: Shell) -> tuple[Said, Said]:
    failed = shell.up("works", "r1", "--detach", "--events")
    assert shell.up("works", "r1", "--detach").code == 0
    return failed, shell.follow(failed, RUN="r1")


@_scene("leave one out")
def raw_and_json(shell: Shell) -> tuple[Said, Said]:
    shell.up("echoes")
    return shell("logs", "r1", "--raw", "--json"), shell("logs", "r1", "--raw")


@_scene("--input @FILE names a file")
def input_file_that_is_gone(shell: Shell) -> tuple[Said, Said]:
    (shell.folder / "input.json").write_text('{"topic": "whales"}')
    failed = shell.up("works", "r1", "--input", "@nothing.json")
    return failed, shell.up("works", "r1", "--input", "@input.json")


@_scene('as in --input \'{"topic": "whales"}\'')
def input_that_is_not_json(shell: Shell) -> tuple[Said, Said]:
    failed = shell.up("works", "r1", "--input", "whales")
    return failed, shell.up("works", "r1", "--input", '{"topic": "whales"}')


@_scene("its fields are: …")
def input_that_does_not_fit(shell: Shell) -> tuple[Said, Said]:
    failed = shell.up("works", "r1", "--input", '{"pages": -1}')
    return failed, shell.up("works", "r1", "--input", '{"pages": 1}')


@_scene("leave it out; a model whose model_config has extra='ignore' or 'allow' takes any")
def input_with_an_unknown_field(shell: Shell) -> tuple[Said, Said]:
    failed = shell.up("works", "r1", "--input", '{"topics": "whales"}')
    return failed, shell.up("works", "r1", "--input", "{}")


@_scene(
    "a run id is 1 to 64 letters, digits, dots, underscores and hyphens, and does not begin with a"
    " hyphen"
)
def run_id_that_cannot_be(shell: Shell) -> tuple[Said, Said]:
    return shell.up("works", "a b"), shell.up("works", "a.b_c-d")


@_scene("name a Python file that holds a workflow")
def file_that_is_not_there(shell: Shell) -> tuple[Said, Said]:
    return shell("up", "nothing.py"), shell.up("works")


@_scene("it has: …")
def workflow_that_is_not_in_the_file(shell: Shell) -> tuple[Said, Said]:
    return shell.up("nothing"), shell.up("works")


@_scene("name one, as in …:…")
def several_workflows(shell: Shell) -> tuple[Said, Said]:
    failed = shell("up", str(FLOWS))
    named = failed.err.split("name one, as in ")[1].split()[0]
    shell.write("@workflow\ndef f(ctx): return Step('a', lambda: 1)\n")
    del named  # the first workflow of that file is none that ends at once
    return failed, shell.up("works")


@_scene("0 waits for nothing, 1 is real time")
def negative_speed(shell: Shell) -> tuple[Said, Said]:
    shell.bare("record", "--to", "r.jsonl", "--", sys.executable, "-c", "print(1)")
    failed = shell.bare("replay", "r.jsonl", "--speed", "-1")
    return failed, shell.bare("replay", "r.jsonl", "--speed", "0")


@_scene("name another file, or add --force")
def recording_that_is_there(shell: Shell) -> tuple[Said, Said]:
    words = ["--to", "r.jsonl", "--", sys.executable, "-c", "print(1)"]
    shell.bare("record", *words)
    return shell.bare("record", *words), shell.bare("record", "--force", *words)


@_scene("`smithers record -- COMMAND` makes one of a program")
def no_recording(shell: Shell) -> tuple[Said, Said]:
    (shell.folder / "r.jsonl").write_text("{}\n")
    failed = shell.bare("replay", "r.jsonl")
    assert shell.follow(failed, COMMAND="true").code == 0
    (made,) = set(shell.folder.rglob("*.jsonl")) - {shell.folder / "r.jsonl"}
    return failed, shell.bare("replay", str(made))


@_scene("see that it is on PATH")
def program_that_is_not_there(shell: Shell) -> tuple[Said, Said]:
    failed = shell.bare("record", "--", "no-such-program")
    return failed, shell.bare("record", "--to", "r.jsonl", "--", "true")


@_scene("name another with --to")
def recording_in_a_folder_that_is_not_there(shell: Shell) -> tuple[Said, Said]:
    (shell.folder / "file").write_text("")
    failed = shell.bare("record", "--to", "file/r.jsonl", "--", "true")
    return failed, shell.bare("record", "--to", "r.jsonl", "--", "true")


@_scene("it is one of …")
def program_that_is_unknown(shell: Shell) -> tuple[Said, Said]:
    (shell.folder / "s.jsonl").write_text("")
    failed = shell.bare("harness", "parse", "nobody", "s.jsonl")
    name = failed.err.split("it is one of ")[1].split(",")[0]
    return failed, shell.bare("harness", "parse", name, "s.jsonl")


@_scene("see `smithers doctor`")
def no_program_to_compare(shell: Shell) -> tuple[Said, Said]:
    failed = shell.bare("harness", "drift", env={"PATH": "/nonexistent"})
    return failed, shell.follow(failed)


@_scene("name a file that is there")
def stream_that_is_gone(shell: Shell) -> tuple[Said, Said]:
    (shell.folder / "s.jsonl").write_text("")
    failed = shell.bare("harness", "parse", "claude-code", "nothing.jsonl")
    return failed, shell.bare("harness", "parse", "claude-code", "s.jsonl")


@_scene("write a JSON Schema there")
def schema_that_is_none(shell: Shell) -> tuple[Said, Said]:
    (shell.folder / "s.jsonl").write_text("")
    words = ["harness", "parse", "claude-code", "s.jsonl", "--schema", "schema.json"]
    (shell.folder / "schema.json").write_text("null")
    failed = shell.bare(*words)
    (shell.folder / "schema.json").write_text('{"type": "object"}')
    return failed, shell.bare(*words)


@_scene("name one that exists")
def root_that_is_not_there(shell: Shell) -> tuple[Said, Said]:
    failed = shell.bare("mcp", "--root", "nothing")
    return failed, shell.bare("mcp", "--root", ".")  # stdin is empty, so it ends at once


@_scene(
    "as in a container: run `smithers supervise` by what starts your other processes; `smithers"
    " service install --dry-run` shows a file to adapt"
)
def no_manager_of_services(shell: Shell) -> tuple[Said, Said]:
    env = {"PATH": "/nonexistent", "HOME": str(shell.folder)}
    failed = shell("service", "install", env=env)
    assert shell.typed(failed)[0].startswith("smithers supervise --db ")
    return failed, shell.follow(failed)


@_scene("follow the task with `smithers logs … … -f`")
def attach_without_a_terminal(shell: Shell) -> tuple[Said, Said]:
    shell.up("echoes")
    failed = shell("attach", "r1", "say")
    return failed, shell.follow(failed)


# -- which run


@_scene("list the runs with `smithers ps`")
def unknown_run(shell: Shell) -> tuple[Said, Said]:
    shell.up("works")
    for command in (["why"], ["inspect"], ["cancel"], ["approve"], ["resume", "--detach"]):
        said = shell(command[0], "r9", *command[1:])
        assert f"`smithers ps --db {shlex.quote(DATABASE)}`" in said.err, said
    failed = shell("resume", "r9")
    helped = shell.follow(failed)
    assert "r1" in helped.out
    return failed, helped


@_scene("start a run with `smithers up FILE`, or name another database with --db PATH")
def no_database(shell: Shell) -> tuple[Said, Said]:
    shell.write("@workflow\ndef f(ctx): return Step('a', lambda: 1)\n")
    for command in ("resume", "approve"):
        assert "hint: start a run with `smithers up FILE --db " in shell(command, "r1").err
    failed = shell("why", "r1")
    return failed, shell.follow(failed, FILE="flow.py")


@_scene("name the database in it")
def database_that_is_a_folder(shell: Shell) -> tuple[Said, Said]:
    (shell.folder / "d").mkdir()
    failed = shell.bare("ps", "--db", "d")
    return failed, shell.bare("ps", "--db", "d/runs.db")


@_scene("resume it with `smithers resume …`, or …")
def run_that_exists(shell: Shell) -> tuple[Said, Said]:
    shell.up("works")
    failed = shell.up("works")
    assert shell.up("works", "r2").code == 0  # "choose another --run-id"
    return failed, shell.follow(failed)


@_scene("choose another --run-id")
def cancelled_run_that_exists(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks")
    shell("cancel", "r1")
    failed = shell.up("works")
    assert "smithers resume" not in failed.err
    return failed, shell.up("works", "r2")


@_scene("start a new run with `smithers up FILE`")
def resume_of_a_cancelled_run(shell: Shell) -> tuple[Said, Said]:
    shell.write("@workflow\ndef f(ctx): return Approval('a', ask='?')\n")
    shell("up", "flow.py", "--run-id", "r1")
    shell("cancel", "r1")
    failed = shell("resume", "r1")
    return failed, shell.follow(failed, FILE="flow.py")


@_scene(
    "put it back, or name the file that has the workflow now:"
    " `smithers up FILE --run-id … --resume`"
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


@_scene(
    "name a file that has the workflow …, or leave out --resume and start … with another --run-id"
)
def run_of_another_workflow(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks")
    failed = shell("up", f"{FLOWS}:works", "--run-id", "r1", "--resume")
    assert shell("up", f"{FLOWS}:asks", "--run-id", "r1", "--resume").code == 3
    return failed, shell.up("works", "r2")


@_scene("leave out --input to use the stored input, or start a new run")
def resume_with_another_input(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks_about")
    words = ["up", f"{FLOWS}:asks_about", "--run-id", "r1", "--resume"]
    return shell(*words, "--input", '{"topic": "eels"}'), shell(*words)


@_scene(
    "a run keeps the input that it was started with: change the model so that it fits,"
    " or start a new run"
)
def stored_input_that_fits_no_more(shell: Shell) -> tuple[Said, Said]:
    flow = "@workflow(input=Brief)\ndef f(ctx): return Approval('a', ask='?')\n"
    shell.write(flow)
    shell("up", "flow.py", "--run-id", "r1", "--input", '{"topic": "eels"}')
    shell.write("class Brief(BaseModel):\n    topic: int\n\n\n" + flow)
    failed = shell("resume", "r1")
    shell.write(flow)
    return failed, shell("resume", "r1")


@_scene("wait until it is done, or end process … and try again")
def run_that_is_owned(shell: Shell) -> tuple[Said, Said]:
    with held_open(shell.folder, "hangs", "hangs") as child:
        failed = shell.bare("resume", "r1")
        child.terminate()  # as `kill` does
        ended(child)
    shell.bare("cancel", "r1")
    return failed, shell.bare("why", "r1")


# -- decisions


@_scene("the first decision stands")
def decided_twice(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks")
    shell("approve", "r1")
    failed = shell("deny", "r1")
    return failed, shell("resume", "r1")


@_scene("name one of them after the run: …")
def several_approvals(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks_twice")
    failed = shell("approve", "r1")
    name = failed.err.split("name one of them after the run: ")[1].split(",")[0]
    return failed, shell("approve", "r1", *shlex.split(name))


@_scene("name one that waits: …")
def approval_that_does_not_wait(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks_in_rounds")
    failed = shell("approve", "r1", "ready[7]")
    name = failed.err.split("name one that waits: ")[1].strip()
    assert name == "'ready[0]'"  # quoted for the shell
    return failed, shell("approve", "r1", *shlex.split(name))


@_scene("`smithers why …` says what the run waits for")
def nothing_to_decide(shell: Shell) -> tuple[Said, Said]:
    shell.up("works")
    failed = shell("approve", "r1")
    return failed, shell.follow(failed)


@_scene("these may: …; name one with --by")
def person_who_may_not_decide(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks_ann")
    failed = shell("approve", "r1", "--by", "bob")
    name = failed.err.split("these may: ")[1].split(";")[0]
    return failed, shell("approve", "r1", "--by", name)


@_scene("continue the run with `smithers resume …`")
def answer_that_comes_too_late(shell: Shell) -> tuple[Said, Said]:
    shell.write(
        "SECONDS = 1\n\n\n@workflow\ndef f(ctx):\n"
        "    return Sequence(Approval('a', ask='?', timeout_s=SECONDS, on_timeout='fail'))\n"
    )
    shell("up", "flow.py", "--run-id", "r1", "--linger", "0")
    eventually(lambda: "is up" in shell("why", "r1").out)
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


@_scene("a person's denial is final: resuming the run does not help, start a new one")
def denied_for_good(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks")
    shell("deny", "r1")
    failed = shell("resume", "r1")
    assert failed.code == 1
    for command in ("resume", "why"):
        assert "smithers resume" not in shell(command, "r1").err + shell(command, "r1").out
    return failed, shell.up("asks", "r2")


# -- budgets


@_scene("say how much: --add-usd 5, --add-calls 10")
def no_amount(shell: Shell) -> tuple[Said, Said]:
    shell.up("capped")
    return shell("budget", "r1"), shell("budget", "r1", "--add-calls", "10")


@_scene("as in --add-usd 2.50")
def amount_in_words(shell: Shell) -> tuple[Said, Said]:
    shell.up("capped")
    failed = shell("budget", "r1", "--add-usd", "much")
    return failed, shell("budget", "r1", "--add-usd", "2.50")


@_scene("it caps …: use …")
def measure_that_is_not_capped(shell: Shell) -> tuple[Said, Said]:
    shell.up("capped")
    failed = shell("budget", "r1", "--add-tokens", "5")
    option = failed.err.split(": use ")[1].split()[-1]
    return failed, shell("budget", "r1", option, "5")


@_scene("name one of: …")
def budget_of_no_node(shell: Shell) -> tuple[Said, Said]:
    shell.up("capped_in_rounds")
    failed = shell("budget", "r1", "nowhere", "--add-calls", "5")
    (name,) = shlex.split(failed.err.split("name one of: ")[1])
    return failed, shell("budget", "r1", name, "--add-calls", "5")


@_scene("write one in the workflow, such as budget=Budget(usd=5), and resume the run")
def run_without_a_budget(shell: Shell) -> tuple[Said, Said]:
    shell.write("@workflow\ndef f(ctx): return Approval('a', ask='?')\n")
    shell("up", "flow.py", "--run-id", "r1")
    failed = shell("budget", "r1", "--add-usd", "5")
    shell.write("@workflow(budget=Budget(usd=5))\ndef f(ctx): return Approval('a', ask='?')\n")
    assert shell("resume", "r1").code == 3
    return failed, shell("budget", "r1", "--add-usd", "5")


@_scene("raise it: `smithers why …` has the command")
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


# -- runs that failed, or wait


@_scene("its time counts from its start: raise deadline_s of the workflow, then resume it")
def run_that_is_over_its_deadline(shell: Shell) -> tuple[Said, Said]:
    flow = "@workflow(deadline_s={})\ndef f(ctx): return Sequence(Approval('a', ask='?'))\n"
    shell.write(flow.format(0.5))
    failed = shell("up", "flow.py", "--run-id", "r1")
    assert (failed.code, "next:" in failed.err) == (1, False)
    shell.write(flow.format(6000))
    return failed, shell.follow(failed)


@_scene("install it or sign in, then resume the run")
def agent_that_is_not_installed(shell: Shell) -> tuple[Said, Said]:
    flow = "@workflow\ndef f(ctx): return Task('a', agent={}, prompt='p')\n"
    shell.write(flow.format("ClaudeCode(program='no-such-program')"))
    failed = shell("up", "flow.py", "--run-id", "r1", "--linger", "0")
    assert (failed.code, "next:" in failed.err) == (3, False)
    shell.write(flow.format("echo"))
    return failed, shell.follow(failed)


@_scene("correct the workflow, then resume the run")
def error_of_the_author_without_a_hint(shell: Shell) -> tuple[Said, Said]:
    flow = (
        "@workflow\ndef f(ctx):\n    a = Step('a', lambda: {}, output=object)\n"
        "    each = lambda n: Step(n, lambda: n)\n"
        "    return Sequence(a, ForEach(lambda: ctx[a], key=str, each=each, id='all'))\n"
    )
    shell.write(flow.format("'text'"))
    failed = shell("up", "flow.py", "--run-id", "r1")
    assert (failed.code, "next:" in failed.err) == (1, False)
    shell.write(flow.format("['text']").replace("ctx[a]", "['text']"))
    return failed, shell.follow(failed)


# -- looking


@_scene('as in `smithers sql "SELECT 1"`')
def query_that_asks_for_nothing(shell: Shell) -> tuple[Said, Said]:
    shell.up("works")
    failed = shell("sql", "/* nothing */")
    return failed, shell.follow(failed)


@_scene(
    "one statement that reads; the tables are listed by"
    ' `smithers sql "SELECT name FROM sqlite_schema"`'
)
def query_that_writes(shell: Shell) -> tuple[Said, Said]:
    shell.up("works")
    failed = shell("sql", "DELETE FROM runs")
    return failed, shell.follow(failed)


@_scene("a cursor is FRAME.N, as in 3.1: `smithers events RUN --json` gives them")
def cursor_that_is_none(shell: Shell) -> tuple[Said, Said]:
    shell.up("works")
    failed = shell("events", "r1", "--after", "x")
    cursor = json.loads(shell.follow(failed, RUN="r1").out.splitlines()[0])["cursor"]
    return failed, shell("events", "r1", "--after", cursor)


@_scene("it is of another run; without --after the events are told from the first")
def cursor_of_another_run(shell: Shell) -> tuple[Said, Said]:
    shell.up("works")
    return shell("events", "r1", "--after", "99.0"), shell("events", "r1")


@_scene("the tasks that had attempts are: …")
def logs_of_no_task(shell: Shell) -> tuple[Said, Said]:
    shell.up("echoes")
    failed = shell("logs", "r1", "nothing")
    name = failed.err.split("the tasks that had attempts are: ")[1].strip()
    return failed, shell("logs", "r1", name)


# -- messages


@_scene("as in `…`")
def empty_message(shell: Shell) -> tuple[Said, Said]:
    with held_open(shell.folder, "listens", "plan") as child:
        failed = shell.bare("steer", "r1", "plan", " ")
        helped = shell.follow(failed)
        child.kill()
    return failed, helped


@_scene("at work are: …")
def message_to_no_task(shell: Shell) -> tuple[Said, Said]:
    with held_open(shell.folder, "listens", "plan") as child:
        failed = shell.bare("steer", "r1", "nobody", "Hurry")
        name = failed.err.split("at work are: ")[1].strip()
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


@_scene("read what it asks now with `smithers why …`, then decide")
def question_that_has_changed(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks")
    seen = replace(Hub(shell.folder / DATABASE, environment={}).asks("r1", None), digest="other")
    failed = _refused(
        shell, lambda hub: hub.decide("r1", None, approved=True, by="ann", note=None, asked=seen)
    )
    assert "Ship a draft?" in shell.follow(failed).out
    return failed, shell("approve", "r1")


@_scene("`smithers why …` says what can be done")
def attach_to_a_failed_run(shell: Shell) -> tuple[Said, Said]:
    shell.up("fails")

    def attach(hub: Hub) -> None:
        with hub.attach("r1", "breaks", by="ann"):
            pass

    failed = _refused(shell, attach)
    helped = shell.follow(failed)
    assert "smithers resume r1 --db" in helped.out
    return failed, helped


@_scene("put it back, or use another: `smithers resume …`")
def interpreter_that_cannot_be_started(shell: Shell) -> tuple[Said, Said]:
    shell.up("asks")
    shell("approve", "r1")
    broken = shell.folder / "python"
    broken.write_text("")
    with closing(sqlite3.connect(shell.folder / DATABASE)) as db, db:
        db.execute("UPDATE runs SET interpreter = ?", (str(broken),))
    failed = shell("resume", "r1", "--detach")
    return failed, shell.follow(failed)


@_scene(
    "end the other processes that use this database, look at it with `smithers doctor`,"
    " then resume the run"
)
def wal_that_was_deleted(shell: Shell) -> tuple[Said, Said]:
    with held_open(shell.folder, "holds_a_program", "held") as child:
        (shell.folder / ".smithers" / "smithers.db-wal").unlink()
        failed = ended(child)
    assert "`smithers doctor`" in failed.err
    return failed, shell.bare("doctor")
