"""Every way in which a vendor refuses, and the class that says what happens next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from harnesses.models._faults import Refusal, fault, resumes_at
from smithers.errors import (
    AgentError,
    Busy,
    ContextOverflow,
    NotSignedIn,
    Permanent,
    Transient,
)
from tests.harness.helpers import outcome_of
from tests.models.cases import KEY, OF_THEIRS, Vendor, ask, installed
from tests.scripted_model import ScriptedModel, Status, Text

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.anyio
@pytest.mark.parametrize("name", [pytest.param("litellm", marks=OF_THEIRS)])
async def test_a_key_that_the_package_found_by_itself_is_not_shown_either(
    name: str, folder: Path
) -> None:
    vendor = installed(name)
    with ScriptedModel([vendor.refusals["401"]]) as model:
        _, error = await outcome_of(vendor.at(model, api_key_env=None), ask(folder))
    assert isinstance(error, NotSignedIn)
    assert model.keys == {KEY}
    assert KEY[:9] not in str(error)


@pytest.mark.sampled(1)
@pytest.mark.anyio
async def test_a_rate_limit_may_tell_a_date(vendor: Vendor, folder: Path) -> None:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    rate = vendor.refusals["429"]
    step = Status(429, rate.kind, "Too many", {"retry-after": format_datetime(until, usegmt=True)})
    with ScriptedModel([step]) as model:
        _, error = await outcome_of(vendor.at(model), ask(folder))
    assert isinstance(error, Busy)
    assert error.resumes_at == until


@pytest.mark.sampled(1)
@pytest.mark.anyio
async def test_a_key_that_was_named_must_be_there(vendor: Vendor, folder: Path) -> None:
    with ScriptedModel() as model:
        _, error = await outcome_of(vendor.at(model, api_key_env="MY_OWN_KEY"), ask(folder))
    assert isinstance(error, NotSignedIn)
    assert "MY_OWN_KEY" in str(error)
    assert not model.requests


@pytest.mark.anyio
async def test_without_any_key_the_vendor_is_not_asked(
    vendor: Vendor, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(vendor.key)
    with ScriptedModel() as model:  # it takes the place of the vendor's own address
        monkeypatch.setenv("ANTHROPIC_BASE_URL", model.url)
        monkeypatch.setenv("OPENAI_BASE_URL", model.url + vendor.path)
        agent = vendor.at(model, base_url=None, api_key_env=None)
        _, error = await outcome_of(agent, ask(folder))
    assert isinstance(error, NotSignedIn)
    assert not model.requests


@pytest.mark.anyio
async def test_another_server_gets_no_key_but_the_one_that_is_named_for_it(folder: Path) -> None:
    with ScriptedModel([Text("Hello.")]) as model:
        agent = installed("openai").at(model, api_key_env=None)
        _, error = await outcome_of(agent, ask(folder))
    assert error is None
    assert model.keys == {"none"}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "30"}, 30.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "Sun, 22 Nov 2026 12:01:00 GMT"}, 60.0),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}, 360.0),
        ({"x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": "6m0s"}, None),
        (
            {
                "anthropic-ratelimit-tokens-remaining": "0",
                "anthropic-ratelimit-tokens-reset": "2026-11-22T12:00:20Z",
            },
            20.0,
        ),
        (
            {
                "anthropic-ratelimit-tokens-remaining": "0",
                "anthropic-ratelimit-tokens-reset": "9999-12-31T23:59:59-10:00",
            },
            None,
        ),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "9" * 30}, None),
        ({}, None),
    ],
)
def test_when_a_limit_ends_is_read_from_what_the_vendor_sends(
    headers: dict[str, str], seconds: float | None
) -> None:
    found = resumes_at(Refusal(said="", status=429, headers=headers), NOW)
    assert found == (None if seconds is None else NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("overloaded_error", Busy),
        ("rate_limit_exceeded", Busy),
        ("api_error", Transient),
        ("authentication_error", NotSignedIn),
        ("context_length_exceeded", ContextOverflow),
        ("invalid_prompt", Permanent),
        ("something new", Transient),
    ],
)
def test_an_error_inside_of_a_stream_is_known_by_its_kind_alone(
    kind: str, wanted: type[AgentError]
) -> None:
    told = Refusal(said="it broke", status=200, kinds=(kind,))
    assert type(fault(told, "Vendor", "", NOW)) is wanted
