"""All drawings of the library's own as raw drawings: objects, animals and whole people."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

from collections.abc import Iterator

from . import cleaning, people
from .own_animals import animals
from .own_doings import DOINGS
from .own_doings import WORDS as DOING_WORDS
from .own_more import MORE
from .own_objects import OBJECTS
from .own_props import PROPS
from .own_props import WORDS as PROP_WORDS
from .own_scenes import SCENES
from .sources import Raw, tidy

WORDS = {
    "bench": "park bench, seat", "fire hydrant": "hydrant, fireplug", "parking meter": "meter, parking",
    "frisbee": "flying disc, disc", "toaster": "toast, kitchen", "microwave": "microwave oven, kitchen",
    "refrigerator": "fridge, freezer, kitchen", "oven": "stove, cooker, range, kitchen", "kitchen sink": "sink, basin, tap",
    "remote control": "remote, tv remote, controller", "vase": "pot, urn, flower vase",
    "hair dryer": "hair drier, hairdryer, blow dryer", "necktie": "tie, cravat", "dining table": "table, desk, kitchen table",
    "sofa": "couch, settee, loveseat", "armchair": "chair, easy chair, recliner", "wardrobe": "closet, cupboard, armoire",
    "bookshelf": "bookcase, shelf, shelves, books", "floor lamp": "lamp, standing lamp, standard lamp",
    "table lamp": "lamp, bedside lamp", "igloo": "snow house, ice house", "pyramid": "egypt, egyptian pyramid",
    "skyscraper": "tower, high-rise, tower block, office tower", "apartment building": "flats, block of flats, apartment",
    "barn": "farm building, farmhouse, stable, red barn", "windmill": "mill", "bridge": "stone bridge, footbridge, arch bridge",
    "well": "wishing well, water well", "fence": "picket fence, garden fence", "street lamp": "streetlight, lamppost, lamp post",
    "signpost": "road sign, sign, direction sign", "truck": "lorry, cargo truck, delivery truck",
    "tank": "army tank, military tank", "lawn mower": "lawnmower, mower, grass cutter",
    "shopping trolley": "shopping cart, trolley, supermarket cart", "sword": "blade, knight's sword, weapon",
    "shield": "knight's shield, armour", "treasure chest": "chest, treasure, pirate chest", "cauldron": "witch's pot, potion, kettle",
    "haystack": "hay, straw, hay bale", "swing": "playground swing, swing set", "seesaw": "teeter-totter, playground",
    "snow globe": "snowglobe, christmas", "mirror": "looking glass", "washing machine": "washer, laundry machine",
    "ceiling fan": "fan", "chandelier": "lamp, candelabra", "fireplace": "hearth, chimney", "window": "pane, window frame",
    "stepladder": "ladder, step ladder", "fox": "red fox, vixen", "wolf": "grey wolf", "bear": "brown bear, grizzly",
    "polar bear": "white bear, arctic bear", "panda": "giant panda, panda bear", "lion": "big cat, king of the jungle",
    "frog": "toad, tree frog", "hen": "chicken", "koala": "koala bear", "hamster": "guinea pig, pet", "squirrel": "red squirrel",
    "unicorn": "magical horse, fairy tale", "moose": "elk, reindeer", "stingray": "ray, manta ray", "seahorse": "sea horse",
    "starfish": "sea star", "submarine": "sub, u-boat", "sandcastle": "sand castle, beach", "pillow": "cushion",
    "stool": "bar stool, seat, chair", "throne": "royal chair, king's chair", "piano": "upright piano, keyboard",
    "table": "wooden table, kitchen table, side table", "desk": "writing desk, office desk, table, school desk",
    "rowing boat": "rowboat, boat, dinghy, wooden boat", "bottle": "wine bottle, glass bottle, water bottle",
    "cup": "coffee cup, mug, tea cup, teacup", "cooking pot": "pot, saucepan, pan, stockpot",
    "excavator": "digger, crane", "bulldozer": "digger, dozer", "hammock": "swing bed", "rug": "carpet, mat, magic carpet",
    "birdcage": "cage", "cannon": "artillery", "wall": "brick wall, bricks", "sweater": "jumper, pullover",
    "skirt": "clothes", "jacket": "coat, blazer", "wallet": "purse, billfold", "necklace": "jewellery, pendant, chain",
    "typewriter": "writing machine", "blanket": "quilt, duvet, throw", "curtains": "curtain, drapes, stage curtain",
    "orchid": "flower", "willow tree": "willow, weeping willow, tree", "skeleton": "bones, halloween",
    "monster": "creature, beast, ogre", "waterfall": "falls, cascade", "snowboard": "board",
    "map": "treasure map, pirate map", "office desk chair": "office chair, desk chair, swivel chair, chair",
    "blackboard": "chalkboard, school board", "lily pad": "water lily leaf, pad", "tree house": "treehouse, den",
    "puddle": "pool, rain puddle", "chessboard": "chess, chess game, board game", "wizard hat": "pointed hat, witch hat", "pirate ship": "galleon, ship", "tree branch": "branch, bough, tree",
    "rooftop": "roof, house", "gravestone": "grave, tombstone, headstone, graveyard", "rover": "mars rover, moon rover, robot vehicle",
    "fishbowl": "fish bowl, aquarium, bowl", "bowl": "dish, basin", "picnic blanket": "picnic, picnic basket, blanket",
    "pile of gold": "gold, treasure, coins, hoard", "bus stop": "bus shelter, shelter", "bamboo": "plant, grass, stalks",
    "cherry tree": "cherry blossom tree, sakura, blossom", "leafy tree": "tree, oak, oak tree, deciduous tree", "apple tree": "fruit tree, tree", "camping tent": "tent, camping",
    "campfire": "bonfire, camp fire, fire", "pumpkin": "squash, halloween, vegetable", "stack of books": "books, pile of books",
    "hospital bed": "bed, hospital", "power drill": "drill, electric drill", "doll": "rag doll, toy, puppet",
}  # fmt: skip
CHILDREN = {"boy", "girl", "child", "alien", "dwarf"}
FANTASY = {"robot", "alien", "snow queen", "halloween witch", "dwarf", "santa claus", "viking"}


def document(width: int, height: int, body: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">{body}</svg>'


def slug(title: str) -> str:
    return title.replace("'", "").replace(" ", "-")


def things() -> Iterator[Raw]:
    """Objects and animals drawn from nothing."""
    for title, (width, height, body) in sorted({**OBJECTS, **MORE, **SCENES, **PROPS, **DOINGS, **animals()}.items()):
        words = [word.strip() for word in (WORDS | PROP_WORDS | DOING_WORDS).get(title, "").split(",")]
        yield Raw(
            f"spectacle:{slug(title)}",
            title,
            tidy(words, title),
            "spectacle",
            document(width, height, body),
            "own",
            "MIT",
        )


def persons(fluent: list[Raw]) -> Iterator[Raw]:
    """Whole people made from Fluent's heads and busts."""
    by_name = {raw.id.partition(":")[2]: raw for raw in fluent}
    cleaned: dict[str, str] = {}

    def markup(name: str) -> str:
        if name not in cleaned:
            cleaned[name] = cleaning.Cleaner(by_name[name].svg, "h", 32.0).markup
        return cleaned[name]

    author = f"after {fluent[0].author}"
    faces = {name: markup(name) for name in by_name if name in people.FACES}
    for title, (width, height, body, keywords) in people.whole_people(faces).items():
        extra = {
            "category": "fantasy" if title in FANTASY else "person",
            "height": "1.2" if title in CHILDREN else "1.7",
        }
        if title == "scarecrow":
            extra = {"category": "object", "height": "1.9"}
        svg = document(width, height, body)
        yield Raw(
            f"spectacle:{slug(title)}",
            title,
            tidy(list(keywords), title),
            "spectacle",
            svg,
            "own",
            "MIT",
            author,
            extra,
        )
    for name, role in people.ROLES.items():
        for prefix in ("", "man-", "woman-"):
            raw = by_name.get(prefix + name) or (by_name.get("person-" + name) if not prefix else None)
            if raw is None:
                continue
            own = name if name.startswith(("man-", "woman-")) else prefix + name
            title = role.titles.get(prefix) or role.titles.get(own.partition("-")[0] + "-") or raw.title
            keywords = tidy([*role.keywords, raw.title, *raw.keywords], title)
            category = "fantasy" if raw.group.endswith("fantasy") else "person"
            svg = document(people.WIDTH, people.HEIGHT, people.with_body(markup(raw.id.partition(":")[2]), role))
            yield Raw(
                f"spectacle:{own}", title, keywords, "spectacle", svg, "own", "MIT", author, {"category": category}
            )
