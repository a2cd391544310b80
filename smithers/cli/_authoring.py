"""`new`: an agent writes a workflow, and gets the errors until it passes."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from smithers.cli._arguments import Argument, Db, JsonFlag, Option, example
from smithers.cli._failures import Usage
from smithers.cli._places import place
from smithers.cli._streams import say, shown
from smithers.errors import Refused
from smithers.hub import Hub

if TYPE_CHECKING:
    import typer

__all__ = ["register"]

_WORKFLOW = Path(__file__).parents[1] / "authoring" / "new_workflow.py"
_FOLDER = Path(".smithers", "workflows")
_WORDS, _MOST_TRIES = 4, 20


def register(app: typer.Typer) -> None:
    app.command(
        "new",
        short_help="Have an agent write a new workflow.",
        help=example(
            'smithers new "review each open pull request"',
            'smithers new "translate all files of docs" -o translate.py --agent fast',
            says="Have an installed agent write one new workflow file. The errors of `smithers"
            " check FILE --dry-run` go back to it in its session until the file passes; only then"
            " is the file written, and never over another. It is a run like any other: it can be"
            " stopped and resumed. If no try passes, it exits with 1 and writes nothing.",
        ),
    )(new)


def new(
    wanted: Annotated[
        str,
        Argument(metavar="TEXT", help="What the workflow is to do, in words.", show_default=False),
    ],
    agent: Annotated[
        str | None,
        Option(
            "--agent",
            metavar="NAME",
            help="An agent of the settings, or ADAPTER[:MODEL] (default: the first adapter that is"
            " installed and signed in).",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        Option(
            "-o",
            "--output",
            metavar="FILE",
            help="The file to write (default: named by the first words, in .smithers/workflows if"
            " there is this folder).",
            show_default=False,
        ),
    ] = None,
    tries: Annotated[
        int, Option("--tries", min=1, metavar="N", help="Check up to N tries, at most 20.")
    ] = 5,
    json: JsonFlag = False,
    db: Db = None,
) -> int:
    from smithers.cli._running import Wanted, go_on, made_up_id
    from smithers.texts import json_text

    where = place(db)
    file = _new_file(output, wanted)
    if tries > _MOST_TRIES:
        raise Usage(f"--tries is at most {_MOST_TRIES}, not {tries}", hint="give a smaller number")
    author = Hub(where.path).find_agent(agent)
    id = made_up_id("new")
    wish = {"wanted": wanted, "file": str(file), "agent": author, "tries": tries}
    code = go_on(
        Wanted(
            place=where,
            run_id=id,
            file=str(_WORKFLOW),
            input=json_text(wish),
            resume=False,
            json=json,
            heading=f"run {id}: {author} writes {file.name}",
        )
    )
    if code == 0:
        typed = shlex.quote(os.path.relpath(file))
        say(shown(f"look at it, then type `smithers check {typed}` or `smithers up {typed}`"))
    return code


def _new_file(given: Path | None, wanted: str) -> Path:
    """Where the file is written, which must be new. Raises `Usage` or `Refused`."""
    if not wanted.strip():
        raise Usage("the text is empty", hint="say what the workflow is to do")
    file = given or (_FOLDER if _FOLDER.is_dir() else Path()) / _name(wanted)
    if file.suffix != ".py" or not file.stem.isidentifier():
        said = f"{file} is not the name of a Python file"
        raise Usage(said, hint="name one with letters, digits and _, for example -o review.py")
    if os.path.lexists(file):
        raise Refused(f"{file} exists, and is not overwritten", hint="name a new file with -o FILE")
    if not file.parent.is_dir():
        said = f"there is no folder {file.parent}"
        raise Refused(said, hint=f"create it with `mkdir -p {shlex.quote(str(file.parent))}`")
    return file.absolute()


def _name(wanted: str) -> str:
    """A file name of the first words."""
    words = re.findall(r"[a-z0-9]+", wanted.lower())[:_WORDS]
    name = "_".join(words)[:40]
    # No module is named by one word of a text, which may be that of another module.
    return f"{name}.py" if name.isidentifier() and len(words) > 1 else f"new_{name}.py"
