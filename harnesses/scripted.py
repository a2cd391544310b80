"""An agent whose answers are written down: for tests and dry runs, without an account."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import cast

from pydantic_core import to_json

from smithers.agent import (
    Answered,
    Ask,
    Capabilities,
    Event,
    Said,
    Started,
    Used,
    made_answer,
)
from smithers.errors import AgentError, Busy, NotInstalled, Permanent, Stalled, Transient

__all__ = ["Reply", "Scripted"]

Entry = object | Callable[[Ask], object]
"""What `Scripted` has for a task; that functions are named lets checkers know their argument."""
_GLOB = "*?["


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer with what it takes. `answer` is what an entry of `Scripted` may be, but for a
    list; `None` for the others means what the `Scripted` says.
    """

    answer: object
    latency_s: float | None = None
    usage: Used | None = None


class Scripted:
    """Answers each task by the entry of its id, or of the first pattern that it matches.

    An entry is a model, a dataclass or any JSON value; a text; an `AgentError`, or a class of them,
    that is raised; a `Reply`; a function of the `Ask` that returns one of these; or a list of them,
    which are given one after the other to the requests of a task, the last again and again. An
    answer that is a list itself is written as a list of one list.

    With `made=True`, a task without an entry gets an output made from its type; else it fails.
    Every request takes `latency_s` and reports `usage` (default: a token for each word).
    """

    def __init__(
        self,
        answers: Mapping[str, Entry],
        *,
        made: bool = False,
        latency_s: float = 0.0,
        usage: Used | None = None,
        name: str = "scripted",
    ) -> None:
        for id, entry in answers.items():
            if isinstance(entry, list) and not entry:
                raise ValueError(f"the entry {id!r} of Scripted is an empty list: it has no answer")
            if isinstance(entry, type) and not issubclass(entry, AgentError):
                raise TypeError(
                    f"the entry {id!r} of Scripted is the class {entry.__name__}: write a value of"
                    " it, or a class of smithers.errors that is an AgentError"
                )
        self.name = name
        self._answers = dict(answers)
        self._is_made, self._latency_s, self._usage = made, latency_s, usage
        self._requests: dict[str, int] = {}
        self._sessions = 0

    @property
    def can(self) -> Capabilities:
        """Its sessions remember nothing, and any can be resumed or copied."""
        costs = self._usage is not None and self._usage.cost is not None
        return Capabilities(resumes=True, forks=True, native_schema=True, reports_cost=costs)

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        number = self._requests.get(ask.task, 0)
        self._requests[ask.task] = number + 1
        if (session := ask.session) is None:
            self._sessions += 1
            session = f"{ask.forks or self.name}-{self._sessions}"
        yield Started(session)
        reply = await self._reply(ask, number)
        await _wait(self._latency_s if reply.latency_s is None else reply.latency_s, ask)
        if (error := self._error(reply.answer, ask)) is not None:
            raise error
        answer = _answered(reply.answer, ask)
        yield Said(answer.text)
        usage = self._usage if reply.usage is None else reply.usage
        yield usage or Used(
            tokens_in=len(ask.told.split()), tokens_out=len(answer.text.split()), model=self.name
        )
        yield answer

    async def _reply(self, ask: Ask, number: int) -> Reply:
        """What the entry gives for this request, the functions in it called."""
        found = self._entry(ask, number)
        if isinstance(found, list):
            given = cast("list[object]", found)
            found = given[min(number, len(given) - 1)]
        reply = found if isinstance(found, Reply) else Reply(answer=found)
        if not callable(reply.answer) or isinstance(reply.answer, type):
            return reply
        answer = cast("Callable[[Ask], object]", reply.answer)(ask)
        if inspect.isawaitable(answer):
            answer = cast("object", await answer)
        return answer if isinstance(answer, Reply) else replace(reply, answer=answer)

    def _entry(self, ask: Ask, number: int) -> object:
        answers = self._answers
        if ask.task in answers:
            return answers[ask.task]
        for pattern, entry in answers.items():
            if any(char in pattern for char in _GLOB) and fnmatchcase(ask.task, pattern):
                return entry
        if not self._is_made:
            raise self._unscripted(ask.task)
        return f"an answer to {ask.task}" if ask.schema is None else made_answer(ask.schema, number)

    def _unscripted(self, task: str) -> Permanent:
        listed = ", ".join(map(repr, self._answers)) or "nothing"
        return Permanent(
            f"task {task!r} has no answer; scripted: {listed}",
            hint=f"add {json.dumps(task)}: ... to Scripted({{...}}), or give it made=True",
            reason="not_scripted",
        )

    def _error(self, answer: object, ask: Ask) -> AgentError | None:
        """The error that an answer is, or one of the class that it is."""
        if isinstance(answer, AgentError):
            return answer.with_traceback(None)
        if not (isinstance(answer, type) and issubclass(answer, AgentError)):
            return None
        if issubclass(answer, Busy):
            return answer(self.name)
        if issubclass(answer, Stalled):
            return answer(ask.idle_s)
        if issubclass(answer, NotInstalled):
            return answer(self.name, f"pip install {self.name}")
        return answer(f"{ask.task or self.name} fails by its script")


async def _wait(latency_s: float, ask: Ask) -> None:
    """Take so long, within the limits of the request."""
    limits: Sequence[float] = (latency_s, ask.idle_s, ask.timeout_s or latency_s)
    await asyncio.sleep(min(limits))
    if ask.timeout_s is not None and ask.timeout_s < min(latency_s, ask.idle_s):
        raise Transient(f"no answer within {ask.timeout_s:g} s", reason="timeout")
    if ask.idle_s < latency_s:
        raise Stalled(ask.idle_s)


def _answered(answer: object, ask: Ask) -> Answered:
    """An answer as the task gets it: its text, and its data where data was asked for."""
    try:
        text = answer if isinstance(answer, str) else to_json(answer, round_trip=True).decode()
    except ValueError as error:
        raise Permanent(f"the answer of task {ask.task!r} is not JSON: {error}") from error
    if ask.schema is None:
        return Answered(text)
    try:
        return Answered(text, json.loads(text))
    except ValueError:  # a text with JSON in it, or the value of a type whose values are texts
        return Answered(text, text)
