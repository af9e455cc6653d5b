"""Whose model serves a request: that of its own kind, or that of another kind, which its options ask for."""

from __future__ import annotations

from collections.abc import Sequence

from spectacle.config import Settings
from spectacle.errors import SpectacleError
from spectacle.generators import registry
from spectacle.spool.naming import RequestName
from spectacle.worker.contract import Attachment, TooLong
from spectacle.worker.options import MAX_OPTIONS_BYTES, parse_options


def serving_kind(name: RequestName, attachments: Sequence[Attachment], settings: Settings) -> str | None:
    """The kind whose model serves a request, or None for its own.

    Another one does where the options need another preset of the generator and a kind is configured with that. What is
    wrong with the options is told by the worker.

    Args:
        name: The request.
        attachments: What came with it.
        settings: The settings.

    Raises:
        OSError: When the spool is in trouble.
    """
    own = settings.kinds.get(name.kind or settings.default_kind)
    given = next((each for each in attachments if each.role == "options"), None)
    if own is None or given is None:
        return None
    others = {
        kind: each.preset
        for kind, each in settings.kinds.items()
        if each.generator == own.generator and each.preset != own.preset
    }
    try:
        generator = registry.find_own(own.generator) if others else None
        if generator is None:
            return None
        preset = generator.resolve_preset(own.preset)
        wanted = generator.preset_for(preset, {**own.options, **parse_options(given.read(MAX_OPTIONS_BYTES))})
        fitting = (kind for kind, other in others.items() if generator.resolve_preset(other) == wanted)
        return None if wanted == preset else next(fitting, None)
    except (SpectacleError, TooLong):
        return None
