"""Words that several views share: times, errors, and the commands that a person types."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from smithers.changes import Key
    from smithers.forms import Form
    from smithers.store import NewRun

__all__ = [
    "answer_command",
    "answer_commands",
    "cached_words",
    "clock",
    "decide_command",
    "deny_name",
    "due_words",
    "resume_command",
    "send_command",
    "shorten",
    "stopped_words",
    "with_place",
]

_FEW_CHOICES = 9
_SOON_S = 3600
_DIGEST_LENGTH = 32
"""How much of a digest a command carries: 128 bits, so that nobody finds two texts for one."""


def clock(at: datetime, now: datetime | None = None) -> str:
    """A time as a person reads it: local, with the date if it is not that of `now`.

    >>> from datetime import UTC
    >>> len(clock(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)))
    19
    """
    local = at.astimezone()
    today = (now or datetime.now().astimezone()).astimezone().date()
    return f"{local:%H:%M:%S}" if local.date() == today else f"{local:%Y-%m-%d %H:%M:%S}"


def cached_words(run_id: str) -> str:
    """That a task has its answer from another run, and has cost nothing."""
    return f"cached, from run {run_id}"


def stopped_words(by: str) -> str:
    """By what a run was left in between, after "it": a signal, or its own beginning.

    >>> stopped_words("SIGTERM"), stopped_words("fork")
    ('stopped by SIGTERM', 'made as a fork and not started yet')
    """
    match by:
        case "fork":
            return "made as a fork and not started yet"
        case "rename":
            return "given other ids and not resumed yet"
        case "rewind":
            return "taken back and not resumed yet"
        case _:
            return f"stopped by {by}"


def due_words(due: datetime, now: datetime | None = None) -> str:
    """When something is due as a person reads it: the local time and day, and how long until then.

    >>> from datetime import UTC
    >>> due_words(datetime(2026, 1, 2, 9, tzinfo=UTC), datetime(2026, 1, 2, 8, 59, 20, tzinfo=UTC))
    ... # doctest: +ELLIPSIS
    '...:00:00 (in 40 s)'
    """
    now = now or datetime.now(UTC)
    local, today = due.astimezone(), now.astimezone().date()
    left = (due - now).total_seconds()
    hour = f"{local:%H:%M:%S}" if abs(left) < _SOON_S or local.second else f"{local:%H:%M}"
    if local.date() == today:
        day = ""
    elif local.date() == today + timedelta(days=1):
        day = " tomorrow"
    else:
        day = f" on {local:%Y-%m-%d}"
    return f"{hour}{day} ({'over' if left <= 0 else f'in {_roughly(left)}'})"


def _roughly(seconds: float) -> str:
    """A time in its largest unit, rounded.

    >>> [_roughly(one) for one in (0.2, 59, 90, 50400, 259_200)]
    ['1 s', '59 s', '2 min', '14 h', '3 d']
    """
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600)} h" if seconds < 172_800 else f"{round(seconds / 86400)} d"


def with_place(said: str, place: object) -> str:
    r"""A message with the place of its error, if it has one, at the end of its first line.

    >>> with_place("they wait in a circle:\na waits for b", "flow.py:3:5")
    'they wait in a circle (at flow.py:3:5):\na waits for b'
    """
    first, newline, rest = said.partition("\n")  # the rest may be what a program wrote
    if not place:
        return said
    colon = ":" if first.endswith(":") else ""
    return f"{first.removesuffix(':')} (at {place}){colon}{newline}{rest}"


def shorten(text: str, most: int = 200) -> str:
    """Text on one line of at most `most` characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 3]}..."


def resume_command(run: NewRun) -> str | None:
    """What a person types to resume a run; None if only the program that made it can."""
    return None if run.is_made_in_memory else f"smithers resume {shlex.quote(run.run_id)}"


def decide_command(
    verb: Literal["approve", "deny"],
    run_id: str,
    key: Key,
    digest: str | None,
) -> str:
    """What a person types to decide a question that was read: the digest binds it to the text."""
    return " ".join(_words(verb, run_id, key, digest))


def answer_commands(run_id: str, key: Key, digest: str | None, form: Form | None) -> dict[str, str]:
    """What a person types to answer a question that was read: a command for each of a few choices,
    or one that opens an editor; and `deny`, which is `send back` beside a choice of that name.
    """
    words = " ".join(_words("answer", run_id, key, digest))
    choices = () if form is None else form.choices
    few = choices if len(choices) <= _FEW_CHOICES else ()
    found = {one: f"{words} {shlex.quote(f'--choice={one}')}" for one in few}
    found = found or {"answer": f"{words} --edit"}
    if form is not None and form.may_deny:
        found[deny_name(form)] = decide_command("deny", run_id, key, digest)
    return found


def answer_command(run_id: str, key: Key, digest: str | None, form: Form | None) -> str:
    """The first of them."""
    return next(iter(answer_commands(run_id, key, digest, form).values()))


def deny_name(form: Form) -> str:
    """By which name the command that sends work back stands among those that answer."""
    name = "deny"
    while name in form.choices and form.kind != "decision":
        name = "send back" if name == "deny" else f"{name}!"
    return name


def send_command(run_id: str, on: Sequence[str], form: Form | None) -> str:
    """What somebody types to send the signal that is waited for, with data that fits."""
    event, *correlation = on
    run, name, options = shlex.quote(run_id), shlex.quote(event), ""
    if correlation:
        between = "=" if correlation[0].startswith("-") else " "
        options += f" --correlation{between}{shlex.quote(correlation[0])}"
    if form is not None and (example := form.example) is not None:
        options += f" --data {shlex.quote(json.dumps(example, ensure_ascii=False))}"
    if run_id.startswith("-") or event.startswith("-"):
        return " ".join(["smithers", f"send{options}", "--", run, name])  # else it is an option
    return f"smithers send {run} {name}{options}"


def _words(verb: str, run_id: str, key: Key, digest: str | None) -> list[str]:
    words = ["smithers", verb, shlex.quote(run_id), shlex.quote(str(key))]
    if digest:
        words += ["--digest", digest[:_DIGEST_LENGTH]]
    return words
