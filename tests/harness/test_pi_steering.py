"""What is said to Pi while it runs: on its recordings, and to the real program."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from harnesses import Pi
from harnesses._pi_dialogue import Dialogue
from harnesses._pi_stream import Stream
from harnesses._telling import telling
from smithers.agent import Answered, Ask, Event, Said, Started, Steered, ToolCalled, ToolReturned
from tests.harness.helpers import events_of, kinds, replayed_pi, until
from tests.scripted_model import Cut, ScriptedModel, Step, Text, ToolCall

pytestmark = pytest.mark.anyio


def queue_of(*messages: str) -> asyncio.Queue[str]:
    queue = asyncio.Queue[str]()
    for message in messages:
        queue.put_nowait(message)
    return queue


async def test_messages_are_told_one_by_one_each_as_a_turn_of_its_own(tmp_path: Path) -> None:
    messages = queue_of("Count on.", "And on.")
    ask = Ask(prompt="Case steered-twice.", cwd=tmp_path, messages=messages)
    events = await events_of(replayed_pi(), ask)
    said = [event for event in events if isinstance(event, Said | Steered | Answered)]
    assert said == [
        *(Said("One."), Steered("Count on.")),
        *(Said("Two."), Steered("And on.")),
        *(Said("Three."), Answered("Three.")),
    ]


class Heard:
    """A dialogue with nobody: what is written to it, and what it makes of lines."""

    def __init__(self, prompt: str = "Go.") -> None:
        self.written: list[dict[str, Any]] = []
        self.talk = Dialogue(self._write, stream=Stream(), prompt=prompt)

    @property
    def said(self) -> list[str]:
        return [each["message"] for each in self.written if each["type"] == "prompt"]

    def _write(self, data: bytes) -> None:
        self.written += map(json.loads, data.splitlines())

    def hear(self, *lines: object) -> list[Event]:
        return [e for line in lines for e in self.talk.hear(json.dumps(line).encode())]


def user(text: str) -> dict[str, Any]:
    return {"type": "message_end", "message": {"role": "user", "content": text}}


def told(id: str, success: bool = True) -> dict[str, Any]:
    return {"type": "response", "command": "prompt", "id": id, "success": success}


START, SETTLED = {"type": "agent_start"}, {"type": "agent_settled"}
ANSWER = {
    "type": "message_end",
    "message": {
        "role": "assistant",
        "content": [{"type": "text", "text": "Hi"}],
        "stopReason": "stop",
    },
}


def test_nothing_is_told_before_the_prompt_has_come_in_and_one_at_a_time() -> None:
    heard = Heard()
    assert [each["type"] for each in heard.written] == ["get_commands", "get_state"]
    heard.hear(told("state"))
    assert [each["type"] for each in heard.written] == ["get_commands", "get_state", "prompt"]
    heard.hear(told("prompt"), START)
    assert not heard.talk.listens.is_set()
    heard.hear(user("Go."))
    assert heard.talk.listens.is_set()
    heard.talk.tell("One.")
    assert heard.written[3]["message"] == "One."
    assert heard.written[3]["streamingBehavior"] == "steer"
    assert heard.hear(told("message"), ANSWER) == [Said("Hi")]
    assert not heard.talk.listens.is_set()
    assert heard.talk.pending
    assert heard.hear(user("One.")) == [Steered("One.")]
    assert heard.talk.listens.is_set()
    assert not heard.talk.pending


def listed(*names: str) -> dict[str, Any]:
    return told("commands") | {"data": {"commands": [{"name": name} for name in names]}}


@pytest.mark.parametrize("text", ["/deploy", "/deploy now", "/deploy\nnow", "/skill:x y"])
def test_a_text_that_a_command_would_take_gets_a_newline_and_no_other_does(text: str) -> None:
    heard = Heard(text)
    heard.hear(listed("deploy", "skill:x"), told("state"), told("prompt"), START, user("…"))
    heard.talk.tell(text)
    assert heard.said == [f"\n{text}"] * 2
    for plain in ("/deployed", " /deploy", "/llama", "deploy"):
        heard = Heard(plain)
        heard.hear(listed("deploy"))
        assert heard.said == [plain]


@pytest.mark.parametrize("first", [told("commands", success=False), told("state")])
def test_a_pi_that_lists_no_commands_is_taken_to_have_its_own(first: dict[str, Any]) -> None:
    heard = Heard("/llama is an animal")
    heard.hear(first, told("state"))
    assert heard.said == ["\n/llama is an animal"]


def test_a_message_that_comes_when_all_has_settled_begins_a_run() -> None:
    heard = Heard()
    heard.hear(told("prompt"), START, user("Go."), ANSWER, SETTLED)
    assert (heard.talk.over, heard.talk.pending) == (True, False)
    heard.talk.tell("And now?")
    assert (heard.talk.over, heard.talk.pending) == (True, True)
    assert heard.hear(told("message"), START, user("And now?")) == [Steered("And now?")]
    assert (heard.talk.over, heard.talk.pending) == (False, False)
    heard.hear(ANSWER, SETTLED)
    assert heard.talk.over


@pytest.mark.parametrize(
    "lines",
    [[told("message"), ANSWER, SETTLED], [ANSWER, SETTLED, told("message", success=False)]],
    ids=["left in its queue", "refused"],
)
def test_a_message_that_pi_did_not_tell_is_not_waited_for_nor_called_told(
    lines: list[dict[str, Any]],
) -> None:
    heard = Heard()
    heard.hear(told("prompt"), START, user("Go."))
    heard.talk.tell("Mind the gap.")
    assert "Steered" not in kinds(heard.hear(*lines))
    assert (heard.talk.over, heard.talk.pending) == (True, False)


def test_a_prompt_that_is_refused_ends_the_dialogue() -> None:
    heard = Heard()
    heard.hear(told("prompt", success=False))
    assert heard.talk.over


def test_a_run_is_stopped_by_word_before_pi_is_left() -> None:
    heard = Heard()
    assert heard.talk.last_words == b"", "nothing runs"
    heard.hear(told("prompt"), START)
    assert json.loads(heard.talk.last_words)["type"] == "abort"
    heard.hear(user("Go."), ANSWER, SETTLED)
    assert heard.talk.last_words == b""


def test_what_an_extension_asks_a_person_is_declined() -> None:
    heard = Heard()
    heard.hear({"type": "extension_ui_request", "id": "u1", "method": "confirm"})
    heard.hear({"type": "extension_ui_request", "id": "u2", "method": "notify"})
    assert heard.written[2:] == [{"type": "extension_ui_response", "id": "u1", "cancelled": True}]


async def test_what_comes_after_the_end_of_telling_stays_with_who_sent_it() -> None:
    messages, ready, said = queue_of("One."), asyncio.Event(), list[str]()
    ready.set()
    async with telling(messages, ready, said.append) as stop:
        await until(lambda: bool(said))
        stop()
        messages.put_nowait("Two.")
        await asyncio.sleep(0)
    assert said == ["One."]
    assert messages.qsize() == 1


def agent(url: str, pi: str, home: Path, **options: Any) -> Pi:
    to: dict[str, Any] = {"api": "anthropic-messages", "api_key_env": "SCRIPTED_KEY"}
    env = {"HOME": str(home), "SCRIPTED_KEY": "scripted-key"}
    return Pi("scripted", program=pi, base_url=url, env=env, tools=["bash"], **to, **options)


async def steered(
    real: Pi, ask: Ask, messages: asyncio.Queue[str], at: Callable[[Event], str]
) -> list[Event]:
    """The events of a request to which is said, at each event, what `at` gives."""
    events: list[Event] = []
    async with asyncio.timeout(60), aclosing(real.run(ask)) as run:
        async for event in run:
            events.append(event)
            if said := at(event):
                messages.put_nowait(said)
    return events


def sent(model: ScriptedModel, number: int) -> list[Any]:
    """What the conversation was in a request."""
    return [
        part.get("text") or part["type"]
        for message in model.requests[number].body["messages"]
        for part in message["content"]
    ]


@pytest.mark.live
async def test_smoke_the_real_pi_is_told_while_a_tool_runs_and_when_it_has_answered(
    pi: str, tmp_path: Path
) -> None:
    messages = queue_of()
    script: list[Step] = [
        ToolCall("bash", {"command": "sleep 1; echo done"}),
        Text("Minded."),
        Text("Thrice."),
    ]

    def at(event: Event) -> str:
        if isinstance(event, ToolCalled):
            return "Mind the gap."
        return "/say it thrice." if event == Said("Minded.") else ""

    with ScriptedModel(script) as model:
        real = agent(model.url, pi, tmp_path)
        ask = Ask(prompt="Go.", cwd=tmp_path, messages=messages)
        events = await steered(real, ask, messages, at)
        told = [event for event in events if isinstance(event, Steered | Answered | ToolReturned)]
        assert [type(each) for each in told] == [ToolReturned, Steered, Steered, Answered]
        assert told[1:] == [
            *(Steered("Mind the gap."), Steered("/say it thrice.")),
            Answered("Thrice."),
        ]
        history = ["Go.", "tool_use", "tool_result", "Mind the gap.", "Minded.", "/say it thrice."]
        assert sent(model, 2) == history
        session = next(event.session for event in events if isinstance(event, Started))
        again = Ask(prompt="Go.", cwd=tmp_path, session=session, followup="And then?")
        await events_of(real, again, 60)
        assert sent(model, -1) == [*history, "Thrice.", "And then?"]


@pytest.mark.live
async def test_a_message_is_told_although_the_stream_before_it_was_cut(
    pi: str, tmp_path: Path
) -> None:
    messages = queue_of("One.", "Two.")
    with ScriptedModel([Text("Aye.", pause_s=0.5), Cut("Half"), Text("Whole.")]) as model:
        ask = Ask(prompt="Go.", cwd=tmp_path, messages=messages)
        events = await events_of(agent(model.url, pi, tmp_path), ask, 60)
    assert [event for event in events if isinstance(event, Steered)] == [
        *(Steered("One."), Steered("Two.")),
    ]
    assert events[-1] == Answered("Whole.")


@pytest.mark.live
async def test_many_messages_at_any_moment_are_all_told_once_and_in_order(
    pi: str, tmp_path: Path
) -> None:
    messages, all_of_them = queue_of(), [f"Message {number}." for number in range(20)]
    left = iter(all_of_them)
    with ScriptedModel([Text("Heard.", pieces=3)]) as model:
        ask = Ask(prompt="Go.", cwd=tmp_path, messages=messages)
        events = await steered(
            agent(model.url, pi, tmp_path), ask, messages, lambda event: next(left, "")
        )
    assert [event.text for event in events if isinstance(event, Steered)] == all_of_them
    told = [text for text in sent(model, -1) if text.startswith("Message")]
    assert told == all_of_them


@pytest.mark.live
async def test_an_extension_that_asks_a_person_does_not_stop_the_run(
    pi: str, tmp_path: Path
) -> None:
    extension = tmp_path / "asks.ts"
    extension.write_text(
        "export default (pi) => pi.on('before_agent_start', async (_, ctx) => {\n"
        "  await ctx.ui.confirm('Sure?', 'Really?');\n"
        "});\n"
    )
    with ScriptedModel([Text("Done.")]) as model:
        real = agent(model.url, pi, tmp_path, arguments=["--extension", str(extension)])
        events = await events_of(real, Ask(prompt="Go.", cwd=tmp_path, idle_s=20), 60)
    assert events[-1] == Answered("Done.")
