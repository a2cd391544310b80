"""Three agents propose a cache, each criticises the others, and a judge gives points."""

from __future__ import annotations

from answers import Answers
from pydantic import BaseModel

from smithers import Context, HumanTask, Node, NoInput, Task, workflow
from smithers.patterns import Debate


class Points(BaseModel):
    points: dict[str, int]


AGENTS = {  # for real work: ClaudeCode(), Codex(), Gemini()
    "ann": Answers(lambda prompt: "Cache in memory."),
    "bob": Answers(lambda prompt: "Cache on disk."),
    "cid": Answers(lambda prompt: "Cache nothing."),
}
judge = Answers(lambda prompt: Points(points={"ann": 4, "bob": 7, "cid": 1}))


@workflow
def design(ctx: Context[NoInput]) -> Node[str]:
    ideas = {name: Task(name, agent=agent, prompt="Propose.") for name, agent in AGENTS.items()}

    def criticise(mine: Task[str]) -> Node[str]:
        def prompt() -> str:
            others = [f"{name}: {ctx[idea]}" for name, idea in ideas.items() if idea is not mine]
            return "Criticise the proposals of the others:\n" + "\n".join(others)

        return Task(f"{mine.id}'s critique", agent=AGENTS[mine.id], prompt=prompt, continues=mine)

    points = Task(
        "points",
        agent=judge,
        output=Points,
        prompt=lambda: (
            f"Points from 0 to 10: { {name: ctx[idea] for name, idea in ideas.items()} }"
        ),
    )
    return Debate(
        "design",
        ctx,
        *ideas.values(),
        criticise=criticise,
        judge=points,
        tie=lambda tied: HumanTask("tie", ask="Whose proposal?", choices=tied),
    )
