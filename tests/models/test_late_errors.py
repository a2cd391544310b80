"""A connection that breaks after the last event of a reply spoils no reply."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any

import pytest

from harnesses.models import OpenAI
from harnesses.models._turn import Request, Turn
from harnesses.models.anthropic import Anthropic
from harnesses.models.google import Google


def event(type: str, **more: Any) -> SimpleNamespace:
    return SimpleNamespace(type=type, **more)


def data(**told: Any) -> SimpleNamespace:
    """A model of a vendor's package."""

    def dump(**options: Any) -> dict[str, Any]:
        return told

    return SimpleNamespace(to_dict=lambda: told, model_dump=dump)


DELTA = SimpleNamespace(type="text_delta", text="Done.")
STOP = SimpleNamespace(stop_reason="end_turn")
OF_ANTHROPIC = [
    event("message_start", message=SimpleNamespace(usage=data(input_tokens=10))),
    event("content_block_start", index=0, content_block=data(type="text", text="")),
    event("content_block_delta", index=0, delta=DELTA),
    event("message_delta", delta=STOP, usage=data(output_tokens=5)),
    event("message_stop"),
]
MESSAGE = {"type": "message", "content": [{"type": "output_text", "text": "Done."}]}
OF_OPENAI = [event("response.completed", response=data(output=[MESSAGE]))]
SAID = {"content": {"parts": [{"text": "Done."}]}, "finishReason": "STOP"}
OF_GOOGLE = [data(candidates=[SAID])]


async def broken(events: list[SimpleNamespace]) -> AsyncGenerator[SimpleNamespace]:
    for each in events:
        yield each
    raise ConnectionResetError("the peer closed the connection")


class Opened:
    """A stream as the packages give it."""

    def __init__(self, events: list[SimpleNamespace]) -> None:
        self._iterator = broken(events)

    def __aiter__(self) -> AsyncGenerator[SimpleNamespace]:
        return self._iterator

    async def __anext__(self) -> SimpleNamespace:
        return await anext(self._iterator)

    async def close(self) -> None:
        await self._iterator.aclose()


def client_of(events: list[SimpleNamespace]) -> Any:
    """The part of each vendor's client that streams."""

    async def create(**_: Any) -> Any:
        return Opened(events)

    async def generate(**_: Any) -> Any:
        return broken(events)

    made = SimpleNamespace(create=create, generate_content_stream=generate)
    return SimpleNamespace(messages=made, responses=made, models=made)


VENDORS = [(Anthropic, OF_ANTHROPIC), (OpenAI, OF_OPENAI), (Google, OF_GOOGLE)]


@pytest.mark.anyio
@pytest.mark.parametrize(("vendor", "events"), VENDORS)
@pytest.mark.parametrize("whole", [True, False])
async def test_only_a_reply_that_was_not_whole_is_lost_with_its_connection(
    vendor: Any, events: list[SimpleNamespace], whole: bool
) -> None:
    def heard(_: object) -> None:
        pass

    request = Request(
        package=None, model="m", system="", entries=(), tools=(), schema=None, max_tokens=10,
        session="s", more={}, heard=heard,
    )  # fmt: skip
    stream = vendor("m").stream(client_of(events if whole else events[:-1]), request)
    if not whole:
        with pytest.raises(ConnectionResetError):
            _ = [piece async for piece in stream]
        return
    *_, last = [piece async for piece in stream]
    assert isinstance(last, Turn)
    assert (last.text, last.stop) == ("Done.", "end")
