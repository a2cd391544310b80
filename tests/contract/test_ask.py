"""The request to an agent: its prompt is made when somebody reads it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harnesses import Echo
from smithers.agent import Answered, Ask, Event


class Made:
    """A prompt that counts how often it is made."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> str:
        self.count += 1
        return "from the start"


async def answer(ask: Ask) -> str:
    events: list[Event] = [event async for event in Echo().run(ask)]
    last = events[-1]
    assert isinstance(last, Answered)
    return last.text


@pytest.mark.anyio
async def test_a_known_session_is_not_told_what_a_new_one_would_be() -> None:
    made: Any = Made()
    ask = Ask(prompt=made, cwd=Path(), session="s-1", followup="go on")
    assert await answer(replace(ask, prompt=ask.given_prompt, marks={"A": "1"})) == "go on"
    assert made.count == 0


@pytest.mark.anyio
async def test_a_new_session_is_told_a_prompt_that_is_made_once() -> None:
    made: Any = Made()
    ask = Ask(prompt=made, cwd=Path(), followup="go on")
    assert await answer(ask) == ask.prompt == ask.given_prompt == "from the start"
    assert replace(ask, session="s-1") == Ask(
        prompt="from the start", cwd=Path(), session="s-1", followup="go on"
    )
    assert made.count == 1


def test_a_request_has_a_prompt_and_keeps_it() -> None:
    with pytest.raises(TypeError, match="prompt"):
        Ask(cwd=Path())  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with pytest.raises(AttributeError):
        Ask(prompt="x", cwd=Path()).prompt = "y"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
