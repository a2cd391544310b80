"""The tree of a run as it is mounted: rendered, planned, and written where it changes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager

from smithers import waits
from smithers.changes import Key
from smithers.engine.ahead import whole
from smithers.engine.budgets import Budgets
from smithers.engine.edits import check_added, check_choices
from smithers.engine.plan import Plan
from smithers.engine.reading import View
from smithers.engine.reconciling import Reconciled, reconcile
from smithers.engine.render import Renderer
from smithers.engine.transition import Transition
from smithers.errors import AuthorError
from smithers.kinds import Definition, Instance
from smithers.naming import node_name
from smithers.store import Model

__all__ = ["Mounting"]


@contextmanager
def _not_too_deep() -> Generator[None]:
    try:
        yield
    except RecursionError as error:
        raise AuthorError(
            "the tree is nested too deeply",
            hint="keep it below 150 levels; a Sequence takes any number of children",
        ) from error


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

    def use(self, pools: Mapping[str, int], limit: int) -> None:
        """Take what an edit has changed of the workflow."""
        self._pools, self._limit = pools, limit

    def render(
        self,
        *,
        gone: bool = False,
        is_edited: bool = False,
        allow: Callable[[], None] | None = None,
    ) -> None:
        """Run the workflow function, and work out the plan of the tree that it gives.

        A plan may settle more of what was read than the render saw, above all the first one after a
        crash, or less after a reset: then it is rendered again. Readers of the render see the plan
        of the one before. An edit may add to what has finished, as it may before a resume. What
        `allow` raises leaves the rows as they were.
        """
        before = self._view.plan if gone and not is_edited else None
        if gone:
            self._ask_again()
        known: list[set[Key]] = []
        while True:
            seen, is_first = self._watched(), self._view.plan is None
            known.append(seen)
            with _not_too_deep():
                root = self._renderer.root(self._transition.number)
                plan = Plan(root, self._state, self._renderer.expand, self._pools)
                self._view.plan = self._view.plan or plan
                plan.start()
            if self._view.plan is not plan:
                self._view.plan.put_away()
            self._view.plan = plan
            self._catch_up()
            plan.settled.clear()  # nobody waits yet
            # What was reset is settled no more: then the readers of it have seen what was before.
            now, ended = self._watched(), self._state.ended
            was_reset = any(one.key not in ended for one in self._unsettled_of(seen - now))
            if is_first and any(self._renderer.watches(key.id) for key in ended):
                continue  # it read rows, which do not tell whether a container has ended
            if (now <= seen and not was_reset) or now in known:
                break
        plan.watches = self._renderer.watches
        check_choices(self._state, self._view.mounts)
        if before is not None:
            mounts, state = self._view.mounts, self._state
            check_added(before, mounts.fresh, lambda: whole(plan), mounts, state)
        if allow is not None:
            allow()
        self.mount(gone=gone)

    def _unsettled_of(self, keys: Iterable[Key]) -> list[Instance]:
        """The tasks among these that are in the plan and watched still."""
        instances, watches = self.plan.instances, self._renderer.watches
        found = [instances[key] for key in keys if key in instances and watches(key.id)]
        return [one for one in found if one.kind.is_task]

    def render_again(self, changed: Iterable[str]) -> Reconciled | None:
        """Render what has read any of these ids, and bring the tree and the plan up to it; None if
        the whole plan must be made anew, of which nothing is done. Raises `AuthorError`.
        """
        plan, renderer = self.plan, self._renderer
        with _not_too_deep():
            rendered = renderer.render_again(changed, self._transition.number)
            found = reconcile(renderer, plan, rendered, self._catch_up)
        if found is None:
            return None
        fresh = {each.id for one in found.fresh for each in one.walk()}
        if fresh:
            check_choices(self._state, self._view.mounts, fresh)
        self.mount(gone=False)
        if found.gone or found.left:
            self._budgets.replanned()
            self._unmount_these(found)
        return found

    def _ask_again(self) -> None:
        """A step that waits for what it read may read something else once it is rendered anew."""
        by_id, tries = self._view.mounts.by_id, self._state.tries
        for key, kind in list(self._state.waits):
            tried = tries.get(key) if kind == waits.DATA and key.id in by_id else None
            if tried and tried[-1].state == "deferred":
                self._transition.close_wait(key, waits.DATA)

    def _watched(self) -> set[Key]:
        """What is settled in the plan, or has sent work back, of that which a render reads."""
        if self._view.plan is None or not self._renderer.reads_structure():
            return set()
        plan, watches = self._view.plan, self._renderer.watches
        settled = {
            one.key
            for each in whole(plan)
            for one in each.instances.values()
            if one.settled and watches(one.key.id)
        }
        choices, by_id = self._state.choices, self._view.mounts.by_id
        settled |= {key for key, kind in choices if kind == "rework" and watches(key.id)}
        # What has left the tree is read as it ended in its last iteration, once that is known.
        return settled | {
            Key(id) for id in self._state.ended_in_loops if id not in by_id and watches(id)
        }

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

    def _unmount_these(self, found: Reconciled) -> None:
        """The same, where it is known which may have left."""
        by_id, instances = self._view.mounts.by_id, self.plan.instances
        for one in found.left:
            is_mounted = one.id in self._state.nodes
            if is_mounted and one.id not in by_id and not self._may_come(one.id):
                self._transition.unmount(one.id)
        gone = {one.key for one in found.gone if one.key not in instances}
        if gone:
            for key, kind in list(self._state.waits):
                if key in gone and self.has_left(key):
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
        mine = self._instances(above)
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
        return any(self._unasked(one) for one in list(self._view.mounts.expanding.values()))

    def _unsettled(self, id: str) -> bool:
        definition = self._view.mounts.by_id.get(id)
        mine = [] if definition is None else self._instances(definition)
        if not mine:
            return all(key.id != id for key in list(self._state.ended))
        return any(not one.settled for one in mine)

    def _unasked(self, one: Definition) -> bool:
        mine = self._instances(one)
        return not mine or any(each.kind.can_add(each) for each in mine)

    def _instances(self, one: Definition) -> list[Instance]:
        """Those of a definition, in all iterations of its loops."""
        instances = self.plan.instances
        paths: list[tuple[int, ...]] = [()]
        for loop in one.loops:
            around = [(path, instances.get(Key(loop, path))) for path in paths]
            paths = [
                (*path, number)
                for path, found in around
                if found is not None
                for number in range(len(found.children))
            ]
        return [found for path in paths if (found := instances.get(Key(one.id, path))) is not None]
