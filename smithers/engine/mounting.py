"""The tree of a run as it is mounted: rendered, planned, and written where it changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from smithers import waits
from smithers.changes import Key
from smithers.engine.budgets import Budgets
from smithers.engine.edits import check_added, check_choices
from smithers.engine.plan import Plan
from smithers.engine.reading import View
from smithers.engine.render import Renderer
from smithers.engine.transition import Transition
from smithers.errors import AuthorError
from smithers.kinds import Definition
from smithers.naming import node_name
from smithers.store import Model

__all__ = ["Mounting"]


class Mounting:
    """Keeps the plan that of the tree, and the rows of the tree that of both.

    `limit` is how many attempts may run at once; `cancel_gone` stops attempts whose task has left
    the tree; `catch_up` runs the flows of a new plan as far as the rows go. `models` are the output
    models that were met, until somebody empties it.
    """

    def __init__(
        self,
        renderer: Renderer,
        transition: Transition,
        limit: int,
        cancel_gone: Callable[[], None],
        budgets: Budgets,
        pools: Mapping[str, int],
        catch_up: Callable[[], None],
    ) -> None:
        self._renderer = renderer
        self._pools = pools
        self._view: View = renderer.view
        self._transition = transition
        self._state = transition.state
        self._limit = limit
        self._cancel_gone = cancel_gone
        self._budgets = budgets
        self._catch_up = catch_up
        self.models: list[Model] = []

    @property
    def plan(self) -> Plan:
        assert self._view.plan is not None
        return self._view.plan

    def render(self, *, gone: bool = False) -> None:
        """Run the workflow function, and work out the plan of the tree that it gives.

        A plan may settle more of what was read than the render saw, above all the first one after
        a crash: then it is rendered again. Readers of the render see the plan of the one before.
        """
        before = self._view.plan if gone else None
        if gone:
            self._ask_again()
        known: list[set[Key]] = []
        while True:
            seen = self._watched()
            known.append(seen)
            try:
                root = self._renderer.root(self._transition.number)
                plan = Plan(root, self._state, self._renderer.expand, self._pools)
                self._view.plan = self._view.plan or plan
                plan.start()
            except RecursionError as error:
                raise AuthorError(
                    "the tree is nested too deeply",
                    hint="keep it below 150 levels; a Sequence takes any number of children",
                ) from error
            if self._view.plan is not plan:
                self._view.plan.put_away()
            self._view.plan = plan
            self._catch_up()
            plan.settled.clear()  # nobody waits yet
            if (now := self._watched()) <= seen or now in known:
                break
        check_choices(self._state, self._view.mounts)
        if before is not None:
            check_added(before, plan, self._view.mounts, self._state)
        self.mount(gone=gone)

    def _ask_again(self) -> None:
        """A step that waits for what it read may read something else once it is rendered anew."""
        by_id, tries = self._view.mounts.by_id, self._state.tries
        for key, kind in list(self._state.waits):
            tried = tries.get(key) if kind == waits.DATA and key.id in by_id else None
            if tried and tried[-1].state == "deferred":
                self._transition.close_wait(key, waits.DATA)

    def _watched(self) -> set[Key]:
        """What is settled in the plan, of that which a render reads."""
        if self._view.plan is None or not self._renderer.reads_structure():
            return set()
        watches, instances = self._renderer.watches, self._view.plan.instances.values()
        return {one.key for one in instances if one.settled and watches(one.key.id)}

    def mount(self, *, gone: bool) -> None:
        """Write which nodes joined the tree, and which left it."""
        mounts, known = self._view.mounts, self._state.nodes
        for one in mounts.fresh:
            if (before := known.get(one.id)) != (row := one.row):
                if before is not None:
                    self._transition.unmount(one.id)
                    if before.kind != row.kind:  # an edit: what the old one waited for is void
                        self._close_waits(one.id)
                self._transition.do(row)
            if one.node.budget is not None or self._state.budgets:
                self._budgets.mounted(one)
            output = one.kind.output(one.node)
            if output is not None and output.model is not None:
                self.models.append(Model(name=output.model, schema=output.schema))
            limit = one.kind.limit(one.node)
            if (limit or 0) > self._limit:
                self._renderer.reports.append(
                    f"{node_name(one.id)}: its limit of {limit} has no effect because"
                    f" max_concurrency is {self._limit}"
                )
        mounts.fresh.clear()
        if gone:
            self._unmount()

    def _unmount(self) -> None:
        """Nodes left the tree: what runs of them is cancelled, and nobody waits for them."""
        for id in [id for id in self._state.nodes if not self._may_come(id)]:
            self._transition.unmount(id)
        for key, kind in list(self._state.waits):
            if self.has_left(key):
                self._transition.close_wait(key, kind)
        self._cancel_gone()

    def has_left(self, key: Key) -> bool:
        """Whether the tree has no place any more for what runs or waits under this key."""
        if not key.id or key in self.plan.instances:
            return False
        return key.id in self._view.mounts.by_id or not self._may_come(key.id)

    def _may_come(self, id: str) -> bool:
        """Whether a node is in the tree, or in an item of a fan-out whose items are chosen and
        cannot be mounted yet: an edit may have put something before what they are made from.
        """
        by_id = self._view.mounts.by_id
        if id in by_id:
            return True
        row = self._state.nodes.get(id)
        while row is not None and row.parent is not None:
            if (above := by_id.get(row.parent)) is not None:
                may_add = above.kind.expands or above.kind.grows
                return may_add and self._may_expand(above, row.id)
            row = self._state.nodes.get(row.parent)
        return False

    def _may_expand(self, above: Definition, id: str) -> bool:
        """Whether a fan-out has items that are not mounted yet, or is not come to again; or a flow
        may still make this call.
        """
        mine = [one for key, one in self.plan.instances.items() if key.id == above.id]
        if not mine:
            return above.kind.may_expand(self._state, above)
        return any(one.kind.may_make(self._state, one, id) for one in mine)

    def _close_waits(self, id: str) -> None:
        for key, kind in [wait for wait in self._state.waits if wait[0].id == id]:
            self._transition.close_wait(key, kind)

    def could_add(self, id: str) -> bool:
        """Whether a scope that reads unsettled state, or an unasked ForEach, may add this id.

        A step's thread may ask while the loop goes on, hence the copies.
        """
        plan = self._view.plan
        if plan is None:
            return True
        if plan.root.settled:
            return False
        if self._renderer.reads_unsettled(self._unsettled):
            return True
        return any(
            one.kind.expands and self._unasked(one.id)
            for one in list(self._view.mounts.by_id.values())
        )

    def _unsettled(self, id: str) -> bool:
        mine = [one for key, one in list(self.plan.instances.items()) if key.id == id]
        if not mine:
            return all(key.id != id for key in list(self._state.ended))
        return any(not one.settled for one in mine)

    def _unasked(self, id: str) -> bool:
        mine = [one for key, one in list(self.plan.instances.items()) if key.id == id]
        return not mine or any(one.kind.can_add(one) for one in mine)
