"""The curl commands of docs/http.md and of the manual, typed by a shell against a real server."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from smithers.hub import Hub
from smithers.manual import FOLDER
from smithers.web._table import ROUTES
from tests.cli.command import environment
from tests.web.flows import ships

PAGE = (Path(__file__).parents[2] / "docs" / "http.md").read_text("utf-8")
CURLS = re.findall(r"^curl .*$", PAGE, re.M)
MANUAL = re.findall(r"^curl .*$", (FOLDER / "approvals.md").read_text("utf-8"), re.M)
_PATIENCE_S = 60


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_each_curl_of_the_page_is_answered(hub: Hub) -> None:
    *others, answered = MANUAL
    deciding = next(line for line in CURLS if "/answers" in line)
    assert answered.split(', "appr')[0] == deciding.replace("ship", "ok").split(', "appr')[0]
    asyncio.run(hub.run(ships, run_id="r1"))
    command = [sys.executable, "-P", "-m", "smithers", "serve", "--port", "0", "--json"]
    command += ["--db", str(hub.database)]
    with ExitStack() as stack:
        server = stack.enter_context(
            subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True)
        )
        stack.callback(server.kill)  # else a failure would wait for its end
        assert server.stdout is not None
        told = json.loads(server.stdout.readline())
        secret = Path(told["token_file"])
        assert secret.stat().st_mode & 0o077 == 0
        env = {**os.environ, "URL": told["url"], "TOKEN": secret.read_text().strip()}
        # The answer comes after all that needs a run which waits: the server wakes it at once.
        for line in [*others, *CURLS]:
            typed = ["bash", "-c", line.replace("curl -s", "exec curl --fail-with-body -s", 1)]
            if "/events" in line:
                assert _first_part(typed, env)["version"] == 1, line
                continue
            said = subprocess.run(
                typed, env=env, capture_output=True, text=True, timeout=_PATIENCE_S, check=False
            )
            assert said.returncode == 0, (line, said.stdout)
            json.loads(said.stdout)
        assert told["pid"] == server.pid
        server.send_signal(signal.SIGINT)
        assert server.wait(_PATIENCE_S) == 130


def _first_part(typed: list[str], env: dict[str, str]) -> Any:
    """The first document of a stream, which has no end while the run waits."""
    with subprocess.Popen(typed, env=env, stdout=subprocess.PIPE, text=True) as curl:
        assert curl.stdout is not None
        for line in curl.stdout:
            if (text := line.removeprefix("data: ")).startswith("{"):
                curl.kill()
                return json.loads(text)
    raise AssertionError(typed)


def test_the_page_names_every_route() -> None:
    for route in ROUTES:
        if route.path.startswith("/assets/"):
            continue  # no person types them
        path = route.path.replace("{run}", "RUN").replace("{task}", "TASK")
        assert f"`{path.replace('{frame}', 'N')}`" in PAGE, route.path
