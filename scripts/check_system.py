"""Says which Debian package is missing, before something fails less plainly."""

import ctypes.util
import sys

NEEDED = {"cairo": "libcairo2"}

missing = [package for library, package in NEEDED.items() if ctypes.util.find_library(library) is None]
if missing:
    print(f"Missing system libraries. On Debian or Ubuntu: sudo apt-get install {' '.join(missing)}", file=sys.stderr)
    print("On macOS: brew install cairo. With conda: conda install -c conda-forge cairo", file=sys.stderr)
    sys.exit(1)
