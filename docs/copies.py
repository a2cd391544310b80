"""Writes files of examples/ into the pages that show them: `make docs`; `--check` only compares.

A line "`name.py`:" before a block of Python says which file the block is. A second block of a name
on a page is an edit of the first, and is kept as the page has it. A line "<!-- signature: NAME -->"
has the signature and the docstring of that name below it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import smithers
from docs.writing import write
from smithers.manual import signature

__all__ = ["BLOCK", "pages"]

DOCS = Path(__file__).parent
EXAMPLES = DOCS.parent / "examples"
FOLDERS = (EXAMPLES, EXAMPLES / "testing", EXAMPLES / "recipes", EXAMPLES / "nodes")
BLOCK = re.compile(r"(?<=^`)(\w+\.py)`:\n\n```python\n(.*?)^```", re.S | re.M)
_SIGNATURE = re.compile(r"(?<=^<!-- signature: )(\w+) -->\n```text\n.*?^```", re.S | re.M)


def pages() -> Iterator[Path]:
    yield from (DOCS / name for name in ("guide.md", "testing.md", "flows.md"))
    for folder in ("from", "nodes", "recipes"):
        yield from sorted((DOCS / folder).glob("*.md"))


def with_files(text: str) -> str:
    """The page with each file as it is now."""
    files = {file.name: file for folder in FOLDERS for file in folder.glob("*.py")}
    shown: set[str] = set()

    def fill(block: re.Match[str]) -> str:
        name = block[1]
        if name in shown or name not in files:
            return block[0]
        shown.add(name)
        return f"{name}`:\n\n```python\n{files[name].read_text('utf-8')}```"

    def describe(mark: re.Match[str]) -> str:
        return f"{mark[1]} -->\n```text\n{signature(getattr(smithers, mark[1]))}\n```"

    return _SIGNATURE.sub(describe, BLOCK.sub(fill, text))


def main() -> int:
    """Write the pages, or say which are stale."""
    return write({page: with_files(page.read_text("utf-8")) for page in pages()})


if __name__ == "__main__":
    sys.exit(main())
