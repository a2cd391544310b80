"""A stream of a vendor's package ends with its request: nothing of it is left to the collector."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from harnesses.models import Google, LiteLLM
from smithers.agent import Answered, Event, Said, Started
from tests.models.cases import Vendor, ask
from tests.scripted_model import ScriptedModel, Step, Text, ToolCall

pytestmark = pytest.mark.anyio


@contextmanager
def left_behind() -> Generator[list[str]]:
    """The async generators that Python has to end because nobody did."""
    found, hooks = list[str](), sys.get_asyncgen_hooks()

    def finalize(generator: Any) -> None:
        found.append(generator.__qualname__)
        if hooks.finalizer is not None:
            hooks.finalizer(generator)

    sys.set_asyncgen_hooks(finalizer=finalize)
    try:
        yield found
    finally:
        sys.set_asyncgen_hooks(*hooks)


def look() -> str:
    """Looks."""
    return "Seen."


@pytest.mark.parametrize("upto", [Answered, Said, Started])
async def test_no_generator_of_a_stream_is_left_to_the_collector(
    vendor: Vendor, upto: type[Event], folder: Path
) -> None:
    if vendor.kind is LiteLLM and upto is not Started:
        pytest.skip("litellm itself leaves OpenAI's streams midway")
    if vendor.kind is Google and upto is Said:
        pytest.skip("google-genai gives no hold of what is below its outermost generator")
    script: list[Step] = [ToolCall("look", {}), Text("One line.\n" * 100)]
    with ScriptedModel(script) as model, left_behind() as found:
        agent = vendor.at(model, tools=[look])
        async with aclosing(agent.run(ask(folder))) as events:
            async for event in events:
                if isinstance(event, upto):
                    break
            else:
                pytest.fail(f"no {upto.__name__} came")
        assert found == []
