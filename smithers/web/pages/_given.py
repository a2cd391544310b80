"""What the fields of a form say as an answer, and what is wrong with it, field by field."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from smithers.forms import Form
from smithers.texts import strict_json
from smithers.web.pages._fields import (
    LEFT_OUT,
    WHOLE,
    Entry,
    entries_of,
    is_decimal,
    rows_name,
    shapes_of,
)

if TYPE_CHECKING:
    from smithers.web.pages._page import Fields

__all__ = ["all_entries", "read_answer", "with_rows"]

_NO_ZONE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?")


def all_entries(entries: Sequence[Entry]) -> Iterator[Entry]:
    """The fields and all inside them, in their order."""
    for one in entries:
        yield one
        yield from all_entries(one.entries)


def with_rows(given: Fields, pressed: str) -> Fields:
    """What was given with a row more at the end of a list (`+field.items`), or without one of its
    rows (`-field.items.2`).
    """
    sign, name = pressed[:1], pressed[1:]
    found = {key: list(texts) for key, texts in given.items()}
    if sign == "-":
        name, _, gone = name.rpartition(".")
        number = int(gone) if re.fullmatch(r"\d{1,4}", gone) else 0
        found = dict(_without_row(found, name, number))
    counted = next(iter(given.get(rows_name(name), ())), "")
    count = int(counted) if re.fullmatch(r"\d{1,4}", counted) else 0
    found[rows_name(name)] = [str(max(0, count + (1 if sign == "+" else -1)))]
    return found


def _without_row(given: Fields, name: str, gone: int) -> Iterator[tuple[str, list[str]]]:
    row = re.compile(rf"{re.escape(name)}\.(\d{{1,4}})(\..*)?", re.DOTALL)
    for key, texts in given.items():
        if (found := row.fullmatch(key)) is None or int(found[1]) < gone:
            yield key, texts
        elif int(found[1]) > gone:
            yield f"{name}.{int(found[1]) - 1}{found[2] or ''}", texts


def read_answer(form: Form, given: Fields) -> tuple[Any, dict[str, str]]:
    """What the fields say as an answer, and the errors by their place in it."""
    if form.kind != "data":
        return next(iter(given.get(WHOLE, ())), ""), {}
    entries = entries_of(form, given)
    reader = _Reader()
    if len(entries) == 1 and not entries[0].path:
        value = reader.read(entries[0], is_whole=True)
    else:
        value = reader.read_object(entries)
    known = {one.place for one in all_entries(entries)}
    for place, said in _by_entry(form.problems(value), known).items():
        if not any(place == one or place.startswith(f"{one}.") for one in reader.unions):
            reader.errors.setdefault(place, said)
    return value, reader.errors


def _by_entry(problems: Sequence[tuple[str, str]], places: set[str]) -> dict[str, str]:
    """Problems by the place of the field that has them: that of the whole, or of a part of it."""
    found: dict[str, str] = {}
    for path, said in problems:
        at = path
        while at and at not in places:
            at = at.rpartition(".")[0]
        inner = f"{path.removeprefix(at).strip('.')}: " if path != at else ""
        found.setdefault(at, f"{inner}{said}")
    return found


class _LeftOut(Exception):
    """A field was left empty, so that it has its default."""


class _Reader:
    """Reads fields. `errors` are by place; `unions` are the places of unions that have some."""

    def __init__(self) -> None:
        self.errors: dict[str, str] = {}
        self.unions: list[str] = []

    def read_object(self, entries: Sequence[Entry]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for one in entries:
            try:
                found[one.at[-1]] = self.read(one)
            except _LeftOut:
                continue
        return found

    def read(self, one: Entry, *, is_whole: bool = False) -> Any:
        """The value of a field. Raises `_LeftOut`."""
        match one.kind:
            case "group":
                return self.read_object(one.entries)
            case "either":
                return self._either(one)
            case "rows":
                return [self.read(row, is_whole=True) for row in one.entries]
            case "fixed":
                return shapes_of(one.schema)[0][0]["const"]
            case "many":
                return [self._chosen(one, text) for text in one.values]
            case "lines" | "pairs" if not one.value.strip():
                return self._nothing(one, [] if one.kind == "lines" else {})
            case _:
                if one.value.strip() or (one.kind == "text" and is_whole):
                    return self._value(one)
                return self._empty(one)

    def _nothing(self, one: Entry, empty: object) -> object:
        if not one.is_required and one.may_be_null:
            raise _LeftOut
        return empty

    def _empty(self, one: Entry) -> object:
        """The value of a field in which nothing is: a text may be empty if no other is meant."""
        if not one.is_required and (one.kind != "text" or one.may_be_null or not one.value):
            raise _LeftOut
        if one.may_be_null:
            return None
        if one.kind != "text":
            self.errors[one.place] = "is missing" if one.kind != "choice" else "choose one"
            return None
        return one.value

    def _either(self, one: Entry) -> object:
        if one.value == LEFT_OUT or (not one.values and not one.is_required):
            if one.may_be_null and one.is_required:
                return None
            if one.may_be_null and one.value == LEFT_OUT:
                return None
            raise _LeftOut
        known = {choice.value for choice in one.choices}
        if one.value not in known:
            self.errors[one.place] = "choose one"
            self.unions.append(one.place)
            return None
        arm = one.entries[int(one.value)]
        before = len(self.errors)
        value = self.read(arm, is_whole=True)
        if len(self.errors) == before:
            self._check_arm(one, arm, value)
        if len(self.errors) > before:
            self.unions.append(one.place)
        return value

    def _check_arm(self, one: Entry, arm: Entry, value: object) -> None:
        """Check what was chosen of a union, so that errors name no other choice."""
        places = {inner.place for inner in all_entries((arm,))}
        above = f"{one.place}." if one.place else ""
        problems = Form(kind="data", schema=arm.schema).problems(value)
        found = [(f"{above}{path}".strip("."), said) for path, said in problems]
        for place, said in _by_entry(found, places).items():
            self.errors.setdefault(place, said)

    def _value(self, one: Entry) -> Any:
        text = one.value
        match one.kind:
            case "choice":
                return self._chosen(one, text)
            case "text" | "date" | "time":
                return text if one.kind == "text" else text.strip()
            case "moment":
                found = text.strip()
                return f"{found}Z" if _NO_ZONE.fullmatch(found) else found
            case "lines":
                return self._lines(one)
            case "pairs":
                return self._pairs(one)
            case "number" if is_decimal(shapes_of(one.schema)[0]):
                return text.strip()
            case _:
                return self._json(one, text, one.type)

    def _chosen(self, one: Entry, text: str) -> object:
        shape: Any = shapes_of(one.schema)[0][0]
        if one.kind == "many":
            shape = shapes_of({**shape["items"], "$defs": shape.get("$defs", {})})[0][0]
        values: list[object] = shape.get("enum", [True, False])
        named = {one if isinstance(one, str) else json.dumps(one): one for one in values}
        return named.get(text, text)

    def _lines(self, one: Entry) -> list[Any]:
        shape: Any = shapes_of(one.schema)[0][0]
        items: Any = shapes_of({**shape["items"], "$defs": shape.get("$defs", {})})[0][0]
        lines = [line for line in one.value.split("\n") if line.strip()]
        if items.get("type") == "string":
            return lines
        return [self._json(one, line, "a number on each line") for line in lines]

    def _pairs(self, one: Entry) -> dict[str, Any]:
        shape: Any = shapes_of(one.schema)[0][0]
        more: Any = {**shape["additionalProperties"], "$defs": shape.get("$defs", {})}
        is_text = shapes_of(more)[0][0].get("type") == "string"
        found: dict[str, Any] = {}
        for number, line in enumerate(one.value.split("\n"), 1):
            if not line.strip():
                continue
            name, colon, text = (part.strip() for part in line.partition(":"))
            if not colon or not name:
                self.errors[one.place] = f"line {number} is not of the form name: value"
            elif name in found:
                self.errors[one.place] = f"line {number}: {name} is there already"
            else:
                found[name] = text if is_text else self._json(one, text, "a number after the colon")
        return found

    def _json(self, one: Entry, text: str, what: str) -> Any:
        try:
            return strict_json(text.strip())
        except json.JSONDecodeError as error:
            said = f"{text.strip()[:80]!r} is not {what}"
            if one.kind == "json":
                said = f"line {error.lineno}, column {error.colno}: {error.msg}"
        except (ValueError, RecursionError) as error:
            said = str(error) if one.kind == "json" else f"{text.strip()[:80]!r} is not {what}"
        self.errors[one.place] = said
        return None
