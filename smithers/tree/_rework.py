"""Which work is done again after a denial, or after a check has failed."""

from __future__ import annotations

from typing import Any, cast

from smithers.tree._checks import check_choice, wrong
from smithers.tree._handles import shown
from smithers.tree._nodes import Node
from smithers.tree._places import Mark, here

__all__ = ["Rework", "check_rework", "split_rework"]

_EXAMPLE = "for example Rework(draft, max_rounds=3)"


class Rework:
    """Do tasks again, with what was said as a message, and then ask or check again.

    `tasks` are nodes or ids; a container means all that is below it. They and everything that read
    them, or a container around them, are reset in one frame, and run again in the order of the
    tree. An agent continues the session in which it did the work, with the note of the denial or
    the message of the failure. Nothing else runs again.

    The node that has this option decides at most `max_rounds` times: if it is denied or fails in
    the last of these rounds, it fails. In loops, the tasks of its own iteration are meant; of loops
    that contain only the task, the last iteration.
    """

    def __init__(self, *tasks: Node[Any] | str, max_rounds: int = 3) -> None:
        self.mark = here()
        if not tasks:
            wrong(self.mark, "this Rework names no task", "for example Rework(draft)")
        for one in cast("tuple[object, ...]", tasks):
            if not isinstance(one, Node | str):
                wrong(
                    self.mark,
                    f"Rework takes tasks or their ids, not {one!r}",
                    _EXAMPLE,
                )
        rounds = cast("object", max_rounds)
        if isinstance(rounds, bool) or not isinstance(rounds, int) or rounds < 1:
            wrong(
                self.mark,
                f"max_rounds must be a whole number of at least 1, not {rounds!r}",
                _EXAMPLE,
            )
        self.tasks = tasks
        self.max_rounds = max_rounds

    @property
    def most_sent_back(self) -> int:
        """How often work can be sent back at most: the decision of the last round is final."""
        return self.max_rounds - 1

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the nodes in the tree; empty for one that is in no tree."""
        return tuple(
            one if isinstance(one, str) else one.id or one.address or "" for one in self.tasks
        )


def split_rework(
    given: object, option: str, choices: tuple[str, ...], mark: Mark
) -> tuple[str, Rework | None]:
    """What an option says that is one of `choices` or a `Rework`, as both. Raises `AuthorError`."""
    if isinstance(given, Rework):
        return "fail", given
    if isinstance(given, type) and issubclass(given, Rework):
        wrong(mark, f"{option} must name tasks", f"write {option}=Rework(task)")
    word = cast("str", given)
    check_choice(mark, option, word, choices)
    return word, None


def check_rework(who: str, given: object, mark: Mark) -> Rework | None:
    """What a denial means, where nothing else can be meant by it. Raises `AuthorError`."""
    if given is None or isinstance(given, Rework):
        return given
    wrong(mark, f"the on_deny of {who} must be a Rework, not {shown(given)}", _EXAMPLE)
