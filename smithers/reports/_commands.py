"""Commands in hints: each is written in backticks, without the database that it is about."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

__all__ = ["name_database"]

_COMMAND = re.compile(r"`(smithers ([a-z]+)[^`]*)`")
_NEED_NONE = frozenset({"demo", "harness", "patterns", "record", "workflows"})


def name_database(text: str, path: Path) -> str:
    """The text with `--db` in each command that uses a database.

    >>> name_database("list the runs with `smithers ps`", Path("my runs.db"))
    "list the runs with `smithers ps --db 'my runs.db'`"
    >>> name_database("see `smithers up --help`, or run `smithers demo`", Path("runs.db"))
    'see `smithers up --help`, or run `smithers demo`'
    """
    option = f" --db {shlex.quote(str(path))}"

    def named(found: re.Match[str]) -> str:
        command, name = found.groups()
        if name in _NEED_NONE or "--db" in command or "--help" in command:
            return found[0]
        return f"`{command}{option}`"

    return _COMMAND.sub(named, text)
