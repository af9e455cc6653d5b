"""Poses are found by two models, and drawn as the skeletons that ControlNets know."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from control import Control
from generating import CPU, job, resources
from PIL import Image
from skimage import data
from tiny import put

from spectacle.errors import BadAttachment
from spectacle.generators.control_maps.generator import ControlMapGenerator
from spectacle.generators.control_maps.maps import ControlMapOptions, settle_map
from spectacle.generators.control_maps.pose import JOINTS, PEOPLE, peaks, skeletons
from spectacle.generators.control_maps.recognise import Look, look_of
from spectacle.weights import Store

PHOTO = Image.fromarray(data.astronaut()).resize((120, 90))

STANDING = {
    "nose": (128, 40),
    "left eye": (136, 34),
    "right eye": (120, 34),
    "left ear": (144, 38),
    "right ear": (112, 38),
    "left shoulder": (160, 80),
    "right shoulder": (96, 80),
    "left elbow": (172, 120),
    "right elbow": (84, 120),
    "left wrist": (176, 158),
    "right wrist": (80, 158),
    "left hip": (148, 150),
    "right hip": (108, 150),
    "left knee": (150, 196),
    "right knee": (106, 196),
    "left ankle": (152, 240),
    "right ankle": (104, 240),
}
"""The joints of somebody who stands, in COCO's order."""


def standing() -> np.ndarray:
    return np.array([(*at, 0.9) for at in STANDING.values()])


def test_joints_have_the_colours_of_openpose() -> None:
    drawn = skeletons((256, 256), [standing()])
    # From the drawings of OpenPose's documentation: red nose, orange right shoulder, green left wrist, and so on.
    expected = {
        "nose": (255, 0, 0),
        "right shoulder": (255, 170, 0),
        "right wrist": (170, 255, 0),
        "left shoulder": (85, 255, 0),
        "left wrist": (0, 255, 85),
        "right hip": (0, 255, 170),
        "right ankle": (0, 170, 255),
        "left hip": (0, 85, 255),
        "left ankle": (85, 0, 255),
        "left ear": (255, 0, 85),
    }
    for name, colour in expected.items():
        assert drawn.getpixel(STANDING[name]) == colour, name
    assert drawn.getpixel((128, 80)) == (255, 85, 0)  # the neck, between the shoulders
    assert drawn.getpixel((112, 80)) == (153, 0, 0)  # the limb from there to the right shoulder
    assert drawn.getpixel((10, 10)) == (0, 0, 0)
    assert look_of(drawn) is Look.MAP


def test_joints_that_are_not_sure_are_left_out_with_their_limbs() -> None:
    pose = standing()
    pose[9, 2] = 0.1  # the left wrist
    drawn = skeletons((256, 256), [pose])
    assert drawn.getpixel(STANDING["left wrist"]) == (0, 0, 0)
    assert drawn.getpixel((174, 140)) == (0, 0, 0)
    assert drawn.getpixel(STANDING["left elbow"]) != (0, 0, 0)


def test_peaks_lie_between_the_points_of_a_heat_map() -> None:
    heat = np.zeros((1, 64, 48))
    heat[0, 32, 12], heat[0, 32, 13], heat[0, 31, 12] = 0.8, 0.5, 0.4
    ((x, y, sure),) = peaks(heat)
    assert (x, y, sure) == (pytest.approx(12.75 / 48), pytest.approx(32.25 / 64), 0.8)


def _tiny_people(folder: Path, sure: float) -> None:
    from transformers import RTDetrConfig, RTDetrForObjectDetection, RTDetrResNetConfig

    backbone = RTDetrResNetConfig(
        embedding_size=8, hidden_sizes=[8, 8, 8, 8], depths=[1, 1, 1, 1], out_features=["stage2", "stage3", "stage4"]
    )
    config = RTDetrConfig(
        backbone_config=backbone,
        encoder_hidden_dim=16,
        encoder_in_channels=[8, 8, 8],
        encoder_ffn_dim=16,
        encoder_attention_heads=2,
        d_model=16,
        num_queries=3,
        decoder_in_channels=[16, 16, 16],
        decoder_ffn_dim=16,
        decoder_layers=1,
        decoder_attention_heads=2,
        num_denoising=0,
        id2label={0: "person", 1: "bicycle"},
        label2id={"person": 0, "bicycle": 1},
    )
    model = RTDetrForObjectDetection(config)
    with torch.no_grad():
        for head in model.model.decoder.class_embed:
            head.weight.zero_()
            head.bias.copy_(torch.tensor([sure, -9.0]))
    model.save_pretrained(folder)


def _tiny_joints(folder: Path) -> None:
    from transformers import VitPoseBackboneConfig, VitPoseConfig, VitPoseForPoseEstimation

    backbone = VitPoseBackboneConfig(
        image_size=[64, 48],
        patch_size=[16, 16],
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        out_indices=[1],
    )
    model = VitPoseForPoseEstimation(VitPoseConfig(backbone_config=backbone, num_labels=17))
    with torch.no_grad():
        model.head.conv.bias.fill_(0.9)
    model.save_pretrained(folder)


def pulled(folder: Path, sure: float) -> Store:
    store = Store(folder)
    put(store, PEOPLE.repo, PEOPLE.files, lambda into: _tiny_people(into, sure))
    put(store, JOINTS.repo, JOINTS.files, _tiny_joints)
    return store


def test_poses_come_from_models_that_are_pulled_like_others(tmp_path: Path) -> None:
    missing = ControlMapGenerator.missing_weights("pose", resources(Store(tmp_path / "none"))) or ""
    assert "spectacle pull control-map --preset pose" in missing
    assert {source.licence for source in ControlMapGenerator.weights("pose")} == {"Apache-2.0"}
    known = resources(pulled(tmp_path, 2.0))
    generator = ControlMapGenerator("pose", known)
    generator.load(CPU)
    (artifact,) = generator.generate(job(generator, pictures=(PHOTO,)), Control())
    assert isinstance(artifact.content, Image.Image)
    assert artifact.content.size == PHOTO.size
    assert artifact.facts["control_map"] == "pose"
    assert np.asarray(artifact.content).any()
    generator.unload()
    again = settle_map(PHOTO, ControlMapOptions(control_map="pose", control_is="picture"), known)
    assert again.image.tobytes() == artifact.content.tobytes()


def test_an_image_of_nobody_is_told_so(tmp_path: Path) -> None:
    known = resources(pulled(tmp_path, -4.0))
    with pytest.raises(BadAttachment, match="nobody was found in it"):
        settle_map(PHOTO, ControlMapOptions(control_map="pose", control_is="picture"), known)
