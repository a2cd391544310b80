"""The input of a run as fields to change, by the schema of its workflow."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from smithers.forms import Form
from smithers.texts import object_from, strict_json
from smithers.values import dataclass
from smithers.web.pages._fields import Entry, entries_of, read_answer

if TYPE_CHECKING:
    from smithers.hub import Hub
    from smithers.views import RunView
    from smithers.web.pages._page import Fields

__all__ = ["Changed", "RunInput", "input_of"]

_WHOLE = Entry(path=(), label="Input", kind="json", type="object")
_ABSENT = object()


@dataclass(frozen=True, kw_only=True)
class Changed:
    """The input that a form asks for, None if it is the old one; the errors by field, and the names
    of the fields that were changed.
    """

    value: dict[str, Any] | None
    errors: Mapping[str, str]
    names: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class RunInput:
    """What a run was given, and the form that changes it; None if the schema is not known. `mask`
    hides secrets in what is shown.
    """

    old: Mapping[str, Any]
    form: Form | None
    mask: Callable[[str], str]

    def entries(
        self, given: Fields | None = None, errors: Mapping[str, str] | None = None
    ) -> list[Entry]:
        """The fields with their values: those of the run, or what was `given`."""
        shown = self._shown()
        values = shown if given is None else given
        if self.form is None:
            error = (errors or {}).get("", "")
            return [replace(_WHOLE, values=tuple(values.get(_WHOLE.name, ())), error=error)]
        if not self.form.fields:
            return []
        return [_with_old(one, shown) for one in entries_of(self.form, values, errors)]

    def changed(self, given: Fields) -> Changed:
        """What the fields say. A field that was left as it was shown keeps its value, which a mask
        may have hidden.
        """
        shown = self._shown()
        names = frozenset(
            one.name
            for one in self._leaves()
            if given.get(one.name, [] if one.kind == "many" else shown[one.name]) != shown[one.name]
        )
        if not names:
            return Changed(value=None, errors={}, names=names)
        if self.form is None:
            value, error = _object(given[_WHOLE.name][-1])
            return Changed(value=value, errors={"": error} if error else {}, names=names)
        read, errors = read_answer(self.form, given)
        value = cast("dict[str, Any]", read) if isinstance(read, dict) else {}
        for one in self._leaves():
            if one.name not in names:
                errors.pop(".".join(one.path), None)
                _put(value, one.path, _at(self.old, one.path))
        return Changed(value=value, errors=errors, names=names)

    def _leaves(self) -> list[Entry]:
        if self.form is None:
            return [_WHOLE]
        return list(_leaves(entries_of(self.form))) if self.form.fields else []

    def _shown(self) -> Fields:
        """What each field shows of the run's input; of a field that the input does not have, its
        default.
        """
        if self.form is None:
            text = json.dumps(self.old, indent=2, ensure_ascii=False)
            return {_WHOLE.name: [self.mask(text)]}
        return {one.name: self._texts(one) for one in self._leaves()}

    def _texts(self, one: Entry) -> list[str]:
        value = _at(self.old, one.path)
        if value is _ABSENT:
            return list(one.values) or ([] if one.kind == "many" else [""])
        if value is None and one.kind != "json":
            return [""]
        if one.kind in ("many", "lines") and isinstance(value, list):
            parts = [_text(part) for part in cast("list[object]", value)]
            texts = parts if one.kind == "many" else ["\n".join(parts)]
        else:
            texts = [json.dumps(value, ensure_ascii=False) if one.kind == "json" else _text(value)]
        return [self.mask(text).replace("\r\n", "\n") for text in texts]


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _leaves(entries: Sequence[Entry]) -> Iterator[Entry]:
    for one in entries:
        if one.entries:
            yield from _leaves(one.entries)
        else:
            yield one


def _with_old(entry: Entry, shown: Fields) -> Entry:
    """The field with what it was, if it is another now."""
    inner = tuple(_with_old(one, shown) for one in entry.entries)
    old = tuple(shown.get(entry.name, ()))
    is_changed = not inner and entry.values != old and (entry.values or old != ("",))
    return replace(entry, entries=inner, was="\n".join(old) or "empty" if is_changed else "")


def _at(data: object, path: Sequence[str]) -> object:
    for name in path:
        if not isinstance(data, Mapping) or name not in data:
            return _ABSENT
        data = cast("Mapping[str, object]", data)[name]
    return data


def _put(data: dict[str, Any], path: Sequence[str], value: object) -> None:
    *above, name = path
    for part in above:
        inner = data.setdefault(part, {})
        if not isinstance(inner, dict):
            return
        data = cast("dict[str, Any]", inner)
    if value is _ABSENT:
        data.pop(name, None)
    else:
        data[name] = value


def _object(text: str) -> tuple[dict[str, Any] | None, str]:
    """A JSON object, or what is wrong with a text."""
    try:
        found = strict_json(text)
    except (ValueError, RecursionError) as error:
        return None, f"is not JSON: {error}"
    if not isinstance(found, dict):
        return None, 'is not an object: write it as {"field": value}'
    return cast("dict[str, Any]", found), ""


def input_of(hub: Hub, run: RunView, *, is_described: bool) -> RunInput:
    """The input of a run, with its schema if its file can be imported and is trusted."""
    schema = None
    for one in hub.workflows([Path(run.file)]) if is_described else ():
        if one.get("workflow") == run.workflow:
            schema = one.get("input_schema")
    form = None if schema is None else Form(kind="data", schema=schema)
    return RunInput(old=object_from(run.input) or {}, form=form, mask=hub.secrets.mask)
