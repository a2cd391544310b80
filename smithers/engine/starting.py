"""Starting attempts of tasks that are ready, and what follows from how they end."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, cast

from smithers import waits
from smithers.changes import AttemptEnded, AttemptState, Failure, Key, Reset
from smithers.engine.asking import Asking
from smithers.engine.attempts import Bench, Executors, Result, Running
from smithers.engine.pools import Slots
from smithers.engine.settling import settle
from smithers.engine.transition import failure_of
from smithers.errors import AuthorError, BadOutput, CommandFailed
from smithers.kinds import Instance
from smithers.tree import Task

__all__ = ["Starting"]

_OF_THE_NODE = (AuthorError, BadOutput, CommandFailed)
"""Errors that have the place of the node, unless they passed through a line of the author's."""


class Starting:
    """Has attempts of tasks made, and settles or retries the tasks when they have ended."""

    def __init__(self, asking: Asking, bench: Bench, executors: Executors, slots: Slots) -> None:
        self._asking = asking
        self._frame = asking.frame
        self._bench = bench
        self._executors = executors
        self._slots = slots
        self.prepared: list[Running] = []

    # -- before

    def is_informed(self, instance: Instance[Task]) -> bool:
        """Whether all is known that starting the instance takes."""
        return self._executors.of(instance.node.work).is_informed()

    def begin(self, instance: Instance[Task]) -> None:
        """Start an attempt with the frame in the making, unless it must wait for a slot or data."""
        if instance.status != "up" or instance.dropping is not None:
            return
        if (instance.key, waits.ATTACHED) in self._frame.state.waits:
            return
        if not self._asking.has_slot(instance):
            return
        work, budgets = instance.node.work, self._bench.budgets
        executor = self._executors.of(work)
        if executor.is_answered(instance, work):
            return
        if executor.is_paid and budgets.active and budgets.holds(instance):
            return
        if self._slots.has_limit(instance):
            self._begin_in_pool(instance)
        elif (attempt := executor.begin(instance, work)) is not None:
            self.prepared.append(Running(instance.key, attempt, self._bench.done))

    def _begin_in_pool(self, instance: Instance[Task]) -> None:
        """Start an attempt if the machine has a slot for it."""
        work = instance.node.work
        executor = self._executors.of(work)
        if not self._slots.is_open and not executor.is_ready(instance, work):
            return
        if (slot := self._slots.take(instance)) is None:
            return
        attempt = executor.begin(instance, work)
        if attempt is None:
            slot.release()
            return
        self._slots.keep(attempt.serial, instance, slot)
        self.prepared.append(Running(instance.key, attempt, self._bench.done))

    # -- after

    def interrupted(self, running: Running) -> None:
        """It was stopped with its owner; a later owner starts the next attempt."""
        self._end(running, "interrupted", None)

    def take(self, running: Running, result: Result, instance: Instance | None) -> None:
        """Write how an attempt has ended, and what that means for its task."""
        if not self._frame.state.attempts[running.serial].counts or self._is_outdated(running):
            self._outdated(running, instance)
        elif result.kind == "succeeded":
            self._succeeded(running, result.text)
        elif result.kind == "cancelled" or instance is None:
            self._end(running, "cancelled", None)
            settle(self._frame, self._asking.plan, running.key, "cancelled")
        elif result.kind == "deferred":
            self._end(running, "deferred", None)
            if instance.dropping is not None:
                self._settle(instance, "cancelled", error=None)
                return
            self._asking.plan.unbegin(instance)
            self._asking.wait_for(instance, result.missed)
        elif result.kind == "held":
            self._held(running, result.error, instance)
        else:
            self._failed(running, cast("Exception", result.error), instance)

    def _is_outdated(self, running: Running) -> bool:
        """Whether it has read, before it could be stopped, what is done again since."""
        reset = self._frame.state.reset
        if not reset or (reading := running.attempt.reads()) is None:
            return False
        return any(reset.get(source, -1) > at for source, at in reading.used.items())

    def _outdated(self, running: Running, instance: Instance | None) -> None:
        """What it did no longer counts, and its task runs again."""
        state, key = self._frame.state, running.key
        if state.attempts[running.serial].counts:
            self._frame.do(Reset(key=key, cause=state.sent_back.get(key)))
        self._end(running, "cancelled", None)
        if instance is None or instance.settled:
            return
        if instance.dropping is not None:
            self._settle(instance, "cancelled", error=None)
        else:
            self._asking.plan.unbegin(instance)
            self._asking.plan.up.append(instance)

    def _held(self, running: Running, error: Exception | None, instance: Instance) -> None:
        """Its next attempt goes on in its session, once the budget is raised, or the person who is
        in it has left.
        """
        failure = None if error is None else failure_of(error, self._bench.secrets.mask)
        self._end(running, "interrupted", failure)
        if instance.dropping is not None:
            self._settle(instance, "cancelled", error=None)
        else:
            self._asking.plan.up.append(instance)

    def count_usage(self, running: Running) -> None:
        """Write what an attempt has used and was not written yet."""
        for usage in running.attempt.take_usage():
            self._frame.do(usage)

    def _end(self, running: Running, state: AttemptState, error: Failure | None) -> None:
        self.count_usage(running)
        self._bench.budgets.ends(running.serial)
        self._frame.do(
            AttemptEnded(
                serial=running.serial,
                state=state,
                error=error,
                at=self._bench.now(),
                turn=running.attempt.turn,
            )
        )

    def _succeeded(self, running: Running, text: str) -> None:
        self._end(running, "succeeded", None)
        attempt = running.attempt
        if (reading := attempt.reads()) is not None:
            self._frame.read(reading)
        if attempt.cache_key is not None and self._answers_prompt(running.key):
            self._bench.answers.keep(attempt.cache_key, running.key.id, attempt.output.model, text)
        settle(
            self._frame,
            self._asking.plan,
            running.key,
            "finished",
            output=text,
            model=attempt.output.model,
            type=attempt.type,
        )

    def _answers_prompt(self, key: Key) -> bool:
        """Whether an answer is one to the prompt alone, not to what a person has said besides."""
        state = self._frame.state
        return key not in state.messages and key not in state.reset

    def _failed(self, running: Running, error: Exception, instance: Instance[Task]) -> None:
        node, attempt = instance.node, running.attempt
        failure = failure_of(error, self._bench.secrets.mask, self._asking.renderer.folder)
        if failure.place is None and isinstance(error, _OF_THE_NODE):
            failure = replace(failure, place=str(node.mark.place))
        failure = attempt.explain(error, failure)
        self._end(running, "failed", failure)
        if (reading := attempt.reads()) is not None:
            self._frame.read(reading)
        tries = self._asking.tries(running.key)
        attempt.note_failure(error, failure, tries[-1].started_at)
        if isinstance(error, AuthorError):  # the author's fault is one at every try
            self._settle(instance, "failed", error=failure)
        elif instance.dropping is not None or not attempt.may_retry(error):
            self._asking.give_up(instance, failure)
        else:
            self._executors.of(node.work).retry(instance, node.work, tries, failure)

    def _settle(
        self, instance: Instance, outcome: Literal["failed", "cancelled"], *, error: Failure | None
    ) -> None:
        settle(self._frame, self._asking.plan, instance.key, outcome, error=error)
