"""The control maps that the modes 13 to 16 of `qwen-image-edit` follow."""

from __future__ import annotations

from spectacle.errors import BadOptions
from spectacle.generators.base import Job, Resources
from spectacle.generators.control_maps.maps import ControlMap, MapKind, settle_map
from spectacle.generators.control_maps.recognise import Look, look_of
from spectacle.generators.qwen_image_edit.modes import EditMode, mode_of
from spectacle.generators.qwen_image_edit.options import QwenImageEditOptions

_SKETCH = 16
_MADE: dict[int, MapKind] = {13: "depth", 14: "canny", 15: "pose", _SKETCH: "sketch"}
"""What is made of an ordinary image, by the number of the mode."""


def control_for(job: Job, options: QwenImageEditOptions, resources: Resources) -> ControlMap | None:
    """The control map of a job, None for a job without a control image or without a mode that uses it.

    Raises:
        BadOptions: When the options say something of a control image that is not used.
        WeightsMissing: When a map is asked for whose model is not on this machine.
        BadAttachment: When a pose is asked for, and nobody is in the image.
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
    if mode.number == _SKETCH and options.control_is is None and look_of(job.control) is Look.DRAWING:
        return ControlMap(job.control, None)  # a sketch is what this mode asks for
    return settle_map(job.control, options, resources, default=_MADE.get(mode.number))
