"""The file that RunPod's Hub looks for: starts the worker, as `spectacle runpod` does."""

from __future__ import annotations

import sys

from spectacle.cli import main

if __name__ == "__main__":
    main(["runpod", *sys.argv[1:]], prog_name="spectacle")
