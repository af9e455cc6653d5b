"""The backgrounds: what each place looks like, where its horizon is, and what things stand on there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from spectacle.generators.illustration.compose.backgrounds import (
    barren,
    cosmos,
    country,
    farm,
    halls,
    indoors,
    public,
    sea,
    town,
    venues,
    water,
    waterfall,
    wild,
)
from spectacle.generators.illustration.compose.canvas import Canvas


@dataclass(frozen=True, slots=True)
class Setting:
    """A place as the layout sees it.

    Attributes:
        paint: Paints it.
        horizon: Least and greatest height of the horizon, as a share of the height from the top.
        ground: What fills the space below the horizon: `land`, `water`, `floor`, `table`, `seabed`, `road` or `air`.
        foot: Where the feet of near things are, as a share of the height.
        kerb: Where buildings and trees stand, as a share of the ground from the horizon; None when they may stand
            anywhere.
    """

    paint: Callable[[Canvas], None]
    horizon: tuple[float, float]
    ground: str
    foot: float = 0.88
    kerb: float | None = None


SETTINGS: dict[str, Setting] = {
    "meadow": Setting(country.meadow, (0.50, 0.62), "land"),
    "forest": Setting(wild.forest, (0.52, 0.62), "land"),
    "jungle": Setting(wild.jungle, (0.48, 0.58), "land"),
    "mountains": Setting(country.mountains, (0.54, 0.62), "land"),
    "hills": Setting(country.hills, (0.50, 0.60), "land"),
    "desert": Setting(barren.desert, (0.48, 0.58), "land"),
    "beach": Setting(sea.beach, (0.42, 0.50), "land"),
    "sea": Setting(sea.sea, (0.46, 0.56), "water"),
    "lake": Setting(water.lake, (0.42, 0.50), "water"),
    "river": Setting(water.river, (0.42, 0.50), "water"),
    "underwater": Setting(sea.underwater, (0.70, 0.76), "seabed"),
    "island": Setting(sea.island, (0.42, 0.50), "land", 0.80),
    "snow": Setting(barren.snow, (0.50, 0.60), "land"),
    "farm": Setting(farm.farm, (0.44, 0.52), "land"),
    "garden": Setting(country.garden, (0.46, 0.55), "land"),
    "park": Setting(country.park, (0.48, 0.56), "land"),
    "city": Setting(town.city, (0.58, 0.66), "road", kerb=0.24),
    "street": Setting(town.street, (0.54, 0.60), "road", kerb=0.4),
    "village": Setting(town.village, (0.46, 0.54), "land"),
    "space": Setting(cosmos.space, (0.72, 0.78), "air"),
    "moon": Setting(cosmos.moon, (0.52, 0.62), "land"),
    "mars": Setting(cosmos.mars, (0.52, 0.62), "land"),
    "graveyard": Setting(country.graveyard, (0.48, 0.56), "land"),
    "sky": Setting(cosmos.sky, (0.80, 0.86), "air"),
    "room": Setting(indoors.room, (0.60, 0.66), "floor"),
    "kitchen": Setting(indoors.kitchen, (0.60, 0.66), "floor"),
    "bedroom": Setting(indoors.bedroom, (0.60, 0.66), "floor"),
    "classroom": Setting(halls.classroom, (0.60, 0.66), "floor"),
    "stage": Setting(halls.stage, (0.62, 0.68), "floor"),
    "road": Setting(country.road, (0.48, 0.56), "road", kerb=0.28),
    "volcano": Setting(barren.volcano, (0.54, 0.62), "land"),
    "cave": Setting(barren.cave, (0.60, 0.66), "land"),
    "castle hall": Setting(halls.castle_hall, (0.60, 0.66), "floor"),
    "swamp": Setting(wild.swamp, (0.40, 0.48), "land"),
    "waterfall": Setting(waterfall.waterfall, (0.50, 0.56), "water"),
    "savanna": Setting(country.savanna, (0.50, 0.60), "land"),
    "harbour": Setting(water.harbour, (0.44, 0.50), "water"),
    "playground": Setting(country.playground, (0.46, 0.54), "land"),
    "library": Setting(halls.library, (0.62, 0.68), "floor"),
    "cafe": Setting(venues.cafe, (0.60, 0.66), "floor"),
    "restaurant": Setting(venues.restaurant, (0.60, 0.66), "floor"),
    "office": Setting(venues.office, (0.60, 0.66), "floor"),
    "hospital": Setting(venues.hospital, (0.60, 0.66), "floor"),
    "bathroom": Setting(venues.bathroom, (0.60, 0.66), "floor"),
    "gym": Setting(venues.gym, (0.60, 0.66), "floor"),
    "shop": Setting(venues.shop, (0.60, 0.66), "floor"),
    "market": Setting(public.market, (0.54, 0.60), "road", kerb=0.4),
    "station": Setting(public.station, (0.60, 0.66), "floor"),
    "airport": Setting(public.airport, (0.60, 0.66), "floor"),
    "museum": Setting(public.museum, (0.62, 0.68), "floor"),
    "subway": Setting(public.subway, (0.62, 0.68), "floor"),
    "table": Setting(indoors.table, (0.58, 0.64), "table"),
    "studio": Setting(indoors.studio, (0.70, 0.74), "table"),
}
