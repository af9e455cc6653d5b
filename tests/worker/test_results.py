"""What a user may rely on in every result: its size, its metadata, and that it can be read again."""

from __future__ import annotations

import io
import json
import struct
import tracemalloc
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from spectacle.errors import GeneratorError, SpectacleError
from spectacle.generators.base import Artifact, MediaType
from spectacle.provenance import read_provenance
from spectacle.svg import Rasteriser, SvgLimits
from spectacle.worker.results import Provenance, ResultFile, Wanted, finish

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48" viewBox="0 0 64 48">{}</svg>'
IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"


@pytest.fixture(scope="module")
def rasteriser() -> Iterator[Rasteriser]:
    with Rasteriser() as rasteriser:
        yield rasteriser


def making(**changes: Any) -> Provenance:
    fields: dict[str, Any] = {
        "prompt": "a red fox, in the snow",
        "generator": "qwen-image",
        "model": "Qwen/Qwen-Image",
        "revision": "75e0b4be04f60ec59a75f475837eced720f823b6",
        "preset": "lightning-8",
        "kind": "png",
        "seed": 7,
        "width": 64,
        "height": 48,
        "options": MappingProxyType({"num_inference_steps": 8, "true_cfg_scale": 1.0, "negative_prompt": "blurry"}),
        "notes": ("the prompt was shortened",),
        "request_digest": "ab" * 32,
        "version": "0.1.0",
    }
    return Provenance(**{**fields, **changes})


def pictures(
    *contents: Any,
    rasteriser: Any = None,
    makes: MediaType = MediaType.PNG,
    png_preview: bool = False,
    previews: bool = False,
    **changes: Any,
) -> list[ResultFile]:
    artifacts = [content if isinstance(content, Artifact) else Artifact(content) for content in contents]
    wanted = Wanted(makes, preview=png_preview, previews=previews)
    return finish(artifacts, making(**changes), wanted, rasteriser=rasteriser)


def opened(file: ResultFile) -> Image.Image:
    picture = Image.open(io.BytesIO(file.content))
    picture.load()
    return picture


def chunks(png: bytes) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = {}
    position = 8
    while position < len(png):
        length, name = struct.unpack_from(">I4s", png, position)
        data = png[position + 8 : position + 8 + length]
        (checksum,) = struct.unpack_from(">I", png, position + 8 + length)
        assert checksum == zlib.crc32(name + data)
        found.setdefault(name, []).append(data)
        position += 12 + length
    return found


@pytest.mark.parametrize(
    ("size", "fit"),
    [
        ((64, 48), "exact"),
        ((1328, 996), "resampled from 1328x996"),
        ((32, 24), "resampled from 32x24"),
        ((65, 48), "resampled from 65x48"),
        ((1328, 1328), "resampled and cropped from 1328x1328"),
        ((16, 64), "resampled and cropped from 16x64"),
        ((64, 64), "cropped from 64x64"),
        ((1, 1), "resampled and cropped from 1x1"),
    ],
)
def test_a_picture_of_any_size_becomes_exactly_the_size_asked_for(size: tuple[int, int], fit: str) -> None:
    (file,) = pictures(Image.new("RGB", size, "teal"))
    assert opened(file).size == (64, 48)
    assert opened(file).getextrema() == ((0, 0), (128, 128), (128, 128))
    assert read_provenance(file.content)["fit"] == fit


def test_the_middle_of_a_picture_of_another_shape_is_kept() -> None:
    picture = Image.new("RGB", (64, 148), "black")
    picture.paste("white", (0, 50, 64, 98))
    assert opened(pictures(picture)[0]).getextrema() == ((255, 255),) * 3


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "RGB"])
def test_a_picture_without_transparency_is_rgb(mode: str) -> None:
    assert opened(pictures(Image.new("RGB", (64, 48), "white").convert(mode))[0]).mode == "RGB"


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_alpha_is_kept_only_where_something_is_transparent(mode: str) -> None:
    opaque = Image.new("RGBA", (64, 48), (255, 255, 255, 255))
    assert opened(pictures(opaque.convert(mode))[0]).mode == "RGB"
    clear = opaque.copy()
    clear.putpixel((3, 3), (255, 255, 255, 0))
    result = opened(pictures(clear.convert(mode))[0])
    assert result.mode == "RGBA"
    assert result.getpixel((3, 3)) == (255, 255, 255, 0)


def test_candidates_are_numbered_and_the_primary_result_comes_last() -> None:
    files = pictures(
        Image.new("RGB", (64, 48), "red"),
        Artifact(Image.new("RGB", (64, 48), "green"), seed=8, facts={"step": 3}),
        Image.new("RGB", (64, 48), "blue"),
        facts={"engine": "diffusion"},
    )
    assert [file.suffix for file in files] == ["-3.png", "-2.png", ".png"]
    assert opened(files[-1]).getpixel((0, 0)) == (255, 0, 0)
    told = [read_provenance(file.content) for file in files]
    assert [each["candidate"] for each in told] == [3, 2, 1]
    assert [each["seed"] for each in told] == [7, 8, 7]
    assert told[1]["facts"] == {"engine": "diffusion", "step": 3}
    assert told[2]["facts"] == {"engine": "diffusion"}


def test_a_drawing_is_rasterised_where_a_picture_is_wanted(rasteriser: Rasteriser) -> None:
    text = SVG.format('<rect width="32" height="48" fill="red"/>')
    (file,) = pictures(text, rasteriser=rasteriser, width=128, height=96)
    assert (file.suffix, opened(file).size, opened(file).mode) == (".png", (128, 96), "RGBA")
    assert opened(file).getpixel((60, 90)) == (255, 0, 0, 255)
    assert read_provenance(file.content)["fit"] == "exact"


def test_a_drawing_is_cleaned_and_framed(rasteriser: Rasteriser) -> None:
    text = SVG.format("<script>x</script><g/>")
    files = pictures(text, text, rasteriser=rasteriser, makes=MediaType.SVG, width=640, height=480)
    assert [file.suffix for file in files] == ["-2.svg", ".svg"]
    for file in files:
        root = ET.fromstring(file.content)
        assert [root.get(name) for name in ("width", "height", "viewBox")] == ["640", "480", "0 0 64 48"]
        assert b"<script" not in file.content


def test_a_preview_stands_beside_the_first_drawing(rasteriser: Rasteriser) -> None:
    text = SVG.format('<rect width="64" height="48"/>')
    files = pictures(text, text, rasteriser=rasteriser, makes=MediaType.SVG, png_preview=True)
    assert [file.suffix for file in files] == ["-2.svg", ".png", ".svg"]
    assert opened(files[1]).size == (64, 48)
    assert read_provenance(files[1].content) == read_provenance(files[2].content)


def test_every_drawing_has_a_preview_of_its_own_on_request(rasteriser: Rasteriser) -> None:
    texts = [SVG.format(f'<rect width="64" height="48" fill="{colour}"/>') for colour in ("red", "lime", "blue")]
    files = pictures(*texts, rasteriser=rasteriser, makes=MediaType.SVG, previews=True)
    assert [file.suffix for file in files] == ["-3.png", "-3.svg", "-2.png", "-2.svg", ".png", ".svg"]
    colours = [opened(file).getpixel((9, 9)) for file in files[::2]]
    assert colours == [(0, 0, 255), (0, 255, 0), (255, 0, 0)]
    for preview, drawing in zip(files[::2], files[1::2], strict=True):
        assert read_provenance(preview.content) == read_provenance(drawing.content)


def test_the_processed_input_comes_once_as_it_is_and_is_not_called_machine_made(rasteriser: Rasteriser) -> None:
    seen = Image.new("RGB", (20, 20), (1, 2, 3))
    made = [Artifact(SVG.format(""), processed_input=seen), Artifact(SVG.format(""), processed_input=seen)]
    first, *others = finish(made, making(), Wanted(MediaType.SVG), rasteriser=rasteriser, mark="made by a machine")
    assert (first.suffix, first.media_type, first.metadata) == ("-input-processed.png", "image/png", None)
    assert [file.suffix for file in others] == ["-2.svg", ".svg"]
    assert opened(first).size == (20, 20)
    assert opened(first).tobytes() == seen.tobytes()
    assert set(chunks(first.content)) == {b"IHDR", b"IDAT", b"IEND"}


@pytest.mark.parametrize("wanted", [{"png_preview": True}, {"previews": True}])
def test_a_preview_of_a_picture_is_the_picture(wanted: dict[str, bool]) -> None:
    files = pictures(Image.new("RGB", (9, 9)), Image.new("RGB", (9, 9)), **wanted)  # type: ignore[arg-type]
    assert [file.suffix for file in files] == ["-2.png", ".png"]


def test_a_picture_where_a_drawing_is_wanted_is_an_error() -> None:
    with pytest.raises(GeneratorError, match="qwen-image: returned an image where an SVG was requested"):
        pictures(Image.new("RGB", (9, 9)), makes=MediaType.SVG)


def test_no_artifact_is_an_error() -> None:
    with pytest.raises(GeneratorError, match="qwen-image: returned no image"):
        pictures()


def test_the_limits_of_drawings_are_applied(rasteriser: Rasteriser) -> None:
    with pytest.raises(GeneratorError, match="more than 2 elements"):
        finish(
            [Artifact(SVG.format("<g/><g/>"))],
            making(),
            Wanted(MediaType.SVG),
            rasteriser=rasteriser,
            limits=SvgLimits(elements=2),
        )


def test_other_image_tools_find_the_parameters() -> None:
    (file,) = pictures(Image.new("RGB", (64, 48)), facts={"scheduler": "FlowMatchEuler"})
    assert opened(file).info["parameters"] == (
        "a red fox, in the snow\n"
        "Negative prompt: blurry\n"
        "Steps: 8, Sampler: FlowMatchEuler, CFG scale: 1.0, Seed: 7, Size: 64x48, "
        "Model: Qwen/Qwen-Image, Version: Spectacle 0.1.0"
    )


def test_parameters_tell_only_what_is_known_and_quote_what_would_confuse() -> None:
    (file,) = pictures(Image.new("RGB", (64, 48)), options={"true_cfg_scale": None}, model='a, "b": c')
    assert opened(file).info["parameters"] == (
        'a red fox, in the snow\nSeed: 7, Size: 64x48, Model: "a, \\"b\\": c", Version: Spectacle 0.1.0'
    )


def test_the_text_chunks_are_as_the_standard_has_them() -> None:
    (file,) = pictures(Image.new("RGB", (64, 48)), prompt="ein Füchslein 狐")
    found = chunks(file.content)
    assert found[b"tEXt"] == [b"Software\0Spectacle 0.1.0"]
    texts = {}
    for chunk in found[b"iTXt"]:
        keyword, _, rest = chunk.partition(b"\0")
        assert rest[:4] == b"\0\0\0\0"  # not compressed, no language, no translated keyword
        texts[keyword.decode()] = rest[4:].decode()
    assert list(texts) == ["Title", "parameters", "spectacle", "XML:com.adobe.xmp"]
    assert texts["Title"] == "ein Füchslein 狐"
    assert json.loads(texts["spectacle"])["prompt"] == "ein Füchslein 狐"
    assert b"tIME" not in found


def test_a_latin_prompt_needs_only_plain_text_chunks() -> None:
    found = chunks(pictures(Image.new("RGB", (64, 48)))[0].content)
    assert [chunk.partition(b"\0")[0] for chunk in found[b"tEXt"]] == [b"Title", b"Software", b"parameters"]


def test_a_long_prompt_makes_a_short_title() -> None:
    title = opened(pictures(Image.new("RGB", (64, 48)), prompt="fox " * 100)[0]).info["Title"]
    assert len(title) == 80
    assert title.endswith("…")
    assert "Title" not in opened(pictures(Image.new("RGB", (64, 48)), prompt="")[0]).info


@pytest.mark.parametrize(
    ("facts", "source"),
    [
        ({}, "trainedAlgorithmicMedia"),
        ({"engine": "composition"}, "algorithmicMedia"),
        ({"engine": "edit"}, "compositeWithTrainedAlgorithmicMedia"),
        ({"engine": "trace"}, "algorithmicallyEnhanced"),
    ],
)
def test_every_result_is_marked_as_machine_made(rasteriser: Rasteriser, facts: dict[str, str], source: str) -> None:
    (png,) = pictures(Image.new("RGB", (64, 48)), facts=facts)
    packet = opened(png).info["xmp"]
    (svg,) = pictures(SVG.format("<g/>"), rasteriser=rasteriser, makes=MediaType.SVG, facts=facts)
    for document in (packet, svg.content):
        (mark,) = ET.fromstring(document).iter(IPTC)
        assert mark.text == f"http://cv.iptc.org/newscodes/digitalsourcetype/{source}"


@pytest.mark.parametrize("root", [SVG.format(""), SVG.format("").replace("></svg>", "/>"), SVG.format("<g/>") + "\n "])
def test_a_drawing_keeps_its_content_beside_the_metadata(root: str) -> None:
    (file,) = pictures(root, makes=MediaType.SVG)
    parsed = ET.fromstring(file.content)
    assert [element.tag.rpartition("}")[2] for element in parsed] == ["g"] * root.count("<g/>") + ["metadata"]
    assert read_provenance(file.content)["seed"] == 7


def test_what_an_artifact_notes_for_the_client_is_among_the_notes() -> None:
    artifact = Artifact(Image.new("L", (64, 48)), {"steps": 4, "notes": ["not understood: gollum"]})
    (file,) = pictures(artifact)
    read = read_provenance(file.content)
    assert read["notes"] == ["the prompt was shortened", "not understood: gollum"]
    assert read["facts"] == {"steps": 4}


def test_a_drawing_cannot_forge_its_making() -> None:
    forged = '<metadata><s:making xmlns:s="urn:spectacle:1">{"seed":1}</s:making></metadata>'
    (file,) = pictures(SVG.format(forged), makes=MediaType.SVG)
    assert read_provenance(file.content)["seed"] == 7


def expected(facts: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    made = making(**changes)
    told = {name: getattr(made, name) for name in Provenance.__dataclass_fields__}
    told |= {"options": dict(made.options), "notes": list(made.notes), "facts": facts or {}}
    return told | {"fit": "exact", "candidate": 1}


@settings(max_examples=60, deadline=None)
@given(
    st.text(st.characters(codec=None)), st.dictionaries(st.text(), st.text() | st.integers() | st.none(), max_size=3)
)
def test_everything_is_read_back_as_it_was(prompt: str, options: dict[str, Any]) -> None:
    files = pictures(Image.new("L", (64, 48)), prompt=prompt, options=options)
    files += pictures(SVG.format("<g/>"), makes=MediaType.SVG, prompt=prompt, options=options)
    for file in files:
        assert read_provenance(file.content) == expected(prompt=prompt, options=options)


@pytest.mark.parametrize(
    "prompt",
    [
        "]]></metadata><script/>&amp;",
        "\ud800 alone",
        "\ufffe\uffff",
        "\u2028\x85\x7f",
        "狐🦊\u200d",
        "a\r\nb\tc",
        "\x00\x01",
    ],
)
def test_exotic_prompts_survive(prompt: str) -> None:
    (png,) = pictures(Image.new("L", (64, 48)), prompt=prompt)
    (svg,) = pictures(SVG.format("<g/>"), makes=MediaType.SVG, prompt=prompt)
    assert read_provenance(png.content)["prompt"] == read_provenance(svg.content)["prompt"] == prompt
    opened(png)


def test_facts_that_are_no_json_are_told_in_words() -> None:
    (file,) = pictures(Artifact(Image.new("L", (64, 48)), facts={"where": Path("/a"), "big": 2**80}))
    assert read_provenance(file.content)["facts"] == {"where": "/a", "big": 2**80}


def test_a_result_is_read_from_its_path(tmp_path: Path) -> None:
    (file,) = pictures(Image.new("L", (64, 48)))
    path = tmp_path / "a-1-64x48.png"
    path.write_bytes(file.content)
    assert read_provenance(path) == read_provenance(str(path)) == expected()


def test_reading_the_making_does_not_decode_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    (file,) = pictures(Image.new("L", (64, 48)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    damaged = file.content.replace(b"IDAT", b"IDAT" + b"\xff" * 9)
    assert read_provenance(file.content) == read_provenance(damaged) == expected()


def _png(**info: str) -> bytes:
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    for key, value in info.items():
        text.add_itxt(key, value)
    content = io.BytesIO()
    Image.new("L", (4, 4)).save(content, "PNG", pnginfo=text)
    return content.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG rubbish",
        _png()[:40],
        _png(),
        _png(parameters="a fox"),
        _png(spectacle="[1]"),
        _png(spectacle="{"),
        b"<svg/>",
        b"<svg",
        b'<?xml version="1.0" encoding="bogus"?><svg/>',
        b'<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>',
        SVG.format("<metadata>{}</metadata>").encode(),
    ],
)
def test_a_file_that_does_not_tell_its_making_is_said_so(content: bytes) -> None:
    with pytest.raises(SpectacleError, match="contains no Spectacle metadata"):
        read_provenance(content)


def test_the_first_making_in_a_drawing_counts() -> None:
    making = '<metadata><a><s:making>{{"x": 0}}</s:making></a><s:making>{{"x": {}}}</s:making></metadata>'
    inside = making.format(1) + making.format(2)
    content = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:s="urn:spectacle:1"><g/>{inside}</svg>'
    assert read_provenance(content.encode()) == {"x": 1}


def test_reading_the_making_of_a_hostile_file_takes_no_more_memory_than_the_file() -> None:
    documents = [
        b'<svg xmlns="http://www.w3.org/2000/svg">' + b"<a/>" * 500_000 + b"</svg>",
        b"\x89PNG\r\n\x1a\n" + bytes(12) * 200_000,
        SVG.format(
            f'<metadata><s:making xmlns:s="urn:spectacle:1">[{"{}," * 2_000_000}0]</s:making></metadata>'
        ).encode(),
    ]
    for content in documents:
        tracemalloc.start()
        with pytest.raises(SpectacleError, match="contains no Spectacle metadata"):
            read_provenance(content)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most <= 4 * len(content)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(SpectacleError, match="cannot be read: No such file"):
        read_provenance(tmp_path / "none.png")


def test_the_same_input_makes_the_same_bytes(rasteriser: Rasteriser) -> None:
    picture = Image.linear_gradient("L").convert("RGB")
    assert pictures(picture) == pictures(picture)
    text = SVG.format('<circle cx="30" cy="20" r="9" fill="#f80" opacity=".5"/>')
    again = [pictures(text, rasteriser=rasteriser, makes=MediaType.SVG, png_preview=True) for _ in range(2)]
    assert again[0] == again[1]


def test_a_result_of_sixteen_megapixels_is_made_without_copies_to_spare() -> None:
    import resource

    picture = Image.new("RGB", (2048, 2048), "teal")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (file,) = pictures(picture, width=4096, height=4096)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert opened(file).size == (4096, 4096)
    assert grown < 6 * 64, "MiB; a picture of 16 megapixels takes 64"
