"""A note is written, reviewed until it is approved, and translated: a flow of awaited calls."""

from __future__ import annotations

from pydantic import BaseModel
from scripted import Scripted

from smithers import Run, workflow


class Brief(BaseModel):
    topic: str = "whales"
    languages: list[str] = ["German", "French"]


class Review(BaseModel):
    approved: bool
    remarks: str = ""


def write(prompt: str) -> str:
    return "Whales are big. They sing." if "too short" in prompt else "Whales are big."


def judge(prompt: str) -> str:
    return Review(approved="sing" in prompt, remarks="too short").model_dump_json()


writer = Scripted(write, "writer")  # for real work: ClaudeCode()
reviewer = Scripted(judge, "reviewer")  # for real work: Codex()
translator = Scripted(lambda prompt: prompt.upper(), "translator")


@workflow(input=Brief)
async def awaited_note(run: Run[Brief]) -> list[str]:
    note, remarks = "", ""
    for number in range(3):
        prompt = f"Write about {run.input.topic}. {remarks}".strip()
        note = await run.task(f"note-{number}", agent=writer, prompt=prompt)
        review = await run.task(
            f"review-{number}", agent=reviewer, output=Review, prompt=f"Review this note:\n{note}"
        )
        if review.approved:
            break
        remarks = f"Fix this: {review.remarks}"
    translations = [
        run.task(language, agent=translator, prompt=f"{language}: {note}")
        for language in run.input.languages
    ]
    return await run.gather(*translations, limit=2)
