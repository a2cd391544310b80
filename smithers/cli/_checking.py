"""`check`: what is known of a workflow before it runs, and what is wrong with it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from json import dumps as to_text
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from smithers.amounts import Amounts
from smithers.cli._arguments import Argument, JsonFlag, Option, example
from smithers.cli._failures import REFUSED
from smithers.cli._given import file_and_name, given_text
from smithers.cli._places import place
from smithers.cli._streams import give, give_json, masked, paint, shown
from smithers.cli._trees import of_workflow, tree_lines
from smithers.errors import AuthorError, Place, Refused, SmithersError
from smithers.hub import Hub
from smithers.words import count_of

if TYPE_CHECKING:
    import typer

    from smithers.checks import Checked

__all__ = ["check", "check_given", "first_error", "register"]


def register(app: typer.Typer) -> None:
    app.command(
        "check",
        short_help="Check a workflow before it runs.",
        help=example(
            "smithers check ship_it.py",
            'smithers check ship_it.py:ship --input \'{"topic": "whales"}\'',
            "smithers check ship_it.py --types --json",
            "smithers check ship_it.py --dry-run",
            says="Load a workflow in a separate process, build its tree, and show what is known"
            " before it runs: agents, budgets, pools and the number of agent calls. Report each"
            " mistake with its place and what to write instead. No agent, step or command is"
            " executed. Exit with 0, or with 2 if there is a mistake; warnings do not count.",
        ),
    )(check)


def check(
    file: Annotated[
        str,
        Argument(
            metavar="FILE[:NAME]", help="A file that contains a workflow.", show_default=False
        ),
    ],
    input: Annotated[
        str | None,
        Option(
            "--input",
            metavar="JSON",
            help="Build the tree for this input, or for @FILE (default: one is made).",
            show_default=False,
        ),
    ] = None,
    types: Annotated[
        bool, Option("--types", help="Also run the type checker that is installed.")
    ] = False,
    dry_run: Annotated[
        bool,
        Option(
            "--dry-run",
            help="Also run it to its end in memory, as `smithers up FILE --dry-run` does.",
        ),
    ] = False,
    json: JsonFlag = False,
) -> int:
    found = check_given(file, input, types=types, dry_run=dry_run)
    if json:
        give_json(masked(found.to_json()))
    else:
        for line in _lines(found, is_input_made=input is None):
            give(line)
    return 0 if found.passes else REFUSED


def check_given(
    given: str, input: str | None, *, types: bool = False, dry_run: bool = False
) -> Checked:
    """The check of a file as it was typed. Raises `Refused`."""
    path, name = file_and_name(given)
    if path.endswith(".js"):
        raise Refused(f"{path} is not a Python file", hint="name a Python file with a workflow")
    text = None if input is None else given_text(input, "input", "--input")
    hub = Hub(place(None).path)
    return hub.check(Path(path), name, input=text, types=types, dry_run=dry_run)


def first_error(found: Checked) -> SmithersError:
    """The first error of a check, to be raised."""
    one = next(one for one in found.findings if one["level"] == "error")
    where = one["place"] and Place(**one["place"])
    if where is None:
        return Refused(one["message"], hint=one["hint"])
    return AuthorError(one["message"], place=where, hint=one["hint"])


def _lines(found: Checked, *, is_input_made: bool) -> Iterator[str]:
    if found.report is not None:
        yield from _known(found.report)
        if is_input_made and (made := found.report["input"]):
            yield f"input, made from its types: {shown(to_text(made))}"
        yield ""
    for one in found.findings:
        yield from _finding(one)
    number = sum(one["level"] == "error" for one in found.findings)
    if not number:
        yield f"{paint('✓', 'green', sys.stdout)} no mistakes found"
    else:
        yield f"{paint('✗', 'red', sys.stdout)} {count_of(number, 'mistake')} found"
    yield f"note: {_confined_words(found)}"


def _confined_words(found: Checked) -> str:
    """What held the process back; and what the system does not give for it."""
    lacks = [
        words
        for value, words in (
            (found.network, "network namespace"),
            (found.writes, "rule for writes (Landlock)"),
        )
        if value == "audit hook"
    ]
    said = "the file was loaded without network, secrets, programs and writes"
    hook = f", by an audit hook alone where this system has no {' and no '.join(lacks)}"
    return said + (hook if lacks else "")


def _finding(one: dict[str, Any]) -> Iterator[str]:
    mark, colour = ("✗", "red") if one["level"] == "error" else ("!", "yellow")
    at = one["place"]
    where = "" if at is None else f"{at['file']}:{at['line']}:{at['column']}: "
    yield f"{paint(mark, colour, sys.stdout)} {shown(where + one['message'])}"
    if one["hint"]:
        yield f"    hint: {shown(one['hint'])}"


def _known(report: dict[str, Any]) -> Iterator[str]:
    yield from tree_lines(report["workflow"], of_workflow(report["tree"]))
    yield ""
    none = "none known before the run" if report["agent_calls"]["besides"] else "none"
    yield f"agents: {shown(', '.join(report['agents'])) or none}"
    yield f"agent calls: {shown(_calls(report['agent_calls']))}"
    for one in report["budgets"]:
        yield f"budget of {shown(one['of'] or 'the run')}: {_caps(one)}"
    for one in report["pools"]:
        yield f"pool {shown(one['name'])}, limit {one['limit']}: {shown(', '.join(one['tasks']))}"
    for one in report["unknown"]:
        yield f"not known before the run: {shown(_unknown(one))}"


def _unknown(one: dict[str, Any]) -> str:
    return f"the {one['what']} of {one['node']}: {one['why']}"


def _calls(calls: dict[str, Any]) -> str:
    besides = f"; besides {', '.join(calls['besides'])}" if calls["besides"] else ""
    retries = f", with retries and corrections at most {calls['at_most']}"
    return f"at most {calls['once']}{retries if calls['at_most'] > calls['once'] else ''}{besides}"


def _caps(one: dict[str, Any]) -> str:
    return f"{Amounts.from_data(one)}; then {one['on_exhausted']}"
