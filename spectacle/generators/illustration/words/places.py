"""Places, times of day and weather: the words for them, and what a thing implies when none is said."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlaceWord:
    """What a noun for a place says.

    Attributes:
        place: One of `scene.PLACES`.
        weak: Whether a further place in the prompt says more than this one.
    """

    place: str
    weak: bool = False


_STRONG = {
    "meadow": "meadow|field|grass field|grassy field|pasture|prairie|grassland|flower field|wildflower field|clearing|grass",
    "forest": "forest|wood|woodland|pine forest|fir forest|birch forest|autumn forest|bamboo forest|enchanted forest|magic forest|magical forest|fairy forest|fairytale forest|dark forest|deep forest|taiga|grove",
    "jungle": "jungle|rainforest|rain forest|tropical forest|amazon|amazon rainforest",
    "mountains": "mountain|mountain range|mountainside|mountaintop|mountain top|summit|mountain peak|alp|alps|himalaya|himalayas|everest|mount everest|mount fuji|fuji|rocky mountains|rockies|andes|mountain landscape|snowy mountain|mountain pass|highlands",
    "desert": "desert|sahara|sand dune|dune|dunes|wild west|egypt|oasis|sahara desert|gobi",
    "beach": "beach|seashore|sea shore|seaside|coast|coastline|shore|sandy beach|tropical beach|hawaii|bora bora|maldives|waterfront|ocean shore|bay|lagoon|beach party|caribbean",
    "sea": "sea|ocean|open sea|high sea|open ocean|pacific|atlantic|pacific ocean|atlantic ocean|mediterranean|seascape|stormy sea",
    "lake": "lake|pond|lakeside|lakeshore|lake shore|swimming pool|pool|lily pond|mountain lake|frozen lake|loch",
    "river": "river|stream|creek|brook|riverside|riverbank|river bank|canal|amazon river|nile",
    "underwater": "underwater|ocean floor|sea floor|seafloor|seabed|sea bed|bottom of the sea|bottom of the ocean|coral reef|reef|deep sea|ocean depth|aquarium|fish tank|fishbowl|fish bowl|atlantis|underwater world|underwater city|underwater scene|depth of the ocean|depth of the sea",
    "island": "island|tropical island|desert island|deserted island|isle|treasure island",
    "snow": "north pole|south pole|arctic|antarctica|antarctic|tundra|glacier|iceberg|snowy landscape|snow landscape|winter landscape|winter wonderland|ski slope|snowy field|snow field|ice floe|ice rink|icy landscape|snowfield|greenland|siberia|lapland|polar landscape|snowy hill|winter scene|winter forest|snowy mountains",
    "farm": "farm|farmyard|barnyard|farmland|ranch|corn field|cornfield|wheat field|vineyard|rice field|rice paddy|sunflower field|stable|farmhouse",
    "garden": "garden|backyard|back yard|yard|flower garden|front yard|greenhouse|rose garden|orchard|vegetable garden|flowerbed|flower bed|zen garden|japanese garden|patio|lawn|courtyard|terrace",
    "park": "park|city park|central park|zoo|picnic|amusement park|theme park|fairground|funfair|fair|town square|plaza|skate park|national park",
    "city": "city|skyline|cityscape|metropolis|downtown|city skyline|new york|new york city|manhattan|tokyo|london|paris|berlin|chicago|shanghai|hong kong|dubai|los angeles|madrid|rome|barcelona|futuristic city|cyberpunk city|town|city center|big city|urban landscape|san francisco|moscow|seoul|beijing|singapore|vienna|hamburg|munich|sydney|rooftop|roof top",
    "street": "street|alley|alleyway|sidewalk|city street|avenue|boulevard|crosswalk|pavement|market|marketplace|street corner|bus stop|train station|railway station|zebra crossing|shopping street|main street|traffic jam|flea market|christmas market",
    "village": "village|hamlet|small town|fishing village|countryside village|medieval village|medieval town|old town",
    "space": "space|outer space|deep space|cosmos|galaxy|universe|milky way|orbit|nebula|solar system|interstellar space|space station|starfield|asteroid belt|zero gravity",
    "moon": "surface of the moon|lunar surface|lunar landscape|mars|surface of mars|planet mars|alien planet|distant planet|strange planet|another planet|jupiter surface|moon surface|moonscape|crater|moon landing",
    "room": "room|living room|house interior|apartment|office|lounge|hall|hallway|restaurant|cafe|coffee shop|bar|pub|shop|store|supermarket|museum|hospital|bathroom|garage|attic|basement|cellar|indoors|workshop|laboratory|lab|studio|hotel|gym|hospital room|waiting room|living-room|dining room|toy shop|bakery|art gallery|gallery|pet shop|birthday party|home office|nursery|corridor|party|sauna|barber shop|flat interior|cozy room|salon|parlor|parlour",
    "kitchen": "kitchen|kitchen counter|kitchen floor",
    "bedroom": "bedroom|child's room|kids room|children's room|hotel room|bed room|child room|kid room|dormitory",
    "classroom": "classroom|class room|school class|lecture hall|schoolroom|kindergarten|school",
    "stage": "stage|theater|theatre|concert|concert hall|circus|circus ring|circus tent|disco|nightclub|night club|club|opera|talent show|dance floor|rock concert|ballroom stage|dancefloor|music festival|festival",
    "road": "road|highway|freeway|motorway|race track|racetrack|racing track|country road|dirt road|path|trail|route 66|runway|airport|parking lot|dirt track|street race|intersection|winding road|roadside|car park",
    "volcano": "volcano|lava field|erupting volcano|lava",
    "cave": "cave|cavern|grotto|crystal cave|ice cave|mine|dragon cave|lair|tunnel|underground",
    "castle hall": "castle hall|throne room|great hall|palace hall|dungeon|ballroom|inside a castle|knight's hall|banquet hall|throne hall|royal court|royal hall",
    "swamp": "swamp|marsh|bog|wetland|marshland|bayou|everglades|mangrove",
    "waterfall": "waterfall|niagara falls|cascade",
    "savanna": "savanna|savannah|serengeti|african plain|africa|safari|african savanna|african savannah|steppe|outback|waterhole",
    "harbour": "harbour|harbor|port|pier|dock|marina|jetty|quay|wharf|venice",
    "playground": "playground|sandbox|sandpit|play ground|sand pit|schoolyard|school yard",
    "library": "library|bookshop|bookstore|book store|book shop|bookshelf wall|reading room",
}  # fmt: skip
_WEAK = {
    "meadow": "countryside|landscape|nature|outdoors|outside|ground|spring landscape|summer landscape|valley",
    "hills": "hill|hilltop|hillside|hill top|rolling hill|green hill|knoll|cliff|cliffside|cliff edge|edge of a cliff",
    "sky": "sky|blue sky|heaven|air|mid air|midair|above the cloud|night sky|clear sky|open sky|evening sky|morning sky|starry sky|cloudy sky|dark sky|starry night sky|sunny sky",
    "sea": "water|wave|water surface|surface of the water|clear water|blue water",
    "room": "floor|wall|window|indoor|inside|corner|interior|home|carpet|rug|ceiling|fireplace|windowsill|window sill|wooden floor",
    "street": "neighborhood|neighbourhood|town street|outside a shop",
}  # fmt: skip

PLACE_WORDS: dict[str, PlaceWord] = {
    word: PlaceWord(place, weak)
    for table, weak in ((_WEAK, True), (_STRONG, False))
    for place, words in table.items()
    for word in words.split("|")
}
"""Nouns for places, in the singular, to what they say."""

NEVER_THINGS = frozenset("ground air outdoors outside indoor inside corner landscape nature grass".split())
"""Place words that are no noun to draw, whatever the sentence."""

DRAWABLE_PLACES = frozenset(
    "mountain volcano island moon sky window fireplace fishbowl aquarium iceberg fish bowl rug carpet wave picnic "
    "circus tent space station church hospital school hotel stable bench store bookshelf wall".split()
)
"""Place words for which a drawing may stand in the scene when they have a count, a colour or a role."""

TIME_WORDS = {
    "dawn": "dawn|sunrise|early morning|daybreak|first light|morning|sun up|rising sun|sun rising|sun rises|morning light|sun is rising",
    "day": "day|daytime|daylight|noon|midday|afternoon|broad daylight|sunny day|sunny afternoon|midday sun|bright day|day time|sunny morning|lunchtime|summer day",
    "sunset": "sunset|sundown|golden hour|sun set|setting sun|sun setting|sun sets|sun is setting|sunset sky|evening sun|sunset light|sunset beach|late afternoon",
    "dusk": "dusk|twilight|evening|blue hour|nightfall|evening light|early evening",
    "night": "night|midnight|nighttime|night time|moonlight|moonlit|moonlit night|full moon night|dark night|starry night|late at night|nocturnal|moonlit sky|night scene|under the moon|under the moonlight|under a full moon|in the dark|starlight|bedtime|new year's eve|new years eve|halloween night|christmas eve|by moonlight|by night",
}  # fmt: skip
WEATHER_WORDS = {
    "clear": "sunny|sunshine|sunlight|sunlit|clear sky|clear blue sky|blue sky|cloudless|cloudless sky|sunny day|sunny weather|nice weather|good weather|under the sun|bright sun|clear day|sunny afternoon|sunny morning|sun is shining|sun shining|sun shines|sunny sky|beautiful weather|in the sun|in the sunshine|in the sunlight|under a bright sun|under the hot sun",
    "cloudy": "cloudy|overcast|clouds|clouded|cloudy sky|gray sky|grey sky|cloudy day|white clouds|fluffy clouds|dark clouds|some clouds|few clouds|a few clouds",
    "rain": "rain|rainy|raining|rains|rainfall|drizzle|downpour|rainy day|heavy rain|pouring rain|pouring|rainy weather|rain shower|rainy night|rain falling|raindrops|drizzling",
    "storm": "storm|stormy|thunderstorm|thunder|lightning|tempest|thunder and lightning|stormy weather|stormy sky|stormy night|lightning bolts|hurricane|lightning storm|stormy day|rainstorm",
    "snow": "snow|snowy|snowing|snows|snowfall|blizzard|snowflakes|wintry|snowy day|falling snow|snowstorm|snow storm|snow covered|covered in snow|winter|wintertime|winter day|winter night|snowy night|in winter|fresh snow|deep snow|snow falling",
    "fog": "fog|foggy|mist|misty|haze|hazy|fog covered|morning mist|foggy day|foggy morning|misty morning|thick fog",
    "wind": "wind|windy|breeze|breezy|gust|strong wind|windy day|gale|gentle breeze|stormy wind",
    "rainbow": "rainbow|rainbows|double rainbow|rainbow in the sky|rainbow sky",
    "stars": "stars|starry|starry sky|starlit|starry night|under the stars|night sky full of stars|sky full of stars|shooting stars|stars in the sky|starlight|starry night sky|twinkling stars|bright stars",
}  # fmt: skip


def _both(phrase: str, tables: tuple[dict[str, str], ...]) -> tuple[str, ...]:
    return tuple(name for table in tables for name, words in table.items() if phrase in words.split("|"))


SKY_WORDS: dict[str, tuple[str, ...]] = {
    phrase: _both(phrase, (TIME_WORDS, WEATHER_WORDS))
    for table in (TIME_WORDS, WEATHER_WORDS)
    for words in table.values()
    for phrase in words.split("|")
}
"""Phrases for the time and the weather to the names of both that they say ("starry night" says two)."""

SKY_PLACES = frozenset(
    "night sky|starry sky|clear sky|cloudy sky|blue sky|starry night sky|stormy sky|evening sky|morning sky|dark sky|"
    "sunset sky|moonlit sky".split("|")
)
"""Phrases that say a time or weather and the weak place `sky` too."""

SNOWY_GROUND = frozenset("snow|fresh snow|deep snow".split("|"))
"""After "in" or "on" these are a place, not weather."""

SEASONS = {
    "autumn": "warm", "fall season": "warm", "spring": "joyful", "springtime": "joyful", "summer": "warm",
    "summertime": "warm", "autumnal": "warm",
}  # fmt: skip
"""Seasons that have neither place nor weather of their own, to the mood they set."""

IMPLIED_BY_NOUN: dict[str, str] = {
    noun: place
    for place, nouns in {
        "underwater": "fish|octopus|jellyfish|shark|dolphin|seahorse|squid|stingray|mermaid|merman|coral|starfish|submarine|clownfish|goldfish|eel|angelfish|manta ray|diver|scuba diver|tropical fish|sea turtle|seaweed|blowfish|pufferfish|anglerfish|swordfish|tuna|shrimp|lobster",
        "sea": "wave|sailboat|ship|boat|whale|orca|yacht|cruise ship|pirate ship|surfer|ferry|raft|sailing ship|motorboat|galleon|sail boat|speedboat|lifeboat|anchor|buoy|sailor|narwhal|steamboat|fishing boat",
        "space": "rocket|spaceship|spacecraft|planet|astronaut|satellite|ufo|flying saucer|alien|space shuttle|saturn|comet|asteroid|meteor|cosmonaut|spaceman|galaxy|earth|jupiter|meteorite|rocket ship|starship",
        "desert": "camel|cactus|pyramid|scorpion|sphinx|cowboy|rattlesnake|dromedary|mummy|pharaoh|two hump camel|coyote|tumbleweed",
        "snow": "penguin|polar bear|snowman|igloo|sled|sleigh|skier|snowboarder|walrus|husky|reindeer|santa|santa claus|seal|snowboard|ski|eskimo|snow leopard|arctic fox|yeti|sledge|ice skater|ice skate|mammoth|skis",
        "farm": "cow|pig|sheep|chicken|hen|rooster|tractor|goat|farmer|barn|donkey|scarecrow|hay|horse|piglet|lamb|calf|turkey|foal|pony|ram|ewe|cattle|windmill|chick|baby chick|bull|ox|llama|alpaca",
        "savanna": "lion|elephant|giraffe|zebra|rhino|rhinoceros|hippo|hippopotamus|cheetah|hyena|gazelle|antelope|meerkat|ostrich|lioness|wildebeest|buffalo|warthog",
        "jungle": "tiger|monkey|gorilla|parrot|jaguar|orangutan|toucan|leopard|sloth|chimpanzee|panther|ape|lemur|snake|chameleon|macaw|black panther|anaconda|python|iguana",
        "forest": "deer|fox|bear|wolf|owl|squirrel|hedgehog|raccoon|moose|badger|beaver|mushroom|boar|wild boar|stag|fairy|elf|gnome|unicorn|chipmunk|woodpecker|lumberjack|bigfoot|troll|witch|wizard|werewolf|fawn|elk|tent|campfire|toadstool|brown bear|grizzly|bat|porcupine|skunk|centaur|satyr|goblin|ogre|druid|grizzly bear|panda|koala|bison|tree|robin hood|dinosaur|t rex|tyrannosaurus|triceratops|sauropod|brontosaurus|stegosaurus|velociraptor|pine tree|evergreen tree",
        "swamp": "crocodile|alligator|frog|toad|dragonfly|heron|mosquito|newt",
        "lake": "duck|swan|goose|duckling|water lily|canoe|rowboat|rowing boat|kayak|fisherman|lotus|flamingo|rubber boat|gosling",
        "beach": "crab|palm tree|surfboard|sandcastle|sand castle|beach ball|seashell|shell|parasol|beach umbrella|deck chair|lifeguard|bikini|spiral shell|coconut|seagull|flip flop|beach chair",
        "city": "skyscraper|subway|metro|tram|superhero|spider man|batman|godzilla|tokyo tower|statue of liberty|eiffel tower|office building|superman",
        "street": "bus|taxi|traffic light|fire truck|fire engine|police car|ambulance|shop|streetlight|street lamp|bus stop|policeman|police officer|firefighter|fireman|mailman|postman|fire hydrant|mailbox|parking meter|stop sign|lamp post|delivery truck|street light|trolleybus|scooter|pedestrian|food truck|ice cream truck|garbage truck|traffic cop|busker|lamppost|trash can|cop|phone booth",
        "road": "car|truck|motorcycle|motorbike|race car|racing car|sports car|lorry|automobile|bicycle|bike|van|pickup truck|cyclist|jeep|convertible|biker|driver|limousine|suv|camper|racing driver|minibus|trailer|cab|vehicle|rv|caravan|hitchhiker|recreational vehicle|formula 1 car|go kart|tire",
        "sky": "airplane|plane|helicopter|hot air balloon|kite|jet|parachute|eagle|hawk|zeppelin|airship|blimp|glider|paraglider|skydiver|drone|aeroplane|biplane|bird|angel|pegasus|parachutist|seaplane|fighter jet|falcon|vulture|dove|cloud|raven|crow|swallow",
        "garden": "flower|butterfly|bee|ladybug|snail|rose|tulip|sunflower|daisy|caterpillar|rabbit|bunny|watering can|ant|hummingbird|robin|gnome|bird house|birdhouse|garden gnome|gardener|wheelbarrow|beehive|worm|earthworm|lawn mower|lawnmower|grasshopper|ladybird|beetle|spider|bumblebee|cricket|blossom|hyacinth|hibiscus|fence|shovel|rake|bouquet|cherry blossom|flowerpot|dandelion|trowel|moth|sparrow|blackbird|bush|bug|tortoise|turtle|mole|mouse|peacock|gazebo|fountain",
        "park": "dog|puppy|bench|fountain|pigeon|jogger|skateboard|squirrel|balloon|ball|frisbee|roller skate|kid|child|boy|girl|man|woman|family|couple|skateboarder|dogs|poodle|beagle|dalmatian|person|people|jogger|runner|baby|old man|old woman|grandmother|grandfather|grandma|grandpa|bicyclist|mom|dad|mother|father|teenager|friend|soccer ball|football|soccer player|football player|tennis player|baseball player|basketball player|golfer|toddler|carousel|ferris wheel|roller coaster|lady|gentleman|bride|groom|picnic basket|guide dog|brother|sister|twins|infant|statue|juggler|golf ball|basketball|baseball|tennis ball|volleyball",
        "playground": "swing|slide|seesaw|playground slide",
        "room": "sofa|couch|armchair|lamp|television|tv|fireplace|cat|kitten|piano|chair|vase|christmas tree|kitty|table|desk|computer|laptop|bookshelf|clock|gift|present|hamster|guinea pig|window|door|vacuum cleaner|rocking chair|coffee table|grandfather clock|tabby|robot|telephone|phone|guitar|violin|bird cage|birdcage|picture frame|mirror|candle|houseplant|potted plant|doctor|nurse|secretary|scientist|office worker|sewing machine|yarn|knitting|basket|bookcase|cupboard|box|chess|toy|doll|plush|lego|rocking horse|keyboard|printer|suitcase|globe|mantelpiece|couch and lamp|grand piano|goldfish bowl|trophy|stool|wardrobe",
        "kitchen": "chef|cook|fridge|refrigerator|stove|oven|frying pan|pot|toaster|microwave|kettle|sink|baker|dishwasher|cutting board|saucepan|blender|rolling pin|pan|whisk|teapot",
        "bedroom": "bed|teddy bear|pillow|crib|blanket|teddy|alarm clock|nightstand|bunk bed|plush toy|stuffed animal|cradle|slipper|pyjamas|pajamas",
        "classroom": "teacher|student|blackboard|pupil|schoolboy|schoolgirl|backpack|school bag|chalkboard|professor|whiteboard",
        "stage": "dancer|ballerina|singer|clown|microphone|magician|band|guitarist|drummer|ballet dancer|acrobat|juggler|rock star|musician|pianist|violinist|orchestra|actor|actress|rockstar|trumpet|saxophone|drum|drums|drum kit|performer|comedian|juggling person|dj|accordion|cello|banjo|harp|flute|trombone|rapper",
        "castle hall": "king|queen|throne|jester|suit of armor|prince|princess|emperor|royal guard",
        "hills": "castle|lighthouse|house|cottage|chapel|church|shepherd|palace|tower|mill|temple|hut|cabin|log cabin|home|villa|haunted house|mansion|manor|fortress|derelict house|train|steam train|locomotive|wind turbine|bridge|railway|steam locomotive|tram|pagoda|monastery|mosque|synagogue|knight|archer|viking",
        "mountains": "dragon|mountain goat|climber|mountaineer|hiker|ibex|cable car|snow capped mountain|condor|chamois|mountain lion|cougar|puma",
        "library": "librarian|books|stack of books|book",
        "harbour": "lighthouse keeper|crane|pirate|captain",
        "cave": "cave man|caveman|treasure chest|treasure|stalactite|miner|vampire|minotaur|cyclops",
    }.items()
    for noun in nouns.split("|")
}  # fmt: skip
"""Nouns to where they are when the prompt does not say; a later place of the table wins a noun named twice."""

IMPLIED_BY_CATEGORY = {
    "fish": "underwater", "boat": "sea", "aircraft": "sky", "fruit": "table", "vegetable": "table", "food": "table",
    "drink": "table", "dish": "table", "bird": "meadow", "animal": "meadow", "insect": "garden", "flower": "garden",
    "plant": "meadow", "vehicle": "road", "building": "hills", "furniture": "room", "instrument": "room",
    "device": "room", "tool": "room", "toy": "room", "clothing": "room", "fantasy": "forest", "sport": "park",
    "person": "park",
}  # fmt: skip
"""Categories of the art library to where such things are."""
