"""The tasks of a run, counted by container: what the live tree shows, as plain data.

A board is a function of the run's state alone, `Board.of(state)`. `update` keeps it in step with a
frame at the cost of what the frame changed, so that a run of many tasks costs little to watch. What
agents say while they work is in no state, and is kept beside it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal

from rich.cells import cell_len

from smithers import waits
from smithers.agent import Event
from smithers.amounts import MEASURES, Amounts
from smithers.changes import (
    AttemptEnded,
    AttemptStarted,
    CameUp,
    Change,
    ChoiceMade,
    FailureHandled,
    Frame,
    Key,
    NodeGone,
    NodeMounted,
    Reset,
    Settled,
    UsageCounted,
    WaitClosed,
    WaitOpened,
)
from smithers.cli._rows import Row, activity, row_of
from smithers.naming import is_container
from smithers.state import RunState

__all__ = ["DONE", "Board"]

DONE = ("finished", "skipped", "tolerated")
"""The states of tasks that need nothing more."""
_SETTLED = (*DONE, "failed", "cancelled")
_ORDER = ("failed", "running", "waiting", "ready", "pending", "cancelled")
_KEYED = CameUp | Reset | Settled | FailureHandled | AttemptStarted | WaitOpened | WaitClosed
_COUNTS_CELLS = len(" 1000/1000")
THE_RUN = Key("")


class Board:
    """The tree of a run with its rows and counts.

    A container is named by its key, and an iteration of a loop by the loop's id and its whole path.
    A task in a loop that has no iteration yet has one row with an empty path.
    """

    def __init__(self) -> None:
        self.nodes: dict[str, NodeMounted] = {}
        self.root: str | None = None
        self.rows: dict[Key, Row] = {}
        self.counts: dict[Key, Counter[str]] = {}
        self.by_state: dict[str, dict[Key, None]] = {}
        """The tasks in each state, in the order in which they came to it."""
        self.asking: dict[Key, None] = {}
        """The tasks that wait for a person."""
        self.iterations: dict[Key, list[int]] = {}
        self.said: dict[Key, str] = {}
        self.status = "running"
        self.stopped_by: str | None = None
        self.tokens = 0
        self.cost: Decimal | None = None
        self.calls = 0
        self.worked = timedelta()
        """How long the attempts took that have ended."""
        self.widest = 0
        """How many cells the longest name takes, with the tree before it."""
        self.widest_agent = 0
        self.caps = Amounts()
        """What the budget of the whole run allows."""
        self._keys: dict[str, dict[Key, None]] = {}
        self._children: dict[str, list[str]] = {}
        self._unsorted: set[str] = set()
        self._settled: dict[Key, str] = {}
        self._chosen: set[Key] = set()

    @classmethod
    def of(cls, state: RunState) -> Board:
        """The board of a run in this state."""
        board = cls()
        board._build(state)
        return board

    def after(self, frame: Frame, state: RunState) -> Board:
        """The board for `state`, which is the run's after the frame: this one, or a new one for the
        first frame and for a tree that lost nodes.
        """
        if not self.nodes or any(isinstance(change, NodeGone) for change in frame.changes):
            board = Board.of(state)
            board.said = self.said
            return board
        self._mount([one for one in frame.changes if isinstance(one, NodeMounted)], state)
        touched: dict[Key, None] = {}
        for change in frame.changes:
            if isinstance(change, ChoiceMade):
                if change.kind in ("test", "items"):
                    self._chosen.add(change.key)
            elif isinstance(change, _KEYED):
                touched[change.key] = None
            elif isinstance(change, AttemptEnded | UsageCounted):
                touched[state.attempts[change.serial].key] = None
            self._spend(change, state)
        for key in touched:
            self._update(key, state)
        self._whole(state)
        return self

    def event(self, key: Key, event: Event) -> None:
        """What an agent does on a task right now."""
        if said := activity(event):
            self.said[key] = said

    def _build(self, state: RunState) -> None:
        self._mount(list(state.nodes.values()), state)
        self._chosen = {key for key, kind in state.choices if kind in ("test", "items")}
        for key in {**state.came_up, **state.ended}:
            self._update(key, state)
        for attempt in state.attempts.values():
            self.calls += attempt.is_call + (0 if attempt.used is None else attempt.used.calls)
            if attempt.ended_at is not None:
                self.worked += attempt.ended_at - attempt.started_at
        self._whole(state)

    def _spend(self, change: Change, state: RunState) -> None:
        if isinstance(change, AttemptStarted):
            self.calls += change.prompt is not None
        elif isinstance(change, UsageCounted):
            self.calls += change.calls
        elif isinstance(change, AttemptEnded):
            attempt = state.attempts[change.serial]
            self.worked += change.at - attempt.started_at
            self.said.pop(attempt.key, None)

    def _whole(self, state: RunState) -> None:
        self.status = state.run_status
        self.stopped_by = state.status.stopped_by
        self.tokens = state.usage.tokens_in + state.usage.tokens_out
        self.cost = state.usage.cost
        budget = state.budgets.get(THE_RUN)
        self.caps = Amounts()
        if budget is not None and budget.caps is not None:
            caps = budget.caps + state.raised.get(THE_RUN, Amounts())
            capped = [name for name in MEASURES if getattr(budget.caps, name) is not None]
            self.caps = Amounts(**{name: getattr(caps, name) for name in capped})

    # -- the tree

    def _mount(self, nodes: Sequence[NodeMounted], state: RunState) -> None:
        for node in nodes:
            self.nodes[node.id] = node
            if node.parent is None:
                self.root = node.id
            else:
                self._children.setdefault(node.parent, []).append(node.id)
                self._unsorted.add(node.parent)
        for node in nodes:
            is_leaf = not is_container(node.kind)
            named = 3 * self._level(node) + 2 + cell_len(self.name(node.id))
            has_counts = not is_leaf and node.parent is not None
            self.widest = max(self.widest, named + _COUNTS_CELLS * has_counts)
            if is_leaf:
                self._put(Key(node.id), row_of(Key(node.id), state))

    def _level(self, node: NodeMounted) -> int:
        """How deep a node is drawn; an iteration is a level as well."""
        level, above = 0, node.parent
        while above is not None:
            one = self.nodes[above]
            level += 2 if one.kind == "loop" else 1
            above = one.parent
        return level

    def name(self, id: str) -> str:
        """What a person calls a node: its id, its kind if its author named it not, or the key of
        the item that it is.
        """
        node = self.nodes[id]
        if node.parent is None or not id.startswith(f"{node.parent}/"):
            return id
        rest = id.removeprefix(f"{node.parent}/")
        if self.nodes[node.parent].kind == "foreach":
            return rest
        return node.kind if rest.removeprefix(node.kind).isdecimal() else id

    def children(self, id: str) -> list[str]:
        """The ids below a container, in their order."""
        found = self._children.get(id, [])
        if id in self._unsorted:
            self._unsorted.discard(id)
            found.sort(key=lambda child: self.nodes[child].place)
        return found

    def is_leaf(self, id: str) -> bool:
        return not is_container(self.nodes[id].kind)

    def around(self, key: Key) -> Iterator[tuple[Key, bool]]:
        """The containers around a node, innermost first, each with whether it is an iteration."""
        node, path = self.nodes.get(key.id), key.path
        while node is not None and node.parent is not None:
            node = self.nodes[node.parent]
            if node.kind == "loop" and path:
                yield Key(node.id, path), True
                path = path[:-1]
            yield Key(node.id, path), False

    # -- rows and counts

    def _update(self, key: Key, state: RunState) -> None:
        node = self.nodes.get(key.id)
        if node is None or not state.has_place(key):
            return
        if is_container(node.kind):
            ended = state.ended.get(key)
            if ended is None:
                self._settled.pop(key, None)
            else:
                self._settled[key] = ended.outcome
            return
        if key not in state.came_up and key not in state.ended and key.path:  # it was reset
            self._drop(key)
            if not self._keys.get(key.id):
                self._put(Key(key.id), row_of(Key(key.id), state))
            return
        self._put(key, row_of(key, state))
        if key.path and Key(key.id) in self.rows:
            self._drop(Key(key.id))

    def _put(self, key: Key, row: Row) -> None:
        known = self.rows.get(key)
        self.rows[key] = row
        self.widest_agent = max(self.widest_agent, cell_len(row.who))
        if row.for_a_person:
            self.asking[key] = None
        else:
            self.asking.pop(key, None)
        self._keys.setdefault(key.id, {})[key] = None
        new = _counted(row.state, row.tolerated)
        old = None if known is None else _counted(known.state, known.tolerated)
        if new == old:
            return
        if old is None:
            self._note_iterations(key)
        else:
            del self.by_state[old][key]
        self.by_state.setdefault(new, {})[key] = None
        for container, _ in self.around(key):
            counts = self.counts.setdefault(container, Counter())
            counts[new] += 1
            if old is not None:
                counts[old] -= 1

    def _drop(self, key: Key) -> None:
        row = self.rows.pop(key, None)
        if row is None:
            return
        del self._keys[key.id][key]
        self.asking.pop(key, None)
        state = _counted(row.state, row.tolerated)
        del self.by_state[state][key]
        for container, _ in self.around(key):
            self.counts[container][state] -= 1

    def _note_iterations(self, key: Key) -> None:
        for container, is_iteration in self.around(key):
            if is_iteration:
                number = container.path[-1]
                known = self.iterations.setdefault(Key(container.id, container.path[:-1]), [])
                at = bisect_left(known, number)
                if known[at : at + 1] != [number]:
                    known.insert(at, number)

    # -- how things stand

    def row(self, key: Key) -> Row:
        """The row of a task; one that has none in this iteration is as in no iteration yet."""
        return self.rows.get(key) or self.rows.get(Key(key.id)) or Row(key=key)

    def counted(self, key: Key) -> str:
        """The state under which a task is counted."""
        row = self.row(key)
        return self._seen(_counted(row.state, row.tolerated))

    def state_of(self, row: Row) -> str:
        """The state of a row; what had not settled when the run ended never will."""
        return self._seen(row.state)

    def _seen(self, state: str) -> str:
        if state in _SETTLED or self.status in ("running", "waiting"):
            return state
        return "skipped" if self.status == "finished" else "cancelled"

    def total(self) -> Counter[str]:
        """The tasks of the run by state."""
        return self._count({state: len(keys) for state, keys in self.by_state.items()}.items())

    @property
    def questions(self) -> list[Key]:
        """The tasks that wait for a decision, the first first, if nothing else goes on."""
        is_open = self.status in ("running", "waiting") and not self.stopped_by
        if not is_open or self.by_state.get("running") or self.by_state.get("ready"):
            return []
        return [key for key in self.asking if self.rows[key].wait == waits.APPROVAL]

    def count(self, container: Key) -> Counter[str]:
        """The tasks below a container by state."""
        return self._count(self.counts.get(container, Counter[str]()).items())

    def _count(self, numbers: Iterable[tuple[str, int]]) -> Counter[str]:
        found = Counter[str]()
        for state, number in numbers:
            if number:
                found[self._seen(state)] += number
        return found

    def container_state(self, container: Key) -> str:
        """The state of a container: its own end, or what the states of its tasks say of it."""
        if (own := self._settled.get(container)) is not None:
            return own
        states = set(self.count(container))
        if not states:
            return "finished" if container in self._chosen else self._seen("pending")
        if states <= set(DONE):
            return "skipped" if states == {"skipped"} else "finished"
        if "finished" in states and states <= {*DONE, "pending", "ready"}:
            return "running"
        return next(state for state in _ORDER if state in states)


def _counted(state: str, tolerated: bool) -> str:
    """The state under which a task is counted: one whose failure is tolerated needs nothing."""
    if not tolerated:
        return state
    return {"failed": "tolerated", "cancelled": "skipped"}.get(state, state)
