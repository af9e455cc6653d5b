"""The pose of people in an image, drawn as the skeleton that ControlNets were trained on.

RT-DETR finds the people, and ViTPose the joints of each. The skeleton is that of OpenPose with 18 joints, in the order
and the colours that ControlNets expect.
"""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from spectacle.errors import BadAttachment, GeneratorError
from spectacle.generators.diffusion.references import on_white
from spectacle.weights import Source

if TYPE_CHECKING:
    import torch

PEOPLE = Source(
    "PekingU/rtdetr_r18vd_coco_o365", ("config.json", "model.safetensors"), licence="Apache-2.0", size=80_900_000
)
"""Finds people; the licence is that of its model card."""

JOINTS = Source(
    "usyd-community/vitpose-base-simple", ("config.json", "model.safetensors"), licence="Apache-2.0", size=344_000_000
)
"""Finds the joints of a person; the licence is that of its model card."""

_SIDE = 640
"""Pixels of the side of images that RT-DETR was trained with, its `preprocessor_config.json` says."""
_PERSON = 0.3
"""Least probability of a person in the examples of both models."""
_JOINT = 0.3
"""Least height of a heat map where a joint is believed to be, as in the examples of ViTPose."""
_MAX_PEOPLE = 20
_AROUND = 1.25
"""How much more than a person's box ViTPose is shown, as in its training."""
_MEAN, _SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the colours of ImageNet's images, with which ViTPose was trained."""

_FROM_COCO = (0, None, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3)
"""OpenPose's joints by the numbers of COCO's; the neck, which COCO has not, is between the shoulders."""
_SHOULDERS = (5, 6)
_LIMBS = (
    *((1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13)),
    *((1, 0), (0, 14), (14, 16), (0, 15), (15, 17)),
)
_LIMB_LIGHT = 0.6
"""How bright limbs are in comparison with joints."""
_WIDTH = 4 / 512
"""Half the width of limbs and the radius of joints, in parts of the shorter side."""

Pose = np.ndarray
"""The joints of a person in COCO's order: 17 rows of x and y in pixels and how sure they are, 0 to 1."""


class PoseModel:
    """The loaded models, on the CPU.

    Args:
        people: The directory of the one that finds people.
        joints: The directory of the one that finds their joints.

    Raises:
        GeneratorError: When they are damaged or of other models.
    """

    def __init__(self, people: Path, joints: Path) -> None:
        import transformers

        from spectacle.generators.diffusion.loading import check_model, quiet

        quiet()
        kinds: Any = (transformers.RTDetrForObjectDetection, transformers.VitPoseForPoseEstimation)
        for folder, kind in zip((people, joints), kinds, strict=True):
            check_model(folder, kind)
        self._people, self._joints = (
            kind.from_pretrained(folder, use_safetensors=True, local_files_only=True).eval()
            for folder, kind in zip((people, joints), kinds, strict=True)
        )
        labels = {name: number for number, name in self._people.config.id2label.items()}
        if "person" not in labels:
            raise GeneratorError(f"{people / 'config.json'}: knows no label person. Use the weights of {PEOPLE.repo}.")
        self._label = labels["person"]

    def map_of(self, image: Image.Image) -> Image.Image:
        """The skeletons of the people in an image, in its size.

        Raises:
            BadAttachment: When there is nobody in it.
        """
        picture = on_white(image)
        poses = [self._pose(picture, box) for box in self._boxes(picture)]
        if not any((pose[:, 2] >= _JOINT).any() for pose in poses):
            raise BadAttachment(
                "control image: nobody was found in it, so it has no pose. Use an image of people, or another "
                "control_map."
            )
        return skeletons(picture.size, poses)

    def _boxes(self, picture: Image.Image) -> Sequence[tuple[float, float, float, float]]:
        """Centres and sizes of people in pixels, the surest first."""
        import torch

        pixels = _tensor(picture.resize((_SIDE, _SIDE), Image.Resampling.BILINEAR))
        with torch.no_grad():
            seen = self._people(pixel_values=pixels)
        sure = seen.logits[0].sigmoid()[:, self._label]
        order = [int(at) for at in sure.argsort(descending=True)[:_MAX_PEOPLE] if sure[at] >= _PERSON]
        scale = np.array([picture.width, picture.height, picture.width, picture.height])
        return [tuple(seen.pred_boxes[0, at].numpy() * scale) for at in order]

    def _pose(self, picture: Image.Image, box: tuple[float, float, float, float]) -> Pose:
        import torch

        height, width = self._joints.config.backbone_config.image_size
        x, y, wide, high = box
        wide = max(wide, high * width / height) * _AROUND
        high = wide * height / width
        part = picture.transform(
            (width, height),
            Image.Transform.EXTENT,
            (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2),
            Image.Resampling.BILINEAR,
        )
        pixels = (_tensor(part) - torch.tensor(_MEAN)[:, None, None]) / torch.tensor(_SPREAD)[:, None, None]
        with torch.no_grad():
            maps = self._joints(pixel_values=pixels).heatmaps[0].numpy()
        pose = peaks(maps)
        pose[:, 0] = x - wide / 2 + pose[:, 0] * wide
        pose[:, 1] = y - high / 2 + pose[:, 1] * high
        return pose


def peaks(maps: np.ndarray) -> Pose:
    """Where the highest points of heat maps are, in parts of their width and height, and how high they are.

    Each is moved by a quarter of a point to its higher neighbour, as is usual for such maps.

    Args:
        maps: Maps by rows and columns.
    """
    found = np.zeros((len(maps), 3))
    for number, heat in enumerate(maps):
        row, column = np.unravel_index(heat.argmax(), heat.shape)
        high, wide = heat.shape
        x, y = float(column), float(row)
        if 0 < column < wide - 1:
            x += 0.25 * np.sign(heat[row, column + 1] - heat[row, column - 1])
        if 0 < row < high - 1:
            y += 0.25 * np.sign(heat[row + 1, column] - heat[row - 1, column])
        found[number] = (x + 0.5) / wide, (y + 0.5) / high, np.clip(heat[row, column], 0, 1)
    return found


def skeletons(size: tuple[int, int], poses: Sequence[Pose]) -> Image.Image:
    """Skeletons of 18 joints in OpenPose's colours on black; joints that are not sure enough are left out.

    Args:
        size: Width and height in pixels.
        poses: The people, the surest first, which is drawn last.
    """
    import cv2

    canvas = np.zeros((size[1], size[0], 3), dtype=np.uint8)
    radius = max(2, round(min(size) * _WIDTH))
    for pose in reversed(poses):
        joints = [_joint(pose, number) for number in _FROM_COCO]
        for number, (start, end) in enumerate(_LIMBS):
            one, other = joints[start], joints[end]
            if one is not None and other is not None:
                _draw_limb(cv2, canvas, one, other, radius, _colour(number, _LIMB_LIGHT))
        for number, joint in enumerate(joints):
            if joint is not None:
                at = (round(joint[0]), round(joint[1]))
                cv2.circle(canvas, at, radius, _colour(number, 1.0), thickness=-1)
    return Image.fromarray(canvas)


def _joint(pose: Pose, number: int | None) -> tuple[float, float] | None:
    if number is None:
        left, right = (_joint(pose, each) for each in _SHOULDERS)
        return None if left is None or right is None else ((left[0] + right[0]) / 2, (left[1] + right[1]) / 2)
    x, y, sure = pose[number]
    return (float(x), float(y)) if sure >= _JOINT else None


def _draw_limb(
    cv2: Any,
    canvas: np.ndarray,
    one: tuple[float, float],
    other: tuple[float, float],
    radius: int,
    colour: tuple[int, int, int],
) -> None:
    middle = (round((one[0] + other[0]) / 2), round((one[1] + other[1]) / 2))
    along = np.hypot(one[0] - other[0], one[1] - other[1]) / 2
    angle = np.degrees(np.arctan2(other[1] - one[1], other[0] - one[0]))
    cv2.ellipse(canvas, middle, (max(1, round(along)), radius), angle, 0, 360, colour, thickness=-1)


def _colour(number: int, light: float) -> tuple[int, int, int]:
    """The colours go round the circle of hues in 18 steps, from red."""
    red, green, blue = (int(round(channel * 255) * light) for channel in colorsys.hsv_to_rgb(number / 18, 1.0, 1.0))
    return red, green, blue


def _tensor(picture: Image.Image) -> torch.Tensor:
    import torch

    return torch.from_numpy(np.asarray(picture, dtype=np.float32).transpose(2, 0, 1)[None] / 255)
