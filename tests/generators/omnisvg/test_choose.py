"""Choosing among candidates: blanks go, the nearest to a picture or the fullest comes first."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from spectacle.errors import GeneratorError, SpectacleError
from spectacle.generators.omnisvg.choose import BLANK_ABOVE, Candidate, choose, on_white, rendered_difference
from spectacle.generators.omnisvg.drawing import Drawing, Flaw, Path, Segment
from spectacle.svg import Rasteriser

SIZE = 100


def square(side: int, colour: str = "#000000", at: int = 0) -> Path:
    corners = [(at, at), (at + side, at), (at + side, at + side), (at, at + side)]
    segments = [Segment("M", corners[0]), *(Segment("L", corner) for corner in corners[1:]), Segment("Z")]
    return Path(tuple(segments), colour)


def candidate(*paths: Path, flaws: frozenset[Flaw] = frozenset(), cut: bool = False) -> Candidate:
    drawing = Drawing(paths, flaws)
    return Candidate(drawing, drawing.to_svg(SIZE, SIZE), cut)


def render(svg: str) -> Image.Image:
    """Draws the squares of `square` with nothing around."""
    picture = Image.new("RGBA", (SIZE, SIZE))
    draw = ImageDraw.Draw(picture)
    for side, at, colour in SQUARES[svg]:
        if colour != "none":
            draw.rectangle((at // 2, at // 2, (at + side) // 2 - 1, (at + side) // 2 - 1), colour)
    return picture


SQUARES: dict[str, list[tuple[int, int, str]]] = {}


def squares(*parts: tuple[int, int, str], cut: bool = False, flaws: frozenset[Flaw] = frozenset()) -> Candidate:
    made = candidate(*(square(side, colour, at) for side, at, colour in parts), cut=cut, flaws=flaws)
    SQUARES[made.svg] = list(parts)
    return made


def order(candidates: list[Candidate], task: str = "icon", picture: Image.Image | None = None) -> list[int]:
    return [choice.number for choice in choose(candidates, render, task=task, picture=picture)]


def test_what_shows_nothing_is_dropped() -> None:
    full, blank, unpainted = squares((150, 0, "#ff0000")), squares((150, 0, "#ffffff")), squares((150, 0, "none"))
    assert order([blank, full, unpainted, squares()]) == [1]
    assert order([blank]) == []


@pytest.mark.parametrize(("task", "threshold"), [("illustration", 250), ("icon", 252), ("image", 252)])
def test_the_thresholds_are_those_of_upstream(task: str, threshold: int) -> None:
    assert BLANK_ABOVE[task] == threshold
    made = squares((199, 0, "#000000"))
    for level, kept in ((threshold, [0]), (threshold + 1, [])):
        choices = choose([made], lambda svg, level=level: Image.new("L", (9, 9), level), task=task)
        assert [choice.number for choice in choices] == kept


def test_a_few_dark_pixels_are_enough_for_an_icon_but_not_for_an_illustration() -> None:
    made = squares((28, 0, "#000000"))  # 196 of 10,000 pixels: the mean is 250.002
    assert order([made], "icon") == [0]
    assert order([made], "illustration") == []


def test_a_candidate_that_cannot_be_rendered_is_dropped() -> None:
    def fails_on_the_first(svg: str) -> Image.Image:
        if svg == first.svg:
            raise GeneratorError("the drawing took too much time to render")
        return render(svg)

    first, second = squares((100, 0, "#ff0000")), squares((50, 0, "#00ff00"))
    assert [choice.number for choice in choose([first, second], fails_on_the_first, task="icon")] == [1]


def test_a_missing_renderer_is_no_candidates_fault() -> None:
    def no_renderer(svg: str) -> Image.Image:
        raise SpectacleError("libcairo is missing")

    with pytest.raises(SpectacleError, match="libcairo"):
        choose([squares((100, 0, "#ff0000"))], no_renderer, task="icon")


def test_for_words_complete_drawings_come_first_then_those_with_the_usual_number_of_paths() -> None:
    cut = squares((150, 0, "#ff0000"), (50, 0, "#00ff00"), (20, 100, "#0000ff"), cut=True)
    flawed = squares((150, 0, "#ff0000"), (50, 0, "#00ff00"), flaws=frozenset({Flaw.NO_END}))
    small = squares((60, 0, "#ff0000"))
    large = squares((120, 0, "#ff0000"))
    two = squares((60, 0, "#ff0000"), (60, 100, "#00ff00"))
    four = squares((20, 0, "#ff0000"), (20, 50, "#00ff00"), (20, 100, "#0000ff"), (20, 150, "#ffff00"))
    assert order([cut, flawed, four, small, two, large]) == [3, 4, 5, 2, 1, 0]
    assert order([four, small, two]) == [2, 1, 0]


def test_the_same_path_again_does_not_count() -> None:
    (choice,) = choose([squares(*[(60, 0, "#ff0000")] * 5)], render, task="icon")
    assert choice.paths == 1


def test_equals_stay_in_the_order_given() -> None:
    red, green = squares((60, 0, "#ff0000")), squares((60, 0, "#00ff00"))
    assert order([red, green]) == [0, 1]
    assert order([green, red]) == [0, 1]


def test_for_a_picture_the_nearest_comes_first() -> None:
    red, wrong, near = squares((100, 0, "#ff0000")), squares((100, 0, "#0000ff")), squares((96, 0, "#ff0000"))
    picture = render(red.svg).resize((SIZE * 2, SIZE * 2))
    choices = choose([wrong, near, red], render, task="image", picture=picture)
    assert [choice.number for choice in choices] == [2, 1, 0]
    differences = [choice.difference for choice in choices]
    assert differences == sorted(differences, key=lambda difference: difference or 0)


def test_for_a_picture_too_complete_drawings_come_first() -> None:
    red = squares((100, 0, "#ff0000"), cut=True)
    near = squares((96, 0, "#ff0000"))
    choices = choose([red, near], render, task="image", picture=render(red.svg))
    assert [choice.number for choice in choices] == [1, 0]


def test_what_is_known_of_a_choice() -> None:
    (choice,) = choose([squares((100, 0, "#ff0000"), (10, 0, "none"))], render, task="icon")
    assert (choice.complete, choice.paths, choice.coverage, choice.difference) == (True, 1, 0.25, None)


def test_the_difference_is_the_root_mean_square_of_the_channels() -> None:
    black = on_white(Image.new("RGB", (4, 2), "black"))
    assert rendered_difference(black, Image.new("RGB", (8, 4), "black")) == 0
    assert rendered_difference(black, Image.new("RGBA", (8, 4))) == 255
    assert rendered_difference(black, Image.new("P", (4, 2), 0)) == pytest.approx(0)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "RGB", "L", "P", "1"])
def test_transparent_pixels_are_put_on_white(mode: str) -> None:
    pixels = on_white(Image.new(mode, (3, 2)))
    assert pixels.shape == (2, 3, 3)
    assert pixels.max() == (255 if mode.endswith("A") else 0)


def test_it_works_with_the_rasteriser() -> None:
    drawn, blank = candidate(square(150, "#334455")), candidate(square(150, "#ffffff"))
    with Rasteriser() as rasteriser:
        choices = choose([blank, drawn], lambda svg: rasteriser.render(svg, 64, 64), task="icon")
    assert [choice.number for choice in choices] == [1]
    assert choices[0].coverage == pytest.approx(0.5625, abs=0.02)
