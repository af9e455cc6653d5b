"""Generates the tokens of several drawings at once, each step one replay of a CUDA graph where there is a GPU."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear, rms_norm
from transformers import DynamicCache, Qwen2_5_VLForConditionalGeneration
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import apply_rotary_pos_emb

from spectacle.errors import GeneratorError
from spectacle.generators.omnisvg.grammar import Grammar, check_max_length
from spectacle.generators.omnisvg.sampling import Sampling
from spectacle.generators.omnisvg.tokens import Vocabulary

_WINDOW = 512
"""A graph attends to a multiple of this many cached tokens, so it is captured a few times, not for every token."""
_ALIGNED = 64
"""The cache has room for a multiple of so many tokens, which suits matrix kernels."""
_LOOK_EVERY = 16
"""Steps between two looks at what a GPU has done: each makes the host wait for the device."""
_WARM_UP = 2
"""Steps run before a capture, for libraries to allocate their work spaces and for compiling."""


class Decoder:
    """Generates with a model.

    It goes through the model's layers itself, because a step of transformers' own forward pass repeats the cached keys
    and values for each group of query heads, and computes scores for the words of the base model, of which a drawing
    has none. What it computes is the same.

    Args:
        model: The model.
        vocabulary: Its vocabulary.
        compile_blocks: Whether what lies between two attentions is compiled on a GPU, once for all layers.
        graphs: Whether steps are captured as CUDA graphs. Without effect on a CPU. Weights that are moved onto the
            device as they are needed cannot be.
    """

    def __init__(
        self,
        model: Qwen2_5_VLForConditionalGeneration,
        vocabulary: Vocabulary,
        *,
        compile_blocks: bool = False,
        graphs: bool = True,
    ) -> None:
        self.model = model
        self.vocabulary = vocabulary
        self.device = model.device
        self._graphs = graphs and self.device.type == "cuda"
        self._grammar = Grammar(vocabulary, self.device, first=vocabulary.base)
        compiled = compile_blocks and self.device.type == "cuda"
        self._before: Any = torch.compile(_before_attention, dynamic=False) if compiled else _before_attention
        self._after: Any = torch.compile(_after_attention, dynamic=False) if compiled else _after_attention

    @torch.no_grad()
    def generate(
        self,
        inputs: Mapping[str, Tensor],
        sampling: Sampling,
        *,
        candidates: int,
        max_length: int,
        seed: int,
        report: Callable[[int, int], None],
    ) -> list[list[int]]:
        """Generate drawings for one prompt. The same arguments give the same tokens on the same machine.

        Args:
            inputs: What the processor returned for one prompt.
            sampling: How tokens are sampled.
            candidates: How many drawings.
            max_length: Most tokens of each.
            seed: Seed of the random numbers, which are drawn on the CPU whatever the device.
            report: Called now and then with the number of tokens generated for each drawing, and of the paths finished
                in all of them; on a CPU also while the prompt is computed. What it raises passes through.

        Returns:
            The tokens of each drawing, up to and with its end.

        Raises:
            BadOptions: `max_length` is too small for one path.
            GeneratorError: The model's scores are not finite.
        """
        check_max_length(max_length)
        inputs = {name: tensor.to(self.device) for name, tensor in inputs.items()}
        prompt_length = inputs["input_ids"].shape[1]
        run = _Generation(self, sampling, candidates, prompt_length, max_length, seed)
        with self._watched(report):
            scores = self._prefill(inputs, run)
        run.choose(scores)
        steps = self._replays(run) if self._graphs else self._plain_steps(run)
        for done in range(1, max_length):
            if done % _LOOK_EVERY == 0 or not self._graphs:
                report(done, run.paths())
                if run.ended() or not run.sound():
                    break
            next(steps)
        if not run.sound():
            raise GeneratorError(
                "the model computes NaN or infinity, so its weights may be damaged: check them with "
                "`spectacle weights --verify`, or prepare them again"
            )
        return self._trimmed(run.ids())

    @contextlib.contextmanager
    def _watched(self, report: Callable[[int, int], None]) -> Iterator[None]:
        """Report after each layer of the model, where one may take seconds."""
        model: Any = self.model.model
        layers = [*model.visual.blocks, *model.language_model.layers] if self.device.type == "cpu" else []
        hooks = [layer.register_forward_hook(lambda *_: report(0, 0)) for layer in layers]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _prefill(self, inputs: Mapping[str, Tensor], run: _Generation) -> Tensor:
        """Compute the prompt, put its keys and values into the cache of every drawing, and score the first token."""
        model = self.model.model
        ids = inputs["input_ids"]
        positions = torch.arange(ids.shape[1], device=self.device).expand(3, 1, -1)
        if "image_grid_thw" in inputs:
            positions, delta = model.get_rope_index(
                ids, inputs["mm_token_type_ids"], image_grid_thw=inputs["image_grid_thw"]
            )
            run.position_delta.copy_(delta[0, 0])
        cache = DynamicCache(config=self.model.config.get_text_config())
        output = model(**inputs, position_ids=positions, past_key_values=cache, use_cache=True)
        layers: Any = cache.layers
        for layer, keys, values in zip(layers, run.keys, run.values, strict=True):
            _fill(keys, layer.keys)
            _fill(values, layer.values)
        scores: Tensor = self._scores(output.last_hidden_state[:, -1])
        return scores.expand(run.candidates, -1)

    def _scores(self, hidden: Tensor) -> Tensor:
        """Scores of the drawing's tokens alone."""
        return linear(hidden, self.model.lm_head.weight[self.vocabulary.base :]).float()

    def _plain_steps(self, run: _Generation) -> Iterator[None]:
        for length in run.lengths:
            self._step(run, length)
            yield

    def _replays(self, run: _Generation) -> Iterator[None]:
        graph: torch.cuda.CUDAGraph | None = None
        window = 0
        for length in run.lengths:
            if graph is None or length > window:
                window = min(math.ceil(length / _WINDOW) * _WINDOW, run.capacity)
                graph = self._capture(run, window)
            graph.replay()
            yield

    def _capture(self, run: _Generation, window: int) -> torch.cuda.CUDAGraph:
        before = run.snapshot()
        stream: Any = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream(self.device))
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UP):
                self._step(run, window)
                run.restore(before)
        torch.cuda.current_stream(self.device).wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            self._step(run, window)
        return graph

    def _step(self, run: _Generation, window: int) -> None:
        """Compute the newest token of every drawing, and choose the next one."""
        text = self.model.model.language_model
        hidden = text.embed_tokens(run.token).unsqueeze(1)
        positions = (run.length + run.position_delta).expand(3, run.candidates, 1)
        cos, sin = text.rotary_emb(hidden, positions)
        unseen = torch.arange(window, device=self.device) > run.length
        bias = torch.zeros(window, device=self.device).masked_fill(unseen, -torch.inf)
        for layer, keys, values in zip(text.layers, run.keys, run.values, strict=True):
            query, key, value = self._before(layer, hidden, cos, sin)
            keys.index_copy_(1, run.length, key)
            values.index_copy_(1, run.length, value)
            attended = _attend(query, keys[:, :window], values[:, :window], bias)
            hidden = self._after(layer, hidden, attended)
        run.length += 1
        run.choose(self._scores(_normal(text.norm, hidden)[:, 0]))

    def _trimmed(self, rows: Sequence[Sequence[int]]) -> list[list[int]]:
        """The rows without what follows their end."""
        ends = self.vocabulary.ends
        lengths = (next((at + 1 for at, token in enumerate(row) if at and token in ends), len(row)) for row in rows)
        return [list(row[:length]) for row, length in zip(rows, lengths, strict=True)]


class _Generation:
    """The tensors of one call of `generate`, which stay where they are so that a captured graph finds them."""

    def __init__(
        self, decoder: Decoder, sampling: Sampling, candidates: int, prompt_length: int, max_length: int, seed: int
    ) -> None:
        text: Any = decoder.model.config.get_text_config()
        device = decoder.device
        self.sampling = sampling
        self.candidates = candidates
        self.max_length = max_length
        self.lengths = range(prompt_length + 1, prompt_length + max_length)  # cached tokens after each step
        self.capacity = math.ceil(self.lengths[-1] / _ALIGNED) * _ALIGNED
        self._vocabulary = decoder.vocabulary
        self._grammar = decoder._grammar
        # The keys and values of a drawing follow each other head by head, as a batched product needs them.
        heads, width = text.num_key_value_heads, text.hidden_size // text.num_attention_heads
        shape = (candidates * heads, self.capacity, width)
        layers = range(text.num_hidden_layers)
        dtype = decoder.model.dtype
        self.keys = [torch.zeros(shape, dtype=dtype, device=device) for _ in layers]
        self.values = [torch.zeros(shape, dtype=dtype, device=device) for _ in layers]
        self.length = torch.tensor([prompt_length], device=device)  # how many tokens are cached
        self.position_delta = torch.zeros((), dtype=torch.int64, device=device)
        self.token = torch.zeros(candidates, dtype=torch.int64, device=device)
        self._done = torch.zeros(1, dtype=torch.int64, device=device)  # how many tokens are generated
        self._ids = torch.zeros(max_length, candidates, dtype=torch.int64, device=device)
        self._state = self._grammar.initial_state(candidates)
        columns = self._vocabulary.size - self._vocabulary.base
        self._seen = torch.zeros(candidates, columns, dtype=torch.bool, device=device)
        self._sound = torch.ones((), dtype=torch.bool, device=device)
        generator = torch.Generator().manual_seed(seed)
        drawn = torch.empty(max_length, candidates, min(sampling.top_k, columns)).exponential_(generator=generator)
        # A chance of nothing divided by a zero would be chosen.
        self._noise = drawn.clamp_(min=torch.finfo(drawn.dtype).tiny).to(device)

    def choose(self, scores: Tensor) -> None:
        """Sample the next token of every drawing from `scores`, shape (candidates, tokens of drawings)."""
        sampling = self.sampling
        penalty = sampling.repetition_penalty
        penalised = torch.where(scores > 0, scores / penalty, scores * penalty)
        scores = torch.where(self._seen, penalised, scores)
        scores = self._grammar.constrain(scores, self._state, self.max_length - self._done)
        likeliest, columns = (scores / sampling.temperature).topk(self._noise.shape[-1])
        # NaN compares as larger than any number.
        self._sound.logical_and_(likeliest[:, 0].isfinite().all())
        chances = likeliest.softmax(-1)
        beyond = chances.cumsum(-1) - chances >= sampling.top_p
        # The largest of chance / exponential noise is a draw according to the chances.
        noise = self._noise.index_select(0, self._done)[0]
        choice = (chances.masked_fill(beyond, 0) / noise).argmax(-1, keepdim=True)
        column = columns.gather(-1, choice)
        self._seen.scatter_(1, column, True)
        self.token.copy_(column[:, 0] + self._vocabulary.base)
        self._state.copy_(self._grammar.advance(self._state, self.token))
        self._ids.index_copy_(0, self._done, self.token.unsqueeze(0))
        self._done += 1

    def ids(self) -> list[list[int]]:
        """The tokens of every drawing; what follows the end means nothing."""
        rows: list[list[int]] = self._ids.T.tolist()
        return rows

    def paths(self) -> int:
        """How many paths all drawings have by now: each is finished by its colour."""
        colours = self._vocabulary.colours
        return int(((self._ids >= colours.start) & (self._ids < colours.stop)).sum())

    def sound(self) -> bool:
        """Whether there was a finite score to choose by in every step of every drawing."""
        return bool(self._sound)

    def ended(self) -> bool:
        """Whether every drawing has ended."""
        return bool(self._grammar.ended(self._state).all())

    def snapshot(self) -> list[Tensor]:
        """Copies of what a step changes, but for the cache, in which it only writes what it will write again."""
        return [tensor.clone() for tensor in self._changing()]

    def restore(self, snapshot: Sequence[Tensor]) -> None:
        """Undo what was done since `snapshot`."""
        for tensor, before in zip(self._changing(), snapshot, strict=True):
            tensor.copy_(before)

    def _changing(self) -> tuple[Tensor, ...]:
        return self.token, self.length, self._done, self._state, self._seen, self._ids, self._sound


def _fill(cache: Tensor, prompt: Tensor) -> None:
    """Copy the prompt's keys or values, shape (1, heads, tokens, width), for every drawing."""
    _, heads, tokens, width = prompt.shape
    cache.view(-1, heads, cache.shape[1], width)[:, :, :tokens] = prompt


def _normal(norm: Any, hidden: Tensor) -> Tensor:
    """What the module computes, in one kernel."""
    return rms_norm(hidden, norm.weight.shape, norm.weight, norm.variance_epsilon)


def _before_attention(layer: Any, hidden: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Query, key and value of one token: shapes (drawings · key heads, query heads of each, width), and 1 for keys."""
    attention = layer.self_attn
    normal = _normal(layer.input_layernorm, hidden)
    query, key, value = (
        projection(normal).unflatten(-1, (-1, attention.head_dim)).transpose(1, 2)
        for projection in (attention.q_proj, attention.k_proj, attention.v_proj)
    )
    query, key = apply_rotary_pos_emb(query, key, cos, sin)
    key_heads = key.shape[0] * key.shape[1]
    return query.reshape(key_heads, -1, attention.head_dim), key.flatten(0, 1), value.flatten(0, 1)


def _attend(query: Tensor, keys: Tensor, values: Tensor, bias: Tensor) -> Tensor:
    scores = torch.bmm(query, keys.transpose(1, 2)).float() * query.shape[-1] ** -0.5
    weights = (scores + bias).softmax(-1).to(values.dtype)
    return torch.bmm(weights, values)


def _after_attention(layer: Any, hidden: Tensor, attended: Tensor) -> Tensor:
    hidden = hidden + layer.self_attn.o_proj(attended.reshape(hidden.shape[0], 1, -1))
    result: Tensor = hidden + layer.mlp(_normal(layer.post_attention_layernorm, hidden))
    return result
