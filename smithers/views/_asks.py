"""The open questions of a run: what waits for a person's decision or for a larger budget."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, assert_never

from smithers import waits
from smithers.changes import Key
from smithers.store.answers import answer_word, who_answered
from smithers.texts import title_of
from smithers.values import dataclass
from smithers.views._budgets import budgets, raise_command
from smithers.views._tasks import open_waits
from smithers.views._words import answer_commands, decide_command, deny_name

if TYPE_CHECKING:
    from smithers.forms import Form
    from smithers.views._budgets import BudgetView
    from smithers.views._next_work import NextWork
    from smithers.views._snapshot import Snapshot
    from smithers.views._tasks import WaitView
    from smithers.waits import WaitKind

__all__ = ["PastQuestion", "Question", "Review", "questions"]

_VERBS: tuple[Literal["approve"], Literal["deny"]] = ("approve", "deny")


Denial = Literal["fails", "continues", "sent back"]
"""What a denial means for the task that asks: it fails, it finishes with the denial as its output,
or work is done again and it asks again.
"""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a run asks a person. `task` is None for the run as a whole: its budget, or an edit to
    take. `digest` is that of the text, unless a budget is asked for. `form` is what the answer must
    be; None for a budget. `commands` are what a person types, without the database: `approve` and
    `deny`, `answer` and each of a few choices, or `budget`. `next` is what the answer lets run,
    where it was read.
    """

    run_id: str
    workflow: str
    task: str | None
    iteration: tuple[int, ...]
    kind: WaitKind
    asked: str
    digest: str | None
    since: datetime
    due: datetime | None
    allowed_by: tuple[str, ...]
    form: Form | None
    commands: dict[str, str]
    next: NextWork | None = None

    @property
    def if_denied(self) -> Denial | None:
        """What a denial means; None if the question does not allow it."""
        if self.kind == waits.REPEAT:
            return "fails"
        form = self.form
        if form is None or not (form.kind == "decision" or form.may_deny):
            return None
        return "sent back" if form.sends_back else "continues" if form.denies_softly else "fails"

    @property
    def key(self) -> Key:
        return Key(self.task or "", self.iteration)

    @property
    def who(self) -> str:
        """Who may answer, in words."""
        names = " or ".join(self.allowed_by)
        return f"only {names} may answer" if names else "any person may answer"

    @property
    def title(self) -> str:
        return title_of(self.asked)

    @property
    def deny_command(self) -> str | None:
        """What sends the work back, or denies; None if the question does not allow it."""
        name = "deny" if self.form is None else deny_name(self.form)
        return self.commands.get(name)


@dataclass(frozen=True, kw_only=True, slots=True)
class PastQuestion:
    """What a task asks or has asked. `answer` is what was recorded, or None."""

    key: Key
    asked: str
    digest: str | None
    answer: Mapping[str, Any] | None

    @property
    def title(self) -> str:
        return title_of(self.asked)

    @property
    def verdict(self) -> str:
        """What became of it: `approved by ann`; empty as long as it is open."""
        if self.answer is None:
            return ""
        by = f" by {who_answered(self.answer)}" if self.answer.get("by") else ""
        return f"{answer_word(self.answer)}{by}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """What a task that reviews has given: whether it approves, and its texts."""

    key: Key
    approves: bool
    text: str


def questions(snapshot: Snapshot) -> Iterator[Question]:
    """The open questions of a run, in the order in which they were asked."""
    asked = [wait for wait in open_waits(snapshot) if _is_open(snapshot, wait)]
    is_capped = any(wait.kind == waits.BUDGET for wait in asked)
    capped = {one.key: one for one in budgets(snapshot)} if is_capped else {}
    for wait in asked:
        yield Question(
            run_id=snapshot.run_id,
            workflow=snapshot.run.workflow,
            task=wait.key.id or None,
            iteration=wait.key.path,
            kind=wait.kind,
            asked=wait.asked or "",
            digest=wait.digest,
            since=wait.since,
            due=wait.due,
            allowed_by=wait.allowed_by,
            form=wait.form,
            commands=_commands(snapshot, wait, capped.get(wait.key)),
        )


def _commands(snapshot: Snapshot, wait: WaitView, budget: BudgetView | None) -> dict[str, str]:
    """What a person types to answer."""
    match wait.kind:
        case waits.APPROVAL | waits.REPEAT:
            run_id, key = snapshot.run_id, wait.key
            return {verb: decide_command(verb, run_id, key, wait.digest) for verb in _VERBS}
        case waits.HUMAN:
            return answer_commands(snapshot.run_id, wait.key, wait.digest, wait.form)
        case waits.BUDGET:
            return {} if budget is None else {"budget": raise_command(snapshot.run_id, budget)}
        case (
            waits.RETRY
            | waits.COOLDOWN
            | waits.AGENTS
            | waits.DATA
            | waits.ATTACHED
            | waits.CHILD
            | waits.POOL
            | waits.TIMER
            | waits.EVENT
        ):
            return {}  # nobody is asked
        case _:
            assert_never(wait.kind)


def _is_open(snapshot: Snapshot, wait: WaitView) -> bool:
    """Whether a person can still answer; a living owner goes by its own clock."""
    if wait.kind not in waits.DECISIONS or wait.answered:
        return False
    return snapshot.alive or wait.due is None or wait.due > snapshot.now
