"""Writes version_N.sql: the rows of four runs, as one release keeps them.

Run it once for each version of the database, before that version is published, with that release on
the import path: `python tests/databases/make.py`. A file that was published is never written again.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

HERE = Path(__file__).parent
LEFT = {"waiting": 3, "failed": 1, "finished": 6}
"""The exit code of `up` of each workflow of flow.py that ends by itself."""


def make(folder: Path) -> Path:
    """Run the four workflows in `folder`; the database, whose last owner was killed."""
    shutil.copy(HERE / "flow.py", folder)
    for name, code in LEFT.items():
        done = subprocess.run(_up(name), cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode != code:
            raise SystemExit(f"{name} exited with {done.returncode}, not {code}:\n{done.stderr}")
    with subprocess.Popen(_up("crashed"), cwd=folder, stdout=subprocess.PIPE, text=True) as owner:
        _wait_until_it_hangs(folder)
        owner.send_signal(signal.SIGKILL)
    return folder / "smithers.db"


def _up(name: str) -> list[str]:
    command = [sys.executable, "-m", "smithers", "up", f"flow.py:{name}"]
    return [*command, "--run-id", name, "--db", "smithers.db"]


def _wait_until_it_hangs(folder: Path) -> None:
    hanging = folder / "hanging"
    while not hanging.exists():
        os.sched_yield()


def dump(database: Path, folder: Path) -> str:
    """The database as SQL text, without what tells of this machine."""
    with closing(sqlite3.connect(database)) as db:
        version: int = db.execute("PRAGMA user_version").fetchone()[0]
        application: int = db.execute("PRAGMA application_id").fetchone()[0]
        db.execute("""UPDATE runs SET environment = '["PATH"]', interpreter = '/usr/bin/python3'""")
        lines = [f"PRAGMA application_id = {application};", f"PRAGMA user_version = {version};"]
        text = "\n".join([*lines, *db.iterdump()]) + "\n"
    return text.replace(str(folder), "/project")


def main() -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(os.path.realpath(made))
        text = dump(make(folder), folder)
    version = text.split("PRAGMA user_version = ", 1)[1].split(";", 1)[0]
    kept = HERE / f"version_{version}.sql"
    if kept.exists() and "--again" not in sys.argv[1:]:
        raise SystemExit(f"{kept} exists; it is not written again once it is published")
    kept.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
