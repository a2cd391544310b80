"""`patterns`: which patterns there are, and the source of one."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from smithers.cli._arguments import Argument, JsonFlag, example
from smithers.cli._failures import Usage
from smithers.cli._streams import give, give_json, paint

if TYPE_CHECKING:
    import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    app.command(
        "patterns",
        short_help="List patterns, or print the source of one.",
        help=example(
            "smithers patterns",
            "smithers patterns ReviewLoop > review_loop.py",
            says="List the patterns of smithers.patterns, or print the source of one, to"
            " read it or to copy and change it.",
        ),
    )(patterns)


def patterns(
    name: Annotated[
        str | None,
        Argument(
            metavar="[NAME]",
            help="The name of a pattern, such as ReviewLoop (default: list all).",
            show_default=False,
        ),
    ] = None,
    json: JsonFlag = False,
) -> int:
    known = _patterns()
    if name is None:
        if json:
            give_json({"version": 1, "patterns": list(known.values())})
            return 0
        width = max(map(len, known))
        for one in known.values():
            give(f"{paint(one['name'].ljust(width), 'bold', sys.stdout)}  {one['summary']}")
        return 0
    if name not in known:
        from smithers.tree import did_you_mean

        hint = did_you_mean(name, known) or "list them with `smithers patterns`"
        raise Usage(f"there is no pattern {name!r}", hint=hint)
    source = Path(known[name]["file"]).read_text("utf-8")
    if json:
        give_json({"version": 1, **known[name], "source": source})
    else:
        give(source, end="")
    return 0


def _patterns() -> dict[str, dict[str, Any]]:
    """What is said of each pattern, by its name: the functions that the package exports."""
    from smithers import patterns as package

    values = {name: getattr(package, name) for name in package.__all__}
    return {
        name: {
            "name": name,
            "summary": (inspect.getdoc(value) or "").partition("\n")[0],
            "module": value.__module__,
            "file": inspect.getsourcefile(value),
        }
        for name, value in values.items()
        if inspect.isfunction(value)
    }
