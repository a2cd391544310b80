"""No spoilt stream of a program is an error, and none succeeds without a good terminal event."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from harnesses import read_stream
from harnesses._claude_dialogue import Dialogue as ClaudeDialogue
from harnesses._codex_dialogue import Dialogue as CodexDialogue
from harnesses._pi_dialogue import Dialogue as PiDialogue
from harnesses._pi_stream import Stream as PiStream
from harnesses.recording import Ending
from smithers.errors import AgentError
from tests.trust.amounts import SEED, STREAMS, chance, count_apart
from tests.trust.mutations import RECORDED, has_good_end, spoilt, stream_of

SLICE = len(RECORDED)
CHUNK = 250
VERDICTS = (
    *("succeeded", "permanent", "busy", "transient", "overflow", "bad_output", "cancelled"),
    "incomplete",
)


def dialogue(program: str) -> Any:
    """What talks to the program, its own words thrown away."""
    sent: list[bytes] = []
    match program:
        case "claude-code":
            return ClaudeDialogue(sent.append, session="s", text="go")
        case "codex":
            thread = {"sandbox": "read-only"}
            return CodexDialogue(
                sent.append, thread=thread, turn={}, resumed=None, forked=None, text="go",
                prompt="go",
            )  # fmt: skip
        case "pi":
            return PiDialogue(sent.append, stream=PiStream(), prompt="go")
        case _:
            return None


def judge(number: int) -> str:
    """The verdict on one spoilt stream; what breaks a promise raises."""
    program, case = RECORDED[number % len(RECORDED)]
    random = chance("streams", number)
    whole, stderr, code = stream_of(program, case)
    stream = spoilt(whole, random)
    code = random.choice((code, None, 0, 1, 143, -9))
    stderr = random.choice((stderr, "", "Error: x\n  at y", "error: resets 5pm (Europe/Berlin)"))
    events = list(read_stream(program, [stream], stderr=stderr, exit_code=code))
    for event in events:
        json.dumps(event)
    last = events[-1]
    assert last["verdict"] in VERDICTS, last
    if last["verdict"] == "succeeded":
        assert has_good_end(program, stream), last
        assert isinstance(last["text"], str), last
    usage: dict[str, Any] = last["usage"] or {}
    assert all(usage[name] >= 0 for name in usage if name.startswith("tokens")), usage
    talked(program, stream, stderr, code)
    return f"{program} {last['verdict']}"


def talked(program: str, stream: bytes, stderr: str, code: int | None) -> None:
    """The same stream in the dialogue that the adapter has with the program."""
    if (talk := dialogue(program)) is None:
        return
    talk.tell("more")
    for line in stream.split(b"\n"):
        for _ in talk.hear(line):
            pass
    try:
        talk.answer(Ending(rc=code), stderr)
    except AgentError:
        return
    assert has_good_end(program, stream)


def judge_all(numbers: range) -> Counter[str]:
    found: Counter[str] = Counter()
    for number in numbers:
        try:
            found[judge(number)] += 1
        except Exception as error:
            again = f"TRUST_SEED={SEED} python -m tests.trust.test_streams {number}"
            where = "/".join(RECORDED[number % len(RECORDED)])
            raise AssertionError(f"{where}: {error!r}\nto repeat it: {again}") from error
    return found


def test_a_spoilt_stream_has_a_verdict_and_succeeds_only_by_a_good_end() -> None:
    found = judge_all(range(SLICE))
    assert found.total() == SLICE
    for program in {program for program, _ in RECORDED}:
        assert found[f"{program} succeeded"] > 0, found
        assert found[f"{program} incomplete"] > 0, found


@pytest.mark.trust
@pytest.mark.timeout(3600)
def test_spoilt_streams_at_length_are_no_errors_and_succeed_only_by_a_good_end() -> None:
    found = count_apart(judge_all, STREAMS, chunk=CHUNK)
    print(f"spoilt streams: {dict(sorted(found.items()))}")  # noqa: T201  # `make trust` shows it
    assert found.total() == STREAMS


if __name__ == "__main__":
    import sys

    print(judge(int(sys.argv[1])))  # noqa: T201
