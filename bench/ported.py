"""How long the skills are that an example ports, and the example: `python -m bench.ported [CLONE]`.

Prints the table of docs/review_and_ship.md. The counts of the originals are recorded here; with
CLONE, a clone of https://github.com/garrytan/gstack, they are counted again at the same commit, and
a difference is an error.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

__all__ = ["COMMIT", "table"]

COMMIT = "0801f7d0cf59e885da5e33df4bdd5de97c5d1b3d"
_RECORDED = {
    "review/SKILL.md.tmpl": (281, 12_847),
    "review/checklist.md": (176, 11_075),
    "ship/SKILL.md.tmpl": (534, 24_225),
}
"""Lines and characters of the files that people write; SKILL.md is generated from the templates."""
_EXAMPLE = Path(__file__).parents[1] / "examples" / "ports" / "review_and_ship.py"


def _count(text: str) -> tuple[int, int]:
    return text.count("\n"), len(text)


def table() -> str:
    """The table in Markdown."""
    rows = [(f"`{name}`", counts) for name, counts in _RECORDED.items()]
    lines, characters = (sum(counts) for counts in zip(*_RECORDED.values(), strict=True))
    rows.append(("all three", (lines, characters)))
    rows.append(("`review_and_ship.py`", _count(_EXAMPLE.read_text("utf-8"))))
    head = ["| file | lines | characters |", "|---|---:|---:|"]
    return "\n".join([*head, *(f"| {name} | {many:,} | {size:,} |" for name, (many, size) in rows)])


def _check(clone: str) -> None:
    for name, recorded in _RECORDED.items():
        command = ["git", "-C", clone, "show", f"{COMMIT}:{name}"]
        shown = subprocess.run(command, capture_output=True, check=False)
        if shown.returncode:
            sys.exit(f"{clone} is not a clone with {name}: {shown.stderr.decode().strip()}")
        if (found := _count(shown.stdout.decode())) != recorded:
            sys.exit(f"{name} has {found} lines and characters at {COMMIT}, not {recorded}")


if __name__ == "__main__":
    for clone in sys.argv[1:]:
        _check(clone)
    print(table())
