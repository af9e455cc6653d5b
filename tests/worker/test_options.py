"""What an options file may hold, and what is said when it holds something else."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any, Literal, Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, model_validator

from spectacle.errors import BadOptions
from spectacle.generators.base import GeneratorOptions
from spectacle.worker.options import MAX_DEPTH, MAX_OPTIONS_BYTES, read_options


class Sampler(StrEnum):
    EULER = "euler"
    HEUN = "heun"


class Adapter(BaseModel):
    name: str
    scale: float = Field(1.0, ge=0, le=2)


class Options(GeneratorOptions):
    num_inference_steps: int = Field(8, ge=1, le=100)
    true_cfg_scale: float = Field(1.0, ge=0, le=20)
    negative_prompt: str | None = None
    sampler: Sampler = Sampler.EULER
    fit: Literal["crop", "pad"] = "crop"
    adapters: tuple[Adapter, ...] = ()
    weights: dict[str, Any] = Field({})

    @model_validator(mode="after")
    def _are_possible(self) -> Self:
        if self.fit == "pad" and self.sampler == "heun":
            raise ValueError("pad needs\nthe euler sampler")
        return self


NAMES = (
    "adapters, fit, metadata, negative_prompt, num_inference_steps, output_format, png, previews, progress, quality, "
    "sampler, seed, thumbnail, true_cfg_scale, weights"
)


def read(content: object, defaults: dict[str, Any] | None = None) -> Options:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return read_options(raw, Options, defaults or {})


def refusal(content: object, defaults: dict[str, Any] | None = None) -> str:
    with pytest.raises(BadOptions) as caught:
        read(content, defaults)
    message = caught.value.message
    assert message.isprintable()
    assert len(message) < 600
    message.encode()
    return message


class TestReading:
    def test_an_empty_object_gives_the_generators_defaults(self) -> None:
        assert read({}) == Options()

    def test_values_are_taken_over(self) -> None:
        options = read(
            {
                "seed": 2**63 - 1,
                "true_cfg_scale": 4,
                "sampler": "heun",
                "negative_prompt": "Füchse",
                "adapters": [{"name": "ink", "scale": 0.5}],
            }
        )
        assert (options.seed, options.true_cfg_scale, options.sampler) == (2**63 - 1, 4.0, Sampler.HEUN)
        assert options.negative_prompt == "Füchse"
        assert options.adapters == (Adapter(name="ink", scale=0.5),)

    def test_a_file_with_a_byte_order_mark_is_read(self) -> None:
        assert read(b'\xef\xbb\xbf{"seed": 1}\r\n').seed == 1

    def test_configured_defaults_hold_where_the_file_says_nothing(self) -> None:
        options = read({"seed": 3}, {"seed": 1, "num_inference_steps": 4})
        assert (options.seed, options.num_inference_steps) == (3, 4)

    def test_only_what_was_set_counts_as_set(self) -> None:
        options = read({"seed": 3}, {"num_inference_steps": 4})
        assert options.model_dump(exclude_unset=True) == {"seed": 3, "num_inference_steps": 4}

    def test_null_sets_an_option_back(self) -> None:
        assert read({"seed": None}, {"seed": 1}).seed is None

    def test_nesting_up_to_the_limit_is_read(self) -> None:
        value: Any = 1
        for _ in range(MAX_DEPTH - 2):
            value = [value]
        assert read({"weights": {"a": value[0]}}).weights == {"a": value[0]}


class TestRefusing:
    def test_an_unknown_option_is_answered_with_the_nearest_and_all_valid_ones(self) -> None:
        assert refusal({"num_inference_step": 4}) == (
            f'unknown option "num_inference_step". Did you mean num_inference_steps? Valid options: {NAMES}.'
        )

    def test_an_unknown_option_like_no_other_is_answered_with_all_valid_ones(self) -> None:
        assert refusal({"xyz": 1}) == f'unknown option "xyz". Valid options: {NAMES}.'

    def test_a_value_out_of_range_is_answered_with_the_limit(self) -> None:
        assert refusal({"num_inference_steps": 500}) == (
            f"option num_inference_steps is 500: it must be at most 100. Valid options: {NAMES}."
        )

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"num_inference_steps": "4"}, 'option num_inference_steps is "4": it must be a whole number'),
            ({"num_inference_steps": True}, "option num_inference_steps is true: it must be a whole number"),
            ({"num_inference_steps": 4.5}, "option num_inference_steps is 4.5: it must be a whole number"),
            ({"num_inference_steps": None}, "option num_inference_steps is null: it must be a whole number"),
            ({"progress": "yes"}, 'option progress is "yes": it must be true or false'),
            ({"progress": 1}, "option progress is 1: it must be true or false"),
            ({"seed": -1}, "option seed is -1: it must be at least 0"),
            ({"seed": 2**63}, "option seed is 9223372036854775808: it must be at most"),
            ({"sampler": "eule"}, "option sampler is \"eule\": it must be 'euler' or 'heun'"),
            ({"fit": "stretch"}, "option fit is \"stretch\": it must be 'crop' or 'pad'"),
            ({"negative_prompt": ["a"]}, 'option negative_prompt is ["a"]: it must be text in quotes'),
            ({"adapters": [{"name": "a"}, {"name": "b", "scale": 3}]}, "option adapters[1].scale is 3: it must be"),
            ({"adapters": [{}]}, "option adapters[0].name is missing. Valid options"),
        ],
    )
    def test_an_ill_typed_value_is_answered_with_option_value_and_what_is_allowed(
        self, given: dict[str, Any], said: str
    ) -> None:
        message = refusal(given)
        assert message.startswith(said)
        assert message.endswith(f"Valid options: {NAMES}.")

    def test_options_that_exclude_each_other_are_refused(self) -> None:
        assert refusal({"fit": "pad", "sampler": "heun"}) == (
            f"the options do not fit together: pad needs the euler sampler. Valid options: {NAMES}."
        )

    def test_the_operators_mistake_is_told_from_the_clients(self) -> None:
        assert 'unknown option "stps" in the daemon\'s configuration' in refusal({}, {"stps": 4})
        assert "option seed in the daemon's configuration is" in refusal({}, {"seed": "x"})
        assert "configuration" not in refusal({"seed": "x"}, {"seed": "y"})

    def test_long_names_and_values_are_shortened(self) -> None:
        assert len(refusal({"x" * 60_000: 1})) < 260
        assert len(refusal({"seed": "y" * 60_000})) < 300
        assert len(refusal({"adapters": [{"name": "a", "z" * 1000: 1, "scale": list(range(5000))}]})) < 350

    def test_the_option_is_among_the_details(self) -> None:
        with pytest.raises(BadOptions) as caught:
            read({"seed": "x"})
        assert caught.value.details == {"option": "seed"}

    @pytest.mark.parametrize(
        ("raw", "said"),
        [
            (b"", "is not JSON: Expecting value at line 1 column 1"),
            (b"seed=1", "is not JSON"),
            (b"{'seed': 1}", "is not JSON"),
            (b'{"seed": 1,}', "is not JSON"),
            (b'{"seed": 1} {}', "is not JSON: Extra data at line 1 column 13"),
            (b'{"seed": 01}', "is not JSON"),
            (b'{"seed": "a\nb"}', "is not JSON"),
            (b'{"seed": 1\xff}', "is not UTF-8 text"),
            ('{"seed": 1}'.encode("utf-16"), "is not UTF-8 text"),
            (b"\0" * 10, "is not JSON"),
            (b"[1, 2]", "contains [1, 2], not an object"),
            (b"null", "contains null, not an object"),
            (b'"seed"', 'contains "seed", not an object'),
            (b'{"seed": 1, "seed": 2}', 'option "seed": set twice'),
            (b'{"weights": {"a": 1, "a": 1}}', 'option "a": set twice'),
            (b'{"seed": NaN}', "contains NaN, which is not a valid option value. Use a finite number"),
            (b'{"seed": -Infinity}', "contains -Infinity, which is not a valid option value. Use a finite number"),
            (b'{"true_cfg_scale": 1e999}', "contains 1e999, which is not a valid option value. Use a finite number"),
            (b'{"seed": ' + b"9" * 60_000 + b"}", "9999…, which is too large. Use at most 20 digits"),
            (b'{"seed": -' + b"9" * 21 + b"}", "which is too large. Use at most 20 digits"),
            (b'{"negative_prompt": "\\ud800"}', "an unpaired surrogate"),
            (b'{"\\udfff": 1}', "an unpaired surrogate"),
            (b'{"weights": ' + b"[" * 8 + b"]" * 8 + b"}", "nests more than 8"),
            (b"[" * 60_000, "nests more than 8"),
            (b'{"a":' * 10_000, "nests more than 8"),
            (b'{"seed": 1}' + b" " * MAX_OPTIONS_BYTES, "the limit is 65536"),
        ],
    )
    def test_what_is_no_plain_json_object_is_refused(self, raw: bytes, said: str) -> None:
        assert said in refusal(raw)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
NAMED = st.dictionaries(st.sampled_from(NAMES.split(", ")) | st.text(), JSON_VALUES, max_size=5)


class TestAnything:
    @settings(deadline=None)
    @given(st.binary(max_size=300) | st.text(alphabet='{}[]":,\\ued8019.eE+-NaInfity tru').map(str.encode))
    def test_any_bytes_are_read_or_refused(self, raw: bytes) -> None:
        try:
            read(raw)
        except BadOptions as error:
            assert error.message.isprintable()

    @settings(deadline=None)
    @given(NAMED)
    def test_any_object_is_read_or_refused(self, content: dict[str, Any]) -> None:
        try:
            read(content)
        except BadOptions as error:
            assert error.message.isprintable()
            assert len(error.message) < 600
