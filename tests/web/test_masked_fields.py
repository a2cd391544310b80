"""Secrets in forms: they are shown masked, and a mask is never stored as a value."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from pydantic import BaseModel
from starlette.testclient import TestClient

from smithers import Context, HumanTask, Node, NoInput, Sequence, Step, workflow
from smithers.hub import Hub
from tests.web.browsing import form_of, hidden

_SECRET = "sk-Abc123/xyz+9&<q>"
_SHOWN = "${API_KEY}"
_SAID = "${API_KEY} hides a secret"


class Place(BaseModel):
    url: str = f"https://{_SECRET}@host"
    tries: int = 1


class Brief(BaseModel):
    key: str = _SECRET
    note: str = f"with {_SECRET}"
    places: list[Place] = [Place(), Place()]


@workflow(input=Brief)
def copies(ctx: Context[Brief]) -> Node:
    return Sequence(
        Step("text", lambda: f"with {_SECRET}", output=str),
        Step("data", lambda: {"key": _SECRET, "tries": 1}, output=dict),
    )


@workflow
def asks(ctx: Context[NoInput]) -> Node:
    return Sequence(HumanTask("place", ask="Where?", output=Place))


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """With the secret in its environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("API_KEY", _SECRET)
    return Hub(tmp_path / "app.db")


def _output(hub: Hub, run: str, task: str) -> object:
    found = hub.task(run, task)
    assert found is not None
    assert found.output is not None
    return json.loads(found.output.text())


def _fork(browser: TestClient, **fields: str) -> tuple[int, str]:
    page = browser.get("/runs/r1/fork").text
    assert "Abc123" not in page
    sent = {"csrf_token": hidden(page, "csrf_token"), "hold": "1", "run_id": "f1"} | fields
    done = browser.post("/runs/r1/fork", data=sent, follow_redirects=False)
    assert "Abc123" not in done.text
    return done.status_code, done.text


def test_a_row_that_is_edited_beside_a_secret_keeps_it(hub: Hub, browser: TestClient) -> None:
    asyncio.run(hub.run(copies, Brief(), run_id="r1"))
    assert _fork(browser, **{"field.places.0.tries": "7"})[0] == 303
    found = json.loads(hub.inspect("f1").run.input)
    assert found["places"][0] == {"url": f"https://{_SECRET}@host", "tries": 7}
    assert found["key"] == _SECRET
    assert _SHOWN not in json.dumps(found)


def test_a_text_that_is_edited_around_a_mask_is_refused(hub: Hub, browser: TestClient) -> None:
    asyncio.run(hub.run(copies, Brief(), run_id="r1"))
    for fields in (
        {"field.note": f"without {_SHOWN}"},
        {"do.text": "set", "set.text": f"without {_SHOWN}"},
        {"do.data": "set", "set.data": json.dumps({"key": f"my {_SHOWN}"})},
    ):
        status, page = _fork(browser, **fields)
        assert (status, _SAID in page) == (422, True), fields


def test_an_output_that_is_edited_beside_a_secret_keeps_it(hub: Hub, browser: TestClient) -> None:
    asyncio.run(hub.run(copies, Brief(), run_id="r1"))
    edited = json.dumps({"key": _SHOWN, "tries": 2})
    assert _fork(browser, **{"do.data": "set", "set.data": edited})[0] == 303
    assert _output(hub, "f1", "data") == {"key": _SECRET, "tries": 2}


def test_an_answer_keeps_the_secret_that_is_its_default(hub: Hub, browser: TestClient) -> None:
    asyncio.run(hub.run(asks, run_id="r1"))
    page = browser.get("/runs/r1/ask?task=place").text
    assert (_SHOWN in page, "Abc123" in page) == (True, False)
    sent = form_of(page)
    refused = browser.post("/runs/r1/ask", data=sent | {"field.url": f"x {_SHOWN}"})
    assert (refused.status_code, _SAID in refused.text) == (422, True)
    assert browser.post("/runs/r1/ask", data=sent | {"field.tries": "2"}).status_code == 200
    asyncio.run(hub.resume("r1", workflow=asks))
    assert _output(hub, "r1", "place") == {"url": f"https://{_SECRET}@host", "tries": 2}
