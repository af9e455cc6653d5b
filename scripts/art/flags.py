"""The flags of countries and of some unions as raw drawings, each on a pole."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator

from .sources import Packages, Raw, tidy

NAMES = {
    "us": "united states", "gb": "united kingdom", "cd": "congo", "tr": "turkey", "ci": "ivory coast", "va": "vatican", "ps": "palestine",
    "tl": "east timor", "bn": "brunei", "eu": "europe", "cv": "cape verde", "fm": "micronesia", "un": "united nations", "gb-wls": "wales",
    "gb-eng": "england", "gb-sct": "scotland", "es-ct": "catalonia", "xk": "kosovo", "cw": "curacao",
}  # fmt: skip
"""Codes to plainer names than the package's, and those kept that are no country of ISO 3166."""
LEFT_OUT = frozenset(
    ("um", "bq", "sj", "hm", "io", "tf", "bv", "gs", "sh", "wf", "pm", "mf", "bl", "gp", "mq", "re", "gf", "yt", "cc", "nf", "tk", "pn", "eh")
)  # fmt: skip
"""Codes of territories that fly another country's flag, or whose flag is too fine to be drawn small."""


def _star(x: float, y: float, r: float) -> str:
    points = [(r * (1 if k % 2 == 0 else 0.382), math.radians(36 * k - 90)) for k in range(10)]
    return "M" + "L".join(f"{x + q * math.cos(a):.1f} {y + q * math.sin(a):.1f}" for q, a in points) + "z"


def _united_states() -> str:
    """Thirteen stripes and fifty stars: the package draws them with markers, which the library does not take."""
    tall = 480 / 13
    stripes = "".join(f'<path d="M0 {k * tall:.1f}h640v{tall:.1f}H0z" fill="#b22234"/>' for k in range(0, 13, 2))
    rows = [(11, 0) if row % 2 == 0 else (10, 1) for row in range(9)]
    stars = "".join(
        _star((column + 1) * 24.3, (row + 1) * 25.8, 10)
        for row, (last, first) in enumerate(rows)
        for column in range(first, last, 2)
    )
    canton = f'<path d="M0 0h292v{7 * tall:.1f}H0z" fill="#3c3b6e"/><path d="{stars}" fill="#fff"/>'
    return f'<path d="M0 0h640v480H0z" fill="#fff"/>{stripes}{canton}'


CLOTHS = {
    "us": _united_states(),
    "rs": '<path d="M0 0h640v160H0z" fill="#c6363c"/><path d="M0 160h640v160H0z" fill="#0c4076"/><path d="M0 320h640v160H0z" fill="#fff"/>',
}
"""Flags drawn here: of the United States, and of Serbia without its arms, as civilians fly it."""


def flags(packages: Packages) -> Iterator[Raw]:
    """A flag for each country of the package; what sticks out of the cloth is cut off."""
    folder = packages.npm("flags")
    for country in sorted(json.loads((folder / "country.json").read_text()), key=lambda one: one["code"]):
        code = country["code"]
        if code in LEFT_OUT or not (country["iso"] or code in NAMES):
            continue
        svg = CLOTHS.get(code) or (folder / f"flags/4x3/{code}.svg").read_text()
        cloth = re.sub(r"^.*?<svg[^>]*>|</svg>\s*$", "", svg, flags=re.DOTALL)
        name = NAMES.get(code) or country["name"].lower()
        body = (
            '<defs><clipPath id="cloth"><path d="M0 0h640v480H0z"/></clipPath></defs>'
            '<rect x="2" y="4" width="7" height="292" rx="3" fill="#8a6a4f"/><circle cx="5.500" cy="5" r="5" fill="#e0b23c"/>'
            f'<g transform="translate(9 10)scale(.3125)"><g clip-path="url(#cloth)">{cloth}</g></g>'
        )
        document = (
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'viewBox="0 0 212 300">{body}</svg>'
        )
        title = f"flag of {name}"
        yield Raw(f"flag:{code}", title, tidy([f"{name} flag", "flag", "country"], title), "flags", document,
                  "flags", "MIT", "Panayiotis Lipiridis")  # fmt: skip
