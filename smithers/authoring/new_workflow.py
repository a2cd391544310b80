"""Write a new workflow: an agent writes the file, and gets the errors until it passes.

`smithers new TEXT` runs it. The file is a workflow like those of users, and no module of ours.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from smithers import Attempt, Budget, Command, Context, Node, Rework, Sequence, Step, Task, workflow
from smithers.settings import agent_of

_SMITHERS = (sys.executable, "-P", "-m", "smithers")
_FENCED = re.compile(r"^(?P<fence>`{3,})[^\n`]*\n(.*?)^(?P=fence)`*[ \t]*$", re.M | re.S)
"""A block ends at a line of at least as many marks as it began with, and of nothing else."""
_MOST_ERRORS = 20


class Wish(BaseModel):
    wanted: str = Field(description="What the workflow is to do.")
    file: str = Field(description="Where it is written.")
    agent: str = Field(description="The agent that writes it.")
    tries: int = Field(default=5, ge=1, le=20, description="How often it may be checked.")


@workflow(input=Wish, budget=Budget(tokens=3_000_000, calls=60, on_exhausted="fail"))
def new_workflow(ctx: Context[Wish]) -> Node[str]:
    """Write a workflow into a new file that passes its check and a dry run."""
    wish, file = ctx.input, Path(ctx.input.file)
    manual = Command("manual", [*_SMITHERS, "docs"], output=str)
    write = Task("write", agent=agent_of(wish.agent), prompt=lambda: _prompt(wish, ctx[manual]))
    check = Step(
        "check",
        lambda attempt: _check(attempt, file.name, _source(ctx[write])),
        output=str,
        on_failure=Rework(write, max_rounds=wish.tries),
    )
    save = Step("save", lambda: _save(file, ctx[check]), output=str)
    return Sequence(manual, write, check, save, result=save)


def _prompt(wish: Wish, manual: str) -> str:
    return f"""\
Write a workflow for Smithers, in one Python file named {Path(wish.file).name}, that does this:

{wish.wanted}

Answer with the whole content of the file in one ````python block, of four marks. Write no file
yourself. Import only smithers, harnesses, pydantic and the standard library. The file is checked,
and run to its end with outputs that are made from their types, without an input that you give; you
get the errors.

This is the manual of Smithers:

{manual}"""


def _source(answer: str) -> str:
    """The Python of an answer: its longest block, or all of it."""
    blocks = (found[2] for found in _FENCED.finditer(answer))
    return max(blocks, key=len, default=answer).strip() + "\n"


def _check(attempt: Attempt, name: str, source: str) -> str:
    """The source, if it passes. Raises `ValueError` with the errors."""
    with tempfile.TemporaryDirectory(prefix="smithers-new-") as folder:
        draft = Path(folder, name)
        draft.write_text(source, "utf-8")
        words = ("check", draft, "--dry-run", "--json")
        done = attempt.run([*_SMITHERS, *words], check=False, timeout_s=300)
        if done.exit_code == 0:
            return source
        said = _errors(done.stdout) or done.stderr
        raise ValueError(f"{name} does not pass:\n{said.replace(str(draft), name)}")


def _errors(report: str) -> str:
    """The mistakes of a check, each with its place and what to write instead."""
    found: list[dict[str, Any]] = json.loads(report)["findings"] if report else []
    lines: list[str] = []
    for one in [one for one in found if one["level"] == "error"][:_MOST_ERRORS]:
        at = one["place"]
        where = f"{at['file']}:{at['line']}:{at['column']}: " if at else ""
        lines.append(f"{where}{one['message']}")
        lines += [f"  hint: {one['hint']}"] if one["hint"] else []
    return "\n".join(lines)


def _save(file: Path, source: str) -> str:
    """Write the file, which must be new, or be what this has begun to write before a crash."""
    content = source.encode()
    try:
        with file.open("xb") as stream:
            stream.write(content)
    except FileExistsError:
        if not _is_begun(file, content):
            raise ValueError(f"{file} exists by now, and is not overwritten") from None
        file.write_bytes(content)
    except OSError:
        file.unlink(missing_ok=True)  # a disk may be full: no part of it is left
        raise
    return str(file)


def _is_begun(file: Path, content: bytes) -> bool:
    try:
        return content.startswith(file.read_bytes())
    except OSError:
        return False
