"""What agents need on this machine, as their adapters tell of it; the core knows none by name."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Sequence
from typing import cast

from smithers.agent import Checkup
from smithers.doctor._finding import Finding

__all__ = ["look_at_agents", "told_of"]

_ADAPTERS = "harnesses"


def look_at_agents() -> Iterator[Finding]:
    """A finding a program or package, and one more where none can work, or none is signed in."""
    try:
        package = importlib.import_module(_ADAPTERS)
        checkups = cast("Sequence[Checkup]", package.checkups())
    except (ImportError, AttributeError, OSError) as error:
        yield Finding(
            "agents",
            "problem",
            f"cannot load the {_ADAPTERS} package: {error}",
            "pip install --force-reinstall smithers-orchestrator",
        )
    else:
        yield from told_of(checkups)


def told_of(checkups: Sequence[Checkup]) -> Iterator[Finding]:
    """What is to be said of these. What is there can work, if need be with a workflow's own key."""
    yield from map(_finding, checkups)
    if not any(one.starts for one in checkups):
        yield Finding(
            "agents",
            "problem",
            "no agent is available: none of these is installed",
            "install one of them and sign in; workflows of Steps only, and recordings, need none",
        )
    elif not any(one.starts and one.signed_in is not False for one in checkups):
        yield Finding(
            "agents",
            "note",
            "no agent is signed in: an agent then works only if the workflow gives it a key",
            "sign in to one of them",
        )


def _finding(one: Checkup) -> Finding:
    facts = {
        "name": one.name,
        "program": one.program,
        "path": one.path,
        "version": one.version,
        "tested": list(one.tested),
        "signed_in": one.signed_in,
        "account": one.account or None,
    }
    if one.path is None:
        why = one.problem or f"is not installed: {one.program!r} was not found on PATH"
        return Finding(
            "agent", "note", f"{one.name} {why}", f"install it with `{one.install}`", facts
        )
    if one.problem:
        again = f"try `{one.program} --version`, or install it again with `{one.install}`"
        hint = one.fix or again
        return Finding("agent", "note", f"{one.name} {one.problem} ({one.path})", hint, facts)
    signed = {True: "signed in", False: "not signed in", None: "sign-in unknown"}[one.signed_in]
    if one.account:
        signed += f" ({one.account})"
    said = f"{one.name} {one.version or '(unknown version)'}, {signed}, {one.path}"
    hints = [one.sign_in] if one.signed_in is False else []
    oldest, newest = one.tested
    if one.version is not None and _numbers(one.version) < _numbers(oldest):
        said += f"; older than {oldest}, the oldest tested version"
        hints.append(f"update it with `{one.install}`")
    if one.version is not None and _beyond(one.version, newest):
        said += f"; newer than {newest}, the newest tested version"
    return Finding("agent", "note" if hints else "ok", said, "; ".join(hints), facts)


def _beyond(version: str, newest: str) -> bool:
    """Whether it is newer; a newest version of one or two numbers stands for all that begin so."""
    numbers = _numbers(newest)
    return _numbers(version)[: len(numbers)] > numbers


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))
