"""The header `Idempotency-Key`."""

from __future__ import annotations

from typing import Any

from fastapi import Request

from spectacle.gateway.problems import bad_parameter

MAX_KEY_CHARACTERS = 255

DOCUMENTED: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_CHARACTERS},
    "description": "The same key and the same request mean the same job.",
}
"""The header, as OpenAPI describes it."""


def idempotency_key(request: Request) -> str | None:
    """The client's idempotency key, or None.

    Raises:
        Problem: When it is empty or too long.
    """
    key = request.headers.get("idempotency-key")
    if key is not None and not 1 <= len(key.strip()) <= MAX_KEY_CHARACTERS:
        raise bad_parameter(
            "Idempotency-Key", f"Idempotency-Key: not of 1 to {MAX_KEY_CHARACTERS} characters. Send another."
        )
    return key
