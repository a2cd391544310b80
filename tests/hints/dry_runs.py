"""Hints of dry runs, and of the agent whose answers are written."""

from __future__ import annotations

from tests.cli.command import Said
from tests.dry.test_dry_run import FLOWS
from tests.hints.registry import scene
from tests.hints.shell import Shell


def _dry(shell: Shell, flow: str, *more: str) -> Said:
    return shell("up", f"{FLOWS}:{flow}", "--dry-run", *more)


def _answers(shell: Shell, body: str) -> None:
    text = "from harnesses import Echo, Scripted\nfrom tests.dry.flows import Odd\n"
    (shell.folder / "answers.py").write_text(text + body)


@scene("for example --script answers.py:agent, with agent = Scripted({...}) in it")
def script_without_a_variable(shell: Shell) -> tuple[Said, Said]:
    _answers(shell, "agent = Scripted({'say': 'hello'})\n")
    failed = _dry(shell, "asks", "--script", "answers.py")
    return failed, _dry(shell, "asks", "--script", "answers.py:agent")


@scene("write … = Scripted({...}) in it, or name another variable")
def script_of_a_variable_that_is_not_there(shell: Shell) -> tuple[Said, Said]:
    _answers(shell, "")
    failed = _dry(shell, "asks", "--script", "answers.py:agent")
    _answers(shell, "agent = Scripted({})\n")
    return failed, _dry(shell, "asks", "--script", "answers.py:agent")


@scene("write … = Scripted({...}), imported from harnesses")
def script_that_is_not_an_agent(shell: Shell) -> tuple[Said, Said]:
    _answers(shell, "agent = {'say': 'hello'}\n")
    failed = _dry(shell, "asks", "--script", "answers.py:agent")
    _answers(shell, "agent = Scripted({'say': 'hello'})\n")
    return failed, _dry(shell, "asks", "--script", "answers.py:agent")


@scene("add --dry-run, or leave it out")
def run_steps_of_a_run(shell: Shell) -> tuple[Said, Said]:
    failed = shell("up", f"{FLOWS}:asks", "--run-steps")
    return failed, _dry(shell, "asks", "--run-steps")


@scene("bound its loops, or give answers that end them with --script FILE:NAME")
def a_loop_that_never_ends(shell: Shell) -> tuple[Said, Said]:
    failed = _dry(shell, "endless")
    return failed, _dry(shell, "endless", "--script", f"{FLOWS}:ends")


@scene(
    "if a made output is the reason, give a better one:"
    " `smithers up FILE --dry-run --script FILE:NAME`"
)
def a_made_output_that_breaks_a_flow(shell: Shell) -> tuple[Said, Said]:
    shell.write(
        "@workflow\ndef flow(ctx):\n"
        "    number = Task('number', agent=echo, prompt='A number.')\n"
        "    more = Task('more', agent=echo, prompt=lambda: f'{int(ctx[number]) + 1}')\n"
        "    return Sequence(number, more)\n"
    )
    _answers(shell, "agent = Scripted({'number': '4'}, made=True)\n")
    failed = shell("up", "flow.py", "--dry-run")
    return failed, shell("up", "flow.py", "--dry-run", "--script", "answers.py:agent")


@scene("… gave null: write output=, or annotate what its function returns")
def a_step_without_a_type_that_breaks_a_flow(shell: Shell) -> tuple[Said, Said]:
    body = (
        "@workflow\ndef flow(ctx):\n"
        "    found = Step('found', lambda: [1, 2])\n"
        "    return Sequence(found, Command('count', lambda: ['echo', str(len(ctx[found]))]))\n"
    )
    shell.write(body)
    failed = shell("up", "flow.py", "--dry-run")
    shell.write(body.replace("[1, 2])", "[1, 2], output=list[int])"))
    return failed, shell("up", "flow.py", "--dry-run")


@scene("give one with --script FILE:NAME, where NAME = Scripted({…: ...})")
def an_output_that_cannot_be_made(shell: Shell) -> tuple[Said, Said]:
    failed = _dry(shell, "odd")
    return failed, _dry(shell, "odd", "--script", f"{FLOWS}:right")


@scene("add …: ... to Scripted({...}), or give it made=True")
def a_task_that_is_not_scripted(shell: Shell) -> tuple[Said, Said]:
    flow = "\n\n@workflow\ndef flow(ctx):\n    return Task('say', agent=agent, prompt='Hi')\n"
    head = "from harnesses import Scripted\n"
    shell.write(f"def _(): ...\n{head}agent = Scripted({{'other': 'x'}}){flow}")
    failed = shell("up", "flow.py", "--run-id", "r1")
    failed = Said(code=failed.code, out=failed.out, err=failed.err + shell("why", "r1").out)
    shell.write(f"def _(): ...\n{head}agent = Scripted({{'say': 'x'}}){flow}")
    return failed, shell("up", "flow.py", "--run-id", "r1", "--resume")
