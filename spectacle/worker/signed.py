"""Signs the files of a result, with the images that came with the request as ingredients."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from spectacle import signatures
from spectacle.config import ProvenanceSettings
from spectacle.errors import BadAttachment
from spectacle.signing.signer import Ingredient, Relationship, ResultSigner, Statement
from spectacle.worker.contract import JobSpec, TooLong
from spectacle.worker.results import ResultFile


def signer_for(settings: ProvenanceSettings) -> ResultSigner | None:
    """What signs results, or None where they are not signed."""
    return None if settings.certificate is None else ResultSigner(settings)


def sign_all(signer: ResultSigner, files: Sequence[ResultFile], spec: JobSpec) -> list[ResultFile]:
    """The files, each signed that was made. Nothing may be written into them afterwards.

    Raises:
        SigningFailed: When one cannot be signed.
    """
    whole = tuple(_ingredients(spec))
    # What is said in an image that came with the request may be a prompt.
    described = tuple(dataclasses.replace(each, content=None) for each in whole)

    def signed(file: ResultFile) -> ResultFile:
        if (about := file.metadata) is None:
            return file
        ingredients = described if about.minimal else whole
        statement = Statement(file.media_type, about.source_type, about.details, ingredients)
        return dataclasses.replace(file, content=signer.sign(file.content, statement))

    return [signed(file) for file in files]


def _ingredients(spec: JobSpec) -> Iterator[Ingredient]:
    """The attached images, the edited one first."""
    first = True
    for each in spec.attachments:
        if each.role == "options":
            continue
        title, relationship = f"{each.role} image", _relationship(each.role, first=first)
        first = first and each.role != "input"
        try:
            content = each.read(spec.max_input_bytes)
        except TooLong:
            raise BadAttachment(f"{each.name}: has grown meanwhile. Write the request again.") from None
        yield Ingredient(relationship, title, _media_type(content), content)


def _relationship(role: str, *, first: bool) -> Relationship:
    if role != "input":
        return "inputTo"
    return "parentOf" if first else "componentOf"


def _media_type(content: bytes) -> str:
    if content.startswith(signatures.JPEG):
        return "image/jpeg"
    return "image/webp" if signatures.is_webp(content) else "image/png"
