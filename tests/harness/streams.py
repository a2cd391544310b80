"""Streams written by hand, in the words of the programs, and what is made of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from harnesses import read_stream

__all__ = ["Verdict", "claude_result", "claude_said", "lines", "verdict"]

Verdict = dict[str, Any]
SESSION = "5f0c0000-0000-4000-8000-000000000001"


def lines(*messages: Mapping[str, object] | str | bytes) -> bytes:
    """Each message as a line; a text or bytes as they are."""
    return b"".join(_line(each) + b"\n" for each in messages)


def _line(message: Mapping[str, object] | str | bytes) -> bytes:
    if isinstance(message, bytes):
        return message
    return (message if isinstance(message, str) else json.dumps(message)).encode()


def verdict(name: str, stream: bytes | Iterable[bytes] = b"", **more: Any) -> Verdict:
    chunks = [stream] if isinstance(stream, bytes) else stream
    return list(read_stream(name, chunks, **more))[-1]


def claude_result(**more: object) -> Verdict:
    """The last event of a good turn, with what is different in this one."""
    good = {
        "type": "result",
        "subtype": "success",
        "is_error": False,
        "terminal_reason": "completed",
        "result": "Done.",
        "session_id": SESSION,
        "usage": {"input_tokens": 10, "output_tokens": 5},
        "total_cost_usd": 0.5,
        "model_usage_since_last_result": {
            "opus": {"inputTokens": 10, "outputTokens": 5, "costUSD": 0.25}
        },
    }
    return {**good, **more}


def claude_said(text: str, **more: object) -> Verdict:
    message = {"id": "msg_1", "content": [{"type": "text", "text": text}]}
    return {"type": "assistant", "message": message, "session_id": SESSION, **more}
