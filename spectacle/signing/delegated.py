"""Has a command sign without the space that the library sets aside for signatures made elsewhere, 10 kB a file.

The library signs with a key of this process, for whose signatures it sets aside as much as they need. In its place
comes the signature by the command, over the same data, and the key of this process is thrown away.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from spectacle import signatures
from spectacle.signing.certificates import Identity

_SIGNATURE, _CLAIM = b"c2pa.signature\0", b"c2pa.claim.v2\0"
"""Labels of the boxes (JUMBF) that hold the signature, and what is signed."""
_COSE = b"\xd2\x84"
"""Beginning of a COSE_Sign1 structure: its tag, and a list of four."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """A key of this process, of the kind and size of the certificate's.

    Attributes:
        pem: The private key.
        public_key: Its public key.
        size: Bytes of its signatures.
    """

    pem: bytes
    public_key: Any
    size: int


def make_stand_in(identity: Identity) -> StandIn:
    """A key for the certificate's algorithm."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    theirs = identity.public_key
    key: Any
    if isinstance(theirs, ec.EllipticCurvePublicKey):
        key, size = ec.generate_private_key(theirs.curve), 2 * ((theirs.curve.key_size + 7) // 8)
    elif isinstance(theirs, ed25519.Ed25519PublicKey):
        key, size = ed25519.Ed25519PrivateKey.generate(), 64
    else:
        key, size = rsa.generate_private_key(65537, theirs.key_size), theirs.key_size // 8
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return StandIn(pem, key.public_key(), size)


def signed_again(
    content: bytes,
    manifest: bytes,
    stand_in: StandIn,
    is_signed: Callable[[bytes, bytes], bool],
    sign: Callable[[bytes], bytes],
) -> bytes | None:
    """A signed file with another signature, or None when it is not of a form that is known here.

    Args:
        content: The file, signed with the key of this process.
        manifest: The statement in it, as the library returned it.
        stand_in: That key.
        is_signed: Whether a signature is that key's signature of some data.
        sign: Signs data; the signature has the same size.

    Raises:
        SigningFailed: Whatever `sign` raises.
    """
    before = manifest[-stand_in.size :]
    data = _signed_data(manifest)
    # Only what this very signature holds for is certain to be what is to be signed.
    if data is None or not is_signed(before, data):
        return None
    place = _place(content, manifest)
    if place is None:
        return None
    after = sign(data)
    return place(manifest[: -stand_in.size] + after) if len(after) == stand_in.size else None


def _signed_data(manifest: bytes) -> bytes | None:
    """What the signature of the last statement is made over: `Sig_structure` of RFC 9052."""
    claim, signature = _box(manifest, _CLAIM), _box(manifest, _SIGNATURE)
    if claim is None or signature is None or not signature.startswith(_COSE):
        return None
    protected = signature[len(_COSE) :]
    head, length = _byte_string(protected)
    return b"\x84\x6aSignature1" + protected[: head + length] + b"\x40" + _head(len(claim)) + claim


def _box(manifest: bytes, label: bytes) -> bytes | None:
    """The CBOR in the last box with this label."""
    start = manifest.rfind(label) + len(label)
    if start < len(label) or manifest[start + 4 : start + 8] != b"cbor":
        return None
    return manifest[start + 8 : start + int.from_bytes(manifest[start : start + 4])]


def _byte_string(cbor: bytes) -> tuple[int, int]:
    """Lengths of the head and of the content of a byte string in CBOR."""
    short = cbor[0] - 0x40
    if short < 24:
        return 1, short
    more = 1 << (short - 24)
    return 1 + more, int.from_bytes(cbor[1 : 1 + more])


def _head(length: int) -> bytes:
    """The head of a byte string of this length in CBOR."""
    if length < 24:
        return bytes([0x40 + length])
    if length < 2**8:
        return struct.pack(">BB", 0x58, length)
    return struct.pack(">BH", 0x59, length) if length < 2**16 else struct.pack(">BI", 0x5A, length)


def _place(content: bytes, manifest: bytes) -> Callable[[bytes], bytes] | None:
    """Puts another statement of the same length into a file; None where it is not in one piece."""
    text = base64.b64encode(manifest)
    if content.count(text) == 1:  # SVG
        return lambda other: content.replace(text, base64.b64encode(other))
    if content.count(manifest) != 1:
        return None
    start = content.index(manifest)
    end = start + len(manifest)
    if not content.startswith(signatures.PNG):
        return lambda other: content[:start] + other + content[end:]
    if content[start - 8 : start] != struct.pack(">I", len(manifest)) + b"caBX":
        return None
    return lambda other: content[:start] + other + struct.pack(">I", zlib.crc32(b"caBX" + other)) + content[end + 4 :]
