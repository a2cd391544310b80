"""A real server that a real Prometheus scrapes, and the file for node_exporter."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from smithers.cli._metrics_file import keep_writing
from smithers.hub import Hub
from smithers.web import make_app
from tests.cli.command import environment, smithers
from tests.metrics.test_counting import works
from tests.web.serving import READER, FakeTokens

_PATIENCE_S = 60.0


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    made = Hub(tmp_path / "runs.db")
    asyncio.run(made.run(works, run_id="r1"))
    return made


def eventually(look: Callable[[], Any], wanted: object) -> None:
    end, found = time.monotonic() + _PATIENCE_S, None
    while time.monotonic() < end:
        try:
            if (found := look()) == wanted:
                return
        except OSError:
            pass  # it is not up yet
        time.sleep(0.1)
    raise AssertionError(f"{found!r} never became {wanted!r}")


def _free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def _following(url: str, token_file: str) -> Generator[None]:
    """A client that listens to the events of a server."""
    secret = Path(token_file).read_text().strip()
    headers = {"authorization": f"Bearer {secret}", "accept": "text/event-stream"}
    request = urllib.request.Request(f"{url}/api/v1/events", headers=headers)
    with urllib.request.urlopen(request, timeout=_PATIENCE_S):
        yield


@pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="prometheus (Debian: prometheus) is not installed"
)
def test_prometheus_scrapes_a_server(hub: Hub, tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "smithers", "serve", "--port", "0", "--json"]
    command += ["--metrics", "--db", str(hub.database)]
    said = tmp_path / "said"
    with (
        said.open("w") as err,
        subprocess.Popen(
            command, env=environment(), stdout=subprocess.PIPE, stderr=err, text=True
        ) as server,
        ExitStack() as stack,
    ):
        stack.callback(server.kill)  # else a failure would wait for its end
        assert server.stdout is not None
        told = json.loads(server.stdout.readline())
        config, port = tmp_path / "prometheus.yml", _free_port()
        config.write_text(f"global:\n  scrape_interval: 1s\n{said.read_text()}")
        subprocess.run(
            ["promtool", "check", "config", config], check=True, capture_output=True, timeout=60
        )
        watching = [
            "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={tmp_path / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=error",
        ]

        def value(query: str) -> str | None:
            address = f"http://127.0.0.1:{port}/api/v1/query?query={urllib.parse.quote(query)}"
            with urllib.request.urlopen(address, timeout=5) as answer:
                found = json.load(answer)["data"]["result"]
            return found[0]["value"][1] if found else None

        with subprocess.Popen(watching) as prometheus:
            try:
                eventually(lambda: value('smithers_tasks_total{state="finished"}'), "4")
                assert value('smithers_tokens_total{kind="cached",agent="writer"}') == "60"
                assert value('sum(smithers_waits{kind="approval"})') == "1"
                assert value("up") == "1"
                with _following(told["url"], told["token_file"]):
                    eventually(lambda: value("smithers_sse_clients"), "1")
                eventually(lambda: value("smithers_sse_clients"), "0")
                asyncio.run(hub.run(works, run_id="r2"))
                eventually(lambda: value('smithers_tasks_total{state="finished"}'), "8")
            finally:
                prometheus.terminate()
        server.send_signal(signal.SIGINT)
        assert server.wait(_PATIENCE_S) == 130


def test_reading_metrics_needs_a_token_and_gives_the_format_that_is_asked_for(hub: Hub) -> None:
    with TestClient(make_app(hub, FakeTokens()), "http://127.0.0.1:7331") as client:
        assert client.get("/metrics").status_code == 401
        client.headers["authorization"] = f"Bearer {READER}"
        plain = client.get("/metrics")
        assert plain.status_code == 200
        assert plain.headers["content-type"].startswith("text/plain; version=")
        assert 'smithers_tasks_total{state="finished"} 4.0' in plain.text
        media = "application/openmetrics-text"
        other = client.get("/metrics", headers={"accept": f"{media}; version=1.0.0"})
        assert other.headers["content-type"].startswith(media)
        assert other.text.endswith("# EOF\n")


def test_supervise_writes_a_file_for_node_exporter(hub: Hub, tmp_path: Path) -> None:
    file = tmp_path / "smithers.prom"
    done = smithers(tmp_path, "supervise", "--once", "--metrics-file", str(file), "--db", "runs.db")
    assert done.code == 0, done.err
    assert 'smithers_tasks_total{state="finished"} 4.0' in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o644
    wrong = smithers(tmp_path, "supervise", "--metrics-file", "smithers.txt", "--db", "runs.db")
    assert (wrong.code, "does not end in .prom" in wrong.err) == (2, True)
    gone = smithers(tmp_path, "supervise", "--metrics-file", "gone/a.prom", "--db", "runs.db")
    assert (gone.code, "there is no folder gone" in gone.err) == (2, True)
    assert [path.name for path in tmp_path.glob(".*prom*")] == []


def test_a_reader_of_the_file_never_has_half_of_it(hub: Hub, tmp_path: Path) -> None:
    file = tmp_path / "smithers.prom"

    async def read() -> None:
        writing = asyncio.create_task(keep_writing(hub, file, every_s=0))
        seen = set[int]()
        async with asyncio.timeout(_PATIENCE_S):
            while len(seen) < 20:
                await asyncio.sleep(0)
                if file.exists():
                    assert "smithers_commit_duration_seconds_sum" in file.read_text()
                    seen.add(file.stat().st_mtime_ns)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)

    asyncio.run(read())


def test_a_file_that_cannot_be_written_is_said_once(
    hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "folder" / "smithers.prom"

    said: list[str] = []

    def is_said() -> bool:
        said.append(capsys.readouterr().err)
        return bool("".join(said))

    async def write() -> None:
        writing = asyncio.create_task(keep_writing(hub, file, every_s=0.001))
        await asyncio.to_thread(eventually, is_said, True)
        await asyncio.sleep(0.05)  # it tries again, and does not say it again
        file.parent.mkdir()
        await asyncio.to_thread(eventually, file.exists, True)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)

    asyncio.run(write())
    is_said()
    assert "".join(said).count("cannot be written: No such file") == 1
