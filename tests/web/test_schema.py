"""Requests that are made from the OpenAPI document, right and wrong: no answer is another than the
document says, and none is an error of the server.
"""

from __future__ import annotations

import asyncio
import copy
import importlib
import os
from collections import defaultdict
from contextlib import suppress
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable

from smithers.hub import Hub
from smithers.web import _events
from smithers.web._guarding import Limits
from tests.web.flows import ships
from tests.web.process import listening
from tests.web.serving import EVERYTHING

_EXAMPLES = int(os.environ.get("SMITHERS_EXAMPLES") or 6)
"""For each operation, half of them right."""
_SCHEMATHESIS: Any = pytest.importorskip("schemathesis")  # is for development alone
_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)
_KNOWN = {"run": ["r1", "r2"], "task": ["draft", "ship"], "frame": [0, 1], "name": ["ci"]}


def _naming_what_exists(document: dict[str, Any]) -> dict[str, Any]:
    """The document whose paths name runs, tasks and frames that exist."""
    found = copy.deepcopy(document)
    for item in found["paths"].values():
        for parameter in (one for operation in item.values() for one in operation["parameters"]):
            if parameter["in"] == "path":
                parameter["schema"] = {"enum": _KNOWN[parameter["name"]]}
    return found


@pytest.mark.long
def test_no_answer_is_another_than_the_document_says(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_events, "_LONGEST_S", 0.02)

    async def make_runs() -> None:
        await hub.run(ships, run_id="r1")
        await hub.run(ships, run_id="r2")
        hub.decide("r2", "ship", approved=True, by="ann")
        await hub.resume("r2", workflow=ships)

    asyncio.run(make_runs())
    limits = Limits(burst=10**9, body_s=60)
    with listening(hub, limits) as (server, _), requests.Session() as session:
        session.headers["authorization"] = f"Bearer {EVERYTHING}"
        document = session.get(f"{server.url}/openapi.json").json()
        assert document["openapi"].startswith("3.1")
        rejected = {"negative_data_rejection": {"expected-statuses": ["4xx"]}}  # 413 is one as well
        config = _SCHEMATHESIS.Config.from_dict({"checks": rejected})
        checks = [getattr(importlib.import_module("schemathesis.checks"), one) for one in _CHECKS]
        seen: defaultdict[str, set[int]] = defaultdict(set)
        right, wrong = _SCHEMATHESIS.GenerationMode
        for mode, described in ((right, _naming_what_exists(document)), (wrong, document)):
            schema = _SCHEMATHESIS.openapi.from_dict(described, config=config)
            for result in schema.get_all_operations():

                @settings(
                    max_examples=max(1, _EXAMPLES // 2),
                    deadline=None,
                    database=None,
                    derandomize=True,
                    phases=[Phase.explicit, Phase.generate],
                    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
                )
                @given(case=result.ok().as_strategy(generation_mode=mode))
                def check(case: Any) -> None:
                    answer = case.call(base_url=server.url, session=session, timeout=60)
                    case.validate_response(answer, checks=checks)
                    seen[case.operation.label].add(answer.status_code)

                with suppress(Unsatisfiable):  # nothing can be wrong with /health
                    check()
    everything = {f"{m.upper()} {p}" for p, item in document["paths"].items() for m in item}
    assert set(seen) == everything
    # A cursor that is made up is refused, so few requests of some are granted.
    assert sum(min(seen[one]) >= 300 for one in everything if one.startswith("GET")) <= 3, seen
