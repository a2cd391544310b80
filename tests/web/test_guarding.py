"""What is refused before anything of a request is used."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from tests.web.serving import EVERYTHING


@pytest.mark.parametrize("path", ["/api/v1/runs", "/openapi.json", "/api/v1/nothing"])
def test_everything_but_health_needs_a_token(client: TestClient, path: str) -> None:
    assert client.get("/health", headers={"authorization": ""}).json() == {"status": "ok"}
    for header in ("", "Bearer smt_wrong", "Basic smt_everything", f"Bearer {EVERYTHING}x"):
        refused = client.get(path, headers={"authorization": header})
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == "Bearer"
        assert refused.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:7331", "127.0.0.1.evil", "", "a@b"])
def test_a_name_that_is_not_the_servers_is_refused(client: TestClient, host: str) -> None:
    """A page that lets its name lead to this machine (DNS rebinding) sends that name."""
    for path in ("/health", "/api/v1/runs"):
        refused = client.get(path, headers={"host": host})
        assert (refused.status_code, refused.json()["kind"]) == (421, "WrongHost")


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:9", "file://"]
)
def test_a_page_of_another_site_may_not_call(client: TestClient, origin: str) -> None:
    refused = client.get("/api/v1/runs", headers={"origin": origin})
    assert (refused.status_code, refused.json()["kind"]) == (403, "WrongOrigin")
    own = client.get("/api/v1/runs", headers={"origin": "http://127.0.0.1:7331"})
    assert own.status_code == 200


def test_a_token_in_an_address_is_refused_and_not_repeated(client: TestClient) -> None:
    for path in (f"/api/v1/runs?token={EVERYTHING}", f"/{EVERYTHING}/runs"):
        refused = client.get(path)
        assert (refused.status_code, refused.json()["kind"]) == (400, "TokenInAddress")
        assert EVERYTHING not in refused.text
