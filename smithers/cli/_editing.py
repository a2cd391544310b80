"""An answer that a person writes in their editor, below the question and what it asks for."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from smithers.cli._failures import Usage
from smithers.cli._given import parse_json
from smithers.cli._streams import say, shown
from smithers.errors import SmithersError, WrongAnswer
from smithers.forms import Form
from smithers.hub import Asked
from smithers.texts import json_text

if TYPE_CHECKING:
    from smithers.engine.people import Person

__all__ = ["edited"]

_MARKER = "# ---- Your answer is what is below this line. ----"
_NOTHING = "nothing was recorded"


def edited(asked: Asked, person: Person, record: Callable[[object, Asked], int]) -> int:
    """Open an editor until the answer is one, and record it. An empty or unchanged file ends it:
    then nothing is recorded.
    """
    _check_terminal()
    person.check(asked.allowed_by, f"answer {asked.name}")
    file, answer, problem = _new_file(asked), _first(asked.form), ""
    kept = False
    try:
        while True:
            before = _document(asked, answer, problem)
            file.write_text(before, encoding="utf-8")
            _open_editor(file)
            after = file.read_text(encoding="utf-8", errors="replace")
            answer = _below_marker(after)
            if not answer.strip() or after == before:
                how = "unchanged" if answer.strip() else "empty"
                kept = bool(problem and answer.strip())
                raise Usage(f"the answer is {how}: {_NOTHING}", hint=_kept_at(file, kept))
            try:
                return record(_value(asked.form, answer), asked)
            except WrongAnswer as error:
                problem = f"{error.said}\n{error.hint}"
            except SmithersError:
                kept = True
                say(_kept_at(file, kept))
                raise
    finally:
        if not kept:
            file.unlink(missing_ok=True)


def _check_terminal() -> None:
    if not sys.stdin.isatty() or not sys.stdout.isatty():
        hint = "give the answer with --choice X, --data JSON or --text T"
        raise Usage("--edit needs a terminal", hint=hint)


def _kept_at(file: Path, kept: bool) -> str:
    return f"what you typed is in {file}" if kept else "run the command again to answer"


def _new_file(asked: Asked) -> Path:
    """A file that this user alone can read."""
    end = ".json" if asked.form.kind == "data" else ".txt"
    handle, name = tempfile.mkstemp(prefix="smithers-answer-", suffix=end)
    os.close(handle)
    return Path(name)


def _open_editor(file: Path) -> None:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        code = subprocess.run([*shlex.split(editor), str(file)], check=False).returncode
    except (OSError, ValueError) as error:
        hint = "set EDITOR to the command of an editor"
        raise Usage(f"the editor {editor!r} cannot be started: {error}", hint=hint) from error
    if code:
        hint = _kept_at(file, False)
        raise Usage(f"the editor ended with exit code {code}: {_NOTHING}", hint=hint)


def _document(asked: Asked, answer: str, problem: str) -> str:
    lines = [*_problem_lines(problem), f"{asked.name} of {asked.run_id} asks:", ""]
    lines += [f"  {line}" for line in shown(asked.asked).splitlines()]
    lines += ["", *_form_lines(asked.form), "", f"If it is empty or unchanged, {_NOTHING}."]
    head = "\n".join(f"# {line}".rstrip() for line in lines)
    return f"{head}\n{_MARKER}\n{answer}\n"


def _problem_lines(problem: str) -> list[str]:
    if not problem:
        return []
    return ["This is not an answer yet:", *(f"  {line}" for line in problem.splitlines()), ""]


def _form_lines(form: Form) -> Iterator[str]:
    """What the answer must be."""
    if form.refused:
        yield "The last answer, which is below, was refused:"
        yield from (f"  {line}" for line in shown(form.refused).splitlines())
        yield ""
    match form.kind:
        case "decision" | "choice":
            yield "Write one of these:"
            yield from (f"  {shown(one)}" for one in form.choices)
        case "text":
            yield "Write a text."
        case "data":
            yield f"Write JSON: {form.type}"
            yield from (f"  {shown(field.line)}" for field in form.fields)


def _first(form: Form) -> str:
    """What the answer is before anybody has written."""
    if form.kind != "data":
        return str(form.given or "")
    if form.refused:
        return json_text(form.given, indent=2)
    if not form.fields:
        return "null"
    parts = {one.name: json.loads(one.default or "null") for one in form.fields}
    return json_text(parts, indent=2)


def _below_marker(text: str) -> str:
    """The answer; if the marker is gone, what follows the comments."""
    head, marker, answer = text.partition(f"{_MARKER}\n")
    if not marker:
        lines = head.splitlines(keepends=True)
        while lines and lines[0].startswith("#"):
            lines.pop(0)
        answer = "".join(lines)
    return answer.removesuffix("\n")


def _value(form: Form, answer: str) -> object:
    if form.kind == "data":
        try:
            return parse_json(answer)
        except ValueError as error:
            raise WrongAnswer(f"this is not JSON: {error}", hint="correct it") from error
    return answer.strip() if form.choices else answer
