"""Decoding within the grammar: what is sampled is a whole drawing that ends in time, and no drawing is ruled out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from drawings import TokenIds, drawings
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from transformers import Qwen2Config, Qwen2ForCausalLM

from spectacle.errors import BadOptions
from spectacle.generators.omnisvg.drawing import Drawing
from spectacle.generators.omnisvg.grammar import (
    MIN_TOKENS,
    Grammar,
    GrammarLogitsProcessor,
    GrammarState,
    check_max_length,
)
from spectacle.generators.omnisvg.tokens import SIZES, TokenKind, Vocabulary, decode, encode_drawing

GRAMMARS = {size: Grammar(vocabulary, first=vocabulary.base) for size, vocabulary in SIZES.items()}
both_sizes = pytest.mark.parametrize("size", SIZES)


class TokenSampler:
    """Draws tokens with weights for each kind, from some ids of every kind rather than from all, which is faster."""

    def __init__(self, vocabulary: Vocabulary, weights: dict[TokenKind | str, float], seed: int) -> None:
        self.vocabulary = vocabulary
        self.random = torch.Generator().manual_seed(seed)
        self.groups = [
            *(
                (torch.tensor([vocabulary.command(TokenKind(letter))]), weights.get(TokenKind(letter), 1))
                for letter in "MLCAZ"
            ),
            (torch.tensor(vocabulary.ends), weights.get("end", 1)),
            (torch.tensor(vocabulary.coordinates), weights.get(TokenKind.COORDINATE, 1)),
            (torch.tensor(vocabulary.colours), weights.get(TokenKind.COLOUR, 1)),
            (torch.tensor(vocabulary.arc_parameters[:2]), weights.get(TokenKind.ARC_PARAMETER, 1)),
            (torch.tensor(vocabulary.arc_parameters), weights.get(TokenKind.ARC_PARAMETER, 1)),
            (torch.arange(vocabulary.base, vocabulary.size), 1),
        ]

    def choose(self, mask: Tensor) -> Tensor:
        """A token that each row of `mask` allows."""
        ids = torch.cat([group[torch.randint(len(group), (2,), generator=self.random)] for group, _ in self.groups])
        weights = torch.tensor([weight for _, weight in self.groups for _ in range(2)])
        allowed = mask[:, ids - self.vocabulary.base] * (weights + 1e-12)
        assert bool((allowed.sum(1) > 0).all())
        return ids[torch.multinomial(allowed, 1, generator=self.random).squeeze(1)]


def sample(
    grammar: Grammar, sampler: TokenSampler, *, batch: int, max_length: int, begun: bool = False
) -> tuple[list[list[int]], Tensor]:
    state = grammar.initial_state(batch, begun=begun)
    tokens = []
    for remaining in range(max_length, 0, -1):
        token = sampler.choose(grammar.mask(state, remaining))
        state = grammar.advance(state, token)
        tokens.append(token)
    return torch.stack(tokens, 1).tolist(), state


TOKEN_WEIGHTS: dict[str, dict[TokenKind | str, float]] = {
    "even": {},
    "never ends": {"end": 0, TokenKind.COLOUR: 0},
    "ends at once": {"end": 1e6, TokenKind.COLOUR: 1e6},
    "only arcs": {TokenKind.ARC: 1e9},
    "only moves": {TokenKind.MOVE: 1e9},
    "only curves and closes": {TokenKind.CURVE: 1e9, TokenKind.CLOSE: 1e9},
    "paints and never ends": {TokenKind.COLOUR: 1e6, "end": 0},
}


def check_samples(size: str, sampler: str, lengths: list[int], batch: int) -> set[str]:
    """Check that all samples are whole drawings, and return the commands in them."""
    vocabulary, grammar = SIZES[size], GRAMMARS[size]
    commands = set()
    for max_length in lengths:
        ids, state = sample(
            grammar,
            TokenSampler(vocabulary, TOKEN_WEIGHTS[sampler], seed=max_length),
            batch=batch,
            max_length=max_length,
        )
        assert grammar.ended(state).all()
        for each in ids:
            drawing = decode(each, vocabulary)
            assert drawing.complete
            assert drawing.paths
            commands |= {segment.command for path in drawing.paths for segment in path.segments}
    return commands


@pytest.mark.parametrize("sampler", TOKEN_WEIGHTS)
def test_every_sample_is_a_whole_drawing(sampler: str) -> None:
    commands = check_samples("8B", sampler, [*range(MIN_TOKENS, 24), 50], batch=16)
    assert commands == set("MLCAZ") or sampler != "even"


@pytest.mark.slow
@both_sizes
@pytest.mark.parametrize("sampler", TOKEN_WEIGHTS)
def test_every_one_of_many_samples_is_a_whole_drawing(size: str, sampler: str) -> None:
    check_samples(size, sampler, [*range(MIN_TOKENS, 80), 200, 500], batch=100)


@both_sizes
def test_the_shortest_length_is_enough_and_one_less_is_not(size: str) -> None:
    sampler = TokenSampler(SIZES[size], {}, 1)
    assert all(decode(ids, SIZES[size]).complete for ids in sample(GRAMMARS[size], sampler, batch=50, max_length=8)[0])
    _, state = sample(GRAMMARS[size], sampler, batch=50, max_length=MIN_TOKENS - 1)
    assert not GRAMMARS[size].ended(state).any()


def test_a_prompt_that_ends_with_the_begin_token_leaves_one_token_less_to_generate() -> None:
    ids, state = sample(
        GRAMMARS["4B"], TokenSampler(SIZES["4B"], {}, 2), batch=50, max_length=MIN_TOKENS - 1, begun=True
    )
    assert GRAMMARS["4B"].ended(state).all()
    assert all(decode(each, SIZES["4B"]).complete for each in ids)


@settings(max_examples=30, deadline=None)
@given(drawings.filter(lambda drawing: drawing.paths), st.sampled_from(list(SIZES)))
def test_no_drawing_is_ruled_out(drawing: Drawing, size: str) -> None:
    vocabulary, grammar = SIZES[size], GRAMMARS[size]
    ids = encode_drawing(drawing, vocabulary)
    state = grammar.initial_state(1)
    for position, token in enumerate(ids):
        assert grammar.mask(state, len(ids) - position)[0, token - vocabulary.base]  # with no room to spare
        assert grammar.mask(state, 10_000)[0, token - vocabulary.base]
        state = grammar.advance(state, torch.tensor([token]))
    assert grammar.ended(state).all()


def states(grammar: Grammar, *tokens: int) -> Tensor:
    state = grammar.initial_state(1)
    for token in tokens:
        state = grammar.advance(state, torch.tensor([token]))
    return state


def kinds_allowed(grammar: Grammar, state: Tensor, remaining: int) -> set[str]:
    allowed = grammar.mask(state, remaining)[0].nonzero().flatten() + grammar.first
    return {
        "end" if token in grammar.vocabulary.ends else str(grammar.vocabulary.read(token)[0])
        for token in allowed.tolist()
    }


def test_what_is_allowed_at_each_step() -> None:
    grammar, w = GRAMMARS["8B"], TokenIds(SIZES["8B"])
    steps: list[tuple[int, set[str]]] = [
        (196998, {"end"}),
        (w.M, {"M"}),
        (w.P(1, 1), {"coordinate"}),
        (w.P(5, 5), {"coordinate"}),
        (w.A, {"L", "C", "A"}),
        (w.P(3, 3), {"coordinate"}),
        (w.R(45), {"arc parameter"}),
        (w.R(0), {"arc parameter"}),
        (w.R(1), {"arc parameter"}),
        (w.P(9, 9), {"coordinate"}),
        (w.Z, {"M", "L", "C", "A", "Z", "colour"}),
        (w.P(5, 5), {"coordinate"}),
        (w.K(0), {"M", "colour"}),
        (196999, {"M", "end"}),
    ]
    state = grammar.initial_state(1)
    for token, kinds in steps:
        assert kinds_allowed(grammar, state, 1000) == kinds
        state = grammar.advance(state, torch.tensor([token]))
    assert kinds_allowed(grammar, state, 1000) == {"end"}


def test_flags_are_0_or_1_and_a_rotation_is_anything() -> None:
    grammar, w = GRAMMARS["4B"], TokenIds(SIZES["4B"])
    start = [196998, w.M, w.P(1, 1), w.P(1, 1), w.A, w.P(3, 3)]
    for more, count in ([], 100), ([w.R(9)], 2), ([w.R(9), w.R(1)], 2):
        assert grammar.mask(states(grammar, *start, *more), 100).sum() == count


def test_near_the_end_only_what_still_fits_is_allowed() -> None:
    grammar, w = GRAMMARS["8B"], TokenIds(SIZES["8B"])
    drawn = states(grammar, 196998, w.M, w.P(1, 1), w.P(1, 1), w.L, w.P(9, 9))
    fitting = [
        (9, {"M", "L", "C", "A", "Z", "colour"}),
        (8, {"M", "L", "C", "A", "Z", "colour"}),
        (7, {"M", "L", "C", "Z", "colour"}),
        (6, {"L", "C", "Z", "colour"}),
        (5, {"L", "Z", "colour"}),
        (4, {"L", "Z", "colour"}),
        (3, {"colour"}),
        (2, {"colour"}),
    ]
    assert [(remaining, kinds_allowed(grammar, drawn, remaining)) for remaining, _ in fitting] == fitting
    painted = grammar.advance(drawn, torch.tensor([w.K(1)]))
    assert kinds_allowed(grammar, painted, 7) == {"M", "end"}
    assert kinds_allowed(grammar, painted, 6) == {"end"}


@both_sizes
def test_something_is_allowed_in_every_state_however_little_remains(size: str) -> None:
    grammar = GRAMMARS[size]
    state = torch.tensor(list(GrammarState))
    for remaining in range(-2, 30):
        assert grammar.mask(state, remaining).any(1).all()


def test_what_remains_may_be_a_number_or_a_tensor() -> None:
    grammar = GRAMMARS["8B"]
    state = torch.tensor(list(GrammarState))
    for remaining in (-1, 0, 5, 8, 10_000):
        expected = grammar.mask(state, remaining)
        assert torch.equal(grammar.mask(state, torch.tensor(remaining)), expected)
        assert torch.equal(grammar.mask(state, torch.full((len(state),), remaining)), expected)


def test_a_token_that_is_not_allowed_changes_nothing() -> None:
    grammar = GRAMMARS["8B"]
    state = torch.tensor(list(GrammarState))
    assert torch.equal(grammar.advance(state, torch.full_like(state, 42)), state)


def test_scores_are_kept_or_become_minus_infinity() -> None:
    grammar = GRAMMARS["8B"]
    state = torch.tensor([GrammarState.START, GrammarState.DRAWN])
    scores = torch.randn(2, 44_936).to(torch.bfloat16)
    constrained, mask = grammar.constrain(scores, state, 99), grammar.mask(state, 99)
    assert constrained.dtype == torch.bfloat16
    assert torch.equal(constrained[mask], scores[mask])
    assert torch.isneginf(constrained[~mask]).all()


def test_all_ids_or_only_those_of_drawings() -> None:
    vocabulary = SIZES["8B"]
    state = torch.tensor(list(GrammarState))
    whole = Grammar(vocabulary).mask(state, 50)
    assert whole.shape == (len(GrammarState), 197_000)
    assert not whole[:, : vocabulary.base].any()
    assert torch.equal(whole[:, vocabulary.base :], GRAMMARS["8B"].mask(state, 50))


def test_a_step_neither_waits_for_the_device_nor_has_shapes_that_depend_on_data() -> None:
    grammar = Grammar(SIZES["8B"], first=SIZES["8B"].base)
    with FakeTensorMode(allow_non_fake_inputs=True):  # refuses both
        state = torch.empty(4, dtype=torch.int64)
        scores = grammar.constrain(torch.empty(4, 44_936), state, torch.empty((), dtype=torch.int64))
        state = grammar.advance(state, scores.argmax(1) + grammar.first)
        assert (scores.shape, state.shape, grammar.ended(state).shape) == ((4, 44_936), (4,), (4,))


@pytest.mark.parametrize("max_length", [-1, 0, 7])
def test_a_length_in_which_no_path_fits_is_refused_with_the_shortest_that_would_do(max_length: int) -> None:
    with pytest.raises(BadOptions, match=f"max_length = {max_length}: too few tokens for one path. Use at least 8"):
        check_max_length(max_length)
    with pytest.raises(BadOptions, match="at least 8"):
        GrammarLogitsProcessor(GRAMMARS["8B"], prompt_length=3, max_new_tokens=max_length)
    check_max_length(MIN_TOKENS)


@pytest.fixture(scope="module")
def model() -> Callable[..., Tensor]:
    """`generate()` of a tiny random model with the published vocabulary, on two prompts of five tokens."""
    torch.manual_seed(0)
    vocabulary = SIZES["4B"]
    config = Qwen2Config(
        vocab_size=vocabulary.size,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        bos_token_id=vocabulary.bos,
        eos_token_id=vocabulary.eos,
        pad_token_id=vocabulary.pad,
    )
    qwen = Qwen2ForCausalLM(config).eval()
    prompt = torch.arange(10).reshape(2, 5)

    def generate(**options: object) -> Tensor:
        return qwen.generate(prompt, attention_mask=torch.ones_like(prompt), eos_token_id=None, **options)

    return generate


@pytest.mark.parametrize("max_new_tokens", [8, 30])
@pytest.mark.parametrize(
    "sampling",
    [
        {"temperature": 0.5, "top_p": 0.88, "top_k": 50, "repetition_penalty": 1.05},
        {"temperature": 1.5, "top_p": 1.0, "top_k": 200, "repetition_penalty": 2.0},
        {"temperature": 0.05, "top_p": 0.1, "top_k": 1, "repetition_penalty": 1.0},
    ],
)
def test_what_generate_samples_is_a_whole_drawing(
    model: Callable[..., Tensor], sampling: dict[str, float], max_new_tokens: int
) -> None:
    vocabulary = SIZES["4B"]
    processor = GrammarLogitsProcessor(Grammar(vocabulary), prompt_length=5, max_new_tokens=max_new_tokens)
    ids = model(
        max_new_tokens=max_new_tokens,
        do_sample=True,
        num_return_sequences=2,
        logits_processor=[processor],
        stopping_criteria=[processor.stop],
        **sampling,
    )
    assert ids.shape[0] == 4
    assert ids.shape[1] <= 5 + max_new_tokens
    for each in ids[:, 5:].tolist():
        drawing = decode(each, vocabulary)
        assert drawing.complete
        assert drawing.paths


def test_greedy_decoding_stops_when_all_drawings_have_ended(model: Callable[..., Tensor]) -> None:
    class EndsSoon(GrammarLogitsProcessor):
        def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
            scores[:, SIZES["4B"].colours.start : SIZES["4B"].colours.stop] += 100
            scores[:, 196_999] += 100
            return super().__call__(input_ids, scores)

    processor = EndsSoon(Grammar(SIZES["4B"]), prompt_length=5, max_new_tokens=200)
    ids = model(max_new_tokens=200, do_sample=False, logits_processor=[processor], stopping_criteria=[processor.stop])
    assert ids.shape[1] < 5 + 20
    assert all(len(decode(each, SIZES["4B"]).paths) == 1 for each in ids[:, 5:].tolist())
