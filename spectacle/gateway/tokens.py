"""Who may use the gateway: a file with the hashes of tokens, each of which stands for a user of the spool."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spectacle.config.settings import Rate
from spectacle.errors import ConfigurationError
from spectacle.gateway.private_files import read_private, write_private
from spectacle.spool.naming import RequestName, make_stem

PREFIX = "spectacle_"
"""Beginning of each token, by which scanners for leaked secrets can find it."""

MAX_USER_CHARACTERS = 64
LOCAL_USER = "gateway"
"""The user of requests that need no token."""


@dataclass(frozen=True, slots=True)
class User:
    """Who makes an HTTP request.

    Attributes:
        name: The user of the spool.
        kinds: The kinds that may be requested; None for all.
        rate: Maximum rate of requests, such as `60/minute`; None for the setting's.
        max_waiting: Maximum number of unfinished requests; None for the setting's.
    """

    name: str
    kinds: frozenset[str] | None = None
    rate: str | None = None
    max_waiting: int | None = None


class Entry(BaseModel):
    """One token, as the file has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    created: str
    kinds: tuple[str, ...] | None = None
    rate: Rate | None = None
    max_waiting: int | None = Field(None, ge=1)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tokens: tuple[Entry, ...] = ()


class Tokens:
    """The file of tokens. It is read again when it has changed.

    Args:
        path: The file; it need not exist.
        required: Whether nobody is served without a token even while the file has none.
    """

    def __init__(self, path: Path, *, required: bool = False) -> None:
        self.path = path
        self._required = required
        self._lock = threading.Lock()
        self._version: tuple[int, int, int] | None = None
        self._entries: tuple[Entry, ...] = ()

    def entries(self) -> tuple[Entry, ...]:
        """Every token.

        Raises:
            ConfigurationError: When the file cannot be used.
        """
        with self._lock:
            try:
                status = self.path.stat()
                version = (status.st_ino, status.st_mtime_ns, status.st_mode)
            except OSError:
                version = (0, 0, 0)
            if version != self._version:
                self._entries = self._read()
                self._version = version
            return self._entries

    def needed(self) -> bool:
        """Whether a request needs a token.

        Raises:
            ConfigurationError: When the file cannot be used.
        """
        return self._required or bool(self.entries())

    def user_of(self, token: str) -> User | None:
        """The user of a token, or None when it is not one. Takes the same time for each token of the file."""
        digest = _digest(token)
        found = None
        for entry in self.entries():
            if hmac.compare_digest(entry.sha256, digest):
                found = entry
        if found is None:
            return None
        kinds = None if found.kinds is None else frozenset(found.kinds)
        return User(found.user, kinds, found.rate, found.max_waiting)

    def add(
        self,
        user: str,
        *,
        kinds: tuple[str, ...] | None = None,
        rate: str | None = None,
        max_waiting: int | None = None,
    ) -> str:
        """Make a token for a user, and return it. Only its hash is kept.

        Raises:
            ConfigurationError: When the name cannot be a user's, or the file cannot be used.
        """
        name = RequestName.from_stem(make_stem(user, "1", 1, 1))
        if name is None or name.user != user or len(user) > MAX_USER_CHARACTERS:
            raise ConfigurationError(
                f"invalid user {user!r}. Use a UUID, or one word of letters, digits and _ . + = @ ~, at most "
                f"{MAX_USER_CHARACTERS} characters."
            )
        token = PREFIX + secrets.token_urlsafe(32)
        created = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            entry = Entry(
                user=user, sha256=_digest(token), created=created, kinds=kinds, rate=rate, max_waiting=max_waiting
            )
        except ValidationError as error:
            raise ConfigurationError(f"token of {user}: {error.errors()[0]['msg']}. Fix the option.") from None
        self._write((*self.entries(), entry))
        return token

    def remove(self, user: str) -> int:
        """Remove every token of a user. Returns how many there were.

        Raises:
            ConfigurationError: When the file cannot be used.
        """
        entries = self.entries()
        kept = tuple(entry for entry in entries if entry.user != user)
        if len(kept) != len(entries):
            self._write(kept)
        return len(entries) - len(kept)

    def _read(self) -> tuple[Entry, ...]:
        content = read_private(self.path)
        if content is None:
            return ()
        try:
            return _File.model_validate_json(content).tokens
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"]))
            raise ConfigurationError(
                f"{self.path}: {where or 'the file'}: {error.errors()[0]['msg']}. Fix it, or remove the file and add "
                "the tokens again."
            ) from None

    def _write(self, entries: tuple[Entry, ...]) -> None:
        text = json.dumps(_File(tokens=entries).model_dump(mode="json", exclude_none=True), indent=1)
        write_private(self.path, text.encode() + b"\n", replace=True)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
