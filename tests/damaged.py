"""An installation of ours in a folder, and made-up distributions that write into it as pip does."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path

from tests.places import SMITHERS

__all__ = ["ROOT", "Site", "install_ours"]

ROOT = Path(__file__).parents[1]
_ALONE = f"import sys\nsys.path[:] = [one for one in sys.path if one != {str(ROOT)!r}]\n"
"""Python runs it at its start: the checkout, which is installed too, is not looked in."""
_OURS = ("smithers", "harnesses", "mcp_server", "_smithers_orchestrator")


class Site:
    """A folder of installed packages, ours first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, name: str, files: Mapping[str, str]) -> None:
        """Write the files of a distribution, over those that are there, and its record."""
        for path, text in files.items():
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(text)
        _record(self.folder, name, sorted(files))

    def uninstall(self, name: str) -> None:
        """Remove the files that the distribution listed, whoever else wrote them."""
        info = self.folder / f"{name.replace('-', '_')}-1.0.dist-info"
        for line in (info / "RECORD").read_text().splitlines():
            (self.folder / line.split(",")[0]).unlink(missing_ok=True)
        shutil.rmtree(info)

    def run(self, where: Path, *words: str) -> subprocess.CompletedProcess[str]:
        """Run Python on words, with the packages of this folder before all others."""
        kept = {name: os.environ[name] for name in ("HOME", "TMPDIR") if name in os.environ}
        env = kept | {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(self.folder), "NO_COLOR": "1"}
        return subprocess.run(
            [sys.executable, "-P", *words],
            cwd=where,
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def smithers(self, where: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command as its script in `bin` does."""
        return self.run(where, "-c", "from _smithers_orchestrator import main; main()", *arguments)


def install_ours(folder: Path) -> Site:
    """Install what a wheel of this checkout would hold."""
    for name in _OURS:
        ignored = shutil.ignore_patterns("__pycache__")
        source = SMITHERS.parent / name
        shutil.copytree(source, folder / name, ignore=ignored, dirs_exist_ok=True)
    files = [path for path in folder.rglob("*") if path.is_file()]
    ours = [str(path.relative_to(folder)) for path in files if not _is_of_others(path, folder)]
    _record(folder, "smithers-orchestrator", sorted(ours))
    points = distribution("smithers-orchestrator").read_text("entry_points.txt")
    assert points
    (folder / "smithers_orchestrator-1.0.dist-info" / "entry_points.txt").write_text(points)
    (folder / "sitecustomize.py").write_text(_ALONE)
    return Site(folder)


def _is_of_others(path: Path, folder: Path) -> bool:
    top = path.relative_to(folder).parts[0]
    return top not in _OURS or "__pycache__" in path.parts


def _record(folder: Path, name: str, files: list[str]) -> None:
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = [f"{path},sha256={_digest(folder / path)},1\n" for path in files]
    (info / "RECORD").write_text("".join(lines))


def _digest(path: Path) -> str:
    digest = hashlib.sha256(path.read_bytes()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
