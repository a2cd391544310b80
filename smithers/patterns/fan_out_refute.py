"""FanOutRefute: many angles find things, and a panel tries to refute each, until nothing is new.

For audits and searches, where an agent finds much and some of it is wrong. Not for findings that a
program can verify, and not for a single answer (Panel).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Sequence as Many
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from smithers import Context, ForEach, Loop, Node, Parallel, Sequence, Step, Task

__all__ = ["FanOutRefute", "Judgement", "Refutation", "Refuted"]

A = TypeVar("A")
F = TypeVar("F")


class Refuted(Protocol):
    """What a refuter gives: any model that has this field."""

    @property
    def refuted(self) -> bool: ...


class Refutation(BaseModel):
    """Whether a finding is refuted, and why."""

    refuted: bool
    reason: str = ""


class Judgement(BaseModel):
    """Whether a finding is kept: who refuted it, and whose answer is missing and why."""

    kept: bool
    reason: str
    refuted_by: list[str] = []
    missing: dict[str, str] = {}


def FanOutRefute(
    id: str,
    ctx: Context[Any],
    angles: Iterable[A] | Callable[[], Iterable[A]],
    find: Callable[[A, Callable[[], list[F]]], Node[Iterable[F]]],
    refute: Callable[[F], Many[Task[Refuted]]],
    *,
    angle: Callable[[A], str],
    key: Callable[[F], str],
    refutations: int,
    max_rounds: int = 1,
    limit: int | None = None,
) -> Node[list[F]]:
    """Find things from many angles, try to refute each, and give those that were not refuted.

    `find` makes the node that gives the findings of an angle; its second argument is a function
    that gives what earlier rounds have found, for a prompt. Findings with the same `key` are the
    same. `refute` makes the tasks that try to refute a finding, each with an output that has
    `refuted`; `refutations` of them drop it. One without an answer refutes nothing, and the
    judgement of the finding names it. Rounds repeat until one finds nothing new, at most
    `max_rounds`. `angle` and `key` give texts that ids are made of: of one line, and short. At most
    `limit` angles, and then findings, are in work at once. An angle that fails is left out, and is
    listed as tolerated. No angles give no findings.
    """
    if refutations < 1:
        raise ValueError(f"{id}: refutations={refutations} must be at least 1")

    def known() -> list[F]:
        return ctx.previous(found) or []

    def news() -> list[F]:
        before = {key(one) for one in known()}
        first = {key(one): one for many in reversed(ctx[looks]) for one in reversed([*many])}
        return [one for name, one in reversed(first.items()) if name not in before]

    looks = ForEach(
        angles,
        key=angle,
        each=lambda one: find(one, known),
        limit=limit,
        allow_empty=True,
        on_failure="continue",
        id=f"{id}-angles",
    )
    new = Step(f"{id}-new", lambda: news())
    found: Step[list[F]] = Step(f"{id}-found", lambda: known() + ctx[new])

    def judged(finding: F) -> Node[Judgement]:
        tasks = refute(finding)
        judgement = Step(f"{id}/{key(finding)}", lambda: judge(ctx, tasks, refutations))
        return Sequence(Parallel(*tasks, on_failure="continue"), judgement, result=judgement)

    trials = ForEach(
        lambda: ctx[new], key=key, each=judged, limit=limit, allow_empty=True, id=f"{id}-findings"
    )

    def keep() -> list[F]:
        trial = ctx.items(trials)
        return (ctx.previous(kept) or []) + [one for one in ctx[new] if trial[key(one)].kept]

    kept: Step[list[F]] = Step(f"{id}-kept", lambda: keep())
    rounds: Step[int] = Step(f"{id}-round", lambda: (ctx.previous(rounds) or 0) + 1)
    return Loop(
        *(looks, new, found, trials, kept, rounds),
        until=lambda: not ctx[new] or ctx[rounds] == max_rounds,
        max_iterations=max_rounds,
        result=kept,
        id=id,
    )


def judge(ctx: Context[Any], tasks: Many[Task[Refuted]], refutations: int) -> Judgement:
    """Count the refutations of a finding."""
    answers = {task.id: ctx.get(task) for task in tasks}
    refuted_by = [name for name, one in answers.items() if one is not None and one.refuted]
    errors = {task.id: ctx.error(task) for task in tasks if answers[task.id] is None}
    missing = {name: "skipped" if one is None else one.message for name, one in errors.items()}
    said = f"refuted by {len(refuted_by)} of {len(tasks)}, {refutations} are needed"
    absent = "".join(f"; {name} refutes nothing: {why}" for name, why in missing.items())
    return Judgement(
        kept=len(refuted_by) < refutations,
        reason=said + absent,
        refuted_by=refuted_by,
        missing=missing,
    )
