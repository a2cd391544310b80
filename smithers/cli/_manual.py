"""`docs`: the manual, as one page or a topic."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from smithers.cli._arguments import Argument, JsonFlag, Option, example
from smithers.cli._failures import Usage
from smithers.cli._streams import give, give_json

if TYPE_CHECKING:
    import typer

    from smithers.manual import Command

__all__ = ["known_commands", "register"]


def register(app: typer.Typer) -> None:
    app.command(
        "docs",
        short_help="Print the manual, for a person or an agent.",
        help=example(
            "smithers docs",
            "smithers docs --max-tokens 6000",
            "smithers docs nodes",
            "smithers docs --json",
            says="Print one page with all that is needed to write workflows, or the page of a"
            " topic, as Markdown.",
        ),
    )(docs)


def docs(
    topic: Annotated[
        str | None,
        Argument(
            metavar="[TOPIC]",
            help="Such as nodes, agents, patterns or errors (default: one page with all).",
            show_default=False,
        ),
    ] = None,
    max_tokens: Annotated[
        int | None,
        Option(
            "--max-tokens",
            metavar="N",
            min=100,
            help="Leave out what matters least, to print at most N tokens of 4 characters.",
            show_default=False,
        ),
    ] = None,
    json: JsonFlag = False,
) -> int:
    from smithers.manual import TOPICS, cut, page
    from smithers.manual import topic as page_of

    if topic is not None and topic not in TOPICS:
        raise Usage(f"there is no topic {topic!r}", hint=f"use one of: {', '.join(TOPICS)}")
    commands = list(known_commands())
    if json and topic is None:
        if max_tokens is not None:
            raise Usage(
                "--max-tokens cuts a text, and --json lists the pages", hint="leave one out"
            )
        pages = [_about(one, page_of(one, commands)) for one in TOPICS]
        give_json({"version": 1, "pages": pages})
        return 0
    text = page(commands) if topic is None else page_of(topic, commands)
    if max_tokens is not None:
        text = cut(text, max_tokens, "smithers docs" if topic is None else f"smithers docs {topic}")
    if json and topic is not None:
        give_json({"version": 1, **_about(topic, text), "text": text})
    else:
        give(text, end="")
    return 0


def _about(topic: str, text: str) -> dict[str, object]:
    from smithers.manual import summaries

    return {"name": topic, "title": summaries()[topic], "bytes": len(text.encode())}


def known_commands() -> Iterator[Command]:
    """Every command with its options, as typer knows them."""
    from typer.main import get_command

    from smithers.cli._app import app
    from smithers.cli._mcp import register_clients

    register_clients()
    yield from _below(get_command(app), "")


def _below(command: Any, name: str) -> Iterator[Command]:
    from smithers.manual import Command

    if command.hidden:
        return
    below = getattr(command, "commands", {})
    if name and not (below and command.no_args_is_help):
        shown = [one for one in command.params if not getattr(one, "hidden", False)]
        given = [one for one in shown if one.param_type_name == "argument"]
        yield Command(
            usage=" ".join([name, *(one.metavar for one in given)]),
            summary=command.short_help or "",
            options=[(_typed(one), one.help or "") for one in shown],
        )
    for word, one in below.items():
        yield from _below(one, f"{name} {word}".strip())


def _typed(one: Any) -> str:
    if one.param_type_name == "argument":
        return str(one.metavar)
    names = ", ".join(one.opts)
    return names if one.is_flag else f"{names} {one.metavar or one.type.name.upper()}"
