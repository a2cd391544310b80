"""Debate: agents propose, criticise each other, and the proposal with the most points wins.

For open questions to which several agents have different answers. Not for a choice among known
options (Panel): criticism costs a request of each agent and round.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from smithers import Context, Loop, Node, Parallel, Sequence, Step, Task
from smithers.patterns.panel import Tie, Verdict, break_tie

__all__ = ["Debate", "Pointed"]

T = TypeVar("T")


class Pointed(Protocol):
    """What a judge gives: any model with the points of each proposal, by the id of its task."""

    @property
    def points(self) -> Mapping[str, int]: ...


def Debate(
    id: str,
    ctx: Context[Any],
    *proposals: Task[T],
    criticise: Callable[[Task[T]], Node[object]],
    judge: Node[Pointed],
    tie: Tie,
    rounds: int = 1,
) -> Node[T]:
    """Let agents propose and criticise, let a judge give points, and give the best proposal.

    `criticise` makes the node in which the author of a proposal criticises the others; with more
    than one of `rounds`, it reads what was said before with `ctx.previous`. `judge` reads all of
    it, and gives points to each proposal by the id of its task. The verdict names as missing a
    proposal that got no points, and points for what is not a proposal. `tie` decides among those
    with the most points: the id of one, which wins if it is among them, None to fail, or a function
    from their ids to a node that gives one. If a proposal fails, so does the debate.
    """
    by_id = {proposal.id: proposal for proposal in proposals}
    if not by_id:
        raise ValueError(f"{id}: there are no proposals")
    if isinstance(tie, str) and tie not in by_id:
        raise ValueError(f"{id}: tie={tie!r} is not one of the proposals: {', '.join(by_id)}")

    def count() -> Verdict:
        points = ctx[judge].points
        counts = {name: points[name] for name in by_id if name in points}
        if not counts:
            raise ValueError(f"the judge gave points to none of {', '.join(by_id)}")
        best = [name for name in counts if counts[name] == max(counts.values())]
        missing = {name: "the judge gave no points" for name in by_id if name not in points}
        missing |= {name: "is not a proposal" for name in points if name not in by_id}
        choice = best[0] if len(best) == 1 else next((one for one in best if one == tie), None)
        said = ", ".join(f"{name} {count}" for name, count in counts.items())
        absent = "".join(f"; without {name}: {why}" for name, why in missing.items())
        tied = best if len(best) > 1 else []
        won = f", so {choice}" if tied and choice is not None else ""
        reason = said + absent + ("; a tie" if tied else "") + won
        return Verdict(choice=choice, reason=reason, counts=counts, missing=missing, tied=tied)

    said: Step[int] = Step(f"{id}-round", lambda: (ctx.previous(said) or 0) + 1)
    critiques = Loop(
        Parallel(*(criticise(proposal) for proposal in proposals)),
        said,
        until=lambda: ctx[said] == rounds,
        max_iterations=rounds,
        id=f"{id}-critiques",
    )
    verdict = break_tie(id, ctx, Step(f"{id}-points", count), tie)

    def best() -> T:
        found = ctx[verdict]
        if found.choice not in by_id:
            raise ValueError(f"no proposal won: {found.reason}")
        return ctx[by_id[found.choice]]

    winner = Step(f"{id}-winner", lambda: best())
    return Sequence(Parallel(*proposals), critiques, judge, verdict, winner, result=winner, id=id)
