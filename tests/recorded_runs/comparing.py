"""The differences between two JSON documents, or two texts, each with its place."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import cast

from tests.recorded_runs.corrections import MISSING

__all__ = ["Difference", "differences"]

Difference = tuple[str, object, object]
"""A path such as `run.tasks[2].state` or `lines[4]`, with the old and the new value."""


def differences(old: object, new: object, path: str = "") -> Iterator[Difference]:
    """Each value that differs.

    >>> list(differences({"a": [1, 2], "b": 1}, {"a": [1, 3], "c": 1}))
    [('a[1]', 2, 3), ('b', 1, '<missing>'), ('c', '<missing>', 1)]

    In a list, what was put in or taken out moves what follows, which is no difference:

    >>> list(differences(["a", "b"], ["new", "a", "b"]))
    [('[0]', '<missing>', 'new')]
    """
    if isinstance(old, dict) and isinstance(new, dict):
        left, right = cast("dict[str, object]", old), cast("dict[str, object]", new)
        for key in dict.fromkeys([*left, *right]):
            inner = f"{path}.{key}" if path else key
            yield from differences(left.get(key, MISSING), right.get(key, MISSING), inner)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _in_lists(cast("list[object]", old), cast("list[object]", new), path)
    elif old != new or isinstance(old, bool) is not isinstance(new, bool):
        yield path, old, new


def _in_lists(old: list[object], new: list[object], path: str) -> Iterator[Difference]:
    if len(old) == len(new):
        pairs = [(at, left, right) for at, (left, right) in enumerate(zip(old, new, strict=True))]
    else:
        pairs = list(_aligned(old, new))
    for at, left, right in pairs:
        yield from differences(left, right, f"{path}[{at}]")


def _aligned(old: list[object], new: list[object]) -> Iterator[tuple[int, object, object]]:
    matcher = SequenceMatcher(
        a=[repr(one) for one in old], b=[repr(one) for one in new], autojunk=False
    )
    for what, first, last, start, end in matcher.get_opcodes():
        if what == "equal":
            continue
        for n in range(max(last - first, end - start)):
            left = old[first + n] if first + n < last else MISSING
            right = new[start + n] if start + n < end else MISSING
            yield first + n, left, right
