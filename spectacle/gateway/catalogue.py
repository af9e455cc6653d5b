"""The kinds that the instances on a spool report, and which of them a client means by a model's name."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from spectacle.client.files import spool_errors
from spectacle.config import Settings
from spectacle.errors import SpectacleError
from spectacle.gateway.problems import Problem
from spectacle.gateway.schemas import OptionSchema
from spectacle.gateway.tokens import User
from spectacle.spool.directory import Spool
from spectacle.spool.file_status import NotOrdinary, TooLarge
from spectacle.spool.instances import all_reports, is_live
from spectacle.spool.naming import KIND_PATTERN, RequestName, schema_path
from spectacle.spool.pauses import Pauses, operators_of, read_pauses

MAX_AGE = 2.0
"""Seconds for which what instances report is remembered."""

_MAX_SCHEMA_BYTES = 4 * 2**20
_MAX_SCHEMAS = 200
_DIGEST = re.compile(r"[0-9a-f]{64}")
_OF_IMAGES, _WITHOUT_IMAGES = ("edit", "vectorize"), ("illustration",)
"""Purposes that need a kind which takes images, and generators which take none."""

_PNG, _SVG = "image/png", "image/svg+xml"

NATURAL = {
    "image": (("qwen-image", "qwen-image-2.1", "illustration"), _PNG),
    "edit": (("qwen-image-edit",), _PNG),
    "svg": (("omnisvg", "illustration"), _SVG),
    "vectorize": (("supersvg", "omnisvg"), _SVG),
    "omnisvg": (("omnisvg", "illustration"), _SVG),
    "botanical": (("botanical",), _PNG),
}
"""By purpose: the generators that suit, the best first, and the media type."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a request of a kind gives.

    Attributes:
        prompt: Whether it must have a prompt.
        images: Fewest and most input images.
        mask: Whether a mask can be attached.
        control: Whether a control image can be attached.
    """

    prompt: bool
    images: tuple[int, int]
    mask: bool
    control: bool

    @classmethod
    def parse(cls, told: Any) -> Inputs | None:
        """What a report says, or None when it says nothing."""
        images = told.get("images") if isinstance(told, dict) else None
        if not (isinstance(images, list) and len(images) == 2 and all(isinstance(each, int) for each in images)):
            return None
        prompt, mask, control = (bool(told.get(key)) for key in ("prompt", "mask", "control"))
        return cls(prompt, (images[0], images[1]), mask, control)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind that is served.

    Attributes:
        name: Its name.
        media_type: Media type of its results; None when it is not known.
        generator: What makes them; None when it is not known.
        preset: Preset of the generator, or None.
        licence: Licence of the model, or None.
        servable: Whether libraries and weights were found; None when it is not known.
        problem: What is missing, or None.
        options: What `STEM-options.json` may contain.
        inputs: What a request gives; None when it is not known.
        default: Whether it is that of requests that name none.
    """

    name: str
    media_type: str | None = None
    generator: str | None = None
    preset: str | None = None
    licence: str | None = None
    servable: bool | None = None
    problem: str | None = None
    options: OptionSchema = field(default_factory=lambda: OptionSchema(None))
    inputs: Inputs | None = None
    default: bool = False

    @property
    def makes_svg(self) -> bool:
        """Whether its results are SVG."""
        return self.media_type == _SVG if self.media_type else self.name == "svg"


class Kinds:
    """What instances report.

    Args:
        settings: The settings.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = asyncio.Lock()
        self._read_at = float("-inf")
        self._reports: list[dict[str, Any]] = []
        self._kinds: dict[str, Kind] = {}
        self._pauses = Pauses()
        self._schemas: dict[str, Mapping[str, Any]] = {}

    async def served(self, user: User | None = None) -> Mapping[str, Kind]:
        """The kinds that live instances serve, by name: those that a user may request, or all.

        Raises:
            SpoolUnavailable: When the spool cannot be read.
        """
        await self._refresh()
        if user is None or user.kinds is None:
            return self._kinds
        return {name: kind for name, kind in self._kinds.items() if name in user.kinds}

    async def instances(self) -> list[dict[str, Any]]:
        """The reports of live instances.

        Raises:
            SpoolUnavailable: When the spool cannot be read.
        """
        await self._refresh()
        return self._reports

    def why_waiting(self, name: RequestName) -> str | None:
        """Why a request waits, as far as was known when the reports were last read; None when others are before it."""
        default = next((kind.name for kind in self._kinds.values() if kind.default), self._settings.default_kind)
        if (pause := self._pauses.of(name.kind or default)) is not None:
            return pause.told
        held_up = (each["held_up"].get(name.user) for each in self._reports if isinstance(each.get("held_up"), dict))
        return next((why for why in held_up if isinstance(why, str)), None)

    def paused(self) -> str | None:
        """Why no kind is served at the moment, as far as was known then; None when some are."""
        pause = self._pauses.of(None)
        return None if pause is None else pause.told

    async def named(self, user: User, name: str | None, purpose: str = "image") -> Kind:
        """The kind that a client means by a kind's, a generator's or a model's name.

        Args:
            user: Who asks.
            name: The name; None or empty for none.
            purpose: What it is needed for, when the name is another vendor's: a key of `NATURAL`.

        Raises:
            Problem: When the user may not request it, or no instance serves it.
        """
        served = await self.served()
        if name:
            kind = await self.find(name)
            if kind is not None and purpose in _OF_IMAGES and kind.generator in _WITHOUT_IMAGES:
                return await self.suiting(user, purpose)  # clients name one model for everything
            if kind is not None:
                return self.allowed(user, kind)
            patterns = self._settings.gateway.models
            chosen = next((patterns[each] for each in patterns if fnmatchcase(name.lower(), each.lower())), None)
            if chosen is not None:
                return self.allowed(user, served.get(chosen) or self._unserved(served, chosen))
        return await self.suiting(user, purpose)

    async def find(self, name: str) -> Kind | None:
        """The kind of this name, or else one whose generator has it; None when there is none."""
        served = await self.served()
        for candidate in (name, re.sub(r"[^a-z0-9]", "_", name.lower())):
            if candidate in served:
                return served[candidate]
        same = [kind for kind in served.values() if kind.generator and _plain(kind.generator) == _plain(name)]
        return next((kind for kind in same if kind.servable is not False), same[0] if same else None)

    async def suiting(self, user: User, purpose: str) -> Kind:
        """The kind for a purpose: that of the settings, or the served one whose generator suits best.

        Raises:
            Problem: When there is none, or the user may not request it.
        """
        served = await self.served()
        if (chosen := self._settings.gateway.default_kinds.get(purpose)) is not None:
            return self.allowed(user, served.get(chosen) or self._unserved(served, chosen))
        generators, media_type = NATURAL[purpose]
        mine = await self.served(user)
        suiting = [
            kind
            for generator in generators
            for kind in mine.values()
            if kind.generator == generator and kind.media_type == media_type and kind.servable is not False
        ]
        default = mine.get(self._settings.default_kind) or next((kind for kind in mine.values() if kind.default), None)
        if purpose == "image" and default is not None and not default.makes_svg:
            return default
        if suiting:
            return suiting[0]
        for kind in mine.values():  # an instance that has not described its kinds yet, or a generator of others
            known = kind.generator in generators if kind.generator else kind.name in (purpose, "svg", "picture")
            known = known or (purpose in ("edit", "vectorize") and _takes_images(kind))
            fits = kind.servable is not False and kind.makes_svg == (media_type == _SVG)
            if fits and (known or (purpose in ("image", "svg", "omnisvg") and not _needs_input(kind))):
                return kind
        raise Problem(
            404,
            "unknown-kind",
            f"no served kind is for {purpose}. Served kinds: {', '.join(sorted(mine)) or 'none'}. Add one to the "
            f"daemon's configuration, or choose one with gateway.default_kinds.",
            param="model",
        )

    async def check_served(self, name: str) -> None:
        """Do nothing for a kind that is served.

        Raises:
            Problem: When no instance serves it, although some run.
        """
        served = await self.served()
        if name not in served:
            self._unserved(served, name)

    def allowed(self, user: User, kind: Kind) -> Kind:
        """The kind itself.

        Raises:
            Problem: When the user may not request it.
        """
        if user.kinds is not None and kind.name not in user.kinds:
            raise Problem(
                403,
                "forbidden",
                f"kind {kind.name}: not allowed for user {user.name}. Use {', '.join(sorted(user.kinds)) or 'none'}.",
                param="model",
            )
        return kind

    async def check_model(self, user: User, name: str, options: Mapping[str, object]) -> None:
        """Do nothing unless the option `model_size` asks for a model of kinds that the user may not request.

        Raises:
            Problem: When it does: a daemon would serve the request with that model.
        """
        served, size = await self.served(), str(options.get("model_size")).lower()
        own = served.get(name)
        if own is None or own.preset == size:
            return
        others = [each for each in served.values() if (each.generator, each.preset) == (own.generator, size)]
        if others and not any(user.kinds is None or each.name in user.kinds for each in others):
            self.allowed(user, others[0])

    def _unserved(self, served: Mapping[str, Kind], name: str) -> Kind:
        if not served:  # no instance runs at the moment: the request waits for one
            return Kind(name)
        raise Problem(
            404,
            "unknown-kind",
            f"kind {name}: no running instance serves it. Use {', '.join(sorted(served))}.",
            param="model",
        )

    async def _refresh(self) -> None:
        async with self._lock:
            if time.monotonic() - self._read_at > MAX_AGE:
                await asyncio.to_thread(self._read)
                self._read_at = time.monotonic()

    def _read(self) -> None:
        path = self._settings.spool.path
        with spool_errors(path):
            spool = Spool(path)
            spool.open()
            try:
                reports = [dict(report) for report, age in all_reports(spool) if is_live(report, age)]
                self._pauses = read_pauses(spool, lambda: operators_of(spool, self._settings.spool.operators))
                kinds: dict[str, Kind] = {}
                for report in reports:
                    for kind in self._told(spool, report):
                        known = kinds.get(kind.name)
                        if known is None or known.servable is not True:
                            kinds[kind.name] = kind
            finally:
                spool.close()
        self._reports, self._kinds = reports, dict(sorted(kinds.items()))

    def _told(self, spool: Spool, report: Mapping[str, Any]) -> list[Kind]:
        details = report.get("kind_details")
        details = details if isinstance(details, dict) else {}
        found = []
        for name in report.get("kinds", ()):
            if not (isinstance(name, str) and KIND_PATTERN.fullmatch(name)):
                continue
            told = details.get(name)
            told = told if isinstance(told, dict) else {}
            words = {
                key: told[key] if isinstance(told.get(key), str) else None
                for key in ("media_type", "generator", "preset", "licence", "problem", "options_schema")
            }
            schema = self._schema(spool, words.pop("options_schema"))
            servable = told["servable"] if isinstance(told.get("servable"), bool) else None
            found.append(
                Kind(
                    name,
                    servable=servable,
                    options=OptionSchema(schema),
                    inputs=Inputs.parse(told.get("inputs")),
                    default=report.get("default_kind") == name,
                    **words,
                )
            )
        return found

    def _schema(self, spool: Spool, digest: str | None) -> Mapping[str, Any] | None:
        if digest is None or not _DIGEST.fullmatch(digest):
            return None
        if digest not in self._schemas and len(self._schemas) < _MAX_SCHEMAS:
            with suppress(OSError, NotOrdinary, TooLarge, ValueError, RecursionError, SpectacleError):
                schema = json.loads(spool.read(schema_path(digest), _MAX_SCHEMA_BYTES)[0])
                if isinstance(schema, dict):
                    self._schemas[digest] = schema
        return self._schemas.get(digest)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _takes_images(kind: Kind) -> bool:
    return kind.inputs is not None and kind.inputs.images[1] > 0


def _needs_input(kind: Kind) -> bool:
    return kind.generator in ("supersvg", "qwen-image-edit", "botanical")
