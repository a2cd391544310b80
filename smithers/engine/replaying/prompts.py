"""Compares the prompt that an agent would get with the one that it got in the recording.

The recorded prompt is the author's, then what the engine told of earlier work and messages, then
the schema of the answer if the agent takes it in words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Literal

from smithers.engine.attempts.answers import asked
from smithers.tree import Output

__all__ = ["compare_prompt"]

_TOLD = re.compile(r"\n\n<(handover|messages|sent-back)>\n")
_MARK = "\u0000"


def compare_prompt(
    recorded: str, prompt: str, output: Output[Any]
) -> Iterator[tuple[Literal["prompt", "schema"], str, str]]:
    """The texts that differ, each with the recorded one first."""
    text, schema = _split(recorded, output)
    if text != prompt and not _is_told_more(text, prompt):
        told = _TOLD.search(text)
        yield "prompt", text if told is None else text[: told.start()], prompt
    now = None if output.is_text else json.dumps(output.schema, ensure_ascii=False)
    if schema is not None and now is not None and schema != now:
        yield "schema", _laid_out(schema), _laid_out(now)


def _split(recorded: str, output: Output[Any]) -> tuple[str, str | None]:
    """The recorded prompt without the schema, and the schema, if it has one."""
    if output.is_text:
        return recorded, None
    frame = asked(_MARK, output, native=False)
    opening = frame.removeprefix(_MARK).removesuffix(json.dumps(output.schema, ensure_ascii=False))
    text, found, schema = recorded.rpartition(opening)
    return (text, schema) if found else (recorded, None)


def _is_told_more(text: str, prompt: str) -> bool:
    """Whether the engine's words alone follow the author's prompt."""
    return text.startswith(prompt) and _TOLD.match(text, len(prompt)) is not None


def _laid_out(schema: str) -> str:
    try:
        return json.dumps(json.loads(schema), ensure_ascii=False, indent=2)
    except ValueError:
        return schema
