"""Chooses the fewest stops with which a gradient has the colours that are seen along its way."""

from __future__ import annotations

import numpy as np

from spectacle.generators.supersvg.arrays import Doubles, farthest

_MAX_STOPS = 9
_STOP_ERROR = 2 / 255
"""Maximum difference of a channel between the colours of a gradient and of the pixels, in the mean of each step."""

_CLEAR = 0.02


def find_stops(at: Doubles, means: Doubles, counts: Doubles) -> tuple[Doubles, Doubles]:
    """Offsets (n,) and colours (n, 4) of the stops, from colours multiplied by the opacity in the mean of steps."""
    opacity = means[:, 3]
    seen = opacity > _CLEAR
    straight = means.copy()
    straight[seen, :3] /= opacity[seen, None]
    if seen.any():
        nearest = np.abs(at[:, None] - at[seen][None]).argmin(axis=1)
        straight[~seen, :3] = straight[seen][nearest][~seen, :3]
    shares = np.minimum(counts / counts.mean(), 1)

    def off(knots: list[int], stops: Doubles) -> Doubles:
        drawn = np.stack([np.interp(at, at[knots], channel) for channel in stops.T], axis=1)
        drawn[:, :3] *= drawn[:, 3:]
        return np.asarray(farthest(drawn - means) * shares)

    chosen = [0, len(at) - 1] if len(at) > 1 else [0]
    while len(chosen) < min(_MAX_STOPS, len(at)):
        errors = off(chosen, straight[chosen])
        errors[chosen] = 0
        if errors.max() <= _STOP_ERROR:
            break
        chosen = sorted([*chosen, int(errors.argmax())])
    for knot in chosen[1:-1]:
        fewer = [number for number in chosen if number != knot]
        if off(fewer, _least_squares(at, straight, opacity, counts, at[fewer])).max() <= _STOP_ERROR:
            chosen = fewer
    return at[chosen], _least_squares(at, straight, opacity, counts, at[chosen])


def _least_squares(at: Doubles, straight: Doubles, opacity: Doubles, counts: Doubles, knots: Doubles) -> Doubles:
    """The colours at knots between which the way is nearest to the colours given."""
    hats = np.stack([np.interp(at, knots, row) for row in np.eye(len(knots))], axis=1)
    weights = np.sqrt(counts)[:, None]
    lean = 1e-3 * float(weights.mean())
    base = np.stack([np.interp(knots, at, channel) for channel in straight.T], axis=1)
    found = np.empty((len(knots), 4))
    for channels, weight in ((slice(0, 3), weights * np.maximum(opacity, 1e-3)[:, None]), (slice(3, 4), weights)):
        system = np.concatenate([hats * weight, lean * np.eye(len(knots))])
        wanted = np.concatenate([straight[:, channels] * weight, lean * base[:, channels]])
        found[:, channels] = np.linalg.lstsq(system, wanted, rcond=None)[0]
    return found.clip(0, 1)
