"""From what an agent answered to an output: always validated by us, whatever the program claims."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

from pydantic import ValidationError

from smithers.agent import Answered
from smithers.changes import SentBack
from smithers.errors import AuthorError, BadOutput
from smithers.naming import why_again
from smithers.tree import Changed, NotExact, Output, clean, is_plain, problem

__all__ = [
    "ATTENDED",
    "INTERRUPTED",
    "REPAIR",
    "STEERED",
    "asked",
    "messages_block",
    "output_text",
    "sent_back_block",
]

INTERRUPTED = (
    "You were interrupted before you answered."
    " Go on where you stopped, and answer the task:\n\n{prompt}"
)
ATTENDED = (
    "You were interrupted before you answered, and a person has worked in this session"
    " since. Take into account what they said and did, continue from there, and answer"
    " the task:\n\n{prompt}"
)
REPAIR = "Your answer does not fit the task: {error}\nAnswer again, with only the corrected answer."
STEERED = (
    "There is a message for you:\n\n{text}\n\n"
    "Go on where you stopped, with that in mind, and answer the task."
)
_MESSAGES = (
    "While this task was running, these messages arrived for it, oldest first. They are"
    " as important as the task itself:"
)
_SENT_BACK = (
    "This task was done before, and is done again because {why}{note}\n"
    "Take that into account. Start from what is there, and do the task again."
)
MAX_LOOKS = 1000
_OPENS = re.compile(r"[{\[]")
_FENCE = re.compile(r"```[a-zA-Z]*\n(.*?)```", re.DOTALL)


def asked(prompt: str, output: Output[Any], *, native: bool, told: str = "") -> str:
    """The prompt as the agent gets it: the author's first, then what is told of earlier attempts,
    and the schema in words where it has no other way.
    """
    if told:
        prompt = f"{prompt}\n\n{told}"
    if output.is_text or native:
        return prompt
    schema = json.dumps(output.schema, ensure_ascii=False)
    return f"{prompt}\n\nAnswer with JSON alone, which fits this JSON Schema:\n{schema}"


def messages_block(texts: Sequence[str]) -> str:
    """Messages as an agent reads them that was not there when they came; nothing for none."""
    if not texts:
        return ""
    said = "\n\n".join(text.replace("</messages>", "") for text in texts)
    return f"<messages>\n{_MESSAGES}\n\n{said}\n</messages>"


def sent_back_block(cause: SentBack | None) -> str:
    """Why a task is done again, as its agent reads it; nothing if it is not."""
    if cause is None:
        return ""
    note = "" if cause.note is None else f":\n\n{cause.note.replace('</sent-back>', '')}\n"
    said = _SENT_BACK.format(why=why_again(replace(cause, note=None)), note=note or ".")
    return f"<sent-back>\n{said}\n</sent-back>"


def output_text(answer: Answered, output: Output[Any]) -> str:
    """The answer as JSON text that fits the output.

    Raises `BadOutput` that says what does not, and `AuthorError` for a type that reads its own text
    back as another value.
    """
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
        except NotExact as error:
            if isinstance(error, Changed) and is_plain(candidate):
                raise AuthorError(f"the answer cannot be stored: {error}") from error
            first = first or BadOutput(str(error))
        except (ValueError, RecursionError):  # such as 300 lists in each other, or 5000 digits
            first = first or BadOutput(
                "the answer is nested too deeply or has a number with too many digits"
            )
    raise first or BadOutput("the answer contains no JSON")


def _candidates(answer: Answered) -> Iterator[object]:
    """What may be meant, likeliest first: the structured answer, the whole text, the last fenced
    block, the last object or list.
    """
    if answer.data is not None:
        yield answer.data
    for text in (answer.text, *_FENCE.findall(answer.text)[-1:]):
        try:
            yield cast("object", json.loads(text))
        except (ValueError, RecursionError):
            continue
    yield from _within(answer.text)


def _within(text: str) -> list[object]:
    """What stands whole in the text: objects, then lists, the last of each first.

    It is looked for a bounded number of times: a text may be 5 MB of open braces.
    """
    decoder, position = json.JSONDecoder(), 0
    found: list[object] = []
    for _ in range(MAX_LOOKS):
        if (start := _OPENS.search(text, position)) is None:
            break
        try:
            value, position = decoder.raw_decode(text, start.start())
            found.append(value)
        except (ValueError, RecursionError):
            position = start.end()
    return sorted(reversed(found), key=lambda one: not isinstance(one, dict))
