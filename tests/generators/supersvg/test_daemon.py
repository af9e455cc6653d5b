"""Vectorising through the whole daemon."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from daemon_process import CONFIGURATION, Daemon, running
from PIL import Image, ImageDraw

from spectacle.provenance import read_provenance
from spectacle.weights import Store

KINDS = """
[weights]
directory = "{weights}"

[kinds.vector]
generator = "supersvg"
format = "svg"
options = {{ max_paths = 30, num_iterations = 20 }}

[kinds.network]
generator = "supersvg"
preset = "network"
format = "svg"
options = {{ max_paths = 30, num_iterations = 20 }}

[kinds.poster]
generator = "supersvg"
options = {{ max_paths = 30, num_iterations = 20 }}
"""
SECONDS = 60.0


@pytest.fixture(scope="module")
def daemon(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with one kind for each way, and one that makes pictures."""
    environment = {"OMP_NUM_THREADS": "1"}
    home = tmp_path_factory.mktemp("home")
    with running(home, CONFIGURATION + KINDS.format(weights=store.root), environment=environment) as daemon:
        yield daemon


def picture(width: int = 48, height: int = 32) -> Image.Image:
    picture = Image.new("RGB", (width, height), "midnightblue")
    ImageDraw.Draw(picture).ellipse((10, 5, 30, 25), fill="gold")
    return picture


def encoded(picture: Image.Image, form: str = "PNG", **options: object) -> bytes:
    content = io.BytesIO()
    picture.save(content, form, **options)
    return content.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "engine"), [("vector", "trace"), ("network", "network")])
def test_a_picture_comes_back_as_svg_with_its_metrics(daemon: Daemon, kind: str, engine: str) -> None:
    stem = f"alice-1-96x64-{kind}"
    daemon.write(stem, "a moon", input=encoded(picture()), options={"return_png": True, "seed": 5})
    answer = daemon.answer(stem, SECONDS)
    assert answer.suffix == ".svg"
    making = read_provenance(answer)
    facts = making["facts"]
    assert facts["engine"] == engine
    assert {"num_paths", "duration_sec", "mse", "psnr", "ssim", "bytes", "errors"} <= facts.keys()
    assert making["seed"] == 5
    text = answer.read_text()
    assert re.match(r'<svg [^>]*width="96" height="64"', text)
    with Image.open(answer.with_suffix(".png")) as preview:
        assert preview.size == (96, 64)
        wanted = np.asarray(picture().resize((96, 64)), float)
        if engine == "trace":
            assert np.abs(np.asarray(preview.convert("RGB"), float) - wanted).mean() < 25


@pytest.mark.slow
def test_a_kind_may_make_pictures_of_it(daemon: Daemon) -> None:
    daemon.write("alice-2-48x32-poster", "\n", input=encoded(picture()))
    with Image.open(daemon.answer("alice-2-48x32-poster", SECONDS)) as drawn:
        assert (drawn.format, drawn.size) == ("PNG", (48, 32))


def deep() -> Image.Image:
    return Image.fromarray((np.mgrid[:24, :36].sum(axis=0) * 1000).astype(np.uint16))


@pytest.mark.parametrize(
    "content",
    [
        encoded(deep()),
        encoded(Image.new("RGB", (40, 30), "teal")),
        encoded(Image.new("RGBA", (40, 30))),
        encoded(Image.new("RGB", (1, 1))),
        encoded(picture(), "WEBP", save_all=True, append_images=[picture().transpose(Image.Transpose.ROTATE_180)]),
        encoded(picture().convert("P"), "PNG"),
        encoded(picture(), "JPEG"),
    ],
    ids=["16 bits", "one colour", "transparent", "1x1", "animated", "palette", "JPEG"],
)
def test_any_picture_is_taken(daemon: Daemon, content: bytes) -> None:
    daemon.write("bob-1-40x30-vector", "x", input=content)
    assert daemon.answer("bob-1-40x30-vector", SECONDS).suffix == ".svg"


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (b"no picture at all", {}, "text, not an image"),
        (b"", {}, "empty"),
        (encoded(picture())[:100], {}, "damaged or incomplete PNG"),
        (encoded(Image.new("1", (20_000, 20_000))), {}, "20000x20000"),
        (encoded(picture()), {"max_paths": 0}, "option max_paths is 0: it must be at least 1"),
        (encoded(picture()), {"max_path": 9}, "Did you mean max_paths?"),
    ],
    ids=["text", "empty", "cut off", "huge", "no paths", "typo"],
)
def test_what_cannot_be_done_is_explained(
    daemon: Daemon, content: bytes, options: dict[str, object], said: str
) -> None:
    daemon.write("bob-2-40x30-vector", "x", input=content, options=options)
    assert said in daemon.error("bob-2-40x30-vector")


def test_a_picture_has_to_be_attached(daemon: Daemon) -> None:
    daemon.write("bob-3-40x30-vector", "x")
    said = daemon.error("bob-3-40x30-vector")
    assert "supersvg: needs at least 1 input image, and got 0. Write bob-3-40x30-vector-input.png before" in said


@pytest.mark.slow
def test_missing_weights_are_explained_to_the_client(tmp_path: Path) -> None:
    with running(tmp_path, CONFIGURATION + KINDS.format(weights=tmp_path / "none")) as daemon:
        daemon.write("bob-4-40x30-network", "x", input=encoded(picture()))
        answer = daemon.answer("bob-4-40x30-network", SECONDS)
        assert "spectacle pull supersvg --preset network" in answer.read_text()
