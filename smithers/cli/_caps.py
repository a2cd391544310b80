"""The options of `up` that say what a run may use, whatever its author allows."""

from __future__ import annotations

from typing import Annotated

from smithers.cli._arguments import Option
from smithers.cli._failures import Usage
from smithers.hub import Amounts

__all__ = ["MaxCalls", "MaxTokens", "MaxUsd", "caps_of"]

MaxUsd = Annotated[
    str | None,
    Option(
        "--max-usd",
        metavar="USD",
        help="Start no agent of the run once it has cost this many US dollars.",
        show_default=False,
    ),
]
MaxTokens = Annotated[
    int | None,
    Option(
        "--max-tokens",
        min=1,
        metavar="N",
        help="The same for tokens.",
        show_default=False,
    ),
]
MaxCalls = Annotated[
    int | None,
    Option(
        "--max-calls",
        min=1,
        metavar="N",
        help="The same for requests to agents.",
        show_default=False,
    ),
]


def caps_of(
    usd: str | None, tokens: int | None, calls: int | None, *, resume: bool
) -> Amounts | None:
    """What was given, as one value. Raises `Usage`."""
    if usd is None and tokens is None and calls is None:
        return None
    if resume:
        hint = "`smithers budget RUN --add-usd 5` raises a budget"
        raise Usage("a run that exists keeps its caps", hint=hint)
    from smithers.cli._raising import dollars

    return Amounts(usd=dollars("--max-usd", usd), tokens=tokens, calls=calls)
