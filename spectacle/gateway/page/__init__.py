"""The page at `/`: plain files of this package, sent as they are and allowed to load nothing from elsewhere."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from starlette.responses import Response

from spectacle.gateway.core import Gateway

_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


def routes(gateway: Gateway) -> APIRouter:
    """The routes. They need no token: what the page shows, it gets with the token of whoever uses it."""
    router = APIRouter(include_in_schema=False)
    policy = content_security_policy(gateway.settings.gateway.public_url)
    contents = _contents()

    def answer(request: Request, name: str) -> Response:
        content, tag = contents[name]
        headers = {
            "cache-control": "no-cache",
            "content-security-policy": policy,
            "cross-origin-resource-policy": "same-origin",
            "etag": tag,
        }
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type=_TYPES[name.rpartition(".")[2]], headers=headers)

    @router.head("/")
    @router.get("/")
    async def page(request: Request) -> Response:
        """The page."""
        return answer(request, "index.html")

    @router.get("/page/{name}")
    async def part(request: Request, name: str) -> Response:
        """A part of the page."""
        if name not in contents:
            return Response(status_code=404)
        return answer(request, name)

    return router


def content_security_policy(public_url: str | None) -> str:
    """What the page may load: its own parts, and images of this gateway.

    Args:
        public_url: The URL that links to results begin with, when that is not where the page comes from.
    """
    elsewhere = ""
    if public_url:
        parts = urlsplit(public_url)
        elsewhere = f" {parts.scheme}://{parts.netloc}"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        f"img-src 'self' blob: data:{elsewhere}; connect-src 'self'{elsewhere}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _contents() -> dict[str, tuple[bytes, str]]:
    """Content and entity tag of each file, by name."""
    found = {}
    for entry in files(__package__).iterdir():
        if entry.name.rpartition(".")[2] in _TYPES:
            content = entry.read_bytes()
            found[entry.name] = content, f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return found
