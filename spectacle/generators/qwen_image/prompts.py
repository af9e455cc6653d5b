"""What the authors of Qwen-Image recommend to add to a prompt, by its language."""

from __future__ import annotations

import re

_CHINESE = re.compile("[\u4e00-\u9fff]")
SUFFIX_ENGLISH = ", Ultra HD, 4K, cinematic composition."
SUFFIX_CHINESE = ", 超清，4K，电影级构图."


def suffix(prompt: str) -> str:
    """The words to add: the Chinese ones to a prompt with a Chinese character in it, the English ones to any other."""
    return SUFFIX_CHINESE if _CHINESE.search(prompt) else SUFFIX_ENGLISH
