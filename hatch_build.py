"""What an index shows of a release: addresses of the repository, and a README whose links work.

The address is that of the repository from which the release is built: SMITHERS_REPOSITORY, or the
remote `origin` of a checkout. Without either, a build has no addresses, and an unchanged README.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

__all__ = ["RepositoryHook", "absolute_links", "repository_of"]

_LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)\s]+)(?=[)\s])")
_SSH = re.compile(r"(?:ssh://)?git@([^:/]+)[:/](.+)")
_PAGES = {
    "Documentation": "docs/workflows.md",
    "Changelog": "CHANGELOG.md",
    "Security": "SECURITY.md",
}


class RepositoryHook(MetadataHookInterface):
    """Fills in `urls` and `readme`, which pyproject.toml calls dynamic."""

    def update(self, metadata: dict[str, Any]) -> None:
        root = Path(self.root)
        text = (root / "README.md").read_text(encoding="utf-8")
        if address := repository_of(root):
            pages = {name: f"{address}/blob/HEAD/{path}" for name, path in _PAGES.items()}
            issues = {"Issues": f"{address}/issues"}
            metadata["urls"] = {"Repository": address} | issues | pages
            text = absolute_links(text, address)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


def repository_of(root: Path) -> str | None:
    """The address of the repository for a browser, if it is known."""
    told = os.environ.get("SMITHERS_REPOSITORY")
    if not told:
        command = ["git", "-C", str(root), "config", "--get", "remote.origin.url"]
        try:
            told = subprocess.run(
                command, capture_output=True, text=True, check=True
            ).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            return None
    told = _SSH.sub(r"https://\1/\2", told).removesuffix("/").removesuffix(".git")
    return told if told.startswith("https://") else None


def absolute_links(text: str, address: str) -> str:
    """A Markdown text in which each link to a file of the repository leads to that file there."""
    return _LINK.sub(lambda found: f"{address}/blob/HEAD/{found[1]}", text)
