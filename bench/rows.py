"""What is measured, and the limit of each: the rows of the table."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from bench.measuring import (
    FOLDER,
    ROOT,
    Command,
    Figure,
    Measure,
    NotMeasured,
    measured,
    ours,
    synced,
)

__all__ = ["FULL", "PEERS", "QUICK", "Row", "Scale", "rows"]

PEERS = ("SQLite", "DBOS", "LangGraph")
PEERS_PYTHON = ROOT / ".bench-venv" / "bin" / "python"


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How much of everything. `repeats` is for what takes seconds; the rest is done once."""

    steps: int = 1000
    flow_steps: int = 800
    more: int = 100
    many: int = 10_000
    few: int = 200
    agents: int = 1000
    few_agents: int = 100
    waiting: int = 10_000
    pooled: int = 1000
    waiting_kinds: int = 1000
    waits: int = 100
    stands_s: int = 30
    events: int = 100_000
    outputs: int = 1000
    repeats: int = 3
    peers: bool = True


FULL = Scale()
QUICK = Scale(
    steps=20,
    flow_steps=20,
    more=5,
    many=20,
    few=20,
    agents=5,
    few_agents=5,
    waiting=2,
    pooled=2,
    waiting_kinds=5,
    waits=3,
    stands_s=1,
    events=50,
    outputs=5,
    repeats=1,
    peers=False,
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table. The limit is for the median; `below` excludes the limit itself."""

    name: str
    what: str
    unit: str
    limit: float
    below: bool = False
    measure: Measure
    peers: Mapping[str, Measure] = field(default_factory=dict[str, Measure])

    def holds(self, figure: Figure) -> bool:
        return figure.median < self.limit if self.below else figure.median <= self.limit


Plain = tuple[str, str, str, float, bool, Measure]
"""The fields of a row in their order, without peers."""


def _row(name: str, what: str, unit: str, limit: float, below: bool, measure: Measure) -> Row:
    return Row(name=name, what=what, unit=unit, limit=limit, below=below, measure=measure)


def rows(scale: Scale = FULL) -> list[Row]:
    """All rows, in the order of the table."""
    return [
        *_sequences(scale),
        *_fan_outs(scale),
        *_flows(scale),
        *_agents(scale),
        *_audits(scale),
        *_streams(scale),
        *_large_outputs(scale),
        *_pools(scale),
        *_others(scale),
        *_requests(scale),
        *_travelling(scale),
        *_waiting(scale),
        *_served(scale),
    ]


def _steps(scale: Scale, shape: str, kind: str, count: int, figure: str) -> Measure:
    repeats = scale.repeats
    return lambda: measured(ours("steps", shape, kind, count), repeats)[figure]


def _each(measure: Measure, count: int, factor: float = 1) -> Measure:
    return lambda: measure().times(factor / count)


def _over(one: Measure, other: Measure) -> Measure:
    return lambda: one().over(other())


def _peer(name: str, shape: str, kind: str, count: int) -> Command:
    if name == "SQLite":
        python = sys.executable
    elif PEERS_PYTHON.exists():
        python = str(PEERS_PYTHON)
    else:
        raise NotMeasured(f"{name} is not installed: make bench does it")
    script = ROOT / "bench" / "peers" / f"{name.lower()}_steps.py"
    return (python, str(script), shape, kind, str(count), FOLDER)


def _beside(
    scale: Scale, names: tuple[str, ...], each: Callable[[str], Figure]
) -> dict[str, Measure]:
    """The same of others' tools."""
    if not scale.peers:
        return {}
    return {name: partial(each, name) for name in names}


def _peers_of(
    scale: Scale,
    shape: str,
    kind: str,
    count: int,
    figure: str,
    factor: float,
    *,
    without: str = "",
) -> dict[str, Measure]:
    """A figure a step. Ten thousand steps take some of them minutes, and are run once."""
    repeats = 1 if count >= FULL.many else scale.repeats

    def each(name: str) -> Figure:
        return measured(_peer(name, shape, kind, count), repeats)[figure].times(factor / count)

    return _beside(scale, tuple(name for name in PEERS if name != without), each)


def _sequences(scale: Scale) -> list[Row]:
    n, many = scale.steps, scale.many
    found: list[Row] = []
    for kind, limit in (("async", 0.5), ("sync", 0.9)):
        name = "sequence-cpu" + ("-sync" if kind == "sync" else "")
        found.append(
            Row(
                name=name,
                what=f"CPU a step, sequence of {n:,} {kind} steps",
                unit="ms",
                limit=limit,
                measure=_each(_steps(scale, "sequence", kind, n, "cpu_s"), n, 1000),
                peers=_peers_of(scale, "sequence", kind, n, "cpu_s", 1000),
            )
        )
    short = _each(_steps(scale, "sequence", "async", n, "cpu_s"), n)
    long = _each(_steps(scale, "sequence", "async", many, "cpu_s"), many)
    flat = Row(
        name="sequence-flat",
        what=f"CPU a step, sequence of {many:,} against {n:,}",
        unit="times",
        limit=1.15,
        measure=_over(long, short),
    )
    return [*found, flat, _commits_more(scale), _syncs(scale, "sequence", n + 50)]


def _commits_more(scale: Scale) -> Row:
    """The slope: what is the same for any number of steps falls out, and so do checkpoints."""
    start, more = 20, scale.more

    def between(command: Callable[[int], Command]) -> Figure:
        return synced(command(start + more)).less(synced(command(start)))

    return Row(
        name="sequence-commits",
        what=f"synced commits of {more:,} more steps in sequence",
        unit="",
        limit=more,
        measure=lambda: between(lambda count: ours("steps", "sequence", "async", count)),
        peers=_beside(
            scale,
            PEERS,
            lambda name: between(lambda count: _peer(name, "sequence", "async", count)),
        ),
    )


def _syncs(scale: Scale, shape: str, limit: int) -> Row:
    n = scale.steps
    return Row(
        name=f"{shape}-syncs",
        what=f"all syncs, {shape} of {n:,} (with checkpoints)",
        unit="",
        limit=limit,
        below=shape == "fan-out",
        measure=lambda: synced(ours("steps", shape, "async", n)),
        peers=_beside(scale, PEERS, lambda name: synced(_peer(name, shape, "async", n))),
    )


def _fan_outs(scale: Scale) -> list[Row]:
    n, few = scale.many, scale.few

    def large(figure: str, kind: str = "async") -> Measure:
        return _steps(scale, "fan-out", kind, n, figure)

    def growth(name: str) -> Figure:
        small, big = (
            measured(_peer(name, "fan-out", "async", count), 1)["cpu_s"].times(1 / count)
            for count in (few, n)
        )
        return big.over(small)

    small = _each(_steps(scale, "fan-out", "async", few, "cpu_s"), few)
    engines = ("DBOS", "LangGraph")
    of_n = f"fan-out of {n:,}"
    return [
        Row(
            name="fan-out-cpu",
            what=f"CPU a step, {of_n} async steps",
            unit="ms",
            limit=0.25,
            measure=_each(large("cpu_s"), n, 1000),
            peers=_peers_of(scale, "fan-out", "async", n, "cpu_s", 1000),
        ),
        Row(
            name="fan-out-cpu-sync",
            what=f"CPU a step, {of_n} sync steps",
            unit="ms",
            limit=0.4,
            measure=_each(large("cpu_s", "sync"), n, 1000),
        ),
        Row(
            name="fan-out-ratio",
            what=f"CPU a step, {of_n} against {few:,}",
            unit="times",
            limit=1.25,
            measure=_over(_each(large("cpu_s"), n), small),
            peers=_beside(scale, engines, growth),
        ),
        _syncs(scale, "fan-out", scale.steps),
        Row(
            name="fan-out-memory",
            what=f"peak memory, {of_n}",
            unit="MB",
            limit=250,
            below=True,
            measure=large("memory_mb"),
            peers=_peers_of(scale, "fan-out", "async", n, "memory_mb", n, without="SQLite"),
        ),
        Row(
            name="fan-out-bytes",
            what=f"database a step beyond its output, {of_n}",
            unit="bytes",
            limit=1024,
            below=True,
            measure=_each(large("bytes"), n),
            peers=_peers_of(scale, "fan-out", "async", n, "bytes", 1),
        ),
    ]


def _flows(scale: Scale) -> list[Row]:
    many, n, few = scale.many, scale.flow_steps, scale.more

    def of(shape: str, count: int) -> Measure:
        return _each(
            lambda: measured(ours("flows", shape, count), scale.repeats)["cpu_s"], count, 1000
        )

    parallel = _each(_steps(scale, "fan-out", "async", many, "cpu_s"), many, 1000)
    return [
        Row(
            name="flow-gather",
            what=f"CPU a step, a flow that gathers {many:,} async steps, against a Parallel",
            unit="times",
            limit=1.5,
            measure=_over(of("gather", many), parallel),
        ),
        Row(
            name="flow-cpu",
            what=f"CPU a step, a flow of {n:,} async steps in sequence",
            unit="ms",
            limit=0.5,
            measure=of("sequence", n),
        ),
        Row(
            name="flow-flat",
            what=f"CPU a step, a flow of {n:,} steps in sequence against {few:,}",
            unit="times",
            limit=1.5,
            measure=_over(of("sequence", n), of("sequence", few)),
        ),
    ]


def _agents(scale: Scale) -> list[Row]:
    def replayed(count: int, figure: str) -> Measure:
        return lambda: measured(ours("replaying", count, 16), scale.repeats)[figure]

    n, few = scale.agents, scale.few_agents
    each, of_few = _each(replayed(n, "cpu_s"), n), _each(replayed(few, "cpu_s"), few)
    return [
        Row(
            name="agents-ratio",
            what=f"CPU a task, {n:,} replayed agents against {few:,}",
            unit="times",
            limit=1.25,
            measure=_over(each, of_few),
        ),
        Row(
            name="agents-running",
            what=f"attempts at once, {n:,} replayed agents with limit=16",
            unit="",
            limit=16,
            measure=replayed(n, "most_running"),
        ),
    ]


def _audits(scale: Scale) -> list[Row]:
    """A pattern with agents, refutations and judgements."""
    n, few = scale.agents, scale.few_agents

    def audited(count: int) -> Measure:
        return lambda: measured(ours("auditing", count), scale.repeats)["cpu_s"]

    return [
        Row(
            name="audit-ratio",
            what=f"CPU a task, FanOutRefute over {n:,} files against {few:,}",
            unit="times",
            limit=1.25,
            measure=_over(_each(audited(n), n), _each(audited(few), few)),
        ),
        Row(
            name="audit-memory",
            what=f"peak memory, FanOutRefute over {n:,} files",
            unit="MB",
            limit=150,
            below=True,
            measure=lambda: measured(ours("auditing", n), scale.repeats)["memory_mb"],
        ),
    ]


def _streams(scale: Scale) -> list[Row]:
    """What a program says passes through its adapter, is kept, and becomes events."""
    n, long = scale.events, 2 * scale.events

    def read(what: str, count: int, figure: str) -> Measure:
        return lambda: measured(ours("streams", what, count), scale.repeats)[figure]

    return [
        Row(
            name="stream-cpu",
            what=f"CPU an event of 1 KB, {n:,} through an adapter",
            unit="µs",
            limit=50,
            below=True,
            measure=_each(read("adapter", n, "cpu_s"), n, 1_000_000),
        ),
        Row(
            name="stream-memory",
            what=f"peak memory, {long:,} events through an adapter",
            unit="MB",
            limit=64,
            below=True,
            measure=read("adapter", long, "memory_mb"),
        ),
        Row(
            name="parse-memory",
            what=f"peak memory, {long:,} events read by harness parse",
            unit="MB",
            limit=64,
            below=True,
            measure=read("parse", long, "memory_mb"),
        ),
    ]


def _large_outputs(scale: Scale) -> list[Row]:
    """What 100 KB instead of one byte for each output add to the memory of whoever has the run."""
    n, kb, database = scale.outputs, 100, f"{FOLDER}/run/bench.db"

    def command(what: str, size: int) -> Command:
        if what in ("start", "resume"):
            return ours("outputs", what, size, n)
        return (sys.executable, "-m", "smithers", *what.split(), "bench", "--db", database)

    def added(what: str, before: str | None) -> Figure:
        large, small = (
            measured(
                command(what, size),
                scale.repeats,
                None if before is None else ours("outputs", before, size, n),
            )["memory_mb"]
            for size in (kb * 1000, 1)
        )
        more = large.less(small)
        return Figure(max(more.median, 0), max(more.least, 0))

    plain = [
        ("owner", "their owner", "start", None),
        ("resume", "a resume after a failure", "resume", "fail"),
        ("again", "a resume of the finished run", "resume", "start"),
        ("inspect", "inspect --json", "inspect --json", "start"),
    ]
    return [
        Row(
            name=f"outputs-memory-{name}",
            what=f"peak memory that {n:,} outputs of {kb} KB add to {words}",
            unit="MB",
            limit=20,
            below=True,
            measure=partial(added, what, before),
        )
        for name, words, what, before in plain
    ]


def _pools(scale: Scale) -> list[Row]:
    def of(what: str, count: int, figure: str) -> Measure:
        return lambda: measured(ours("pools", what, count), scale.repeats)[figure]

    n, few = scale.many, scale.pooled
    left = ours("pools", "waiting", few)
    return [
        Row(
            name="pool-ratio",
            what=f"CPU a step, fan-out of {n:,} in a pool against limit=",
            unit="times",
            limit=1.15,
            measure=_over(of("run", n, "cpu_s"), of("free", n, "cpu_s")),
        ),
        Row(
            name="pool-machine-cpu",
            what=f"CPU a step, fan-out of {few:,} in a pool of the machine",
            unit="ms",
            limit=0.8,
            measure=_each(of("machine", few, "cpu_s"), few, 1000),
        ),
        Row(
            name="pool-waiting-processes",
            what=f"processes of {few:,} runs that wait for a pool of the machine",
            unit="",
            limit=0,
            measure=lambda: measured(left, 1)["processes"],
        ),
        Row(
            name="pool-waiting-look",
            what=f"CPU of a look for runs to wake, {few:,} that wait for a pool",
            unit="ms",
            limit=20,
            below=True,
            measure=lambda: measured(left, 1)["look_s"].times(1000),
        ),
        Row(
            name="cached-cpu",
            what=f"CPU a task, {few:,} answers of an earlier run",
            unit="ms",
            limit=1,
            below=True,
            measure=_each(of("cached", few, "cpu_s"), few, 1000),
        ),
    ]


def _others(scale: Scale) -> list[Row]:
    n = scale.many
    filled, database = ours("steps", "sequence", "async", 3), f"{FOLDER}/run/bench.db"

    def started(*words: str) -> Measure:
        """The whole of a command, from the start of its process to the end."""
        command = (sys.executable, "-m", "smithers", *words)
        return lambda: measured(command, scale.repeats, filled)["whole_cpu_s"]

    loading = ours("loading", n)
    plain: list[Plain] = [
        (
            "load",
            f"CPU of a resume to its first attempt, {n:,} finished",
            "s",
            1,
            True,
            lambda: measured(loading, scale.repeats, loading)["first_attempt_cpu_s"],
        ),
        ("version", "CPU of smithers --version", "s", 0.15, True, started("--version")),
        (
            "ps",
            "CPU of smithers ps",
            "s",
            0.35,
            True,
            started("ps", "--db", database),
        ),
    ]
    return [_row(*one) for one in plain]


def _requests(scale: Scale) -> list[Row]:
    """What a request from outside to a run costs more if the run is long."""
    n = scale.many
    filling = ours("requesting", "fill", n)

    def more(what: str) -> Measure:
        request = ours("requesting", what, n)
        return lambda: measured(request, scale.repeats, filling)["more_cpu_s"].times(1000)

    whats = {
        "decide": "deciding an approval",
        "cancel": "cancelling",
        "steer": "steering an agent",
        "attach": "attaching, without making the plan once",
    }
    return [
        Row(
            name=f"request-{what}",
            what=f"more CPU of {said}, {n:,} finished tasks against 1",
            unit="ms",
            limit=20,
            measure=more(what),
        )
        for what, said in whats.items()
    ]


def _travelling(scale: Scale) -> list[Row]:
    """What forks, rewinds and looks at the past cost."""
    n = scale.many

    def of(shape: str, figure: str) -> Measure:
        return lambda: measured(ours("travelling", shape, n), scale.repeats)[figure]

    fan_out, sequence = f"fan-out of {n:,}", f"sequence of {n:,}"
    plain: list[Plain] = [
        ("fork", f"CPU of a fork, {fan_out}", "s", 1, True, of("fan-out", "fork_cpu_s")),
        ("rewind", f"CPU of a rewind, {sequence}", "s", 2, True, of("sequence", "rewind_cpu_s")),
        (
            "timeline-first",
            f"CPU of the first frame of a timeline, {sequence}",
            "s",
            0.3,
            True,
            of("sequence", "first_frame_cpu_s"),
        ),
        (
            "timeline",
            f"CPU of a timeline, {sequence}",
            "s",
            2,
            True,
            of("sequence", "timeline_cpu_s"),
        ),
        (
            "fork-bytes",
            f"database a frame that a fork copies, {sequence}",
            "bytes",
            600,
            True,
            of("sequence", "fork_bytes_a_step"),
        ),
    ]
    return [_row(*one) for one in plain]


def _waiting(scale: Scale) -> list[Row]:
    """What runs cost that wait."""
    waiting, kinds = scale.waiting, scale.waiting_kinds

    def left(figure: str) -> Measure:
        return lambda: measured(ours("waiting", waiting), 1)[figure]

    def left_of_all(figure: str) -> Measure:
        each = ("approval", "human", "timer", "event", "child")
        return lambda: measured(ours("waiting", kinds, *each), 1)[figure]

    plain: list[Plain] = [
        (
            "waiting-bytes",
            f"database a run, {waiting:,} that wait for a person",
            "bytes",
            4096,
            True,
            _each(left("bytes"), waiting),
        ),
        (
            "waiting-processes",
            f"processes of {waiting:,} waiting runs",
            "",
            0,
            False,
            left("processes"),
        ),
        (
            "waiting-handles",
            f"open files of {waiting:,} waiting runs",
            "",
            0,
            False,
            left("handles"),
        ),
        (
            "waiting-kinds-bytes",
            f"database a run, {kinds:,} that wait for a person, a time, a signal, a child run",
            "bytes",
            4096,
            True,
            _each(left_of_all("bytes"), kinds),
        ),
        (
            "waiting-kinds-left",
            f"processes and open files of {kinds:,} such runs",
            "",
            0,
            False,
            left_of_all("left"),
        ),
    ]
    return [_row(*one) for one in plain]


def _served(scale: Scale) -> list[Row]:
    """What the MCP server costs while it starts, and while many wait and nothing happens."""
    command, waits = ours("serving", scale.waits, scale.stands_s), scale.waits

    def figure(name: str, factor: float = 1) -> Measure:
        return lambda: measured(command, 1)[name].times(factor)

    plain: list[Plain] = [
        (
            "mcp-first",
            "CPU of smithers mcp to its answer",
            "s",
            1.8,
            True,
            figure("first_cpu_s"),
        ),
        (
            "mcp-memory",
            f"memory of smithers mcp, {waits} waits",
            "MB",
            150,
            True,
            figure("memory_bytes", 1e-6),
        ),
        ("mcp-idle", f"share of a core, {waits} waits", "%", 1, False, figure("share", 100)),
    ]
    return [_row(*one) for one in plain]
