"""`up --serve`: a server beside a run, which may decide for it, and ends with the command."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import httpx2

from smithers.hub import Hub
from tests.cli.command import eventually, smithers, started
from tests.web import held_flow
from tests.web.process import PATIENCE_S

_CONFIG = """\
scrape_configs:
  - job_name: smithers
    authorization:
      credentials_file: "{file}"
    static_configs:
      - targets: ["{address}"]
"""


def _server_of(up: subprocess.Popen[bytes], *, metrics: bool = False) -> tuple[str, str]:
    """The address of the server that a command has started, and the token of programs."""
    assert up.stderr is not None
    before = ""
    for line in up.stderr:
        if found := re.search(
            r"serving (http://\S+); your programs' token is in (\S+)", line.decode()
        ):
            address = found[1].removeprefix("http://")
            assert before == (_CONFIG.format(file=found[2], address=address) if metrics else "")
            return found[1], Path(found[2]).read_text().strip()
        before += line.decode()
    raise AssertionError(up.wait())


def _is_down(url: str) -> bool:
    try:
        httpx2.get(f"{url}/health")
    except httpx2.TransportError:
        return True
    return False


def test_a_server_beside_a_run_answers_for_it_and_ends_with_the_command(tmp_path: Path) -> None:
    database, until = tmp_path / "runs.db", tmp_path / "until"
    hub = Hub(database)
    made = smithers(tmp_path, "token", "add", "me", "--scope", "admin")
    assert smithers(tmp_path, "trust", str(database), "--folder", str(tmp_path)).code == 0
    admin = {"authorization": f"Bearer {made.out.strip()}"}
    up = ["up", held_flow.__file__, "--serve", "--port", "0", "--db", str(database), "--json"]
    up += ["--run-id", "r1", "--input", json.dumps({"until": str(until)})]
    with started(tmp_path, *up) as child, httpx2.Client(timeout=PATIENCE_S) as client:
        url, secret = _server_of(child)
        client.base_url, client.headers = url, admin
        eventually(lambda: len(client.get("/api/v1/asks?run=r1").json().get("asks", ())) == 1)
        read = httpx2.get(f"{url}/api/v1/runs", headers={"authorization": f"Bearer {secret}"})
        assert read.json()["runs"][0]["status"] == "running"

        # While the run is driven: the server is not below the process that drives it.
        body = {"task": "first", "approved": True}
        assert client.post("/api/v1/runs/r1/answers", json=body).json()["by"] == "me"
        until.touch()

        # While it waits, the command stays, and the server wakes the run for its answer.
        assert child.stdout is not None
        assert json.loads(child.stdout.readline())["status"] == "waiting"
        body = {"task": "second", "approved": True}
        answered = client.post("/api/v1/runs/r1/answers", json=body)
        assert answered.status_code == 200, answered.text
        eventually(lambda: hub.status("r1") == "finished")
        assert child.poll() is None
        child.send_signal(signal.SIGINT)
        assert child.wait(PATIENCE_S) == 130
        assert _is_down(url)

    again = ["up", held_flow.__file__, "--serve", "--port", "0", "--metrics", "--db", str(database)]
    with started(tmp_path, *again, "--input", json.dumps({"until": str(until)})) as child:
        url, secret = _server_of(child, metrics=True)
        assert httpx2.get(f"{url}/metrics").status_code == 401
        read = httpx2.get(f"{url}/metrics", headers={"authorization": f"Bearer {secret}"})
        assert "smithers_sse_clients 0.0" in read.text
        os.kill(child.pid, signal.SIGKILL)
        eventually(lambda: _is_down(url))


def test_what_cannot_be_combined_with_a_server_is_said(tmp_path: Path) -> None:
    for words in (
        ["--serve", "--detach"],
        ["--port", "1"],
        ["--metrics"],
        ["--serve", "--port", "70000"],
    ):
        said = smithers(tmp_path, "up", held_flow.__file__, *words)
        assert said.code == 2, words
        assert "hint: " in said.err
