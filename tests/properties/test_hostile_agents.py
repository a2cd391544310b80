"""What one agent says can fail its attempt, and never ends the owner of the run."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smithers import wire
from smithers.agent import (
    Answered,
    Said,
    Spawned,
    Started,
    Steered,
    Thought,
    ToolCalled,
    ToolReturned,
    Used,
)
from smithers.engine.settings import Unwatched
from smithers.errors import (
    AgentError,
    AuthorError,
    BadOutput,
    Busy,
    ContextOverflow,
    Permanent,
    Transient,
)
from smithers.hub import Hub
from tests.properties.hostile import Hostile

LONE = "a\ud800b\udfff"
LONG = "x" * 1_000_000
FLOW = "from tests.properties.hostile import hostile\n"


def as_any(value: object) -> Any:
    """A value that breaks its declared type, as an adapter without a type checker may give."""
    return value


class Zone(tzinfo):
    def utcoffset(self, dt: datetime | None) -> timedelta:
        raise RuntimeError(LONE)

    dst = tzname = as_any(utcoffset)


class Unsayable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


class Bare(AgentError):
    """As an adapter may write it: without the attributes of its base."""

    def __init__(self) -> None:
        Exception.__init__(self, LONE)


class BareBusy(Busy):
    def __init__(self) -> None:
        Exception.__init__(self)


class OddThen(AgentError):
    then = as_any(["retry"])


class Ends(BaseException):
    def __repr__(self) -> str:
        raise RuntimeError("no words")

    __str__ = __repr__


def nested(depth: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


def endless() -> list[Any]:
    found: list[Any] = []
    found += [found, found]
    return found


def cost(value: object) -> Used:
    return Used(cost=as_any(value))


FAR_WEST = timezone(-timedelta(hours=9))
DONE = Answered("done")
SCRIPTS: dict[str, Sequence[object]] = {
    "surrogates": [
        *(Started(LONE), Said(LONE), Thought(LONE), Steered(LONE)),
        ToolCalled(call=LONE, name=LONE, arguments={LONE: [LONE, {LONE: LONE}]}),
        ToolReturned(call=LONE, text=LONE),
        Used(tokens_in=1, model=LONE),
        Answered(LONE, {LONE: LONE}),
    ],
    "an error with a surrogate": [Started(LONE), Permanent(LONE, hint=LONE, reason=LONE)],
    "an error of Python": [ValueError(LONE)],
    "huge counts": [Used(tokens_in=2**70, tokens_out=10**400, tokens_cached=2**63), DONE],
    "huge counts, again and again": [*[Used(tokens_in=2**63 - 1)] * 5, DONE],
    "negative counts": [Used(tokens_in=-1, tokens_out=-(2**80)), DONE],
    "fractional counts": [Used(tokens_in=as_any(1.5), tokens_out=as_any(Decimal("2.7"))), DONE],
    "counts that are no numbers": [
        Used(tokens_in=as_any(float("nan")), tokens_out=as_any(float("inf"))),
        Used(tokens_in=as_any("many"), tokens_out=as_any(None), tokens_cached=as_any([])),
        DONE,
    ],
    "costs": [
        *(Used(cost=Decimal(one)) for one in ("NaN", "sNaN", "Infinity", "-Infinity", "-1")),
        *(Used(cost=Decimal(one)) for one in ("1E+999999", "1E-999999", "0.1")),
        *map(cost, (0.1, float("inf"), "free", [], 10**30)),
        DONE,
    ],
    "long ids": [
        Started(LONG),
        ToolCalled(call=LONG, name=LONG, arguments={LONG: LONG}),
        Used(tokens_in=1, model=LONG),
        DONE,
    ],
    "control characters": [
        Started("s\x00\x1b[2J\n"),
        Used(tokens_in=1, model="\x00"),
        Said("\x00"),
    ],
    "an answer with NUL": [Answered("a\x00b")],
    "no texts": [
        *(Started(as_any(None)), Said(as_any(None)), Thought(as_any(b"bytes"))),
        ToolReturned(call=as_any(None), text=as_any(5), failed=as_any("yes")),
        Answered(as_any(None)),
    ],
    "arguments": [
        ToolCalled(call="1", name="n", arguments={"deep": nested(5000), "endless": endless()}),
        ToolCalled(call="2", name="n", arguments=as_any([float("nan"), 10**10_000, b"x"])),
        ToolCalled(call="3", name="n", arguments=as_any({(1, 2): {3}, None: Unsayable()})),
        DONE,
    ],
    "deep data": [Answered("", nested(5000))],
    "endless data": [Answered("", endless())],
    "deep text": [Answered("[" * 100_000 + "]" * 100_000)],
    "data at the depth that can be written and not read": [Answered("", nested(230))],
    "a number of 10 000 digits": [Answered("", {"n": 10**10_000})],
    "a number of 5 000 digits in text": [Answered('{"n": 1' + "0" * 5000 + "}")],
    "a number beyond 64 bits": [Answered("", {"n": 2**70})],
    "surrogates in JSON": [Answered('{"n": "\\ud800"}')],
    "no events": [as_any({"event": "said"}), DONE],
    "a text as event": [as_any(LONE)],
    "unsayable as event": [as_any(Unsayable())],
    "nothing": [],
    "process ids": [Spawned(-1), DONE],
    "a process id that is too large": [Spawned(2**70), DONE],
    "a process id that is text": [Spawned(as_any("1; rm -rf")), DONE],
    "no words": [Unsayable()],
    "the end of Python": [SystemExit(LONE)],
    "an end without words": [Ends()],
    "Ctrl-C": [KeyboardInterrupt()],
    "cancelled by itself": [asyncio.CancelledError()],
    "a generator's end": [GeneratorExit()],
    "a bare error": [Bare()],
    "an odd then": [OddThen("?")],
    "too large": [ContextOverflow(LONE)],
    "repairs": [Started("s"), BadOutput(LONE)],
    "transient": [Started(LONE), Used(tokens_in=2**70), Transient(LONE)],
}
BUSY: dict[str, Callable[[], Exception]] = {
    "never": lambda: Busy("p", datetime.max),
    "beyond the calendar": lambda: Busy("p", datetime.max.replace(tzinfo=FAR_WEST)),
    "long ago": lambda: Busy("p", datetime.min.replace(tzinfo=UTC)),
    "bare": BareBusy,
    "surrogates": lambda: Busy(LONE, None, why=LONE),
    "no time": lambda: _busy("tomorrow"),
    "a broken zone": lambda: _busy(datetime(2030, 1, 1, tzinfo=Zone())),
}


def _busy(resumes_at: object) -> Busy:
    error = Busy("p")
    error.resumes_at = as_any(resumes_at)
    return error


def start(folder: Path, script: Sequence[object], output: Any = str) -> tuple[Hub, str]:
    """One run with this agent: the hub, and the status in which the run was left."""
    Hostile.script, Hostile.output, Hostile.calls = script, output, 0
    file = folder / "flow.py"
    file.write_text(FLOW)
    hub = Hub(folder / "runs.db", environment={})

    async def main() -> str:
        async with asyncio.timeout(60):
            left = await hub.start(str(file), run_id="r1", observer=Unwatched(), linger_s=0)
        return left.status

    return hub, asyncio.run(main())


def check_readable(hub: Hub) -> None:
    """Every view of the run is data that can be printed and sent."""
    views: list[object] = [
        wire.summary_json(hub.summary("r1")),
        wire.inspection_json(hub.inspect("r1")),
        wire.cost_json(hub.cost("r1")),
        wire.why_json(hub.why("r1")),
        wire.graph_json(hub.graph("r1")),
        *(wire.run_line_json(run) for run in hub.runs()),
        *(wire.line_json(line) for line in hub.states("r1")),
        wire.timeline_json(hub.timeline("r1")),
    ]
    views += map(wire.event_json, hub.all_events("r1"))
    views += map(wire.log_json, hub.logs("r1"))
    views += [hub.sql("SELECT * FROM usage").rows, hub.sql("SELECT * FROM attempts").rows]
    for view in views:
        json.dumps(view, ensure_ascii=False, allow_nan=False).encode()
    for row in hub.sql("SELECT tokens_in, tokens_out, tokens_cached FROM usage").rows:
        assert all(isinstance(one, int) and 0 <= one < 2**63 for one in row)


def check_ended(hub: Hub, status: str) -> None:
    assert status in ("finished", "failed")
    check_readable(hub)
    calls = Hostile.calls

    async def main() -> None:
        async with asyncio.timeout(60):
            await hub.resume("r1", observer=Unwatched(), linger_s=0)

    asyncio.run(main())
    assert Hostile.calls == calls, "a resume paid again"


OUTPUTS: dict[str, Any] = {"text": str, "object": dict[str, Any], "any": Any}


def _shapes_its_answer(script: Sequence[object]) -> bool:
    return any(isinstance(one, Answered) and one is not DONE for one in script)


EACH = [
    pytest.param(
        *(name, output),
        id=f"{name}-{kind}",
        marks=() if number % 3 == at or _shapes_its_answer(script) else pytest.mark.trust,
    )
    for number, (name, script) in enumerate(SCRIPTS.items())
    for at, (kind, output) in enumerate(OUTPUTS.items())
]
"""The output matters to an answer that is more than a word; each other script has one of them."""


@pytest.mark.sampled(12)
@pytest.mark.parametrize(("name", "output"), EACH)
def test_nothing_that_an_agent_says_ends_the_owner(tmp_path: Path, name: str, output: Any) -> None:
    check_ended(*start(tmp_path, SCRIPTS[name], output))


@pytest.mark.parametrize("name", BUSY)
def test_a_limit_until_an_odd_time_is_a_cooldown_of_some_days_at_most(
    tmp_path: Path, name: str
) -> None:
    hub, status = start(tmp_path, [Started("s"), BUSY[name]()])
    assert status == "waiting"
    check_readable(hub)
    (until,) = hub.sql("SELECT until FROM cooldowns").rows[0]
    assert datetime.fromisoformat(cast("str", until)) < datetime.now(UTC) + timedelta(days=9)


def test_what_a_person_types_is_kept_as_valid_text(tmp_path: Path) -> None:
    hub, status = start(tmp_path, [Started("s"), Busy("p")])
    assert status == "waiting"
    assert hub.steer("r1", "task", f"leave {LONE}", by=LONE).text == "leave a\ufffdb\ufffd"
    assert hub.cancel("r1", by=LONE) == "cancelled"
    check_readable(hub)


def test_the_name_of_an_agent_is_printable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Hostile, "name", LONE)
    with pytest.raises(AuthorError, match="the name of an agent of task 'task' is"):
        start(tmp_path, [DONE])


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(allow_nan=False),
    st.text(),
    st.text(st.characters(codec=None)),
    st.binary(max_size=20),
    st.sampled_from([LONE, "\x00", 2**63, -(2**63), 10**30]),
)
DATA = st.recursive(ODD, lambda inner: st.lists(inner) | st.dictionaries(ODD, inner), max_leaves=8)
EVENTS = st.one_of(
    st.builds(Started, ODD),
    st.builds(Said, ODD),
    st.builds(Thought, ODD),
    st.builds(Steered, ODD),
    st.builds(ToolCalled, call=ODD, name=ODD, arguments=DATA),
    st.builds(ToolReturned, call=ODD, text=ODD, failed=ODD),
    st.builds(Used, tokens_in=ODD, tokens_out=ODD, tokens_cached=ODD, cost=ODD, model=ODD),
    st.builds(Answered, ODD, DATA),
    st.builds(Permanent, ODD, hint=ODD, reason=ODD),
    st.builds(Transient, ODD, hint=ODD, reason=ODD),
    st.builds(ValueError, ODD),
    ODD,
)


@pytest.mark.long
@settings(
    max_examples=settings().max_examples // 4,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(script=st.lists(EVENTS, max_size=6), output=st.sampled_from([str, Any]))
def test_no_sequence_of_odd_events_ends_the_owner(
    tmp_path_factory: pytest.TempPathFactory, script: list[object], output: Any
) -> None:
    check_ended(*start(tmp_path_factory.mktemp("hostile"), script, output))


COMMAND = """
import sys
sys.path.insert(0, {root!r})
from smithers import workflow, wire
from smithers.agent import Answered, Capabilities, Started, Used
from smithers import Task

class Odd:
    name, can = "odd", Capabilities(resumes=True)
    async def run(self, ask):
        open("calls", "a").write("x")
        yield Started("\\ud800")
        yield Used(tokens_in=2**64, tokens_out=-1, model="m\\udc80")
        yield Answered("half \\ud83d")

@workflow
def odd(ctx):
    return Task("task", agent=Odd(), prompt="p")
"""


def test_the_command_ends_with_0_and_the_agent_is_paid_once(tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text(COMMAND.format(root=str(tmp_path)))
    smithers = [sys.executable, "-m", "smithers"]
    for command in (["up", "odd.py", "--run-id", "r1"], ["resume", "r1"]):
        done = subprocess.run(
            [*smithers, *command], cwd=tmp_path, capture_output=True, timeout=60, env=os.environ
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.decode() == "half \ufffd\n"
    assert (tmp_path / "calls").read_text() == "x"
