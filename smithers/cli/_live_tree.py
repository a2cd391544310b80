"""A board with what only a terminal shows beside it: what agents say, and the widths of columns."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len

from smithers.agent import Event
from smithers.changes import Frame, Key
from smithers.cli._notes import activity, agent_of
from smithers.shapes import shape_of
from smithers.state import RunState
from smithers.views import Board, changed_keys

__all__ = ["LiveTree"]

_COUNTS_CELLS = len(" 1000/1000")


class LiveTree:
    """What is drawn of a run. What an agent says while it works is in no state, and is kept until
    its attempt ends.
    """

    def __init__(self) -> None:
        self.board = Board()
        self.said: dict[Key, str] = {}
        self.widest = 0
        """How many cells the longest name takes, with the tree before it."""
        self.widest_agent = 0

    @classmethod
    def of(cls, state: RunState) -> LiveTree:
        tree = cls()
        tree._measure_all(Board.of(state))
        return tree

    def frame(self, frame: Frame, state: RunState) -> None:
        """Keep in step with a frame, at the cost of what it changed."""
        keys = changed_keys(frame, state.attempts)
        joined = [key.id for key in keys if key.id not in self.board.nodes]
        board = self.board.after(keys, state)
        if board is self.board:
            self._measure(joined, keys)
        else:
            self._measure_all(board)
        for key in keys:
            if key in self.said and board.state(key).state != "running":
                del self.said[key]

    def event(self, key: Key, event: Event) -> None:
        """What an agent does on a task right now."""
        if said := activity(event):
            self.said[key] = said

    def _measure_all(self, board: Board) -> None:
        self.board, self.widest, self.widest_agent = board, 0, 0
        self._measure(board.nodes, board.work)

    def _measure(self, joined: Iterable[str], keys: Iterable[Key]) -> None:
        for id in joined:
            if id in self.board.nodes:
                self.widest = max(self.widest, self._cells(id))
        for key in keys:
            if (work := self.board.work.get(key)) is not None:
                self.widest_agent = max(self.widest_agent, cell_len(agent_of(work)))

    def _cells(self, id: str) -> int:
        level, above = 0, self.board.nodes[id].parent
        while above is not None:
            one = self.board.nodes[above]
            level += 1 + shape_of(one.kind).iterates  # an iteration is a level as well
            above = one.parent
        has_counts = level > 0 and not self.board.is_leaf(id)
        return 3 * level + 2 + cell_len(self.board.name(id)) + _COUNTS_CELLS * has_counts
