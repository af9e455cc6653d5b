"""What signing a result costs: milliseconds and bytes for a 1024x1024 image of each format.

    python benchmarks/provenance.py [--rounds N]

The images are made by the built-in generator, and a photograph-like one of noise on a gradient. The first signature,
which loads the library, is told apart. Writes nothing but a table.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from spectacle.config import ProvenanceSettings
from spectacle.generators.base import Artifact, Device, Job, MediaType
from spectacle.generators.illustration import Illustration
from spectacle.signing.certificates import make_certificates
from spectacle.signing.signer import Ingredient, ResultSigner, Statement
from spectacle.svg import Rasteriser
from spectacle.worker.encoding import FORMATS
from spectacle.worker.results import Provenance, ResultFile, Wanted, finish

SIDE = 1024
PROMPT = "two red foxes and a snowman in front of a wooden house in the mountains, snow is falling, evening"


class _Silent:
    """A job that nobody watches."""

    def progress(self, step: int, steps: int, note: str = "") -> None:
        """Nothing."""

    def check(self) -> None:
        """Nothing."""


def photograph() -> Image.Image:
    """An image that compresses like a photograph."""
    random = np.random.default_rng(0)
    ramp = np.linspace(0, 200, SIDE)[:, None, None] + np.zeros((1, SIDE, 3))
    return Image.fromarray(np.clip(ramp + random.integers(0, 12, (SIDE, SIDE, 3)), 0, 255).astype("uint8"))


def made_by(artifact: Artifact, wanted: Wanted, rasteriser: Rasteriser) -> ResultFile:
    """The primary file of a result."""
    about = Provenance(
        prompt=PROMPT, generator="illustration", model="composition", revision=None, preset=None, kind="picture",
        seed=7, width=SIDE, height=SIDE, options={}, notes=(), request_digest="0" * 64, version="0",
    )  # fmt: skip
    return finish([artifact], about, wanted, rasteriser=rasteriser)[-1]


def measure(signer: ResultSigner, file: ResultFile, ingredients: tuple[Ingredient, ...], rounds: int) -> str:
    """One line of the table."""
    about = file.metadata
    statement = Statement(file.media_type, about.source_type, about.details, ingredients)
    seconds, size = [], 0
    for _ in range(rounds):
        began = time.perf_counter()
        size = len(signer.sign(file.content, statement)) - len(file.content)
        seconds.append(time.perf_counter() - began)
    median, least = statistics.median(seconds) * 1000, min(seconds) * 1000
    return f"{len(file.content) / 1024:.0f} KiB | {median:.1f} ms | {least:.1f} ms | {size / 1000:.1f} kB |"


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder, Rasteriser() as rasteriser:
        home = Path(folder)
        make_certificates(home)
        signer = ResultSigner(ProvenanceSettings(certificate=home / "certificate.pem", key=home / "key.pem"))
        generator = Illustration()
        generator.load(Device())
        (drawn,) = generator.generate(
            Job(PROMPT, SIDE, SIDE, 7, MediaType.SVG, Illustration.Options()), _Silent()
        )  # fmt: skip
        images = {"illustration": drawn, "photograph": Artifact(photograph())}
        first = made_by(drawn, Wanted(MediaType.SVG), rasteriser)
        began = time.perf_counter()
        signer.sign(first.content, Statement(first.media_type, first.metadata.source_type, {}))
        print(f"first signature: {(time.perf_counter() - began) * 1000:.0f} ms")
        source = Ingredient(
            "parentOf", "input image", "image/png", made_by(images["photograph"], Wanted(), rasteriser).content
        )
        print("| image | format | ingredients | file | median | least | added |\n|---|---|---|---|---|---|---|")
        for name, artifact in images.items():
            wanted = {form: Wanted(form=each) for form, each in FORMATS.items()}
            if name == "illustration":
                wanted["svg"] = Wanted(MediaType.SVG)
            for form, files in wanted.items():
                file = made_by(artifact, files, rasteriser)
                for ingredients in ((), (source,)):
                    print(f"| {name} | {form} | {len(ingredients)} | {measure(signer, file, ingredients, rounds)}")
        signer.close()


if __name__ == "__main__":
    main()
