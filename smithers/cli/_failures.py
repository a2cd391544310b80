"""How an error is told, and the exit code that goes with it.

0 finished · 1 failed · 2 usage, author error, refused, or the database cannot be used · 3 waiting ·
4 cancelled · 5 over its budget · 6 finished with tolerated failures, or without tasks that its
budget did not pay for · 129, 130 and 143 ended by a signal, whatever the run did
"""

from __future__ import annotations

import os
import sys
from typing import Any

from smithers.cli._places import complete
from smithers.cli._streams import masked, paint, say, shown
from smithers.errors import AuthorError, SmithersError

__all__ = ["REFUSED", "OnlyHelp", "Usage", "code_of", "error_data", "tell"]

REFUSED = 2
_CODES = {"finished": 0, "continued": 0, "failed": 1, "waiting": 3, "cancelled": 4}
_OVER_BUDGET = 5
_PARTLY = 6


class Usage(SmithersError):
    """The command was typed in a way that it does not understand."""


class OnlyHelp(Exception):
    """Nothing was asked for, so help is all there is to say."""


def code_of(status: str, *, partly: bool = False, over_budget: bool = False) -> int:
    """The exit code of a run that was left in this status; `partly` is whether a part is missing of
    what it should have done.
    """
    if over_budget:
        return _OVER_BUDGET
    return _PARTLY if partly and status == "finished" else _CODES[status]


def error_data(error: Exception) -> dict[str, Any]:
    """An error as JSON data."""
    said = error.said if isinstance(error, SmithersError) else _unexpected(error)
    place = None
    if isinstance(error, AuthorError) and error.place is not None:
        said, place = said.removeprefix(f"{error.place}: "), str(error.place)
    hint = complete(error.hint) if isinstance(error, SmithersError) else _DEBUG
    texts: dict[str, Any] = masked({"message": said, "hint": hint})
    return {"kind": type(error).__name__, **texts, "place": place}


def tell(error: Exception) -> None:
    """An error for a person: what is wrong, and what to do."""
    if os.environ.get("SMITHERS_DEBUG"):
        import traceback

        traceback.print_exception(error)
    said = error.said if isinstance(error, SmithersError) else _unexpected(error)
    hint = complete(error.hint) if isinstance(error, SmithersError) else _DEBUG
    say(f"{paint('error:', 'red', sys.stderr)} {shown(said)}")
    if hint:
        say(f"{paint('hint:', 'yellow', sys.stderr)} {shown(hint)}")


_DEBUG = "this is a bug in Smithers; set SMITHERS_DEBUG=1 to see the traceback"


def _unexpected(error: Exception) -> str:
    said = f"{type(error).__name__}: {error}"
    return said if len(said) <= 2000 else f"{said[:1997]}..."
