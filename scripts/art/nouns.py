"""How tall things are, what kind of thing they are and where they belong, noun by noun."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

from .own_doings import ROWS as DOING_ROWS
from .own_props import ROWS as PROP_ROWS

# One row: height in metres, category, habitat: nouns. Heights are those of an ordinary specimen as it stands in a
# drawing (a lying pencil is as high as its drawing makes it long).
ROWS = """
1.2 object wall: blackboard
0.25 object ground: chessboard
0.12 plant water: lily pad
6.0 building ground: tree house
0.12 object ground: puddle
0.35 wearable wearable: wizard hat
12.0 boat water: pirate ship
3.0 tree ground: tree branch
4.5 building ground: rooftop
0.9 object ground: gravestone
1.4 vehicle ground: rover
0.3 dish table: fishbowl
0.14 dish table: bowl
0.5 object ground: picnic blanket
0.7 object ground: pile of gold
4.0 plant ground: bamboo
5.0 tree ground: cherry tree, leafy tree
0.4 object ground: stack of books
1.0 furniture ground: hospital bed
0.003 insect ground: ant
0.012 insect sky: mosquito, fly
0.015 insect ground: lady beetle, ladybird, ladybug
0.02 insect sky: honeybee, bee
0.02 insect ground: beetle, cockroach, worm, bug, caterpillar, microbe
0.03 insect ground: cricket, spider, grasshopper
0.06 insect sky: butterfly, monarch butterfly, dragonfly
0.06 insect ground: scorpion, snail, snail shell, praying mantis
0.5 object ground: spider web
0.08 animal ground: mouse, rat, hamster, frog, bullfrog, lizard
0.15 animal ground: chipmunk, hedgehog, turtle, squirrel
0.3 animal ground: rabbit, skunk, guinea pig, armadillo, beaver, otter, badger, raccoon, snake, kitten, siamese cat, sleeping cat
0.35 animal ground: cat, black cat, koala, dachshund
0.55 animal ground: fox, dog, poodle, guide dog, service dog, beagle, labrador, sloth, boxer dog, great dane
0.7 animal ground: wolf, pig, boar, goat, ewe, ram, sheep, monkey, leopard
0.9 animal ground: tiger, lion, kangaroo, panda, seal, crocodile, tiger walking, lion lying down, antelope, walrus
1.2 animal ground: deer, donkey, orangutan, bear, polar bear, grizzly bear, zebra
1.5 animal ground: cow, ox, water buffalo, gorilla, llama, hippopotamus, spotted cow
1.7 animal ground: horse, unicorn, rhinoceros, bison, moose, galloping horse, trotting horse
2.2 animal ground: camel, two-hump camel
3.0 animal ground: elephant, mammoth
5.0 animal ground: giraffe
5.0 fantasy ground: dragon
4.0 animal ground: t-rex, triceratops, stegosaurus
3.0 animal sky: pterodactyl
8.0 animal ground: sauropod, brontosaurus
0.3 animal sky: bat
0.06 object ground: paw prints, feather, oyster, spiral shell
0.4 object sky: wing
0.12 bird ground: baby chick, front-facing baby chick, hatching chick
0.16 bird ground: bird, black bird, woodpecker
0.3 bird ground: dove, pigeon, parrot, puffin, gull, seagull
0.35 bird ground: duck, brown duck, chicken, hen, owl
0.5 bird ground: rooster, dodo, goose
0.6 bird sky: eagle
0.7 bird ground: penguin, penguin standing, turkey, peacock
1.0 bird water: swan
1.3 bird ground: flamingo
2.2 bird ground: ostrich
1.0 fantasy sky: phoenix
0.3 fish underwater: fish, tropical fish, blowfish, angelfish, carp, clownfish, goldfish, octopus, squid, jellyfish, seahorse, starfish, coral
0.15 fish underwater: shrimp, lobster, crab
0.6 fish underwater: stingray
1.2 fish underwater: shark, dolphin, orca, plesiosaur
3.5 fish underwater: whale, spouting whale, blue whale
0.4 flower ground: tulip, rose, daffodil, hyacinth, red poppy, pink rose, yellow flowers, red tulips, blossom, hibiscus, pink roses, flower, daisy, yellow flower, red flower, blue flower, cherry blossom, wilted flower
0.4 flower table: bouquet, rosette
0.1 flower water: lotus
1.6 flower ground: sunflower
0.25 plant ground: seedling, herb, shamrock, four leaf clover, trowel and seedling, leaf fluttering in wind, fallen leaf, maple leaf, olive branch, acorn, empty nest, nest with eggs, rock, wood
0.4 plant table: potted plant, flowerpot
0.2 plant ground: mushroom, toadstool
1.0 plant ground: sheaf of rice, reeds, tanabata tree, pine decoration
2.0 plant ground: cactus
7.0 tree ground: deciduous tree, evergreen tree, palm tree, leafless tree, pine tree, fir tree, cypress
4.0 tree ground: apple tree
2.2 tree ground: christmas tree
0.08 fruit table: tangerine, lemon, lime, red apple, green apple, peach, pear, kiwi fruit, plums, plum, apricot, orange, tomato, apple core, tomatoes, avocado, olive
0.04 fruit table: cherries, strawberry, blueberries, chestnut, peanuts
0.18 fruit table: grapes, banana, mango, coconut
0.28 fruit table: melon, pineapple, watermelon, watermelon fruit
0.3 vegetable ground: pumpkin, jack-o-lantern
0.1 vegetable table: potato, onion, garlic, garlic bulb, bell pepper, hot pepper, brown mushroom, ginger, ginger root, pea pod, beans, radish, pickle, sweet potato, roasted sweet potato
0.2 vegetable table: carrot, eggplant, ear of corn, broccoli, cucumber, leafy green, root vegetable, honeycomb
0.1 food table: hamburger, cheese wedge, croissant, bread, loaf of bread, bagel, pancakes, waffle, egg, boiled egg, egg cup, sandwich, taco, doughnut, cookie, cupcake, muffin, french fries, hot dog, pretzel, bacon, cut of meat, poultry leg, meat on bone, fortune cookie, rice ball, dumpling, chocolate bar, candy, wrapped candy, sausage, corn dog, butter, salt, custard, sushi, fried shrimp, moon cake, dango, submarine sandwich, club sandwich, shortcake, lasagna, pie, apple pie, cherry pie, pumpkin pie, flan
0.15 food table: pizza, soft ice cream, ice cream, shaved ice, lollipop, swirl lollipop, candy cane, ice lolly, popcorn, spaghetti, pot of food, shallow pan of food, green salad, bowl with spoon, steaming bowl, curry rice, cooked rice, baguette bread, burrito, stuffed flatbread, canned food, oden, fish cake with swirl, roast chicken, takeout box, bento box, honey pot
0.25 food table: birthday cake, wedding cake
0.16 drink table: wine glass, cocktail glass, tropical drink, beer mug, clinking beer mugs, cup with straw, bubble tea, glass of milk, tumbler glass, beverage box, mate, sake, apple juice, soda can, soft drink, clinking glasses, pouring liquid, baby bottle, baby's bottle, teacup without handle
0.1 drink table: hot beverage, teacup, mug, ice
0.3 drink table: bottle with popping cork, milk carton, teapot, porcelain teapot, kettle, jar
0.35 object table: coffee maker, amphora
0.25 dish table: fork and knife with plate, fork and knife, spoon, chopsticks, kitchen knife, plate, bowl, pet bowl, frying pan, cooking
0.9 furniture ground: chair, office chair, wooden chair, seat, armchair
0.8 furniture ground: sofa, couch and lamp, bench, dining table, wooden table, long table, bed, cabinet, ironing board
0.9 furniture ground: kitchen sink, oven, washing machine, toilet
0.6 furniture ground: bathtub
2.1 furniture ground: wardrobe, bookshelf, door, shower, elevator
1.3 furniture ground: fireplace
1.7 furniture ground: floor lamp, refrigerator, stepladder, wooden ladder, ladder
1.2 furniture wall: window, mirror, framed picture
0.4 furniture ceiling: ceiling fan, chandelier
0.45 device table: table lamp, desk lamp, stained glass lamp, lantern, red paper lantern, diya lamp, magic lamp
0.6 device ground: television
0.4 device table: desktop computer, laptop, printer, radio, microwave, toaster
0.35 device table: telephone, fax machine, cash register, joystick, film projector, movie camera, video camera
0.15 device table: mobile phone, mobile phone with arrow, telephone receiver, pager, camera, camera with flash, calculator, computer mouse, video game, remote control, battery, battery cell, low battery, light bulb, flashlight, videocassette, floppy disk, computer disk, optical disk, dvd, electric plug, trackball, stopwatch, watch, compass, headphone, studio microphone, microphone
0.25 device table: hair dryer, iron, alarm clock, timer clock, hourglass done, hourglass not done, mantelpiece clock, globe showing europe-africa, globe showing americas, globe showing asia-australia
1.0 device ground: vacuum cleaner, satellite antenna
1.6 vehicle ground: automobile, oncoming automobile, taxi, oncoming taxi, police car, oncoming police car, sport utility vehicle, jeep, auto rickshaw
1.0 vehicle ground: racing car
2.0 vehicle ground: minibus, pickup truck
2.6 vehicle ground: ambulance, delivery truck, tank, tractor
3.1 vehicle ground: bus, oncoming bus, trolleybus, fire engine, articulated lorry, truck, coach, dump truck, red lorry, concrete mixer
3.5 vehicle ground: locomotive, train, railway car, tram, tram car, metro, station, bullet train, high-speed train, light rail, monorail, mountain railway, suspension railway
1.1 vehicle ground: bicycle, motorcycle, motor scooter, kick scooter, penny farthing, manual wheelchair, motorized wheelchair
0.2 vehicle ground: skateboard, roller skate
1.0 vehicle ground: lawn mower, shopping trolley, shopping cart, wheelbarrow, wagon
0.6 vehicle ground: sledge, sled, wheel, brick
0.2 toy table: toy train
8.0 boat water: sailboat, yacht, ferry
25.0 boat water: ship, passenger ship, schooner
2.0 boat water: motor boat, speedboat
0.7 boat water: canoe, ring buoy
1.0 object ground: anchor
12.0 aircraft sky: airplane
4.0 aircraft sky: small airplane, helicopter, flying saucer
20.0 aircraft sky: hot air balloon, airship
30.0 aircraft sky: rocket
4.0 aircraft space: satellite
4.0 aircraft sky: parachute
3.0 vehicle sky: aerial tramway, mountain cableway
7.0 building ground: house, house with garden, houses, derelict house, cottage, chalet, family house, town house, hut, log cabin, adobe house, barn, schoolhouse, convenience store, tent house
3.0 building ground: igloo, outhouse, well
1.8 object ground: tent, teepee, camping tent, camping, bus stop, fuel pump, playground slide, swing
10.0 building ground: church, school, hospital, bank, post office, japanese post office, hotel, love hotel, factory, department store, classical building, circus tent, mosque, synagogue, hindu temple, museum, shinto shrine, apartment building, windmill, stadium, construction
18.0 building ground: castle, japanese castle, castle with red roofs, office building, office, ferris wheel, roller coaster, carousel horse
25.0 building ground: lighthouse, white lighthouse
90.0 building ground: skyscraper, tokyo tower, eiffel tower, statue of liberty, pyramid
30.0 building ground: building construction
4.0 object ground: fountain, street lamp
8.0 building ground: bridge
2.0 toy ground: carousel horse
300.0 landscape ground: mountain, snow-capped mountain, mount fuji, volcano
40.0 landscape ground: desert island, landslide
0.8 object ground: fire hydrant, barrel, oil drum, treasure chest, mailbox
0.45 object ground: wastebasket, waste paper basket, basket, shopping basket, cardboard box, open box, package
0.5 tool table: telescope
3.0 object ground: moai
0.12 object table: bellhop bell, ribbon, roll of paper, red envelope, reminder ribbon, nazar amulet, mouse trap, funeral urn
1.3 object ground: parking meter, postbox, closed mailbox with raised flag, closed mailbox with lowered flag, open mailbox with raised flag, open mailbox with lowered flag
2.4 object ground: signpost, barber pole, vertical traffic light, horizontal traffic light, traffic light, stop sign
1.0 object ground: fence, construction barrier, headstone, coffin, statue, moai
1.0 object ground: seesaw, haystack, cauldron, campfire, luggage, hiking backpack, sleeping bag, telescope on a tripod
0.9 tool ground: broom, mop, rake, spade, shovel, axe, pick, baby carriage, crutch, white cane, probing cane, trident emblem, ladder, chainsaw, sword, crossed swords, guitar
0.45 object ground: backpack, handbag, bucket, bucket and sponge, suitcase, briefcase, money bag, gift, wrapped gift, wreath, pinata, piñata, books, pile of books, shield, anvil
1.7 object ground: snowman, snowman without snow, scarecrow man, surfboard
0.3 object sky: balloon
0.9 object sky: balloons, heart balloons, kite
0.5 toy ground: teddy bear, toy
0.22 sport ground: soccer ball, basketball, volleyball, american football, rugby football, softball, baseball, bowling, beach ball, ball
0.07 sport ground: tennis, cricket ball
0.7 sport ground: tennis racket, baseball bat, cricket game, field hockey, ice hockey, lacrosse, badminton, ping pong, fishing pole, bow and arrow, skis, goal net, flag in hole, hockey
0.25 sport ground: frisbee, baseball glove, boxing glove, football helmet, ice skate, ice skates, boomerang, trophy, flying disc, diving mask, curling stone, martial arts uniform, running shirt
0.15 toy table: nesting dolls, yo-yo, game die, puzzle piece, puzzle cube, building blocks, rubber duck, chess pawn, crystal ball, magic wand, mirror ball, slot machine, joker, paper plane, ball of yarn, yarn, snow globe, spinning top
0.25 clothing wearable: top hat, fedora, cowboy hat, party hat, baseball cap, sombrero, purple hat, winter hat, crown, woman's hat, graduation cap, billed cap, military helmet, rescue worker's helmet, rabbit in a hat
0.12 clothing wearable: glasses, sunglasses, goggles, ring, bow tie, necktie, mitten, gloves, socks, ribbon bow, gem stone, lipstick, prayer beads
0.3 clothing wearable: running shoe, man's shoe, hiking boot, high-heeled shoe, woman's sandal, woman's boot, ballet shoes, flat shoe, thong sandal, purse, clutch bag, scarf
0.9 clothing wearable: dress, pink dress, jeans, t-shirt, coat, kimono, sari, lab coat, safety vest, shorts, bikini, briefs, one-piece swimsuit, woman's clothes
0.9 instrument ground: drum, long drum, djembe, accordion
1.0 instrument ground: guitar, acoustic guitar, bass guitar, banjo, saxophone, harp, cello, trombone, drum kit
0.6 instrument table: violin, trumpet, french horn, flute, maracas, musical keyboard
0.35 object wall: vinyl record, wall clock
0.2 tool table: hammer, claw hammer, wrench, screwdriver, saw, drill, paint roller, carpentry saw, dagger, scissors, pencil, pen, crayon, paintbrush, toothbrush, magnet, nut and bolt, tape measure, boomerang, key, old key, locked, unlocked, padlock, razor, sponge, soap, lotion bottle, safety pin, pushpin, thread, sewing needle, clamp, gear, screw, stapler, eraser, syringe, pill, stethoscope, adhesive bandage, thermometer, test tube, petri dish, microscope, spyglass, alembic, chemistry flask, erlenmeyer flask, candle, tall candle
1.0 object ground: umbrella, closed umbrella, striped umbrella, umbrella with rain drops, umbrella on ground
0.5 tool ground: fire extinguisher, toolbox, paint bucket
0.25 object table: vase, globe
0.7 object ground: globe with stand
2.0 weather sky: cloud, cloud with lightning, cloud with lightning and rain, cloud with rain, cloud with snow, sun behind cloud, sun behind large cloud, sun behind small cloud, sun behind rain cloud, rainbow, tornado, fog, wind face
3.0 celestial sky: sun, sun with face, full moon, full moon face, crescent moon, first quarter moon, last quarter moon, new moon, new moon face, waxing crescent moon, waxing gibbous moon, waning crescent moon, waning gibbous moon, first quarter moon face, last quarter moon face, star, glowing star, shooting star, comet, meteor
3.0 celestial space: ringed planet, mars, venus, saturn, globe
1.0 weather ground: fire, campfire, bonfire
0.05 weather sky: snowflake, droplet
4.0 weather sky: high voltage
1.8 fantasy ground: alien monster
1.1 fantasy ground: dwarf
1.0 fantasy sky: ghost
0.6 fantasy sky: fairy, man fairy, woman fairy
2.2 fantasy ground: hairy creature, troll, genie, man genie, woman genie
1.2 person ground: boy, girl, child, alien
1.7 person ground: person, man, woman, wedding couple
1.7 fantasy ground: robot, zombie, vampire, wizard, witch, mermaid, merman, elf, halloween witch, santa claus
5.0 boat underwater: submarine
0.5 object ground: sandcastle
0.35 object ground: pillow
0.7 furniture ground: stool
1.6 furniture ground: throne
1.25 furniture ground: piano
0.75 furniture ground: table, desk
0.7 boat water: rowing boat
0.3 dish table: bottle
0.1 dish table: cup
0.25 dish table: cooking pot
3.0 vehicle ground: excavator, bulldozer
1.2 furniture ground: hammock
0.5 furniture ground: rug
0.6 object ground: birdcage, blanket
1.2 object ground: cannon
2.0 building ground: wall
0.65 clothing wearable: sweater, skirt, jacket
0.12 clothing table: wallet, necklace
0.3 device table: typewriter
2.2 furniture wall: curtains
0.5 flower ground: orchid
8.0 tree ground: willow tree
1.7 fantasy ground: skeleton
1.9 fantasy ground: monster
12.0 landscape ground: waterfall
1.5 sport ground: snowboard
0.5 object table: map
1.0 furniture ground: office desk chair
0.25 tool table: power drill
0.5 toy ground: doll
0.5 person ground: baby
0.35 object wall: three o'clock, ten o'clock, bullseye
0.5 toy ground: japanese dolls
0.3 food table: tamale, falafel, flatbread, fondue, rice cracker
0.05 object table: coin, credit card, drop of blood, ticket, admission tickets, knot, receipt, round pushpin, paperclip, linked paperclips, bookmark
0.25 object table: closed book, open book, green book, blue book, orange book, notebook, scroll, newspaper, envelope
0.6 object sky: bubbles, confetti ball, party popper
0.4 sport wall: sports medal, 1st place medal, 2nd place medal, 3rd place medal, military medal
0.3 object table: artist palette, bell, megaphone, wind chime
0.6 furniture ground: file cabinet
0.3 device ground: police car light
1.6 object ground: chequered flag, black flag, white flag, pirate flag
2.5 object ground: water wave
0.25 fantasy ground: pile of poo
0.7 tool ground: butterfly net, plunger, towel
0.35 tool table: magnifying glass tilted left, magnifying glass tilted right, abacus, keyboard
9.0 building ground: wedding
1.7 fantasy ground: superhero, supervillain, snow queen, viking, merperson
"""


def _table() -> dict[str, tuple[str, str, float]]:
    table: dict[str, tuple[str, str, float]] = {}
    for row in (ROWS.strip() + DOING_ROWS.rstrip() + PROP_ROWS).strip().splitlines():
        head, _, names = row.partition(":")
        height, category, habitat = head.split()
        for name in names.split(","):
            table.setdefault(name.strip(), (category, habitat, float(height)))
    return table


NOUNS = _table()
"""Noun to category, habitat and height in metres."""
