"""Whatever fits the description of a route, or nearly fits it, gets a response that the gateway means to give."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from served import Served

pytestmark = pytest.mark.slow

schemathesis = pytest.importorskip("schemathesis")

EXAMPLES = 10


def test_no_request_makes_the_gateway_fail(served: Served) -> None:
    schema = schemathesis.openapi.from_dict(served.client.get("/openapi.json").json())
    failed: list[str] = []
    for result in schema.get_all_operations():
        operation = result.ok()
        if not operation.path.endswith("/events"):  # these do not end by themselves
            failed += failures(operation, served.url)
    assert served.client.post("/v2/every-kind/purge-queue").status_code == 200  # what nobody waits for any more
    assert not failed


def failures(operation: Any, url: str) -> list[str]:
    """What an operation answers with an internal error to, of requests that are made up from its description."""
    failed: list[str] = []

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )  # fmt: skip
    @given(operation.as_strategy())
    def send(case: Any) -> None:
        response = case.call(base_url=url, timeout=60)
        if response.status_code == 500:
            failed.append(f"{operation.label}: {response.text[:300]}")

    send()
    return failed
