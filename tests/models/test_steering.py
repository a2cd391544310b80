"""What people say to a model while it works reaches it before its next request, exactly once."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from harnesses.models._transcript import Transcript
from harnesses.models._turn import Asked, Entry, Replied, Returned, in_turns
from smithers.agent import Answered, Event, Said, Started, Steered, ToolCalled
from tests.harness.helpers import ROOT, events_of
from tests.models.cases import ANSWER, OF_THEIRS, Vendor, ask, installed
from tests.scripted_model import ScriptedModel, Step, Text, ToolCall

pytestmark = [pytest.mark.anyio, *OF_THEIRS]


def queue_of(*messages: str) -> asyncio.Queue[str]:
    queue = asyncio.Queue[str]()
    for message in messages:
        queue.put_nowait(message)
    return queue


def conversation(body: Any) -> list[Any]:
    """What a request tells of the conversation, in any vendor's words."""
    found: list[Any] = body.get("messages") or body.get("input") or body.get("contents")
    return found


def in_order(body: Any, *texts: str) -> bool:
    """Whether each of the texts is told once, in this order."""
    sent = json.dumps(conversation(body))
    at = [sent.find(text) for text in texts]
    return -1 not in at and at == sorted(at) and all(sent.count(text) == 1 for text in texts)


async def test_what_is_said_before_the_first_request_is_part_of_it(
    vendor: Vendor, folder: Path
) -> None:
    with ScriptedModel([Text("Aye.")]) as model:
        request = ask(folder, "Build it.", messages=queue_of("In blue.", "And small."))
        events = await events_of(vendor.at(model), request)
    assert [type(event) for event in events[:3]] == [Started, Steered, Steered]
    assert events[1:3] == [Steered("In blue."), Steered("And small.")]
    assert events[-1] == Answered("Aye.")
    (sent,) = model.requests
    assert in_order(sent.body, "Build it.", "In blue.", "And small.")


async def test_what_is_said_while_a_tool_runs_follows_on_its_result(
    vendor: Vendor, folder: Path
) -> None:
    messages = queue_of()

    async def build(part: str) -> str:
        """Builds a part."""
        if part == "wall":
            messages.put_nowait("Mind the gap.")
        return f"built the {part}"

    calls = ToolCall("build", {"part": "wall"}, also=(ToolCall("build", {"part": "roof"}),))
    with ScriptedModel([calls, Text("Minded.")]) as model:
        request = ask(folder, "Build it.", messages=messages)
        events = await events_of(vendor.at(model, tools=[build]), request)
    names = [type(event).__name__ for event in events]
    assert names.index("Steered") > max(at for at, n in enumerate(names) if n == "ToolReturned")
    assert events[-1] == Answered("Minded.")
    first, second = (request.body for request in model.requests)
    assert "Mind the gap." not in json.dumps(first)
    order = ("Build it.", "built the wall", "built the roof", "Mind the gap.")
    assert in_order(second, *order)
    last = conversation(second)[-1]
    assert last["role"] == "user"
    assert "Mind the gap." in json.dumps(last)


async def test_what_is_said_when_there_is_an_answer_is_a_further_turn_whose_answer_counts(
    vendor: Vendor, folder: Path
) -> None:
    messages = queue_of()
    with ScriptedModel([Text('{"n": 1}'), Text('{"n": 2}')]) as model:
        agent = vendor.at(model, max_requests=1)
        events: list[Event] = []
        async for event in agent.run(ask(folder, schema=ANSWER, messages=messages)):
            events.append(event)
            if isinstance(event, Said) and messages.empty() and len(model.requests) == 1:
                messages.put_nowait("One more, please.")
    assert [event for event in events if isinstance(event, Answered)] == [
        Answered('{"n": 2}', data={"n": 2})
    ]
    assert Steered("One more, please.") in events
    assert len(model.requests) == 2
    sent = model.requests[1].body
    assert in_order(sent, '{\\"n\\": 1}', "One more, please.")
    asked_in_words = [json.dumps(conversation(request.body)[-1]) for request in model.requests]
    wordy = ["which fits this JSON Schema" in words for words in asked_in_words]
    assert wordy[0] == wordy[1], "a form that is asked for in words is asked for again"


async def test_roles_alternate_where_a_vendor_wants_it(folder: Path) -> None:
    for name in ("anthropic", "google"):
        with ScriptedModel([Text("One."), Text("Two.")]) as model:
            agent = installed(name).at(model)
            messages = queue_of("First.", "Second.")
            async for event in agent.run(ask(folder, messages=messages)):
                if isinstance(event, Said) and len(model.requests) == 1:
                    messages.put_nowait("Third.")
                    messages.put_nowait("Fourth.")
        roles = [one["role"] for one in conversation(model.requests[1].body)]
        assert roles in (["user", "assistant", "user"], ["user", "model", "user"])


async def test_the_next_session_knows_what_was_said_in_this_one(
    vendor: Vendor, folder: Path
) -> None:
    with ScriptedModel([Text("Noted."), Text("Plum.")]) as model:
        agent = vendor.at(model)
        first = await events_of(agent, ask(folder, messages=queue_of("The word is plum.")))
        (session,) = [event.session for event in first if isinstance(event, Started)]
        await events_of(agent, ask(folder, session=session, followup="Which word?"))
    assert in_order(model.requests[1].body, "The word is plum.", "Noted.", "Which word?")


@pytest.mark.long
@pytest.mark.parametrize("known", [True, False], ids=["and known", "and not known"])
async def test_a_message_that_was_kept_before_a_sigkill_is_told_once(
    a_vendor: Vendor, folder: Path, known: bool
) -> None:
    """`known`: that it was told reached whoever asked, who then does not say it again."""
    script: list[Step] = [ToolCall("note", {"text": "first"}), Text("All noted.")]
    with ScriptedModel(script) as model:
        said = await run_until_told(a_vendor, model.url, folder)
        session = said.partition("Started(session='")[2].partition("'")[0]
        assert len(model.requests) == 1, "it was killed before it was asked"
        again = queue_of() if known else queue_of("Mind the gap.")
        agent = a_vendor.at(model)
        agent.sessions = folder / "sessions"
        request = ask(folder, session=session, followup="Go on.", messages=again)
        events = await events_of(agent, request)
    assert (Steered("Mind the gap.") in events) is not known
    assert events[-1] == Answered("All noted.")
    assert in_order(model.requests[1].body, "noted first", "Mind the gap.", "Go on.")


async def run_until_told(vendor: Vendor, url: str, folder: Path) -> str:
    """The output of a process that was killed when its model had been told a message."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.models.killed",
        vendor.kind.provider,
        url,
        str(folder),
        "--message=Mind the gap.",
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert child.stdout is not None
    said = b""
    try:
        async with asyncio.timeout(60):
            while b"Steered" not in said:
                said += (line := await child.stdout.readline())
                assert line, said.decode()
    finally:
        child.send_signal(signal.SIGKILL)
        await child.wait()
    return said.decode()


async def test_the_same_words_after_a_reply_are_told_again(vendor: Vendor, folder: Path) -> None:
    messages = queue_of()
    with ScriptedModel([Text("One."), Text("Two."), Text("Three.")]) as model:
        async for event in vendor.at(model).run(ask(folder, messages=messages)):
            if isinstance(event, Said) and len(model.requests) < 3:
                messages.put_nowait("More.")
    assert json.dumps(conversation(model.requests[2].body)).count("More.") == 2


async def test_a_paused_turn_goes_on_before_anything_is_said(folder: Path) -> None:
    messages = queue_of()
    with ScriptedModel([Text("Wait.", stop="pause_turn"), Text("Here."), Text("There.")]) as model:
        agent = installed("anthropic").at(model)
        async for event in agent.run(ask(folder, messages=messages)):
            if event == Said("Wait."):
                messages.put_nowait("Where?")
    assert conversation(model.requests[1].body)[-1]["role"] == "assistant"
    assert in_order(model.requests[2].body, "Here.", "Where?")


async def test_closed_before_it_is_told_a_message_stays_with_who_sent_it(
    vendor: Vendor, folder: Path
) -> None:
    def note() -> str:
        """Notes."""
        return "noted"

    messages = queue_of()
    with ScriptedModel([ToolCall("note", {}), Text("Done.")]) as model:
        run: Any = vendor.at(model, tools=[note]).run(ask(folder, messages=messages))
        async for event in run:
            if isinstance(event, ToolCalled):
                messages.put_nowait("Too late.")
                break
        await run.aclose()
    assert messages.qsize() == 1


REPLY = Replied(message=None, text="Yes.")
RESULT = Returned(call="1", name="add", text="3")


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([Asked("a"), Asked("b"), REPLY], [Asked("a\n\nb"), REPLY]),
        ([Asked("a"), REPLY, RESULT, Asked("b")], [Asked("a"), REPLY, RESULT, Asked("b")]),
        ([REPLY, Asked("a"), Asked("b"), Asked("c")], [REPLY, Asked("a\n\nb\n\nc")]),
        ([], []),
    ],
)
def test_what_is_said_in_a_row_is_one(entries: Sequence[Entry], expected: Sequence[Entry]) -> None:
    assert list(in_turns(entries)) == expected


async def test_what_the_model_has_not_replied_to_was_asked(folder: Path) -> None:
    made = Transcript.begin(folder, "vendor", "model")
    await made.add(Asked("Go."))
    assert made.is_asked("Go.", "Stop.")
    assert not made.is_asked("Stop.")
    await made.add(REPLY)
    assert not made.is_asked("Go.")
    made.close()
