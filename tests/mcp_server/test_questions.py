"""A person answers a question in a form of their client; without one, a command is named."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from mcp.server.elicitation import render_elicitation_schema
from mcp.types import ElicitResult
from pydantic import BaseModel, Field, TypeAdapter, create_model

from mcp_server._forms import form_of, hard_fields, value_of
from smithers.forms import Form
from tests.mcp_server.serving import Calls, Era, Project, human, in_both_eras

pytestmark = pytest.mark.anyio


async def asking(call: Calls) -> str:
    run_id: str = (await call("start_run", workflow="asks_people"))["run_id"]
    waited = await call("wait_run", run_id=run_id, timeout_s=50)
    assert waited["status"] == "waiting"
    return run_id


def answers(project: Project, run_id: str, task: str) -> Any:
    found = project.hub.list_asks(run_id)
    return [one for one in found if one.task == task]


@pytest.mark.sampled(1)
@in_both_eras
async def test_a_person_answers_in_the_form_of_their_client(project: Project, era: Era) -> None:
    shown: list[str] = []
    given: dict[str, dict[str, Any]] = {
        "colour": {"answer": "green", "note": "as agreed"},
        "plan": {"days": 2, "parts": ["docs"]},
        "title": {"answer": "Wales"},
    }

    async def person(message: str) -> ElicitResult:
        shown.append(message)
        task = next(one for one in given if f"answer to {one} " in message)
        return ElicitResult(action="accept", content=given[task])

    async with project.client(era, answers=person) as call:
        run_id = await asking(call)
        colour = await call("answer", run_id=run_id, task="colour")
        assert (colour["answer"], colour["approved"], colour["note"]) == (
            "green",
            None,
            "as agreed",
        )
        assert colour.line.startswith("colour was answered by ")
        assert (await call("answer", run_id=run_id, task="plan"))["answer"] == given["plan"]
        assert (await call("answer", run_id=run_id, task="title"))["answer"] == "Wales"
        assert "CONFLICT" in (await call("answer", run_id=run_id, task="colour")).error
        hard = await call("answer", run_id=run_id, task="steps")
        assert "NOT_DECIDED: a client cannot ask a person for steps (list of string)" in hard.error
        assert "smithers answer " in hard.error
        asks = (await call("list_asks", run_id=run_id))["asks"]
        assert [one["task"] for one in asks] == ["steps"]
        assert asks[0]["form"] == ["Steps", "steps (list of string, required)"]
    assert [message.partition("\n\n")[2] for message in shown] == [
        "Which colour?",
        "Which plan?",
        "Which title?",
    ]


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    ("task", "content", "wrong"),
    [
        ("colour", {"answer": "red"}, "'red' is not one of the choices"),
        ("plan", {"days": 0}, "days: 0 is less than the minimum of 1"),
        ("plan", {"days": "two"}, "days: 'two' is not of type 'integer'"),
    ],
)
async def test_an_answer_that_does_not_fit_is_not_recorded(
    project: Project, era: Era, task: str, content: dict[str, Any], wrong: str
) -> None:
    async with project.client(era, answers=human("accept", **content)) as call:
        run_id = await asking(call)
        said = await call("answer", run_id=run_id, task=task)
        assert f"NOT_DECIDED: the answer does not fit: {wrong}" in said.error
        assert len(await asyncio.to_thread(answers, project, run_id, task)) == 1


async def test_a_person_who_declines_leaves_the_question_open(project: Project, era: Era) -> None:
    async with project.client(era, answers=human("decline")) as call:
        run_id = await asking(call)
        said = await call("answer", run_id=run_id, task="colour")
        assert "NOT_DECIDED: the question was answered with 'decline'" in said.error
        assert said.error.count("--choice=") == 2
        assert len(await asyncio.to_thread(answers, project, run_id, "colour")) == 1


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


class Inner(BaseModel):
    a: int


def form(kind: Any) -> Form:
    schema = TypeAdapter(kind).json_schema()
    return Form(kind="data", schema=schema)


PRIMITIVE: list[tuple[Any, dict[str, Any]]] = [
    (int, {"type": "integer"}),
    (Annotated[float, Field(ge=0, le=1)], {"type": "number", "minimum": 0, "maximum": 1}),
    (bool, {"type": "boolean"}),
    (Annotated[str, Field(max_length=5)], {"type": "string", "maxLength": 5}),
    (date, {"type": "string", "format": "date"}),
    (datetime, {"type": "string", "format": "date-time"}),
    (UUID, {"type": "string"}),
    (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
    (Literal["a"], {"type": "string", "enum": ["a"]}),
    (list[Size], {"type": "array", "items": {"type": "string", "enum": ["small", "large"]}}),
    (int | None, {"type": "integer"}),
]


@pytest.mark.parametrize(("kind", "wanted"), PRIMITIVE)
async def test_what_a_client_can_ask_for_is_a_field_of_its_form(
    kind: Any, wanted: dict[str, Any]
) -> None:
    other = (kind, Field(default=None, description="Not needed."))
    asked = form(create_model("Model", needed=(kind, ...), other=other))
    assert hard_fields(asked) == []
    rendered = render_elicitation_schema(form_of(asked))
    shown = rendered["properties"]["needed"]
    assert {name: shown[name] for name in wanted} == wanted
    assert rendered["properties"]["other"]["description"] == "Not needed."
    assert rendered.get("required", []) == ([] if kind == int | None else ["needed"])
    alone = render_elicitation_schema(form_of(form(kind)))["properties"]["answer"]
    assert {name: alone[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    "kind", [list[str], dict[str, int], Inner, int | str, Literal[1, 2], list[Inner], Any]
)
async def test_what_a_client_cannot_ask_for_is_named(kind: Any) -> None:
    (named,) = hard_fields(form(create_model("Model", fine=(int, ...), hard=(kind, ...))))
    assert named.startswith("hard (")


async def test_a_field_that_may_be_null_is_null_if_it_is_left_out() -> None:
    class Model(BaseModel):
        needed: int | None
        other: int | None = 7

    asked = form(Model)
    empty = form_of(asked).model_validate({})
    assert value_of(asked, empty) == ({"needed": None}, None)
