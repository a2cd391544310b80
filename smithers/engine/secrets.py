"""Secrets of the environment become `${NAME}` before anything is kept or shown."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import cast

from smithers.tree import clean

__all__ = ["Secrets"]

_NAMED_LIKE = ("KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL")
MIN_LENGTH = 8
"""Shorter values are words that stand in harmless text too."""


class Secrets:
    """The values of environment variables that are named like secrets, each as it may appear."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        found: dict[str, str] = {}
        for name, value in environment.items():
            if len(value) < MIN_LENGTH or not any(part in name.upper() for part in _NAMED_LIKE):
                continue
            if value.startswith("/") and os.path.exists(value):
                continue  # the path of a key file, which is no secret
            for form in (
                value,
                json.dumps(value)[1:-1],
                json.dumps(value, ensure_ascii=False)[1:-1],
            ):
                found.setdefault(form, f"${{{name}}}")
            for line in value.splitlines():
                if len(line.strip()) >= MIN_LENGTH:
                    found.setdefault(line.strip(), f"${{{name}}}")
        # Longest first, so that a value within another leaves no rest of the longer one.
        self._forms = sorted(found.items(), key=lambda item: -len(item[0]))

    def scrub(self, text: str) -> str:
        """`text` without any secret value, and without lone surrogates, which no store takes."""
        for form, name in self._forms:
            if form in text:
                text = text.replace(form, name)
        return text if text.isascii() else cast("str", clean(text))

    def scrub_json(self, text: str) -> str:
        """JSON text without any secret value in its texts; it stays JSON."""
        if not any(form in text for form, _ in self._forms):
            return text
        value = cast("object", json.loads(text))
        return json.dumps(clean(value, self.scrub), ensure_ascii=False)
