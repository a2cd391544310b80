"""Pages for a browser without a session, and for what has no page: no scripts, one style sheet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse

__all__ = ["Word", "is_for_page", "plain_page", "words_of"]

_POLICY = (
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
_PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="color-scheme" content="light dark"><title>{title} - Smithers</title>'
    '<link rel="stylesheet" href="/assets/inspector.css">{head}</head><body>'
    '<main class="empty"><h1>{heading}</h1>{lines}</main></body></html>'
)
_CODE = re.compile(r"`([^`\n]+)`")


class Word(NamedTuple):
    """A part of a message: words, or something to type."""

    text: str
    is_code: bool


def words_of(message: str) -> Iterator[Word]:
    """A message with what is between backticks as something to type.

    >>> [*words_of("type `smithers ui` again")][1]
    Word(text='smithers ui', is_code=True)
    """
    for number, text in enumerate(_CODE.split(message)):
        if text:
            yield Word(text, bool(number % 2))


def is_for_page(path: str, headers: Headers) -> bool:
    """Whether a browser asks for a page, for a person: programs are answered with JSON."""
    return "text/html" in headers.get("accept", "") and not path.startswith("/api/")


def plain_page(
    title: str,
    *lines: str,
    status: int = 200,
    to: tuple[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    follows: bool = False,
) -> HTMLResponse:
    """A page of a heading and lines, with a link `to` an address, which it `follows` by itself."""
    shown = [f"<p>{_marked(line)}</p>" for line in lines if line]
    head = ""
    if to is not None:
        address, word = map(escape, to)
        shown.append(f'<p><a class="l" href="{address}">{word}</a></p>')
        head = f'<meta http-equiv="refresh" content="0;url={address}">' if follows else ""
    plain, heading = escape(title.replace("`", "")), _marked(title)
    text = _PAGE.format(title=plain, heading=heading, head=head, lines="".join(shown))
    policy = {"Content-Security-Policy": _POLICY}
    return HTMLResponse(text, status, {**(headers or {}), **policy})


def _marked(message: str) -> str:
    return "".join(
        f"<code>{escape(one.text)}</code>" if one.is_code else escape(one.text)
        for one in words_of(message)
    )
