"""Agents, streams of programs, large outputs, and pools."""

from __future__ import annotations

import sys
from functools import partial

from bench.measuring import FOLDER, Command, Figure, Measure, alternated, measured, ours
from bench.rows.row import Row, Scale, by, over

__all__ = ["agents", "audits", "evals", "large_outputs", "pools", "streams"]


def agents(scale: Scale) -> list[Row]:
    def replayed(count: int, figure: str) -> Measure:
        return lambda: measured(ours("replaying", count, 16), scale.repeats)[figure]

    n, few = scale.agents, scale.few_agents
    each, of_few = by(replayed(n, "cpu_s"), n), by(replayed(few, "cpu_s"), few)
    return [
        Row(
            name="agents-ratio",
            what=f"CPU a task, {n:,} replayed agents against {few:,}",
            unit="times",
            limit=1.25,
            measure=over(each, of_few),
        ),
        Row(
            name="agents-running",
            what=f"attempts at once, {n:,} replayed agents with limit=16",
            unit="",
            limit=16,
            measure=replayed(n, "most_running"),
        ),
    ]


def audits(scale: Scale) -> list[Row]:
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
            measure=over(by(audited(n), n), by(audited(few), few)),
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


def evals(scale: Scale) -> list[Row]:
    """What an eval costs besides the child runs of its cases, and with more of them."""
    n, few = scale.long, scale.short

    def figure(count: int, name: str) -> Measure:
        return lambda: measured(ours("evals", count), scale.repeats)[name]

    return [
        Row(
            name="eval-ratio",
            what=f"CPU of an eval, {n:,} cases of one step against the same child runs",
            unit="times",
            limit=2,
            measure=figure(n, "ratio"),
        ),
        Row(
            name="eval-flat",
            what=f"CPU a case of an eval, {n:,} cases against {few:,}",
            unit="times",
            limit=1.25,
            measure=over(figure(n, "case_cpu_s"), figure(few, "case_cpu_s")),
        ),
    ]


def streams(scale: Scale) -> list[Row]:
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
            measure=by(read("adapter", n, "cpu_s"), n, 1_000_000),
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


def large_outputs(scale: Scale) -> list[Row]:
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
        return large.less(small).or_more(0)

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


def pools(scale: Scale) -> list[Row]:
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
            measure=lambda: alternated(
                ours("pools", "run", n), ours("pools", "free", n), scale.repeats, "cpu_s"
            ),
        ),
        Row(
            name="pool-machine-cpu",
            what=f"CPU a step, fan-out of {few:,} in a pool of the machine",
            unit="ms",
            limit=0.8,
            measure=by(of("machine", few, "cpu_s"), few, 1000),
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
            measure=by(of("cached", few, "cpu_s"), few, 1000),
        ),
    ]
