"""What an exception of Python's means in an author's file, and what to type instead.

Python names the call and the argument in its text alone, so that is parsed here, with what the
call takes looked up in the line that made it. A text that does not parse stays as it is.
"""

from __future__ import annotations

import builtins
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import FrameType, FunctionType, ModuleType
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from smithers.adapters import agent_classes
from smithers.texts import near_name
from smithers.tree._handles import handle_hint
from smithers.tree._other_tools import other_name_hint, other_tool_hint
from smithers.tree._places import is_in_library, is_ours
from smithers.tree._texts import plain_text
from smithers.values import dataclass

__all__ = ["Explained", "did_you_mean", "explain", "first_of", "names_of"]

_TAIL_LINES, _TAIL_CHARS = 20, 2000
_UNKNOWN = r"([\w.<>]+)\(\) got an unexpected keyword argument '(\w+)'"
_MISSING = r"([\w.<>]+)\(\) missing \d+ required (?:positional|keyword-only) argument"
_TOO_MANY = r"([\w.<>]+)\(\) (?:takes .* positional argument|got multiple values for)"
_CANNOT_IMPORT = r"cannot import name '(\w+)'"
_NO_ITEMS = r"'(\w+)' object is not subscriptable"
_SAME = (
    ("needs", "after", "depends_on", "dependencies", "requires", "upstream", "wait_for"),
    ("retry", "tries", "retries", "attempts", "max_attempts", "max_retries"),
    ("timeout_s", "timeout", "timeout_seconds", "max_seconds"),
    ("output", "output_schema", "output_type", "response_model", "result_type", "schema"),
    ("max_iterations", "count", "max_rounds", "n", "times"),
    ("otherwise", "else_", "orelse"),
    ("test", "skip_if", "condition", "if_", "predicate", "when"),
    ("prompt", "ask", "instructions", "message", "question", "text"),
    ("usd", "cost", "dollars", "max_cost", "max_usd"),
    ("limit", "max_concurrency", "concurrency", "max_parallel", "workers"),
)
"""Arguments of ours, each with the words that other tools use for it."""
_LOOP = "Smithers runs this in its own event loop: await it in a Step whose function is async"
_HINTS: tuple[tuple[type[BaseException], str, str], ...] = (
    (RuntimeError, "running event loop", _LOOP),  # asyncio.run
    (RuntimeError, "another loop is running", _LOOP),
    (RuntimeError, "event loop is already running", _LOOP),
    (EOFError, "reading a line", "nobody types here: take it as input, or ask with HumanTask"),
    (SystemExit, "", "raise an error instead: Smithers ends the process"),
)
"""What Python's own errors mean, by a part of their text."""
_OF_AGENTS = ("model", "system_prompt", "temperature", "tools")


@dataclass(frozen=True, slots=True)
class Explained:
    """What went wrong, with the exception's class unless the words replace it; and the fix."""

    said: str
    hint: str = ""


def did_you_mean(given: str, names: Iterable[str]) -> str:
    """The name that was meant, as the beginning of a hint; or nothing."""
    known = {name.lower(): name for name in names}
    found = near_name(given.lower(), known)
    return f"did you mean {known[found]}?" if found else ""


def explain(error: BaseException) -> Explained:
    """An exception that is not ours, in words for the author of the line that raised it."""
    kind, text = type(error).__name__, plain_text(error)
    said = f"{kind}: {text}" if text else kind
    try:
        found = _explain(error, said)
    except Exception:  # an object of the author's may refuse even to be looked at
        found = None
    return found or Explained(said, handle_hint(error))


def _explain(error: BaseException, said: str) -> Explained | None:
    if isinstance(error, TypeError):
        return _call(error) or _mixed_up(error, said)
    if isinstance(error, ImportError):
        return _import(error, said)
    if isinstance(error, BaseExceptionGroup):
        return _group(cast("BaseExceptionGroup[BaseException]", error), said)
    if isinstance(error, AttributeError):
        if (other := _of_other_tool(error)) is not None:
            return Explained(said, other)
        known = isinstance(error.obj, BaseModel) or _frame_of(error) is not None
        return _attribute(error, said) if known and not handle_hint(error) else None
    if isinstance(error, NameError):
        return _name(error, said)
    if isinstance(error, ValidationError):
        hint = f"pass values that match the fields of {error.title}"
        return Explained(said, handle_hint(error) or hint)
    if isinstance(error, subprocess.CalledProcessError | subprocess.TimeoutExpired):
        return Explained(said + _tail(error))
    return _outside(error, said)


def _outside(error: BaseException, said: str) -> Explained | None:
    """What Python says of its surroundings: the event loop, the terminal, files, variables."""
    if isinstance(error, OSError | KeyError) and (hint := _not_there(error)):
        return Explained(said, hint)
    for kind, text, hint in _HINTS:
        if isinstance(error, kind) and text in str(error):
            return Explained(said, handle_hint(error) or hint)
    return None


def _not_there(error: OSError | KeyError) -> str:
    """What to write for a variable of the environment, or a file, that is not there."""
    if isinstance(error, KeyError):
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        is_variable = trace is not None and trace.tb_frame.f_globals.get("__name__") == "os"
        return (
            f"set {error.args[0]} in the environment, or read it in a Step" if is_variable else ""
        )
    name: object = error.filename
    if not isinstance(error, FileNotFoundError) or not isinstance(name, str) or name[:1] == "/":
        return ""
    return (
        f"it is looked for in {os.getcwd()}; beside this file: Path(__file__).with_name({name!r})"
    )


def first_of(error: BaseException) -> BaseException:
    """The first exception of a group, as of tasks that ran together; or the exception itself."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    return error


def _group(group: BaseExceptionGroup[BaseException], said: str) -> Explained:
    inner = explain(first_of(group))
    return Explained(f"{inner.said} (in {said})", inner.hint)


def _tail(error: subprocess.CalledProcessError | subprocess.TimeoutExpired) -> str:
    """The last lines that a program wrote, if the author had them captured."""
    for name, given in (("stderr", error.stderr), ("stdout", error.stdout)):
        written: object = given
        text = written.decode("utf-8", "replace") if isinstance(written, bytes) else written
        if isinstance(text, str) and text.strip():
            lines = text.strip().splitlines()[-_TAIL_LINES:]
            return f"\n{name}: " + plain_text("\n".join(lines)[-_TAIL_CHARS:])
    return ""


# -- calls


def _call(error: TypeError) -> Explained | None:
    text = str(error)
    match = re.match(_UNKNOWN, text) or re.match(_MISSING, text) or re.match(_TOO_MANY, text)
    frame = _frame_of(error)
    if match is None or frame is None:
        return None
    callee = next(_callees(frame, match[1]), None)
    if callee is None:
        return None
    name = match[1].removesuffix(".__init__").rpartition(".")[2]
    parameters = [
        one
        for one in inspect.signature(callee).parameters.values()
        if one.kind not in (one.VAR_KEYWORD, one.POSITIONAL_ONLY)
    ]
    written = f"{name}({', '.join(_written(parameters))})"
    if match.re.pattern == _UNKNOWN:
        given = match[2]
        return Explained(f"{name} has no argument {given!r}", _argument_hint(given, parameters))
    missing = re.findall(r"'(\w+)'", text)
    if match.re.pattern == _MISSING:
        listed = " and ".join(missing)
        return Explained(f"{name} was called without {listed}", f"write {written}")
    hint = f"write {written}"
    if any(one.name == "run" for one in parameters):
        hint = f"write {written}; bind arguments of the function: lambda: function(argument)"
    return Explained(f"{name} has too many positional arguments", hint)


def _argument_hint(given: str, parameters: list[inspect.Parameter]) -> str:
    names = [one.name for one in parameters if one.kind is not one.VAR_POSITIONAL]
    if given in ("args", "kwargs") and "run" in names:
        hint = "bind arguments of the function: lambda: function(argument)"
        return hint
    if given in _OF_AGENTS and "agent" in names:
        hint = f"set it where the agent is created: {given}=..."
        return hint
    same = (name for group in _SAME if given in group for name in group[:2] if name in names)
    meant = next(same, "")
    guess = f"did you mean {meant}?" if meant else did_you_mean(given, names)
    listed = f"the arguments are: {', '.join(names)}" if names else "it takes no arguments"
    hint = f"{guess} {listed}".strip()
    return hint


def _written(parameters: list[inspect.Parameter]) -> Iterator[str]:
    """The required arguments as they are typed."""
    for one in parameters:
        if one.kind is one.VAR_POSITIONAL:
            yield f"*{one.name}"
        elif one.default is one.empty:
            yield f"{one.name}=..." if one.kind is one.KEYWORD_ONLY else one.name


def _frame_of(error: BaseException) -> FrameType | None:
    """The frame that raised it; None if that is not in an author's file."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    frame = None if trace is None else trace.tb_frame
    if frame is None or is_in_library(frame.f_code) or is_ours(frame.f_globals.get("__name__")):
        return None
    return frame


def _callees(frame: FrameType, qualified: str) -> Iterator[Callable[..., Any]]:
    """What the code of a frame can call by this qualified name."""
    for value in _named_in(frame):
        name = "__init__" if isinstance(value, type) else "__call__"
        made: object = value if isinstance(value, FunctionType) else getattr(value, name, None)
        if callable(value) and getattr(made, "__qualname__", None) == qualified:
            yield value


def _named_in(frame: FrameType) -> Iterator[Any]:
    local = cast("Mapping[str, object]", frame.f_locals)
    shared = cast("Mapping[str, object]", frame.f_globals)
    for name in (*frame.f_code.co_names, *frame.f_code.co_freevars, *frame.f_code.co_varnames):
        value = local.get(name, shared.get(name))
        yield value
        if isinstance(value, ModuleType):
            yield from (vars(value).get(inner) for inner in frame.f_code.co_names)


def _mixed_up(error: TypeError, said: str) -> Explained | None:
    """Classes of ours that Python names where a value was expected."""
    words = set(re.findall(r"\w+", str(error)))
    if "Attempt" in words:
        hint = (
            "a required parameter of a step's function receives the Attempt; bind"
            " values with a lambda"
        )
        return Explained(said, hint)
    if "Workflow" in words:
        hint = "call a function or Subflow(id, workflow); `smithers up FILE` starts a workflow"
        return Explained(said, hint)
    model = re.match(_NO_ITEMS, str(error))
    if model is not None and model[1] != "NoneType" and not hasattr(builtins, model[1]):
        hint = handle_hint(error) or "a field is an attribute: write ctx[task].field"
        return Explained(said, hint)
    return None


# -- names


def _import(error: ImportError, said: str) -> Explained | None:
    wanted = re.match(_CANNOT_IMPORT, str(error))
    module = error.name or ""
    if wanted is None and isinstance(error, ModuleNotFoundError):
        if module.replace("-", "_") == "smithers_orchestrator":
            hint = "the package is imported as smithers: import smithers"
        else:
            hint = other_tool_hint(module) or (
                f"install it for the Python that runs Smithers, {sys.executable},"
                " or put the module next to the workflow"
            )
        return Explained(f"there is no module {module!r}", hint)
    if wanted is None:
        return None
    name, names = wanted[1], names_of(module)
    if "partially initialized module" in str(error):
        said = f"{module} is imported while it is being imported itself, before it has {name!r}"
        hint = "move what both files need into a third one, which imports neither"
        return Explained(said, hint)
    said = f"{module} has no {name!r}"
    other = _home_of(name)
    if other is not None and other != module:
        hint = f"write from {other} import {name}"
        return Explained(said, hint)
    meant = other_name_hint(name) if module == "smithers" else ""
    hint = meant or did_you_mean(name, names) or f"it contains: {_listed(names)}"
    return Explained(said, hint)


def _home_of(name: str) -> str | None:
    """The module that a public name of Smithers, or the class of an agent, is imported from."""
    if name in names_of("smithers"):
        return "smithers"
    return agent_classes().get(name)


def names_of(module: str) -> list[str]:
    """The public names of a module that was imported already."""
    found = sys.modules.get(module)
    listed: object = getattr(found, "__all__", None)
    names = cast("list[str]", listed) if isinstance(listed, list) else dir(found)
    return [name for name in names if not name.startswith("_")]


def _listed(names: list[str]) -> str:
    return ", ".join(names if len(names) <= 12 else [*names[:12], "..."]) or "nothing"


def _attribute(error: AttributeError, said: str) -> Explained | None:
    given, thing = error.name or "", error.obj
    if thing is None:
        hint = (
            "the value is None here: check for None first, since ctx.get and"
            " ctx.previous may return it"
        )
        return Explained(said, hint)
    if isinstance(thing, BaseModel):
        fields = list(type(thing).model_fields)
        guess = did_you_mean(given, fields)
        hint = f"{guess} its fields are: {_listed(fields)}".strip()
        if not fields:
            hint = "declare an input: @workflow(input=Brief) takes a pydantic model Brief"
        return Explained(f"{type(thing).__name__} has no field {given!r}", hint)
    names = [name for name in dir(thing) if not name.startswith("_")]
    if isinstance(thing, ModuleType):
        if meant := did_you_mean(given, names):
            return Explained(said, meant)
        return None
    if type(thing).__name__ == "Context" and is_ours(type(thing).__module__):
        guess = did_you_mean(given, names)
        hint = guess or f"write ctx[{given}] for the output of a task, and ctx.input for the input"
        return Explained(f"ctx has no {given!r}", hint)
    if type(thing).__name__ == "Attempt" and is_ours(type(thing).__module__):
        hint = (
            "a required parameter of a step's function receives the Attempt; bind"
            " values with a lambda"
        )
        return Explained(said, hint)
    meant = did_you_mean(given, names)
    return Explained(said, meant) if meant else None


def _of_other_tool(error: AttributeError) -> str | None:
    """What to write in place of a method that other tools have where we have none."""
    thing: object = error.obj
    module = thing.__module__ if isinstance(thing, FunctionType) else type(thing).__module__
    return (other_name_hint(error.name or "") or None) if is_ours(module) else None


def _name(error: NameError, said: str) -> Explained:
    given = error.name or ""
    frame = _frame_of(error)
    if module := _home_of(given):
        hint = f"write from {module} import {given}"
        return Explained(said, hint)
    if isinstance(error, UnboundLocalError) or frame is None:
        hint = "assign it before this line"
        return Explained(said, hint)
    near = did_you_mean(given, {**frame.f_globals, **frame.f_locals})
    hint = f"{near} {other_name_hint(given)}".strip() or "define it, or import it"
    return Explained(said, hint)
