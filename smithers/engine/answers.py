"""From what an agent answered to an output: always validated by us, whatever the program claims."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, cast

from pydantic import ValidationError

from smithers.agent import Answered
from smithers.errors import BadOutput
from smithers.tree import Output, clean, problem

__all__ = ["INTERRUPTED", "REPAIR", "asked", "output_text"]

INTERRUPTED = (
    "You were interrupted before you answered. "
    "Go on where you stopped, and answer the task:\n\n{prompt}"
)
REPAIR = "Your answer does not fit the task: {error}\nAnswer again, with only the corrected answer."
_FENCE = re.compile(r"```[a-zA-Z]*\n(.*?)```", re.DOTALL)


def asked(prompt: str, output: Output[Any], *, native: bool) -> str:
    """The prompt as the agent gets it: with the schema in words where it has no other way."""
    if output.is_text or native:
        return prompt
    schema = json.dumps(output.schema, ensure_ascii=False)
    return f"{prompt}\n\nAnswer with JSON alone, which fits this JSON Schema:\n{schema}"


def output_text(answer: Answered, output: Output[Any]) -> str:
    """The answer as JSON text that fits the output. Raises `BadOutput` that says what does not."""
    if output.is_text:
        if not answer.text.strip():
            raise BadOutput("the answer is empty")
        return output.dump(answer.text)
    first: BadOutput | None = None
    for candidate in _candidates(answer):
        try:
            return output.dump(clean(candidate))
        except ValidationError as error:
            first = first or BadOutput(problem(error))
    raise first or BadOutput("the answer has no JSON in it")


def _candidates(answer: Answered) -> Iterator[object]:
    """What may be meant, likeliest first: the structured answer, the whole text, the last fenced
    block, the last balanced braces.
    """
    if answer.data is not None:
        yield answer.data
    texts = [answer.text, *reversed(_FENCE.findall(answer.text)[-1:])]
    if (braces := _last_braces(answer.text)) is not None:
        texts.append(braces)
    for text in texts:
        try:
            yield cast("object", json.loads(text))
        except ValueError:
            continue


def _last_braces(text: str) -> str | None:
    end = text.rfind("}")
    depth = 0
    for position in range(end, -1, -1):
        depth += {"}": 1, "{": -1}.get(text[position], 0)
        if depth == 0 and end >= 0:
            return text[position : end + 1]
    return None
