"""No recording that ships holds a secret, or names a user, a machine or a place on one.

By their shape here and in CI; by their value as well, which only the machine knows that recorded.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harnesses._json import object_in
from harnesses.recording import Ending, Header, Recorder, read_sessions
from harnesses.scrubbing import KEY_SHAPES, both, machine, secrets_of
from tests.harness.helpers import ROOT

FOLDERS = ("recordings", "harnesses/demo", "harnesses/shapes", "examples/testing/recordings")
SHIPPED = sorted(
    path
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".jsonl", ".json")
)
MACHINE = re.compile(  # each begins with a letter of its own: megabytes are searched quickly
    r"/root\b|/home/|/Users/|/work\b|/tmp\b|/var/folders|:(?<=[A-Z]:)\\+Users"
    r"|r(?<![\w$.{-]r)oot(?![\w}])|127\.0\.0\.1:\d+|localhost:\d+"
)
ALLOWED = re.compile(r"http://127\.0\.0\.1:9\b")
BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
STREAMS = ("in", "out", "err")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def leaks(text: str) -> list[str]:
    """What stands in a text that must not, however it is disguised there."""
    found: list[str] = []
    for reading in readings(text):
        plain = ALLOWED.sub("", reading)
        found += [match[0] for shape in (MACHINE, KEY_SHAPES) for match in shape.finditer(plain)]
    return found


def readings(text: str) -> Iterator[str]:
    """A text as it is, without the escapes of JSON in JSON, with its lines joined, decoded."""
    yield text
    joined = "".join(told(text))
    for _ in range(3):
        yield joined
        yield re.sub(r"\r?\n[ \t]*", "", joined)
        joined = unescaped(joined)
    for match in BASE64.finditer(joined):
        yield decoded(match[0])


def told(text: str) -> Iterator[str]:
    """What a recording's events say, stream by stream, as if there were no chunks."""
    events = [event for line in text.splitlines() if (event := object_in(line))]
    for stream in STREAMS:
        for event in events:
            if event.get("s") == stream:
                yield event.get("d") or decoded(event.get("b64", ""))
        yield "\n"
    for event in events:
        if "s" not in event:
            yield f"{event}\n"


def unescaped(text: str) -> str:
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)
    return text.replace("\\n", "\n").replace("\\/", "/").replace('\\"', '"').replace("\\\\", "\\")


def decoded(text: str) -> str:
    """What a text says in base64, if it says anything."""
    try:
        whole = text[: len(text) // 4 * 4] if "=" not in text else text
        return base64.urlsafe_b64decode(whole.replace("+", "-").replace("/", "_")).decode()
    except (binascii.Error, ValueError):
        return ""


def test_there_is_something_to_look_at() -> None:
    assert {name_of(path).split("/")[0] for path in SHIPPED} == {
        "recordings",
        "harnesses",
        "examples",
    }
    assert len(SHIPPED) > 100


@pytest.mark.sampled(97)
@pytest.mark.parametrize("path", SHIPPED, ids=name_of)
def test_what_ships_holds_no_key_and_names_no_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert leaks(text) == []
    here = both(secrets_of(os.environ), machine(ROOT, None, os.environ))
    assert here(text) == text
    if path.suffix == ".jsonl":
        (session,) = read_sessions(path)
        assert session.header.source == "scripted-model"


KEY = "sk-" + "a1B2c3D4" * 3
PATH = "/home" + "/ada/project"
EVENT = {"t": 0.1, "s": "out"}
DISGUISES: dict[str, list[dict[str, Any]]] = {
    "plain": [{**EVENT, "d": f"the key is {KEY}\n"}],
    "in two chunks": [{**EVENT, "d": f"{KEY[:9]}"}, {**EVENT, "d": f"{KEY[9:]}\n"}],
    "in base64": [{**EVENT, "b64": base64.b64encode(f"\n{KEY}\n".encode()).decode()}],
    "in base64 in JSON": [
        {**EVENT, "d": json.dumps({"of": base64.b64encode(KEY.encode()).decode()})}
    ],
    "in JSON in JSON": [{**EVENT, "d": json.dumps({"of": json.dumps({"key": f"x\n{KEY}"})})}],
    "a path": [{**EVENT, "d": PATH}],
    "a path with escapes": [{**EVENT, "d": json.dumps(PATH).replace("/", "\\/")}],
    "a path in characters": [{**EVENT, "d": PATH.replace("/", "\\u002f")}],
    "a path over two lines": [{**EVENT, "d": f"{PATH[:3]}\n  {PATH[3:]}\n"}],
    "a path over two chunks": [{**EVENT, "d": PATH[:3]}, {**EVENT, "d": PATH[3:]}],
    "an argument": [{"v": 1, "kind": "harness-session", "argv": ["claude", "--add-dir", PATH]}],
    "a file": [{"t": 1, "end": {"rc": 0}, "writes": {"a.txt": f"see {PATH}"}}],
}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_leak_is_found_in_every_disguise(disguise: str) -> None:
    assert leaks("".join(json.dumps(event) + "\n" for event in DISGUISES[disguise]))


def test_what_the_recorder_writes_passes_the_scan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    cwd, env = Path(PATH), {"HOME": str(Path(PATH).parent), "A_TOKEN": "heron-2026"}
    scrub = both(secrets_of(env), machine(cwd, None, env))
    path = tmp_path / "r.jsonl"
    recorder = Recorder(path, Header(program="p", argv=("p", PATH), prompt_sha=""), scrub)
    for stream, text in (
        ("out", f"{KEY} in {PATH} of ada\n"),
        ("err", json.dumps({"of": PATH}).replace("/", "\\/") + "\n"),
        ("in", "heron-2026\n"),
    ):
        for at in range(0, len(text), 7):
            recorder.chunk(stream, text[at : at + 7].encode())  # type: ignore[arg-type]
    recorder.end(Ending(rc=0), {"a.txt": f"{PATH} heron-2026"})
    recorder.close()
    text = path.read_text()
    assert leaks(text) == []
    assert "heron" not in text
    assert not re.search(r"\bada\b", text)
