"""Answers of earlier runs, for tasks with a `cache=`, by the digest of what was asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from smithers.agent import key_of
from smithers.errors import AuthorError
from smithers.store import CachedAnswer
from smithers.tree import AgentWork, Cache, Task

__all__ = ["AnswerCache", "cache_key"]


class AnswerCache:
    """The answers that a run may take, and those that it gives. `new` are to be kept with the frame
    in the making; a task that starts with it may take them already.
    """

    def __init__(
        self, run_id: str, find: Callable[[str], CachedAnswer | None], now: Callable[[], datetime]
    ) -> None:
        self._run_id = run_id
        self._find = find
        self._now = now
        self.new: list[CachedAnswer] = []

    def find(self, key: str, cache: Cache) -> CachedAnswer | None:
        """The answer under a key, if it is young enough. Raises `StoreError`."""
        found = next((one for one in self.new if one.key == key), None) or self._find(key)
        if found is None or cache.ttl_s is None:
            return found
        is_young = self._now() - found.created_at <= timedelta(seconds=cache.ttl_s)
        return found if is_young else None

    def keep(self, key: str, task: str, model: str | None, text: str) -> None:
        """Keep an answer for later runs."""
        self.new.append(
            CachedAnswer(
                key=key,
                task=task,
                model=model,
                json=text,
                run_id=self._run_id,
                created_at=self._now(),
            )
        )


def cache_key(node: Task[Any], work: AgentWork, cache: Cache, prompt: str, folder: Path) -> str:
    """The digest of what a task asks. Raises `AuthorError` for a file that is not there."""
    asked = {
        "agents": [key_of(agent) for agent in work.agents],
        "prompt": prompt,
        "schema": None if node.output.is_text else node.output.schema,
        "files": [_files(node, folder, pattern) for pattern in cache.files],
    }
    text = json.dumps(asked, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _files(node: Task[Any], folder: Path, pattern: str) -> list[tuple[str, str]]:
    """The files that match, each with the digest of its contents."""
    found: list[tuple[str, str]] = []
    try:
        for path in sorted(_matches(folder, pattern)):
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            found.append((str(path.relative_to(folder)), digest))
    except (OSError, ValueError, NotImplementedError) as error:
        said = f"the cache of {node.id} cannot read {pattern!r} in {folder}: {error}"
        raise AuthorError(said, place=node.mark.place, hint=_HOW) from error
    if not found:
        said = f"the cache of {node.id} names {pattern!r}, which matches no file in {folder}"
        raise AuthorError(said, place=node.mark.place, hint=_HOW)
    return found


_HOW = "name files, or patterns of files, below the folder in which the agent works"


def _matches(folder: Path, pattern: str) -> list[Path]:
    return [path for path in folder.glob(pattern) if path.is_file()]
