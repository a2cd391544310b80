"""`workflows`: what can be started here, and with which input."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from smithers.cli._arguments import Argument, JsonFlag, example
from smithers.cli._places import place, workflow_files
from smithers.cli._streams import give, give_json, paint, say, shown
from smithers.hub import Hub

if TYPE_CHECKING:
    import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    app.command(
        "workflows",
        short_help="List workflows and their inputs.",
        help=example(
            "smithers workflows",
            "smithers workflows ship_it.py --json",
            says="List the workflows in the given files (default: those in"
            " .smithers/workflows) with the fields of their input. Files are"
            " imported, but no workflow is run. Files in a folder that you do not"
            " trust are only parsed, unless you name them. It exits 1 if a file"
            " cannot be imported.",
        ),
    )(workflows)


def workflows(
    files: Annotated[
        list[Path] | None,
        Argument(metavar="[FILE]...", help="Python files.", show_default=False),
    ] = None,
    json: JsonFlag = False,
) -> int:
    wanted = files or workflow_files(Path.cwd())
    where = place(None)
    found = Hub(where.path).workflows(wanted, named=bool(files))
    failed = any("error" in one for one in found)
    if json:
        give_json({"version": 1, "workflows": found})
        return int(failed)
    for one in found:
        _show(one)
    if any(one.get("input_schema", {}) is None for one in found):
        say(
            "files were not imported because you do not trust this folder yet; to trust"
            " it, type `smithers trust`"
        )
    if not wanted:
        say("there are no workflows in .smithers/workflows: put a Python file there, or name one")
    return int(failed)


def _show(one: dict[str, Any]) -> None:
    if "error" in one:
        where = one["error"]["place"] or one["file"]
        give(f"{paint('✗', 'red', sys.stdout)} {shown(where)}: {shown(one['error']['message'])}")
        if one["error"]["hint"]:
            give(f"    hint: {shown(one['error']['hint'])}")
        return
    about = one["description"].partition("\n")[0]
    schema = one["input_schema"]
    if schema is None:
        give(f"{paint(shown(one['workflow']), 'bold', sys.stdout)}  {shown(about)}")
        give(f"    smithers up {shown(one['file'])}:{shown(one['name'])}")
        return
    required = schema.get("required", ())
    fields = [f"{name}{'' if name in required else '?'}" for name in schema.get("properties", {})]
    give(
        f"{paint(shown(one['workflow']), 'bold', sys.stdout)}({', '.join(fields)})  {shown(about)}"
    )
    give(f"    smithers up {shown(one['file'])}:{shown(one['name'])}")
