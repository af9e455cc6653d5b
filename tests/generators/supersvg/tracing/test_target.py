from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from PIL import Image

from spectacle.generators.supersvg.tracing.target import Target


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "YCbCr", "I;16", "F"])
def test_images_of_any_mode_without_transparency_have_three_channels_up_to_one(mode: str) -> None:
    picture = Image.new("L", (5, 4), 255).convert(mode) if mode != "I;16" else Image.new("I;16", (5, 4), 65535)
    target = Target.of(picture)
    assert target.pixels.shape == (4, 5, 3)
    assert not target.transparent
    assert target.pixels == pytest.approx(1)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_colours_of_transparent_images_are_multiplied_by_their_opacity(mode: str) -> None:
    target = Target.of(Image.new("RGBA", (3, 2), (255, 255, 255, 51)).convert(mode))
    assert target.transparent
    assert target.pixels == pytest.approx(0.2, abs=0.005)
    assert target.on_white == pytest.approx(1, abs=0.005)


def test_an_opaque_image_with_an_alpha_channel_is_as_one_without() -> None:
    opaque = Target.of(Image.new("RGBA", (3, 2), (255, 0, 0, 255)))
    assert not opaque.transparent
    assert np.array_equal(opaque.pixels, Target.of(Image.new("RGB", (3, 2), (255, 0, 0))).pixels)


def test_a_large_image_is_made_smaller_with_a_note_and_keeps_its_size_for_the_document() -> None:
    target = Target.of(Image.new("RGB", (400, 100), "navy"), max_pixels=10_000)
    assert (target.width, target.height) == (200, 50)
    assert (target.full_width, target.full_height, target.reduced) == (400, 100, True)
    assert target.notes == ("the image of 400x100 pixels was vectorized at 200x50",)


def test_a_very_long_image_keeps_at_least_a_pixel_of_height() -> None:
    assert Target.of(Image.new("RGB", (50_000, 2), "white"), max_pixels=1_000).height >= 1
