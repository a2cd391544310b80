"""Which rows of a run are read: those of some frames, and of some nodes alone."""

from __future__ import annotations

from collections.abc import Collection

from smithers.changes import AttemptStarted, Change, Key
from smithers.store.rows import path_text

__all__ = ["LAST", "MOST_LISTED", "AskedFrames"]

LAST = 2**62
"""More than any frame has."""
MOST_LISTED = 1000
"""So many values are listed in a query; of more, all that a run has is read."""


class AskedFrames(dict[int, list[Change]]):
    """The changes of the frames that are asked for; what is of another frame falls through, unless
    it `keeps` all. With `keys`, only those of these nodes, and of the tree those with `ids`.
    """

    def __init__(
        self,
        run_id: str,
        first: int,
        last: int,
        *,
        keeps: bool = False,
        keys: Collection[Key] | None = None,
        ids: Collection[str] = (),
    ) -> None:
        super().__init__()
        self.asked: dict[str, str | int] = {"run": run_id, "first": first, "last": last}
        self._keeps = keeps
        self.is_part = keys is not None
        self._of_id = self._listed("n", {key.id for key in keys or ()})
        self._of_path = self._listed("p", {path_text(key.path) for key in keys or ()})
        self._of_tree = self._listed("t", ids)

    def __missing__(self, number: int) -> list[Change]:
        made: list[Change] = []
        if self._keeps:
            self[number] = made
        return made

    def of_keys(self, id: str, path: str) -> str:
        """The condition that these columns name one of the `keys`. Each has one of its own, which
        an index serves; that the id of one with the path of another is read as well does no harm.
        """
        if not self.is_part:
            return ""
        return self._of_id.format(id) + self._of_path.format(path)

    def of_ids(self, id: str) -> str:
        """The condition that this column names one of the `ids`."""
        return self._of_tree.format(id) if self.is_part else ""

    def of_serials(self, serial: str) -> str:
        """The condition that this column names an attempt that was read."""
        if not self.is_part:
            return ""
        changes = (change for frame in self.values() for change in frame)
        found = [one.serial for one in changes if isinstance(one, AttemptStarted)]
        return self._listed("s", found).format(serial)

    def _listed(self, name: str, values: Collection[str | int]) -> str:
        if len(values) > MOST_LISTED:
            return ""
        names = [f"{name}{number}" for number in range(len(values))]
        self.asked.update(zip(names, values, strict=True))
        return f" AND {{}} IN ({', '.join(f':{one}' for one in names)})"
