"""The input of a run as fields to change, by the schema of its workflow."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from smithers.errors import WrongAnswer
from smithers.forms import Form
from smithers.texts import object_from, strict_json
from smithers.values import dataclass
from smithers.web.pages._answers import Input, inputs_of, value_of

if TYPE_CHECKING:
    from smithers.hub import Hub
    from smithers.views import RunView

__all__ = ["RunInput", "input_of"]

_WHOLE = "input"


@dataclass(frozen=True, kw_only=True)
class RunInput:
    """What a run was given, and the form that changes it; None where the schema is not known."""

    old: Mapping[str, Any]
    form: Form | None

    def inputs(self, mask: Callable[[str], str]) -> list[Input]:
        """The inputs, each with its value of now."""
        if self.form is None:
            text = json.dumps(self.old, indent=2, ensure_ascii=False)
            return [Input(name=_WHOLE, label="Input", kind="json", type="object", value=mask(text))]
        return [
            replace(one, value=mask(self._shown(one))) if self._name(one) in self.old else one
            for one in inputs_of(self.form)
            if one.name.startswith("field.")
        ]

    def _name(self, one: Input) -> str:
        return one.name.removeprefix("field.")

    def _shown(self, one: Input) -> str:
        """A value as it stands in its input: a text as it is, other data as JSON."""
        value = self.old[self._name(one)]
        if isinstance(value, str) and (one.kind == "text" or value in one.choices):
            return value
        return json.dumps(value, ensure_ascii=False)

    def changed(
        self, given: Mapping[str, str], mask: Callable[[str], str]
    ) -> dict[str, Any] | None:
        """The input that the form says; None if nothing was changed. What was left as
        it was shown keeps its value, which a mask may have hidden. Raises `WrongAnswer`.
        """
        touched = {
            one.name: given[one.name]
            for one in self.inputs(mask)
            if one.name in given and given[one.name] != one.value.replace("\r\n", "\n")
        }
        if not touched:
            return None
        if self.form is None:
            return _object(touched[_WHOLE])
        gone = {name.removeprefix("field.") for name, text in touched.items() if not text}
        kept = {name: value for name, value in self.old.items() if name not in gone}
        return {**kept, **value_of(self.form, touched)}


def _object(text: str) -> dict[str, Any]:
    try:
        found = strict_json(text)
    except (ValueError, RecursionError) as error:
        raise WrongAnswer(f"the input is not JSON: {error}", hint="correct it") from None
    if not isinstance(found, dict):
        raise WrongAnswer("the input is not an object", hint='write it as {"field": value}')
    return cast("dict[str, Any]", found)


def input_of(hub: Hub, run: RunView, *, is_described: bool) -> RunInput:
    """The input of a run, with its schema if its file can be imported and is trusted."""
    schema = None
    for one in hub.workflows([Path(run.file)]) if is_described else ():
        if one.get("workflow") == run.workflow:
            schema = one.get("input_schema")
    form = None if schema is None else Form(kind="data", schema=schema)
    return RunInput(old=object_from(run.input) or {}, form=form)
