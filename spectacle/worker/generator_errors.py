"""Turns whatever a generator raises into one of Spectacle's errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from spectacle.errors import DeviceLost, GeneratorError, OutOfMemory, SpectacleError, one_line
from spectacle.generators.placement import backends
from spectacle.worker.channel import Disconnected

_Result = TypeVar("_Result")


def call_generator(name: str, call: Callable[[], _Result]) -> _Result:
    """Call something of the generator of that name.

    Raises:
        SpectacleError: For whatever it raises, as `as_spectacle_error` says.
        Disconnected: When the daemon has gone meanwhile.
    """
    try:
        return call()
    except (SpectacleError, Disconnected):
        raise
    except Exception as error:
        raise as_spectacle_error(error, name) from error


def as_spectacle_error(error: Exception, generator: str) -> SpectacleError:
    """Any exception of a generator as one of ours."""
    kind = type(error)
    said = one_line(error, 300)
    if backends.is_out_of_memory(error):
        return OutOfMemory("not enough memory")
    if backends.is_device_failure(error):
        return DeviceLost(f"{generator} lost its device: {said}")
    return GeneratorError(
        f"{generator}: failed: {kind.__name__}: {said}" if said else f"{generator}: failed: {kind.__name__}"
    )
