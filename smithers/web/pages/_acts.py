"""The forms by which a person resumes a run, cancels it, and has a task run again."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from starlette.responses import Response

from smithers.changes import ENDED
from smithers.values import dataclass
from smithers.web._answering import cancel
from smithers.web._problems import ProblemError
from smithers.web._routes import Call
from smithers.web.pages._page import Fields, form, only, redirect
from smithers.web.pages._words import link_of

if TYPE_CHECKING:
    from smithers.store import Parent
    from smithers.views import RunView, Status, WhyView

__all__ = ["ROUTES", "Acts", "acts_of", "may_retry", "resume_of"]


@dataclass(frozen=True, kw_only=True)
class Acts:
    """What this caller may do with a run now. A task can be retried once nobody drives the run."""

    resume: bool = False
    cancel: bool = False
    retry: bool = False
    fork: bool = False


def acts_of(call: Call, run: RunView, why: WhyView | None) -> Acts:
    """What can be done with a run as it is now; with a frame of the past nothing but a fork, for
    which `why` is None. A resume is offered where `smithers why RUN` names it.
    """
    if call.caller is None or not call.caller.may("run"):
        return Acts()
    if why is None:
        return Acts(fork=True)
    is_owned = run.owner is not None and run.owner.alive
    return Acts(
        resume=any(one.command == resume_of(run.run_id) for one in why.reasons),
        cancel=run.status not in ENDED,
        retry=may_retry(call, run.status, run.parent, is_owned=is_owned),
        fork=True,
    )


def resume_of(run_id: str) -> str:
    """The command that a resume by its form is the same as."""
    return f"smithers resume {shlex.quote(run_id)}"


def may_retry(call: Call, status: Status, parent: Parent | None, *, is_owned: bool) -> bool:
    """Whether this caller may have a task of a run of this status run again. In a child run none
    is: the task of its parent is.
    """
    if call.caller is None or not call.caller.may("run") or (parent is not None and parent.waits):
        return False
    return not is_owned and status not in ("cancelled", "continued", "running")


def _resume(call: Call, given: Fields) -> Response:
    del given
    return redirect(link_of(call.hub.launch_again(call.run).run_id))


def _cancel(call: Call, given: Fields) -> Response:
    del given
    cancel(call)
    return redirect(link_of(call.run))


def _retry(call: Call, given: Fields) -> Response:
    task = only(given, "task")
    if not task:
        raise ProblemError(422, "no task is named", kind="WrongBody", hint="load the page again")
    launched = call.hub.launch_retry(call.run, task, readers="with_readers" in given)
    return redirect(link_of(launched.run_id))


ROUTES = (
    form("/runs/{run}/resume", "resume_form", "Resume a run.", _resume, scope="run"),
    form("/runs/{run}/cancel", "cancel_form", "Cancel a run.", _cancel, scope="run"),
    form("/runs/{run}/retries", "retry_form", "Run a task again.", _retry, scope="run"),
)
