"""What is asked of a run from outside, what starts, and what only waits."""

from __future__ import annotations

import sys

from bench.following import A_SECOND
from bench.measuring import FOLDER, ROOT, Figure, Measure, NotMeasured, alternated, measured, ours
from bench.rows.row import Plain, Row, Scale, by, over, plain_row

__all__ = ["followed", "requests", "served", "starts", "travelling", "waiting"]

_EVENTS_A_SECOND = 100
_ONE_STEP = str(ROOT / "bench" / "one_step.py")


def starts(scale: Scale) -> list[Row]:
    """What a command costs, from the start of its process to the end of it."""
    n = scale.many
    filled, database = ours("steps", "sequence", "async", 3), f"{FOLDER}/run/bench.db"

    def started(*words: str) -> Measure:
        command = (sys.executable, "-m", "smithers", *words)
        return lambda: measured(command, scale.starts, filled)["whole_cpu_s"]

    def python(code: str) -> Figure:
        return measured((sys.executable, "-c", code), scale.starts)["whole_cpu_s"]

    up, loading = started("up", _ONE_STEP, "--db", f"{FOLDER}/run/up.db"), ours("loading", n)
    plain: list[Plain] = [
        (
            "load",
            f"CPU of a resume to its first attempt, {n:,} finished",
            "s",
            0.4,
            False,
            lambda: measured(loading, scale.repeats, loading)["first_attempt_cpu_s"],
        ),
        ("version", "CPU of smithers --version", "s", 0.03, False, started("--version")),
        ("ps", "CPU of smithers ps", "s", 0.07, False, started("ps", "--db", database)),
        ("up", "CPU of smithers up, a run of one step", "s", 0.20, False, up),
        (
            "import",
            "CPU of import smithers, beyond the start of Python",
            "s",
            0.02,
            False,
            lambda: python("import smithers").less(python("pass")),
        ),
    ]
    return [plain_row(*one) for one in plain]


def requests(scale: Scale) -> list[Row]:
    """What a request from outside to a run costs more if the run is long."""
    n = scale.many
    filling = ours("requesting", "fill", n)

    def more(what: str) -> Measure:
        request = ours("requesting", what, n)
        return lambda: (
            measured(request, scale.repeats, filling)["more_cpu_s"].or_more(0).times(1000)
        )

    whats = {
        "decide": "deciding an approval",
        "cancel": "cancelling",
        "steer": "steering an agent",
        "attach": "attaching",
    }
    return [
        Row(
            name=f"request-{what}",
            what=f"more CPU of {words}, {n:,} finished tasks against 1",
            unit="ms",
            limit=20,
            measure=more(what),
        )
        for what, words in whats.items()
    ]


def travelling(scale: Scale) -> list[Row]:
    """What forks, rewinds and looks at the past cost."""
    n = scale.many

    def of(shape: str, figure: str) -> Measure:
        return lambda: measured(ours("travelling", shape, n), scale.repeats)[figure]

    fan_out, sequence = f"fan-out of {n:,}", f"sequence of {n:,}"
    plain: list[Plain] = [
        ("fork", f"CPU of a fork, {fan_out}", "s", 1, False, of("fan-out", "fork_cpu_s")),
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
    return [plain_row(*one) for one in plain]


def waiting(scale: Scale) -> list[Row]:
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
            by(left("bytes"), waiting),
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
            by(left_of_all("bytes"), kinds),
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
    return [plain_row(*one) for one in plain]


def served(scale: Scale) -> list[Row]:
    """What the MCP server costs while it starts, and while many wait and nothing happens; and what
    metrics and the page of a large run cost.
    """
    command, waits = ours("serving", scale.waits, scale.stands_s), scale.waits

    def figure(name: str, factor: float = 1) -> Measure:
        return lambda: measured(command, 1)[name].times(factor)

    plain: list[Plain] = [
        (
            "mcp-first",
            "CPU of smithers mcp to its answer",
            "s",
            1.5,
            False,
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
        (
            "metrics-share",
            f"share of a core, metrics each second, 1,000 tasks a minute after {scale.many:,}",
            "%",
            1,
            False,
            lambda: measured(ours("metrics", scale.many, scale.stands_s), 1)["share"].times(100),
        ),
        (
            "page-10000-cpu",
            f"CPU of the server for the page of a run of {scale.many:,} tasks",
            "s",
            1,
            False,
            lambda: measured(ours("paging", scale.many), scale.repeats)["page_cpu_s"],
        ),
    ]
    return [plain_row(*one) for one in plain]


def followed(scale: Scale) -> list[Row]:
    """What clients that follow a run over HTTP cost it, and their server."""
    clients, steps = scale.clients, scale.few
    many, none = (ours("following", "statements", number, steps) for number in (clients, 0))
    paired = [ours("following", "cpu", number, steps) for number in (clients, 0)]

    def ratio(figure: str) -> Measure:
        return over(lambda: measured(many, 1)[figure], lambda: measured(none, 1)[figure])

    def memory() -> Figure:
        command = ours("following", "cpu", clients, int(A_SECOND * scale.followed_s))
        found = measured(command, 1)
        if found["events_a_second"].least < _EVENTS_A_SECOND:
            raise NotMeasured(f"this machine did not reach {_EVENTS_A_SECOND} events a second")
        return found["memory_bytes"].times(1e-6)

    against = f"of a run of {steps} steps, {clients} clients that follow it against none"
    plain: list[Plain] = [
        ("follow-events", f"events {against}", "times", 1, False, ratio("events")),
        (
            "follow-statements",
            f"SQL statements {against}",
            "times",
            1.01,
            False,
            ratio("statements"),
        ),
        (
            "follow-cpu",
            f"CPU {against}",
            "times",
            1.05,
            False,
            lambda: alternated(*paired, scale.repeats, "cpu_s"),
        ),
        (
            "follow-memory",
            f"memory of the server, {clients} clients, {_EVENTS_A_SECOND} events a second for"
            f" {scale.followed_s} s",
            "MB",
            200,
            True,
            memory,
        ),
    ]
    return [plain_row(*one) for one in plain]
