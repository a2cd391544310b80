"""Panel: several agents vote, Python counts, and a rule of the caller decides a tie.

For a decision among known choices that one agent should not make alone. Not for open proposals
(Debate), and not where a rule would do (DecisionTable).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from collections.abc import Sequence as Many
from typing import Any, Literal, Protocol, get_args

from pydantic import BaseModel

from smithers import Context, ForEach, Node, Parallel, Sequence, Step, Task

__all__ = ["Panel", "Rule", "Tie", "Verdict", "Vote", "Voted", "break_tie", "count_votes"]

Rule = Literal["most", "majority", "consensus"]
"""Who wins: the choice with the most votes, with more than half of them, or with all of them."""

Tie = str | None | Callable[[list[str]], Node[str]]
"""What decides if no choice wins: a choice, nobody (None), or a node made for the tied choices."""


class Voted(Protocol):
    """What a member gives: any model that has this field."""

    @property
    def choice(self) -> str: ...


class Vote(BaseModel):
    """A vote, and why."""

    choice: str
    reason: str = ""


class Verdict(BaseModel):
    """What was decided. `choice` is None if nobody won a tie that nobody was to decide.

    `votes` has what each member voted, `counts` what each choice got, `missing` whose vote was not
    counted and why, and `tied` the choices among which the rule of the caller decided.
    """

    choice: str | None
    reason: str
    votes: dict[str, str] = {}
    counts: dict[str, int] = {}
    missing: dict[str, str] = {}
    tied: list[str] = []


def Panel(
    id: str,
    ctx: Context[Any],
    *members: Task[Voted],
    choices: Many[str],
    tie: Tie,
    rule: Rule = "most",
    quorum: int | None = None,
) -> Node[Verdict]:
    """Let members vote in parallel, and count their votes.

    Each member is a task whose output has a `choice`. The vote of one that failed or was skipped,
    or that is not in `choices`, is not counted, and the verdict names it. With fewer than
    `quorum` votes (default: more than half of the members) the panel fails. `tie` decides if no
    choice wins by `rule`: one of the choices, None for no choice, or a function from the tied
    choices to a node that gives one of them, for example a HumanTask. For a synthesis, let one more
    task read the verdict and the outputs of the members.
    """
    least = len(members) // 2 + 1 if quorum is None else quorum
    if not choices or isinstance(choices, str):
        raise ValueError(f"{id}: choices must be a list of texts, not {choices!r}")
    if isinstance(tie, str) and tie not in choices:
        raise ValueError(f"{id}: tie={tie!r} is not one of the choices: {', '.join(choices)}")
    if rule not in get_args(Rule):
        raise ValueError(f"{id}: rule={rule!r} is not one of {', '.join(get_args(Rule))}")
    if not 1 <= least <= len(members):
        raise ValueError(f"{id}: a quorum of {least} cannot be met by {len(members)} members")

    def count() -> Verdict:
        votes: dict[str, str] = {}
        missing: dict[str, str] = {}
        for member in members:
            vote = ctx.get(member)
            error = ctx.error(member)
            if vote is None:
                missing[member.id] = ctx.state(member) if error is None else error.message
            elif vote.choice not in choices:
                missing[member.id] = f"voted {vote.choice!r}, not one of {', '.join(choices)}"
            else:
                votes[member.id] = vote.choice
        if len(votes) < least:
            why = "".join(f"; {name}: {said}" for name, said in missing.items())
            raise ValueError(f"{len(votes)} votes of {len(members)}, {least} are needed{why}")
        return count_votes(votes, missing, rule, tie if isinstance(tie, str) else None)

    verdict = break_tie(id, ctx, Step(f"{id}-count", count), tie)
    return Sequence(Parallel(*members, on_failure="continue"), verdict, result=verdict, id=id)


def break_tie(id: str, ctx: Context[Any], counted: Node[Verdict], tie: Tie) -> Node[Verdict]:
    """A verdict in which the caller's rule has decided if there was a tie."""
    if tie is None or isinstance(tie, str):
        return counted
    broken = ForEach(
        lambda: [ctx[counted].tied] if ctx[counted].tied else [],
        key=lambda tied: "tie",
        each=tie,
        allow_empty=True,
        id=f"{id}-tie",
    )

    def decide() -> Verdict:
        verdict = ctx[counted]
        if not verdict.tied:
            return verdict
        [choice] = ctx[broken]
        if choice not in verdict.tied:
            raise ValueError(f"the tie of {', '.join(verdict.tied)} was decided as {choice!r}")
        return verdict.model_copy(
            update={"choice": choice, "reason": f"{verdict.reason}; decided: {choice}"}
        )

    decided = Step(f"{id}-verdict", decide)
    return Sequence(counted, broken, decided, result=decided)


def count_votes(
    votes: Mapping[str, str], missing: Mapping[str, str], rule: Rule, tie: str | None
) -> Verdict:
    """The verdict of votes; `tie` is the choice that wins a tie, or None."""
    counts = dict(Counter(votes.values()).most_common())
    most = max(counts.values(), default=0)
    first = [choice for choice, count in counts.items() if count == most]
    wins = {"most": True, "majority": 2 * most > len(votes), "consensus": most == len(votes)}
    tied = [] if len(first) == 1 and wins[rule] else first if len(first) > 1 else list(counts)
    choice = tie if tied else next(iter(first), None)
    said = ", ".join(f"{name} {count}" for name, count in counts.items()) or "no votes"
    absent = "".join(f"; without {name}: {why}" for name, why in missing.items())
    by_rule = "" if not tied else f"; no {rule}" if len(first) == 1 else "; a tie"
    won = "" if not tied or tie is None else f", so {tie}"
    return Verdict(
        choice=choice,
        reason=f"{said}{absent}{by_rule}{won}",
        votes=dict(votes),
        counts=counts,
        missing=dict(missing),
        tied=tied,
    )
