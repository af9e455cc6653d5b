"""Sections about running Spectacle: limits of users, retention, hooks, provenance and metrics."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ByteSize, Field, field_validator, model_validator

from spectacle.config.section import Section, expanded, kind_name, whole

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def parse_duration(value: Any) -> float:
    """A length of time in seconds, from a number of seconds or text such as `7d`.

    Raises:
        ValueError: When it is neither; says what it must be.
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([smhdw]?)", value) if isinstance(value, str) else None
    if match is not None:
        value = float(match[1]) * _UNITS[match[2] or "s"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MAX_DURATION:
        raise ValueError('must be a length of time, such as "12h", "7d" or 3600 for seconds, and more than 0')
    return float(value)


MAX_DURATION = 1e10
"""Longest duration that a setting can have, in seconds: some three hundred years."""

Duration = Annotated[float, BeforeValidator(parse_duration)]
"""A length of time in seconds."""


class UserLimitSettings(Section):
    """Limits of each user, by the first part of a request's name. By default, there are none.

    They hold for all instances on a spool together, and must be set to the same values for all.
    """

    waiting: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="Maximum number of a user's waiting requests; further ones get an error. Default: no limit.",
    )
    running: int | None = Field(
        None,
        ge=1,
        le=1000,
        description="Maximum number of a user's requests that run simultaneously. Default: no limit.",
    )
    per_hour: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="Maximum number of a user's requests that are started within an hour. Default: no limit.",
    )
    pixels: int | None = Field(
        None,
        ge=1,
        le=10**15,
        description="Maximum number of pixels, width times height of each request that a user starts within an hour, "
        "in all. Default: no limit.",
    )
    over: Literal["wait", "error"] = Field(
        "wait",
        description="What happens to a request for which `running`, `per_hour` or `pixels` leaves no room: it waits "
        "while other users are served, or it gets the error `over-limit`, which says when to try again.",
    )

    @property
    def are_set(self) -> bool:
        """Whether there is any limit."""
        return any(each is not None for each in (self.waiting, self.running, self.per_hour, self.pixels))


class RetentionRule(Section):
    """How long results of one kind are kept."""

    age: Duration | None = Field(
        None, description='Age after which a result is removed, such as "7d". Default: none is removed for its age.'
    )
    number: int | None = Field(
        None, ge=1, description="Number of results that are kept, the newest. Default: any number."
    )
    bytes: ByteSize | None = Field(
        None,
        gt=0,
        description='Total size of the results that are kept, the newest, such as "10GB". Default: any size.',
    )

    @property
    def is_set(self) -> bool:
        """Whether anything is ever removed by it."""
        return self.age is not None or self.number is not None or self.bytes is not None


class RetentionSettings(RetentionRule):
    """How long results are kept: images, SVG files and errors. By default, daemons remove none.

    `age`, `number` and `bytes` are about all results together; a table `[retention.kinds.NAME]` sets them for one kind,
    in addition.
    """

    grace: float = Field(
        60.0,
        ge=0,
        le=86400,
        description="Seconds for which a result is kept in any case, so that its client can get it.",
    )
    poison: Duration | None = Field(
        None,
        description="Time after which quarantined files in `.spectacle/poison/` are removed. Default: that of `age`.",
    )
    kinds: dict[Annotated[str, AfterValidator(kind_name)], RetentionRule] = Field(
        {}, description="Settings for single kinds: a table `[retention.kinds.NAME]` for each."
    )

    @property
    def removes_results(self) -> bool:
        """Whether any result is ever removed."""
        return self.is_set or any(rule.is_set for rule in self.kinds.values())


Command = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(max_length=100)]


class HookSettings(Section):
    """Programs that the daemon starts when a request has its result. See docs/how-to/hooks.md for their variables."""

    answered: Command = Field(
        (),
        description="Program and arguments, run once a request has its images. No shell is involved. The program is "
        "searched for in PATH, or is a path; a relative one is relative to the configuration file.",
    )
    failed: Command = Field((), description="The same, once a request has an error.")
    timeout: float = Field(30.0, gt=0, le=3600, description="Seconds after which a program is killed.")
    running: int = Field(2, ge=1, le=64, description="Maximum number of programs that run simultaneously.")
    waiting: int = Field(
        1000, ge=1, le=100_000, description="Maximum number of programs that wait to be run; further ones are dropped."
    )
    memory: ByteSize = Field(
        ByteSize(2**30), ge=16 * 2**20, description="Memory that each process of a program may use, in bytes."
    )


MarkText = Annotated[str, whole(r"[!-~]([ -~]{0,38}[!-~])?", "1 to 40 ASCII characters, without spaces at its ends")]
"""Text of a visible mark, in characters that the fonts here have."""


class ProvenanceSettings(Section):
    """What results say of their origin. Content Credentials (C2PA): every result is signed when a certificate is set.

    Signing needs the extra `provenance`, a visible mark does not.
    """

    certificate: Path | None = Field(
        None,
        description="PEM file with the certificate that signs, followed by those between it and its root; relative to "
        "the configuration file. `spectacle init DIR --provenance` makes one.",
    )
    key: Path | tuple[str, ...] | None = Field(
        None,
        description="PEM file with the certificate's private key, or a command as a list of words that signs standard "
        "input and writes the signature to standard output.",
    )
    trust: Path | None = Field(None, description="PEM file with the root certificates that `spectacle show` trusts.")
    on_failure: Literal["error", "unsigned"] = Field(
        "error",
        description="What happens to a result that cannot be signed: the request gets an error, or the result is "
        "published unsigned, with a note in its metadata.",
    )
    visible_mark: MarkText | None = Field(
        None,
        description='Text that is put visibly into the lower right corner of every result, such as "AI-generated". '
        "Default: none.",
    )
    timestamp_url: Annotated[str, whole(r"https?://\S+", "a URL that begins with http:// or https://")] | None = Field(
        None, description="Time stamp authority (RFC 3161) that is asked for each signature. Default: none."
    )

    @field_validator("key", mode="before")
    @classmethod
    def _is_file_or_command(cls, key: Any) -> Any:
        words = isinstance(key, list | tuple) and key and all(isinstance(word, str) and word for word in key)
        if not (key is None or isinstance(key, str | Path) or words):
            raise ValueError('must be a path in quotes, or a command as a list, such as ["/usr/local/bin/sign", "-k"]')
        return key

    @field_validator("certificate", "key", "trust", mode="after")
    @classmethod
    def _isexpanded(cls, path: Path | tuple[str, ...] | None) -> Path | tuple[str, ...] | None:
        return expanded(path) if isinstance(path, Path) else path

    @model_validator(mode="after")
    def _has_both(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            missing, there = ("key", "certificate") if self.key is None else ("certificate", "key")
            raise ValueError(f"provenance.{missing} is missing: set it, or remove provenance.{there}")
        return self


class MetricsSettings(Section):
    """Numbers for Prometheus about what the daemon does. Needs the extra `metrics`."""

    textfile: Path | None = Field(
        None,
        description="File for node_exporter's textfile collector, which must end in `.prom`, replaced as a whole every "
        "15 seconds. Each instance needs its own; a relative path is relative to the configuration file.",
    )

    @field_validator("textfile", mode="after")
    @classmethod
    def _is_read_by_the_collector(cls, path: Path | None) -> Path | None:
        if path is not None and path.suffix != ".prom":
            raise ValueError('must end in .prom, such as "/var/lib/prometheus/node-exporter/spectacle.prom"')
        return path if path is None else expanded(path)
