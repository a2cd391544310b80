"""Sentences of `examples/sentences` without steps, on agents and commands that note their work.

Each is a copy of the module, so that its agents can be others.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from harnesses import Echo
from smithers import Context, Node, Sequence
from smithers.agent import Ask, Event
from tests.trust.workers import PROGRAM_LINE, Answering, Ctx, Example, step

__all__ = ["SENTENCES"]

_FOLDER = Path(__file__).parents[2] / "examples" / "sentences"


class Knowing(Echo):
    """Answers by the first words that are in the prompt: their task, and its answer. The prompt of
    a copied session ends with that of the session.
    """

    def __init__(self, answers: Mapping[str, tuple[str, object]], name: str = "echo") -> None:
        super().__init__()
        self.name = name
        self._agents = {words: _saying(*one) for words, one in answers.items()}

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        agent = next(one for words, one in self._agents.items() if words in ask.prompt)
        async for event in agent.run(ask):
            yield event


def _saying(key: str, answer: object) -> Answering:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return Answering(key, lambda ask: text)


def copy_of(name: str, **agents: object) -> Any:
    spec = spec_from_file_location(f"tests.trust.copy_of_{name}", _FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    made = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(made)
    for variable, agent in agents.items():
        assert hasattr(made, variable)
        setattr(made, variable, agent)
    return made


def shell(task: str) -> str:
    return f"set -- '{task}'; {PROGRAM_LINE}"


NAMES = ("claude", "codex", "gemini")
_proposals = copy_of(
    "proposals",
    agents={
        name: Knowing(
            {
                "Propose: ": (f"{name} proposes", f"{name}: SQL"),
                "Criticise these": (f"{name} criticises", f"by {name}"),
            }
        )
        for name in NAMES
    },
    judge=Knowing({"Give points": ("points", {"claude": 3, "codex": 8, "gemini": 5})}),
)


def proposals(ctx: Ctx) -> Node[Any]:
    input = _proposals.Question(question="Where?")
    node: Node[Any] = _proposals.proposals.function(Context(input, ctx.run_id))
    return node


QUESTIONS = ("What is a?", "What is b?", "What is c?")
_questions = copy_of(
    "questions",
    reader=Knowing(
        {one: (one, f"{one} It is.") for one in QUESTIONS} | {"Read this": ("read", "read")}
    ),
)


def questions(ctx: Ctx) -> Node[Any]:
    input = _questions.Questions(questions=QUESTIONS)
    node: Node[Any] = _questions.questions.function(Context(input, ctx.run_id))
    return node


NEEDS: dict[str, list[str]] = {"whole": ["left", "right"], "left": [], "right": []}
_feature = copy_of(
    "feature",
    planner=Knowing(
        {
            "Split this": (
                "plan",
                {
                    "parts": [
                        {"name": one, "goal": f"Make {one}.", "needs": needs}
                        | {"check": shell(f"check {one}")}
                        for one, needs in NEEDS.items()
                    ]
                },
            )
        }
    ),
    claude=Knowing({f"Make {one}.": (f"work {one}", f"made {one}") for one in NEEDS}),
    codex=Knowing({}, "codex"),
)


def feature(ctx: Ctx) -> Node[Any]:
    input = _feature.Feature(feature="a whole")
    node: Node[Any] = _feature.feature.function(Context(input, ctx.run_id))
    return node


WANTED = ("users", "orders")
_migrations = copy_of(
    "migrations",
    planner=Knowing(
        {
            f"Plan this: {one}": (
                f"plan {one}",
                {word: shell(f"{word} {one}") for word in ("apply", "undo", "verify")},
            )
            for one in WANTED
        }
    ),
)


def migrations(ctx: Ctx) -> Node[Any]:
    input = _migrations.Migrations(wanted=WANTED)
    node: Node[Any] = _migrations.migrations.function(Context(input, ctx.run_id))
    return node


def told(make: Callable[[Ctx], Node[Any]]) -> Callable[[Ctx], Node[str]]:
    """A sentence with a step that tells how it ended."""

    def sentence(ctx: Ctx) -> Node[str]:
        node = make(ctx)
        end = step("told", lambda: ctx.state(node))
        return Sequence(node, end, result=end)

    return sentence


SENTENCES: dict[str, Example] = {
    one.__name__: Example(make=told(one)) for one in (feature, migrations, proposals, questions)
}
