"""What a person asks to be done again, and the outputs that they give in place of tasks: the names
that they type, as nodes of a run.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from smithers.changes import Key, NodeMounted
from smithers.engine.asking import Asking
from smithers.engine.reworking import Again, Given
from smithers.engine.settings import Request
from smithers.errors import Refused
from smithers.kinds import Definition
from smithers.naming import first_names, key_name, node_name
from smithers.shapes import asks_person, is_container, shape_of
from smithers.state import RunState
from smithers.texts import near_name
from smithers.tree import NotExact, Output, clean, problem, valid_text
from smithers.words import count_of

__all__ = ["denied_again", "find_key", "requested"]

_NAMED = re.compile(r"(?P<id>.*?)(?P<path>(?:\[\d+\])*)", re.DOTALL)


def requested(
    run_id: str,
    *,
    again: Sequence[str] = (),
    readers: bool = True,
    keys: Collection[Key] = (),
    outputs: Mapping[str, str] | None = None,
    by: str = "",
) -> Request:
    """The request that these nodes, as they are named or by their keys, are done again, and that
    tasks have these outputs, given by a person as JSON text. It raises `Refused`.
    """

    def request(asking: Asking) -> Again:
        state, by_id = asking.state, asking.view.mounts.by_id
        found = [find_key(state, run_id, name) for name in again]
        given: dict[Key, Given] = {}
        for name, text in (outputs or {}).items():
            key, made = _given(state, by_id, run_id, name, text, by)
            if key in given or key in found:
                raise Refused(
                    f"{key_name(key)} is named twice",
                    hint="give it one output, or have it run again",
                )
            given[key] = made
        return Again(keys=[*keys, *found], readers=readers, outputs=given)

    return request


def denied_again(run_id: str, state: RunState) -> Request | None:
    """The request that what a person denied is asked again; None unless a run failed by that."""
    denied = [
        key
        for key, ended in state.ended.items()
        if ended.error is not None and ended.error.is_denial and key not in state.handled
        if state.has_place(key) and not is_container(state.nodes[key.id].kind)
    ]
    is_failed = state.run_status == "failed" and bool(denied)
    return requested(run_id, keys=denied, readers=False) if is_failed else None


def find_key(state: RunState, run_id: str, name: str) -> Key:
    """The node of a run that is named, as in `review` or `review[2]`, which the run has come to; in
    a loop its last iteration, unless one is named. Of a loop itself that is an iteration of it;
    without one, all of them are meant. Raises `Refused`.
    """
    known = {*state.came_up, *state.ended, *state.tries, *(key for key, _ in state.choices)}
    known |= {*state.ends}
    if (found := _container(state, known, name) or _named(known, name)) is not None:
        return found
    quoted = shlex.quote(run_id)
    ids = {key.id for key in known}
    if _id_of(name, {*state.nodes, *ids}) in {*state.nodes, *ids}:
        raise Refused(
            f"{name} of run {run_id} has not run",
            hint=f"`smithers inspect {quoted}` shows what has",
        )
    raise _unknown(run_id, name, sorted(ids or state.nodes))


def _container(state: RunState, known: Collection[Key], name: str) -> Key | None:
    """The container with this name, if the run has come to anything below it."""
    for id, path in _readings(name):
        row = _row(state, id)
        if row is None or not is_container(row.kind):
            continue
        depth = sum(shape_of(above.kind).iterates for above in _around(state, id))
        if len(path) > depth + shape_of(row.kind).iterates:
            continue
        paths = [
            key.path
            for key in known
            if key.path[: len(path)] == path
            if key.id == id or any(above.id == id for above in _around(state, key.id))
        ]
        if paths:
            return Key(id, max(paths)[: max(depth, len(path))])
    return None


def _row(state: RunState, id: str) -> NodeMounted | None:
    return state.nodes.get(id) or state.gone.get(id)


def _around(state: RunState, id: str) -> Iterator[NodeMounted]:
    """The containers around a node, innermost first."""
    row = _row(state, id)
    while row is not None and row.parent is not None:
        row = _row(state, row.parent)
        if row is not None:
            yield row


def _named(known: Collection[Key], name: str) -> Key | None:
    """The key with this name, the last one if several have it."""
    for id, path in _readings(name):
        mine = [key for key in known if key.id == id and key.path[: len(path)] == path]
        if mine:
            return max(mine, key=lambda key: key.path)
    return None


def _readings(name: str) -> list[tuple[str, tuple[int, ...]]]:
    """What a name may mean: an id may end in brackets as well."""
    readings: list[tuple[str, tuple[int, ...]]] = [(name, ())]
    match = _NAMED.fullmatch(name)
    if match is not None and match["path"]:
        readings.append((match["id"], tuple(map(int, re.findall(r"\d+", match["path"])))))
    return readings


def _id_of(name: str, ids: Collection[str]) -> str:
    return next((id for id, _ in _readings(name) if id in ids), name)


def _unknown(run_id: str, name: str, ids: Sequence[str]) -> Refused:
    near = near_name(name, ids)
    hint = f"did you mean {near}?" if near else f"its tasks are: {first_names(ids)}"
    return Refused(f"run {run_id} has no task {name!r}", hint=hint if ids else "")


def _given(
    state: RunState,
    by_id: Mapping[str, Definition],
    run_id: str,
    name: str,
    text: str,
    by: str,
) -> tuple[Key, Given]:
    """The output that a person gives in place of a task. Raises `Refused`."""
    known = {*state.came_up, *state.ended, *state.tries}
    key = _named(known, name)
    if key is None:
        id, path = next((each for each in _readings(name) if each[0] in by_id), (name, ()))
        if id not in by_id:
            raise _unknown(run_id, name, sorted(by_id))
        key = Key(id, path)
        _check_iteration(by_id, run_id, key)
    definition = by_id.get(key.id)
    if definition is None:
        raise Refused(f"{name} is no longer in the tree of run {run_id}")
    kind = definition.node.kind
    if asks_person(kind):
        raise Refused(
            f"the answer to {kind} {key} of run {run_id} is a person's, and cannot be set",
            hint=f"to have it asked again, use --rerun {shlex.quote(name)}",
        )
    output = definition.kind.output(definition.node)
    if is_container(kind) or output is None:
        raise Refused(f"{kind} {name!r} cannot be set", hint="name a task inside it")
    ended = state.ended.get(key)
    type = None if ended is None else ended.type
    fits = output.narrowed(type)
    return key, Given(
        text=_checked(fits, name, text),
        model=output.model,
        type=None if fits is output else type,
        by=valid_text(by),
    )


def _check_iteration(by_id: Mapping[str, Definition], run_id: str, key: Key) -> None:
    """Raises `Refused` for an iteration that a task cannot have."""
    loops = by_id[key.id].loops
    if len(key.path) != len(loops):
        where = {0: "not in a loop", 1: "in a loop"}.get(len(loops), f"in {len(loops)} loops")
        raise Refused(
            f"{key.id} of run {run_id} is {where}",
            hint=f"name it as {key.id}{'[0]' * len(loops)}",
        )
    for loop, number in zip(loops, key.path, strict=True):
        one = by_id[loop]
        most = one.kind.most_iterations(one.node)
        if most is not None and number >= most:
            has = f"{node_name(loop)} has at most {count_of(most, 'iteration')}"
            raise Refused(
                f"{has}, so {key} never comes",
                hint=f"its iterations are 0 to {most - 1}",
            )


def _checked(output: Output[Any], name: str, text: str) -> str:
    """The output as JSON text that fits its type. Raises `Refused`."""
    try:
        return output.dump(clean(json.loads(text)))
    except ValidationError as error:
        raise Refused(f"the output for {name} does not fit:\n{problem(error)}") from error
    except (NotExact, ValueError, RecursionError) as error:
        raise Refused(f"the output for {name} cannot be stored: {error}") from error
