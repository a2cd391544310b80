"""A human task: a person's answer is its output. It asks, waits, and settles by a valid answer."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import ValidationError

from smithers import waits
from smithers.changes import Failure, Key, WaitKind, WaitOpened
from smithers.errors import WrongAnswer
from smithers.forms import Form
from smithers.kinds._following import work_after
from smithers.kinds._instance import Instance
from smithers.kinds._kind import Asking
from smithers.kinds._questions import due_in, open_question
from smithers.kinds._rework import asked_again, deny, sent_back
from smithers.kinds._waiting import WaitingKind
from smithers.state import Ended, RunState
from smithers.texts import object_from
from smithers.tree import Decision, HumanTask, HumanWork, NotExact, problem

__all__ = ["HUMAN", "human_form"]


class HumanTaskKind(WaitingKind[HumanTask[Any]]):
    name = "human"
    wait: ClassVar[WaitKind] = waits.HUMAN

    def ask(self, asking: Asking, one: Instance[HumanTask[Any]]) -> None:
        work = one.node.work
        text = asking.text(one, work.ask, "ask")
        if text is None:
            return
        choices = work.choices
        if callable(choices) and (choices := asking.names(one, choices)) is None:
            return
        text = asked_again(asking.state, one, text)
        due, form = due_in(one.node.timeout_s, asking), human_form(one.node, choices or ())
        form = replace(form, sends_back=sent_back(asking.state, one), does=work_after(asking, one))
        names = work.allowed_by
        open_question(asking, one, self.wait, text, due=due, allowed_by=names, form=form.row())

    def refit(self, asking: Asking, one: Instance[HumanTask[Any]]) -> None:
        """Ask for the answer of the node as it is now, unless one has come: that may be refused."""
        opened = asking.state.waits[one.key, self.wait].opened
        asked = replace(Form.from_row(opened.form), refused=None, given=None)
        form = _form_now(one, opened)
        if form.row() != asked.row() and not asking.has_answer(one):
            asking.open_wait(one, replace(opened, form=form.row()))

    def answered(
        self, asking: Asking, one: Instance[HumanTask[Any]], kind: WaitKind, body: str | None
    ) -> None:
        """A person's answer becomes its output; one that does not fit is refused."""
        if body is None:
            self._time_out(asking, one, kind)
            return
        work, answer = one.node.work, object_from(body) or {}
        wait = asking.state.waits.get((one.key, kind))
        if "value" not in answer:
            asking.close_wait(one, kind, body)
            asked = None if wait is None else wait.opened.asked
            deny(asking, one, Decision.model_validate_json(body), asked)
            return
        try:
            if wait is not None:
                _form_now(one, wait.opened).check(answer.get("value"))
            value = work.answer.parse(json.dumps(answer.get("value"), ensure_ascii=False))
            output = work.answer.dump(value)
        except (ValidationError, NotExact, WrongAnswer) as error:
            why = problem(error) if isinstance(error, ValidationError) else str(error)
            self._refuse(asking, one, body, why)
        except Exception as error:  # of a validator of the author's
            asking.close_wait(one, kind, body)
            asking.fail(one, error)
        else:
            asking.close_wait(one, kind, body)
            asking.settle(one, "finished", output=output, model=work.answer.model)

    def runs_again(self, state: RunState, key: Key, node: HumanTask[Any], ended: Ended) -> bool:
        """What a person denied stays denied."""
        answer = object_from(state.answers.get(key)) or {}
        return answer.get("approved") is not False

    def _refuse(self, asking: Asking, one: Instance[HumanTask[Any]], body: str, why: str) -> None:
        """Ask anew, with the reason and what was answered, so that nothing typed is lost."""
        key = (one.key, self.wait)
        if key not in asking.state.waits:
            self.ask(asking, one)
        wait = asking.state.waits.get(key)
        if wait is None:  # it waits for what its question reads
            return
        form = _form_now(one, wait.opened)
        given = (object_from(body) or {}).get("value")
        form = replace(form, refused=asking.scrub(why), given=given)
        due = due_in(one.node.timeout_s, asking)
        asking.close_wait(one, self.wait, body)
        asking.open_wait(one, replace(wait.opened, due=due, form=form.row()))

    def _time_out(self, asking: Asking, one: Instance[HumanTask[Any]], kind: WaitKind) -> None:
        if one.node.work.on_timeout == "continue":
            late = {"value": None, "by": None, "note": "nobody answered in time"}
            asking.close_wait(one, kind, json.dumps({**late, "at": asking.now().isoformat()}))
            asking.settle(one, "finished", output="null")
            return
        error = Failure(kind="TimedOut", message=f"nobody answered {one.key} in time")
        asking.settle(one, "failed", error=error)


def _form_now(one: Instance[HumanTask[Any]], opened: WaitOpened) -> Form:
    """What the answer to an open question must be. Choices that were computed are kept with it."""
    work, asked = one.node.work, Form.from_row(opened.form)
    choices = asked.choices if callable(work.choices) else work.choices
    form = human_form(one.node, choices or ())
    return replace(form, sends_back=asked.sends_back, does=asked.does)


def human_form(node: HumanTask[Any], choices: tuple[str, ...]) -> Form:
    """What the answer to a human task must be; `choices` are what there is to choose from."""
    return replace(_form(node.work, choices), may_deny=node.rework is not None)


def _form(work: HumanWork, choices: tuple[str, ...]) -> Form:
    """What the answer must be."""
    if choices:
        return Form(kind="choice", choices=choices)
    if work.answer.is_text:
        return Form(kind="text")
    return Form(kind="data", schema=work.answer.schema, model=work.answer.model)


HUMAN = HumanTaskKind()
