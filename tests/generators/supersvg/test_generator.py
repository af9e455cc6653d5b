"""SuperSVG as a generator: a picture in, a drawing out, with networks and without."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from control import Control
from PIL import Image, ImageDraw
from pydantic import ValidationError

from spectacle.errors import BadOptions, Cancelled, GeneratorError, WeightsMissing
from spectacle.generators.base import Device, Footprint, Job, MediaType, Resources
from spectacle.generators.supersvg import SuperSvg
from spectacle.generators.supersvg.generator import PUBLISHED
from spectacle.svg import Rasteriser, clean_svg
from spectacle.weights import Store
from spectacle.weights.pull import bring_in, from_folder


@pytest.fixture(scope="module")
def optimiser() -> SuperSvg:
    """The way without weights, loaded."""
    generator = SuperSvg()
    generator.load(Device())
    return generator


@pytest.fixture(scope="module")
def network(store: Store) -> SuperSvg:
    """The way with networks, loaded from a weights directory as the published ones are."""
    generator = SuperSvg("network", Resources(store=store))
    generator.load(Device())
    return generator


@pytest.fixture(params=["optimiser", "network"])
def generator(request: pytest.FixtureRequest) -> SuperSvg:
    """Both ways, one after the other."""
    loaded = request.getfixturevalue(request.param)
    assert isinstance(loaded, SuperSvg)
    return loaded


def scene(width: int = 60, height: int = 40, mode: str = "RGB") -> Image.Image:
    picture = Image.new(mode, (width, height), (30, 90, 160, 0)[: len(mode)])
    draw = ImageDraw.Draw(picture)
    draw.ellipse((width // 6, height // 6, width // 2, height // 2), fill="gold")
    draw.rectangle((width // 2, height // 2, width - 5, height - 5), fill="darkgreen")
    return picture


def job(picture: Image.Image, **options: object) -> Job:
    few = {"max_paths": 40, "num_iterations": 24}
    checked = SuperSvg.Options.model_validate({**few, **options})
    return Job("", picture.width, picture.height, 7, MediaType.SVG, checked, [picture])


def drawn(picture: Image.Image, svg: str) -> np.ndarray:
    with Rasteriser() as rasteriser:
        return np.asarray(rasteriser.render(svg, *picture.size), dtype=float) / 255


@pytest.mark.slow
def test_a_picture_comes_back_as_a_drawing_of_it(generator: SuperSvg) -> None:
    picture = scene()
    control = Control()
    (artifact,) = generator.generate(job(picture), control)
    assert isinstance(artifact.content, str)
    svg = str(artifact.content)
    assert clean_svg(svg, width=60, height=40) == svg
    facts = artifact.facts
    assert 1 <= facts["num_paths"] <= 40
    assert facts["bytes"] == len(svg.encode())
    assert facts["duration_sec"] >= 0
    assert facts["ssim"] <= 1
    error = ((drawn(picture, svg)[..., :3] - np.asarray(picture) / 255) ** 2).mean()
    assert error == pytest.approx(facts["mse"], rel=0.25, abs=2e-3)
    assert facts["psnr"] == pytest.approx(-10 * np.log10(facts["mse"]), abs=0.1)


def test_progress_and_the_errors_tell_that_it_gets_better(generator: SuperSvg) -> None:
    control = Control()
    facts = generator.generate(job(scene(), num_iterations=60), control)[0].facts
    shares = [step / steps for step, steps in control.steps]
    assert shares == sorted(shares)
    assert 0 <= shares[0] < 0.2
    assert 0.9 < shares[-1] <= 1
    assert 5 <= len(facts["errors"]) <= 11
    assert facts["errors"][-1] < facts["errors"][0]


def test_the_way_is_told(optimiser: SuperSvg, network: SuperSvg, store: Store) -> None:
    assert (optimiser.model, optimiser.revision) == ("optimiser", None)
    assert (network.model, network.revision) == ("JTUplayer/SuperSVG", store.locate(PUBLISHED).revision)
    small = job(scene(24, 16), num_iterations=4)
    assert optimiser.generate(small, Control())[0].facts["engine"] == "trace"
    assert network.generate(small, Control())[0].facts["engine"] == "network"


def test_the_same_seed_gives_the_same_drawing(generator: SuperSvg) -> None:
    first, second = (generator.generate(job(scene()), Control())[0].content for _ in range(2))
    assert first == second


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (7, 2)])
@pytest.mark.parametrize("max_paths", [1, 16])
def test_tiny_pictures_are_drawn(generator: SuperSvg, size: tuple[int, int], max_paths: int) -> None:
    picture = Image.new("RGB", size, "teal")
    (artifact,) = generator.generate(job(picture, max_paths=max_paths), Control())
    svg = str(artifact.content)
    assert clean_svg(svg, width=size[0], height=size[1]) == svg
    assert artifact.facts["num_paths"] <= max_paths


def test_one_colour_comes_back_as_that_colour(optimiser: SuperSvg) -> None:
    picture = Image.new("RGB", (50, 30), (200, 40, 90))
    svg = str(optimiser.generate(job(picture), Control())[0].content)
    assert np.abs(drawn(picture, svg)[..., :3] - np.asarray(picture) / 255).max() < 0.02


def test_a_picture_without_anything_in_it_gives_an_empty_drawing(generator: SuperSvg) -> None:
    picture = Image.new("RGBA", (30, 20), (255, 0, 0, 0))
    svg = str(generator.generate(job(picture), Control())[0].content)
    assert drawn(picture, svg)[..., 3].max() <= 0.02


def test_what_is_transparent_stays_so(generator: SuperSvg) -> None:
    picture = scene(mode="RGBA")
    svg = str(generator.generate(job(picture, max_paths=20, num_iterations=80), Control())[0].content)
    alpha, wanted = drawn(picture, svg)[..., 3], np.asarray(picture)[..., 3] / 255
    assert alpha[wanted == 0].mean() < 0.2
    assert alpha[wanted == 1].mean() > alpha[wanted == 0].mean() + 0.3


def test_only_the_largest_paths_are_kept_where_few_are_wanted(network: SuperSvg) -> None:
    (artifact,) = network.generate(job(scene(), max_paths=5, num_iterations=0), Control())
    assert artifact.facts["num_paths"] <= 5


def test_detail_stands_for_numbers(generator: SuperSvg) -> None:
    (artifact,) = generator.generate(job(scene(), detail="low", max_paths=1, num_iterations=0), Control())
    assert 1 < artifact.facts["num_paths"] <= 64
    assert len(artifact.facts["errors"]) > 2


def test_the_page_says_what_detail_stands_for() -> None:
    from spectacle.generators.supersvg.tracing.settings import DETAILS

    page = (Path(__file__).parents[3] / "docs/reference/generators/supersvg.md").read_text(encoding="utf-8")
    (_, first), *rest = DETAILS.items()
    said = ", ".join(
        [f"{first[0]:,} paths and {first[1]} steps", *(f"{paths:,} and {steps}" for _, (paths, steps) in rest)]
    )
    assert said in page


def test_time_may_be_limited(generator: SuperSvg) -> None:
    control = Control()
    (artifact,) = generator.generate(job(scene(), num_iterations=10_000, time_limit=0.3), control)
    assert artifact.content
    assert len(control.steps) < 10_000


@pytest.mark.parametrize("report", [1, 3])
def test_cancelling_passes_through(generator: SuperSvg, report: int) -> None:
    with pytest.raises(Cancelled):
        generator.generate(job(scene()), Control(cancel_after=report))


# --- options --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"max_paths": 0},
        {"max_paths": 10_001},
        {"num_iterations": -1},
        {"detail": "maximal"},
        {"mode": "cartoon"},
        {"time_limit": 0},
        {"simplify": -0.1},
        {"output_format": "eps"},
        {"colors": 0},
        {"colors": 1},
        {"colors": 10_000},
        {"colors": ["#fff"]},
        {"colors": ["#fff", "blue"]},
        {"preset": "poster"},
        {"layout": "woven"},
        {"precision": 9},
        {"min_area": -1},
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(options))):
        SuperSvg.Options.model_validate(options)


@pytest.mark.parametrize("colors", [0, 10_000, ["#fff"], ["red", "#000"], "blue"])
def test_a_palette_that_cannot_be_says_what_can(colors: object) -> None:
    with pytest.raises(ValidationError, match="number from 2 to 256, or a list of 2 to 256 colours"):
        job(scene(), colors=colors)


def test_millimetres_need_to_know_how_large_a_pixel_is(optimiser: SuperSvg) -> None:
    with pytest.raises(BadOptions, match=r"does not say how many pixels it has to an inch\. Set dpi"):
        optimiser.generate(job(scene(), units="mm"), Control())
    (made,) = optimiser.generate(job(scene(), units="mm", dpi=30, num_iterations=0), Control())
    assert made.millimetres == pytest.approx((50.8, 33.8667), abs=1e-3)


def test_millimetres_come_from_the_image_where_it_says_how_large_it_is(optimiser: SuperSvg) -> None:
    picture = scene()
    picture.info["dpi"] = (60, 30)
    (made,) = optimiser.generate(job(picture, units="mm", num_iterations=0), Control())
    assert made.millimetres == pytest.approx((25.4, 33.8667), abs=1e-3)
    (made,) = optimiser.generate(job(picture, units="mm", dpi=30, num_iterations=0), Control())
    assert made.millimetres == pytest.approx((50.8, 33.8667), abs=1e-3)


def test_a_preset_sets_what_is_not_given() -> None:
    plotter = SuperSvg.Options.model_validate_json('{"preset": "plotter", "background": "keep"}', strict=True)
    assert (plotter.strokes, plotter.background) == ("centerline", "keep")
    cutter = SuperSvg.Options.model_validate({"preset": "cutter", "colors": ["#000", "#ffffff"]})
    assert (cutter.layout, cutter.group_by, cutter.colors) == ("cutout", "color", ["#000", "#ffffff"])


@pytest.mark.parametrize("preset", ["logo", "lineart", "cutter", "plotter", "photo", "pixel"])
def test_every_preset_makes_a_drawing(optimiser: SuperSvg, preset: str) -> None:
    picture = scene()
    (artifact,) = optimiser.generate(job(picture, preset=preset, num_iterations=2), Control())
    svg = str(artifact.content)
    assert clean_svg(svg, width=60, height=40) == svg
    assert drawn(picture, svg)[..., 3].max() > 0.9


def test_the_priority_of_other_services_is_accepted() -> None:
    assert SuperSvg.Options.model_validate({"priority": "high"}).priority == "high"


def test_a_preview_has_two_names() -> None:
    assert SuperSvg.Options.model_validate({"return_png": True}).png
    assert SuperSvg.Options.model_validate_json('{"png": true}', strict=True).png
    assert not SuperSvg.Options.model_validate({"return_png": False}).png


# --- weights --------------------------------------------------------------------------------------------------------


def test_without_weights_the_network_says_how_to_get_them(tmp_path: Path) -> None:
    nowhere = Resources(store=Store(tmp_path / "weights"))
    assert SuperSvg.missing_weights(None, nowhere) is None
    assert "spectacle pull supersvg --preset network" in (SuperSvg.missing_weights("network", nowhere) or "")
    with pytest.raises(WeightsMissing, match="spectacle pull supersvg --preset network"):
        SuperSvg("network", nowhere).load(Device())


def test_a_checkpoint_that_lacks_keys_is_named_with_them(published: Path, tmp_path: Path) -> None:
    folder = tmp_path / "repository" / "weights"
    folder.mkdir(parents=True)
    (folder / "refine.pt").symlink_to(published / "refine.pt")
    state = torch.load(published / "coarse.pt", weights_only=True)
    del state["encoder.stroke_head.linear_head.bias"]
    torch.save(state, folder / "coarse.pt")
    store = Store(tmp_path / "weights")
    bring_in([from_folder(PUBLISHED, store, folder.parent)], store)
    with pytest.raises(GeneratorError, match=r"coarse\.pt lacks encoder\.stroke_head\.linear_head\.bias"):
        SuperSvg("network", Resources(store=store)).load(Device())


def test_ones_own_training_is_loaded_in_place_of_the_published(published: Path, tmp_path: Path) -> None:
    from spectacle.generators.supersvg.training.train import describe

    (tmp_path / "coarse.pt").write_bytes((published / "coarse.pt").read_bytes())
    describe(tmp_path)
    generator = SuperSvg("network", Resources(Store(tmp_path / "none"), {"supersvg/network": tmp_path}))
    generator.load(Device())
    assert (generator.model, generator.revision) == ("SuperSVG, own training", None)
    (artifact,) = generator.generate(job(scene(24, 16), num_iterations=4), Control())
    assert artifact.facts["engine"] == "network"


def test_what_it_takes_and_holds_is_told(network: SuperSvg, optimiser: SuperSvg, store: Store) -> None:
    resources, nothing = Resources(store=store), Footprint()
    parameters = 22_131_756 + 56_685_940
    assert (optimiser.footprint, network.footprint) == (nothing, Footprint(ram=4 * parameters))
    plain = SuperSvg.required_memory(None, Device(), resources, nothing)
    with_networks = SuperSvg.required_memory("network", Device(), resources, nothing)
    assert plain is not None
    assert with_networks == plain + network.footprint
    on_gpu = SuperSvg.required_memory("network", Device("cuda"), resources, nothing)
    assert on_gpu is not None
    assert Footprint(vram=4 * parameters) <= on_gpu
    assert SuperSvg("network", resources).footprint == nothing


def test_listing_the_generator_needs_no_heavy_library() -> None:
    program = (
        "import sys, spectacle.generators.supersvg as s; s.SuperSvg.Options.model_json_schema();"
        "assert not {'torch', 'skimage', 'numba', 'scipy', 'accelerate'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
