"""Checks of what signs results: libraries, certificate, key, and one signature."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from spectacle.checks import Check, Level
from spectacle.config import ProvenanceSettings
from spectacle.errors import SpectacleError
from spectacle.signing.certificates import RENEWED_DAYS, Identity, read_anchors, read_identity, readable_by_others
from spectacle.signing.signer import ResultSigner, Statement
from spectacle.signing.verifier import SignatureState, verify

_WHAT = "provenance"
_SAMPLE = b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><metadata/></svg>'
_MADE = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"


def require_signing(settings: ProvenanceSettings) -> Iterator[Check]:
    """Whether certificate and key can be used, without signing anything.

    Returns:
        What is not as it should be, and no reason not to start.

    Raises:
        ConfigurationError: When they cannot be used, and results must be signed.
    """
    try:
        identity = read_identity(settings)
    except SpectacleError as error:
        if settings.on_failure == "error":
            raise
        yield _failed(error)
        return
    if identity is not None:
        yield from _warnings(settings, identity)


def check_provenance(settings: ProvenanceSettings) -> Iterator[Check]:
    """Whether results can be signed, by signing something."""
    if settings.certificate is None:
        yield Check(_WHAT, Level.OK, "results are not signed; no certificate is set")
        return
    try:
        identity = read_identity(settings)
        assert identity is not None
        signer = ResultSigner(settings)
        try:
            signed = signer.sign(_SAMPLE, Statement("image/svg+xml", _MADE, {}))
        finally:
            signer.close()
        found = verify(signed, read_anchors([settings.trust]) if settings.trust else "")
    except SpectacleError as error:
        yield _failed(error)
        return
    if found.state is SignatureState.BROKEN:
        told = f"a signature by {settings.certificate} is not accepted: {'; '.join(found.problems)}"
        yield Check(_WHAT, Level.FAIL, told, "set provenance.certificate and provenance.key to another pair")
        return
    yield from _warnings(settings, identity)
    if settings.trust is not None and found.state is not SignatureState.TRUSTED:
        told = f"{settings.trust} does not contain the root of {settings.certificate}, so `show` will not trust results"
        yield Check(_WHAT, Level.WARN, told, "set provenance.trust to the file with that root")
    yield Check(_WHAT, Level.OK, f"results are signed by {identity.subject}, until {identity.until:%Y-%m-%d}")


def _failed(error: SpectacleError) -> Check:
    message = error.message.removesuffix(".")
    found, _, remedy = message.rpartition(". ") if ". " in message else (message, "", "")
    return Check(_WHAT, Level.FAIL, found, f"{remedy[:1].lower()}{remedy[1:]}")


def _warnings(settings: ProvenanceSettings, identity: Identity) -> Iterator[Check]:
    if identity.until < datetime.now(UTC) + timedelta(days=RENEWED_DAYS):
        found = f"the certificate {settings.certificate} expires on {identity.until:%Y-%m-%d}"
        yield Check(_WHAT, Level.WARN, found, "run `spectacle init DIR --provenance` again, or get a new one")
    if isinstance(settings.key, Path) and readable_by_others(settings.key):
        found = f"the key {settings.key} can be read by other users"
        yield Check(_WHAT, Level.WARN, found, f"run `chmod 600 {settings.key}`")
