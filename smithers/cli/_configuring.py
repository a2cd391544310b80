"""`config`: which settings hold here, and where each of them comes from."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from smithers.cli._arguments import Argument, JsonFlag, example
from smithers.cli._failures import Usage
from smithers.cli._places import place
from smithers.cli._streams import give, give_json, say, shown, table
from smithers.hub import Hub
from smithers.texts import json_text, near_name

if TYPE_CHECKING:
    import typer

    from smithers.engine.configuring import SettingLine

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    app.command(
        "config",
        short_help="Show the settings, and where each comes from.",
        help=example(
            "smithers config",
            "smithers config agents.fast",
            says="Show the settings that hold in this folder: those of the nearest"
            " smithers.toml upward, over your own ~/.config/smithers/config.toml."
            " Variables count more than files, and options of a command more than"
            " variables. With KEY, print that value alone.",
        ),
    )(config)


def config(
    key: Annotated[
        str | None,
        Argument(
            metavar="[KEY]", help="A setting, such as linger_s (default: all).", show_default=False
        ),
    ] = None,
    json: JsonFlag = False,
) -> int:
    found = Hub(Path()).settings(lambda: place(None, checked=False).path)
    lines = found.lines
    if key is not None:
        lines = tuple(one for one in lines if one.key == key or one.key.startswith(f"{key}."))
        if not lines:
            raise _unknown(key, [one.key for one in found.lines])
    if json:
        files = [str(path) for path in found.files]
        give_json({"version": 1, "files": files, "settings": [_line_json(one) for one in lines]})
    elif key is not None and lines[0].key == key:
        give(shown(_text(lines[0].value)))
    else:
        rows = [[one.key, _text(one.value), _origin(one)] for one in lines]
        for row in table([["KEY", "VALUE", "FROM"], *rows]):
            give(shown(row))
    if (refused := found.refused) is not None:
        say(
            shown(
                f"{refused} is not trusted, so runs that use it are refused; check it, then type:"
                f" smithers trust {shlex.quote(str(refused))}"
            )
        )
    return 0


def _line_json(line: SettingLine) -> dict[str, Any]:
    origin = line.origin
    return {
        "key": line.key,
        "value": line.value,
        "origin": origin.kind,
        "file": None if origin.file is None else str(origin.file),
        "line": origin.line,
        "variable": origin.variable,
        "trusted": not line.is_refused,
    }


def _origin(line: SettingLine) -> str:
    return f"{line.origin} (not trusted)" if line.is_refused else str(line.origin)


def _text(value: object) -> str:
    """A value on one line; a text as it is."""
    if value is None:
        return "none"
    return value if isinstance(value, str) else json_text(value)


def _unknown(key: str, known: list[str]) -> Usage:
    near = near_name(key, known, cutoff=0.5)
    hint = f"did you mean {near!r}?" if near else f"use one of: {', '.join(known)}"
    return Usage(f"there is no setting {key!r}", hint=hint)
