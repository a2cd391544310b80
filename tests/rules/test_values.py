"""DESIGN 4: state keeps what it was given; texts for looking are masked; surrogates, sizes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from typing import Any, cast

import pytest
from pydantic import BaseModel, ConfigDict, Field, computed_field
from pydantic.alias_generators import to_camel

from smithers import (
    Approval,
    Attempt,
    Branch,
    Context,
    ForEach,
    Node,
    NoInput,
    Sequence,
    Step,
    Task,
    workflow,
)
from smithers.agent import Answered, Ask, Capabilities, Event, Said, Started, ToolCalled
from smithers.changes import AttemptStarted, Key, WaitClosed
from smithers.errors import Permanent
from smithers.secrets import Secrets
from tests.rules.agents import Scripted
from tests.rules.runs import Run

SECRET = 'sk-"very"\\secret\u00fc-0123456789'
ENVIRONMENT = {
    "ACME_API_KEY": SECRET,
    "DB_PASSWORD": "two-lines-of-it\nand-the-second-one",
    "SHORT_KEY": "1234567",
    "HOME": "/home/somebody",
    "SSH_KEY": "/home/somebody/.ssh/id",
}
PARTS = [SECRET, "two-lines-of-it", "and-the-second-one"]


class Note(BaseModel):
    text: str
    by: dict[str, str] = {}


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for pair in cast("dict[object, object]", value).items():
            yield from texts(pair)
    elif isinstance(value, list | tuple):
        for one in cast("list[object]", value):
            yield from texts(one)


def check_masked(run: Run) -> None:
    """Streams, events and errors show no secret."""
    shown = [path.read_text() for path in run.folder.rglob("*") if path.is_file()]
    shown += texts([asdict(event) for _, event in run.watch.events])
    shown += [
        text
        for frame in run.watch.frames
        for change in frame.changes
        for text in texts(asdict(change).get("error"))
    ]
    assert any("${" in text for text in shown)
    for text in shown:
        for part in PARTS:
            for form in (part, json.dumps(part)[1:-1], json.dumps(part, ensure_ascii=False)[1:-1]):
                assert form not in text


def prompts(run: Run) -> list[str | None]:
    changes = [change for frame in run.watch.frames for change in frame.changes]
    return [change.prompt for change in changes if isinstance(change, AttemptStarted)]


class Leaks:
    """An agent that says the secret wherever it can."""

    name = "leaks"
    can = Capabilities(resumes=True)

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        yield Started("s")
        yield Said(f"I found {SECRET}")
        yield ToolCalled(call="1", name="Bash", arguments={"command": f"echo {SECRET}"})
        if "fail" in ask.prompt:
            raise Permanent(f"refused {SECRET}", hint=f"unset {SECRET}")
        yield Answered(f"the key is {SECRET} and {PARTS[1]}")


def test_state_keeps_secrets_as_they_were_given_and_texts_for_looking_are_masked() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        task = Task("task", agent=Leaks(), prompt=f"use {SECRET}")
        bad = Task("bad", agent=Leaks(), prompt="fail", on_failure="continue")

        def boom() -> None:
            raise ValueError(f"with {SECRET} in it")

        def note(attempt: Attempt) -> dict[str, list[str]]:
            attempt.heartbeat(f"note {SECRET}")
            return {SECRET: [PARTS[2], "1234567", "/home/somebody"]}

        step = Step("step", note)
        raises = Step("raises", boom, on_failure="continue")
        branch = Branch(lambda: SECRET in ctx[task], Step("arm", lambda: 1), id="branch")
        ok = Approval("ok", ask=lambda: f"ok? {SECRET}")
        model = Step("model", lambda: Note(text=SECRET, by={"a": SECRET}), output=Note)
        return Sequence(task, bad, step, raises, branch, model, ok)

    run = Run(flow, secrets=Secrets(ENVIRONMENT))
    assert run.go().status == "waiting"
    run.answer("ok", by="ann", note=f"said {SECRET}")
    assert run.go().status == "finished"
    assert json.loads(run.output("task") or "") == f"the key is {SECRET} and {PARTS[1]}"
    assert run.outcome("arm") == "finished", "a reader gets what was answered"
    given = {SECRET: [PARTS[2], "1234567", "/home/somebody"]}
    assert json.loads(run.output("step") or "") == given
    assert json.loads(run.output("model") or "") == {"text": SECRET, "by": {"a": SECRET}}
    assert json.loads(run.output("ok") or "")["note"] == f"said {SECRET}"
    assert prompts(run)[0] == f"use {SECRET}"
    check_masked(run)


def test_the_digest_of_an_approval_is_over_the_text_that_was_asked() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Approval("ok", ask=f"ok? {SECRET}")

    run = Run(flow, secrets=Secrets(ENVIRONMENT))
    assert run.go().status == "waiting"
    wait = run.state.waits[Key("ok"), "approval"].opened
    assert wait.asked == f"ok? {SECRET}"
    assert wait.digest == hashlib.sha256(f"ok? {SECRET}".encode()).hexdigest()


def test_a_secret_in_a_denial_is_masked_in_its_error_alone() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Approval("ok", ask="ok?")

    run = Run(flow, secrets=Secrets(ENVIRONMENT))
    run.go()
    run.answer("ok", approved=False, note=f"because {SECRET}")
    ended = run.go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert ended.error.message == "ok failed: denied by ann: because ${ACME_API_KEY}"
    closed = [
        change
        for frame in run.watch.frames
        for change in frame.changes
        if isinstance(change, WaitClosed)
    ]
    assert json.loads(closed[-1].answer or "")["note"] == f"because {SECRET}"
    check_masked(run)


def test_the_prompt_that_the_agent_gets_is_whole() -> None:
    agent = Scripted()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Task("task", agent=agent, prompt=f"use {SECRET}")

    assert Run(flow, secrets=Secrets(ENVIRONMENT)).go().status == "finished"
    assert agent.asks[0].prompt == f"use {SECRET}"
    assert agent.asks[0].scrub(SECRET) == "${ACME_API_KEY}"


LONE = "a\ud800b\udfffc"
WHOLE = "a\ufffdb\ufffdc"


def test_lone_surrogates_become_u_fffd_everywhere() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def boom() -> None:
            raise ValueError(LONE)

        return Sequence(
            Task("task", agent=Scripted(f"answer {LONE}"), prompt=f"prompt {LONE}"),
            Task("model", agent=Scripted('{"text": "a\\ud800b\\udfffc"}'), prompt="p", output=Note),
            Step("step", lambda: [LONE, {LONE: LONE}]),
            Step("text", lambda: LONE, output=str),
            Step("made", lambda: Note(text="x").model_copy(update={"text": LONE}), output=Note),
            Step("raises", boom, on_failure="continue"),
            Approval("ok", ask=f"ask {LONE}"),
        )

    run = Run(flow)
    assert run.go().status == "waiting"
    wait = run.state.waits[Key("ok"), "approval"].opened
    assert wait.asked == f"ask {WHOLE}"
    run.answer("ok")
    assert run.go().status == "finished"
    assert run.output("task") == f'"answer {WHOLE}"'
    assert run.output("model") == f'{{"text":"{WHOLE}","by":{{}}}}'
    assert run.output("step") == f'["{WHOLE}",{{"{WHOLE}":"{WHOLE}"}}]'
    assert run.output("text") == f'"{WHOLE}"'
    assert run.output("made") == f'{{"text":"{WHOLE}","by":{{}}}}'
    error = run.state.ended[Key("raises")].error
    assert error is not None
    assert error.message == f"ValueError: {WHOLE}"
    for frame in run.watch.frames:
        assert "\\ud800" not in repr(frame)


def test_nul_is_kept() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        step = Step("step", lambda: "a\x00b")
        return Sequence(step, Step("read", lambda: ctx[step] == "a\x00b"))

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.output("step") == '"a\\u0000b"'
    assert run.output("read") == "true"


@pytest.mark.parametrize("kind", ["text", "json", "braces"])
def test_an_output_of_5_mb_is_kept(kind: str) -> None:
    big = "x" * 5_000_000
    said = {"text": big, "json": f'Here: {{"text": "{big}"}}.', "braces": "{" * 5_000_000}[kind]
    output: Any = str if kind != "json" else Note

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        task: Task[Any] = Task("task", agent=Scripted(said), prompt="p", output=output)
        return Sequence(task, Step("read", lambda: len(str(ctx[task]))))

    run = Run(flow)
    assert run.go(within_s=10).status == "finished"
    assert int(run.output("read") or 0) >= 5_000_000


def test_5_mb_of_open_braces_are_no_answer_and_cost_little() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Task("task", agent=Scripted("{" * 5_000_000), prompt="p", output=Note)

    assert Run(flow).go(within_s=10).status == "failed"


def test_numbers_that_json_has_not_are_refused_where_they_are_given() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        step = Step("step", lambda: float("nan"), output=float, on_failure="continue")
        return Sequence(step, Step("read", lambda: ctx.get(step)))

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.outcome("step") == "failed"


def test_the_keys_of_items_are_kept_even_if_they_hold_a_secret() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return ForEach(
            lambda: [PARTS[1]], key=str, each=lambda one: Step(one, lambda: 1), id="each"
        )

    run = Run(flow, secrets=Secrets(ENVIRONMENT))
    assert run.go().status == "finished"
    assert run.outcome(PARTS[1]) == "finished"


class Camel(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)
    first_name: str
    nothing: int | None = None

    @computed_field
    def shown(self) -> str:
        return self.first_name.upper()


def test_a_model_with_aliases_and_computed_fields_is_read_back() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        made = Step("made", lambda: Camel(first_name="ann"), output=Camel)
        told = Task("told", agent=Scripted('{"firstName": "bob"}'), prompt="p", output=Camel)
        return Sequence(made, told, Step("read", lambda: [ctx[made].shown, ctx[told].shown]))

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.output("read") == '["ANN","BOB"]'
    assert run.output("told") == '{"firstName":"bob","nothing":null}'


class OneWay(BaseModel):
    name: str = Field(validation_alias="given", serialization_alias="shown")


def test_a_model_that_cannot_be_read_back_is_told_when_it_is_written() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Step("made", lambda: OneWay.model_validate({"given": "x"}), output=OneWay)

    run = Run(flow)
    ended = run.go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert ended.error.kind == "BadOutput"
