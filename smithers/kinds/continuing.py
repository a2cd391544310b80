"""Continuing as a new run: once the tree has finished, the run ends and another one starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from smithers.errors import SmithersError
from smithers.kinds._inputs import as_input
from smithers.kinds._instance import Instance
from smithers.kinds._kind import Asking
from smithers.kinds.task import WorkKind
from smithers.tree import (
    ChildWork,
    Computed,
    Node,
    Task,
    check_takes,
    freeze,
    here,
    output_of,
    shown,
    wrong,
)

__all__ = ["CONTINUE", "ContinueAsNew", "check_next_input"]


class ContinueAsNew(Task[object]):
    """Ends the run when its tree has finished, and starts a new run of the same workflow.

    `input` is the input of the new run, or a callable that returns it and may read outputs. The run
    ends as `continued`, and the new one is named after it: `nightly`, `nightly-2`, `nightly-3`.
    So work that repeats for ever keeps a history of bounded size.
    """

    kind = "continue_as_new"
    work: ChildWork  # pyright: ignore[reportIncompatibleVariableOverride]  # set once

    def __init__(
        self, input: BaseModel | Callable[[], BaseModel], *, id: str = "continue as new"
    ) -> None:
        mark, what = here(), "the input of ContinueAsNew"
        given: Any = input
        model: type[BaseModel] | None = None
        if callable(given) and not isinstance(given, type):
            check_takes(mark, what, given, 0)
            call: Callable[[], Any] = freeze(given, mark)
        elif isinstance(given, BaseModel):
            call, model = lambda: input, type(given)
        else:
            hint = "pass the input of the next run, or a callable that returns it"
            wrong(mark, f"{what} must be a model, not {shown(given)}", hint)
        kind: Any = Any
        work = ChildWork(input=Computed(call, output_of(kind), what, mark), model=model)
        self._become(id, mark, work, output_of(kind), None)


class ContinueKind(WorkKind[ContinueAsNew]):
    name = "continue_as_new"
    continues = True

    def resolve(self, asking: Asking, one: Instance[ContinueAsNew]) -> bool:
        """Its output is the input of the next run. It is never attempted."""
        if not asking.make_ready(one):
            return False
        row = asking.compute(one, as_input(one.node.work.input, asking.input_model))
        if row is None:
            return False
        text = Computed.text(row)
        try:
            asking.check_input(text)
        except SmithersError as error:
            asking.fail(one, error)
        else:
            asking.settle(one, "finished", output=text)
        return False


def check_next_input(node: Node[Any], model: type[BaseModel]) -> None:
    """Raise `AuthorError` if a node continues with the input of another workflow."""
    if not isinstance(node, ContinueAsNew):
        return
    given, name = node.work.model, model.__name__
    if given is not None and not issubclass(given, model):
        said = f"{node.work.input.what} must be a {name}, not {shown(node.work.input.call())}"
        hint = f"pass {name}(...), which is what the workflow takes, or a callable that returns one"
        wrong(node.mark, said, hint)


CONTINUE = ContinueKind()
