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
from smithers.web.pages._fields import UNSET, Entry, entries_of, rows_name
from smithers.web.pages._given import all_entries
from smithers.web.pages._masked import masks_in, read_masked, said_of, unmasked

if TYPE_CHECKING:
    from smithers.hub import Hub
    from smithers.views import RunView
    from smithers.web.pages._page import Fields

__all__ = ["Changed", "RunInput", "input_of"]

_WHOLE = Entry(path=(), at=(), label="Input", kind="json", schema={}, type="object")


@dataclass(frozen=True, kw_only=True)
class Changed:
    """The input that a form asks for, None if it is the old one; the errors by place, and the names
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
        old = self._old()
        if given is None:
            return old
        shown, told = dict(_sent(old)), errors or {}
        if self.form is None:
            values = tuple(given.get(_WHOLE.name, shown[_WHOLE.name]))
            made = [replace(_WHOLE, values=values, error=told.get("", ""))]
        else:
            made = entries_of(self.form, given, told, data=self.old) if old else []
        return [_with_old(one, shown) for one in made]

    def changed(self, given: Fields) -> Changed:
        """What the fields say. A field that was left as it was shown keeps its value, which a mask
        may have hidden.
        """
        old = self._old()
        shown, told = dict(_sent(old)), {one: given[one] for one in given if _is_of(one, old)}
        lists = {one.name for one in all_entries(old) if one.kind == "many"} if told else ()
        sent = {name: [] if name in lists else texts for name, texts in shown.items()} | told
        names = frozenset(name for name, texts in sent.items() if texts != shown.get(name, []))
        if not names:
            return Changed(value=None, errors={}, names=names)
        if self.form is None:
            value, error = self._whole(sent[_WHOLE.name][-1])
            return Changed(value=value, errors={"": error} if error else {}, names=names)
        read, errors = read_masked(self.form, sent, self.mask, data=self.old)
        value = cast("dict[str, Any]", read)
        _Keeper(self.old, old, sent, errors, names).keep(value, entries_of(self.form, sent))
        return Changed(value=value, errors=errors, names=names)

    def _whole(self, text: str) -> tuple[dict[str, Any] | None, str]:
        """The input that a text of JSON means, or what is wrong with it."""
        value, error = _object(text)
        if value is None:
            return None, error
        found = cast("dict[str, Any]", unmasked(value, self.old, self.mask))
        masks = masks_in([json.dumps(self.old, ensure_ascii=False)], self.mask)
        return found, said_of(masks, json.dumps(found, ensure_ascii=False))

    def _old(self) -> list[Entry]:
        """The fields as they show the run's input; of what it does not have, the default."""
        if self.form is None:
            text = json.dumps(self.old, indent=2, ensure_ascii=False)
            return [replace(_WHOLE, values=(self.mask(text),))]
        if not self.form.fields:
            return []
        return [self._masked(one) for one in entries_of(self.form, data=self.old)]

    def _masked(self, one: Entry) -> Entry:
        is_typed = not one.choices
        values = tuple(self.mask(text) if is_typed else text for text in one.values)
        return replace(one, values=values, entries=tuple(map(self._masked, one.entries)))


class _Keeper:
    """Gives the fields that were not changed what they had, which a mask may have hidden. `shown`
    are the fields as they were, and `sent` is what they say now.
    """

    def __init__(
        self,
        old: Mapping[str, Any],
        shown: Sequence[Entry],
        sent: Fields,
        errors: dict[str, str],
        names: frozenset[str],
    ) -> None:
        self._old, self._sent, self._errors, self._names = old, sent, errors, names
        self._rows = {one.name: one.entries for one in all_entries(shown) if one.kind == "rows"}

    def keep(self, value: object, entries: Sequence[Entry]) -> None:
        for one in entries:
            if not any(_is_of(name, [one]) for name in self._names):
                self._put(value, one, _at(self._old, one.at))
            elif one.kind == "group":
                self.keep(value, one.entries)
            elif one.kind == "rows":
                self._keep_rows(value, one)
            elif one.kind == "either" and f"{one.name}.which" not in self._names:
                chosen = [inner for inner in one.entries if inner.path[-1] == one.value]
                self.keep(value, chosen)

    def _keep_rows(self, value: object, rows: Entry) -> None:
        """Rows move up if one is removed, so that each is found by what is in it."""
        old = self._rows.get(rows.name, ())
        texts = [_texts_in(dict(_sent([row])), row) for row in old]
        is_moved = len(old) != len(rows.entries)
        for number, row in enumerate(rows.entries):
            now = _texts_in(self._sent, row)
            same = [at for at, one in enumerate(texts) if one == now]
            if same:
                at = number if number in same else same[0]
                self._put(value, row, _at(self._old, old[at].at))
            elif not is_moved:
                self.keep(value, [row])

    def _put(self, value: object, entry: Entry, kept: object) -> None:
        for place in [one for one in self._errors if _is_at(one, entry.place)]:
            del self._errors[place]
        _put(value, entry.at, kept)


def _texts_in(sent: Fields, row: Entry) -> dict[str, list[str]]:
    """What is sent of a row, by the names of its fields in it."""
    return {
        name.removeprefix(row.name): list(texts)
        for name, texts in sent.items()
        if _is_of(name, [row])
    }


def _is_at(place: str, above: str) -> bool:
    return place == above or place.startswith(f"{above}.")


def _sent(entries: Sequence[Entry]) -> Iterator[tuple[str, list[str]]]:
    """What a browser sends of fields that nobody has touched."""
    for one in entries:
        match one.kind:
            case "group" | "fixed":
                pass
            case "rows":
                yield rows_name(one.name), [str(len(one.entries))]
            case "either":
                yield f"{one.name}.which", list(one.values)
            case "choice" | "many":
                yield one.name, list(one.values)
            case _:
                yield one.name, [one.value.replace("\r\n", "\n")]
        yield from _sent(one.entries)


def _is_of(name: str, entries: Sequence[Entry]) -> bool:
    """Whether a field of a form is one of these, or inside one."""
    return any(name == one.name or name.startswith(f"{one.name}.") for one in entries)


def _with_old(entry: Entry, shown: Mapping[str, list[str]]) -> Entry:
    """The field with what it was, if it is another now."""
    inner = tuple(_with_old(one, shown) for one in entry.entries)
    old = [text for text in shown.get(entry.name, ()) if text]
    if inner or entry.name not in shown or old == [text for text in entry.values if text]:
        return replace(entry, entries=inner)
    return replace(entry, entries=inner, was="\n".join(old) or "empty")


def _at(data: object, path: Sequence[str]) -> object:
    for name in path:
        if isinstance(data, list):
            listed = cast("list[object]", data)
            data = listed[int(name)] if int(name) < len(listed) else UNSET
        elif isinstance(data, Mapping) and name in data:
            data = cast("Mapping[str, object]", data)[name]
        else:
            return UNSET
    return data


def _put(data: object, path: Sequence[str], value: object) -> None:
    """Set what is at a place of objects and lists, if what is around it is there."""
    *above, name = path
    around = _at(data, above)
    if isinstance(around, list) and value is not UNSET:
        cast("list[object]", around)[int(name)] = value
    elif isinstance(around, dict):
        known = cast("dict[str, object]", around)
        if value is UNSET:
            known.pop(name, None)
        else:
            known[name] = value


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
