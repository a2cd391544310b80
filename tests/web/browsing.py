"""A form of a page, and what a browser sends of it if nobody changes anything."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

__all__ = ["Sent", "form_of", "hidden"]

Sent = dict[str, list[str]]


class _Form(HTMLParser):
    """The fields of the form with a class."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.sent: Sent = {}
        self.buttons: list[str] = []
        self._is_inside = False
        self._area: str | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag == "form":
            self._is_inside = known.get("class") == self._name
        if not self._is_inside or "name" not in known:
            return
        name = known["name"] or ""
        is_box = known.get("type") in ("radio", "checkbox")
        if tag == "textarea":
            self._area, self._text = name, ""
        elif tag == "button":
            self.buttons.append(f"{name}={known.get('value')}")
        elif tag == "input" and (not is_box or "checked" in known):
            self.sent.setdefault(name, []).append(known.get("value") or "")

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_inside = False
        if tag == "textarea" and self._area is not None:
            self.sent.setdefault(self._area, []).append(self._lines())
            self._area = None

    def _lines(self) -> str:
        return self._text.replace("\r\n", "\n").removeprefix("\n")


def form_of(page: str, name: str = "form") -> Sent:
    """What a form sends, by the names of its fields; `name` is its class."""
    made = _Form(name)
    made.feed(page)
    return made.sent


def hidden(page: str, name: str) -> str:
    """The value of a hidden field of a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, page
    return unescape(found[1])
