"""Whatever stands in a client's settings says the same when an entry comes, changes and goes."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mcp_server import _json_text, _toml_text

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text().filter(lambda key: key not in ("a", "m")), JSON, max_size=3)
FIELDS: dict[str, object] = {"command": 'p "é"\\', "args": ["-m", "x"], "type": "stdio"}


@given(
    outer=OBJECTS,
    servers=st.none() | OBJECTS,
    entry=st.none() | OBJECTS,
    indent=st.sampled_from([None, 0, 1, 4, "\t"]),
    loose=st.booleans(),
)
def test_any_json_says_the_same_after_and_is_the_same_when_it_is_taken_back(
    outer: dict[str, Any],
    servers: dict[str, Any] | None,
    entry: dict[str, Any] | None,
    indent: int | str | None,
    loose: bool,
) -> None:
    if servers is not None:
        outer["m"] = servers if entry is None else {**servers, "a": entry}
    separators = (" , ", " : ") if loose else None
    text = json.dumps(outer, indent=indent, separators=separators, ensure_ascii=loose)
    after = _json_text.put(text, ("m", "a"), FIELDS)
    was: dict[str, Any] = outer.get("m", {})
    assert json.loads(after) == {**outer, "m": {**was, "a": {**was.get("a", {}), **FIELDS}}}
    back = _json_text.dropped(after, ("m", "a"))
    assert json.loads(back) == {**outer, "m": {k: v for k, v in was.items() if k != "a"}}
    if servers and entry is None:
        assert back == text


KEYS = st.sampled_from(["b", "c.d", "é", "x y"])
STRINGS = ['"s"', '"""\n[m.a]\n"""', "'''a\n'''"]
VALUES = st.sampled_from([*STRINGS, "1", "[\n  1, # one\n]", "{ k = 'v' }", "1979-05-27"])


@given(
    tables=st.lists(st.tuples(KEYS, KEYS, VALUES), unique_by=lambda one: one[0], max_size=3),
    top=st.dictionaries(KEYS, VALUES, max_size=2),
    blank=st.sampled_from(["", "\n", "\n# words\n\n", "  \n"]),
    ends=st.sampled_from(["\n", "\r\n"]),
    whole=st.booleans(),
)
def test_any_toml_says_the_same_after_and_is_the_same_when_it_is_taken_back(
    tables: list[tuple[str, str, str]], top: dict[str, str], blank: str, ends: str, whole: bool
) -> None:
    lines = [f'"{key}" = {value}\n' for key, value in top.items()]
    lines += [f'{blank}[m."{table}"]\n"{key}" = {value}\n' for table, key, value in tables]
    text = "".join(lines).replace("\n", ends)
    text = text if whole else text.removesuffix(ends)
    said = tomllib.loads(text)
    after = _toml_text.put(text, ("m", "a"), FIELDS)
    assert after.startswith(text)
    assert tomllib.loads(after) == {**said, "m": {**said.get("m", {}), "a": FIELDS}}
    newer = {"args": ["-m", "y"], "more": True}
    changed = _toml_text.put(after, ("m", "a"), newer)
    assert tomllib.loads(changed)["m"]["a"] == {**FIELDS, **newer}
    back = _toml_text.dropped(changed, ("m", "a"))
    assert tomllib.loads(back) == said
    assert back.rstrip() == text.rstrip()
