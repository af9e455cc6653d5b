"""Job IDs and links to results that nobody can make up: signed with the gateways' key."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from itsdangerous import BadData, Signer, URLSafeTimedSerializer

from spectacle.errors import ConfigurationError
from spectacle.gateway.private_files import read_private, write_private

_MIN_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class SealedResult:
    """What a link to a result stands for.

    Attributes:
        stem: The request.
        number: Number of the result file, from 1; 0 for the processed input.
        form: `svg`, `png`, `webp`, `jpeg` or `avif`.
        quality: Of `webp` and `jpeg`; None for the default.
        thumbnail: Whether the thumbnail of that file is meant.
    """

    stem: str
    number: int
    form: str
    quality: int | None = None
    thumbnail: bool = False


class Seals:
    """Signs job IDs and links.

    Args:
        key: The secret key, which all gateways on a spool share.
        lifetime: Seconds for which links work.
    """

    def __init__(self, key: bytes, lifetime: float) -> None:
        self._ids = Signer(key, salt=b"spectacle job", key_derivation="hmac")
        self._links = URLSafeTimedSerializer(key, salt=b"spectacle result", signer_kwargs={"key_derivation": "hmac"})
        self._lifetime = lifetime
        self.webhook_key = Signer(key, salt=b"spectacle webhook", key_derivation="hmac").derive_key()

    @classmethod
    def open(cls, path: Path, lifetime: float) -> Seals:
        """Read the key from a file, which is created if it does not exist.

        Raises:
            ConfigurationError: When it cannot be used, or others could read it.
        """
        key = read_private(path)
        if key is None:
            write_private(path, secrets.token_hex(_MIN_KEY_BYTES).encode() + b"\n", replace=False)
            key = read_private(path)
        if key is None or len(key.strip()) < _MIN_KEY_BYTES:
            raise ConfigurationError(f"{path}: shorter than {_MIN_KEY_BYTES} bytes. Remove it, and a new key is made.")
        return cls(key.strip(), lifetime)

    def job_id(self, stem: str) -> str:
        """The ID of a job: always the same one."""
        return self._ids.sign(stem).decode()

    def stem(self, job_id: str) -> str | None:
        """The stem of a job ID, or None when no gateway made it."""
        try:
            return self._ids.unsign(job_id.encode()).decode()
        except (BadData, UnicodeError):
            return None

    def link(self, result: SealedResult) -> str:
        """What stands for a result in a link."""
        # Links to results stay those that a gateway of an earlier version knows.
        values = [result.stem, result.number, result.form, result.quality, *([True] if result.thumbnail else [])]
        sealed = self._links.dumps(values)
        return sealed if isinstance(sealed, str) else sealed.decode()

    def linked(self, sealed: str) -> SealedResult | None:
        """The result that a link stands for, or None when no gateway made it or its time is up."""
        try:
            stem, number, form, quality, *rest = self._links.loads(sealed, max_age=int(self._lifetime))
        except (BadData, UnicodeError, ValueError, TypeError):
            return None
        return SealedResult(stem, number, form, quality, bool(rest))
