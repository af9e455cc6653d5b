"""For what the installed torch is made, without importing it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.machinery import PathFinder
from pathlib import Path


def torch_build(path: Sequence[str] | None = None) -> str:
    """For what the installed torch is made: `cu126`, `rocm6.4`, `xpu`, `cpu`; empty where it does not say.

    The version of its distribution says so only where it comes from PyTorch's own index. Those of PyPI, of conda and of
    Linux distributions have it in a module of torch, which is read, not imported.

    Args:
        path: Where torch is looked for; None for where modules are imported from.
    """
    found = PathFinder.find_spec("torch", path)
    if found is None or not found.origin:
        return ""
    try:
        text = (Path(found.origin).parent / "version.py").read_text(encoding="utf-8")
    except OSError:
        return ""
    told: dict[str, str] = dict(
        re.findall(r"^(__version__|cuda|hip|xpu)\b[^=\n]*= *(?:'([^'\n]*)'|None)", text, re.MULTILINE)
    )
    local = told.pop("__version__", "").partition("+")[2]
    if not told:
        return local
    if told.get("xpu"):
        return "xpu"
    if hip := told.get("hip"):
        return "rocm" + ".".join(hip.split(".")[:2])
    return "cu" + told["cuda"].replace(".", "") if told.get("cuda") else "cpu"
