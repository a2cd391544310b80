"""What the API reads is what the command line prints, and what its document says."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from starlette.testclient import TestClient

from smithers.hub import Hub
from tests.cli.command import smithers
from tests.web.flows import ships

_R = "/api/v1/runs"
_SAME = {
    f"{_R}?limit=5": ["ps", "--limit", "5"],
    f"{_R}/r1": ["inspect", "r1"],
    f"{_R}/r1/timeline": ["timeline", "r1"],
    f"{_R}/r1/frames/0": ["show", "r1@0"],
    f"{_R}/r1/diff?frame=0": ["diff", "r1@0", "r1"],
    f"{_R}/r1/graph": ["graph", "r1"],
    f"{_R}/r1/cost": ["cost", "r1"],
    f"{_R}/r1/why": ["why", "r1"],
    f"{_R}/r1/source": ["show", "r1", "--source"],
    "/api/v1/asks": ["asks"],
    "/api/v1/asks?run=r1&task=ship": ["asks", "r1", "ship"],
}


@pytest.fixture
async def run(hub: Hub) -> str:
    """A run that waits for a person."""
    await hub.run(ships, run_id="r1")
    return "r1"


def _checked(document: dict[str, Any], path: str, answer: dict[str, Any]) -> None:
    """Fails unless an answer has the shape that the OpenAPI document gives for its path."""
    found = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
    schema = {**found["schema"], "components": document["components"]}
    validator: Any = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid(answer), path


@pytest.mark.anyio
async def test_each_answer_is_that_of_the_command_line(
    run: str, client: TestClient, hub: Hub
) -> None:
    for path, command in _SAME.items():
        said = smithers(hub.database.parent, *command, "--json", "--db", str(hub.database))
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.text)
        assert _lasting(answer.json()) == _lasting(said.document), path


def _lasting(document: Any) -> Any:
    """A document without what differs from one moment to the next."""
    return {key: value for key, value in document.items() if key not in ("more", "cursor")}


@pytest.mark.anyio
async def test_each_answer_has_the_shape_of_the_document(run: str, client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    for path, item in document["paths"].items():
        if "get" not in item or path in ("/health", "/openapi.json") or "events" in path:
            continue
        if "application/json" not in item["get"]["responses"]["200"]["content"]:
            continue
        filled = path.replace("{run}", "r1").replace("{task}", "draft").replace("{frame}", "1")
        answer = client.get(filled)
        assert answer.status_code == 200, (path, answer.text)
        _checked(document, path, answer.json())


@pytest.mark.anyio
async def test_an_answer_that_is_known_is_not_sent_again(run: str, client: TestClient) -> None:
    first = client.get(f"{_R}/r1/graph")
    again = client.get(f"{_R}/r1/graph", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get(f"{_R}/r1/graph", headers={"if-none-match": '"x"'})
    assert other.status_code == 200


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "path",
    [
        f"{_R}/../../etc/passwd",
        f"{_R}/%2e%2e%2fapp.db",
        f"{_R}/r1%2F..%2Fr2/graph",
        f"{_R}/r1/tasks/..%2F..%2F..%2Fetc%2Fpasswd/transcript",
        f"{_R}/r1/frames/..%2f1",
        f"{_R}/%00/graph",
        "//etc/passwd",
    ],
)
@pytest.mark.anyio
async def test_no_path_leads_out(run: str, client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_without_a_database_a_run_is_not_there(hub: Hub, client: TestClient) -> None:
    """It is 404 as with one: 503 means that the same request may succeed a moment later."""
    for path in ("", "/tasks", "/why", "/cost"):
        answer = client.get(f"{_R}/r1{path}")
        assert answer.status_code == 404, path
        document = answer.json()
        assert document["kind"] == "UnknownRun"
        assert document["message"] == f"there is no database at {hub.database}"
        assert "start a run with `smithers up FILE" in document["hint"]
        assert "retry-after" not in answer.headers
    answer = client.post(f"{_R}/r1/cancel", json={})
    assert (answer.status_code, answer.json()["kind"]) == (404, "UnknownRun")
    assert client.get(_R).json()["runs"] == []


@pytest.mark.anyio
async def test_what_is_not_there_is_404_and_what_does_not_fit_422(
    run: str, client: TestClient
) -> None:
    assert client.get(f"{_R}/gone").json()["kind"] == "UnknownRun"
    assert client.get(f"{_R}/r1/tasks/gone").status_code == 404
    assert client.get(f"{_R}/r1/frames/99").status_code == 422
    for query in (
        "limit=0",
        "limit=1_0",
        "children=yes",
        "status=x",
        "since=0.5",
        "nope=1",
        "limit=1&limit=2",
    ):
        assert client.get(f"{_R}?{query}").status_code == 422, query
