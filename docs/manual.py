"""Writes the examples into the manual's page of patterns, and llms.txt: `make docs`.

An installation has no examples, so the page has their text. `--check` only compares.
"""

from __future__ import annotations

import sys
from pathlib import Path

from docs.writing import write
from smithers.manual import FOLDER, summaries

__all__ = ["made"]

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "patterns"
BEGIN = "<!-- written by `make docs` from examples/patterns -->\n"
LLMS = """# Smithers

> Smithers runs AI agents through workflows that survive crashes. A workflow is one Python file;
> outputs are rows in SQLite, so a killed run continues where it was.

After `pipx install smithers-orchestrator`, `smithers docs` prints one page with all that is needed
to write a workflow, made from the code that is installed. `smithers docs TOPIC` prints more of a
topic, and `--max-tokens N` as much as fits. Topics:

"""


def made() -> dict[Path, str]:
    """Each file that is written, and its text."""
    page = FOLDER / "patterns.md"
    return {page: _with_examples(page.read_text("utf-8")), ROOT / "llms.txt": _llms()}


def _with_examples(text: str) -> str:
    files = [
        EXAMPLES / "answers.py",
        *sorted(set(EXAMPLES.glob("*.py")) - {EXAMPLES / "answers.py"}),
    ]
    blocks = [
        f"`{file.name}`:\n\n```python\n{file.read_text('utf-8').strip()}\n```\n" for file in files
    ]
    return text.partition(BEGIN)[0] + BEGIN + "\n" + "\n".join(blocks)


def _llms() -> str:
    """The index that language models look for: the topics, and a line for each document."""
    topics = [f"- `smithers docs {name}`: {title}" for name, title in summaries().items()]
    documents = [
        f"- [{_title(path)}]({path.relative_to(ROOT)})" for path in [ROOT / "README.md", *_pages()]
    ]
    return LLMS + "\n".join([*topics, "", "## Documents", "", *documents]) + "\n"


def _pages() -> list[Path]:
    """Those of docs/, and the index of each folder there that the repository has."""
    docs = ROOT / "docs"
    indexes = [path for path in docs.glob("*/index.md") if path.parent.name != "reference"]
    return [*sorted(docs.glob("*.md")), *sorted(indexes)]


def _title(path: Path) -> str:
    return next(
        line.removeprefix("# ")
        for line in path.read_text("utf-8").splitlines()
        if line.startswith("# ")
    )


def main() -> int:
    """Write the files, or say which are stale."""
    return write(made())


if __name__ == "__main__":
    sys.exit(main())
