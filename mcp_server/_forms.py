"""A form that a client shows to a person, made from what the answer to a question must be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, Field, WithJsonSchema, create_model

from smithers.hub import Form

__all__ = ["Reply", "form_of", "hard_fields", "value_of"]

_ANSWER, _NOTE = "answer", "note"


class Reply(BaseModel):
    """What a person fills in; each question has a class of its own below this."""


class Choice(Reply):
    """What a person is asked for. Nothing is chosen beforehand."""

    decision: Literal["approve", "deny"] = Field(description="Approve or deny.")
    note: str = Field(default="", description="Why, for the record; may be left empty.")


def hard_fields(form: Form) -> list[str]:
    """What a client cannot ask a person for: clients show texts, numbers, booleans and choices."""
    if form.kind != "data":
        return []
    if form.fields:
        return [f"{one.name} ({one.type})" for one in form.fields if one.primitive is None]
    return [form.type] if form.primitive is None else []


def form_of(form: Form) -> type[Reply]:
    """The form of a question without hard fields."""
    if form.kind == "decision":
        return Choice
    note = (str, Field(default="", description="A remark for the record; may be left empty."))
    if form.kind == "choice":
        schema: Mapping[str, Any] | None = {"type": "string", "enum": list(form.choices)}
    elif form.kind == "text":
        schema = {"type": "string", "minLength": 1}
    else:
        schema = form.primitive
    if not form.fields:
        given: dict[str, Any] = {_ANSWER: (_typed(schema), Field(description="The answer."))}
        return create_model("Answer", __base__=Reply, **given, note=note)
    fields = {
        _name(number): (
            _typed(one.primitive),
            Field(... if one.is_required and not one.may_be_null else None, alias=one.name),
        )
        for number, one in enumerate(form.fields)
    }
    return create_model("Answer", __base__=Reply, **cast("dict[str, Any]", fields))


def value_of(form: Form, reply: Reply) -> tuple[object, str | None]:
    """The answer that a person gave in a form, and their note."""
    found = reply.model_dump(exclude_unset=True)
    note = None if form.fields else str(found.get(_NOTE) or "") or None
    if isinstance(reply, Choice):
        return reply.decision, note
    if not form.fields:
        return found[_ANSWER], note
    numbered = {_name(number): one for number, one in enumerate(form.fields)}
    given = {numbered[name].name: value for name, value in found.items()}
    required = [one for one in form.fields if one.is_required and one.name not in given]
    return {**given, **{one.name: None for one in required}}, None


def _name(number: int) -> str:
    return f"field_{number}"


def _typed(schema: Mapping[str, Any] | None) -> Any:
    """Any value, which is shown by this schema; it is validated when it is recorded."""
    assert schema is not None, "it has a hard field"
    return Annotated[Any, WithJsonSchema(dict(schema))]
