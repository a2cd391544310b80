"""Writes the page of each pattern, and the index: `make docs`; `--check` only compares.

A page is put together from the docstrings of the pattern, the tree of its example after a run, and
the example itself. The texts beside them are in this file.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from docs.writing import write
from smithers import patterns
from smithers.cli._trees import of_run, tree_lines
from smithers.hub import Hub

__all__ = ["FOLDER", "NAMES", "pages"]

FOLDER = Path(__file__).with_name("patterns")
EXAMPLES = Path(__file__).parents[1] / "examples" / "patterns"
NAMES = [one for one in patterns.__all__ if inspect.isfunction(getattr(patterns, one))]
NOTE = "<!-- written by `make docs` from smithers/patterns and examples/patterns -->"
INDEX = f"""{NOTE}
# Patterns

A pattern is a function that arranges nodes in a way that has a name. You write the tasks, with any
agents and options; the pattern puts them in order, and counts, compares and decides in Python. Each
is one short file over the public names of `smithers`: `smithers patterns` lists them, and
`smithers patterns ReviewLoop` prints one, to read or to copy and change.

    from smithers.patterns import ReviewLoop

The first argument is an id, from which the pattern makes the ids of its own steps, as in
`reviewed-verdict`; the second is the context. mypy and pyright infer the output. What undoes work
is a node: [Saga](../workflows.md#undo-what-was-done).

| pattern | what it does |
|---|---|
"""


class _Silent:
    """Watches a run and says nothing."""

    def frame(self, frame: object, state: object) -> None: ...

    def event(self, key: object, event: object) -> None: ...

    def note(self, text: str) -> None: ...


def pages() -> dict[str, str]:
    """The text of each file in `docs/patterns`, by its name."""
    modules = {name: _module(getattr(patterns, name)) for name in NAMES}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        trees = {name: _tree(name, Path(folder), _stem(modules[name])) for name in NAMES}
    found = {
        f"{_stem(modules[name])}.md": _page(name, modules[name], trees[name]) for name in NAMES
    }
    lines = [
        f"| [{name}]({_stem(modules[name])}.md) | {_summary(getattr(patterns, name))} |"
        for name in NAMES
    ]
    return {"index.md": INDEX + "\n".join(lines) + "\n", **found}


def _module(pattern: object) -> ModuleType:
    module = inspect.getmodule(pattern)
    assert module is not None
    return module


def _stem(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


def _summary(pattern: Callable[..., object]) -> str:
    return (inspect.getdoc(pattern) or "").partition("\n")[0]


def _tree(name: str, folder: Path, stem: str) -> str:
    """The tree of the example after its run, as `smithers graph` draws it."""
    database = folder / f"{stem}.db"
    file = str(EXAMPLES / f"{stem}.py")
    started = Hub(database).start(file, run_id=stem, observer=_Silent(), linger_s=60)
    left = asyncio.run(started)
    assert left.status == "finished", f"the example of {name} is {left.status}"
    return "\n".join(list(tree_lines("", of_run(Hub(database).graph(stem))))[1:])


def _scripted(example: str) -> str:
    """Where the agents of an example come from."""
    if "from answers import" not in example:
        return ""
    return ", with scripted agents of [answers.py](../../examples/patterns/answers.py) beside it"


def _page(name: str, module: ModuleType, tree: str) -> str:
    pattern: Any = getattr(patterns, name)
    first, _, use = (module.__doc__ or "").strip().partition("\n\n")
    said = first.partition(": ")[2]
    example = (EXAMPLES / f"{_stem(module)}.py").read_text("utf-8").strip()
    return f"""{NOTE}
# {name}

{said[0].upper()}{said[1:]}

{" ".join(use.split())}

{_signature(name, module)}

{_prose(inspect.getdoc(pattern) or "")}

## Its tree

That of the example below, after its run (`smithers graph RUN`):

```text
{tree}
```

## An example

[{_stem(module)}.py](../../examples/patterns/{_stem(module)}.py){_scripted(example)}. Start it with
`smithers up examples/patterns/{_stem(module)}.py`. To read the pattern itself, type
`smithers patterns {name}`.

```python
{example}
```
"""


def _signature(name: str, module: ModuleType) -> str:
    """The definition as it is in the file, up to its docstring."""
    source = inspect.getsource(getattr(module, name))
    head = source.partition('    """')[0].strip()
    return f"```text\n{head.removeprefix('def ').removesuffix(':')}\n```"


def _prose(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def main() -> int:
    """Write the pages and remove those of no pattern, or say which are stale."""
    made = {FOLDER / file: text for file, text in pages().items()}
    return write({**dict.fromkeys(FOLDER.glob("*.md")), **made})


if __name__ == "__main__":
    os.environ["NO_COLOR"] = "1"
    sys.exit(main())
