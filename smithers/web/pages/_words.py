"""Words and figures of the pages. A value that is absent is an empty text."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import quote, urlencode

from smithers import waits
from smithers.changes import Key
from smithers.naming import key_name
from smithers.words import tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from smithers.views import State, Status, WaitView

__all__ = [
    "NEARLY_SPENT",
    "OWNER_GONE",
    "STALLED",
    "Mark",
    "Parts",
    "ago",
    "cost",
    "due_words",
    "likely",
    "link_of",
    "link_to_group",
    "mark_of_run",
    "mark_of_task",
    "moment",
    "money",
    "name_of",
    "parts_of",
    "short",
    "span",
    "token_figure",
    "type_words",
]


class Mark(NamedTuple):
    """A state as a glyph, which is also its tone, and as a word."""

    glyph: str
    word: str


OWNER_GONE = Mark("gone", "owner gone")
"""Of a run, and of what it was running: whether that still works is not known."""
_RUNS: dict[Status, Mark] = {
    "running": Mark("run", "running"),
    "waiting": Mark("wait", "waiting"),
    "stale": OWNER_GONE,
    "finished": Mark("ok", "finished"),
    "continued": Mark("ok", "continued"),
    "failed": Mark("bad", "failed"),
    "cancelled": Mark("off", "cancelled"),
}
_TASKS: dict[State, Mark] = {
    "pending": Mark("pend", "pending"),
    "ready": Mark("pend", "ready"),
    "running": Mark("run", "running"),
    "waiting": Mark("wait", "waiting"),
    "finished": Mark("ok", "finished"),
    "failed": Mark("bad", "failed"),
    "skipped": Mark("off", "skipped"),
    "cancelled": Mark("off", "cancelled"),
}
_WAITS = {
    waits.COOLDOWN: "cooling down",
    waits.RETRY: "retries soon",
    waits.TIMER: "timer",
    waits.EVENT: "waits for an event",
    waits.CHILD: "waits for a run",
}
NEARLY_SPENT = 80.0
"""From this share of a budget on, in per cent, a person should look at it."""
STALLED = Mark("stall", "stalled")
_ASKS = Mark("ask", "waits for you")
_OVER = Mark("bad", "over budget")


def mark_of_run(status: Status, waiting: Iterable[WaitView], *, is_silent: bool = False) -> Mark:
    """The state of a run; one that waits says for what. `is_silent`: one of its agents is."""
    found = [one for one in waiting if not one.answered]
    alone = STALLED if is_silent and status == "running" else _RUNS[status]
    if status not in ("running", "waiting") or not found:
        return alone
    if any(one.kind == waits.BUDGET for one in found):
        return _OVER
    if any(one.kind in waits.DECISIONS for one in found):
        return _ASKS
    return _of_wait(found[0]) if status == "waiting" else alone


def mark_of_task(state: State, wait: WaitView | None) -> Mark:
    """The state of a task; one that waits says for what."""
    return _TASKS[state] if state != "waiting" or wait is None else _of_wait(wait)


def _of_wait(wait: WaitView) -> Mark:
    if wait.kind in waits.DECISIONS:
        return _ASKS
    return Mark("wait", _WAITS.get(wait.kind, "waiting"))


class Parts(NamedTuple):
    """A share of a bar, in per cent: from where, how much, and of which tone."""

    at: float
    width: float
    tone: str


_TONES = (
    ("finished", "ok"),
    ("skipped", "off"),
    ("failed", "bad"),
    ("cancelled", "off"),
    ("running", "run"),
    ("asked", "ask"),
    ("waiting", "wait"),
)


def parts_of(tasks: Mapping[str, int], *, asked: int = 0) -> list[Parts]:
    """The bar of the tasks of a run; what is pending is left free. `asked` of those that wait do
    so for a person.

    >>> parts_of({"finished": 1, "failed": 1, "pending": 2})
    [Parts(at=0.0, width=25.0, tone='ok'), Parts(at=25.0, width=25.0, tone='bad')]
    """
    total, at, found = sum(tasks.values()) or 1, 0.0, list[Parts]()
    waiting = tasks.get("waiting", 0)
    asked = min(asked, waiting)
    numbers = {**tasks, "asked": asked, "waiting": waiting - asked}
    for state, tone in _TONES:
        if number := numbers.get(state, 0):
            width = round(100 * number / total, 2)
            found.append(Parts(round(at, 2), width, tone))
            at += width
    return found


def money(amount: Decimal | None) -> str:
    """US dollars with two digits.

    >>> money(None), money(Decimal("0.31")), money(Decimal("0.001")), money(Decimal(0))
    ('', '$0.31', '<$0.01', '$0.00')
    """
    if amount is None:
        return ""
    return "<$0.01" if 0 < amount < Decimal("0.005") else f"${amount:,.2f}"


def cost(amount: Decimal | None, untold: int = 0) -> str:
    """US dollars of which a part may not be known.

    >>> cost(Decimal("0.34"), 2), cost(Decimal("0.34")), cost(None, 1)
    ('$0.34+', '$0.34', '')
    """
    return money(amount) + ("+" if untold and amount is not None else "")


def token_figure(number: int) -> str:
    """A number of tokens for a column whose head says what it is.

    >>> token_figure(950), token_figure(12345)
    ('950', '12.3k')
    """
    return tokens(number).partition(" ")[0]


class Range(Protocol):
    """From which to which cost something is likely."""

    @property
    def low(self) -> Decimal: ...
    @property
    def high(self) -> Decimal: ...


def likely(cost: Range | None) -> str:
    """What something is likely to cost."""
    if cost is None:
        return ""
    low, high = money(cost.low), money(cost.high)
    if not cost.high:
        return "free"
    return high if low == high else f"{low} to {high}"


def span(seconds: float) -> str:
    """How long something took, for a narrow column.

    >>> span(0.012), span(3.21), span(44), span(80), span(11_400), span(90_000)
    ('12ms', '3.2s', '44s', '1m 20s', '3h 10m', '1d 1h')
    """
    if seconds < 1:
        return f"{max(0, round(1000 * seconds))}ms"
    if seconds < 60:
        return f"{seconds:.1f}".removesuffix(".0") + "s"
    whole = round(seconds)
    for unit, length, below, part in (("d", 86_400, "h", 3_600), ("h", 3_600, "m", 60)):
        if whole >= length:
            return f"{whole // length}{unit} {whole % length // part}{below}"
    return f"{whole // 60}m {whole % 60}s"


def ago(then: datetime, now: datetime) -> str:
    """How long ago, in one figure.

    >>> now = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
    >>> ago(datetime(2026, 1, 2, 11, 42, tzinfo=UTC), now), ago(now, now)
    ('18m', '0s')
    """
    seconds = max(0, int((now - then).total_seconds()))
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def moment(at: datetime) -> str:
    """A time for the attribute of a `time`, and for readers without scripts.

    >>> moment(datetime(2026, 1, 2, 12, 0, tzinfo=UTC))
    '2026-01-02T12:00:00Z'
    """
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def due_words(at: datetime, now: datetime) -> str:
    """A time to come until a script shows it in the reader's zone, which takes as much room.

    >>> due_words(datetime(2026, 1, 2, 12, 0, tzinfo=UTC), datetime(2026, 1, 2, 9, 0, tzinfo=UTC))
    '12:00'
    >>> due_words(datetime(2026, 1, 3, 12, 0, tzinfo=UTC), datetime(2026, 1, 2, 9, 0, tzinfo=UTC))
    'Sat, Jan 3, 12:00'
    """
    at = at.astimezone(UTC)
    is_today = at.date() == now.astimezone(UTC).date()
    return f"{at:%H:%M}" if is_today else f"{at:%a, %b} {at.day}, {at:%H:%M}"


def name_of(key: Key) -> str:
    """A task for a person; the run as a whole has no name."""
    return key_name(key) if key.id else "the run"


def short(text: str, most: int = 160) -> str:
    """The beginning of a text in one line."""
    line = " ".join(text[: 4 * most].split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def type_words(type: str) -> str:
    """What is typed into a field of a type of JSON, for a person."""
    return _TYPES.get(type, type)


_TYPES = {
    "string": "text",
    "string or null": "text",
    "integer": "a whole number",
    "number": "a number",
}


def link_of(run: str, key: Key | None = None, page: str = "") -> str:
    """The address of a run, of a task, or with `page` "ask" of its question.

    >>> link_of("r1", Key("a/b", (2,))), link_of("r1", Key("ship"), "ask")
    ('/runs/r1/tasks/a%2Fb%5B2%5D', '/runs/r1/ask?task=ship')
    """
    if key is None:
        return f"/runs/{run}{page and '/'}{page}"
    if page:
        return f"/runs/{run}/{page}?{urlencode({'task': str(key) if key.id else ''})}"
    return f"/runs/{run}/tasks/{quote(str(key), safe='')}"


def link_to_group(run: str, key: Key) -> str:
    """The address of a group in the tree of its run, where it is open.

    >>> link_to_group("r1", Key("fix", (2,)))
    '/runs/r1?group=fix%5B2%5D#row-fix%255B2%255D'
    """
    row = quote(str(key))  # the id of its row
    return f"/runs/{run}?group={quote(str(key), safe='')}#row-{quote(row)}"
