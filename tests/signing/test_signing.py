"""What a user may rely on in signed results: who made them is said, and any change since is found."""

from __future__ import annotations

import io
import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from PIL import Image

from spectacle.config import ProvenanceSettings
from spectacle.errors import SigningFailed
from spectacle.generators.base import Device, MediaType
from spectacle.provenance import read_provenance
from spectacle.signing import certificates
from spectacle.signing.certificates import BadCertificate, make_certificates, read_anchors, read_identity
from spectacle.signing.delegated import StandIn, signed_again
from spectacle.signing.signer import ResultSigner, Statement
from spectacle.signing.verifier import SignatureState, verify
from spectacle.svg import Rasteriser
from spectacle.worker.contract import Attachment, JobSpec
from spectacle.worker.engine import Engine
from spectacle.worker.metadata import KEPT_IN_MINIMAL

SIGN = """
import sys
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
key = serialization.load_pem_private_key(open(sys.argv[1], "rb").read(), None)
sys.stdout.buffer.write(key.sign(sys.stdin.buffer.read(), ec.ECDSA(hashes.SHA256())))
"""
"""What `openssl dgst -sha256 -sign KEY` does."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("provenance")
    make_certificates(home)
    return home


@pytest.fixture(scope="module")
def rasteriser() -> Iterator[Rasteriser]:
    with Rasteriser() as rasteriser:
        yield rasteriser


def settings_in(home: Path, **changes: Any) -> ProvenanceSettings:
    return ProvenanceSettings(**{"certificate": home / "certificate.pem", "key": home / "key.pem", **changes})


class Output:
    """Takes the files of a job."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def check(self) -> None:
        """Go on."""

    def progress(self, step: int, steps: int, note: str = "") -> None:
        """Nothing."""

    def started(self, progress: bool, seed: int) -> None:
        """Nothing."""

    def file(self, suffix: str, content: bytes) -> None:
        self.files[suffix] = content


def run(
    rasteriser: Rasteriser,
    settings: ProvenanceSettings,
    options: dict[str, Any] | None = None,
    attachments: tuple[Attachment, ...] = (),
    **changes: Any,
) -> tuple[dict[str, bytes], dict[str, float]]:
    fields: dict[str, Any] = {
        "model": ("test-double", None),
        "stem": "a-1-64x48",
        "kind": "picture",
        "makes": MediaType.PNG,
        "width": 64,
        "height": 48,
        "prompt": "a red fox",
        "notes": (),
        "digest": "ab" * 32,
        "options": options or {},
        "max_input_pixels": 10**6,
        "max_total_input_pixels": 10**7,
        "max_input_bytes": 10**6,
        "attachments": attachments,
    }
    output = Output()
    signer = ResultSigner(settings)
    facts = Engine(Device(), rasteriser, signer=signer, mark=settings.visible_mark).run(
        JobSpec(**{**fields, **changes}), output
    )
    signer.close()
    return output.files, facts


def png() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(content, "PNG")
    return content.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize("form", ["png", "jpeg", "webp", "avif", "svg"])
def test_results_of_every_format_are_signed_and_a_change_of_any_is_found(
    home: Path, rasteriser: Rasteriser, form: str
) -> None:
    options = {"thumbnail": 16} if form == "svg" else {"output_format": form, "thumbnail": 16}
    makes = MediaType.SVG if form == "svg" else MediaType.PNG
    files, _ = run(rasteriser, settings_in(home), {**options, "seed": 2**63 - 1}, makes=makes)
    anchors = read_anchors([home / "root.pem"])
    assert len(files) == 2
    for content in files.values():
        found = verify(content, anchors)
        assert (found.state, found.problems, found.changed) == (SignatureState.TRUSTED, (), ())
        assert found.signer == "Spectacle images"
        assert found.source_type is not None and found.source_type.endswith("/trainedAlgorithmicMedia")
        assert verify(content).state is SignatureState.VALID
    result = list(files.values())[-1]
    making = read_provenance(result)
    assert making["prompt"] == "a red fox"
    assert verify(result, anchors).recipe["seed"] == making["seed"] == 2**63 - 1

    forged = result.replace(b"a red fox", b"a bad fox")
    found = verify(forged, anchors, read_provenance(forged) if form != "avif" else None)
    assert found.state is SignatureState.BROKEN
    assert found.problems
    assert found.changed
    if form in ("png", "svg"):
        assert "the file has changed since it was signed" in found.problems


def test_the_clients_own_image_is_not_signed_as_made(home: Path, rasteriser: Rasteriser) -> None:
    attached = (Attachment("input", "a-1-64x48-input.png", png()),)
    files, _ = run(rasteriser, settings_in(home), {"processed_input": True}, attached)
    states = {suffix: verify(content).state for suffix, content in files.items()}
    assert states == {"-input-processed.png": SignatureState.NONE, ".png": SignatureState.VALID}


def test_a_change_of_the_image_and_one_of_the_metadata_are_told_apart(home: Path, rasteriser: Rasteriser) -> None:
    files, _ = run(rasteriser, settings_in(home))
    content = files[".png"]
    making = read_provenance(content)
    place = content.index(b"IDAT") + 20
    painted = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
    assert verify(painted, making=making).changed == ("the image, or metadata that is not part of the recipe",)
    place = content.index(b'"prompt":"a red fox"')
    forged = content[:place] + b'"prompt":"a big fox"' + content[place + 20 :]
    assert verify(forged, making={**making, "prompt": "a big fox"}).changed == ('prompt: signed as "a red fox"',)
    assert verify(forged, making=None).changed == ("the metadata has been removed",)


@pytest.mark.parametrize("makes", [MediaType.PNG, MediaType.SVG])
def test_a_visible_mark_is_added_before_signing_and_is_part_of_the_statement(
    home: Path, rasteriser: Rasteriser, makes: MediaType
) -> None:
    files, _ = run(rasteriser, settings_in(home, visible_mark="AI"), makes=makes)
    (content,) = files.values()
    found = verify(content, read_anchors([home / "root.pem"]))
    assert found.state is SignatureState.TRUSTED
    assert found.recipe["visible_mark"] == read_provenance(content)["visible_mark"] == "AI"


def test_what_is_not_signed_is_said_to_be_that(home: Path) -> None:
    assert verify(png()).state is SignatureState.NONE
    # Whatever a stranger writes is no reason to fail.
    for content in (png() + b"c2pa", b"c2pa", b"<svg>c2pa</svg>", b"RIFF    WEBPc2pa", b"\xff\xd8\xff c2pa jumb"):
        assert verify(content).state in (SignatureState.NONE, SignatureState.BROKEN)


@pytest.mark.slow
def test_inputs_are_ingredients_whose_own_signatures_are_kept(home: Path, rasteriser: Rasteriser) -> None:
    import c2pa

    first, _ = run(rasteriser, settings_in(home))
    attachments = (
        Attachment("input", "a-1-64x48-input.png", first[".png"]),
        Attachment("input", "a-1-64x48-input2.png", png()),
        Attachment("mask", "a-1-64x48-mask.png", png()),
    )
    for options in ({}, {"metadata": "minimal"}):
        files, _ = run(rasteriser, settings_in(home), options, attachments, prompt="another fox")
        assert verify(files[".png"], read_anchors([home / "root.pem"])).state is SignatureState.TRUSTED
        with c2pa.Reader("image/png", io.BytesIO(files[".png"])) as reader:
            store = json.loads(reader.json())
        active = store["manifests"][store["active_manifest"]]
        found = [(each["title"], each["relationship"]) for each in active["ingredients"]]
        assert found == [("input image", "parentOf"), ("input image", "componentOf"), ("mask image", "inputTo")]
        actions = next(each["data"]["actions"] for each in active["assertions"] if "actions" in each["label"])
        assert [each["action"] for each in actions] == ["c2pa.opened", "c2pa.placed", "c2pa.edited"]
        # The first image was signed itself; what it says is left out with the prompt.
        assert len(store["manifests"]) == (1 if options else 2)
        assert (b"a red fox" in files[".png"]) is (not options)


@pytest.mark.slow
def test_minimal_metadata_keeps_the_prompt_out_of_the_signed_statement(home: Path, rasteriser: Rasteriser) -> None:
    files, _ = run(rasteriser, settings_in(home), {"metadata": "minimal", "thumbnail": 16}, prompt="zebracorn")
    for content in files.values():
        assert b"zebracorn" not in content
        assert set(verify(content).recipe) <= {*KEPT_IN_MINIMAL, "metadata"}


def test_a_statement_costs_less_than_six_kilobytes(home: Path) -> None:
    signer = ResultSigner(settings_in(home))
    details = {"prompt": "a red fox in the snow " * 10, "generator": "qwen-image", "seed": 7, "version": "0.1.0"}
    content = png()
    signed = signer.sign(content, Statement("image/png", "http://example.org/x", details))
    signer.close()
    assert len(signed) - len(content) < 6000


# --- when it cannot be signed -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_cannot_be_signed_is_an_error_or_published_with_a_note_by_setting(
    home: Path, rasteriser: Rasteriser, tmp_path: Path
) -> None:
    false = ("/bin/false",)
    with pytest.raises(SigningFailed, match="/bin/false ended with status 1: it said nothing"):
        run(rasteriser, settings_in(home, key=false))
    files, facts = run(rasteriser, settings_in(home, key=false, on_failure="unsigned"))
    assert facts["unsigned"] == 1
    assert verify(files[".png"]).state is SignatureState.NONE
    (note,) = read_provenance(files[".png"])["notes"]
    assert note.startswith("not signed: provenance.key: /bin/false ended")
    with pytest.raises(SigningFailed, match="cannot be read"):
        run(rasteriser, settings_in(tmp_path))


def test_a_key_may_be_behind_a_command(home: Path, tmp_path: Path) -> None:
    script = tmp_path / "sign.py"
    script.write_text(SIGN)
    signer = ResultSigner(settings_in(home, key=(sys.executable, str(script), str(home / "key.pem"))))
    signed = signer.sign(png(), Statement("image/png", "http://example.org/x", {"prompt": "x", "big": 2**70}))
    signer.close()
    assert verify(signed, read_anchors([home / "root.pem"])).state is SignatureState.TRUSTED
    other = tmp_path / "other"
    make_certificates(other)
    signer = ResultSigner(settings_in(home, key=(sys.executable, str(script), str(other / "key.pem"))))
    with pytest.raises(SigningFailed, match="is not a signature by the certificate's key"):
        signer.sign(png(), Statement("image/png", "http://example.org/x", {}))
    signer.close()


KEYS = {
    "es256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "es384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "es512": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ps256": lambda: rsa.generate_private_key(65537, 2048),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
}


def with_key(home: Path, into: Path, key: Any) -> tuple[Path, Path]:
    """A certificate by the root of `home` for another key, and the file with that key."""
    root = x509.load_pem_x509_certificate((home / "root.pem").read_bytes())
    root_key: Any = serialization.load_pem_private_key((home / "root-key.pem").read_bytes(), None)
    leaf = x509.load_pem_x509_certificate((home / "certificate.pem").read_bytes())
    made = (
        x509.CertificateBuilder()
        .subject_name(leaf.subject)
        .issuer_name(root.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(leaf.not_valid_before_utc)
        .not_valid_after(leaf.not_valid_after_utc)
    )
    for extension in leaf.extensions:
        if not isinstance(extension.value, x509.SubjectKeyIdentifier):
            made = made.add_extension(extension.value, extension.critical)
    into.mkdir()
    (into / "certificate.pem").write_bytes(
        made.sign(root_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
    (into / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return into / "certificate.pem", into / "key.pem"


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", KEYS)
def test_a_key_behind_a_command_costs_as_little_as_one_in_a_file_in_every_format(
    home: Path, rasteriser: Rasteriser, tmp_path: Path, algorithm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key: Any = KEYS[algorithm]()
    certificate, file = with_key(home, tmp_path / "other", key)
    asked: list[bytes] = []

    def command(arguments: Any, *, input: bytes, **_others: Any) -> subprocess.CompletedProcess[bytes]:
        asked.append(input)
        how: tuple[Any, ...] = ()
        if algorithm.startswith("es"):
            how = (ec.ECDSA({"es256": hashes.SHA256(), "es384": hashes.SHA384()}.get(algorithm, hashes.SHA512())),)
        elif algorithm == "ps256":
            how = (padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        return subprocess.CompletedProcess(arguments, 0, key.sign(input, *how), b"")

    monkeypatch.setattr("spectacle.signing.signer.subprocess.run", command)
    attachments = (Attachment("input", "a-1-64x48-input.png", run(rasteriser, settings_in(home))[0][".png"]),)
    for form in ("png", "jpeg", "webp", "avif", "svg"):
        makes = MediaType.SVG if form == "svg" else MediaType.PNG
        options = {"seed": 7} | ({} if form == "svg" else {"output_format": form})
        sizes = []
        for signing in (
            settings_in(home, certificate=certificate, key=file),
            settings_in(home, certificate=certificate, key=("/bin/true",)),
        ):
            asked.clear()
            files, _ = run(rasteriser, signing, options, attachments, makes=makes)
            (content,) = files.values()
            found = verify(content, read_anchors([home / "root.pem"]))
            assert (found.state, found.problems) == (SignatureState.TRUSTED, ())
            sizes.append(len(content))
        assert len(asked) == 1
        assert abs(sizes[1] - sizes[0]) <= 16


def test_what_cannot_be_replaced_is_signed_by_the_library_with_the_command(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "sign.py"
    script.write_text(SIGN)
    monkeypatch.setattr("spectacle.signing.signer.signed_again", lambda *_arguments: None)
    signer = ResultSigner(settings_in(home, key=(sys.executable, str(script), str(home / "key.pem"))))
    for _ in range(2):
        signed = signer.sign(png(), Statement("image/png", "http://example.org/x", {"prompt": "x"}))
        assert verify(signed, read_anchors([home / "root.pem"])).state is SignatureState.TRUSTED
    signer.close()


@pytest.mark.parametrize("manifest", [b"", b"c2pa.signature\0", b"c2pa.claim.v2\0\0\0\0\x09cbor\x00", b"\xff" * 500])
def test_a_statement_of_an_unknown_form_is_left_to_the_library(manifest: bytes) -> None:
    def never(*_arguments: bytes) -> Any:
        raise AssertionError("nothing is to be signed")

    stand_in = StandIn(b"", None, 64)
    assert signed_again(manifest, manifest, stand_in, never, never) is None


# --- certificates -----------------------------------------------------------------------------------------------------


def test_keys_are_for_their_owner_alone_and_certificates_are_renewed_before_they_run_out(tmp_path: Path) -> None:
    home = tmp_path / "certificates"
    assert make_certificates(home) == ["root.pem", "root-key.pem", "certificate.pem", "key.pem"]
    for name in ("root-key.pem", "key.pem"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
    before = {path.name: path.read_bytes() for path in home.iterdir()}
    assert make_certificates(home) == []
    assert {path.name: path.read_bytes() for path in home.iterdir()} == before
    (home / "certificate.pem").unlink()
    assert make_certificates(home) == ["certificate.pem", "key.pem"]
    assert (home / "root.pem").read_bytes() == before["root.pem"]
    (home / "certificate.pem").unlink()
    (home / "root-key.pem").unlink()
    with pytest.raises(BadCertificate, match="the root's key cannot be read"):
        make_certificates(home)


def test_certificates_that_cannot_sign_are_refused_with_the_reason(home: Path, tmp_path: Path) -> None:
    def refused(now: datetime | None = None, **changes: Any) -> str:
        with pytest.raises(BadCertificate) as error:
            read_identity(settings_in(home, **changes), now)
        return error.value.message

    assert "expired on" in refused(datetime.now(UTC) + timedelta(days=398))
    assert "is not valid before" in refused(datetime.now(UTC) - timedelta(days=1))
    assert "signs itself" in refused(certificate=home / "root.pem")
    assert "contains no certificate" in refused(certificate=home / "key.pem")
    assert "cannot be read: No such file" in refused(certificate=tmp_path / "none.pem")
    assert "cannot be read: Is a directory" in refused(certificate=tmp_path)
    assert "is not a regular file" in refused(certificate=Path("/dev/null"))
    assert "is not the key of provenance.certificate" in refused(key=home / "root-key.pem")
    assert "contains no private key" in refused(key=home / "root.pem")
    assert "not a program that can be run" in refused(key=("/no/such/command",))
    (tmp_path / "locked.pem").write_bytes(_encrypted(home / "key.pem"))
    assert "is encrypted" in refused(key=tmp_path / "locked.pem")
    make_certificates(tmp_path / "other")
    assert "is not the key" in refused(key=tmp_path / "other/key.pem")


def test_without_the_libraries_the_extra_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "find_spec", lambda _name: None)
    with pytest.raises(BadCertificate, match=r"needs c2pa, cryptography. Run `pip install '.\[provenance\]'`"):
        read_identity(settings_in(home))


def _encrypted(path: Path) -> bytes:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(path.read_bytes(), None)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"x"),
    )
