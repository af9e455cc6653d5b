"""SVGs of several prompts generated together: the same as alone, bit for bit, whoever ends, fails or is cancelled."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from test_generation import DARING, LIKELIEST, Subject

from spectacle.errors import BadOptions, Cancelled
from spectacle.generators.omnisvg import generation
from spectacle.generators.omnisvg.generation import Decoder, Prompt
from spectacle.generators.omnisvg.products import independent_of_rows, product


@pytest.fixture(scope="module", params=["4B", "8B"])
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return Subject(tmp_path_factory.mktemp("batches"), request.param)


def prompts(subject: Subject, *, stopped: int | None = None) -> list[Prompt]:
    """Eight, of words and of images, of several lengths, numbers of SVGs, samplings and seeds."""

    def stop(done: int, _paths: int) -> None:
        if done == 5:
            raise Cancelled("enough")

    return [
        subject.prompt(
            subject.inputs("picture" if number % 3 == 2 else "text", number * 37),
            LIKELIEST if number == 4 else DARING,
            candidates=5 + number % 4,
            max_length=40 + 17 * number,
            seed=number,
            **({"report": stop} if number == stopped else {}),
        )
        for number in range(8)
    ]


def together(subject: Subject, several: list[Prompt]) -> dict[int, Any]:
    return dict(subject.decoder.generate_together(several))


@pytest.mark.slow
def test_every_prompt_gives_in_a_batch_what_it_gives_alone(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    several = prompts(subject)
    scores: dict[int, list[torch.Tensor]] = {}
    choose = generation._Generation.choose

    def remember(run: Any, values: torch.Tensor) -> None:
        scores.setdefault(run.max_length, []).append(values.clone())
        choose(run, values)

    monkeypatch.setattr(generation._Generation, "choose", remember)
    alone = {number: subject.decoder.generate(prompt) for number, prompt in enumerate(several)}
    scores_alone = dict(scores)
    scores.clear()
    for chosen in (several, several[3:6], several[::-1]):
        made = together(subject, chosen)
        assert {several.index(chosen[place]): rows for place, rows in made.items()} == {
            several.index(each): alone[several.index(each)] for each in chosen
        }
        for length, steps in scores.items():
            assert all(torch.equal(one, other) for one, other in zip(steps, scores_alone[length], strict=True))
        scores.clear()


@pytest.mark.slow
def test_one_that_is_cancelled_or_refused_leaves_the_others_untouched(subject: Subject) -> None:
    expected = together(subject, prompts(subject))
    several = prompts(subject, stopped=6)
    several[2] = subject.prompt(subject.inputs("text"), max_length=7)
    made = together(subject, several)
    assert isinstance(made.pop(6), Cancelled)
    assert isinstance(made.pop(2), BadOptions)
    assert made == {number: rows for number, rows in expected.items() if number not in (2, 6)}


@pytest.mark.slow
def test_replayed_steps_are_captured_again_when_a_prompt_has_ended(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    several = prompts(subject)[:3]
    expected = together(subject, several)
    captured: list[int] = []

    def capture(decoder: Decoder, runs: Any, windows: list[int]) -> SimpleNamespace:
        captured.append(len(runs))
        return SimpleNamespace(replay=lambda: decoder._step(runs, windows))

    monkeypatch.setattr(Decoder, "_capture", capture)
    monkeypatch.setattr(subject.decoder, "_graphs", True)
    assert together(subject, several) == expected
    assert captured[0] == 3
    assert captured == sorted(captured, reverse=True)
    assert len(captured) > 1


def test_products_of_the_models_shapes_do_not_depend_on_the_number_of_rows(subject: Subject) -> None:
    assert independent_of_rows(subject.decoder.matrices(), 5, 96, torch.float32)


def test_products_of_large_matrices_do_not_depend_on_the_number_of_rows() -> None:
    weight = torch.randn(512, 2048, generator=torch.Generator().manual_seed(0))
    assert independent_of_rows([weight], 2, 96, torch.float32)
    rows = torch.randn(3, 1, 2048, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(product(weight, rows), rows @ weight.T, rtol=1e-4, atol=1e-4)
    assert torch.equal(product(weight, rows[:1]), product(weight, rows)[:1])


def test_a_product_that_depends_on_the_number_of_rows_is_noticed(tmp_path: Path) -> None:
    class Odd(torch.nn.Linear):
        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            return super().forward(rows) * (1 + len(rows))

    assert not independent_of_rows([Odd(8, 8, bias=False)], 5, 96, torch.float32)


@pytest.mark.parametrize("columns", [40_000, 40_037, 3000])
def test_the_largest_scores_are_found_also_by_way_of_parts(columns: int) -> None:
    scores = torch.randn(5, columns, generator=torch.Generator().manual_seed(2))
    scores[1, 50:] = -torch.inf
    scores[2, columns - 1] = 99.0
    expected, where = scores.topk(50)
    found, columns_found = generation._largest(scores, 50)
    assert torch.equal(found, expected)
    assert torch.equal(scores.gather(1, columns_found), expected)
    assert torch.equal(columns_found[0], where[0])
    scores[3, 7] = torch.nan
    assert generation._largest(scores, 50)[0][3, 0].isnan()
