"""The form of a question as fields for a browser, with fields inside fields."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, cast

from smithers.errors import WrongAnswer
from smithers.forms import Form
from smithers.schemas import Schema, fields_of, resolved, type_words
from smithers.values import dataclass
from smithers.web.pages._limits import limits_of

if TYPE_CHECKING:
    from smithers.schemas import Field
    from smithers.web.pages._page import Fields

__all__ = [
    "LEFT_OUT",
    "UNSET",
    "WHOLE",
    "Choice",
    "Entry",
    "entries_of",
    "is_decimal",
    "rows_name",
    "shapes_of",
]

WHOLE = "answer"
LEFT_OUT: Final = "-"
"""The choice of a union by which a field is null, or has its default."""
UNSET: Final[object] = object()
"""In the place of data that is not there."""
_DEEPEST = 5
"""What is deeper is one field, of JSON."""
_MOST_ROWS = 200
"""A longer list is one field, of JSON."""
_MOST_FIELDS = 800
"""Once a form has this many fields, the rest is JSON: a browser may send 1,000."""
_NESTED = ("group", "either", "rows")

Kind = (
    Literal["group", "either", "rows", "fixed", "choice", "many", "text"]
    | Literal["date", "time", "moment", "lines", "pairs", "number", "json"]
)
_Path = tuple[str, ...]


class Choice(NamedTuple):
    """One of several values: what the form sends, and what a person reads."""

    value: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A field of a form, or a group of them. `path` is its name in the form, and `at` its place in
    the answer, which all choices of a union share. `values` are what is in it: for `many` those
    that are chosen, else one text. `error` is why that cannot be taken. `entries` are the fields of
    a group, the rows of a list, or the choices of a union.
    """

    path: _Path
    at: _Path
    label: str
    kind: Kind
    schema: Schema
    type: str = ""
    about: str = ""
    choices: tuple[Choice, ...] = ()
    values: tuple[str, ...] = ()
    is_required: bool = True
    may_be_null: bool = False
    error: str = ""
    was: str = ""
    """What was in it before, if that is shown."""
    entries: tuple[Entry, ...] = ()

    @property
    def name(self) -> str:
        """Its name in the form."""
        return _name(self.path)

    @property
    def place(self) -> str:
        """Its place in the answer, as errors name it."""
        return ".".join(self.at)

    @property
    def value(self) -> str:
        return self.values[0] if self.values else ""

    @property
    def has_sign(self) -> bool:
        """Whether a number may be negative: the keys of a phone for numbers have no minus."""
        shapes = shapes_of(self.schema)[0]
        shape: Schema = shapes[0] if shapes else {}
        least = shape.get("minimum", shape.get("exclusiveMinimum"))
        return not isinstance(least, int | float) or least < 0


def rows_name(name: str) -> str:
    """The field of a form that says how many rows a list has."""
    return f"{name}.rows"


def _name(path: _Path) -> str:
    return ".".join(("field", *path)) if path else WHOLE


def entries_of(
    form: Form,
    given: Fields | None = None,
    errors: Mapping[str, str] | None = None,
    *,
    data: object = UNSET,
) -> list[Entry]:
    """The fields of a form: with `data` or the defaults at first, or with what was `given`, and
    with the `errors` of it by their place. A decision has none, since it has two buttons.
    """
    match form.kind:
        case "decision":
            return []
        case "choice":
            made = [Entry(path=(), at=(), label="Answer", kind="choice", schema={})]
            made[0] = replace(made[0], choices=tuple(Choice(one, one) for one in form.choices))
        case "text":
            made = [Entry(path=(), at=(), label="Answer", kind="text", schema={}, type="text")]
        case "data":
            maker = _Maker(given)
            schema = form.schema or {}
            made = list(maker.fields(schema, (), (), data)) or [maker.entry(schema, "Answer")]
    if form.kind != "data":
        made = [replace(one, values=tuple((given or {}).get(one.name, ()))) for one in made]
    return [_with_errors(one, errors or {}) for one in made]


def _with_errors(entry: Entry, errors: Mapping[str, str], above: _Path | None = None) -> Entry:
    """An error of a union is beside its choices, and not beside what was chosen as well."""
    inner = tuple(_with_errors(one, errors, entry.at) for one in entry.entries)
    error = "" if entry.at == above else errors.get(entry.place, "")
    return replace(entry, error=error, entries=inner)


def shapes_of(schema: Schema) -> tuple[list[Schema], bool]:
    """What a value may be, each with what it refers to, and whether it may be null."""
    part = resolved(schema, schema)
    arms = [resolved(one, schema) for one in part.get("anyOf") or part.get("oneOf") or [part]]
    known = [one for one in arms if one.get("type") != "null"]
    return [_whole(one, schema) for one in known], len(known) < len(arms)


def _whole(part: Schema, around: Schema) -> Schema:
    """A part of a schema with what it refers to."""
    part = resolved(part, around)
    return {**part, **{name: around[name] for name in ("$defs", "definitions") if name in around}}


class _Maker:
    """Makes the fields of a form with what was given, or with the defaults."""

    def __init__(self, given: Fields | None) -> None:
        self._given = given
        self._number = 0

    def fields(
        self, schema: Schema, path: _Path, at: _Path, data: object = UNSET
    ) -> tuple[Entry, ...]:
        """Those of an object, of which `data` is the default."""
        known = cast("dict[str, object]", data) if isinstance(data, dict) else {}
        return tuple(
            self._field(one, (*path, one.name), (*at, one.name), known.get(one.name, UNSET))
            for one in fields_of(schema)
        )

    def _field(self, field: Field, path: _Path, at: _Path, data: object) -> Entry:
        if data is UNSET and field.default is not None:
            data = json.loads(field.default)
        made = self.entry(field.schema, field.name, path, at, data, is_required=field.is_required)
        return replace(made, about=field.description)

    def entry(
        self,
        schema: Schema,
        label: str,
        path: _Path = (),
        at: _Path = (),
        data: object = UNSET,
        *,
        is_required: bool = True,
    ) -> Entry:
        shapes, may_be_null = shapes_of(schema)
        kind = _kind(shapes, len(path))
        is_object = kind == "group"
        if is_object and (may_be_null or not (is_required or _is_object(data))):
            kind = "either"
        self._number += 1
        if kind in _NESTED and self._is_json(_name(path), data):
            kind = "json"
        shape = shapes[0] if len(shapes) == 1 else schema
        made = Entry(
            path=path,
            at=at,
            label=label,
            kind=kind,
            schema=schema,
            type=limits_of(shape) or _type_words(kind, schema),
            choices=_choices(shape, kind, may_be_null=may_be_null and not is_required),
            is_required=is_required,
            may_be_null=may_be_null,
        )
        match kind:
            case "group":
                return replace(made, entries=self.fields(shape, path, at, data))
            case "either":
                return self._either(made, shapes, data)
            case "rows":
                return self._rows(made, shape, data)
            case "choice" | "many":
                return replace(made, values=self._chosen(made.name, _texts(data)))
            case _:
                return replace(made, values=self._typed(made.name, _text(kind, data)))

    def _is_json(self, name: str, data: object) -> bool:
        """Whether what has fields inside is one of JSON: the form would be too large, or it was
        sent so. Raises `WrongAnswer` if fields that were sent are too many.
        """
        given = self._given or {}
        listed = cast("list[object]", data) if isinstance(data, list) else ()
        if name in given or len(listed) > _MOST_ROWS:
            return True
        if self._number <= _MOST_FIELDS:
            return False
        if any(one.startswith(f"{name}.") for one in given):
            raise WrongAnswer(
                f"the form has more than {_MOST_FIELDS:,} fields",
                hint="give the value as JSON in a terminal",
            )
        return True

    def _either(self, made: Entry, shapes: list[Schema], data: object) -> Entry:
        """A union: its choices, and the fields of each."""
        words = [str(one.get("title") or limits_of(one) or type_words(one, one)) for one in shapes]
        choices = [Choice(str(number), word) for number, word in enumerate(words)]
        fits = _fitting(shapes, data)
        default = () if fits is None else (str(fits),)
        if made.may_be_null or (fits is None and not made.is_required):
            choices.insert(0, Choice(LEFT_OUT, "none" if made.may_be_null else "leave out"))
            default = default or (() if made.is_required else (LEFT_OUT,))
        chosen = self._chosen(f"{made.name}.which", default)
        inner = tuple(
            self._arm(made, one, number, data if number == fits else UNSET)
            for number, one in enumerate(shapes)
        )
        return replace(made, choices=tuple(choices), values=chosen, entries=inner)

    def _arm(self, made: Entry, shape: Schema, number: int, data: object) -> Entry:
        path = (*made.path, str(number))
        is_group = _kind([shape], len(path)) == "group"
        if is_group and not self._is_json(_name(path), data):
            fields = self.fields(shape, path, made.at, data)
            return Entry(
                path=path, at=made.at, label="", kind="group", schema=shape, entries=fields
            )
        return self.entry(shape, "", path, made.at, data)

    def _rows(self, made: Entry, shape: Schema, data: object) -> Entry:
        items = _whole(shape["items"], shape)
        listed = cast("list[object]", data) if isinstance(data, list) else []
        number = len(listed) or int(made.is_required)
        typed = self._typed(rows_name(made.name), (str(number),))[0]
        number = min(int(typed) if re.fullmatch(r"\d{1,4}", typed) else 0, _MOST_ROWS)
        rows = tuple(
            self.entry(
                items,
                f"{made.label} {one + 1}",
                (*made.path, str(one)),
                (*made.at, str(one)),
                listed[one] if one < len(listed) else UNSET,
            )
            for one in range(number)
        )
        return replace(made, entries=rows)

    def _typed(self, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        found = (self._given or {}).get(name)
        return default if found is None else tuple(found)

    def _chosen(self, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """The same of a field that a browser sends only if something is chosen."""
        return default if self._given is None else tuple(self._given.get(name, ()))


def _kind(shapes: list[Schema], depth: int) -> Kind:
    if len(shapes) != 1:
        if is_decimal(shapes):
            return "number"
        return "either" if shapes and depth < _DEEPEST else "json"
    shape = shapes[0]
    if "const" in shape:
        return "fixed"
    if "enum" in shape:
        return "choice"
    match shape.get("type"):
        case "string":
            formats: dict[object, Kind] = {"date": "date", "time": "time", "date-time": "moment"}
            return formats.get(shape.get("format"), "text")
        case "integer" | "number":
            return "number"
        case "boolean":
            return "choice"
        case "array":
            return _kind_of_list(shape, depth)
        case "object":
            return _kind_of_object(shape, depth)
        case _:
            return "json"


def _kind_of_list(shape: Schema, depth: int) -> Kind:
    if not shape.get("items") or "prefixItems" in shape:
        return "json"
    items = shapes_of(_whole(shape["items"], shape))
    kind = "json" if items[1] else _kind(items[0], depth + 1)
    if kind == "choice" and "enum" in items[0][0]:
        return "many"
    if kind in ("text", "number", "date"):
        return "lines"
    return "rows" if kind not in ("json", "rows", "lines") and depth < _DEEPEST else "json"


def _kind_of_object(shape: Schema, depth: int) -> Kind:
    if shape.get("properties"):
        return "group" if depth < _DEEPEST else "json"
    more = shape.get("additionalProperties")
    if not isinstance(more, dict) or not more:
        return "json"
    values = shapes_of(_whole(cast("Schema", more), shape))
    is_plain = not values[1] and _kind(values[0], depth) in ("text", "number")
    return "pairs" if is_plain else "json"


def is_decimal(shapes: list[Schema]) -> bool:
    """Whether this is how pydantic describes a `Decimal`: a number, or a text. A text keeps all
    its digits.
    """
    return sorted(str(one.get("type")) for one in shapes) == ["number", "string"]


def _choices(shape: Schema, kind: Kind, *, may_be_null: bool) -> tuple[Choice, ...]:
    if kind == "many":
        shape = _whole(shape["items"], shape)
    elif kind != "choice":
        return ()
    if shape.get("type") == "boolean" and "enum" not in shape:
        made = [Choice("true", "yes"), Choice("false", "no")]
    else:
        made = [Choice(*[_plain(one)] * 2) for one in shape.get("enum", ())]
    return (*made, Choice("", "none")) if may_be_null and kind == "choice" else tuple(made)


def _is_object(data: object) -> bool:
    return isinstance(data, dict)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _texts(data: object) -> tuple[str, ...]:
    if data is UNSET:
        return ()
    if isinstance(data, list):
        return tuple(_plain(one) for one in cast("list[object]", data))
    return ("",) if data is None else (_plain(data),)


def _text(kind: Kind, data: object) -> tuple[str, ...]:
    """The text of a field that has a default."""
    if data is UNSET or data is None:
        return ()
    if kind == "lines" and isinstance(data, list):
        return ("\n".join(map(_plain, cast("list[object]", data))),)
    if kind == "pairs" and isinstance(data, dict):
        pairs = cast("dict[str, object]", data).items()
        return ("\n".join(f"{name}: {_plain(value)}" for name, value in pairs),)
    if kind == "json":
        return (json.dumps(data, ensure_ascii=False),)
    text = _plain(data)
    return (text.removesuffix("Z") if kind == "moment" else text,)


def _type_words(kind: Kind, schema: Schema) -> str:
    """What may be given, of what has no simple type; the name of a field says nothing of that."""
    if kind == "pairs":
        return ""
    words = {name: value for name, value in schema.items() if name != "title"}
    return type_words(words, schema)


def _fitting(shapes: list[Schema], data: object) -> int | None:
    """Which of the shapes a default has."""
    if data is UNSET or data is None:
        return None
    forms: list[Any] = [Form(kind="data", schema=one) for one in shapes]
    return next((at for at, one in enumerate(forms) if not one.problems(data)), None)
