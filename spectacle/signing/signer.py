"""Signs result files: says in each, tamper-evidently, what made it, how, and out of which images."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from spectacle.config import ProvenanceSettings
from spectacle.errors import SigningFailed, SpectacleError, one_line
from spectacle.signing.certificates import Identity, read_identity
from spectacle.signing.delegated import StandIn, make_stand_in, signed_again

RECIPE = "org.spectacle.making"
"""Label of the assertion with the recipe: the fields of the metadata that it takes to make the image again."""

RECIPE_FIELDS = (
    "prompt", "kind", "width", "height", "generator", "preset", "model", "revision", "licence", "seed", "options",
    "candidate", "version", "metadata", "visible_mark",
)  # fmt: skip

COMMAND_SECONDS = 30
"""Seconds that a command may take to sign."""

MAX_SIGNATURE_BYTES = 4096

_SETTINGS = {"builder": {"thumbnail": {"enabled": False}}, "verify": {"verify_after_sign": False}}
"""Thumbnails would take 600 kB; a key is checked when it is read, or with each signature of a command."""

Relationship = Literal["parentOf", "componentOf", "inputTo"]


@dataclass(frozen=True, slots=True)
class Ingredient:
    """An image that came with the request.

    Attributes:
        relationship: `parentOf` for what was edited, `componentOf` for what was put into it, `inputTo` for what only
            guided it.
        title: What it is called.
        media_type: Media type of its content.
        content: Its bytes; None leaves them out, together with what is said in them.
    """

    relationship: Relationship
    title: str
    media_type: str
    content: bytes | None

    def described(self, number: int) -> dict[str, Any]:
        """What is said of it."""
        identifier = _identifier(number)
        named = {"title": self.title, "format": self.media_type, "relationship": self.relationship}
        return {**named, "label": identifier, "instance_id": identifier}


@dataclass(frozen=True, slots=True)
class Statement:
    """What is said of a file.

    Attributes:
        media_type: Media type of the file.
        source_type: How it came about, a URL of the IPTC vocabulary.
        details: The fields of its metadata.
        ingredients: The images that came with the request, the edited one first.
    """

    media_type: str
    source_type: str
    details: Mapping[str, Any]
    ingredients: Sequence[Ingredient] = ()

    def manifest(self) -> dict[str, Any]:
        """As the library wants it."""
        actions: list[dict[str, Any]] = []
        for number, each in enumerate(self.ingredients):
            if each.relationship != "inputTo":
                action = "c2pa.opened" if each.relationship == "parentOf" else "c2pa.placed"
                actions.append({"action": action, "parameters": {"ingredientIds": [_identifier(number)]}})
        made = "c2pa.edited" if actions else "c2pa.created"
        actions.append({"action": made, "digitalSourceType": self.source_type})
        recipe = {name: self.details[name] for name in RECIPE_FIELDS if name in self.details}
        described = [each.described(number) for number, each in enumerate(self.ingredients) if each.content is None]
        return {
            "ingredients": described,
            "claim_generator_info": [{"name": "Spectacle", "version": str(self.details.get("version", ""))}],
            "format": self.media_type,
            "assertions": [
                {"label": "c2pa.actions.v2", "data": {"actions": actions}},
                {"label": RECIPE, "data": recipe},
            ],
        }


class ResultSigner:
    """Signs files with one certificate. Used by one thread.

    Args:
        settings: The section `[provenance]`, with certificate and key.
    """

    def __init__(self, settings: ProvenanceSettings) -> None:
        self._settings = settings
        self._identity: Identity | None = None
        self._native: tuple[Any, Any] | None = None
        self._stand_in: StandIn | None = None
        self._trouble: SpectacleError | None = None

    @property
    def must_sign(self) -> bool:
        """Whether what cannot be signed is an error."""
        return self._settings.on_failure == "error"

    def sign(self, content: bytes, statement: Statement) -> bytes:
        """A file with the statement in it, signed.

        Args:
            content: The file, complete: a change afterwards breaks the signature.
            statement: What is said of it.

        Raises:
            SigningFailed: When that cannot be done.
        """
        try:
            return self._sign(content, statement)
        except SigningFailed:
            raise
        except SpectacleError as error:
            raise SigningFailed(error.message) from None
        except Exception as error:
            raise self._failed(error) from None

    def close(self) -> None:
        """Free what the library holds."""
        native, self._native, self._stand_in = self._native, None, None
        for each in native or ():
            each.close()

    def _failed(self, error: Exception) -> SigningFailed:
        trouble, self._trouble = self._trouble, None
        if trouble is not None:
            return SigningFailed(trouble.message)
        return SigningFailed(
            f"the result cannot be signed: {one_line(error, 200)}. Run `spectacle doctor`, or set "
            f'provenance.on_failure = "unsigned".'
        )

    def _sign(self, content: bytes, statement: Statement) -> bytes:
        import c2pa

        identity = self._current_identity()
        if self._native is None:
            # A time stamp is over the signature, so that cannot be replaced.
            if isinstance(identity.key, tuple) and not self._settings.timestamp_url:
                self._stand_in = make_stand_in(identity)
            self._native = c2pa.Context.from_dict(_SETTINGS), self._signer(identity)
        context, signer = self._native
        signed, manifest = self._signed(context, signer, content, statement)
        stand_in = self._stand_in
        if stand_in is None:
            return signed
        again = signed_again(
            signed,
            manifest,
            stand_in,
            lambda signature, data: is_signed(stand_in.public_key, identity.algorithm, data, signature),
            lambda data: sign_by_command(identity, data),
        )
        if again is not None:
            return again
        with self._by_library(identity) as signer:
            return self._signed(context, signer, content, statement)[0]

    def _signed(self, context: Any, signer: Any, content: bytes, statement: Statement) -> tuple[bytes, bytes]:
        """A file with the statement in it, and the statement as it is in there."""
        import c2pa

        signed = io.BytesIO()
        with c2pa.Builder.from_json(_json(statement.manifest()), context) as builder:
            for number, each in enumerate(statement.ingredients):
                if each.content is not None:
                    builder.add_ingredient(_json(each.described(number)), each.media_type, io.BytesIO(each.content))
            manifest: bytes = builder.sign(signer, statement.media_type, io.BytesIO(content), signed)
        return signed.getvalue(), manifest

    def _current_identity(self) -> Identity:
        """The certificate and key; read again once it has run out, because it may have been renewed."""
        if self._identity is not None and self._identity.until <= datetime.now(UTC):
            self._identity = None
            self.close()
        if self._identity is None:
            self._identity = read_identity(self._settings)
            assert self._identity is not None
        return self._identity

    def _signer(self, identity: Identity) -> Any:
        import c2pa

        url = self._settings.timestamp_url
        key = identity.key if self._stand_in is None else self._stand_in.pem
        if isinstance(key, bytes):
            info = c2pa.C2paSignerInfo(
                identity.algorithm.encode(), identity.chain.encode(), key, url.encode() if url else None
            )
            return c2pa.Signer.from_info(info)
        return self._by_library(identity)

    def _by_library(self, identity: Identity) -> Any:
        """Has the library call the command, for which it sets 10 kB aside in each file."""
        import c2pa

        url = self._settings.timestamp_url
        algorithm = c2pa.C2paSigningAlg[identity.algorithm.upper()]
        return c2pa.Signer.from_callback(lambda data: self._by_command(identity, data), algorithm, identity.chain, url)

    def _by_command(self, identity: Identity, data: bytes) -> bytes:
        try:
            return sign_by_command(identity, data)
        except SpectacleError as error:
            # The library would tell nothing of it.
            self._trouble = error
            raise


def sign_by_command(identity: Identity, data: bytes) -> bytes:
    """Have a command sign: it gets the data on standard input and writes the signature to standard output.

    A signature on an elliptic curve may be in the form of X.509 (DER), as `openssl` writes it, or in that of JOSE.

    Raises:
        SigningFailed: When it fails, takes too long, or has signed with another key.
    """
    from cryptography.exceptions import InvalidSignature

    assert isinstance(identity.key, tuple)
    name = identity.key[0]
    try:
        done = subprocess.run(identity.key, input=data, capture_output=True, timeout=COMMAND_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise SigningFailed(
            f"provenance.key: {name} took longer than {COMMAND_SECONDS} s to sign. Check what it waits for."
        ) from None
    except OSError as error:
        raise SigningFailed(
            f"provenance.key: {name} cannot be run: {error.strerror}. Check its path and permissions."
        ) from None
    if done.returncode != 0:
        said = one_line(done.stderr.decode("utf-8", "replace"), 200)
        raise SigningFailed(
            f"provenance.key: {name} ended with status {done.returncode}: {said or 'it said nothing'}. Run it by "
            f"hand, with a file as its standard input."
        )
    try:
        return _checked(identity.public_key, identity.algorithm, data, done.stdout[:MAX_SIGNATURE_BYTES])
    except (InvalidSignature, ValueError):
        raise SigningFailed(
            f"provenance.key: what {name} wrote is not a signature by the certificate's key. Have it sign standard "
            f"input and write only the signature to standard output."
        ) from None


def is_signed(public_key: Any, algorithm: str, data: bytes, signature: bytes) -> bool:
    """Whether a signature is that of a key.

    Args:
        public_key: The key.
        algorithm: As C2PA names it.
        data: What is signed.
        signature: The signature, on an elliptic curve in the form of X.509 or in that of JOSE.
    """
    from cryptography.exceptions import InvalidSignature

    try:
        _checked(public_key, algorithm, data, signature)
    except (InvalidSignature, ValueError):
        return False
    return True


def _checked(key: Any, algorithm: str, data: bytes, signature: bytes) -> bytes:
    """The signature in the form of C2PA, once it is known to be the key's."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

    if isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signature, data)
        return signature
    bits = {"es384": 384, "es512": 512}.get(algorithm, 256)
    digest = {256: hashes.SHA256(), 384: hashes.SHA384(), 512: hashes.SHA512()}[bits]
    if not isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, data, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
        return signature
    size = (key.curve.key_size + 7) // 8
    if len(signature) == 2 * size:
        r, s = int.from_bytes(signature[:size]), int.from_bytes(signature[size:])
    else:
        r, s = decode_dss_signature(signature)
    key.verify(encode_dss_signature(r, s), data, ec.ECDSA(digest))
    return r.to_bytes(size) + s.to_bytes(size)


def _identifier(number: int) -> str:
    return f"input-{number + 1}"


def _json(value: object) -> str:
    """As JSON; what is not JSON is described in words, and what UTF-8 cannot hold is left out."""
    text = json.dumps(value, ensure_ascii=True, default=str)
    return json.dumps(_writable(json.loads(text)), ensure_ascii=False)


def _writable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_writable(name): _writable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_writable(each) for each in value]
    # Numbers beyond those of CBOR.
    return str(value) if isinstance(value, int) and not -(2**63) <= value < 2**64 else value
