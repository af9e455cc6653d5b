"""What a user may rely on in results of every format: size, mark, metadata as full or minimal, and thumbnails."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from spectacle.errors import BadOptions
from spectacle.generators.base import Artifact, GeneratorOptions, MediaType
from spectacle.provenance import read_provenance
from spectacle.svg import Rasteriser
from spectacle.worker.encoding import FORMATS, check_size
from spectacle.worker.options import read_options
from spectacle.worker.results import Provenance, ResultFile, Wanted, finish

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48" viewBox="0 0 64 48">{}</svg>'
ALL = [*FORMATS, "svg"]


@pytest.fixture(scope="module")
def rasteriser() -> Iterator[Rasteriser]:
    with Rasteriser() as rasteriser:
        yield rasteriser


def making(**changes: Any) -> Provenance:
    fields: dict[str, Any] = {
        "prompt": "a red fox, in the snow",
        "generator": "qwen-image",
        "model": "Qwen/Qwen-Image",
        "revision": None,
        "preset": None,
        "kind": "picture",
        "seed": 7,
        "width": 64,
        "height": 48,
        "options": {"num_inference_steps": 8, "negative_prompt": "blurry"},
        "notes": (),
        "request_digest": "ab" * 32,
        "version": "0.1.0",
    }
    return Provenance(**{**fields, **changes})


def files(rasteriser: Rasteriser, asked: str = "{}", *, svg: bool = False, **changes: Any) -> list[ResultFile]:
    wanted = Wanted.by(read_options(asked.encode(), GeneratorOptions, {}), MediaType.SVG if svg else MediaType.PNG)
    content: Image.Image | str = SVG.format("<rect width='9' height='9'/>")
    if not svg:
        content = Image.radial_gradient("L").resize((64, 48)).convert("RGB")
    return finish([Artifact(content)], making(**changes), wanted, rasteriser=rasteriser)


def made(rasteriser: Rasteriser, form: str, further: str = "", **changes: Any) -> ResultFile:
    asked = f'{{"output_format": "{form}"{further}}}' if form != "svg" else "{" + further.lstrip(", ") + "}"
    return files(rasteriser, asked, svg=form == "svg", licence="Apache-2.0 & <more>", **changes)[-1]


@pytest.mark.parametrize("form", ALL)
@pytest.mark.parametrize("prompt", ["a fox, ]]></x> \ud800\x00", "a red fox <?xpacket end= " * 10_000])
def test_metadata_of_any_length_comes_back_from_every_format(rasteriser: Rasteriser, form: str, prompt: str) -> None:
    file = made(rasteriser, form, prompt=prompt)
    told = read_provenance(file.content)
    assert (told["prompt"], told["seed"], told["licence"]) == (prompt, 7, "Apache-2.0 & <more>")


@pytest.mark.parametrize("form", ALL)
def test_minimal_metadata_has_mark_and_licence_and_nothing_of_what_was_asked_for(
    rasteriser: Rasteriser, form: str
) -> None:
    file = made(
        rasteriser,
        form,
        ', "metadata": "minimal"',
        prompt="zebracorn",
        seed=424242,
        options={"negative_prompt": "zebracorn"},
        notes=("zebracorn",),
        facts={"words": ["zebracorn"], "engine": "edit"},
    )
    for secret in ("zebracorn", "424242", "ab" * 32):
        assert secret.encode() not in file.content
        assert secret.encode("utf-16-be") not in file.content
    assert b"compositeWithTrainedAlgorithmicMedia" in file.content
    assert b"Apache-2.0 &amp; &lt;more&gt;" in file.content
    told = read_provenance(file.content)
    assert told["metadata"] == "minimal"
    assert told["generator"] == "qwen-image"


@pytest.mark.parametrize(("form", "name"), [("jpeg", "JPEG"), ("webp", "WEBP"), ("avif", "AVIF"), ("png", "PNG")])
def test_the_format_asked_for_is_written_in_the_size_asked_for(rasteriser: Rasteriser, form: str, name: str) -> None:
    file = made(rasteriser, form)
    with Image.open(io.BytesIO(file.content)) as image:
        image.load()
        assert (image.format, image.size, image.mode) == (name, (64, 48), "RGB")
        xmp = image.info.get("xmp", b"") or image.info.get("XML:com.adobe.xmp", "").encode()
        assert b"DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia<" in xmp
        if form != "png":
            comment = image.getexif().get_ifd(0x8769)[0x9286]
            assert comment.startswith(b"UNICODE\0")
            assert (
                comment[8:].decode("utf-16-be").startswith("a red fox, in the snow\nNegative prompt: blurry\nSteps: 8")
            )


def test_minimal_metadata_has_no_title_and_no_description_of_an_svg(rasteriser: Rasteriser) -> None:
    words = "<title>zebra</title><g><title/><desc>a\nzebra</desc><path d='M0 0h9v9z'/></g>"
    for minimal in (False, True):
        wanted = Wanted(MediaType.SVG, minimal=minimal)
        (file,) = finish([Artifact(SVG.format(words))], making(prompt="x"), wanted, rasteriser=rasteriser)
        assert (b"zebra" in file.content) is not minimal
        assert b"<path" in file.content
        read_provenance(file.content)


def test_quality_makes_files_smaller_and_png_ignores_it(rasteriser: Rasteriser) -> None:
    for form in FORMATS:
        low, high = (len(made(rasteriser, form, f', "quality": {quality}').content) for quality in (5, 99))
        assert low == high if form == "png" else low < high


def test_transparency_is_kept_and_becomes_white_in_jpeg(rasteriser: Rasteriser) -> None:
    clear = Artifact(Image.new("RGBA", (64, 48), (255, 0, 0, 0)))
    for form, expected in (("png", (255, 0, 0, 0)), ("webp", 0), ("avif", 0), ("jpeg", (255, 255, 255))):
        (file,) = finish([clear], making(), Wanted(form=FORMATS[form]), rasteriser=rasteriser)
        with Image.open(io.BytesIO(file.content)) as image:
            pixel = image.getpixel((5, 5))
            assert isinstance(pixel, tuple)
            assert (pixel if isinstance(expected, tuple) else pixel[3]) == expected


def test_a_preview_of_an_svg_has_the_format_asked_for(rasteriser: Rasteriser) -> None:
    assert [file.suffix for file in files(rasteriser, '{"output_format": "webp"}', svg=True)] == [".webp", ".svg"]
    assert [file.suffix for file in files(rasteriser, '{"png": true}', svg=True)] == [".png", ".svg"]
    every = files(rasteriser, '{"previews": true, "output_format": "avif"}', svg=True)
    assert [file.suffix for file in every] == [".avif", ".svg"]


def test_thumbnails_are_small_marked_and_without_the_prompt(rasteriser: Rasteriser) -> None:
    small, image = files(rasteriser, '{"thumbnail": 32, "output_format": "webp"}')
    assert (small.suffix, image.suffix) == ("-thumbnail.webp", ".webp")
    with Image.open(io.BytesIO(small.content)) as opened:
        assert opened.size == (32, 24)
    assert b"trainedAlgorithmicMedia" in small.content
    assert b"red fox" not in small.content
    two = finish(
        [Artifact(SVG.format("")), Artifact(SVG.format(""))],
        making(),
        Wanted(MediaType.SVG, thumbnail=16),
        rasteriser=rasteriser,
    )
    assert [file.suffix for file in two] == ["-2-thumbnail.png", "-2.svg", "-thumbnail.png", ".svg"]


def test_an_image_that_a_format_cannot_hold_is_refused_with_what_it_can() -> None:
    with pytest.raises(BadOptions, match=r"output_format webp: cannot hold 16384x8 pixels, at most 16383 per side"):
        check_size(FORMATS["webp"], 16_384, 8)
    check_size(FORMATS["png"], 99_999, 1)


@pytest.mark.parametrize("form", ["jpeg", "webp", "avif"])
def test_the_limit_of_a_format_is_what_its_encoder_takes(form: str) -> None:
    limit = min(FORMATS[form].max_side, 99_999)
    Image.new("RGB", (limit, 1)).save(io.BytesIO(), form.upper(), quality=1)
