"""DESIGN 5: what a failed agent had done is handed to the next one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import BaseModel

from smithers import Context, Node, NoInput, Retry, Task, workflow
from smithers.agent import Agent, Event, Said, Started, Thought, ToolCalled, ToolReturned, Used
from smithers.changes import AttemptStarted, Key
from smithers.engine.attempts.handover import MAX_HANDOVER, handover
from smithers.engine.streams import Stream, as_json
from smithers.errors import Busy, ContextOverflow, Permanent, Transient
from smithers.secrets import Secrets
from smithers.state import Attempted
from tests.rules.agents import Line, Scripted
from tests.rules.runs import Run

WORK: list[Event] = [
    Started("s-1"),
    Said("I will write the parser."),
    ToolCalled(call="1", name="Write", arguments={"path": "parser.py", "text": "def parse(): ..."}),
    ToolReturned(call="1", text="written"),
    ToolCalled(call="2", name="Bash", arguments={"command": "pytest"}),
    ToolReturned(call="2", text="1 failed", failed=True),
]


class Plan(BaseModel):
    steps: list[str]


def one(*agents: Agent, secrets: Secrets | None = None) -> Run:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[str]:
        retry = Retry(tries=2, first_s=0.001, jitter=0)
        return Task("task", agent=agents, prompt="do it", retry=retry)

    return Run(flow, secrets=secrets)


def prompts(run: Run) -> list[str | None]:
    """The prompts of the attempts, as their rows have them."""
    changes = (change for frame in run.watch.frames for change in frame.changes)
    return [change.prompt for change in changes if isinstance(change, AttemptStarted)]


def test_what_the_failed_agent_did_and_why_it_failed_is_told_to_the_next() -> None:
    a = Scripted([*WORK, ContextOverflow("too long\nby far")], name="a")
    b = Scripted("done", name="b")
    run = one(a, b)
    assert run.go().status == "finished"
    told = b.asks[0].prompt
    assert "The working folder may contain partial work" in told
    assert "[attempt 1, a, failed with ContextOverflow: too long by far]" in told
    for line in (
        "said: I will write the parser.",
        'called Write {"path": "parser.py"',
        "  which gave: written",
        "  which failed: 1 failed",
    ):
        assert line in told
    assert told.startswith("do it\n\n<handover>\n")
    assert prompts(run) == ["do it", told]


def test_an_agent_that_had_done_nothing_hands_over_nothing() -> None:
    quiet: Line = [Started("s"), Thought("hm"), Used(tokens_in=1), Permanent("refused")]
    b = Scripted("done", name="b")
    assert one(Scripted(quiet, name="a"), b).go().status == "finished"
    assert b.asks[0].prompt == "do it"
    c = Scripted("done", name="c")
    assert one(Scripted(Busy("a"), name="a"), c).go().status == "finished"
    assert c.asks[0].prompt == "do it"


def test_the_same_agent_in_its_session_is_told_nothing_that_it_knows() -> None:
    a = Scripted([*WORK, Transient("cut")], "done", name="a")
    run = one(a)
    assert run.go().status == "finished"
    assert a.asks[1].session == "s-1"
    assert a.told[1].endswith("answer the task:\n\ndo it")
    assert "partial work" not in a.told[1]
    assert "partial work" in a.asks[1].prompt, (
        "for a program that does not know the session any more"
    )
    assert prompts(run) == ["do it", a.told[1]]


def test_the_same_agent_in_a_new_session_gets_it() -> None:
    a = Scripted([*WORK, Transient("cut")], "done", name="a", resumes=False)
    assert one(a).go().status == "finished"
    assert "called Bash" in a.asks[1].prompt


def test_an_agent_that_comes_back_is_told_what_the_other_did_meanwhile() -> None:
    a = Scripted([Started("a-1"), Said("a was here"), Transient("cut")], name="a")
    a.script += [[Said("a again"), Transient("cut")]]
    b = Scripted([Started("b-1"), Said("b was here"), Transient("cut")], "done", name="b")
    assert one(a, b).go().status == "finished"
    first, second = b.asks
    assert "a was here" in first.prompt
    assert "a again" in first.prompt
    assert (second.session, second.followup is None) == ("b-1", False)
    assert second.followup is not None
    assert "a was here" in second.followup
    assert "b was here" not in second.followup


def test_an_answer_that_stayed_wrong_is_handed_over_too() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Plan]:
        return Task("plan", agent=[a, b], prompt="plan it", output=Plan)

    a, b = Scripted("no plan at all", name="a"), Scripted('{"steps": []}', name="b")
    run = Run(flow)
    assert run.go().status == "finished"
    assert "answered: no plan at all" in b.asks[0].prompt
    assert "failed with BadOutput" in b.asks[0].prompt
    assert "JSON Schema" in b.asks[0].prompt
    assert prompts(run) == [a.asks[0].prompt, b.asks[0].prompt]


@pytest.mark.parametrize("frames", [2, 3])
def test_it_survives_a_crash_between_the_two_attempts(frames: int) -> None:
    a = Scripted([*WORK, Permanent("refused")], name="a")
    b = Scripted("done", name="b")
    run = one(a, b)
    run.go_frames(frames)
    assert len(a.asks) == 1
    assert run.go().status == "finished"
    assert "called Bash" in b.asks[-1].prompt


def tried(serial: int) -> Attempted:
    return Attempted(
        serial=serial,
        key=Key("task"),
        number=serial,
        agent="a",
        started_at=datetime(2026, 1, 2, tzinfo=UTC),
        state="interrupted",
    )


def test_a_stream_that_is_gone_is_no_error(tmp_path: Path) -> None:
    assert handover(tmp_path, [tried(1)]) == ""


def test_it_is_bounded_and_the_newest_stays(tmp_path: Path) -> None:
    for serial in (1, 2):
        stream = Stream(tmp_path, serial, str)
        for number in range(5000):
            stream.write(as_json(Said(f"{serial}/{number} " + "x" * 300)))
        stream.write({"event": "said", "text": "y" * 3_000_000 if serial == 1 else "last words"})
        stream.close()
    told = handover(tmp_path, [tried(1), tried(2)])
    assert len(told) < MAX_HANDOVER + 600
    assert told.endswith("said: last words\n</handover>")
    assert "[attempt 2, a, interrupted]\n...\nsaid: 2/" in told
    assert "1/" not in told


def test_secrets_stay_out_of_it() -> None:
    secrets = Secrets({"ACME_TOKEN": "tok-123456789"})
    a = Scripted([Said("it is tok-123456789"), Permanent("tok-123456789 refused")], name="a")
    b = Scripted("done", name="b")
    assert one(a, b, secrets=secrets).go().status == "finished"
    assert "tok-123456789" not in b.asks[0].prompt
    assert "${ACME_TOKEN}" in b.asks[0].prompt
