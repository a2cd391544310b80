"""No stream is an error: any bytes, any lines, any order, any cut, any length."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harnesses import read_stream, readable
from harnesses._json import list_of
from harnesses._lines import LINE_LIMIT_BYTES, lines_in
from harnesses._structured import BadSchema, Shape
from harnesses.recording import read_sessions
from smithers.agent import Answered
from smithers.errors import BadOutput
from tests.harness.helpers import ROOT
from tests.harness.streams import claude_result, claude_said, lines, verdict

KEYS = {
    "verdict", "kind", "message", "resumes_at", "session_id", "text", "structured", "usage",
}  # fmt: skip
VERDICTS = {
    "succeeded", "permanent", "busy", "transient", "overflow", "bad_output", "cancelled",
    "incomplete",
}  # fmt: skip
PROGRAMS = st.sampled_from(readable())


@lru_cache
def recorded(program: str) -> tuple[bytes, ...]:
    """Every kind of line that this program was heard to say, without those that are very long."""
    found: dict[str, bytes] = {}
    for path in sorted((ROOT / "recordings" / program).glob("*.jsonl")):
        for session in read_sessions(path):
            for line in session.text("out").splitlines():
                said = json.loads(line)
                shape = f"{said.get('type')} {said.get('subtype')} {said.get('method')} {path.stem}"
                if len(line) < 20_000:
                    found.setdefault(shape, line)
    return tuple(found.values())


def judged(program: str, stream: bytes, **more: Any) -> dict[str, Any]:
    """The verdict; every event is JSON, and only the last is a verdict."""
    events = list(read_stream(program, [stream], **more))
    assert all(set(event) != KEYS for event in events[:-1])
    assert set(events[-1]) == KEYS
    assert events[-1]["verdict"] in VERDICTS
    for event in events:
        json.dumps(event)
    return events[-1]


@settings(max_examples=50, deadline=None)
@given(program=PROGRAMS, stream=st.binary(max_size=400), stopped=st.booleans())
def test_any_bytes_have_a_verdict(program: str, stream: bytes, stopped: bool) -> None:
    judged(program, stream, stopped=stopped)


@settings(max_examples=100, deadline=None)
@given(data=st.data(), program=PROGRAMS)
def test_recorded_lines_in_any_order_and_number_have_a_verdict(
    data: st.DataObject, program: str
) -> None:
    chosen = data.draw(st.lists(st.sampled_from(recorded(program)), max_size=8))
    stream = b"\n".join(chosen)
    cut = data.draw(st.integers(0, max(0, len(stream))))
    judged(
        program, stream[:cut], stderr="Error: x", exit_code=data.draw(st.sampled_from([0, 1, -9]))
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything in a message."""
    inner: Any = ()
    if isinstance(value, dict):
        inner = cast("dict[str, Any]", value).items()
    elif isinstance(value, list):
        inner = enumerate(list_of(cast("object", value)))
    for key, each in inner:
        yield (*path, key)
        yield from places(each, (*path, key))


@pytest.mark.long
@settings(max_examples=150, deadline=None)
@given(data=st.data(), program=PROGRAMS)
def test_a_line_with_anything_in_any_place_of_it_has_a_verdict(
    data: st.DataObject, program: str
) -> None:
    messages = [json.loads(data.draw(st.sampled_from(recorded(program)))) for _ in range(3)]
    for message in messages[1:]:
        path = data.draw(st.sampled_from(list(places(message))))
        place = message
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = data.draw(JSON)
    events = list(read_stream(program, [lines(*messages)]))
    assert events[-1]["verdict"] in VERDICTS


@pytest.mark.parametrize("program", readable())
def test_what_is_nested_without_end_or_counts_without_measure_is_noise(program: str) -> None:
    deep = "[" * 100_000
    stream = lines(
        deep, '{"type":' + deep, '{"type":"result","usage":' + "9" * 6000 + "}", b"\xff{"
    )
    assert judged(program, stream)["verdict"] == "incomplete"


def test_what_is_nested_too_deep_to_be_shown_is_noise() -> None:
    for depth, event in ((150, "other"), (250, "noise")):
        line = '{"type":"of_tomorrow","x":' + "[" * depth + "]" * depth + "}"
        assert next(read_stream("claude-code", [lines(line)]))["event"] == event


def test_a_spoilt_character_spoils_nothing_else() -> None:
    line = json.dumps(claude_result(result="caf??")).encode().replace(b"??", b"\xc3")
    assert verdict("claude-code", line)["text"] == "caf\ufffd"


def test_blank_lines_are_nothing_and_other_lines_are_kept() -> None:
    stream = lines("", "  ", "no JSON", '{"type":"of_tomorrow","x":[1]}', "[1]", claude_result())
    events = list(read_stream("claude-code", [stream]))
    assert [event["event"] for event in events[:-1]] == [
        "noise", "other", "noise", "started", "used",
    ]  # fmt: skip
    assert events[1]["said"] == {"type": "of_tomorrow", "x": [1]}


def test_a_line_of_twenty_megabytes_is_one_event() -> None:
    text = "x" * 20_000_000
    chunks = [each for each in (lines(claude_said(text)), lines(claude_result(result=text)))]
    assert len(verdict("claude-code", chunks)["text"]) == 20_000_000


def test_lines_end_at_lf_alone_wherever_they_were_split() -> None:
    whole = b"a\r\n\xe2\x80\xa8b\n\nlast"
    for size in range(1, len(whole) + 1):
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
        assert list(lines_in(pieces)) == [b"a\r", b"\xe2\x80\xa8b", b"", b"last"]


def test_a_line_beyond_all_measure_is_dropped_with_its_size() -> None:
    piece = b"x" * 2**20
    count = 2 * LINE_LIMIT_BYTES // len(piece)
    chunks = (piece if at < count else b"\n" + lines(claude_result()) for at in range(count + 1))
    events = list(read_stream("claude-code", chunks))
    assert events[0] == {"event": "dropped", "size_bytes": 2 * LINE_LIMIT_BYTES}
    assert events[-1]["verdict"] == "succeeded"


MEMORY = """
import json, resource, sys
from harnesses import read_stream

def chunks(count):
    text = "x" * 800
    tool = {{"type": "tool_result", "tool_use_id": "t", "content": text}}
    for at in range(count):
        said = {{"id": f"m{{at}}", "content": [{{"type": "text", "text": text}}]}}
        told = [{{"type": "assistant", "message": said}}, {{"type": "of_tomorrow", "x": text}},
                {{"type": "user", "message": {{"content": [tool]}}}}]
        yield "".join(json.dumps(each) + "\\n" for each in told).encode()

def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

for event in read_stream("claude-code", chunks(100)):
    pass
before = peak_mb()
for event in read_stream("claude-code", chunks({count})):
    pass
print(peak_mb() - before)
"""


@pytest.mark.parametrize(
    "size_mb", [20, pytest.param(200, marks=[pytest.mark.trust, pytest.mark.timeout(300)])]
)
def test_a_long_stream_takes_no_more_memory_than_some_lines(size_mb: int) -> None:
    code = MEMORY.format(count=size_mb * 1_000_000 // 2700)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=True,
    )
    assert float(done.stdout) < 5


SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


@pytest.mark.parametrize(
    "text",
    [
        '{"n": 7}',
        'Here it is:\n```json\n{"n": 1}\n```\nno, rather\n```\n{"n": 7}\n```\nDone.',
        '```json {"n": 7} ```',
        'I think {it} is {"a": {"n": 1}} or {"n": 7}, in [all].',
        '{"n": "7"} is wrong, {"n": 7} is right',
        "{" * 500 + ' {"n": 7}',
    ],
)
def test_a_structured_answer_is_looked_for_where_a_program_has_no_place_for_it(text: str) -> None:
    assert Shape(SCHEMA).fitting(Answered(text), "anywhere") == {"n": 7}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Seven.", "structured_missing"),
        ("{oh", "structured_missing"),
        ('{"n": "7"}', "structured_invalid"),
    ],
)
def test_what_does_not_fit_says_where(text: str, reason: str) -> None:
    with pytest.raises(BadOutput) as caught:
        Shape(SCHEMA).fitting(Answered(text), "anywhere")
    assert caught.value.reason == reason


@pytest.mark.parametrize("schema", [{"type": "nonsense"}, [], "x", 7])
def test_what_is_no_schema_is_refused_at_once(schema: object) -> None:
    with pytest.raises(BadSchema):
        Shape(schema)


@pytest.mark.parametrize(
    "schema", [{"$ref": "http://127.0.0.1:9/x.json"}, {"$ref": "#/$defs/nowhere"}, {"pattern": "("}]
)
def test_a_schema_that_cannot_be_applied_says_so_and_fetches_nothing(schema: object) -> None:
    with pytest.raises(BadSchema):
        Shape(schema).fitting(Answered('"x"'), "text")


def test_an_earlier_answer_that_fits_does_not_stand_for_the_last_one() -> None:
    for text in ('For example {"n": 1}. Mine: {"n": "x"}', '{"n": 1}? No: {"n": null}'):
        with pytest.raises(BadOutput) as caught:
            Shape(SCHEMA).fitting(Answered(text), "anywhere")
        assert caught.value.reason == "structured_invalid"
    after = Answered('```json\n{"n": "x"}\n```\nNo, rather {"n": 7} [sic].')
    assert Shape(SCHEMA).fitting(after, "anywhere") == {"n": 7}


FENCE = "```" + "x" * 200_000
HOSTILE: dict[str, dict[str, object]] = {
    "antigravity": {
        "event": "final",
        "status": "failed",
        "error": {"type": "x", "message": "Error 500, Message: " * 20_000},
    },
    "codex": {"type": "turn.failed", "error": {"message": "model " * 100_000}},
    "gemini": {"type": "message", "role": "assistant", "content": FENCE},
}


@pytest.mark.parametrize("program", HOSTILE)
def test_no_words_take_longer_than_their_length(program: str) -> None:
    end = {"type": "result", "status": "success"}
    begin = time.process_time()
    found = verdict(program, lines(HOSTILE[program], end), schema=SCHEMA)
    assert found["verdict"] in VERDICTS
    assert time.process_time() - begin < 10


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("gemini", "{"),
        ("gemini", "{\n  "),
        ("antigravity", {"event": "step", "id": "t:1", "status": "ERROR", "error": "x"}),
    ],
)
def test_time_grows_as_the_number_of_lines_does(program: str, message: Any) -> None:
    calls = [
        {"event": "step", "id": f"s:{at}", "status": "ACTIVE", "tool_calls": [{"id": f"c{at}"}]}
        for at in range(5000)
    ]
    begin = time.process_time()
    judged(program, lines(*calls, *[message] * 20_000))
    assert time.process_time() - begin < 10
