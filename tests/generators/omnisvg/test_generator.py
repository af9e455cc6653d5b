"""OmniSVG as a generator: requests through the whole daemon, options, presets, and what is wrong with a request."""

from __future__ import annotations

import dataclasses
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from daemon_process import Daemon, running, wait_for
from defusedxml.ElementTree import fromstring
from PIL import Image, ImageDraw
from pydantic import ValidationError
from tiny_omnisvg import build_base, build_checkpoint, build_store

from spectacle.config import PlacementSettings
from spectacle.errors import (
    BadAttachment,
    BadOptions,
    Cancelled,
    GeneratorError,
    OutOfMemory,
    UnreadableRequest,
    WeightsMissing,
)
from spectacle.generators import registry
from spectacle.generators.base import Artifact, Device, Job, MediaType, Resources
from spectacle.generators.omnisvg import OmniSvg, products
from spectacle.generators.omnisvg.pictures import prepare
from spectacle.generators.placement.plan import Machine
from spectacle.provenance import read_provenance
from spectacle.weights import Store
from spectacle.weights.prepared import write_prepared
from spectacle.worker.options import read_options

CONFIGURATION = """
default_kind = "svg"

[spool]
path = "spool"
poll_interval = 0.1
settle = 0.3
lease_duration = 3
min_free = 0

[workers]
devices = ["cpu"]

[weights]
directory = "{weights}"

[kinds.svg]
generator = "omnisvg"
preset = "4b"
format = "svg"

[kinds.flat]
generator = "omnisvg"
preset = "4b"
options = {{ num_candidates = 1 }}
"""
SVG = "{http://www.w3.org/2000/svg}"
QUIET = SimpleNamespace(progress=lambda step, steps, note="": None, check=lambda: None)


def photograph() -> Image.Image:
    """Wider than high, so that it is put into a square."""
    picture = Image.new("RGB", (320, 240), (20, 60, 120))
    ImageDraw.Draw(picture).ellipse((90, 60, 230, 200), fill=(240, 180, 20))
    return picture


def png(picture: Image.Image) -> bytes:
    content = io.BytesIO()
    picture.save(content, "PNG")
    return content.getvalue()


@pytest.fixture(scope="module")
def omnisvg(store: Store) -> Iterator[OmniSvg]:
    """The small model, loaded."""
    generator = OmniSvg("4b", Resources(store=store))
    generator.load(Device())
    yield generator
    generator.unload()


@pytest.fixture(scope="module")
def daemon(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    home = tmp_path_factory.mktemp("daemon")
    with running(home, CONFIGURATION.format(weights=store.root)) as daemon:
        yield daemon


def job(prompt: str = "a fox", *pictures: Image.Image, seed: int = 5, **options: Any) -> Job:
    given = {"max_length": 256, "num_candidates": 1} | options
    return Job(prompt, 320, 240, seed, MediaType.SVG, OmniSvg.Options(**given), pictures)


def drawings(artifacts: list[Artifact]) -> list[str]:
    assert all(isinstance(each.content, str) for each in artifacts)
    return [str(each.content) for each in artifacts]


# --- through the daemon ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_words_become_drawings_the_best_first(daemon: Daemon) -> None:
    options = {"seed": 5, "max_length": 256, "return_png": True}
    daemon.write("a-1-320x240", "a small star", options=options)
    answer = daemon.answer("a-1-320x240", seconds=90)
    assert answer.suffix == ".svg", answer.read_text()
    root = fromstring(answer.read_text())
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("320", "240", "0 0 200 200")
    assert root.findtext(f"{SVG}title") == "a small star"
    assert root.findall(f"{SVG}path")
    making = read_provenance(answer)
    assert making["model"] == "OmniSVG/OmniSVG1.1_4B"
    assert making["preset"] == "4b"
    facts = making["facts"]
    assert (facts["task_type"], facts["task_subtype"], facts["model_size"]) == ("text-to-svg", "icon", "4B")
    assert facts["candidates"] == 8
    assert facts["valid_candidates"] >= 2
    assert (daemon.spool / "a-1-320x240-2.svg").exists()
    with Image.open(daemon.spool / "a-1-320x240.png") as preview:
        assert preview.size == (320, 240)


@pytest.mark.slow
def test_a_picture_becomes_a_drawing_of_its_shape(daemon: Daemon) -> None:
    options = {"seed": 2, "max_length": 256, "num_candidates": 1, "processed_input": True}
    daemon.write("a-2-640x480", "\n", input=png(photograph()), options=options)
    answer = daemon.answer("a-2-640x480", seconds=90)
    assert answer.suffix == ".svg", answer.read_text()
    root = fromstring(answer.read_text())
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("640", "480", "0 25 200 150")
    assert root.find(f"{SVG}title") is None
    facts = read_provenance(answer)["facts"]
    assert facts["task_type"] == "image-to-svg"
    assert facts["temperature"] == 0.3
    assert "difference" in facts
    with Image.open(daemon.spool / "a-2-640x480-input-processed.png") as seen:
        assert seen.tobytes() == prepare(photograph(), replace_background=True).picture.tobytes()


@pytest.mark.slow
def test_a_kind_that_makes_pictures_gets_one(daemon: Daemon) -> None:
    daemon.write("a-3-64x64-flat", "звезда 星 नक्षत्र 🌟", options={"seed": 5, "max_length": 256})
    answer = daemon.answer("a-3-64x64-flat", seconds=90)
    assert answer.suffix == ".png", answer.read_text()
    assert read_provenance(answer)["facts"]["candidates"] == 5


def is_loaded(daemon: Daemon, model: dict[str, str]) -> bool:
    return model in daemon.report()["devices"][0]["loaded"]


@pytest.mark.slow
def test_a_request_is_served_with_the_size_it_names_where_both_are_configured(tmp_path: Path) -> None:
    both = build_store(tmp_path / "both", "4b", "8b")
    large = '\n[kinds.large]\ngenerator = "omnisvg"\npreset = "8b"\nformat = "svg"\n'
    with running(tmp_path, CONFIGURATION.format(weights=both.root) + large) as daemon:
        options = {"seed": 5, "max_length": 256, "num_candidates": 8, "temperature": 1.5, "top_p": 1}
        for number, kind, size in ((1, "", "8B"), (2, "-large", "4B"), (3, "-large", "8B"), (4, "", "4B")):
            stem = f"a-{number}-64x64{kind}"
            daemon.write(stem, "a small star", options={**options, "model_size": size})
            answer = daemon.answer(stem, seconds=90)
            assert answer.suffix == ".svg", answer.read_text()
            making = read_provenance(answer)
            told = making["model"], making["preset"], making["facts"]["model_size"]
            assert told == (f"OmniSVG/OmniSVG1.1_{size}", size.lower(), size)
            assert making["kind"] == (kind.removeprefix("-") or "svg")
            model = {"generator": "omnisvg", "preset": size.lower()}
            wait_for(partial(is_loaded, daemon, model), f"{model} to be reported as loaded")


@pytest.mark.slow
def test_requests_that_wait_together_and_name_different_sizes_each_get_theirs(tmp_path: Path) -> None:
    both = build_store(tmp_path / "both", "4b", "8b")
    large = '\n[kinds.large]\ngenerator = "omnisvg"\npreset = "8b"\nformat = "svg"\n'
    options = {"seed": 5, "max_length": 256, "num_candidates": 8, "temperature": 1.5, "top_p": 1}
    sizes = {f"a-{number}-64x64": size for number, size in enumerate(["4B", "8B", "8B", "4B", "8B", "4B"])}
    with running(tmp_path, CONFIGURATION.format(weights=both.root) + large) as daemon:
        for stem, size in sizes.items():
            daemon.write(stem, "a small star", options={**options, "model_size": size})
        for stem, size in sizes.items():
            answer = daemon.answer(stem, seconds=180)
            assert answer.suffix == ".svg", answer.read_text()
            assert read_provenance(answer)["facts"]["model_size"] == size


@pytest.mark.parametrize(
    ("number", "prompt", "files", "message"),
    [
        (4, b"\n", {}, "neither a prompt nor an input image"),
        (5, b"a fox", {"options": {"model_size": "8B"}}, "this kind is served by OmniSVG 4B"),
        (6, b"a fox", {"options": {"max_length": 100}}, "max_length"),
        (7, b"a fox", {"options": {"task_type": "image-to-svg"}}, "there is no input image"),
        (8, b"\n", {"input": b""}, "empty"),
    ],
)
def test_what_is_wrong_with_a_request_is_said(
    number: int, prompt: bytes, files: dict[str, Any], message: str, daemon: Daemon
) -> None:
    daemon.write(f"a-{number}-64x64", prompt, **files)
    answer = daemon.answer(f"a-{number}-64x64", seconds=90)
    assert message in answer.read_text()


# --- the generator itself --------------------------------------------------------------------------------------------


def test_it_is_found_and_described_without_its_libraries() -> None:
    code = (
        "import sys; from spectacle.generators import registry; found = registry.find('omnisvg');"
        "print(found.missing_packages()); print(sorted({'torch', 'transformers', 'diffusers'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == "None\n[]\n"
    assert registry.find("omnisvg") is OmniSvg


def test_each_preset_names_its_weights_and_their_licence() -> None:
    assert [source.repo for source in OmniSvg.weights(None)] == [source.repo for source in OmniSvg.weights("8b")]
    large, base = OmniSvg.weights("8b")
    assert (large.repo, base.repo) == ("OmniSVG/OmniSVG1.1_8B", "Qwen/Qwen2.5-VL-7B-Instruct")
    assert not large.notice
    assert not any(name.endswith("safetensors") for name in base.files)
    small, base = OmniSvg.weights("4b")
    assert (small.repo, base.repo) == ("OmniSVG/OmniSVG1.1_4B", "Qwen/Qwen2.5-VL-3B-Instruct")
    assert "commercial" in small.notice
    assert "commercial" in base.notice


def test_an_unknown_preset_is_refused_with_those_there_are() -> None:
    with pytest.raises(GeneratorError, match=r"no preset '3b'\. Use one of 8b, 4b"):
        OmniSvg.weights("3b")


def test_missing_weights_name_the_command_that_brings_them(store: Store, tmp_path: Path) -> None:
    assert OmniSvg.missing_weights("4b", Resources(store=store)) is None
    nothing = Resources(store=Store(tmp_path))
    assert "spectacle pull omnisvg --preset 8b" in str(OmniSvg.missing_weights("8b", nothing))
    with pytest.raises(WeightsMissing):
        OmniSvg("8b", nothing).load(Device())


def test_the_plan_says_where_the_model_goes(store: Store) -> None:
    assert any("in memory" in sentence for sentence in OmniSvg.plan("4b", Device(), Resources(store=store)))


def test_what_does_not_fit_names_the_smaller_preset(tmp_path: Path) -> None:
    little = PlacementSettings(ram_limit=10**9)
    for preset, smaller in (("8b", True), ("4b", False)):
        resources = Resources(store=build_store(tmp_path / preset, preset), placement=little)
        with pytest.raises(OutOfMemory) as raised:
            OmniSvg(preset, resources).load(Device())
        assert ("preset 4b" in raised.value.message) is smaller


def test_the_same_job_gives_the_same_drawings(omnisvg: OmniSvg) -> None:
    first = omnisvg.generate(job(), QUIET)
    assert drawings(list(omnisvg.generate(job(), QUIET))) == drawings(list(first))
    assert drawings(list(omnisvg.generate(job(seed=6), QUIET))) != drawings(list(first))


@pytest.mark.slow
def test_jobs_of_a_batch_give_what_they_give_alone_also_when_memory_has_no_room_for_all(
    omnisvg: OmniSvg, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [job(seed=seed, num_candidates=1 + seed) for seed in range(3)]
    jobs.insert(1, job(max_length=256, model_size="8B"))

    def generated() -> dict[int, Any]:
        return dict(omnisvg.generate_batch(jobs, [QUIET] * len(jobs)))

    made = generated()
    assert isinstance(made.pop(1), BadOptions)
    for number, artifacts in made.items():
        alone = omnisvg.generate(jobs[number], QUIET)
        assert [(each.content, each.facts) for each in artifacts] == [(each.content, each.facts) for each in alone]
    assert omnisvg._loaded is not None
    monkeypatch.setattr(omnisvg._loaded.decoder, "cached_bytes", lambda prompt: 10**15)
    one_by_one = generated()
    assert list(one_by_one) == [1, 0, 2, 3]
    assert drawings(one_by_one[3]) == drawings(made[3])


def test_batches_are_made_where_they_pay_and_leave_the_results_as_they_are(
    omnisvg: OmniSvg, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert omnisvg._loaded is not None
    plan, decoder = omnisvg._loaded.plan, omnisvg._loaded.decoder
    full = dataclasses.replace(plan, precision="fp32")
    plain, quick = Machine(10**10), Machine(10**10, bf16=True)
    assert OmniSvg._batches_pay(full, decoder, plain)
    assert not OmniSvg._batches_pay(dataclasses.replace(plan, precision="bf16"), decoder, plain)
    monkeypatch.setattr(products, "independent_of_rows", lambda *_: False)
    assert not OmniSvg._batches_pay(full, decoder, quick)
    assert OmniSvg._batches_pay(dataclasses.replace(plan, device="cuda"), decoder, quick)


def test_no_more_drawings_come_than_asked_for(omnisvg: OmniSvg) -> None:
    assert len(omnisvg.generate(job(num_candidates=1), QUIET)) == 1
    many = omnisvg.generate(job(num_candidates=4), QUIET)
    assert 1 < len(many) <= 4
    assert {each.facts["valid_candidates"] for each in many} == {many[0].facts["valid_candidates"]}


def test_progress_counts_tokens_and_cancelling_ends_it(omnisvg: OmniSvg) -> None:
    told: list[tuple[int, int, str]] = []
    control = SimpleNamespace(progress=lambda *given: told.append(given), check=lambda: None)
    omnisvg.generate(job(), control)
    assert told[0] == (0, 256, "0 paths")
    steps = [step for step, _, _ in told if step]
    assert steps == list(range(1, len(steps) + 1))
    assert int(told[-1][2].split()[0]) > 0

    def stop(step: int, steps: int, note: str = "") -> None:
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        omnisvg.generate(job(), SimpleNamespace(progress=stop, check=lambda: None))


def test_options_of_sampling_take_the_place_of_the_tasks(omnisvg: OmniSvg) -> None:
    artifact = omnisvg.generate(job(temperature=1.2, top_k=7, task_subtype="illustration"), QUIET)[0]
    facts = artifact.facts
    assert (facts["temperature"], facts["top_k"], facts["top_p"], facts["repetition_penalty"]) == (1.2, 7, 0.9, 1.03)
    assert facts["task_subtype"] == "illustration"


@pytest.mark.parametrize("letter", ["a", "\U00013080"])
def test_a_prompt_of_more_tokens_than_there_is_room_for_is_refused_with_both_numbers(
    letter: str, omnisvg: OmniSvg
) -> None:
    """The small model has a token for each byte."""
    with pytest.raises(
        UnreadableRequest,
        match=r"the prompt is too long: with the words around it, it is 4419 tokens; the limit is 1024",
    ):
        omnisvg.generate(job(letter * (4000 // len(letter.encode()))), QUIET)


def test_the_form_of_the_weights_is_told(omnisvg: OmniSvg) -> None:
    assert omnisvg.generate(job(), QUIET)[0].facts["placement"] in ("device, none, bf16", "device, none, fp32")


@pytest.mark.parametrize(
    ("request_", "error", "message"),
    [
        (lambda: job(""), UnreadableRequest, "neither a prompt nor an input image"),
        (lambda: job("a fox", task_type="image-to-svg"), BadAttachment, "there is no input image"),
        (lambda: job("a fox", photograph(), task_type="text-to-svg"), BadOptions, "image is attached"),
        (lambda: job("a fox", model_size="8B"), BadOptions, "a kind with the preset 8b"),
        (lambda: job("", Image.new("RGB", (9000, 10))), BadAttachment, "too slim"),
    ],
)
def test_requests_that_make_no_sense_are_refused(
    request_: Callable[[], Job], error: type[Exception], message: str, omnisvg: OmniSvg
) -> None:
    with pytest.raises(error, match=message):
        omnisvg.generate(request_(), QUIET)


def test_when_no_drawing_shows_anything_the_client_is_told(omnisvg: OmniSvg, monkeypatch: pytest.MonkeyPatch) -> None:
    from spectacle.generators.omnisvg import generator

    monkeypatch.setattr(generator, "choose", lambda *arguments, **keywords: [])
    with pytest.raises(GeneratorError, match="all 5 candidates are blank"):
        omnisvg.generate(job(), QUIET)


def test_options_are_bounded() -> None:
    for name, values in {
        "num_candidates": (0, 9),
        "max_length": (255, 2049),
        "temperature": (0.04, 1.6),
        "top_p": (0.09, 1.1),
        "top_k": (0, 201),
        "repetition_penalty": (0.9, 2.1),
        "model_size": ("3B",),
        "task_type": ("svg-to-text",),
    }.items():
        for value in values:
            with pytest.raises(ValidationError):
                OmniSvg.Options(**{name: value})


def test_return_png_is_another_name_of_png() -> None:
    options = read_options(json.dumps({"return_png": True}).encode(), OmniSvg.Options, {})
    assert options.png
    assert not OmniSvg.Options().png


# --- checkpoints -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_prepared_checkpoint_draws_the_same(store: Store, tmp_path: Path, omnisvg: OmniSvg) -> None:
    resources = Resources(store=store)
    said: list[str] = []
    manifest = write_prepared(
        tmp_path / "prepared",
        lambda folder: OmniSvg.prepare("4b", folder, resources, "none", said.append),
        generator="omnisvg",
        preset="4b",
        quantization="none",
    )
    assert manifest.made_from.keys() == {"OmniSVG/OmniSVG1.1_4B", "Qwen/Qwen2.5-VL-3B-Instruct"}
    assert said
    prepared = Resources(store=Store(tmp_path / "nothing"), prepared={"omnisvg/4b": tmp_path / "prepared"})
    assert OmniSvg.missing_weights("4b", prepared) is None
    again = OmniSvg("4b", prepared)
    again.load(Device())
    assert drawings(list(again.generate(job(), QUIET))) == drawings(list(omnisvg.generate(job(), QUIET)))
    again.unload()


def test_an_unknown_form_of_weights_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match="--quantize gguf: not possible for omnisvg"):
        OmniSvg.prepare("4b", tmp_path, Resources(store=store), "gguf", lambda sentence: None)


def test_a_checkpoint_of_another_size_is_refused(tmp_path: Path) -> None:
    from spectacle.weights.pull import bring_in, from_folder

    store = Store(tmp_path / "weights")
    weights, base = OmniSvg.weights("4b")
    build_base(tmp_path / "base", "4B")
    build_checkpoint(tmp_path / "checkpoint", build_base(tmp_path / "other", "4B", hidden_size=32), "4B")
    bring_in([from_folder(weights, store, tmp_path / "checkpoint"), from_folder(base, store, tmp_path / "base")], store)
    with pytest.raises(GeneratorError, match="another size of the model"):
        OmniSvg("4b", Resources(store=store)).load(Device())
