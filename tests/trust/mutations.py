"""Recorded streams, spoilt as a program, a pipe, a terminal or another version may spoil them.

Lines are dropped, doubled, swapped and cut, bytes are broken, values become others of any type.
What became of the stream is judged here by a parser of its own, which knows the terminal events
alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any, cast

from harnesses import readable
from harnesses._json import list_of
from harnesses.recording import read_sessions

__all__ = ["RECORDED", "has_good_end", "spoilt", "stream_of"]

ROOT = Path(__file__).resolve().parents[2]
_LONGEST_MUTATED = 50_000
"""Where values are changed, not where lines are moved."""
RECORDED = [
    (path.parent.name, path.stem)
    for program in readable()
    for path in sorted((ROOT / "recordings" / program).glob("*.jsonl"))
]

Lines = list[bytes]
Mutation = Callable[[Lines, Random], None]


@lru_cache
def stream_of(program: str, case: str) -> tuple[bytes, str, int | None]:
    """What a recorded program said, on stdout and on stderr, and how it ended."""
    (session,) = read_sessions(ROOT / "recordings" / program / f"{case}.jsonl")
    ending = session.ending
    code = None if ending is None else ending.rc if ending.signal is None else -ending.signal
    return session.text("out"), session.text("err").decode("utf-8", "replace"), code


def spoilt(stream: bytes, chance: Random) -> bytes:
    """The stream after one to four mutations."""
    lines = stream.split(b"\n")
    for _ in range(chance.randint(1, 4)):
        chance.choice(_MUTATIONS)(lines, chance)
    return b"\n".join(lines)


def _drop(lines: Lines, chance: Random) -> None:
    for _ in range(chance.randint(1, 3)):
        if lines:
            lines.pop(chance.randrange(len(lines)))


def _double(lines: Lines, chance: Random) -> None:
    if lines:
        at = chance.randrange(len(lines))
        lines.insert(chance.choice((at, chance.randint(0, len(lines)))), lines[at])


def _swap(lines: Lines, chance: Random) -> None:
    if lines:
        one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        lines[one], lines[other] = lines[other], lines[one]


def _shuffle_the_end(lines: Lines, chance: Random) -> None:
    end = lines[-5:]
    chance.shuffle(end)
    lines[-5:] = end


def _cut_a_line(lines: Lines, chance: Random) -> None:
    if lines:
        at = chance.randrange(len(lines))
        lines[at] = lines[at][: chance.randint(0, len(lines[at]))]


def _cut_the_stream(lines: Lines, chance: Random) -> None:
    del lines[chance.randint(0, len(lines)) :]


def _split_a_line(lines: Lines, chance: Random) -> None:
    if lines:
        at = chance.randrange(len(lines))
        middle = chance.randint(0, len(lines[at]))
        lines[at : at + 1] = [lines[at][:middle], lines[at][middle:]]


def _break_bytes(lines: Lines, chance: Random) -> None:
    if lines and (line := bytearray(lines[at := chance.randrange(len(lines))])):
        for _ in range(chance.randint(1, 5)):
            line[chance.randrange(len(line))] = chance.choice((0, 10, 34, 92, 123, 125, 0xFF, 0xC3))
        lines[at] = bytes(line)


def _add_noise(lines: Lines, chance: Random) -> None:
    noise = chance.choice(
        (
            b"\0" * 100,
            b"\xff\xfe\x00",
            b"x" * 1_000_000,
            b"[" * 50_000,
            b'{"type":' * 5000,
            b'{"type":"result","x":' + b"[" * 900 + b"]" * 900 + b"}",
            b'{"type":"result","usage":' + b"9" * 6000 + b"}",
            b"null",
            b'"text"',
            b"\xef\xbb\xbf\x1b[2J",
            b'{"type":"\\ud800","event":"\\u0000"}',
        )
    )
    lines.insert(chance.randint(0, len(lines)), noise)


def _change_a_value(lines: Lines, chance: Random) -> None:
    """A value of a message becomes one of another type, or its key is gone."""
    held = [at for at, line in enumerate(lines) if 0 < len(line) < _LONGEST_MUTATED]
    if not held:
        return
    at = chance.choice(held)
    with suppress(ValueError, RecursionError):  # it was spoilt before
        message = json.loads(lines[at])
        if places := list(_places(message)):
            place, key = chance.choice(places)
            if chance.random() < 0.15:
                del place[key]
            else:
                place[key] = chance.choice(_VALUES)(chance)
            lines[at] = json.dumps(message).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict):
        items: Any = list(cast("dict[str, Any]", value).items())
    elif isinstance(value, list):
        items = list(enumerate(list_of(cast("object", value))))
    else:
        return
    for key, inner in items:
        yield value, key
        yield from _places(inner)


def _deep(chance: Random) -> Any:
    value: Any = "x"
    for _ in range(chance.choice((50, 300, 800))):
        value = chance.choice(([value], {"a": value}))
    return value


_VALUES: tuple[Callable[[Random], Any], ...] = (
    lambda _: None,
    lambda chance: chance.choice((True, False)),
    lambda chance: chance.choice((0, -1, 1, 404, 429, 529, 2**53, 10**400, -(10**4000))),
    lambda chance: chance.choice((0.5, -0.0, 1e308, float("inf"), float("-inf"), float("nan"))),
    lambda chance: chance.choice(("", "x", "\0", "\ud800", "completed", "success", "stop", "[{")),
    lambda chance: chance.choice(("error", "failed", "result", "9" * 5000, "resets 5pm", "é" * 3)),
    lambda _: [],
    lambda _: {},
    lambda _: [None, 1, "x", [], {}],
    lambda _: {"type": "x", "message": {}, "error": [], "id": 1},
    _deep,
)
_MUTATIONS: tuple[Mutation, ...] = (
    *(_drop, _double, _swap, _cut_a_line, _shuffle_the_end, _break_bytes, _add_noise),
    *(_cut_the_stream, _split_a_line, *[_change_a_value] * 4),
)


def has_good_end(program: str, stream: bytes) -> bool:
    """Whether a terminal event of success is in the stream, since its last turn began.

    Read by hand, and with leave: what is between the first brace and the last is the message.
    """
    messages = [each for line in stream.split(b"\n") for each in _messages(line)]
    begins = [at for at, each in enumerate(messages) if _begins(program, each)]
    last = messages[begins[-1] :] if begins else messages
    if program == "pi":
        ends = any(each.get("type") in ("agent_end", "agent_settled") for each in last)
        return ends and any(_pi_answered(each) for each in last)
    if program == "gemini" and b'"response"' in stream and b'\n  "' in stream:
        return True  # the one object of `json`, on many lines
    return any(_good(program, each) for each in last)


def _messages(line: bytes) -> Iterator[dict[str, Any]]:
    start, end = line.find(b"{"), line.rfind(b"}")
    text = line[start : end + 1].decode("utf-8", "replace")
    for each in (text, "".join(char for char in text if char > "\x08")):
        try:
            found = json.loads(each)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            yield cast("dict[str, Any]", found)
            return


def _begins(program: str, message: dict[str, Any]) -> bool:
    match program:
        case "claude-code":
            return message.get("type") == "system" and message.get("subtype") == "init"
        case "codex":
            return message.get("type") == "turn.started"
        case "gemini":
            return message.get("type") == "init"
        case "pi":
            return message.get("type") == "agent_start"
        case _:
            return False


def _good(program: str, message: dict[str, Any]) -> bool:
    match program:
        case "claude-code":
            whole = message.get("subtype") == "success" and message.get("is_error") in (False, None)
            return message.get("type") == "result" and whole
        case "codex":
            params = message.get("params")
            turn: Any = cast("Any", params).get("turn") if isinstance(params, dict) else None
            is_end = message.get("method") == "turn/completed" and isinstance(turn, dict)
            completed = is_end and cast("Any", turn).get("status") == "completed"
            return completed or message.get("type") == "turn.completed"
        case "gemini":
            return message.get("type") == "result" and message.get("status") == "success"
        case _:
            return message.get("event") == "final" and message.get("status") == "completed"


def _pi_answered(message: dict[str, Any]) -> bool:
    told: Any = message.get("message")
    said: Any = cast("Any", told) if isinstance(told, dict) else {}
    is_answer = said.get("role") == "assistant" and said.get("stopReason") == "stop"
    return message.get("type") == "message_end" and is_answer
