"""Adjectives: sizes, what else is understood of a thing, and the mood of a prompt."""

from __future__ import annotations

SIZES = {
    0.4: "microscopic|minuscule|teeny tiny|very tiny|very very small",
    0.6: "tiny|miniature|mini|very small|teeny|wee|really small|super small",
    0.75: "small|little|smaller|smallish|petite|short|compact",
    1.25: "bigger|larger|tall|long|fat|chubby|plump|wide|thick|high",
    1.6: "big|large|very tall|grand|oversized|bulky|really tall",
    1.9: "very big|very large|huge|giant|massive|really big|great big|biggest|super big|so big|extra large",
    2.2: "enormous|gigantic|colossal|immense|humongous|towering|monumental|very huge",
}  # fmt: skip
SIZE_WORDS = {word: size for size, words in SIZES.items() for word in words.split("|")}
"""Words to the factor on the ordinary size of a thing."""

_ATTRIBUTES = {
    "old": "old|elderly|aged|ancient|antique|weathered|rusty|worn|vintage|ragged|worn out|very old|wrinkled|retro",
    "ruined": "ruined|abandoned|derelict|haunted|crumbling|run down|broken",
    "young": "young|youthful|teenage|teen",
    "baby": "baby|newborn|infant",
    "happy": "happy|smiling|cheerful|joyful|laughing|merry|jolly|grinning|joyous|delighted|excited|smiley|very happy|proud",
    "sad": "sad|crying|unhappy|weeping|gloomy|tearful|depressed|miserable|sobbing|melancholic|disappointed",
    "angry": "angry|mad|furious|grumpy|evil|mean|fierce|ferocious|raging|aggressive|enraged|annoyed|wicked",
    "scared": "scared|frightened|afraid|terrified|fearful|startled|shocked",
    "surprised": "surprised|amazed|astonished",
    "sleeping": "sleeping|asleep|sleepy|napping|snoozing|dozing|dreaming|sleeps|tired|snoring|resting|sleep",
    "flying": "flying|flies|soaring|floating|hovering|gliding|airborne|levitating|floats|fly|drifting",
    "running": "running|runs|sprinting|galloping|racing|jogging|run",
    "jumping": "jumping|jumps|leaping|hopping|bouncing|leaps|hops|jump",
    "walking": "walking|walks|strolling|wandering|marching|hiking|walk|wander|trekking",
    "dancing": "dancing|dances|dance",
    "sitting": "sitting|sits|seated|sit|sat|perched|perching|lounging",
    "lying": "lying|laying|lies|lie|reclining|relaxing",
    "standing": "standing|stands|stand|stood",
    "swimming": "swimming|swims|diving|swim|snorkeling|dives",
    "climbing": "climbing|climbs|climb",
    "surfing": "surfing|surfs",
    "skiing": "skiing|skis",
    "skating": "skating|skateboarding|ice skating|roller skating|skates",
    "cycling": "cycling|biking",
    "singing": "singing|sings|sing",
    "reading": "reading|reads",
    "cooking": "cooking|cooks|baking|bakes",
    "eating": "eating|eats|munching|chewing|nibbling",
    "drinking": "drinking|drinks|sipping",
    "playing": "playing|plays|playful|play",
    "fighting": "fighting|fights|battling|boxing|wrestling",
    "kissing": "kissing|kiss|kisses|hugging|hugs|cuddling",
    "waving": "waving|waves hello",
    "glowing": "glowing|shining|luminous|shiny|sparkling|glittering|glittery|neon|shimmering|bright",
    "burning": "burning|on fire|flaming|fiery|in flames",
    "wooden": "wooden|wood made|made of wood",
    "stone": "stone made|made of stone",
    "metal": "metallic|metal|steel|iron|made of metal|chrome",
    "striped": "striped|stripy|stripey",
    "spotted": "spotted|dotted|polka dot|polka dotted",
    "fluffy": "fluffy|furry|fuzzy|hairy|shaggy",
    "magical": "magical|magic|enchanted|mystical|mythical|fairytale|fairy tale",
    "futuristic": "futuristic|cyberpunk|sci fi|steampunk|high tech",
    "beautiful": "beautiful|pretty|gorgeous|lovely|elegant|stunning|handsome",
    "cute": "cute|adorable|sweet|kawaii|chibi|cutest",
    "scary": "scary|spooky|creepy|frightening|horrifying|terrifying|eerie",
    "funny": "funny|silly|goofy|crazy|weird|comical|hilarious|wacky",
    "fresh": "fresh|ripe|juicy|delicious|tasty|yummy",
    "open": "open|opened",
    "closed": "closed|shut",
    "wild": "wild|stray|feral",
    "howling": "howling|howls|howl|barking|barks|roaring|roars|meowing",
    "erupting": "erupting|exploding|erupts",
    "blooming": "blooming|blossoming|in bloom|flowering",
    "melting": "melting",
    "fishing": "fishing",
    "meditating": "meditating|doing yoga|yoga|in lotus position",
    "rich": "rich|wealthy|fancy|luxurious|royal|noble|luxury",
    "poor": "poor|dirty|muddy|messy",
    "strong": "strong|mighty|muscular|powerful|brave|heroic|courageous",
    "fast": "fast|speedy|quick|speeding",
    "steaming": "steaming|hot|steamy",
    "frozen": "frozen|icy|cold|freezing",
    "round": "round|spherical",
    "empty": "empty",
    "pregnant": "pregnant",
    "wise": "wise|smart|clever|intelligent",
    "lonely": "lonely looking|alone|all alone|solitary",
    "female": "female",
    "male": "male",
}  # fmt: skip
ATTRIBUTE_WORDS = {word: name for name, words in _ATTRIBUTES.items() for word in words.split("|")}
"""Words to the attribute that `Thing.attributes` names."""

PLAIN = frozenset(
    "nice good great amazing awesome perfect wonderful fantastic incredible epic cool simple plain typical normal "
    "ordinary regular classic traditional modern new real realistic different other another same own main favourite "
    "favorite very really extremely super quite rather so too pretty slightly just only also even still already "
    "completely fully partly somewhat kind sort such certain special unique random detailed intricate complex rich "
    "soft hard rough smooth clean sharp clear vivid vibrant warm loving friendly kindly gentle polite quiet peaceful "
    "calm serene busy crowded noisy lively cozy cosy comfy comfortable rustic rural urban tropical exotic japanese "
    "chinese french german italian spanish english british american african indian mexican russian dutch greek roman "
    "egyptian european asian arabic korean irish scottish swiss viking medieval victorian gothic baroque renaissance "
    "majestic magnificent graceful glorious splendid charming quaint picturesque scenic dramatic cinematic atmospheric "
    "mysterious secret hidden lost deep dense thick thin narrow slim skinny slender lean heavy light dark bright pale "
    "deep lush green-ish blond curious naughty lazy hungry thirsty busy confused bored nervous shy confident "
    "adventurous famous legendary popular unknown extinct rare common domestic tame local public private professional "
    "hand-made homemade handmade toy-like stylized abstract surreal psychedelic geometric minimalist minimal flat round "
    "square triangular shaped colored coloured looking wearing-less whole half full loaded decorated ornate ornamental "
    "patterned floral leafy sandy rocky grassy mossy dusty foamy bubbly cloudless shady sunny-ish festive joyous "
    "christmassy spring-like lovely fine fair true false best better bad worse worst first second third last next "
    "final early late long-haired short-haired haired bearded blonde brunette bald long-necked long-eared necked eared "
    "legged headed eyed winged tailed horned armed".split()
)
"""Adjectives and adverbs that say nothing to draw; they are passed over."""

_MOODS = {
    "calm": "calm|peaceful|serene|tranquil|quiet|relaxing|relaxed|relaxation|peace|silence|stillness|meditation|harmony|serenity|soothing|gentle|balance|mindfulness|zen|tranquility|tranquillity",
    "joyful": "joyful|joy|happy|happiness|cheerful|fun|celebration|party|festive|laughter|birthday|hope|optimism|success|victory|delight|friendship|merry|congratulations|playful|freedom|smile|gratitude|thank",
    "sad": "sad|sadness|sorrow|grief|melancholy|melancholic|lonely|loneliness|gloomy|despair|depression|tears|heartbreak|mourning|goodbye|loss|regret|nostalgia|longing|miss",
    "angry": "angry|anger|rage|fury|furious|hate|hatred|war|violence|revenge|wrath|conflict|frustration|battle",
    "mysterious": "mysterious|mystery|mystical|enigmatic|secret|strange|unknown|occult|uncanny|eerie|spooky|infinity|eternity|magic|magical|curiosity|enigma|destiny|fate|chaos",
    "romantic": "romantic|love|romance|passion|tender|valentine|tenderness|wedding|in love|affection|intimacy|devotion|longing for you|soulmate",
    "energetic": "energetic|energy|dynamic|power|speed|action|powerful|explosive|explosion|electric|wild|adventure|excitement|motion|vibrant|rhythm|music|techno|strength|courage|creativity|inspiration|motivation",
    "cold": "cold|freezing|icy|frosty|chilly|frozen|winter|frost|wintry|loneliness of winter",
    "warm": "warm|cozy|cosy|warmth|autumn|hot|summer|summery|comfort|comfortable|home|heat|sunny|kindness|hygge|autumnal",
    "dark": "dark|darkness|gothic|horror|death|evil|nightmare|scary|creepy|sinister|fear|doom|dread|terrifying|grim|apocalypse|apocalyptic|void|nothingness|anxiety|shadows|emptiness",
    "dreamy": "dreamy|dream|dreams|surreal|ethereal|fantasy|whimsical|imagination|dreamlike|psychedelic|wonder|poetry|poetic|soul|heavenly|spiritual|spirituality|time|memory|memories|fairytale|consciousness|thoughts|ideas",
}  # fmt: skip
MOOD_WORDS = {word: mood for mood, words in reversed(_MOODS.items()) for word in words.split("|")}
"""Words to the mood they set."""
