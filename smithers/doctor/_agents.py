"""What agents need on this machine, as their adapters tell of it; the core knows none by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from _smithers_orchestrator.damage import reinstall
from smithers.adapters import GROUP, installed
from smithers.agent import Checkup
from smithers.doctor._finding import Finding

__all__ = ["find_ready", "look_at_agents", "told_of"]

_Look = Callable[[], Checkup | None]


def look_at_agents() -> Iterator[Finding]:
    """A finding a program or package, and one more where none can work, or none is signed in.

    All are looked at at once, each in a thread, and an adapter that fails hides no other.
    """
    found = installed()
    for name, error in found.broken.items():
        yield Finding("agents", "note", error.said, error.hint, {"adapter": name})
    if not found.adapters and not found.broken:
        said = f"no distribution here declares an agent in the entry-point group {GROUP}"
        yield Finding("agents", "problem", said, f"run `{reinstall()}`")
        return
    looks = {name: one.checkup for name, one in found.adapters.items() if one.checkup}
    results = _look_at_once(looks)
    for name, one in results.items():
        if isinstance(one, str):
            said = f"the adapter {name} cannot check its agents: {one}"
            yield Finding("agents", "note", said, facts={"adapter": name})
    checkups = [one for one in results.values() if isinstance(one, Checkup)]
    yield from told_of(sorted(checkups, key=lambda one: not one.starts))


def find_ready() -> list[str]:
    """The adapters whose agents can start here and are not signed out, those first that are known
    to be signed in.
    """
    looks = {name: one.checkup for name, one in installed().adapters.items() if one.checkup}
    found = {
        name: one.signed_in
        for name, one in _look_at_once(looks).items()
        if isinstance(one, Checkup) and one.starts and one.signed_in is not False
    }
    return sorted(found, key=lambda name: found[name] is not True)


def _look_at_once(looks: Mapping[str, _Look]) -> dict[str, Checkup | str | None]:
    with ThreadPoolExecutor(max_workers=max(1, len(looks))) as pool:
        return dict(zip(looks, pool.map(_result, looks.values()), strict=True))


def _result(look: _Look) -> Checkup | str | None:
    try:
        return look()
    except Exception as error:  # code of others
        return f"{type(error).__name__}: {error}"


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
