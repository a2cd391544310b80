"""What is refused before anything of a request is used."""

from __future__ import annotations

import re
from typing import cast

import pytest
from starlette.testclient import TestClient

from smithers.callers import SCOPES, Caller, Scope
from smithers.errors import Refused
from smithers.hub import Hub
from smithers.web import Proxies, make_app
from smithers.web._guarding import Limits
from smithers.web._table import ROUTES
from tests.web.serving import EVERYTHING, FakeTokens


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


def test_each_route_needs_its_scope(hub: Hub) -> None:
    """Over all routes of the table, those of pages included: less is refused with what to type."""
    secrets = {
        scope: Caller(name=scope, scopes=frozenset(SCOPES[:number]))
        for number, scope in enumerate(SCOPES, 1)
    }

    class Ladder:
        def find(self, secret: str, /) -> Caller | None:
            return secrets.get(cast("Scope", secret))

    limits, address = Limits(burst=1_000), ("192.0.2.7", 9)
    with TestClient(
        make_app(hub, Ladder(), limits=limits), "http://127.0.0.1:7331", client=address
    ) as client:
        for route in ROUTES:
            path = re.sub(r"{\w+}", "0", route.path)
            less = SCOPES[: 0 if route.scope is None else SCOPES.index(route.scope)]
            for given in less:
                head = {"authorization": f"Bearer {given}"}
                refused = client.request(route.method, path, headers=head)
                assert (refused.status_code, refused.json()["kind"]) == (403, "WrongScope"), path
                assert f"--scope {route.scope}" in refused.json()["hint"]
    assert {one.scope for one in ROUTES if one.method == "POST"} == {None, *SCOPES}


def test_who_comes_by_a_trusted_proxy_is_counted_apart(hub: Hub) -> None:
    """One that floods a proxy does not keep others from it; each kind of path has its own count."""
    limits = Limits(burst=3, rate_s=0.001, wrong_burst=2)
    app = make_app(hub, FakeTokens(), limits=limits, proxies=Proxies.named(["192.0.2.7"]))
    with TestClient(app, "http://127.0.0.1:7331", client=("192.0.2.7", 9)) as client:

        def asks(path: str, address: str) -> int:
            return client.get(path, headers={"x-forwarded-for": address}).status_code

        codes = "/session?code=guessed"
        assert [asks(codes, "203.0.113.5") for _ in range(4)] == [403, 403, 403, 429]
        assert asks(codes, "203.0.113.6") == 403
        assert asks("/health", "203.0.113.5") == 200
        assert [asks("/api/v1/runs", "203.0.113.5") for _ in range(3)] == [401, 401, 429]
        assert asks("/api/v1/runs", "203.0.113.6") == 401


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_an_address_of_this_machine_is_no_proxy_that_is_believed(address: str) -> None:
    """Each program here has it, and could say to be another machine."""
    with pytest.raises(Refused, match="is an address of this machine") as refused:
        Proxies.named([address])
    assert "such as root" in refused.value.hint
    assert Proxies.named(["root"]).users == {0}
