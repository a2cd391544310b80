"""A receipt as text: lines of at most 80 columns, if no name or path is longer."""

from __future__ import annotations

import shlex
import sys
import textwrap
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from smithers.cli._streams import paint, shown, table
from smithers.naming import key_name
from smithers.texts import json_text, title_of
from smithers.views import Spent

if TYPE_CHECKING:
    from datetime import datetime

    from smithers.views import AgentWorkView, CostView, DecisionView, ReceiptView, SourceUse

__all__ = ["receipt_lines"]

_WIDTH, _LABEL = 80, 11
_MOST = 60
"""So many characters of a text are shown: whoever wants more reads the run."""


def receipt_lines(found: ReceiptView, command: Callable[[str], str]) -> Iterator[str]:
    """The page, with `command` making a command as it is typed for the database."""
    yield paint(shown(f"receipt of run {found.run_id}"), "bold", sys.stdout)
    yield from _run(found)
    yield from _part("source", (line for one in found.sources for line in _source(one)))
    yield from _part("work", _works(found))
    yield from _part("decisions", (line for one in found.decisions for line in _decision(one)))
    given = (line for key, by in found.set_by.items() for line in _field(key_name(key), f"by {by}"))
    yield from _part("outputs given by a person", given)
    happened = (
        line
        for one in found.happenings
        for line in _field(f"frame {one.frame}", f"{_time(one.at)}: {one.words}")
    )
    yield from _part("what happened to the run", happened)
    yield from _part("cost", _cost(found.cost))
    yield ""
    verify = f"smithers verify {shlex.quote(found.run_id)} --digest {found.receipt}"
    yield f"verify: {command(verify)}"


def _part(title: str, lines: Iterator[str]) -> Iterator[str]:
    """A part with its title, if it has a line."""
    for number, line in enumerate(lines):
        if number == 0:
            yield ""
            yield paint(title, "bold", sys.stdout)
        yield line


def _field(label: str, value: str, depth: int = 1) -> Iterator[str]:
    """A label and what belongs to it, in as many lines as it takes."""
    head = f"{'  ' * depth}{label}".ljust(2 * depth + _LABEL - 1) + " "
    text = " ".join(shown(value).split())
    room = " " * (2 * depth + _LABEL)
    yield from textwrap.wrap(
        text, _WIDTH, initial_indent=shown(head.rstrip()).ljust(len(head)), subsequent_indent=room
    ) or [shown(head.rstrip())]


def _run(found: ReceiptView) -> Iterator[str]:
    yield from _field("workflow", found.workflow)
    yield from _field("file", found.file)
    yield from _field("started", _time(found.created_at))
    yield from _field("status", f"{found.status}, {_time(found.last_at)} (frame {found.frame})")
    if found.error is not None:
        yield from _field("error", title_of(found.error))
    yield from _field("input", _short(found.input))
    if found.output_digest is not None:
        yield from _field("output", "as JSON text")
        yield f"    sha256 {found.output_digest}"
    if found.next_run is not None:
        yield from _field("continued", f"as {found.next_run}, which has its own receipt")
    if found.forked_from is not None:
        source, frame = found.forked_from
        yield from _field("fork of", f"{source} as of frame {frame}; up to there all is inherited")


def _source(one: SourceUse) -> Iterator[str]:
    ran = [f"{name} {told}" for name, told in one.about.items() if isinstance(told, str)]
    programs = one.about.get("programs")
    if isinstance(programs, dict):
        ran += [f"{name} {told}" for name, told in programs.items()]  # pyright: ignore[reportUnknownVariableType]
    since = f"since frame {one.frame}, {_time(one.at)}"
    yield from _field(one.source, "; ".join([since, ", ".join(ran)] if ran else [since]))
    for path, digest in one.digests.items():
        yield shown(f"    {path}")
        yield f"      sha256 {digest}"
    if not one.digests:
        yield "    files not stored: the run was driven by an earlier version"


def _works(found: ReceiptView) -> Iterator[str]:
    for one in found.work:
        yield from _work(one)
    if found.others:
        told = ", ".join(f"{kind} {number}" for kind, number in found.others.items())
        yield from _field("no agent", told)
    if found.children:
        yield from _field("child runs", f"{', '.join(found.children)} (each has its own receipt)")


def _work(one: AgentWorkView) -> Iterator[str]:
    number = f"{one.attempts} attempt{'s'[: one.attempts != 1]}"
    by = ", then ".join(one.agents)
    model = f" ({', '.join(one.models)})" if one.models else ""
    yield from _field(key_name(one.key), f"{one.state}, by {by}{model}, {number}")
    if one.origins:
        yield from _field("inherited", f"from {', '.join(one.origins)}", 2)
    yield from _field("prompt", f'"{_short(one.prompt)}"', 2)
    yield f"      sha256 {one.prompt_digest}"
    if one.tools is None:
        yield from _field("tools", "not known: a stream is missing", 2)
    elif one.tools:
        called = ", ".join(f"{name} {number}" for name, number in one.tools.items())
        yield from _field("tools", called, 2)
    if one.output is not None:
        yield from _field("output", "as JSON text", 2)
        yield f"      sha256 {one.output}"


def _decision(one: DecisionView) -> Iterator[str]:
    words = {"approve": "approved", "deny": "denied"}.get(str(one.answer), "answered")
    login = "" if one.login in (None, one.by) else f" (login {one.login})"
    at = "" if one.at is None else f", {one.at[:19].replace('T', ' ')} UTC"
    if one.origin:
        at = f"{at}, in {one.origin}"
    void = "" if one.counts else "; no longer counts: it was asked again"
    yield from _field(key_name(one.key), f"{words} by {one.by}{login}{at}, frame {one.frame}{void}")
    yield from _field("asked", f'"{_short(one.asked)}"', 2)
    if one.digest is not None:
        yield f"      sha256 {one.digest}"
    if words == "answered":
        yield from _field("answer", _short(json_text(one.answer)), 2)
    if one.note:
        yield from _field("note", _short(one.note), 2)


def _cost(found: CostView) -> Iterator[str]:
    by_model: dict[str, Spent] = {}
    for line in found.lines:
        if line.spent.calls or line.model is not None:
            by_model.setdefault(line.model or "model not reported", Spent()).add(line.spent)
    rows = [(model, spent) for model, spent in by_model.items()]
    rows.append(("total", found.total))
    if found.inherited != Spent():
        rows.append(("inherited (paid by its source)", found.inherited))
    head = ["MODEL", "CALLS", "TOKENS IN", "OUT", "USD"]
    yield from (
        shown(f"  {line}")
        for line in table([head, *([name, *_numbers(spent)] for name, spent in rows)])
    )


def _numbers(spent: Spent) -> list[str]:
    cost = "not reported" if spent.cost is None else f"{Decimal(spent.cost):.4f}"
    return [str(spent.calls), str(spent.tokens_in), str(spent.tokens_out), cost]


def _short(text: str) -> str:
    return title_of(text, _MOST)


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
