"""The routes by which a person answers, signals, steers, cancels and pays."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from typing_extensions import TypedDict

from smithers.hub import Amounts
from smithers.views import Status
from smithers.web._problems import ProblemError
from smithers.web._routes import Call, Given, Json, post
from smithers.wire import decided_json, raised_json, reply_json, sent_json, signal_receipt_json

__all__ = ["ROUTES", "Iteration", "TaskName", "cancel", "task_of"]

TaskName = Annotated[str, Field(min_length=1, max_length=250)]
Iteration = Annotated[list[Annotated[int, Field(ge=0, le=10**9)]], Field(max_length=20)]
_Text = Annotated[str, Field(min_length=1, max_length=100_000)]
_UNSET: Any = None


class AnswerBody(Given):
    """One of `approved`, `data`, `choice` and `text`; `task` may be left out if one task asks."""

    task: TaskName | None = None
    iteration: Iteration | None = None
    approved: bool | None = None
    data: Any = _UNSET
    choice: _Text | None = None
    text: Annotated[str, Field(max_length=100_000)] | None = None
    note: Annotated[str, Field(max_length=10_000)] | None = None
    digest: Annotated[str, Field(min_length=8, max_length=64)] | None = None

    @model_validator(mode="after")
    def _one(self) -> AnswerBody:
        given = self.model_fields_set & {"approved", "data", "choice", "text"}
        if len(given) != 1:
            raise ValueError("give one of approved, data, choice and text")
        if given != {"data"} and getattr(self, next(iter(given))) is None:
            raise ValueError(f"{next(iter(given))} must not be null")
        return self


class SignalBody(Given):
    """A signal. One with an `id` is kept once."""

    event: Annotated[str, Field(min_length=1, max_length=200)]
    data: Any = None
    correlation: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    id: Annotated[str, Field(min_length=1, max_length=200)] | None = None


class MessageBody(Given):
    """What to say to the agent of a task."""

    task: TaskName
    iteration: Iteration | None = None
    message: _Text


class CancelBody(Given):
    """With `now`, nothing is cleaned up."""

    now: bool = False


class BudgetBody(Given):
    """By how much the budget of a node is raised; without `task` that of the node that waits, or of
    the run.
    """

    task: TaskName | None = None
    iteration: Iteration | None = None
    add_usd: Annotated[float, Field(gt=0, le=10**9, allow_inf_nan=False)] | None = None
    add_tokens: Annotated[int, Field(ge=1, le=10**15)] | None = None
    add_calls: Annotated[int, Field(ge=1, le=10**9)] | None = None
    add_time_s: Annotated[float, Field(gt=0, le=10**9, allow_inf_nan=False)] | None = None


class Recorded(TypedDict):
    """What was recorded, and the status of the run: `approved` of a decision, else `answer`."""

    version: Literal[1]
    run_id: str
    task: str
    iteration: list[int]
    by: str
    status: Status | None


class SignalSent(TypedDict):
    """A signal that was sent, and the task that takes it."""

    version: Literal[1]
    run_id: str
    id: str
    event: str
    outcome: Literal["sent", "kept", "already sent"]
    task: str | None
    status: Status | None


class MessageSent(TypedDict):
    """A message, and whether the agent has it."""

    version: Literal[1]
    run_id: str
    task: str
    id: int
    state: str


class Cancelled(TypedDict):
    """What became of a cancel."""

    version: Literal[1]
    run_id: str
    outcome: Literal["asked", "cancelled", "to clean up", "ended"]


class BudgetRaised(TypedDict):
    """By how much a budget was raised, and the status of the run."""

    version: Literal[1]
    run_id: str
    task: str | None
    added: dict[str, Any]
    by: str
    status: Status | None


def task_of(task: str | None, iteration: list[int] | None) -> str | None:
    """A task with its iteration, as in `review[2]`."""
    if iteration is None:
        return task
    if task is None:
        raise ProblemError(422, "iteration needs task as well", kind="WrongBody")
    return task + "".join(f"[{number}]" for number in iteration)


def _answer(call: Call) -> Json:
    given, hub = call.body_as(AnswerBody), call.hub
    task = task_of(given.task, given.iteration)
    if given.approved is not None:
        decided = hub.decide(
            call.run,
            task,
            approved=given.approved,
            by=call.by,
            note=given.note,
            digest=given.digest,
            caller=call.caller,
        )
        told = decided_json(decided)
    else:
        value = next(
            (one for one in (given.choice, given.text) if one is not None),
            given.data,
        )
        reply = hub.answer(
            call.run,
            task,
            value,
            by=call.by,
            note=given.note,
            digest=given.digest,
            caller=call.caller,
        )
        told = reply_json(reply)
    return {"version": 1, **told, "status": hub.status(call.run)}


def _signal(call: Call) -> Json:
    given = call.body_as(SignalBody)
    receipt = call.hub.send(
        call.run,
        given.event,
        given.data,
        correlation=given.correlation,
        id=given.id or call.key,
        by=call.by,
        caller=call.caller,
    )
    return {"version": 1, **signal_receipt_json(receipt), "status": call.hub.status(call.run)}


def _message(call: Call) -> Json:
    given = call.body_as(MessageBody)
    task = task_of(given.task, given.iteration) or ""
    sent = call.hub.steer(call.run, task, given.message, by=call.by)
    return sent_json(sent, call.hub.message(call.run, sent.id))


def _cancel(call: Call) -> Json:
    given = call.body_as(CancelBody)
    return {"version": 1, "run_id": call.run, "outcome": cancel(call, now=given.now)}


def cancel(call: Call, *, now: bool = False) -> str:
    """Cancel the run of a call; what became of it."""
    outcome = call.hub.cancel(call.run, by=call.by, now=now)
    if outcome == "to clean up":
        call.hub.launch_again(call.run)
    return outcome


def _budget(call: Call) -> Json:
    given = call.body_as(BudgetBody)
    added = Amounts(
        tokens=given.add_tokens,
        usd=None if given.add_usd is None else Decimal(str(given.add_usd)),
        calls=given.add_calls,
        time_s=given.add_time_s,
    )
    node = task_of(given.task, given.iteration)
    raised = call.hub.raise_budget(call.run, node, added=added, by=call.by)
    return {"version": 1, **raised_json(raised), "status": call.hub.status(call.run)}


ROUTES = (
    post(
        "/{run}/answers",
        "answer",
        "Answer a question, as `smithers answer RUN TASK` does.",
        "approve",
        _answer,
        AnswerBody,
        Recorded,
    ),
    post(
        "/{run}/signals",
        "send_signal",
        "Send a signal, as `smithers send RUN EVENT` does.",
        "approve",
        _signal,
        SignalBody,
        SignalSent,
    ),
    post(
        "/{run}/messages",
        "send_message",
        "Send a message to a running agent, as `smithers steer RUN TASK TEXT` does.",
        "approve",
        _message,
        MessageBody,
        MessageSent,
    ),
    post(
        "/{run}/cancel",
        "cancel_run",
        "Cancel a run, as `smithers cancel RUN` does.",
        "run",
        _cancel,
        CancelBody,
        Cancelled,
    ),
    post(
        "/{run}/budget",
        "raise_budget",
        "Raise a budget, as `smithers budget RUN` does.",
        "admin",
        _budget,
        BudgetBody,
        BudgetRaised,
    ),
)
