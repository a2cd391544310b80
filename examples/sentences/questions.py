"""One agent reads a code base once; 20 questions are answered in parallel from that session."""

from __future__ import annotations

from pydantic import BaseModel

from harnesses import ClaudeCode
from smithers import Context, ForEach, Node, Sequence, Task, workflow

reader = ClaudeCode()


class Questions(BaseModel):
    questions: list[str]


@workflow(input=Questions)
def questions(ctx: Context[Questions]) -> Node[list[str]]:
    read = Task("read", agent=reader, prompt="Read this code base.")

    def answer(question: str) -> Node[str]:
        return Task(question, agent=reader, prompt=question, forks=read)

    answers = ForEach(ctx.input.questions, key=str, each=answer)
    return Sequence(read, answers, result=answers)
