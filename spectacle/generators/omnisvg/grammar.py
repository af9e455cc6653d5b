"""Decoding that cannot go wrong: which tokens may come next, so that whatever is sampled is a valid SVG."""

from __future__ import annotations

from enum import IntEnum, auto

import torch
from torch import Tensor
from transformers import LogitsProcessor, StoppingCriteria

from spectacle.errors import BadOptions
from spectacle.generators.omnisvg.tokens import COMMANDS, OPERANDS, TokenKind, Vocabulary

MIN_TOKENS = 8
"""Minimum number of tokens of an SVG: begin, `M` and its two points, `L` and its point, a colour, end."""


class GrammarState(IntEnum):
    """How far an SVG has come. A state whose name ends in a number waits for that operand of a command."""

    START = 0
    BEGUN = auto()
    """The begin token came, no path yet."""
    M1 = auto()
    M2 = auto()
    MOVED = auto()
    """A sub-path was opened, nothing drawn in it yet."""
    L1 = auto()
    C1 = auto()
    C2 = auto()
    C3 = auto()
    A1 = auto()
    A2 = auto()
    A3 = auto()
    A4 = auto()
    A5 = auto()
    DRAWN = auto()
    """Something was drawn in the sub-path."""
    Z1 = auto()
    CLOSED = auto()
    PAINTED = auto()
    """A path got its colour."""
    ENDED = auto()


class _Token(IntEnum):
    """The kinds of token as the grammar distinguishes them."""

    OTHER = 0
    END = auto()
    M = auto()
    L = auto()
    C = auto()
    A = auto()
    Z = auto()
    COORDINATE = auto()
    COLOUR = auto()
    FLAG = auto()
    """An arc parameter that is 0 or 1."""
    NUMBER = auto()
    """Any other arc parameter."""


_AFTER_COMMAND = {
    "M": GrammarState.MOVED,
    "L": GrammarState.DRAWN,
    "C": GrammarState.DRAWN,
    "A": GrammarState.DRAWN,
    "Z": GrammarState.CLOSED,
}
_NEVER = 10**6


def _rules() -> dict[tuple[GrammarState, _Token], GrammarState]:
    """What may come next in each state, and the state after it."""
    rules = {
        (GrammarState.START, _Token.END): GrammarState.BEGUN,
        (GrammarState.BEGUN, _Token.M): GrammarState.M1,
        (GrammarState.MOVED, _Token.L): GrammarState.L1,
        (GrammarState.MOVED, _Token.C): GrammarState.C1,
        (GrammarState.MOVED, _Token.A): GrammarState.A1,
        (GrammarState.DRAWN, _Token.M): GrammarState.M1,
        (GrammarState.DRAWN, _Token.L): GrammarState.L1,
        (GrammarState.DRAWN, _Token.C): GrammarState.C1,
        (GrammarState.DRAWN, _Token.A): GrammarState.A1,
        (GrammarState.DRAWN, _Token.Z): GrammarState.Z1,
        (GrammarState.DRAWN, _Token.COLOUR): GrammarState.PAINTED,
        (GrammarState.CLOSED, _Token.M): GrammarState.M1,
        (GrammarState.CLOSED, _Token.COLOUR): GrammarState.PAINTED,
        (GrammarState.PAINTED, _Token.M): GrammarState.M1,
        (GrammarState.PAINTED, _Token.END): GrammarState.ENDED,
        (GrammarState.ENDED, _Token.END): GrammarState.ENDED,
    }
    for command in COMMANDS:
        operands = OPERANDS[command]
        for number, operand in enumerate(operands, 1):
            state = GrammarState[f"{command.value}{number}"]
            after = (
                _AFTER_COMMAND[command.value]
                if number == len(operands)
                else GrammarState[f"{command.value}{number + 1}"]
            )
            if operand is TokenKind.COORDINATE:
                rules[state, _Token.COORDINATE] = after
            else:
                rules[state, _Token.FLAG] = after
                if state is GrammarState.A2:  # the rotation; the other two are flags
                    rules[state, _Token.NUMBER] = after
    return rules


_RULES = _rules()


def _tokens_to_end() -> dict[GrammarState, int]:
    """Minimum number of tokens from each state to the end."""
    distance = dict.fromkeys(GrammarState, _NEVER) | {GrammarState.ENDED: 0}
    for _ in GrammarState:
        for (state, _), after in _RULES.items():
            distance[state] = min(distance[state], 1 + distance[after])
    return distance


_TO_END = _tokens_to_end()
_ENOUGH = max(1 + _TO_END[after] for after in _RULES.values())
"""As many remaining tokens forbid nothing."""


def check_max_length(max_length: int) -> None:
    """Refuse a `max_length` that no SVG fits in.

    Raises:
        BadOptions: It is less than `MIN_TOKENS`.
    """
    if max_length < MIN_TOKENS:
        raise BadOptions(f"max_length = {max_length}: too few tokens for one path. Use at least {MIN_TOKENS}.")


class Grammar:
    """OmniSVG's grammar as tables on a device.

    `advance`, `mask` and `constrain` are lookups in these tables with static shapes: they never wait for the device,
    so they may be captured in a CUDA graph or compiled together with a decoding step. A loop that always chooses among
    the tokens that `mask` allows gets an SVG that `spectacle.generators.omnisvg.tokens.decode` finds no flaw in:

        state = grammar.initial_state(batch)
        for remaining in range(max_length, 0, -1):
            scores = grammar.constrain(scores, state, remaining)
            token = ...  # sampled from scores
            state = grammar.advance(state, token)

    The first token may be `bos` or `eos`, and either of them ends the SVG later; see `Vocabulary.ends`. A loop
    therefore learns from `ended` that an SVG is done, not from the token.

    Args:
        vocabulary: The vocabulary of the model.
        device: Where the tables are.
        first: Id that the first column of the scores stands for. A model need not compute the scores of ids below the
            the tokens of SVGs, which are never allowed; `vocabulary.base` is the largest value.
    """

    def __init__(self, vocabulary: Vocabulary, device: torch.device | str = "cpu", *, first: int = 0) -> None:
        self.vocabulary = vocabulary
        self.first = first
        kinds = _kinds(vocabulary)
        following = torch.arange(len(GrammarState)).unsqueeze(1).repeat(1, len(_Token))
        for (state, token), after in _RULES.items():
            following[state, token] = after
        sets: dict[frozenset[_Token], int] = {}
        row_numbers = [
            [sets.setdefault(_allowed(state, remaining), len(sets)) for remaining in range(_ENOUGH + 1)]
            for state in GrammarState
        ]
        of_set = torch.zeros(len(sets), len(_Token), dtype=torch.bool)
        for tokens, number in sets.items():
            of_set[number, list(tokens)] = True
        self._kinds = kinds.to(device)
        self._following = following.to(device)
        self._rows = of_set[:, kinds[first:]].to(device)
        self._row_numbers = torch.tensor(row_numbers).to(device)

    def initial_state(self, batch: int, *, begun: bool = False) -> Tensor:
        """States before the first token, shape (batch,), int64.

        Args:
            batch: Number of SVGs.
            begun: Whether the prompt ends with the begin token already; an SVG then has one token less.
        """
        state = GrammarState.BEGUN if begun else GrammarState.START
        return torch.full((batch,), state, dtype=torch.int64, device=self._rows.device)

    def advance(self, state: Tensor, token: Tensor) -> Tensor:
        """States after `token` (absolute ids, shape (batch,)); a token that is not allowed changes nothing."""
        return self._following[state, self._kinds[token]]

    def mask(self, state: Tensor, remaining: int | Tensor) -> Tensor:
        """Which tokens may come next, bool, shape (batch, columns of the scores); at least one in each row.

        Args:
            state: States, shape (batch,).
            remaining: How many tokens may still be generated, the next one included; a number, or a tensor of shape
                () or (batch,). Only what leaves room to finish the path and to end is allowed. Where there is no room
                even for that, the shortest way to the end is.
        """
        if isinstance(remaining, Tensor):
            room: int | Tensor = remaining.clamp(0, _ENOUGH).expand_as(state)
        else:
            room = min(max(remaining, 0), _ENOUGH)
        return self._rows[self._row_numbers[state, room]]

    def constrain(self, scores: Tensor, state: Tensor, remaining: int | Tensor) -> Tensor:
        """`scores`, shape (batch, columns), with minus infinity for what is not allowed."""
        return torch.where(self.mask(state, remaining), scores, -torch.inf)

    def ended(self, state: Tensor) -> Tensor:
        """Which SVGs are done, bool, shape (batch,)."""
        return state == GrammarState.ENDED


class GrammarLogitsProcessor(LogitsProcessor):
    """Keeps transformers' `generate()` within the grammar; one instance for one call.

    Pass it as `logits_processor`, with its `stop` as `stopping_criteria` and `eos_token_id=None`, because the begin
    token could be mistaken for the end. `generate()` puts it after its own penalties, whose result it need not trust,
    and before temperature, top-k and top-p, which keep something of what it allows. Beam search is not supported,
    for it changes the order of the batch.

    Args:
        grammar: The grammar, for all of the vocabulary (`first=0`), on the device of the scores.
        prompt_length: Number of tokens of the prompt, padding included.
        max_new_tokens: As passed to `generate()`.

    Raises:
        BadOptions: `max_new_tokens` is too small for one path.
    """

    def __init__(self, grammar: Grammar, *, prompt_length: int, max_new_tokens: int) -> None:
        check_max_length(max_new_tokens)
        self.grammar = grammar
        self.prompt_length = prompt_length
        self.max_new_tokens = max_new_tokens
        self.state: Tensor | None = None
        self.stop = _Stop(self)

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Forbid what must not come next."""
        generated = input_ids.shape[1] - self.prompt_length
        if self.state is None:
            self.state = self.grammar.initial_state(len(input_ids))
        return self.grammar.constrain(scores, self.state, self.max_new_tokens - generated)

    def advance(self, input_ids: Tensor) -> Tensor:
        """Take note of the newest tokens, and return which SVGs are done."""
        assert self.state is not None
        self.state = self.grammar.advance(self.state, input_ids[:, -1])
        return self.grammar.ended(self.state)


class _Stop(StoppingCriteria):
    """Asked by `generate()` once after each token."""

    def __init__(self, processor: GrammarLogitsProcessor) -> None:
        self.processor = processor

    def __call__(self, input_ids: Tensor, scores: Tensor, **kwargs: object) -> Tensor:
        return self.processor.advance(input_ids)


def _allowed(state: GrammarState, remaining: int) -> frozenset[_Token]:
    costs = {token: 1 + _TO_END[after] for (before, token), after in _RULES.items() if before is state}
    room = max(remaining, min(costs.values()))
    return frozenset(token for token, cost in costs.items() if cost <= room)


def _kinds(vocabulary: Vocabulary) -> Tensor:
    """The kind of every id."""
    kinds = torch.full((vocabulary.size,), _Token.OTHER, dtype=torch.int64)
    for command in COMMANDS:
        kinds[vocabulary.command(command)] = _Token[command.value]
    for ids, token in (
        (vocabulary.coordinates, _Token.COORDINATE),
        (vocabulary.colours, _Token.COLOUR),
        (vocabulary.arc_parameters, _Token.NUMBER),
        (vocabulary.arc_parameters[:2], _Token.FLAG),
    ):
        kinds[ids.start : ids.stop] = token
    kinds[list(vocabulary.ends)] = _Token.END
    return kinds
