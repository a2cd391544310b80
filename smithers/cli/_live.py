"""The live tree of a run, drawn on stderr with rich: only for a person at a terminal."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter

from rich.console import Console, Group, RenderableType
from rich.file_proxy import FileProxy
from rich.live import Live as RichLive
from rich.table import Table
from rich.text import Text

from smithers.agent import Event
from smithers.changes import Frame, Key
from smithers.cli._board import TASKS, Board, Row, duration, money, tokens
from smithers.cli._streams import MARKS, shown
from smithers.engine.printing import show_output_through
from smithers.state import RunState

__all__ = ["Live"]

_PER_SECOND = 5
_LEAST_LINES = 4


class Live:
    """Draws the tree with state, attempt, agent, time, tokens, cost and last activity."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._board = Board()
        self._lock = threading.Lock()
        self._console = Console(file=sys.stderr)
        self._live: RichLive | None = None
        self._printed: FileProxy | None = None
        self._order: list[tuple[str, Key | None, str]] = []
        self._seen = -1

    def frame(self, frame: Frame, state: RunState) -> None:
        with self._lock:
            self._board.frame(frame, state)
        if self._live is None:
            self._live = RichLive(
                get_renderable=self._drawn,
                console=self._console,
                refresh_per_second=_PER_SECOND,
                vertical_overflow="crop",
                redirect_stdout=False,  # what is printed is kept first, then shown by this
                redirect_stderr=False,
            )
            self._live.start(refresh=True)
            self._printed = FileProxy(self._console, sys.stderr)
            show_output_through(self._printed.write)

    def event(self, key: Key, event: Event) -> None:
        with self._lock:
            self._board.event(key, event)

    def note(self, text: str) -> None:
        self._console.print(Text(shown(text), style="dim"))

    def close(self) -> None:
        if self._live is not None:
            show_output_through(None)
            if self._printed is not None:
                self._printed.flush()  # a line that has no end
            self._live.stop()

    def _drawn(self) -> RenderableType:
        with self._lock:
            if self._seen != self._board.grown:
                self._seen = self._board.grown
                self._order = _ordered(self._board)
            shown, left_out = self._fitting()
            below = [Text(f"… and {left_out}", style="dim")] if left_out else []
            return Group(self._title(), self._table(shown), *below)

    def _title(self) -> Text:
        board = self._board
        mark, colour = MARKS.get(board.status, ("·", "dim"))
        facts = [
            duration(time.monotonic() - board.began),
            tokens(board.tokens) if board.tokens else "",
            money(board.cost),
        ]
        title = Text(no_wrap=True, overflow="ellipsis")
        title.append(f"{mark} ", style=colour)
        title.append(shown(self._run_id), style="bold")
        title.append(f" {board.status}", style=colour)
        title.append("  " + "  ".join(fact for fact in facts if fact), style="dim")
        return title

    def _table(self, shown: list[_Line]) -> Table:
        table = Table.grid(padding=(0, 2, 0, 0), expand=True)
        for name in ("tree", "attempt", "time", "tokens", "cost", "said"):
            right = name in ("time", "tokens", "cost")
            table.add_column(
                name,
                justify="right" if right else "left",
                no_wrap=True,
                overflow="ellipsis",
                ratio=1 if name == "said" else None,
            )
        now = time.monotonic()
        for prefix, key, name in shown:
            if key is None:
                table.add_row(Text(prefix + name, style="dim"))
            else:
                row = self._row(key)
                table.add_row(*_cells(prefix, name, row, self._board.state_of(row), now))
        return table

    def _row(self, key: Key) -> Row:
        return self._board.rows.get(key) or Row(key)

    def _fitting(self) -> tuple[list[_Line], str]:
        """The lines that fit the terminal, and in words what is left out: tasks that are at work
        come first, then those that failed, then what ended or comes up.
        """
        space = max(_LEAST_LINES, self._console.size.height - 4)
        if len(self._order) <= space:
            return self._order, ""
        tasks = [(line, self._row(line[1])) for line in self._order if line[1] is not None]
        ranked = sorted(
            range(len(tasks)), key=lambda at: _RANK.get(self._board.state_of(tasks[at][1]), 9)
        )
        kept = set(ranked[:space])
        left = Counter(
            self._board.state_of(row) for at, (_, row) in enumerate(tasks) if at not in kept
        )
        shown = [("", key, name) for at, ((_, key, name), _) in enumerate(tasks) if at in kept]
        return shown, ", ".join(f"{number} {state}" for state, number in left.items())


_Line = tuple[str, Key | None, str]
_RANK = {"running": 0, "waiting": 1, "failed": 2, "finished": 3, "ready": 4, "pending": 5}


def _cells(prefix: str, name: str, row: Row, state: str, now: float) -> list[Text]:
    mark, colour = MARKS.get(state, ("·", "dim"))
    tree = Text(prefix, style="dim")
    tree.append(f"{mark} ", style=colour)
    tree.append(name, style="bold" if state == "running" else "")
    if row.tolerated and state == "failed":
        tree.append(" (tolerated)", style="dim")
    tried = f"#{row.attempt} {row.agent}" if row.attempt else ""
    elapsed = row.elapsed_s(now)
    return [
        tree,
        Text(shown(tried), style="dim"),
        Text("" if elapsed is None else duration(elapsed)),
        Text(tokens(row.tokens) if row.tokens else ""),
        Text(money(row.cost)),
        Text(shown(row.said) if state in ("running", "waiting", "failed") else "", style="dim"),
    ]


def _ordered(board: Board) -> list[tuple[str, Key | None, str]]:
    """The lines of the tree: a prefix that draws it, the key of a task, and a name."""
    children: dict[str | None, list[str]] = {}
    for node in sorted(board.nodes.values(), key=lambda one: one.place):
        children.setdefault(node.parent, []).append(node.id)
    keys: dict[str, list[Key]] = {}
    for key in board.rows:
        keys.setdefault(key.id, []).append(key)
    lines: list[tuple[str, Key | None, str]] = []
    roots = children.get(None, [])
    for root in roots:
        _walk(board, root, "", "", children, keys, lines)
    return lines


def _walk(
    board: Board,
    id: str,
    first: str,
    below: str,
    children: dict[str | None, list[str]],
    keys: dict[str, list[Key]],
    lines: list[tuple[str, Key | None, str]],
) -> None:
    if board.nodes[id].kind in TASKS:
        lines.extend((first, key, shown(str(key))) for key in sorted(keys.get(id, [Key(id)])))
        return
    kind = board.nodes[id].kind
    given = "" if id == kind or "/" in id else f" {id}"
    lines.append((first, None, shown(f"{kind}{given}")))
    inner = children.get(id, [])
    for number, child in enumerate(inner):
        last = number == len(inner) - 1
        here, under = ("└─ ", "   ") if last else ("├─ ", "│  ")
        _walk(board, child, below + here, below + under, children, keys, lines)
