"""Routes that belong to no dialect: results behind signed links, health, and counters."""

from __future__ import annotations

import re

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

import spectacle
from spectacle.errors import SpectacleError
from spectacle.gateway.auth import Authenticated
from spectacle.gateway.core import Gateway
from spectacle.gateway.metrics import MEDIA_TYPE, Metrics
from spectacle.gateway.problems import Problem
from spectacle.gateway.rendering import FORMATS, find_result, rendered
from spectacle.spool.naming import RequestName

_SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox"


def routes(gateway: Gateway, metrics: Metrics) -> APIRouter:
    """The routes."""
    router = APIRouter()

    @router.head("/results/{sealed}", include_in_schema=False)
    @router.get("/results/{sealed}", tags=["results"], response_class=Response)
    async def result(sealed: str) -> Response:
        """Get a result by the signed link that another response has given. It needs no token and works for a while."""
        found = gateway.seals.linked(re.sub(r"\.(png|svg|webp|jpeg|avif)$", "", sealed)) if len(sealed) < 1000 else None
        if found is None or RequestName.from_stem(found.stem) is None or found.form not in FORMATS:
            raise Problem(
                404, "result-not-found", "no such result, or the link is too old. Ask for the job again for a new link."
            )
        path = await run_in_threadpool(
            find_result, gateway.spool, found.stem, found.number, found.form, thumbnail=found.thumbnail
        )
        content = await run_in_threadpool(rendered, path, found.form, found.quality)
        headers = {
            "cache-control": "private, max-age=3600, immutable",
            "cross-origin-resource-policy": "cross-origin",  # pages of front ends show it
        }
        if found.form == "svg":
            # As <img> or a download, never as a document of this origin.
            headers["content-security-policy"] = _SVG_POLICY
            headers["content-disposition"] = 'attachment; filename="image.svg"'
        return Response(content, media_type=FORMATS[found.form], headers=headers)

    @router.get("/healthz", tags=["service"])
    async def health() -> JSONResponse:
        """Whether the spool can be used, and how many instances serve it. Needs no token."""
        try:
            instances = len(await gateway.kinds.instances())
        except SpectacleError as error:
            return JSONResponse({"status": "failed", "error": error.message}, 503)
        body: dict[str, object] = {"status": "ok", "version": spectacle.__version__, "instances": instances}
        if (paused := gateway.kinds.paused()) is not None:
            body["paused"] = paused
        return JSONResponse(body)

    @router.get("/metrics", tags=["service"], response_class=Response)
    async def counters(user: Authenticated) -> Response:
        """Counters for Prometheus."""
        view = await gateway.view.recent()
        waiting = sum(map(len, view.waiting.values()))
        text = metrics.text(waiting=waiting, running=sum(map(len, view.running.values())))
        return Response(text, headers={"content-type": MEDIA_TYPE})

    return router
