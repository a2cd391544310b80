"""A small terminal: what is on its screen after a program wrote to it."""

from __future__ import annotations

import re

from rich.cells import cell_len

__all__ = ["Screen"]

_PARTS = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|\x1b\][^\x07]*\x07|([\r\n])|([^\x1b\r\n]+)")


class Screen:
    """Lines of text that grow downwards and wrap at `columns`; what has scrolled away is kept.

    It takes what a live tree needs: text, line ends, cursor up, erasing a line, colours (ignored).
    Anything else is an error, so that a test sees what it cannot judge.
    """

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.lines: list[list[str]] = [[]]
        self.row = self.column = 0

    def feed(self, text: str) -> Screen:
        at = 0
        for part in _PARTS.finditer(text):
            assert part.start() == at, f"unknown control: {text[at : at + 20]!r}"
            at = part.end()
            numbers, command, control, plain = part.groups()
            if command:
                self._control(numbers, command)
            elif control == "\r":
                self.column = 0
            elif control == "\n":
                self._down()
            elif plain:
                for character in plain:
                    self._put(character)
        assert at == len(text), f"unknown control: {text[at : at + 20]!r}"
        return self

    def _control(self, numbers: str, command: str) -> None:
        if command == "A":
            top = max(0, len(self.lines) - self.rows)
            self.row = max(top, self.row - int(numbers or 1))
        elif command == "K":
            assert numbers == "2"
            self.lines[self.row] = []
        else:
            assert command == "m" or numbers == "?25", f"unknown control: {numbers}{command}"

    def _down(self) -> None:
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append([])

    def _put(self, character: str) -> None:
        width = cell_len(character)
        if self.column + width > self.columns:
            self._down()
            self.column = 0
        line = self.lines[self.row]
        line.extend(" " * (self.column + width - len(line)))
        if width:
            line[self.column : self.column + width] = [character, *[""] * (width - 1)]
        self.column += width

    def resize(self, columns: int) -> None:
        """Make it narrower: lines that are too long now are wrapped, as terminals do."""
        before, self.lines, self.columns = self.lines, [], columns
        for number, line in enumerate(before):
            parts = [line[at : at + columns] for at in range(0, len(line), columns)] or [[]]
            self.lines.extend(parts)
            if number == self.row:
                self.row, self.column = len(self.lines) - 1, len(parts[-1])

    @property
    def history(self) -> list[str]:
        """All lines, with those that scrolled away."""
        return ["".join(line).rstrip() for line in self.lines]

    @property
    def shown(self) -> list[str]:
        """The lines on the screen."""
        return self.history[-self.rows :]
