"""A run on one page, for somebody who has to trust it: what ran, on what, and who decided what."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from smithers import waits
from smithers.changes import Large, Reset, StatusChanged, WaitClosed, WaitOpened
from smithers.naming import first_names, key_name, why_again
from smithers.texts import object_from
from smithers.values import dataclass
from smithers.views._cost import view_cost
from smithers.views._tasks import task_lines
from smithers.views._usage import spent_by_attempt
from smithers.views._words import stopped_words

if TYPE_CHECKING:
    from smithers.changes import Frame, Key, WaitKind
    from smithers.sources import ClaimRow, SourceFile
    from smithers.state import Attempted
    from smithers.views._cost import CostView
    from smithers.views._snapshot import Snapshot

__all__ = ["AgentWorkView", "DecisionView", "Happening", "ReceiptView", "SourceUse", "view_receipt"]

Tools = Mapping[str, int]
_HAPPENED = {"fork": "made as a fork", "rename": "given other ids", "rewind": "taken back"}
"""What was done to a run, by what it was stopped by; it may have gone on since."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceUse:
    """A source with which a run was driven, from a frame on. `digests` are those of its files, by
    their paths, and `about` the versions of what it ran with.
    """

    source: str
    frame: int
    at: datetime
    about: Mapping[str, Any]
    digests: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentWorkView:
    """The work of agents on a task. The prompt is that of its last attempt; `tools` are how often
    each was called, None where the stream of an attempt is missing. `origins` are the runs from
    which a fork has attempts of it.
    """

    key: Key
    state: str
    agents: tuple[str, ...]
    models: tuple[str, ...]
    attempts: int
    prompt: str
    tools: Tools | None
    output: str | None
    """The sha256 of its output, as JSON text."""
    origins: tuple[str, ...]

    @property
    def prompt_digest(self) -> str:
        return _sha256(self.prompt)


@dataclass(frozen=True, kw_only=True, slots=True)
class DecisionView:
    """What a person answered to a question, in the frame that took it. `answer` is `approve` or
    `deny`, or the value that was given; `counts` is False if the question was asked again since.
    `origin` is the run in which it was answered, if a fork has it from there.
    """

    key: Key
    frame: int
    kind: WaitKind
    asked: str
    digest: str | None
    answer: object
    by: str
    login: str | None
    at: str | None
    note: str | None
    counts: bool
    origin: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Happening:
    """What was done to a run from outside its workflow, in words."""

    frame: int
    at: datetime
    words: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceiptView:
    """A run as of its last frame. `digest` is that of all its rows; `others` counts the tasks that
    no agent did, by their kinds; `set_by` has who gave an output in place of a task. `children` are
    the runs that it has started as nodes, which have receipts of their own, and `next_run` the one
    as which it has continued.
    """

    run_id: str
    workflow: str
    file: str
    status: str
    frame: int
    digest: str
    created_at: datetime
    last_at: datetime
    input: str
    error: str | None
    output: str | None
    forked_from: tuple[str, int] | None
    next_run: str | None
    children: tuple[str, ...]
    sources: tuple[SourceUse, ...]
    work: tuple[AgentWorkView, ...]
    others: Mapping[str, int]
    decisions: tuple[DecisionView, ...]
    set_by: Mapping[Key, str]
    happenings: tuple[Happening, ...]
    cost: CostView

    @property
    def output_digest(self) -> str | None:
        return None if self.output is None else _sha256(self.output)

    @property
    def receipt(self) -> str:
        """What `verify` compares the run with later."""
        return f"{self.frame}:{self.digest}"


def view_receipt(
    snapshot: Snapshot,
    frames: Sequence[Frame],
    sources: Iterable[tuple[int, ClaimRow, Sequence[SourceFile]]],
    tools: Mapping[int, Tools | None],
    origins: Sequence[tuple[str, int]],
    digest: str,
) -> ReceiptView:
    """`sources` are the claims of the run with their files, each with the first frame that was
    written under it; `tools` are those of attempts by their serials. `origins` are the run that it
    is a fork of, the one that this is a fork of, and so on, each with the last frame that is its.
    """
    run, state = snapshot.run, snapshot.state
    work = tuple(_work(snapshot, tools))
    done, others = {one.key for one in work}, dict[str, int]()
    for line in task_lines(snapshot):
        if line.key not in done:
            kind = snapshot.tree.kinds.get(line.key.id, "task")
            others[kind] = others.get(kind, 0) + 1
    error = state.status.error
    forked = None if run.forked_from is None else (run.forked_from, run.forked_at or 0)
    return ReceiptView(
        run_id=run.run_id,
        workflow=run.workflow,
        file=run.file,
        status=snapshot.status,
        frame=state.frame,
        digest=digest,
        created_at=run.created_at,
        last_at=state.time_of(state.frame),
        input=run.input,
        error=None if error is None else f"{error.kind}: {error.message}",
        output=state.status.output,
        forked_from=forked,
        next_run=state.status.next_run,
        children=tuple(child.run_id for child in state.children.values()),
        sources=tuple(_sources(sources)),
        work=work,
        others=others,
        decisions=tuple(_decisions(frames, origins)),
        set_by={
            key: ended.set_by for key, ended in state.ended.items() if ended.set_by is not None
        },
        happenings=tuple(_happenings(frames)),
        cost=view_cost(snapshot),
    )


def _sources(found: Iterable[tuple[int, ClaimRow, Sequence[SourceFile]]]) -> Iterator[SourceUse]:
    """The claims that brought another source, or other versions, than the one before."""
    before: tuple[str, str] | None = None
    for frame, claim, files in found:
        told = (claim.source, claim.about)
        if before is not None and (told == before or claim.about == "{}"):
            continue  # an owner that loaded nothing brings nothing
        before = told
        yield SourceUse(
            source=claim.source,
            frame=frame,
            at=claim.at,
            about=object_from(claim.about) or {},
            digests={one.path: one.digest for one in files},
        )


def _work(snapshot: Snapshot, tools: Mapping[int, Tools | None]) -> Iterator[AgentWorkView]:
    made: dict[Key, list[Attempted]] = {}
    models: dict[Key, dict[str, None]] = {}
    for spent in spent_by_attempt(snapshot):
        if spent.attempt.is_call:
            key = spent.attempt.key
            made.setdefault(key, []).append(spent.attempt)
            models.setdefault(key, {}).update(dict.fromkeys(filter(None, spent.models)))
    lines = {line.key: line for line in task_lines(snapshot)}
    for key, attempts in made.items():
        line = lines.get(key)
        yield AgentWorkView(
            key=key,
            state="gone" if line is None else line.state,
            agents=tuple(dict.fromkeys(one.agent for one in attempts)),
            models=tuple(models[key]),
            attempts=len(attempts),
            prompt=snapshot.texts.prompt(attempts[-1].serial) or "",
            tools=_total(tools.get(one.serial) for one in attempts),
            output=_output(snapshot, key),
            origins=tuple(dict.fromkeys(one.origin for one in attempts if one.origin)),
        )


def _total(counts: Iterable[Tools | None]) -> Tools | None:
    total: dict[str, int] = {}
    for one in counts:
        if one is None:
            return None
        for name, number in one.items():
            total[name] = total.get(name, 0) + number
    return total


def _output(snapshot: Snapshot, key: Key) -> str | None:
    ended = snapshot.state.ended.get(key)
    if ended is None or ended.output is None:
        return None
    return ended.output.digest if isinstance(ended.output, Large) else _sha256(ended.output)


@dataclass(kw_only=True, slots=True)
class _Taken:
    """An answer of a person: the frame that took it, and the last one that has it."""

    first: int
    last: int
    change: WaitClosed
    answer: Mapping[str, Any]


def _decisions(
    frames: Sequence[Frame], origins: Sequence[tuple[str, int]]
) -> Iterator[DecisionView]:
    """What persons have answered, in order; not that time was up. An answer that a rewind or a
    rename has written again is told once, under the id that it has by now.
    """
    opened: dict[tuple[Key, str, int], WaitOpened] = {}
    last: dict[Key, int] = {}
    reset: dict[Key, int] = {}
    taken: list[_Taken] = []
    by_text: dict[str, list[_Taken]] = {}
    for frame in frames:
        for change in frame.changes:
            if isinstance(change, WaitOpened) and change.kind in waits.ASKING:
                opened[change.key, change.kind, frame.number] = change
                last[change.key] = frame.number
            elif isinstance(change, Reset):
                reset[change.key] = frame.number
            elif isinstance(change, WaitClosed) and change.kind in waits.ASKING:
                answer = object_from(change.answer) or {}
                if answer.get("by") is None:
                    continue
                same = by_text.setdefault(change.answer or "", [])
                if (before := _copied(change, frame.number, same)) is not None:
                    before.last, before.change = frame.number, change
                    continue
                number = frame.number
                one = _Taken(first=number, last=number, change=change, answer=answer)
                taken.append(one)
                same.append(one)
    for one in taken:
        key, born = one.change.key, one.change.opened
        at = reset.get(key, -1)  # a rewind resets what it writes again, in the same frame
        counts = last[key] == born and (at <= one.last if born == one.last else at < one.last)
        wait = opened[key, one.change.kind, born]
        yield _decision(one.first, wait, one.answer, counts, _origin(one.first, origins))


def _copied(change: WaitClosed, frame: int, same: Sequence[_Taken]) -> _Taken | None:
    """The answer with the same text that a frame has written again. A question that is asked and
    answered in one frame is one of these.
    """
    if change.opened != frame:
        return None
    earlier = [one for one in same if one.last < frame]
    mine = [one for one in earlier if one.change.key == change.key]
    return next(reversed(mine or earlier), None)


def _origin(frame: int, origins: Sequence[tuple[str, int]]) -> str | None:
    """The run in which a frame was written, if that is another one."""
    found: str | None = None
    for run_id, last in origins:
        if frame > last:
            break
        found = run_id
    return found


def _decision(
    frame: int, wait: WaitOpened, answer: Mapping[str, Any], counts: bool, origin: str | None
) -> DecisionView:
    approved: object = answer.get("approved")
    value: object = answer.get("value")
    if isinstance(approved, bool):
        value = "approve" if approved else "deny"
    login, at, note = answer.get("login"), answer.get("at"), answer.get("note")
    return DecisionView(
        key=wait.key,
        frame=frame,
        kind=wait.kind,
        asked=wait.asked or "",
        digest=wait.digest,
        answer=value,
        by=str(answer["by"]),
        login=None if login is None else str(login),
        at=None if at is None else str(at),
        note=None if note is None else str(note),
        counts=counts,
        origin=origin,
    )


def _happenings(frames: Sequence[Frame]) -> Iterator[Happening]:
    """What was run again, and when the run was stopped, taken back or forked."""
    for frame in frames:
        resets = [change for change in frame.changes if isinstance(change, Reset)]
        causes = {why_again(one.cause): None for one in resets if one.cause is not None}
        names = first_names([key_name(one.key) for one in resets])
        if resets:
            because = f", because {'; '.join(causes)}" if causes else ""
            yield Happening(frame=frame.number, at=frame.at, words=f"run again: {names}{because}")
        for change in frame.changes:
            if isinstance(change, StatusChanged) and change.stopped_by is not None:
                words = f"the run was {_HAPPENED.get(by := change.stopped_by, stopped_words(by))}"
                yield Happening(frame=frame.number, at=frame.at, words=words)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
