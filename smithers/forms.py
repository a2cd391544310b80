"""What the answer to a question must be, kept with the question.

The row of a wait holds its form, so that an answer is validated where it is given: by a command, a
page or a server, none of which loads the author's file. The owner of the run validates it again,
with the author's own model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from functools import lru_cache
from typing import Any, Literal, cast

from smithers.errors import WrongAnswer
from smithers.examples import example_of
from smithers.schemas import Field, Schema, fields_of, primitive_of, type_words
from smithers.texts import near_name, object_from
from smithers.values import dataclass

__all__ = ["DECISION", "Form"]

FormKind = Literal["decision", "choice", "text", "data"]


@dataclass(frozen=True, kw_only=True)
class Form:
    """What an answer must be: one of `choices` (a decision is one of two), a text, or data of a
    JSON schema, whose model is `model`. If the run has refused an answer, `refused` says why and
    `given` is that answer. With `may_deny`, a person may deny instead. A denial sends the tasks of
    `sends_back` back; without them it fails what asks, unless it `denies_softly`.

    `does` has what the first tasks do that the answer lets run, by id, as it was when the question
    was asked: `command`, `agent`, `prompt` (its first line), `permissions`, `function` and `cwd`,
    each if the author wrote it out; `computed` is which of them a callable gives.
    """

    kind: FormKind
    choices: tuple[str, ...] = ()
    schema: Schema | None = None
    model: str | None = None
    refused: str | None = None
    given: object = None
    may_deny: bool = False
    denies_softly: bool = False
    sends_back: tuple[str, ...] = ()
    does: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])

    @classmethod
    def from_row(cls, row: str | None) -> Form:
        """The form of a wait; one without a row is a decision."""
        found = object_from(row)
        if found is None:
            return DECISION
        known: dict[str, Any] = {name: found[name] for name in _FIELDS if name in found}
        known["choices"] = tuple(found.get("choices", ()))
        known["sends_back"] = tuple(found.get("sends_back", ()))
        return cls(**known)

    def row(self) -> str:
        """The form as JSON text."""
        given = {name: getattr(self, name) for name in _FIELDS}
        return json.dumps(
            {name: value for name, value in given.items() if value or name == "kind"},
            ensure_ascii=False,
        )

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields of an answer that is an object; none if it is not."""
        return tuple(fields_of(self.schema or {}))

    @property
    def lines(self) -> tuple[str, ...]:
        """What an answer is, in words: its type, and a line for each field."""
        return (self.type, *(field.line for field in self.fields))

    @property
    def primitive(self) -> Schema | None:
        """The schema of an answer that is not an object; see `primitive_of`."""
        schema = self.schema or {}
        return None if self.fields else primitive_of(schema, schema)

    @property
    def type(self) -> str:
        """What an answer is, in words."""
        match self.kind:
            case "decision" | "choice":
                return " or ".join(self.choices)
            case "text":
                return "text"
            case "data":
                schema = self.schema or {}
                return type_words(schema, schema)

    @property
    def example(self) -> object:
        """Data that fits, with the fields that are required; None if none was found."""
        found = example_of(self.schema or {}, self.schema or {})
        try:
            self.check(found, closed=False)
        except WrongAnswer:
            return None
        return found

    def check(self, value: object, *, what: str = "answer", closed: bool = True) -> None:
        """Raises `WrongAnswer` if a value is not an answer, with each field that does not fit. Of
        a form that is not `closed`, other fields are ignored.
        """
        match self.kind:
            case "decision" | "choice":
                if value not in self.choices:
                    raise WrongAnswer(
                        f"{value!r} is not one of the choices", hint=_nearest(value, self.choices)
                    )
            case "text":
                if not isinstance(value, str) or not value.strip():
                    said = "is empty" if isinstance(value, str) else "must be a text"
                    raise WrongAnswer(f"the {what} {said}", hint="write a text")
            case "data":
                self._check_data(value, what, closed)

    def problems(
        self, value: object, *, what: str = "answer", closed: bool = True
    ) -> list[tuple[str, str]]:
        """Each part of data that does not fit, as a path such as `address.number`, and why; the
        path of the whole is empty.
        """
        schema = self.schema or {}
        validator = _validator(json.dumps(schema, sort_keys=True), closed)
        try:
            return [_problem(error, what) for error in validator.iter_errors(value)]
        except (re.error, RecursionError):  # a pattern of another dialect: the owner validates
            return []

    def _check_data(self, value: object, what: str, closed: bool) -> None:
        problems = [
            f"{path or f'the {what}'}: {said}"
            for path, said in self.problems(value, what=what, closed=closed)
        ]
        if not problems:
            return
        names = [field.name for field in self.fields]
        fields = f"its fields are {', '.join(names)}" if names else f"it must be {self.type}"
        raise WrongAnswer("\n".join(dict.fromkeys(problems)), hint=fields)


_FIELDS = (
    *("kind", "choices", "schema", "model", "refused", "given"),
    *("may_deny", "denies_softly", "sends_back", "does"),
)
DECISION = Form(kind="decision", choices=("approve", "deny"))


def _nearest(value: object, choices: tuple[str, ...]) -> str:
    listed = f"choose one of {', '.join(choices)}"
    near = _near(str(value), choices)
    return listed if near is None else f"did you mean {near!r}? {listed}"


def _near(given: str, names: Iterable[str]) -> str | None:
    """The name that was meant, if one is near."""
    known = {name.lower(): name for name in names}
    found = near_name(given.lower(), known)
    return known[found] if found else None


@lru_cache(maxsize=64)
def _validator(schema: str, closed: bool) -> Any:
    """What holds an answer against a schema. Nothing outside of the schema is ever fetched."""
    from datetime import date, datetime, time, timedelta
    from uuid import UUID

    from jsonschema import Draft202012Validator, FormatChecker
    from pydantic import TypeAdapter
    from referencing import Registry

    formats = {"date": date, "date-time": datetime, "duration": timedelta, "time": time}
    checker = FormatChecker(())
    for name, kind in {**formats, "uuid": UUID}.items():
        check: Any = TypeAdapter(kind).validate_python
        checker.checks(name, ValueError)(_checks(check))
    made: Any = Draft202012Validator
    given = json.loads(schema)
    found = _closed(given) if closed else given
    return made(found, registry=Registry[Any](), format_checker=checker)


def _checks(parse: Callable[[object], object]) -> Callable[[object], bool]:
    return lambda given: parse(given) is not None


def _closed(part: Any) -> Any:
    """A schema whose objects have no other fields than it names, unless it says so: a field that is
    misspelt is refused, not ignored.
    """
    if isinstance(part, list):
        return [_closed(one) for one in cast("list[object]", part)]
    if not isinstance(part, dict):
        return part
    found = {key: _closed(value) for key, value in cast("dict[str, Any]", part).items()}
    if isinstance(found.get("properties"), dict) and found.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return found


def _problem(error: Any, what: str) -> tuple[str, str]:
    """The path of a field that does not fit, and why."""
    from jsonschema import exceptions

    library: Any = exceptions
    leaf = library.best_match([error])
    path = ".".join(map(str, leaf.absolute_path))
    if leaf.validator == "required":
        missing = next(one for one in leaf.validator_value if one not in leaf.instance)
        return _below(path, missing), "is missing"
    if leaf.validator == "additionalProperties" and leaf.schema.get("properties"):
        known = leaf.schema["properties"]
        unknown = next(one for one in leaf.instance if one not in known)
        near = _near(unknown, known)
        meant = f"; did you mean {near!r}?" if near else ""
        return _below(path, unknown), f"is not a field of the {what}{meant}"
    message: str = leaf.message
    return path, message[:300]


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
