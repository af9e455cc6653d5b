"""Generates the tokens of several SVGs together, of one prompt or of several; on a GPU by replaying CUDA graphs."""

from __future__ import annotations

import contextlib
import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import rms_norm
from transformers import DynamicCache, Qwen2_5_VLForConditionalGeneration
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VLModel, apply_rotary_pos_emb

from spectacle.errors import GeneratorError
from spectacle.generators.omnisvg.grammar import Grammar, check_max_length
from spectacle.generators.omnisvg.products import product
from spectacle.generators.omnisvg.sampling import Sampling
from spectacle.generators.omnisvg.tokens import Vocabulary

_WINDOW = 512
"""A graph attends to a multiple of this many cached tokens, so it is captured a few times, not for every token."""
_ALIGNED = 64
"""The cache has room for a multiple of this many tokens, which suits matrix kernels."""
_LOOK_EVERY = 16
"""Steps between two checks of what a GPU has done: each makes the host wait for the device."""
_PART = 64
"""Columns whose largest score is looked for together: the largest of all are in as many parts at most."""
_WARM_UP = 2
"""Steps run before a capture, for libraries to allocate their work spaces and for compiling."""
_CACHE = "cache" if "cache" in inspect.signature(Qwen2_5_VLModel.forward).parameters else "past_key_values"
"""Name of the argument for the cache: transformers 5.24 renamed it, and warns of the older name."""


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """What SVGs are generated for.

    Attributes:
        inputs: What the processor returned for one prompt.
        sampling: How tokens are sampled.
        candidates: How many SVGs.
        max_length: Maximum number of tokens of each.
        seed: Seed of the random numbers, which are drawn on the CPU whatever the device.
        report: Called now and then with the number of tokens generated for each SVG, and of the paths finished
            in all of them; on a CPU also while the prompt is computed. What it raises ends this prompt.
    """

    inputs: Mapping[str, Tensor]
    sampling: Sampling
    candidates: int
    max_length: int
    seed: int
    report: Callable[[int, int], None]


class Decoder:
    """Generates with a model.

    It goes through the model's layers itself, because a step of transformers' own forward pass repeats the cached keys
    and values for each group of query heads, and computes scores for the words of the base model, of which an SVG
    has none. What it computes is the same.

    Args:
        model: The model.
        vocabulary: Its vocabulary.
        compile_blocks: Whether what is between two attentions is compiled on a GPU, once for all layers.
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
        compiled = compile_blocks and self.device.type != "cpu"
        self._before: Any = torch.compile(_before_attention, dynamic=False) if compiled else _before_attention
        self._after: Any = torch.compile(_after_attention, dynamic=False) if compiled else _after_attention

    def generate(self, prompt: Prompt) -> list[list[int]]:
        """Generate SVGs for one prompt. The same prompt gives the same tokens on the same machine.

        Returns:
            The tokens of each SVG, up to and with its end.

        Raises:
            BadOptions: `max_length` is too small for one path.
            GeneratorError: The model's scores are not finite.
            Exception: What `report` raises.
        """
        ((_, made),) = self.generate_together([prompt])
        if isinstance(made, Exception):
            raise made
        return made

    @torch.no_grad()
    def generate_together(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, list[list[int]] | Exception]]:
        """Generate SVGs for several prompts, for each what `generate` does.

        On a CPU it is the same, bit for bit, where `products.independent_of_rows` says so of the model's matrices:
        attention is computed for each prompt by itself, and all else row by row.

        Yields:
            The number of each prompt as soon as it is done, and what `generate` would return or raise.
        """
        running: dict[int, _Generation] = {}
        for number, prompt in enumerate(prompts):
            try:
                running[number] = self._begin(prompt)
            except Exception as error:
                yield number, error
        replays = _Replays(self) if self._graphs else None
        while running:
            for number, run in list(running.items()):
                try:
                    rows = self._result(run) if self._is_over(run) else None
                except Exception as error:
                    del running[number]
                    yield number, error
                else:
                    if rows is not None:
                        del running[number]
                        yield number, rows
            if not running:
                break
            runs = list(running.values())
            if replays is not None:
                replays.step(runs)
            else:
                self._step(runs, [run.next_length for run in runs])
            for run in runs:
                run.count += 1

    def cached_bytes(self, prompt: Prompt) -> int:
        """Bytes of the keys and values that are held for a prompt while it is worked on."""
        text: Any = self.model.config.get_text_config()
        width = text.hidden_size // text.num_attention_heads
        cached = 2 * text.num_hidden_layers * text.num_key_value_heads * width * self.model.dtype.itemsize
        return int(cached * prompt.candidates * (prompt.inputs["input_ids"].shape[1] + prompt.max_length + _ALIGNED))

    def matrices(self) -> list[Any]:
        """A module of each shape that a step multiplies by, and the tensor of the SVG's scores."""
        layer: Any = self.model.model.language_model.layers[0]
        attention, mlp = layer.self_attn, layer.mlp
        modules = [attention.q_proj, attention.k_proj, attention.o_proj, mlp.gate_proj, mlp.down_proj]
        return [*modules, self._head]

    @property
    def _head(self) -> Tensor:
        weight: Tensor = self.model.lm_head.weight[self.vocabulary.base :]
        return weight

    def _begin(self, prompt: Prompt) -> _Generation:
        check_max_length(prompt.max_length)
        inputs = {name: tensor.to(self.device) for name, tensor in prompt.inputs.items()}
        run = _Generation(self, prompt, inputs["input_ids"].shape[1])
        with self._watched(prompt.report):
            scores = self._prefill(inputs, run)
        run.choose(scores)
        return run

    def _is_over(self, run: _Generation) -> bool:
        if run.count >= run.max_length:
            return True
        if run.count % _LOOK_EVERY and self._graphs:
            return False
        run.report(run.count, run.paths())
        return run.ended() or not run.sound()

    def _result(self, run: _Generation) -> list[list[int]]:
        if not run.sound():
            raise GeneratorError(
                "the model computes NaN or infinity, so its weights are perhaps damaged. Check them with "
                "`spectacle weights --verify`, or prepare them again."
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
        """Compute the prompt, put its keys and values into the cache of every SVG, and score the first token."""
        model = self.model.model
        ids = inputs["input_ids"]
        positions = torch.arange(ids.shape[1], device=self.device).expand(3, 1, -1)
        if "image_grid_thw" in inputs:
            positions, delta = model.get_rope_index(
                ids, inputs["mm_token_type_ids"], image_grid_thw=inputs["image_grid_thw"]
            )
            run.position_delta.copy_(delta[0, 0])
        cache = DynamicCache(config=self.model.config.get_text_config())
        output = model(**inputs, position_ids=positions, use_cache=True, **{_CACHE: cache})
        layers: Any = cache.layers
        for layer, keys, values in zip(layers, run.keys, run.values, strict=True):
            _fill(keys, layer.keys)
            _fill(values, layer.values)
        scores: Tensor = self._scores(output.last_hidden_state[:, -1])
        return scores.expand(run.candidates, -1)

    def _scores(self, hidden: Tensor) -> Tensor:
        """Scores of the SVG's tokens alone."""
        return product(self._head, hidden).float()

    def _capture(self, runs: Sequence[_Generation], windows: Sequence[int]) -> torch.cuda.CUDAGraph:
        before = [run.snapshot() for run in runs]
        stream: Any = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream(self.device))
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UP):
                self._step(runs, windows)
                for run, state in zip(runs, before, strict=True):
                    run.restore(state)
        torch.cuda.current_stream(self.device).wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            self._step(runs, windows)
        return graph

    def _step(self, runs: Sequence[_Generation], windows: Sequence[int]) -> None:
        """Compute the newest token of every SVG, and choose the next one.

        Args:
            runs: The prompts that are worked on.
            windows: How many cached tokens each attends to.
        """
        text = self.model.model.language_model
        # What is compiled is compiled for one number of SVGs, which changes all the time among several prompts.
        before, after = (self._before, self._after) if len(runs) == 1 else (_before_attention, _after_attention)
        hidden = text.embed_tokens(_joined([run.token for run in runs])).unsqueeze(1)
        where = [(run.length + run.position_delta).expand(3, run.candidates, 1) for run in runs]
        cos, sin = text.rotary_emb(hidden, _joined(where, 1))
        biases = [run.bias(window) for run, window in zip(runs, windows, strict=True)]
        heads = [run.keys[0].shape[0] for run in runs]
        for number, layer in enumerate(text.layers):
            parts: Any = (each.split(heads) for each in before(layer, hidden, cos, sin))
            attended = [
                run.attend(number, query, key, value, window, bias)
                for run, (query, key, value), window, bias in zip(
                    runs, zip(*parts, strict=True), windows, biases, strict=True
                )
            ]
            hidden = after(layer, hidden, _joined(attended))
        scores: Any = self._scores(_normal(text.norm, hidden)[:, 0])
        for run, mine in zip(runs, scores.split([run.candidates for run in runs]), strict=True):
            run.length += 1
            run.choose(mine)

    def _trimmed(self, rows: Sequence[Sequence[int]]) -> list[list[int]]:
        """The rows without what follows their end."""
        ends = self.vocabulary.ends
        lengths = (next((at + 1 for at, token in enumerate(row) if at and token in ends), len(row)) for row in rows)
        return [list(row[:length]) for row, length in zip(rows, lengths, strict=True)]


class _Replays:
    """Steps on a GPU: a graph is captured for what is worked on, and again when prompts or windows change."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._graph: torch.cuda.CUDAGraph | None = None
        self._runs: list[_Generation] = []
        self._windows: list[int] = []

    def step(self, runs: list[_Generation]) -> None:
        """Do a step for these."""
        outgrown = any(run.next_length > window for run, window in zip(runs, self._windows, strict=False))
        if self._graph is None or runs != self._runs or outgrown:
            self._runs = runs
            self._windows = [min(math.ceil(run.next_length / _WINDOW) * _WINDOW, run.capacity) for run in runs]
            self._graph = self._decoder._capture(runs, self._windows)
        self._graph.replay()


class _Generation:
    """The tensors of one prompt, which stay where they are so that a captured graph finds them.

    Attributes:
        count: How many tokens each SVG has, as the host knows it.
    """

    def __init__(self, decoder: Decoder, prompt: Prompt, prompt_length: int) -> None:
        text: Any = decoder.model.config.get_text_config()
        device = decoder.device
        candidates, max_length, sampling = prompt.candidates, prompt.max_length, prompt.sampling
        self.report = prompt.report
        self.sampling = sampling
        self.candidates = candidates
        self.max_length = max_length
        self.count = 1
        self._prompt_length = prompt_length
        self.capacity = math.ceil((prompt_length + max_length - 1) / _ALIGNED) * _ALIGNED
        self._vocabulary = decoder.vocabulary
        self._grammar = decoder._grammar
        # The keys and values of an SVG follow each other head by head, as a batched product needs them.
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
        generator = torch.Generator().manual_seed(prompt.seed)
        drawn = torch.empty(max_length, candidates, min(sampling.top_k, columns)).exponential_(generator=generator)
        # A chance of nothing divided by a zero would be chosen.
        self._noise = drawn.clamp_(min=torch.finfo(drawn.dtype).tiny).to(device)

    @property
    def next_length(self) -> int:
        """How many tokens are cached after the next step."""
        return self._prompt_length + self.count

    def bias(self, window: int) -> Tensor:
        """What is added to the scores of so many cached tokens, to hide those that are not there yet."""
        unseen = torch.arange(window, device=self.length.device) > self.length
        return torch.zeros(window, device=self.length.device).masked_fill(unseen, -torch.inf)

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, window: int, bias: Tensor) -> Tensor:
        """Cache the newest token's key and value, and attend to what is cached: shape (SVGs, 1, width of all heads)."""
        keys, values = self.keys[layer], self.values[layer]
        keys.index_copy_(1, self.length, key)
        values.index_copy_(1, self.length, value)
        return _attend(query, keys[:, :window], values[:, :window], bias).reshape(self.candidates, 1, -1)

    def choose(self, scores: Tensor) -> None:
        """Sample the next token of every SVG from `scores`, shape (candidates, tokens of SVGs)."""
        sampling = self.sampling
        scores = self._grammar.constrain(self._penalised(scores), self._state, self.max_length - self._done)
        likeliest, columns = _largest(scores, self._noise.shape[-1])
        likeliest = likeliest / sampling.temperature
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

    def _penalised(self, scores: Tensor) -> Tensor:
        """The scores with those of tokens that an SVG has already made less."""
        penalty = self.sampling.repetition_penalty
        if scores.device.type != "cpu":
            # In a captured graph every step has the same shapes.
            return torch.where(self._seen, torch.where(scores > 0, scores / penalty, scores * penalty), scores)
        if not (done := int(self._done)):
            return scores
        columns = self._ids[:done].T - self._vocabulary.base
        found = scores.gather(1, columns)
        return scores.scatter_(1, columns, torch.where(found > 0, found / penalty, found * penalty))

    def ids(self) -> list[list[int]]:
        """The tokens of every SVG; what follows the end means nothing."""
        rows: list[list[int]] = self._ids.T.tolist()
        return rows

    def paths(self) -> int:
        """How many paths all SVGs have by now: each is finished by its colour."""
        colours = self._vocabulary.colours
        return int(((self._ids >= colours.start) & (self._ids < colours.stop)).sum())

    def sound(self) -> bool:
        """Whether there was a finite score to choose by in every step of every SVG."""
        return bool(self._sound)

    def ended(self) -> bool:
        """Whether every SVG has ended."""
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


def _largest(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The largest scores of each row and their columns, largest first; on a CPU by way of the best parts of a row."""
    columns = scores.shape[1]
    parts = columns // _PART
    if scores.device.type != "cpu" or 4 * count > parts:
        values, found = scores.topk(count)
        return values, found
    split: Any = scores[:, : parts * _PART]
    whole: Tensor = split.unflatten(1, (parts, _PART))
    best = whole.amax(-1).topk(count).indices.unsqueeze(-1)
    inside = whole.gather(1, best.expand(-1, -1, _PART)).flatten(1)
    where = (best * _PART + torch.arange(_PART)).flatten(1)
    rest = torch.arange(parts * _PART, columns).expand(len(scores), -1)
    values, places = torch.cat([inside, scores[:, parts * _PART :]], 1).topk(count)
    return values, torch.cat([where, rest], 1).gather(1, places)


def _joined(parts: Sequence[Tensor], dim: int = 0) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts), dim)


def _fill(cache: Tensor, prompt: Tensor) -> None:
    """Copy the prompt's keys or values, shape (1, heads, tokens, width), for every SVG."""
    _, heads, tokens, width = prompt.shape
    cache.view(-1, heads, cache.shape[1], width)[:, :, :tokens] = prompt


def _normal(norm: Any, hidden: Tensor) -> Tensor:
    """What the module computes, in one kernel."""
    return rms_norm(hidden, norm.weight.shape, norm.weight, norm.variance_epsilon)


def _before_attention(layer: Any, hidden: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Query, key and value of one token: shapes (SVGs · key heads, query heads of each, width), and 1 for keys."""
    attention = layer.self_attn
    normal = _normal(layer.input_layernorm, hidden)
    projected: Any = (product(each, normal) for each in (attention.q_proj, attention.k_proj, attention.v_proj))
    query, key, value = (each.unflatten(-1, (-1, attention.head_dim)).transpose(1, 2) for each in projected)
    query, key = apply_rotary_pos_emb(query, key, cos, sin)
    key_heads = key.shape[0] * key.shape[1]
    return query.reshape(key_heads, -1, attention.head_dim), key.flatten(0, 1), value.flatten(0, 1)


def _attend(query: Tensor, keys: Tensor, values: Tensor, bias: Tensor) -> Tensor:
    scores = torch.bmm(query, keys.transpose(1, 2)).float() * query.shape[-1] ** -0.5
    weights = (scores + bias).softmax(-1).to(values.dtype)
    return torch.bmm(weights, values)


def _after_attention(layer: Any, hidden: Tensor, attended: Tensor) -> Tensor:
    hidden = hidden + product(layer.self_attn.o_proj, attended)
    normal = _normal(layer.post_attention_layernorm, hidden)
    mlp = layer.mlp
    gated: Tensor = mlp.act_fn(product(mlp.gate_proj, normal)) * product(mlp.up_proj, normal)
    return hidden + product(mlp.down_proj, gated)
