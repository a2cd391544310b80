"""Hints about an author's file: a workflow that has the error, and the same as its hint says."""

from __future__ import annotations

from pathlib import Path

from tests.cli.command import smithers

__all__ = ["FILES", "follow_in_file"]

_HEAD = """\
import time
from pydantic import BaseModel
from harnesses import ClaudeCode, Echo
from smithers import *
from smithers.agent import Answered, Capabilities

echo = Echo()
outside = None


class Plan(BaseModel):
    steps: list[str] = []


class Plain:
    pass


class Forgets(Echo):
    name = "forgets"
    can = Capabilities()


@workflow
def flow(ctx: Context[NoInput]) -> Node:
    a = Step("a", lambda: "text")
    b = Step("b", lambda: "other")
"""


def follow_in_file(folder: Path, hint: str, before: str, after: str) -> None:
    """Meet the error of a hint with one file, and not with the other."""
    file = folder / "flow.py"
    file.write_text(_file(before))
    failed = smithers(folder, "up", "flow.py", "--run-id", "r1", "--linger", "0")
    told = failed.err + smithers(folder, "inspect", "r1").out
    assert failed.code in (1, 2), failed
    assert all(part in told for part in hint.split("…")), f"{hint!r} is not in:\n{told}"
    file.write_text(_file(after))
    helped = smithers(folder, "up", "flow.py", "--run-id", "r2", "--linger", "0")
    assert helped.code in (0, 3), f"after {hint!r}:\n{helped.err}"


def _file(body: str) -> str:
    if body.startswith("@"):  # a whole workflow
        return _HEAD[: _HEAD.index("@workflow")] + body
    return _HEAD + "".join(f"    {line}\n" for line in body.splitlines())


FILES: dict[str, tuple[str, str]] = {
    # -- tasks, steps and approvals
    "write budget=Budget(usd=5)": (
        'return Task("t", agent=echo, prompt="p", budget=5)',
        'return Task("t", agent=echo, prompt="p", budget=Budget(usd=5, calls=9))',
    ),
    "for example Budget(usd=5, calls=100)": (
        "return Sequence(a, budget=Budget())",
        "return Sequence(a, budget=Budget(usd=5, calls=100))",
    ),
    "also cap calls or tokens: Budget(usd=..., calls=...) or Budget(usd=..., tokens=...)": (
        'return Task("t", agent=echo, prompt="p", budget=Budget(usd=5))',
        'return Task("t", agent=echo, prompt="p", budget=Budget(usd=5, calls=3))',
    ),
    "use 1 to 200 printable characters, taken from the data and not from a position": (
        'return Step("", lambda: 1)',
        'return Step("x", lambda: 1)',
    ),
    "pass one with agent=": (
        'return Task("t", agent=[], prompt="p")',
        'return Task("t", agent=echo, prompt="p")',
    ),
    "each agent of a list needs its own name: give each a different model=, or leave one"
    " out; to try one agent several times, use Retry": (
        'return Task("t", agent=[echo, Echo()], prompt="p")',
        'return Task("t", agent=[echo], prompt="p", retry=Retry(tries=2))',
    ),
    "use a name of 1 to … printable characters": (
        'echo = Echo()\necho.name = ""\nreturn Task("t", agent=echo, prompt="p")',
        'echo = Echo()\necho.name = "loud"\nreturn Task("t", agent=echo, prompt="p")',
    ),
    "pass …; to retry nothing, write tries=1": (
        'return Step("x", lambda: 1, retry=Retry(only=()))',
        'return Step("x", lambda: 1, retry=Retry(tries=1))',
    ),
    "name errors that may pass: …, or their types": (
        'return Task("t", agent=echo, prompt="p", retry=Retry(only=ValueError))',
        'return Task("t", agent=echo, prompt="p", retry=Retry(only="busy"))',
    ),
    "write effect=True": (
        'return Step("x", lambda: 1, effect=1)',
        'return Step("x", lambda: 1, effect=True)',
    ),
    "write retry=Retry(tries=3)": (
        'return Step("x", lambda: 1, retry=3)',
        'return Step("x", lambda: 1, retry=Retry(tries=3))',
    ),
    "pass a task of an agent, or its id, to …=": (
        'return Sequence(a, Task("t", agent=echo, prompt="p", continues=a))',
        't = Task("t", agent=echo, prompt="p")\n'
        'return Sequence(t, Task("u", agent=echo, prompt="p", continues=t))',
    ),
    "pass a task of an agent to …=": (
        'return Sequence(a, Task("t", agent=echo, prompt="p", continues="a"))',
        't = Task("t", agent=echo, prompt="p")\n'
        'return Sequence(t, Task("u", agent=echo, prompt="p", continues="t"))',
    ),
    "pass another task of an agent to …=": (
        'return Task("t", agent=echo, prompt="p", continues="t")',
        't = Task("t", agent=echo, prompt="p")\n'
        'return Sequence(t, Task("u", agent=echo, prompt="p", continues="t"))',
    ),
    "it may have at most one, which receives the Attempt; bind the rest with a lambda or"
    " functools.partial": (
        'return Step("x", lambda one, two: 1)',
        'return Step("x", lambda: (lambda one, two: 1)(1, 2))',
    ),
    "pass the prompt as a string, or a callable that returns one": (
        'return Task("t", agent=echo, prompt=5)',
        'return Task("t", agent=echo, prompt="5")',
    ),
    "use continues= to continue the session itself, or forks= to continue in a copy of it": (
        't = Task("t", agent=echo, prompt="p")\n'
        'return Sequence(t, Task("u", agent=echo, prompt="p", continues=t, forks=t))',
        't = Task("t", agent=echo, prompt="p")\n'
        'return Sequence(t, Task("u", agent=echo, prompt="p", continues=t))',
    ),
    "write lambda: ...": (
        "return Branch(True, a)",
        "return Branch(lambda: True, a)",
    ),
    "pass a function: Step(id, function)": (
        'return Step("x", 5)',
        'return Step("x", lambda: 5)',
    ),
    "pass the question as a string, or a callable that returns one": (
        'return Approval("ok", ask=5)',
        'return Approval("ok", ask="5?")',
    ),
    "pass tasks or their ids to needs=": (
        'return Parallel(a, Step("x", lambda: 1, needs=[5]))',
        'return Parallel(a, Step("x", lambda: 1, needs=[a]))',
    ),
    "use a pydantic model, a dataclass or plain JSON types": (
        'return Step("x", lambda: 1, output=Plain)',
        'return Step("x", lambda: Plan(), output=Plan)',
    ),
    # -- the tree
    "pass tasks and groups; unpack a list with *, and use None for no node": (
        "return Sequence([a, b])",
        "return Sequence(*[a, b], None)",
    ),
    "set result= to a task inside it": (
        'return Sequence(a, result="a")',
        "return Sequence(a, result=a)",
    ),
    "add it to the children, or name one of them": (
        "return Sequence(a, result=b)",
        "return Sequence(a, b, result=b)",
    ),
    "give it at least one node": (
        "return Loop(until=lambda: True, max_iterations=1)",
        "return Loop(a, until=lambda: True, max_iterations=1)",
    ),
    "write until=lambda: ...": (
        "return Loop(a, until=True, max_iterations=1)",
        "return Loop(a, until=lambda: True, max_iterations=1)",
    ),
    "pass a list, or a callable that returns one": (
        "return ForEach(5, key=str, each=lambda n: Step(n, lambda: n))",
        'return ForEach(["5"], key=str, each=lambda n: Step(n, lambda: n))',
    ),
    "the order of a set differs between processes: write sorted(...)": (
        'return ForEach({"5"}, key=str, each=lambda n: Step(n, lambda: n))',
        'return ForEach(sorted({"5"}), key=str, each=lambda n: Step(n, lambda: n))',
    ),
    "read its output with ctx[task] in a callable: items=lambda: ctx[task]": (
        "return Sequence(a, ForEach(a, key=str, each=lambda n: Step(n, lambda: n)))",
        "return Sequence(a, ForEach(lambda: [ctx[a]], key=str, each=lambda n: Step(n, lambda: n)))",
    ),
    "write …=lambda item: ...": (
        'return ForEach(["5"], key="x", each=lambda n: Step(n, lambda: n))',
        'return ForEach(["5"], key=lambda n: n, each=lambda n: Step(n, lambda: n))',
    ),
    "to allow an empty list, set allow_empty=True": (
        "return ForEach([], key=str, each=lambda n: Step(n, lambda: n))",
        "return ForEach([], key=str, each=lambda n: Step(n, lambda: n), allow_empty=True)",
    ),
    "return from key= a string that names one item, taken from the item's data": (
        "return ForEach([1, 1], key=str, each=lambda n: Step(str(n), lambda: n))",
        "return ForEach([1, 2], key=str, each=lambda n: Step(str(n), lambda: n))",
    ),
    "remove one of these dependencies, or change the order": (
        'return Sequence(Step("x", lambda: 1, needs=["b"]), b)',
        'return Sequence(b, Step("x", lambda: 1, needs=["b"]))',
    ),
    "keep it below 150 levels; a Sequence takes any number of children": (
        "deep = a\nfor _ in range(3000):\n    deep = Sequence(deep)\nreturn deep",
        "deep = a\nfor _ in range(100):\n    deep = Sequence(deep)\nreturn deep",
    ),
    "return a node, for example return Sequence(first, second)": (
        "return [a, b]",
        "return Sequence(a, b)",
    ),
    "use ForEach, or one function per item, so that each item has its own variable": (
        "steps = []\n"
        'for name in ("x", "y"):\n'
        "    steps.append(Step(name, lambda: later))\n"
        '    later = name + "!"\n'
        "return Sequence(*steps)",
        'return ForEach(["x", "y"], key=str, each=lambda name: Step(name, lambda: name + "!"))',
    ),
    # -- what is read, and where
    "read it in a lambda, for example prompt=lambda: ... ctx[…] ...": (
        'return Sequence(a, Task("t", agent=echo, prompt=ctx[a]))',
        'return Sequence(a, Task("t", agent=echo, prompt=lambda: ctx[a]))',
    ),
    "use ctx.get, which returns None in that case": (
        'no = Branch(lambda: False, b, id="no")\nreturn Sequence(a, no, Step("x", lambda: ctx[b]))',
        'no = Branch(lambda: False, b, id="no")\n'
        'return Sequence(a, no, Step("x", lambda: ctx.get(b)))',
    ),
    (
        "read it in a callable of a node in the same Loop; what a Rework or a pattern sends back"
        " gets the reason as a message, and ctx.note(node) has it"
    ): (
        'return Sequence(a, Step("x", lambda: ctx.previous(a)))',
        'return Loop(a, Step("x", lambda: ctx.previous(a)), until=lambda: True, max_iterations=2)',
    ),
    'read a task, or a container with an id, for example ForEach(..., id="files")': (
        'every = ForEach(["x"], key=str, each=lambda n: Step(n, lambda: n))\n'
        "return Sequence(every, a if ctx.get(every) is None else b)",
        'every = ForEach(["x"], key=str, each=lambda n: Step(n, lambda: n), id="files")\n'
        "return Sequence(every, Sequence(a) if ctx.get(every) is None else Sequence(a, b))",
    ),
    "add it to the tree that the workflow returns, or read another task": (
        'return Sequence(a, Step("x", lambda: ctx[b]))',
        'return Sequence(a, b, Step("x", lambda: ctx[b]))',
    ),
    "read a task, for example ctx[plan], or an id, for example ctx.get('plan', Plan)": (
        'return Sequence(a, Step("x", lambda: ctx["a"]))',
        'return Sequence(a, Step("x", lambda: ctx.get("a", str)))',
    ),
    "read a task inside it, or set result=task on it": (
        'group = Sequence(a)\nreturn Sequence(group, Step("x", lambda: ctx[group]))',
        'group = Sequence(a, result=a)\nreturn Sequence(group, Step("x", lambda: ctx[group]))',
    ),
    "name a task, or a Step that reads one, for example lambda: ctx.get(task)": (
        "again = Loop(b, until=lambda: True, max_iterations=2)\n"
        "return Sequence(again, result=again)",
        "again = Loop(b, until=lambda: True, max_iterations=2)\n"
        'last = Step("last", lambda: ctx.get(b))\nreturn Sequence(again, last, result=last)',
    ),
    "return plain JSON data, or annotate the function with a model that fits": (
        "return Sequence(a, result=Plain)",
        "return Sequence(a, result=lambda: ctx[a])",
    ),
    "write self.can = Capabilities() in its __init__": (
        "class Mine:\n"
        '    name = "mine"\n'
        "    async def run(self, ask):\n"
        '        yield Answered("done")\n'
        'return Task("t", agent=Mine(), prompt="p")',
        "class Mine:\n"
        '    name = "mine"\n'
        "    def __init__(self):\n"
        "        self.can = Capabilities()\n"
        "    async def run(self, ask):\n"
        '        yield Answered("done")\n'
        'return Task("t", agent=Mine(), prompt="p")',
    ),
    "write run as an async generator: yield events, the last one Answered(text)": (
        "class Mine:\n"
        '    name, can = "mine", Capabilities()\n'
        "    async def run(self, ask):\n"
        '        return "done"\n'
        'return Task("t", agent=Mine(), prompt="p")',
        "class Mine:\n"
        '    name, can = "mine", Capabilities()\n'
        "    async def run(self, ask):\n"
        '        yield Answered("done")\n'
        'return Task("t", agent=Mine(), prompt="p")',
    ),
    "read all outputs before using the Attempt: the function would run again from its start": (
        "def act(attempt):\n"
        "    attempt.heartbeat()\n"
        "    return ctx[b]\n"
        "def late():\n"
        "    time.sleep(1)\n"
        '    return "late"\n'
        'b = Step("b", late)\n'
        'return Parallel(Step("x", act, output=str), b)',
        "def act(attempt):\n"
        "    found = ctx[b]\n"
        "    attempt.heartbeat()\n"
        "    return found\n"
        'return Parallel(Step("x", act, output=str), b)',
    ),
    "read outputs in the workflow function, in a callable of a node, or in a step; a flow awaits"
    " them: value = await run.node(task)": (
        "import threading\n"
        "def away():\n"
        "    found = []\n"
        "    def read():\n"
        "        try:\n"
        "            found.append(ctx[a])\n"
        "        except Exception as error:\n"
        "            found.append(error)\n"
        "    thread = threading.Thread(target=read)\n"
        "    thread.start()\n"
        "    thread.join()\n"
        "    if isinstance(found[0], Exception):\n"
        "        raise found[0]\n"
        "    return found[0]\n"
        'return Sequence(a, Step("x", away, output=str))',
        'return Sequence(a, Step("x", lambda: ctx[a]))',
    ),
    "return a comparison, or wrap the value in bool(...)": (
        'return Sequence(a, Branch(lambda: ctx[a], b, id="br"))',
        'return Sequence(a, Branch(lambda: bool(ctx[a]), b, id="br"))',
    ),
    'read its output with ctx[…] in a callable: prompt=lambda: f"... {ctx[…]}"': (
        'return Sequence(a, Task("t", agent=echo, prompt=f"about {a}"))',
        'return Sequence(a, Task("t", agent=echo, prompt=lambda: f"about {ctx[a]}"))',
    ),
    "write ctx[task] for its output": (
        'return Sequence(a, Branch(lambda: a, b, id="br"))',
        'return Sequence(a, Branch(lambda: ctx[a] == "text", b, id="br"))',
    ),
    "write ctx[task] for the output of a task": (
        'return Sequence(a, Task("t", agent=echo, prompt=lambda: a))',
        'return Sequence(a, Task("t", agent=echo, prompt=lambda: ctx[a]))',
    ),
    "read the output of a task with ctx[task] in a callable": (
        'return Sequence(a, Task("t", agent=echo, prompt=repr(a)))',
        'return Sequence(a, Task("t", agent=echo, prompt=lambda: ctx[a]))',
    ),
    "change the order, raise the limit, or read a task that settles earlier": (
        'y = Step("y", lambda: ctx[z])\nz = Step("z", lambda: ctx[y])\nreturn Parallel(y, z)',
        'z = Step("z", lambda: 1)\nreturn Parallel(Step("y", lambda: ctx[z]), z)',
    ),
    "raise max_iterations at …, or set on_exhausted='finish' there, then resume the run": (
        'return Loop(a, until=lambda: False, max_iterations=2, id="l")',
        'return Loop(a, until=lambda: False, max_iterations=2, id="l", on_exhausted="finish")',
    ),
    "change what the loop does, then resume the run, which gives it another iteration; or set"
    " on_exhausted='finish' at …": (
        "return Loop(a, until=lambda: False, max_iterations=3, stop_if_same=lambda: 1)",
        "return Loop(a, until=lambda: False, max_iterations=3, stop_if_same=lambda: 1,\n"
        '    on_exhausted="finish")',
    ),
    # -- sessions
    "only the agent that owns a session can continue it: give … every agent of …": (
        'loud = Echo()\nloud.name = "loud"\n'
        't = Task("t", agent=echo, prompt="p")\n'
        'return Sequence(t, Task("u", agent=loud, prompt="p", continues=t))',
        'loud = Echo()\nloud.name = "loud"\n'
        't = Task("t", agent=echo, prompt="p")\n'
        'return Sequence(t, Task("u", agent=[loud, echo], prompt="p", continues=t))',
    ),
    "use an agent that can, or pass the output in the prompt: prompt=lambda: ctx[…]": (
        't = Task("t", agent=Forgets(), prompt="p")\n'
        'return Sequence(t, Task("u", agent=Forgets(), prompt="p", continues=t))',
        't = Task("t", agent=Forgets(), prompt="p")\n'
        'return Sequence(t, Task("u", agent=Forgets(), prompt=lambda: ctx[t]))',
    ),
    "use forks= on both to give each its own copy, or let one continue the other": (
        't = Task("t", agent=echo, prompt="p")\n'
        'two = [Task(n, agent=echo, prompt="p", continues=t) for n in ("u", "v")]\n'
        "return Sequence(t, Parallel(*two))",
        't = Task("t", agent=echo, prompt="p")\n'
        'u = Task("u", agent=echo, prompt="p", continues=t)\n'
        'return Sequence(t, u, Task("v", agent=echo, prompt="p", continues=u))',
    ),
    # -- the workflow itself
    "put it on a function that takes a Context and returns a tree": (
        "@workflow()\nclass flow:\n    pass\n\nflow = workflow()(5)\n",
        '@workflow\ndef flow(ctx: Context[NoInput]) -> Node:\n    return Step("a", lambda: 1)\n',
    ),
    "class Brief(BaseModel): ...": (
        "@workflow(input=dict)\ndef flow(ctx):\n    return Step('a', lambda: 1)\n",
        "@workflow(input=Plan)\ndef flow(ctx):\n    return Step('a', lambda: 1)\n",
    ),
    "put @workflow on a function that takes a Context and returns a node": (
        "@staticmethod\ndef flow(ctx):\n    return Step('a', lambda: 1)\n",
        "@workflow\ndef flow(ctx):\n    return Step('a', lambda: 1)\n",
    ),
}
