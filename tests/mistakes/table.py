"""Mistakes that authors make, each with the place, the message and the hint that it gets.

§ marks the place in the source. `fix` is what the hint says, as one replacement; then it runs.
Values of other tools come from their documents: `depends_on`, `retries`, `args=`, `else_`.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MISTAKES", "Mistake"]

_HEAD = """\
import asyncio
import random
import subprocess
import time
import uuid
from datetime import UTC, datetime

from pydantic import BaseModel
from harnesses import Echo
from smithers import Approval, Attempt, Branch, Budget, Cache, Command, Compensated, Context
from smithers import ForEach, HumanTask, Loop, NoInput, Node, Parallel, Retry, Rework, Saga, Step
from smithers import ContinueAsNew, Flow, Run, Sequence, Subflow, Task, Timer, Try, WaitForEvent
from smithers import workflow

echo = Echo()


class Plan(BaseModel):
    steps: list[str] = []
    done: bool = False


"""
_SMALL = """\
@workflow(input=Plan)
def _small(ctx: Context[Plan]) -> Node[int]:
    return Step("inner", lambda: 1)


"""
_FLOW = "@workflow\ndef flow(ctx: Context[NoInput]) -> Node:\n"
_ASYNC = "@workflow\nasync def flow(run: Run[NoInput]):\n"
_AWAITS = (
    "await calls of run alone: run.step(id, function) for other async work,"
    " run.sleep(id, seconds=...) for time, and run.gather for several at once"
)
_SAME_CALLS = (
    "derive ids and order from the input and from outputs; run.now(), run.random() and"
    " run.choose(id, function) give the same when the flow runs again"
)


@dataclass(frozen=True)
class Mistake:
    """A file with a mistake in it."""

    name: str
    source: str
    said: str
    hint: str
    fix: tuple[str, str]

    @property
    def text(self) -> str:
        return self.source.replace("§", "")

    @property
    def place(self) -> str:
        """Where the mark is, as LINE:COLUMN."""
        before = self.source[: self.source.index("§")]
        return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"

    @property
    def fixed(self) -> str:
        old, new = self.fix
        assert self.text.count(old) == 1, f"{old!r} is not once in the source"
        return self.text.replace(old, new)


def in_file(name: str, source: str, *, said: str, hint: str, fix: tuple[str, str]) -> Mistake:
    """A mistake in the part of a file below its imports."""
    return Mistake(name, _HEAD + source, said, hint, fix)


def in_flow(name: str, source: str, *, said: str, hint: str, fix: tuple[str, str]) -> Mistake:
    """A mistake in the body of a workflow function."""
    return Mistake(name, _HEAD + _FLOW + _indented(source), said, hint, fix)


def in_async(name: str, source: str, *, said: str, hint: str, fix: tuple[str, str]) -> Mistake:
    """A mistake in the body of an imperative flow."""
    return Mistake(name, _HEAD + _ASYNC + _indented(source), said, hint, fix)


def _indented(source: str) -> str:
    return "".join(f"    {line}".rstrip() + "\n" for line in source.splitlines())


MISTAKES = [
    Mistake(
        "syntax",
        """\
from smithers import Step, workflow


@workflow
def flow(ctx)§
    return None
""",
        said="not valid Python: expected ':'",
        hint="correct the line: def flow(ctx)",
        fix=("def flow(ctx)\n    return None", 'def flow(ctx):\n    return Step("a", lambda: 1)'),
    ),
    Mistake(
        "agent imported from smithers",
        """\
§from smithers import ClaudeCode, Step, workflow

@workflow
def flow(ctx):
    return Step("a", lambda: 1)
""",
        said="cannot import flow.py: smithers has no 'ClaudeCode'",
        hint="write from harnesses import ClaudeCode",
        fix=("ClaudeCode, Step, workflow", "Step, workflow\nfrom harnesses import ClaudeCode"),
    ),
    Mistake(
        "misspelt import",
        """\
§from smithers import Setp, workflow

@workflow
def flow(ctx):
    return Step("a", lambda: 1)
""",
        said="cannot import flow.py: smithers has no 'Setp'",
        hint="did you mean Step?",
        fix=("Setp", "Step"),
    ),
    Mistake(
        "misspelt harness",
        """\
§from harnesses import ClaudCode
from smithers import Step, workflow

@workflow
def flow(ctx):
    return Step("a", lambda: 1)
""",
        said="cannot import flow.py: harnesses has no 'ClaudCode'",
        hint="did you mean ClaudeCode?",
        fix=("ClaudCode", "ClaudeCode"),
    ),
    Mistake(
        "missing package",
        """\
§import pandas_but_not_really
from smithers import Step, workflow

@workflow
def flow(ctx):
    return Step("a", lambda: 1)
""",
        said=("cannot import flow.py: there is no module 'pandas_but_not_really'"),
        hint=(
            "install it for the Python that runs Smithers, PYTHON, or put the "
            "module next to the workflow"
        ),
        fix=("pandas_but_not_really", "json"),
    ),
    Mistake(
        "distribution name",
        """\
§from smithers_orchestrator import Step, workflow

@workflow
def flow(ctx):
    return Step("a", lambda: 1)
""",
        said=("cannot import flow.py: there is no module 'smithers_orchestrator'"),
        hint=("the package is imported as smithers: import smithers"),
        fix=("smithers_orchestrator", "smithers"),
    ),
    in_file(
        "no decorator",
        """\
§def flow(ctx):
    return Step("a", lambda: 1)
""",
        said="flow.py contains no workflow",
        hint="put @workflow above def flow",
        fix=("def flow(", "@workflow\ndef flow("),
    ),
    in_file(
        "no ctx",
        """\
@§workflow
def flow():
    return Step("a", lambda: 1)
""",
        said="workflow flow must take one argument, the context",
        hint=("write def flow(ctx: Context[NoInput]) -> Node; values are in ctx.input"),
        fix=("flow()", "flow(ctx)"),
    ),
    in_file(
        "two params",
        """\
@§workflow
def flow(ctx, topic):
    return Step("a", lambda: 1)
""",
        said="workflow flow must take one argument, the context",
        hint=("write def flow(ctx: Context[NoInput]) -> Node; values are in ctx.input"),
        fix=("(ctx, topic)", "(ctx)"),
    ),
    in_file(
        "async workflow",
        """\
@§workflow
async def flow(ctx):
    return Step("a", lambda: 1)
""",
        said="the flow returned the step 'a', which is a node and not an output",
        hint="write def if it returns a tree, or return await run.node(tree)",
        fix=("async def", "def"),
    ),
    in_file(
        "no return",
        """\
@§workflow
def flow(ctx):
    Step("a", lambda: 1)
""",
        said="workflow flow returned None, which is not a node",
        hint="return a node, for example return Sequence(first, second)",
        fix=("    Step(", "    return Step("),
    ),
    in_file(
        "returns list",
        """\
@§workflow
def flow(ctx: Context[NoInput]) -> Node:
    a = Step("a", lambda: "text")
    return [a]
""",
        said="workflow flow returned [<Step 'a'>], which is not a node",
        hint="return a node, for example return Sequence(first, second)",
        fix=("return [a]", "return Sequence(a)"),
    ),
    in_file(
        "inputs kw",
        """\
@§workflow(inputs=Plan)
def flow(ctx):
    return Step("a", lambda: 1)
""",
        said="cannot import flow.py: workflow has no argument 'inputs'",
        hint=(
            "did you mean input? the arguments are: input, name, max_concurrency, "
            "budget, deadline_s, grace_s, pools, allow_runs, result"
        ),
        fix=("inputs=", "input="),
    ),
    in_file(
        "deadline str",
        """\
@§workflow(deadline_s="4")
def flow(ctx):
    return Step("a", lambda: 1)
""",
        said=("deadline_s must be a number of seconds of at least 0.001, not '4'"),
        hint="for example deadline_s=300",
        fix=('"4"', "4"),
    ),
    in_flow(
        "try alone",
        """\
return §Try(Step("a", lambda: 1))
""",
        said="this try has neither catch= nor finally_=",
        hint="add one, or write Sequence",
        fix=("Try(", "Sequence("),
    ),
    in_flow(
        "catch text",
        """\
return §Try(Step("a", lambda: 1), catch="log")
""",
        said="the catch of this try must be a node or a callable, not 'log'",
        hint="pass a node, or lambda caught: ... that returns one",
        fix=('"log"', 'lambda caught: Step("log", lambda: caught.key)'),
    ),
    in_flow(
        "finally function",
        """\
return §Try(Step("a", lambda: 1), finally_=print)
""",
        said="the finally_ of this try must be a node, not <built-in function print>",
        hint="pass a task or a group",
        fix=("=print", '=Step("last", lambda: 1)'),
    ),
    in_flow(
        "compensated alone",
        """\
return Sequence(§Compensated(Step("a", lambda: 1), Step("b", lambda: 1)))
""",
        said="Compensated is not inside a Saga that could undo it",
        hint="put it in a Saga, for example Saga(Compensated(action, undo), ...)",
        fix=("Sequence(", "Saga("),
    ),
    in_flow(
        "undo function",
        """\
return Saga(§Compensated(Step("a", lambda: 1), undo=print))
""",
        said="the undo of this compensated must be a node, not <built-in function print>",
        hint="pass a task or a group",
        fix=("=print", '=Step("b", lambda: 1)'),
    ),
    in_flow(
        "empty saga",
        """\
return §Saga()
""",
        said="this saga has no body",
        hint="give it at least one node",
        fix=("Saga()", 'Saga(Step("a", lambda: 1))'),
    ),
    in_file(
        "continue without a model",
        _FLOW + '    return Sequence(§ContinueAsNew({"number": 2}))\n',
        said="the input of ContinueAsNew must be a model, not {'number': 2}",
        hint="pass the input of the next run, or a callable that returns it",
        fix=('ContinueAsNew({"number": 2})', 'Step("a", lambda: 1)'),
    ),
    in_flow(
        "continue with the input of another workflow",
        """\
return Sequence(Step("a", lambda: 1), Branch(lambda: False, §ContinueAsNew(Plan(done=True))))
""",
        said="the input of ContinueAsNew must be a NoInput, not Plan(steps=[], done=True)",
        hint="pass NoInput(...), which is what the workflow takes, or a callable that returns one",
        fix=("Plan(done=True)", "NoInput()"),
    ),
    in_flow(
        "continue with a callable for another workflow",
        """\
return §ContinueAsNew(lambda: Plan(done=True))
""",
        said="the input of ContinueAsNew must be a NoInput, not Plan(steps=[], done=True)",
        hint="return NoInput(...), which is what the workflow takes",
        fix=("return ContinueAsNew(lambda: Plan(done=True))", 'return Step("a", lambda: 1)'),
    ),
    in_file(
        "subflow of a function",
        _SMALL + _FLOW + '    return §Subflow("a", print)\n',
        said="the workflow of subflow 'a' must be a workflow, not <built-in function print>",
        hint="pass a function that is decorated with @workflow",
        fix=("print", "_small, input=Plan()"),
    ),
    in_file(
        "subflow without input",
        _SMALL + _FLOW + '    return §Subflow("a", _small)\n',
        said="the input of subflow 'a' is missing",
        hint="pass input=Plan(...), or a callable that returns one",
        fix=("_small)", "_small, input=Plan())"),
    ),
    in_file(
        "subflow with another input",
        _SMALL + _FLOW + '    return §Subflow("a", _small, input={"steps": []})\n',
        said="the input of subflow 'a' must be a Plan, not {'steps': []}",
        hint="pass input=Plan(...), or a callable that returns one",
        fix=('{"steps": []}', "Plan(steps=[])"),
    ),
    in_file(
        "subflow with a callable for another input",
        _SMALL + _FLOW + '    return §Subflow("a", _small, input=lambda: NoInput())\n',
        said="the input of subflow 'a' must be a Plan, not NoInput()",
        hint="return Plan(...), which is what the workflow takes",
        fix=("lambda: NoInput()", "lambda: Plan()"),
    ),
    in_flow(
        "no agent",
        """\
return §Task("t", prompt="p")
""",
        said="workflow flow: Task was called without agent",
        hint="write Task(id, agent=..., prompt=...)",
        fix=('"t", ', '"t", agent=echo, '),
    ),
    in_flow(
        "agent text",
        """\
return §Task("t", agent="claude", prompt="p")
""",
        said="the agent 'claude' of task 't': no settings define an agent 'claude'",
        hint=(
            'define it in smithers.toml: [agents], and below it claude = "ADAPTER:MODEL"; or'
            " pass an agent object, for example agent=ClaudeCode(), after from harnesses"
            " import ClaudeCode"
        ),
        fix=('"claude"', "echo"),
    ),
    in_flow(
        "pool that nobody defines",
        """\
return §Step("a", lambda: 1, pool="database")
""",
        said="step 'a' names the pool 'database', which is not defined",
        hint=(
            "define it: @workflow(pools={'database': 2}), or database = 2 below [pools] in the"
            " settings"
        ),
        fix=("@workflow\n", "@workflow(pools={'database': 2})\n"),
    ),
    in_file(
        "pool misspelt",
        """\
@workflow(pools={"database": 2})
def flow(ctx: Context[NoInput]) -> Node:
    return §Command("a", ["true"], pool="databse")
""",
        said="command 'a' names the pool 'databse', which is not defined",
        hint=(
            "did you mean 'database'? Otherwise define it: @workflow(pools={'databse': 2}), or"
            " databse = 2 below [pools] in the settings"
        ),
        fix=("databse", "database"),
    ),
    in_file(
        "allow_runs of nothing",
        """\
@§workflow(allow_runs=0)
def flow(ctx: Context[NoInput]) -> Node:
    return Step("a", lambda: 1)
""",
        said="allow_runs must be a number of at least 1, not 0",
        hint="for example allow_runs=3",
        fix=("allow_runs=0", "allow_runs=3"),
    ),
    in_file(
        "allow_runs without a depth",
        """\
from smithers import AllowRuns

@§workflow(allow_runs=AllowRuns(number=2, depth=0))
def flow(ctx: Context[NoInput]) -> Node:
    return Step("a", lambda: 1)
""",
        said="depth must be a number of at least 1, not 0",
        hint="for example depth=3",
        fix=("depth=0", "depth=1"),
    ),
    in_file(
        "pools as a list",
        """\
@§workflow(pools=["database"])
def flow(ctx: Context[NoInput]) -> Node:
    return Step("a", lambda: 1, pool="database")
""",
        said="pools must be a dictionary of limits by name, not ['database']",
        hint='write pools={"database": 2}',
        fix=('["database"]', '{"database": 2}'),
    ),
    in_file(
        "pool of nothing",
        """\
@§workflow(pools={"database": 0})
def flow(ctx: Context[NoInput]) -> Node:
    return Step("a", lambda: 1, pool="database")
""",
        said="pools['database'] must be a number of at least 1, not 0",
        hint="for example pools['database']=3",
        fix=("0", "2"),
    ),
    in_flow(
        "pool number",
        """\
return §Task("t", agent=echo, prompt="p", pool=3)
""",
        said="the pool of task 't' must be a name, not 3",
        hint="for example pool='database'",
        fix=(", pool=3", ""),
    ),
    in_flow(
        "priority word",
        """\
return §Task("t", agent=echo, prompt="p", priority="high")
""",
        said="the priority of task 't' must be a whole number, not 'high'",
        hint="for example priority=10",
        fix=('"high"', "10"),
    ),
    in_flow(
        "cache true",
        """\
return §Task("t", agent=echo, prompt="p", cache=True)
""",
        said="the cache of task 't' must be a Cache, not True",
        hint="write cache=Cache()",
        fix=("cache=True", "cache=Cache()"),
    ),
    in_flow(
        "cache of one file",
        """\
cache = §Cache(files="flow.py")
return Task("t", agent=echo, prompt="p", cache=cache)
""",
        said="the files of a Cache must be a list of paths, not 'flow.py'",
        hint='for example Cache(files=["src/**/*.py"])',
        fix=('"flow.py"', '["*"]'),
    ),
    in_flow(
        "cache for no time",
        """\
cache = §Cache(ttl_s=0)
return Task("t", agent=echo, prompt="p", cache=cache)
""",
        said="ttl_s must be a number of seconds of at least 0.001, not 0",
        hint="for example ttl_s=300",
        fix=("ttl_s=0", "ttl_s=60"),
    ),
    in_flow(
        "cache of a session",
        """\
a = Task("a", agent=echo, prompt="p")
return Sequence(a, §Task("b", agent=echo, prompt="q", continues=a, cache=Cache()))
""",
        said=(
            "task 'b' continues a session, so its answer depends on more than a cache can compare"
        ),
        hint="leave out cache=, or continues=",
        fix=("continues=a, ", ""),
    ),
    in_flow(
        "cache of a file that is not there",
        """\
cache = Cache(files=["no-such-file"])
return §Task("t", agent=echo, prompt="p", cache=cache)
""",
        said="the cache of t names 'no-such-file', which matches no file in FOLDER",
        hint="name files, or patterns of files, below the folder in which the agent works",
        fix=('["no-such-file"]', "[]"),
    ),
    in_flow(
        "agent number",
        """\
return §Task("t", agent=3, prompt="p")
""",
        said="the agent of task 't' must be an agent, not 3",
        hint="pass an agent object, for example agent=Echo(), after from harnesses import Echo",
        fix=("agent=3", "agent=echo"),
    ),
    in_flow(
        "agent class",
        """\
return §Task("t", agent=Echo, prompt="p")
""",
        said="the agent of task 't' must be an agent, not <class 'harnesses.echo.Echo'>",
        hint="write agent=Echo(), with parentheses",
        fix=("agent=Echo", "agent=Echo()"),
    ),
    in_flow(
        "promt",
        """\
return §Task("t", agent=echo, promt="p")
""",
        said="workflow flow: Task has no argument 'promt'",
        hint=(
            "did you mean prompt? the arguments are: id, agent, prompt, output, "
            "retry, timeout_s, idle_s, on_failure, skip_if, needs, continues, "
            "forks, cwd, budget, cache, pool, priority"
        ),
        fix=("promt", "prompt"),
    ),
    in_flow(
        "model=",
        """\
return §Task("t", agent=echo, prompt="p", model="opus")
""",
        said="workflow flow: Task has no argument 'model'",
        hint="set it where the agent is created: model=...",
        fix=(', model="opus"', ""),
    ),
    in_flow(
        "depends_on",
        """\
a = Step("a", lambda: "text")
return Parallel(a, §Step("b", lambda: 1, depends_on=[a]))
""",
        said="workflow flow: Step has no argument 'depends_on'",
        hint=(
            "did you mean needs? the arguments are: id, run, output, retry, "
            "timeout_s, on_failure, needs, effect, pool, priority"
        ),
        fix=("depends_on", "needs"),
    ),
    in_flow(
        "timeout",
        """\
return §Step("b", lambda: 1, timeout=3)
""",
        said="workflow flow: Step has no argument 'timeout'",
        hint=(
            "did you mean timeout_s? the arguments are: id, run, output, retry, "
            "timeout_s, on_failure, needs, effect, pool, priority"
        ),
        fix=("timeout=", "timeout_s="),
    ),
    in_flow(
        "retries",
        """\
return §Step("b", lambda: 1, retries=3)
""",
        said="workflow flow: Step has no argument 'retries'",
        hint=(
            "did you mean retry? the arguments are: id, run, output, retry, "
            "timeout_s, on_failure, needs, effect, pool, priority"
        ),
        fix=("retries=3", "retry=Retry(tries=3)"),
    ),
    in_flow(
        "retry only a misspelt class",
        """\
return Task("t", agent=echo, prompt="p", retry=§Retry(only="transiant"))
""",
        said="only= names 'transiant', which is not a class of errors",
        hint="did you mean 'transient'?",
        fix=("transiant", "transient"),
    ),
    in_flow(
        "retry only a class by name",
        """\
return Step("s", lambda: 1, retry=§Retry(only=("TimeoutError",)))
""",
        said="only= names 'TimeoutError', which is not a class of errors",
        hint=(
            "pass an exception type, or a tuple of them, or one of 'transient', 'busy', "
            "'bad output'"
        ),
        fix=('"TimeoutError"', "TimeoutError"),
    ),
    in_flow(
        "retry only an exception",
        """\
return Step("s", lambda: 1, retry=§Retry(only=ValueError("no")))
""",
        said="only= must name exception types, not ValueError('no')",
        hint=(
            "pass an exception type, or a tuple of them, or one of 'transient', 'busy', "
            "'bad output'"
        ),
        fix=('ValueError("no")', "ValueError"),
    ),
    in_flow(
        "retry only nothing",
        """\
return Step("s", lambda: 1, retry=§Retry(only=()))
""",
        said="only= names no error",
        hint=(
            "pass an exception type, or a tuple of them, or one of 'transient', 'busy', "
            "'bad output'; to retry nothing, write tries=1"
        ),
        fix=("only=()", "tries=1"),
    ),
    in_flow(
        "retry of an agent only after an error of Python",
        """\
return §Task("t", agent=echo, prompt="p", retry=Retry(only=TimeoutError))
""",
        said="the retry of task 't' names TimeoutError, which no agent raises",
        hint=("name errors that may pass: 'transient', 'busy', 'bad output', or their types"),
        fix=("TimeoutError", '"transient"'),
    ),
    in_flow(
        "effect is no bool",
        """\
return §Step("pay", lambda: 1, effect="yes")
""",
        said="the effect of step 'pay' must be True or False, not 'yes'",
        hint="write effect=True",
        fix=('"yes"', "True"),
    ),
    in_flow(
        "args=",
        """\
return §Step("b", print, args=("x",))
""",
        said="workflow flow: Step has no argument 'args'",
        hint="bind arguments of the function: lambda: function(argument)",
        fix=('print, args=("x",)', 'lambda: print("x")'),
    ),
    in_flow(
        "Task positional",
        """\
return §Task("t", echo, "p")
""",
        said="workflow flow: Task has too many positional arguments",
        hint="write Task(id, agent=..., prompt=...)",
        fix=('echo, "p"', 'agent=echo, prompt="p"'),
    ),
    in_flow(
        "Approval positional",
        """\
return §Approval("ok", "Ship it?")
""",
        said="workflow flow: Approval has too many positional arguments",
        hint="write Approval(id, ask=...)",
        fix=('"Ship it?"', 'ask="Ship it?"'),
    ),
    in_flow(
        "Loop no max",
        """\
a = Step("a", lambda: "text")
return §Loop(a, until=lambda: True)
""",
        said="workflow flow: Loop was called without max_iterations",
        hint="write Loop(*body, until=..., max_iterations=...)",
        fix=("until=lambda: True", "until=lambda: True, max_iterations=2"),
    ),
    in_flow(
        "ForEach no key",
        """\
return §ForEach(["x"], each=lambda x: Step(x, lambda: x))
""",
        said="workflow flow: ForEach was called without key",
        hint="write ForEach(items, key=..., each=...)",
        fix=("each=", "key=str, each="),
    ),
    in_flow(
        "Budget dollars",
        """\
return Task("t", agent=echo, prompt="p", budget=§Budget(dollars=5))
""",
        said="workflow flow: Budget has no argument 'dollars'",
        hint=("did you mean usd? the arguments are: tokens, usd, calls, time_s, on_exhausted"),
        fix=("dollars=5", "usd=5, calls=9"),
    ),
    in_flow(
        "output text",
        """\
return §Task("t", agent=echo, prompt="p", output="Plan")
""",
        said="output= must be a type, not the string 'Plan'",
        hint="write output=Plan without quotes",
        fix=('"Plan"', "Plan"),
    ),
    in_flow(
        "a handle in a text",
        """\
plan = Task("plan", agent=echo, prompt="p", output=Plan)
return Sequence(plan, Task("t", agent=echo, prompt=§"Do {}".format(plan)))
""",
        said=("Task 'plan' is used as text, but it is a handle, not its output"),
        hint=('read its output with ctx[plan] in a callable: prompt=lambda: f"... {ctx[plan]}"'),
        fix=('"Do {}".format(plan)', 'lambda: f"Do {ctx[plan]}"'),
    ),
    in_flow(
        "ctx in function",
        """\
plan = Task("plan", agent=echo, prompt="p", output=Plan)
return Sequence(plan, Task("t", agent=echo, prompt=f"Do {§ctx[plan].steps}"))
""",
        said="ctx[plan] was read in the workflow function itself",
        hint="read it in a lambda, for example prompt=lambda: ... ctx[plan] ...",
        fix=('f"Do', 'lambda: f"Do'),
    ),
    in_flow(
        "ctx by text",
        """\
plan = Task("plan", agent=echo, prompt="p", output=Plan)
return Sequence(plan, Step("b", lambda: §ctx["plan"]))
""",
        said="ctx needs a node, not 'plan'",
        hint=("read a task, for example ctx[plan], or an id, for example ctx.get('plan', Plan)"),
        fix=('ctx["plan"]', "ctx[plan]"),
    ),
    in_flow(
        "ctx attr",
        """\
plan = Task("plan", agent=echo, prompt="p", output=Plan)
return Sequence(plan, Step("b", lambda: §ctx.plan))
""",
        said="ctx has no 'plan'",
        hint=("write ctx[plan] for the output of a task, and ctx.input for the input"),
        fix=("ctx.plan", "ctx[plan]"),
    ),
    in_flow(
        "ctx.inputs",
        """\
return Step("b", lambda: §ctx.inputs)
""",
        said="ctx has no 'inputs'",
        hint="did you mean input?",
        fix=("ctx.inputs", "ctx.input"),
    ),
    in_file(
        "input field",
        """\
@workflow(input=Plan)
def flow(ctx):
    return ForEach(§ctx.input.step, key=str, each=lambda x: Step(x, lambda: x), allow_empty=True)
""",
        said="workflow flow: Plan has no field 'step'",
        hint="did you mean steps? its fields are: steps, done",
        fix=("ctx.input.step", "ctx.input.steps"),
    ),
    in_file(
        "no input",
        """\
@workflow
def flow(ctx):
    return Step(§ctx.input.topic, lambda: 1)
""",
        said="workflow flow: NoInput has no field 'topic'",
        hint=("declare an input: @workflow(input=Brief) takes a pydantic model Brief"),
        fix=(
            "@workflow\ndef flow(ctx):\n    return Step(ctx.input.topic",
            (
                'class Brief(BaseModel):\n    topic: str = "x"\n\n\n@workflow(input=Brief)\n'
                "def flow(ctx):\n    return Step(ctx.input.topic"
            ),
        ),
    ),
    in_flow(
        "handle attr",
        """\
plan = Task("plan", agent=echo, prompt="p", output=Plan)
return Sequence(plan, Step("b", lambda: §plan.steps))
""",
        said="AttributeError: 'Task' object has no attribute 'steps'",
        hint=('read its output with ctx[plan] in a callable: prompt=lambda: f"... {ctx[plan]}"'),
        fix=("plan.steps", "ctx[plan].steps"),
    ),
    in_flow(
        "call result of get None",
        """\
plan = Task("plan", agent=echo, prompt="p", output=Plan)
steps = §ctx.get(plan).steps
return Sequence(plan, *(Step(s, lambda: 1) for s in steps))
""",
        said=("workflow flow: AttributeError: 'NoneType' object has no attribute 'steps'"),
        hint=(
            "the value is None here: check for None first, since ctx.get and ctx.previous"
            " may return it"
        ),
        fix=("ctx.get(plan).steps", '[] if ctx.get(plan) is None else ["x"]'),
    ),
    in_flow(
        "needs typo",
        """\
a = Step("a", lambda: "text")
return Parallel(a, §Step("b", lambda: 1, needs=["aa"]))
""",
        said="step 'b' needs 'aa', which is not part of the workflow tree",
        hint="did you mean a? the ids are: a, b",
        fix=('["aa"]', '["a"]'),
    ),
    in_flow(
        "duplicate in for",
        """\
steps = []
for name in ("x", "y"):
    steps.append(§Step("same", lambda: name))
return Sequence(*steps)
""",
        said="the id 'same' is used twice: both nodes are made by this line",
        hint="give each node its own id, taken from its data",
        fix=('"same"', "name"),
    ),
    in_flow(
        "same node twice",
        """\
a = §Step("a", lambda: "text")
return Sequence(a, a)
""",
        said="step 'a' appears twice in the tree",
        hint="a node can be used only once: make a second node with another id",
        fix=("Sequence(a, a)", "Sequence(a)"),
    ),
    in_flow(
        "ForEach dup keys dict",
        """\
items = [{"name": "x", "n": 1}, {"name": "x", "n": 2}]
return §ForEach(items, key=lambda x: x["name"], each=lambda x: Step(x["name"], lambda: x))
""",
        said=(
            "items 0 ({'name': 'x', 'n': 1}) and 1 ({'name': 'x', 'n': 2}) of "
            "foreach have the same key 'x'"
        ),
        hint="return from key= a string that names one item, taken from the item's data",
        fix=(
            'key=lambda x: x["name"], each=lambda x: Step(x["name"]',
            'key=lambda x: str(x["n"]), each=lambda x: Step(str(x["n"])',
        ),
    ),
    in_flow(
        "ForEach empty",
        """\
return §ForEach([], key=str, each=lambda x: Step(x, lambda: x))
""",
        said="the foreach has no items",
        hint=("to allow an empty list, set allow_empty=True"),
        fix=("key=str", "key=str, allow_empty=True"),
    ),
    in_flow(
        "ForEach items read",
        """\
plan = Task("plan", agent=echo, prompt="p", output=Plan)
return Sequence(plan, ForEach(§ctx[plan].steps, key=str, each=lambda x: Step(x, lambda: x)))
""",
        said="ctx[plan] was read in the workflow function itself",
        hint="read it in a lambda, for example prompt=lambda: ... ctx[plan] ...",
        fix=("ctx[plan].steps", "lambda: ctx[plan].steps or ['x']"),
    ),
    in_flow(
        "Parallel list",
        """\
a = Step("a", lambda: "text")
return §Parallel([a])
""",
        said=("child 1 of this parallel must be a node, not a list: [<Step 'a'>]"),
        hint=("pass tasks and groups; unpack a list with *, and use None for no node"),
        fix=("[a]", "*[a]"),
    ),
    in_flow(
        "result of a value",
        """\
a = Step("a", lambda: "text")
return §Sequence(a, result="a")
""",
        said="the result of this sequence must be a node or a callable, not 'a'",
        hint="set result= to a task inside it",
        fix=('result="a"', "result=a"),
    ),
    in_flow(
        "result with an argument",
        """\
a = Step("a", lambda: "text")
return §Parallel(a, result=lambda ctx: ctx[a])
""",
        said="the result of this parallel must take no arguments",
        hint="write lambda: ...",
        fix=("lambda ctx: ctx[a]", "lambda: ctx[a]"),
    ),
    in_flow(
        "result that is a node",
        """\
a = Step("a", lambda: "text")
return §Sequence(a, result=lambda: a)
""",
        said="the result of this sequence returned <Step 'a'>",
        hint="write ctx[task] for the output of a task",
        fix=("lambda: a)", "lambda: ctx[a])"),
    ),
    in_flow(
        "stop_if_same of a value",
        """\
a = Step("a", lambda: "text")
return §Loop(a, until=lambda: True, max_iterations=2, stop_if_same=3)
""",
        said="the stop_if_same of this loop must be callable, not 3",
        hint="write lambda: ...",
        fix=("stop_if_same=3", "stop_if_same=lambda: 3"),
    ),
    in_flow(
        "on_duplicate",
        """\
return §ForEach(
    ["a", "a"], key=str, each=lambda name: Step(name, lambda: name), on_duplicate="last"
)
""",
        said="on_duplicate must be 'fail' or 'first', not 'last'",
        hint="write on_duplicate='fail' or on_duplicate='first'",
        fix=('"last"', '"first"'),
    ),
    in_file(
        "result of a workflow",
        """\
@§workflow(result="a")
def flow(ctx: Context[NoInput]) -> Node:
    return Step("a", lambda: "text")
""",
        said="the result of workflow flow must be callable, not 'a'",
        hint="write result=lambda ctx: ctx.get('plan', Plan)",
        fix=('result="a"', "result=lambda ctx: ctx.get('a', str)"),
    ),
    in_flow(
        "Branch bool",
        """\
a = Step("a", lambda: "text")
return §Branch(True, a)
""",
        said="the test of this branch must be callable, not True",
        hint="write lambda: ...",
        fix=("True, a", "lambda: True, a"),
    ),
    in_flow(
        "until forgets ctx",
        """\
plan = Task("plan", agent=echo, prompt="p", output=Plan)
return Loop(plan, until=lambda: §plan.done, max_iterations=3, id="l")
""",
        said="AttributeError: 'Task' object has no attribute 'done'",
        hint=('read its output with ctx[plan] in a callable: prompt=lambda: f"... {ctx[plan]}"'),
        fix=("plan.done", "not ctx[plan].done"),
    ),
    in_flow(
        "called step",
        """\
def work():
    return None

return §Step("b", work())
""",
        said="step 'b' needs a function, not None",
        hint="pass a function: Step(id, function)",
        fix=('"b", work()', '"b", work'),
    ),
    in_flow(
        "step two params",
        """\
def fetch(url, name):
    return url

return §Step("b", fetch)
""",
        said="the function of step 'b' has 2 required parameters",
        hint=(
            "it may have at most one, which receives the Attempt; bind the rest with a"
            " lambda or functools.partial"
        ),
        fix=('Step("b", fetch)', 'Step("b", lambda: fetch(1, 2))'),
    ),
    in_flow(
        "timeout text",
        """\
return §Step("b", lambda: 1, timeout_s="5m")
""",
        said=("timeout_s must be a number of seconds of at least 0.001, not '5m'"),
        hint="for example timeout_s=300",
        fix=('"5m"', "300"),
    ),
    in_flow(
        "on_failure ignore",
        """\
return §Step("b", lambda: 1, on_failure="ignore")
""",
        said="on_failure must be 'fail' or 'continue', not 'ignore'",
        hint="write on_failure='fail' or on_failure='continue'",
        fix=('"ignore"', '"continue"'),
    ),
    in_flow(
        "prompt dict",
        """\
plan = Task("plan", agent=echo, prompt="p", output=Plan)
return Sequence(plan, §Task("t", agent=echo, prompt=lambda: ctx[plan]))
""",
        said="the prompt of t must be a string, not a Plan",
        hint='return a string, for example prompt=lambda: f"..."',
        fix=("lambda: ctx[plan]", 'lambda: f"{ctx[plan]}"'),
    ),
    in_flow(
        "prompt takes ctx",
        """\
plan = Task("plan", agent=echo, prompt="p", output=Plan)
return Sequence(plan, §Task("t", agent=echo, prompt=lambda ctx: "x"))
""",
        said="the prompt of task 't' must take no arguments",
        hint="write lambda: ...",
        fix=("lambda ctx:", "lambda:"),
    ),
    in_flow(
        "circular",
        """\
y = §Step("y", lambda: ctx[z])
z = Step("z", lambda: ctx[y])
return Parallel(y, z)
""",
        said=(
            "these nodes wait for each other in a circle:\n  y at flow.py:25:9 waits for"
            " the output of z\n  z at flow.py:26:9 waits for the output of y"
        ),
        hint=("change the order, raise the limit, or read a task that settles earlier"),
        fix=("lambda: ctx[y]", "lambda: 1"),
    ),
    in_flow(
        "read not in tree",
        """\
a = Step("a", lambda: "text")
b = Step("b", lambda: 1)
return Sequence(a, Step("c", lambda: §ctx[b]))
""",
        said=("c reads 'b', written at flow.py:26:9, which is not part of the workflow tree"),
        hint=("add it to the tree that the workflow returns, or read another task"),
        fix=("Sequence(a, Step(", "Sequence(a, b, Step("),
    ),
    in_flow(
        "uuid id",
        """\
return §Step(f"b-{uuid.uuid4()}", lambda: 1)
""",
        said=(
            "workflow flow returns different nodes each time it is called: step "
            "'b-UUID', then step 'b-UUID'"
        ),
        hint=(
            "derive ids and order from the input and from outputs, not from uuid, "
            "random, the time, a counter or a set"
        ),
        fix=('f"b-{uuid.uuid4()}"', '"b"'),
    ),
    Mistake(
        "random branch",
        """\
import itertools
COUNT = itertools.count()
import random
import subprocess
import time
import uuid

from pydantic import BaseModel

from harnesses import Echo
from smithers import Approval, Attempt, Branch, Budget, Command, Compensated, Context, ForEach
from smithers import HumanTask, Loop, NoInput, Node, Parallel, Retry, Saga, Sequence, Step, Task
from smithers import Try, workflow

echo = Echo()


class Plan(BaseModel):
    steps: list[str] = []
    done: bool = False


@workflow
def flow(ctx: Context[NoInput]) -> Node:
    a = Step("a", lambda: "text")
    return Sequence(a, Step("b", lambda: 1) if next(COUNT) % 2 else §Step("c", lambda: 1))
""",
        said=(
            "workflow flow returns different nodes each time it is called: step 'c', then step 'b'"
        ),
        hint=(
            "derive ids and order from the input and from outputs, not from uuid, "
            "random, the time, a counter or a set"
        ),
        fix=(
            ('Step("b", lambda: 1) if next(COUNT) % 2 else Step("c", lambda: 1)'),
            'Step("c", lambda: 1)',
        ),
    ),
    in_flow(
        "uuid in each",
        """\
return ForEach(["x"], key=str, each=lambda x: §Step(f"b-{uuid.uuid4()}", lambda: 1))
""",
        said=(
            "each of foreach for item 'x' returns different nodes each time it is "
            "called: step 'b-UUID', then step 'b-UUID'"
        ),
        hint=(
            "derive ids and order from the input and from outputs, not from uuid, "
            "random, the time, a counter or a set"
        ),
        fix=('f"b-{uuid.uuid4()}"', "x"),
    ),
    in_flow(
        "step raises",
        """\
def work():
    return §{"a": 1}["b"]

return Step("b", work)
""",
        said="KeyError: 'b'",
        hint="for the traceback and the output, type `smithers logs r1 b`",
        fix=('["b"]\n', '["a"]\n'),
    ),
    in_flow(
        "subprocess fails",
        """\
def work():
    command = ["sh", "-c", "echo broken >&2; exit 3"]
    §subprocess.run(command, check=True, capture_output=True)

return Step("b", work)
""",
        said=(
            "CalledProcessError: Command '['sh', '-c', 'echo broken >&2; exit 3']' "
            "returned non-zero exit status 3.\nstderr: broken"
        ),
        hint="for the traceback and the output, type `smithers logs r1 b`",
        fix=("exit 3", "exit 0"),
    ),
    in_flow(
        "step returns object",
        """\
return §Step("b", lambda: object())
""",
        said=(
            "the result cannot be stored: the value is an object, which is not "
            "plain JSON: write output="
        ),
        hint=("return plain JSON data, or declare output=: a model or a dataclass"),
        fix=("object()", "1"),
    ),
    in_flow(
        "step one param is url",
        """\
def fetch(url):
    return §url + "/x"

return Step("b", fetch)
""",
        said=("TypeError: unsupported operand type(s) for +: 'Attempt' and 'str'"),
        hint=(
            "a required parameter of a step's function receives the Attempt; bind values"
            " with a lambda"
        ),
        fix=('"b", fetch', '"b", lambda: fetch("x")'),
    ),
    in_flow(
        "name error",
        """\
return Step("b", lambda: §undefined_name)
""",
        said="NameError: name 'undefined_name' is not defined",
        hint="define it, or import it",
        fix=("undefined_name", "1"),
    ),
    in_file(
        "call workflow",
        """\
@workflow
def _inner(ctx):
    return Step("a", lambda: 1)


@workflow
def flow(ctx):
    return Sequence(§_inner(ctx))
""",
        said="workflow flow: TypeError: 'Workflow' object is not callable",
        hint="call a function or Subflow(id, workflow); `smithers up FILE` starts a workflow",
        fix=("@workflow\ndef _inner", "def _inner"),
    ),
    in_flow(
        "unbound",
        """\
if ctx.get("x", str):
    last = 1
return Step("b", lambda: 1, timeout_s=§last)
""",
        said=(
            "workflow flow: UnboundLocalError: cannot access local variable 'last' "
            "where it is not associated with a value"
        ),
        hint="assign it before this line",
        fix=("    return Step", "    last = 2\n    return Step"),
    ),
    in_flow(
        "validation",
        """\
best = §Plan(steps=5)
return Step("b", lambda: best, output=Plan)
""",
        said=(
            "workflow flow: ValidationError: 1 validation error for Plan\nsteps\n  "
            "Input should be a valid list [type=list_type, input_value=5, "
            "input_type=int]\n    For further information visit "
            "https://errors.pydantic.dev/2.14/v/list_type"
        ),
        hint="pass values that match the fields of Plan",
        fix=("steps=5", 'steps=["5"]'),
    ),
    in_flow(
        "prompt raises",
        """\
plan = Task("plan", agent=echo, prompt="p", output=Plan)
return Sequence(plan, Task("t", agent=echo, prompt=lambda: f"Do {§ctx[plan].steps[0]}"))
""",
        said="IndexError: list index out of range",
        hint="correct the workflow, then resume the run",
        fix=("steps[0]", "steps"),
    ),
    in_flow(
        "step returns wrong",
        """\
return §Step("b", lambda: {"steps": 5}, output=Plan)
""",
        said=("the result does not match output=:\nsteps: Input should be a valid list (got 5)"),
        hint="return a value that matches output=, or change output=",
        fix=('"steps": 5', '"steps": ["5"]'),
    ),
    in_file(
        "max_concurrency str",
        """\
@§workflow(max_concurrency="4")
def flow(ctx):
    return Step("a", lambda: 1)
""",
        said=("max_concurrency must be a whole number of at least 1, not '4'"),
        hint="for example max_concurrency=3",
        fix=('"4"', "4"),
    ),
    in_flow(
        "Step positional arg",
        """\
return §Step("b", print, "x")
""",
        said="workflow flow: Step has too many positional arguments",
        hint=("write Step(id, run); bind arguments of the function: lambda: function(argument)"),
        fix=('print, "x"', 'lambda: print("x")'),
    ),
    in_flow(
        "cwd missing",
        """\
return §Task("t", agent=echo, prompt="p", cwd=5)
""",
        said="the cwd of task 't' must be a path, not 5",
        hint="pass a path, for example cwd='site'",
        fix=("cwd=5", 'cwd="."'),
    ),
    in_flow(
        "ForEach key raises",
        """\
return ForEach([{"x": 1}], key=lambda i: §i["name"], each=lambda x: Step("a", lambda: x))
""",
        said="KeyError: 'name'",
        hint="correct the workflow, then resume the run",
        fix=('i["name"]', 'str(i["x"])'),
    ),
    in_flow(
        "skip_if bool",
        """\
return §Task("t", agent=echo, prompt="p", skip_if=True)
""",
        said="the skip_if of task 't' must be callable, not True",
        hint="write lambda: ...",
        fix=("skip_if=True", "skip_if=lambda: True"),
    ),
    in_flow(
        "prompt async",
        """\
async def prompt():
    return "p"
return §Task("t", agent=echo, prompt=prompt)
""",
        said="the prompt of task 't' is async",
        hint="write a plain function; async work belongs in a Step",
        fix=("async def", "def"),
    ),
    in_flow(
        "Branch without id in a tree that reads",
        """\
a = Step("a", lambda: 1)
more = Step("more", lambda: 2) if ctx.get(a) else None
return Sequence(a, more, §Branch(lambda: True, Step("b", lambda: 3)))
""",
        said=(
            "Branch has no id, and workflow flow reads outputs: its choice would be kept under its"
            " position in the tree, which may change with the next render"
        ),
        hint='give it an id, for example Branch(..., id="branch")',
        fix=('Step("b", lambda: 3))', 'Step("b", lambda: 3), id="branch")'),
    ),
    in_flow(
        "Loop without id in an item that reads",
        """\
a = Step("a", lambda: 1)
def each(item):
    more = Step(f"more-{item}", lambda: 2) if ctx.get(a) else None
    body = Step(f"body-{item}", lambda: ctx[a])
    return Sequence(more, §Loop(body, until=lambda: True, max_iterations=2))
return Parallel(a, ForEach(["x"], key=str, each=each))
""",
        said=(
            "Loop has no id, and each of parallel/foreach1 for item 'x' reads outputs: its choice"
            " would be kept under its position in the tree, which may change with the next render"
        ),
        hint='give it an id taken from the item, for example Loop(..., id=f"loop-{item}")',
        fix=("max_iterations=2)", 'max_iterations=2, id=f"loop-{item}")'),
    ),
    in_flow(
        "Command of one text",
        """\
return §Command("c", "git status")
""",
        said="the argv of command 'c' must be a list of words, not 'git status'",
        hint='write ["git", "status"], or shell=True with one string',
        fix=('"git status"', '["true"]'),
    ),
    in_flow(
        "Command of words for a shell",
        """\
return §Command("c", ["echo", "a"], shell=True)
""",
        said=(
            "the argv of command 'c' must be a string, since it has shell=True, not ['echo', 'a']"
        ),
        hint="write one string for the shell, or leave out shell=True",
        fix=(", shell=True", ""),
    ),
    in_flow(
        "Command without words",
        """\
return §Command("c", [])
""",
        said="the argv of command 'c' names no program",
        hint='write ["git", "status"]',
        fix=('"c", []', '"c", ["true"]'),
    ),
    in_flow(
        "Command with a number",
        """\
return §Command("c", ["sleep", 0])
""",
        said="word 1 of the argv of command 'c' must be a string or a path, not 0",
        hint="write str(...)",
        fix=("0]", "str(0)]"),
    ),
    in_flow(
        "Command with a task as a word",
        """\
a = Step("a", lambda: "x")
return Sequence(a, §Command("c", ["echo", a]))
""",
        said="word 1 of the argv of command 'c' must be a string or a path, not <Step 'a'>",
        hint="read the output of a task with ctx[task] in a callable",
        fix=('["echo", a]', 'lambda: ["echo", ctx[a]]'),
    ),
    in_flow(
        "Command with a NUL",
        """\
return §Command("c", ["echo", "a\\0b"])
""",
        said="word 1 of the argv of command 'c' contains a NUL character",
        hint="no program can receive one this way: pass the text with stdin=, or remove it",
        fix=("\\0", ""),
    ),
    in_flow(
        "Command with half a character",
        """\
return §Command("c", ["echo", "a\\ud800b"])
""",
        said="word 1 of the argv of command 'c' contains a lone surrogate",
        hint="remove it: it is half of a character",
        fix=("\\ud800", ""),
    ),
    in_flow(
        "Command with env as a list",
        """\
return §Command("c", ["true"], env=["A=1"])
""",
        said="the env of command 'c' must be a dict, not ['A=1']",
        hint='write env={"NAME": "value"}; it is added to the environment of the run',
        fix=('["A=1"]', '{"A": "1"}'),
    ),
    in_flow(
        "Command with a number in env",
        """\
return §Command("c", ["true"], env={"A": 1})
""",
        said="the variable A in the env of command 'c' must be a string, not 1",
        hint="write str(...)",
        fix=("1}", "str(1)}"),
    ),
    in_flow(
        "Command with a wrong name in env",
        """\
return §Command("c", ["true"], env={"A=B": "1"})
""",
        said="the env of command 'c' has the invalid name 'A=B'",
        hint='write env={"NAME": "value"}',
        fix=("A=B", "A"),
    ),
    in_flow(
        "Command with a model as stdin",
        """\
plan = Step("plan", lambda: Plan(steps=["x"]))
return Sequence(plan, §Command("c", ["cat"], stdin=lambda: ctx[plan]))
""",
        said=(
            "the stdin of command 'c' must be a string or bytes, not Plan(steps=['x'], done=False)"
        ),
        hint="pass text or bytes; of a model, model_dump_json()",
        fix=("ctx[plan]", "ctx[plan].model_dump_json()"),
    ),
    in_flow(
        "Command with an exit code that its output lacks",
        """\
return §Command("c", ["false"], output=str, check=False)
""",
        said="command 'c' has check=False, and its output= has no exit code",
        hint="leave out output=, so that it gives Completed, or leave out check=False",
        fix=(", output=str", ""),
    ),
    in_flow(
        "Command with a number as cwd",
        """\
return §Command("c", ["true"], cwd=3)
""",
        said="the cwd of command 'c' must be a path, not 3",
        hint="pass a path, for example cwd='site'",
        fix=("3", '"."'),
    ),
    in_flow(
        "Command without its folder",
        """\
return §Command("c", ["true"], cwd="/no/such/folder")
""",
        said="`true` was not started: the folder /no/such/folder does not exist",
        hint="make it first, or change cwd=",
        fix=("/no/such/folder", "."),
    ),
    in_flow(
        "Command without its program",
        """\
return §Command("c", ["no-such-program"])
""",
        said="`no-such-program` was not started: 'no-such-program' was not found",
        hint="install it, or write its whole path; PATH is that of the run",
        fix=("no-such-program", "true"),
    ),
    in_flow(
        "Command with words in one",
        """\
return §Command("c", ["echo a"])
""",
        said="`'echo a'` was not started: 'echo a' was not found",
        hint="write each word as an item of the list, or one string with shell=True",
        fix=("echo a", 'echo", "a'),
    ),
    in_flow(
        "Command with a path that is missing",
        """\
return §Command("c", ["/no/such/program"])
""",
        said="`/no/such/program` was not started: '/no/such/program' was not found",
        hint="/no/such/program does not exist: correct the path, or cwd=",
        fix=("/no/such/program", "/bin/true"),
    ),
    in_flow(
        "Command with a word that is too long",
        """\
return §Command("c", ["cat", *["x" * 10_000_000]])
""",
        said=(
            f"`cat {'x' * 55}…` was not started: one of its words or variables has 10000000 bytes,"
            " more than the system can pass on"
        ),
        hint="pass the text with stdin=, or in a file",
        fix=('["cat", *["x" * 10_000_000]]', '["cat"], stdin="x" * 10_000_000'),
    ),
    in_flow(
        "Command that gives no JSON",
        """\
return §Command("c", ["echo", "done"], output=Plan)
""",
        said=(
            "what `echo done` wrote to stdout does not match output=:\n"
            "the value: Invalid JSON: expected value at line 1 column 1 (got 'done\\n')"
        ),
        hint="have it write one JSON value and nothing else to stdout, or change output=",
        fix=('"done"', '"{}"'),
    ),
    in_flow(
        "Command that gives bytes as JSON",
        """\
return §Command("c", ["printf", "\\\\377"], output=Plan)
""",
        said=("`printf '\\377'` wrote bytes to stdout that are not UTF-8, so they are not JSON"),
        hint="leave out output=, or have it write JSON",
        fix=(", output=Plan", ""),
    ),
    in_flow(
        "run in an async step",
        """\
async def work(attempt: Attempt) -> str:
    return §attempt.run(["true"], output=str)
return Step("s", work)
""",
        said="attempt.run would block the event loop, and everything else with it",
        hint="in an async step, write await attempt.arun(...)",
        fix=("attempt.run(", "await attempt.arun("),
    ),
    in_flow(
        "arun in a step that is not async",
        """\
def work(attempt: Attempt) -> str:
    return §attempt.arun(["true"], output=str)
return Step("s", work)
""",
        said="attempt.arun was called outside of the event loop of the run",
        hint="in a step that is not async, write attempt.run(...)",
        fix=("attempt.arun(", "attempt.run("),
    ),
    in_flow(
        "run of an Attempt made by hand",
        """\
def work() -> str:
    return §Attempt("key", 1, print).run(["true"], output=str)
return Step("s", work)
""",
        said="this Attempt was made by hand, so it runs no programs",
        hint="run the step in a workflow",
        fix=(
            'work() -> str:\n        return Attempt("key", 1, print)',
            "work(attempt) -> str:\n        return attempt",
        ),
    ),
    in_flow(
        "HumanTask asked with a number",
        """\
return §HumanTask("h", ask=7)
""",
        said="the ask of human task 'h' must be a string or a callable, not a int",
        hint="pass the question as a string, or a callable that returns one",
        fix=("ask=7", 'ask="How many?"'),
    ),
    in_flow(
        "HumanTask with a text as choices",
        """\
return §HumanTask("h", ask="?", choices="blue")
""",
        said="the choices of human task 'h' must be a list of strings, not str",
        hint="pass a list of strings, for example choices=['blue', 'green']",
        fix=('choices="blue"', 'choices=["blue", "green"]'),
    ),
    in_flow(
        "HumanTask with a set as choices",
        """\
return §HumanTask("h", ask="?", choices={"blue"})
""",
        said="the choices of human task 'h' must be a list of strings, not set",
        hint="the order of a set differs between processes: write sorted(...)",
        fix=('{"blue"}', 'sorted({"blue"})'),
    ),
    in_flow(
        "HumanTask with a task as choices",
        """\
colours = Step("colours", lambda: ["blue"], output=list[str])
return Sequence(colours, §HumanTask("h", ask="?", choices=colours))
""",
        said="the choices of human task 'h' must be a list of strings, not Step",
        hint="read its output with ctx[task] in a callable: choices=lambda: ctx[task]",
        fix=("choices=colours", "choices=lambda: ctx[colours]"),
    ),
    in_flow(
        "HumanTask with choices that cannot be typed",
        """\
return §HumanTask("h", ask="?", choices=["blue", ""])
""",
        said="the choices of human task 'h' contain '', which cannot be typed on one line",
        hint="use printable texts that are not empty",
        fix=('""', '"none"'),
    ),
    in_flow(
        "HumanTask with the same choice twice",
        """\
return §HumanTask("h", ask="?", choices=["blue", "blue"])
""",
        said="the choices of human task 'h' contain 'blue' twice",
        hint="leave one of them out",
        fix=('"blue", "blue"', '"blue"'),
    ),
    in_flow(
        "HumanTask with choices and output",
        """\
return §HumanTask("h", ask="?", choices=["blue"], output=Plan)
""",
        said="human task 'h' has both output= and choices=",
        hint="use choices= for one of several texts, or output= for data",
        fix=('choices=["blue"], ', ""),
    ),
    in_flow(
        "HumanTask that continues without a time",
        """\
return §HumanTask("h", ask="?", on_timeout="continue")
""",
        said="human task 'h' has on_timeout='continue', but no time in which it must be answered",
        hint="for example timeout_s=3600",
        fix=('on_timeout="continue"', 'on_timeout="continue", timeout_s=3600'),
    ),
    in_flow(
        "HumanTask that fails by a denial",
        """\
return §HumanTask("h", ask="?", on_deny="fail")
""",
        said="the on_deny of human task 'h' must be a Rework, not 'fail'",
        hint="for example Rework(draft, max_rounds=3)",
        fix=(', on_deny="fail"', ""),
    ),
    in_flow(
        "WaitForEvent without a name",
        """\
return §WaitForEvent("w", event="")
""",
        said="the event of wait_for_event 'w', '', is empty",
        hint="use 1 to 200 printable characters, for example event='payment'",
        fix=('event=""', 'event="payment"'),
    ),
    in_flow(
        "WaitForEvent with a number as correlation",
        """\
return §WaitForEvent("w", event="payment", correlation=7)
""",
        said="the correlation of wait_for_event 'w', 7, must be a string, not int",
        hint="use a text of 1 to 200 printable characters, or a callable that returns one",
        fix=("correlation=7", 'correlation="7"'),
    ),
    in_flow(
        "WaitForEvent that continues without a time",
        """\
return §WaitForEvent("w", event="payment", output=Plan, on_timeout="continue")
""",
        said="wait_for_event 'w' has on_timeout='continue', but no time in which a signal must"
        " come",
        hint="for example timeout_s=3600",
        fix=(', on_timeout="continue"', ', on_timeout="continue", timeout_s=3600'),
    ),
    in_flow(
        "Timer without a time",
        """\
return §Timer("t")
""",
        said="timer 't' has no time",
        hint="set either seconds=3600, or until= a datetime",
        fix=('"t"', '"t", seconds=1'),
    ),
    in_flow(
        "Timer with two times",
        """\
return §Timer("t", seconds=1, until=datetime(2020, 1, 1, tzinfo=UTC))
""",
        said="timer 't' has both seconds= and until=",
        hint="set either seconds=3600, or until= a datetime",
        fix=("seconds=1, ", ""),
    ),
    in_flow(
        "Timer of a time without a zone",
        """\
return §Timer("t", until=datetime(2020, 1, 1))
""",
        said="the until of timer 't' is 2020-01-01T00:00:00, which has no time zone",
        hint="pass a zone, for example tzinfo=ZoneInfo('Europe/Berlin') or tzinfo=UTC",
        fix=("1, 1)", "1, 1, tzinfo=UTC)"),
    ),
    in_flow(
        "Timer until a text",
        """\
return §Timer("t", until="tomorrow")
""",
        said="the until of timer 't' must be a datetime, not 'tomorrow'",
        hint="for example until=datetime(2026, 12, 1, 9, tzinfo=ZoneInfo('Europe/Berlin'))",
        fix=('"tomorrow"', "datetime(2020, 1, 1, tzinfo=UTC)"),
    ),
    in_flow(
        "Timer until a task",
        """\
when = Step("when", lambda: datetime(2020, 1, 1, tzinfo=UTC), output=datetime)
return Sequence(when, §Timer("t", until=when))
""",
        said="the until of timer 't' must be a datetime, not <Step 'when'>",
        hint="read its output with ctx[task] in a callable: until=lambda: ctx[task]",
        fix=("until=when", "until=lambda: ctx[when]"),
    ),
    in_flow(
        "Timer of more than a hundred years",
        """\
return §Timer("t", seconds=1e12)
""",
        said="seconds must be at most 3153600000 (a hundred years), not 1000000000000.0",
        hint="for example seconds=300",
        fix=("1e12", "0.1"),
    ),
    in_flow(
        "Approval allowed by a number",
        """\
return §Approval("ok", ask="?", allowed_by=[7])
""",
        said="the allowed_by of approval 'ok' must be a list of names, not [7]",
        hint="for example allowed_by=['ann', 'bob']",
        fix=("[7]", "['ann', 'bob']"),
    ),
    in_flow(
        "rework without a task",
        """\
draft = Step("draft", lambda: 1)
return Sequence(draft, Approval("ok", ask="ok?", on_deny=§Rework()))
""",
        said="this Rework names no task",
        hint="for example Rework(draft)",
        fix=("Rework()", "Rework(draft)"),
    ),
    in_flow(
        "rework of a list",
        """\
draft = Step("draft", lambda: 1)
return Sequence(draft, Approval("ok", ask="ok?", on_deny=§Rework(["draft"])))
""",
        said="Rework takes tasks or their ids, not ['draft']",
        hint="for example Rework(draft, max_rounds=3)",
        fix=('["draft"]', '"draft"'),
    ),
    in_flow(
        "rework without parentheses",
        """\
draft = Step("draft", lambda: 1)
return Sequence(draft, §Approval("ok", ask="ok?", on_deny=Rework))
""",
        said="on_deny must name tasks",
        hint="write on_deny=Rework(task)",
        fix=("=Rework)", "=Rework(draft))"),
    ),
    in_flow(
        "rework of no round",
        """\
draft = Step("draft", lambda: 1)
return Sequence(draft, Approval("ok", ask="ok?", on_deny=§Rework(draft, max_rounds=0)))
""",
        said="max_rounds must be a whole number of at least 1, not 0",
        hint="for example Rework(draft, max_rounds=3)",
        fix=("max_rounds=0", "max_rounds=2"),
    ),
    in_flow(
        "rework of a task that is not in the tree",
        """\
draft = Step("draft", lambda: 1)
return Sequence(draft, §Approval("ok", ask="ok?", on_deny=Rework("draught")))
""",
        said="approval 'ok' sends back 'draught', which is not part of the workflow tree",
        hint="did you mean draft? the ids are: draft, ok",
        fix=('"draught"', '"draft"'),
    ),
    in_flow(
        "note of what sends nothing back",
        """\
check = Step("check", lambda: 1)
return Sequence(check, Step("s", lambda: §ctx.note(check)))
""",
        said="ctx.note(check) reads a node that sends no work back",
        hint="set on_deny=Rework(...) or on_failure=Rework(...) on it",
        fix=("ctx.note(check)", "ctx[check]"),
    ),
    in_async(
        "flow with an id twice",
        """\
await run.step("a", lambda: 1)
return await §run.step("a", lambda: 2)
""",
        said="step 'a' has an id that this flow has used at flow.py:25:11",
        hint='give each call of a flow an id, taken from the data, for example f"a-{number}"',
        fix=('return await run.step("a"', 'return await run.step("b"'),
    ),
    in_async(
        "flow with an id of another kind",
        """\
await run.command("a", ["true"])
return await §run.step("a", lambda: 2)
""",
        said="step 'a' has an id that this flow has used as a command at flow.py:25:11",
        hint='give each call of a flow an id, taken from the data, for example f"a-{number}"',
        fix=('step("a"', 'step("b"'),
    ),
    in_async(
        "flow that sleeps",
        "§await asyncio.sleep(1)\n",
        said="the flow uses asyncio.sleep, which is not a call of run",
        hint=_AWAITS,
        fix=("asyncio.sleep(1)", 'run.sleep("nap", seconds=0.001)'),
    ),
    in_async(
        "flow that gathers by asyncio",
        """\
one, two = run.step("a", lambda: 1), run.step("b", lambda: 2)
return §await asyncio.gather(one, two)
""",
        said="the flow awaits a Future, which is not a call of run",
        hint=_AWAITS,
        fix=("asyncio.gather", "run.gather"),
    ),
    in_async(
        "flow with a time-out of asyncio",
        """\
async with §asyncio.timeout(3):
    return await run.step("a", lambda: 1)
""",
        said="the flow uses asyncio.timeout, which is not a call of run",
        hint=_AWAITS,
        fix=("async with asyncio.timeout(3):", "if True:"),
    ),
    in_async(
        "call of a flow that is not awaited",
        'return §run.step("a", lambda: 1)\n',
        said="step 'a' was made and not awaited, so it did not run",
        hint="write await run.step(...)",
        fix=("return run", "return await run"),
    ),
    in_async(
        "call of a flow in a text",
        """\
plan = run.step("plan", lambda: "x")
return await run.task("t", agent=echo, prompt=§f"do {plan}")
""",
        said="run.step('plan', ...) is used as text, but it was not awaited",
        hint="write await run.step('plan', ...)",
        fix=("plan = run", "plan = await run"),
    ),
    in_file(
        "call of another flow",
        """\
@workflow
async def flow(run: Run[NoInput]) -> int:
    async def inner(sub: Run[None]) -> int:
        return await §run.step("mine", lambda: 1)

    return await run.flow("inner", inner)
""",
        said="run.step('mine', ...) is used outside its flow",
        hint="use run in the code of its flow alone, not in the function of a step, in another flow"
        " or in a thread; pass them values",
        fix=("await run.step", "await sub.step"),
    ),
    in_file(
        "gather with a call of another flow",
        """\
@workflow
async def flow(run: Run[NoInput]) -> list[int]:
    mine = §run.step("mine", lambda: 1)

    async def inner(sub: Run[None]) -> list[int]:
        return await sub.gather(mine)

    return await run.flow("inner", inner)
""",
        said="'mine' is a call of another flow",
        hint="await the calls of the `run` that the flow was given",
        fix=('return await run.flow("inner", inner)', "return await run.gather(mine)"),
    ),
    in_async(
        "flow that reads an output",
        """\
plan = Step("plan", lambda: 1)
await run.node(plan)
return §run.ctx[plan]
""",
        said="ctx was read outside the workflow function, its callables and its steps",
        hint="read outputs in the workflow function, in a callable of a node, or in a step; a flow"
        " awaits them: value = await run.node(task)",
        fix=("await run.node(plan)\n    return run.ctx[plan]", "return await run.node(plan)"),
    ),
    in_async(
        "tree without an id in a flow",
        'return await §run.node(Sequence(Step("a", lambda: 1)))\n',
        said="the sequence in run.node has no id",
        hint='set one, for example Sequence(..., id="review")',
        fix=("1))", '1), id="all")'),
    ),
    in_async(
        "flow that gathers a list",
        'return await §run.gather([run.step("a", lambda: 1)])\n',
        said="awaitable 1 of run.gather is [<Call 'a'>], which cannot be awaited",
        hint="pass calls and coroutines; unpack a list with *",
        fix=("gather([", "gather(*["),
    ),
    in_async(
        "step of a flow that is given a call",
        'return await §run.step("a", run.step("b", lambda: 1))\n',
        said="step 'a' needs a function, not <Call 'b'>",
        hint="pass a function: Step(id, function)",
        fix=('run.step("b", lambda: 1))', "lambda: 1)"),
    ),
    in_file(
        "flow whose output cannot be stored",
        """\
@§workflow
async def flow(run: Run[NoInput]):
    return object()
""",
        said="the value of the result of the flow cannot be stored: the value is an object, which"
        " is not plain JSON: write output=",
        hint="return plain JSON data, or annotate the function with a model that fits",
        fix=("object()", "1"),
    ),
    in_async(
        "ids of a flow from uuid",
        'return await §run.step(f"a-{uuid.uuid4()}", lambda: 1)\n',
        said="the flow makes different calls each time it runs: step 'a-UUID', then step 'a-UUID'",
        hint=_SAME_CALLS,
        fix=("uuid.uuid4()", "run.random()"),
    ),
    in_async(
        "ids from uuid below a gather",
        """\
async def one(name: str) -> str:
    return await §run.step(f"{name}-{uuid.uuid4()}", lambda: name)

return await run.gather(*(one(name) for name in ["x", "y"]), limit=1)
""",
        said="the flow makes different calls each time it runs: step 'x-UUID', then step 'x-UUID'",
        hint=_SAME_CALLS,
        fix=("{name}-{uuid.uuid4()}", "{name}"),
    ),
    in_async(
        "flow that makes another number of calls",
        """\
if random.random() < 2 and (left := globals().setdefault("left", [1])):
    left.pop()
    await §run.step("a", lambda: 1)
""",
        said="the flow makes different calls each time it runs: step 'a', then nothing",
        hint=_SAME_CALLS,
        fix=(
            'if random.random() < 2 and (left := globals().setdefault("left", [1])):\n'
            "        left.pop()",
            "if run.random() < 2:",
        ),
    ),
    in_file(
        "flow that yields",
        """\
@§workflow
async def flow(run: Run[NoInput]):
    yield 1
""",
        said="workflow flow yields, but a flow returns its output",
        hint="write return without yield",
        fix=("yield", "return"),
    ),
    in_file(
        "flow without a run",
        """\
@§workflow
async def flow():
    return 1
""",
        said="workflow flow must take one argument, the run",
        hint="write async def steps(run: Run[Brief]) -> Report; values are in run.input",
        fix=("flow()", "flow(run: Run[NoInput])"),
    ),
    in_file(
        "flow with two arguments",
        """\
@§workflow
async def flow(run: Run[NoInput], number: int):
    return 1
""",
        said="workflow flow must take one argument, the run",
        hint="write async def steps(run: Run[Brief]) -> Report; values are in run.input",
        fix=(", number: int", ""),
    ),
    in_file(
        "function of a Run that is not async",
        """\
@§workflow
def flow(run: Run[NoInput]):
    return run.step("a", lambda: 1)
""",
        said="workflow flow takes a Run, but is not async",
        hint="write async def flow(run: Run[NoInput]) -> ...",
        fix=(
            "def flow(run: Run[NoInput]):\n    return",
            "async def flow(run: Run[NoInput]):\n    return await",
        ),
    ),
    in_file(
        "async function that returns a tree",
        """\
@§workflow
async def flow(ctx: Context[NoInput]) -> Node[int]:
    return Step("a", lambda: 1)
""",
        said="workflow flow is async, so it is a flow, which returns its output and not a node",
        hint="write def if it returns a tree, or return await run.node(tree)",
        fix=("async def", "def"),
    ),
    in_file(
        "flow with result=",
        """\
@§workflow(result=lambda ctx: 1)
async def flow(run: Run[NoInput]):
    return 2
""",
        said="workflow flow is a flow, which gives what it returns",
        hint="leave out result=, and return it",
        fix=("(result=lambda ctx: 1)", ""),
    ),
    in_flow(
        "Flow of a plain function",
        """\
def steps(run: Run[None]) -> int:
    return 1

return §Flow("f", steps)
""",
        said="flow 'f' needs an async function, not steps, which is not async",
        hint="write async def steps(run: Run[Brief]) -> Report",
        fix=("def steps", "async def steps"),
    ),
    in_flow(
        "Flow that is called",
        """\
async def steps(run: Run[int]) -> int:
    return run.input

return §Flow("f", steps(1))
""",
        said="flow 'f' needs an async function, not a call of steps",
        hint="write Flow('f', steps, input=...): it is called when it starts",
        fix=("steps(1)", "steps, input=1"),
    ),
]
