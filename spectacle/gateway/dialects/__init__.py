"""The dialects that the gateway speaks, a module each. None knows another."""

from spectacle.gateway.dialects.a1111 import A1111
from spectacle.gateway.dialects.huggingface import HUGGING_FACE
from spectacle.gateway.dialects.native import NATIVE
from spectacle.gateway.dialects.omnisvg import OMNISVG
from spectacle.gateway.dialects.openai import OPENAI
from spectacle.gateway.dialects.qwen_image_edit import QWEN_IMAGE_EDIT
from spectacle.gateway.dialects.runpod import RUNPOD
from spectacle.gateway.dialects.supersvg import SUPERSVG

DIALECTS = (NATIVE, OPENAI, A1111, OMNISVG, RUNPOD, SUPERSVG, QWEN_IMAGE_EDIT, HUGGING_FACE)
"""Every dialect."""

__all__ = ["DIALECTS", "NATIVE"]
