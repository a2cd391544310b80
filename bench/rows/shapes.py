"""Sequences and fan-outs of trivial steps, which the other tools run as well."""

from __future__ import annotations

from collections.abc import Callable

from bench.measuring import Command, Figure, Measure, alternated, measured, ours, synced
from bench.rows.row import PEERS, Row, Scale, beside, by, over, peer, peers_of, steps

__all__ = ["fan_outs", "sequences"]

_CPU_MS = {
    ("async", False): 0.20,
    ("sync", False): 0.25,
    ("async", True): 0.30,
    ("sync", True): 0.35,
}
"""The limit of a step in sequence, by its kind and by whether its database is on a disk."""


def sequences(scale: Scale) -> list[Row]:
    """Steps one after the other, a frame each."""
    n, many = scale.steps, scale.many
    short = by(steps(scale, "sequence", "async", n, "cpu_s"), n)
    long = by(steps(scale, "sequence", "async", many, "cpu_s"), many)
    flat = Row(
        name="sequence-flat",
        what=f"CPU a step, sequence of {many:,} against {n:,}",
        unit="times",
        limit=1.15,
        measure=over(long, short),
    )
    cpu = [_sequence_cpu(scale, kind, disk) for kind, disk in _CPU_MS]
    return [*cpu, flat, _commits_more(scale), _syncs(scale, "sequence", n + 50), *_trips(scale)]


def _sequence_cpu(scale: Scale, kind: str, disk: bool) -> Row:
    n = scale.steps
    return Row(
        name="sequence-cpu" + "-sync" * (kind == "sync") + "-disk" * disk,
        what=f"CPU a step, sequence of {n:,} {kind} steps, {'on disk' if disk else 'in memory'}",
        unit="ms",
        limit=_CPU_MS[kind, disk],
        measure=by(steps(scale, "sequence", kind, n, "cpu_s", disk=disk), n, 1000),
        peers=peers_of(scale, "sequence", kind, n, "cpu_s", 1000, disk=disk),
    )


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
        peers=beside(
            scale,
            PEERS,
            lambda name: between(lambda count: peer(name, "sequence", "async", count)),
        ),
    )


def _trips(scale: Scale) -> list[Row]:
    """What is asked of the database between commits, as the slope. The polls are taken off by the
    clock, which is worth one of them in each of the two runs.
    """
    start, more = 20, scale.steps

    def between(shape: str) -> Measure:
        def others(count: int) -> Figure:
            return measured(ours("statements", shape, count), 1)["others"]

        return lambda: others(start + more).less(others(start)).or_more(0)

    return [
        Row(
            name="sequence-round-trips",
            what=f"round trips without a commit, {more:,} more steps in sequence",
            unit="",
            limit=2,
            measure=between("sequence"),
        ),
        Row(
            name="outputs-round-trips",
            what=f"round trips without a commit, {more:,} more reads of 10 KB",
            unit="",
            limit=more + 2,
            measure=between("outputs"),
        ),
    ]


def _syncs(scale: Scale, shape: str, limit: int) -> Row:
    n = scale.steps
    return Row(
        name=f"{shape}-syncs",
        what=f"all syncs, {shape} of {n:,} (with checkpoints)",
        unit="",
        limit=limit,
        below=shape == "fan-out",
        measure=lambda: synced(ours("steps", shape, "async", n)),
        peers=beside(scale, PEERS, lambda name: synced(peer(name, shape, "async", n))),
    )


def fan_outs(scale: Scale) -> list[Row]:
    """Steps side by side, of which eight run at once."""
    n, huge = scale.many, scale.huge
    of_n = f"fan-out of {n:,}"

    def large(figure: str, kind: str = "async") -> Measure:
        return steps(scale, "fan-out", kind, n, figure)

    return [
        Row(
            name="fan-out-cpu",
            what=f"CPU a step, {of_n} async steps",
            unit="ms",
            limit=0.09,
            measure=by(large("cpu_s"), n, 1000),
            peers=peers_of(scale, "fan-out", "async", n, "cpu_s", 1000),
        ),
        Row(
            name="fan-out-cpu-sync",
            what=f"CPU a step, {of_n} sync steps",
            unit="ms",
            limit=0.12,
            measure=by(large("cpu_s", "sync"), n, 1000),
        ),
        *_fan_out_ratios(scale),
        _syncs(scale, "fan-out", scale.steps),
        Row(
            name="fan-out-memory",
            what=f"peak memory, {of_n}",
            unit="MB",
            limit=60,
            measure=large("memory_mb"),
            peers=peers_of(scale, "fan-out", "async", n, "memory_mb", n, without="SQLite"),
        ),
        Row(
            name="fan-out-memory-huge",
            what=f"peak memory, fan-out of {huge:,}",
            unit="MB",
            limit=250,
            measure=steps(scale, "fan-out", "async", huge, "memory_mb"),
        ),
        Row(
            name="fan-out-bytes",
            what=f"database a step beyond its output, {of_n}",
            unit="bytes",
            limit=300,
            measure=by(large("bytes"), n),
            peers=peers_of(scale, "fan-out", "async", n, "bytes", 1),
        ),
    ]


def _fan_out_ratios(scale: Scale) -> list[Row]:
    n, few, huge = scale.many, scale.few, scale.huge

    def cpu(count: int) -> Measure:
        return by(steps(scale, "fan-out", "async", count, "cpu_s"), count)

    def growth(name: str) -> Figure:
        repeats = {few: scale.repeats, n: 1}
        small, big = (
            measured(peer(name, "fan-out", "async", count), repeats[count])["cpu_s"].times(
                1 / count
            )
            for count in (few, n)
        )
        return big.over(small)

    limited, free = (ours("steps", shape, "async", n) for shape in ("limited", "fan-out"))
    return [
        Row(
            name="fan-out-ratio",
            what=f"CPU a step, fan-out of {n:,} against {few:,}",
            unit="times",
            limit=1.25,
            measure=over(cpu(n), cpu(few)),
            peers=beside(scale, PEERS[1:], growth),
        ),
        Row(
            name="fan-out-flat",
            what=f"CPU a step, fan-out of {huge:,} against {n:,}",
            unit="times",
            limit=1.25,
            measure=over(cpu(huge), cpu(n)),
        ),
        Row(
            name="fan-out-limit",
            what=f"CPU a step, fan-out of {n:,} with limit=8 against none",
            unit="times",
            limit=1.05,
            measure=lambda: alternated(limited, free, scale.repeats + 2, "cpu_s"),
        ),
    ]
