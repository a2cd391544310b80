"""Inputs of the usual shapes, changed by the forms that start a run and fork one."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from smithers.access import Sessions
from smithers.hub import Hub
from smithers.web import make_app
from tests.web import input_flows
from tests.web.browsing import Sent, form_of
from tests.web.serving import FakeTokens

_SECRET = "sk-test-0123456789abcdef"
_INPUTS: dict[str, dict[str, Any]] = {
    "plain": {"title": " a \n<b>", "remark": ""},
    "texts": {"body": "a\r\nb\n", "lines": ["two\nlines", "", " x"], "key": _SECRET},
    "numbers": {"price": "2.500", "share": 1e-7, "least": -2, "hours": [1, 2]},
    "times": {"day": "2026-01-02", "at": "2026-01-02T03:04:05.678901+02:00"},
    "choices": {"size": "m", "extras": [], "gift": False},
    "rows": {
        "items": [{"title": "a", "key": _SECRET}, {"title": "b"}, {"title": "c", "key": _SECRET}]
    },
    "either": {"paid": {"kind": "card", "digits": "1234", "key": _SECRET}},
    "maybe": {"item": {"title": "a", "key": _SECRET}},
    "pairs": {"labels": {"a: b": " c ", "": "d"}, "sizes": {"x": 1}, "more": {"deep": [1, {}]}},
    "deep": {"inner": {"item": {"title": "a", "key": _SECRET}, "items": [{"title": "b"}]}},
}


class _Forks:
    """A run after another, each forked by its form."""

    def __init__(self, hub: Hub, browser: TestClient) -> None:
        self.hub, self.browser = hub, browser
        self.source = ""
        self._number = count(1)

    def run(self, name: str) -> dict[str, Any]:
        """Make the run to fork, and return its input."""
        self.source = f"r{next(self._number)}"
        flow = getattr(input_flows, f"takes_{name}")
        given = flow.input.model_validate(_INPUTS[name])
        asyncio.run(self.hub.run(flow, given, run_id=self.source))
        return self.input(self.source)

    def input(self, run: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.hub.inspect(run).run.input)
        return found

    def page(self) -> str:
        return self.browser.get(f"/runs/{self.source}/fork").text

    def post(self, sent: Sent, **more: str) -> str:
        body = sent | {name: [text] for name, text in more.items()}
        return self.browser.post(f"/runs/{self.source}/fork", data=body).text

    def fork(self, sent: Sent) -> dict[str, Any]:
        """Make a fork and return its input."""
        made = f"r{next(self._number)}"
        said = self.post(sent, run_id=made, hold="1")
        assert f'href="/runs/{made}/fork"' in said, said
        return self.input(made)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Forks]:
    """One server for all of these tests: it reads the schemas once."""
    home = tmp_path_factory.mktemp("forks")
    state = tmp_path_factory.mktemp("state")
    own = {"XDG_STATE_HOME": str(state), "MODEL_API_KEY": _SECRET}
    hub = Hub(home / "app.db", environment={**os.environ, **own})
    hub.trust("trust", folders=[Path(input_flows.__file__).parent])
    sessions = Sessions(own)
    app = make_app(hub, FakeTokens(), sessions=sessions)
    with TestClient(app, "http://127.0.0.1:7331", headers={"accept": "text/html"}) as browser:
        browser.get("/session", params={"code": sessions.offer("ann")})
        yield _Forks(hub, browser)


@pytest.fixture
def forks(everything: _Forks, monkeypatch: pytest.MonkeyPatch) -> _Forks:
    monkeypatch.chdir(everything.hub.database.parent)
    return everything


def _changed(old: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """A copy with another value at a place."""
    copy: dict[str, Any] = json.loads(json.dumps(old))
    *above, name = path.split(".")
    inner: Any = copy
    for part in above:
        inner = inner[int(part) if part.isdigit() else part]
    inner[name] = value
    return copy


@pytest.mark.parametrize(
    ("name", "field", "typed", "place", "value"),
    [
        ("plain", "number", "7", "number", 7),
        ("texts", "other", "y", "other", "y"),
        ("numbers", "least", "-5", "least", -5),
        ("times", "day", "2027-03-04", "day", "2027-03-04"),
        ("choices", "extras", "jam", "extras", ["jam"]),
        ("rows", "items.1.number", "9", "items.1.number", 9),
        ("either", "paid.0.digits", "99", "paid.digits", "99"),
        ("maybe", "item.0.number", "9", "item.number", 9),
        ("pairs", "sizes", "x: 2", "sizes", {"x": 2}),
        ("deep", "inner.item.number", "9", "inner.item.number", 9),
    ],
)
def test_a_fork_differs_in_what_was_typed_and_in_nothing_else(
    forks: _Forks, name: str, field: str, typed: str, place: str, value: object
) -> None:
    old = forks.run(name)
    page = forks.page()
    assert _SECRET not in page
    sent = form_of(page, "fk")
    assert forks.fork(sent) == old
    sent[f"field.{field}"] = [typed]
    seen = forks.post(sent)
    assert "1 change<" in seen
    assert form_of(seen, "fk") | {"once": sent["once"]} == sent  # the preview keeps what was typed
    assert forks.fork(sent) == _changed(old, place, value)


def test_rows_are_added_and_removed_by_buttons(forks: _Forks) -> None:
    old = forks.run("rows")
    sent = form_of(forks.page(), "fk")
    more = forks.post(sent, rows="+field.items")
    added = form_of(more, "fk")
    assert added["field.items.rows"] == ["4"]
    added["field.items.3.title"] = ["d"]
    assert forks.fork(added)["items"] == [*old["items"], {"title": "d", "number": 1}]
    fewer = form_of(forks.post(sent, rows="-field.items.0"), "fk")
    assert forks.fork(fewer)["items"] == old["items"][1:]
    none = form_of(forks.post(fewer, rows="-field.items.0"), "fk")
    none = form_of(forks.post(none, rows="-field.items.0"), "fk")
    assert forks.fork(none) == {**old, "items": []}


def test_another_choice_of_a_union_has_its_own_fields(forks: _Forks) -> None:
    old = forks.run("either")
    sent = form_of(forks.page(), "fk")
    assert sent["field.paid.which"] == ["0"]
    sent["field.paid.which"] = ["1"]
    sent["field.paid.1.currency"] = ["USD"]
    assert forks.fork(sent) == {**old, "paid": {"kind": "cash", "currency": "USD"}}


def test_an_optional_model_is_left_out_and_filled_in(forks: _Forks) -> None:
    old = forks.run("maybe")
    sent = form_of(forks.page(), "fk")
    sent["field.item.which"] = ["-"]
    assert forks.fork(sent) == {**old, "item": None}
    sent |= {"field.item.which": ["0"], "field.item.0.title": ["new"]}
    assert forks.fork(sent)["item"] == {**old["item"], "title": "new"}


@pytest.mark.parametrize(
    ("name", "field", "typed", "said"),
    [
        ("plain", "number", "many", "&#39;many&#39; is not"),
        ("numbers", "least", "-6", ""),
        ("times", "day", "soon", ""),
        ("rows", "items.1.number", "x", "&#39;x&#39; is not"),
        ("maybe", "item.0.number", "x", "&#39;x&#39; is not"),
        ("pairs", "sizes", "x", "line 1 is not of the form name: value"),
        ("deep", "inner.item.number", "1.5", ""),
    ],
)
def test_an_error_is_beside_the_field_that_has_it(
    forks: _Forks, name: str, field: str, typed: str, said: str
) -> None:
    forks.run(name)
    sent = form_of(forks.page(), "fk") | {f"field.{field}": [typed]}
    page = forks.post(sent, hold="1")
    assert "Nothing was forked" in page
    assert page.count('class="wrong"') == 1
    assert f'id="field.{field}-wrong">{said}' in page
    assert form_of(page, "fk")[f"field.{field}"] == [typed]
    assert forks.hub.lineage(forks.source).forks == ()


def test_the_form_that_starts_a_run_takes_the_same_shapes(
    hub: Hub, browser: TestClient, tmp_path: Path
) -> None:
    file = tmp_path / "flows.py"
    file.write_bytes(Path(input_flows.__file__).read_bytes())
    hub.trust("trust", folders=[tmp_path])
    asked = {"workflow": f"{file}:takes_deep"}
    sent = form_of(browser.get("/start", params=asked).text, "start")
    sent |= {"field.inner.item.title": ["a"], "field.inner.item.number": ["x"]}
    refused = browser.post("/start", data=sent)
    assert refused.status_code == 422
    assert 'id="field.inner.item.number-wrong">&#39;x&#39; is not' in refused.text
    sent["field.inner.item.number"] = ["3"]
    pressed = browser.post("/start", data=sent | {"rows": ["+field.inner.items"]})
    sent = form_of(pressed.text, "start")
    assert sent["field.inner.item.number"] == ["3"]  # what was typed is kept
    sent |= {"field.inner.items.0.title": ["b"], "run_id": ["r1"]}
    done = browser.post("/start", data=sent, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, "/runs/r1"), done.text
    items = [{"title": "b", "number": 1}]
    wanted = {"inner": {"item": {"title": "a", "number": 3}, "items": items}}
    assert json.loads(hub.inspect("r1").run.input) == wanted
