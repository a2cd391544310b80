"""Random workflows give what they gave when they are replayed, and tell what was edited."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from smithers import Context, Node, NoInput, Task, Workflow, workflow
from smithers.agent import Answered, Ask, Capabilities, Event
from smithers.errors import Permanent
from tests.properties.fates import Fates, Working
from tests.properties.test_runs import CONCURRENCY, FATES, ends, flow_of, running
from tests.properties.trees import Shape, build, plain_trees
from tests.replaying.runs import record, refrozen, replayed

EXAMPLES = settings().max_examples // 6


class Fated:
    """Answers with its name, or fails, as the fates say."""

    can = Capabilities()

    def __init__(self, id: str, fates: Fates) -> None:
        self.name, self._fates = id, fates

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        if self._fates.fails(self.name):
            raise Permanent("this one was meant to fail")
        yield Answered(self._fates.padded(self.name))


class Asking(Working):
    """Steps without an effect are tasks of agents; the prompt of the one that is `edited` is
    another.
    """

    def __init__(self, ctx: Context[NoInput], fates: Fates, edited: str = "") -> None:
        super().__init__(ctx, fates)
        self._edited = edited

    def leaf(self, id: str, shape: Shape) -> Node[Any]:
        if shape.kind != "step" or shape.effect:
            return super().leaf(id, shape)
        prompt = f"Work on {id}.\nBe {'quick' if id == self._edited else 'careful'}."
        on_failure: Any = shape.on_failure
        return Task(id, agent=Fated(id, self.fates), prompt=prompt, on_failure=on_failure)


def asking_flow(shape: Shape, fates: Fates, edited: str = "") -> Workflow[NoInput, Any]:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        return build(shape, Asking(ctx, fates, edited))

    return flow


@given(plain_trees(), FATES, CONCURRENCY)
@settings(max_examples=EXAMPLES)
def test_a_replay_of_a_run_does_not_differ(shape: Shape, fates: Fates, concurrency: int) -> None:
    flow = flow_of(shape, fates)
    run = running(flow, concurrency)
    ends(run)
    again = replayed(flow, record(run))
    assert [one.message for one in again.differences] == []
    assert again.status == run.state.run_status


@given(plain_trees(), FATES, CONCURRENCY, st.integers(0, 1 << 20))
@settings(max_examples=EXAMPLES)
def test_the_prompt_that_was_edited_is_all_that_differs(
    shape: Shape, fates: Fates, concurrency: int, which: int
) -> None:
    run = running(asking_flow(shape, fates), concurrency)
    ends(run)
    recording = refrozen(record(run))
    assert replayed(asking_flow(shape, fates), recording).differences == ()
    asked = [key for (key, _), done in recording.done.items() if done.asked is not None]
    if not asked:
        return
    edited = asked[which % len(asked)].id
    again = replayed(asking_flow(shape, fates, edited), recording)
    assert {(one.kind, one.key) for one in again.differences} == {
        ("prompt", key) for key in asked if key.id == edited
    }
    for one in again.differences:
        assert one.lines[-2:] == ["-Be careful.", "+Be quick."]
