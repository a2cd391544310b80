"""A turn ends once: what a program says after its good end changes nothing, in every program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harnesses import ClaudeCode
from smithers.agent import Answered, Ask
from tests.harness.helpers import outcome_of
from tests.harness.streams import claude_result, claude_said, lines, verdict

Line = dict[str, Any]
S = "5f0c0000-0000-4000-8000-000000000001"


def turn(id: str, status: str, **more: object) -> Line:
    told: Line = {"id": id, "status": status, "items": [], **more}
    return {"method": "turn/completed", "params": {"threadId": S, "turn": told}}


def begun(id: str) -> Line:
    return {"method": "turn/started", "params": {"threadId": S, "turn": {"id": id}}}


def item(text: str, turn_id: str) -> Line:
    said = {"type": "agentMessage", "id": "i", "text": text}
    params = {"threadId": S, "turnId": turn_id, "item": said}
    return {"method": "item/completed", "params": params}


def pi_said(stop: str, text: str = "Done.", **more: object) -> Line:
    content = [{"type": "text", "text": text}]
    message = {"role": "assistant", "stopReason": stop, "content": content, **more}
    return {"type": "message_end", "message": message}


INIT = {"type": "system", "subtype": "init", "session_id": S}
SPURIOUS = claude_result(
    subtype="error_during_execution", is_error=True, num_turns=0, result=None,
    terminal_reason=None, errors=["only prompt commands are supported in streaming mode"],
    model_usage_since_last_result={},
)  # fmt: skip
BUSY = claude_result(
    is_error=True, terminal_reason="api_error", result="API Error: 429",
    model_usage_since_last_result={},
)  # fmt: skip
PI_START, PI_SETTLED = {"type": "agent_start"}, {"type": "agent_settled"}
PI_END: Line = {"type": "agent_end", "messages": [], "willRetry": False}
OLD_PI_END: Line = {"type": "agent_end", "messages": []}
THREAD = {"id": 2, "result": {"thread": {"id": S}, "model": "m"}}
MESSAGE = {"type": "message", "role": "assistant", "content": "Done.", "delta": True}
EXEC_SAID = {"type": "item.completed", "item": {"type": "agent_message", "text": "Done."}}
EXEC_FAILED = {"type": "turn.failed", "error": {"message": "Quota exceeded."}}
USAGE = {"type": "turn.completed", "usage": {"input_tokens": 10, "output_tokens": 5}}
AGY_INIT = {"event": "started", "conversation_id": S}
AGY_FAILED = {"event": "final", "status": "failed", "error": {"message": "Error 500"}}
GEMINI = {"type": "result", "status": "error", "error": {"type": "unknown", "message": "[500]"}}

BEGINS: dict[str, tuple[Line, ...]] = {
    "claude-code": (INIT, claude_said("Done.")),
    "codex": (THREAD, begun("t1"), item("Done.", "t1")),
    "codex exec": ({"type": "thread.started", "thread_id": S}, {"type": "turn.started"}, EXEC_SAID),
    "pi": ({"type": "session", "id": S}, PI_START, pi_said("stop")),
    "pi before settling": ({"type": "session", "id": S}, PI_START, pi_said("stop")),
    "gemini": ({"type": "init", "session_id": S}, MESSAGE),
    "antigravity": (AGY_INIT,),
}
GOOD: dict[str, tuple[Line, ...]] = {
    "claude-code": (claude_result(),),
    "codex": (turn("t1", "completed"),),
    "codex exec": (USAGE,),
    "pi": (PI_END, PI_SETTLED),
    "pi before settling": (OLD_PI_END,),
    "gemini": ({"type": "result", "status": "success", "stats": {"input_tokens": 10}},),
    "antigravity": ({"event": "final", "status": "completed", "text": "Done."},),
}
LATE: dict[str, tuple[Line, ...]] = {
    "claude-code": (SPURIOUS, BUSY, claude_said("API Error", error="rate_limit")),
    "codex": (
        turn("t1", "failed", error={"message": "no"}),
        turn("t1", "interrupted"),
        turn("t0", "failed", error={"message": "of another turn"}),
        {"method": "error", "params": {"error": {"message": "late"}, "willRetry": False}},
        {"id": 9, "error": {"code": -32600, "message": "no active turn to steer"}},
        begun("t1"),
        item("of another turn", "t0"),
    ),
    "codex exec": (
        EXEC_FAILED,
        {"type": "error", "message": "stream disconnected"},
        {"type": "item.completed", "item": {"type": "error", "message": "late"}},
        {"type": "thread.started", "thread_id": S},
    ),
    "pi": (
        PI_END,
        PI_SETTLED,
        pi_said("error", errorMessage="529 overloaded"),
        {"type": "agent_end", "messages": [], "willRetry": True},
        {"type": "response", "command": "prompt", "id": "x", "success": False, "error": "late"},
        {"type": "extension_error", "error": "late"},
    ),
    "pi before settling": (OLD_PI_END, pi_said("aborted")),
    "gemini": (
        GEMINI,
        {"type": "error", "severity": "error", "message": "Maximum session turns exceeded"},
        {"type": "error", "severity": "error", "message": "Loop detected, stopping execution"},
    ),
    "antigravity": (AGY_FAILED, {"event": "final", "status": "cancelled"}, AGY_INIT),
}
"""What each program may add to a good end: an error, a second end, a part of another turn."""
NOISE = ("oops", b"\xff\x00{", '{"type":"of_tomorrow"}', "[1]", '{"type":"result', "null")
ERRORS = [(kind, late) for kind, each in LATE.items() for late in (*each, *NOISE)]


def judged(kind: str, *messages: Any, **more: Any) -> Line:
    return verdict(kind.split()[0], lines(*messages), **more)


@pytest.mark.parametrize(("kind", "late"), ERRORS)
def test_a_good_end_stays_good_whatever_is_said_after_it(kind: str, late: Any) -> None:
    stream = (*BEGINS[kind], *GOOD[kind])
    good = judged(kind, *stream)
    assert (good["verdict"], good["text"]) == ("succeeded", "Done.")
    assert judged(kind, *stream, late) == good
    assert judged(kind, *stream, late, late, *GOOD[kind]) == good
    told = {"stderr": "Error: late\npanicked at x\nTypeError: y", "exit_code": 1}
    assert judged(kind, *stream, late, **told) == good
    assert judged(kind, *stream, late, exit_code=-9, stopped=True) == good


@pytest.mark.parametrize("kind", GOOD)
def test_an_end_that_is_told_twice_counts_once(kind: str) -> None:
    twice = [line for line in GOOD[kind] for _ in range(2)]
    assert judged(kind, *BEGINS[kind], *twice) == judged(kind, *BEGINS[kind], *GOOD[kind])


FAILED: dict[str, Line] = {
    "claude-code": BUSY,
    "codex": turn("t1", "failed", error={"message": "no"}),
    "codex exec": EXEC_FAILED,
    "gemini": GEMINI,
    "antigravity": AGY_FAILED,
}


@pytest.mark.parametrize("kind", FAILED)
def test_an_error_is_not_the_end_of_a_turn_that_ends_well_after_all(kind: str) -> None:
    bad = judged(kind, *BEGINS[kind], FAILED[kind])
    assert bad["verdict"] != "succeeded"
    assert judged(kind, *BEGINS[kind], FAILED[kind], FAILED[kind])["kind"] == bad["kind"]
    good = judged(kind, *BEGINS[kind], FAILED[kind], *GOOD[kind])
    assert (good["verdict"], good["text"]) == ("succeeded", "Done.")


def test_an_empty_success_after_an_error_undoes_no_error() -> None:
    empty = claude_result(result="", num_turns=0)
    found = judged("claude-code", INIT, claude_said("x", error="rate_limit"), BUSY, empty)
    assert found["verdict"] == "busy"


FURTHER: dict[str, Line] = {
    "claude-code": INIT,
    "codex": begun("t2"),
    "codex exec": {"type": "turn.started"},
    "pi": PI_START,
    "pi before settling": {"type": "turn_start"},
    "gemini": {"type": "init", "session_id": S},
}
FURTHER_FAILED: dict[str, tuple[Line, ...]] = {
    "claude-code": (BUSY,),
    "codex": (turn("t2", "failed", error={"message": "no"}), turn("t1", "completed")),
    "codex exec": (EXEC_FAILED,),
    "pi": (pi_said("error", errorMessage="500 no"), PI_END, PI_SETTLED),
    "pi before settling": (OLD_PI_END,),
    "gemini": (GEMINI,),
}


@pytest.mark.parametrize("kind", FURTHER)
def test_the_success_of_an_earlier_turn_makes_no_later_turn_good(kind: str) -> None:
    first = (*BEGINS[kind], *GOOD[kind], FURTHER[kind])
    assert judged(kind, *first)["verdict"] == "incomplete"
    assert judged(kind, *first, *FURTHER_FAILED[kind])["verdict"] != "succeeded"


def test_the_end_of_a_codex_turn_may_be_told_before_its_beginning() -> None:
    said = {"type": "agentMessage", "text": "Done."}
    early = turn("t1", "completed", items=[said])
    found = judged("codex", THREAD, early, begun("t1"))
    assert (found["verdict"], found["text"]) == ("succeeded", "Done.")


@pytest.mark.anyio
async def test_a_program_that_adds_an_error_and_fails_after_its_answer_has_answered(
    tmp_path: Path,
) -> None:
    said = tmp_path / "said.jsonl"
    said.write_bytes(lines(INIT, claude_said("Done."), claude_result(), SPURIOUS))
    program = tmp_path / "claude"
    program.write_text(f"#!/bin/sh\ncat {said}\necho 'Error: late' >&2\nexit 1\n")
    program.chmod(0o755)
    ask = Ask(prompt="go", cwd=tmp_path)
    events, error = await outcome_of(ClaudeCode(program=str(program)), ask)
    assert error is None
    assert isinstance(events[-1], Answered)
    assert events[-1].text == "Done."


def test_a_second_result_is_paid_for_by_what_it_adds_alone() -> None:
    usage = {"input_tokens": 10, "output_tokens": 5}
    old = {name: value for name, value in claude_result().items() if "since" not in name}
    again = {**old, "num_turns": 0, "is_error": True, "usage": usage}
    assert judged("claude-code", INIT, old, again)["usage"]["tokens_in"] == 10
    more = {"opus": {"inputTokens": 7, "outputTokens": 1, "costUSD": 0.5}}
    added = {**SPURIOUS, "model_usage_since_last_result": more}
    assert judged("claude-code", INIT, claude_result(), added)["usage"]["tokens_in"] == 17
