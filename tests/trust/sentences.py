"""Sentences of `examples/sentences` without steps, on agents and commands that note their work.

Each is a copy of the module, so that its agents can be others.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Mapping
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from harnesses import Echo
from smithers import Context, Node, NoInput
from smithers.agent import Answered, Ask, Event
from tests.trust.programs import LINE, note_program

__all__ = ["TIMED", "feature", "migrations", "proposals", "questions"]

_FOLDER = Path(__file__).parents[2] / "examples" / "sentences"
Ctx = Context[NoInput]


class Answering(Echo):
    """Answers by the first words that are in the prompt: their task, and its answer. The prompt of
    a copied session ends with that of the session.
    """

    def __init__(self, answers: Mapping[str, tuple[str, object]], name: str = "echo") -> None:
        super().__init__()
        self._answers, self.name = answers, name

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        key, answer = next(one for words, one in self._answers.items() if words in ask.prompt)
        async for event in super().run(ask):
            if isinstance(event, Answered):
                note_program(key, ask.marks["SMITHERS_ATTEMPT"])
                yield Answered(answer if isinstance(answer, str) else json.dumps(answer))
            else:
                yield event


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
    return f"set -- '{task}'; {LINE}"


NAMES = ("claude", "codex", "gemini")
_proposals = copy_of(
    "proposals",
    agents={
        name: Answering(
            {
                "Propose: ": (f"{name} proposes", f"{name}: SQL"),
                "Criticise these": (f"{name} criticises", f"by {name}"),
            }
        )
        for name in NAMES
    },
    judge=Answering({"Give points": ("points", {"claude": 3, "codex": 8, "gemini": 5})}),
)


def proposals(ctx: Ctx) -> Node[Any]:
    input = _proposals.Question(question="Where?")
    node: Node[Any] = _proposals.proposals.function(Context(input, ctx.run_id))
    return node


QUESTIONS = ("What is a?", "What is b?", "What is c?")
_questions = copy_of(
    "questions",
    reader=Answering(
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
    planner=Answering(
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
    claude=Answering({f"Make {one}.": (f"work {one}", f"made {one}") for one in NEEDS}),
    codex=Answering({}, "codex"),
)


def feature(ctx: Ctx) -> Node[Any]:
    input = _feature.Feature(feature="a whole")
    node: Node[Any] = _feature.feature.function(Context(input, ctx.run_id))
    return node


WANTED = ("users", "orders")
_migrations = copy_of(
    "migrations",
    planner=Answering(
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


TIMED = (
    *(f"check {one}" for one in NEEDS),
    *(f"{word} {one}" for one in WANTED for word in ("apply", "verify")),
)
"""The commands: their outputs have a duration."""
