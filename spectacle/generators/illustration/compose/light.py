"""The light of a scene: how a time of day, a weather or a place changes every colour, and the colours of the sky."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random

from spectacle.generators.illustration.compose.colour import from_linear, lch, linear, mix, saturate

INDOORS = frozenset(
    {
        "room",
        "kitchen",
        "bedroom",
        "classroom",
        "stage",
        "castle hall",
        "library",
        "table",
        "cafe",
        "restaurant",
        "office",
        "hospital",
        "bathroom",
        "gym",
        "shop",
        "station",
        "airport",
        "museum",
        "subway",
    }
)


@dataclass(frozen=True, slots=True)
class Light:
    """A change of colours: each is tinted, its chroma scaled, and mixed with what the air adds.

    Attributes:
        tint: Factor on each channel in linear light.
        air: Colour of the scattered light.
        haze: Share of `air` in every colour, 0 to 1.
        chroma: Factor on chroma.
        share: How much of the change objects take, 0 to 1; less than all, so that they stay readable at night.
        snowed: Whether what is green on the ground is white with snow.
    """

    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    air: str = "#ffffff"
    haze: float = 0.0
    chroma: float = 1.0
    share: float = 1.0
    snowed: bool = False

    def on_ground(self, colour: str) -> str:
        """The colour of a piece of the background in this light."""
        return _lit(self, _under_snow(colour) if self.snowed else colour)

    def on_object(self, colour: str) -> str:
        """The colour of an object in this light."""
        return colour if self == PLAIN else mix(colour, _lit(self, colour), self.share)

    def times(self, other: Light) -> Light:
        """Both lights together."""
        red, green, blue = (one * two for one, two in zip(self.tint, other.tint, strict=True))
        air = other.air if other.haze > self.haze else self.air
        return Light(
            (red, green, blue),
            air,
            max(self.haze, other.haze),
            self.chroma * other.chroma,
            min(self.share, other.share),
            self.snowed or other.snowed,
        )


PLAIN = Light()


@lru_cache(maxsize=8192)
def _lit(light: Light, colour: str) -> str:
    if light == PLAIN:
        return colour
    channels = (channel * factor for channel, factor in zip(linear(colour), light.tint, strict=True))
    tinted = from_linear(*channels)
    if light.chroma != 1:
        tinted = saturate(tinted, light.chroma)
    return mix(tinted, light.air, light.haze) if light.haze else tinted


@lru_cache(maxsize=4096)
def _under_snow(colour: str) -> str:
    """Grass, leaves and paths covered with snow; what is neither green nor ochre keeps its colour."""
    lightness, chroma, hue = lch(colour)
    if chroma < 0.03 or not 1.2 < hue < 3.0:
        return colour
    return mix(colour, "#f4f8fd", min(0.9, 0.72 + 0.25 * lightness))


TIMES = {
    "dawn": Light((1.0, 0.87, 0.82), "#ffd0b8", 0.10, 0.95, 0.8),
    "day": PLAIN,
    "sunset": Light((1.0, 0.72, 0.54), "#ff9068", 0.12, 0.98, 0.72),
    "dusk": Light((0.54, 0.47, 0.68), "#544a94", 0.16, 0.84, 0.55),
    "night": Light((0.25, 0.33, 0.53), "#24357a", 0.15, 0.8, 0.38),
}
WEATHERS = {
    "cloudy": Light((0.90, 0.92, 0.95), "#dfe6ec", 0.03, 0.88, 0.7),
    "rain": Light((0.74, 0.80, 0.87), "#a9b8c6", 0.05, 0.82, 0.38),
    "storm": Light((0.46, 0.50, 0.60), "#5b6478", 0.10, 0.74, 0.45),
    "snow": Light((0.95, 0.98, 1.0), "#f1f6fb", 0.06, 0.92, 0.16, True),
    "fog": Light((0.94, 0.96, 0.98), "#dde4e8", 0.16, 0.72, 0.7),
}
LAMPS = {
    "dawn": Light((1.0, 0.92, 0.86), "#ffd9bd", 0.05, 1.0, 0.8),
    "sunset": Light((1.0, 0.82, 0.66), "#ffb07a", 0.08, 1.0, 0.7),
    "dusk": Light((0.66, 0.56, 0.62), "#7a5f8c", 0.08, 0.9, 0.55),
    "night": Light((0.46, 0.38, 0.42), "#4a3560", 0.10, 0.9, 0.45),
}
PLACES = {
    "underwater": Light((0.62, 0.90, 1.0), "#2a93c4", 0.12, 0.95, 0.45),
    "cave": Light((0.62, 0.56, 0.60), "#3a3048", 0.06, 0.9, 0.5),
    "stage": Light((0.92, 0.86, 0.95), "#5b3a7a", 0.02, 1.0, 0.4),
    "swamp": Light((0.86, 0.92, 0.82), "#aebf9a", 0.06, 0.9, 0.6),
}


def light_of(place: str, time: str, weather: tuple[str, ...]) -> Light:
    """The light at a place, a time and in a weather."""
    if place in {"space", "moon", "mars"}:
        return PLAIN
    light = LAMPS.get(time, PLAIN) if place in INDOORS else TIMES[time]
    if place in PLACES:
        light = light.times(PLACES[place])
    if place in INDOORS or place == "underwater":
        return light
    for name in weather:
        change = WEATHERS.get(name)
        if change is None:
            continue
        if time in {"night", "dusk"}:
            red, green, blue = change.tint
            softened = (0.5 + red / 2, 0.5 + green / 2, 0.5 + blue / 2)
            snowy = name == "snow"
            change = replace(change, tint=softened, air="#8090c8" if snowy else change.air, haze=0.08 if snowy else 0.0)
        if name == "snow" and place == "snow":
            change = replace(change, haze=0.04)
        light = light.times(change)
    return light


@dataclass(frozen=True, slots=True)
class Sky:
    """Colours of a sky.

    Attributes:
        stops: Offsets (0 top, 1 horizon) and colours.
        cloud: Colour of clouds.
        shade: Colour of the shaded side of clouds.
        sun: Colour of the sun or moon.
        dark: Whether stars show.
    """

    stops: tuple[tuple[float, str], ...]
    cloud: str
    shade: str
    sun: str
    dark: bool = False

    @property
    def high(self) -> str:
        """Colour at the top."""
        return self.stops[0][1]

    @property
    def low(self) -> str:
        """Colour at the horizon, which far things fade into."""
        return self.stops[-1][1]


_SKIES: dict[str, tuple[Sky, ...]] = {
    "dawn": (
        Sky(((0, "#6f8fd6"), (0.45, "#c9a9d8"), (0.75, "#ffc3b0"), (1, "#ffe6bd")), "#ffe9e2", "#e9b9c4", "#fff1c9"),
        Sky(((0, "#78a6d8"), (0.5, "#f4c1c8"), (0.8, "#ffd9b0"), (1, "#fff0cf")), "#fff0ea", "#efc1bd", "#fff4d6"),
        Sky(((0, "#8f86cf"), (0.5, "#f0a9b8"), (1, "#ffdca6")), "#ffe3dd", "#dba6bd", "#ffefc2"),
    ),
    "day": (
        Sky(((0, "#3f9fe8"), (0.55, "#8fd0f8"), (1, "#e3f5fd")), "#ffffff", "#d4e6f3", "#fff3b0"),
        Sky(((0, "#58b4ea"), (0.6, "#a8def5"), (1, "#f3fbf4")), "#ffffff", "#d9ebf0", "#ffeda0"),
        Sky(((0, "#4a8fe0"), (0.6, "#9cc9f5"), (1, "#fdf4e3")), "#ffffff", "#dfe6f2", "#fff0a8"),
    ),
    "sunset": (
        Sky(((0, "#3c3d86"), (0.4, "#a4508b"), (0.72, "#f0745f"), (1, "#ffc46b")), "#f79a83", "#b1557f", "#fff0b8"),
        Sky(((0, "#4b5aa8"), (0.45, "#d0719a"), (0.78, "#ff9b6a"), (1, "#ffdb8a")), "#ffb79a", "#c0688f", "#fff3c4"),
        Sky(((0, "#74415f"), (0.4, "#d1533f"), (0.72, "#ff8c3a"), (1, "#ffd76e")), "#ffa567", "#a94a4e", "#fff2b0"),
    ),
    "dusk": (
        Sky(((0, "#171d4d"), (0.5, "#4b4488"), (0.82, "#a5649a"), (1, "#eda38c")), "#7c5f9c", "#3e3a75", "#fff6dc",
            True),
        Sky(((0, "#12264f"), (0.55, "#3d5a96"), (0.85, "#8c7fb5"), (1, "#f0b39c")), "#6f76ac", "#33437a", "#fff6dc",
            True),
    ),
    "night": (
        Sky(((0, "#060b2a"), (0.55, "#132257"), (1, "#2f4788")), "#31447f", "#1a2657", "#fff7da", True),
        Sky(((0, "#0a0826"), (0.5, "#221d5a"), (1, "#4a3f86")), "#3d3a78", "#221f54", "#fff7da", True),
        Sky(((0, "#04131f"), (0.55, "#0d3350"), (1, "#256078")), "#2a5872", "#12344d", "#fdf8dc", True),
    ),
}  # fmt: skip
_GREYS = {
    "cloudy": ("#a9bac8", 0.55),
    "rain": ("#8496a6", 0.75),
    "storm": ("#3f4759", 0.82),
    "snow": ("#c8d4df", 0.7),
    "fog": ("#d3dadd", 0.78),
}


def sky_of(time: str, weather: tuple[str, ...], rng: Random) -> Sky:
    """A sky of the time and weather; there are several of each time."""
    sky = rng.choice(_SKIES[time])
    for name in weather:
        if name not in _GREYS:
            continue
        grey, share = _GREYS[name]
        if time != "day":
            grey = mix(grey, sky.stops[1][1], 0.35)
            if time in {"night", "dusk"}:
                grey = mix(grey, "#141a30", 0.72 if time == "night" else 0.5)
        stops = tuple((offset, mix(colour, grey, share)) for offset, colour in sky.stops)
        cloud = mix(sky.cloud, grey, share * (0.95 if name in {"rain", "storm"} else 0.5))
        sky = replace(sky, stops=stops, cloud=cloud, shade=mix(cloud, "#20283a", 0.18), dark=False)
    return sky
