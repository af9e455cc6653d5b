"""Checks what is signed: whether a signature is there, whose it is, and whether anything has changed since."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from spectacle import signatures
from spectacle.errors import one_line
from spectacle.signing.certificates import INSTALL, missing_packages
from spectacle.signing.signer import RECIPE

_MARKS = (b"c2pa", b"jumb")
"""What a file contains that has Content Credentials in it, in every format."""

_UNKNOWN_SIGNER = "signingCredential.untrusted"
_WHAT = {
    "assertion.bmffHash.mismatch": "the file has changed since it was signed",
    "assertion.dataHash.mismatch": "the file has changed since it was signed",
    "assertion.hashedURI.mismatch": "one of the signed statements has changed",
    "assertion.missing": "one of the signed statements is missing",
    "claimSignature.mismatch": "the signature does not match what is signed",
    "claimSignature.outsideValidity": "the certificate was not valid at the time of signing",
    "signingCredential.expired": "the certificate has expired, and no time stamp says when it was used",
    "signingCredential.invalid": "the certificate is not allowed to sign",
}


class SignatureState(StrEnum):
    """What a signature is worth."""

    NONE = "none"
    """There is none."""
    TRUSTED = "trusted"
    """It is valid, and of somebody whose root certificate is trusted."""
    VALID = "valid"
    """Nothing has changed since somebody unknown has signed."""
    BROKEN = "broken"
    """Something has changed since, or the signature is not one."""
    UNCHECKED = "unchecked"
    """There seems to be one, and the library for checking it is missing."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of a file's signature.

    Attributes:
        state: What it is worth.
        signer: Whom the certificate names.
        time: When it was signed, if a time stamp says so.
        source_type: How the image came about, as signed.
        problems: What is wrong, or missing.
        changed: What has changed since: fields of the recipe with their signed values, or words.
        recipe: The signed recipe.
    """

    state: SignatureState
    signer: str | None = None
    time: str | None = None
    source_type: str | None = None
    problems: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    recipe: Mapping[str, Any] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """All but the recipe, as JSON values; what is not known is left out."""
        values = {name: value for name, value in asdict(self).items() if name != "recipe"}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items() if value}


def verify(content: bytes, anchors: str = "", making: Mapping[str, Any] | None = None) -> Verdict:
    """Check the signature in a file.

    Args:
        content: The file.
        anchors: The root certificates that are trusted, as PEM.
        making: What its metadata says now, to be compared with what is signed.
    """
    if not any(mark in content for mark in _MARKS):
        return Verdict(SignatureState.NONE)
    if missing_packages() is not None:
        return Verdict(SignatureState.UNCHECKED, problems=(f"the library for checking it is missing. {INSTALL}",))
    import c2pa

    settings: dict[str, Any] = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
    if anchors:
        settings["trust"] = {"user_anchors": anchors}
    try:
        with (
            c2pa.Context.from_dict(settings) as context,
            c2pa.Reader(_media_type(content), io.BytesIO(content), context=context) as reader,
        ):
            store = json.loads(reader.json())
    except c2pa.C2paError as error:
        if isinstance(error, c2pa.C2paError.ManifestNotFound):
            return Verdict(SignatureState.NONE)
        return Verdict(
            SignatureState.BROKEN, problems=(f"the signature cannot be read: {one_line(error, 200)}",),
            changed=("the file",),
        )  # fmt: skip
    return _verdict(store, making)


def _verdict(store: Mapping[str, Any], making: Mapping[str, Any] | None) -> Verdict:
    active = store.get("manifests", {}).get(store.get("active_manifest"), {})
    assertions = {each.get("label"): each.get("data") for each in active.get("assertions", [])}
    recipe = assertions.get(RECIPE) or {}
    found = {"Trusted": SignatureState.TRUSTED, "Valid": SignatureState.VALID}
    state = found.get(str(store.get("validation_state")), SignatureState.BROKEN)
    results = store.get("validation_results", {}).get("activeManifest", {})
    failures = [each for each in results.get("failure", []) if each.get("code") != _UNKNOWN_SIGNER]
    problems = [
        _WHAT.get(each["code"], f"{each['code']}: {one_line(each.get('explanation', ''))}") for each in failures
    ]
    changed: list[str] = []
    if state is SignatureState.BROKEN:
        changed = _changes(recipe, making)
        if not changed and any("Hash.mismatch" in each["code"] for each in failures):
            changed = ["the image, or metadata that is not part of the recipe"]
    elif state is SignatureState.VALID:
        problems.append("the signer is not known here; pass its root certificate with --trust")
    signature = active.get("signature_info") or {}
    actions = (assertions.get("c2pa.actions.v2") or assertions.get("c2pa.actions") or {}).get("actions", [])
    sources = [each["digitalSourceType"] for each in actions if each.get("digitalSourceType")]
    return Verdict(
        state,
        signature.get("common_name") or signature.get("issuer"),
        signature.get("time"),
        sources[-1] if sources else None,
        tuple(dict.fromkeys(problems)),
        tuple(changed),
        recipe if isinstance(recipe, dict) else {},
    )


def _changes(recipe: Mapping[str, Any], making: Mapping[str, Any] | None) -> list[str]:
    if not recipe:
        return []
    if making is None:
        return ["the metadata has been removed"]
    return [
        f"{name}: signed as {json.dumps(value, ensure_ascii=False)}"
        for name, value in recipe.items()
        if making.get(name) != value
    ]


def _media_type(content: bytes) -> str:
    if content.startswith(signatures.PNG):
        return "image/png"
    if content.startswith(signatures.JPEG):
        return "image/jpeg"
    if signatures.is_webp(content):
        return "image/webp"
    return "image/avif" if content[4:8] == b"ftyp" else "image/svg+xml"
