"""A program that a run has started may read over HTTP, and changes nothing, with any token."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from smithers.hub import Hub
from smithers.web import make_app
from smithers.web._table import ROUTES
from tests.cli.command import environment, eventually, smithers, started
from tests.web.flows import ships
from tests.web.serving import EVERYTHING, OWN, FakeTokens, serving

_PATIENCE_S = 60

_FLOW = """
import sys
from smithers import Approval, Command, Context, Node, NoInput, Parallel, workflow

CALL = f"{sys.executable} call.py"
HIDDEN = f"setsid env -i {CALL} hidden.json \\"$(cat token)\\" </dev/null >/dev/null 2>&1 &"
WAIT = "while [ ! -e hidden.json ]; do sleep 0.05; done"

@workflow
def tries(ctx: Context[NoInput]) -> Node:
    return Parallel(
        Approval("gate", ask="Ship?"),
        Command("plain", f"{CALL} plain.json \\"$(cat token)\\"", shell=True),
        Command("admin", f"{CALL} admin.json \\"$(cat admin)\\"", shell=True),
        Command("hidden", f"({HIDDEN}); {WAIT}", shell=True),
    )
"""

_CALL = """
import json, os, sys, urllib.error, urllib.request

file, secret = sys.argv[1:3]
head = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
found = {}
for url in json.load(open("calls")):
    data = None if url.endswith("/runs/r1") else b"{}"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, head)) as answer:
            found[url] = answer.status, ""
    except urllib.error.HTTPError as error:
        found[url] = error.code, json.load(error)["kind"]
with open(file + ".new", "w") as to:
    json.dump(found, to)
os.replace(file + ".new", file)
"""


def _asked(url: str, secret: str, given: object) -> dict[str, Any]:
    head = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(given).encode(), head)
    with urllib.request.urlopen(request, timeout=_PATIENCE_S) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def test_an_agent_with_a_token_changes_nothing_and_its_user_does(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    env = environment({"XDG_STATE_HOME": str(tmp_path_factory.mktemp("state"))})
    (tmp_path / "flow.py").write_text(_FLOW)
    (tmp_path / "call.py").write_text(_CALL)
    admin = smithers(tmp_path, "token", "add", "ann", "--scope", "admin", env=env).out
    with serving(tmp_path, env) as told:
        own = Path(told["token_file"]).read_text()
        (tmp_path / "token").write_text(own)
        (tmp_path / "admin").write_text(admin)
        changing = [one.path for one in ROUTES if one.method == "POST" and one.scope]
        reading = f"{told['url']}/api/v1/runs/r1"
        calls = [told["url"] + path.replace("{run}", "r1") for path in changing]
        (tmp_path / "calls").write_text(json.dumps([reading, *calls]))
        with started(tmp_path, "up", "flow.py", "--run-id", "r1", env=env):
            for way in ("plain", "admin", "hidden"):
                file = tmp_path / f"{way}.json"
                eventually(file.exists)
                found = json.loads(file.read_text())
                assert found.pop(reading) == [200, ""]
                assert found == {one: [403, "BelowARun"] for one in calls}, way
        hub = Hub(tmp_path / ".smithers" / "smithers.db")
        assert hub.asks("r1", None).task == "gate"
        assert [(one.what, one.face) for one in hub.audit()] == [("start", "command line")]
        assert _asked(f"{reading}/answers", own.strip(), {"approved": True})["approved"] is True
        assert [(one.what, one.face) for one in hub.audit()][1:] == [("approve", "http")]


def test_a_token_needs_a_process_that_is_found_or_another_machine(hub: Hub) -> None:
    """The server's own token, which agents can read, never counts for another machine."""
    asyncio.run(hub.run(ships, run_id="r1"))
    path = "/api/v1/runs/r1/signals"
    for address, secret, refused in (
        ("127.0.0.1", EVERYTHING, "UnknownProcess"),
        ("127.0.0.1", OWN, "UnknownProcess"),
        ("192.0.2.7", OWN, "OwnToken"),
        ("192.0.2.7", EVERYTHING, None),
    ):
        app = make_app(hub, FakeTokens())
        with TestClient(app, "http://127.0.0.1:7331", client=(address, 9)) as client:
            client.headers["authorization"] = f"Bearer {secret}"
            answer = client.post(path, json={"event": "paid", "data": 1})
            assert answer.status_code == (403 if refused else 200)
            assert answer.json().get("kind") == refused
            assert client.get("/api/v1/runs/r1").status_code == 200
    with TestClient(make_app(hub, FakeTokens()), "http://127.0.0.1:7331") as client:
        head = {"authorization": f"Bearer {OWN}", "x-forwarded-for": "192.0.2.7"}
        answer = client.post(path, json={"event": "paid", "data": 1}, headers=head)
        assert answer.json()["kind"] == "OwnToken"
