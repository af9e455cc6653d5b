"""The sixteen edit modes: for each its number, its name, its words around the prompt, and what it needs.

The wording, the parameters and the default steps are those of the editing service of joey3639570/Qwen-Image
(Apache License 2.0), except that a prompt that ends a sentence by itself gets no second full stop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

TRAINED_PICTURES = 3
"""Maximum number of images that Qwen-Image-Edit-2509 and -2511 are documented for."""

Value = str | Sequence[str]


@dataclass(frozen=True, slots=True)
class EditMode:
    """One way of asking for an edit.

    Attributes:
        number: 1 to 16.
        name: What it is called.
        summary: What it is for, in a few words.
        template: The text that the model gets, with `{prompt}`, or `{sentence}` for the prompt with its full stop, and
            the parameters in braces.
        least: Minimum number of input images, not counting the control image.
        most: Most input images, not counting the control image.
        control: What the control image shows; empty when the mode takes none.
        parameters: The options that the template takes, with the values that they have if omitted; None for those
            that must be given.
        pair_template: The text instead of `template` when there are exactly two images, if it differs.
        num_inference_steps: Steps without Lightning, unless the request or the model asks for more.
    """

    number: int
    name: str
    summary: str
    template: str
    least: int = 1
    most: int = TRAINED_PICTURES
    control: str = ""
    parameters: Mapping[str, Value | None] = field(default_factory=lambda: MappingProxyType({}))
    pair_template: str = ""
    num_inference_steps: int = 40

    def __str__(self) -> str:
        return f"mode {self.number} ({self.name})"

    @property
    def pictures(self) -> str:
        """How many input images it takes, in words."""
        span = f"{self.least}" if self.least == self.most else f"{self.least} to {self.most}"
        return f"{span} input image{'' if self.most == 1 else 's'}"


def _controlled(number: int, name: str, control: str, structure: str) -> EditMode:
    return EditMode(
        number,
        name,
        f"follow {control}",
        f"{{sentence}} Follow the {structure}.",
        least=0,
        most=TRAINED_PICTURES - 1,
        control=control,
        num_inference_steps=50,
    )


_ALL = (
    EditMode(
        1,
        "person-person",
        "put people into one scene",
        "{sentence} Multiple people from the input images are arranged in the scene.",
        least=2,
        most=5,
        parameters={"positions": ("left", "right")},
        pair_template="{sentence} The person from the first image is on the {left}, the person from the second image "
        "is on the {right}, facing each other.",
    ),
    EditMode(
        2,
        "person-product",
        "put a person and a product together",
        "{sentence} The person is interacting with the product, maintaining the identity of both.",
        least=2,
    ),
    EditMode(
        3,
        "person-scene",
        "put a person into a scene",
        "{sentence} The person is placed in the scene, maintaining their identity and appearance.",
        least=2,
    ),
    EditMode(
        4,
        "product-product",
        "arrange products together",
        "{sentence} Multiple products are arranged together, maintaining their individual identities.",
        least=2,
        most=5,
    ),
    EditMode(
        5,
        "multi-object",
        "combine things in one scene",
        "{sentence} Multiple objects from the input images are combined in a cohesive scene.",
        least=2,
        most=5,
    ),
    EditMode(
        6,
        "person-consistency",
        "edit, and keep the person's identity",
        "{sentence} Maintain the person's identity: {preserve_features}.",
        parameters={"preserve_features": ("face", "hair", "body")},
    ),
    EditMode(
        7,
        "product-consistency",
        "edit, and keep the product as it is",
        "{sentence} Maintain the product's identity, shape, and key features.",
    ),
    EditMode(
        8,
        "style-transfer",
        "change the style",
        "{sentence} Apply {style} style while maintaining the subject's identity.",
        parameters={"style": "realistic"},
    ),
    EditMode(
        9,
        "text-replace",
        "replace text",
        'Replace "{old_text}" to "{new_text}". {prompt}',
        parameters={"old_text": None, "new_text": None},
        num_inference_steps=50,
    ),
    EditMode(
        10,
        "text-add",
        "add text",
        'Add text "{new_text}" at the {position}. {prompt}',
        parameters={"new_text": None, "position": "center"},
        num_inference_steps=50,
    ),
    EditMode(
        11,
        "text-font",
        "change the font of text",
        "Change text font to {font_type}. {prompt}",
        parameters={"font_type": None},
        num_inference_steps=50,
    ),
    EditMode(
        12,
        "text-color",
        "change the colour of text",
        "Change text color to {color}. {prompt}",
        parameters={"color": None},
        num_inference_steps=50,
    ),
    _controlled(13, "depth-control", "a depth map", "depth map structure"),
    _controlled(14, "edge-control", "an edge map", "edge map structure"),
    _controlled(15, "keypoint-control", "the key points of a pose", "keypoint pose structure"),
    _controlled(16, "sketch-control", "a sketch", "sketch structure"),
)

MODES: Mapping[int, EditMode] = MappingProxyType({mode.number: mode for mode in _ALL})
"""All modes by number."""

NAMES: Mapping[str, EditMode] = MappingProxyType({mode.name: mode for mode in _ALL})
"""All modes by name."""

PARAMETERS: Mapping[str, tuple[EditMode, ...]] = MappingProxyType(
    {
        name: tuple(mode for mode in _ALL if name in mode.parameters)
        for name in dict.fromkeys(name for mode in _ALL for name in mode.parameters)
    }
)
"""The options that only modes take, with the modes that take them."""

_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？")


def mode_of(option: int | str) -> EditMode:
    """The mode of a number or name.

    Raises:
        KeyError: When there is none.
    """
    return NAMES[option] if isinstance(option, str) else MODES[option]


def prompt_for(mode: EditMode, prompt: str, pictures: int, parameters: Mapping[str, Value]) -> str:
    """The text that the model gets.

    Args:
        mode: The mode.
        prompt: The client's prompt.
        pictures: How many input images there are, not counting the control image.
        parameters: Values of the mode's parameters; absent ones have their defaults.

    Raises:
        KeyError: When a parameter without a default is absent.
    """
    values = {**mode.parameters, **parameters}
    words = {name: value if isinstance(value, str) else ", ".join(value) for name, value in values.items() if value}
    if "positions" in mode.parameters:
        words["left"], words["right"] = values["positions"] or ()
    template = mode.pair_template if pictures == 2 and mode.pair_template else mode.template
    sentence = prompt if prompt.endswith(_SENTENCE_ENDS) else f"{prompt}."
    return template.format(prompt=prompt, sentence=sentence, **words)
