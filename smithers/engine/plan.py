"""The plan: from the tree and the state, what is ready, what was dropped, and what is done.

Pure: no I/O and no clock. `Plan(root, state, expand).start()` works it out from nothing; then each
change of the state is told by `settle` or `choose`, and only the ancestors of what changed are
looked at. Both ways give the same plan, which the property tests hold it to.

An instance is a definition in one iteration of its loops. It is idle until everything before it is
settled, then up, then settled. Containers settle through their children:

    sequence   with its last child, or the first that fails; the rest is cancelled
    parallel   when all children are settled; after a failure nothing new starts below it
    branch     with the arm that was chosen; the other arm is skipped
    loop       when `until` held, or its bound is reached; each iteration is a sequence
    foreach    as a parallel, over the subtrees of its items
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import cast

from smithers.changes import Key, Outcome
from smithers.context import NotYet
from smithers.engine.instance import Dropped, Instance, Role, role_of
from smithers.engine.mount import Definition, ids_around
from smithers.engine.slots import SlotCounts
from smithers.state import RunState
from smithers.tree import Branch, ForEach, Loop, Parallel, Task

__all__ = ["Dropped", "Expand", "Instance", "Plan", "Role"]

Expand = Callable[[Definition, tuple[int, ...]], Sequence[Definition]]
"""The subtrees of a ForEach whose keys are chosen, in item order. Raises `NotYet`."""


class Plan(SlotCounts):
    """What to do next. `up` holds instances that came up and need something of the engine: a task
    to start, a test, items or an `until` to ask; `dropped` those that are to be settled unrun;
    `settled` the keys that settled; `handled` what was absorbed by an `on_failure="continue"`. The
    engine empties all four.
    """

    def __init__(self, root: Definition, state: RunState, expand: Expand) -> None:
        super().__init__(state)
        self.expand = expand
        self.up: deque[Instance] = deque()
        self.settled: deque[Instance] = deque()
        self.handled: deque[Key] = deque()
        self.instances: dict[Key, Instance] = {}
        self._settling: deque[Instance] = deque()
        self._stopping: deque[Instance] = deque()
        self.root = self._make(root, (), None, 0, role_of(root))

    def start(self) -> None:
        """Work the plan out from the state; called once, when readers can see it."""
        self._activate(self.root)
        self._propagate()
        self._make_begun()

    # -- what the engine tells

    def settle(self, key: Key) -> None:
        """The state has an end for this node now.

        An edit may put something before a node that has begun. Then its end stays in the state,
        and counts when everything before the node is settled.
        """
        instance = self.instances.get(key)
        if instance is not None and not instance.settled and not instance.waits_for_order:
            ended = self.state.ended[key]
            self._mark(instance, ended.outcome, ended.frame)
            self._propagate()

    def choose(self, key: Key) -> None:
        """The state has the choice now that this node was waiting for."""
        instance = self.instances[key]
        if not instance.settled:
            if instance.role == "branch":
                self._branch(instance)
            elif instance.role == "foreach":
                self._items(instance)
            elif instance.role == "iteration":
                self._iterated(instance)
            elif instance.role == "loop":
                self._mark(
                    instance, "finished", self.state.choices[instance.key, "exhausted"].frame
                )
            self._propagate()

    # -- instances

    def _make(
        self,
        definition: Definition,
        path: tuple[int, ...],
        parent: Instance | None,
        place: int,
        role: Role,
    ) -> Instance:
        made = Instance(definition, Key(definition.id, path), parent, place, role)
        made.closed = parent is not None and (
            parent.closed or (role == "iteration" and self._has_next_iteration(parent, place))
        )
        # An iteration's key is its loop's in that path; no other instance has it.
        self.instances[made.key] = made
        return made

    def _make_children(self, instance: Instance, definitions: Sequence[Definition]) -> None:
        if instance.children:  # made before it was activated, since something below had begun
            return
        path = instance.path
        instance.children = [
            self._make(one, path, instance, place, role_of(one))
            for place, one in enumerate(definitions)
        ]
        instance.open = len(instance.children)

    def _activate(self, instance: Instance) -> None:
        instance.status = "up"
        if instance.role == "task":
            self._up_task(instance)
        elif instance.role in ("sequence", "iteration"):
            self._make_children(instance, instance.definition.children)
            self._advance(instance)
        elif instance.role == "parallel":
            self._make_children(instance, instance.definition.children)
            self._open_all(instance)
        elif instance.role == "branch":
            self._branch(instance)
        elif instance.role == "loop":
            self._iterate(instance)
        else:
            self._items(instance)

    def _up_task(self, instance: Instance) -> None:
        state, key = self.state, instance.key
        ended, tried = state.ended.get(key), state.tries.get(key, ())
        if self.has_begun(instance):
            self.begin(instance)
        if ended is not None:
            self._mark(instance, ended.outcome, ended.frame)
        elif instance.closed:
            self._drop_task(instance, "skipped", cancel=False)
        elif not any(one.counts and one.state == "running" for one in tried):
            self.up.append(instance)

    def _ask(self, asker: Instance, owner: Instance) -> None:
        """Have a callable asked, unless the state knows that its node has failed by it."""
        if (ended := self.state.ended.get(owner.key)) is not None:
            self._mark(owner, ended.outcome, ended.frame)
        elif owner.closed:
            self._drop(owner, "skipped", cancel=False)
        else:
            self.up.append(asker)

    # -- settling

    def _mark(self, instance: Instance, outcome: Outcome, frame: int) -> None:
        if instance.settled:
            return
        instance.settled_at = max(frame, instance.settled_at)
        instance.status = outcome  # last: a step's thread may be looking
        node = instance.definition.node
        tolerated = isinstance(node, Task) and node.on_failure == "continue"
        instance.failing = outcome == "failed" and not tolerated
        if outcome == "failed" and tolerated:
            self.handled.append(instance.key)
        self._settling.append(instance)
        self.settled.append(instance)
        if instance.role == "task":
            if outcome == "cancelled" and instance.begun and not self.has_begun(instance):
                self.give_back(instance)  # a question was open, which the rows do not tell
            if not instance.begun:
                self.offer_slots(instance)

    def _propagate(self) -> None:
        # Groups stop last: what had ended by itself does not depend on who is looked at first.
        while self._settling or self._stopping:
            if self._settling:
                self._tell_parent(self._settling.popleft())
            else:
                self._stop(self._stopping.popleft())

    def _tell_parent(self, child: Instance) -> None:
        parent = child.parent
        if parent is None:
            return
        parent.settled_at = max(parent.settled_at, child.settled_at)
        if child.begun:
            parent.begun_open -= 1
            if parent.limit is not None:
                self.release(parent)
        if not parent.settled:
            self._child_settled(parent, child)

    def _child_settled(self, parent: Instance, child: Instance) -> None:
        parent.open -= 1
        if child.failing and parent.tolerant:
            self.handled.extend(self._absorbed(child))
        elif child.failing:
            parent.worst = "failed"
        elif child.status == "cancelled" and parent.worst == "finished":
            parent.worst = "cancelled"
        if parent.role in ("parallel", "foreach"):
            self._member_settled(parent)
        elif parent.dropping is not None or parent.role == "branch":
            if not parent.open:
                self._mark(parent, self._outcome(parent), parent.settled_at)
        elif parent.role == "loop":
            self._iteration_settled(parent, child)
        elif parent.worst != "finished":
            self._fail_sequence(parent)
        else:
            self._advance(parent)

    def _absorbed(self, child: Instance) -> Iterator[Key]:
        """What a group tolerates by settling all the same: what failed in one of its children, and
        what was cancelled because of it.
        """
        waiting = [child]
        while waiting:
            one = waiting.pop()
            if one.key in self.state.ended and one.status in ("failed", "cancelled"):
                yield one.key
            waiting += [below for below in one.children if below.status in ("failed", "cancelled")]

    def _outcome(self, instance: Instance) -> Outcome:
        """What a container comes to, all of whose children are settled."""
        if instance.worst != "finished":
            return instance.worst
        dropping = instance.dropping
        unfinished = not self._is_complete(instance)
        return dropping if dropping and (unfinished or dropping == "skipped") else "finished"

    def _is_complete(self, instance: Instance) -> bool:
        """Whether a container whose children are settled has no choice left to make."""
        if instance.role == "iteration":
            return (instance.key, "until") in self.state.choices
        if instance.role == "loop":
            last = self.state.choices.get((instance.children[-1].key, "until"))
            exhausted = (instance.key, "exhausted") in self.state.choices
            return last is not None and (last.value == "true" or exhausted)
        return (
            instance.role not in ("branch", "foreach")
            or bool(instance.children)
            or (instance.key, "test") in self.state.choices
            or (instance.key, "items") in self.state.choices
        )

    # -- sequences and iterations

    def _advance(self, instance: Instance) -> None:
        """Activate the next child; children that the state has ended settle at once, in a row."""
        if instance.next < len(instance.children):
            child = instance.children[instance.next]
            instance.next += 1
            self._activate(child)
        elif instance.open == 0:
            if instance.role == "iteration":
                self._iterated(instance)
            else:
                self._mark(instance, "finished", instance.settled_at)

    def _fail_sequence(self, instance: Instance) -> None:
        """A child failed: what stands after it is cancelled, and then the sequence has failed."""
        instance.dropping = "cancelled"
        for child in instance.children[instance.next :]:
            self._drop(child, "cancelled", cancel=False)
        if not instance.open:
            self._mark(instance, instance.worst, instance.settled_at)

    # -- groups

    def _open_all(self, instance: Instance) -> None:
        if not instance.children:
            self._mark(instance, "finished", max(instance.settled_at, 0))
        for child in instance.children:
            self._activate(child)

    def _member_settled(self, group: Instance) -> None:
        if not group.open:
            self._mark(group, self._outcome(group), group.settled_at)
        elif group.worst != "finished" and not group.stopped:
            self._stopping.append(group)

    def _stop(self, group: Instance) -> None:
        """Nothing starts below from now on; what runs may end, or is cancelled."""
        if group.settled or group.stopped or group.tolerant:
            return
        node = group.definition.node
        assert isinstance(node, Parallel | ForEach)
        group.stopped = True
        group.dropping = group.dropping or "cancelled"
        for child in group.children:
            self._drop(child, group.dropping, cancel=node.on_failure == "cancel")

    # -- branches

    def _branch(self, instance: Instance) -> None:
        chosen = self.state.choices.get((instance.key, "test"))
        if chosen is None:
            self._ask(instance, instance)
            return
        node = instance.definition.node
        assert isinstance(node, Branch)
        self._make_children(instance, instance.definition.children)
        instance.settled_at = chosen.frame
        first = len(node.arms[0])
        yes = chosen.value == "true"
        for child in instance.children:
            if (child.place < first) == yes:
                self._activate(child)
            else:
                self._drop(child, "skipped", cancel=False)
        if not instance.children:
            self._mark(instance, "finished", chosen.frame)

    # -- loops

    def _iterate(self, loop: Instance) -> None:
        if loop.next == len(loop.children):
            self._make_iteration(loop)
        loop.next += 1
        self._activate(loop.children[loop.next - 1])

    def _make_iteration(self, loop: Instance) -> Instance:
        number = len(loop.children)
        made = self._make(loop.definition, (*loop.path, number), loop, number, "iteration")
        if not number:
            loop.children = []
        cast("list[Instance]", loop.children).append(made)
        loop.open += 1
        return made

    def _bound(self, loop: Instance) -> int:
        """How many iterations there may be; a loop that reached its bound keeps that number."""
        node = loop.definition.node
        assert isinstance(node, Loop)
        exhausted = self.state.choices.get((loop.key, "exhausted"))
        return node.max_iterations if exhausted is None else int(exhausted.value)

    def _has_next_iteration(self, loop: Instance, number: int) -> bool:
        """Whether the state says that another iteration comes after this number.

        Then the iteration stays as it was: what a later tree adds to the body is skipped in it.
        """
        chosen = self.state.choices.get((Key(loop.key.id, (*loop.path, number)), "until"))
        return chosen is not None and chosen.value == "false" and number + 1 < self._bound(loop)

    def _iterated(self, iteration: Instance) -> None:
        """All of the body is settled: `until` is asked, unless the state knows its answer."""
        chosen = self.state.choices.get((iteration.key, "until"))
        if chosen is None:
            assert iteration.parent is not None
            self._ask(iteration, iteration.parent)
        else:
            self._mark(iteration, "finished", max(iteration.settled_at, chosen.frame))

    def _iteration_settled(self, loop: Instance, iteration: Instance) -> None:
        if iteration.failing or iteration.status == "cancelled":
            self._mark(loop, "failed" if iteration.failing else "cancelled", loop.settled_at)
            return
        chosen = self.state.choices[iteration.key, "until"]
        exhausted = self.state.choices.get((loop.key, "exhausted"))
        if chosen.value == "true":
            self._mark(loop, "finished", loop.settled_at)
        elif loop.next < self._bound(loop):
            self._iterate(loop)
        elif exhausted is not None:
            self._mark(loop, "finished", max(loop.settled_at, exhausted.frame))
        else:
            self._ask(loop, loop)

    # -- fan-outs

    def _items(self, instance: Instance) -> None:
        chosen = self.state.choices.get((instance.key, "items"))
        if chosen is None or instance.key in self.state.ended:
            self._ask(instance, instance)
            return
        try:
            subtrees = self.expand(instance.definition, instance.path)
        except NotYet:  # after a crash, what its items read stands further down
            self.up.append(instance)
            return
        instance.settled_at = chosen.frame
        self._make_children(instance, subtrees)
        self._open_all(instance)

    # -- dropping

    def _drop(self, instance: Instance, outcome: Outcome, *, cancel: bool) -> None:
        """This subtree will not go on: what never started settles, what runs ends or is stopped."""
        if instance.settled:
            return
        if instance.role == "task":
            self._drop_task(instance, outcome, cancel=cancel)
            return
        ended = self.state.ended.get(instance.key)
        if ended is not None and instance.role != "iteration" and not instance.children:
            self._mark(instance, ended.outcome, ended.frame)
            return
        self._make_below(instance)
        instance.dropping = instance.dropping or outcome
        for child in instance.children:
            self._drop(child, outcome, cancel=cancel)
        if not instance.open:
            self._mark(instance, self._outcome(instance), instance.settled_at)

    def _make_below(self, instance: Instance) -> None:
        """Make what stands below a container and is not made yet, as far as the state has it; of a
        loop at least the first iteration.
        """
        if instance.role == "loop":
            while not instance.children or self._has_next_iteration(
                instance, len(instance.children) - 1
            ):
                self._make_iteration(instance)
        elif instance.role != "foreach":
            self._make_children(instance, instance.definition.children)
        elif not instance.children and (instance.key, "items") in self.state.choices:
            with suppress(NotYet):  # what its items read is not settled in this tree
                self._make_children(instance, self.expand(instance.definition, instance.path))

    def _make_begun(self) -> None:
        """Make instances of all that is under way below containers which are not activated.

        An edit may put something before what runs or waits for an answer: that continues.
        """
        state = self.state
        begun = {key.id for key, _ in state.waits} | {one.key.id for one in state.running()}
        if not begun:
            return
        near = ids_around(self.root.definition, begun)
        waiting = [self.root]
        while waiting:
            instance = waiting.pop()
            pending = instance.waits_for_order or (instance.role == "loop" and not instance.settled)
            may_hold = instance.key.id in near or instance.definition.scope
            if pending and may_hold and instance.role != "task" and instance.key not in state.ended:
                self._make_below(instance)
            waiting.extend(instance.children)

    def _drop_task(self, instance: Instance, outcome: Outcome, *, cancel: bool) -> None:
        ended = self.state.ended.get(instance.key)
        known, instance.dropping = instance.dropping, instance.dropping or outcome
        if instance.status == "idle" and self.has_begun(instance):
            self.begin(instance)
        if ended is not None:
            self._mark(instance, ended.outcome, ended.frame)
            return
        tries = [one for one in self.state.tries.get(instance.key, ()) if one.counts]
        if any(one.state == "running" for one in tries):
            if cancel and not instance.stopped:
                instance.stopped = True
                self.dropped.append(Dropped(instance, outcome, running=True))
        elif known is None:
            if tries and tries[-1].state == "failed":
                outcome = "failed"
            self.dropped.append(Dropped(instance, outcome, running=False))
