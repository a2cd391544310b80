"""An approval: a task that a person does. It asks, waits, and settles by the decision."""

from __future__ import annotations

from dataclasses import replace

from smithers import waits
from smithers.changes import Failure, Key, WaitKind
from smithers.forms import DECISION
from smithers.kinds._following import work_after
from smithers.kinds._instance import Instance
from smithers.kinds._kind import Asking
from smithers.kinds._questions import due_in, open_question
from smithers.kinds._rework import asked_again, deny, sent_back
from smithers.kinds._waiting import WaitingKind
from smithers.state import Ended, RunState
from smithers.tree import Approval, Decision

__all__ = ["APPROVAL"]


class ApprovalKind(WaitingKind[Approval]):
    name = "approval"
    wait = waits.APPROVAL

    def ask(self, asking: Asking, one: Instance[Approval]) -> None:
        text = asking.text(one, one.node.work.ask, "ask")
        if text is None:
            return
        due, names = due_in(one.node.timeout_s, asking), one.node.work.allowed_by
        text = asked_again(asking.state, one, text)
        form = replace(
            DECISION,
            denies_softly=one.node.work.on_deny == "continue",
            sends_back=sent_back(asking.state, one),
            does=work_after(asking, one),
        )
        row = None if form == DECISION else form.row()  # a wait without one is a decision
        open_question(asking, one, waits.APPROVAL, text, due=due, allowed_by=names, form=row)

    def answered(
        self, asking: Asking, one: Instance[Approval], kind: WaitKind, body: str | None
    ) -> None:
        """A person's decision, or the end of the time for one, becomes its output."""
        work = one.node.work
        if body is not None:
            decision = Decision.model_validate_json(body)
        elif work.on_timeout == "deny":
            decision = Decision(approved=False, note="nobody answered in time", at=asking.now())
        else:
            error = Failure(kind="TimedOut", message=f"nobody answered {one.key} in time")
            asking.settle(one, "failed", error=error)
            return
        given = decision.model_dump_json()
        wait = asking.state.waits.get((one.key, kind))
        asking.close_wait(one, kind, body or given)
        if decision.approved or work.on_deny == "continue":
            asking.settle(one, "finished", output=given, model="Decision")
            return
        deny(asking, one, decision, None if wait is None else wait.opened.asked)

    def runs_again(self, state: RunState, key: Key, node: Approval, ended: Ended) -> bool:
        """What a person decided stays decided; a question that nobody answered in time is asked
        again.
        """
        answer = state.answers.get(key)  # if time ran out, it has no name
        return answer is None or Decision.model_validate_json(answer).by is None


APPROVAL = ApprovalKind()
