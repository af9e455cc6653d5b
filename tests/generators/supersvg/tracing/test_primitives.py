from __future__ import annotations

import io

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("skimage")
cairosvg = pytest.importorskip("cairosvg")

from PIL import Image  # noqa: E402

from spectacle.generators.supersvg.tracing.settings import Mode, VectoriseSettings  # noqa: E402
from spectacle.generators.supersvg.tracing.vectorise import vectorise  # noqa: E402

SHAPES = (
    '<rect x="15.5" y="12.25" width="70" height="40" fill="#07c"/>'
    '<rect x="110" y="12" width="75" height="44" rx="12" fill="#c30"/>'
    '<circle cx="50.5" cy="105" r="30.25" fill="#393"/>'
    '<ellipse cx="140" cy="105" rx="46" ry="28" fill="#a5a"/>'
    '<path d="M2 60l14 0-7 18z" fill="#222"/>'
)


def drawn_from(body: str) -> Image.Image:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="200" height="150">{body}</svg>'
    return Image.open(io.BytesIO(cairosvg.svg2png(svg.encode(), background_color="white"))).convert("RGB")


def test_circles_ellipses_and_rectangles_are_written_as_what_they_are() -> None:
    image = drawn_from(SHAPES)
    settings = VectoriseSettings(mode=Mode.LOGO, num_iterations=20, shapes=True)
    svg = vectorise(image, settings, lambda *_: None).svg
    for element, fill in (("circle", "393"), ("ellipse", "a5a"), ("rect", "07c"), ("rect", "c30"), ("path", "222")):
        assert f'<{element} fill="#{fill}"' in svg
    again = Image.open(io.BytesIO(cairosvg.svg2png(svg.encode()))).convert("RGB")
    assert np.square(np.asarray(again, float) / 255 - np.asarray(image, float) / 255).mean() < 5e-4
