"""Measures the illustrator: its speed, whether it finds the right drawings, and whether scenes are as asked.

python benchmarks/illustration.py
python benchmarks/illustration.py --sheet sheet.png
"""

from __future__ import annotations

import argparse
import io
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cairosvg
from illustration_open import judge, report
from illustration_prompts import Expected, differences, generate, judged, noun_lists
from PIL import Image, ImageDraw

from spectacle.generators.illustration.art.library import Library
from spectacle.generators.illustration.compose import Composition, compose
from spectacle.generators.illustration.compose.canvas import Box
from spectacle.generators.illustration.language.scene import RelationKind
from spectacle.generators.illustration.language.understanding import understand

SHEET = (
    "a red fox reading under a tree at night",
    "three ducks on a lake",
    "a blue car in the city at sunset",
    "an astronaut riding a horse on the moon",
    "two cats on a sofa",
    "a rocket flying over mountains, pixel art",
    "a dragon above a castle",
    "five apples and a glass of wine on a table",
    "a sailboat on the sea under a full moon",
    "a purple butterfly on a sunflower",
    "a robot playing guitar on stage",
    "an octopus and two yellow fish under the sea",
    "a birthday cake with candles and red balloons",
    "a lighthouse in a storm",
    "a rabbit eating a carrot in a garden, watercolour",
    "two elephants and a palm tree at dawn",
    "a detective under a street lamp in the rain, noir",
    "blueprint of a bicycle",
    "a sticker of a cat wearing a hat",
    "a pencil sketch of a castle with a dragon",
    "a snowman next to a house in the snow at night",
    "a witch riding a broom over a village at night",
    "a quiet forest at dawn",
    "serenity",
)
COLD = """
import time
start = time.perf_counter()
import cairosvg
from spectacle.generators.base import Device, Job, MediaType
from spectacle.generators.illustration import Illustration
class Control:
    def progress(self, step, steps): pass
    def check(self): pass
generator = Illustration()
generator.load(Device())
job = Job("a cat on a red sofa", 1024, 1024, 1, MediaType.SVG, Illustration.Options())
svg = generator.generate(job, Control())[0].content
cairosvg.svg2png(bytestring=svg.encode())
print(time.perf_counter() - start)
"""


def main() -> None:
    """Run all measurements and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=300, help="how many generated prompts to check")
    parser.add_argument("--seed", type=int, default=1, help="seed of the generated prompts and of the pictures")
    parser.add_argument("--size", type=int, default=1024, help="side in pixels of the pictures that are timed")
    parser.add_argument("--sheet", help="write a contact sheet to this PNG")
    parser.add_argument("--wrong", action="store_true", help="print what is wrong with each prompt that failed")
    parser.add_argument("--open", type=Path, help="prompts as people write them, tab-separated, to check by program")
    options = parser.parse_args()
    library = Library.open()
    if options.open:
        report(judge(options.open, library, options.seed), show=options.wrong)
        return
    measure_speed(library, options.size)
    score_retrieval(library)
    score_scenes(library, options.prompts, options.seed, options.wrong)
    if options.sheet:
        contact_sheet(library, options.seed, 360).save(options.sheet)
    print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB at most")


def measure_speed(library: Library, size: int) -> None:
    """Time a cold start, and understanding, composing and rasterising when warm."""
    cold = [
        float(subprocess.run([sys.executable, "-c", COLD], capture_output=True, check=True).stdout) for _ in range(3)
    ]
    print(f"cold start to first picture: {min(cold):.2f} s (best of 3)")
    times: dict[str, list[float]] = {"understand": [], "compose": [], "rasterise": []}
    lengths = []
    for seed, prompt in enumerate(SHEET):
        start = time.perf_counter()
        scene = understand(prompt, library)
        times["understand"].append(time.perf_counter() - start)
        start = time.perf_counter()
        composition = compose(scene, library, size, size, seed)
        times["compose"].append(time.perf_counter() - start)
        start = time.perf_counter()
        cairosvg.svg2png(bytestring=composition.svg.encode())
        times["rasterise"].append(time.perf_counter() - start)
        lengths.append(len(composition.svg))
    for name, values in times.items():
        print(f"{name}: median {statistics.median(values):.3f} s, at most {max(values):.3f} s at {size}x{size}")
    print(f"SVG: median {statistics.median(lengths) / 1024:.0f} KiB, at most {max(lengths) / 1024:.0f} KiB")


def score_retrieval(library: Library) -> None:
    """Share of the nouns of each list whose first drawing was judged to show them."""
    verdicts = judged()
    for name, nouns in noun_lists().items():
        right, unjudged = 0, 0
        for noun in nouns:
            things = understand(noun, library).things
            drawing = things[0].matches[0].drawing if things else None
            verdict = verdicts.get(noun, {}).get(drawing or "nothing")
            right += bool(verdict)
            unjudged += verdict is None
        print(f"retrieval {name}: {right} of {len(nouns)} acceptable ({right / len(nouns):.0%}), {unjudged} not judged")


def score_scenes(library: Library, count: int, seed: int, show: bool) -> None:
    """Share of generated prompts that are understood and composed as asked."""
    titles = {drawing.id: drawing.title for drawing in library}
    understood, composed = 0, 0
    for number, (prompt, expected) in enumerate(generate(count, seed)):
        scene = understand(prompt, library)
        wrong = differences(scene, expected, titles)
        composition = compose(scene, library, 512, 512, number)
        misplaced = misplacements(composition, expected, titles)
        understood += not wrong
        composed += not misplaced
        if show and (wrong or misplaced):
            print(f"  {prompt}: {'; '.join(wrong + misplaced)}")
    print(f"prompts understood as asked: {understood} of {count} ({understood / count:.1%})")
    print(f"prompts composed as asked: {composed} of {count} ({composed / count:.1%})")


def misplacements(composition: Composition, expected: Expected, titles: dict[str, str]) -> list[str]:
    """What is wrong with the count, colour, position or relation of what was drawn, a line for each."""
    wrong = []
    boxes: list[list[Box]] = []
    for wanted in expected.things:
        drawn = [
            placed
            for placed in composition.placed
            if {placed.noun, titles[placed.drawing]} & set(wanted.titles) and placed.colours == wanted.colours
        ]
        as_place = composition.place in wanted.titles and not drawn
        boxes.append([placed.box for placed in drawn])
        if len(drawn) != wanted.count and not as_place:
            wrong.append(f"{len(drawn)} {' '.join(wanted.colours)} {wanted.titles[0]} drawn instead of {wanted.count}")
    orders = {placed.box: placed.order for placed in composition.placed}
    for subject, kind, objects in expected.relations:
        if not boxes[subject] or not all(boxes[position] for position in objects):
            continue
        holds = all(
            any(_holds(kind, one, [boxes[position][k % len(boxes[position])] for position in objects], orders)
                for k in range(max(len(boxes[position]) for position in objects)))
            for one in boxes[subject]
        )  # fmt: skip
        if not holds and kind is not RelationKind.BETWEEN:
            wrong.append(f"{expected.things[subject].titles[0]} is not {kind} {expected.things[objects[0]].titles[0]}")
    return wrong


def _holds(kind: RelationKind, one: Box, others: list[Box], orders: dict[Box, int]) -> bool:
    other = others[0]
    middle, target = (one[0] + one[2]) / 2, (other[0] + other[2]) / 2
    height = other[3] - other[1]
    over = other[0] - 0.1 * (other[2] - other[0]) <= middle <= other[2] + 0.1 * (other[2] - other[0])
    checks: dict[RelationKind, Callable[[], bool]] = {
        RelationKind.LEFT_OF: lambda: middle < target,
        RelationKind.RIGHT_OF: lambda: middle > target,
        RelationKind.ABOVE: lambda: one[3] <= other[1] + 0.1 * height,
        RelationKind.UNDER: lambda: one[1] > other[1] + 0.25 * height or one[1] > other[3],
        RelationKind.ON: lambda: over and other[1] - 0.1 * height < one[3] < other[3] + 0.06 * height,
        RelationKind.INSIDE: lambda: over and one[3] <= other[3] + 0.1 * height,
        RelationKind.BEHIND: lambda: orders[one] < orders[other],
        RelationKind.IN_FRONT_OF: lambda: orders[one] > orders[other],
        RelationKind.RIDING: lambda: over and one[1] < other[1] + 0.4 * height,
        RelationKind.BESIDE: lambda: one[2] <= other[0] + 0.25 * height or one[0] >= other[2] - 0.25 * height,
    }
    return checks[kind]() if kind in checks else True


def contact_sheet(library: Library, seed: int, side: int) -> Image.Image:
    """The pictures of `SHEET` with their prompts."""
    columns = 6
    rows = -(-len(SHEET) // columns)
    sheet = Image.new("RGB", (columns * side, rows * (side + 18)), "white")
    pen = ImageDraw.Draw(sheet)
    for number, prompt in enumerate(SHEET):
        svg = compose(understand(prompt, library), library, 768, 768, seed + number).svg
        png = cairosvg.svg2png(bytestring=svg.encode(), output_width=side, output_height=side)
        place = (number % columns * side, number // columns * (side + 18))
        sheet.paste(Image.open(io.BytesIO(png)).convert("RGB"), place)
        pen.text((place[0] + 4, place[1] + side + 3), prompt, fill="black")
    return sheet


if __name__ == "__main__":
    main()
