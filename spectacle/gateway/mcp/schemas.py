"""What tools take and return, as models whose JSON Schema hosts are shown."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

DEFAULT_WAIT = 50.0
"""Seconds a tool waits unless told otherwise: several hosts give up on a call after sixty."""

MAX_WAIT = 3600.0
MAX_SEED = 2**63 - 1
"""Largest seed that generators take."""

MAX_COUNT = 4
MAX_SIDE = 8192


def _parsed(value: Any) -> Any:
    """Some models write lists and objects as JSON in a string."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


Image = Annotated[
    str,
    Field(description="A path, an address spectacle://results/… that a tool has returned, a data URL, or base64."),
]
Options = Annotated[dict[str, Any], BeforeValidator(_parsed)]
Images = Annotated[list[Image], BeforeValidator(lambda value: [value] if _is_one(value) else _parsed(value))]
Wait = Annotated[
    float,
    Field(
        ge=0,
        le=MAX_WAIT,
        description="How many seconds to wait for the result. When it takes longer, the request goes on: call "
        "request_state with its id.",
    ),
]


def _is_one(value: Any) -> bool:
    return isinstance(value, str) and not value.lstrip().startswith("[")


class Arguments(BaseModel):
    """Arguments of a tool."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class _Making(Arguments):
    kind: str | None = Field(None, description="Kind, as list_kinds shows them. Default: the one for this purpose.")
    seed: int | None = Field(
        None, ge=0, le=MAX_SEED, description="Seed: the same makes the same image. Default: random."
    )
    options: Options = Field(
        default_factory=dict, description="Further options of the kind's generator, as list_kinds describes them."
    )
    wait_seconds: Wait = DEFAULT_WAIT


class GenerateArguments(_Making):
    """Arguments of generate_image."""

    prompt: str = Field(description="What the image shows, in plain words.")
    width: int = Field(1024, ge=1, le=MAX_SIDE, description="Width in pixels.")
    height: int = Field(1024, ge=1, le=MAX_SIDE, description="Height in pixels.")
    count: int = Field(1, ge=1, le=MAX_COUNT, description="How many images, with consecutive seeds.")
    control_image: Image | None = Field(
        None, description="Edges, depth, pose or a sketch that the image follows; for kinds that support it."
    )


class EditArguments(_Making):
    """Arguments of edit_image."""

    prompt: str = Field(description="What to change, or what to make of the images.")
    images: Images = Field(min_length=1, max_length=10, description="The images to edit or combine, in order.")
    mask: Image | None = Field(
        None, description="Where to edit: white is changed, black is kept; as large as the first image."
    )
    width: int | None = Field(None, ge=1, le=MAX_SIDE, description="Width in pixels. Default: that of the first image.")
    height: int | None = Field(None, ge=1, le=MAX_SIDE, description="Height in pixels. Default: as the width.")


class VectorizeArguments(_Making):
    """Arguments of vectorize_image."""

    image: Image
    width: int | None = Field(None, ge=1, le=MAX_SIDE, description="Width in pixels. Default: that of the image.")
    height: int | None = Field(None, ge=1, le=MAX_SIDE, description="Height in pixels. Default: as the width.")


class NoArguments(Arguments):
    """Arguments of list_kinds: none."""


class StateArguments(Arguments):
    """Arguments of request_state."""

    id: str = Field(description="Identifier of a request, as a tool has returned it.")
    wait_seconds: Wait = DEFAULT_WAIT


class CancelArguments(Arguments):
    """Arguments of cancel_request."""

    id: str = Field(description="Identifier of a request, as a tool has returned it.")


class ResultFile(BaseModel):
    """A file of a result."""

    uri: str = Field(description="Address of the file, for resources/read and for arguments of tools.")
    path: str | None = Field(None, description="Path of the file, for a client on the same host.")
    url: str | None = Field(
        None, description="URL of the file for a browser, for a remote client; it works for a while."
    )
    media_type: str


class RequestState(BaseModel):
    """A request and what became of it."""

    id: str
    status: Literal["queued", "running", "succeeded", "failed", "cancelled"] = Field(
        description="`cancelled` also when the result was removed."
    )
    place: int | None = Field(None, description="Place among the waiting requests, the first being 1.")
    fraction: float | None = Field(None, description="Fraction done, 0 to 1.")
    eta_seconds: float | None = None
    seed: int | None = None
    files: list[ResultFile] = []
    notes: list[str] = []
    error: str | None = None
    code: str | None = None


class RequestStates(BaseModel):
    """Requests and what became of them."""

    requests: list[RequestState]


class KindDescription(BaseModel):
    """A kind that is served now."""

    name: str
    default: bool
    media_type: str | None
    generator: str | None
    preset: str | None
    licence: str | None
    inputs: dict[str, Any] | None
    available: bool
    problem: str | None
    options: dict[str, Any] | None = Field(description="The properties of the JSON Schema of its options.")


class KindDescriptions(BaseModel):
    """The kinds that are served now."""

    kinds: list[KindDescription]


class Cancellation(BaseModel):
    """What became of a cancellation."""

    id: str
    cancelled: bool = Field(description="False when the request had a result already, or was gone.")
