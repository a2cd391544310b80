"""Runs, tasks, waits and costs as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from smithers.store.rows import time_text
from smithers.texts import from_json
from smithers.views import Spent, Usage
from smithers.wire._values import dollars, error_json, optional_time

if TYPE_CHECKING:
    from smithers.changes import Key
    from smithers.forms import Form
    from smithers.store import Cooldown, Parent
    from smithers.views import (
        Activity,
        AttemptView,
        BudgetView,
        CostLine,
        CostView,
        GraphNode,
        GraphView,
        Inspection,
        NextWork,
        OwnerView,
        Question,
        Reason,
        RunLine,
        RunView,
        SignalView,
        Spent,
        Spread,
        StartedRun,
        Summary,
        TaskLine,
        TaskMessage,
        TaskView,
        Usage,
        WaitView,
        WhyView,
    )
    from smithers.wire._values import Json

__all__ = [
    "activity_json",
    "cost_json",
    "graph_json",
    "inspection_json",
    "inspection_parts",
    "line_json",
    "question_json",
    "run_line_json",
    "spread_json",
    "summary_json",
    "task_json",
    "wait_json",
    "why_json",
]


def inspection_json(view: Inspection) -> Json:
    parts = inspection_parts(view)
    return {**parts, "tasks": list(parts["tasks"])}


def inspection_parts(view: Inspection) -> Json:
    """The same with an iterator in place of the list of tasks, each with its output."""
    return {
        "version": 1,
        "run": _run(view.run),
        "tasks": map(_inspected, view.tasks),
        "waits": [wait_json(wait) for wait in view.waits],
        "signals": [signal_json(signal) for signal in view.signals],
    }


def summary_json(view: Summary) -> Json:
    usage = usage_json(view.usage)
    del usage["tokens_cached"]
    return {
        "version": 1,
        "run_id": view.run_id,
        "status": view.status,
        "stopped_by": view.stopped_by,
        "waiting_for": [wait_json(wait) for wait in view.waiting_for],
        "tasks": dict(view.counts.tasks),
        "tolerated": _names(view.tolerated),
        "output": from_json(view.output),
        "error": error_json(view.error),
        "unpaid": _names(view.unpaid),
        "exhausted": _names(view.exhausted),
        "frames": view.frames,
        "usage": usage,
        **({} if view.next_run is None else {"next_run": view.next_run}),
    }


def line_json(line: TaskLine) -> Json:
    return {
        "id": line.key.id,
        "iteration": list(line.key.path),
        "state": line.state,
        "tolerated": line.tolerated,
        **({} if line.cached is None else {"cached": line.cached}),
    }


def task_json(task: TaskView) -> Json:
    """A task alone, with the number of its iterations."""
    whole = _inspected(task)
    return {
        "id": whole.pop("id"),
        "iteration": whole.pop("iteration"),
        "iterations": task.iterations,
        **whole,
        "attempts": [{**_attempt(one), "answer": one.answer} for one in task.attempts],
        **({"messages": [_message(one) for one in task.messages]} if task.messages else {}),
    }


def _message(one: TaskMessage) -> Json:
    return {
        "id": one.id,
        "text": one.text,
        "by": one.by,
        "at": time_text(one.at),
        "state": one.view.state,
        "attempt": one.view.attempt,
        "agent": one.view.agent,
    }


def wait_json(wait: WaitView) -> Json:
    return {
        "task": wait.key.id or None,
        "iteration": list(wait.key.path),
        "kind": wait.kind,
        "since": time_text(wait.since),
        "due": optional_time(wait.due),
        "asked": wait.asked,
        "digest": wait.digest,
        "allowed_by": list(wait.allowed_by),
        "form": form_json(wait.form),
        "on": list(wait.on),
        "cooling": [_cooldown(one) for one in wait.cooling],
    }


def signal_json(signal: SignalView) -> Json:
    key = signal.key
    return {
        "id": signal.id,
        "event": signal.event,
        "correlation": signal.correlation,
        "by": signal.by,
        "at": time_text(signal.at),
        "state": signal.state,
        "task": None if key is None else key.id,
        "iteration": None if key is None else list(key.path),
        "misfit": signal.misfit,
        "data": from_json(signal.data),
    }


def form_json(form: Form | None) -> Json | None:
    """What an answer must be; None for a decision."""
    if form is None or form.kind == "decision":
        return None
    fields = [
        {
            "name": field.name,
            "type": field.type,
            "required": field.is_required,
            "default": from_json(field.default),
            "description": field.description,
        }
        for field in form.fields
    ]
    return {
        "kind": form.kind,
        "choices": list(form.choices),
        "model": form.model,
        "fields": fields,
        "schema": form.schema,
        "refused": form.refused,
        "given": form.given,
        "may_deny": form.may_deny,
    }


def run_line_json(run: RunLine) -> Json:
    return {
        "run_id": run.run_id,
        "workflow": run.workflow,
        "status": run.status,
        "stopped_by": run.stopped_by,
        "created_at": time_text(run.created_at),
        "last_activity": time_text(run.last_activity),
        "tasks": dict(run.counts.tasks),
        "done": run.counts.done,
        "tolerated": run.counts.tolerated,
        **({"cached": run.counts.cached} if run.counts.cached else {}),
        "exhausted": run.exhausted,
        "usage": usage_json(run.usage),
        "waiting_for": [wait_json(wait) for wait in run.waiting_for],
        "gave_up": run.gave_up,
        **({"made_in_memory": True} if run.is_made_in_memory else {}),
        **_parent(run.parent),
    }


def why_json(why: WhyView) -> Json:
    return {
        "version": 1,
        "run_id": why.run_id,
        "status": why.status,
        "sentence": why.sentence,
        "reasons": [_reason(reason) for reason in why.reasons],
        "exhausted": _names(why.exhausted),
    }


def _reason(reason: Reason) -> Json:
    """A reason; what it does not have is left out."""
    found: Json = {
        "task": reason.key.id or None,
        "iteration": list(reason.key.path),
        "kind": reason.kind,
        "sentence": reason.sentence,
    }
    optional = {"hint": reason.hint, "command": reason.command}
    found |= {name: value for name, value in optional.items() if value is not None}
    if reason.asked is not None:
        found |= {"asked": reason.asked, "digest": reason.digest}
    return found


def graph_json(view: GraphView) -> Json:
    return {
        "version": 1,
        "run_id": view.run_id,
        "workflow": view.workflow,
        "status": view.status,
        "root": None if view.root is None else _node(view.root),
    }


def _node(node: GraphNode) -> Json:
    return {
        "id": node.key.id,
        "kind": node.kind,
        "iteration": list(node.key.path),
        "state": node.state,
        "tolerated": node.tolerated,
        **({} if node.cached is None else {"cached": node.cached}),
        "children": [_node(child) for child in node.children],
    }


def cost_json(view: CostView) -> Json:
    return {
        "version": 1,
        "run_id": view.run_id,
        "status": view.status,
        "lines": [_cost_line(line) for line in view.lines],
        "total": _spent(view.total),
        **({} if view.inherited == Spent() else {"inherited": _spent(view.inherited)}),
        "budgets": [_budget(budget) for budget in view.budgets],
    }


def _cost_line(line: CostLine) -> Json:
    return {"task": line.task, "agent": line.agent, "model": line.model, **_spent(line.spent)}


def _spent(spent: Spent) -> Json:
    return {
        "calls": spent.calls,
        "tokens_in": spent.tokens_in,
        "tokens_out": spent.tokens_out,
        "tokens_cached": spent.tokens_cached,
        "time_s": spent.time_ms / 1000,
        "cost_usd": dollars(spent.cost),
        "untold": spent.untold,
    }


def _budget(budget: BudgetView) -> Json:
    return {
        "task": budget.key.id or None,
        "iteration": list(budget.key.path),
        "on_exhausted": budget.on_exhausted,
        "measures": [
            {
                "measure": name,
                "cap": _number(cap),
                "raised_by": _number(getattr(budget.raised, name) or 0),
                "used": _number(used),
                "left": _number(cap - used),
            }
            for name, cap, used in budget.measures()
        ],
    }


def _number(value: Decimal | float) -> float:
    return float(value) if isinstance(value, Decimal) else value


def question_json(question: Question) -> Json:
    return {
        "run_id": question.run_id,
        "workflow": question.workflow,
        "task": question.task,
        "iteration": list(question.iteration),
        "kind": question.kind,
        "title": question.title,
        "asked": question.asked,
        "digest": question.digest,
        "since": time_text(question.since),
        "due": optional_time(question.due),
        "allowed_by": list(question.allowed_by),
        "form": form_json(question.form),
        "if_denied": question.if_denied,
        "sends_back": [] if question.form is None else list(question.form.sends_back),
        "commands": question.commands,
        **({} if question.next is None else {"next": _next_work(question.next)}),
    }


def _next_work(work: NextWork) -> Json:
    """What an answer lets run; money is decimal text, in US dollars."""
    return {
        "tasks": [
            {
                "id": one.id,
                "kind": one.kind,
                "certain": one.is_certain,
                "cost": spread_json(one.cost),
            }
            for one in work.tasks
        ],
        "number": work.number,
        "untold": work.untold,
        "cost": spread_json(work.cost),
        "open": work.is_open,
        "done": work.done,
    }


def spread_json(cost: Spread | None) -> Json | None:
    if cost is None:
        return None
    return {
        "low": _usd(cost.low),
        "middle": _usd(cost.middle),
        "high": _usd(cost.high),
        "runs": cost.runs,
    }


def _usd(amount: Decimal) -> str:
    return format(amount.quantize(Decimal("0.000001")).normalize(), "f")


def activity_json(one: Activity) -> Json:
    return {
        "task": str(one.key),
        "attempt": one.attempt,
        "agent": one.agent,
        "since": time_text(one.since),
        "tool": one.tool,
        "words": one.words,
    }


def _run(run: RunView) -> Json:
    return {
        "run_id": run.run_id,
        "workflow": run.workflow,
        "status": run.status,
        "stopped_by": run.stopped_by,
        "file": run.file,
        "folder": run.folder,
        "input": from_json(run.input),
        "output": from_json(run.output),
        "error": error_json(run.error),
        "exhausted": _names(run.exhausted),
        "created_at": time_text(run.created_at),
        "last_activity": time_text(run.last_activity),
        "frames": run.frames,
        "owner": _owner(run.owner),
        "usage": usage_json(run.usage),
        **({} if run.next_run is None else {"next_run": run.next_run}),
        **_parent(run.parent),
        **forked_from_json(run.forked_from),
        **({"inherited": usage_json(run.inherited)} if run.inherited != Usage() else {}),
        **({"started": [_started(one) for one in run.started]} if run.started else {}),
    }


def forked_from_json(source: tuple[str, int] | None) -> Json:
    """The run and its frame of which a run is a fork; nothing for any other."""
    if source is None:
        return {}
    run_id, frame = source
    return {"forked_from": {"run_id": run_id, "frame": frame}}


def _parent(parent: Parent | None) -> Json:
    """The node that started a child run; nothing for any other."""
    if parent is None:
        return {}
    key = parent.key
    row = {"run_id": parent.run_id, "task": key.id, "iteration": list(key.path)}
    return {"parent": row}


def _started(run: StartedRun) -> Json:
    return {
        "run_id": run.run_id,
        "workflow": run.workflow,
        "status": run.status,
        "task": run.key.id,
        "iteration": list(run.key.path),
    }


def _inspected(task: TaskView) -> Json:
    return {
        **line_json(task.line),
        "output": None if task.output is None else from_json(task.output.text()),
        "error": error_json(task.line.error),
        "answered": task.answered,
        "attempts": [_attempt(one) for one in task.attempts],
        **({} if task.child is None else {"child": task.child}),
        **({} if task.set_by is None else {"set_by": task.set_by}),
    }


def _attempt(attempt: AttemptView) -> Json:
    return {
        "attempt": attempt.number,
        "agent": attempt.agent,
        "skipped": list(attempt.skipped),
        "state": attempt.state,
        "session_id": attempt.session,
        "error": error_json(attempt.error),
        "started_at": time_text(attempt.started_at),
        "ended_at": optional_time(attempt.ended_at),
        "usage": usage_json(attempt.usage),
        **({"origin": attempt.origin} if attempt.origin else {}),
    }


def _owner(owner: OwnerView | None) -> Json | None:
    if owner is None:
        return None
    return {"pid": owner.pid, "alive": owner.alive, "beat_at": time_text(owner.beat_at)}


def usage_json(usage: Usage) -> Json:
    return {
        "tokens_in": usage.tokens_in,
        "tokens_out": usage.tokens_out,
        "tokens_cached": usage.tokens_cached,
        "cost_usd": dollars(usage.cost),
    }


def _cooldown(one: Cooldown) -> Json:
    return {
        "key": one.key,
        "agent": one.agent,
        "until": time_text(one.until),
        "told": one.told,
        "reason": one.reason,
        "run_id": one.run_id,
        "at": time_text(one.at),
    }


def _names(keys: Iterable[Key]) -> list[str]:
    return [str(key) for key in keys]
