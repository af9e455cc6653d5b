"""Generating tokens: the same as transformers' own loop does, several drawings at once, valid and repeatable."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from PIL import Image
from tiny_omnisvg import build_base, build_model
from torch import Tensor
from transformers import Qwen2_5_VLForConditionalGeneration

from spectacle.errors import BadOptions, Cancelled, GeneratorError
from spectacle.generators.omnisvg import generation
from spectacle.generators.omnisvg.checkpoint import load_processor
from spectacle.generators.omnisvg.generation import Decoder, Prompt
from spectacle.generators.omnisvg.grammar import Grammar, GrammarLogitsProcessor
from spectacle.generators.omnisvg.pictures import SEEN
from spectacle.generators.omnisvg.prompts import picture_prompt, text_prompt
from spectacle.generators.omnisvg.sampling import Sampling
from spectacle.generators.omnisvg.tokens import SIZES, Vocabulary, decode

LIKELIEST = Sampling(temperature=1.0, top_p=1.0, top_k=1, repetition_penalty=1.05)
DARING = Sampling(temperature=1.0, top_p=0.95, top_k=100, repetition_penalty=1.05)


class Subject:
    """A small model in full precision, with what belongs to it."""

    def __init__(self, folder: Path, size: str) -> None:
        base = build_base(folder / size, size)
        self.vocabulary: Vocabulary = SIZES[size]
        self.model: Qwen2_5_VLForConditionalGeneration = build_model(base, size, torch.float32)
        self.processor: Any = load_processor(base)
        self.decoder = Decoder(self.model, self.vocabulary)

    def inputs(self, task: str, number: int = 0) -> Mapping[str, Tensor]:
        if task == "text":
            text: Mapping[str, Tensor] = self.processor(text=[text_prompt(f"fox {number}")], return_tensors="pt")
            return text
        with torch.random.fork_rng():
            torch.manual_seed(number)
            noise = torch.randint(0, 256, (8, 8, 3), dtype=torch.uint8).numpy()
        picture = Image.fromarray(noise).resize((SEEN, SEEN))
        both: Mapping[str, Tensor] = self.processor(text=[picture_prompt()], images=[picture], return_tensors="pt")
        return both

    def prompt(self, inputs: Mapping[str, Tensor], sampling: Sampling = DARING, **settings: Any) -> Prompt:
        given: dict[str, Any] = {
            "candidates": 2,
            "max_length": 100,
            "seed": 3,
            "report": lambda done, paths: None,
        } | settings
        return Prompt(inputs, sampling, **given)

    def generate(self, inputs: Mapping[str, Tensor], sampling: Sampling = DARING, **settings: Any) -> list[list[int]]:
        return self.decoder.generate(self.prompt(inputs, sampling, **settings))


@pytest.fixture(scope="module", params=["4B", "8B"])
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return Subject(tmp_path_factory.mktemp("subject"), request.param)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return Subject(tmp_path_factory.mktemp("small"), "4B")


def by_transformers(subject: Subject, inputs: Mapping[str, Tensor], max_length: int) -> list[int]:
    """What `generate()` makes of the same prompt, always taking the likeliest token."""
    prompt_length = inputs["input_ids"].shape[1]
    grammar = Grammar(subject.vocabulary)
    processor = GrammarLogitsProcessor(grammar, prompt_length=prompt_length, max_new_tokens=max_length)
    generated: Any = subject.model.generate(
        **inputs,
        do_sample=False,
        max_new_tokens=max_length,
        repetition_penalty=LIKELIEST.repetition_penalty,
        logits_processor=[processor],
        stopping_criteria=[processor.stop],
        eos_token_id=None,
        pad_token_id=subject.vocabulary.pad,
    )
    tokens: list[int] = generated[0, prompt_length:].tolist()
    return tokens


@pytest.mark.slow
@pytest.mark.parametrize("task", ["text", "picture"])
def test_the_tokens_are_those_of_transformers_own_loop(subject: Subject, task: str) -> None:
    lengths = []
    for number in range(2):
        inputs = subject.inputs(task, number)
        expected = by_transformers(subject, inputs, 120)
        assert subject.generate(inputs, LIKELIEST, max_length=120) == [expected, expected]
        lengths.append(len(expected))
    assert sum(lengths) > 100  # else the comparison would say little


@pytest.mark.slow
@pytest.mark.parametrize("task", ["text", "picture"])
def test_every_step_scores_as_a_pass_over_the_whole_does(
    subject: Subject, task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored: list[Tensor] = []
    choose = generation._Generation.choose

    def remember(run: Any, scores: Tensor) -> None:
        scored.append(scores.clone())
        choose(run, scores)

    monkeypatch.setattr(generation._Generation, "choose", remember)
    inputs = subject.inputs(task)
    rows = subject.generate(inputs, candidates=3, max_length=60)
    first = subject.vocabulary.base
    for candidate, row in enumerate(rows):
        ids = torch.cat([inputs["input_ids"], torch.tensor([row])], dim=1)
        kinds = torch.nn.functional.pad(inputs["mm_token_type_ids"], (0, len(row)))
        rest = {name: inputs[name] for name in ("pixel_values", "image_grid_thw") if name in inputs}
        subject.model.model.rope_deltas = None
        with torch.no_grad():
            whole = subject.model(input_ids=ids, mm_token_type_ids=kinds, **rest).logits[0]
        for step in range(len(row)):
            expected = whole[inputs["input_ids"].shape[1] - 1 + step, first:]
            torch.testing.assert_close(scored[step][candidate], expected, rtol=1e-3, atol=1e-3)


def test_a_picture_before_does_not_shift_the_positions_of_a_text(small: Subject) -> None:
    text = small.inputs("text")
    before = small.generate(text)
    small.generate(small.inputs("picture"))
    assert small.generate(text) == before


def test_every_drawing_is_valid_and_ends_in_time(subject: Subject) -> None:
    for max_length in (8, 9, 60):
        rows = subject.generate(subject.inputs("text"), candidates=6, max_length=max_length)
        assert len(rows) == 6
        for row in rows:
            assert len(row) <= max_length
            assert row[-1] in subject.vocabulary.ends
            assert decode(row, subject.vocabulary).complete


def test_a_seed_gives_the_same_drawings_and_another_gives_others(small: Subject) -> None:
    inputs = small.inputs("picture")
    first = small.generate(inputs, candidates=4, seed=2**63 - 1)
    assert small.generate(inputs, candidates=4, seed=2**63 - 1) == first
    assert small.generate(inputs, candidates=4, seed=1) != first
    assert len({tuple(row) for row in first}) > 1


@pytest.mark.slow
def test_a_low_temperature_keeps_to_the_likeliest(small: Subject) -> None:
    inputs = small.inputs("text")
    cold = Sampling(temperature=1e-5, top_p=1.0, top_k=200, repetition_penalty=1.05)
    narrow = Sampling(temperature=1.5, top_p=1e-6, top_k=200, repetition_penalty=1.05)
    expected = small.generate(inputs, LIKELIEST)
    assert small.generate(inputs, cold) == small.generate(inputs, narrow) == expected


def test_generation_stops_when_every_drawing_has_ended(small: Subject) -> None:
    reported: list[int] = []
    rows = small.generate(small.inputs("text"), max_length=2048, report=lambda done, _paths: reported.append(done))
    longest = max(len(row) for row in rows)
    assert [done for done in reported if done] == list(range(1, longest + 1))
    assert longest < 2048


def test_what_the_report_raises_passes_through(small: Subject) -> None:
    def stop(done: int, _paths: int) -> None:
        if done == 5:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        small.generate(small.inputs("text"), report=stop)


@pytest.mark.parametrize(("task", "layers"), [("text", 2), ("picture", 4)])
def test_on_a_processor_life_is_shown_while_the_prompt_is_computed(task: str, layers: int, small: Subject) -> None:
    """With eight billion weights and one thread it takes minutes."""
    reported: list[tuple[int, int]] = []

    def stop(done: int, paths: int) -> None:
        reported.append((done, paths))
        if len(reported) == layers:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        small.generate(small.inputs(task), report=stop)
    assert reported == [(0, 0)] * layers
    reported.clear()
    small.model(**small.inputs(task))
    assert reported == []


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("late", [False, True])
def test_scores_that_are_no_numbers_are_an_error(
    value: float, late: bool, small: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute = Decoder._scores
    called = []

    def damaged(decoder: Decoder, hidden: Tensor) -> Tensor:
        called.append(None)
        return (
            compute(decoder, hidden) if late and len(called) < 9 else torch.full_like(compute(decoder, hidden), value)
        )

    monkeypatch.setattr(Decoder, "_scores", damaged)
    with pytest.raises(GeneratorError, match=r"NaN or infinity.*spectacle weights --verify"):
        small.generate(small.inputs("text"), max_length=41)


def test_too_few_tokens_for_a_path_are_refused(small: Subject) -> None:
    with pytest.raises(BadOptions, match="max_length = 7: too few tokens"):
        small.generate(small.inputs("text"), max_length=7)


def test_replayed_steps_give_the_same_drawings(small: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what a GPU captures played by the step itself, rehearsed and undone before as it is there."""
    inputs = small.inputs("picture")
    expected = small.generate(inputs, max_length=150)
    windows: list[int] = []
    reported: list[int] = []

    def capture(decoder: Decoder, runs: Any, now: list[int]) -> SimpleNamespace:
        windows.extend(now)
        before = runs[0].snapshot()
        decoder._step(runs, now)
        runs[0].restore(before)
        return SimpleNamespace(replay=lambda: decoder._step(runs, now))

    monkeypatch.setattr(Decoder, "_capture", capture)
    monkeypatch.setattr(small.decoder, "_graphs", True)
    assert small.generate(inputs, max_length=150, report=lambda done, _paths: reported.append(done)) == expected
    length = inputs["input_ids"].shape[1]
    assert windows == [min(math.ceil((length + 1) / 512) * 512, math.ceil((length + 149) / 64) * 64)]
    assert [done for done in reported if done] == list(range(16, reported[-1] + 1, 16))
    assert len(max(expected, key=len)) <= reported[-1]


@pytest.mark.slow
def test_a_long_drawing_goes_through_several_windows(small: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    windows: list[int] = []

    def capture(decoder: Decoder, runs: Any, now: list[int]) -> SimpleNamespace:
        windows.extend(now)
        return SimpleNamespace(replay=lambda: decoder._step(runs, now))

    monkeypatch.setattr(generation._Generation, "ended", lambda run: False)
    inputs = small.inputs("picture")
    length = inputs["input_ids"].shape[1]
    expected = small.generate(inputs, candidates=1, max_length=200)
    monkeypatch.setattr(Decoder, "_capture", capture)
    monkeypatch.setattr(generation, "_WINDOW", 128)
    monkeypatch.setattr(small.decoder, "_graphs", True)
    assert small.generate(inputs, candidates=1, max_length=200) == expected
    first, end = math.ceil((length + 1) / 128) * 128, math.ceil((length + 199) / 64) * 64
    assert windows == [*range(first, end, 128), end]
