"""The visible mark: what operators who set one may rely on."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from spectacle.config import ProvenanceSettings
from spectacle.generators.base import Artifact, MediaType
from spectacle.provenance import read_provenance
from spectacle.svg import Rasteriser, clean_svg
from spectacle.worker.encoding import FORMATS
from spectacle.worker.mark import with_mark, with_mark_in_svg
from spectacle.worker.results import Provenance, ResultFile, Wanted, finish

TEXT = "AI-generated"
SIZES = [(1024, 1024), (640, 480), (100, 2000), (2000, 60), (64, 48), (8, 8), (1, 1)]


@pytest.fixture(scope="module")
def rasteriser() -> Iterator[Rasteriser]:
    with Rasteriser() as rasteriser:
        yield rasteriser


def results(rasteriser: Rasteriser, content: Any, wanted: Wanted, mark: str | None = TEXT) -> list[ResultFile]:
    made = Provenance("a fox", "x", "x", None, None, "picture", 7, 320, 240, {}, (), "ab" * 32, "0.1")
    return finish([Artifact(content), Artifact(content)], made, wanted, rasteriser=rasteriser, mark=mark)


def luminance(pixel: Any) -> float:
    def linear(value: float) -> float:
        value /= 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    return sum(share * linear(each) for share, each in zip((0.2126, 0.7152, 0.0722), pixel, strict=False))


def contrast(one: Any, other: Any) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", ["white", "black", "grey", "yellow", "navy"])
def test_its_letters_stand_out_from_its_box_on_every_ground(colour: str) -> None:
    plain = Image.new("RGB", (640, 480), colour)
    marked = with_mark(plain, TEXT)
    box = marked.crop(_difference(plain, marked).getbbox())
    colours = box.getcolors(2**20)
    assert colours is not None
    (_, ground), *_ = sorted(colours, reverse=True)
    assert (255, 255, 255) in {colour for _, colour in colours}
    assert contrast((255, 255, 255), ground) >= 7  # the enhanced contrast of the accessibility guidelines


def _difference(one: Image.Image, other: Image.Image) -> Image.Image:
    from PIL import ImageChops

    return ImageChops.difference(one, other).convert("L").point(lambda value: 255 if value else 0)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P"])
def test_it_fits_into_images_of_every_size_and_mode(size: tuple[int, int], mode: str) -> None:
    plain = Image.new(mode, size)
    marked = with_mark(plain, "W" * 40)
    assert marked.size == size
    assert marked.mode == ("RGBA" if mode in ("RGBA", "LA") else "RGB")
    if min(size) >= 48:
        box = _difference(plain.convert("RGB"), marked.convert("RGB")).getbbox()
        assert box is not None
        left, top, right, bottom = box
        assert 0 < left < right <= size[0]
        assert size[1] / 2 < top < bottom <= size[1]


@pytest.mark.parametrize("form", FORMATS)
def test_every_file_of_a_result_has_it_and_says_so(rasteriser: Rasteriser, form: str) -> None:
    for content in (Image.new("RGB", (320, 240), "white"), '<svg viewBox="0 0 4 3"><path d="M0 0h4v3H0z"/></svg>'):
        makes = MediaType.SVG if isinstance(content, str) else MediaType.PNG
        for minimal in (False, True):
            wanted = Wanted(makes, FORMATS[form], preview=True, minimal=minimal, thumbnail=160)
            without = results(rasteriser, content, wanted, mark=None)
            for plain, marked in zip(without, results(rasteriser, content, wanted), strict=True):
                assert read_provenance(marked.content)["visible_mark"] == TEXT
                assert "visible_mark" not in read_provenance(plain.content)
                before, after = (_picture(rasteriser, each) for each in (plain, marked))
                corner = _difference(before, after).getbbox()
                assert corner is not None
                # Formats with loss change a little of what is next to it.
                assert corner[0] > before.width / 3
                assert corner[1] > before.height / 2


def _picture(rasteriser: Rasteriser, file: ResultFile) -> Image.Image:
    if file.media_type == MediaType.SVG:
        return rasteriser.render(file.content.decode(), 320, 240).convert("RGB")
    with Image.open(io.BytesIO(file.content)) as image:
        return image.convert("RGB")


@pytest.mark.parametrize(
    "root", ['viewBox="10 20 300 100"', 'viewBox="-5,-5,10,1000"', 'width="64" height="48"', 'viewBox="0 0 64 48"/']
)
def test_in_an_svg_it_lies_inside_the_view_box_and_is_still_accepted(root: str) -> None:
    cleaned = clean_svg(
        f"<svg {root}>" + ("" if root.endswith("/") else "<rect width='9' height='9'/></svg>"), width=64, height=48
    )
    marked = with_mark_in_svg(cleaned, "AI & <more>")
    again = clean_svg(marked, width=64, height=48)
    assert again.count("<rect") == cleaned.count("<rect") + 1
    assert "AI &amp; &lt;more&gt;</text>" in again


@pytest.mark.parametrize("text", ["", " AI", "AI ", "A\nB", "généré", "x" * 41, "\x1b[m"])
def test_a_text_that_cannot_be_drawn_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="1 to 40 ASCII characters"):
        ProvenanceSettings(visible_mark=text)


def test_every_text_that_is_accepted_can_be_drawn() -> None:
    blank = Image.new("RGB", (64, 64))
    drawn = {with_mark(blank, chr(code)).tobytes() for code in range(ord("!"), ord("~") + 1)}
    assert len(drawn) == ord("~") - ord("!") + 1
