"""The form of a question as inputs, and what they say as an answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from smithers.errors import WrongAnswer
from smithers.texts import strict_json
from smithers.values import dataclass

if TYPE_CHECKING:
    from smithers.forms import Form
    from smithers.schemas import Field, Schema

__all__ = ["Input", "inputs_of", "value_of"]

_WHOLE = "answer"


@dataclass(frozen=True, kw_only=True)
class Input:
    """One input. `choices` are JSON texts or words; an input of JSON says so in `type`."""

    name: str
    label: str
    kind: Literal["choice", "text", "number", "json"]
    type: str
    about: str = ""
    choices: tuple[str, ...] = ()
    value: str = ""
    is_required: bool = True


def inputs_of(form: Form) -> list[Input]:
    """The inputs of a form; none of a decision, which has two buttons."""
    match form.kind:
        case "decision":
            return []
        case "choice":
            return [
                Input(
                    name=_WHOLE, label="Answer", kind="choice", type=form.type, choices=form.choices
                )
            ]
        case "text":
            return [Input(name=_WHOLE, label="Answer", kind="text", type="text")]
        case "data":
            if form.fields:
                return [_input(field) for field in form.fields]
            return [_of(_WHOLE, "Answer", form.type, form.primitive)]


def _input(field: Field) -> Input:
    return _of(
        f"field.{field.name}",
        field.name,
        field.type,
        None if field.may_be_null else field.primitive,
        about=field.description,
        value=_default(field),
        is_required=field.is_required,
    )


def _default(field: Field) -> str:
    """What stands in the input at first: a text as it is, other data as JSON."""
    if field.default is None or field.default == "null":
        return ""
    found = json.loads(field.default)
    is_text = isinstance(found, str) and field.primitive is not None and not field.may_be_null
    return found if is_text else field.default


def _of(
    name: str,
    label: str,
    type: str,
    primitive: Schema | None,
    *,
    about: str = "",
    value: str = "",
    is_required: bool = True,
) -> Input:
    kind, choices = _kind(primitive)
    return Input(
        name=name,
        label=label,
        kind=kind,
        type=type,
        about=about,
        choices=choices,
        value=value,
        is_required=is_required,
    )


def _kind(
    primitive: Schema | None,
) -> tuple[Literal["choice", "text", "number", "json"], tuple[str, ...]]:
    if primitive is None:
        return "json", ()
    if texts := primitive.get("enum"):
        return "choice", tuple(texts)
    match primitive.get("type"):
        case "string":
            return "text", ()
        case "integer" | "number":
            return "number", ()
        case "boolean":
            return "choice", ("true", "false")
        case _:
            return "json", ()


def value_of(form: Form, given: Mapping[str, str]) -> Any:
    """The answer that the inputs say. Raises `WrongAnswer` for a text that is not of its type; what
    else the form wants is for `Form.check`.
    """
    if form.kind != "data":
        return given.get(_WHOLE, "")
    if not form.fields:
        return _read(inputs_of(form)[0], form.primitive, given.get(_WHOLE, ""))
    found: dict[str, Any] = {}
    for field in form.fields:
        one, text = _input(field), given.get(f"field.{field.name}")
        if text is None or (not text and not field.is_required):
            continue  # it has its default
        found[field.name] = _read(one, None if field.may_be_null else field.primitive, text)
    return found


def _read(one: Input, primitive: Schema | None, text: str) -> Any:
    if primitive is not None and primitive.get("type") == "string":
        return text
    try:
        return strict_json(text.strip())
    except (ValueError, RecursionError):
        raise WrongAnswer(
            f"{one.label}: {text[:80]!r} is not {one.type}", hint="write it as JSON"
        ) from None
