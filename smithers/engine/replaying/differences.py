"""How a replay came out differently from the run that was recorded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from difflib import unified_diff
from typing import Literal

from smithers.changes import ChoiceKind, Key, Large, StatusChanged
from smithers.engine.replaying.recording import Done, Recording
from smithers.naming import key_name
from smithers.secrets import is_secret_name
from smithers.state import RunState
from smithers.values import dataclass

__all__ = [
    "Difference",
    "DifferenceKind",
    "Output",
    "compare_ends",
    "is_same_unmasked",
    "new_node",
    "unlike",
]

_MASK = re.compile(r"\$\{(\w+)\}")

DifferenceKind = Literal[
    "new",
    "missing",
    "prompt",
    "schema",
    "command",
    "question",
    "input",
    "order",
    "choice",
    "outcome",
    "output",
    "stream",
    "status",
]
"""What differs:

new         the node was reached, and the recording does not have it
missing     the recording has the node, and it was not reached
prompt      the prompt of an agent
schema      the schema of the answer, as the prompt has it
command     the words of a program
question    what a node that waits asks for
input       a step has read a task whose output is another one, since it was executed again
order       the node started after the point at which it ended in the recording
choice      what a test, a loop or another callable decided
outcome     how the node ended
output      what the node or the run gave
stream      what the agent's program wrote is another answer than the stored output
status      how the run ended
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One difference; `key` is None for the run itself. The texts are None where one is missing."""

    kind: DifferenceKind
    key: Key | None
    message: str
    old: str | None = None
    new: str | None = None

    @property
    def lines(self) -> list[str]:
        """The unified diff of the two texts, without its head; none unless both are there."""
        if self.old is None or self.new is None:
            return []
        old, new = self.old.splitlines(), self.new.splitlines()
        return list(unified_diff(old, new, lineterm=""))[2:]


@dataclass(frozen=True, slots=True)
class Output:
    """Where the outputs of a replay are read."""

    state: RunState
    texts: dict[Key, str]

    def of(self, key: Key) -> str | None:
        found = self.state.ended[key].output
        return self.texts.get(key) if isinstance(found, Large) else found


def unlike(old: str | None, new: str | None) -> tuple[str, str] | None:
    """Two texts of JSON, laid out for a diff, unless they say the same."""
    if old == new:
        return None
    before, after = _laid_out(old), _laid_out(new)
    return None if before == after or is_same_unmasked(before, after) else (before, after)


def is_same_unmasked(masked: str, text: str) -> bool:
    """Whether a text is another one in which secrets may be masked, or the other way round.

    >>> is_same_unmasked("use ${SHOP_TOKEN}", "use tok-1"), is_same_unmasked("in ${HOME}", "in /")
    (True, False)
    """
    return _fits(masked, text) or _fits(text, masked)


def _fits(masked: str, text: str) -> bool:
    parts = _MASK.split(masked)
    if not any(is_secret_name(name) for name in parts[1::2]):
        return False
    pattern = "".join(
        (".*?" if is_secret_name(part) else re.escape(f"${{{part}}}"))
        if at % 2
        else re.escape(part)
        for at, part in enumerate(parts)
    )
    return re.fullmatch(pattern, text, re.DOTALL) is not None


def _laid_out(text: str | None) -> str:
    if text is None:
        return ""
    try:
        value: object = json.loads(text)
    except ValueError:
        return text
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)


def compare_ends(
    recording: Recording, state: RunState, outputs: Output, known: Iterable[Difference]
) -> Iterator[Difference]:
    """What differs at the end, but for what is `known`."""
    seen = {(one.key, one.kind) for one in known}
    before = recording.last()
    yield from _choices(recording, state)
    for key, done in before.items():
        if key in recording.gone or done.outcome is None:
            continue
        if key in state.ended:
            yield from _node(key, done, state, outputs)
        elif key not in state.came_up or key not in state.tries:
            if (key, "missing") not in seen:
                yield Difference(
                    kind="missing",
                    key=key,
                    message=f"{key_name(key)} was not reached; in the run it {_past(done)}",
                )
        else:
            message = f"{key_name(key)} has not ended; in the run it {_past(done)}"
            yield Difference(kind="outcome", key=key, message=message)
    for key in state.ended:
        if key.id and key not in before and (key, "new") not in seen:
            yield new_node(key)
    yield from _run(recording, state.status)


def new_node(key: Key) -> Difference:
    return Difference(
        kind="new", key=key, message=f"{key_name(key)} is new: the run does not have it"
    )


def _past(done: Done) -> str:
    return {"skipped": "was skipped", "cancelled": "was cancelled"}.get(
        done.outcome or "", done.outcome or "did not end"
    )


def _node(key: Key, done: Done, state: RunState, outputs: Output) -> Iterator[Difference]:
    ended = state.ended[key]
    if ended.outcome != done.outcome:
        why = "" if ended.error is None else f": {ended.error.message}"
        message = f"{key_name(key)} {ended.outcome}{why}; in the run it {_past(done)}"
        yield Difference(kind="outcome", key=key, message=message)
    elif (texts := unlike(done.output, outputs.of(key))) is not None:
        message = f"the output of {key_name(key)} differs"
        yield Difference(kind="output", key=key, message=message, old=texts[0], new=texts[1])


def _choices(recording: Recording, state: RunState) -> Iterator[Difference]:
    found = {at: chosen.value for at, chosen in state.choices.items()}
    for (key, kind), value in recording.choices.items():
        now = found.get((key, kind))
        if now is not None and (texts := unlike(value, now)) is not None:
            message = f"{_WHAT.get(kind, kind)} of {key_name(key)} differs"
            yield Difference(kind="choice", key=key, message=message, old=texts[0], new=texts[1])


_WHAT: dict[ChoiceKind, str] = {
    "test": "the test",
    "until": "the until",
    "skip_if": "the skip_if",
    "result": "the result",
    "same": "the state",
    "started": "the seed",
    "input": "the input",
}


def _run(recording: Recording, status: StatusChanged) -> Iterator[Difference]:
    if status.status != recording.status:
        why = "" if status.error is None else f": {status.error.message}"
        message = f"the run is {status.status}{why}; it was {recording.status}"
        yield Difference(kind="status", key=None, message=message)
    elif (texts := unlike(recording.output, status.output)) is not None:
        message = "the output of the run differs"
        yield Difference(kind="output", key=None, message=message, old=texts[0], new=texts[1])
