"""The web front end's certificates: one that is about to expire, and its renewal."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

SERVER_NAME = "portal.hospital.example"


def write_certificate(folder: Path, now: datetime, lifetime: timedelta) -> None:
    """Put a self-signed certificate that ends after `lifetime`, and its key, into `folder`."""
    folder.mkdir(exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, SERVER_NAME)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + lifetime - timedelta(days=397))
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(SERVER_NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = folder / "portal.key"
    secret.unlink(missing_ok=True)
    secret.touch(mode=0o600)
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "portal.pem").write_bytes(certificate.public_bytes(Encoding.PEM))


def time_left(folder: Path, now: datetime) -> timedelta:
    """How long the certificate in `folder` still holds; nothing where there is none."""
    try:
        certificate = x509.load_pem_x509_certificate((folder / "portal.pem").read_bytes())
    except (OSError, ValueError):
        return timedelta(0)
    return certificate.not_valid_after_utc - now
