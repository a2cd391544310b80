"""The form of a question as fields for a browser, with fields inside fields, and what they say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, cast

from smithers.schemas import fields_of, primitive_of, resolved
from smithers.texts import strict_json
from smithers.values import dataclass

if TYPE_CHECKING:
    from smithers.forms import Form
    from smithers.schemas import Field, Schema
    from smithers.web.pages._page import Fields

__all__ = ["Entry", "entries_of", "read_answer"]

WHOLE = "answer"
_DEEPEST = 4
"""What is deeper is one field, of JSON."""

Kind = Literal["group", "choice", "many", "text", "lines", "number", "json"]
_Path = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A field of a form, or a group of them. `values` are what stands in it: for `many` those that
    are chosen, else one text. `error` is why that cannot be taken.
    """

    path: _Path
    label: str
    kind: Kind
    type: str = ""
    about: str = ""
    choices: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    is_required: bool = True
    may_be_null: bool = False
    error: str = ""
    was: str = ""
    """What stood in it before, if that is shown."""
    entries: tuple[Entry, ...] = ()

    @property
    def name(self) -> str:
        """Its name in the form."""
        return ".".join(("field", *self.path)) if self.path else WHOLE

    @property
    def value(self) -> str:
        return self.values[0] if self.values else ""


def entries_of(
    form: Form, given: Fields | None = None, errors: Mapping[str, str] | None = None
) -> list[Entry]:
    """The fields of a form: as they are at first, or with what was `given`, and with the `errors`
    of it by path. A decision has none, since it has two buttons.
    """
    match form.kind:
        case "decision":
            return []
        case "choice":
            choices = form.choices
            made = [Entry(path=(), label="Answer", kind="choice", type="", choices=choices)]
        case "text":
            made = [Entry(path=(), label="Answer", kind="text", type="text")]
        case "data":
            made = _of_object(form.schema or {}, ()) or [_whole(form)]
    return [_filled(one, given, errors or {}) for one in made]


def _whole(form: Form) -> Entry:
    schema = form.schema or {}
    kind, choices = _kind(schema)
    return Entry(path=(), label="Answer", kind=kind, type=form.type, choices=choices)


def _of_object(schema: Schema, path: _Path) -> list[Entry]:
    return [_of_field(field, (*path, field.name)) for field in fields_of(schema)]


def _of_field(field: Field, path: _Path) -> Entry:
    kind, choices = _kind(field.schema)
    inner: tuple[Entry, ...] = ()
    if kind == "json" and not field.may_be_null and len(path) < _DEEPEST and not field.default:
        inner = tuple(_of_object(field.schema, path))
    return Entry(
        path=path,
        label=field.name,
        kind="group" if inner else kind,
        type=field.type,
        about=field.description,
        choices=choices,
        values=_default(field, kind),
        is_required=field.is_required,
        may_be_null=field.may_be_null,
        entries=inner,
    )


def _kind(schema: Schema) -> tuple[Kind, tuple[str, ...]]:
    primitive = primitive_of(schema, schema)
    if primitive is None:
        part = resolved(schema, schema)
        items = part.get("items") if part.get("type") == "array" else None
        inner = None if not items else resolved(items, schema).get("type")
        return ("lines", ()) if inner in ("string", "integer", "number") else ("json", ())
    if texts := primitive.get("enum"):
        return "choice", tuple(texts)
    match primitive.get("type"):
        case "array":
            return "many", tuple(primitive["items"]["enum"])
        case "string":
            return "text", ()
        case "integer" | "number":
            return "number", ()
        case "boolean":
            return "choice", ("true", "false")
        case _:
            return "json", ()


def _default(field: Field, kind: Kind) -> tuple[str, ...]:
    if field.default is None or field.default == "null":
        return ()
    found: object = json.loads(field.default)
    if kind in ("many", "lines") and isinstance(found, list):
        listed = cast("list[object]", found)
        texts = [one if isinstance(one, str) else json.dumps(one) for one in listed]
        return tuple(texts) if kind == "many" else ("\n".join(texts),)
    return (found if isinstance(found, str) and kind != "json" else field.default,)


def _filled(entry: Entry, given: Fields | None, errors: Mapping[str, str]) -> Entry:

    error = errors.get(".".join(entry.path), "")
    inner = tuple(_filled(one, given, errors) for one in entry.entries)
    values = entry.values if given is None else tuple(given.get(entry.name, ()))
    return replace(entry, values=values, error=error, entries=inner)


def read_answer(form: Form, given: Fields) -> tuple[Any, dict[str, str]]:
    """What the fields say as an answer, and the errors by path."""
    if form.kind != "data":
        return next(iter(given.get(WHOLE, ())), ""), {}
    entries, errors = entries_of(form), dict[str, str]()
    if len(entries) == 1 and not entries[0].path:
        value = _read(entries[0], given, form.schema or {}, errors)
    else:
        value = _object(entries, given, form.schema or {}, errors)
    if not errors:
        errors = _by_entry(form.problems(value), list(_all(entries)))
    return value, errors


def _by_entry(problems: Sequence[tuple[str, str]], entries: Sequence[Entry]) -> dict[str, str]:
    """Problems by the path of the field that has them: that of the whole, or of a part of it."""
    paths, found = {".".join(one.path) for one in entries}, dict[str, str]()
    for path, said in problems:
        at = path
        while at and at not in paths:
            at = at.rpartition(".")[0]
        inner = f"{path.removeprefix(at).strip('.')}: " if path != at else ""
        found.setdefault(at, f"{inner}{said}")
    return found


def _all(entries: Sequence[Entry]) -> Iterator[Entry]:
    for one in entries:
        yield one
        yield from _all(one.entries)


class _Left(Exception):
    """A field was left empty, so that it has its default."""


def _object(
    entries: Sequence[Entry], given: Fields, schema: Schema, errors: dict[str, str]
) -> dict[str, Any]:
    parts = {field.name: field.schema for field in fields_of(schema)}
    found: dict[str, Any] = {}
    for one in entries:
        name = one.path[-1]
        if one.entries:
            found[name] = _object(one.entries, given, parts[name], errors)
            continue
        try:
            found[name] = _read(one, given, parts[name], errors)
        except _Left:
            continue
    return found


def _read(one: Entry, given: Fields, schema: Schema, errors: dict[str, str]) -> Any:
    """The value of a field. Raises `_Left`."""
    texts = given.get(one.name, [])
    text = texts[-1] if texts else ""
    if one.kind == "many":
        return list(texts)
    if not text.strip() and one.path:
        if one.kind == "lines":
            return []
        if not one.is_required and (one.kind != "text" or one.may_be_null or not text):
            raise _Left
        if one.may_be_null:
            return None
        if one.kind != "text":
            errors[".".join(one.path)] = "is missing"
            return None
    if one.kind == "text" or (one.kind == "choice" and not _is_boolean(schema)):
        return text
    if one.kind == "lines":
        part = resolved(schema, schema)
        lines = [line for line in text.split("\n") if line.strip()]
        if resolved(part["items"], schema).get("type") == "string":
            return lines
        return [_json(line, one, "number on each line", errors) for line in lines]
    return _json(text, one, one.type, errors)


def _is_boolean(schema: Schema) -> bool:
    return (primitive_of(schema, schema) or {}).get("type") == "boolean"


def _json(text: str, one: Entry, what: str, errors: dict[str, str]) -> Any:
    try:
        return strict_json(text.strip())
    except (ValueError, RecursionError):
        how = ", written as JSON" if one.kind == "json" else ""
        errors[".".join(one.path)] = f"{text.strip()[:80]!r} is not {what}{how}"
        return None
