"""The page that describes every route, `/docs`: Swagger UI from an installed package, with nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib import resources

from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import Response

_PACKAGE = "fastapi_swagger.resources"
_FILES = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css", "favicon-32x32.png": "image/png"}
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def routes(app: FastAPI) -> APIRouter:
    """The routes of the page.

    Args:
        app: The application that it describes.
    """
    router = APIRouter(prefix="/docs", include_in_schema=False)
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title=f"{app.title}: HTTP interfaces",
        swagger_js_url="/docs/swagger-ui-bundle.js",
        swagger_css_url="/docs/swagger-ui.css",
        swagger_favicon_url="/docs/favicon-32x32.png",
    )
    content = bytes(page.body)
    digests = [hashlib.sha256(script.encode()).digest() for script in _INLINE.findall(content.decode())]
    scripts = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    policy = (
        f"default-src 'none'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )

    @router.get("")
    async def show() -> Response:
        return Response(content, media_type="text/html", headers={"content-security-policy": policy})

    for name, media_type in _FILES.items():
        _add_file(router, name, media_type)
    return router


def _add_file(router: APIRouter, name: str, media_type: str) -> None:
    content = resources.files(_PACKAGE).joinpath(name).read_bytes()

    async def file() -> Response:
        return Response(content, media_type=media_type, headers={"cache-control": "max-age=86400"})

    router.add_api_route(f"/{name}", file, methods=["GET"])
