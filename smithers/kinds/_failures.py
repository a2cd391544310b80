"""By which error a node failed, and what there is to say of an output that no longer fits."""

from __future__ import annotations

from pydantic import ValidationError

from smithers.changes import Failure, Key
from smithers.errors import AuthorError
from smithers.kinds._instance import Instance
from smithers.naming import key_name
from smithers.state import RunState
from smithers.tree import problem

__all__ = ["error_of", "find_failure", "misfit"]


def misfit(one: Instance, why: ValidationError) -> AuthorError:
    """That an edit has changed the output of a call that has ended, to one that it does not fit."""
    return AuthorError(
        f"what {key_name(one.key)!r} gave no longer fits its output=: {problem(why)}",
        place=one.node.mark.place,
        hint="change output= so that it takes what it gave; or run the call again with"
        " --rerun-changed",
    )


def error_of(state: RunState, one: Instance) -> Failure | None:
    """The error of a settled node, or of the first below it, in document order, by which it failed;
    if none did, of the first whose failure is tolerated.
    """
    own = state.ended.get(one.key)
    if own is not None and own.error is not None:
        return own.error
    found = find_failure(state, one) or find_failure(state, one, tolerated=True)
    return None if found is None else found[1]


def find_failure(
    state: RunState, one: Instance, *, tolerated: bool = False
) -> tuple[Key, Failure] | None:
    """The first node, in document order, by which a failed one failed, and its error; with
    `tolerated`, also one whose failure fails nothing around it.
    """
    waiting = [one]
    while waiting:
        found = waiting.pop()
        ended = state.ended.get(found.key)
        counts = found.failing or (tolerated and found.status == "failed")
        if counts and ended is not None and ended.error is not None:
            return found.key, ended.error
        waiting += [child for child in reversed(found.children) if tolerated or child.failing]
    return None
