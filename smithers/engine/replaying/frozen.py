"""A recording as a file that is kept in a repository: JSON lines, one for each thing that happened.

The first line says which workflow, from which file (relative to the recording), with which input;
the last one how the run ended. Between them is a line for each node, in the order of their ends,
and one for each answer and signal. What came in one frame has the same `moment`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, field
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from smithers.changes import ChoiceKind, Failure, Key
from smithers.engine.replaying.recording import (
    Answer,
    ChildAnswer,
    Done,
    Input,
    Moment,
    Question,
    Recording,
    SignalInput,
)
from smithers.errors import Refused
from smithers.secrets import Secrets
from smithers.signals import SentSignal
from smithers.store.rows import path_of, path_text, time_of, time_text
from smithers.texts import from_json, json_text
from smithers.values import dataclass

__all__ = ["frozen_lines", "read_frozen"]

_VERSION = 1
_FREEZE_AGAIN = "freeze the run again with `smithers freeze RUN -o FILE --force`"


def frozen_lines(recording: Recording, file: str, secrets: Secrets) -> Iterator[str]:
    """The lines of a recording, without secrets. `file` is the path of the workflow's file."""
    for row in _rows(recording, file):
        filled = {
            name: value
            for name, value in row.items()
            if name == "output" or value not in (None, [], "")
        }
        yield json_text(secrets.mask_data(filled))


def _rows(recording: Recording, file: str) -> Iterator[dict[str, Any]]:
    yield {
        "frozen": _VERSION,
        "run": recording.run_id,
        "workflow": recording.workflow,
        "file": file,
        "input": from_json(recording.input),
        "created_at": time_text(recording.created_at),
        "set_up": None if recording.set_up is None else time_text(recording.set_up),
        "pools": list(recording.pools),
        "first_run": recording.first_run,
        "number": recording.number if recording.number > 1 else None,
    }
    shown = set[tuple[Key, int]]()
    for question in recording.questions:
        yield {"asks": question.kind, **_place(question.key), "text": question.asked}
    for number, moment in enumerate(recording.moments):
        at = {"moment": number, "at": time_text(moment.at)}
        for given in moment.inputs:
            yield {**at, **_input(given)}
        for place in moment.ended:
            shown.add(place)
            yield {**at, **_done(recording.done[place], recording)}
        if moment.started or not (moment.inputs or moment.ended):
            yield {**at, "starts": [_start(*place) for place in moment.started]}
    for place, done in recording.done.items():
        if place not in shown:
            yield _done(done, recording)
    for (key, kind), value in recording.choices.items():
        yield {"choice": kind, **_place(key), "value": value}
    yield {
        "status": recording.status,
        "error": _failure(recording.error),
        **_output(recording.output),
    }


def _place(key: Key) -> dict[str, Any]:
    return {"node": key.id, "iteration": path_text(key.path)}


def _start(key: Key, round: int) -> str | list[Any]:
    return [key.id, path_text(key.path), round] if key.path or round else key.id


def _done(done: Done, recording: Recording) -> dict[str, Any]:
    return {
        **_place(done.key),
        "round": done.round or None,
        "kind": done.kind,
        "outcome": done.outcome,
        "prompt": done.asked,
        "agent": done.agent,
        **_output(done.output),
        "type": done.type,
        "error": _failure(done.error),
        "reads": [[key.id, path_text(key.path)] if key.path else key.id for key in done.reads],
        "attempts": done.attempts or None,
        "kept": done.is_kept or None,
        "gone": True if done.key in recording.gone else None,
    }


def _output(text: str | None) -> dict[str, Any]:
    """An output may be null, so without one there is no field."""
    return {} if text is None else {"output": from_json(text)}


def _failure(error: Failure | None) -> dict[str, Any] | None:
    if error is None:
        return None
    return {name: value for name, value in asdict(error).items() if value}


def _input(given: Input) -> dict[str, Any]:
    match given:
        case Answer():
            body = _without_login(from_json(given.body))
            return {"answer": body, "wait": given.kind, **_place(given.key)}
        case ChildAnswer():
            return {"child": from_json(given.body), **_place(given.key)}
        case SignalInput():
            return {"signal": _without_login(asdict(given.sent))}


def _without_login(body: Any) -> Any:
    """Who may answer is told by name; the user of the process is nobody's business elsewhere."""
    if not isinstance(body, dict):
        return body
    fields = cast("dict[str, Any]", body)
    return {**fields, "login": fields["by"]} if "login" in fields else fields


# -- read again


def read_frozen(path: Path) -> Recording:
    """A recording that was written so. `file` is then a path as of now. Raises `Refused`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Refused(f"{path} cannot be read: {why}", hint=_FREEZE_AGAIN) from error
    return parse_frozen(text.splitlines(), path)


def parse_frozen(lines: Iterable[str], path: Path) -> Recording:
    """The same of its lines."""
    rows, reader = list(lines), _Reader()
    for number, line in enumerate(rows, 1):
        try:
            reader.add(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Refused(
                f"{path}, line {number}: this is not a line of a frozen run", hint=_FREEZE_AGAIN
            ) from error
    if reader.head is None or reader.end is None:
        raise Refused(f"{path} is not a whole frozen run", hint=_FREEZE_AGAIN)
    return reader.recording(path)


@dataclass
class _MomentLines:
    """A moment, as far as its lines were read."""

    at: datetime
    inputs: list[Input] = field(default_factory=list[Input])
    ended: list[tuple[Key, int]] = field(default_factory=list[tuple[Key, int]])
    started: list[tuple[Key, int]] = field(default_factory=list[tuple[Key, int]])


def _start_of(given: str | list[Any]) -> tuple[Key, int]:
    if isinstance(given, str):
        return Key(given), 0
    id, path, round = given
    return Key(id, path_of(path)), round


class _Reader:
    """Adds up the lines of a frozen run."""

    def __init__(self) -> None:
        self.head: dict[str, Any] | None = None
        self.end: dict[str, Any] | None = None
        self._moments: dict[int, _MomentLines] = {}
        self._done: dict[tuple[Key, int], Done] = {}
        self._gone: set[Key] = set()
        self._questions: list[Question] = []
        self._choices: dict[tuple[Key, ChoiceKind], str] = {}

    def add(self, row: dict[str, Any]) -> None:  # noqa: C901  # one case a kind of line
        inputs: list[Input] = []
        ended: list[tuple[Key, int]] = []
        if "moment" in row:
            made = self._moments.setdefault(row["moment"], _MomentLines(time_of(row["at"])))
            inputs, ended = made.inputs, made.ended
            made.started += [_start_of(one) for one in row.get("starts", ())]
        if self.head is None:
            if row.get("frozen") != _VERSION:
                raise ValueError("it is of another version")
            self.head = row
        elif "asks" in row:
            self._questions.append(
                Question(key=_key(row), kind=row["asks"], asked=row.get("text", ""))
            )
        elif "choice" in row:
            self._choices[_key(row), row["choice"]] = row["value"]
        elif "answer" in row:
            body = json.dumps(row["answer"], ensure_ascii=False)
            inputs.append(Answer(key=_key(row), kind=row["wait"], body=body))
        elif "child" in row:
            body = json.dumps(row["child"], ensure_ascii=False)
            inputs.append(ChildAnswer(key=_key(row), body=body))
        elif "signal" in row:
            inputs.append(SignalInput(sent=SentSignal(**row["signal"])))
        elif "node" in row:
            done = _done_of(row)
            self._done[done.key, done.round] = done
            if "moment" in row:
                ended.append((done.key, done.round))
            if row.get("gone"):
                self._gone.add(done.key)
        elif "status" in row:
            self.end = row
        elif "moment" not in row:
            raise ValueError("it is of no known kind")

    def recording(self, path: Path) -> Recording:
        assert self.head is not None
        assert self.end is not None
        head, end, set_up = self.head, self.end, self.head.get("set_up")
        return Recording(
            run_id=head["run"],
            workflow=head["workflow"],
            file=str((path.parent / head["file"]).resolve()),
            input=json.dumps(head.get("input", {}), ensure_ascii=False),
            created_at=time_of(head["created_at"]),
            set_up=None if set_up is None else time_of(set_up),
            moments=tuple(
                Moment(
                    at=made.at,
                    inputs=tuple(made.inputs),
                    ended=tuple(made.ended),
                    started=tuple(made.started),
                )
                for _, made in sorted(self._moments.items())
            ),
            done=self._done,
            questions=tuple(self._questions),
            choices=self._choices,
            status=end["status"],
            output=_output_of(end),
            error=_failure_of(end.get("error")),
            pools=tuple(head.get("pools", ())),
            first_run=head.get("first_run"),
            number=head.get("number", 1),
            gone=frozenset(self._gone),
        )


def _key(row: dict[str, Any]) -> Key:
    return Key(row.get("node", ""), path_of(row.get("iteration", "")))


def _done_of(row: dict[str, Any]) -> Done:
    return Done(
        key=_key(row),
        round=row.get("round", 0),
        kind=row.get("kind", ""),
        outcome=row.get("outcome"),
        output=_output_of(row),
        type=row.get("type"),
        error=_failure_of(row.get("error")),
        agent=row.get("agent"),
        asked=row.get("prompt"),
        reads=tuple(_read(one) for one in row.get("reads", ())),
        attempts=row.get("attempts", 0),
        is_kept=row.get("kept", False),
    )


def _read(given: str | list[str]) -> Key:
    return Key(given) if isinstance(given, str) else Key(given[0], path_of(given[1]))


def _output_of(row: dict[str, Any]) -> str | None:
    return json.dumps(row["output"], ensure_ascii=False) if "output" in row else None


def _failure_of(row: dict[str, Any] | None) -> Failure | None:
    if row is None:
        return None
    given: dict[str, Any] = {"message": "", **row}
    return Failure(**given)
