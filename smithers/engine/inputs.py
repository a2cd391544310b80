"""The input of a run: JSON text, whose fields its model knows; most often one is misspelt."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    BeforeValidator,
    PlainValidator,
    WrapValidator,
)
from pydantic.fields import FieldInfo

from smithers.errors import Refused
from smithers.examples import example_of
from smithers.texts import near_name, strict_json
from smithers.tree import not_finite
from smithers.workflows import Workflow

__all__ = ["given_or_made", "input_text", "refuse_unknown_fields"]

_Found = tuple[str, type[BaseModel], str]


def input_text(given: str | None) -> str:
    """The input as it is kept: JSON in UTF-8, `{}` for None. Raises `Refused`."""
    text = "{}" if given is None else given
    try:
        text.encode()
        value = strict_json(text, finite=False)
    except UnicodeEncodeError as error:
        raise Refused("the input is not UTF-8 text") from error
    except ValueError as error:
        raise Refused(
            f"the input is not JSON: {error}", hint='for example --input \'{"topic": "whales"}\''
        ) from error
    except RecursionError as error:
        raise Refused("the input is nested too deeply") from error
    if (found := not_finite(value)) is not None:  # Python reads NaN, and 1e999 as Infinity
        raise Refused(
            f"in the input, {found}", hint="write a number, or null if the field allows it"
        )
    return text


def given_or_made(workflow: Workflow[Any, Any], given: str | None) -> tuple[BaseModel, str]:
    """The input that was given, or one that is made from its types, also as JSON text. What has a
    default keeps it; a list that must be given has one item, so that what is made of it is seen.

    Raises `Refused` for an input that does not fit, and if none could be made.
    """
    if given is not None:
        text = input_text(given)
        parsed: BaseModel = workflow.parse_input(text)
        refuse_unknown_fields(parsed, text)
        return parsed, text
    schema = workflow.input.model_json_schema()
    text = json.dumps(example_of(schema, schema, few=1), ensure_ascii=False)
    try:
        return workflow.parse_input(text), text
    except Refused as error:
        said = f"no input of {workflow.input.__name__} could be made from its types"
        raise Refused(said, hint='give one: --input \'{"name": "value"}\'') from error


def refuse_unknown_fields(value: BaseModel, text: str) -> None:
    """Raises `Refused` where `text`, of which `value` was made, has fields that nobody will read.

    pydantic drops them in silence. A model that says what it wants of them, with `extra` in its
    config, has its way, and so has one whose own validator may take them.
    """
    told = [_told(*found) for found in _unknown(value, json.loads(text), "")]
    if told:
        raise Refused(
            "\n".join(told),
            hint="leave it out, or set extra='ignore' or 'allow' in the model_config of the model",
        )


def _told(name: str, model: type[BaseModel], at: str) -> str:
    known = [field.alias or key for key, field in model.model_fields.items()]
    near = near_name(name, known)
    meant = f"did you mean {near!r}?" if near else f"its fields are: {', '.join(known) or 'none'}"
    where = f" at {at} in the input" if at else ""
    return f"{model.__name__}{where} has no field {name!r}; {meant}"


def _unknown(value: object, given: object, at: str) -> Iterator[_Found]:
    """The fields that are in `given` and not in the model that `value` is of, at any depth."""
    if isinstance(value, BaseModel) and value.__pydantic_root_model__:
        yield from _unknown(cast("Any", value).root, given, at)
    elif isinstance(value, BaseModel) and isinstance(given, dict):
        yield from _of_model(value, cast("dict[str, object]", given), at)
    elif isinstance(value, list | tuple) and isinstance(given, list):
        both = zip(cast("list[object]", value), cast("list[object]", given), strict=False)
        for number, (one, raw) in enumerate(both):
            yield from _unknown(one, raw, f"{at}[{number}]")
    elif isinstance(value, Mapping) and isinstance(given, dict):
        items = cast("dict[object, object]", given)
        for key, one in cast("Mapping[object, object]", value).items():
            yield from _unknown(one, items.get(key), _below(at, key))


def _of_model(value: BaseModel, given: dict[str, object], at: str) -> Iterator[_Found]:
    model = type(value)
    names = {key: {key, *_aliases(field)} for key, field in model.model_fields.items()}
    if model.model_config.get("extra") is None and not _takes_all(model):
        known = set[str]().union(*names.values())
        yield from ((name, model, at) for name in given if name not in known)
    for key in names.keys() - _made_elsewise(model):
        for name in names[key] & given.keys():
            yield from _unknown(getattr(value, key), given[name], _below(at, name))


def _below(at: str, key: object) -> str:
    return f"{at}.{key}" if at else str(key)


def _takes_all(model: type[BaseModel]) -> bool:
    """Whether a validator of the model sees the input before pydantic does."""
    found = model.__pydantic_decorators__.model_validators.values()
    return any(one.info.mode != "after" for one in found)


def _made_elsewise(model: type[BaseModel]) -> set[str]:
    """The fields that a validator of theirs may make of something else than they are."""
    validators = model.__pydantic_decorators__.field_validators.values()
    found = {name for one in validators if one.info.mode != "after" for name in one.info.fields}
    for name, field in model.model_fields.items():
        if any(
            isinstance(one, BeforeValidator | WrapValidator | PlainValidator)
            for one in field.metadata
        ):
            found.add(name)
    return found


def _aliases(field: FieldInfo) -> set[str]:
    """The names under which a field may be given, besides its own."""
    validation = field.validation_alias
    choices = validation.choices if isinstance(validation, AliasChoices) else [validation]
    found = {str(one.path[0]) if isinstance(one, AliasPath) else one for one in choices}
    return {name for name in (*found, field.alias) if name is not None}
