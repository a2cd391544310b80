"""A task: work of an agent, of a Python function, or of a person. It has no children."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from smithers import waits
from smithers.changes import Failure, Key, Outcome, WaitKind
from smithers.kinds._instance import Instance
from smithers.kinds._kind import Asking, Kind, Planning
from smithers.state import Ended, RunState
from smithers.tree import AgentWork, Decision, Node, PersonWork, Task

__all__ = ["TASK", "agent_work"]

_FINAL = "a person's denial is final: resuming the run does not change it, start a new run"


def agent_work(node: Node[Any] | None) -> AgentWork | None:
    """What an agent has to do for a node; None if no agent works for it."""
    work = node.work if isinstance(node, Task) else None
    return work if isinstance(work, AgentWork) else None


class TaskKind(Kind[Task[Any]]):
    name = "task"
    is_task = True

    def needs(self, node: Task[Any]) -> Iterator[tuple[str, str]]:
        for need in node.needs:
            yield need, f"needs {need!r}"
        if (work := agent_work(node)) is not None and work.source is not None:
            yield work.source, f"{work.verb} {work.source!r}"

    def source_of_output(self, node: Task[Any]) -> Task[Any]:
        return node

    def activate(self, plan: Planning, one: Instance[Task[Any]]) -> None:
        state = plan.state
        ended = state.ended.get(one.key)
        if self.has_begun(state, one):
            plan.begin(one)
        if ended is not None:
            plan.mark(one, ended.outcome, ended.frame)
        elif one.closed:
            plan.drop_task(one, "skipped", cancel=False)
        elif not any(
            tried.counts and tried.state == "running" for tried in state.tries.get(one.key, ())
        ):
            plan.resolve_later(one)

    def child_settled(self, plan: Planning, one: Instance[Task[Any]], child: Instance) -> None:
        raise AssertionError("a task has no children")

    def drop(
        self, plan: Planning, one: Instance[Task[Any]], outcome: Outcome, *, cancel: bool
    ) -> None:
        plan.drop_task(one, outcome, cancel=cancel)

    def make_below(self, plan: Planning, one: Instance[Task[Any]]) -> None:
        """There is nothing below it."""

    def resolve(self, asking: Asking, one: Instance[Task[Any]]) -> bool:
        return asking.make_ready(one)

    def answered(
        self, asking: Asking, one: Instance[Task[Any]], kind: WaitKind, body: str | None
    ) -> None:
        """A person's decision, or the end of the time for one, becomes the output of an
        approval.
        """
        work = one.node.work
        assert isinstance(work, PersonWork), "no other task opens such a wait"
        if body is not None:
            decision = Decision.model_validate_json(body)
        elif work.on_timeout == "deny":
            decision = Decision(approved=False, note="nobody answered in time", at=asking.now())
        else:
            error = Failure(kind="TimedOut", message=f"nobody answered {one.key} in time")
            asking.settle(one, "failed", error=error)
            return
        given = decision.model_dump_json()
        asking.close_wait(one, kind, body or given)
        if decision.approved or work.on_deny == "continue":
            asking.settle(one, "finished", output=given, model="Decision")
        else:
            asking.settle(one, "failed", error=_denied(decision, asking))

    def is_tolerated(self, node: Task[Any]) -> bool:
        return node.on_failure == "continue"

    def has_begun(self, state: RunState, one: Instance[Task[Any]]) -> bool:
        key = one.key
        ended, tried = state.ended.get(key), state.tries.get(key, ())
        asked = isinstance(one.node.work, PersonWork)
        holds = state.has_wait(key, waits.TAKING_SLOTS)
        if ended is None and not tried and not asked and not holds:  # nothing happened to it yet
            return False
        tries = [one for one in tried if one.counts]
        answered = ended is not None and ended.outcome in ("finished", "failed")
        # What an interrupted step would have come to, its next attempt tells: it may be deferred.
        begun = any(one.state not in ("deferred", "interrupted") for one in tries)
        interrupted = bool(tries) and tries[-1].state == "interrupted"
        return begun or holds or interrupted or (asked and answered)

    def runs_again(self, state: RunState, key: Key, node: Task[Any], ended: Ended) -> bool:
        """What a person decided stays decided; a question that nobody answered in time is asked
        again.
        """
        return not (isinstance(node.work, PersonWork) and _is_denied_by_person(key, state))


def _denied(decision: Decision, asking: Asking) -> Failure:
    by = f" by {decision.by}" if decision.by else ""
    note = f": {decision.note}" if decision.note else ""
    hint = _FINAL if decision.by is not None else ""
    return Failure(kind="Denied", message=asking.scrub(f"denied{by}{note}"), hint=hint)


def _is_denied_by_person(key: Key, state: RunState) -> bool:
    """Whether a person denied an approval that failed; if time ran out, the answer has no name."""
    answer = state.answers.get(key)
    return answer is not None and Decision.model_validate_json(answer).by is not None


TASK = TaskKind()
