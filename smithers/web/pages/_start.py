"""The page that starts a run: the workflows of the server's folders, and the input of one."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError
from starlette.responses import Response

from smithers.errors import SmithersError, WrongAnswer
from smithers.forms import Form
from smithers.values import dataclass
from smithers.web._problems import status_of
from smithers.web._routes import Call, Closed
from smithers.web._starting import RunBody, start, trusting
from smithers.web.pages._inputs import RunInput
from smithers.web.pages._page import Fields, form, page, redirect, render
from smithers.web.pages._words import link_of

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ROUTES"]


class StartParameters(Closed):
    """Which workflow: a name, or FILE.py[:NAME] in a folder of the server."""

    workflow: str = Field("", max_length=1_000)


@dataclass(frozen=True, kw_only=True)
class _Workflow:
    """A workflow that can be started. `says` is why it cannot be imported; `input` is None where
    its schema is not known, because its folder is not trusted or it cannot be imported.
    """

    start: str
    """By what it is started: FILE.py:NAME."""
    name: str
    file: str
    about: str
    says: str
    input: RunInput | None


def _start(call: Call) -> Response:
    return _shown(call, call.query_as(StartParameters).workflow.strip(), {})


def _shown(
    call: Call, asked: str, given: Fields, *, status: int = 200, notice: str = "", hint: str = ""
) -> Response:
    """The list, or the form of one, with what was typed if it is shown again."""
    may = call.caller is not None and call.caller.may("run")
    found: list[_Workflow] = []
    try:
        found = _found(call, asked) if may else []
    except SmithersError as error:
        notice, hint, status = error.said, error.hint, status_of(error)
    chosen = found[0] if asked and len(found) == 1 else None
    told = None if chosen is None else chosen.input
    return render(
        call,
        "start.html",
        status=status,
        title="Start a run",
        asked=asked,
        may=may,
        found=found if chosen is None else [],
        chosen=chosen,
        inputs=[] if told is None else told.inputs(call.hub.secrets.mask),
        typed={name: values[-1] for name, values in given.items()},
        folders=call.server.roots.folders,
        trust=None if told is not None or chosen is None else _trusting(call, chosen),
        notice=notice,
        hint=call.hub.complete(hint) if hint else "",
    )


def _trusting(call: Call, chosen: _Workflow) -> str:
    return trusting(call, [Path(chosen.file).parent, call.server.roots.folders[0]])


def _found(call: Call, asked: str) -> list[_Workflow]:
    """The workflows with a name of the folders, or those that are meant by what was asked for.
    Raises what `Roots.find` raises.
    """
    if not asked:
        return list(_described(call, call.server.roots.files(), None))
    found = call.server.roots.find(call.hub, asked, None)
    return list(_described(call, [found.file], found.name))


def _described(call: Call, files: list[Path], name: str | None) -> Iterable[_Workflow]:
    for one in call.hub.workflows(files):
        if name is None or one.get("name") == name:
            yield _workflow(one)


def _workflow(one: dict[str, Any]) -> _Workflow:
    path, schema = Path(one["file"]), one.get("input_schema")
    told = None
    if schema is not None:
        told = RunInput(old={}, form=Form(kind="data", schema=schema))
    return _Workflow(
        start=f"{path}:{one['name']}" if "name" in one else str(path),
        name=one.get("workflow") or path.stem,
        file=str(path),
        about=one.get("description") or "",
        says=_said(one["error"]) if "error" in one else "",
        input=told,
    )


def _said(error: dict[str, Any]) -> str:
    place = f"{error['place']}: " if error["place"] else ""
    return f"{place}{error['message']}" + (f"\n{error['hint']}" if error["hint"] else "")


def _made(call: Call, given: Fields) -> Response:
    asked = next(iter(given.get("workflow", ())), "").strip()
    show = partial(_shown, call, asked, given)
    try:
        launched = start(call, _body(call, asked, given))
    except ValidationError:
        said = "an id has letters, digits, dots, underscores and dashes, at most 64"
        return show(status=422, notice=said)
    except SmithersError as error:
        return show(status=status_of(error), notice=error.said, hint=error.hint)
    return redirect(link_of(launched.run_id))


def _body(call: Call, asked: str, given: Fields) -> RunBody:
    """What the form asks for, as the HTTP API takes it. Raises `WrongAnswer`."""
    found = _found(call, asked)
    if not asked or len(found) != 1:
        raise WrongAnswer("no workflow is chosen", hint="choose one of the list")
    told, text = found[0].input, {name: one[-1] for name, one in given.items()}
    return RunBody(
        workflow=found[0].start,
        input=None if told is None else told.changed(text, call.hub.secrets.mask),
        run_id=next(iter(given.get("run_id", ())), "").strip() or None,
    )


ROUTES = (
    page(
        "/start",
        "start_page",
        "The form that starts a run, for a browser.",
        _start,
        query=StartParameters,
    ),
    form("/start", "start_form", "Start a run.", _made, scope="run"),
)
