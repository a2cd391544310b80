"""Pages of the manual: a file of words, in which each mark is replaced by what the code says.

A file has its short part, and after `<!-- more -->` what only the page of its topic has. The one
page is the short parts of all topics. Sections are in the order of their importance.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from smithers.manual._code import (
    agents,
    calls,
    errors,
    imports,
    nodes,
    of_options,
    patterns,
    values,
)
from smithers.manual._places import FOLDER, Command

__all__ = ["TOPICS", "page", "summaries", "topic"]

TOPICS = (
    *("start", "mistakes", "nodes", "agents", "loops", "approvals", "failures", "running"),
    *("testing", "patterns", "flows", "errors", "imports", "cli"),
)
"""In the order of the one page, which begins with what an author needs most."""
_MARK = re.compile(r"<!-- made: ([a-z ]+) -->")
_NOTE = re.compile(r"<!-- .*? -->\n+")
_MORE = "<!-- more -->\n"


def page(commands: Sequence[Command]) -> str:
    """The one page: the short parts of all topics."""
    return "\n".join(_filled(_text(name).partition(_MORE)[0], commands) for name in TOPICS)


def topic(name: str, commands: Sequence[Command]) -> str:
    """The whole page of a topic."""
    return _filled(_text(name).replace(_MORE, ""), commands)


def summaries() -> dict[str, str]:
    """The title of each topic."""
    return {name: _text(name).partition("\n")[0].removeprefix("# ") for name in TOPICS}


def _text(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text("utf-8")


def _filled(text: str, commands: Sequence[Command]) -> str:
    made: Mapping[str, Callable[[bool], str]] = {
        "agents": agents,
        "calls": calls,
        "commands": lambda full: _commands(commands, full),
        "errors": errors,
        "imports": imports,
        "nodes": nodes,
        "patterns": patterns,
        "topics": lambda full: ", ".join(TOPICS),
        "values": values,
    }

    def fill(mark: re.Match[str]) -> str:
        name = mark[1].removesuffix(" in full")
        return f"```text\n{made[name](name != mark[1])}\n```"

    return of_options(_NOTE.sub("", _MARK.sub(fill, text)))


def _commands(commands: Sequence[Command], full: bool) -> str:
    blocks: list[str] = []
    for one in commands:
        head = f"smithers {one.usage}"
        if full:
            rows = [f"    {name}\n        {says}" for name, says in one.options]
            blocks.append("\n".join([head, f"  {one.summary}", *rows]))
        else:
            names = " ".join(name for name, _ in one.options if name.startswith("-"))
            blocks.append(f"{head}: {one.summary}" + (f"\n    {names}" if names else ""))
    return "\n".join(blocks)
