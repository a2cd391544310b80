"""What the tasks that follow a question do, as far as their author wrote it out.

A text that a callable computes is not known before the task starts, so it is not called here.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from itertools import islice
from typing import Any, cast

from smithers.kinds._definition import Definition
from smithers.kinds._instance import Instance
from smithers.kinds._kind import Asking
from smithers.tree import NODE_MARK, AgentWork, CommandWork, StepWork

__all__ = ["work_after"]

_MOST_TASKS, _MOST_TEXT = 8, 1_000
"""A look at more would cost each question of a long sequence as much as the whole sequence."""


def work_after(asking: Asking, one: Instance) -> dict[str, dict[str, str]]:
    """By id what each task does that follows in the tree; see `Form.does`."""
    leaves = _leaves_after(one.definition)
    found = ((leaf.id, _words(getattr(leaf.node, "work", None))) for leaf in leaves)
    return {
        id: {name: asking.scrub(_cut(text)) for name, text in words.items()}
        for id, words in islice(found, _MOST_TASKS)
        if words
    }


def _leaves_after(one: Definition) -> Iterator[Definition]:
    child, above = one, one.parent
    while above is not None:
        if above.kind.is_ordered and child in above.children:
            for later in above.children[above.children.index(child) + 1 :]:
                yield from (leaf for leaf in later.walk() if leaf.kind.is_task)
        child, above = above, above.parent


def _words(work: object) -> dict[str, str]:
    match work:
        case CommandWork():
            return _with_folder(_command(work), work.cwd)
        case AgentWork():
            found = {"agent": ", ".join(agent.name for agent in work.agents)}
            if isinstance(work.prompt, str) and NODE_MARK not in work.prompt:
                found["prompt"] = next(iter(work.prompt.strip().splitlines()), "")
            else:
                found["computed"] = "prompt"
            rights = [getattr(agent, "permissions", None) for agent in work.agents]
            known = dict.fromkeys(one for one in rights if isinstance(one, str) and one)
            return _with_folder({**found, "permissions": "; or ".join(known)}, work.cwd)
        case StepWork():
            name = getattr(work.run, "__name__", "")
            return {} if name in ("", "<lambda>") else {"function": name}
        case _:
            return {}


def _command(work: CommandWork) -> dict[str, str]:
    argv = work.argv
    if isinstance(argv, str):
        return {"command": argv}
    given: list[object] = list(cast("Any", argv)) if isinstance(argv, tuple | list) else []
    words = list(map(str, given))
    if not words or NODE_MARK in "".join(words):
        return {"computed": "command"}
    return {"command": shlex.join(words)}


def _with_folder(words: dict[str, str], cwd: object) -> dict[str, str]:
    folder = "" if cwd is None or callable(cwd) else str(cwd)
    return {name: text for name, text in {**words, "cwd": folder}.items() if text}


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else f"{text[: _MOST_TEXT - 1]}…"
