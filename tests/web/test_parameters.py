"""What does not fit in an address or a body is refused in words that a person reads."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.testclient import TestClient

from smithers.hub import Hub
from tests.web.flows import ships


def _refused(client: TestClient, address: str) -> dict[str, Any]:
    answer = client.get(address)
    assert answer.status_code == 422, address
    return dict(answer.json())


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=x", "limit must be a whole number, not 'x'"),
        ("limit=0", "limit must be at least 1, not 0"),
        ("limit=201", "limit must be at most 200, not 201"),
        ("children=yes", "children must be true or false, not 'yes'"),
        (f"q={'a' * 201}", "q must have at most 200 characters"),
        ("limt=1", "limt is not known here"),
    ],
)
def test_a_parameter_that_does_not_fit_is_refused_in_our_words(
    client: TestClient, query: str, message: str
) -> None:
    refused = _refused(client, f"/api/v1/runs?{query}")
    assert (refused["kind"], refused["message"]) == ("WrongParameters", message)
    assert refused["errors"][0]["field"] == query.partition("=")[0]


def test_a_parameter_that_is_not_known_is_named_with_the_nearest(client: TestClient) -> None:
    assert _refused(client, "/api/v1/runs?limt=1")["hint"] == "did you mean 'limit'?"
    assert "use status, workflow, q" in _refused(client, "/api/v1/runs?zzz=1")["hint"]
    assert _refused(client, "/api/v1/workflows?zzz=1")["hint"] == "leave it out"
    assert client.get("/api/v1/workflows").status_code == 200


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"task": "ship"}, "message is missing"),
        ({"task": "ship", "message": 5}, "message must be a string, not 5"),
        ({"task": "ship", "message": "hello", "by": "ann"}, "by is not known here"),
        ([], "must be an object, not []"),
    ],
)
def test_a_body_that_does_not_fit_is_refused_in_our_words(
    client: TestClient, body: Any, message: str
) -> None:
    answer = client.post("/api/v1/runs/r1/messages", json=body)
    assert (answer.status_code, answer.json()["kind"]) == (422, "WrongBody")
    assert answer.json()["message"] == message


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("/runs/r1?frame=x", "frame must be a whole number, not &#x27;x&#x27;"),
        ("/runs/r1?frame=-1", "frame must be at least 0, not -1"),
        ("/runs/r1/timeline?before=0", "before must be at least 1, not 0"),
        ("/runs/r1/timeline?show=all", "show must be &#x27;&#x27;, &#x27;failed&#x27; or"),
        ("/costs?days=8", "days must be &#x27;7&#x27;, &#x27;30&#x27;"),
    ],
)
def test_a_page_says_what_is_wrong_in_its_address_and_which_one_is_right(
    hub: Hub, browser: TestClient, address: str, message: str
) -> None:
    asyncio.run(hub.run(ships, run_id="r1"))
    answer = browser.get(address)
    assert answer.status_code == 422
    assert message in answer.text
    path = address.partition("?")[0]
    assert f"Open <code>{path}</code> without it." in answer.text
    assert browser.get(path).status_code == 200


def test_a_comparison_without_its_runs_lets_one_choose_them(hub: Hub, browser: TestClient) -> None:
    assert "There is no run yet." in browser.get("/compare").text
    for run_id in ("r1", "r2"):
        asyncio.run(hub.run(ships, run_id=run_id))
    page = browser.get("/compare").text
    assert 'name="left" value=""' in page
    assert 'href="/compare?left=r1"' in page
    page = browser.get("/compare?right=r2").text
    assert 'href="/compare?left=r1&amp;right=r2"' in page
    assert 'href="/compare?left=r2' not in page, "it is not compared with itself"


def test_a_session_is_not_opened_without_its_code(browser: TestClient) -> None:
    answer = browser.get("/session")
    assert answer.status_code == 403
    assert "does not have the code that opens a session" in answer.text
    assert "<code>smithers ui</code>" in answer.text
