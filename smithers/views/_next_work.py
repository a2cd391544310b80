"""What an answer lets run: the tasks that follow its question, and what they cost in earlier runs.

What follows is read from the tree, in the order in which it would run. Nothing that comes up
because of a failure is in it, nor the further iterations of a loop.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import field
from decimal import Decimal
from statistics import quantiles
from typing import TYPE_CHECKING

from smithers.shapes import asks_agent, asks_person, runs_workflow, shape_of
from smithers.values import dataclass
from smithers.views._estimates import Spread

if TYPE_CHECKING:
    from smithers.changes import Key
    from smithers.views._tree import Tree

__all__ = [
    "LEAST_RUNS",
    "LikelyCost",
    "NextTask",
    "NextWork",
    "following",
    "likely_cost",
    "next_work",
]

LEAST_RUNS = 3
"""Fewer runs tell nothing about the next one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NextTask:
    """A task that has not come up. `runs` is how many earlier runs have done it; `cost` is None if
    they are too few, or told no cost. `is_certain`: no branch, failure or answer is before it.
    `does` is what it does, as far as it was known when the question was asked; see `Form.does`.
    """

    id: str
    kind: str
    is_certain: bool
    runs: int = 0
    cost: Spread | None = None
    does: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, kw_only=True, slots=True)
class NextWork:
    """The tasks that follow a question, of which `number` are there in all. `cost` is what they
    cost together, where earlier runs tell it. `is_open`: the author's code decides what else runs.
    `done` tasks have finished, and are kept.
    """

    tasks: tuple[NextTask, ...]
    number: int
    untold: int
    """Of how many it is not known what they cost: they are not in `cost`."""
    cost: Spread | None
    is_open: bool
    done: int


@dataclass(frozen=True, kw_only=True, slots=True)
class LikelyCost:
    """What tasks are likely to cost, by id and together; None if earlier runs do not tell it. Of
    `untold` tasks it is not known: they are not in `total`.
    """

    tasks: Mapping[str, Spread | None]
    total: Spread | None
    untold: int


def following(
    tree: Tree, key: Key, came_up: Mapping[str, Collection[tuple[int, ...]]]
) -> tuple[list[tuple[str, bool]], bool]:
    """The leaves that follow a task in its iteration and have not come up, each with whether it
    runs for certain; and whether code decides what else does. `came_up` has the iterations of each
    leaf.
    """
    found: list[tuple[str, bool]] = []
    is_open, certain, path = False, True, key.path
    child = key.id
    for id in tree.around(key.id) if key.id in tree.kinds else ():
        if id == key.id:
            continue
        shape = shape_of(tree.kinds[id])
        is_open = is_open or shape.is_code
        if shape.is_ordered:
            inner = tree.children.get(id, [])
            for later in inner[inner.index(child) + 1 :]:
                for leaf, is_sure in _leaves(tree, later, certain):
                    if not any(one[: len(path)] == path for one in came_up.get(leaf, ())):
                        found.append((leaf, is_sure))
                        certain = certain and not asks_person(tree.kinds[leaf])
                    is_open = is_open or _is_open(tree, later)
        if shape.iterates:
            path = path[:-1]
        child = id
    return found, is_open


def _leaves(tree: Tree, id: str, certain: bool) -> Iterator[tuple[str, bool]]:
    kind = tree.kinds[id]
    shape = shape_of(kind)
    if not shape.is_container:
        yield id, certain
        return
    if shape.handles:
        return
    for child in tree.children.get(id, ()):
        yield from _leaves(tree, child, certain and not shape.chooses)


def _is_open(tree: Tree, id: str) -> bool:
    """Whether more may come up below a node than is there."""
    shape = shape_of(tree.kinds[id])
    inner = tree.children.get(id, ())
    grows = shape.is_code or shape.is_lazy or shape.expands
    return (grows and not inner) or any(_is_open(tree, child) for child in inner)


_NOTHING_KNOWN: Mapping[str, Mapping[str, str]] = {}


def next_work(
    tree: Tree,
    key: Key,
    came_up: Mapping[str, Collection[tuple[int, ...]]],
    costs: Mapping[str, Mapping[str, Decimal | None]],
    *,
    done: int,
    most: int,
    does: Mapping[str, Mapping[str, str]] = _NOTHING_KNOWN,
) -> NextWork:
    """What follows a question. `costs` are those of each task by run, None where it was not told;
    `most` is how many tasks are named, and `does` what each of them does.
    """
    found, is_open = following(tree, key, came_up)
    kinds = {id: tree.kinds[id] for id, _ in found}
    likely = likely_cost([id for id, _ in found], kinds, costs)
    return NextWork(
        tasks=tuple(
            NextTask(
                id=id,
                kind=kinds[id],
                is_certain=is_certain,
                runs=len(costs.get(id, {})),
                cost=likely.tasks[id],
                does=does.get(id, {}),
            )
            for id, is_certain in found[:most]
        ),
        number=len(found),
        untold=likely.untold,
        cost=likely.total,
        is_open=is_open,
        done=done,
    )


def likely_cost(
    ids: Sequence[str],
    kinds: Mapping[str, str],
    costs: Mapping[str, Mapping[str, Decimal | None]],
) -> LikelyCost:
    """What tasks cost, each and together, by what each has cost in earlier runs: None where that
    was not told.
    """
    sums: dict[str, Decimal | None] = {}
    known: dict[str, Spread | None] = {}
    for id, kind in kinds.items():
        told = costs.get(id, _NO_COSTS) if asks_agent(kind) else _NO_COSTS
        if asks_agent(kind):
            known[id] = _spread(told.values())
        else:
            known[id] = None if runs_workflow(kind) else _FREE
        for run_id, cost in told.items() if known[id] is not None else ():
            so_far = sums.get(run_id, Decimal(0))
            sums[run_id] = None if cost is None or so_far is None else so_far + cost
    untold = sum(known[id] is None for id in ids)
    total = _spread(sums.values()) if sums else None if untold else _FREE
    return LikelyCost(tasks=known, total=total, untold=untold)


_NO_COSTS: Mapping[str, Decimal | None] = {}
_FREE = Spread(low=Decimal(0), middle=Decimal(0), high=Decimal(0), runs=0)


def _spread(costs: Collection[Decimal | None]) -> Spread | None:
    """The 10th, 50th and 90th percentile of what each of some runs has told."""
    told = sorted(cost for cost in costs if cost is not None)
    if len(told) < LEAST_RUNS:
        return None
    tenths: Sequence[Decimal] = quantiles(told, n=10, method="inclusive")
    return Spread(low=tenths[0], middle=tenths[4], high=tenths[8], runs=len(told))
