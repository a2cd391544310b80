"""The plan: from the tree and the state, what is ready, what was dropped, and what is done.

Pure: no I/O and no clock. `Plan(root, state, expand).start()` works it out from nothing; then each
change of the state is told by `settle` or `choose`, and only the ancestors of what changed are
looked at. Both ways give the same plan, which the property tests hold it to.

An instance is a definition in one iteration of its loops. It is idle until everything before it is
settled, then up, then settled. Containers settle through their children, each kind in its own way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from smithers import waits
from smithers.changes import Key, Outcome
from smithers.context import NotYet
from smithers.engine.mount import ids_around
from smithers.engine.slots import SlotCounts, place_of
from smithers.kinds import Definition, Dropped, Instance, Kind
from smithers.state import RunState

__all__ = ["Expand", "Plan"]

Expand = Callable[[Definition[Any], tuple[int, ...]], Sequence[Definition]]
"""The subtrees of a ForEach whose keys are chosen, in item order. Raises `NotYet`."""

_NONE: Mapping[str, int] = {}


def _is_watched_by_nobody(_: str) -> bool:
    return False


def _reopens(one: Instance | None) -> bool:
    """Whether children of it may be planned anew, and nothing else of it."""
    if one is None or not one.kind.reopens or one.closed or not one.open:
        return False
    return one.worst == "finished" and one.is_under_way


def _is_among(one: Instance, again: Mapping[Instance, Container[int]]) -> bool:
    """Whether a container around it is planned anew with it."""
    while (parent := one.parent) is not None:
        if one.place in again.get(parent, ()):
            return True
        one = parent
    return False


class Plan(SlotCounts):
    """What to do next. `up` holds instances that came up and need something of the engine: a task
    to start, a test, items or an `until` to ask; `dropped` those that are to be settled unrun;
    `settled` the keys that settled; `handled` what was absorbed by an `on_failure="continue"`;
    `ended` the containers and iterations that settled; `steps` flows that are to be told what has
    ended, once nothing else follows from it. The engine empties all six.

    It is the `Planning` of `kinds`: what a kind of node decides is in its file there.
    """

    def __init__(
        self,
        root: Definition,
        state: RunState,
        expand: Expand,
        pools: Mapping[str, int] = _NONE,
        key: Key | None = None,
    ) -> None:
        super().__init__(state, pools)
        self.expander = expand
        self.settled: deque[Instance] = deque()
        self.handled: deque[Key] = deque()
        self.ended: list[Instance] = []
        self.steps: dict[Key, Instance] = {}
        self.flows: dict[Key, Instance] = {}
        """All flows that came up."""
        self.instances: dict[Key, Instance] = {}
        self.reopened: list[Key] = []
        """The containers that had settled, and are planned anew."""
        self.watches: Callable[[str], bool] = _is_watched_by_nobody
        """Whether a render reads this id, so that it may add to what is around it."""
        self.untold: list[Instance] = []
        """What has settled and is watched: what is around it is told after the render."""
        self.ahead: set[str] = set()
        """What is watched and has ended by its row alone: a render reads that, see `settle`."""
        self._known: set[Key] = set()
        """What had settled in the parts that are being planned anew: nobody waits for it."""
        self._settling: deque[Instance] = deque()
        self._stopping: deque[Instance] = deque()
        self._late: list[Instance] = []
        """Containers that could not be expanded: they read a node that has not settled here."""
        self.root = self._make(root, key or root.key, None, 0, root.kind)

    def start(self) -> None:
        """Work the plan out from the state; called once, when readers can see it."""
        self.activate(self.root)
        self._propagate()
        self._make_begun([self.root], self._begun())

    # -- what the engine tells

    def settle(self, key: Key) -> None:
        """The state has an end for this node now.

        An edit may put something before a node that has begun. Then its end stays in the state,
        and counts when everything before the node is settled. What a render has taken out of the
        tree has no instance.
        """
        instance = self.instances.get(key)
        if instance is None or instance.waits_for_order:
            around = () if instance is None else instance.around()
            self.ahead.update(filter(self.watches, (key.id, *(one.key.id for one in around))))
        elif not instance.settled:
            ended = self.state.ended[key]
            self.mark(instance, ended.outcome, ended.frame)
            self._propagate()

    def choose(self, key: Key) -> None:
        """The state has the choice now that this node was waiting for."""
        instance = self.instances[key]
        if not instance.settled:
            instance.kind.chosen(self, instance)
            self._propagate()

    def end(self) -> None:
        """The run ends from outside: only what cleans up continues."""
        self.drop(self.root, "cancelled", cancel=True)
        self._propagate()

    # -- instances

    def _make(
        self,
        definition: Definition,
        key: Key,
        parent: Instance | None,
        place: int,
        kind: Kind[Any],
    ) -> Instance:
        made = Instance(definition, key, parent, place, kind)
        made.closed = parent is not None and self._is_closed(parent)
        # An iteration's key is its loop's in that path; no other instance has it.
        self.instances[made.key] = made
        return made

    def _is_closed(self, one: Instance) -> bool:
        """Whether what is added below it is skipped, unless it is asked or done again."""
        return one.closed and one.key not in self.state.reopened

    def make_children(self, one: Instance, definitions: Sequence[Definition]) -> None:
        if one.children:  # made before it was activated, since something below had begun
            return
        path = one.path
        one.children = [
            self._make(child, child.key_in(path), one, child.place, child.kind)
            for child in definitions
        ]
        one.open = len(one.children)

    def add_child(
        self, one: Instance, definition: Definition, key: Key, kind: Kind[Any]
    ) -> Instance:
        made = self._make(definition, key, one, len(one.children), kind)
        if not one.children:
            one.children = []
        cast("list[Instance]", one.children).append(made)
        one.open += 1
        return made

    def expand(self, one: Instance) -> Sequence[Definition] | None:
        try:
            return self.expander(one.definition, one.path)
        except NotYet:
            return None

    # -- activating and settling

    def activate(self, one: Instance) -> None:
        one.status = "up"
        one.kind.activate(self, one)

    def ask(self, asker: Instance, owner: Instance) -> None:
        if (ended := self.state.ended.get(owner.key)) is not None:
            self.mark(owner, ended.outcome, ended.frame)
        elif self._is_closed(owner):
            self.drop(owner, "skipped", cancel=False)
        else:
            self.up.append(asker)

    def resolve_later(self, one: Instance) -> None:
        self.up.append(one)

    def expand_later(self, one: Instance) -> None:
        self._late.append(one)

    def come_up(self, leaf: Instance) -> None:
        if self.takes_turn(leaf):
            self.up.append(leaf)

    def step_later(self, one: Instance) -> None:
        self.steps[one.key] = self.flows[one.key] = one

    def start_call(self, child: Instance) -> None:
        """A child that a flow has made starts."""
        self.activate(child)
        self._propagate()

    def drop_call(self, one: Instance, child: Instance) -> None:
        """A child of a flow that was stopped does not continue."""
        outcome: Outcome = "skipped" if one.worst == "skipped" else "cancelled"
        self.drop(child, outcome, cancel=one.cancels)
        self._propagate()

    def put_away(self) -> None:
        """Another plan takes the place of this one."""
        for one in self.flows.values():
            if one.strands is not None:
                one.strands.close()

    def mark(self, one: Instance, outcome: Outcome, frame: int) -> None:
        if one.settled:
            return
        one.settled_at = max(frame, one.settled_at)
        one.status = outcome  # last: a step's thread may be looking
        tolerated = outcome == "failed" and one.kind.is_tolerated(one.node)
        one.failing = outcome == "failed" and not tolerated
        if tolerated or one.tolerated:
            self.handled.append(one.key)
        self._settling.append(one)
        if one.key not in self._known:
            self.settled.append(one)
        if one.kind.is_task:
            if outcome == "cancelled" and one.begun and not one.kind.has_begun(self.state, one):
                self.give_back(one)  # a question was open, which the rows do not tell
                self.offer_slots(one)
            elif not one.begun:
                self.offer_pool(one)
        else:
            self.ended.append(one)

    def _propagate(self) -> None:
        # Groups stop last: what had ended by itself does not depend on who is looked at first.
        while self._settling or self._stopping or self._late:
            if self._settling:
                one = self._settling.popleft()
                if self.watches(one.key.id) and one.key not in self._known:
                    self.untold.append(one)
                else:
                    self._tell_parent(one)
            elif self._late:
                self._expand_late()
            else:
                group = self._stopping.popleft()
                group.kind.stop(self, group)

    def _expand_late(self) -> None:
        """Expand them before anything is asked: what is below them may hold slots."""
        late, self._late = self._late, []
        for one in late:
            if one.status == "up" and one.dropping is None:
                one.kind.chosen(self, one)
        if self._late == late:  # it reads what is not settled
            self._late = []
            self.up.extend(late)

    def tell_untold(self) -> None:
        """The renders are done: tell what is around those that had settled."""
        untold, self.untold = self.untold, []
        for one in untold:
            if one.status != "gone":
                self._tell_parent(one)
        self._propagate()

    def _tell_parent(self, child: Instance) -> None:
        if child.begun:
            self.leave_pool(child)
        parent = child.parent
        if parent is None:
            return
        parent.settled_at = max(parent.settled_at, child.settled_at)
        if child.held:  # it is a task
            self.count_held(child, -1)
        if child.begun:
            parent.begun_open -= 1
            if parent.limit is not None:
                self.release(parent)
            if parent.held:
                self.rest(parent)
        elif child.has_turn:
            self.pass_turn(child)
            self.release(parent)
        if not parent.settled:
            parent.open -= 1
            parent.kind.note(self, parent, child)
            parent.kind.child_settled(self, parent, child)

    def absorb(self, one: Instance) -> None:
        self.handled.extend(self._absorbed(one))

    def _absorbed(self, child: Instance) -> Iterator[Key]:
        waiting = [child]
        while waiting:
            one = waiting.pop()
            if one.key in self.state.ended and one.status in ("failed", "cancelled"):
                yield one.key
            waiting += [below for below in one.children if below.status in ("failed", "cancelled")]

    # -- dropping

    def stop_later(self, group: Instance) -> None:
        self._stopping.append(group)

    def drop(self, one: Instance, outcome: Outcome, *, cancel: bool) -> None:
        if not one.settled:
            one.kind.drop(self, one, outcome, cancel=cancel)

    def drop_task(self, one: Instance, outcome: Outcome, *, cancel: bool) -> None:
        ended = self.state.ended.get(one.key)
        known, one.dropping = one.dropping, one.dropping or outcome
        if one.status == "idle" and one.kind.has_begun(self.state, one):
            self.begin(one)
        if ended is not None:
            self.mark(one, ended.outcome, ended.frame)
            return
        tries = [tried for tried in self.state.tries.get(one.key, ()) if tried.counts]
        is_running = any(tried.state == "running" for tried in self.state.tries.get(one.key, ()))
        if is_running or one.kind.cleans_up(self.state, one):
            if cancel and not one.stopped:
                one.stopped = True
                self.dropped.append(Dropped(one, outcome, running=True))
        elif known is None:
            if tries and tries[-1].state == "failed":
                outcome = "failed"
            self.dropped.append(Dropped(one, outcome, running=False))

    # -- another tree

    def take(self, one: Instance, definition: Definition) -> None:
        """An instance of which nothing was planned yet is that of another definition."""
        made = self._make(definition, one.key, one.parent, one.place, definition.kind)
        cast("list[Instance]", cast("Instance", one.parent).children)[one.place] = made
        one.status = "gone"

    def replace(
        self,
        pairs: Sequence[tuple[Instance, Definition]],
        added: Sequence[tuple[Instance, Sequence[Definition]]],
        catch_up: Callable[[], None],
    ) -> list[Instance]:
        """Plan these parts from the state, by other definitions, and add children after the last
        one of containers of which others are open; what has come up in the parts comes up again.
        `catch_up` runs their flows as far as the rows go. Gives the instances that are gone.
        """
        gone = [each for old, _ in pairs for each in old.walk()]
        self._known = {one.key for one in gone if one.settled}
        for old, _ in pairs:
            self._remove(old)
        made = [
            self._put(old, definition, definition.key_in(old.path)) for old, definition in pairs
        ]
        more = [self._add(*each) for each in added]  # before any part settles what is around it
        for new in made:
            self.activate(new)
        for above, children in more:
            for child in children if above.status == "up" else ():
                above.kind.appended(self, above, child)
        self._propagate()
        added_now = (child for _, children in more for child in children)
        self._make_begun([*made, *added_now], self._begun())
        self._replaced(made, catch_up)
        return gone

    def reopen(self, keys: Iterable[Key], catch_up: Callable[[], None]) -> list[Instance] | None:
        """Plan these from the state, of which what they had come to was taken away, and of their
        containers no more than must be. Gives the instances that are gone; None if the whole plan
        is to be made anew, of which nothing is done.
        """
        parts: dict[Instance, set[int]] = {}  # two of these may be in one part
        for key in keys:
            part = self.instances.get(key)
            while part is not None and not _reopens(part.parent):
                part = part.parent
                if part is None:
                    return None
            if part is None or part.status == "idle":
                if self.watches(key.id) or (part is not None and part.begun):
                    return None
                continue
            parts.setdefault(cast("Instance", part.parent), set()).add(part.place)
        again = {one: one.kind.open_again(one, places) for one, places in parts.items()}
        again = {one: places for one, places in again.items() if not _is_among(one, again)}
        olds = [one.children[place] for one, places in again.items() for place in places]
        gone = [each for old in olds for each in old.walk()]
        if any(self.watches(one.key.id) for one in gone):
            return None
        begun = {one.key.id for one in gone if one.kind.is_task and self._is_under_way(one)}
        self._known = {one.key for one in gone if one.settled}
        for old in olds:
            self._remove(old)
        made = [self._put(old, old.definition, old.key) for old in olds]
        turns = [
            (one, few)
            for one, places in again.items()
            for few in ([[place] for place in places] if one.kind.is_concurrent else [places])
        ]
        for one, few in sorted(turns, key=lambda turn: place_of(turn[0].children[turn[1][0]])):
            one.kind.reopened(self, one, few)
        self._propagate()
        self._make_begun(made, begun)
        self._replaced(made, catch_up)
        return gone

    def _is_under_way(self, one: Instance) -> bool:
        tries = self.state.tries.get(one.key)
        is_running = tries is not None and tries[-1].state == "running"
        return is_running or self.state.has_wait(one.key, waits.KINDS)

    def _put(self, old: Instance, definition: Definition, key: Key) -> Instance:
        """An instance in the place of another one."""
        parent = cast("Instance", old.parent)
        new = self._make(definition, key, parent, old.place, definition.kind)
        cast("list[Instance]", parent.children)[old.place] = new
        return new

    def _replaced(self, made: Sequence[Instance], catch_up: Callable[[], None]) -> None:
        """Parts were planned anew: run their flows, and offer what they had of slots."""
        if any(one.strands is None for one in self.steps.values()):
            catch_up()
        for new in made:
            self.release_around(new)
        for pool in self.pools.values() if made else ():
            self._offer(pool)
        self._known = set()
        self.ended[:] = [one for one in self.ended if one.status != "gone"]

    def _add(
        self, above: Instance, definitions: Sequence[Definition]
    ) -> tuple[Instance, list[Instance]]:
        path = above.path
        return above, [
            self.add_child(above, one, one.key_in(path), one.kind) for one in definitions
        ]

    def _remove(self, old: Instance) -> None:
        """Take out a part, and what it has taken of the slots above it."""
        if old.held:
            self.count_held(cast("Instance", old.parent), -old.held)
        begun, is_open = old.begun, not old.settled
        if old.settled:
            cast("Instance", old.parent).open += 1
        self.pass_turns(old)
        for one in old.walk():
            self._forget(one)
        child = old
        while begun:
            child.begun = False
            if (parent := child.parent) is None:
                return
            parent.begun_below -= 1
            parent.begun_open -= is_open
            child, begun, is_open = parent, parent.begun and not parent.begun_below, True

    def _forget(self, one: Instance) -> None:
        if one.begun and one.kind.is_task and (not one.settled or one in self.untold):
            self.free_pool(one)
        if one.settled and not one.kind.is_task:
            self.reopened.append(one.key)
        if self.instances.get(one.key) is one:
            del self.instances[one.key]
        self.steps.pop(one.key, None)
        self.flows.pop(one.key, None)
        if one.strands is not None:
            one.strands.close()
        one.status = "gone"

    def _begun(self) -> set[str]:
        """The ids of all that is under way."""
        state = self.state
        return {key.id for key, _ in state.waits} | {one.key.id for one in state.running()}

    def _make_begun(self, roots: Sequence[Instance], begun: set[str]) -> None:
        """Make instances of all that is under way below containers which are not activated.

        An edit may put something before what runs or waits for an answer: that continues.
        """
        state = self.state
        if not begun:
            return
        near: set[str] = set()
        for root in roots:
            near |= ids_around(root.definition, begun)
        waiting = [iter(roots)]
        while waiting:
            if (instance := next(waiting[-1], None)) is None:
                waiting.pop()
                continue
            kind = instance.kind
            pending = instance.waits_for_order or (kind.grows and not instance.settled)
            may_hold = instance.key.id in near or instance.definition.scope
            if pending and may_hold and not kind.is_task and instance.key not in state.ended:
                kind.make_below(self, instance)
            waiting.append(iter(instance.children))  # a part may add the next one beside it
