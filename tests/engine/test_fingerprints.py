"""What tells one version of a function from another: its syntax, and the values that it holds."""

from __future__ import annotations

import functools
import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from smithers import Context, NoInput, Step
from smithers.engine import syntax
from smithers.engine.fingerprints import differences, fingerprint_of, fingerprint_text, of_step
from smithers.engine.syntax import WHOLE, digest_values
from smithers.tree import StepWork, output_of

Load = Callable[[str], ModuleType]
INPUT = {WHOLE: "all", "size": "its size", "name": "its name"}


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """A module of this text, as a workflow's file is loaded."""
    count = iter(range(100))

    def made(text: str) -> ModuleType:
        file = tmp_path / f"flow{next(count)}.py"
        file.write_text(text)
        spec = importlib.util.spec_from_file_location("flow", file)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules["flow"] = importlib.util.module_from_spec(spec)
        syntax.keep_text(str(file), file.read_bytes())
        spec.loader.exec_module(module)
        return module

    return made


def parts(function: Any, output: Any = Any) -> dict[str, str]:
    work = StepWork(run=function, takes_attempt=False, retry=None)
    return dict(of_step(work, output_of(output), lambda: INPUT))


def changes(load: Load, before: str, after: str) -> list[str]:
    """What differs between two versions of `work`."""
    return differences(parts(load(before).work), parts(load(after).work))


NESTED = "def two():\n    return {}\ndef one():\n    return two()\ndef work():\n    return one()\n"
PLAIN = "def work():\n    return 1\n"


@pytest.mark.parametrize(
    "after",
    [
        "# why\n\n\ndef work():\n    # because\n    return 1\n",
        'def work():\n    """What it does."""\n    return 1\n',
        "def work() -> int:\n    return (1)\n",
        "OTHER = 2\ndef other():\n    return 3\ndef work():\n    return 1\n",
    ],
)
def test_what_changes_nothing_is_no_change(load: Load, after: str) -> None:
    assert changes(load, PLAIN, after) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (PLAIN, "def work():\n    return 2\n"),
        (PLAIN, "async def work():\n    return 1\n"),
        (
            NESTED.format(1),
            NESTED.format(2),
        ),
        (
            "SIZE = 1\ndef work():\n    return SIZE\n",
            "SIZE = 2\ndef work():\n    return SIZE\n",
        ),
        (
            "def work():\n    return [one() for one in [lambda: 1]]\n",
            "def work():\n    return [one() for one in [lambda: 2]]\n",
        ),
    ],
)
def test_other_syntax_is_a_change_of_the_code(load: Load, before: str, after: str) -> None:
    assert changes(load, before, after) == ["code"]


BESIDE = "SIZE = {0}\ndef size():\n    return {0}\n"


@pytest.mark.parametrize(
    "text",
    [
        "from beside import SIZE\ndef work():\n    return SIZE\n",
        "from beside import SIZE as most\ndef work():\n    return most\n",
        "import beside\ndef work():\n    return beside.SIZE\n",
        "import beside\ndef work():\n    return beside.size()\n",
    ],
)
def test_what_another_file_of_the_author_has_counts_as_well(
    load: Load, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    found: list[dict[str, str]] = []
    for size in (1, 2):
        monkeypatch.setitem(sys.modules, "beside", load(BESIDE.format(size)))
        found.append(parts(load(text).work))
    assert differences(*found) == ["code"]


def test_the_methods_of_a_class_that_is_named_count(load: Load) -> None:
    text = (
        "def one():\n    return {0}\nclass Base:\n    def go(self):\n        return one()\n"
        "class Does(Base):\n    at: {1} = 1\ndef work():\n    return Does().go()\n"
    )
    assert changes(load, text.format(1, "int"), text.format(2, "int")) == ["code"]
    assert changes(load, text.format(1, "int"), text.format(1, "float")) == []


@pytest.mark.parametrize(
    "text",
    [
        "SIZE = {}\nclass Has:\n    SIZE = 5\ndef work():\n    return Has.SIZE\n",
        "def size():\n    return {}\ndef work(has=None):\n    return has and has.size()\n",
        "SIZE = {}\nif True:\n    SIZE = 5\ndef work():\n    return SIZE\n",
        "SIZE = {}\nSIZE += 1\ndef work():\n    return SIZE\n",
        "SIZE = {}\nfor SIZE in (5, 6):\n    pass\ndef work():\n    return SIZE\n",
        "SIZE = {}\ndef put():\n    global SIZE\n    SIZE = 5\n\ndef work():\n    return SIZE\n",
        "SIZE = {}\nfrom sys import maxsize as SIZE\ndef work():\n    return SIZE\n",
    ],
)
def test_what_only_looks_like_a_constant_or_a_helper_does_not_count(load: Load, text: str) -> None:
    assert changes(load, text.format(1), text.format(2)) == []


def test_lambdas_of_one_line_are_told_apart(load: Load) -> None:
    before = load("one, work = (lambda: 1), (lambda: 2)\n")
    after = load("one, work = (lambda: 3), (lambda: 2)\n")
    assert differences(parts(before.work), parts(after.work)) == []
    assert differences(parts(before.one), parts(after.one)) == ["code"]


def test_a_constant_that_is_worked_out_does_not_count(load: Load) -> None:
    text = "import time\nAT = time.time()\ndef work():\n    return AT\n"
    assert changes(load, text, text) == []


MAKER = "def make(held):\n    def work(size={size}):\n        return held, size\n    return work\n"


def test_the_values_that_it_holds_count(load: Load) -> None:
    make = load(MAKER.format(size=1)).make
    same = [parts(make(held)) for held in (["a"], ["a"])]
    assert differences(*same) == []
    assert differences(parts(make(["a"])), parts(make(["b"]))) == ["values"]
    other = load(MAKER.format(size=2)).make(["a"])
    assert differences(same[0], parts(other)) == ["code", "values"]


def test_arguments_that_were_given_before_count() -> None:
    def work(size: int) -> int:
        return size

    one, two = (parts(functools.partial(work, size)) for size in (1, 2))
    assert differences(one, two) == ["values"]


@pytest.mark.parametrize("held", [object(), iter(()), open, list(range(2000)), "x" * 200_000])
def test_what_cannot_be_told_is_never_a_change(held: object) -> None:
    def make(value: object) -> Callable[[], object]:
        return lambda: value

    assert differences(parts(make(held)), parts(make(object()))) == []


def test_the_id_of_a_node_that_it_reads_does_not_count() -> None:
    def make(held: object) -> Callable[[], object]:
        return lambda: held

    one, other = (parts(make(Step(id, print))) for id in ("a", "b"))
    assert differences(one, other) == []
    assert differences(one, parts(make("a"))) == ["values"]


def test_a_function_in_c_is_unknown() -> None:
    assert parts(print) == {"code": "?", "values": "?"}
    assert differences(parts(print), parts(test_a_function_in_c_is_unknown)) == []


def test_another_schema_is_a_change_of_the_schema() -> None:
    assert differences(parts(print, int), parts(print, str)) == ["schema"]


def test_the_syntax_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def make(number: int) -> Callable[[], int]:
        return lambda: number

    parts(make(0))
    monkeypatch.setattr(syntax, "_digest_code", None)
    assert len({json.dumps(parts(make(number))) for number in range(1000)}) == 1000


def test_a_file_counts_as_it_was_when_it_was_imported(load: Load) -> None:
    module = load(PLAIN)
    assert module.__file__ is not None
    Path(module.__file__).write_text("def work():\n    return 2\n")
    assert differences(parts(module.work), parts(load(PLAIN).work)) == []


def test_it_is_short_and_read_back_as_it_was() -> None:
    text = fingerprint_text(parts(lambda: 1, str))
    assert len(text) < 30
    assert fingerprint_of(text) == {"code": json.loads(text)["code"]}


READING = """\
def made(ctx, task=None):
    def help(given):
        return given
    return {
        "nothing": lambda: ctx[task] and ctx.get(task),
        "size": lambda: ctx.input.size,
        "both": lambda: [ctx.input.size for _ in ctx.input.name],
        "whole": lambda: ctx.input.model_dump(),
        "given": lambda: help(ctx.input),
        "context": lambda: help(ctx),
    }
"""


@pytest.mark.parametrize(
    ("how", "counts"),
    [
        ("nothing", set[str]()),
        ("size", {"size"}),
        ("both", {"size", "name"}),
        ("whole", {WHOLE}),
        ("given", {WHOLE}),
        ("context", {WHOLE}),
    ],
)
def test_of_the_input_counts_what_is_read_of_it(load: Load, how: str, counts: set[str]) -> None:
    reads = load(READING).made(Context[NoInput].__new__(Context))[how]
    before = digest_values(reads, lambda: INPUT)

    def differs(name: str) -> bool:
        return digest_values(reads, lambda: {**INPUT, name: "another"}) != before

    assert set(filter(differs, INPUT)) == counts
