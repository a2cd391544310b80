"""A task: work of an agent or of a Python function. It has no children."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, cast

from typing_extensions import TypeVar

from smithers import waits
from smithers.changes import ChoiceKind, Key, Outcome, WaitKind
from smithers.kinds._called import Called
from smithers.kinds._instance import Instance
from smithers.kinds._kind import NOTHING, Asking, Kind, Planning
from smithers.kinds._output_reader import OutputReader
from smithers.kinds._questions import denied, open_question
from smithers.naming import key_name
from smithers.state import Attempted, Ended, RunState
from smithers.tree import AgentWork, Computed, Decision, Node, Output, Rework, StepWork, Task

__all__ = ["TASK", "Leaf", "WorkKind", "agent_work", "has_effect", "was_interrupted"]

N = TypeVar("N", bound=Task[Any], default=Any)


def agent_work(node: Node[Any] | None) -> AgentWork | None:
    """What an agent has to do for a node; None if no agent works for it."""
    work: object = getattr(node, "work", None)  # of a task, and of nothing else
    return work if isinstance(work, AgentWork) else None


def was_interrupted(state: RunState, key: Key) -> bool:
    """Whether the last attempt of a leaf was stopped while it ran, by a crash, a person or a group
    around it: it may have had its effect, or a part of it. An attempt before a reset counts, too.
    The same holds for a child run that was stopped.
    """
    if key in state.children:
        return state.outcome(key) == "cancelled"
    tries = state.tries.get(key)
    return tries is not None and tries[-1].state in ("interrupted", "cancelled")


class Leaf(Kind[N]):
    """A kind whose nodes do something themselves."""

    is_task = True

    def needs(self, node: N) -> Iterator[tuple[str, str]]:
        for need in node.needs:
            yield need, f"needs {need!r}"

    def callables(self, node: N) -> Iterator[Called]:
        yield Called("skip_if", node.skip_if)
        work: Any = node.work
        names: Iterable[str] = getattr(work, "_fields", getattr(work, "__dataclass_fields__", ()))
        for name in names:
            value: object = getattr(work, name)
            yield Called(name, cast("Any", value).call if isinstance(value, Computed) else value)

    def chooser(self, node: N, kind: ChoiceKind) -> Callable[[], object] | None:
        return node.skip_if if kind == "skip_if" else None

    def source_of_output(self, node: N) -> N:
        return node

    def output(self, node: N) -> Output[Any]:
        return node.output

    def gives(self, outputs: OutputReader, one: Instance[N]) -> bool:
        ended = outputs.ended(one.key)
        return ended is not None and ended.output is not None and one.status == "finished"

    def value(self, outputs: OutputReader, one: Instance[N], handle: N) -> object:
        ended = outputs.ended(one.key)
        if ended is None or ended.output is None or one.status != "finished":
            return NOTHING
        return outputs.parse(handle, one.key, ended)

    def text(self, outputs: OutputReader, one: Instance[N]) -> str | None:
        ended = outputs.ended(one.key)
        if ended is None or one.status != "finished":
            return None
        return outputs.stored(one.key, ended)

    def activate(self, plan: Planning, one: Instance[N]) -> None:
        state = plan.state
        ended = state.ended.get(one.key)
        if self.has_begun(state, one):
            plan.begin(one)
        if ended is not None:
            plan.mark(one, ended.outcome, ended.frame)
        elif one.closed and one.key not in state.reset:
            plan.drop_task(one, "skipped", cancel=False)
        elif not any(tried.state == "running" for tried in state.tries.get(one.key, ())):
            plan.come_up(one)

    def child_settled(self, plan: Planning, one: Instance[N], child: Instance) -> None:
        raise AssertionError(f"a {self.name} has no children")

    def drop(self, plan: Planning, one: Instance[N], outcome: Outcome, *, cancel: bool) -> None:
        plan.drop_task(one, outcome, cancel=cancel)

    def make_below(self, plan: Planning, one: Instance[N]) -> None:
        """There is nothing below it."""

    def is_tolerated(self, node: N) -> bool:
        return node.on_failure == "continue"

    def rework(self, node: N) -> Rework | None:
        return node.rework

    def has_begun(self, state: RunState, one: Instance[N]) -> bool:
        key = one.key
        tried = state.tries.get(key, ())
        holds = state.has_wait(key, waits.TAKING_SLOTS)
        if not tried and not holds:  # nothing happened to it yet
            return False
        tries = [one for one in tried if one.counts]
        # What an interrupted step would have come to, its next attempt tells: it may be deferred.
        begun = any(one.state not in ("deferred", "interrupted") for one in tries)
        begun = begun or (bool(tried) and tried[-1].state == "running")  # reset, and not ended yet
        interrupted = bool(tries) and tries[-1].state == "interrupted"
        return begun or holds or interrupted


class WorkKind(Leaf[N]):
    """A leaf whose work an executor attempts."""

    def resolve(self, asking: Asking, one: Instance[N]) -> bool:
        return asking.make_ready(one)


class TaskKind(WorkKind[Task[Any]]):
    name = "task"

    def needs(self, node: Task[Any]) -> Iterator[tuple[str, str]]:
        yield from super().needs(node)
        if (work := agent_work(node)) is not None and (source := work.source) is not None:
            yield source, f"{work.verb} {source!r}"

    def resolve(self, asking: Asking, one: Instance[Task[Any]]) -> bool:
        if not asking.make_ready(one):
            return False
        last = _last_try(asking.state, one.key) if has_effect(one.node) else None
        if last is None or last.state not in ("interrupted", "cancelled", "succeeded"):
            return True
        if last.may_repeat is None and asking.has_slot(one):
            open_question(asking, one, waits.REPEAT, _question(one.key, last))
        elif last.may_repeat is False:  # it could not be mounted when it was denied
            self._deny(asking, one, asking.state.answers[one.key])
        return last.may_repeat is True

    def answered(
        self, asking: Asking, one: Instance[Task[Any]], kind: WaitKind, body: str | None
    ) -> None:
        """A person lets an interrupted step run again, or it fails."""
        assert body is not None, "nobody is asked for a limited time whether to repeat a step"
        asking.close_wait(one, kind, body)
        if Decision.model_validate_json(body).approved:
            asking.resolve_later(one)
        else:
            self._deny(asking, one, body)

    def _deny(self, asking: Asking, one: Instance[Task[Any]], body: str) -> None:
        error = denied(Decision.model_validate_json(body), asking)
        asking.settle(one, "failed", error=error)

    def runs_again(self, state: RunState, key: Key, node: Task[Any], ended: Ended) -> bool:
        """That a person did not let it run again stays decided."""
        answer = state.answers.get(key)
        return answer is None or Decision.model_validate_json(answer).approved


def _last_try(state: RunState, key: Key) -> Attempted | None:
    """The last attempt of a leaf. If it has succeeded, and the leaf is up, its work was reset."""
    tries = state.tries.get(key)
    return tries[-1] if tries else None


def has_effect(node: Node[Any]) -> bool:
    """Whether a leaf is a step that is not repeated without a person's decision."""
    return isinstance(node, Task) and isinstance(node.work, StepWork) and node.work.effect


def _question(key: Key, last: Attempted) -> str:
    """What a person is asked about a step that was interrupted, or is to be done again."""
    name, number = key_name(key), last.number
    if last.state == "succeeded":
        return (
            f"Run {name} again?\n"
            f"Attempt {number} has succeeded, and what {name} read is done again. It has had its"
            " effect: look before you decide.\n"
            f"If you approve, {name} runs again, as attempt {number + 1}. If you deny, it fails,"
            " and resuming the run does not ask again."
        )
    ended = last.started_at if last.ended_at is None else last.ended_at
    late = last.error
    why = "" if late is None else f" ({late.message})"
    runs = "" if late is None else " Its function may still be running."
    return (
        f"Run {name} again?\n"
        f"Attempt {number} began at {_time(last.started_at)} and was interrupted at"
        f" {_time(ended)}{why}, before its function had ended. It may have had its effect, or a"
        f" part of it: look before you decide.{runs}\n"
        f"If you approve, {name} runs again, as attempt {number + 1}. If you deny, it fails, and"
        " resuming the run does not ask again."
    )


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


TASK = TaskKind()
