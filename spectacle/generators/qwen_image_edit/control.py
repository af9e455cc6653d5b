"""The control maps that the modes 13 to 16 of `qwen-image-edit` follow."""

from __future__ import annotations

from spectacle.errors import BadOptions
from spectacle.generators.base import Job, Resources
from spectacle.generators.control_maps.maps import ControlMap, MapKind, settle_map
from spectacle.generators.control_maps.recognise import Look, look_of
from spectacle.generators.qwen_image_edit.modes import EditMode, mode_of
from spectacle.generators.qwen_image_edit.options import QwenImageEditOptions

_SKETCH = 16
_POSE = 15
_MADE: dict[int, MapKind] = {13: "depth", 14: "canny", _SKETCH: "sketch"}
"""What is made of an ordinary image, by the number of the mode."""


def control_for(job: Job, options: QwenImageEditOptions, resources: Resources) -> ControlMap | None:
    """The control map of a job, None for a job without a control image or without a mode that uses it.

    Raises:
        BadOptions: When a pose is to be told from an ordinary image.
        WeightsMissing: When depth is asked for and its model is not on this machine.
    """
    mode = None if options.mode is None else mode_of(options.mode)
    if job.control is None or mode is None or not mode.control:
        if options.control_is is not None or options.control_map is not None:
            name = "control_is" if options.control_is is not None else "control_map"
            raise BadOptions(f"{name}: needs a control image and a mode from 13 to 16. Omit it.", option=name)
        return None
    return _settled(job, mode, options, resources)


def _settled(job: Job, mode: EditMode, options: QwenImageEditOptions, resources: Resources) -> ControlMap:
    assert job.control is not None
    if options.control_map is None and mode.number == _POSE:
        if options.control_is == "picture":
            raise BadOptions(
                f"`control_is = picture`: {mode} needs a ready map of a pose, because there is no detector of poses. "
                "Attach one, or use another mode.",
                option="control_is",
            )
        return ControlMap(job.control, None)
    if mode.number == _SKETCH and options.control_is is None and look_of(job.control) is Look.DRAWING:
        return ControlMap(job.control, None)  # a sketch is what this mode asks for
    return settle_map(job.control, options, resources, default=_MADE.get(mode.number))
