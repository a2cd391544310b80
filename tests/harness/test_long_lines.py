"""Lines of any length from real programs: one that is too long is left out, the others count, and
the memory of whoever reads stays bounded.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import aclosing
from pathlib import Path

import pytest

from harnesses._lines import LINE_LIMIT_BYTES, Lines, lines_in
from harnesses.process import open_session
from harnesses.process._child import Tape
from harnesses.process._replay import ReplayChild, renamed
from harnesses.recording import Ending, Header, Recorder, read_sessions
from harnesses.scrubbing import KEY_SHAPES, scrubbed
from smithers.agent import Ask, Dropped
from tests.harness.helpers import ROOT, python

HEADER = Header(program="p", argv=("p",), prompt_sha="")
MB = 2**20


def as_it_is(text: str) -> str:
    return text


@pytest.mark.parametrize("size", [1, 3, 7, 64])
def test_a_long_line_is_left_out_wherever_its_chunks_end(size: int) -> None:
    whole = b"a\n" + b"x" * 11 + b"\n" + b"y" * 10 + b"\n\n" + b"z" * 30
    chunks = [whole[at : at + size] for at in range(0, len(whole), size)]
    found = list(lines_in(chunks, limit_bytes=10))
    assert found == [b"a", Dropped(11), b"y" * 10, b"", Dropped(30)]


def test_a_reader_holds_no_more_than_the_limit() -> None:
    lines = Lines(limit_bytes=100)
    for _ in range(1000):
        assert list(lines.feed(b"x" * 60)) == []
    assert list(lines.feed(b"\nnext\n")) == [Dropped(60_000), b"next"]


@pytest.mark.anyio
async def test_the_lines_of_a_program_around_a_long_one_are_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lines.__init__, "__defaults__", (MB,))
    monkeypatch.setattr(Recorder.__init__, "__defaults__", (MB,))
    command = python(
        "import sys; w = sys.stdout.write; w('one\\n'); w('x' * 3_000_000 + '\\n'); w('two\\n');"
        " sys.stderr.write('y' * 3_000_000); w('z' * 1_000_000 + '\\n')",
        tmp_path,
    )
    ask = Ask(prompt="", cwd=tmp_path, raw=tmp_path / "raw.jsonl")
    async with open_session(command, ask) as session, aclosing(session.output()) as output:
        heard = [one async for one in output if isinstance(one, bytes | Dropped)]
        assert (await session.close()).rc == 0
    assert heard == [b"one", Dropped(3_000_000), b"two", b"z" * 1_000_000]
    (kept,) = read_sessions(tmp_path / "raw.jsonl")
    assert kept.text("out") == b"one\n\ntwo\n" + b"z" * 1_000_000 + b"\n"
    assert [one.dropped for one in kept.moments if one.dropped and one.stream == "out"] == [
        3_000_000
    ]
    assert (tmp_path / "raw.jsonl").stat().st_size < 1.5 * MB

    replayed = ReplayChild(kept, command, Tape([]), 0.0)
    told: list[int] = []
    while (chunk := await replayed.read()) is not None:
        told += [chunk.dropped] if chunk.dropped and chunk.stream == "out" else []
    assert told == [3_000_000]


def test_a_recorder_keeps_what_came_before_a_line_that_grows_too_long(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "r.jsonl", HEADER, as_it_is, 100)
    recorder.chunk("out", b"-----BEGIN PRIVATE KEY-----\nab\nstart of a line ")
    for _ in range(10):
        recorder.chunk("out", b"x" * 50)
    recorder.chunk("out", b"\nlast")
    recorder.chunk("err", b"e" * 500)
    recorder.end(Ending(rc=0))
    recorder.close()
    (kept,) = read_sessions(tmp_path / "r.jsonl")
    assert kept.text("out") == b"-----BEGIN PRIVATE KEY-----\nab\n\nlast"
    assert kept.text("err") == b""
    assert {one.stream: one.dropped for one in kept.moments if one.dropped} == {
        "out": 516, "err": 500,
    }  # fmt: skip


def test_a_secret_across_the_parts_of_a_long_line_is_taken_out() -> None:
    secret = b"sk-" + b"s" * 60
    text = b""
    for at in range(40):
        text += b"a" * (100_000 + at * 17) + b" " + secret + b" "
    for size in (1000, 65536):
        pieces = [(float(at), text[at : at + size]) for at in range(0, len(text), size)]
        clean = b"".join(
            data for _, data in scrubbed(pieces, lambda one: KEY_SHAPES.sub("<SECRET>", one))
        )
        assert clean == text.replace(secret, b"<SECRET>")


def test_a_session_id_isrenamed_wherever_it_was_cut() -> None:
    old, new = b"0123456789", b"abcdefghij"
    text = (b"x" * 400_000 + old) * 7
    for size in (3, 1000, 65537):
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        changed = list(renamed(iter(pieces), old, new))
        assert b"".join(changed) == text.replace(old, new)
        assert [len(one) for one in changed] == [len(one) for one in pieces]


READING = """
import asyncio, json, resource, sys
sys.path.insert(0, {root!r})
from pathlib import Path
from harnesses.process import open_session
from smithers.agent import Ask, Dropped
from tests.harness.helpers import python

async def main():
    here = Path({here!r})
    size = {size}
    code = (f"import sys; w = sys.stdout.buffer.write; w(b'one\\\\n')\\n"
            f"for _ in range({{size}} // 1048576): w(b'x' * 1048576)\\n"
            f"w(b'\\\\ntwo\\\\n')")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ask = Ask(prompt="", cwd=here, raw=here / "raw.jsonl")
    told: list[int] = []
    async with open_session(python(code, here), ask) as session:
        async for one in session.output():
            if isinstance(one, bytes):
                told.append(len(one))
            elif isinstance(one, Dropped):
                told.append(-one.size_bytes)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([told, (after - before) * 1024]))
asyncio.run(main())
"""


@pytest.mark.sampled(1)
@pytest.mark.parametrize(("size", "sign"), [(60 * MB, 1), (200 * MB, -1)])
def test_reading_and_recording_take_less_than_three_times_the_limit(
    tmp_path: Path, size: int, sign: int
) -> None:
    code = READING.format(root=str(ROOT), here=str(tmp_path), size=size)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    told, used = json.loads(done.stdout)
    assert told == [3, sign * size, 3]
    assert used < 3 * LINE_LIMIT_BYTES, f"{used / MB:.0f} MB"


@pytest.mark.long
def test_parsing_a_stream_takes_less_than_three_times_the_limit(tmp_path: Path) -> None:
    stream = tmp_path / "kept.jsonl"
    with stream.open("wb") as file:
        file.write(b"before\n")
        for _ in range(200):
            file.write(b"x" * MB)
        file.write(b"\nafter\n")
    code = (
        "import resource, subprocess, sys\n"
        "words = [sys.executable, '-m', 'smithers', 'harness', 'parse', 'pi', sys.argv[1]]\n"
        "out = subprocess.run(words, capture_output=True, text=True, check=True).stdout\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)\n"
        "print(out)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(stream)], capture_output=True, text=True, timeout=120,
        cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    used, *events = done.stdout.splitlines()
    told = [json.loads(line) for line in events if line]
    assert [one.get("event") for one in told[:-1]] == ["noise", "dropped", "noise"]
    assert told[1]["size_bytes"] == 200 * MB
    assert int(used) < 3 * LINE_LIMIT_BYTES, f"{int(used) / MB:.0f} MB"
