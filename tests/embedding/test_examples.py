"""The examples of docs/embedding.md, run for real: killed, resumed, answered over HTTP."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from smithers.hub import Hub
from tests.durability.commands import until

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "embedding"
WITHIN_S = 60
APPLICATION = (EXAMPLES / "fastapi_app.py").read_text()


@pytest.mark.parametrize("name", ["script.py", "fastapi_app.py"])
def test_the_document_shows_the_examples_as_they_are(name: str) -> None:
    block = f"```python\n{(EXAMPLES / name).read_text()}```\n"
    assert block in (ROOT / "docs" / "embedding.md").read_text()


def script(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(EXAMPLES / "script.py"), "whales", "--db", "notes.db"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_script_is_killed_and_continues_where_it_was(tmp_path: Path) -> None:
    killed = script(tmp_path)
    assert killed.stdout is not None
    for line in killed.stdout:
        if "waits for a person's decision" in line:
            break
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=WITHIN_S)
    out, _ = script(tmp_path).communicate("y\n", timeout=WITHIN_S)
    lines = out.splitlines()
    assert lines[-1].startswith("A note about whales. Approved by ")
    assert sum("draft started" in line for line in lines) == 1, "it is not executed again"
    again, _ = script(tmp_path).communicate(timeout=WITHIN_S)
    assert again.splitlines()[-1] == lines[-1]
    assert not Hub(tmp_path / "notes.db").runs()[0].is_made_in_memory


class Client:
    """Requests to the application."""

    def __init__(self, port: int) -> None:
        self._port = port

    def request(
        self, method: str, path: str, data: object = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}{path}",
            method=method,
            data=None if data is None else json.dumps(data).encode(),
            headers={"Content-Type": "application/json", **(headers or {})},
        )
        try:
            with urllib.request.urlopen(request, timeout=WITHIN_S) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def open(self, path: str) -> http.client.HTTPResponse:
        """An answer that is read as it comes."""
        url = f"http://127.0.0.1:{self._port}{path}"
        answer: http.client.HTTPResponse = urllib.request.urlopen(url, timeout=WITHIN_S)
        return answer

    def lines(self, path: str) -> list[str]:
        with self.open(path) as answer:
            return [line.decode().strip() for line in answer]

    def is_up(self) -> bool:
        try:
            return self.request("GET", "/openapi.json")[0] == 200
        except OSError:
            return False


class Server:
    """The application in a process that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = int(free.getsockname()[1])
        self.client = Client(self._port)
        self.start()

    def start(self) -> None:
        found = re.search(r"^ +(uvicorn .*)$", APPLICATION, re.M)
        assert found is not None
        command = [sys.executable, "-m", *found[1].split()]
        self.process = subprocess.Popen(
            [*command, "--port", str(self._port), "--log-level", "warning"],
            cwd=ROOT,
            env={**os.environ, "NOTES_DB": str(self._folder / "notes.db")},
        )
        until(self.client.is_up, "the application")

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(WITHIN_S)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    pytest.importorskip("fastapi")
    made = Server(tmp_path)
    yield made
    if made.process.poll() is None:
        made.end(signal.SIGKILL)


def test_the_application_starts_shows_answers_and_streams_a_run(server: Server) -> None:
    client, key = server.client, {"Idempotency-Key": "k1"}
    code, made = client.request("POST", "/notes", {"topic": "whales"}, key)
    assert code == 201
    assert client.request("POST", "/notes", {"topic": "whales"}, key) == (201, made)
    code, said = client.request("POST", "/notes", {"topic": "cats"}, key)
    assert (code, said["hint"]) == (409, "use another request_id for another input")
    run = made["run"]
    server_view = client.request("GET", f"/notes/{run}?wait_s=30")[1]
    (question,) = server_view["questions"]
    assert (server_view["status"], question["task"]) == ("waiting", "publish")
    assert server.end(signal.SIGKILL) != 0
    server.start()
    assert client.request("GET", f"/notes/{run}")[1] == server_view
    given = {"approved": True, "by": "ann", "digest": question["digest"]}
    path = f"/notes/{run}/tasks/publish/answer"
    assert client.request("POST", path, {**given, "digest": "0" * 64})[0] == 409
    assert client.request("POST", path, given) == (202, {"run": run})
    assert client.request("POST", path, given)[0] == 409
    events = client.lines(f"/notes/{run}/events")
    assert events[-2].endswith('"words": "the run finished"}]}') or "finished" in events[-2]
    done = client.request("GET", f"/notes/{run}?wait_s=30")[1]
    assert done["output"] == "A note about whales. Approved by ann."
    assert client.request("GET", "/notes/nope")[0] == 404
    assert client.request("GET", "/notes/nope/events")[0] == 404
    assert server.end(signal.SIGTERM) in (0, -signal.SIGTERM)


@pytest.mark.long
def test_the_application_shuts_down_while_somebody_follows_events(server: Server) -> None:
    made = server.client.request("POST", "/notes", {"topic": "whales"}, {"Idempotency-Key": "k"})
    with server.client.open(f"/notes/{made[1]['run']}/events") as followed:
        assert followed.readline().startswith(b"id: ")
        assert server.end(signal.SIGTERM) in (0, -signal.SIGTERM)
    server.start()
    assert server.client.request("GET", f"/notes/{made[1]['run']}")[1]["status"] == "waiting"
