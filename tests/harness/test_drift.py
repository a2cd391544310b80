"""What a program says is reduced to its shape, and a change of the shape is told."""

from __future__ import annotations

import json
import venv
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harnesses import comparable, drift_of
from harnesses._drift import SHAPES, kept_shape, names_read
from harnesses._shape import Drift, Shape, drift, shape_of
from harnesses.recording import Header, Moment, Recording
from recordings.shapes import shape_of_recordings
from smithers.errors import NotInstalled
from tests.harness.helpers import ROOT, installed, put_player

HEADER = Header(program="p", argv=("p",), prompt_sha="", version="1.2.3")
ID = "0b0b0b0b-1111-4222-8333-444444444444"
BEGUN = {"type": "system", "subtype": "init", "id": ID, "at": "2026-01-02T03:04:05Z"}
DONE: dict[str, Any] = {
    "type": "result",
    "cost": 0.5,
    "usage": {"in": 3, "cached": None},
    "said": [{"type": "text", "text": "Hi"}, {"type": "call", "input": {"any": 1}}],
}


def session(*events: object, noise: bytes = b"") -> Recording:
    lines = b"".join(json.dumps(event).encode() + b"\n" for event in events)
    return Recording(header=HEADER, moments=(Moment(t=0, stream="out", data=noise + lines),))


def shape(*events: object, case: str = "one") -> Shape:
    return shape_of([(case, session(*events))])


def without(event: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != key}


def test_a_shape_has_the_types_of_events_keys_and_values() -> None:
    found = shape_of([("one", session(BEGUN, DONE, noise=b"no JSON\n"))])
    assert found.version == "1.2.3"
    assert found.objects == {
        "system/init": {"at": "time", "id": "uuid", "subtype": "str", "type": "str"},
        "result": {"cost": "number", "said": "list", "type": "str", "usage": "object"},
        "result.usage": {"cached": "null", "in": "number"},
        "result.said[](text)": {"text": "str", "type": "str"},
        "result.said[](call)": {"input": "object", "type": "str"},
    }
    assert found.cases["one"].events == ("result", "system/init")
    assert found.cases["one"].ends == "result"


def test_a_key_that_is_absent_at_times_is_optional_and_types_are_added_up() -> None:
    found = shape(DONE, without(DONE, "usage") | {"cost": None})
    assert found.objects["result"]["usage?"] == "object"
    assert found.objects["result"]["cost"] == "null|number"


def test_an_event_of_a_step_is_told_apart_and_not_missed_while_the_step_goes_on() -> None:
    step = {"event": "step", "source": "MODEL", "type": "TEXT", "id": ID}
    going = step | {"status": "ACTIVE", "content_delta": "H"}
    done, final = step | {"status": "DONE"}, {"event": "final", "status": "completed"}
    whole = shape(going, done, final)
    assert set(whole.objects) == {
        "step/MODEL/TEXT/ACTIVE", "step/MODEL/TEXT/DONE", "final/completed"
    }  # fmt: skip
    assert whole.cases["one"].ends == "final/completed"
    assert drift(whole, shape(done, final)) == Drift()
    gone = ("step/MODEL/TEXT/DONE no longer occurs (one)",)
    assert drift(whole, shape(going, final)).broken == gone
    told = drift(whole, shape(without(going, "content_delta") | {"delta": "H"}, done, final))
    assert told.broken == ("step/MODEL/TEXT/ACTIVE.content_delta is gone",)


def test_other_ids_times_numbers_and_texts_are_no_drift() -> None:
    other = DONE | {"cost": 7, "said": [{"type": "text", "text": "Ho"}]}
    assert drift(shape(BEGUN, DONE), shape(BEGUN | {"id": ID.replace("0", "9")}, other)) == Drift()


BREAKING: list[tuple[list[Any], str]] = [
    ([without(DONE, "cost")], "result.cost is gone"),
    ([DONE | {"cost": "0.5"}], "result.cost is str, and was number"),
    ([DONE | {"usage": {}}], "result.usage.in is gone"),
    ([DONE, without(DONE, "cost")], "result.cost is no longer always present"),
    ([], "the last event is system/init, and was result (one)"),
    ([], "result no longer occurs (one)"),
]


@pytest.mark.parametrize(("now", "broken"), BREAKING)
def test_what_is_gone_or_of_another_type_breaks(now: list[object], broken: str) -> None:
    assert broken in drift(shape(BEGUN, DONE), shape(BEGUN, *now)).broken


def test_what_the_adapter_does_not_read_breaks_nothing() -> None:
    was, now = shape(BEGUN, DONE), shape(without(DONE, "cost"))
    lost = ("result.cost is gone", "system/init no longer occurs (one)")
    assert drift(was, now, {"usage"}) == Drift(gone=lost)
    assert drift(was, now, {"cost", "system"}).broken == lost
    assert {"is_error", "result", "session_id"} <= names_read("claude-code")
    assert {"partialJson", "num_turns"}.isdisjoint(names_read("pi"))


@pytest.mark.parametrize(
    ("now", "new"),
    [
        (DONE | {"more": True}, "result.more is new: bool"),
        (
            DONE | {"usage": {"in": 3, "cached": 4}},
            "result.usage.cached may be number, and was null",
        ),
        (DONE | {"said": [{"type": "image"}]}, "result.said[](image) is new"),
    ],
)
def test_what_is_new_is_told_and_breaks_nothing(now: object, new: str) -> None:
    found = drift(shape(DONE), shape(now))
    assert (found.broken, found.new) == ((), (new,))


def test_an_event_that_another_case_would_have_is_not_missed() -> None:
    assert drift(shape(BEGUN, DONE), shape(DONE, case="other")) == Drift()
    assert drift(shape(BEGUN, DONE), shape(DONE)).broken == ("system/init no longer occurs (one)",)


LEAF = st.sampled_from([None, True, 7, 0.5, "x", ID, "2026-01-02"])
KEY = st.sampled_from(["type", "method", "role", "a", "b"])
JSON = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEY, inner, max_size=3)
)


@pytest.mark.long
@given(st.lists(st.dictionaries(KEY, JSON, max_size=4), max_size=4))
def test_nothing_has_drifted_from_itself(events: list[object]) -> None:
    found = shape(*events)
    assert drift(found, found) == Drift()


@pytest.mark.parametrize("name", comparable())
def test_the_shapes_that_ship_are_those_of_the_recordings(name: str) -> None:
    written = (SHAPES / f"{name}.json").read_text(encoding="utf-8")
    assert written == shape_of_recordings(name), "write them anew: python recordings/make.py shapes"
    found = drift_of(name, ROOT / "recordings" / name)
    assert (found.drift, found.version) == (Drift(), found.recorded_with)
    assert len(found.cases) == len(kept_shape(name).cases)


def test_a_program_that_speaks_differently_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("SMITHERS_REPLAY", str(tmp_path))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a-key-of-the-user")
    with pytest.raises(NotInstalled):
        drift_of("claude-code")
    put_player(tmp_path / "claude", ROOT / "recordings" / "claude-code" / "tool-ok.jsonl")
    assert drift_of("claude-code").drift == Drift()
    text = (ROOT / "recordings" / "claude-code" / "text.jsonl").read_text()
    changed = tmp_path / "changed.jsonl"
    changed.write_text(text.replace("is_error", "failed"))
    put_player(tmp_path / "claude", changed)
    found = drift_of("claude-code").drift
    assert "result/success.is_error is gone" in found.broken
    assert "user no longer occurs (tool-ok)" in found.broken
    assert "result/success.failed is new: bool" in found.new


@pytest.mark.long
def test_the_python_that_has_the_sdk_is_named_by_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTIGRAVITY_PYTHON", str(tmp_path / "python"))
    with pytest.raises(NotInstalled, match="python"):
        drift_of("antigravity")
    put_player(tmp_path / "python", ROOT / "recordings" / "antigravity" / "tool-ok.jsonl")
    found = drift_of("antigravity")
    assert (found.cases, found.recorded_with) == (("text", "tool-ok", "401"), "0.1.22")
    assert found.drift.broken == (
        "final/failed no longer occurs (401)",
        "step/SYSTEM/TEXT_RESPONSE/ERROR no longer occurs (401)",
        "the last event is final/completed, and was final/failed (401)",
    )


def test_a_python_without_the_sdk_is_told_as_a_missing_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv.create(tmp_path / "bare", symlinks=True)
    monkeypatch.setenv("ANTIGRAVITY_PYTHON", str(tmp_path / "bare" / "bin" / "python"))
    with pytest.raises(NotInstalled, match=r"Antigravity"):
        drift_of("antigravity")


@pytest.mark.live
@pytest.mark.parametrize(
    ("name", "program"),
    [("claude-code", "claude"), ("codex", "codex"), ("gemini", "gemini"), ("pi", "pi")],
)
def test_smoke_the_real_program_has_the_shape_of_its_recordings(name: str, program: str) -> None:
    installed(program)
    found = drift_of(name)
    assert found.cases == ("text", "tool-ok", "401")
    assert found.drift.broken == ()


@pytest.mark.live
def test_smoke_the_real_sdk_has_the_shape_of_its_recordings(
    antigravity: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTIGRAVITY_PYTHON", antigravity)
    found = drift_of("antigravity")
    assert (found.cases, found.drift.broken) == (("text", "tool-ok", "401"), ())
