"""One server with runs, and one browser, for all tests of this folder."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from smithers.access import Sessions
from smithers.hub import Hub
from smithers.workflows import Workflow
from tests.cli.command import smithers
from tests.inspector import flows, task_flows
from tests.web.process import Served, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

_REQUIRED = "SMITHERS_BROWSER_REQUIRED"
_DEMO = Path(__file__).parents[2] / "harnesses" / "demo"
_RUNS: dict[str, Workflow[Any, Any]] = {
    "asks": flows.asks,
    "publishes": flows.publishes,
    "shapes": flows.asks_shapes,
    "others": flows.asks_others,
    "data": flows.asks_data,
    "issues": flows.issues,
    "breaks": flows.breaks,
    "busy": flows.busy,
    "hostile": flows.hostile,
    "wide": flows.wide,
    "large": flows.large,
    "release": flows.release,
    flows.MERGE_ID: flows.triage,
    "migrate": flows.migrate,
    "allows": flows.allows,
    "fixes": task_flows.fixes,
    "kinds": task_flows.kinds,
    "kettle": flows.kettle,
}


def aside(work: Callable[[], Coroutine[Any, Any, object]]) -> None:
    """Do something asynchronous in a thread, since the browser's own loop is in this one."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


@dataclass(frozen=True, kw_only=True)
class Inspector:
    """A project with its server."""

    folder: Path
    served: Served
    sessions: Sessions

    @property
    def hub(self) -> Hub:
        return Hub(self.folder / "runs.db")

    @property
    def url(self) -> str:
        return self.served.url

    def run(self, flow: Workflow[Any, Any], run_id: str) -> None:
        aside(lambda: self.hub.run(flow, run_id=run_id))

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """What the API answers to a request."""
        found = httpx2.post(
            f"{self.url}/api/v1{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.served.secret}"},
            timeout=30,
        )
        assert found.is_success, found.text
        return found.json()

    def sign_in(self, context: BrowserContext, name: str = "ann") -> None:
        page = context.new_page()
        page.goto(f"{self.url}/session?code={self.sessions.offer(name)}")
        page.wait_for_url(f"{self.url}/")
        page.close()


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """What the server and the tests trust and know."""
    with pytest.MonkeyPatch.context() as patch:
        found = tmp_path_factory.mktemp("state")
        patch.setenv("XDG_STATE_HOME", str(found))
        yield found


@pytest.fixture(autouse=True)
def state_of_the_test(state: Path) -> Generator[None]:
    """All tests share a server, and so what it trusts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(state))
        yield


@pytest.fixture(scope="session")
def project(state: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of each kind, one of them with agents that are replayed."""
    folder = tmp_path_factory.mktemp("kettle")
    shutil.copy(_DEMO / "ship_it.py", folder)
    for module in ("flows.py", "task_flows.py"):
        shutil.copy(Path(__file__).with_name(module), folder)
    shutil.copytree(_DEMO / "whole", folder / "recordings")
    env = {"SMITHERS_REPLAY": "recordings", "XDG_STATE_HOME": str(state)}
    done = smithers(folder, "up", "ship_it.py", "--run-id", "demo", "--db", "runs.db", env=env)
    assert done.code == 0, done
    make_runs(folder)
    return folder


def make_runs(folder: Path) -> None:
    """The runs that are made in memory; agents work in a repository of the folder."""
    hub = Hub(folder / "runs.db")
    task_flows.make_repository(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for run_id, flow in _RUNS.items():
            aside(lambda flow=flow, run_id=run_id: hub.run(flow, run_id=run_id))  # type: ignore[misc]
        hub.fork("kettle", new_id="kettle-b", outputs={"survey": '"It is the date."'}, by="ann")
        aside(lambda: hub.resume("kettle-b", workflow=flows.kettle))
        hub.decide("kinds", "decided", approved=True, by="ann", note="The tests are green.")
        hub.answer("kinds", "answered", "beta", by="ann")
        aside(lambda: hub.resume("kinds", workflow=task_flows.kinds))


@contextmanager
def inspecting(folder: Path, state: Path, *, port: int = 0) -> Generator[Inspector]:
    """The server of a project, in a process of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(state))
        with serving(folder / "runs.db", port=port) as served:
            sessions = Sessions({"XDG_STATE_HOME": str(state)})
            yield Inspector(folder=folder, served=served, sessions=sessions)


@pytest.fixture(scope="session")
def inspector(project: Path, state: Path) -> Generator[Inspector]:
    with inspecting(project, state) as found:
        yield found


@pytest.fixture(scope="session")
def chromium() -> Generator[Browser]:
    from playwright.sync_api import sync_playwright

    if (program := shutil.which("chromium")) is None:
        assert _REQUIRED not in os.environ, "chromium is needed: apt-get install chromium"
        pytest.skip("needs chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        yield browser
        browser.close()


@dataclass(frozen=True)
class Watched:
    """A page of a browser, and all that it complained about or asked another host for."""

    page: Page
    complaints: list[str]

    def is_quiet(self) -> bool:
        return not self.complaints


def watch(page: Page, url: str) -> Watched:
    found: list[str] = []

    def hear(said: ConsoleMessage) -> None:
        if said.type == "error":
            found.append(said.text)

    def see(request: Request) -> None:
        if not request.url.startswith(url):
            found.append(request.url)

    page.on("console", hear)
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("request", see)
    return Watched(page, found)


@pytest.fixture(scope="module")
def context(chromium: Browser, inspector: Inspector) -> Generator[BrowserContext]:
    """A browser of a person who is signed in."""
    with signed_in(chromium, inspector) as found:
        yield found


@contextmanager
def signed_in(chromium: Browser, inspector: Inspector, **given: Any) -> Generator[BrowserContext]:
    with chromium.new_context(**given) as found:
        found.set_default_timeout(30_000)
        inspector.sign_in(found)
        yield found


@pytest.fixture
def watched(context: BrowserContext, inspector: Inspector) -> Generator[Watched]:
    page = context.new_page()
    yield watch(page, inspector.url)
    page.close()
