"""The tools: what each is for and does."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar

import anyio
import mcp_types as types
from pydantic import BaseModel

from spectacle.errors import BadOptions, UnknownKind
from spectacle.gateway.catalogue import Kind
from spectacle.gateway.mcp.images import read_image, read_png, size_of
from spectacle.gateway.mcp.requests import Requests
from spectacle.gateway.mcp.results import Report, finish
from spectacle.gateway.mcp.schemas import (
    MAX_SEED,
    Arguments,
    CancelArguments,
    Cancellation,
    EditArguments,
    GenerateArguments,
    KindDescription,
    KindDescriptions,
    NoArguments,
    RequestStates,
    StateArguments,
    VectorizeArguments,
)


class Tool(ABC):
    """One tool.

    Attributes:
        name: Its name.
        title: Its name for people.
        description: What it is for, for models that choose tools, and for those that find tools by searching.
        arguments: The model of its arguments.
        returns: The model of its structured result.
        read_only: Whether it changes nothing.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    arguments: ClassVar[type[Arguments]]
    returns: ClassVar[type[BaseModel]] = RequestStates
    read_only: ClassVar[bool] = False

    def definition(self) -> types.Tool:
        """How the tool is listed."""
        return types.Tool(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=self.arguments.model_json_schema(),
            output_schema=self.returns.model_json_schema(),
            annotations=types.ToolAnnotations(
                read_only_hint=self.read_only, destructive_hint=False, open_world_hint=False
            ),
        )

    @abstractmethod
    async def call(self, requests: Requests, given: Any, report: Report) -> types.CallToolResult:
        """Do it.

        Raises:
            SpectacleError: When it cannot be done; the message is for the model and its user.
        """


class GenerateImage(Tool):
    """Generates images from words."""

    name = "generate_image"
    title = "Generate an image"
    description = (
        "Generate, create, draw or paint an image, picture, illustration, photo, icon or SVG drawing from a text "
        "prompt. Returns a preview, the path and address of the original, and its seed. Use list_kinds for kinds and "
        "options; a kind that makes SVG returns an SVG."
    )
    arguments = GenerateArguments

    async def call(self, requests: Requests, given: GenerateArguments, report: Report) -> types.CallToolResult:
        """Generate."""
        kind = await _kind(requests, given.kind, "image")
        control = None if given.control_image is None else await _read(read_png, given.control_image, requests)
        seeds = [None if given.seed is None else (given.seed + each) % MAX_SEED for each in range(given.count)]
        options = [_options(given.options, seed, kind) for seed in seeds]
        with anyio.CancelScope(shield=True):  # so that whatever is submitted is known when the call is cancelled
            submitted = [
                await requests.submit(
                    given.prompt, size=(given.width, given.height), kind=kind.name, options=each, control=control
                )
                for each in options
            ]
        return await finish(requests, submitted, given.wait_seconds, report, cancel=True)


class EditImage(Tool):
    """Edits images as words say."""

    name = "edit_image"
    title = "Edit an image"
    description = (
        "Edit, change, restyle, inpaint or combine one to ten images (pictures, photos) as a text prompt says, "
        "optionally only where a mask is white. Returns a preview, the path and address of the original, and its seed."
    )
    arguments = EditArguments

    async def call(self, requests: Requests, given: EditArguments, report: Report) -> types.CallToolResult:
        """Edit."""
        kind = await _kind(requests, given.kind, "edit")
        images = [await _read(read_image, each, requests) for each in given.images]
        submitted = await requests.submit(
            given.prompt,
            size=await _size(given.width, given.height, images[0]),
            kind=kind.name,
            options=_options(given.options, given.seed, kind),
            images=images,
            mask=None if given.mask is None else await _read(read_png, given.mask, requests),
        )
        return await finish(requests, [submitted], given.wait_seconds, report, cancel=True)


class VectorizeImage(Tool):
    """Turns an image into SVG."""

    name = "vectorize_image"
    title = "Vectorize an image"
    description = (
        "Vectorize, trace or convert an image (picture, photo, logo, icon; PNG, JPEG or WebP) to an SVG vector "
        "graphic. Returns a preview, and the path and address of the SVG file."
    )
    arguments = VectorizeArguments

    async def call(self, requests: Requests, given: VectorizeArguments, report: Report) -> types.CallToolResult:
        """Vectorize."""
        kind = await _kind(requests, given.kind, "vectorize")
        image = await _read(read_image, given.image, requests)
        submitted = await requests.submit(
            "",
            size=await _size(given.width, given.height, image),
            kind=kind.name,
            options=_options(given.options, given.seed, kind),
            images=[image],
        )
        return await finish(requests, [submitted], given.wait_seconds, report, cancel=True)


class ListKinds(Tool):
    """Lists the kinds."""

    name = "list_kinds"
    title = "List kinds of images"
    description = (
        "List the kinds of images that can be generated now: each with its format (PNG or SVG), generator (model), "
        "licence, which inputs it takes, whether it is available, and its options with their bounds and defaults."
    )
    arguments = NoArguments
    returns = KindDescriptions
    read_only = True

    async def call(self, requests: Requests, given: NoArguments, report: Report) -> types.CallToolResult:
        """List."""
        kinds = (await requests.kinds()).values()
        lines = [_line(kind) for kind in kinds]
        if not lines:
            lines = ["No instance serves the spool now. Start one with `spectacle serve`; requests wait until then."]
        return types.CallToolResult(
            content=[types.TextContent(text="\n".join(lines))],
            structured_content=KindDescriptions(kinds=[_describe_kind(kind) for kind in kinds]).model_dump(),
        )


class GetState(Tool):
    """Tells the state of a request."""

    name = "request_state"
    title = "Show the state of a request"
    description = (
        "Show the state of a request for an image that takes long: its place in the queue, its progress, or its result "
        "with preview, path and address. Waits for the result as long as told."
    )
    arguments = StateArguments
    read_only = True

    async def call(self, requests: Requests, given: StateArguments, report: Report) -> types.CallToolResult:
        """Look, and wait."""
        return await finish(requests, [requests.job(given.id)], given.wait_seconds, report, cancel=False)


class CancelRequest(Tool):
    """Cancels a request."""

    name = "cancel_request"
    title = "Cancel a request"
    description = "Cancel a request for an image that is waiting or running."
    arguments = CancelArguments
    returns = Cancellation

    async def call(self, requests: Requests, given: CancelArguments, report: Report) -> types.CallToolResult:
        """Cancel."""
        cancelled = await requests.cancel(requests.job(given.id))
        text = f"{given.id}: {'cancelled' if cancelled else 'not cancelled, because it is finished or gone'}."
        return types.CallToolResult(
            content=[types.TextContent(text=text)],
            structured_content=Cancellation(id=given.id, cancelled=cancelled).model_dump(),
        )


TOOLS: Sequence[Tool] = (
    GenerateImage(),
    EditImage(),
    VectorizeImage(),
    ListKinds(),
    GetState(),
    CancelRequest(),
)


# --- choosing kinds and options --------------------------------------------------------------------------------------


async def _kind(requests: Requests, name: str | None, purpose: str) -> Kind:
    """The kind of that name, or the one for a purpose.

    Raises:
        UnknownKind: When a name is given that is not served.
        Problem: When no kind suits.
    """
    if name is None:
        return await requests.kind_for(purpose)
    kinds = await requests.kinds()
    if name not in kinds:
        raise UnknownKind(f"kind {name!r}: not served; there are {', '.join(kinds) or 'none'}. Use one of them.")
    return kinds[name]


def _options(given: dict[str, Any], seed: int | None, kind: Kind) -> dict[str, Any]:
    """The options of a request, checked for unknown names so that a model can correct itself without a request.

    Raises:
        BadOptions: When the kind has no option of a name.
    """
    known = _properties(kind)
    unknown = [name for name in given if known and name not in known]
    if unknown:
        raise BadOptions(f"option {unknown[0]!r}: unknown for kind {kind.name}. Use {', '.join(known)}.")
    options = dict(given)
    if seed is not None:
        options["seed"] = seed
    if kind.makes_svg:
        options["png"] = True  # models cannot see SVG
    return options


def _properties(kind: Kind) -> Mapping[str, Any]:
    properties = (kind.options.schema or {}).get("properties")
    return properties if isinstance(properties, dict) else {}


# --- images ----------------------------------------------------------------------------------------------------------


async def _read(read: Callable[[str, Requests], bytes], given: str, requests: Requests) -> bytes:
    return await asyncio.to_thread(read, given, requests)


async def _size(width: int | None, height: int | None, image: bytes) -> tuple[int, int]:
    """The size to make: what is given, the rest in the image's proportions."""
    if width is not None and height is not None:
        return width, height
    own = await asyncio.to_thread(size_of, image)
    if width is not None:
        return width, max(1, round(width * own[1] / own[0]))
    if height is not None:
        return max(1, round(height * own[0] / own[1])), height
    return own


# --- describing kinds ------------------------------------------------------------------------------------------------


def _describe_kind(kind: Kind) -> KindDescription:
    return KindDescription(
        name=kind.name,
        default=kind.default,
        media_type=kind.media_type,
        generator=kind.generator,
        preset=kind.preset,
        licence=kind.licence,
        inputs=None if kind.inputs is None else asdict(kind.inputs),
        available=kind.servable is not False,
        problem=kind.problem,
        options=dict(_properties(kind)) or None,
    )


def _line(kind: Kind) -> str:
    form = {"image/png": "PNG", "image/svg+xml": "SVG"}.get(kind.media_type or "", "format not known yet")
    takes = ["takes images"] if kind.inputs is not None and kind.inputs.images[1] else []
    options = f" Options: {', '.join(_properties(kind))}." if _properties(kind) else ""
    problem = f" Not available: {kind.problem}" if kind.problem else ""
    about = ", ".join([form, *(["default"] if kind.default else []), *takes])
    return f"{kind.name} ({kind.generator or 'generator not known yet'}): {about}.{options}{problem}"
