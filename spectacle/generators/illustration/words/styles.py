"""Style words, and the boilerplate people wrap a prompt in."""

from __future__ import annotations

import re

_STYLES = {
    "watercolour": "watercolor|watercolour|water color|water colour|aquarelle|watercolors|watercolours|watercolor painting|watercolour painting|oil painting|acrylic painting|gouache|impressionist|impressionism|impressionist painting|painterly|oil on canvas|pastel painting|pastel drawing|soft pastel|ink wash|van gogh|monet|sumi e|ukiyo e|watercolor style|tempera|wash painting",
    "pixel art": "pixel art|pixelart|pixel|pixels|pixelated|8 bit|16 bit|32 bit|8bit|16bit|pixel style|retro game|retro video game|video game style|minecraft|minecraft style|nes style|snes style|gameboy|game boy style|voxel|voxel art|sprite art|arcade game style|pixel graphics|pixel artwork",
    "noir": "noir|film noir|black and white photo|black and white photograph|black and white photography|black and white film|black and white movie|black and white picture|black and white image|black and white style|in black and white|monochrome|monochromatic|grayscale|greyscale|gray scale|b&w|b & w|noir style|silent film|black & white|black white photo|black and white drawing|black and white art|black and white illustration|shades of gray|shades of grey",
    "sketch": "sketch|pencil drawing|pencil sketch|pencil|line art|lineart|line drawing|charcoal drawing|charcoal sketch|ink drawing|pen drawing|pen and ink|hand drawn|hand drawing|doodle|doodles|coloring page|colouring page|coloring book|colouring book|coloring book page|sketchy|scribble|graphite|etching|engraving|sketched|crayon drawing|children's drawing|child's drawing|child drawing|kids drawing|rough sketch|outline drawing|crosshatching|cross hatching|woodcut|sketch style|chalk drawing|contour drawing|black ink|pencil style|ballpoint pen drawing|drawn in pencil|drawn with pencil|pencil art|pen sketch|colored pencil drawing|colored pencils",
    "blueprint": "blueprint|blue print|technical drawing|schematic|technical diagram|engineering drawing|blueprint style|architectural drawing|cyanotype|patent drawing|construction plan|schematics",
    "sticker": "sticker|die cut sticker|diecut sticker|sticker style|sticker design|vinyl sticker|decal|badge design|sticker art|die cut|telegram sticker|whatsapp sticker|emoji sticker|cute sticker",
    "flat": "flat design|flat style|flat illustration|vector|vector art|vector illustration|vector graphic|flat vector|minimalist|minimalistic|minimalism|cartoon|cartoon style|cartoonish|comic|comic style|comic book style|comic book|children's book|childrens book|kids book|children's book illustration|storybook|clip art|clipart|anime|anime style|manga|manga style|ghibli|studio ghibli|ghibli style|pixar|pixar style|disney style|disney|flat art|emoji style|3d render|3d rendering|3d|cgi|low poly|poster|photo|photograph|photorealistic|photo realistic|hyperrealistic|hyper realistic|realistic style|pop art|art deco|art nouveau|isometric|claymation|clay style|lego style|stained glass|paper cut|papercut|paper cutout|origami style|collage|graffiti|street art|flat colors|flat colours|concept art|digital art|digital painting|digital illustration|fantasy art|postcard|greeting card|book cover|album cover|wallpaper|logo|icon|tattoo|mural|fresco|mosaic|tapestry|cel shaded|picasso|cubism|cubist|surrealism|expressionism|renaissance painting|baroque painting|synthwave|vaporwave|unreal engine|octane render|blender|stop motion",
}  # fmt: skip
STYLE_WORDS = {word: style for style, words in _STYLES.items() for word in words.split("|")}
"""Phrases to the style they ask for; those this generator has no way of its own for ask for `flat`."""

ALSO_THINGS = frozenset(
    "pencil pencils comic poster photo photograph postcard icon vector sticker blueprint sketch doodle wallpaper tattoo "
    "mural mosaic greeting card comic book minecraft collage pixel pixels logo book cover album cover graffiti stained "
    "glass tapestry blender manga 3d graphite scribble decal".split()
) | frozenset(["greeting card", "comic book", "stained glass", "colored pencils", "coloring book", "colouring book"])
"""Style words that may be a thing too: a style only at the prompt's beginning or end, or before "of" or "style"."""

_REQUEST = (
    r"(?:hey|hi|hello|ok|okay|please|pls|plz|bot|dear bot|imagine|prompt|kindly|now|so|well|oh|yo|hallo)\b[\s,:!.]*"
)
_ASK = (
    r"(?:(?:can|could|would|will) you (?:please |maybe |kindly )?|i (?:would|do)? ?(?:really )?(?:want|like|love|need|wish)"
    r"(?: you)?(?: to (?:see|have|get))?(?: to)? ?|i am looking for |let us see |let me see |how about |what about |"
    r"we (?:want|need) |try (?:to )?)"
)
_MAKE = (
    r"(?:(?:draw|paint|create|generate|make|show|give|produce|render|design|sketch|illustrate|do|send|get|compose|"
    r"imagine|visuali[sz]e|depict|drawing|painting|creating|have)\b(?: (?:me|us|for me|up|out))*[\s,:]+)"
)
_PICTURE_WORDS = (
    r"(?:picture|image|photo|photograph|pic|drawing|illustration|painting|artwork|scene|render|rendering|portrait|"
    r"depiction|view|shot|close[- ]?up|closeup|wallpaper|poster|piece of art|work of art|snapshot|graphic|"
    r"visuali[sz]ation|representation|composition|card|design|print|still life|art|panorama|clipart|cartoon|"
    r"landscape painting|oil painting)"
)
_PICTURE = (
    r"(?:(?:(?:a|an|the|some|one|my)\s+)?(?:(?!(?:a|an|the|at|in|on|with|of|to|by|and|for|is|are|\w+ing)\b)[\w\-']+,?\s+){0,4}?"
    + _PICTURE_WORDS
    + r"s?\s+(?:of|showing|depicting|with|that shows?|which shows?|where|in which|featuring|about|from|:)\s+)"
)
_OPENING = re.compile(rf"\s*(?:{_REQUEST})*(?:{_ASK})?(?:{_REQUEST})*(?:{_MAKE})?", re.IGNORECASE)
_PICTURE_OF = re.compile(rf"\s*{_PICTURE}", re.IGNORECASE)

SKIPPED = tuple(
    "picture of|fire breathing|image of|photo of|drawing of|illustration of|painting of|portrait of|please|pls|plz|thanks|thank you|"
    "thank you very much|thx|4k|8k|16k|2k|hd|uhd|full hd|ultra hd|4k resolution|8k resolution|highly detailed|"
    "high detail|highly intricate|ultra detailed|very detailed|extremely detailed|super detailed|detailed|masterpiece|"
    "best quality|high quality|top quality|good quality|highest quality|trending|trending on artstation|trending on|"
    "artstation|deviantart|behance|award winning|sharp focus|depth of field|bokeh|cinematic lighting|"
    "dramatic lighting|soft lighting|studio lighting|volumetric lighting|natural lighting|soft light|natural light|"
    "golden light|warm light|beautiful lighting|ray tracing|hdr|high resolution|high res|hi res|intricate details|"
    "fine details|intricate|professional|concept|ultra realistic|realistic|photorealism|wide angle|wide shot|close up|"
    "closeup|full body|full shot|medium shot|side view|front view|top view|bird's eye view|birds eye view|from above|"
    "from the side|from behind|from below|aspect ratio|white background|plain background|simple background|"
    "transparent background|blank background|solid background|blurred background|no background|in the scene|"
    "in this scene|in the picture|in the image|in the photo|for my kids|for kids|for children|for my daughter|"
    "for my son|for my mom|for my mum|for my dad|for my mother|for my father|for my wife|for my husband|"
    "for my girlfriend|for my boyfriend|for my friend|for my grandma|for my grandpa|for my sister|for my brother|"
    "for my phone|for my website|for my blog|for me|for us|for a friend|for a birthday card|as soon as possible|asap|"
    "at the same time|by the way|lol|haha|hahaha|in the style of|in a style of|in style of|style of|style|styled|"
    "as a|as an|type of|kind of|sort of|made of|lots of detail|a lot of detail|lots of details|full color|full colour|"
    "in color|in colour|colors|colours|color|colour|color palette|colour palette|bright colors|vivid colors|"
    "vibrant colors|pastel colors|warm colors|cold colors|cool colors|muted colors|in the foreground of the picture|"
    "aesthetic|vibes|vibe|mood|atmosphere|lighting|light rays|god rays|ambient light|rule of thirds|symmetrical|"
    "centered|portrait orientation|landscape orientation|square format|copy space|with space for text|if possible|"
    "you know|i think|i guess|something like|or something|or so|and so on|and stuff|etc|once upon a time|"
    "long time ago|one day|of course|as well|as usual|each other|one another|face to face|side by side|together|"
    "slice of life|point of view|field of view|from a distance|in detail|with great detail|lots of love|"
    "having fun|have fun|having a good time|in motion|in action|on display|hope you|all around|ultra|"
    "happy birthday|merry christmas|good night|good morning|good luck|get well soon|happy new year|"
    "mother's day|father's day|mother day|father day|valentine's day|valentine day|good vibes|best friends|best friend"
    .split("|")
)  # fmt: skip
"""Phrases that are passed over wherever they stand."""


def opening(prompt: str) -> tuple[str, str]:
    """Splits a prompt into the words that only ask for a picture, and what the picture is to show.

    The first part still holds style words ("a watercolour painting of"), so it is worth reading for those alone.
    """
    end = 0
    match = _OPENING.match(prompt)
    if match:
        end = match.end()
    match = _PICTURE_OF.match(prompt, end, end + 160)
    if match:
        end = match.end()
    return prompt[:end], prompt[end:]
