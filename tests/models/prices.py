"""Writes `harnesses/models/prices.toml` from the table of the litellm that is installed.

    python -m tests.models.prices

Left out are models that are not for text, what costs nothing there, and dated names that cost what
the name without its date costs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.places import HARNESSES

PRICES = HARNESSES / "models" / "prices.toml"
_WANTED = {
    "anthropic": re.compile(r"claude-"),
    "openai": re.compile(r"(gpt-\d|o\d|codex)"),
    "google": re.compile(r"gemini-\d|gemini-[a-z-]+-latest"),
}
_THEIRS = {"anthropic": "anthropic", "openai": "openai", "google": "gemini"}
_NO_TEXT = re.compile(r"audio|search|tts|image|robotics|computer-use|realtime|omni|transcribe")
_DATED = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2})$")
_FIELDS = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cached": "cache_read_input_token_cost",
    "written": "cache_creation_input_token_cost",
}
_ABOVE = re.compile(r"input_cost_per_token_above_(\d+)k_tokens$")

Price = dict[str, Any]


def table() -> Mapping[str, Mapping[str, Any]]:
    """Litellm's own table, read without importing it."""
    spec = find_spec("litellm")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).with_name("model_prices_and_context_window_backup.json")
    found: Mapping[str, Mapping[str, Any]] = json.loads(path.read_text(), parse_float=Decimal)
    return found


def priced(provider: str) -> dict[str, Price]:
    """The models of one provider, with US dollars for a million tokens."""
    found: dict[str, Price] = {}
    for name, told in sorted(table().items()):
        model = name.removeprefix("gemini/")
        of_it = told.get("litellm_provider") == _THEIRS[provider]
        if not of_it or told.get("mode") not in ("chat", "responses") or _NO_TEXT.search(model):
            continue
        if _WANTED[provider].match(model) and told.get("input_cost_per_token"):
            found[model] = _price(told)
    return {name: one for name, one in found.items() if found.get(_DATED.sub("", name)) != one
            or not _DATED.search(name)}  # fmt: skip


def _price(told: Mapping[str, Any]) -> Price:
    price: Price = dict(_costs(told, ""))
    above = next((int(match[1]) for key in told if (match := _ABOVE.match(key))), 0)
    if above:
        more = dict(_costs(told, f"_above_{above}k_tokens"))
        price |= {"above_tokens": above * 1000, "above": price | more}
    return price


def _costs(told: Mapping[str, Any], suffix: str) -> Iterator[tuple[str, Decimal]]:
    for name, key in _FIELDS.items():
        if told.get(key + suffix) is not None:
            yield name, Decimal(told[key + suffix]) * 1_000_000


def text() -> str:
    """The file, as it should be."""
    lines = [
        "# US dollars for a million tokens of text. `cached` is input from the vendor's cache and",
        "# `written` is input put there; `above` is the price of a request with more input than",
        "# `above_tokens`. A model that is not here has no known price, which is not a price of 0.",
        f"# From the table of litellm {version('litellm')}, by `python -m tests.models.prices`.",
    ]
    for provider in _WANTED:
        lines += ["", f"[{provider}]"]
        lines += [f'"{name}" = {_toml(price)}' for name, price in priced(provider).items()]
    return "\n".join(lines) + "\n"


def _toml(price: Mapping[str, Any]) -> str:
    parts = (
        f"{name} = {_toml(value) if name == 'above' else _number(value)}"
        for name, value in price.items()
    )
    return "{ " + ", ".join(parts) + " }"


def _number(value: Decimal | int) -> str:
    return str(value) if isinstance(value, int) else format(value.normalize(), "f")


if __name__ == "__main__":
    PRICES.write_text(text())
