"""The fingerprint of an attempt: what it was made from, as short digests of its parts.

It is kept with the attempt as JSON, part by part, so that a later resume can say what an edit has
changed. A part that is not there was empty; `?` stands for one that cannot be told, and is never
taken for changed. Only digests stand here, so no secret does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, cast

from smithers.agent import Agent, key_of
from smithers.engine.syntax import digest_of, digest_values
from smithers.texts import object_from
from smithers.tree import Output, Program, StepWork

__all__ = [
    "UNKNOWN",
    "Fingerprint",
    "differences",
    "fingerprint_of",
    "fingerprint_text",
    "of_program",
    "of_prompt",
    "of_step",
]

Fingerprint = Mapping[str, str]
UNKNOWN: Final = "?"
_AGENT: Final = "agent"
_SHORT: Final = json.JSONEncoder(separators=(",", ":"))


def fingerprint_text(parts: Fingerprint) -> str:
    """A fingerprint as it is kept, without the parts that are empty.

    >>> fingerprint_text({"code": "1f", "values": ""})
    '{"code":"1f"}'
    """
    return _text_of(tuple(parts.items()))


@lru_cache(maxsize=256)
def _text_of(parts: tuple[tuple[str, str], ...]) -> str:  # many steps call one function
    return _SHORT.encode({name: part for name, part in parts if part})


def fingerprint_of(text: str | None) -> Fingerprint | None:
    """The inverse; None where there is none."""
    row = object_from(text)
    return None if row is None else cast("Fingerprint", row)


def of_prompt(prompt: str, output: Output[Any], agents: Sequence[Agent]) -> Fingerprint:
    """Of an agent's work: the author's prompt, not what is told around it, and who may do it."""
    keys = " ".join(digest_of(key_of(agent)) for agent in agents)
    return {"prompt": digest_of(prompt), **_schema(output), _AGENT: keys}


def of_step(
    work: StepWork, output: Output[Any], input: Callable[[], Mapping[str, str]]
) -> Fingerprint:
    """Of a function; `input` gives the digests of the run's input, which count where it is read. A
    simple type, such as int, counts with the code, which keeps the row of a step small.
    """
    code, values = digest_values(work.run, input)
    if code is None or values is None:
        return {"code": UNKNOWN, "values": UNKNOWN, **_schema(output)}
    if list(output.schema) == ["type"]:
        return {"code": _typed(code, str(output.schema["type"])), "values": values}
    return {"code": code, "values": values, **_schema(output)}


@lru_cache(maxsize=256)
def _typed(code: str, type: str) -> str:
    return digest_of(f"{code} {type}")


def of_program(program: Program, output: Output[Any]) -> Fingerprint:
    """Of a command, with all that it is started with. Whether it has a shell is in its words."""
    env = json.dumps(sorted(program.env.items()))
    return {
        "argv": digest_of(json.dumps(program.argv)),
        "cwd": "" if program.cwd is None else digest_of(str(program.cwd)),
        "env": digest_of(env) if program.env else "",
        "stdin": "" if program.stdin is None else digest_of(program.stdin.hex()),
        **_schema(output),
    }


def _schema(output: Output[Any]) -> Fingerprint:
    return {} if output.digest is None else {"schema": output.digest[:12]}


def differences(before: Fingerprint, now: Fingerprint) -> list[str]:
    """The names of the parts that differ, as far as that can be told.

    An agent differs if no agent of now is one of before: another fallback changes nothing.
    """
    return [name for name in _names(before, now) if _differs(name, before, now)]


def _names(*prints: Fingerprint) -> Iterable[str]:
    return dict.fromkeys(name for one in prints for name in one)


def _differs(name: str, before: Fingerprint, now: Fingerprint) -> bool:
    was, is_now = before.get(name, ""), now.get(name, "")
    if UNKNOWN in (was, is_now):
        return False
    if name == _AGENT:
        return not set(was.split()) & set(is_now.split())
    return was != is_now
