"""Write, review until approved (three times at most), ask a person, publish: as a flow."""

from __future__ import annotations

from pydantic import BaseModel

from harnesses import Scripted
from smithers import Run, workflow


class Topic(BaseModel):
    topic: str = "Whales"


class Review(BaseModel):
    approved: bool
    remarks: str = ""


model = Scripted(  # for real work: ClaudeCode()
    {
        "write-*": lambda ask: "Whales are big." + (" They sing." if "short" in ask.prompt else ""),
        "review-*": lambda ask: Review(approved="sing" in ask.prompt, remarks="too short"),
    }
)


@workflow(input=Topic)
async def publish_note(run: Run[Topic]) -> str:
    remarks = ""
    for number in range(3):
        prompt = f"Write about {run.input.topic}. {remarks}".strip()
        note = await run.task(f"write-{number}", agent=model, prompt=prompt)
        review = await run.task(
            f"review-{number}", agent=model, output=Review, prompt=f"Review: {note}"
        )
        if review.approved:
            break
        remarks = f"Fix this: {review.remarks}"
    else:
        raise RuntimeError("not approved after 3 rounds")
    await run.approval("ok", ask=f"Publish this? {note}")
    return await run.step("publish", lambda: f"published: {note}", effect=True)
