"""What an edit of the workflow may not do to a run: move a choice to another container."""

from __future__ import annotations

from smithers.engine.mount import Mounts, children_digest
from smithers.errors import AuthorError
from smithers.state import RunState

__all__ = ["check_choices"]


def check_choices(state: RunState, mounts: Mounts) -> None:
    """Every choice still belongs to the container that it was made for.

    A container without an id is named by its position, so an edit can shift one into the place of
    another. Raises `AuthorError` naming the id to write.
    """
    for (key, _), chosen in state.choices.items():
        one = mounts.by_id.get(key.id)
        if one is None or not chosen.children or one.named:
            continue
        if children_digest(one) != chosen.children:
            raise AuthorError(
                f"the children of {key.id!r} are others than when the run chose here",
                place=one.node.mark.place,
                hint=f'if it is the same {one.node.kind}, write id="{key.id}" on it; if not, write '
                "that id on the one that was there before, and another on this one",
            )
