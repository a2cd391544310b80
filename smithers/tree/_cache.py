"""How the answer of a task is kept for later runs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn, cast

from smithers.tree._checks import check_number, wrong
from smithers.tree._places import Mark, here
from smithers.values import dataclass

__all__ = ["Cache", "check_cache"]


@dataclass(frozen=True, init=False)
class Cache:
    """Keep the answer of a task in the database, for every run that asks the same.

    The same is: the agents with their options, the prompt, the type of the output, and the contents
    of `files`. These are paths or patterns such as `"src/**/*.py"`, relative to the folder in which
    the agent works; each must match a file. `ttl_s` is how long an answer is used, in seconds.
    """

    files: tuple[str, ...]
    ttl_s: float | None

    def __init__(self, files: Iterable[str | Path] = (), ttl_s: float | None = None) -> None:
        mark = here()
        given = cast("object", files)
        if isinstance(given, str | Path) or not isinstance(given, Iterable):
            _wrong_files(mark, given)
        listed = tuple(cast("Iterable[object]", given))
        for one in listed:
            if not isinstance(one, str | Path) or not str(one):
                _wrong_files(mark, one)
        check_number(mark, "ttl_s", ttl_s, 0.001)
        object.__setattr__(self, "files", tuple(map(str, listed)))
        object.__setattr__(self, "ttl_s", ttl_s)


def _wrong_files(mark: Mark, given: object) -> NoReturn:
    said = f"the files of a Cache must be a list of paths, not {given!r}"
    wrong(mark, said, 'for example Cache(files=["src/**/*.py"])')


def check_cache(id: str, cache: Cache | None, verb: str | None, mark: Mark) -> Cache | None:
    """`verb` is how the task takes up the session of another one, if it does. Raises
    `AuthorError`.
    """
    if cache is None:
        return None
    if not isinstance(cast("object", cache), Cache):
        wrong(
            mark, f"the cache of task {id!r} must be a Cache, not {cache!r}", "write cache=Cache()"
        )
    if verb is not None:
        wrong(
            mark,
            f"task {id!r} {verb} a session, so its answer depends on more than a cache can compare",
            f"leave out cache=, or {verb}=",
        )
    return cache
