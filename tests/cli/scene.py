"""The state of a run as a test wants it, from a tree and what has happened to its tasks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from smithers.amounts import Amounts
from smithers.changes import (
    AttemptEnded,
    AttemptStarted,
    BudgetSet,
    CameUp,
    Change,
    ContainerEnded,
    Failure,
    FailureHandled,
    Frame,
    Key,
    NodeMounted,
    Outcome,
    Settled,
    StatusChanged,
    UsageCounted,
    WaitOpened,
)
from smithers.state import RunState

__all__ = ["BEGAN", "NOW", "Scene"]

BEGAN = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
NOW = BEGAN + timedelta(seconds=754)


class Scene:
    """Gathers changes; `state` is what they make. Each method gives the scene back."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self._places: dict[str | None, int] = {}
        self._serial = 0

    def node(self, id: str, kind: str, parent: str | None = None) -> Scene:
        place = self._places.get(parent, 0)
        self._places[parent] = place + 1
        self.changes.append(NodeMounted(id=id, kind=kind, parent=parent, place=place))
        return self

    def tasks(self, parent: str, *ids: str) -> Scene:
        for id in ids:
            self.node(id, "task", parent)
        return self

    def runs(self, id: str, *path: int, agent: str = "claude-code", for_s: float = 75) -> Scene:
        self._serial += 1
        key = Key(id, path)
        at = NOW - timedelta(seconds=for_s)
        self.changes += [
            CameUp(key=key),
            AttemptStarted(
                serial=self._serial,
                key=key,
                number=1,
                agent=agent,
                prompt="p",
                session=None,
                at=at,
            ),
        ]
        return self

    def finishes(self, id: str, *path: int, usd: str | None = None, tokens: int = 0) -> Scene:
        self.runs(id, *path)
        if tokens:
            cost = None if usd is None else Decimal(usd)
            self.changes.append(UsageCounted(serial=self._serial, tokens_in=tokens, cost=cost))
        return self._ends(Key(id, path), None)

    def fails(self, id: str, *path: int, message: str = "the bottle broke") -> Scene:
        self.runs(id, *path)
        return self._ends(Key(id, path), Failure(kind="RuntimeError", message=message))

    def _ends(self, key: Key, error: Failure | None) -> Scene:
        outcome, state = ("finished", "succeeded") if error is None else ("failed", "failed")
        at = NOW - timedelta(seconds=20)
        self.changes += [
            AttemptEnded(serial=self._serial, state=state, error=error, at=at),  # type: ignore[arg-type]
            Settled(key=key, outcome=outcome, error=error, came_up=0),  # type: ignore[arg-type]
        ]
        return self

    def cancels(self, id: str, *path: int) -> Scene:
        self.changes.append(Settled(key=Key(id, path), outcome="cancelled"))
        return self

    def tolerates(self, *ids: str) -> Scene:
        """The failures of these tasks, or what was cancelled by one, fail nothing around them."""
        self.changes += [FailureHandled(key=Key(id)) for id in ids]
        return self

    def ends(self, id: str, *path: int, outcome: Outcome = "finished") -> Scene:
        """A container ends, or an iteration of a loop."""
        self.changes.append(ContainerEnded(key=Key(id, path), outcome=outcome))
        return self

    def asks(self, id: str, question: str, *path: int) -> Scene:
        key = Key(id, path)
        self.changes += [CameUp(key=key), WaitOpened(key=key, kind="approval", asked=question)]
        return self

    def budget(self, **caps: int | str) -> Scene:
        usd = caps.get("usd")
        amounts = Amounts(
            usd=None if usd is None else Decimal(usd), calls=int(caps.get("calls", 0)) or None
        )
        self.changes.append(BudgetSet(key=Key(""), caps=amounts))
        return self

    def is_stopped(self, by: str) -> Scene:
        self.changes.append(StatusChanged(status="running", stopped_by=by))
        return self

    @property
    def frame(self) -> Frame:
        return Frame(number=0, at=BEGAN, changes=tuple(self.changes))

    @property
    def state(self) -> RunState:
        return RunState.of([self.frame])
