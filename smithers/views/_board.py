"""The tree of a run with its tasks at work, counted by container, for a face that watches the run.

A board is a function of the run's state alone, `Board.of(state)`. `after` keeps it in step with a
frame at the cost of what the frame changed, so that a run of many tasks costs little to watch. Its
states are those of `task_lines` and `graph`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from smithers.amounts import MEASURES, Amounts
from smithers.changes import ENDED, Key
from smithers.shapes import is_container, shape_of
from smithers.views._containers import container_state
from smithers.views._tasks import NodeState, unsettled
from smithers.views._work import WorkView, view_work

if TYPE_CHECKING:
    from smithers.changes import NodeMounted
    from smithers.state import Attempted, RunState

__all__ = ["Board"]

_THE_RUN = Key("")
_NOTHING: Counter[NodeState] = Counter()


class Board:
    """The nodes of a run with the work on its tasks, their states, and counts.

    A container is named by its key, and an iteration of a loop by the loop's id and its whole path.
    A task in a loop that has no iteration yet has one entry with an empty path.
    """

    def __init__(self) -> None:
        self.nodes: dict[str, NodeMounted] = {}
        self.root: str | None = None
        self.work: dict[Key, WorkView] = {}
        self.tasks: dict[NodeState, dict[Key, None]] = {}
        """The tasks in each state, in the order in which they came to it."""
        self.asking: dict[Key, None] = {}
        """The tasks that wait for a person."""
        self.iterations: dict[Key, list[int]] = {}
        self.status = "running"
        self.stopped_by: str | None = None
        self.tokens = 0
        self.cost: Decimal | None = None
        self.calls = 0
        self.worked = timedelta()
        """How long the attempts took that have ended."""
        self.caps = Amounts()
        """What the budget of the whole run allows."""
        self._unsettled = NodeState("pending")
        """The state of what has not come up."""
        self._depths: dict[str, int] = {}
        self._children: dict[str, list[str]] = {}
        self._unsorted: set[str] = set()
        self._keys: dict[str, dict[Key, None]] = {}
        """The entries of each task, and the places of each container."""
        self._states: dict[Key, NodeState] = {}
        self._below: dict[Key, Counter[NodeState]] = {}
        """The children of each container by state; those that are missing have not come up."""
        self._counts: dict[Key, Counter[NodeState]] = {}
        """The tasks below each container by state."""
        self._spent: dict[Key, tuple[int, timedelta]] = {}

    @classmethod
    def of(cls, state: RunState) -> Board:
        """The board of a run in this state."""
        board = cls()
        keys = [Key(id) for id in state.nodes]
        keys += [*state.came_up, *state.ended, *state.ends, *state.tries]
        board._update(dict.fromkeys(keys), state)
        return board

    def after(self, keys: Iterable[Key], state: RunState) -> Board:
        """The board for `state`, which differs by these keys from the one before: this board, or a
        new one for the first frame, and if the run ended or nodes left or moved in the tree.
        """
        keys = list(keys)
        statuses = {self.status, state.run_status}
        is_other = len(statuses) > 1 and not statuses.isdisjoint(ENDED)  # for all that has no end
        if not self.nodes or is_other or any(self._has_left(key.id, state) for key in keys):
            return Board.of(state)
        self._update(keys, state)
        return self

    def _has_left(self, id: str, state: RunState) -> bool:
        return id in self.nodes and self.nodes[id] is not state.nodes.get(id)

    def _update(self, keys: Iterable[Key], state: RunState) -> None:
        keys = list(keys)
        self._whole(state)
        self._mount([key.id for key in keys if key.id not in self.nodes], state)
        keys += [below for key in keys for below in self._handled_below(key, state)]
        for key in keys:
            self._spend(key, state)
            if key.id in self.nodes:
                self._refresh(key, state)

    def _whole(self, state: RunState) -> None:
        self.status = state.run_status
        self.stopped_by = state.status.stopped_by
        self.tokens = state.usage.tokens_in + state.usage.tokens_out
        self.cost = state.usage.cost
        self._unsettled = NodeState(unsettled(state.run_status))
        budget = state.budgets.get(_THE_RUN)
        self.caps = Amounts()
        if budget is not None and budget.caps is not None:
            caps = budget.caps + state.raised.get(_THE_RUN, Amounts())
            capped = [name for name in MEASURES if getattr(budget.caps, name) is not None]
            self.caps = Amounts(**{name: getattr(caps, name) for name in capped})

    def _spend(self, key: Key, state: RunState) -> None:
        if not (tries := state.tries.get(key)):
            return
        calls, worked = self._spent.get(key, (0, timedelta()))
        self._spent[key] = now = (
            sum(one.is_call + (0 if one.used is None else one.used.calls) for one in tries),
            sum((_time_of(one) for one in tries), timedelta()),
        )
        self.calls += now[0] - calls
        self.worked += now[1] - worked

    # -- the tree

    def _mount(self, ids: Iterable[str], state: RunState) -> None:
        grown: dict[str, None] = {}
        mounted = [state.nodes[id] for id in dict.fromkeys(ids) if id in state.nodes]
        for node in mounted:
            self.nodes[node.id] = node
            self._depths[node.id] = state.depth(node.id)
            if node.parent is None:
                self.root = node.id
            else:
                self._children.setdefault(node.parent, []).append(node.id)
                self._unsorted.add(node.parent)
                grown[node.parent] = None
        for id in grown:
            for key in list(self._keys.get(id, ())):
                self._set(key, self._container(key, state), state)

    def name(self, id: str) -> str:
        """What a person calls a node: its id, its kind if its author named it not, or the key of
        the item that it is.
        """
        node = self.nodes[id]
        if node.parent is None or not id.startswith(f"{node.parent}/"):
            return id
        rest = id.removeprefix(f"{node.parent}/")
        if shape_of(self.nodes[node.parent].kind).expands:
            return rest
        return node.kind if rest.removeprefix(node.kind).isdecimal() else id

    def children(self, id: str) -> list[str]:
        """The ids below a container, in their order."""
        found = self._children.get(id, [])
        if id in self._unsorted:
            self._unsorted.discard(id)
            found.sort(key=lambda child: (self.nodes[child].place, child))
        return found

    def is_leaf(self, id: str) -> bool:
        return not is_container(self.nodes[id].kind)

    def around(self, key: Key) -> Iterator[tuple[Key, bool]]:
        """The containers around a node, innermost first, each with whether it is an iteration."""
        node, path = self.nodes.get(key.id), key.path
        while node is not None and node.parent is not None:
            node = self.nodes[node.parent]
            if path and shape_of(node.kind).iterates:
                yield Key(node.id, path), True
                path = path[:-1]
            yield Key(node.id, path), False

    # -- tasks

    def _refresh(self, key: Key, state: RunState) -> None:
        if not self.is_leaf(key.id):
            if self._has_place(key):
                self._set(key, self._container(key, state), state)
            return
        has_place = self._has_place(key)
        if has_place and (not key.path or key in state.came_up or key in state.ended):
            self._put(key, view_work(state, key), state)
            if key.path:
                self._drop(Key(key.id), state)
        elif has_place:  # it was reset
            self._drop(key, state)
        if not self._keys.get(key.id):
            nowhere = Key(key.id)
            self._put(nowhere, WorkView(key=nowhere, state=self._unsettled.state), state)

    def _handled_below(self, key: Key, state: RunState) -> Iterator[Key]:
        """What a saga has handled: whether it is tolerated follows from the end of the saga."""
        if (key, "undoing") not in state.choices or key.id not in self.nodes:
            return
        waiting = [key.id]
        while waiting:
            inner = self._children.get(waiting.pop(), ())
            waiting += inner
            for one in (one for id in inner for one in list(self._keys.get(id, ()))):
                if one in state.handled and one.path[: len(key.path)] == key.path:
                    yield one

    def _has_place(self, key: Key) -> bool:
        """Whether the tree has this node inside that number of loops."""
        more = len(key.path) - self._depths[key.id]
        return not more or (more == 1 and shape_of(self.nodes[key.id].kind).iterates)

    def _put(self, key: Key, work: WorkView, state: RunState) -> None:
        known = self.work.get(key)
        self.work[key] = work
        if work.is_for_person:
            self.asking[key] = None
        else:
            self.asking.pop(key, None)
        new, old = work.node_state, None if known is None else known.node_state
        if new == old:
            return
        if old is not None:
            del self.tasks[old][key]
        self.tasks.setdefault(new, {})[key] = None
        self._keys.setdefault(key.id, {})[key] = None
        for container, is_iteration in self.around(key):
            counts = self._counts.setdefault(container, Counter())
            counts[new] += 1
            if old is not None:
                counts[old] -= 1
            elif is_iteration:
                self._add_iteration(container, state)
        if self._has_place(key):
            self._set(key, new, state)

    def _drop(self, key: Key, state: RunState) -> None:
        work = self.work.pop(key, None)
        if work is None:
            return
        self.asking.pop(key, None)
        del self._keys[key.id][key], self.tasks[work.node_state][key]
        if self._has_place(key):
            self._set(key, None, state)
        for container, is_iteration in self.around(key):
            self._counts[container][work.node_state] -= 1
            if is_iteration and not self._has_tasks(container):
                loop, number = Key(container.id, container.path[:-1]), container.path[-1]
                self.iterations[loop].remove(number)
                self._set(container, None, state)

    def _add_iteration(self, key: Key, state: RunState) -> None:
        number = key.path[-1]
        known = self.iterations.setdefault(Key(key.id, key.path[:-1]), [])
        at = bisect_left(known, number)
        if known[at : at + 1] != [number]:
            known.insert(at, number)
            self._set(key, self._container(key, state), state)

    # -- states

    def _set(self, key: Key, new: NodeState | None, state: RunState) -> None:
        """A node has this state, or is not in the tree; what is around it may follow from that."""
        while True:
            old = self._states.get(key)
            if new == old:
                return
            if new is None:
                del self._states[key]
            else:
                self._states[key] = new
                if not self.is_leaf(key.id):
                    self._keys.setdefault(key.id, {})[key] = None
            above = self._above(key)
            if above is None:
                return
            below = self._below.setdefault(above, Counter())
            if old is not None:
                below[old] -= 1
            if new is not None:
                below[new] += 1
            key, new = above, self._container(above, state)

    def _container(self, key: Key, state: RunState) -> NodeState | None:
        """The state of a container; None for an iteration that has no tasks."""
        is_iteration = self._is_iteration(key)
        if is_iteration and not self._has_tasks(key):
            return None
        below = self._below.get(key, _NOTHING)
        children = {one for one, number in below.items() if number}
        numbers = () if is_iteration else self.iterations.get(key, ())
        if sum(below.values()) < len(numbers or self._children.get(key.id, ())):
            children.add(self._unsettled)
        return container_state(state, key, children, is_iteration=is_iteration)

    def _above(self, key: Key) -> Key | None:
        if self._is_iteration(key):
            return Key(key.id, key.path[:-1])
        parent = self.nodes[key.id].parent
        return None if parent is None else Key(parent, key.path)

    def _is_iteration(self, key: Key) -> bool:
        return len(key.path) > self._depths[key.id]

    def _has_tasks(self, key: Key) -> bool:
        return any(self._counts.get(key, _NOTHING).values())

    def state(self, key: Key) -> NodeState:
        """The state of a node, or of an iteration of a loop."""
        return self._states.get(key, self._unsettled)

    def work_on(self, key: Key) -> WorkView:
        """The work on a task, also on one that has not come up in this iteration."""
        return self.work.get(key) or WorkView(key=key, state=self._unsettled.state)

    def total(self) -> Counter[NodeState]:
        """The tasks of the run by state."""
        return +Counter({state: len(keys) for state, keys in self.tasks.items()})

    def count(self, container: Key) -> Counter[NodeState]:
        """The tasks below a container by state."""
        return +self._counts.get(container, _NOTHING)

    @property
    def questions(self) -> list[Key]:
        """The tasks that wait for a decision, the one that was asked first before the others, if
        nothing else is at work.
        """
        busy = any(self.tasks.get(NodeState(state)) for state in ("running", "ready"))
        if busy or self.status in ENDED or self.stopped_by:
            return []
        asked = [key for key in self.asking if self.work[key].is_asked]
        return sorted(asked, key=lambda key: (self.work[key].opened, self._place(key.id), key.path))

    def _place(self, id: str) -> tuple[int, ...]:
        """Where a node is in document order: its place and those of what is around it."""
        node, places = self.nodes.get(id), list[int]()
        while node is not None:
            places.append(node.place)
            node = None if node.parent is None else self.nodes.get(node.parent)
        return tuple(reversed(places))


def _time_of(attempt: Attempted) -> timedelta:
    ended = attempt.ended_at
    return timedelta() if ended is None else ended - attempt.started_at
