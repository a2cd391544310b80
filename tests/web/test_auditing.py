"""Who has changed what is kept with where it came from, and secrets are in no log."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from smithers.access import Sessions, Tokens
from smithers.callers import AuditRow, Caller, login_name
from smithers.errors import StoreError
from smithers.hub import Hub
from smithers.web import Proxies, make_app
from tests.cli.command import environment, smithers, started
from tests.web.flows import asks_ann, ships
from tests.web.serving import EVERYTHING, FakeTokens

_SIGNAL = {"event": "paid", "data": 1}
_PATIENCE_S = 60


def _told(rows: list[AuditRow]) -> list[tuple[str, str, str, str]]:
    return [(one.who, one.what, one.about, one.face) for one in rows]


def test_each_change_has_a_row_and_what_was_refused_has_none(hub: Hub, client: TestClient) -> None:
    asyncio.run(hub.run(ships, run_id="r1"))
    asyncio.run(hub.run(asks_ann, run_id="r2"))
    head = {"idempotency-key": "once"}
    for _ in range(2):
        sent = client.post("/api/v1/runs/r1/signals", json=_SIGNAL, headers=head)
        assert sent.status_code == 200
    for path, given in (
        ("signals", {**_SIGNAL, "data": 2, "id": "once"}),
        ("messages", {"task": "ship", "message": "hello"}),
        ("answers", {"task": "ship", "approved": "yes"}),
    ):
        assert client.post(f"/api/v1/runs/r1/{path}", json=given).status_code >= 400
    given = {"task": "ship", "approved": True}
    assert client.post("/api/v1/runs/r1/answers", json=given).status_code == 200
    assert client.post("/api/v1/runs/r1/answers", json=given).status_code == 409
    assert client.post("/api/v1/runs/r1/forks", json={"run_id": "f1"}).status_code == 201
    assert client.post("/api/v1/runs/f1/cancel", json={}).status_code == 200
    assert _told(hub.audit("r1")) == [
        (login_name(), "start", "", "python"),
        ("ann", "send", "paid", "http"),
        ("ann", "approve", "ship", "http"),
    ]
    assert [one.what for one in hub.audit("f1")] == ["fork", "cancel"]
    assert {one.address for one in hub.audit() if one.face == "http"} == {"testclient"}
    asked = Caller(name="ann", scopes=frozenset(), id="5f0c2a9e")
    hub.decide("r2", "ship", approved=False, by="bob", caller=asked)
    row = hub.audit("r2")[-1]
    assert (row.who, row.claimed, row.what) == ("ann", "bob", "deny")
    assert (row.face, row.credential, row.address) == ("python", "5f0c2a9e", "")


def test_the_rows_are_read_page_by_page_by_who_may_do_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of a run are the database's; tokens, sessions and trust are the user's."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "project").mkdir()
    env = {"XDG_STATE_HOME": str(tmp_path / "state")}
    hub = Hub(tmp_path / "project" / "app.db", environment=env)
    asyncio.run(hub.run(ships, run_id="r1"))
    hub.add_token("bob", ["read"])
    hub.trust("trust")
    code = hub.offer_session("ann")
    hub.decide("r1", "ship", approved=True, by="ann")
    tokens, sessions = Tokens(hub.environment), Sessions(hub.environment)
    app = make_app(hub, tokens, sessions=sessions)
    with TestClient(app, "http://127.0.0.1:7331", client=("192.0.2.7", 9)) as client:
        assert client.get("/session", params={"code": code}).status_code == 200
        assert client.get("/api/v1/audit").json()["rows"][-1]["what"] == "open session"
        opened = sessions.find(client.cookies["smithers_session"])
        assert opened is not None
        head = {"x-csrf-token": opened.csrf}
        assert client.post("/session/end", headers=head).status_code == 200
        client.cookies.clear()
        assert hub.revoke_token("bob")
        _, reader = hub.add_token("rita", ["run"])
        refused = client.get("/api/v1/audit", headers={"authorization": f"Bearer {reader}"})
        assert (refused.status_code, refused.json()["kind"]) == (403, "WrongScope")
        _, secret = hub.add_token("ann", ["admin"])
        client.headers["authorization"] = f"Bearer {secret}"
        rows: list[dict[str, Any]] = []
        page: dict[str, Any] = {"more": True, "cursor": "0.0"}
        while page["more"]:
            given = {"limit": "2", "after": page["cursor"]}
            page = client.get("/api/v1/audit", params=given).json()
            assert len(page["rows"]) <= 2
            rows += page["rows"]
        assert [(one["what"], one["run_id"], one["face"]) for one in rows] == [
            ("start", "r1", "python"),
            ("add token", None, "python"),
            ("trust", None, "python"),
            ("approve", "r1", "python"),
            ("open session", None, "http"),
            ("end session", None, "http"),
            ("revoke token", None, "python"),
            ("add token", None, "python"),
            ("add token", None, "python"),
        ]
        over_http = [one for one in rows if one["face"] == "http"]
        assert {(one["who"], one["address"]) for one in over_http} == {("ann", "192.0.2.7")}
        assert secret not in json.dumps(rows)
        hub.add_token("eve", ["read"])
        last = {"after": page["cursor"]}
        (later,) = client.get("/api/v1/audit", params=last).json()["rows"]
        assert later["about"].startswith("eve ("), later
        of_run = client.get("/api/v1/audit", params={"run": "r1"}).json()["rows"]
        assert [one["what"] for one in of_run] == ["start", "approve"]
        for wrong, status in (({"run": "none"}, 404), ({"after": "x"}, 422)):
            assert client.get("/api/v1/audit", params=wrong).status_code == status


def test_a_row_and_its_change_are_kept_together_or_not_at_all(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails while the row is written leaves neither."""
    asyncio.run(hub.run(ships, run_id="r1"))

    def dies(db: object, row: AuditRow) -> None:
        raise OSError("the machine is off")

    with monkeypatch.context() as patched:
        patched.setattr("smithers.store.sqlite.add_audit", dies)
        with pytest.raises(StoreError, match="machine is off"):
            hub.decide("r1", "ship", approved=True, by="ann")
        with pytest.raises(StoreError, match="machine is off"):
            hub.send("r1", "paid", 1, id="again")
        with pytest.raises(StoreError, match="machine is off"):
            hub.cancel("r1", by="ann")
    assert hub.asks("r1", "ship").task == "ship"
    assert [one.what for one in hub.audit("r1")] == ["start"]
    assert hub.send("r1", "paid", 1, id="again").is_new


@pytest.mark.parametrize(
    ("given", "said", "address"),
    [
        ("10.9.9.9, 203.0.113.5", None, "203.0.113.5"),
        ("203.0.113.5, 127.0.0.1", "UnknownProcess", None),
        ("nobody", "UnknownProcess", None),
        (None, "UnknownProcess", None),
    ],
)
def test_a_trusted_proxy_says_where_a_request_comes_from(
    hub: Hub, given: str | None, said: str | None, address: str | None
) -> None:
    """It adds the address at the end; a request that a program of this machine sends through it is
    no safer for that.
    """
    asyncio.run(hub.run(ships, run_id="r1"))
    proxies = Proxies.named(["192.0.2.7"], is_only_way=True)
    app, url = make_app(hub, FakeTokens(), proxies=proxies), "http://127.0.0.1:7331"
    head = {"authorization": f"Bearer {EVERYTHING}"}
    head |= {} if given is None else {"x-forwarded-for": given}
    with TestClient(app, url, client=("192.0.2.7", 9)) as client:
        answer = client.post("/api/v1/runs/r1/signals", json=_SIGNAL, headers=head)
        assert answer.json().get("kind") == said
    assert [one.address for one in hub.audit()[1:]] == ([address] if address else [])
    with TestClient(app, url, client=("192.0.2.8", 9)) as client:
        answer = client.get("/api/v1/runs/r1", headers=head)
        assert (answer.status_code, answer.json()["kind"]) == (403, "NotThroughProxy")


def test_a_token_that_has_expired_is_no_token(hub: Hub, tmp_path: Path) -> None:
    at = [datetime(2026, 12, 1, tzinfo=UTC)]
    tokens = Tokens({"XDG_STATE_HOME": str(tmp_path / "state")}, now=lambda: at[0])
    _, secret = tokens.add("ann", ["admin"], expires_in=timedelta(days=30))
    head = {"authorization": f"Bearer {secret}"}
    with TestClient(make_app(hub, tokens), "http://127.0.0.1:7331") as client:
        assert client.get("/api/v1/runs", headers=head).status_code == 200
        at[0] += timedelta(days=30)
        for path in ("runs", "runs/r1", "events"):
            answer = client.get(f"/api/v1/{path}", headers=head)
            assert (answer.status_code, secret in answer.text) == (401, False)
        assert client.post("/api/v1/runs/r1/cancel", json={}, headers=head).status_code == 401


def test_no_token_is_in_a_log_or_in_the_database(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    env = environment({"XDG_STATE_HOME": str(tmp_path_factory.mktemp("state"))})
    secret = smithers(tmp_path, "token", "add", "ann", "--scope", "admin", env=env).out.strip()
    with started(tmp_path, "serve", "--port", "0", "--json", env=env) as server:
        assert server.stdout is not None
        told = json.loads(server.stdout.readline())
        for path, given in (
            ("/api/v1/runs", secret),
            ("/api/v1/runs", f"{secret}x"),
            (f"/api/v1/runs?token={secret}", secret),
            (f"/hooks/{secret}", secret),
            ("/api/v1/runs/none/cancel", secret),
        ):
            data = b"{}" if path.endswith(("cancel", secret)) and "?" not in path else None
            head = {"Authorization": f"Bearer {given}", "Content-Type": "application/json"}
            request = urllib.request.Request(told["url"] + path, data, head)
            try:
                with urllib.request.urlopen(request, timeout=_PATIENCE_S) as answer:
                    text = answer.read().decode()
            except urllib.error.HTTPError as error:
                text = error.read().decode()
            assert secret not in text
        server.terminate()
        out, err = server.communicate(timeout=_PATIENCE_S)
    assert b"smt_" not in out + err
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes()


def test_an_address_beyond_this_machine_needs_a_proxy_with_one(tmp_path: Path) -> None:
    for more in ([], ["--proxy", "root"]):
        said = smithers(tmp_path, "serve", "--host", "0.0.0.0", *more)
        assert (said.code, "has no TLS" in said.err) == (2, True)
        assert "--proxy ADDRESS" in said.err
    said = smithers(tmp_path, "serve", "--proxy", "no such user")
    assert (said.code, "is neither an address nor a user" in said.err) == (2, True)
