"""What rows and people call the nodes of a tree, and how many names one wants to read at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from smithers import waits
from smithers.changes import Key, SentBack, WaitKind
from smithers.shapes import CONTAINERS

__all__ = [
    "event_name",
    "first_names",
    "key_name",
    "node_name",
    "resume_in_program",
    "waited_for",
    "why_again",
]

_KIND = rf"(?:{'|'.join(CONTAINERS)})"
_FROM_ROOT = rf"(?!part\b){_KIND}(?:/{_KIND}\d+)*(?=/|$)"
_AT_END = rf"(?:/{_KIND}\d+)+$"
_MOST = 5


def resume_in_program(run_id: str) -> str:
    """How a run is resumed whose workflow no file has, for a program has made it.

    >>> resume_in_program("r1")
    "resume it in that program with Hub.resume('r1', workflow=...)"
    """
    return f"resume it in that program with Hub.resume({run_id!r}, workflow=...)"


@lru_cache(maxsize=1024)
def node_name(id: str) -> str:
    """The id of a node in words. A container that its author gave none has one that tells where it
    stands, such as `sequence/foreach1`; commands take that one.

    >>> node_name("plan"), node_name("sequence/foreach1"), node_name("sequence/loop2")
    ('plan', 'the foreach', 'loop 2')
    >>> node_name("main/part2"), node_name("part")
    ('part 2 in main', 'part')
    >>> node_name("review/branch1"), node_name("sequence/foreach1/a.py/loop1")
    ('the branch in review', 'the loop in a.py in the foreach')
    """
    root = re.match(_FROM_ROOT, id)
    if root is None:
        words, rest = [], id
    else:
        words, rest = [_words(root[0])], id[root.end() + 1 :]
        if not rest:
            return words[0]
    end = re.search(_AT_END, rest)
    if end is None:
        words.insert(0, rest)
    else:
        words[:0] = [_words(end[0]), rest[: end.start()]]
    return " in ".join(words)


def _words(generated: str) -> str:
    kind, number = re.findall(rf"({_KIND})(\d*)", generated)[-1]
    return f"{kind} {number}" if number not in ("", "1") else f"the {kind}"


def key_name(key: Key) -> str:
    """A node in one iteration of its loops, in words.

    >>> key_name(Key("review", (2,))), key_name(Key(""))
    ('review[2]', 'the run')
    """
    return str(Key(node_name(key.id), key.path))


def event_name(on: Sequence[str]) -> str:
    """An event that is waited for, as `WaitOpened.on` names it, in words.

    >>> event_name(("paid",)), event_name(("paid", "order 7"))
    ('paid', 'paid (correlation order 7)')
    """
    event, *correlation = on
    return f"{event} (correlation {correlation[0]})" if correlation else event


def waited_for(kind: WaitKind, on: Sequence[str]) -> str:
    """What `WaitOpened.on` names, in words."""
    return event_name(on) if kind == waits.EVENT else ", ".join(map(node_name, on))


def first_names(names: Sequence[str], most: int = _MOST) -> str:
    """The first of some names, and how many more there are.

    >>> first_names(["a", "b"]), first_names([str(number) for number in range(9)])
    ('a, b', '0, 1, 2, 3, 4 and 4 more')
    """
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def why_again(cause: SentBack) -> str:
    """Why work is done again, in words.

    >>> why_again(SentBack(key=Key("ship"), by="ann", note="too long"))
    'ship was denied by ann'
    >>> why_again(SentBack(key=Key("ci"), by=None, note="2 tests failed"))
    'ci failed'
    """
    what = "failed" if cause.by is None else f"was denied by {cause.by}"
    return f"{key_name(cause.key)} {what}"
