"""Plain English words for emoji whose official names nobody writes."""

from __future__ import annotations

_ROWS = """
automobile: car, motor car, auto, saloon, sedan, hatchback
oncoming automobile: car, motor car, front of a car
sport utility vehicle: suv, jeep, 4x4, car
deciduous tree: tree, oak, oak tree, maple, maple tree, elm, beech
evergreen tree: pine, pine tree, fir, fir tree, spruce, conifer, tree
leafless tree: bare tree, dead tree, winter tree
palm tree: palm, coconut palm, coconut tree
honeybee: bee, bumblebee
lady beetle: ladybug, ladybird
ewe: sheep, lamb
ram: sheep
bug: caterpillar
baby chick: chick, chicken
hatching chick: chick, hatchling
front-facing baby chick: chick
chipmunk: squirrel
t-rex: tyrannosaurus, tyrannosaurus rex, dinosaur
sauropod: brontosaurus, brachiosaurus, diplodocus, dinosaur
orangutan: ape
gorilla: ape, chimpanzee
black bird: crow, raven, blackbird
bird: songbird, bluebird, sparrow, robin
hedgehog: porcupine
rat: shrew, possum, opossum
fish: trout, salmon, flatfish
rhinoceros: rhino
hippopotamus: hippo
socks: sock
anatomical heart: heart
ox: bull, cattle
water buffalo: buffalo
bison: buffalo
two-hump camel: camel, bactrian camel
camel: dromedary
leopard: cheetah, jaguar
tropical fish: fish, aquarium fish
blowfish: pufferfish, fish
spouting whale: whale
spiral shell: shell, seashell, conch
spider web: cobweb, web
high voltage: lightning, lightning bolt, bolt, thunderbolt
droplet: drop, water drop, raindrop
fire: flame, flames
crescent moon: moon, half moon
full moon: moon
full moon face: moon with face, man in the moon
new moon: dark moon
glowing star: shining star, star
ringed planet: saturn, planet
flying saucer: ufo, spaceship, spacecraft, alien ship
rocket: rocket ship, spaceship, spacecraft
airplane: plane, aeroplane, jet, airliner, jumbo jet
small airplane: plane, aeroplane, light aircraft, propeller plane
helicopter: chopper
motor scooter: scooter, moped, vespa
kick scooter: scooter
motorcycle: motorbike, bike
bicycle: bike, cycle, push bike
articulated lorry: truck, lorry, semi, trailer truck, semi-truck
delivery truck: truck, lorry, van, delivery van
pickup truck: pickup, truck
minibus: van, camper van, minivan
locomotive: steam train, steam engine, train, engine
railway car: train, carriage, wagon
tram car: streetcar, tram, trolley
tram: streetcar, trolley
high-speed train: train, bullet train
metro: subway, underground, tube
fire engine: fire truck, firetruck
sailboat: sailing boat, boat, yacht
motor boat: boat, motorboat
speedboat: boat, motorboat
passenger ship: cruise ship, liner, ship
ship: boat, steamer, ocean liner
canoe: kayak, rowing boat, rowboat, boat
ferry: boat, ship
house: home, cottage
house with garden: house, home
derelict house: haunted house, ruin, old house
hut: cabin, shack
office building: office, office block
classical building: temple, museum, courthouse, bank
department store: shop, store, mall
convenience store: shop, store
japanese castle: castle, pagoda
statue of liberty: statue
stadium: arena
circus tent: circus, big top
carousel horse: carousel, merry-go-round
vertical traffic light: traffic light, traffic lights, stoplight
horizontal traffic light: traffic light, traffic lights
fuel pump: gas pump, petrol pump, gas station, petrol station
wood: log, logs, timber
rock: stone, boulder
potted plant: houseplant, plant, pot plant
herb: leaves, leaf, sprig
fallen leaf: leaf, leaves, autumn leaf
maple leaf: leaf, autumn leaf
leaf fluttering in wind: leaf, leaves
seedling: sprout, sapling
sheaf of rice: wheat, grain, corn, barley
four leaf clover: clover, lucky clover
shamrock: clover
red apple: apple
green apple: apple
tangerine: orange, mandarin, clementine
bell pepper: pepper, sweet pepper, paprika
hot pepper: chilli, chili, chili pepper
ear of corn: corn, maize, corn on the cob, sweetcorn
leafy green: lettuce, salad, cabbage
eggplant: aubergine
bread: loaf, toast
baguette bread: baguette, french bread
hamburger: burger, cheeseburger
french fries: fries, chips
doughnut: donut
soft ice cream: ice cream, ice cream cone, soft serve
ice cream: ice cream bowl, sundae
shortcake: cake, piece of cake
birthday cake: cake
spaghetti: pasta, noodles
steaming bowl: noodles, ramen, soup, bowl of soup
pot of food: stew, soup, pot
green salad: salad
cooking: frying pan, fried egg, pan
hot beverage: coffee, tea, cup of coffee, cup of tea, cup, hot drink
beer mug: beer, mug of beer, pint
wine glass: wine, glass of wine, red wine, goblet
cocktail glass: cocktail, martini
tumbler glass: whisky, whiskey
glass of milk: milk, glass
cup with straw: soda, soft drink, lemonade, milkshake, cup
bottle with popping cork: champagne, bottle, wine bottle, bottle of wine
baby bottle: bottle
fork and knife: cutlery, fork, knife
fork and knife with plate: dinner plate, plate, meal
kitchen knife: knife
couch and lamp: couch, sofa, settee, lamp
bathtub: bath, tub
mobile phone: phone, cell phone, cellphone, smartphone, iphone
telephone: phone, landline
telephone receiver: phone, handset
desktop computer: computer, pc, monitor, screen
laptop: computer, notebook computer, macbook
computer mouse: mouse
keyboard: computer keyboard
television: tv, telly, tv set
camera with flash: camera
movie camera: film camera, cine camera
video game: gamepad, game controller, console
light bulb: bulb, lamp, lightbulb, idea
red paper lantern: lantern
mantelpiece clock: clock
three o'clock: clock, wall clock
ten o'clock: clock, wall clock
alarm clock: clock
hourglass done: hourglass, sand timer, egg timer
hourglass not done: hourglass, sand timer
watch: wristwatch
teddy bear: teddy, stuffed animal, soft toy, stuffed bear
wrapped gift: gift, present, gift box
soccer ball: football, ball, soccer, sports ball
american football: rugby ball, football
softball: ball
tennis: tennis ball, tennis racket
ping pong: table tennis, paddle
skis: ski, skiing
flying disc: frisbee, disc
sled: sledge, sleigh, toboggan
bow and arrow: bow, archery
nesting dolls: matryoshka, russian doll, doll
game die: dice, die
chess pawn: chess, chess piece, pawn
musical keyboard: piano, keyboard, synthesizer
violin: fiddle
guitar: electric guitar
drum: snare drum
necktie: shirt and tie, shirt, tie
t-shirt: shirt, tee shirt, top
jeans: trousers, pants, denim
running shoe: shoe, sneaker, trainer, sneakers
man's shoe: shoe, loafer
high-heeled shoe: high heels, heels, stiletto
woman's boot: boot
hiking boot: boot, boots
top hat: hat
woman's hat: hat, straw hat, sun hat
billed cap: cap, baseball cap, hat
graduation cap: mortarboard
rescue worker's helmet: helmet, hard hat
military helmet: helmet
gem stone: diamond, gem, jewel, gemstone
luggage: suitcase, trolley case, travel bag
briefcase: suitcase, business bag
handbag: purse, bag
clutch bag: purse, bag
backpack: rucksack, school bag, schoolbag, bag
shopping cart: shopping trolley, trolley, cart
crossed swords: swords, sword
dagger: knife, sword, blade
axe: hatchet
carpentry saw: saw
wrench: spanner
closed umbrella: umbrella
closed book: book, red book
open book: book
green book: book
blue book: book
orange book: book
books: pile of books, stack of books
envelope: letter, mail
package: box, parcel, cardboard box
postbox: mailbox, pillar box, letterbox
wastebasket: bin, trash can, rubbish bin, garbage can
crystal ball: fortune teller
magic wand: wand
candle: candlestick
globe showing europe-africa: earth, globe, world, planet earth, planet
globe showing americas: earth, globe, world, planet earth, planet
globe showing asia-australia: earth, globe, world, planet earth, planet
world map: map
door: doorway
jack-o-lantern: pumpkin, halloween pumpkin
christmas tree: xmas tree
mage: wizard, witch, sorcerer
man mage: wizard, sorcerer, merlin
woman mage: witch, sorceress
cook: chef
man cook: chef
woman cook: chef
health worker: doctor, nurse
man health worker: doctor, nurse
woman health worker: doctor, nurse
person with crown: king, queen, monarch
police officer: policeman, cop, police
construction worker: builder, worker
office worker: businessman, manager, clerk
technologist: programmer, developer, coder, software engineer
hairy creature: bigfoot, yeti, sasquatch
alien: extraterrestrial
alien monster: space invader, monster
older person: elder
person in lotus position: yoga, meditating, meditation
person biking: cyclist, bike rider, person riding a bicycle
man biking: cyclist, man riding a bicycle
woman biking: cyclist, woman riding a bicycle
person running: runner, jogger
man running: runner, jogger
woman running: runner, jogger
person walking: pedestrian, walker
man dancing: dancer
woman dancing: dancer
ballet dancer: ballerina, dancer
person surfing: surfer
person swimming: swimmer
person rowing boat: rower
person golfing: golfer
person juggling: juggler
person fencing: fencer
horse racing: jockey, horse rider, rider
snowman without snow: snowman
mountain: hill, peak
snow-capped mountain: mountain, peak
mount fuji: mountain
water wave: wave, ocean wave
"""

WORDS: dict[str, tuple[str, ...]] = {
    title.strip(): tuple(word.strip() for word in words.split(","))
    for title, _, words in (row.partition(":") for row in _ROWS.strip().splitlines())
}
"""Emoji name to plain words, the plainest first."""
