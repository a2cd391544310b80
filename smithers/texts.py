"""Text of agents and authors where a person reads it, and JSON as a terminal or a line can hold it.

What steers a terminal, turns a line around, or cannot be seen could make a person approve something
else than what stands there. So all of it is shown as U+FFFD: control and format characters, line
and paragraph separators, lone surrogates, tag characters, and others without a shape of their own.
Two uses are kept, because text would not be legible without them: the joiner and the variation
selector inside an emoji, and joiners between letters of scripts that need them, as Persian and
Hindi do. The flags of England, Scotland and Wales, which are written in tags, are not.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, cast

__all__ = [
    "escaped",
    "from_json",
    "json_text",
    "near_name",
    "object_from",
    "plain",
    "plain_but_coloured",
    "strict_json",
    "title_of",
]

_EMOJI = (
    r"\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u27bf\u2900-\u297f\u2b00-\u2bff"
    r"\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_JOINING = (
    r"\u0620-\u065f\u066e-\u06d3\u06d5-\u06dc\u06de-\u06ff\u0710-\u077f\u08a0-\u08e1\u08e3-\u0dff"
    r"\u1000-\u109f\u1780-\u17b3\u17b6-\u17d3\u1820-\u18aa\ufb50-\ufdff\ufe70-\ufefc"
)
_FORMAT = (
    r"\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\ufeff\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_SHAPELESS = r"\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0"
_HIDDEN = rf"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{_FORMAT}{_SHAPELESS}]"
# Compiled when a text needs them: that takes milliseconds, and most texts are plain ASCII.
_KEPT = (
    rf"(?<=[#*0-9{_EMOJI}])[\ufe0e\ufe0f]"
    rf"|(?<=[\ufe0f{_EMOJI}])\u200d(?=[{_EMOJI}])"
    rf"|(?<=[{_JOINING}])[\u200c\u200d](?=[{_JOINING}])"
)
_HIDDEN_OR_COLOUR = rf"\x1b\[(?:[012]|3[1-6]|97;40)m|{_HIDDEN}"
_REPLACEMENT = "\ufffd"


def plain(text: str) -> str:
    r"""Text for a person: U+FFFD for each invisible character, except line ends and tabs.

    >>> plain("red \x1b[31m, e\u202etxt.exe and a\u200bb\n")
    'red �[31m, e�txt.exe and a�b\n'
    """
    return _sub(_HIDDEN, _replace, text)


def plain_but_coloured(text: str) -> str:
    """As `plain`, of a line that was put together with the colours that we use."""
    return _sub(_HIDDEN_OR_COLOUR, _replace, text)


def escaped(json_made: str) -> str:
    r"""JSON that says the same in characters that neither end a line nor steer a terminal.

    >>> escaped('"a\u2028b\x9b\u202e"')
    '"a\\u2028b\\u009b\\u202e"'
    """
    return _sub(_HIDDEN, _escape, json_made)


def json_text(value: Any, *, indent: int | None = None, allow_nan: bool = True) -> str:
    """A value as JSON, in one line without `indent`; it reads back as it was."""
    made = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=allow_nan)
    return escaped(made)


def _sub(pattern: str, replace: Callable[[re.Match[str]], str], text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return re.sub(pattern, replace, text)


def _replace(found: re.Match[str]) -> str:
    is_colour = len(found[0]) > 1
    return found[0] if is_colour or _is_kept(found) else _REPLACEMENT


def _is_kept(found: re.Match[str]) -> bool:
    """Whether the character is needed in its place."""
    return re.compile(_KEPT).match(found.string, found.start()) is not None


def _escape(found: re.Match[str]) -> str:
    if _is_kept(found):
        return found[0]
    code = ord(found[0])
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def title_of(question: str, most: int = 120) -> str:
    r"""The title of a question in lists: its first line that is not blank, in at most so many
    characters.

    >>> title_of("\n Ship  this?\nIt is 7 long."), title_of("Ship this?", 7)
    ('Ship this?', 'Ship t…')
    """
    first, _, _ = question.lstrip().partition("\n")
    line = " ".join(first[: 4 * most].split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def from_json(text: str | None) -> Any:
    """JSON text as a value. What is not JSON, as another program may have written it, stays text.

    >>> from_json('{"a": 1}'), from_json("not JSON"), from_json(None)
    ({'a': 1}, 'not JSON', None)
    """
    if text is None:
        return None
    try:
        return cast("object", json.loads(text))
    except ValueError:
        return text


def strict_json(text: str, *, finite: bool = True) -> object:
    r"""JSON that a person wrote, as data. Raises `ValueError` for what is not JSON, and for a name
    that is in one object twice: the first value would be lost. Without `finite`, NaN and Infinity
    are read as Python reads them, for a caller that says where they are.

    >>> strict_json('{"a": [{"b": 1, "b": 2}]}')
    Traceback (most recent call last):
    ValueError: the name 'b' is twice in the object at ['a'][0]
    """
    repeats: list[tuple[str, dict[str, Any]]] = []

    def made(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = Counter(name for name, _ in pairs)
            repeats.append((names.most_common(1)[0][0], found))
        return found

    constant = _refuse_constant if finite else None
    found: object = json.loads(text, parse_constant=constant, object_pairs_hook=made)
    if repeats:
        name, holder = repeats[-1]  # the outermost, which no other repeat has dropped
        at = _path_to(holder, found)
        where = f"the object at {at}" if at else "one object"
        raise ValueError(f"the name {name!r} is twice in {where}")
    return found


def _refuse_constant(constant: str) -> object:
    raise ValueError(f"{constant} is not a JSON value")


def _path_to(holder: dict[str, Any], value: object) -> str | None:
    """Where an object is in a value, as `['a'][0]`; "" for the value itself, None if nowhere."""
    if value is holder:
        return ""
    parts: Iterable[tuple[object, object]] = ()
    if isinstance(value, dict):
        parts = cast("dict[object, object]", value).items()
    elif isinstance(value, list):
        parts = enumerate(cast("list[object]", value))
    for part, below in parts:
        if (found := _path_to(holder, below)) is not None:
            return f"[{part!r}]{found}"
    return None


def object_from(text: str | None) -> dict[str, Any] | None:
    """JSON text as an object, or None if it is not one."""
    value = from_json(text)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def near_name(given: str, names: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The name that was meant, if one of them is as near as that.

    >>> near_name("fnish", ["start", "finish"])
    'finish'
    """
    from difflib import get_close_matches  # for a hint alone

    return next(iter(get_close_matches(given, list(names), n=1, cutoff=cutoff)), None)
