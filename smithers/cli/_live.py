"""The live tree of a run, drawn on stderr with rich: only for a person at a terminal."""

from __future__ import annotations

import shlex
import sys
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleRenderable, Group
from rich.control import Control
from rich.file_proxy import FileProxy
from rich.live import Live as RichLive
from rich.segment import ControlType
from rich.text import Text

from smithers.agent import Event
from smithers.amounts import dollars
from smithers.changes import Frame, Key
from smithers.cli._folding import Line, fold
from smithers.cli._live_tree import LiveTree
from smithers.cli._notes import agent_of, note_of
from smithers.cli._places import complete
from smithers.cli._streams import MARKS, quoted, shown
from smithers.engine.printing import show_output_through
from smithers.state import RunState
from smithers.views import Board, NodeState, WorkView, stopped_words
from smithers.words import duration, money, tokens

__all__ = ["Live", "draw"]

_PER_SECOND = 5
_LEAST_LINES = 4
_MOST_ASKED = 20_000
"""So many characters of a question are drawn at most."""
_WIDE = 110
"""Columns from which on each row has its tokens and its cost."""
_KEPT_FREE = len("^C")
"""A terminal writes that behind the last line. If it wrapped, the title would be drawn twice."""


class Live:
    """Draws the tree with state, attempt, agent, time, tokens, cost and last activity."""

    def __init__(
        self, run_id: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._run_id = run_id
        self._now = now
        self._began = now()
        self._tree = LiveTree()
        self._lock = threading.Lock()
        self._console = Console(file=sys.stderr)
        self._live: _Drawing | None = None
        self._printed: FileProxy | None = None

    def frame(self, frame: Frame, state: RunState) -> None:
        with self._lock:
            self._tree.frame(frame, state)
        if self._live is None:
            self._live = _Drawing(self._console, self._lines)
            self._live.start(refresh=True)
            self._printed = FileProxy(self._console, sys.stderr)
            show_output_through(self._printed.write)

    def event(self, key: Key, event: Event) -> None:
        with self._lock:
            self._tree.event(key, event)

    def note(self, text: str) -> None:
        self._console.print(Text(shown(complete(text)), style="dim"))

    def close(self) -> None:
        if self._live is not None:
            show_output_through(None)
            if self._printed is not None:
                self._printed.flush()  # a line that has no end
            self._live.stop()

    def _lines(self, width: int, height: int) -> list[Text]:
        with self._lock:
            return draw(self._tree, self._run_id, self._began, self._now(), width, height)


class _Drawing(RichLive):
    """What rich draws again and again. A terminal that was made narrower has wrapped the lines of
    the last drawing, which rich does not expect: it would leave the title behind.
    """

    def __init__(self, console: Console, lines: Callable[[int, int], list[Text]]) -> None:
        self._lines = lines
        self._drawn: list[int] = []
        self._on_screen: list[int] = []
        """How many cells each line takes: of the last drawing, and of what the terminal shows."""
        super().__init__(
            get_renderable=self._draw,
            console=console,
            refresh_per_second=_PER_SECOND,
            vertical_overflow="crop",
            redirect_stdout=False,  # what is printed is kept first, then shown by `Live`
            redirect_stderr=False,
        )

    def _draw(self) -> Group:
        size = self.console.size
        lines = self._lines(size.width, size.height)
        self._drawn = [line.cell_len for line in lines]
        return Group(*lines)

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        width = max(1, self.console.size.width)
        wrapped = sum((cells - 1) // width for cells in self._on_screen if cells)
        self._on_screen = self._drawn
        up = Control(
            (ControlType.ERASE_IN_LINE, 2),
            *((ControlType.CURSOR_UP, 1), (ControlType.ERASE_IN_LINE, 2)) * wrapped,
        )
        found = super().process_renderables(renderables)
        return [up, *found] if wrapped else found


def draw(
    tree: LiveTree, run_id: str, began: datetime, now: datetime, width: int, height: int
) -> list[Text]:
    """The lines of a terminal of this size: a title, the tree, and what is left out of it."""
    board, columns, space = tree.board, _Columns(tree, width), max(_LEAST_LINES, height - 4)
    lines, left = fold(board, space)
    least = min(len(lines), max(_LEAST_LINES, space // 3))
    asked = _question(board, run_id, max(1, width - _KEPT_FREE), space - least)
    if asked:
        lines, left = fold(board, space - len(asked))
    below = [Text(f"… and {_counts(left)}", style="dim")] if left else []
    title = _title(board, run_id, (now - began).total_seconds(), now)
    drawn = [title, *(columns.line(line, now) for line in lines), *below, *asked]
    for text in drawn:
        text.no_wrap = True
        text.rstrip()
        text.truncate(max(1, width - _KEPT_FREE), overflow="ellipsis")
    return drawn


def _question(board: Board, run_id: str, width: int, space: int) -> list[Text]:
    """The question that is open longest in at most `space` lines, or nothing while anything else
    is at work; and how to read what is not shown.
    """
    keys = board.questions
    if not keys:
        return []
    wait = board.work[keys[0]].wait
    asked = (wait.asked if wait is not None else None) or ""
    lines = [Text(line) for line in _wrapped(asked, width)]
    command, more = f"smithers asks {shlex.quote(run_id)}", ""
    if len(lines) + (len(keys) > 1) > space or len(asked) > _MOST_ASKED:
        more = f"… more: `{command} {shlex.quote(str(keys[0]))}`"
    elif len(keys) > 1:
        more = f"… and {len(keys) - 1} more questions: `{command}`"
    if not more:
        return lines
    more = shown(complete(more))
    if cell_len(more) > width:
        more = "… more: `smithers asks`"
    return [*lines[: max(0, space - 1)], Text(more, style="dim")]


@lru_cache(maxsize=4)
def _wrapped(asked: str, width: int) -> tuple[str, ...]:
    """The lines of a question on a terminal, as far as one may show them."""
    console, bar, left = Console(width=width), "| ", _MOST_ASKED
    found: list[str] = []
    for line in quoted(asked):
        if left <= 0:
            break
        text = Text(line[len(bar) :].expandtabs()[:left])
        left -= len(text) + 1
        parts = text.wrap(console, max(1, width - len(bar))) or [Text()]
        found += [f"{bar}{part.plain}".rstrip() for part in parts]
    return tuple(found)


def _title(board: Board, run_id: str, elapsed_s: float, now: datetime) -> Text:
    mark, colour = MARKS["stale" if board.stopped_by else board.status]
    status = stopped_words(board.stopped_by) if board.stopped_by else board.status
    total = board.total()
    title = Text()
    title.append(f"{mark} ", style=colour)
    title.append(shown(run_id), style="bold")
    title.append(f" {status}", style=colour)
    title.append(f"  {_done(total)}/{sum(total.values())}")
    if failed := total[NodeState("failed")]:
        title.append(f"  {failed} failed", style="red")
    if tolerated := total[NodeState("failed", True)]:
        title.append(f"  {tolerated} tolerated", style="dim")
    if board.asking:
        title.append(f"  {len(board.asking)} to decide", style="yellow")
    title.append("  " + "  ".join([duration(elapsed_s), *_spent(board, now)]), style="dim")
    return title


def _spent(board: Board, now: datetime) -> list[str]:
    """What the run has used, each measure with its cap if it has one."""
    caps, found = board.caps, list[str]()
    if board.tokens or caps.tokens:
        cap = f" of {tokens(caps.tokens)}" if caps.tokens else ""
        found.append(tokens(board.tokens) + cap)
    if board.cost is not None or caps.usd:
        cap = f" of {dollars(caps.usd)}" if caps.usd else ""
        found.append(dollars(board.cost or Decimal(0)) + cap)
    if caps.calls:
        found.append(f"{board.calls} of {caps.calls} calls")
    if caps.time_s:
        running = board.tasks.get(NodeState("running"), ())
        at_work = sum(board.work[key].elapsed_s(now) or 0 for key in running)
        worked = duration(board.worked.total_seconds() + at_work)
        found.append(f"worked {worked} of {duration(caps.time_s)}")
    return found


class _Columns:
    """The columns of the rows. Their widths follow from the terminal and from the tree as a whole,
    not from the lines that are shown, so that nothing moves from one drawing to the next.
    """

    def __init__(self, tree: LiveTree, width: int) -> None:
        board = tree.board
        self._board, self._said = board, tree.said
        self._is_wide = width >= _WIDE
        self._name = max(12, min(tree.widest, width * 9 // 20))
        self._has_tokens = board.tokens > 0 and self._is_wide
        self._has_cost = board.cost is not None and self._is_wide
        self._agent = max(6, min(tree.widest_agent, max(14, width // 8)))

    def line(self, line: Line, now: datetime) -> Text:
        if line.is_leaf:
            return self._task(line, self._board.work_on(line.spot.key), now)
        return self._container(line)

    def _task(self, line: Line, work: WorkView, now: datetime) -> Text:
        state = work.state
        text = self._tree(line, state, line.name, "bold" if state == "running" else "")
        cells = self._facts(work, now) if work.attempt else []
        note = self._said.get(work.key, "") if state == "running" else note_of(work)
        if work.tolerated and state == "failed":
            cells.append((f"tolerated: {shown(note)}", "dim"))
        elif state in ("running", "waiting", "failed"):
            cells.append((shown(note), _NOTES[state]))
        for cell, style in cells:
            text.append("  ")
            text.append(cell, style=style)
        return text

    def _facts(self, work: WorkView, now: datetime) -> list[tuple[str, str]]:
        is_over = work.began is not None and work.state != "running"
        elapsed = None if is_over else work.elapsed_s(now)
        cells = [
            (_fit(shown(agent_of(work)), self._agent), "dim"),
            (("" if elapsed is None else duration(elapsed)).rjust(9), ""),
        ]
        if self._has_tokens:
            cells.append(((tokens(work.tokens) if work.tokens else "").rjust(13), ""))
        if self._has_cost:
            cells.append((money(work.cost).rjust(9), ""))
        return cells

    def _container(self, line: Line) -> Text:
        spot = line.spot
        state = self._board.state(spot.key)
        counts = self._board.count(spot.key)
        is_counted = line.is_folded and not spot.is_iteration
        number = f" {_done(counts)}/{sum(counts.values())}" if is_counted else ""
        text = self._tree(line, state.state, line.name, "dim", number)
        facts = {one: counts[one] for one in _COUNTED if is_counted and counts[one]}
        words = "tolerated" if state == NodeState("failed", True) else ""
        if facts or words:
            text.append(f"  {_counts(Counter(facts)) or words}", style="dim")
        return text

    def _tree(self, line: Line, state: str, name: str, style: str, after: str = "") -> Text:
        mark, colour = MARKS.get(state, ("·", "dim"))
        text = Text(line.prefix, style="dim")
        text.append(f"{mark} ", style=colour)
        beside = cell_len(line.prefix) + 2 + (len(after) if line.prefix else 0)
        space = max(4, self._name - beside)
        name = _shortened(shown(name), space)
        text.append(name, style=style)
        text.append(after)
        missing = self._name - cell_len(line.prefix) - 2 - cell_len(name) - len(after)
        text.append(" " * max(0, missing))
        return text


_COUNTED = (NodeState("failed"), NodeState("running"), NodeState("waiting"))
_NOTES = {"running": "dim", "waiting": "yellow", "failed": "red"}


def _fit(text: str, width: int) -> str:
    return set_cell_size(_shortened(text, width), width)


def _shortened(text: str, width: int) -> str:
    """Text of at most `width` cells: what is too long loses its middle, since names of one kind
    tend to begin alike.
    """
    if cell_len(text) <= width:
        return text
    tail = width // 3
    end = text
    while cell_len(end) > tail:
        end = end[1:]
    return set_cell_size(text, width - 1 - cell_len(end)).rstrip() + "…" + end


def _done(counts: Counter[NodeState]) -> int:
    return sum(number for state, number in counts.items() if state.is_done)


def _counts(counts: Counter[NodeState]) -> str:
    return ", ".join(
        f"{number} {one.state}{' (tolerated)' if one.tolerated else ''}"
        for one, number in counts.items()
    )
