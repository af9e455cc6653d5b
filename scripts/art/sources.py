"""The packages the art library is made of: pinned, fetched through their registries, read into raw drawings."""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from .words import WORDS

NPM = {
    "fluent": "@iconify-json/fluent-emoji-flat@1.2.6",
    "noto": "@iconify-json/noto@1.2.9",
    "emojibase": "emojibase-data@17.0.0",
    "cldr": "cldr-annotations-full@48.2.0",
    "fira": "@fontsource/fira-sans@5.3.0",
    "world-atlas": "world-atlas@2.0.2",
    "flags": "flag-icons@7.5.0",
}
OPENCLIPART = "openclipart-svg=1:0.18+dfsg-19"

LICENCES = Path(__file__).parent / "licences"


@dataclass(slots=True)
class Raw:
    """A drawing as its package has it.

    Attributes:
        id: Identity it will have in the library.
        title: What it shows.
        keywords: Further words for it.
        source: `fluent`, `noto`, `clipart`, `flags` or `spectacle`.
        svg: A whole SVG document.
        group: Emojibase group and subgroup, or the openclipart folder.
        licence: SPDX identifier.
        author: Who drew it, where the package says.
    """

    id: str
    title: str
    keywords: list[str]
    source: str
    svg: str
    group: str
    licence: str
    author: str = ""
    extra: dict[str, str] = field(default_factory=dict)


class Packages:
    """The unpacked source packages under a cache folder."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        cache.mkdir(exist_ok=True)

    def npm(self, name: str) -> Path:
        """The folder of one npm package, fetched when it is not there."""
        folder = self.cache / "unpacked" / name
        if not folder.exists():
            spec = NPM[name]
            command = ["npm", "pack", "--silent", "--pack-destination", str(self.cache), spec]
            subprocess.run(command, check=True, capture_output=True)
            archive = spec.lstrip("@").replace("/", "-").replace("@", "-") + ".tgz"
            with tarfile.open(self.cache / archive) as tar:
                tar.extractall(folder, filter="data")
        return folder / "package"

    def openclipart(self) -> Path:
        """The folder of the Debian package's files, fetched when it is not there."""
        folder = self.cache / "unpacked" / "openclipart"
        if not folder.exists():
            if not list(self.cache.glob("openclipart-svg_*.deb")):
                subprocess.run(["apt-get", "download", OPENCLIPART], check=True, cwd=self.cache, capture_output=True)
            archive = next(iter(self.cache.glob("openclipart-svg_*.deb")))
            subprocess.run(["dpkg-deb", "-x", str(archive), str(folder)], check=True)
        return folder / "usr/share"

    def licences(self) -> dict[str, Path]:
        """Licence texts by the names they ship under; the Iconify packages name theirs without carrying the text."""
        return {
            "LICENSE-fluent.txt": LICENCES / "LICENSE-fluent.txt",
            "LICENSE-noto.txt": LICENCES / "LICENSE-noto.txt",
            "LICENSE-emojibase.txt": self.npm("emojibase") / "LICENSE",
            "LICENSE-cldr.txt": self.npm("cldr") / "LICENSE",
            "LICENSE-flag-icons.txt": self.npm("flags") / "LICENSE",
            "LICENSE-openclipart.txt": self.openclipart() / "doc/openclipart-svg/copyright",
        }


def plain_code(code: str) -> str:
    """An emoji's code points without variation selectors, as both sets can be joined by."""
    return "-".join(part for part in code.lower().split("-") if part != "fe0f")


def emoji(packages: Packages, source: str, licence: str, extras: dict[str, str]) -> Iterator[Raw]:
    """The drawings of an Iconify emoji set that show an emoji without a skin tone.

    Args:
        packages: Where the packages are.
        source: `fluent` or `noto`.
        licence: SPDX identifier of the set.
        extras: Icons of the set that are not an emoji of their own but worth having, with their titles.
    """
    names = json.loads((packages.npm("emojibase") / "en/data.json").read_text())
    groups = json.loads((packages.npm("emojibase") / "meta/groups.json").read_text())
    annotations = json.loads((packages.npm("cldr") / "annotations/en/annotations.json").read_text())
    cldr = annotations["annotations"]["annotations"]
    by_code = {plain_code(entry["hexcode"]): entry for entry in names}
    folder = packages.npm(source)
    icons = json.loads((folder / "icons.json").read_text())
    chars = json.loads((folder / "chars.json").read_text())
    author = json.loads((folder / "info.json").read_text())["author"]["name"]
    codes: dict[str, list[str]] = {}
    for code, name in chars.items():
        codes.setdefault(name, []).append(plain_code(code))
    for name, icon in sorted(icons["icons"].items()):
        entry = next((by_code[code] for code in codes.get(name, ()) if code in by_code), None)
        if entry is None and name not in extras:
            continue
        title, keywords, group = extras.get(name, ""), [], "extra"
        if entry is not None:
            if "group" not in entry:
                continue
            title = entry["label"].lower().replace("\u2019", "'")
            known = cldr.get(entry["emoji"]) or cldr.get(entry["emoji"].replace("\ufe0f", "")) or {}
            keywords = [*WORDS.get(title, ()), *known.get("tts", []), *entry.get("tags", []), *known.get("default", [])]
            group = f"{groups['groups'][str(entry['group'])]}/{groups['subgroups'][str(entry['subgroup'])]}"
        width, height = icon.get("width", icons["width"]), icon.get("height", icons["height"])
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'viewBox="0 0 {width} {height}">{icon["body"]}</svg>'
        )
        yield Raw(f"{source}:{name}", title, tidy(keywords, title), source, svg, group, licence, author)


def tidy(keywords: list[str], title: str) -> list[str]:
    """Keywords in lower case, without repeats and without the title itself."""
    lowered = (re.sub(r"\s+", " ", word).strip().lower().replace("\u2019", "'") for word in keywords)
    return list(dict.fromkeys(word for word in lowered if word and word != title))


def clipart_metadata(root: ElementTree.Element) -> tuple[str, list[str], str]:
    """Title, keywords and author that an openclipart file states of itself."""
    dc, rdf = "{http://purl.org/dc/elements/1.1/}", "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
    title = next((e.text.strip() for e in root.iter(dc + "title") if e.text and e.text.strip()), "")
    words = [e.text.strip() for e in root.iter(rdf + "li") if e.text and e.text.strip()]
    creator = next((t.text.strip() for e in root.iter(dc + "creator") for t in e.iter(dc + "title") if t.text), "")
    return title, words, creator
