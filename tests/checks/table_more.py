"""More workflows that do not work: what waits in a circle by its undo or its catch, what a process
may not do while a file is imported, and what a model writes that knows another tool.
"""

from __future__ import annotations

from tests.checks.table import FLOW, HEAD, SMALL, Broken, at_import, in_flow

__all__ = ["MORE"]

_PARTS = HEAD.replace("Sequence, Step", "Compensated, Saga, Sequence, Step, Try")
_REPORT = 'report = Task("report", agent=echo, prompt="p")\n    '


def in_circle(name: str, part: str, *, said: str, fix: tuple[str, str]) -> Broken:
    """A task that runs after a part of which something reads it."""
    body = f"    report: Task[str]\n    {part}\n    {_REPORT}return Sequence(part, report)\n"
    return Broken(name, _PARTS + FLOW + body, said, "change the order", fix)


MORE = [
    in_circle(
        "an undo that reads what comes after its saga",
        'pay = Compensated(Step("pay", print), undo=§Step("refund", lambda: ctx[report]))\n'
        '    part = Saga(pay, Step("ship", print))',
        said="ends with 'refund'",
        fix=("lambda: ctx[report]", "print"),
    ),
    in_circle(
        "a catch that reads what comes after its try",
        'mend = §Task("mend", agent=echo, prompt=lambda: f"Mend {ctx[report]}")\n'
        '    part = Try(Step("ship", print), catch=mend)',
        said="ends with 'mend'",
        fix=('lambda: f"Mend {ctx[report]}"', '"Mend it"'),
    ),
    in_circle(
        "a finally that reads what comes after its try",
        'tidy = §Step("tidy", lambda: ctx[report])\n'
        '    part = Try(Step("ship", print), finally_=tidy)',
        said="ends with 'tidy'",
        fix=("lambda: ctx[report]", "print"),
    ),
    at_import(
        "a lock of multiprocessing",
        "import multiprocessing\n\nlock = §multiprocessing.Lock()",
        said="a lock that processes share was refused",
        hint="use threading.Lock",
        fix=("multiprocessing\n\nlock = multiprocessing.", "threading\n\nlock = threading."),
    ),
    at_import(
        "an event loop while it is imported",
        "async def models() -> list[str]:\n    return ['small']\n\n\n"
        "MODELS = §asyncio.run(models())",
        said="asyncio.run() cannot be called from a running event loop",
        hint="await it in a Step whose function is async",
        fix=("MODELS = asyncio.run(models())", "MODELS = Step('models', models)"),
    ),
    at_import(
        "the network, in another thread",
        "def fetch() -> None:\n    import socket\n\n    §socket.create_connection(('a.b', 9))\n\n\n"
        "import concurrent.futures\n\n"
        "with concurrent.futures.ThreadPoolExecutor() as pool:\n    pool.submit(fetch).result()",
        said="socket.getaddrinfo ('a.b') was refused",
        hint="move it into a Step",
        fix=("    pool.submit(fetch).result()", "    pool.submit(len, 'a').result()"),
    ),
    at_import(
        "a question on the terminal",
        "topic = §input('Topic? ')",
        said="EOFError",
        hint="take it as input, or ask with HumanTask",
        fix=("input('Topic? ')", "'whales'"),
    ),
    Broken(
        "a workflow that starts itself",
        HEAD + FLOW.replace("def flow", "def me") + "    return Step('a', print)\n\n\n§me.run()\n",
        said="'Workflow' object has no attribute 'run'",
        hint="type `smithers up FILE`",
        fix=("me.run()\n", ""),
    ),
    Broken(
        "an agent of crewai's",
        "§from smithers import Agent, Crew\n\ncrew = Crew([Agent('writer')])\n" + SMALL,
        said="smithers has no 'Agent'",
        hint="write Task(id, agent=..., prompt=...)",
        fix=(
            "from smithers import Agent, Crew\n\ncrew = Crew([Agent('writer')])\n",
            "from smithers import Step, workflow\n",
        ),
    ),
    Broken(
        "a name in the place of the function",
        HEAD + "@§workflow('my flow')\ndef flow(ctx):\n    return Step('a', print)\n",
        said="@workflow cannot decorate 'my flow'",
        hint="write @workflow(name=",
        fix=("workflow('my flow')", "workflow(name='my flow')"),
    ),
    in_flow(
        "a future of prefect's",
        'a = Step("a", print)\n§a.submit()\nreturn a\n',
        said="'Step' object has no attribute 'submit'",
        hint="the order is in the tree",
        fix=("    a.submit()\n", ""),
    ),
    in_flow(
        "items by map",
        'return §Step("a", print).map(["x"])\n',
        said="'Step' object has no attribute 'map'",
        hint="write ForEach(items, key=..., each=...)",
        fix=(
            'Step("a", print).map(["x"])',
            'ForEach(["x"], key=str, each=lambda one: Step(one, print), id="all")',
        ),
    ),
    in_flow(
        "an each that is async",
        "async def each(name: str) -> Node:\n"
        '    return Step(name, print)\n\nreturn §ForEach(["a"], key=str, each=each, id="all")\n',
        said="the each of this ForEach is async",
        hint="write a plain function",
        fix=("async def each", "def each"),
    ),
    in_flow(
        "an each that gives a list",
        'names = Step("names", lambda: ["a"], output=list[str])\n'
        "def each(one: str):\n    return §[Step(one, print)]\n\n"
        'return Sequence(names, ForEach(lambda: ctx[names], key=str, each=each, id="all"))\n',
        said="the each of this ForEach gives a list, not a node",
        hint="or Parallel for no order",
        fix=("[Step(one, print)]", "Sequence(Step(one, print))"),
    ),
    in_flow(
        "a dict in the place of a model",
        'return §Task("plan", agent=echo, prompt="p", output={"steps": list})\n',
        said="output= must be a type, not the dict",
        hint="write a model: class Answer(BaseModel)",
        fix=('{"steps": list}', "Plan"),
    ),
    in_flow(
        "a text without its f",
        'plan = Task("plan", agent=echo, prompt="p")\n'
        'return Sequence(plan, Task("do", agent=echo, prompt=lambda: §"Do {ctx[plan]}"))\n',
        said="has {ctx[plan]} in a text that is not formatted",
        hint="put an f before it",
        fix=('lambda: "Do', 'lambda: f"Do'),
    ),
    in_flow(
        "a function among the children",
        "def say(): ...\n\nreturn §Sequence(say)\n",
        said="child 1 of this sequence must be a node, not a function",
        hint="write Step('say', say)",
        fix=("Sequence(say)", "Sequence(Step('say', say))"),
    ),
    in_flow(
        "a loop without an end",
        'return §Loop(Step("a", print), until=lambda: False)\n',
        said="Loop was called without max_iterations",
        hint="write Loop(*body, until=..., max_iterations=...)",
        fix=("until=lambda: False", "until=lambda: False, max_iterations=3"),
    ),
]
