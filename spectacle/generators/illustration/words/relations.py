"""Words that relate things: prepositions, verbs, and the nouns that hang on them."""

from __future__ import annotations

from dataclasses import dataclass

from spectacle.generators.illustration.scene import RelationKind as Kind


@dataclass(frozen=True, slots=True)
class RelationWord:
    """What a relating phrase says.

    Attributes:
        kind: The relation; None where the phrase only joins ("with", "of") and the nouns decide.
        reverse: Whether subject and object change sides ("followed by").
        attribute: What the subject does, such as `flying` in "flying over".
        placing: Whether a place noun after it says where the scene is.
    """

    kind: Kind | None
    reverse: bool = False
    attribute: str | None = None
    placing: bool = False


_PREPOSITIONS = {
    Kind.ON: "on|on top of|upon|atop|onto|on the top of|on the back of|on back of|on the roof of|on the edge of|at the top of|up on|all over|across the top of|on the surface of|on a pile of",
    Kind.UNDER: "under|beneath|below|underneath|at the bottom of|in the shade of|in the shadow of|at the foot of|hidden under",
    Kind.BESIDE: "beside|next to|near|nearby|by|close to|at|alongside|adjacent to|at the side of|on the side of|near to|with|against|along|by the side of|beside of|near by|not far from|outside|outside of|at the edge of|to|toward|towards|together with|accompanied by|along with|aside|past|from|touching|facing away from|around the corner of|leaning on|leaning against|attached to|besides|in the company of|for|opposite|opposite of|across from",
    Kind.LEFT_OF: "left of|to the left of|on the left of|on the left side of|at the left of|left from|to the left side of|left to|on left of|leftwards of|on the left hand side of",
    Kind.RIGHT_OF: "right of|to the right of|on the right of|on the right side of|at the right of|right from|to the right side of|right to|on right of|on the right hand side of",
    Kind.BEHIND: "behind|in back of|at the back of|hidden behind|in the rear of|beyond|after",
    Kind.IN_FRONT_OF: "in front of|before|ahead of|in the front of|infront of|at the front of|in from of",
    Kind.ABOVE: "above|over|high above|over the top of|up above|high over|overhead",
    Kind.BETWEEN: "between|in between|in the middle of two|among two|inbetween|betwixt",
    Kind.INSIDE: "in|inside|inside of|within|into|in the middle of|in the center of|in the centre of|in the heart of|out of|through|throughout|in the midst of|in a pile of|coming out of|peeking out of|popping out of",
    Kind.AROUND: "around|all around|round|circling|encircling|surrounding|orbiting",
}  # fmt: skip
_PLACING = frozenset(
    "on|in|inside|at|by|near|close to|over|above|across|through|along|within|into|beside|next to|onto|under|around|"
    "in the middle of|in the center of|in the heart of|throughout|upon|at the edge of|on the edge of|on top of|from|"
    "at the foot of|behind|in front of|to|toward|towards|outside|at the bottom of|between|out of|below|beneath|against|"
    "beyond|past|with|at the top of|in the centre of|on the surface of|atop".split("|")
)

RELATION_WORDS: dict[str, RelationWord] = {
    phrase: RelationWord(kind, placing=phrase in _PLACING)
    for kind, phrases in _PREPOSITIONS.items()
    for phrase in phrases.split("|")
}
for _phrase in ("across", "among", "amongst", "amid", "amidst", "surrounded by", "encircled by", "in a circle of",
                "surrounded with", "in a ring of", "in a sea of", "decorated with", "framed by"):  # fmt: skip
    RELATION_WORDS[_phrase] = RelationWord(Kind.AROUND, reverse=True, placing=True)
RELATION_WORDS["across"] = RelationWord(Kind.BESIDE, placing=True)

_VERBS: dict[str, tuple[Kind, str | None, str]] = {
    # verb forms are made from the infinitive; the third column is one or more infinitives
    "riding": (Kind.RIDING, None, "ride|drive|steer|pilot|ride on|ride in|sail|fly in|travel on|drive in|row|mount|ride a top|captain|surf on|travel in|paddle"),
    "holding": (Kind.HOLDING, None, "hold|carry|fly|lift|grab|wield|swing|clutch|juggle|bring|hold up|raise|wave|offer|sell|deliver|hug|cuddle|lick|smoke|point|use|toss|drop|steal|bite|drag|give|receive|squeeze|knit|carry around|hold onto|embrace|brandish|shake|blow"),
    "eating": (Kind.HOLDING, "eating", "eat|munch|munch on|chew|chew on|nibble|nibble on|devour|enjoy|lick on|taste|snack on|gnaw|gnaw on|bite into|feast on"),
    "drinking": (Kind.HOLDING, "drinking", "drink|sip|sip on|slurp|pour|drink from"),
    "playing": (Kind.HOLDING, "playing", "play|play the|strum|practice|play on"),
    "reading": (Kind.HOLDING, "reading", "read|study|write|write in"),
    "throwing": (Kind.HOLDING, None, "throw|catch"),
    "wearing": (Kind.WEARING, None, "wear|put on|sport|don|try on"),
    "looking": (Kind.LOOKING_AT, None, "look at|watch|stare at|gaze at|admire|see|observe|look up at|look down at|look to|face|peek at|glance at|stare into|gaze into|look into|gaze upon|look through|spot|photograph|howl at|bark at|smile at|point at|wave at|shout at|sing to|talk to|look towards|look out at|wave to|spy on|stare up at|gaze up at|look over|growl at|meow at|talk with|speak to|greet|listen to|pray to|shoot at|aim at"),
    "chasing": (Kind.CHASING, None, "chase|follow|hunt|pursue|run after|chase after|go after|race after|stalk|chase down|fly after|run behind|try to catch"),
    "above": (Kind.ABOVE, "flying", "fly over|fly above|hover over|hover above|soar over|soar above|float over|float above|glide over|circle over|fly across|pass over|fly past"),
    "over": (Kind.ABOVE, "jumping", "jump over|leap over|hop over|jump above|bounce over|vault over"),
    "on": (Kind.ON, None, "land on|rest on|lie on|step on|climb|climb on|walk on|climb up|lean on|stand atop|lay on|hang on|grow on|climb onto|balance on|race on|cross|cross over|walk across|walk along|run on|walk on top of|float on|swim on|drive over"),
    "sitting on": (Kind.ON, "sitting", "sit on|sit atop|perch on|sit upon|sit on top of|perch atop|perch upon|sit down on|seat on|lounge on|sit a top"),
    "standing on": (Kind.ON, "standing", "stand on|stand on top of|stand upon"),
    "sleeping on": (Kind.ON, "sleeping", "sleep on|nap on|sleep on top of|curl up on|rest on top of|doze on|snooze on"),
    "dancing on": (Kind.ON, "dancing", "dance on"),
    "jumping on": (Kind.ON, "jumping", "jump on|jump onto|bounce on|hop on"),
    "swimming": (Kind.INSIDE, "swimming", "swim in|bathe in|dive in|swim through|dive into|splash in"),
    "sitting in": (Kind.INSIDE, "sitting", "sit in|sit inside|hide in|hide inside|live in|sleep in|trap in|sit within|peek out of|look out of|float in|drift in|stand in|lie in|stand inside|lie inside|rest in|run in|run through"),
    "flying": (Kind.INSIDE, "flying", "fly in|fly through|soar in|soar through|float through|hover in|drift through|float among"),
    "beside": (Kind.BESIDE, None, "play with|play|meet|kiss|pet|feed|push|pull|kick|fight|fight with|visit|help|chat with|fight against|dance with|walk with|love|protect|guard|attack|stroke|tow|milk|herd|build|paint|repair|fix|wash|clean|water|cook|bake|hit|touch|smell|sniff|plant|pick|walk|train|lead|run from|run away from|escape from|escape|flee from|wait for|wait at|knock on|knock over|dig|decorate|open|close|shear|teach|draw|celebrate|buy|find|discover|share|have a picnic with|wrestle|run toward|run towards|dance around|compete with|rescue|save|collect|harvest|lean against|stand by|stand next to|stand beside|stand near|stand at|sit by|sit next to|sit beside|sit near|sit at|lie next to|sleep next to|sleep beside|sleep by|walk next to|walk beside|park next to|park by|run with|work on|work at|bake|cut|chop|examine|type on|sit with|stand with|sit around|gather around|stand around|dance around|sit together with|approach|shovel|rake|mow|sweep|blow out|blow|light|inspect|drool over|sneak up on"),
    "under": (Kind.UNDER, None, "sit under|stand under|hide under|sleep under|lie under|rest under|sit beneath|stand beneath|hide beneath|nap under|sit below|sleep beneath|rest beneath|lie beneath|picnic under|walk under|read under"),
    "behind": (Kind.BEHIND, None, "hide behind|stand behind|sit behind|peek from behind|lurk behind|walk behind|peek out from behind"),
    "front": (Kind.IN_FRONT_OF, None, "stand in front of|sit in front of|pose in front of|play in front of|park in front of|walk in front of|pass|lie in front of|sleep in front of|dance in front of"),
    "around": (Kind.AROUND, None, "run around|fly around|circle|orbit|circle around|buzz around|swim around|revolve around|wrap around"),
    "contain": (Kind.INSIDE, None, ""),
}  # fmt: skip

_IRREGULAR_FORMS = {
    "ride": "rode ridden", "drive": "drove driven", "hold": "held", "eat": "ate", "drink": "drank", "read": "",
    "throw": "threw", "catch": "caught", "wear": "wore worn", "see": "saw seen", "fly": "flew", "sit": "sat",
    "stand": "stood", "sleep": "slept", "lie": "lay", "swim": "swam", "hide": "hid hidden", "feed": "fed",
    "meet": "met", "fight": "fought", "run": "ran", "build": "built", "find": "found", "buy": "bought", "give": "gave",
    "take": "took", "bring": "brought", "sing": "sang", "lead": "led", "dig": "dug", "draw": "drew", "write": "wrote",
    "bite": "bit", "put": "put", "blow": "blew", "grow": "grew", "steal": "stole", "leap": "leapt", "go": "went",
    "swing": "swung", "lay": "laid", "hit": "hit", "cut": "cut", "shake": "shook", "teach": "taught",
}  # fmt: skip
_NO_DOUBLING = frozenset("visit enjoy deliver wander water offer open discover harvest".split())
_AMBIGUOUS_STEMS = frozenset(
    "watch circle face guard water train plant walk cook point love light pet help kiss cut draw open close find "
    "hit smell use wave swing pull lead dig mount row sport drop paint share visit play pass captain pilot pick bake "
    "shovel rake fix sail photograph clean train bite drag smoke hug meet study practice drive ride drink park fight "
    "surf run jump dance spot lick sip shake blow steal stroke tow milk herd hunt stalk repair attack rescue save "
    "land rest perch sleep paddle steer lift throw catch hold type buy tow approach".split()
)
"""Verbs that are nouns or adjectives as often: their bare form counts as a verb only after a noun."""


def verb_forms(phrase: str) -> list[str]:
    """The forms in which a verb phrase is met: "sit on" gives "sitting on", "sits on", "sat on", "sit on"."""
    stem, _, rest = phrase.partition(" ")
    tail = f" {rest}" if rest else ""
    if stem.endswith("ie"):
        gerund = stem[:-2] + "ying"
    elif stem.endswith("e") and not stem.endswith(("ee", "oe", "ye")):
        gerund = stem[:-1] + "ing"
    elif _doubles(stem):
        gerund = stem + stem[-1] + "ing"
    else:
        gerund = stem + "ing"
    third = stem + "es" if stem.endswith(("s", "sh", "ch", "x", "z", "o")) else stem + "s"
    if stem.endswith("y") and stem[-2] not in "aeiou":
        third = stem[:-1] + "ies"
        past = stem[:-1] + "ied"
    elif stem.endswith("e"):
        past = stem + "d"
    elif _doubles(stem):
        past = stem + stem[-1] + "ed"
    else:
        past = stem + "ed"
    forms = [gerund, third, past, stem, *_IRREGULAR_FORMS.get(stem, "").split()]
    return [form + tail for form in forms]


def _doubles(stem: str) -> bool:
    vowels = sum(letter in "aeiou" for letter in stem)
    return (
        len(stem) > 2
        and stem[-1] not in "aeiouwxyh"
        and stem[-2] in "aeiou"
        and stem[-3] not in "aeiou"
        and vowels == 1
        and stem not in _NO_DOUBLING
    )


VERB_WORDS: dict[str, RelationWord] = {}
"""Verb forms to the relation they make between their subject and their object."""
BARE_VERBS: set[str] = set()
"""Forms that are a noun as often, to be taken for a verb only right after a noun."""
for _kind, _attribute, _phrases in _VERBS.values():
    for _phrase in _phrases.split("|"):
        if not _phrase:
            continue
        _stem = _phrase.split(" ")[0]
        _word = RelationWord(_kind, attribute=_attribute, placing=_kind is not Kind.WEARING)
        for _form in verb_forms(_phrase):
            VERB_WORDS.setdefault(_form, _word)
            if " " not in _form and _stem in _AMBIGUOUS_STEMS and not _form.endswith("ing"):
                BARE_VERBS.add(_form)

for _text, _word in {
    "dressed in": RelationWord(Kind.WEARING), "dressed as": RelationWord(Kind.WEARING),
    "dressed like": RelationWord(Kind.WEARING), "dressed up as": RelationWord(Kind.WEARING),
    "disguised as": RelationWord(Kind.WEARING), "clad in": RelationWord(Kind.WEARING),
    "with a costume of": RelationWord(Kind.WEARING), "wrapped in": RelationWord(Kind.WEARING),
    "holding hands with": RelationWord(Kind.BESIDE), "falling in love with": RelationWord(Kind.BESIDE),
    "in love with": RelationWord(Kind.BESIDE), "talking to": RelationWord(Kind.LOOKING_AT),
    "chased by": RelationWord(Kind.CHASING, reverse=True), "followed by": RelationWord(Kind.CHASING, reverse=True),
    "hunted by": RelationWord(Kind.CHASING, reverse=True), "pursued by": RelationWord(Kind.CHASING, reverse=True),
    "being chased by": RelationWord(Kind.CHASING, reverse=True),
    "running away from": RelationWord(Kind.CHASING, reverse=True, attribute="running"),
    "running from": RelationWord(Kind.CHASING, reverse=True, attribute="running"),
    "runs away from": RelationWord(Kind.CHASING, reverse=True, attribute="running"),
    "runs from": RelationWord(Kind.CHASING, reverse=True, attribute="running"),
    "run away from": RelationWord(Kind.CHASING, reverse=True, attribute="running"),
    "fleeing from": RelationWord(Kind.CHASING, reverse=True, attribute="running"),
    "escaping from": RelationWord(Kind.CHASING, reverse=True, attribute="running"),
    "ridden by": RelationWord(Kind.RIDING, reverse=True), "driven by": RelationWord(Kind.RIDING, reverse=True),
    "steered by": RelationWord(Kind.RIDING, reverse=True), "flown by": RelationWord(Kind.RIDING, reverse=True),
    "piloted by": RelationWord(Kind.RIDING, reverse=True),
    "held by": RelationWord(Kind.HOLDING, reverse=True), "carried by": RelationWord(Kind.HOLDING, reverse=True),
    "eaten by": RelationWord(Kind.HOLDING, reverse=True), "worn by": RelationWord(Kind.WEARING, reverse=True),
    "watched by": RelationWord(Kind.LOOKING_AT, reverse=True),
    "pulled by": RelationWord(Kind.BESIDE, reverse=True), "guarded by": RelationWord(Kind.BESIDE, reverse=True),
    "topped with": RelationWord(Kind.ON, reverse=True), "covered with": RelationWord(Kind.ON, reverse=True),
    "covered in": RelationWord(Kind.ON, reverse=True), "covered by": RelationWord(Kind.ON, reverse=True),
    "topped by": RelationWord(Kind.ON, reverse=True), "decorated by": RelationWord(Kind.ON, reverse=True),
    "loaded with": RelationWord(Kind.ON, reverse=True), "carrying on top": RelationWord(Kind.ON, reverse=True),
    "adorned with": RelationWord(Kind.ON, reverse=True),
    "full of": RelationWord(Kind.INSIDE, reverse=True), "filled with": RelationWord(Kind.INSIDE, reverse=True),
    "filled by": RelationWord(Kind.INSIDE, reverse=True), "containing": RelationWord(Kind.INSIDE, reverse=True),
    "stuffed with": RelationWord(Kind.INSIDE, reverse=True), "packed with": RelationWord(Kind.INSIDE, reverse=True),
    "parked next to": RelationWord(Kind.BESIDE, placing=True), "parked by": RelationWord(Kind.BESIDE, placing=True),
    "parked in front of": RelationWord(Kind.IN_FRONT_OF, placing=True),
    "parked behind": RelationWord(Kind.BEHIND, placing=True),
    "parked under": RelationWord(Kind.UNDER, placing=True),
    "parked beside": RelationWord(Kind.BESIDE, placing=True),
    "parked in": RelationWord(Kind.INSIDE, placing=True), "parked on": RelationWord(Kind.ON, placing=True),
    "parked at": RelationWord(Kind.BESIDE, placing=True), "parked near": RelationWord(Kind.BESIDE, placing=True),
    "hanging from": RelationWord(Kind.UNDER, placing=True), "hangs from": RelationWord(Kind.UNDER, placing=True),
    "hanging on": RelationWord(Kind.ON, placing=True), "hanging in": RelationWord(Kind.INSIDE, placing=True),
    "floating on": RelationWord(Kind.ON, placing=True), "floats on": RelationWord(Kind.ON, placing=True),
    "sailing on": RelationWord(Kind.ON, placing=True), "sails on": RelationWord(Kind.ON, placing=True),
    "swimming on": RelationWord(Kind.ON, attribute="swimming", placing=True),
    "sailing in": RelationWord(Kind.INSIDE, placing=True),
    "sailing across": RelationWord(Kind.INSIDE, placing=True),
    "sailing through": RelationWord(Kind.INSIDE, placing=True),
    "sailing over": RelationWord(Kind.INSIDE, placing=True),
    "driving through": RelationWord(Kind.INSIDE, placing=True),
    "driving on": RelationWord(Kind.ON, placing=True), "driving down": RelationWord(Kind.ON, placing=True),
    "driving along": RelationWord(Kind.ON, placing=True), "driving past": RelationWord(Kind.BESIDE, placing=True),
    "driving over": RelationWord(Kind.ON, placing=True), "drives through": RelationWord(Kind.INSIDE, placing=True),
    "riding through": RelationWord(Kind.INSIDE, placing=True), "riding across": RelationWord(Kind.INSIDE, placing=True),
    "riding along": RelationWord(Kind.INSIDE, placing=True), "riding into": RelationWord(Kind.INSIDE, placing=True),
    "playing in": RelationWord(Kind.INSIDE, attribute="playing", placing=True),
    "playing on": RelationWord(Kind.ON, attribute="playing", placing=True),
    "playing under": RelationWord(Kind.UNDER, attribute="playing", placing=True),
    "playing at": RelationWord(Kind.BESIDE, attribute="playing", placing=True),
    "playing near": RelationWord(Kind.BESIDE, attribute="playing", placing=True),
    "playing by": RelationWord(Kind.BESIDE, attribute="playing", placing=True),
    "plays in": RelationWord(Kind.INSIDE, attribute="playing", placing=True),
    "play in": RelationWord(Kind.INSIDE, attribute="playing", placing=True),
    "playing together": RelationWord(Kind.BESIDE, attribute="playing", placing=True),
    "playing with": RelationWord(Kind.BESIDE, attribute="playing"),
    "plays with": RelationWord(Kind.BESIDE, attribute="playing"),
    "play with": RelationWord(Kind.BESIDE, attribute="playing"),
    "dancing with": RelationWord(Kind.BESIDE, attribute="dancing"),
    "walking on": RelationWord(Kind.ON, attribute="walking", placing=True),
    "walking in": RelationWord(Kind.INSIDE, attribute="walking", placing=True),
    "walking through": RelationWord(Kind.INSIDE, attribute="walking", placing=True),
    "walking along": RelationWord(Kind.BESIDE, attribute="walking", placing=True),
    "walking": RelationWord(Kind.BESIDE, attribute="walking", placing=True),
    "sitting at": RelationWord(Kind.BESIDE, attribute="sitting", placing=True),
    "growing in": RelationWord(Kind.INSIDE, placing=True), "growing on": RelationWord(Kind.ON, placing=True),
    "made by": RelationWord(None), "caused by": RelationWord(None),
    "looking like": RelationWord(None), "looks like": RelationWord(None),
    "leading to": RelationWord(Kind.BESIDE, placing=True), "going to": RelationWord(Kind.BESIDE, placing=True),
    "going through": RelationWord(Kind.INSIDE, placing=True),
}.items():  # fmt: skip
    VERB_WORDS[_text] = _word

SIDES = {
    "left": "on the left|on the left side|at the left|to the left|on the left hand side|left side|on left|in the left corner|at left",
    "right": "on the right|on the right side|at the right|to the right|on the right hand side|right side|on right|in the right corner|at right",
    "back": "in the background|in background|background|in the distance|far away|far behind|in the back|in the far distance|in the rear|at the back|at the horizon|on the horizon|behind them|as background|as the background|as a background|as backdrop|in the backdrop",
    "front": "in the foreground|in foreground|foreground|in the front|in front|up front|at the front",
    "middle": "in the middle|in the center|in the centre|in the middle of the picture|centered|at the center|in center",
    "up": "in the air|up high|overhead|up above|in the upper part|at the top|on top",
    "down": "at the bottom|on the bottom|down below|below it all",
}  # fmt: skip
SIDE_WORDS = {phrase: side for side, phrases in SIDES.items() for phrase in phrases.split("|")}
"""Phrases that place a thing in the picture rather than by another thing."""

PARTS = frozenset(
    "eye eyes hair tail wing ear fur beard leg tooth arm hand foot paw nose mouth face head back shoulder moustache "
    "mustache mane horn claw feather fin skin scale spot stripe neck body belly feet finger fingers lap side lip cheek "
    "whisker roof chimney door wheel sail petal stem trunk branch leaf smile grin expression look button pocket collar "
    "handle lid stripe dot pattern color colour antenna tentacle beak hoof snout eyebrow eyelash braid ponytail pigtail "
    "curl top bottom middle end corner edge surface tip frosting icing foam flag logo text word inscription nail chin "
    "tongue knee elbow hip waist chest thumb freckle tusk shell headlight icicle smoke reflection shadow".split()
)
"""Nouns that are part of a thing: after "with", "has" or a possessive they describe it and are not drawn beside it."""

BODY_SEATS = frozenset("head back shoulder lap nose arm hand paw belly top".split())
"""Parts on which another thing may sit ("on its head")."""

WEARABLE = frozenset(
    "hat cap crown dress shirt scarf glasses sunglasses coat jacket shoe boot glove tie bow tie necklace ring earring "
    "mask helmet cape cloak robe skirt suit tuxedo t-shirt t shirt sweater jumper hoodie jeans trousers pants shorts "
    "sock sneaker sandal bikini swimsuit kimono sari apron uniform belt bracelet watch backpack headphones headphone "
    "tiara wig beanie sombrero beret turban veil vest costume pajamas pyjamas raincoat armor armour spacesuit "
    "space suit top hat cowboy hat wizard hat party hat santa hat witch hat chef hat pirate hat straw hat hard hat "
    "monocle bandana goggles high heel heel slipper blouse gown outfit clothes clothing eyepatch eye patch lei sash "
    "ribbon bow collar headband diving mask baseball cap billed cap graduation cap flat cap bonnet tutu leotard poncho "
    "overalls overall dungarees stocking mitten earmuffs spectacles wreath flower crown halo wings".split()
) | frozenset(
    "bow tie,t shirt,space suit,top hat,cowboy hat,wizard hat,party hat,santa hat,witch hat,chef hat,pirate hat,"
    "straw hat,hard hat,high heel,eye patch,diving mask,baseball cap,billed cap,graduation cap,flat cap,flower crown,"
    "bow ties,rain boots,lab coat,leather jacket,wedding dress,ball gown,red nose,sun hat,sun glasses,ski mask,"
    "safety vest,lab coat,viking helmet,bucket hat,fur coat,christmas hat,birthday hat,magician hat".split(",")
)
"""Nouns that are worn: "with a hat" and "in a red dress" say wearing."""

HANDHELD = frozenset(
    "umbrella balloon sword flag book bag basket ball flower rose bouquet gift present guitar violin wand staff "
    "lantern torch candle broom phone camera cup mug glass bottle fork spoon knife hammer axe shield bow spear stick "
    "cane kite lollipop ice cream banana apple carrot pizza bone fish cake sandwich suitcase briefcase microphone "
    "trumpet flute magnifying glass sign heart trophy racket bat stethoscope paintbrush brush pencil pen newspaper "
    "letter key gun pistol laser net fishing rod fishing pole teddy bear doll handbag purse backpack tray teapot "
    "coffee beer wine drink burger hamburger hot dog donut doughnut cookie popcorn cupcake map telescope wrench trident "
    "lightsaber scythe pumpkin bucket shovel rake pitchfork parasol walking stick cigar pipe smartphone laptop "
    "bow and arrow crystal ball magic wand surfboard skateboard snowboard tennis racket baseball bat hockey stick "
    "golf club boomerang accordion saxophone drum harp banjo tambourine sunflower tulip saw scissors syringe "
    "clipboard tablet remote joystick controller game controller egg acorn nut lemon orange melon watermelon".split()
) | frozenset(
    "ice cream,magnifying glass,fishing rod,fishing pole,teddy bear,hot dog,walking stick,bow and arrow,crystal ball,"
    "magic wand,tennis racket,baseball bat,hockey stick,golf club,game controller,candy cane,light saber,cotton candy,"
    "paint brush,coffee cup,cup of coffee,cup of tea,glass of wine,beer mug,ice cream cone".split(",")
)
"""Nouns that are held: "a girl with a balloon" says holding."""

CONTAINERS = frozenset(
    "box basket bowl cage bag bucket jar cup mug glass vase pot bathtub tub crate barrel suitcase chest bottle nest "
    "teacup shoe boot car bus boat ship train plane rocket spaceship cart wagon wheelbarrow balloon bed plate tray pan "
    "house tent aquarium fishbowl egg hat cave pocket backpack drawer tray sink".split()
)
"""Nouns that hold others: "a basket with eggs" says inside."""

MEASURES = frozenset(
    "slice piece part bit lump chunk scoop ball drop grain sheet bar loaf portion serving side leg kind type plate "
    "image picture statue sculpture figure toy model map symbol shape silhouette sack bag can carton tin".split()
)
"""Nouns before "of" that are passed over for the noun after it: "a slice of pizza"."""

ROLE_WEAR = {
    "wizard": "top hat", "witch": "top hat", "king": "crown", "queen": "crown", "prince": "crown", "princess": "crown",
    "cowboy": "cowboy hat", "chef": "chef hat", "pirate": "pirate hat", "graduate": "graduation cap",
    "student": "graduation cap", "doctor": "stethoscope", "nurse": "stethoscope", "scientist": "lab coat",
    "detective": "top hat", "magician": "top hat", "gentleman": "top hat", "construction worker": "rescue worker helmet",
    "firefighter": "rescue worker helmet", "soldier": "military helmet", "superhero": "mask", "santa": "santa hat",
    "santa claus": "santa hat", "businessman": "necktie", "diver": "diving mask",
}  # fmt: skip
"""What someone dressed as a role wears, tried after "<role> hat"."""
