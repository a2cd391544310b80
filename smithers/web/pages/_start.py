"""The page that starts a run: the workflows of the server's folders, and the input of one."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError
from starlette.responses import Response

from smithers.errors import RunExists, SmithersError, WrongAnswer
from smithers.forms import Form
from smithers.values import dataclass
from smithers.web._problems import sentence, status_of
from smithers.web._routes import Call, Closed
from smithers.web._starting import BAD_ID, RunBody, start, trusting
from smithers.web.pages._given import with_rows
from smithers.web.pages._inputs import RunInput
from smithers.web.pages._page import Fields, form, only, page, redirect, render
from smithers.web.pages._words import link_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["ROUTES"]

_MOST_IMPORTED = 40
"""More files are only parsed for the list: an import takes a part of a second."""


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
    short: str
    """The file as it is called in a folder of the server."""
    about: str
    says: str
    input: RunInput | None


def _start(call: Call) -> Response:
    return _shown(call, call.query_as(StartParameters).workflow.strip(), None)


def _shown(
    call: Call,
    asked: str,
    given: Fields | None,
    *,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
    notice: str = "",
    hint: str = "",
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
        entries=[] if told is None else told.entries(given, errors),
        errors=errors or {},
        run_id=only(given or {}, "run_id"),
        folders=call.server.roots.folders,
        trust=None if told is not None or chosen is None else _trusting(call, chosen),
        notice=sentence(notice),
        hint=sentence(call.hub.complete(hint)) if hint else "",
    )


def _trusting(call: Call, chosen: _Workflow) -> str:
    return trusting(call, [Path(chosen.file).parent, call.server.roots.folders[0]])


def _found(call: Call, asked: str) -> list[_Workflow]:
    """The workflows with a name of the folders, or those that are meant by what was asked for.
    Raises what `Roots.find` raises.
    """
    if not asked:
        files = call.server.roots.files()
        return list(_described(call, files, None, parsed=len(files) > _MOST_IMPORTED))
    found = call.server.roots.find(call.hub, asked, None)
    return list(_described(call, [found.file], found.name))


def _described(
    call: Call, files: list[Path], name: str | None, *, parsed: bool = False
) -> Iterable[_Workflow]:
    for one in call.hub.workflows(files, parsed=parsed):
        if name is None or one.get("name") == name:
            yield _workflow(one, call.server.roots.folders, call.hub.secrets.mask)


def _workflow(
    one: dict[str, Any], folders: Iterable[Path], mask: Callable[[str], str]
) -> _Workflow:
    path, schema = Path(one["file"]), one.get("input_schema")
    below = [path.relative_to(folder) for folder in folders if path.is_relative_to(folder)]
    told = None
    if schema is not None:
        told = RunInput(old={}, form=Form(kind="data", schema=schema), mask=mask)
    return _Workflow(
        start=f"{path}:{one['name']}" if "name" in one else str(path),
        name=one.get("workflow") or path.stem,
        file=str(path),
        short=str(below[0] if below else path),
        about=one.get("description") or "",
        says=_said(one["error"]) if "error" in one else "",
        input=told,
    )


def _said(error: dict[str, Any]) -> str:
    place = f" (at {error['place']})" if error["place"] else ""
    return f"{error['message']}{place}" + (f"\n{error['hint']}" if error["hint"] else "")


def _made(call: Call, given: Fields) -> Response:
    asked, pressed = only(given, "workflow").strip(), only(given, "rows")
    if pressed:
        return _shown(call, asked, with_rows(given, pressed))
    show = partial(_shown, call, asked, given)
    try:
        told = _chosen(call, asked)
        changed = None if told.input is None else told.input.changed(given)
        if changed is not None and changed.errors:
            return show(errors=changed.errors, status=422)
        value = None if changed is None else changed.value
        run_id = only(given, "run_id").strip() or None
        launched = start(call, RunBody(workflow=told.start, input=value, run_id=run_id))
    except ValidationError:
        return show(errors={"run_id": BAD_ID}, status=422)
    except RunExists as error:
        return show(errors={"run_id": error.said}, status=status_of(error))
    except SmithersError as error:
        return show(status=status_of(error), notice=error.said, hint=error.hint)
    return redirect(link_of(launched.run_id))


def _chosen(call: Call, asked: str) -> _Workflow:
    """The one workflow that is to be started. Raises `WrongAnswer`."""
    found = _found(call, asked)
    if not asked or len(found) != 1:
        raise WrongAnswer("no workflow is chosen", hint="choose one of the list")
    return found[0]


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
