"""Workflows that do not work, as somebody writes them who knows other tools or this one by halves.

§ marks the place that the check must name; `said` and `hint` are parts of its message and its fix.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["BROKEN", "FLOW", "HEAD", "SMALL", "Broken", "at_import", "in_flow"]

HEAD = """\
import asyncio
import random
import subprocess
import time
from datetime import datetime

from pydantic import BaseModel
from harnesses import Echo
from smithers import Approval, Branch, Context, ForEach, Loop, Node, NoInput, Parallel, Run
from smithers import Sequence, Step, Task, workflow

echo = Echo()


class Plan(BaseModel):
    steps: list[str] = []
    done: bool = False


"""
FLOW = "@workflow\ndef flow(ctx: Context[NoInput]) -> Node:\n"
SMALL = '\n@workflow\ndef flow(ctx):\n    return Step("a", lambda: 1)\n'


@dataclass(frozen=True)
class Broken:
    """A file that the check must refuse; `files` are others beside it."""

    name: str
    source: str
    said: str
    hint: str
    fix: tuple[str, str]
    """A replacement by which the check passes."""
    acts: bool = False
    """Whether it does something while it is imported, so that only the check may import it."""
    files: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def texts(self) -> dict[str, str]:
        """The files without the mark."""
        return {
            name: text.replace("§", "")
            for name, text in {"flow.py": self.source, **self.files}.items()
        }

    @property
    def fixed(self) -> str:
        """The file as its hint says."""
        old, new = self.fix
        assert self.texts["flow.py"].count(old) == 1, f"{old!r} is not once in the source"
        return self.texts["flow.py"].replace(old, new)

    @property
    def place(self) -> tuple[str, int, int]:
        """The file, the line and the column of the mark."""
        before = self.source[: self.source.index("§")]
        return "flow.py", before.count("\n") + 1, len(before) - before.rfind("\n")


def in_flow(name: str, body: str, *, said: str, hint: str, fix: tuple[str, str]) -> Broken:
    """A mistake in the body of a workflow function."""
    indented = "".join(f"    {line}".rstrip() + "\n" for line in body.splitlines())
    return Broken(name, HEAD + FLOW + indented, said, hint, fix)


def at_import(name: str, line: str, *, said: str, hint: str, fix: tuple[str, str]) -> Broken:
    """A line at the top of the file that does what an import must not do."""
    return Broken(name, HEAD + line + "\n" + SMALL, said, hint, fix, acts=True)


BROKEN = [
    # -- names of other tools
    Broken(
        "prefect's decorators",
        "§from prefect import flow, task\n\n\n@task\ndef add(): ...\n\n\n@flow\ndef all(): add()\n",
        said="there is no module 'prefect'",
        hint="a workflow needs no prefect: from smithers import workflow",
        fix=(
            (
                "from prefect import flow, task\n\n\n"
                "@task\n"
                "def add(): ...\n\n\n"
                "@flow\n"
                "def all(): add()\n"
            ),
            (
                "from smithers import Step, workflow\n\n\n"
                "def add(): ...\n\n\n"
                "@workflow\n"
                "def all(ctx):\n"
                '    return Step("add", add)\n'
            ),
        ),
    ),
    Broken(
        "langgraph's graph",
        "§from langgraph.graph import END, StateGraph\n\ngraph = StateGraph(dict)\n",
        said="there is no module 'langgraph'",
        hint="a workflow needs no langgraph",
        fix=(
            "from langgraph.graph import END, StateGraph\n\ngraph = StateGraph(dict)\n",
            (
                "from smithers import Step, workflow\n\n\n"
                "@workflow\n"
                "def graph(ctx):\n"
                '    return Step("a", lambda: 1)\n'
            ),
        ),
    ),
    Broken(
        "a graph from smithers",
        "§from smithers import StateGraph\n\ngraph = StateGraph(dict)\ngraph.add_node(print)\n",
        said="smithers has no 'StateGraph'",
        hint="return Sequence(first, second) from a function with @workflow",
        fix=(
            "from smithers import StateGraph\n\ngraph = StateGraph(dict)\ngraph.add_node(print)\n",
            (
                "from smithers import Sequence, Step, workflow\n\n\n"
                "@workflow\n"
                "def graph(ctx):\n"
                '    return Sequence(Step("a", print))\n'
            ),
        ),
    ),
    Broken(
        "flow and task from smithers",
        "§from smithers import flow, task\n\n\n@flow\ndef all(): ...\n",
        said="smithers has no 'flow'",
        hint="put @workflow on one function",
        fix=(
            "from smithers import flow, task\n\n\n@flow\ndef all(): ...\n",
            (
                "from smithers import Step, workflow\n\n\n"
                "@workflow\n"
                "def all(ctx):\n"
                '    return Step("a", lambda: 1)\n'
            ),
        ),
    ),
    Broken(
        "a decorator that was not imported",
        HEAD + "@§task\ndef fetch() -> str:\n    return 'x'\n" + SMALL,
        said="name 'task' is not defined",
        hint="write Step(id, function)",
        fix=("@task\n", ""),
    ),
    Broken(
        "temporal's decorator",
        "from smithers import Step, workflow\n\n\n@§workflow.defn\nclass Flow:\n    pass\n",
        said="has no attribute 'defn'",
        hint="put @workflow on one function",
        fix=(
            "@workflow.defn\nclass Flow:\n    pass\n",
            '@workflow\ndef flow(ctx):\n    return Step("a", lambda: 1)\n',
        ),
    ),
    Broken(
        "add_node on a sequence",
        HEAD
        + FLOW
        + "    tree = Sequence()\n    §tree.add_node(Step('a', lambda: 1))\n    return tree\n",
        said="no attribute 'add_node'",
        hint="the order is in the tree",
        fix=(
            "    tree = Sequence()\n    tree.add_node(Step('a', lambda: 1))\n    return tree\n",
            "    return Sequence(Step('a', lambda: 1))\n",
        ),
    ),
    # -- callables
    in_flow(
        "a test that is a comparison",
        """\
plan = Task("plan", agent=echo, prompt="p", output=Plan)
return Sequence(plan, Branch(§ctx[plan].done, Step("a", lambda: 1)))
""",
        said="the test of this Branch reads an output before it is there",
        hint="write test=lambda: ctx[plan].done",
        fix=("ctx[plan].done", "lambda: ctx[plan].done"),
    ),
    Broken(
        "a step that is called at once",
        HEAD + "def work() -> int:\n    return 1\n\n\n" + FLOW + '    return Step("a", §work())\n',
        said="the run of this Step must be callable, not a value: work()",
        hint="write run=lambda: work()",
        fix=('"a", work()', '"a", lambda: work()'),
    ),
    Broken(
        "a step that is called at once, in an item",
        HEAD
        + "def work(item: str) -> int:\n    return len(item)\n\n\n"
        + FLOW
        + """\
    names = Step("names", lambda: ["a", "b"])
    each = ForEach(lambda: ctx[names], key=str, each=lambda n: Step(f"do {n}", §work(n)), id="all")
    return Sequence(names, each)
""",
        said="the run of this Step must be callable, not a value: work(n)",
        hint="write run=lambda: work(n)",
        fix=(", work(n)", ", lambda: work(n)"),
    ),
    in_flow(
        "a prompt that reads at once",
        """\
plan = Task("plan", agent=echo, prompt="p")
return Sequence(plan, Task("do", agent=echo, prompt=§f"Do {ctx[plan]}"))
""",
        said="the prompt of this Task reads an output before it is there",
        hint="write prompt=lambda: f'Do {ctx[plan]}'",
        fix=("prompt=f", "prompt=lambda: f"),
    ),
    in_flow(
        "an until that is a value",
        """\
plan = Task("plan", agent=echo, prompt="p", output=Plan)
return Loop(plan, until=§not plan, max_iterations=3)
""",
        said="the until of this Loop must be callable, not a value: not plan",
        hint="write until=lambda: not plan",
        fix=("not plan", "lambda: not ctx[plan].steps"),
    ),
    in_flow(
        "a handle in a text",
        """\
plan = Task("plan", agent=echo, prompt="p")
return Sequence(plan, Task("do", agent=echo, prompt=lambda: f"Do {§plan}"))
""",
        said="Task 'plan' is used as text, but it is a handle, not its output",
        hint='prompt=lambda: f"... {ctx[plan]}"',
        fix=("{plan}", "{ctx[plan]}"),
    ),
    in_flow(
        "a misspelt field in a prompt",
        """\
return Task("do", agent=echo, prompt=lambda: f"Do {§ctx.input.topic}")
""",
        said="NoInput has no field 'topic'",
        hint="declare an input",
        fix=("{ctx.input.topic}", "{ctx.input}"),
    ),
    # -- what is not the same each time
    in_flow(
        "a clock in a prompt",
        """\
return Task("do", agent=echo, prompt=lambda: f"Today is {§datetime.now()}")
""",
        said="the prompt of this Task calls datetime.datetime.now",
        hint="do it in a Step, and read its output",
        fix=(
            'return Task("do", agent=echo, prompt=lambda: f"Today is {datetime.now()}")',
            (
                'now = Step("now", lambda: str(datetime.now()))\n'
                '    return Sequence(now, Task("do", agent=echo, prompt=lambda: '
                'f"Today is {ctx[now]}"))'
            ),
        ),
    ),
    in_flow(
        "chance in a test",
        """\
return Branch(lambda: §random.random() < 0.5, Step("a", lambda: 1))
""",
        said="the test of this Branch calls random.random",
        hint="do it in a Step",
        fix=(
            'return Branch(lambda: random.random() < 0.5, Step("a", lambda: 1))',
            (
                'coin = Step("coin", lambda: random.random())\n'
                '    return Sequence(coin, Branch(lambda: ctx[coin] < 0.5, Step("a", '
                "lambda: 1)))"
            ),
        ),
    ),
    in_flow(
        "an id from the clock",
        """\
return Step(f"a {§time.time()}", lambda: 1)
""",
        said="the workflow function flow calls time.time",
        hint="do it in a Step",
        fix=('f"a {time.time()}", lambda: 1', '"a", lambda: time.time()'),
    ),
    Broken(
        "a clock in a flow",
        HEAD + "@workflow\nasync def flow(run: Run[NoInput]) -> float:\n    return §time.time()\n",
        said="the flow flow calls time.time",
        hint="write run.now()",
        fix=("return time.time()", "return run.now().timestamp()"),
    ),
    # -- what blocks
    Broken(
        "a sleep in an async step",
        HEAD
        + "async def slow() -> int:\n    §time.sleep(60)\n    return 1\n\n\n"
        + FLOW
        + '    return Step("a", slow)\n',
        said="time.sleep blocks in async slow",
        hint="write await asyncio.sleep(...)",
        fix=("time.sleep(60)", "await asyncio.sleep(60)"),
    ),
    Broken(
        "a program in an async step",
        HEAD
        + "async def slow() -> int:\n    §subprocess.run(['make'])\n    return 1\n\n\n"
        + FLOW
        + '    return Step("a", slow)\n',
        said="subprocess.run blocks in async slow",
        hint="await attempt.arun(...)",
        fix=("async def slow", "def slow"),
    ),
    # -- the tree
    in_flow(
        "a circle of reads",
        """\
second: Task[str]
first = §Task("first", agent=echo, prompt=lambda: f"Do {ctx[second]}")
second = Task("second", agent=echo, prompt="p")
return Sequence(first, second)
""",
        said="these nodes wait for each other in a circle",
        hint="change the order",
        fix=("Sequence(first, second)", "Sequence(second, first)"),
    ),
    in_flow(
        "two tasks that read each other",
        """\
right: Task[str]
left = §Task("left", agent=echo, prompt=lambda: f"Do {ctx[right]}")
right = Task("right", agent=echo, prompt=lambda: f"Do {ctx[left]}")
return Parallel(left, right)
""",
        said="'left' at FOLDER/flow.py:23:12 reads 'right' in its prompt",
        hint="change the order",
        fix=('f"Do {ctx[right]}"', '"Do it"'),
    ),
    in_flow(
        "a task in no tree",
        """\
plan = §Task("plan", agent=echo, prompt="p")
return Step("a", lambda: 1)
""",
        said="Task 'plan' is in no tree, so it never runs",
        hint="put it in the tree",
        fix=('return Step("a", lambda: 1)', 'return Sequence(plan, Step("a", lambda: 1))'),
    ),
    in_flow(
        "a task that is read and in no tree",
        """\
plan = Task("plan", agent=echo, prompt="p")
return Task("do", agent=echo, prompt=lambda: f"Do {§ctx[plan]}")
""",
        said="do reads 'plan', written at FOLDER/flow.py:22:12, which is not part of the",
        hint="add it to the tree that the workflow returns",
        fix=(
            'return Task("do", agent=echo, prompt=lambda: f"Do {ctx[plan]}")',
            'return Sequence(plan, Task("do", agent=echo, prompt=lambda: f"Do {ctx[plan]}"))',
        ),
    ),
    in_flow(
        "an id twice",
        """\
return Sequence(Step("a", lambda: 1), §Step("a", lambda: 2))
""",
        said="the id 'a' is used twice",
        hint="give each node its own id",
        fix=('Step("a", lambda: 2)', 'Step("b", lambda: 2)'),
    ),
    in_flow(
        "a wrong type",
        """\
return §Task("plan", agent=echo, prompt=["write", "it"])
""",
        said="the prompt of task 'plan' must be a string or a callable, not a list",
        hint="pass the prompt as a string",
        fix=('["write", "it"]', '"write it"'),
    ),
    # -- what happens while the file is imported
    Broken(
        "files that import each other",
        HEAD + "§from helper import say\n" + SMALL,
        said="helper is imported while it is being imported itself",
        hint="move what both files need into a third one",
        fix=("from helper import say", "from other import value"),
        files={"helper.py": "from flow import flow\n\n\ndef say(): ...\n"},
    ),
    at_import(
        "an endless loop",
        "count = 0\n§while True: count += 1",
        said="importing flow.py did not come to its end in 4 s of CPU time",
        hint="move slow code into a Step",
        fix=("while True: count += 1", "for _ in range(3): count += 1"),
    ),
    at_import(
        "an endless loop that no exception ends",
        "while True:\n    try:\n        §sum(range(10**12))\n    except BaseException: ...",
        said="importing flow.py did not come to its end",
        hint="move slow code into a Step",
        fix=(
            "while True:\n    try:\n        sum(range(10**12))\n    except BaseException: ...",
            "total = sum(range(10))",
        ),
    ),
    at_import(
        "memory without an end",
        "kept = §[0] * 10**12",
        said="MemoryError",
        hint="",
        fix=("10**12", "10"),
    ),
    at_import(
        "a fork",
        "import os\n\nif §os.fork() == 0:\n    open('FORKED', 'w').close()",
        said="os.fork was refused",
        hint="move it into a Step",
        fix=("import os\n\nif os.fork() == 0:\n    open('FORKED', 'w').close()\n", ""),
    ),
    at_import(
        "a program",
        "§subprocess.run(['touch', 'RAN'])",
        said="subprocess.Popen ('touch') was refused",
        hint="move it into a Step or a Command",
        fix=("subprocess.run(['touch', 'RAN'])", ""),
    ),
    at_import(
        "a process of multiprocessing",
        "import multiprocessing\n\n"
        "§multiprocessing.get_context('spawn').Process(target=print).start()",
        said="another process was refused",
        hint="move it into a Step",
        fix=("multiprocessing.get_context('spawn').Process(target=print).start()", ""),
    ),
    at_import(
        "a sleep",
        "§time.sleep(10**6)",
        said="time.sleep(1000000) was refused",
        hint="move it into a Step",
        fix=("time.sleep(10**6)", ""),
    ),
    at_import(
        "a program in the place of this one",
        "import os\n\n§os.execv('/bin/sh', ['sh', '-c', 'touch RAN'])",
        said="os.exec ('/bin/sh') was refused",
        hint="move it into a Step or a Command",
        fix=("import os\n\nos.execv('/bin/sh', ['sh', '-c', 'touch RAN'])", ""),
    ),
    at_import(
        "the network",
        "import urllib.request\n\nprices = §urllib.request.urlopen('http://127.0.0.1:9/').read()",
        said="was refused",
        hint="move it into a Step",
        fix=(
            (
                "import urllib.request\n\n"
                "prices = urllib.request.urlopen('http://127.0.0.1:9/').read()"
            ),
            "",
        ),
    ),
    at_import(
        "a write",
        "from pathlib import Path\n\n§Path('WRITTEN').write_text('x')",
        said="a write to 'WRITTEN' was refused",
        hint="move it into a Step",
        fix=("Path('WRITTEN').write_text('x')", ""),
    ),
    at_import(
        "a removal",
        "import os\n\n§os.remove('keep.txt')",
        said="os.remove of 'keep.txt' was refused",
        hint="move it into a Step",
        fix=("import os\n\nos.remove('keep.txt')", ""),
    ),
    at_import(
        "code of another file",
        "§exec(open('other.py').read())",
        said="exec runs code that is not in the digest of the workflow",
        hint="put the code in a module beside this file",
        fix=("exec(open('other.py').read())", "import other"),
    ),
    at_import(
        "the end of the process",
        "import os\n\n§os._exit(0)",
        said="os._exit(0) was refused",
        hint="return a tree",
        fix=("import os\n\nos._exit(0)", ""),
    ),
]
