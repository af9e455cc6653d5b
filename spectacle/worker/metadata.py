"""The metadata of a result in the forms that files hold: JSON, XMP, and what other image tools read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from spectacle.errors import one_line
from spectacle.provenance import NAMESPACE
from spectacle.svg.clean import escape_text

KEPT_IN_MINIMAL = (
    "generator", "preset", "model", "revision", "licence", "width", "height", "candidate", "version",
    "visible_mark",
)  # fmt: skip
"""Fields that the option `metadata: "minimal"` leaves: what made the image, and nothing of what was asked for."""

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
"""The IPTC vocabulary "Digital Source Type"."""

_SOURCE_TYPES = {
    "composition": "algorithmicMedia",
    "edit": "compositeWithTrainedAlgorithmicMedia",
    "trace": "algorithmicallyEnhanced",
}
"""Terms of that vocabulary by the fact `engine`; whatever else makes an image is a trained model."""
_MAX_TITLE = 80
# Characters that JSON leaves as they are but that UTF-8 or XML 1.0 cannot hold, and the C1 controls.
_UNWRITABLE = re.compile("[\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SEPARATING = re.compile("[,:\n]")
# What other image tools call the settings, and the names of ours, the first that is set counts.
_PARAMETERS = {
    "Steps": ("num_inference_steps", "steps"),
    "Sampler": ("sampler", "scheduler"),
    "CFG scale": ("true_cfg_scale", "guidance_scale"),
}


class Metadata:
    """What the files of one result say of its making.

    Args:
        details: The fields.
        minimal: Whether to omit the prompt, the options and all else that tells what was asked for.

    Attributes:
        details: The fields that are told.
        minimal: As above.
        source_type: How the image came about, as a URL of the IPTC vocabulary: by rules, by a model, or out of the
            client's image.
    """

    def __init__(self, details: Mapping[str, Any], *, minimal: bool = False) -> None:
        term = _SOURCE_TYPES.get(details["facts"].get("engine"), "trainedAlgorithmicMedia")
        self.source_type = SOURCE_TYPE + term
        self.minimal = minimal
        kept = {name: details[name] for name in KEPT_IN_MINIMAL if name in details}
        self.details = {**kept, "metadata": "minimal"} if minimal else dict(details)

    @property
    def software(self) -> str:
        """Name and version of what made it."""
        return f"Spectacle {self.details['version']}"

    @property
    def title(self) -> str:
        """The beginning of the prompt, empty when that is left out."""
        line = _plain(one_line(self.details.get("prompt", "")))
        return line if len(line) <= _MAX_TITLE else line[: _MAX_TITLE - 1] + "…"

    @property
    def json(self) -> str:
        """The fields as JSON in characters that PNG and XML can hold; what is not JSON is described in words."""
        text = json.dumps(self.details, ensure_ascii=False, separators=(",", ":"), default=str)
        return _UNWRITABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)

    @property
    def making(self) -> str:
        """The JSON as an XML element."""
        return f'<s:making xmlns:s="{NAMESPACE}">{escape_text(self.json)}</s:making>'

    @property
    def parameters(self) -> str:
        """The fields as AUTOMATIC1111's web UI writes them, which most tools read; empty when they are left out."""
        if self.minimal:
            return ""
        details = self.details
        known = {**details["options"], **details["facts"]}
        lines = [details["prompt"]]
        if known.get("negative_prompt"):
            lines.append(f"Negative prompt: {known['negative_prompt']}")
        values = {
            label: next((known[name] for name in names if name in known), None) for label, names in _PARAMETERS.items()
        }
        settings = {label: value for label, value in values.items() if value is not None} | {
            "Seed": details["seed"],
            "Size": f"{details['width']}x{details['height']}",
            "Model": details["model"],
            "Version": self.software,
        }
        lines.append(", ".join(f"{label}: {_quoted(str(value))}" for label, value in settings.items()))
        return _plain("\n".join(lines))

    def xmp(self, *, with_making: bool = False, extended: str = "") -> str:
        """XMP that marks the result as made by a machine, and names its licence.

        Args:
            with_making: Whether to put the fields into it, for formats that have no better place.
            extended: Digest of further XMP that the file holds, as JPEG needs for more than 64 KiB.
        """
        licence = self.details.get("licence")
        rights = (
            '<dc:rights xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:Alt>'
            f'<rdf:li xml:lang="x-default">{escape_text(_xml(licence))}</rdf:li></rdf:Alt></dc:rights>'
            if licence
            else ""
        )
        note = (
            f'<xmpNote:HasExtendedXMP xmlns:xmpNote="http://ns.adobe.com/xmp/note/">{extended}</xmpNote:HasExtendedXMP>'
            if extended
            else ""
        )
        return (
            '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
            ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
            f"<xmp:CreatorTool>{escape_text(self.software)}</xmp:CreatorTool>"
            f"<Iptc4xmpExt:DigitalSourceType>{self.source_type}</Iptc4xmpExt:DigitalSourceType>"
            f"{rights}{note}{self.making if with_making else ''}"
            "</rdf:Description></rdf:RDF></x:xmpmeta>"
        )

    @property
    def further_xmp(self) -> str:
        """XMP that holds the fields alone."""
        return (
            '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            f'<rdf:Description rdf:about="">{self.making}</rdf:Description></rdf:RDF></x:xmpmeta>'
        )

    def xmp_packet(self, *, with_making: bool = False, extended: str = "") -> str:
        """The same with the processing instructions around it, by which it is found in a file."""
        xmp = self.xmp(with_making=with_making, extended=extended)
        return f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>{xmp}<?xpacket end="r"?>'


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if _SEPARATING.search(value) else value


def _plain(text: str) -> str:
    """`text` without what a PNG text chunk cannot hold."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _xml(text: object) -> str:
    """`text` without what XML cannot hold."""
    return _NOT_XML.sub("", str(text))
