"""What is typed where secrets are masked: the mask of a secret is never taken for its value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from smithers.web.pages._fields import UNSET, Entry, entries_of
from smithers.web.pages._given import all_entries, read_answer

if TYPE_CHECKING:
    from smithers.forms import Form
    from smithers.web.pages._page import Fields

__all__ = ["masks_in", "read_masked", "said_of", "unmasked"]

Mask = Callable[[str], str]
_MASK = re.compile(r"\$\{[^{}]+\}")
_ROW = re.compile(r"\.\d+(?=\.|$)")


def masks_in(texts: Sequence[str], mask: Mask) -> frozenset[str]:
    """The masks that hide something of texts; one that their author wrote hides nothing."""
    shown = {one for text in texts for one in _MASK.findall(mask(text))}
    return frozenset(shown.difference(*(_MASK.findall(text) for text in texts)))


def said_of(masks: frozenset[str], text: str) -> str:
    """What is wrong with a text that was changed and has some of these masks, or nothing."""
    found = ", ".join(sorted(masks.intersection(_MASK.findall(text))))
    return f"{found} hides a secret: write its value, or leave the text as it was" if found else ""


def unmasked(new: object, old: object, mask: Mask) -> object:
    """JSON data in which each text that is shown as the old one has the value of that."""
    kept = new
    if isinstance(new, str):
        return old if isinstance(old, str) and new == mask(old) else new
    if isinstance(new, dict) and isinstance(old, dict):
        before = cast("dict[str, object]", old)
        items = cast("dict[str, object]", new).items()
        found: object = {name: unmasked(one, before.get(name), mask) for name, one in items}
        return found
    if isinstance(new, list) and isinstance(old, list):
        whole, rest = cast("list[object]", new), cast("list[object]", old)
        rest = rest + [None] * (len(whole) - len(rest))
        return [unmasked(*both, mask) for both in zip(whole, rest, strict=False)]
    return kept


def read_masked(
    form: Form, given: Fields, mask: Mask, *, data: object = UNSET
) -> tuple[Any, dict[str, str]]:
    """What the fields of a form say that was shown masked, with `data` in it, and the errors by
    their place. A field with the text that it was shown with has its value.
    """
    hidden: dict[tuple[str, str], str] = {}
    for name, text in _texts(all_entries(entries_of(form, data=data))):
        if (shown := mask(text)) != text:
            hidden[_without_rows(name), shown] = text
    if not hidden:
        return read_answer(form, given)
    given = {
        name: [hidden.get((_without_rows(name), text), text) for text in texts]
        for name, texts in given.items()
    }
    value, errors = read_answer(form, given)
    masks = masks_in(list(hidden.values()), mask)
    for one in all_entries(entries_of(form, given)):
        if not one.entries and (said := said_of(masks, "\n".join(one.values))):
            errors[one.place] = said
    return value, errors


def _texts(entries: Iterator[Entry]) -> Iterator[tuple[str, str]]:
    for one in entries:
        for text in (*one.values, *(choice.value for choice in one.choices)):
            yield one.name, text.replace("\r\n", "\n")


def _without_rows(name: str) -> str:
    """A field of a list in any row: rows move when one before them is removed."""
    return _ROW.sub("", name)
