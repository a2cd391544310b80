"""A row of the table, and what the rows are made of."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from bench.measuring import FOLDER, ROOT, Command, Figure, Measure, NotMeasured, measured, ours

__all__ = [
    "FULL",
    "OF_CPU",
    "PEERS",
    "PEERS_PYTHON",
    "QUICK",
    "Plain",
    "Row",
    "Scale",
    "beside",
    "by",
    "over",
    "peer",
    "peers_of",
    "plain_row",
    "steps",
]

PEERS = ("SQLite", "DBOS", "LangGraph", "agent-workflow-sdk")
OF_CPU = ("ms", "s", "µs")
"""The units of figures of CPU; those of others are the same on any machine."""
PEERS_PYTHON = ROOT / ".bench-venv" / "bin" / "python"


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How much of everything. `repeats` is for what takes seconds, `starts` for a
    command; the rest is done once.
    """

    steps: int = 1000
    long: int = 800
    short: int = 100
    more: int = 100
    many: int = 10_000
    huge: int = 100_000
    few: int = 200
    agents: int = 1000
    few_agents: int = 100
    waiting: int = 10_000
    pooled: int = 1000
    waiting_kinds: int = 1000
    waits: int = 100
    stands_s: int = 30
    clients: int = 50
    followed_s: int = 60
    events: int = 100_000
    outputs: int = 1000
    starts: int = 7
    repeats: int = 3
    peers: bool = True


FULL = Scale()
QUICK = Scale(
    steps=20,
    long=20,
    short=4,
    more=5,
    many=20,
    huge=40,
    few=20,
    agents=5,
    few_agents=5,
    waiting=2,
    pooled=2,
    waiting_kinds=5,
    waits=3,
    stands_s=1,
    clients=3,
    followed_s=1,
    events=50,
    outputs=5,
    starts=1,
    repeats=1,
    peers=False,
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table. The limit is for the median, and one of CPU is for the machine that it
    was set on; `below` excludes the limit itself.
    """

    name: str
    what: str
    unit: str
    limit: float
    below: bool = False
    measure: Measure
    peers: Mapping[str, Measure] = field(default_factory=dict[str, Measure])

    def holds(self, figure: Figure, slower: float = 1) -> bool:
        """Whether the limit is held; one of CPU is multiplied by the factor of the machine."""
        limit = self.limit * (slower if self.unit in OF_CPU else 1)
        return figure.median < limit if self.below else figure.median <= limit


Plain = tuple[str, str, str, float, bool, Measure]
"""The fields of a row in their order, without peers."""


def plain_row(name: str, what: str, unit: str, limit: float, below: bool, measure: Measure) -> Row:
    return Row(name=name, what=what, unit=unit, limit=limit, below=below, measure=measure)


def steps(
    scale: Scale, shape: str, kind: str, count: int, figure: str, *, disk: bool = False
) -> Measure:
    """A figure of a run of `count` trivial steps."""
    repeats = 1 if count >= FULL.huge else scale.repeats
    return lambda: measured(ours("steps", shape, kind, count), repeats, disk=disk)[figure]


def by(measure: Measure, count: int, factor: float = 1) -> Measure:
    """A figure a step, or of whatever there are `count` of."""
    return lambda: measure().times(factor / count)


def over(one: Measure, other: Measure) -> Measure:
    return lambda: one().over(other())


def peer(name: str, shape: str, kind: str, count: int) -> Command:
    """The command of the same steps in another tool."""
    if name == "SQLite":
        python = sys.executable
    elif PEERS_PYTHON.exists():
        python = str(PEERS_PYTHON)
    else:
        raise NotMeasured(f"{name} is not installed: make bench does it")
    script = ROOT / "bench" / "peers" / f"{name.lower().replace('-', '_')}_steps.py"
    return (python, str(script), shape, kind, str(count), FOLDER)


def beside(
    scale: Scale, names: tuple[str, ...], each: Callable[[str], Figure]
) -> dict[str, Measure]:
    """The same of others' tools."""
    if not scale.peers:
        return {}
    return {name: partial(each, name) for name in names}


def peers_of(
    scale: Scale,
    shape: str,
    kind: str,
    count: int,
    figure: str,
    factor: float,
    *,
    without: str = "",
    disk: bool = False,
) -> dict[str, Measure]:
    """A figure a step. Ten thousand steps take some of them minutes, and are run once."""
    repeats = 1 if count >= FULL.many else scale.repeats

    def each(name: str) -> Figure:
        command = peer(name, shape, kind, count)
        return measured(command, repeats, disk=disk)[figure].times(factor / count)

    return beside(scale, tuple(name for name in PEERS if name != without), each)
