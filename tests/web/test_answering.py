"""A person answers over HTTP: the first answer counts, and a token must have the scope."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from smithers.hub import Hub
from tests.web.flows import ships
from tests.web.serving import READER

_R = "/api/v1/runs/r1"


@pytest.fixture
async def asked(hub: Hub) -> None:
    await hub.run(ships, run_id="r1")


@pytest.mark.anyio
async def test_an_answer_is_recorded_once(asked: None, client: TestClient, hub: Hub) -> None:
    (ask,) = client.get("/api/v1/asks").json()["asks"]
    body = {"task": "ship", "approved": True, "note": "good", "digest": ask["digest"]}
    first = client.post(f"{_R}/answers", json=body)
    assert first.status_code == 200
    told = first.json()
    assert (told["approved"], told["by"], told["note"]) == (True, "ann", "good")
    second = client.post(f"{_R}/answers", json={"approved": False})
    assert (second.status_code, second.json()["kind"]) == (409, "AlreadyDecided")
    assert "ann" in second.json()["message"]


@pytest.mark.anyio
async def test_another_question_than_the_one_that_was_shown_is_a_conflict(
    asked: None, client: TestClient
) -> None:
    refused = client.post(f"{_R}/answers", json={"approved": True, "digest": "0" * 64})
    assert (refused.status_code, refused.json()["kind"]) == (409, "QuestionChanged")


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "body",
    [{}, {"approved": True, "text": "x"}, {"approved": "yes"}, {"approved": None}, {"more": 1}, []],
)
@pytest.mark.anyio
async def test_a_body_that_does_not_fit_records_nothing(
    asked: None, client: TestClient, body: Any
) -> None:
    refused = client.post(f"{_R}/answers", json=body)
    assert (refused.status_code, refused.json()["kind"]) == (422, "WrongBody")
    assert len(client.get("/api/v1/asks").json()["asks"]) == 1


@pytest.mark.anyio
async def test_a_token_without_the_scope_may_read_and_nothing_else(
    asked: None, client: TestClient
) -> None:
    client.headers["authorization"] = f"Bearer {READER}"
    assert client.get(_R).status_code == 200
    for path in ("answers", "signals", "messages", "cancel", "budget", "resume", "forks"):
        refused = client.post(f"{_R}/{path}", json={})
        assert (refused.status_code, refused.json()["kind"]) == (403, "WrongScope"), path


@pytest.mark.anyio
async def test_a_request_with_a_key_is_carried_out_once(asked: None, client: TestClient) -> None:
    key = {"idempotency-key": "k1"}
    first = client.post(f"{_R}/forks", json={}, headers=key)
    assert first.status_code == 201
    again = client.post(f"{_R}/forks", json={}, headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
    other = client.post(f"{_R}/forks", json={"frame": 0}, headers=key)
    assert (other.status_code, other.json()["kind"]) == (422, "KeyReused")
    assert len(client.get("/api/v1/runs").json()["runs"]) == 2


@pytest.mark.anyio
async def test_a_signal_with_a_key_is_kept_once(asked: None, client: TestClient) -> None:
    body = {"event": "paid", "data": {"amount": 30}}
    first = client.post(f"{_R}/signals", json=body, headers={"idempotency-key": "d1"})
    assert (first.status_code, first.json()["outcome"], first.json()["id"]) == (200, "kept", "d1")


@pytest.mark.anyio
async def test_a_run_is_cancelled(asked: None, client: TestClient) -> None:
    done = client.post(f"{_R}/cancel", json={})
    assert done.json() == {"version": 1, "run_id": "r1", "outcome": "cancelled"}
    assert client.post(f"{_R}/cancel", json={}).status_code == 422


@pytest.mark.anyio
async def test_a_body_is_json_of_a_bounded_size(asked: None, client: TestClient) -> None:
    text = client.post(f"{_R}/answers", content="approved=true")
    assert text.status_code == 415
    kind = {"content-type": "application/json"}
    assert client.post(f"{_R}/answers", content="{", headers=kind).status_code == 400
    twice = client.post(f"{_R}/answers", content='{"task": "a", "task": "b"}', headers=kind)
    assert twice.status_code == 400
    nan = client.post(f"{_R}/answers", content='{"data": NaN}', headers=kind)
    assert nan.status_code == 400
    large = client.post(f"{_R}/answers", content=b" " * 1_048_577, headers=kind)
    assert large.status_code == 413
    parts = (b" " * 100_000 for _ in range(11))
    assert client.post(f"{_R}/answers", content=parts, headers=kind).status_code == 413


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", ["x" * 990, "../other.py", "/etc/passwd", "gone.py", "gone"])
@pytest.mark.anyio
async def test_what_is_not_a_workflow_of_the_server_is_not_started(
    asked: None, client: TestClient, name: str
) -> None:
    for body in ({"workflow": name}, {"workflow": f"{name}/a.py"}, {"workflow": "a", "cwd": name}):
        refused = client.post("/api/v1/runs", json=body)
        assert (refused.status_code, refused.json()["kind"]) in (
            (422, "NotThere"),
            (403, "OutsideRoots"),
        ), body
