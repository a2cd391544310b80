"""A hook of mkdocs: what a link leads to outside of docs/ is named, and must exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

__all__ = ["on_page_markdown"]

DOCS = Path(__file__).parent
_OUTSIDE = re.compile(r"\[([^\]]*)\]\(((?:\.\./)+[^)\s#]*)(#[^)\s]*)?\)")


def on_page_markdown(markdown: str, *, page: Any, **_: object) -> str:
    folder = (DOCS / page.file.src_path).parent

    def name(link: re.Match[str]) -> str:
        target = (folder / link[2]).resolve()
        if target.is_relative_to(DOCS):
            return link[0]
        if not target.exists():
            raise FileNotFoundError(f"{page.file.src_path} links to {link[2]}")
        return f"{link[1]} (`{target.relative_to(DOCS.parent)}`)"

    return _OUTSIDE.sub(name, markdown)
