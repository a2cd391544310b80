"""What the syntax of a file tells, and what it must not be taken for."""

from __future__ import annotations

from pathlib import Path

import pytest

from smithers.checks._lint import lint_file
from tests.checks.table import FLOW, HEAD

OTHER = HEAD.replace("import random\n", "import random\nfrom functools import partial\n")
RIGHT = {
    "randomness with a seed": "n = random.Random(7).random()\nreturn Step(f'a {n}', lambda: 1)",
    "a clock in a step": "return Step('a', lambda: time.time())",
    "a clock in a function": "def now():\n    return time.time()\n\nreturn Step('a', now)",
    "a function that makes the callable": "return Step('a', made(1))",
    "a partial": "return Step('a', partial(print, 1))",
    "items that are known": "return ForEach(['a'], key=str, each=lambda n: Step(n, lambda: 1))",
    "a prompt that a function makes": "return Task('a', agent=echo, prompt=str(1))",
    "nodes in a list": "return Sequence(*[Step(f'{n}', lambda: n) for n in range(3)])",
    "a node for later": (
        "plan = Task('plan', agent=echo, prompt='p', output=Plan)\n"
        "more = Step('more', lambda: 1)\n"
        "return Sequence(plan, *([more] if ctx.get(plan) else []))"
    ),
    "a loop over an output": (
        "plan = Task('plan', agent=echo, prompt='p', output=Plan)\n"
        "found = ctx.get(plan)\n"
        "steps = [Step(one, lambda: 1) for one in (found.steps if found else [])]\n"
        "return Sequence(plan, *steps)"
    ),
}
WARNED = {
    "growth": (
        "steps = [Step('0', lambda: 1)]\n"
        "while ctx.get(steps[-1]):\n"
        "    steps.append(Step(str(len(steps)), lambda: 1))\n"
        "return Sequence(*steps)"
    ),
    "unreachable": "return Branch(lambda: True, Step('a', lambda: 1), Step('b', lambda: 2))",
}
MAKES = "def made(number):\n    return lambda: number\n\n\n"


def _in_flow(body: str) -> bytes:
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    return (OTHER + MAKES + FLOW + indented).encode()


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_no_mistake(name: str) -> None:
    assert list(lint_file(Path("flow.py"), _in_flow(RIGHT[name]))) == []


@pytest.mark.parametrize("rule", WARNED)
def test_what_costs_and_works_is_a_warning(rule: str) -> None:
    (found,) = lint_file(Path("flow.py"), _in_flow(WARNED[rule]))
    assert (found.rule, found.level) == (rule, "warning")


def test_files_in_an_async_function_are_a_warning() -> None:
    text = "async def read():\n    with open('large') as file:\n        return file.read()\n"
    (found,) = lint_file(Path("flow.py"), text.encode())
    assert (found.rule, found.level, found.place and found.place.line) == ("blocking", "warning", 2)


def test_a_decorator_of_an_installed_tool_is_a_mistake() -> None:
    text = "from prefect import task as job\n\n\n@job(retries=2)\ndef a(): ...\n"
    (found,) = lint_file(Path("flow.py"), text.encode())
    assert (found.rule, found.place and found.place.line) == ("other-tool", 4)
    assert found.hint.startswith("write Step(id, function)")
