"""What every model keeps beyond the contract of all agents; VENDORS has a line for each."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from harnesses.models import Price, read
from smithers.agent import (
    Answered,
    Said,
    Started,
    Thought,
    ToolCalled,
    ToolReturned,
    Used,
    limit_of,
)
from smithers.errors import BadOutput
from tests.harness.helpers import events_of, outcome_of
from tests.models.cases import ANSWER, KEY, Vendor, ask, installed
from tests.scripted_model import ScriptedModel, Step, Text, ToolCall

pytestmark = pytest.mark.anyio


def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


async def test_an_answer_comes_with_its_session_its_text_and_what_it_used(
    vendor: Vendor, folder: Path
) -> None:
    step = Text("Done.", thinking="Let me see.", tokens_in=20, tokens_out=7)
    with ScriptedModel([step]) as model:
        agent = vendor.at(model, price=Price(input=1, output=2))
        events = await events_of(agent, ask(folder))
    began, *middle, answered = events
    assert isinstance(began, Started)
    assert answered == Answered("Done.")
    assert Thought("Let me see.") in middle or vendor.model == "scripted"
    assert Said("Done.") in middle
    (used,) = [event for event in middle if isinstance(event, Used)]
    assert (used.tokens_in, used.tokens_out, used.model) == (20, 7, agent.model)
    assert used.cost == Decimal("0.000034")
    (request,) = model.requests
    assert request.step == step


async def test_a_tool_is_run_and_its_result_goes_back(vendor: Vendor, folder: Path) -> None:
    with ScriptedModel([ToolCall("add", {"a": 2, "b": 3}, text="I add."), Text("5")]) as model:
        events = await events_of(vendor.at(model, tools=[add]), ask(folder))
    called, returned = (
        next(event for event in events if isinstance(event, kind))
        for kind in (ToolCalled, ToolReturned)
    )
    assert isinstance(called, ToolCalled)
    assert (called.name, called.arguments) == ("add", {"a": 2, "b": 3})
    assert returned == ToolReturned(call=called.call, text="5")
    assert events[-1] == Answered("5")
    first, second = (json.dumps(request.body) for request in model.requests)
    assert "Adds two numbers." in first
    assert "integer" in first
    assert "I add." in second


async def test_tools_that_are_called_together_run_in_order_and_return_together(
    vendor: Vendor, folder: Path
) -> None:
    (folder / "dot.png").write_bytes(b"\x89PNG made up")
    ran: list[int] = []

    def note(number: int) -> str:
        """Notes a number."""
        ran.append(number)
        return f"noted {number}"

    calls = ToolCall(
        "read",
        {"path": "dot.png"},
        also=(ToolCall("note", {"number": 1}), ToolCall("note", {"number": 2})),
    )
    with ScriptedModel([calls, Text("Noted.")]) as model:
        events = await events_of(vendor.at(model, tools=[note, read]), ask(folder))
    assert ran == [1, 2]
    returned = [event for event in events if isinstance(event, ToolReturned)]
    assert [event.text for event in returned][1:] == ["noted 1", "noted 2"]
    assert len({event.call for event in returned}) == 3
    assert events[-1] == Answered("Noted.")
    sent = json.dumps(model.requests[1].body)
    assert all(text in sent for text in ("image/png", "noted 1", "noted 2"))
    roles = [one.get("role") for one in model.requests[1].body.get("messages", ())]
    if "tool" in roles:  # chat completions want the results side by side
        assert roles == ["user", "assistant", "tool", "tool", "tool", "user"]


@pytest.mark.sampled(1)
async def test_what_goes_wrong_in_a_tool_is_told_to_the_model(vendor: Vendor, folder: Path) -> None:
    def broken() -> str:
        """Fails."""
        raise LookupError("nothing there")

    script: list[Step] = [
        ToolCall("broken", {}),
        ToolCall("broken", {"x": 1}),
        ToolCall("nobody", {}),
        Text("I see."),
    ]
    with ScriptedModel(script) as model:
        events = await events_of(vendor.at(model, tools=[broken]), ask(folder))
    returned = [event for event in events if isinstance(event, ToolReturned)]
    assert [event.text for event in returned] == [
        "LookupError: nothing there",
        "x: Unexpected keyword argument",
        "there is no tool 'nobody'",
    ]
    assert all(event.failed for event in returned)
    assert events[-1] == Answered("I see.")


@pytest.mark.sampled(1)
async def test_a_stream_of_syllables_comes_in_sensible_pieces(vendor: Vendor, folder: Path) -> None:
    text = "".join(f"Line {number} of a long answer.\n" for number in range(200))
    with ScriptedModel([Text(text, pieces=2000)]) as model:
        events = await events_of(vendor.at(model), ask(folder))
    said = [event.text for event in events if isinstance(event, Said)]
    assert "".join(said) == text
    assert 2 <= len(said) <= 20
    assert all(piece.endswith("\n") for piece in said)


async def test_a_structured_answer_can_be_asked_for_together_with_tools(
    vendor: Vendor, folder: Path
) -> None:
    with ScriptedModel([ToolCall("add", {"a": 1, "b": 1}), Text('{"n": 2}')]) as model:
        events = await events_of(vendor.at(model, tools=[add]), ask(folder, schema=ANSWER))
    assert events[-1] == Answered('{"n": 2}', data={"n": 2})
    assert all("integer" in json.dumps(request.body) for request in model.requests)


async def test_a_forked_session_begins_with_a_copy_and_the_other_stays_as_it_is(
    vendor: Vendor, folder: Path
) -> None:
    with ScriptedModel([Text("The word is plum."), Text("Plum."), Text("Plum too.")]) as model:
        agent = vendor.at(model, files=["notes.md"])
        (folder / "notes.md").write_text("Notes that are shown once.")
        first = await events_of(agent, ask(folder, "Remember plum."))
        session = cast("Started", first[0]).session
        sessions: set[str] = set()
        for followup in ("Which word?", "Which one?"):
            fork = ask(folder, "Remember plum.", forks=session, followup=followup)
            events = await events_of(agent, fork)
            (begun,) = [event.session for event in events if isinstance(event, Started)]
            sessions.add(begun)
    assert len(sessions | {session}) == 3
    for request, followup in zip(model.requests[1:], ("Which word?", "Which one?"), strict=True):
        sent = json.dumps(request.body)
        assert "The word is plum." in sent
        assert followup in sent
        assert sent.count("shown once") == 1
    assert "Which word?" not in json.dumps(model.requests[2].body)


async def test_a_copy_at_a_turn_has_what_the_session_had_then(vendor: Vendor, folder: Path) -> None:
    script: list[Step] = [
        ToolCall("add", {"a": 1, "b": 1}),
        Text("Two."),
        Text("A plum."),
        Text("No."),
    ]
    with ScriptedModel([*script, Text("Anew.")]) as model:
        agent = vendor.at(model, tools=[add])
        first = await events_of(agent, ask(folder, "Add."))
        session, turn = cast("Started", first[0]).session, cast("Answered", first[-1]).turn
        second = await events_of(agent, ask(folder, session=session, followup="A fruit?"))
        later = cast("Answered", second[-1]).turn
        assert turn != later
        copied = await events_of(agent, ask(folder, forks=session, at=turn, followup="A bird?"))
        assert copied[-1] == Answered("No.")
        sent = json.dumps(model.requests[-1].body)
        assert "Two." in sent
        assert "A bird?" in sent
        assert "A plum." not in sent
        for unknown in ("999", "0", "x"):
            await events_of(agent, ask(folder, "Once more.", forks=session, at=unknown))
            sent = json.dumps(model.requests[-1].body)
            assert "Once more." in sent
            assert "Two." not in sent


async def test_an_answer_that_was_cut_off_is_bad_output_and_can_be_repaired(
    vendor: Vendor, folder: Path
) -> None:
    with ScriptedModel([Text("Half of", stop="max_tokens"), Text("All.")]) as model:
        agent = vendor.at(model)
        events, error = await outcome_of(agent, ask(folder))
        assert isinstance(error, BadOutput)
        assert "16000 tokens" in str(error)
        session = cast("Started", events[0]).session
        again = await events_of(agent, ask(folder, session=session, followup="Be shorter."))
    assert again[-1] == Answered("All.")
    assert "Half of" in json.dumps(model.requests[1].body)


async def test_further_fields_of_the_request_are_the_authors(vendor: Vendor, folder: Path) -> None:
    with ScriptedModel([Text("Warm.")]) as model:
        await events_of(vendor.at(model, more={"temperature": 0.25}), ask(folder))
    assert '"temperature": 0.25' in json.dumps(model.requests[0].body)


async def test_tools_of_the_vendor_stand_beside_those_of_the_author(
    vendor: Vendor, folder: Path
) -> None:
    theirs: dict[str, Any] = {"type": "web_search", "name": "web_search"}
    if vendor.kind.provider == "google":
        theirs = {"google_search": {}}
    with ScriptedModel([Text("Found.")]) as model:
        agent = vendor.at(model, tools=[add], more={"tools": [theirs]})
        await events_of(agent, ask(folder))
    sent = json.dumps(model.requests[0].body["tools"])
    assert "add" in sent
    assert "search" in sent.lower()


async def test_a_turn_that_the_vendor_paused_goes_on(folder: Path) -> None:
    with ScriptedModel([Text("Wait.", stop="pause_turn"), Text("Here.")]) as model:
        events = await events_of(installed("anthropic").at(model), ask(folder))
    assert events[-1] == Answered("Here.")
    assert model.requests[1].body["messages"][-1]["role"] == "assistant"


async def test_the_system_prompt_is_sent(vendor: Vendor, folder: Path) -> None:
    with ScriptedModel([Text("Aye.")]) as model:
        await events_of(vendor.at(model, system="Talk like a sailor."), ask(folder))
    assert "Talk like a sailor." in json.dumps(model.requests[0].body)


async def test_a_limit_tells_accounts_and_models_apart_and_no_key(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedModel() as model:
        agent = vendor.at(model)
        before = limit_of(agent)
        assert KEY not in before
        assert agent.model in before
        assert f"127.0.0.1:{model.port}" in before
        monkeypatch.setenv("OTHER_KEY", "another-key-of-mine")
        assert limit_of(vendor.at(model, api_key_env="OTHER_KEY")) != before
