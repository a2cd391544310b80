"""Writes the reference of the public names into docs/reference: signatures and docstrings.

`make site` runs it before each build, so the pages are not part of the repository.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from docs.writing import write
from smithers.manual import signature

__all__ = ["MODULES", "pages"]

FOLDER = Path(__file__).with_name("reference")
MODULES = {
    "smithers": "what workflows are written with",
    "smithers.patterns": "arrangements that have a name",
    "harnesses": "agents that are programs",
    "harnesses.models": "agents that are models",
    "smithers.agent": "what an agent is",
    "smithers.errors": "what can go wrong",
    "smithers.hub": "runs in your own program",
    "smithers.testing": "tests of frozen runs",
}


def pages() -> dict[str, str]:
    """The text of each page, by its name."""
    index = "".join(f"| [{name}]({name}.md) | {what} |\n" for name, what in MODULES.items())
    head = "# Reference\n\nThe public names of each module, from the code.\n\n| module | |\n"
    head += "|---|---|\n"
    return {"index.md": head + index, **{f"{name}.md": _page(name) for name in MODULES}}


def _page(name: str) -> str:
    module = import_module(name)
    parts = [f"# {name}\n\n{inspect.cleandoc(module.__doc__ or '').partition(chr(10))[0]}\n"]
    public = [each for each in module.__all__ if not each.startswith("_")]
    parts += [_entry(each, getattr(module, each)) for each in public]
    return "\n".join(parts)


def _entry(name: str, value: Any) -> str:
    blocks = [_described(value, name), *_members(value)] if callable(value) else [repr(value)]
    return f"## {name}\n\n" + "\n".join(f"```text\n{block}\n```\n" for block in blocks)


def _members(kind: Any) -> Iterator[str]:
    """The public methods and properties of a class, those inherited from our packages too."""
    if not inspect.isclass(kind):
        return
    for name, member in inspect.getmembers(kind):
        if name.startswith("_") or not getattr(member, "__doc__", None):
            continue
        own = member.fget if isinstance(member, property) else member
        if not inspect.isfunction(own) or not own.__module__.startswith(("smithers", "harnesses")):
            continue
        if own is member:
            yield _described(member, name)
        else:
            yield f"{name}\n\n{inspect.getdoc(member)}"


def _described(value: Any, name: str) -> str:
    try:
        return signature(value, name)
    except (TypeError, ValueError):  # an alias, or a class without a signature
        return f"{name}\n\n{inspect.getdoc(value) or ''}".rstrip()


def main() -> int:
    """Write the pages."""
    return write({FOLDER / name: text for name, text in pages().items()})


if __name__ == "__main__":
    sys.exit(main())
