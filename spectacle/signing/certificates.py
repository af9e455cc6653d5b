"""Certificates for signing: made for a start, and checked for whether they can sign."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectacle.config import ProvenanceSettings
from spectacle.errors import ConfigurationError

if TYPE_CHECKING:
    from cryptography import x509

PACKAGES = ("c2pa", "cryptography")
INSTALL = "Run `pip install '.[provenance]'` in the clone."

ROOT, ROOT_KEY, CERTIFICATE, KEY = "root.pem", "root-key.pem", "certificate.pem", "key.pem"
"""Names of the files that `make_certificates` writes."""

ROOT_DAYS, LEAF_DAYS = 3650, 397
RENEWED_DAYS = 30
"""Days before a certificate runs out from which that is told, and from which `make_certificates` makes a new one."""

MAX_PEM_BYTES = 1 << 20
_BACKDATED = timedelta(minutes=10)
"""How far clocks of other hosts may be behind."""

_PURPOSES = frozenset(
    {
        "1.3.6.1.5.5.7.3.4",  # e-mail protection
        "1.3.6.1.5.5.7.3.36",  # document signing
        "1.3.6.1.4.1.62558.2.1",  # C2PA claim signing
    }
)
"""Extended key usages with which C2PA lets a certificate sign."""


class BadCertificate(ConfigurationError):
    """Raised when certificate and key cannot sign; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate and what signs for it.

    Attributes:
        chain: The certificate and those between it and the root, as PEM.
        algorithm: As C2PA names it, such as `es256`.
        subject: Whom the certificate names.
        until: When it runs out.
        key: The private key as PEM, or the command that signs.
        public_key: The certificate's public key.
    """

    chain: str
    algorithm: str
    subject: str
    until: datetime
    key: bytes | tuple[str, ...]
    public_key: Any


def missing_packages() -> str | None:
    """What to do about libraries that are not installed, or None when all are."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    return f"provenance: needs {', '.join(missing)}. {INSTALL}" if missing else None


def read_identity(settings: ProvenanceSettings, now: datetime | None = None) -> Identity | None:
    """What signs, checked; None when nothing is to be signed.

    Args:
        settings: The section `[provenance]`.
        now: The time; by default, the clock's.

    Raises:
        BadCertificate: When a library is missing, a file cannot be read or used, the certificate has run out, signs
            itself or may not sign, or the key is another's.
    """
    if settings.certificate is None or settings.key is None:
        return None
    if (missing := missing_packages()) is not None:
        raise BadCertificate(missing)
    from cryptography import x509

    path = settings.certificate
    try:
        chain = x509.load_pem_x509_certificates(_content("certificate", path))
    except ValueError:
        raise BadCertificate(
            f"provenance.certificate {path}: contains no certificate in PEM format. Use the file with the certificate "
            f"chain, or write one with `spectacle init DIR --provenance`."
        ) from None
    leaf = chain[0]
    _check_leaf(path, leaf, now or datetime.now(UTC))
    algorithm = _algorithm(path, leaf.public_key())
    # A root in the file would only make each result larger: who checks it has the root.
    sent = [leaf, *(each for each in chain[1:] if each.issuer != each.subject)]
    return Identity(
        "".join(_pem(each) for each in sent),
        algorithm,
        _common_name(leaf),
        leaf.not_valid_after_utc,
        _command(settings.key) if isinstance(settings.key, tuple) else _key(settings.key, leaf),
        leaf.public_key(),
    )


def _check_leaf(path: Path, leaf: x509.Certificate, now: datetime) -> None:
    from cryptography import x509

    where = f"provenance.certificate {path}"
    renew = "Run `spectacle init DIR --provenance` again, or get a new certificate from whoever issued this one."
    if leaf.not_valid_after_utc <= now:
        raise BadCertificate(f"{where}: expired on {leaf.not_valid_after_utc:%Y-%m-%d}. {renew}")
    if leaf.not_valid_before_utc > now:
        begins = f"{leaf.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
        raise BadCertificate(f"{where}: is not valid before {begins}. Wait, or correct this machine's clock.")
    if leaf.issuer == leaf.subject:
        raise BadCertificate(
            f"{where}: signs itself, which C2PA does not accept. Use one that another certificate has signed, such as "
            f"those of `spectacle init DIR --provenance`; the leaf comes first in the file."
        )
    constraints = _extension(leaf, x509.BasicConstraints)
    usage = _extension(leaf, x509.KeyUsage)
    purposes = {each.dotted_string for each in _extension(leaf, x509.ExtendedKeyUsage) or ()}
    is_authority = constraints is not None and constraints.ca
    if is_authority or usage is None or not usage.digital_signature or not purposes & _PURPOSES:
        raise BadCertificate(
            f"{where}: is not for signing documents. Use one that is not of an authority and has the key usage "
            f"digitalSignature and the extended key usage emailProtection or documentSigning."
        )


def _extension(leaf: x509.Certificate, kind: Any) -> Any:
    """The value of an extension, or None when the certificate does not have it."""
    from cryptography import x509

    try:
        return leaf.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _algorithm(path: Path, key: Any) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ec.EllipticCurvePublicKey):
        found = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}.get(key.curve.name)
    elif isinstance(key, rsa.RSAPublicKey):
        found = "ps256" if key.key_size >= 2048 else None
    else:
        found = "ed25519" if isinstance(key, ed25519.Ed25519PublicKey) else None
    if found is None:
        raise BadCertificate(
            f"provenance.certificate {path}: has a key that C2PA does not accept. Use one on the curve P-256, P-384 or "
            f"P-521, Ed25519, or RSA with at least 2048 bits."
        )
    return found


def _key(path: Path, leaf: x509.Certificate) -> bytes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

    content = _content("key", path)
    try:
        key = load_pem_private_key(content, None)
    except TypeError:
        raise BadCertificate(
            f"provenance.key {path}: is encrypted, and the daemon cannot ask for its password. Decrypt it, or use a "
            f"command that signs."
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise BadCertificate(
            f"provenance.key {path}: contains no private key in PEM format. Use the key of provenance.certificate."
        ) from None
    if key.public_key() != leaf.public_key():
        raise BadCertificate(f"provenance.key {path}: is not the key of provenance.certificate. Use its key.")
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _command(words: tuple[str, ...]) -> tuple[str, ...]:
    if shutil.which(words[0]) is None:
        raise BadCertificate(
            f"provenance.key {words[0]!r}: is not a program that can be run. Use the path of an executable file."
        )
    return words


def _content(name: str, path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise BadCertificate(f"provenance.{name} {path}: is not a regular file. Use a PEM file.")
            return file.read(MAX_PEM_BYTES)
    except OSError as error:
        raise BadCertificate(
            f"provenance.{name} {path}: cannot be read: {error.strerror}. Write it with `spectacle init DIR "
            f"--provenance`, or make it readable for the daemon's user."
        ) from None


def read_anchors(paths: Sequence[Path]) -> str:
    """The root certificates in some files, as PEM.

    Raises:
        BadCertificate: When a file cannot be read, or holds none.
    """
    from cryptography import x509

    found = []
    for path in paths:
        try:
            found += x509.load_pem_x509_certificates(_content("trust", path))
        except ValueError:
            raise BadCertificate(
                f"provenance.trust {path}: contains no certificate in PEM format. Use the root certificate."
            ) from None
    return "".join(map(_pem, found))


def readable_by_others(path: Path) -> bool:
    """Whether users other than the owner may read a file, or anybody of its group."""
    try:
        return bool(path.stat().st_mode & 0o077)
    except OSError:
        return False


# --- making -----------------------------------------------------------------------------------------------------------


def make_certificates(directory: Path, organization: str = "Spectacle") -> list[str]:
    """Make a root and a certificate that it has signed, as far as they are not there or run out soon.

    The root, its key, the certificate and its key are files of the directory; only the owner can read the keys.

    Args:
        directory: Where they go; made if need be.
        organization: Whom the certificates name.

    Returns:
        The names of the files that were written.

    Raises:
        BadCertificate: When a library is missing, or a certificate is to be renewed and the root's key is gone.
        OSError: When a file cannot be written.
    """
    if (missing := missing_packages()) is not None:
        raise BadCertificate(missing)
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    root_path, root_key_path = directory / ROOT, directory / ROOT_KEY
    written = []
    if not root_path.exists():
        root_key = ec.generate_private_key(ec.SECP256R1())
        root = _root(root_key, organization)
        _write(root_key_path, _private_pem(root_key), 0o600)
        _write(root_path, _pem(root).encode(), 0o644)
        written += [ROOT, ROOT_KEY]
    elif _are_good_for_a_while(directory):
        return []
    else:
        root = x509.load_pem_x509_certificate(_content("trust", root_path))
        root_key = _root_key(root_key_path, root)
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = _leaf(key, root, root_key, organization)
    # The key first: the certificate without it would be refused, and the next call begins again.
    _write(directory / KEY, _private_pem(key), 0o600)
    _write(directory / CERTIFICATE, _pem(leaf).encode(), 0o644)
    return [*written, CERTIFICATE, KEY]


def _root_key(path: Path, root: x509.Certificate) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, TypeError, ValueError):
        raise BadCertificate(
            f"{path}: the root's key cannot be read, so no certificate can be renewed. Put the key there, or "
            f"move {ROOT} away to get a new root."
        ) from None
    if key.public_key() != root.public_key():
        raise BadCertificate(f"{path}: is not the key of {path.with_name(ROOT)}. Put that root's key there.")
    return key


def _are_good_for_a_while(directory: Path) -> bool:
    try:
        found = read_identity(ProvenanceSettings(certificate=directory / CERTIFICATE, key=directory / KEY))
    except BadCertificate:
        return False
    return found is not None and found.until > datetime.now(UTC) + timedelta(days=RENEWED_DAYS)


def _name(organization: str, common: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _root(key: Any, organization: str) -> x509.Certificate:
    from cryptography import x509

    name = _name(organization, f"{organization} root")
    return (
        _builder(name, name, key, ROOT_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, _digest())
    )


def _leaf(key: Any, root: x509.Certificate, root_key: Any, organization: str) -> x509.Certificate:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    return (
        _builder(_name(organization, f"{organization} images"), root.subject, key, LEAF_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        .sign(root_key, _digest())
    )


def _builder(subject: x509.Name, issuer: x509.Name, key: Any, days: int) -> x509.CertificateBuilder:
    from cryptography import x509

    begin = datetime.now(UTC) - _BACKDATED
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _digest() -> Any:
    from cryptography.hazmat.primitives.hashes import SHA256

    return SHA256()


def _private_pem(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    content: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return content


def _pem(certificate: x509.Certificate) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM).decode()


def _common_name(certificate: x509.Certificate) -> str:
    from cryptography.x509.oid import NameOID

    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a file that replaces an older one as a whole, and that nobody else could ever read."""
    draft = path.with_name(f".{path.name}.tmp")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    draft.replace(path)
