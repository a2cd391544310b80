"""What the tests of the web face share: a database with runs, an app, and its client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from smithers.access import Sessions
from smithers.hub import Hub
from smithers.web import make_app
from tests.web.serving import EVERYTHING, FakeTokens


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    monkeypatch.chdir(tmp_path)
    return Hub(tmp_path / "app.db")


@pytest.fixture
def client(hub: Hub) -> Iterator[TestClient]:
    """A client with a token that may do everything."""
    with TestClient(make_app(hub, FakeTokens()), "http://127.0.0.1:7331") as made:
        made.headers["authorization"] = f"Bearer {EVERYTHING}"
        yield made


@pytest.fixture
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Sessions:
    return Sessions({"XDG_STATE_HOME": str(tmp_path_factory.mktemp("state"))})


@pytest.fixture
def browser(hub: Hub, sessions: Sessions) -> Iterator[TestClient]:
    """A browser that has opened a session."""
    app = make_app(hub, FakeTokens(), sessions=sessions)
    with TestClient(app, "http://127.0.0.1:7331", headers={"accept": "text/html"}) as one:
        assert one.get("/session", params={"code": sessions.offer("ann")}).status_code == 200
        yield one
