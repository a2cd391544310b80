"""Takes the pictures of the pages that the docs show, from a real run: `make pictures`.

The run's agents are replayed from recorded sessions at their speed. Its process is killed while the
second one works, and the run is resumed; then it waits for a person.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from smithers.access import Sessions

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["PICTURES", "main"]

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "pictures"
PICTURES: dict[str, tuple[str, int, int, Literal["light", "dark"]]] = {
    "runs": ("/", 1280, 420, "light"),
    "run": ("/runs/release", 1280, 620, "light"),
    "task": ("/runs/release/tasks/implement", 1280, 760, "dark"),
    "question": ("/runs/release/ask?task=ship", 1280, 760, "light"),
    "phone": ("/runs/release/ask?task=ship", 360, 720, "light"),
}
"""The page of each, the size of its window, and its theme."""
_QUALITY = 82
_WAITS = 3
"""The exit code of a run that waits for a person."""


def main() -> None:
    """Make the runs, and replace all pictures."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        project, state = Path(scratch, "journal"), Path(scratch, "state")
        env = {**os.environ, "XDG_STATE_HOME": str(state), "SMITHERS_REPLAY": "whole"}
        make_runs(project, env)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        with served(project, env) as url:
            for name in PICTURES:
                take(browser, url, Sessions(env).offer("ann"), name)
        browser.close()


def make_runs(project: Path, env: dict[str, str]) -> None:
    """A finished run, and one that was killed, resumed, and waits for a person."""
    demo = ROOT / "harnesses" / "demo"
    project.mkdir()
    shutil.copy(demo / "ship_it.py", project)
    shutil.copy(ROOT / "docs" / "release_journal.py", project)
    for recorded in ("whole", "interrupted"):
        shutil.copytree(demo / recorded, project / recorded)
    smithers(project, env, "up", "ship_it.py", "--run-id", "first-try")
    env |= {"SMITHERS_REPLAY": "interrupted", "SMITHERS_REPLAY_SPEED": "1"}
    up = ["up", "release_journal.py", "--run-id", "release"]
    with subprocess.Popen(command(*up), cwd=project, env=env, stderr=subprocess.PIPE) as run:
        assert run.stderr is not None
        assert any(b"plan started" in line for line in run.stderr)
        time.sleep(1)  # it is at work
        run.kill()
    smithers(project, env, *up, "--resume", waits=True)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "smithers", *arguments]


def smithers(project: Path, env: dict[str, str], *arguments: str, waits: bool = False) -> None:
    """A command that ends well, or with a run that waits."""
    done = subprocess.run(command(*arguments), cwd=project, env=env, capture_output=True)
    assert done.returncode == (_WAITS if waits else 0), done


@contextmanager
def served(project: Path, env: dict[str, str]) -> Generator[str]:
    """The address of a server, until the end of the block."""
    serve = command("serve", "--port", "0", "--json")
    with subprocess.Popen(serve, cwd=project, env=env, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        try:
            url: str = json.loads(server.stdout.readline())["url"]
            yield url
        finally:
            server.kill()


def take(browser: Browser, url: str, code: str, name: str) -> None:
    """One picture, as WebP, which is a third of the size of a PNG."""
    path, width, height, theme = PICTURES[name]
    size: Any = {"width": width, "height": height}
    with browser.new_context(viewport=size, color_scheme=theme, device_scale_factor=1.5) as context:
        page = context.new_page()
        page.goto(f"{url}/session?code={code}")
        page.wait_for_url(f"{url}/")
        page.goto(url + path)
        page.locator("h1").first.wait_for(state="attached")
        page.wait_for_timeout(500)  # until it is live
        session: Any = context.new_cdp_session(page)
        taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": _QUALITY})
        (FOLDER / f"{name}.webp").write_bytes(base64.b64decode(taken["data"]))


if __name__ == "__main__":
    main()
