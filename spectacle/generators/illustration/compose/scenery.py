"""Where and when a scene plays when the prompt does not say: what suits its subjects."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from spectacle.generators.illustration.art.library import Artwork, Library
from spectacle.generators.illustration.compose.casting import words_of
from spectacle.generators.illustration.compose.light import INDOORS
from spectacle.generators.illustration.language.scene import RelationKind, Scene

_HOMES: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("space",),
        "astronaut rocket satellite alien ufo saucer planet spaceship comet galaxy spacecraft extraterrestrial",
    ),
    (
        ("snow",),
        (
            "penguin polar igloo snowman santa reindeer sled ski skier snowboarder walrus husky mammoth skis yeti "
            "snowboard"
        ),
    ),
    (("desert",), "camel cactus scorpion pyramid sphinx llama lizard vulture cowboy"),
    (
        ("savanna",),
        (
            "lion elephant giraffe zebra rhinoceros rhino hippopotamus hippo leopard cheetah hyena gazelle "
            "ostrich meerkat antelope"
        ),
    ),
    (
        ("jungle",),
        (
            "monkey tiger parrot gorilla sloth orangutan toucan snake chameleon chimpanzee dinosaur jaguar "
            "sauropod trex t-rex panther"
        ),
    ),
    (
        ("farm",),
        (
            "cow pig sheep goat chicken rooster hen tractor farmer ox ram piglet lamb calf barn hay scarecrow "
            "donkey turkey"
        ),
    ),
    (
        ("forest",),
        (
            "fox wolf bear deer owl hedgehog squirrel raccoon badger boar mushroom beaver moose bigfoot elf gnome "
            "skunk chipmunk panda camping tent campfire"
        ),
    ),
    (("swamp",), "frog crocodile alligator toad ogre mosquito"),
    (("lake", "river"), "duck swan goose otter canoe flamingo kayak loon"),
    (("sea",), "sailboat boat ship ferry yacht submarine whale buoy anchor pirate surfer surfing speedboat"),
    (("beach", "island"), "lighthouse"),
    (
        ("underwater",),
        (
            "fish shark octopus jellyfish mermaid squid seahorse coral dolphin lobster shrimp blowfish turtle "
            "merman orca goldfish starfish"
        ),
    ),
    (
        ("beach",),
        "crab shell parasol sandcastle surfboard bikini palm coconut island bucket seagull swimsuit volleyball",
    ),
    (
        ("garden", "meadow"),
        (
            "butterfly bee flower rose tulip sunflower daisy ladybug snail rabbit bunny caterpillar bouquet "
            "blossom honeybee gardener hibiscus worm lotus beetle ant watering"
        ),
    ),
    (("sky",), "airplane helicopter balloon plane eagle parachute airship kite angel"),
    (
        ("street", "city"),
        "taxi bus tram policeman firefighter skateboard scooter cab ambulance trolleybus police traffic skyscraper",
    ),
    (("road",), "car automobile truck motorcycle bicycle bike lorry van motorbike cyclist racing suv pickup jeep"),
    (
        ("stage",),
        (
            "guitar singer microphone violin drum saxophone trumpet piano dancer ballerina band rock magician "
            "keyboard accordion musician guitarist concert circus juggling clown"
        ),
    ),
    (("castle hall",), "king queen knight throne prince princess crown jester"),
    (("hills", "mountains"), "castle dragon unicorn wizard windmill train locomotive goat griffin pegasus mage"),
    (("classroom",), "teacher student pupil globe backpack school"),
    (("kitchen",), "chef cook pan pot stove oven refrigerator fridge kettle toaster cooking"),
    (("bedroom",), "bed teddy pillow pajamas"),
    (("studio",), "heart hearts emoji smiley diamond gem emoticon"),
    (
        ("table",),
        "basket vase jar bowl teapot cup mug plate glass bottle candle gift present clock pencil watch phone camera",
    ),
    (("library",), "books librarian bookshelf"),
    (
        ("room",),
        "sofa couch chair lamp television armchair table grandmother grandfather hamster computer desk christmas",
    ),
    (("room", "garden", "park", "meadow"), "cat dog puppy kitten poodle"),
    (("park", "playground"), "boy girl child kid baby children swing slide kids family"),
    (("meadow", "hills"), "horse tree house cottage hut bull pony foal ewe mouse rat"),
)
HOMES = {word: places for places, words in _HOMES for word in words.split()}
_RANKS = {places: rank for rank, (places, _) in enumerate(_HOMES)}
NIGHTLY = frozenset(
    {
        "moon",
        "star",
        "stars",
        "owl",
        "bat",
        "ghost",
        "witch",
        "vampire",
        "zombie",
        "skeleton",
        "firework",
        "fireworks",
        "jack-o-lantern",
        "lantern",
        "comet",
        "firefly",
        "werewolf",
        "campfire",
        "meteor",
        "aurora",
        "crescent",
    }
)
STILL_LIFE = frozenset(
    {"food", "dish", "drink", "fruit", "vegetable", "tool", "device", "clothing", "toy", "sport", "instrument", "plant"}
)
DIVERS = frozenset(
    {
        "fish",
        "octopus",
        "squid",
        "jellyfish",
        "crab",
        "lobster",
        "shrimp",
        "seahorse",
        "coral",
        "mermaid",
        "blowfish",
        "starfish",
        "goldfish",
        "diver",
    }
)
CONTAINERS = frozenset(
    {"vase", "teacup", "cup", "mug", "bottle", "bowl", "fishbowl", "jar", "aquarium", "glass", "tank"}
)
FURNISHING = frozenset(
    {
        "table",
        "desk",
        "stool",
        "bookshelf",
        "cupboard",
        "drawer",
        "sofa",
        "couch",
        "armchair",
        "television",
        "bathtub",
        "fireplace",
        "wardrobe",
    }
)
_TOLD = frozenset(
    {
        "bedroom", "kitchen", "classroom", "snow", "desert", "farm", "savanna", "jungle", "stage", "castle hall",
        "mars", "graveyard", "harbour", "library", "swamp", "road", "street", "playground", "underwater", "sea",
        "lake", "beach", "cave",
    }
)  # fmt: skip
"""Places that one thing implies so surely that the others do not overrule it."""
_WHEELED = frozenset({"skateboard", "scooter", "skate", "unicycle", "tricycle"})
"""Words for what is ridden in a park, whoever rides it."""
STUDIO = frozenset({"symbol", "emotion", "body", "shape"})


_EDIBLE = frozenset({"food", "dish", "drink", "fruit", "vegetable"})
_LIVELY = frozenset({"animal", "bird", "person", "fantasy", "fish", "insect"})
_ON_A_TABLE = 0.45
"""Height in metres of what may stand on a table with food."""


def place_of(scene: Scene, library: Library, rng: Random) -> str:
    """The place of the scene, or one that suits its things; the first thing decides before the others."""
    drawings = [library[thing.matches[0].drawing] for thing in scene.things]
    if scene.place is not None and (scene.place_said or not drawings):
        return _instead(scene, drawings, scene.place)
    words = [words_of(drawing, thing) for drawing, thing in zip(drawings, scene.things, strict=True)]
    ridden = (words[one.objects[0]] for one in scene.relations if one.kind in {RelationKind.RIDING, RelationKind.ON})
    if any(word & _WHEELED for word in ridden):
        return "park"
    if words and words[0] & {"heart", "hearts"} and len(words) == 1:
        return "studio"
    if any(
        relation.kind is RelationKind.INSIDE and relation.objects and words[relation.objects[0]] & CONTAINERS
        for relation in scene.relations
    ):
        return "table"
    meal = scene.place == "table" and bool(drawings) and drawings[0].category in _EDIBLE
    if meal and all(drawing.height_m <= _ON_A_TABLE and drawing.category not in _LIVELY for drawing in drawings):
        return "table"  # a pizza with mushrooms is not in the forest
    boats = any(drawing.category == "boat" for drawing in drawings)
    wet = {"rain", "storm", "snow", "fog", "wind"} & set(scene.weather)
    if wet and scene.place in INDOORS:
        scene = replace(scene, place=None)
    if scene.place in _TOLD:
        return _instead(scene, drawings, str(scene.place))
    if boats and any(drawing.habitat == "underwater" for drawing in drawings):
        return "sea"
    hidden = {
        relation.objects[0]
        for relation in scene.relations
        if relation.kind in {RelationKind.HOLDING, RelationKind.WEARING} and relation.objects
    }
    votes: list[tuple[str, ...]] = []
    for index, (thing, drawing) in enumerate(zip(scene.things, drawings, strict=True)):
        if index in hidden:
            continue
        edible = drawing.category in _EDIBLE
        handy = drawing.category in {"device", "tool", "object"} and drawing.height_m <= 0.45
        found = [] if edible or handy else [HOMES[word] for word in sorted(words_of(drawing, thing)) if word in HOMES]
        vote = min(found, key=_RANKS.__getitem__) if found else _by_kind(drawing)
        if not found and index == 0 and scene.place not in {None, "sky"} and vote[0] in {"park", "meadow", "hills"}:
            vote = (str(scene.place),)
        votes.append(vote)
    votes = [vote for vote in votes if vote != ("sky",)] or votes
    if any(word & FURNISHING for word in words) and votes:
        votes = [("room",)]
    if any(drawing.category == "celestial" for drawing in drawings) and len(drawings) > 1:
        shut = INDOORS | {"studio", "cave", "underwater"}
        votes = [tuple(place for place in vote if place not in shut) for vote in votes]
        votes = [vote for vote in votes if vote] or [("meadow", "hills")]
    buildings = [drawing for drawing in drawings if drawing.category in {"building", "tree"} and drawing.height_m > 3]
    if buildings:
        votes = [tuple(place for place in vote if place not in INDOORS | {"cave", "studio"}) for vote in votes]
        votes = [vote for vote in votes if vote] or [("hills", "meadow", "village")]
    indoors_only = [vote for vote in votes if vote not in {("table",), ("studio",)}]
    if not votes:
        return "meadow"
    if votes and not indoors_only:
        return "table" if ("table",) in votes else "studio"
    if "snow" in scene.weather:
        return "snow"
    if wet:
        votes = [tuple(place for place in vote if place not in INDOORS | {"studio"}) for vote in votes]
        indoors_only = [vote for vote in votes if vote] or [("street", "park")]
    if "rainbow" in scene.weather:
        return rng.choice(("hills", "meadow"))
    shared = [place for place in indoors_only[0] if all(place in vote for vote in indoors_only)]
    return rng.choice(shared or list(indoors_only[0]))


def _instead(scene: Scene, drawings: list[Artwork], place: str) -> str:
    """The place said, or where it is rather meant: not a castle inside a castle, nor fish upon the sea."""
    words = [words_of(drawing, thing) for drawing, thing in zip(drawings, scene.things, strict=True)]
    if place == "castle hall" and any("castle" in word for word in words):
        return "hills"
    still = all(drawing.category in STILL_LIFE and drawing.height_m <= 0.45 for drawing in drawings)
    if place == "room" and drawings and still:
        return "table"
    if place in {"sea", "lake", "river"} and words and all(word & DIVERS for word in words):
        return "underwater"
    return place


def _by_kind(drawing: Artwork) -> tuple[str, ...]:
    if drawing.category in STUDIO or drawing.form == "symbol":
        return ("studio",)
    if drawing.habitat == "underwater":
        return ("underwater",)
    if drawing.category in {"boat"} or drawing.habitat == "water":
        return ("sea",)
    if drawing.category == "celestial":
        return ("sky", "hills", "space") if "star" not in drawing.title else ("sky",)
    if drawing.category == "aircraft":
        return ("sky",)
    if drawing.habitat == "table" or (drawing.category in STILL_LIFE and drawing.height_m < 0.7):
        return ("table",)
    if drawing.category == "furniture":
        return ("room",)
    if drawing.category == "vehicle":
        return ("road", "street")
    if drawing.category == "building":
        return ("hills", "meadow")
    if drawing.category in {"person", "fantasy"}:
        return ("park", "meadow", "hills")
    if drawing.category in {"animal", "bird", "insect", "flower", "plant", "tree"}:
        return ("meadow", "garden")
    if drawing.category in {"object", "wearable", "clothing"} and drawing.height_m < 0.7:
        return ("table",)
    return ("meadow", "hills")


def time_of(scene: Scene, library: Library, place: str, rng: Random) -> str:
    """The time of day said, or one that suits the things and the mood."""
    if scene.time is not None:
        return scene.time
    if "stars" in scene.weather:
        return "night"
    for thing in scene.things:
        if words_of(library[thing.matches[0].drawing], thing) & NIGHTLY and place not in {"table", "studio"}:
            return "night"
    moods = {
        "romantic": ("sunset", "dusk"), "mysterious": ("dusk", "night"), "dark": ("night",), "sad": ("dusk", "dawn"),
        "dreamy": ("dawn", "dusk"), "warm": ("sunset",), "angry": ("sunset",),
    }  # fmt: skip
    if scene.mood in moods:
        return rng.choice(moods[scene.mood])
    if place in INDOORS | {"studio", "space", "moon", "mars", "underwater", "cave"} or scene.weather:
        return "day"
    if any(thing.colours for thing in scene.things):
        return "day"  # another light would change the colours that were asked for
    return rng.choice((*["day"] * 10, "dawn", "sunset"))
