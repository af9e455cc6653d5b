"""What User-Mode Linux needs to run on CPUs that are newer than it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")


def has_large_registers() -> bool:
    """Whether this CPU has more registers than User-Mode Linux knows, so that it needs what `SOURCE` does."""
    return "amx_tile" in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").split()


def environment_in(folder: Path) -> dict[str, str]:
    """The environment in which `linux.uml` runs on this CPU; what it loads is compiled into a folder, once."""
    if not has_large_registers():
        return dict(os.environ)
    library = folder / "user_mode_linux.so"
    if not library.exists():
        subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", library, SOURCE], check=True, timeout=60)
    return {**os.environ, "LD_PRELOAD": str(library)}
